/* SPDX-License-Identifier: MIT */
/* Parsing of quantities in integers: no locale and no rounding error of a float can get in. */

#include "cli/ballast/quantity.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "core/base/size_text.h"

#define FRACTION_DIGITS 9
#define BYTES_LENGTH    64 /* of a size: longer ones are no sizes */

struct unit {
    const char *name;
    uint64_t factor; /* of the unit in which the kind is returned; at most 10^9, or the fraction would overflow */
    bool exact_case; /* mW is not MW */
};

#define MAXIMUM_UNITS 4

static const struct kind {
    struct unit units[MAXIMUM_UNITS]; /* unused ones have no name */
    int64_t minimum;
    int64_t maximum;
    const char *example;
    const char *range;
} kinds[] = {
    [QUANTITY_PERMILLE] = {{{"%", 10, false}}, 0, 1000, "a percentage such as 43.5%", "0% ... 100%"},
    [QUANTITY_BYTES] = {{{0}}, 0, INT64_MAX, "a size such as 512M, 4GiB or 1.5G", "below 2^63 bytes"},
    [QUANTITY_MILLICELSIUS] = {{{"C", 1000, false}, {"mC", 1, true}},
                               -273150,
                               1000000,
                               "a temperature such as 61C or 61.5C",
                               "-273.15C ... 1000C"},
    [QUANTITY_MILLIWATTS] = {{{"W", 1000, false}, {"mW", 1, true}, {"kW", 1000000, false}},
                             0,
                             10000000,
                             "a power such as 210W or 350mW",
                             "0W ... 10kW"},
    [QUANTITY_HZ] = {{{"Hz", 1, false}, {"kHz", 1000, false}, {"MHz", 1000000, false}, {"GHz", 1000000000, false}},
                     0,
                     1000000000000,
                     "a clock such as 1.8GHz or 1800MHz",
                     "0Hz ... 1000GHz"},
    [QUANTITY_RPM] = {{{"rpm", 1, false}}, 0, 1000000, "a fan speed such as 1200rpm", "0rpm ... 1000000rpm"},
    [QUANTITY_MILLISECONDS] = {{{"ms", 1, false}, {"s", 1000, false}, {"min", 60000, false}},
                               0,
                               86400000,
                               "a time such as 250ms or 2s",
                               "0s ... 24 hours"},
};

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

static char lower(char character)
{
    return (char)(character >= 'A' && character <= 'Z' ? character - 'A' + 'a' : character);
}

static bool same_name(const char *text, const struct unit *unit)
{
    size_t i = 0;
    while (text[i] != 0 && (unit->exact_case ? text[i] == unit->name[i] : lower(text[i]) == lower(unit->name[i]))) {
        i++;
    }
    return text[i] == 0 && unit->name[i] == 0;
}

static const struct unit *find_unit(const struct kind *kind, const char *text)
{
    for (size_t i = 0; i < MAXIMUM_UNITS && kind->units[i].name != NULL; i++) {
        if (same_name(text, &kind->units[i])) {
            return &kind->units[i];
        }
    }
    return NULL;
}

struct decimal {
    bool negative;
    bool overflow;
    uint64_t whole;
    uint64_t numerator; /* of the fraction, below denominator <= 10^9 */
    uint64_t denominator;
};

/* Returns what follows the number, or NULL if there is none. */
static const char *parse_decimal(const char *text, struct decimal *number)
{
    *number = (struct decimal){.denominator = 1};
    if (*text == '-') {
        number->negative = true;
        text++;
    }
    if (!is_digit(*text)) {
        return NULL;
    }
    for (; is_digit(*text); text++) {
        number->overflow |= __builtin_mul_overflow(number->whole, 10u, &number->whole) ||
                            __builtin_add_overflow(number->whole, (uint64_t)(*text - '0'), &number->whole);
    }
    if (*text == '.') {
        text++;
        if (!is_digit(*text)) {
            return NULL;
        }
        for (int i = 0; is_digit(*text); i++, text++) {
            if (i < FRACTION_DIGITS) {
                number->numerator = number->numerator * 10 + (uint64_t)(*text - '0');
                number->denominator *= 10;
            }
        }
    }
    return text;
}

/* Rounded to the nearest whole. False if it does not fit. */
static bool scale(const struct decimal *number, uint64_t factor, int64_t *value)
{
    uint64_t result;
    uint64_t part = (number->numerator * factor + number->denominator / 2) / number->denominator;
    if (number->overflow || __builtin_mul_overflow(number->whole, factor, &result) ||
        __builtin_add_overflow(result, part, &result) || result > INT64_MAX) {
        return false;
    }
    *value = number->negative ? -(int64_t)result : (int64_t)result;
    return true;
}

static const char *skip_blanks(const char *text)
{
    while (*text == ' ' || *text == '\t') {
        text++;
    }
    return text;
}

/* Sizes have a grammar of their own, without blanks. */
static enum quantity_result parse_bytes(const char *text, const char *number_end, int64_t *value)
{
    char compact[BYTES_LENGTH];
    struct size_text size;
    size_t digits = (size_t)(number_end - text);
    const char *unit = skip_blanks(number_end);
    if (digits + strlen(unit) + sizeof("1.5") > sizeof(compact)) {
        return QUANTITY_MALFORMED;
    }
    (void)snprintf(compact, sizeof(compact), "%.*s%s", (int)digits, text, unit);
    if (!size_text_parse(compact, &size) || size.unit != SIZE_BYTES) {
        /* A small number with the same unit tells whether the number or the unit is wrong. */
        const char *small = memchr(text, '.', digits) != NULL ? "1.5" : "1";
        (void)snprintf(compact, sizeof(compact), "%s%s", small, unit);
        return size_text_parse(compact, &size) && size.unit == SIZE_BYTES ? QUANTITY_RANGE : QUANTITY_UNIT;
    }
    if (size.value > INT64_MAX) {
        return QUANTITY_RANGE;
    }
    *value = (int64_t)size.value;
    return QUANTITY_OK;
}

enum quantity_result quantity_parse(enum quantity_kind which, const char *text, int64_t *value)
{
    struct decimal number;
    int64_t scaled;
    const struct kind *kind = &kinds[which];
    const char *end = parse_decimal(text, &number);
    if (end == NULL) {
        return QUANTITY_MALFORMED;
    }
    if (which == QUANTITY_BYTES) {
        return number.negative ? QUANTITY_RANGE : parse_bytes(text, end, value);
    }
    const char *name = skip_blanks(end);
    const struct unit *unit = find_unit(kind, name);
    if (unit == NULL) {
        return *name == ',' || *name == '.' ? QUANTITY_MALFORMED : QUANTITY_UNIT;
    }
    if (!scale(&number, unit->factor, &scaled) || scaled < kind->minimum || scaled > kind->maximum) {
        return QUANTITY_RANGE;
    }
    *value = scaled;
    return QUANTITY_OK;
}

const char *quantity_example(enum quantity_kind kind)
{
    return kinds[kind].example;
}

const char *quantity_range(enum quantity_kind kind)
{
    return kinds[kind].range;
}
