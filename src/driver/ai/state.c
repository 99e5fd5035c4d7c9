/* SPDX-License-Identifier: MIT */
/* The driver's state, and where its parameters are. */

#include "driver/ai/driver.h"
#include "driver/nt/registry.h"

struct ai_driver ai_driver;

NTSTATUS ai_open_parameters(HANDLE *key)
{
    return nt_registry_open(NULL, &ai_driver.parameters, key);
}
