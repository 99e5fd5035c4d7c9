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

/* Counts `count` times what `request` does, after as many that do not count. */
#define PATH_COUNT_OF(count, name, request)                 \
    do {                                                    \
        for (unsigned i = 0; i < (count); i++) {            \
            request;                                        \
        }                                                   \
        CALLGRIND_ZERO_STATS;                               \
        for (unsigned i = 0; i < (count); i++) {            \
            request;                                        \
        }                                                   \
        CALLGRIND_DUMP_STATS_AT(name "/" PATH_TEXT(count)); \
    } while (0)

#define PATH_COUNT(name, request) PATH_COUNT_OF(PATH_REQUESTS, name, request)

#endif
