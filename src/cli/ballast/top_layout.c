/* SPDX-License-Identifier: MIT */
/* The screen of `ballast top`. */

#include "cli/ballast/top_layout.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ballast/latency.h"
#include "cli/ballast/text.h"

#define MINIMUM_HISTOGRAM 3  /* rows */
#define MAXIMUM_HISTOGRAM 16 /* rows, where there is room for more */
#define MINIMUM_PROCESSES 2
#define MINIMUM_DISKS     3
#define HEADINGS          3
#define SPACIOUS_ROWS     32 /* from here on an empty line is before each heading */

struct layout {
    const struct top_data *data;
    struct top_screen *screen;
    size_t columns;
    size_t rows;
    size_t space; /* empty lines before a heading */
    struct text_notes notes;
};

/* ---- lines ---- */

__attribute__((format(printf, 3, 4))) static void add(struct layout *layout, enum top_style style, const char *format,
                                                      ...)
{
    va_list arguments;
    struct top_screen *screen = layout->screen;
    for (size_t i = 0; style == TOP_HEADING && i < layout->space && screen->lines < layout->rows; i++) {
        screen->line[screen->lines].text[0] = 0;
        screen->line[screen->lines++].style = TOP_PLAIN;
    }
    if (screen->lines == layout->rows) {
        return;
    }
    char *text = screen->line[screen->lines].text;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(screen->line[0].text), format, arguments);
    va_end(arguments);
    text_cut(text, layout->columns);
    for (size_t length = strlen(text); length > 0 && text[length - 1] == ' '; length--) {
        text[length - 1] = 0;
    }
    screen->line[screen->lines++].style = style;
}

/* "[#####.....]" of so many columns; `part` of `whole` filled, a little at least if it is not 0. */
static void bar(char *text, size_t columns, uint64_t part, uint64_t whole, char full, char empty)
{
    size_t width = columns - 2;
    size_t filled = whole == 0 ? 0 : (size_t)((double)part / (double)whole * (double)width + 0.5);
    filled = filled > width ? width : filled == 0 && part != 0 ? 1 : filled;
    text[0] = '[';
    memset(text + 1, full, filled);
    memset(text + 1 + filled, empty, width - filled);
    text[columns - 1] = ']';
    text[columns] = 0;
}

/* A name in so many columns, padded; "..." ends what is longer. */
static void fit(const char *name, size_t columns, char *text, size_t size)
{
    (void)snprintf(text, size - columns, "%s", name);
    text_cut(text, columns);
    for (size_t have = text_columns(text); have < columns; have++) {
        memcpy(text + strlen(text), " ", 2);
    }
}

/* ---- GPUs ---- */

static size_t gpu_lines(const struct layout *layout)
{
    const struct ballast_ai_gpu_reply *gpus = layout->data->gpus;
    size_t count = gpus != NULL ? gpus->adapters_returned : 0;
    /* Two lines each, unless they would take more than a third of the screen. */
    return count == 0                      ? 1
           : 2 * count <= layout->rows / 3 ? 2 * count
           : count <= layout->rows / 3     ? count
                                           : layout->rows / 3;
}

static bool is_known(const struct ballast_ai_value *value)
{
    return value->state != BALLAST_AI_UNKNOWN;
}

/* A bar for what is known; blanks say that nothing is. */
static void value_bar(char *text, size_t columns, const struct ballast_ai_value *part, uint64_t whole)
{
    if (is_known(part) && whole != 0) {
        bar(text, columns, part->value > 0 ? (uint64_t)part->value : 0, whole, '#', '.');
    } else {
        bar(text, columns, 0, 0, '#', ' ');
    }
}

