/* SPDX-License-Identifier: MIT */
/* Clock, medians and output of benchmarks; bench.h has the contract. */

#include "bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef _WIN32
#include <windows.h>
#else
#include <time.h>
#endif

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return left < right ? -1 : left > right;
}

double bench_median(double *values, size_t count)
{
    qsort(values, count, sizeof(*values), compare);
    return count % 2 != 0 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

double bench_median_us(const double *seconds, size_t rounds, double operations)
{
    static double sorted[BENCH_MAXIMUM_ROUNDS];
    memcpy(sorted, seconds, rounds * sizeof(*seconds));
    return bench_median(sorted, rounds) / operations * 1e6;
}

double bench_now(void)
{
#ifdef _WIN32
    LARGE_INTEGER count;
    LARGE_INTEGER frequency;
    QueryPerformanceCounter(&count);
    QueryPerformanceFrequency(&frequency);
    return (double)count.QuadPart / (double)frequency.QuadPart;
#else
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
#endif
}

size_t bench_rounds(const char *word, size_t maximum)
{
    size_t rounds = strtoul(word, NULL, 10);
    return rounds < 1 ? 1 : rounds > maximum ? maximum : rounds;
}

void bench_report(const struct bench_result *result, double *measured, const double *baseline, size_t rounds)
{
    for (size_t i = 0; i < rounds; i++) {
        measured[i] /= baseline[i];
    }
    double ratio = bench_median(measured, rounds);
    printf("{\"bench\":\"%s\",\"baseline\":\"%s\",\"ratio\":%.3f,\"better\":\"%s\",", result->name, result->baseline,
           ratio, result->higher_is_better ? "higher" : "lower");
    if (result->target != BENCH_NO_TARGET) {
        bool pass = result->higher_is_better ? ratio >= result->target : ratio <= result->target;
        printf("\"target\":%.2f,\"pass\":%s,", result->target, pass ? "true" : "false");
    } else {
        printf("\"target\":null,\"pass\":null,");
    }
    printf("\"median_us\":%.3f,\"rounds\":%u}\n", result->median_us, (unsigned)rounds);
    fflush(stdout);
}

bool bench_selected(const char *name, int words, char **word)
{
    for (int i = 0; i < words; i++) {
        if (strncmp(name, word[i], strlen(word[i])) == 0) {
            return true;
        }
    }
    return words == 0;
}
