/* SPDX-License-Identifier: MIT */
/*
 * What benchmarks share. A benchmark measures itself and a baseline in turn, round by round, in one process; its ratio is
 * the median of the rounds' ratios. Each result is one line of JSON on standard output; bench/run makes a table of them.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>

#define BENCH_NO_TARGET      0.0
#define BENCH_MAXIMUM_ROUNDS 1001u

struct bench_result {
    const char *name;
    const char *baseline;
    bool higher_is_better;
    double target;    /* of the ratio, or BENCH_NO_TARGET */
    double median_us; /* of one operation of what is measured, not of the baseline */
};

/* measured[i] / baseline[i] for each round; sorts both arrays' ratios in place of nothing the caller needs afterwards. */
void bench_report(const struct bench_result *result, double *measured, const double *baseline, size_t rounds);

/* Sorts. */
double bench_median(double *values, size_t count);

/* Median time of one operation in microseconds, of rounds that took so many seconds for `operations` each. */
double bench_median_us(const double *seconds, size_t rounds, double operations);

/* Seconds since some moment, by a clock that only goes forward. */
double bench_now(void);

/* How many rounds the program was told to do: at least 1, at most `maximum`. */
size_t bench_rounds(const char *word, size_t maximum);

/* Whether `name` begins with one of the words that the program was given (all do if there are none). */
bool bench_selected(const char *name, int words, char **word);

#endif