static void add_gpu(struct layout *layout, const struct ballast_ai_adapter *adapter, bool short_form)
{
    char cells[BALLAST_AI_GPU_VALUES][TEXT_CELL_SIZE];
    char name[4 * BALLAST_AI_NAME_LENGTH + 1];
    char padded[sizeof(name) + TOP_MAXIMUM_COLUMNS];
    char engine[4 * BALLAST_AI_SHORT_NAME_LENGTH + 1];
    char gauge[TOP_MAXIMUM_COLUMNS + 1];
    const struct ballast_ai_value *values = adapter->values;
    const struct ballast_ai_value *total = &values[BALLAST_AI_GPU_DEDICATED_TOTAL_BYTES];
    size_t gauge_columns = layout->columns / 5;
    size_t name_columns = layout->columns - gauge_columns - 37;
    for (size_t i = 0; i < BALLAST_AI_GPU_VALUES; i++) {
        bool shown =
            i != BALLAST_AI_GPU_SHARED_USED_BYTES && i != BALLAST_AI_GPU_SHARED_TOTAL_BYTES &&
            i != BALLAST_AI_GPU_FAN_RPM && i != BALLAST_AI_GPU_MEMORY_CLOCK_HZ &&
            (!short_form || i == BALLAST_AI_GPU_UTILIZATION_PERMILLE || i == BALLAST_AI_GPU_TEMPERATURE_MILLICELSIUS);
        text_value(&values[i], text_gpu_values[i].unit, text_gpu_values[i].name, shown ? &layout->notes : NULL,
                   cells[i]);
    }
    text_utf8(adapter->name, BALLAST_AI_NAME_LENGTH, name, sizeof(name));
    text_utf8(adapter->engine, BALLAST_AI_SHORT_NAME_LENGTH, engine, sizeof(engine));
    fit(name[0] != 0 ? name : "-", name_columns, padded, sizeof(padded));
    value_bar(gauge, gauge_columns, &values[BALLAST_AI_GPU_UTILIZATION_PERMILLE], 1000);
    add(layout, TOP_PLAIN, "%3u %s %s %16s %-14s", adapter->index, padded, gauge,
        cells[BALLAST_AI_GPU_UTILIZATION_PERMILLE],
        short_form ? cells[BALLAST_AI_GPU_TEMPERATURE_MILLICELSIUS] : engine);
    if (short_form) {
        return;
    }
    char details[4 * TEXT_CELL_SIZE + 8];
    (void)snprintf(details, sizeof(details), "%s  %s  %s", cells[BALLAST_AI_GPU_TEMPERATURE_MILLICELSIUS],
                   cells[BALLAST_AI_GPU_POWER_MILLIWATTS], cells[BALLAST_AI_GPU_CORE_CLOCK_HZ]);
    fit(details, name_columns, padded, sizeof(padded));
    value_bar(gauge, gauge_columns, &values[BALLAST_AI_GPU_DEDICATED_USED_BYTES],
              is_known(total) ? (uint64_t)total->value : 0);
    add(layout, TOP_PLAIN, "    %s %s %16s of %s", padded, gauge, cells[BALLAST_AI_GPU_DEDICATED_USED_BYTES],
        cells[BALLAST_AI_GPU_DEDICATED_TOTAL_BYTES]);
}

static void add_gpus(struct layout *layout)
{
    const struct ballast_ai_gpu_reply *gpus = layout->data->gpus;
    if (gpus == NULL || gpus->adapters_returned == 0) {
        add(layout, TOP_PLAIN, gpus == NULL ? "GPUs: cannot be read" : "GPUs: none in the registry");
        return;
    }
    size_t lines = gpu_lines(layout);
    bool short_form = lines < 2 * (size_t)gpus->adapters_returned;
    size_t shown = lines < gpus->adapters_returned ? lines - 1 : gpus->adapters_returned;
    for (size_t i = 0; i < shown; i++) {
        add_gpu(layout, &gpus->adapter[i], short_form);
    }
    if (shown < gpus->adapters_returned) {
        add(layout, TOP_PLAIN, "    ... and %llu more", (unsigned long long)(gpus->adapters_returned - shown));
    }
}

/* ---- processes ---- */

