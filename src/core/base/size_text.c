/* SPDX-License-Identifier: MIT */
/* Parsing of sizes; size_text.h has the grammar. */

#include "core/base/size_text.h"

#include <stddef.h>

#define FRACTION_DIGITS 9 /* more are ignored; keeps the arithmetic in 64 bits */

static int lower(int character)
{
    return character >= 'A' && character <= 'Z' ? character - 'A' + 'a' : character;
}

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

/* Whole number at *text, which moves behind it. False without a digit, or when it does not fit. */
static bool parse_whole(const char **text, uint64_t *value)
{
    if (!is_digit(**text)) {
        return false;
    }
    for (*value = 0; is_digit(**text); ++*text) {
        if (__builtin_mul_overflow(*value, 10u, value) ||
            __builtin_add_overflow(*value, (uint64_t)(**text - '0'), value)) {
            return false;
        }
    }
    return true;
}

/* Digits behind the point: the value is numerator / denominator. */
static bool parse_fraction(const char **text, uint64_t *numerator, uint64_t *denominator)
{
    *numerator = 0;
    *denominator = 1;
    if (**text != '.') {
        return true;
    }
    ++*text;
    if (!is_digit(**text)) {
        return false;
    }
    for (int i = 0; is_digit(**text); i++, ++*text) {
        if (i < FRACTION_DIGITS) {
            *numerator = *numerator * 10 + (uint64_t)(**text - '0');
            *denominator *= 10;
        }
    }
    return true;
}

/* "", "b", "k", "kb", "kib", ... False for anything else. */
static bool parse_unit(const char *text, uint64_t *factor)
{
    static const char prefixes[] = "kmgtp";
    *factor = 1;
    if (text[0] == 0 || (lower(text[0]) == 'b' && text[1] == 0)) {
        return true;
    }
    size_t power = 0;
    while (prefixes[power] != 0 && prefixes[power] != lower(text[0])) {
        power++;
    }
    if (prefixes[power] == 0) {
        return false;
    }
    bool binary = text[1] == 0 || (lower(text[1]) == 'i' && lower(text[2]) == 'b' && text[3] == 0);
    bool decimal = lower(text[1]) == 'b' && text[2] == 0;
    for (size_t i = 0; i <= power; i++) {
        *factor *= binary ? 1024u : 1000u;
    }
    return binary || decimal;
}

bool size_text_parse(const char *text, struct size_text *size)
{
    uint64_t whole;
    uint64_t numerator;
    uint64_t denominator;
    uint64_t factor;
    if (!parse_whole(&text, &whole)) {
        return false;
    }
    if (text[0] == '%' && text[1] == 0) {
        *size = (struct size_text){SIZE_PERCENT, whole};
        return whole >= 1 && whole <= 100;
    }
    if (!parse_fraction(&text, &numerator, &denominator) || !parse_unit(text, &factor) ||
        (denominator != 1 && factor == 1) || __builtin_mul_overflow(whole, factor, &whole)) {
        return false;
    }
    /* numerator < denominator <= 10^9, so splitting the factor keeps both products below 2^64. */
    uint64_t part = factor / denominator * numerator + factor % denominator * numerator / denominator;
    *size = (struct size_text){SIZE_BYTES, whole};
    return !__builtin_add_overflow(whole, part, &size->value);
}
