/* SPDX-License-Identifier: MIT */
/* For tests: threads that are not scheduled in the middle of a copy. */
#ifndef SIM_API_COPY_H
#define SIM_API_COPY_H

#include <stddef.h>

/* Copies of exactly so many bytes by the driver do not end while this is on; 0: off. How many there are now. */
void sim_copy_hold(size_t size);
unsigned sim_copies_held(void);

#endif
