/* SPDX-License-Identifier: MIT */
/* What is decided by the seed: chance, and delays. */
#ifndef SIM_GROUND_CHANCE_H
#define SIM_GROUND_CHANCE_H

#include <stdbool.h>

/* Holds the thread up, now and then. */
void sim_delay(void);

/* True in about one of `number` calls, decided by the seed; never if it is 0. */
bool sim_one_in(unsigned number);

/* True in about `percent` of the calls, decided by the seed. */
bool sim_chance(unsigned percent);

#endif
