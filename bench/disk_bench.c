/* SPDX-License-Identifier: MIT */
/*
 * The disk driver against the floors of ballastnull.sys: the same requests to both in turn, from the same program.
 *
 * disk-bench ROUNDS RAM_DISK FILE_DISK [NAME...]: the disks are numbers, of at least DISK_SIZE bytes each, filled with
 * data. Names select benchmarks by their beginning.
 */

#include "bench/bench.h"
#include "bench/device.h"
#include "ballast/disk_abi.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define DISK_SIZE       (64u << 20)
#define MAXIMUM_BLOCK   (1u << 20)
#define MAXIMUM_THREADS 4
#define MAXIMUM_ROUNDS  101
#define ROUND_SECONDS   0.03 /* what the calibrated number of requests takes the null driver */

const char bench_program[] = "disk-bench";

enum operation {
    OPERATION_READ,
    OPERATION_WRITE,
    OPERATION_QUERY,
};

struct load {
    enum operation operation;
    DWORD block;
    unsigned threads;
    unsigned requests; /* of each thread */
};

struct worker {
    HANDLE device;
    const struct load *load;
    unsigned char *buffer;
    HANDLE go;
    HANDLE done;
    uint64_t random;
};

static void one_request(struct worker *worker, OVERLAPPED *overlapped)
{
    const struct load *load = worker->load;
    DWORD expected = load->block;
    DWORD count = 0;
    BOOL ok;
    worker->random = worker->random * 6364136223846793005u + 1442695040888963407u;
    uint64_t offset =
        load->operation == OPERATION_QUERY ? 0 : (worker->random >> 24) % (DISK_SIZE / load->block) * load->block;
    overlapped->Offset = (DWORD)offset;
    overlapped->OffsetHigh = 0;
    switch (load->operation) {
    case OPERATION_READ:
        ok = ReadFile(worker->device, worker->buffer, load->block, NULL, overlapped);
        break;
    case OPERATION_WRITE:
        ok = WriteFile(worker->device, worker->buffer, load->block, NULL, overlapped);
        break;
    default:
        expected = sizeof(struct ballast_disk_state);
        ok = DeviceIoControl(worker->device, BALLAST_IOCTL_DISK_QUERY_STATE, NULL, 0, worker->buffer, expected, NULL,
                             overlapped);
        break;
    }
    if ((!ok && GetLastError() != ERROR_IO_PENDING) || !GetOverlappedResult(worker->device, overlapped, &count, TRUE) ||
        count != expected) {
        bench_die("request");
    }
}

static DWORD WINAPI work(void *context)
{
    struct worker *worker = context;
    OVERLAPPED overlapped = {.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL)};
    WaitForSingleObject(worker->go, INFINITE);
    for (unsigned i = 0; i < worker->load->requests; i++) {
        one_request(worker, &overlapped);
    }
    SetEvent(worker->done);
    CloseHandle(overlapped.hEvent);
    return 0;
}

/* Seconds from letting the threads go to the last one's end. */
static double run_threads(HANDLE device, const struct load *load, unsigned char *buffers)
{
    struct worker workers[MAXIMUM_THREADS];
    HANDLE threads[MAXIMUM_THREADS];
    HANDLE done[MAXIMUM_THREADS];
    HANDLE go = CreateEventA(NULL, TRUE, FALSE, NULL);
    for (unsigned i = 0; i < load->threads; i++) {
        done[i] = CreateEventA(NULL, TRUE, FALSE, NULL);
        workers[i] = (struct worker){device, load, buffers + (size_t)i * MAXIMUM_BLOCK, go, done[i], i + 1};
        threads[i] = CreateThread(NULL, 0, work, &workers[i], 0, NULL);
    }
    Sleep(1); /* all wait for `go` */
    double began = bench_now();
    SetEvent(go);
    WaitForMultipleObjects(load->threads, done, TRUE, INFINITE);
    double seconds = bench_now() - began;
    WaitForMultipleObjects(load->threads, threads, TRUE, INFINITE);
    for (unsigned i = 0; i < load->threads; i++) {
        CloseHandle(threads[i]);
        CloseHandle(done[i]);
    }
    CloseHandle(go);
    return seconds;
}