int64_t top_cpu_permille(const struct ballast_ai_process *process, const struct ballast_ai_process_reply *now,
                         const struct ballast_ai_process_reply *earlier)
{
    if (earlier == NULL || now->snapshot_time <= earlier->snapshot_time) {
        return -1;
    }
    for (uint32_t i = 0; i < earlier->processes_returned; i++) {
        const struct ballast_ai_process *before = &earlier->process[i];
        /* A process id alone may belong to another process now. */
        if (before->process_id == process->process_id && before->create_time == process->create_time) {
            return process->cpu_time_100ns < before->cpu_time_100ns
                       ? -1
                       : (int64_t)((double)(process->cpu_time_100ns - before->cpu_time_100ns) * 1000 /
                                       (double)(now->snapshot_time - earlier->snapshot_time) +
                                   0.5);
        }
    }
    return -1; /* it has begun in between */
}

struct row {
    const struct ballast_ai_process *process;
    int64_t permille;
};

/* The busiest first, then by number. */
static int compare_rows(const void *a, const void *b)
{
    const struct row *left = a;
    const struct row *right = b;
    if (left->permille != right->permille) {
        return left->permille > right->permille ? -1 : 1;
    }
    return left->process->process_id < right->process->process_id
               ? -1
               : left->process->process_id > right->process->process_id;
}

static const char *cpu_text(int64_t permille, struct text_notes *notes, char *cell)
{
    static const struct ballast_ai_value starting = {.reason = BALLAST_AI_REASON_STARTING};
    if (permille < 0) {
        text_value(&starting, TEXT_PERMILLE, "CPU %", notes, cell);
    } else {
        (void)snprintf(cell, TEXT_CELL_SIZE, "%.1f", (double)permille / 10);
    }
    return cell;
}

/* What the other columns and a short rule leave; on a narrow screen the rule is cut. */
static size_t process_name_columns(const struct layout *layout)
{
    return layout->columns > 72 ? layout->columns - 64 : 8;
}

static void add_process(struct layout *layout, const struct row *row)
{
    char name[TEXT_PROCESS_SIZE];
    char padded[TEXT_PROCESS_SIZE + TOP_MAXIMUM_COLUMNS];
    char cpu[TEXT_CELL_SIZE];
    char time[TEXT_CELL_SIZE];
    char memory[TEXT_CELL_SIZE];
    char rule[TEXT_RULE_SIZE] = "-";
    const char *shown = rule;
    const struct ballast_ai_process *process = row->process;
    const struct ballast_ai_rule_reply *rules = layout->data->rules;
    /* A reload may have been in between: then the numbers mean other rules. */
    if (rules != NULL && rules->generation == layout->data->processes->rules_generation &&
        process->rule < rules->rules_returned) {
        text_rule(&rules->rule[process->rule], rule);
        shown = strchr(rule, ':') + 1; /* without its kind: there is little room */
    }
    text_process(process, name);
    fit(name, process_name_columns(layout), padded, sizeof(padded));
    text_cpu_time(process->cpu_time_100ns, time);
    text_number((int64_t)process->working_set_bytes, TEXT_BYTES, memory);
    add(layout, TOP_PLAIN, "%7u %s %6s %7u %7u %10s %9s %s", process->process_id, padded,
        cpu_text(row->permille, &layout->notes, cpu), process->threads, process->handles, memory, time, shown);
}

static void add_processes(struct layout *layout, size_t rows)
{
    const struct ballast_ai_process_reply *reply = layout->data->processes;
    char heading[TOP_MAXIMUM_COLUMNS + 16];
    size_t count = reply != NULL ? reply->processes_returned : 0;
    struct row *list = calloc(count + 1, sizeof(*list));
    fit("NAME", process_name_columns(layout), heading, sizeof(heading));
    add(layout, TOP_HEADING, "    PID %s  CPU %% THREADS HANDLES     MEMORY      TIME RULE", heading);
    if (reply == NULL || list == NULL) {
        add(layout, TOP_PLAIN, "AI processes: cannot be read");
    } else if (count == 0) {
        add(layout, TOP_PLAIN, "No process matches a rule.");
    }
    for (size_t i = 0; list != NULL && i < count; i++) {
        list[i] = (struct row){&reply->process[i], top_cpu_permille(&reply->process[i], reply, layout->data->earlier)};
    }
    if (list != NULL) {
        qsort(list, count, sizeof(*list), compare_rows);
        bool all = count + 1 <= rows;
        for (size_t i = 0; i < count && i < (all ? count : rows - 2); i++) {
            add_process(layout, &list[i]);
        }
        if (!all) {
            add(layout, TOP_PLAIN, "        ... and %llu more", (unsigned long long)(count - (rows - 2)));
        }
    }
    free(list);
}

