/* SPDX-License-Identifier: MIT */
/* The disk of the tests of partition tables; partition_disk.h has the contract. */

#include "tests/unit/partition_disk.h"

#include <string.h>

unsigned char disk[SECTORS * 4096];
uint64_t disk_size;
unsigned reads;
unsigned failing_read;
struct partition found[300];
unsigned found_count;
unsigned stop_after;
struct partition_problem problems[8];
unsigned problem_count;

static bool read_disk(void *context, uint64_t offset, void *buffer, uint32_t length)
{
    (void)context;
    reads++;
    if (reads == failing_read || offset > disk_size || disk_size - offset < length) {
        return false;
    }
    memcpy(buffer, disk + offset, length);
    return true;
}

static bool collect(void *context, const struct partition *partition)
{
    (void)context;
    if (found_count < sizeof(found) / sizeof(found[0])) {
        found[found_count++] = *partition;
    }
    return found_count != stop_after;
}

static void note_problem(void *context, const struct partition_problem *problem)
{
    (void)context;
    if (problem_count < sizeof(problems) / sizeof(problems[0])) {
        problems[problem_count] = *problem;
    }
    problem_count++;
}

void put(size_t offset, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        disk[offset + i] = (unsigned char)(value >> 8 * i);
    }
}

uint64_t get(size_t offset, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++) {
        value |= (uint64_t)disk[offset + i] << 8 * i;
    }
    return value;
}

void put_record(uint64_t sector, uint32_t size)
{
    put(sector * size + 510, 0xAA55, 2);
}

void put_entry(uint64_t sector, unsigned i, unsigned type, uint32_t start, uint32_t length)
{
    size_t entry = (size_t)sector * 512 + 446 + (size_t)i * 16;
    put_record(sector, 512);
    put(entry + 4, type, 1);
    put(entry + 8, start, 4);
    put(entry + 12, length, 4);
}

void clear(void)
{
    memset(disk, 0, sizeof(disk));
    disk_size = sizeof(disk);
    stop_after = 0;
    failing_read = 0;
}

enum partition_result scan(uint64_t offset, uint32_t sector_size, bool size_known)
{
    struct partition_image image = {.read = read_disk,
                                    .offset = offset,
                                    .size = size_known ? disk_size : 0,
                                    .sector_size = sector_size,
                                    .problem = note_problem};
    found_count = 0;
    problem_count = 0;
    reads = 0;
    return partition_scan(&image, collect, NULL);
}

void check_problem(enum partition_result kind, uint32_t number, uint64_t offset)
{
    CHECK_EQUAL(problem_count, 1);
    CHECK_EQUAL(problems[0].kind, kind);
    CHECK_EQUAL(problems[0].number, number);
    CHECK_EQUAL(problems[0].offset, offset);
}
