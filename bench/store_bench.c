/* SPDX-License-Identifier: MIT */
/*
 * A RAM disk of the core on this machine, without any kernel, against memcpy with the same pattern of offsets on a flat array.
 *
 * store-bench ROUNDS [NAME...]
 */

#include "bench/bench.h"
#include "core/disk/disk.h"
#include "core/disk/ram.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE          (256u << 20)
#define MAXIMUM_BLOCK (1u << 20)
#define ROUND_BYTES   (64u << 20)

static unsigned char *flat;
static unsigned char *buffer;
static struct disk disk;

static uint64_t next_offset(uint64_t *random, size_t block)
{
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    return (*random >> 24) % (SIZE / block) * block;
}

static double run_memcpy(bool write, size_t block, uint64_t seed)
{
    double began = bench_now();
    for (size_t i = 0; i < ROUND_BYTES / block; i++) {
        uint64_t offset = next_offset(&seed, block);
        if (write) {
            memcpy(flat + offset, buffer, block);
        } else {
            memcpy(buffer, flat + offset, block);
        }
        __asm__ volatile("" ::: "memory");
    }
    return bench_now() - began;
}

static double run_store(bool write, size_t block, uint64_t seed)
{
    size_t transferred;
    double began = bench_now();
    for (size_t i = 0; i < ROUND_BYTES / block; i++) {
        uint64_t offset = next_offset(&seed, block);
        if (write) {
            (void)disk_write(&disk, offset, buffer, block, &transferred);
        } else {
            (void)disk_read(&disk, offset, buffer, block, &transferred);
        }
    }
    return bench_now() - began;
}

/* Time of the store over memcpy's (lower is better), or its throughput over memcpy's (higher is better). */
static void bench_transfer(const char *name, bool write, size_t block, bool throughput, double target, size_t rounds)
{
    static double baseline[BENCH_MAXIMUM_ROUNDS];
    static double measured[BENCH_MAXIMUM_ROUNDS];
    for (size_t round = 0; round < rounds; round++) {
        baseline[round] = run_memcpy(write, block, round + 1);
        measured[round] = run_store(write, block, round + 1);
    }
    size_t requests = ROUND_BYTES / block;
    double median_us = bench_median_us(measured, rounds, (double)requests);
    for (size_t round = 0; round < rounds && throughput; round++) {
        baseline[round] = 1 / baseline[round];
        measured[round] = 1 / measured[round];
    }
    struct bench_result result = {name, "memcpy", throughput, target, median_us};
    bench_report(&result, measured, baseline, rounds);
}

/* ---- two threads against one ---- */

#define SCALE_BLOCK    4096u
#define SCALE_THREADS  2
#define SCALE_REQUESTS 2048u /* of a slice, in each thread */
#define SCALE_SLICES   16u   /* of a round and kind, in turn: the median is what nobody has disturbed */

struct lane {
    bool flat; /* not the disk, but the array */
    bool write;
    bool count; /* the array's requests, too, on a line of the thread's own */
    uint64_t seed;
    _Alignas(64) uint64_t requests; /* atomic */
    _Alignas(64) unsigned char buffer[SCALE_BLOCK];
};

static _Alignas(4096) struct lane scale_lanes[SCALE_THREADS];
static pthread_barrier_t scale_begin, scale_end;
static bool scale_over;

static void run_lane(struct lane *lane)
{
    size_t transferred;
    for (size_t i = 0; i < SCALE_REQUESTS; i++) {
        uint64_t offset = next_offset(&lane->seed, SCALE_BLOCK);
        if (lane->flat && lane->write) {
            memcpy(flat + offset, lane->buffer, SCALE_BLOCK);
        } else if (lane->flat) {
            memcpy(lane->buffer, flat + offset, SCALE_BLOCK);
        } else if (lane->write) {
            (void)disk_write(&disk, offset, lane->buffer, SCALE_BLOCK, &transferred);
        } else {
            (void)disk_read(&disk, offset, lane->buffer, SCALE_BLOCK, &transferred);
        }
        if (lane->flat && lane->count) {
            (void)__atomic_add_fetch(&lane->requests, 1, __ATOMIC_ACQ_REL);
        }
        __asm__ volatile("" ::: "memory");
    }
}

static void *second_thread(void *context)
{
    for (;;) {
        pthread_barrier_wait(&scale_begin);
        if (scale_over) {
            return context;
        }
        run_lane(context);
        pthread_barrier_wait(&scale_end);
    }
}