struct pair {
    double baseline, measured; /* seconds */
};

/* One thread: the two devices take turns request by request, so that whatever else the machine does hits both. */
static struct pair run_alternating(HANDLE null, HANDLE device, const struct load *load, unsigned char *buffers)
{
    struct pair pair = {0, 0};
    OVERLAPPED overlapped = {.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL)};
    struct worker baseline = {.device = null, .load = load, .buffer = buffers, .random = 1};
    struct worker measured = {.device = device, .load = load, .buffer = buffers, .random = 1};
    for (unsigned i = 0; i < load->requests; i++) {
        double began = bench_now();
        one_request(&baseline, &overlapped);
        double between = bench_now();
        one_request(&measured, &overlapped);
        pair.baseline += between - began;
        pair.measured += bench_now() - between;
    }
    CloseHandle(overlapped.hEvent);
    return pair;
}

/* Several threads: the two devices take turns run by run, in changing order. */
static struct pair run_pair(HANDLE null, HANDLE device, const struct load *load, unsigned char *buffers, size_t round)
{
    struct pair pair;
    if (load->threads == 1) {
        pair = run_alternating(null, device, load, buffers);
    } else if (round % 2 == 0) {
        pair.baseline = run_threads(null, load, buffers);
        pair.measured = run_threads(device, load, buffers);
    } else {
        pair.measured = run_threads(device, load, buffers);
        pair.baseline = run_threads(null, load, buffers);
    }
    return pair;
}

static void calibrate(HANDLE null, struct load *load, unsigned char *buffers)
{
    load->requests = 20;
    double seconds = run_threads(null, load, buffers);
    double wanted = ROUND_SECONDS / (seconds / load->requests);
    load->requests = wanted < 10 ? 10 : wanted > 2000 ? 2000 : (unsigned)wanted;
}

/* What a load is compared with; null/null.c says what each device does. */
enum floor {
    FLOOR_NULL,
    FLOOR_COPY,
    FLOOR_FILE,
    FLOORS,
};

static const struct {
    const char *name, *path;
} floors[FLOORS] = {
    {"null driver", "\\\\.\\BallastNull"},
    {"null + memcpy", "\\\\.\\BallastNullCopy"},
    {"thread + file", "\\\\.\\BallastNullFile"},
};

struct bench_disk {
    HANDLE device;
    HANDLE floors[FLOORS];
    unsigned char *buffers;
    size_t rounds;
};

static void bench_load(const struct bench_disk *disk, struct load load, const char *name, enum floor floor,
                       double target)
{
    static double baseline[MAXIMUM_ROUNDS];
    static double measured[MAXIMUM_ROUNDS];
    HANDLE null = disk->floors[floor];
    calibrate(null, &load, disk->buffers);
    for (size_t round = 0; round < disk->rounds; round++) {
        struct pair pair = run_pair(null, disk->device, &load, disk->buffers, round);
        baseline[round] = pair.baseline;
        measured[round] = pair.measured;
    }
    struct bench_result result = {
        .name = name,
        .baseline = floors[floor].name,
        .target = target,
        .median_us = bench_median_us(measured, disk->rounds, (double)load.requests * load.threads),
    };
    bench_report(&result, measured, baseline, disk->rounds);
}

#define READ(block, threads)              \
    {                                     \
        OPERATION_READ, block, threads, 0 \
    }
#define WRITE(block, threads)              \
    {                                      \
        OPERATION_WRITE, block, threads, 0 \
    }

/* Loads with the targets of their ratios; several floors for one load are several rows. */
struct row {
    const char *name;
    struct load load;
    enum floor floor;
    double target;
};

