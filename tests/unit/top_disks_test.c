/* SPDX-License-Identifier: MIT */
/* The disks on the screen of `ballast top`. */
#include "cli/ballast/top_layout.h"

#include <stdlib.h>
#include <string.h>

#include "tests/harness/test.h"

static struct top_data data; /* nothing else can be read */
static struct top_screen screen;
static struct disk_sample disks[8];
static struct disk_sample earlier_disks[8];

/* Disks 0, 1, ..., of which the last was not there two seconds ago. */
static void add_disks(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        earlier_disks[i] = (struct disk_sample){.number = i, .drive_letter = i == 0 ? L'R' : 0, .seconds = 1};
        disks[i] = earlier_disks[i];
        disks[i].seconds = 3;
        disks[i].queue_depth = i + 1;
        disks[i].counters[DISK_READ_REQUESTS] = 2000;
        disks[i].counters[DISK_READ_BYTES] = 2ull << 30;
        disks[i].counters[DISK_WRITE_REQUESTS] = 5;
        disks[i].counters[DISK_WRITTEN_BYTES] = 4096;
        disks[i].counters[DISK_FAILED_REQUESTS] = 3;
    }
    data.disks = disks;
    data.disks_returned = data.disk_count = count;
    data.earlier_disks = earlier_disks;
    data.earlier_disk_count = count - 1;
}

/* The lines from the heading of the disks to the first footnote. */
static void check_disks(const char *const *expected)
{
    size_t line = 0;
    while (line < screen.lines && strncmp(screen.line[line].text, " DISK", 5) != 0) {
        line++;
    }
    for (; *expected != NULL && line < screen.lines; expected++, line++) {
        test_note("is       '%s'", screen.line[line].text);
        test_note("expected '%s'", *expected);
        CHECK(strcmp(screen.line[line].text, *expected) == 0);
    }
    CHECK(*expected == NULL);
    CHECK(line == screen.lines || strncmp(screen.line[line].text, "~ ", 2) == 0);
}

static void disks_say_what_they_do(void)
{
    static const char *const expected[] = {
        " DISK    READS/S     READ/S WRITES/S  WRITTEN/S QUEUE FAILED",
        "    0 R:    1000    1.0 GiB        2    2.0 KiB     1      3",
        "    1 -        -          -        -          -     2      3",
        NULL,
    };
    add_disks(2);
    top_layout(&data, TOP_MINIMUM_COLUMNS, 0, &screen);
    check_disks(expected);
    top_layout(&data, 80, 30, &screen);
    check_disks(expected);
}

static void more_disks_than_fit_are_counted(void)
{
    static const char *const expected[] = {
        " DISK    READS/S     READ/S WRITES/S  WRITTEN/S QUEUE FAILED",
        "    0 R:    1000    1.0 GiB        2    2.0 KiB     1      3",
        "    1 -     1000    1.0 GiB        2    2.0 KiB     2      3",
        "    2 -     1000    1.0 GiB        2    2.0 KiB     3      3",
        "      ... and 5 more",
        NULL,
    };
    static const char *const read_in_part[] = {
        " DISK    READS/S     READ/S WRITES/S  WRITTEN/S QUEUE FAILED",
        "    0 R:    1000    1.0 GiB        2    2.0 KiB     1      3",
        "    1 -     1000    1.0 GiB        2    2.0 KiB     2      3",
        "      ... and 998 more",
        NULL,
    };
    add_disks(8);
    top_layout(&data, 80, 24, &screen);
    check_disks(expected);
    data.disks_returned = 2;
    data.disk_count = 1000;
    top_layout(&data, 80, 0, &screen);
    check_disks(read_in_part);
}

/* On the smallest screen nothing falls off the end for them. */
static void disks_take_no_room_that_others_need(void)
{
    static struct top_screen without;
    struct ballast_ai_gpu_reply *gpus = calloc(1, sizeof(*gpus) + 20 * sizeof(gpus->adapter[0]));
    gpus->adapters = gpus->adapters_returned = 20;
    for (uint32_t i = 0; i < 20; i++) { /* a footnote for each value */
        struct ballast_ai_value *values = gpus->adapter[i].values;
        values[BALLAST_AI_GPU_UTILIZATION_PERMILLE].state = BALLAST_AI_ESTIMATED;
        values[BALLAST_AI_GPU_DEDICATED_USED_BYTES].reason = BALLAST_AI_REASON_NO_SAMPLE;
        values[BALLAST_AI_GPU_DEDICATED_TOTAL_BYTES].reason = BALLAST_AI_REASON_NOT_RECORDED;
        values[BALLAST_AI_GPU_TEMPERATURE_MILLICELSIUS].reason = BALLAST_AI_REASON_NOT_REPORTED;
        values[BALLAST_AI_GPU_POWER_MILLIWATTS].state = BALLAST_AI_STALE;
    }
    struct ballast_ai_process_reply *processes = calloc(1, sizeof(*processes) + 30 * sizeof(processes->process[0]));
    processes->processes = processes->processes_returned = 30;
    static struct ballast_ai_scheduler_reply scheduler;
    static const struct ballast_ai_pool_reply pool;
    for (size_t i = 0; i < BALLAST_AI_HISTOGRAM_BUCKETS; i++) {
        scheduler.bucket[i] = 1;
    }
    data = (struct top_data){.gpus = gpus, .processes = processes, .scheduler = &scheduler, .pool = &pool};
    top_layout(&data, 80, TOP_MINIMUM_LINES, &without);
    add_disks(8);
    top_layout(&data, 80, TOP_MINIMUM_LINES, &screen);
    CHECK(strcmp(screen.line[screen.lines - 1].text, without.line[without.lines - 1].text) == 0);
    data = (struct top_data){.gpus = NULL};
    free(processes);
    free(gpus);
}

static void no_disks_are_no_lines(void)
{
    data = (struct top_data){.gpus = NULL};
    top_layout(&data, 80, 0, &screen);
    for (size_t i = 0; i < screen.lines; i++) {
        CHECK(strncmp(screen.line[i].text, " DISK", 5) != 0);
    }
}

TEST_MAIN({"disks_say_what_they_do", disks_say_what_they_do},
          {"more_disks_than_fit_are_counted", more_disks_than_fit_are_counted},
          {"disks_take_no_room_that_others_need", disks_take_no_room_that_others_need},
          {"no_disks_are_no_lines", no_disks_are_no_lines})