/* Seconds that one or all threads take for a slice. */
static double run_slice(bool of_flat, bool write, bool all)
{
    for (unsigned i = 0; i < SCALE_THREADS; i++) {
        scale_lanes[i].flat = of_flat;
        scale_lanes[i].write = write;
    }
    if (all) {
        pthread_barrier_wait(&scale_begin);
    }
    double began = bench_now();
    run_lane(&scale_lanes[0]);
    if (all) {
        pthread_barrier_wait(&scale_end);
    }
    return bench_now() - began;
}

/* Median slices: one thread on the array, on the disk, all threads on the array, on the disk. */
static void run_slices(bool write, double median[4])
{
    double seconds[4][SCALE_SLICES];
    for (unsigned i = 0; i < SCALE_SLICES * 4; i++) {
        seconds[i % 4][i / 4] = run_slice(i % 2 == 0, write, i % 4 >= 2);
    }
    for (unsigned i = 0; i < 4; i++) {
        median[i] = bench_median(seconds[i], SCALE_SLICES);
    }
}

/*
 * How much more two threads do than one, against how much more they do with memcpy, or with memcpy and one atomic count: that
 * waits until all that was copied has left the processor's store buffer, as whoever leaves an epoch does.
 */
static void bench_scale(const char *name, bool write, bool count, size_t rounds)
{
    static double baseline[BENCH_MAXIMUM_ROUNDS];
    static double measured[BENCH_MAXIMUM_ROUNDS];
    static double seconds[BENCH_MAXIMUM_ROUNDS];
    pthread_t second;
    scale_over = false;
    memset(scale_lanes, 1, sizeof(scale_lanes));
    scale_lanes[0].count = scale_lanes[1].count = count;
    pthread_barrier_init(&scale_begin, NULL, SCALE_THREADS);
    pthread_barrier_init(&scale_end, NULL, SCALE_THREADS);
    if (pthread_create(&second, NULL, second_thread, &scale_lanes[1]) != 0) {
        return;
    }
    for (size_t round = 0; round < rounds; round++) {
        double median[4];
        scale_lanes[0].seed = 2 * round;
        scale_lanes[1].seed = 2 * round + 1;
        run_slices(write, median);
        baseline[round] = median[0] / median[2];
        measured[round] = median[1] / median[3];
        seconds[round] = median[3];
    }
    scale_over = true;
    pthread_barrier_wait(&scale_begin);
    pthread_join(second, NULL);
    pthread_barrier_destroy(&scale_end);
    pthread_barrier_destroy(&scale_begin);
    struct bench_result result = {name, count ? "memcpy + count" : "memcpy", true, 0.95,
                                  bench_median_us(seconds, rounds, SCALE_REQUESTS)};
    bench_report(&result, measured, baseline, rounds);
}

#define TRIM_SIZE (1u << 30)

/* Trimming everything, against freeing chunks of the same size; and how much of it is given back. */
static void bench_trim(size_t rounds)
{
    static double baseline[BENCH_MAXIMUM_ROUNDS];
    static double measured[BENCH_MAXIMUM_ROUNDS];
    static double freed[BENCH_MAXIMUM_ROUNDS];
    static double allocated[BENCH_MAXIMUM_ROUNDS];
    static void *chunks[TRIM_SIZE / RAM_CHUNK_SIZE];
    struct source_usage full, empty;
    size_t transferred;
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < TRIM_SIZE / RAM_CHUNK_SIZE; i++) {
            chunks[i] = malloc(RAM_CHUNK_SIZE);
            memset(chunks[i], 1, RAM_CHUNK_SIZE);
        }
        double began = bench_now();
        for (size_t i = 0; i < TRIM_SIZE / RAM_CHUNK_SIZE; i++) {
            free(chunks[i]);
        }
        baseline[round] = bench_now() - began;
        for (size_t offset = 0; offset < TRIM_SIZE; offset += MAXIMUM_BLOCK) {
            (void)disk_write(&disk, offset, buffer, MAXIMUM_BLOCK, &transferred);
        }
        (void)disk_usage(&disk, &full);
        began = bench_now();
        (void)disk_trim(&disk, 0, TRIM_SIZE);
        measured[round] = bench_now() - began;
        (void)disk_usage(&disk, &empty);
        allocated[round] = (double)(full.allocated_bytes + full.overhead_bytes);
        freed[round] = allocated[round] - (double)(empty.allocated_bytes + empty.overhead_bytes);
    }
    struct bench_result result = {"store.trim.1g", "free", false, 1.3, bench_median_us(measured, rounds, 1)};
    bench_report(&result, measured, baseline, rounds);
    struct bench_result back = {"store.trim.freed", "allocated", true, 0.99, result.median_us};
    bench_report(&back, freed, allocated, rounds);
}

