/* SPDX-License-Identifier: MIT */
/* For tests: the system's clock. */
#ifndef SIM_API_CLOCK_H
#define SIM_API_CLOCK_H

#include <ntifs.h>

/* Somebody sets the clock: it is so much ahead of the host's from now on. */
void sim_system_time_shift(int64_t shift_100ns);

/* So long nothing happens, by the performance counter. */
void sim_time_passes(unsigned seconds);

#endif
