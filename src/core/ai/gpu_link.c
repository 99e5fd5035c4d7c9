/* SPDX-License-Identifier: MIT */
/* Names of devices; gpu_link.h has the contract. */

#include "core/ai/gpu_link.h"
#include "core/base/upcase.h"

#define PREFIX_LENGTH 4u  /* "\??\", or "\\?\" as user mode has it */
#define GUID_LENGTH   38u /* with its braces */

static bool is_prefix(const uint16_t *text)
{
    return text[0] == '\\' && (text[1] == '?' || text[1] == '\\') && text[2] == '?' && text[3] == '\\';
}

size_t gpu_instance_of_link(const uint16_t *link, size_t characters, uint16_t *instance, size_t capacity)
{
    if (characters <= PREFIX_LENGTH + 1 + GUID_LENGTH || !is_prefix(link)) {
        return 0;
    }
    size_t length = characters - PREFIX_LENGTH - 1 - GUID_LENGTH;
    const uint16_t *text = link + PREFIX_LENGTH;
    if (text[length] != '#' || text[length + 1] != '{' || text[length + GUID_LENGTH] != '}' || length > capacity) {
        return 0;
    }
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\\' || text[i] == 0) {
            return 0;
        }
        instance[i] = text[i] == '#' ? '\\' : text[i];
    }
    return length;
}

static bool is_display_class(const uint16_t *text)
{
    static const char expected[] = "{4D36E968-E325-11CE-BFC1-08002BE10318}";
    for (size_t i = 0; i < GUID_LENGTH; i++) {
        if (upcase(text[i]) != (uint16_t)expected[i]) {
            return false;
        }
    }
    return true;
}

bool gpu_index_of_driver(const uint16_t *text, size_t characters, uint32_t *index)
{
    size_t length = 0;
    uint32_t number = 0;
    while (length < characters && text[length] != 0) {
        length++;
    }
    if (length != GUID_LENGTH + 5 || text[0] != '{' || text[GUID_LENGTH] != '\\') {
        return false;
    }
    for (size_t i = GUID_LENGTH + 1; i < length; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        number = number * 10 + (uint32_t)(text[i] - '0');
    }
    *index = number + (is_display_class(text) ? 0 : GPU_OTHER_CLASSES);
    return true;
}
