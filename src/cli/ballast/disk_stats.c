/* SPDX-License-Identifier: MIT */
/* ballast disk stats: what disks are doing now, from two looks at their counters. */

#include "cli/ballast/disk.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/ballast/disk_rates.h"
#include "cli/ballast/table.h"
#include "cli/ballast/terminal.h"
#include "cli/ballast/text.h"
#include "cli/ballast/watch.h"

#define FIRST_SECONDS 1.0 /* at most, between the first two looks */

/* Ascending by number, or as named. */
struct samples {
    struct disk_sample *sample;
    size_t count;
};

struct stats {
    const struct disk_set *named; /* NULL: all disks that there are */
    double pause;                 /* between the first two looks */
    struct samples earlier;
    struct samples now;
};

/* A named disk must be there; of all disks one may go meanwhile. */
static ballast_result look_at(const struct disk_set *set, bool named, struct samples *samples)
{
    samples->sample = calloc(set->count + 1, sizeof(*samples->sample));
    if (samples->sample == NULL) {
        print_error("error: out of memory\n");
        return BALLAST_FAILED;
    }
    for (size_t i = 0; i < set->count; i++) {
        ballast_disk_info info = {.struct_size = sizeof(info)};
        ballast_error error;
        ballast_result result = ballast_disk_query(set->numbers[i], &info, &error);
        if (result == BALLAST_OK) {
            samples->sample[samples->count++] = disk_sample_of(&info, now_seconds());
        } else if (named || result != BALLAST_NOT_FOUND) {
            return fail(result, &error);
        }
    }
    return BALLAST_OK;
}

/* What was seen last becomes what was earlier. */
static ballast_result look(struct stats *stats)
{
    struct disk_set all = {.failure = BALLAST_OK};
    free(stats->earlier.sample);
    stats->earlier = stats->now;
    stats->now = (struct samples){.sample = NULL};
    ballast_result result = stats->named != NULL ? BALLAST_OK : disk_all(&all);
    if (result == BALLAST_OK) {
        result = look_at(stats->named != NULL ? stats->named : &all, stats->named != NULL, &stats->now);
    }
    free(all.numbers);
    return result;
}

static bool rates_of(const struct stats *stats, const struct disk_sample *now, double rates[DISK_COUNTERS])
{
    return disk_rates_since(stats->earlier.sample, stats->earlier.count, now, rates);
}

static const char *const rate_names[DISK_COUNTERS] = {
    [DISK_READ_REQUESTS] = "read_requests_per_second",   [DISK_READ_BYTES] = "read_bytes_per_second",
    [DISK_WRITE_REQUESTS] = "write_requests_per_second", [DISK_WRITTEN_BYTES] = "written_bytes_per_second",
    [DISK_FLUSH_REQUESTS] = "flush_requests_per_second", [DISK_TRIM_REQUESTS] = "trim_requests_per_second",
    [DISK_TRIMMED_BYTES] = "trimmed_bytes_per_second",   [DISK_FAILED_REQUESTS] = "failed_requests_per_second",
};

static void print_json(const struct stats *stats)
{
    json_open(NULL, '{');
    json_open("disks", '[');
    for (size_t i = 0; i < stats->now.count; i++) {
        const struct disk_sample *sample = &stats->now.sample[i];
        double rates[DISK_COUNTERS];
        bool known = rates_of(stats, sample, rates);
        json_open(NULL, '{');
        json_number("number", sample->number);
        disk_json_letter(sample->drive_letter);
        for (size_t k = 0; k < DISK_COUNTERS; k++) {
            if (known) {
                json_real(rate_names[k], rates[k]);
            } else {
                json_null(rate_names[k]);
            }
        }
        json_number("failed_requests", sample->counters[DISK_FAILED_REQUESTS]);
        json_number("queue_depth", sample->queue_depth);
        if (sample->memory_known) {
            json_number("memory_bytes", sample->memory);
        } else {
            json_null("memory_bytes");
        }
        json_close('}');
    }
    json_close(']');
    json_close('}');
    json_end();
}

