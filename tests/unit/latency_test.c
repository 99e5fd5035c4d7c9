/* SPDX-License-Identifier: MIT */
#include "core/ai/latency.h"
#include "tests/harness/test.h"

#include <stdlib.h>
#include <string.h>

#define SECOND 1000000000ull

static void buckets_are_where_the_header_says(void)
{
    static const uint64_t first[] = {0, 256, 320, 384, 448, 512, 640, 768, 896, 1024, 1280};
    for (uint32_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
        CHECK_EQUAL(latency_bucket_lower_ns(i), first[i]);
    }
    CHECK_EQUAL(latency_bucket_lower_ns(BALLAST_AI_HISTOGRAM_BUCKETS - 1), 3221225472);
    for (uint32_t i = 0; i < BALLAST_AI_HISTOGRAM_BUCKETS; i++) {
        uint64_t lower = latency_bucket_lower_ns(i);
        CHECK_EQUAL(latency_bucket(lower), i);
        CHECK(i == 0 || latency_bucket(lower - 1) == i - 1);
        CHECK(i == 0 || (latency_bucket_lower_ns(i + 1) - lower) * 4 <= lower);
    }
    CHECK_EQUAL(latency_bucket(UINT64_MAX), BALLAST_AI_HISTOGRAM_BUCKETS - 1);
}

static void nothing_is_zero(void)
{
    struct latency_window window;
    struct latency_summary summary;
    static const struct latency_summary zero;
    memset(&window, 0xFF, sizeof(window));
    latency_window_initialize(&window);
    latency_summarize(&window, 0, &summary);
    CHECK_BYTES(&summary, &zero, sizeof(summary));
    CHECK(sizeof(window) <= 4608);
}

static void one_value_is_all_of_them(void)
{
    struct latency_window window;
    struct latency_summary summary;
    static const uint64_t values[] = {0, 1, 255, 256, 5000, 123456789, 60 * SECOND, UINT64_MAX};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        latency_window_initialize(&window);
        latency_record(&window, 5, values[i], 0);
        latency_summarize(&window, 5, &summary);
        CHECK_EQUAL(summary.count, 1);
        CHECK_EQUAL(summary.mean_ns, values[i]);
        CHECK_EQUAL(summary.max_ns, values[i]);
        CHECK_EQUAL(summary.p50_ns, values[i]);
        CHECK_EQUAL(summary.p99_ns, values[i]);
    }
}

static void the_window_slides(void)
{
    struct latency_window window;
    struct latency_summary summary;
    latency_window_initialize(&window);
    for (uint64_t second = 0; second < 25; second++) {
        latency_record(&window, second * SECOND, 1000 + second, 0);
        latency_summarize(&window, second * SECOND + SECOND - 1, &summary);
        CHECK_EQUAL(summary.count, second < 9 ? second + 1 : 10);
        CHECK_EQUAL(summary.max_ns, 1000 + second);
    }
    latency_summarize(&window, 28 * SECOND, &summary); /* 19 ... 24 are left */
    CHECK_EQUAL(summary.count, 6);
    latency_summarize(&window, 33 * SECOND, &summary);
    CHECK_EQUAL(summary.count, 1);
    latency_summarize(&window, 34 * SECOND, &summary);
    CHECK_EQUAL(summary.count, 0);
    latency_summarize(&window, UINT64_MAX, &summary);
    CHECK_EQUAL(summary.count, 0);
    latency_record(&window, 1000 * SECOND, 7, 0); /* after a pause nothing old is left */
    latency_summarize(&window, 1000 * SECOND, &summary);
    CHECK_EQUAL(summary.count, 1);
}

static void time_that_goes_back_stands_still(void)
{
    struct latency_window window;
    struct latency_summary summary;
    latency_window_initialize(&window);
    latency_record(&window, 100 * SECOND, 7, 0);
    latency_record(&window, 3 * SECOND, 9, 0);
    latency_summarize(&window, 0, &summary);
    CHECK_EQUAL(summary.count, 2);
    CHECK_EQUAL(summary.mean_ns, 8);
}

/* ---- against a sorted array ---- */

