/* SPDX-License-Identifier: MIT */
/* Text for the registry. */
#ifndef TESTS_BEHAVIOUR_WIDE_H
#define TESTS_BEHAVIOUR_WIDE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Widens text to UTF-16 with room for `capacity` units, of which the last two are zeros; what is longer is cut. '\n'
 * separates strings, that is, becomes a zero. Returns the units before the two zeros.
 */
static inline size_t wide_text(const char *text, uint16_t *wide, size_t capacity)
{
    size_t length = strlen(text) < capacity - 2 ? strlen(text) : capacity - 2;
    for (size_t i = 0; i < length; i++) {
        wide[i] = text[i] == '\n' ? 0 : (unsigned char)text[i];
    }
    wide[length] = 0;
    wide[length + 1] = 0;
    return length;
}

#endif
