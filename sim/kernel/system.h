/* SPDX-License-Identifier: MIT */
/* The processes that the system lists. */
#ifndef SIM_KERNEL_SYSTEM_H
#define SIM_KERNEL_SYSTEM_H

#include "sim/api/system.h"

void sim_system_reset(void);

#endif