static const struct row ram_rows[] = {
    {"ram.read.4k.1t", READ(4096, 1), FLOOR_NULL, 1.05},
    {"ram.write.4k.1t", WRITE(4096, 1), FLOOR_NULL, 1.05},
    {"ram.read.64k.1t", READ(65536, 1), FLOOR_NULL, 1.10},
    {"ram.write.64k.1t", WRITE(65536, 1), FLOOR_NULL, 1.10},
    {"ram.read.1m.1t", READ(1u << 20, 1), FLOOR_COPY, 1.05},
    {"ram.write.1m.1t", WRITE(1u << 20, 1), FLOOR_COPY, 1.05},
    {"ram.read.4k.4t", READ(4096, 4), FLOOR_NULL, 1.05},
    {"ram.write.4k.4t", WRITE(4096, 4), FLOOR_NULL, 1.05},
    {"ram.read.64k.4t", READ(65536, 4), FLOOR_COPY, 1.05},
    {"ram.write.64k.4t", WRITE(65536, 4), FLOOR_COPY, 1.05},
    {"ram.read.1m.4t", READ(1u << 20, 4), FLOOR_COPY, 1.05},
    {"ram.write.1m.4t", WRITE(1u << 20, 4), FLOOR_COPY, 1.05},
    {"ram.query.1t", {OPERATION_QUERY, 0, 1, 0}, FLOOR_NULL, 1.05},
};

static const struct row file_rows[] = {
    {"file.read.4k.1t", READ(4096, 1), FLOOR_FILE, 1.3},
    {"file.write.4k.1t", WRITE(4096, 1), FLOOR_FILE, 1.3},
    {"file.read.4k.1t.null", READ(4096, 1), FLOOR_NULL, BENCH_NO_TARGET},
    {"file.write.4k.1t.null", WRITE(4096, 1), FLOOR_NULL, BENCH_NO_TARGET},
    {"file.read.1m.1t", READ(1u << 20, 1), FLOOR_FILE, BENCH_NO_TARGET},
    {"file.write.1m.1t", WRITE(1u << 20, 1), FLOOR_FILE, BENCH_NO_TARGET},
    {"file.read.4k.4t", READ(4096, 4), FLOOR_FILE, BENCH_NO_TARGET},
    {"file.write.4k.4t", WRITE(4096, 4), FLOOR_FILE, BENCH_NO_TARGET},
    {"file.query.1t", {OPERATION_QUERY, 0, 1, 0}, FLOOR_NULL, 1.05},
};

static void bench_disk(struct bench_disk *disk, const char *number, const struct row *rows, size_t count, int words,
                       char **word)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "\\\\.\\ImDisk%s", number);
    disk->device = bench_open_device(path);
    for (size_t i = 0; i < count; i++) {
        if (bench_selected(rows[i].name, words, word)) {
            bench_load(disk, rows[i].load, rows[i].name, rows[i].floor, rows[i].target);
        }
    }
    CloseHandle(disk->device);
}

int main(int argc, char **argv)
{
    struct bench_disk disk;
    if (argc < 4) {
        fprintf(stderr, "usage: disk-bench ROUNDS RAM_DISK FILE_DISK [NAME...]\n");
        return 2;
    }
    disk.rounds = bench_rounds(argv[1], MAXIMUM_ROUNDS);
    for (unsigned i = 0; i < FLOORS; i++) {
        disk.floors[i] = bench_open_device(floors[i].path);
    }
    disk.buffers =
        VirtualAlloc(NULL, (SIZE_T)MAXIMUM_THREADS * MAXIMUM_BLOCK, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    if (disk.buffers == NULL) {
        bench_die("memory");
    }
    memset(disk.buffers, 0xA5, (size_t)MAXIMUM_THREADS * MAXIMUM_BLOCK);
    bench_disk(&disk, argv[2], ram_rows, sizeof(ram_rows) / sizeof(ram_rows[0]), argc - 4, argv + 4);
    bench_disk(&disk, argv[3], file_rows, sizeof(file_rows) / sizeof(file_rows[0]), argc - 4, argv + 4);
    return 0;
}
