/* SPDX-License-Identifier: MIT */
/* The registry. */
#ifndef SIM_KERNEL_CM_H
#define SIM_KERNEL_CM_H

#include "sim/api/registry.h"

void sim_registry_reset(void);

#endif
