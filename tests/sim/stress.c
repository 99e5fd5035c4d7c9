/* SPDX-License-Identifier: MIT */
/* Rounds of the stress tests; stress.h has the contract. */

#include "tests/sim/stress.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

DRIVER_INITIALIZE DriverEntry;

static const struct stress *test;
static unsigned long seconds = 5;
static uint64_t seed = 1;
static unsigned long requests; /* atomic */
static unsigned wrong;         /* atomic */

bool stress_explained(NTSTATUS status, const NTSTATUS *explained, size_t count)
{
    __atomic_add_fetch(&requests, 1, __ATOMIC_RELAXED);
    for (size_t i = 0; i < count; i++) {
        if (status == explained[i]) {
            return true;
        }
    }
    return false;
}

void stress_complain(const char *format, ...)
{
    char text[160];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    printf("# %s\n", text);
    __atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
}

/* The context is the round's seed times STRESS_THREADS plus the index. */
static void *act(void *context)
{
    test->act((struct test_random){(uintptr_t)context}, (uintptr_t)context % STRESS_THREADS);
    return NULL;
}

static void one_round(uint64_t round_seed)
{
    pthread_t threads[STRESS_THREADS];
    struct sim_options options = {.seed = round_seed,
                                  .delay_percent = (unsigned)(round_seed % 4 * 10),
                                  .nt52 = round_seed % 5 == 0,
                                  .hurry = test->hurry};
    if (test->choose != NULL) {
        test->choose(&options, round_seed);
    }
    sim_reset(&options);
    test->set_up();
    if (!CHECK_EQUAL(sim_load(DriverEntry), STATUS_SUCCESS)) {
        exit(1);
    }
    for (uintptr_t i = 0; i < STRESS_THREADS; i++) {
        pthread_create(&threads[i], NULL, act, (void *)(uintptr_t)(round_seed * STRESS_THREADS + i));
    }
    for (size_t i = 0; i < STRESS_THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    if (test->tear_down != NULL) {
        test->tear_down(round_seed);
    }
    sim_unload(); /* with whatever there is, and whatever closed handles have left to do */
}

static void everything_at_once(void)
{
    struct timespec began;
    struct timespec now;
    uint64_t rounds = 0;
    clock_gettime(CLOCK_MONOTONIC, &began);
    do {
        test_note("seed %llu", (unsigned long long)(seed + rounds));
        one_round(seed + rounds);
        rounds++;
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((unsigned long)(now.tv_sec - began.tv_sec) < seconds && wrong == 0);
    printf("# note: %llu rounds of %d threads, %lu requests, seeds from %llu\n", (unsigned long long)rounds,
           STRESS_THREADS, requests, (unsigned long long)seed);
    CHECK_EQUAL(wrong, 0);
}

int stress_main(const struct stress *stress, int argc, char **argv)
{
    static const struct test_case cases[] = {{"everything_at_once", everything_at_once}};
    test = stress;
    if (argc > 1) {
        seconds = strtoul(argv[1], NULL, 10);
    }
    if (argc > 2) {
        seed = strtoull(argv[2], NULL, 10);
    }
    return test_main(cases, 1, 1, argv);
}
