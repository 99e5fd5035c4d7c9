/* SPDX-License-Identifier: MIT */
/* The options of the running simulation. */
#ifndef SIM_GROUND_OPTIONS_H
#define SIM_GROUND_OPTIONS_H

#include "sim/api/options.h"

const struct sim_options *sim_get_options(void);

/* Replaces those that are 0 and have a meaning then. */
void sim_set_options(const struct sim_options *options);

#endif
