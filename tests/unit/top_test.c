/* SPDX-License-Identifier: MIT */
/* The screen of `ballast top`: what it shows of given data, line by line. */
#include "cli/ballast/top_layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ballast/latency.h"
#include "cli/ballast/text.h"
#include "tests/harness/test.h"

/* ---- fixtures ---- */

#define MAXIMUM_ROWS 64

static struct {
    struct ballast_ai_gpu_reply *gpus;
    struct ballast_ai_process_reply *now;
    struct ballast_ai_process_reply *earlier;
    struct ballast_ai_rule_reply *rules;
    struct ballast_ai_block_reply *blocks;
    struct ballast_ai_scheduler_reply scheduler;
    struct ballast_ai_pool_reply pool;
    struct top_data data;
    struct top_screen screen;
} f;

static void copy(uint16_t *to, const char *text)
{
    for (; *text != 0; text++) {
        *to++ = (uint16_t)*text;
    }
    *to = 0;
}

static struct ballast_ai_value known(int64_t value)
{
    return (struct ballast_ai_value){.value = value, .state = BALLAST_AI_MEASURED, .source = BALLAST_AI_SOURCE_NVML};
}

static struct ballast_ai_adapter *add_gpu(const char *name)
{
    struct ballast_ai_adapter *adapter = &f.gpus->adapter[f.gpus->adapters_returned];
    adapter->index = f.gpus->adapters_returned;
    copy(adapter->name, name);
    for (size_t i = 0; i < BALLAST_AI_GPU_VALUES; i++) {
        adapter->values[i] = (struct ballast_ai_value){.reason = BALLAST_AI_REASON_NO_SAMPLE};
    }
    f.gpus->adapters = ++f.gpus->adapters_returned;
    return adapter;
}

static void add_process(struct ballast_ai_process_reply *reply, uint32_t id, const char *name, uint64_t cpu_100ns)
{
    struct ballast_ai_process *process = &reply->process[reply->processes_returned++];
    reply->processes = reply->processes_returned;
    *process = (struct ballast_ai_process){.process_id = id,
                                           .threads = 12,
                                           .handles = 345,
                                           .cpu_time_100ns = cpu_100ns,
                                           .working_set_bytes = 300u << 20,
                                           .create_time = 1000 + id,
                                           .name_length = (uint32_t)strlen(name)};
    copy(process->name, name);
}

static void release(void)
{
    free(f.gpus);
    free(f.now);
    free(f.earlier);
    free(f.rules);
    free(f.blocks);
}

/* A machine with a measured GPU and one of which nothing is known, three processes, and two blocks. */
static void add_gpus(void)
{
    struct ballast_ai_adapter *adapter = add_gpu("NVIDIA GeForce RTX 4090");
    copy(adapter->engine, "Compute_0");
    adapter->values[BALLAST_AI_GPU_UTILIZATION_PERMILLE] = known(435);
    adapter->values[BALLAST_AI_GPU_DEDICATED_USED_BYTES] = known(6ll << 30);
    adapter->values[BALLAST_AI_GPU_DEDICATED_TOTAL_BYTES] = known(24ll << 30);
    adapter->values[BALLAST_AI_GPU_TEMPERATURE_MILLICELSIUS] = known(61000);
    adapter->values[BALLAST_AI_GPU_POWER_MILLIWATTS] = (struct ballast_ai_value){
        .value = 210000, .age_ms = 12000, .state = BALLAST_AI_STALE, .source = BALLAST_AI_SOURCE_NVML};
    adapter = add_gpu("Wine Adapter");
    adapter->values[BALLAST_AI_GPU_UTILIZATION_PERMILLE] = (struct ballast_ai_value){
        .value = 850, .state = BALLAST_AI_ESTIMATED, .source = BALLAST_AI_SOURCE_PROCESS_COUNT};
    adapter->values[BALLAST_AI_GPU_DEDICATED_TOTAL_BYTES].reason = BALLAST_AI_REASON_NOT_RECORDED;
}

