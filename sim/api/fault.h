/* SPDX-License-Identifier: MIT */
/* For tests: fault injection. */
#ifndef SIM_API_FAULT_H
#define SIM_API_FAULT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A fallible call. Its place is the kernel function and its callers in the driver, innermost first, as in
 * "ZwReadFile<transfer_once<transfer<source_read@5e07", and which of their calls these are; the occurrence says how many
 * calls at this place there have been with it. Which thread makes the call, and what others do meanwhile, is no part of it: both differ from run to run.
 */
struct sim_fault_point {
    char place[192];
    unsigned occurrence;
};

/* From now on calls are recorded, until sim_fault_stop, and this one fails; NULL: none does. */
void sim_fault_watch(const struct sim_fault_point *fails);

/* Points that have been passed, up to `room`; how many there were. */
size_t sim_fault_stop(struct sim_fault_point *points, size_t room);

/* Whether the call that was to fail has been made. */
bool sim_fault_hit(void);

/* The n-th fallible call from now on fails, once, whoever makes it; 0: none. */
void sim_fault_at(unsigned long n);

#endif
