/* SPDX-License-Identifier: MIT */
/* Sizes as people write them. */
#ifndef CORE_BASE_SIZE_TEXT_H
#define CORE_BASE_SIZE_TEXT_H

#include <stdbool.h>
#include <stdint.h>

enum size_unit {
    SIZE_BYTES,
    SIZE_PERCENT, /* of something the caller knows */
};

struct size_text {
    enum size_unit unit;
    uint64_t value; /* bytes, or 1 ... 100 */
};

/*
 * "512", "512M", "4GiB", "1.5G", "64KB", "50%". K, M, G, T and P, alone or as KiB..., are powers of 1024; KB, MB...
 * powers of 1000; upper and lower case mean the same. A fraction needs a unit and is rounded down to whole bytes. False
 * for anything else, for values of 2^64 and more, and for percentages outside 1 ... 100.
 */
bool size_text_parse(const char *text, struct size_text *size);

#endif