static void add_title(struct layout *layout)
{
    const struct ballast_ai_process_reply *reply = layout->data->processes;
    char memory[TEXT_CELL_SIZE];
    if (reply == NULL) {
        add(layout, TOP_TITLE, "ballast top");
        return;
    }
    text_number((int64_t)reply->working_set_bytes, TEXT_BYTES, memory);
    add(layout, TOP_TITLE, "ballast top  %u AI processes of %u, %u threads of %u, %s", reply->processes,
        reply->system_processes, reply->threads, reply->system_threads, memory);
}

/* ---- latency ---- */

/* Four buckets are a doubling, and the first of them is bucket 1: so many more make it a multiple of four. */
#define DOUBLING 3u

size_t top_histogram(const uint32_t bucket[BALLAST_AI_HISTOGRAM_BUCKETS], struct top_bar *bars, size_t rows)
{
    uint32_t first = 0;
    uint32_t last = BALLAST_AI_HISTOGRAM_BUCKETS;
    while (first < last && bucket[first] == 0) {
        first++;
    }
    while (last > first && bucket[last - 1] == 0) {
        last--;
    }
    if (first == last) {
        return 0;
    }
    uint32_t step = 1;
    /* Rows begin where doublings do, whatever the data are, so that bounds stay while the data change. */
    while ((last - 1 + DOUBLING) / step - (first + DOUBLING) / step >= rows) {
        step *= 2;
    }
    uint32_t first_row = (first + DOUBLING) / step;
    size_t count = (last - 1 + DOUBLING) / step - first_row + 1;
    for (uint32_t row = 0; row < count; row++) {
        uint32_t begin = (first_row + row) * step;
        bars[row] = (struct top_bar){.first_bucket = begin > DOUBLING ? begin - DOUBLING : 0};
    }
    for (uint32_t i = first; i < last; i++) {
        bars[(i + DOUBLING) / step - first_row].count += bucket[i];
    }
    return count;
}

static void add_histogram(struct layout *layout, size_t rows)
{
    struct top_bar bars[BALLAST_AI_HISTOGRAM_BUCKETS];
    const struct ballast_ai_scheduler_reply *reply = layout->data->scheduler;
    char p50[TEXT_CELL_SIZE];
    char p99[TEXT_CELL_SIZE];
    char maximum[TEXT_CELL_SIZE];
    if (reply == NULL) {
        add(layout, TOP_HEADING, "WAKE-UP LATENCY  cannot be read");
        return;
    }
    text_value(&reply->latency_p50_ns, TEXT_NANOSECONDS, "latency", &layout->notes, p50);
    text_value(&reply->latency_p99_ns, TEXT_NANOSECONDS, "latency", &layout->notes, p99);
    text_value(&reply->latency_max_ns, TEXT_NANOSECONDS, "latency", &layout->notes, maximum);
    add(layout, TOP_HEADING, "WAKE-UP LATENCY  p50 %s  p99 %s  max %s  (%llu samples in %u s)", p50, p99, maximum,
        (unsigned long long)reply->samples, (reply->window_ms + 500) / 1000);
    size_t count = top_histogram(reply->bucket, bars, rows > 1 ? rows - 1 : 1);
    uint64_t largest = 1;
    for (size_t i = 0; i < count; i++) {
        largest = bars[i].count > largest ? bars[i].count : largest;
    }
    for (size_t i = 0; i < count; i++) {
        char bound[TEXT_CELL_SIZE];
        char text[TOP_MAXIMUM_COLUMNS + 1];
        text_number((int64_t)latency_bucket_lower_ns(bars[i].first_bucket), TEXT_NANOSECONDS, bound);
        bar(text, layout->columns - 26, bars[i].count, largest, '#', ' ');
        add(layout, TOP_PLAIN, "%12s + %s %9llu", bound, text, (unsigned long long)bars[i].count);
    }
}

