/* SPDX-License-Identifier: MIT */
/* What characters do on a terminal, by Unicode's data. */

#include "cli/ballast/character.h"

#include <stddef.h>

#define NONE   CHARACTER_NONE
#define WIDE   CHARACTER_WIDE
#define HIDDEN CHARACTER_HIDDEN

static const struct {
    uint32_t first;
    uint32_t last;
    uint32_t kind;
} ranges[] = {
#include "cli/ballast/character_table.h"
};

enum character_kind character_kind(uint32_t character)
{
    size_t low = 0;
    size_t high = sizeof(ranges) / sizeof(ranges[0]);
    while (low < high) { /* the first range that does not end before it */
        size_t middle = (low + high) / 2;
        if (ranges[middle].last < character) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == sizeof(ranges) / sizeof(ranges[0])) {
        return CHARACTER_HIDDEN; /* beyond all of them */
    }
    return ranges[low].first <= character ? (enum character_kind)ranges[low].kind : CHARACTER_ONE;
}
