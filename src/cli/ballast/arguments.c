/* SPDX-License-Identifier: MIT */
/* Values of options. */

#include "cli/ballast/cli.h"

#include <stdio.h>
#include <wchar.h>

#include "cli/ballast/console.h"
#include "cli/ballast/quantity.h"
#include "core/base/size_text.h"

const wchar_t *option_value(const struct arguments *arguments, const wchar_t *name)
{
    for (size_t i = 0; arguments->command->options[i].name != NULL; i++) {
        if (wcscmp(arguments->command->options[i].name, name) == 0) {
            return arguments->values[i];
        }
    }
    return NULL;
}

bool option_given(const struct arguments *arguments, const wchar_t *name)
{
    return option_value(arguments, name) != NULL;
}

static bool memory_percentage(uint64_t percent, uint64_t *bytes)
{
    uint64_t memory = console_memory();
    if (memory == 0) {
        print_error("error: cannot find out how much memory this machine has\n");
        return false;
    }
    *bytes = memory / 100 * percent >> 20 << 20; /* whole MiB */
    return true;
}

bool parse_size(const wchar_t *text, uint64_t *value)
{
    struct size_text size;
    if (!size_text_parse(utf8(text), &size)) {
        print_error("error: '%s' is not a size; write 512M, 4GiB, 1.5G, or 50%% of this machine's memory\n",
                    utf8(text));
        return false;
    }
    if (size.unit == SIZE_PERCENT) {
        return memory_percentage(size.value, value);
    }
    *value = size.value;
    return true;
}

bool option_size(const struct arguments *arguments, const wchar_t *name, uint64_t *value)
{
    const wchar_t *text = option_value(arguments, name);
    return text == NULL || parse_size(text, value);
}

bool option_number(const struct arguments *arguments, const wchar_t *name, uint32_t *value)
{
    const wchar_t *text = option_value(arguments, name);
    if (text == NULL) {
        return true;
    }
    wchar_t *end;
    unsigned long number = wcstoul(text, &end, 10);
    if (text[0] < L'0' || text[0] > L'9' || *end != 0 || wcslen(text) > 9) {
        print_error("error: --%s takes a number, not '%s'\n", utf8(name), utf8(text));
        return false;
    }
    *value = (uint32_t)number;
    return true;
}

bool option_seconds(const struct arguments *arguments, const wchar_t *name, double *seconds)
{
    int64_t milliseconds = 0;
    char text[32];
    const wchar_t *value = option_value(arguments, name);
    if (value == NULL || value[0] == 0) {
        return true;
    }
    (void)snprintf(text, sizeof(text), "%ss", utf8(value));
    if (quantity_parse(QUANTITY_MILLISECONDS, text, &milliseconds) != QUANTITY_OK || milliseconds < 50 ||
        milliseconds > 3600000) {
        print_error("error: --%s takes 0.05 ... 3600 seconds, not '%s'\n", utf8(name), utf8(value));
        return false;
    }
    *seconds = (double)milliseconds / 1000;
    return true;
}