/* ---- pool ---- */

/* The quota as a line: a letter for each block in turn, as long as its part of the quota; free space is dots. */
static void pool_map(const struct layout *layout, char *text)
{
    const struct ballast_ai_block_reply *blocks = layout->data->blocks;
    uint64_t total = layout->data->pool->total_bytes;
    size_t width = layout->columns - 2;
    uint64_t before = 0;
    bar(text, layout->columns, 0, 0, '#', '.');
    for (uint32_t i = 0; blocks != NULL && total != 0 && i < blocks->blocks_returned; i++) {
        size_t begin = (size_t)((double)before / (double)total * (double)width);
        before += blocks->block[i].size_bytes;
        size_t end = (size_t)((double)before / (double)total * (double)width + 0.999);
        for (size_t column = begin; column < end && column < width; column++) {
            text[1 + column] = (char)('A' + i % 26);
        }
    }
}

static void add_pool(struct layout *layout)
{
    const struct ballast_ai_pool_reply *pool = layout->data->pool;
    char used[TEXT_CELL_SIZE];
    char total[TEXT_CELL_SIZE];
    char largest[TEXT_CELL_SIZE];
    char map[TOP_MAXIMUM_COLUMNS + 1];
    if (pool == NULL) {
        add(layout, TOP_HEADING, "PINNED POOL  cannot be read");
        return;
    }
    text_number((int64_t)pool->used_bytes, TEXT_BYTES, used);
    text_number((int64_t)pool->total_bytes, TEXT_BYTES, total);
    text_number((int64_t)pool->largest_free_bytes, TEXT_BYTES, largest);
    add(layout, TOP_HEADING, "PINNED POOL  %s of %s in %u block%s, %s free in one piece", used, total, pool->blocks,
        pool->blocks == 1 ? "" : "s", largest);
    pool_map(layout, map);
    add(layout, TOP_PLAIN, "%s", map);
}

/* ---- disks ---- */

static void add_disk(struct layout *layout, const struct disk_sample *disk)
{
    char reads[TEXT_CELL_SIZE] = "-";
    char read[TEXT_CELL_SIZE] = "-";
    char writes[TEXT_CELL_SIZE] = "-";
    char written[TEXT_CELL_SIZE] = "-";
    char letter[] = "- ";
    double rates[DISK_COUNTERS];
    if (disk->drive_letter != 0) {
        letter[0] = (char)disk->drive_letter;
        letter[1] = ':';
    }
    if (disk_rates_since(layout->data->earlier_disks, layout->data->earlier_disk_count, disk, rates)) {
        (void)snprintf(reads, sizeof(reads), "%.0f", rates[DISK_READ_REQUESTS]);
        (void)snprintf(writes, sizeof(writes), "%.0f", rates[DISK_WRITE_REQUESTS]);
        text_number((int64_t)rates[DISK_READ_BYTES], TEXT_BYTES, read);
        text_number((int64_t)rates[DISK_WRITTEN_BYTES], TEXT_BYTES, written);
    }
    add(layout, TOP_PLAIN, "%5u %s %7s %10s %8s %10s %5u %6llu", disk->number, letter, reads, read, writes, written,
        disk->queue_depth, (unsigned long long)disk->counters[DISK_FAILED_REQUESTS]);
}

static void add_disks(struct layout *layout, size_t rows)
{
    const struct top_data *data = layout->data;
    if (rows == 0) {
        return;
    }
    bool all = data->disk_count + 1 <= rows && data->disk_count == data->disks_returned;
    size_t shown = all ? data->disk_count : rows - 2;
    shown = shown < data->disks_returned ? shown : data->disks_returned;
    add(layout, TOP_HEADING, " DISK    READS/S     READ/S WRITES/S  WRITTEN/S QUEUE FAILED");
    for (size_t i = 0; i < shown; i++) {
        add_disk(layout, &data->disks[i]);
    }
    if (!all) {
        add(layout, TOP_PLAIN, "      ... and %llu more", (unsigned long long)(data->disk_count - shown));
    }
}

