/* SPDX-License-Identifier: MIT */
/*
 * What one client of the AI driver costs another one, in the simulated kernel, compiled as for counting instructions: the
 * driver as Windows runs it, which maps memory in its caller's thread.
 *
 * fair.alloc.64k: allocating and freeing 64 KiB, against two requests that the driver refuses at once and the bare calls that
 * make, map, unmap and destroy a section. fair.alloc.pollers: allocating and freeing 4 KiB while four threads of another
 * client ask for the scheduler's state, the first time ever and anew each time, against the same beside four threads of
 * refused requests; the mean. fair.polite.p99: the same two clients' worst hundredth, while the other does all it can. fair.polite.refused: the worst
 * hundredth of a client that asks now and then, and so meets whatever the other has locked, while one of the other's processes
 * has all that its user may have, and four threads of a further one ask for more and are refused.
 *
 * fair-bench ROUNDS [NAME...]
 */

#include "bench/bench.h"
#include "tests/sim/ai_client.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAIRS      200u /* of a round */
#define SLOW_PAIRS 2000u
#define POLLERS    4u
#define NULL_CODE  0x222000u /* no request of the driver */

DRIVER_INITIALIZE DriverEntry;

static struct sim_process *polite, *hostile, *further; /* the last is of the same user as the second */
static struct sim_file *file;

static void check(bool right, const char *what)
{
    if (!right) {
        fprintf(stderr, "fair-bench: %s\n", what);
        exit(1);
    }
}

static void begin(void)
{
    struct sim_options options = {.seed = 1};
    sim_reset(&options);
    for (uint32_t i = 0; i < 50; i++) {
        ai_add_process(i % 5 == 0 ? "python.exe" : "service.exe", 100 + 4 * i, 8);
    }
    ai_add_adapter(0, "Card");
    check(sim_load(DriverEntry) == STATUS_SUCCESS, "load");
    polite = sim_process_create(false);
    hostile = sim_process_create(false);
    further = sim_process_create(false);
    sim_process_set_token(hostile, 1, 0);
    sim_process_set_token(further, 1, 0);
    sim_process_open_to_all(polite); /* so that it may be granted to */
    file = ai_open(polite);
    check(file != NULL, "open");
}

static void end(void)
{
    sim_kill_process(further);
    sim_kill_process(hostile);
    sim_kill_process(polite);
    sim_unload();
}

/* ---- the cost of a request ---- */

/* With as much input and output as a request about a block has. */
static void refused(struct sim_file *by)
{
    struct ballast_ai_block_request input = {{sizeof(input), BALLAST_AI_VERSION, 0}, 1, 0, 0};
    struct ballast_ai_mapping output;
    check(sim_ioctl(by, NULL_CODE, &input, sizeof(input), &output, sizeof(output), NULL) ==
              STATUS_INVALID_DEVICE_REQUEST,
          "refused");
}

static void pair(uint64_t size)
{
    struct ballast_ai_mapping block;
    check(ai_allocate(file, size, &block) == STATUS_SUCCESS, "allocate");
    check(ai_block(file, BALLAST_IOCTL_AI_FREE, block.id, 0, 0) == STATUS_SUCCESS, "free");
}

static void *routine(const WCHAR *name)
{
    UNICODE_STRING string;
    RtlInitUnicodeString(&string, name);
    return MmGetSystemRoutineAddress(&string);
}