static int compare(const void *one, const void *other)
{
    uint64_t left, right;
    memcpy(&left, one, sizeof(left));
    memcpy(&right, other, sizeof(right));
    return (left > right) - (left < right);
}

static void check_percentile(uint64_t estimated, const uint64_t *sorted, size_t count, size_t permille)
{
    uint64_t exact = sorted[(count * permille + 999) / 1000 - 1];
    uint64_t error = estimated > exact ? estimated - exact : exact - estimated;
    uint64_t allowed = exact < 256 ? 256 : exact / 4;
    test_note("%zu permille of %zu: %llu, not %llu", permille, count, (unsigned long long)estimated,
              (unsigned long long)exact);
    CHECK(error <= allowed);
    CHECK(estimated <= sorted[count - 1]);
}

static void agrees_with_a_sorted_array(void)
{
    static uint64_t values[3000];
    struct latency_window window;
    struct latency_summary summary;
    struct test_random random = {9};
    for (unsigned round = 0; round < 300; round++) {
        size_t count = 1 + test_random_below(&random, round % 2 != 0 ? 3000 : 12);
        uint64_t most = 31 - test_random_below(&random, 23); /* up to 2^31 ns: all but the open bucket at the end */
        uint64_t sum = 0;
        latency_window_initialize(&window);
        for (size_t i = 0; i < count; i++) {
            values[i] = test_random_next(&random) >> (64 - most + test_random_below(&random, most));
            sum += values[i];
            latency_record(&window, i * 9 * SECOND / count, values[i], 0);
        }
        latency_summarize(&window, 9 * SECOND, &summary);
        qsort(values, count, sizeof(values[0]), compare);
        CHECK_EQUAL(summary.count, count);
        CHECK_EQUAL(summary.max_ns, values[count - 1]);
        CHECK_EQUAL(summary.mean_ns, sum / count);
        check_percentile(summary.p50_ns, values, count, 500);
        check_percentile(summary.p90_ns, values, count, 900);
        check_percentile(summary.p99_ns, values, count, 990);
        uint32_t counted[BALLAST_AI_HISTOGRAM_BUCKETS] = {0};
        for (size_t i = 0; i < count; i++) {
            uint32_t bucket = 0;
            while (bucket + 1 < BALLAST_AI_HISTOGRAM_BUCKETS && values[i] >= latency_bucket_lower_ns(bucket + 1)) {
                bucket++;
            }
            counted[bucket]++;
        }
        CHECK_BYTES(summary.bucket, counted, sizeof(counted));
    }
}

static void a_full_second_counts_no_more(void)
{
    struct latency_window window;
    struct latency_summary summary;
    latency_window_initialize(&window);
    latency_record(&window, 0, UINT64_MAX, 0);
    latency_record(&window, 0, UINT64_MAX, 0);
    latency_summarize(&window, 0, &summary);
    CHECK_EQUAL(summary.mean_ns, UINT64_MAX / 2); /* the sum stops, it does not wrap */
    window.slot[1].count = UINT32_MAX / 16;
    latency_record(&window, 0, 1, 0);
    CHECK_EQUAL(window.slot[1].count, UINT32_MAX / 16);
}

/* The mean time between probes is that of those that had one before them. */
static void periods_are_measured(void)
{
    struct latency_window window;
    struct latency_summary summary;
    latency_window_initialize(&window);
    latency_record(&window, 0, 5, 0);
    latency_summarize(&window, 0, &summary);
    CHECK_EQUAL(summary.period_ns, 0);
    latency_record(&window, 1, 5, 15000000);
    latency_record(&window, 2, 5, 17000000);
    latency_summarize(&window, 2, &summary);
    CHECK_EQUAL(summary.period_ns, 16000000);
}

TEST_MAIN({"periods_are_measured", periods_are_measured},
          {"buckets_are_where_the_header_says", buckets_are_where_the_header_says},
          {"nothing_is_zero", nothing_is_zero}, {"one_value_is_all_of_them", one_value_is_all_of_them},
          {"the_window_slides", the_window_slides},
          {"time_that_goes_back_stands_still", time_that_goes_back_stands_still},
          {"agrees_with_a_sorted_array", agrees_with_a_sorted_array},
          {"a_full_second_counts_no_more", a_full_second_counts_no_more})