static void set_up(void)
{
    memset(&f, 0, sizeof(f));
    f.gpus = calloc(1, sizeof(*f.gpus) + MAXIMUM_ROWS * sizeof(f.gpus->adapter[0]));
    f.now = calloc(1, sizeof(*f.now) + MAXIMUM_ROWS * sizeof(f.now->process[0]));
    f.earlier = calloc(1, sizeof(*f.earlier) + MAXIMUM_ROWS * sizeof(f.now->process[0]));
    f.rules = calloc(1, sizeof(*f.rules) + MAXIMUM_ROWS * sizeof(f.rules->rule[0]));
    f.blocks = calloc(1, sizeof(*f.blocks) + MAXIMUM_ROWS * sizeof(f.blocks->block[0]));
    add_gpus();

    f.earlier->snapshot_time = 100000000;
    add_process(f.earlier, 100, "python.exe", 20000000);
    add_process(f.earlier, 104, "torchrun.exe", 50000000);
    f.now->snapshot_time = 120000000; /* two seconds later */
    add_process(f.now, 100, "python.exe", 21000000);
    add_process(f.now, 104, "torchrun.exe", 80000000);
    add_process(f.now, 108, "a-process-with-a-long-name.exe", 0);
    f.now->system_processes = 43;
    f.now->system_threads = 210;
    f.now->threads = 36;
    f.now->working_set_bytes = 900u << 20;
    f.now->process[1].rule = 1;
    f.rules->rules = f.rules->rules_returned = 2;
    f.rules->rule[0] = (struct ballast_ai_rule){.text_length = 6};
    f.rules->rule[1] = (struct ballast_ai_rule){.text_length = 5, .kind = BALLAST_AI_RULE_GLOB};
    copy(f.rules->rule[0].text, "python");
    copy(f.rules->rule[1].text, "torch");

    f.scheduler.window_ms = 10000;
    f.scheduler.samples = 1000;
    f.scheduler.latency_p50_ns = known(55000);
    f.scheduler.latency_p99_ns = known(310000);
    f.scheduler.latency_max_ns = known(1200000);
    f.scheduler.bucket[29] = 100; /* 32.8 us */
    f.scheduler.bucket[32] = 600;
    f.scheduler.bucket[34] = 250;
    f.scheduler.bucket[40] = 49;
    f.scheduler.bucket[49] = 1; /* 1.05 ms */

    f.pool = (struct ballast_ai_pool_reply){.blocks = 2,
                                            .owners = 1,
                                            .total_bytes = 256u << 20,
                                            .used_bytes = 80u << 20,
                                            .free_bytes = 176u << 20,
                                            .largest_free_bytes = 176u << 20};
    f.blocks->blocks = f.blocks->blocks_returned = 2;
    f.blocks->block[0].size_bytes = 64u << 20;
    f.blocks->block[1].size_bytes = 16u << 20;
    f.data = (struct top_data){
        .gpus = f.gpus,
        .processes = f.now,
        .earlier = f.earlier,
        .rules = f.rules,
        .scheduler = &f.scheduler,
        .pool = &f.pool,
        .blocks = f.blocks,
    };
}

/* Compares with lines up to a NULL. To see a whole screen, run with SHOW=1. */
static void check_screen(const char *const *expected)
{
    size_t lines = 0;
    for (size_t i = 0; i < f.screen.lines && getenv("SHOW") != NULL; i++) {
        printf("# %s\n", f.screen.line[i].text);
    }
    for (; lines < f.screen.lines && expected[lines] != NULL; lines++) {
        test_note("line %u is     '%s'", (unsigned)lines, f.screen.line[lines].text);
        test_note("      expected '%s'", expected[lines]);
        CHECK(strcmp(f.screen.line[lines].text, expected[lines]) == 0);
    }
    CHECK(expected[lines] == NULL);
    CHECK_EQUAL(f.screen.lines, lines);
}

