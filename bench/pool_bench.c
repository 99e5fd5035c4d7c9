/* SPDX-License-Identifier: MIT */
/*
 * The pinned pool's bookkeeping on this machine, without any kernel and without memory behind the blocks.
 *
 * pool.pair: each thread, with an owner of its own, allocates 64 KiB and frees them at once; pool.batch: it allocates 32
 * times and then frees all. The baseline is malloc and free of as many bytes as the pool's record of a block has, in the
 * same order. pool.live.N: replacing one of N live blocks, taken at random, against the same with malloc: what does not grow
 * with N is the pool's, what does the processor's caches cost both.
 *
 * pool-bench ROUNDS [NAME...]
 */

#include "bench/bench.h"
#include "core/mem/pool_internal.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAXIMUM_THREADS 4u
#define MAXIMUM_BATCH   32u
#define PAIRS           65536u /* a thread's, in a round */
#define SIZE            65536u
#define FEW             100u
#define MANY            100000u
#define LIVE_STEPS      20000u

static ballast_status no_section(uint64_t size, void **section)
{
    (void)size;
    *section = NULL;
    return BALLAST_SUCCESS;
}

static ballast_status no_view(void *section, uint64_t size, const struct pool_caller *caller, uint32_t access,
                              uint32_t options, struct pool_view *view)
{
    (void)section;
    (void)size;
    (void)caller;
    (void)access;
    (void)options;
    *view = (struct pool_view){0};
    return BALLAST_SUCCESS;
}

static void no_unmap(void *process, const struct pool_view *view)
{
    (void)process;
    (void)view;
}

static void nothing(void *object)
{
    (void)object;
}

static void no_lock(const struct pool_caller *caller, uint64_t size, struct pool_view *view)
{
    (void)caller;
    (void)size;
    (void)view;
}

static const struct pool_operations nowhere = {no_section, nothing, no_view, no_lock, no_unmap, nothing, nothing};

/* ---- threads: they begin together, and a round lasts until the last one has ended ---- */

struct job {
    struct pool_owner *owner; /* NULL: malloc */
    unsigned batch;
    pthread_barrier_t *start;
    double began, ended;
};

static void run_malloc(unsigned batch)
{
    void *blocks[MAXIMUM_BATCH];
    for (unsigned done = 0; done < PAIRS; done += batch) {
        for (unsigned i = 0; i < batch; i++) {
            blocks[i] = malloc(sizeof(struct pool_block));
            __asm__ volatile("" ::"r"(blocks[i]) : "memory");
        }
        for (unsigned i = 0; i < batch; i++) {
            free(blocks[i]);
        }
    }
}

static void run_pool(struct pool_owner *owner, unsigned batch)
{
    struct pool_result blocks[MAXIMUM_BATCH];
    struct pool_caller caller = {.process = owner, .process_id = 1};
    for (unsigned done = 0; done < PAIRS; done += batch) {
        for (unsigned i = 0; i < batch; i++) {
            if (ballast_failed(pool_allocate(owner, &caller, SIZE, 0, false, &blocks[i]))) {
                abort();
            }
        }
        for (unsigned i = 0; i < batch; i++) {
            if (ballast_failed(pool_free(owner, blocks[i].id))) {
                abort();
            }
        }
    }
}

static void *work(void *context)
{
    struct job *job = context;
    pthread_barrier_wait(job->start);
    job->began = bench_now();
    if (job->owner != NULL) {
        run_pool(job->owner, job->batch);
    } else {
        run_malloc(job->batch);
    }
    job->ended = bench_now();
    return NULL;
}

/*
 * Seconds from when the first of the threads began until the last one ended, each with PAIRS to do. Also one thread is not
 * the main one: with a single thread malloc need not fear others.
 */
static double run_threads(struct pool_owner **owners, unsigned threads, unsigned batch)
{
    pthread_t thread[MAXIMUM_THREADS];
    struct job jobs[MAXIMUM_THREADS];
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, threads);
    for (unsigned i = 0; i < threads; i++) {
        jobs[i] = (struct job){.owner = owners != NULL ? owners[i] : NULL, .batch = batch, .start = &start};
        if (pthread_create(&thread[i], NULL, work, &jobs[i]) != 0) {
            abort();
        }
    }
    double began = 0;
    double ended = 0;
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(thread[i], NULL);
        began = i == 0 || jobs[i].began < began ? jobs[i].began : began;
        ended = jobs[i].ended > ended ? jobs[i].ended : ended;
    }
    pthread_barrier_destroy(&start);
    return ended - began;
}