/* The columns of rates, from the third on. */
static const struct {
    enum disk_counter counter;
    bool bytes;
} rate_columns[] = {
    {DISK_READ_REQUESTS, false},  {DISK_READ_BYTES, true},     {DISK_WRITE_REQUESTS, false}, {DISK_WRITTEN_BYTES, true},
    {DISK_FLUSH_REQUESTS, false}, {DISK_TRIM_REQUESTS, false}, {DISK_TRIMMED_BYTES, true},
};
#define RATE_COLUMNS (sizeof(rate_columns) / sizeof(rate_columns[0]))

static void add_row(const struct stats *stats, const struct disk_sample *sample, struct table *table)
{
    double rates[DISK_COUNTERS];
    bool known = rates_of(stats, sample, rates);
    char(*cells)[TABLE_CELL_SIZE] = table_add(table);
    if (cells == NULL) {
        return;
    }
    (void)snprintf(cells[0], TABLE_CELL_SIZE, "%u", sample->number);
    (void)snprintf(cells[1], TABLE_CELL_SIZE, sample->drive_letter != 0 ? "%c:" : "-", (char)sample->drive_letter);
    for (size_t i = 0; i < RATE_COLUMNS; i++) {
        double rate = known ? rates[rate_columns[i].counter] : 0;
        if (!known) {
            (void)snprintf(cells[2 + i], TABLE_CELL_SIZE, "-");
        } else if (rate_columns[i].bytes) {
            text_number((int64_t)rate, TEXT_BYTES, cells[2 + i]);
        } else {
            (void)snprintf(cells[2 + i], TABLE_CELL_SIZE, "%.1f", rate);
        }
    }
    (void)snprintf(cells[2 + RATE_COLUMNS], TABLE_CELL_SIZE, "%llu",
                   (unsigned long long)sample->counters[DISK_FAILED_REQUESTS]);
    (void)snprintf(cells[3 + RATE_COLUMNS], TABLE_CELL_SIZE, "%u", sample->queue_depth);
    if (sample->memory_known) {
        text_number((int64_t)sample->memory, TEXT_BYTES, cells[4 + RATE_COLUMNS]);
    } else {
        (void)snprintf(cells[4 + RATE_COLUMNS], TABLE_CELL_SIZE, "-");
    }
}

static void print_table(const struct stats *stats)
{
    static const struct table_column columns[] = {
        {"DISK", true},      {"LETTER", false},   {"READS/S", true},   {"READ/S", true},
        {"WRITES/S", true},  {"WRITTEN/S", true}, {"FLUSHES/S", true}, {"TRIMS/S", true},
        {"TRIMMED/S", true}, {"FAILED", true},    {"QUEUE", true},     {"MEMORY", true},
    };
    _Static_assert(sizeof(columns) / sizeof(columns[0]) == RATE_COLUMNS + 5,
                   "two columns before the rates, three behind");
    struct table table = {.columns = columns, .column_count = sizeof(columns) / sizeof(columns[0])};
    for (size_t i = 0; i < stats->now.count; i++) {
        add_row(stats, &stats->now.sample[i], &table);
    }
    if (stats->now.count != 0) {
        table_write(&table, print_table_line, NULL);
    } else {
        print("There are no disks.\n");
    }
    table_free(&table);
}

static ballast_result show(void *context, const struct arguments *arguments)
{
    struct stats *stats = context;
    ballast_result result = look(stats);
    if (result == BALLAST_OK && stats->earlier.sample == NULL) {
        (void)terminal_wait(stats->pause);
        result = look(stats);
    }
    if (result != BALLAST_OK) {
        return result;
    }
    if (arguments->json) {
        print_json(stats);
    } else {
        print_table(stats);
    }
    return BALLAST_OK;
}

ballast_result disk_stats(const struct arguments *arguments)
{
    struct watch watch;
    struct stats stats = {.pause = FIRST_SECONDS};
    struct disk_set named = {.failure = BALLAST_OK};
    ballast_result result = BALLAST_OK;
    if (!watch_parse(arguments, &watch)) {
        return BALLAST_INVALID_ARGUMENT;
    }
    if (watch.again && watch.seconds < stats.pause) {
        stats.pause = watch.seconds;
    }
    if (arguments->position_count != 0) {
        result = disk_named(arguments, &named);
        result = result != BALLAST_OK ? result : named.failure;
        stats.named = &named;
    }
    if (result == BALLAST_OK) {
        result = watch_show(&watch, arguments, show, &stats);
    }
    free(stats.earlier.sample);
    free(stats.now.sample);
    free(named.numbers);
    return result;
}