static void fits_an_ordinary_terminal(void)
{
    static const char *const expected[] = {
        "ballast top  3 AI processes of 43, 36 threads of 210, 900.0 MiB",
        "  0 NVIDIA GeForce RTX 4090     [######........]           43.5 % Compute_0",
        "    61.0 C  210.0 W (12 s)  -   [####..........]          6.0 GiB of 24.0 GiB",
        "  1 Wine Adapter                [############..]          ~85.0 %",
        "    -  -  -                     [              ]                - of -",
        "    PID NAME              CPU % THREADS HANDLES     MEMORY      TIME RULE",
        "    104 torchrun.exe      150.0      12     345  300.0 MiB     8.0 s torch",
        "    100 python.exe          5.0      12     345  300.0 MiB     2.1 s python",
        "    108 a-process-wit...      -      12     345  300.0 MiB     0.0 s python",
        "WAKE-UP LATENCY  p50 55.0 us  p99 310.0 us  max 1.2 ms  (1000 samples in 10 s)",
        "     32.8 us + [####################################################]       700",
        "     65.5 us + [###################                                 ]       250",
        "    131.1 us + [####                                                ]        49",
        "    262.1 us + [                                                    ]         0",
        "    524.3 us + [                                                    ]         0",
        "      1.0 ms + [#                                                   ]         1",
        "PINNED POOL  80.0 MiB of 256.0 MiB in 2 blocks, 176.0 MiB free in one piece",
        "[AAAAAAAAAAAAAAAAAAABBBBBB.....................................................]",
        "~  estimated from the number of AI processes: utilization",
        "( )  old, measured so long ago: power",
        "-  nobody pushed it, see 'ballast ai push --help': core clock, dedicated used...",
        "-  the GPU's driver does not record it in the registry: dedicated total",
        "-  measuring has just begun, ask again: CPU %",
        NULL,
    };
    set_up();
    top_layout(&f.data, 80, 24, &f.screen);
    check_screen(expected);
    release();
}

/* More of everything than there is room for: each part keeps its place, and what is left out is said. */
static void shares_the_room_out(void)
{
    static const char *const expected[] = {
        "ballast top  43 AI processes of 43, 36 threads of 210, 900.0 MiB",
        "  0 NVIDIA GeForce RTX 4090     [######........]           43.5 % 61.0 C",
        "  1 Wine Adapter                [############..]          ~85.0 % -",
        "  2 NVIDIA GeForce RTX 4090     [######........]           43.5 % 61.0 C",
        "  3 NVIDIA GeForce RTX 4090     [######........]           43.5 % 61.0 C",
        "  4 NVIDIA GeForce RTX 4090     [######........]           43.5 % 61.0 C",
        "  5 NVIDIA GeForce RTX 4090     [######........]           43.5 % 61.0 C",
        "  6 NVIDIA GeForce RTX 4090     [######........]           43.5 % 61.0 C",
        "    ... and 5 more",
        "    PID NAME              CPU % THREADS HANDLES     MEMORY      TIME RULE",
        "    104 torchrun.exe      150.0      12     345  300.0 MiB     8.0 s torch",
        "    100 python.exe          5.0      12     345  300.0 MiB     2.1 s python",
        "    108 a-process-wit...      -      12     345  300.0 MiB     0.0 s python",
        "    200 conda.exe             -      12     345  300.0 MiB     0.0 s python",
        "    201 conda.exe             -      12     345  300.0 MiB     0.0 s python",
        "        ... and 38 more",
        "WAKE-UP LATENCY  p50 55.0 us  p99 310.0 us  max 1.2 ms  (1000 samples in 10 s)",
        "        0 ns + [###################################                 ]      1830",
        "      8.4 ms + [####################################################]      2730",
        "PINNED POOL  80.0 MiB of 256.0 MiB in 2 blocks, 176.0 MiB free in one piece",
        "[AAAAAAAAAAAAAAAAAAABBBBBB.....................................................]",
        "~  estimated from the number of AI processes: utilization",
        "-  nobody pushed it, see 'ballast ai push --help': temperature",
        "-  measuring has just begun, ask again: CPU %",
        NULL,
    };
    set_up();
    while (f.gpus->adapters_returned < 12) {
        *add_gpu("Another") = f.gpus->adapter[0];
        f.gpus->adapter[f.gpus->adapters_returned - 1].index = f.gpus->adapters_returned - 1;
    }
    for (uint32_t i = 0; i < 40; i++) {
        add_process(f.now, 200 + i, "conda.exe", 0);
    }
    for (size_t i = 0; i < BALLAST_AI_HISTOGRAM_BUCKETS; i++) {
        f.scheduler.bucket[i] = (uint32_t)i;
    }
    top_layout(&f.data, 80, 24, &f.screen);
    check_screen(expected);
    release();
}

