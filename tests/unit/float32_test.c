/* SPDX-License-Identifier: MIT */
#include "core/base/float32.h"
#include "tests/harness/test.h"

#include <math.h>
#include <string.h>

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

/* Both numbers are exact as floats (below 2^24), so this machine's division rounds once, as ours. */
static bool divides_as_the_machine(int64_t numerator, uint64_t denominator)
{
    uint32_t expected = bits_of((float)numerator / (float)denominator);
    if (float32_from_ratio(numerator, denominator) != expected) {
        test_note("%lld / %llu", (long long)numerator, (unsigned long long)denominator);
        return CHECK_EQUAL(float32_from_ratio(numerator, denominator), expected);
    }
    return true;
}

static void all_small_ratios(void)
{
    for (int64_t numerator = -300; numerator <= 1500; numerator++) {
        for (uint64_t denominator = 1; denominator <= 1000; denominator++) {
            if (!divides_as_the_machine(numerator, denominator)) {
                return;
            }
        }
    }
}

static void all_values_that_clients_are_given(void)
{
    for (int64_t millicelsius = -273150; millicelsius <= 1000000; millicelsius++) {
        if (!divides_as_the_machine(millicelsius, 1000)) {
            return;
        }
    }
    for (int64_t latency_ns = 0; latency_ns < 1 << 23; latency_ns++) {
        if (!divides_as_the_machine(latency_ns, 1000000)) {
            return;
        }
    }
}

static void random_ratios(void)
{
    struct test_random random = {1};
    for (unsigned i = 0; i < 1000000; i++) {
        int64_t numerator = (int64_t)(test_random_next(&random) >> (40 + test_random_below(&random, 24)));
        uint64_t denominator = 1 + test_random_below(&random, 0xFFFFFF);
        if (!divides_as_the_machine(i % 2 == 0 ? numerator : -numerator, denominator)) {
            return;
        }
    }
}

static void integers_of_any_size(void)
{
    struct test_random random = {2};
    for (unsigned i = 0; i < 1000000; i++) {
        int64_t value = (int64_t)test_random_next(&random) >> test_random_below(&random, 64);
        CHECK_EQUAL(float32_from_ratio(value, 1), bits_of((float)value));
    }
    for (unsigned bit = 0; bit < 63; bit++) { /* about each power of two, where rounding carries and ties are */
        for (int64_t offset = -300; offset <= 300; offset++) {
            int64_t value = (int64_t)(1ull << bit) + offset * (bit > 30 ? 1ll << (bit - 26) : 1);
            CHECK_EQUAL(float32_from_ratio(value, 1), bits_of((float)value));
        }
    }
    CHECK_EQUAL(float32_from_ratio(INT64_MIN, 1), bits_of(-9223372036854775808.0f));
    CHECK_EQUAL(float32_from_ratio(INT64_MAX, 1), bits_of(9223372036854775807.0f));
}

/* The nearest float is at most half a unit of its last place away. */
static void large_denominators(void)
{
    struct test_random random = {3};
    for (unsigned i = 0; i < 500000; i++) {
        uint64_t numerator = test_random_next(&random) >> (1 + test_random_below(&random, 40));
        uint64_t denominator = (test_random_next(&random) >> test_random_below(&random, 40)) | 1;
        float value;
        uint32_t bits = float32_from_ratio((int64_t)numerator, denominator);
        int exponent = (int)(bits >> 23) - 127 - 23; /* of the last place */
        memcpy(&value, &bits, sizeof(value));
        long double quotient = (long double)numerator / (long double)denominator;
        long double error = fabsl(quotient - (long double)value);
        /* The quotient has 64 bits: 40 more than the float, so this slack is far below one place. */
        CHECK(error <= ldexpl(0.5L, exponent) * (1 + 1e-9L));
    }
}

static void zero_and_unknown(void)
{
    float unknown;
    uint32_t bits = FLOAT32_NAN;
    memcpy(&unknown, &bits, sizeof(unknown));
    CHECK(isnan(unknown));
    CHECK_EQUAL(float32_from_ratio(0, 1000), 0);
    CHECK_EQUAL(float32_from_ratio(1, UINT64_MAX), bits_of(0x1p-64f));
}

TEST_MAIN({"all_small_ratios", all_small_ratios},
          {"all_values_that_clients_are_given", all_values_that_clients_are_given}, {"random_ratios", random_ratios},
          {"integers_of_any_size", integers_of_any_size}, {"large_denominators", large_denominators},
          {"zero_and_unknown", zero_and_unknown})
