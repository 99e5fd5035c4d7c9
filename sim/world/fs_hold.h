/* SPDX-License-Identifier: MIT */
/* File systems that take their time, or hang. */
#ifndef SIM_WORLD_FS_HOLD_H
#define SIM_WORLD_FS_HOLD_H

#include "sim/kernel/device.h"

/* Returns when tests do not hold up `what` (any more), one of enum sim_hold. */
void sim_fs_hold(struct sim_device *device, unsigned what);
void sim_fs_hold_reset(void);

#endif
