/* SPDX-License-Identifier: MIT */
/* Quantities with their unit, as people and collectors write them. */
#ifndef CLI_BALLAST_QUANTITY_H
#define CLI_BALLAST_QUANTITY_H

#include <stdint.h>

enum quantity_kind {                        /* in what it is returned, and what may be written */
                     QUANTITY_PERMILLE,     /* 0 ... 1000: "43.5%" */
                     QUANTITY_BYTES,        /* 0 ... 2^63-1: as size_text.h, but no percentage */
                     QUANTITY_MILLICELSIUS, /* -273150 ... 1000000: "61C", "-5.5C", "61000mC" */
                     QUANTITY_MILLIWATTS,   /* 0 ... 10^7: "210W", "0.2kW", "350mW" */
                     QUANTITY_HZ,           /* 0 ... 10^12: "1.8GHz", "1800MHz", kHz, Hz */
                     QUANTITY_RPM,          /* 0 ... 10^6: "1200rpm" */
                     QUANTITY_MILLISECONDS, /* 0 ... 24 hours: "250ms", "2s", "1.5min" */
};

enum quantity_result {
    QUANTITY_OK,
    QUANTITY_MALFORMED, /* no number, or something that is neither number nor unit: "1,5W" too, in every locale */
    QUANTITY_UNIT,      /* no unit, or none of this kind */
    QUANTITY_RANGE,
};

/*
 * A decimal number with an optional fraction after a point, blanks if you like, and the unit. Digits beyond the ninth
 * after the point are ignored; the result is rounded to the nearest whole. *value stays as it was on failure.
 */
enum quantity_result quantity_parse(enum quantity_kind which, const char *text, int64_t *value);

/* How to write it, for messages: "a percentage such as 43.5%". */
const char *quantity_example(enum quantity_kind kind);

/* The range, for messages. */
const char *quantity_range(enum quantity_kind kind);

#endif