/* What the driver has the system do for a block. */
static void bare_section(uint64_t bytes)
{
    static HANDLE (*secure)(PVOID address, SIZE_T size, ULONG mode);
    static void (*unsecure)(HANDLE secure);
    if (secure == NULL) {
        *(void **)(void *)&secure = routine(L"MmSecureVirtualMemory");
        *(void **)(void *)&unsecure = routine(L"MmUnsecureVirtualMemory");
    }
    OBJECT_ATTRIBUTES attributes;
    LARGE_INTEGER maximum = {.QuadPart = (LONGLONG)bytes};
    SIZE_T length = (SIZE_T)bytes;
    PVOID base = NULL;
    HANDLE section;
    InitializeObjectAttributes(&attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    check(ZwCreateSection(&section, 6, &attributes, &maximum, PAGE_READWRITE, SEC_COMMIT, NULL) == STATUS_SUCCESS &&
              ZwMapViewOfSection(section, ZwCurrentProcess(), &base, 0, 0, NULL, &length, ViewUnmap, 0,
                                 PAGE_READWRITE) == STATUS_SUCCESS,
          "section");
    HANDLE secured = secure(base, length, PAGE_READWRITE);
    unsecure(secured);
    (void)ZwUnmapViewOfSection(ZwCurrentProcess(), base);
    (void)ZwClose(section);
}

static void bench_allocation(size_t rounds)
{
    static double baseline[BENCH_MAXIMUM_ROUNDS];
    static double measured[BENCH_MAXIMUM_ROUNDS];
    begin();
    pair(65536);
    for (size_t round = 0; round < rounds; round++) {
        double bare[PAIRS], ours[PAIRS];
        for (unsigned i = 0; i < PAIRS; i++) {
            double began = bench_now();
            refused(file);
            bare_section(65536);
            refused(file);
            double between = bench_now();
            pair(65536);
            ours[i] = bench_now() - between;
            bare[i] = between - began;
        }
        /* Not sums, which are of whoever else has been running in between. */
        measured[round] = bench_median(ours, PAIRS) * PAIRS;
        baseline[round] = bench_median(bare, PAIRS) * PAIRS;
    }
    struct bench_result result = {"fair.alloc.64k", "2 null + section", false, 1.15,
                                  bench_median_us(measured, rounds, PAIRS)};
    bench_report(&result, measured, baseline, rounds);
    end();
}

/* ---- beside another client ---- */

static bool going; /* atomic */

static void *send_refused(void *context)
{
    struct sim_file *mine = ai_open(hostile);
    (void)context;
    while (__atomic_load_n(&going, __ATOMIC_RELAXED)) {
        refused(mine);
    }
    return NULL;
}

static void *poll_scheduler(void *context)
{
    struct sim_file *mine = ai_open(hostile);
    struct ballast_ai_scheduler_reply reply;
    (void)context;
    while (__atomic_load_n(&going, __ATOMIC_RELAXED)) {
        (void)ai_get_scheduler(mine, 1, &reply);
    }
    return NULL;
}

/* All that a client can do to others: hold what it gets, ask for what costs most, open and close. */
static void *do_everything(void *context)
{
    struct ballast_ai_scheduler_reply scheduler;
    struct ballast_ai_mapping block;
    union ai_gpu_list gpus;
    uint64_t held[8] = {0};
    (void)context;
    for (unsigned i = 0; __atomic_load_n(&going, __ATOMIC_RELAXED); i++) {
        struct sim_file *mine = ai_open(hostile);
        (void)ai_get_scheduler(mine, 1, &scheduler);
        (void)ai_get_gpus(mine, true, &gpus);
        for (unsigned j = 0; j < 8; j++) {
            held[j] = ai_allocate(mine, 16 * MIB, &block) == STATUS_SUCCESS ? block.id : 0;
            (void)ai_block(mine, BALLAST_IOCTL_AI_GRANT, held[j], sim_process_id(polite), 2);
        }
        for (unsigned j = 0; j < 8; j++) {
            (void)ai_block(mine, BALLAST_IOCTL_AI_FREE, held[j], 0, 0);
        }
        sim_close(mine);
    }
    return NULL;
}

/* What is left of the user's quota is in the credit of its processes, which is to be looked for everywhere. */
static void *ask_for_more(void *context)
{
    struct sim_file *held = ai_open(hostile);
    struct sim_file *mine = ai_open(further);
    struct ballast_ai_mapping block;
    (void)context;
    while (ai_allocate(held, MIB, &block) == STATUS_SUCCESS) {
    }
    while (__atomic_load_n(&going, __ATOMIC_RELAXED)) {
        check(ai_allocate(mine, MIB, &block) == STATUS_INSUFFICIENT_RESOURCES, "refused by the quota");
    }
    return NULL;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return left < right ? -1 : left > right;
}

struct cost {
    double mean, p99;
};

/* Of a pair of 4 KiB, in seconds, while the other client's threads do that; with pauses before each, or without. */
static struct cost cost_beside(void *(*other)(void *), bool pauses)
{
    struct timespec pause = {0, 20000};
    static double seconds[SLOW_PAIRS];
    pthread_t threads[POLLERS];
    struct cost cost = {0, 0};
    begin();
    __atomic_store_n(&going, true, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < POLLERS; i++) {
        check(pthread_create(&threads[i], NULL, other, NULL) == 0, "threads");
    }
    for (unsigned i = 0; i < SLOW_PAIRS; i++) {
        if (pauses) {
            (void)nanosleep(&pause, NULL);
        }
        double began = bench_now();
        pair(4096);
        seconds[i] = bench_now() - began;
        cost.mean += seconds[i] / SLOW_PAIRS;
    }
    __atomic_store_n(&going, false, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < POLLERS; i++) {
        pthread_join(threads[i], NULL);
    }
    end();
    qsort(seconds, SLOW_PAIRS, sizeof(seconds[0]), compare);
    cost.p99 = seconds[SLOW_PAIRS * 99 / 100];
    return cost;
}

static void bench_beside(const char *name, void *(*other)(void *), bool tail, bool pauses, double target, size_t rounds)
{
    static double baseline[BENCH_MAXIMUM_ROUNDS];
    static double measured[BENCH_MAXIMUM_ROUNDS];
    for (size_t round = 0; round < rounds; round++) {
        struct cost quiet = cost_beside(send_refused, pauses);
        struct cost loud = cost_beside(other, pauses);
        baseline[round] = tail ? quiet.p99 : quiet.mean;
        measured[round] = tail ? loud.p99 : loud.mean;
    }
    struct bench_result result = {name, "beside null", false, target, bench_median_us(measured, rounds, 1)};
    bench_report(&result, measured, baseline, rounds);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: fair-bench ROUNDS [NAME...]\n");
        return 2;
    }
    size_t rounds = bench_rounds(argv[1], BENCH_MAXIMUM_ROUNDS);
    if (bench_selected("fair.alloc.64k", argc - 2, argv + 2)) {
        bench_allocation(rounds);
    }
    if (bench_selected("fair.alloc.pollers", argc - 2, argv + 2)) {
        bench_beside("fair.alloc.pollers", poll_scheduler, false, false, 1.5, rounds);
    }
    if (bench_selected("fair.polite.p99", argc - 2, argv + 2)) {
        bench_beside("fair.polite.p99", do_everything, true, false, 2.0, rounds);
    }
    if (bench_selected("fair.polite.refused", argc - 2, argv + 2)) {
        bench_beside("fair.polite.refused", ask_for_more, true, true, 2.0, rounds);
    }
    return 0;
}
