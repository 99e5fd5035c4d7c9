/* SPDX-License-Identifier: MIT */
/* What can be waited for: an event, a semaphore, or a thread's end. */
#ifndef SIM_GROUND_WAITABLE_H
#define SIM_GROUND_WAITABLE_H

#include <ntifs.h>

struct sim_waitable; /* an event, a semaphore, or a thread */
struct sim_waitable *sim_waitable_create(LONG count, LONG limit, bool automatic);
void sim_waitable_free(struct sim_waitable *waitable);
void sim_waitable_signal(struct sim_waitable *waitable, LONG count);
void sim_waitable_clear(struct sim_waitable *waitable);
/* False on timeout; timeout as NT's, NULL: for ever, which a watchdog bounds. */
bool sim_waitable_wait(struct sim_waitable *waitable, const LARGE_INTEGER *timeout);

#endif
