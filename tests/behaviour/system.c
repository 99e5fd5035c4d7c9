/* SPDX-License-Identifier: MIT */
/* What the real and the simulated system have in common; system.h has the contract. */

#include "tests/behaviour/system.h"

#include "tests/behaviour/wide.h"

bool system_registry_set_text(enum system_key key, const char *subkey, const char *name, uint32_t type,
                              const char *text)
{
    uint16_t wide[4096];
    size_t length = wide_text(text, wide, sizeof(wide) / sizeof(wide[0]));
    return system_registry_set(key, subkey, name, type, wide,
                               (length + (type == SYSTEM_MULTI ? 2 : 1)) * sizeof(wide[0]));
}
