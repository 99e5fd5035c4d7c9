/* SPDX-License-Identifier: MIT */
/* What characters do on a terminal. */
#ifndef CLI_BALLAST_CHARACTER_H
#define CLI_BALLAST_CHARACTER_H

#include <stdint.h>

enum character_kind {
    CHARACTER_NONE,   /* no column: it goes with the character before it */
    CHARACTER_ONE,    /* one column */
    CHARACTER_WIDE,   /* two */
    CHARACTER_HIDDEN, /* controls the terminal, or the direction or form of others: must not be written */
};

enum character_kind character_kind(uint32_t character);

#endif