static bool create_disk(struct disk *created, uint64_t size)
{
    struct disk_parameters parameters = {.geometry = {.size_bytes = size}, .maximum_size = size};
    struct source *source;
    void *lanes = malloc(disk_lanes_size());
    bool made = lanes != NULL && ram_create(PLATFORM_POOL_PAGED, &source) == BALLAST_SUCCESS &&
                disk_initialize(created, &parameters, source, lanes) == BALLAST_SUCCESS;
    if (!made) {
        free(lanes);
    }
    return made;
}

/* Memory besides the data, against what is allowed: 0.2 % of the data, 16 KiB, and 256 bytes a processor. */
static void bench_overhead(void)
{
    static struct disk sparse;
    double worst = 0;
    double allowed = 1;
    size_t transferred;
    if (!create_disk(&sparse, 1ull << 62)) {
        return;
    }
    for (uint64_t i = 0; i < 4096; i++) { /* chunks far from each other, the worst for any table */
        struct source_usage usage;
        (void)disk_write(&sparse, i * i * 65536 * 977, "x", 1, &transferred);
        (void)disk_usage(&sparse, &usage);
        double limit = (double)usage.allocated_bytes * 0.002 + 16384 + 256.0 * platform_processors();
        if ((double)usage.overhead_bytes * allowed > worst * limit) {
            worst = (double)usage.overhead_bytes;
            allowed = limit;
        }
    }
    disk_destroy(&sparse);
    struct bench_result result = {"store.overhead", "0.2 % + 16 KiB", false, 1.0, 0};
    bench_report(&result, &worst, &allowed, 1);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        bool write;
        size_t block;
        bool throughput;
        double target;
    } rows[] = {
        {"store.read.4k", false, 4096, false, 1.5},     {"store.write.4k", true, 4096, false, 1.5},
        {"store.read.64k", false, 65536, true, 0.90},   {"store.write.64k", true, 65536, true, 0.90},
        {"store.read.1m", false, 1u << 20, true, 0.90}, {"store.write.1m", true, 1u << 20, true, 0.90},
    };
    if (argc < 2) {
        fprintf(stderr, "usage: store-bench ROUNDS [NAME...]\n");
        return 2;
    }
    size_t transferred;
    size_t rounds = bench_rounds(argv[1], BENCH_MAXIMUM_ROUNDS);
    flat = malloc(SIZE);
    buffer = malloc(MAXIMUM_BLOCK);
    if (flat == NULL || buffer == NULL || !create_disk(&disk, TRIM_SIZE)) {
        fprintf(stderr, "store-bench: out of memory\n");
        return 1;
    }
    memset(flat, 1, SIZE);
    memset(buffer, 1, MAXIMUM_BLOCK);
    for (size_t offset = 0; offset < SIZE; offset += MAXIMUM_BLOCK) {
        (void)disk_write(&disk, offset, buffer, MAXIMUM_BLOCK, &transferred);
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (bench_selected(rows[i].name, argc - 2, argv + 2)) {
            bench_transfer(rows[i].name, rows[i].write, rows[i].block, rows[i].throughput, rows[i].target, rounds);
        }
    }
    static const struct {
        const char *name;
        bool write, count;
    } scales[] = {{"store.scale.read", false, false},
                  {"store.scale.write", true, false},
                  {"store.scale.write.counted", true, true}};
    for (size_t i = 0; i < sizeof(scales) / sizeof(scales[0]); i++) {
        if (bench_selected(scales[i].name, argc - 2, argv + 2)) {
            bench_scale(scales[i].name, scales[i].write, scales[i].count, rounds);
        }
    }
    if (bench_selected("store.trim.1g", argc - 2, argv + 2) || bench_selected("store.trim.freed", argc - 2, argv + 2)) {
        bench_trim(rounds);
    }
    if (bench_selected("store.overhead", argc - 2, argv + 2)) {
        bench_overhead();
    }
    disk_destroy(&disk);
    free(flat);
    free(buffer);
    return 0;
}
