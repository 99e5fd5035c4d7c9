/* SPDX-License-Identifier: MIT */
/* What `ballast top` shows, as lines of text: no system header, no I/O. */
#ifndef CLI_BALLAST_TOP_LAYOUT_H
#define CLI_BALLAST_TOP_LAYOUT_H

#include <stddef.h>

#include "ballast/ai_abi.h"
#include "cli/ballast/disk_rates.h"

#define TOP_MINIMUM_COLUMNS 60
#define TOP_MAXIMUM_COLUMNS 240
#define TOP_MINIMUM_LINES   20
#define TOP_MAXIMUM_LINES   200

/* Any pointer may be NULL: that part could not be read. */
struct top_data {
    const struct ballast_ai_gpu_reply *gpus;
    const struct ballast_ai_process_reply *processes;
    const struct ballast_ai_process_reply *earlier; /* to tell how much processor time was used in between */
    const struct ballast_ai_rule_reply *rules;
    const struct ballast_ai_scheduler_reply *scheduler;
    const struct ballast_ai_pool_reply *pool;
    const struct ballast_ai_block_reply *blocks;
    const struct disk_sample *disks; /* not shown if there are none */
    size_t disks_returned;
    size_t disk_count;
    const struct disk_sample *earlier_disks;
    size_t earlier_disk_count;
};

enum top_style {
    TOP_PLAIN,
    TOP_TITLE,
    TOP_HEADING,
};

struct top_screen {
    size_t lines;
    struct {
        enum top_style style;
        char text[TOP_MAXIMUM_COLUMNS * 4 + 1]; /* UTF-8, at most as many characters as there are columns */
    } line[TOP_MAXIMUM_LINES];
};

/*
 * Fills *screen with at most `rows` lines of at most `columns` characters; both are brought into the ranges above. rows 0:
 * as many lines as it takes.
 */
void top_layout(const struct top_data *data, size_t columns, size_t rows, struct top_screen *screen);

/* Processor time that a process used between two lists, in per mille of one processor; -1 if that cannot be told. */
int64_t top_cpu_permille(const struct ballast_ai_process *process, const struct ballast_ai_process_reply *now,
                         const struct ballast_ai_process_reply *earlier);

/*
 * Rows of a histogram: neighbouring buckets are added up until no more than `rows` (at least 1) are left between the first
 * and the last that count anything. Returns how many rows were filled; 0 without samples.
 */
struct top_bar {
    uint32_t first_bucket; /* its lower bound is the row's */
    uint64_t count;
};
size_t top_histogram(const uint32_t bucket[BALLAST_AI_HISTOGRAM_BUCKETS], struct top_bar *bars, size_t rows);

#endif
