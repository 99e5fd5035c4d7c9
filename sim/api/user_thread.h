/* SPDX-License-Identifier: MIT */
/* For tests: threads of users. */
#ifndef SIM_API_USER_THREAD_H
#define SIM_API_USER_THREAD_H

#include <ntifs.h>

/* The one thread that PsLookupThreadByThreadId finds, and the base priority it has been given. */
void sim_user_thread_set(uint32_t id, bool administrators);
LONG sim_user_thread_priority(void);

#endif
