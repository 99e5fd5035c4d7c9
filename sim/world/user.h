/* SPDX-License-Identifier: MIT */
/* Processes. */
#ifndef SIM_WORLD_USER_H
#define SIM_WORLD_USER_H

#include "sim/api/user.h"

/* What it opens nobody checks. */
void sim_process_set_kernel(struct sim_process *process);

#endif
