/* SPDX-License-Identifier: MIT */
/* Locks with an order, and what is forgotten with the memory it is in. */
#ifndef SIM_GROUND_LOCK_H
#define SIM_GROUND_LOCK_H

#include <ntifs.h>

struct sim_waitable;

struct sim_lock; /* not recursive; the simulation's side of a KSPIN_LOCK or FAST_MUTEX */

/* Called by the function that the driver initialises it with: where from decides its class in the order graph. */
struct sim_lock *sim_lock_create(const void *address, const char *kind);
/* Checks that *address is where `lock` was initialised and not a copy or garbage. */
void sim_lock_check(const struct sim_lock *lock, const void *address, const char *function);
void sim_lock_take(struct sim_lock *lock);
void sim_lock_drop(struct sim_lock *lock);
bool sim_lock_is_mine(const struct sim_lock *lock);

/* Waitables are registered with the address of the event or semaphore that they stand for. */
void sim_register_waitable(const void *address, struct sim_waitable *waitable);

/* Memory from `start` on is freed: no lock in it may be held; locks and waitables in it are forgotten. */
void sim_objects_forget(const void *start, size_t size);
void sim_objects_forget_all(void);

#endif