static void uses_a_large_terminal(void)
{
    static const char *const expected[] = {
        "ballast top  3 AI processes of 43, 36 threads of 210, 900.0 MiB",
        "  0 NVIDIA GeForce RTX 4090                                     [##########............]           43.5 % "
        "Compute_0",
        "    61.0 C  210.0 W (12 s)  -                                   [######................]          6.0 GiB of "
        "24.0 GiB",
        "  1 Wine Adapter                                                [###################...]          ~85.0 %",
        "    -  -  -                                                     [                      ]                - of "
        "-",
        "",
        "    PID NAME                                                      CPU % THREADS HANDLES     MEMORY      TIME "
        "RULE",
        "    104 torchrun.exe                                              150.0      12     345  300.0 MiB     8.0 s "
        "torch",
        "    100 python.exe                                                  5.0      12     345  300.0 MiB     2.1 s "
        "python",
        "    108 a-process-with-a-long-name.exe                                -      12     345  300.0 MiB     0.0 s "
        "python",
        "",
        "WAKE-UP LATENCY  p50 55.0 us  p99 310.0 us  max 1.2 ms  (1000 samples in 10 s)",
        "     32.8 us + [###############                                                                             ] "
        "      100",
        "     49.2 us + [############################################################################################] "
        "      600",
        "     65.5 us + [######################################                                                      ] "
        "      250",
        "     98.3 us + [                                                                                            ] "
        "        0",
        "    131.1 us + [                                                                                            ] "
        "        0",
        "    196.6 us + [########                                                                                    ] "
        "       49",
        "    262.1 us + [                                                                                            ] "
        "        0",
        "    393.2 us + [                                                                                            ] "
        "        0",
        "    524.3 us + [                                                                                            ] "
        "        0",
        "    786.4 us + [                                                                                            ] "
        "        0",
        "      1.0 ms + [#                                                                                           ] "
        "        1",
        "",
        "PINNED POOL  80.0 MiB of 256.0 MiB in 2 blocks, 176.0 MiB free in one piece",
        "[AAAAAAAAAAAAAAAAAAAAAAAAAAAAABBBBBBBB........................................................................"
        ".........]",
        "~  estimated from the number of AI processes: utilization",
        "( )  old, measured so long ago: power",
        "-  nobody pushed it, see 'ballast ai push --help': core clock, dedicated used, temperature, power",
        "-  the GPU's driver does not record it in the registry: dedicated total",
        "-  measuring has just begun, ask again: CPU %",
        NULL,
    };
    set_up();
    top_layout(&f.data, 120, 40, &f.screen);
    check_screen(expected);
    release();
}

static void shows_an_idle_system(void)
{
    static const char *const expected[] = {
        "ballast top  0 AI processes of 43, 0 threads of 210, 0 bytes",
        "GPUs: none in the registry",
        "    PID NAME              CPU % THREADS HANDLES     MEMORY      TIME RULE",
        "No process matches a rule.",
        "WAKE-UP LATENCY  p50 -  p99 -  max -  (0 samples in 10 s)",
        "PINNED POOL  0 bytes of 256.0 MiB in 0 blocks, 256.0 MiB free in one piece",
        "[..............................................................................]",
        "-  measuring has just begun, ask again: latency",
        NULL,
    };
    set_up();
    f.gpus->adapters_returned = 0;
    f.now->processes_returned = 0;
    f.now->processes = 0;
    f.now->threads = 0;
    f.now->working_set_bytes = 0;
    f.pool = (struct ballast_ai_pool_reply){
        .total_bytes = 256u << 20, .free_bytes = 256u << 20, .largest_free_bytes = 256u << 20};
    f.blocks->blocks_returned = 0;
    memset(&f.scheduler, 0, sizeof(f.scheduler));
    f.scheduler.window_ms = 10000;
    f.scheduler.latency_p50_ns.reason = BALLAST_AI_REASON_STARTING;
    f.scheduler.latency_p99_ns.reason = BALLAST_AI_REASON_STARTING;
    f.scheduler.latency_max_ns.reason = BALLAST_AI_REASON_STARTING;
    top_layout(&f.data, 80, 24, &f.screen);
    check_screen(expected);
    release();
}