/* How many of the rows that are left are theirs: a quarter, but for the least that is of use. Others come first. */
static size_t disk_rows(const struct layout *layout, size_t left)
{
    size_t others = MINIMUM_HISTOGRAM + MINIMUM_PROCESSES + layout->space;
    size_t share = left / 4 > MINIMUM_DISKS ? left / 4 : MINIMUM_DISKS;
    size_t wanted = layout->data->disks_returned == 0 ? 0 : layout->data->disk_count + 1;
    size_t rows = wanted < share ? wanted : share;
    return left >= others + rows ? rows : 0;
}

/* ---- all of it ---- */

static size_t clamp(size_t value, size_t minimum, size_t maximum)
{
    return value < minimum ? minimum : value > maximum ? maximum : value;
}

/* The notes of what is below the GPUs: how many rows they need must be known before. */
static void note_what_follows(struct layout *layout)
{
    char cell[TEXT_CELL_SIZE];
    const struct top_data *data = layout->data;
    for (uint32_t i = 0; data->processes != NULL && i < data->processes->processes_returned; i++) {
        (void)cpu_text(top_cpu_permille(&data->processes->process[i], data->processes, data->earlier), &layout->notes,
                       cell);
    }
    if (data->scheduler != NULL) {
        text_value(&data->scheduler->latency_p50_ns, TEXT_NANOSECONDS, "latency", &layout->notes, cell);
        text_value(&data->scheduler->latency_p99_ns, TEXT_NANOSECONDS, "latency", &layout->notes, cell);
        text_value(&data->scheduler->latency_max_ns, TEXT_NANOSECONDS, "latency", &layout->notes, cell);
    }
}

void top_layout(const struct top_data *data, size_t columns, size_t rows, struct top_screen *screen)
{
    char notes[TEXT_NOTES][TEXT_NOTE_SIZE];
    struct layout layout = {
        .data = data,
        .screen = screen,
        .columns = clamp(columns, TOP_MINIMUM_COLUMNS, TOP_MAXIMUM_COLUMNS),
        .rows = rows == 0 ? TOP_MAXIMUM_LINES : clamp(rows, TOP_MINIMUM_LINES, TOP_MAXIMUM_LINES),
    };
    layout.space = layout.rows >= SPACIOUS_ROWS ? 1 : 0;
    screen->lines = 0;
    add_title(&layout);
    add_gpus(&layout);
    note_what_follows(&layout);
    size_t note_rows = text_footnotes(&layout.notes, notes);
    size_t fixed = screen->lines + HEADINGS * layout.space + 2 + note_rows;
    size_t left = layout.rows > fixed ? layout.rows - fixed : 0;
    size_t disks = disk_rows(&layout, left);
    left -= disks + (disks != 0 ? layout.space : 0);
    size_t wanted =
        1 +
        (data->processes != NULL && data->processes->processes_returned > 0 ? data->processes->processes_returned : 1);
    size_t histogram = clamp(left / 3, MINIMUM_HISTOGRAM, MAXIMUM_HISTOGRAM);
    size_t processes = left > histogram + MINIMUM_PROCESSES ? left - histogram : MINIMUM_PROCESSES;
    if (wanted < processes) { /* the rest is the histogram's */
        processes = wanted;
        histogram = clamp(left - processes, MINIMUM_HISTOGRAM, MAXIMUM_HISTOGRAM);
    }
    add_processes(&layout, processes);
    add_histogram(&layout, histogram);
    add_pool(&layout);
    add_disks(&layout, disks);
    size_t count = text_footnotes(&layout.notes, notes);
    for (size_t i = 0; i < count; i++) {
        add(&layout, TOP_PLAIN, "%s", notes[i]);
    }
}
