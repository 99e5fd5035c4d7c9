/* SPDX-License-Identifier: MIT */
/* ballast top: reads all that the AI driver knows, again and again, and shows it; top_layout.c says how. */

#include "cli/ballast/cli.h"

#include "cli/ballast/terminal.h"
#include "cli/ballast/top_layout.h"

#define DEFAULT_INTERVAL_S 2.0
#define MAXIMUM_DISKS      64  /* of which more is said than that they are there */
#define ONCE_INTERVAL_S    1.0 /* at most, between the two lists of processes that CPU time needs */

/* What has been read; each reply is NULL or to be released. */
struct view {
    struct ballast_ai_gpu_reply *gpus;
    struct ballast_ai_process_reply *processes;
    struct ballast_ai_process_reply *earlier;
    struct ballast_ai_rule_reply *rules;
    struct ballast_ai_block_reply *blocks;
    struct ballast_ai_scheduler_reply scheduler;
    struct ballast_ai_pool_reply pool;
    bool scheduler_read;
    bool pool_read;
    struct disks {
        struct disk_sample sample[MAXIMUM_DISKS];
        size_t returned;
        size_t count;
    } disks, earlier_disks;
};

static void release_but_processes(struct view *view)
{
    ballast_ai_release(view->gpus);
    ballast_ai_release(view->rules);
    ballast_ai_release(view->blocks);
    view->gpus = NULL;
    view->rules = NULL;
    view->blocks = NULL;
}

static void release(struct view *view)
{
    release_but_processes(view);
    ballast_ai_release(view->processes);
    ballast_ai_release(view->earlier);
}

static void take_processes(struct view *view, struct ballast_ai_process_reply *reply)
{
    if (view->processes != NULL && view->processes->snapshot_time == reply->snapshot_time) {
        ballast_ai_release(reply); /* the list that is there already */
        return;
    }
    ballast_ai_release(view->earlier);
    view->earlier = view->processes;
    view->processes = reply;
}

/* Without the disk driver there are none. */
static void read_disks(struct view *view)
{
    uint32_t numbers[MAXIMUM_DISKS];
    size_t count = 0;
    view->earlier_disks = view->disks;
    view->disks.returned = 0;
    view->disks.count = 0;
    if (ballast_disk_list(numbers, MAXIMUM_DISKS, &count, NULL) != BALLAST_OK) {
        return;
    }
    view->disks.count = count;
    for (size_t i = 0; i < count && i < MAXIMUM_DISKS; i++) {
        ballast_disk_info info = {.struct_size = sizeof(info)};
        if (ballast_disk_query(numbers[i], &info, NULL) == BALLAST_OK) {
            view->disks.sample[view->disks.returned++] = disk_sample_of(&info, now_seconds());
        } else {
            view->disks.count--; /* removed meanwhile */
        }
    }
}

/* Only the GPUs must be readable: if they are not, the driver is gone. */
static ballast_result read_all(ballast_ai *ai, double interval, struct view *view, ballast_error *error)
{
    struct ballast_ai_process_reply *processes;
    uint32_t maximum_age_ms = (uint32_t)(interval * 1000 / 2) + 1;
    release_but_processes(view);
    ballast_result result = ballast_ai_gpus(ai, 0, &view->gpus, error);
    if (result != BALLAST_OK) {
        return result;
    }
    if (ballast_ai_processes(ai, maximum_age_ms, &processes, NULL) == BALLAST_OK) {
        take_processes(view, processes);
    }
    (void)ballast_ai_rules(ai, &view->rules, NULL);
    (void)ballast_ai_blocks(ai, &view->blocks, NULL);
    view->scheduler_read = ballast_ai_scheduler(ai, maximum_age_ms, &view->scheduler, NULL) == BALLAST_OK;
    view->pool_read = ballast_ai_pool(ai, &view->pool, NULL) == BALLAST_OK;
    read_disks(view);
    return BALLAST_OK;
}

