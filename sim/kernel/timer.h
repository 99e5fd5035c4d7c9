/* SPDX-License-Identifier: MIT */
/* Timers. */
#ifndef SIM_KERNEL_TIMER_H
#define SIM_KERNEL_TIMER_H

/* Timers whose DPC has not run yet. */
void sim_timers_check_idle(void);

#endif
