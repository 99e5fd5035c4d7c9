/* SPDX-License-Identifier: MIT */
/* The rates of `ballast disk stats`. */
#include "cli/ballast/disk_rates.h"

#include "tests/harness/test.h"

static ballast_disk_info some_info(void)
{
    return (ballast_disk_info){
        .number = 7,
        .drive_letter = L'R',
        .read_requests = 1,
        .read_bytes = 2,
        .write_requests = 3,
        .written_bytes = 4,
        .flush_requests = 5,
        .trim_requests = 6,
        .trimmed_bytes = 7,
        .failed_requests = 8,
        .memory_known = 1,
        .allocated_memory = 4096,
        .overhead_memory = 100,
        .requests_in_flight = 3,
    };
}

static void a_sample_has_each_counter(void)
{
    ballast_disk_info info = some_info();
    struct disk_sample sample = disk_sample_of(&info, 0.5);
    CHECK_EQUAL(sample.number, 7);
    CHECK_EQUAL(sample.drive_letter, L'R');
    CHECK_EQUAL(sample.memory, 4196);
    CHECK(sample.memory_known);
    CHECK(sample.seconds == 0.5);
    for (unsigned i = 0; i < DISK_COUNTERS; i++) {
        CHECK_EQUAL(sample.counters[i], i + 1);
    }
}

static void the_query_itself_is_not_in_the_queue(void)
{
    ballast_disk_info info = some_info();
    CHECK_EQUAL(disk_sample_of(&info, 0).queue_depth, 2);
    info.requests_in_flight = 0;
    CHECK_EQUAL(disk_sample_of(&info, 0).queue_depth, 0);
}

static void unknown_memory_is_none(void)
{
    ballast_disk_info info = some_info();
    info.memory_known = 0;
    CHECK(!disk_sample_of(&info, 0).memory_known);
    CHECK_EQUAL(disk_sample_of(&info, 0).memory, 0);
}

static void rates_are_per_second(void)
{
    ballast_disk_info info = some_info();
    double rates[DISK_COUNTERS];
    struct disk_sample earlier = disk_sample_of(&info, 10);
    struct disk_sample now = disk_sample_of(&info, 10.5);
    for (unsigned i = 0; i < DISK_COUNTERS; i++) {
        now.counters[i] += 10 * i;
    }
    CHECK(disk_rates(&earlier, &now, rates));
    for (unsigned i = 0; i < DISK_COUNTERS; i++) {
        CHECK(rates[i] == 20.0 * i);
    }
}

static void another_disk_with_the_number_has_no_rates(void)
{
    ballast_disk_info info = some_info();
    double rates[DISK_COUNTERS];
    for (unsigned i = 0; i < DISK_COUNTERS; i++) {
        struct disk_sample earlier = disk_sample_of(&info, 1);
        struct disk_sample now = disk_sample_of(&info, 2);
        CHECK(disk_rates(&earlier, &now, rates));
        now.counters[i]--;
        CHECK(!disk_rates(&earlier, &now, rates));
    }
}

static void a_disk_is_found_by_its_number(void)
{
    double rates[DISK_COUNTERS];
    struct disk_sample earlier[2] = {{.number = 3, .seconds = 1}, {.number = 7, .seconds = 1}};
    struct disk_sample now = {.number = 7, .seconds = 2, .counters = {[DISK_READ_REQUESTS] = 9}};
    CHECK(disk_rates_since(earlier, 2, &now, rates));
    CHECK(rates[DISK_READ_REQUESTS] == 9);
    CHECK(!disk_rates_since(earlier, 1, &now, rates));
}

static void no_time_has_no_rates(void)
{
    ballast_disk_info info = some_info();
    double rates[DISK_COUNTERS];
    struct disk_sample earlier = disk_sample_of(&info, 1);
    struct disk_sample now = earlier;
    CHECK(!disk_rates(&earlier, &now, rates));
    now.seconds = 0.5;
    CHECK(!disk_rates(&earlier, &now, rates));
}

TEST_MAIN({"a_sample_has_each_counter", a_sample_has_each_counter},
          {"the_query_itself_is_not_in_the_queue", the_query_itself_is_not_in_the_queue},
          {"unknown_memory_is_none", unknown_memory_is_none}, {"rates_are_per_second", rates_are_per_second},
          {"another_disk_with_the_number_has_no_rates", another_disk_with_the_number_has_no_rates},
          {"a_disk_is_found_by_its_number", a_disk_is_found_by_its_number},
          {"no_time_has_no_rates", no_time_has_no_rates})