static void lay_out(const struct view *view, size_t columns, size_t lines, struct top_screen *screen)
{
    struct top_data data = {
        .gpus = view->gpus,
        .processes = view->processes,
        .earlier = view->earlier,
        .rules = view->rules,
        .scheduler = view->scheduler_read ? &view->scheduler : NULL,
        .pool = view->pool_read ? &view->pool : NULL,
        .blocks = view->blocks,
        .disks = view->disks.sample,
        .disks_returned = view->disks.returned,
        .disk_count = view->disks.count,
        .earlier_disks = view->earlier_disks.sample,
        .earlier_disk_count = view->earlier_disks.returned,
    };
    top_layout(&data, columns, lines, screen);
}

static struct top_screen screen; /* too large for a stack */

static void print_plain(const struct view *view)
{
    size_t columns;
    size_t lines;
    terminal_size(&columns, &lines);
    lay_out(view, columns, 0, &screen);
    for (size_t i = 0; i < screen.lines; i++) {
        print("%s\n", screen.line[i].text);
    }
    terminal_flush();
}

static ballast_result run_once(ballast_ai *ai, double interval, struct view *view, ballast_error *error)
{
    double pause = interval < ONCE_INTERVAL_S ? interval : ONCE_INTERVAL_S;
    ballast_result result = read_all(ai, pause, view, error);
    if (result == BALLAST_OK) {
        (void)terminal_wait(pause);
        result = read_all(ai, pause, view, error);
    }
    if (result == BALLAST_OK) {
        print_plain(view);
    }
    return result;
}

static ballast_result run_plain(ballast_ai *ai, double interval, struct view *view, ballast_error *error)
{
    ballast_result result;
    do {
        result = run_once(ai, interval, view, error);
        print("\n");
    } while (result == BALLAST_OK && terminal_wait(interval) == TERMINAL_NOTHING);
    return result;
}

static ballast_result run_screen(ballast_ai *ai, double interval, struct view *view, ballast_error *error)
{
    ballast_result result;
    enum terminal_event event = TERMINAL_NOTHING;
    double pause = 0.5; /* the first processor times come soon */
    do {
        size_t columns;
        size_t lines;
        result = event == TERMINAL_RESIZE ? BALLAST_OK : read_all(ai, pause, view, error);
        terminal_size(&columns, &lines);
        lay_out(view, columns, lines, &screen);
        if (result == BALLAST_OK) {
            terminal_draw(&screen);
        }
        event = result == BALLAST_OK ? terminal_wait(pause) : TERMINAL_QUIT;
        pause = interval;
    } while (event != TERMINAL_QUIT);
    return result;
}

static ballast_result top(const struct arguments *arguments)
{
    double interval = DEFAULT_INTERVAL_S;
    struct view view = {0};
    ballast_error error;
    ballast_ai *ai;
    if (!option_seconds(arguments, L"interval", &interval)) {
        return BALLAST_INVALID_ARGUMENT;
    }
    ballast_result result = ballast_ai_open(BALLAST_AI_OPEN_QUERIES, &ai, &error);
    if (result != BALLAST_OK) {
        return fail(result, &error);
    }
    terminal_catch_interrupt();
    if (option_given(arguments, L"once")) {
        result = run_once(ai, interval, &view, &error);
    } else if (!terminal_begin()) {
        result = run_plain(ai, interval, &view, &error);
    } else {
        result = run_screen(ai, interval, &view, &error);
        terminal_end();
    }
    release(&view);
    ballast_ai_close(ai);
    return result == BALLAST_OK ? result : fail(result, &error);
}

static const struct option options[] = {
    {L"once", NULL, "print it once, as plain text"},
    {L"interval", L"SECONDS", "read anew every so many seconds (2)"},
    {NULL, NULL, NULL},
};

const struct command top_command = {
    .group = L"top",
    .name = L"",
    .positions = "",
    .summary = "Watch GPUs, AI processes, latency, the pinned pool and disks",
    .details = "q or Ctrl-C ends it. Where the output is no terminal, plain text is printed again and\n"
               "again. A dash is a value that is not known, '~' marks an estimate; notes below say why.\n",
    .options = options,
    .run = top,
};
