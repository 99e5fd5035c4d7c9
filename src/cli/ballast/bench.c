/* SPDX-License-Identifier: MIT */
/* ballast disk bench: what a program sees of a disk's speed, one request at a time. */

#include "cli/ballast/disk.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>

#define MAXIMUM_SAMPLES 100000
#define BUFFER_SIZE     (1u << 20) /* the largest block */

struct pattern {
    const char *name;
    DWORD block;
    bool random;
    bool write;
};

static const struct pattern patterns[] = {
    {"read, random, 4 KiB", 4096, true, false},
    {"read, sequential, 1 MiB", 1u << 20, false, false},
    {"write, random, 4 KiB", 4096, true, true},
    {"write, sequential, 1 MiB", 1u << 20, false, true},
};

struct bench {
    HANDLE disk;
    uint64_t size;
    unsigned char *buffer;
    double *samples;
    OVERLAPPED overlapped;
};

static bool transfer(struct bench *bench, const struct pattern *pattern, uint64_t offset)
{
    DWORD count = 0;
    bench->overlapped.Offset = (DWORD)offset;
    bench->overlapped.OffsetHigh = (DWORD)(offset >> 32);
    BOOL done = pattern->write ? WriteFile(bench->disk, bench->buffer, pattern->block, NULL, &bench->overlapped)
                               : ReadFile(bench->disk, bench->buffer, pattern->block, NULL, &bench->overlapped);
    if (!done && GetLastError() != ERROR_IO_PENDING) {
        return false;
    }
    return GetOverlappedResult(bench->disk, &bench->overlapped, &count, TRUE) && count == pattern->block;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return left < right ? -1 : left > right;
}

static void print_line(const struct pattern *pattern, struct bench *bench, size_t count, double seconds, bool json)
{
    uint64_t bytes = (uint64_t)count * pattern->block;
    qsort(bench->samples, count, sizeof(double), compare);
    double median = bench->samples[count / 2] * 1e6;
    double p99 = bench->samples[count * 99 / 100] * 1e6;
    if (json) {
        json_open(NULL, '{');
        json_text("pattern", pattern->name);
        json_number("requests", count);
        json_number("bytes", bytes);
        json_real("seconds", seconds);
        json_real("median_us", median);
        json_real("p99_us", p99);
        json_close('}');
    } else {
        print("%-26s %12s  %8.0f requests/s  median %8.1f us  p99 %8.1f us\n", pattern->name, rate_text(bytes, seconds),
              (double)count / seconds, median, p99);
    }
}

static bool run_pattern(struct bench *bench, const struct pattern *pattern, double limit, bool json)
{
    uint64_t blocks = bench->size / pattern->block;
    uint64_t state = 0x9E3779B97F4A7C15u;
    size_t count = 0;
    if (blocks == 0) {
        return true; /* the disk is smaller than one block */
    }
    double began = now_seconds();
    double before = began;
    while (before - began < limit && count < MAXIMUM_SAMPLES && !interrupt_asked()) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        uint64_t block = pattern->random ? (state >> 20) % blocks : count % blocks;
        if (!transfer(bench, pattern, block * pattern->block)) {
            print_error("error: %s at offset %llu failed: error %lu\n", pattern->name,
                        (unsigned long long)(block * pattern->block), GetLastError());
            return false;
        }
        double after = now_seconds();
        bench->samples[count++] = after - before;
        before = after;
    }
    if (count == 0) {
        return true; /* interrupted */
    }
    print_line(pattern, bench, count, before - began, json);
    return true;
}

static bool run_all(struct bench *bench, bool write, double limit, bool json)
{
    bool ok = true;
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]) && ok; i++) {
        if ((write || !patterns[i].write) && !interrupt_asked()) {
            ok = run_pattern(bench, &patterns[i], limit, json);
        }
    }
    return ok;
}

static bool prepare(struct bench *bench, uint32_t number, bool write)
{
    wchar_t path[32];
    (void)swprintf(path, sizeof(path) / sizeof(path[0]), L"\\\\.\\ImDisk%u", number);
    bench->disk =
        CreateFileW(path, write ? GENERIC_READ | GENERIC_WRITE : GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                    OPEN_EXISTING, FILE_FLAG_OVERLAPPED | FILE_FLAG_NO_BUFFERING, NULL);
    bench->buffer = VirtualAlloc(NULL, BUFFER_SIZE, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    bench->samples = malloc(MAXIMUM_SAMPLES * sizeof(double));
    bench->overlapped.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (bench->disk == INVALID_HANDLE_VALUE || bench->buffer == NULL || bench->samples == NULL ||
        bench->overlapped.hEvent == NULL) {
        return false;
    }
    memset(bench->buffer, 0xA5, BUFFER_SIZE);
    return true;
}

static void clean_up(struct bench *bench)
{
    if (bench->overlapped.hEvent != NULL) {
        CloseHandle(bench->overlapped.hEvent);
    }
    free(bench->samples);
    if (bench->buffer != NULL) {
        VirtualFree(bench->buffer, 0, MEM_RELEASE);
    }
    if (bench->disk != INVALID_HANDLE_VALUE) {
        CloseHandle(bench->disk);
    }
}

static ballast_result measure(struct bench *bench, bool write, uint32_t seconds, bool json)
{
    if (json) {
        json_open(NULL, '[');
    }
    interrupt_watch();
    ballast_result result = run_all(bench, write, seconds, json) ? BALLAST_OK : BALLAST_FAILED;
    if (json) {
        if (result != BALLAST_OK) {
            json_open(NULL, '{');
            json_failure(result);
            json_close('}');
        }
        json_close(']');
        json_end();
    }
    if (interrupt_asked()) {
        print_error("error: interrupted%s\n", write ? "; the disk holds what was written" : "");
        result = BALLAST_INTERRUPTED;
    }
    return result;
}

ballast_result disk_bench(const struct arguments *arguments)
{
    uint32_t number;
    uint32_t seconds = 1;
    ballast_result result;
    ballast_error error;
    ballast_disk_info info = {.struct_size = sizeof(info)};
    struct bench bench = {.disk = INVALID_HANDLE_VALUE};
    bool write = option_given(arguments, L"write");
    if (!option_number(arguments, L"seconds", &seconds)) {
        return BALLAST_INVALID_ARGUMENT;
    }
    if (!disk_find(arguments->positions[0], &number, &result)) {
        return result;
    }
    result = ballast_disk_query(number, &info, &error);
    if (result != BALLAST_OK) {
        return fail(result, &error);
    }
    bench.size = info.size;
    if (prepare(&bench, number, write)) {
        result = measure(&bench, write, seconds, arguments->json);
    } else {
        print_error("error: cannot measure disk %u: error %lu\n", number, GetLastError());
        result = BALLAST_FAILED;
    }
    clean_up(&bench);
    return result;
}
