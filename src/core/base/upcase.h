/* SPDX-License-Identifier: MIT */
/*
 * Comparing names without case: one UTF-16 unit to upper case by Unicode's simple mapping, for ASCII, Latin-1, Latin
 * Extended-A, Greek and Cyrillic. All others, and the Turkish dotted and dotless i, are only equal to themselves. It needs
 * no table of the system and so may be called at any IRQL.
 */
#ifndef CORE_BASE_UPCASE_H
#define CORE_BASE_UPCASE_H

#include <stdbool.h>
#include <stdint.h>

/* No unit from here on has an upper case. */
#define UPCASE_LIMIT 0x530u

static inline uint16_t upcase_latin(uint16_t unit)
{
    if ((unit >= 0xE0 && unit <= 0xFE && unit != 0xF7) || unit == 0xFF) {
        return unit == 0xFF ? 0x178 : (uint16_t)(unit - 32);
    }
    if ((unit >= 0x100 && unit <= 0x137 && unit != 0x131) || (unit >= 0x14A && unit <= 0x177)) {
        return (uint16_t)(unit & ~1u); /* pairs, the capital first and even */
    }
    if ((unit >= 0x139 && unit <= 0x148) || (unit >= 0x179 && unit <= 0x17E)) {
        return (uint16_t)(unit - 1 + (unit & 1u)); /* pairs, the capital first and odd */
    }
    return unit;
}

static inline uint16_t upcase_greek(uint16_t unit)
{
    if (unit >= 0x3B1 && unit <= 0x3CB) {
        return unit == 0x3C2 ? 0x3A3 : (uint16_t)(unit - 32); /* the final sigma has the other's capital */
    }
    if (unit >= 0x3AD && unit <= 0x3AF) {
        return (uint16_t)(unit - 37);
    }
    switch (unit) {
    case 0x3AC:
        return 0x386;
    case 0x3CC:
        return 0x38C;
    case 0x3CD:
    case 0x3CE:
        return (uint16_t)(unit - 63);
    default:
        return unit;
    }
}

static inline uint16_t upcase_cyrillic(uint16_t unit)
{
    if (unit >= 0x430 && unit <= 0x45F) {
        return (uint16_t)(unit - (unit < 0x450 ? 32 : 80));
    }
    if ((unit >= 0x460 && unit <= 0x481) || (unit >= 0x48A && unit <= 0x4BF) || (unit >= 0x4D0 && unit <= 0x52F)) {
        return (uint16_t)(unit & ~1u);
    }
    if (unit >= 0x4C1 && unit <= 0x4CE) {
        return (uint16_t)(unit - 1 + (unit & 1u));
    }
    return unit == 0x4CF ? 0x4C0 : unit;
}

static inline uint16_t upcase(uint16_t unit)
{
    if (unit < 0x80) {
        return unit >= 'a' && unit <= 'z' ? (uint16_t)(unit - 32) : unit;
    }
    if (unit < 0x180) {
        return upcase_latin(unit);
    }
    if (unit < 0x370 || unit >= UPCASE_LIMIT) {
        return unit;
    }
    return unit < 0x400 ? upcase_greek(unit) : upcase_cyrillic(unit);
}

#endif