static void says_what_cannot_be_read(void)
{
    static const char *const expected[] = {
        "ballast top",
        "GPUs: cannot be read",
        "    PID NAME              CPU % THREADS HANDLES     MEMORY      TIME RULE",
        "AI processes: cannot be read",
        "WAKE-UP LATENCY  cannot be read",
        "PINNED POOL  cannot be read",
        NULL,
    };
    struct top_data nothing = {0};
    top_layout(&nothing, 80, 24, &f.screen);
    check_screen(expected);
}

/* Whatever the size and the data, no line is too long and there are not too many. */
static void never_exceeds_the_terminal(void)
{
    struct test_random random = {5};
    for (int round = 0; round < 300; round++) {
        set_up();
        for (uint64_t i = test_random_below(&random, 30); i > 0; i--) {
            struct ballast_ai_adapter *adapter = add_gpu("");
            for (size_t j = 0; j < BALLAST_AI_NAME_LENGTH; j++) {
                adapter->name[j] = (uint16_t)test_random_next(&random);
            }
            for (size_t j = 0; j < BALLAST_AI_GPU_VALUES; j++) {
                adapter->values[j] = (struct ballast_ai_value){.value = (int64_t)test_random_next(&random),
                                                               .age_ms = (uint32_t)test_random_next(&random),
                                                               .state = (uint8_t)test_random_below(&random, 6),
                                                               .reason = (uint16_t)test_random_below(&random, 7)};
            }
        }
        for (uint64_t i = test_random_below(&random, 60); i > 0; i--) {
            add_process(f.now, (uint32_t)test_random_next(&random), "python.exe", test_random_next(&random));
            f.now->process[f.now->processes_returned - 1].rule = (uint32_t)test_random_below(&random, 4);
        }
        for (size_t i = 0; i < BALLAST_AI_HISTOGRAM_BUCKETS; i++) {
            f.scheduler.bucket[i] = (uint32_t)test_random_next(&random);
        }
        f.blocks->block[1].size_bytes = test_random_next(&random);
        size_t columns = (size_t)test_random_below(&random, 300);
        size_t rows = (size_t)test_random_below(&random, 100);
        top_layout(&f.data, columns, rows, &f.screen);
        columns = columns < TOP_MINIMUM_COLUMNS ? TOP_MINIMUM_COLUMNS : columns;
        CHECK(f.screen.lines <= (rows == 0 ? TOP_MAXIMUM_LINES : rows < TOP_MINIMUM_LINES ? TOP_MINIMUM_LINES : rows));
        for (size_t i = 0; i < f.screen.lines; i++) {
            test_note("%u columns: '%s'", (unsigned)columns, f.screen.line[i].text);
            CHECK(text_columns(f.screen.line[i].text) <= columns);
        }
        release();
    }
}

/* The column in which a word of a line begins. */
static size_t column_of(const char *line, const char *word)
{
    char before[4 * TOP_MAXIMUM_COLUMNS + 1];
    const char *at = strstr(line, word);
    CHECK(at != NULL);
    (void)snprintf(before, sizeof(before), "%.*s", at != NULL ? (int)(at - line) : 0, line);
    return text_columns(before);
}

/* Wide, combining, hidden, none at all, and one that is cut within a wide character. */
static void columns_are_straight_whatever_the_names(void)
{
    static const uint16_t names[][12] = {
        {'p', 'y'},
        {0x6A21, 0x578B, '.', 'e'},
        {'e', 0x301, 'x'},
        {0x202E, 'x', 0x200B},
        {0},
        {'x', 0x6A21, 0x578B, 0x6A21, 0x578B, 0x6A21, 0x578B, 0x6A21, 0x578B, 0x6A21},
    };
    size_t column = 0;
    size_t found = 0;
    set_up();
    f.now->processes = f.now->processes_returned = 0;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        add_process(f.now, 100 + (uint32_t)i, "", 0);
        memcpy(f.now->process[i].name, names[i], sizeof(names[i]));
    }
    top_layout(&f.data, 80, 40, &f.screen);
    for (size_t i = 0; i < f.screen.lines; i++) {
        if (strstr(f.screen.line[i].text, "300.0 MiB") != NULL) {
            test_note("%s", f.screen.line[i].text);
            size_t here = column_of(f.screen.line[i].text, "300.0 MiB");
            CHECK(found == 0 || here == column);
            CHECK(found != 4 || strstr(f.screen.line[i].text, " 104 - ") != NULL);
            column = here;
            found++;
        }
    }
    CHECK_EQUAL(found, sizeof(names) / sizeof(names[0]));
    release();
}