static struct pool *new_pool(uint64_t bytes, struct pool_owner **owners, unsigned count)
{
    struct pool *pool;
    struct pool_limits limits = {bytes, bytes, bytes, bytes, bytes, 0};
    if (ballast_failed(pool_create(&nowhere, &limits, &pool))) {
        abort();
    }
    for (unsigned i = 0; i < count; i++) {
        /* A process each, all of one user, as it is when the users of a machine are programs. */
        struct pool_identity identity = {.process = &owners[i], .process_id = i, .user = NULL};
        if (ballast_failed(pool_owner_open(pool, &identity, &owners[i]))) {
            abort();
        }
    }
    return pool;
}

static void report(const char *name, const char *baseline_name, double target, double *measured, double *baseline,
                   size_t rounds, double operations)
{
    struct bench_result result = {name, baseline_name, false, target, bench_median_us(measured, rounds, operations)};
    bench_report(&result, measured, baseline, rounds);
}

static void bench_threads(const char *name, unsigned threads, unsigned batch, double target, size_t rounds)
{
    static double measured[BENCH_MAXIMUM_ROUNDS];
    static double baseline[BENCH_MAXIMUM_ROUNDS];
    struct pool_owner *owners[MAXIMUM_THREADS];
    struct pool *pool = new_pool(BALLAST_AI_DEFAULT_POOL_BYTES, owners, threads);
    for (size_t round = 0; round < rounds; round++) {
        baseline[round] = run_threads(NULL, threads, batch);
        measured[round] = run_threads(owners, threads, batch);
    }
    report(name, "malloc+free", target, measured, baseline, rounds, (double)PAIRS * threads);
    pool_destroy(pool);
}

/* ---- live blocks ---- */

static unsigned next_index(uint64_t *random, unsigned count)
{
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)((*random >> 33) % count);
}

static double replace(struct pool_owner *owner, struct pool_result *blocks, unsigned count, uint64_t random)
{
    struct pool_caller caller = {.process = owner, .process_id = 1};
    double began = bench_now();
    for (unsigned i = 0; i < LIVE_STEPS; i++) {
        struct pool_result *block = &blocks[next_index(&random, count)];
        if (ballast_failed(pool_free(owner, block->id)) ||
            ballast_failed(pool_allocate(owner, &caller, SIZE, 0, false, block))) {
            abort();
        }
    }
    return bench_now() - began;
}

/* The first word of each block is written, as the pool's record is. */
static double replace_malloc(uint64_t **blocks, unsigned count, uint64_t random)
{
    double began = bench_now();
    for (unsigned i = 0; i < LIVE_STEPS; i++) {
        uint64_t **block = &blocks[next_index(&random, count)];
        free(*block);
        *block = malloc(sizeof(struct pool_block));
        **block = i;
    }
    return bench_now() - began;
}

static void bench_live(const char *name, unsigned count, size_t rounds)
{
    static double measured[BENCH_MAXIMUM_ROUNDS];
    static double baseline[BENCH_MAXIMUM_ROUNDS];
    static struct pool_result blocks[MANY];
    static uint64_t *allocated[MANY];
    struct pool_owner *owner;
    struct pool *pool = new_pool(2ull * MANY * SIZE, &owner, 1);
    struct pool_caller caller = {.process = owner, .process_id = 1};
    for (unsigned i = 0; i < count; i++) {
        allocated[i] = malloc(sizeof(struct pool_block));
        if (allocated[i] == NULL || ballast_failed(pool_allocate(owner, &caller, SIZE, 0, false, &blocks[i]))) {
            abort();
        }
    }
    for (size_t round = 0; round < rounds; round++) {
        baseline[round] = replace_malloc(allocated, count, round + 1);
        measured[round] = replace(owner, blocks, count, round + 1);
    }
    report(name, "malloc+free", BENCH_NO_TARGET, measured, baseline, rounds, LIVE_STEPS);
    for (unsigned i = 0; i < count; i++) {
        free(allocated[i]);
    }
    pool_destroy(pool);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        unsigned threads;
        unsigned batch;
        double target;
    } rows[] = {
        {"pool.pair.1t", 1, 1, 8.0},
        {"pool.pair.4t", 4, 1, 8.0},
        {"pool.batch.1t", 1, MAXIMUM_BATCH, 2.0},
        {"pool.batch.4t", 4, MAXIMUM_BATCH, 2.0},
    };
    if (argc < 2) {
        fprintf(stderr, "usage: pool-bench ROUNDS [NAME...]\n");
        return 2;
    }
    size_t rounds = bench_rounds(argv[1], BENCH_MAXIMUM_ROUNDS);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (bench_selected(rows[i].name, argc - 2, argv + 2)) {
            bench_threads(rows[i].name, rows[i].threads, rows[i].batch, rows[i].target, rounds);
        }
    }
    if (bench_selected("pool.live.100", argc - 2, argv + 2)) {
        bench_live("pool.live.100", FEW, rounds);
    }
    if (bench_selected("pool.live.100000", argc - 2, argv + 2)) {
        bench_live("pool.live.100000", MANY, rounds);
    }
    return 0;
}
