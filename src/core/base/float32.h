/* SPDX-License-Identifier: MIT */
/*
 * The bits of IEEE 754 single-precision numbers, composed from integers: drivers have no floating point. Any IRQL.
 */
#ifndef CORE_BASE_FLOAT32_H
#define CORE_BASE_FLOAT32_H

#include <stdint.h>

#define FLOAT32_NAN 0x7FC00000u

/*
 * numerator / denominator, rounded to nearest, ties to even; 0 is +0. `denominator` must not be 0. All results are normal
 * numbers: they lie between 2^-64 and 2^63.
 */
static inline uint32_t float32_from_ratio(int64_t numerator, uint64_t denominator)
{
    uint32_t sign = numerator < 0 ? 0x80000000u : 0;
    uint64_t remainder = numerator < 0 ? 0 - (uint64_t)numerator : (uint64_t)numerator;
    if (remainder == 0) {
        return 0;
    }
    int shift_numerator = __builtin_clzll(remainder);
    int shift_denominator = __builtin_clzll(denominator);
    int exponent = shift_denominator - shift_numerator;
    remainder <<= shift_numerator;
    denominator <<= shift_denominator;

    /* Long division, with the highest bit of the quotient at 2^exponent; 24 bits and one to round by. */
    uint32_t quotient = 0;
    uint32_t carry = 0; /* bit 64 of the remainder */
    if (remainder < denominator) {
        exponent--;
        carry = (uint32_t)(remainder >> 63);
        remainder <<= 1;
    }
    for (int bit = 0; bit < 25; bit++) {
        uint32_t fits = carry != 0 || remainder >= denominator;
        quotient = quotient << 1 | fits;
        remainder -= fits != 0 ? denominator : 0;
        carry = (uint32_t)(remainder >> 63);
        remainder <<= 1;
    }
    uint32_t up = (quotient & 1) != 0 && ((quotient & 2) != 0 || carry != 0 || remainder != 0);
    /* The mantissa's highest bit is implied: it adds 1 to the exponent, as does a carry out of rounding. */
    return sign | (((uint32_t)(exponent + 126) << 23) + (quotient >> 1) + up);
}

#endif
