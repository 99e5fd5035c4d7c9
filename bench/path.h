/* SPDX-License-Identifier: MIT */
/*
 * Counts the instructions of one kind of request under callgrind; bench/path.sh runs the programs and reads the counts.
 */
#ifndef BENCH_PATH_H
#define BENCH_PATH_H

#include <valgrind/callgrind.h>

#define PATH_REQUESTS        100

#define PATH_TEXT_OF(number) #number
#define PATH_TEXT(number)    PATH_TEXT_OF(number)

/* Counts PATH_REQUESTS of what `request` does, after as many that do not count. */
#define PATH_COUNT(name, request)                                   \
    do {                                                            \
        for (int i = 0; i < PATH_REQUESTS; i++) {                   \
            request;                                                \
        }                                                           \
        CALLGRIND_ZERO_STATS;                                       \
        for (int i = 0; i < PATH_REQUESTS; i++) {                   \
            request;                                                \
        }                                                           \
        CALLGRIND_DUMP_STATS_AT(name "/" PATH_TEXT(PATH_REQUESTS)); \
    } while (0)

#endif
