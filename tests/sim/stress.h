/* SPDX-License-Identifier: MIT */
/*
 * What the stress tests of the simulated kernel share: rounds of threads, each round with a seed of its own, from which
 * follow what the threads do, the delays at locks, waits and completions, and the version of NT. A round that went wrong
 * is run again by giving its seed.
 *
 * sim-...-stress [SECONDS [SEED]]: the first round has this seed, each following one the next.
 */
#ifndef TESTS_SIM_STRESS_H
#define TESTS_SIM_STRESS_H

#include "sim/sim.h"
#include "tests/harness/test.h"

#define STRESS_THREADS 6
#define STRESS_STEPS   60 /* of a thread in a round */

struct stress {
    unsigned hurry;       /* as in struct sim_options */
    void (*set_up)(void); /* the system, before the driver is loaded */
    /* Changes the options of a round; NULL: they are right. */
    void (*choose)(struct sim_options *options, uint64_t round_seed);
    /* Before the driver is unloaded, when the threads are done; NULL: nothing. */
    void (*tear_down)(uint64_t round_seed);
    /* What a thread does in a round; its index is below STRESS_THREADS. It leaves nothing that it has opened. */
    void (*act)(struct test_random random, uint64_t index);
};

/* The program: its arguments, the rounds, and the result. The driver is loaded and unloaded in each round. */
int stress_main(const struct stress *stress, int argc, char **argv);

/* ---- for the threads ---- */

/* Counts a request. False if its status is none of those that the race explains: the caller complains then. */
bool stress_explained(NTSTATUS status, const NTSTATUS *explained, size_t count);

/* Prints what went wrong, in one line. The round is the last one, and the test fails. */
void stress_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
