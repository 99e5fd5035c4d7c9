/* SPDX-License-Identifier: MIT */
/* Fuzzing of sizes as people type them. */

#include "core/base/size_text.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct size_text parsed = {.value = 0};
    char *text = malloc(size + 1);
    memcpy(text, data, size);
    text[size] = 0;
    if (size_text_parse(text, &parsed) &&
        ((parsed.unit == SIZE_PERCENT && (parsed.value < 1 || parsed.value > 100)) || text[0] == 0)) {
        abort();
    }
    free(text);
    return 0;
}
