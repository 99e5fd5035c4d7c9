/* SPDX-License-Identifier: MIT */
/* System threads. */
#ifndef SIM_KERNEL_PS_H
#define SIM_KERNEL_PS_H

#include <ntifs.h>

struct sim_waitable;

bool sim_threads_are_refused(void); /* for ever */
void sim_threads_reset(void);
void sim_threads_check_joined(void);
void sim_thread_handle_closed(void *thread);
struct sim_waitable *sim_thread_waitable(void *thread);

#endif
