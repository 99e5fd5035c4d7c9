/* SPDX-License-Identifier: MIT */
/* For tests: the calling thread. */
#ifndef SIM_API_THREAD_H
#define SIM_API_THREAD_H

#include <ntifs.h>

/* The calling thread's IRQL for requests that it makes: file systems may call at DISPATCH_LEVEL. */
void sim_set_irql(KIRQL irql);

/* How often the calling thread has taken a spin lock. */
unsigned sim_spin_locks_taken(void);

/* No special kernel APC reads from disks while this is on: who counts requests counts his own. */
void sim_hold_apcs(bool on);

/* The driver's next so many threads are not created; UINT_MAX: none, and what they were to dismount is deleted as it is. */
void sim_refuse_threads(unsigned count);

#endif
