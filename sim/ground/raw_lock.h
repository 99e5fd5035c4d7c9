/* SPDX-License-Identifier: MIT */
/* Locks and references of the simulation itself. */
#ifndef SIM_GROUND_RAW_LOCK_H
#define SIM_GROUND_RAW_LOCK_H

#include <ntifs.h>

/*
 * A lock that ThreadSanitizer does not see, for the simulation's own lists: so that they do not order accesses of the
 * driver that nothing orders on NT.
 */
struct sim_raw_lock {
    int taken;
};
void sim_raw_lock(struct sim_raw_lock *lock);
void sim_raw_unlock(struct sim_raw_lock *lock);

/* Where NT orders what one thread did before with what another does after, by a lock of its own. */
void sim_publish(const void *object);
void sim_observe(const void *object);

/* Drops a reference; true if it was the last. What others did before they dropped theirs is ordered before that. */
bool sim_drop_reference(LONG *references);

/* What library functions called by this thread touch meanwhile is not ThreadSanitizer's business. */
void sim_unwatched_begin(void);
void sim_unwatched_end(void);

#endif
