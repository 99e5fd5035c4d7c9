/* SPDX-License-Identifier: MIT */
/* A small disk in memory to put partition tables on, and what a scan of it has found. */
#ifndef TESTS_UNIT_PARTITION_DISK_H
#define TESTS_UNIT_PARTITION_DISK_H

#include "core/image/partition.h"
#include "tests/harness/test.h"

#define SECTORS 300u

extern unsigned char disk[SECTORS * 4096];
extern uint64_t disk_size;
extern unsigned reads;        /* of the last scan */
extern unsigned failing_read; /* which one fails, from 1; 0: none */
extern struct partition found[300];
extern unsigned found_count;
extern unsigned stop_after;
extern struct partition_problem problems[8];
extern unsigned problem_count;

/* Little-endian numbers. */
void put(size_t offset, uint64_t value, unsigned bytes);
uint64_t get(size_t offset, unsigned bytes);

/* The signature of an MBR, or of an extended boot record; an entry with it, in sectors of 512 bytes. */
void put_record(uint64_t sector, uint32_t size);
void put_entry(uint64_t sector, unsigned i, unsigned type, uint32_t start, uint32_t length);

void clear(void);
enum partition_result scan(uint64_t offset, uint32_t sector_size, bool size_known);

/* The only problem of the last scan. */
void check_problem(enum partition_result kind, uint32_t number, uint64_t offset);

#endif