/* ---- processor time ---- */

static void tells_processor_time_from_two_lists(void)
{
    set_up();
    CHECK_EQUAL(top_cpu_permille(&f.now->process[0], f.now, f.earlier), 50);
    CHECK_EQUAL(top_cpu_permille(&f.now->process[1], f.now, f.earlier), 1500); /* more than one processor */
    CHECK_EQUAL(top_cpu_permille(&f.now->process[2], f.now, f.earlier), -1);   /* was not there */
    CHECK_EQUAL(top_cpu_permille(&f.now->process[0], f.now, NULL), -1);
    f.earlier->process[0].create_time++; /* another process of the same number */
    CHECK_EQUAL(top_cpu_permille(&f.now->process[0], f.now, f.earlier), -1);
    f.earlier->process[1].cpu_time_100ns = 80000001; /* it went backwards */
    CHECK_EQUAL(top_cpu_permille(&f.now->process[1], f.now, f.earlier), -1);
    f.earlier->process[1].cpu_time_100ns = 80000000; /* idle is a measurement */
    CHECK_EQUAL(top_cpu_permille(&f.now->process[1], f.now, f.earlier), 0);
    f.now->snapshot_time = f.earlier->snapshot_time;
    CHECK_EQUAL(top_cpu_permille(&f.now->process[1], f.now, f.earlier), -1);
    release();
}

/* ---- histogram ---- */

static void histograms_lose_no_sample(void)
{
    struct test_random random = {9};
    for (int round = 0; round < 2000; round++) {
        uint32_t bucket[BALLAST_AI_HISTOGRAM_BUCKETS] = {0};
        struct top_bar bars[BALLAST_AI_HISTOGRAM_BUCKETS];
        size_t rows = 1 + (size_t)test_random_below(&random, BALLAST_AI_HISTOGRAM_BUCKETS);
        uint64_t expected = 0;
        uint64_t total = 0;
        for (uint64_t i = test_random_below(&random, 8); i > 0; i--) {
            uint32_t count = (uint32_t)test_random_below(&random, 1000);
            bucket[test_random_below(&random, BALLAST_AI_HISTOGRAM_BUCKETS)] += count;
            expected += count;
        }
        size_t count = top_histogram(bucket, bars, rows);
        CHECK(count <= rows);
        for (size_t i = 0; i < count; i++) {
            total += bars[i].count;
            CHECK(i == 0 || bars[i].first_bucket > bars[i - 1].first_bucket);
        }
        CHECK_EQUAL(total, expected);
    }
}

/* Rows of a doubling begin at 256 ns times a power of two. */
static void histogram_rows_begin_at_doublings(void)
{
    uint32_t bucket[BALLAST_AI_HISTOGRAM_BUCKETS] = {0};
    struct top_bar bars[17];
    bucket[0] = 1;
    bucket[3] = 2;
    bucket[63] = 3;
    CHECK_EQUAL(top_histogram(bucket, bars, 17), 17);
    CHECK_EQUAL(bars[0].first_bucket, 0);
    for (size_t i = 1; i < 16; i++) {
        CHECK_EQUAL(latency_bucket_lower_ns(bars[i].first_bucket), 256ull << (i - 1));
    }
    CHECK_EQUAL(bars[1].count, 2);
}

TEST_MAIN({"fits_an_ordinary_terminal", fits_an_ordinary_terminal}, {"shares_the_room_out", shares_the_room_out},
          {"uses_a_large_terminal", uses_a_large_terminal}, {"shows_an_idle_system", shows_an_idle_system},
          {"says_what_cannot_be_read", says_what_cannot_be_read},
          {"never_exceeds_the_terminal", never_exceeds_the_terminal},
          {"columns_are_straight_whatever_the_names", columns_are_straight_whatever_the_names},
          {"tells_processor_time_from_two_lists", tells_processor_time_from_two_lists},
          {"histograms_lose_no_sample", histograms_lose_no_sample},
          {"histogram_rows_begin_at_doublings", histogram_rows_begin_at_doublings})
