/* SPDX-License-Identifier: MIT */
/* Volume parameter blocks: what is mounted on a device. */
#ifndef SIM_KERNEL_VPB_H
#define SIM_KERNEL_VPB_H

#include "sim/kernel/device.h"

/* The device's flags (VPB_...) after `set` have been set and `clear` cleared. */
USHORT sim_vpb_change(PDEVICE_OBJECT device, USHORT set, USHORT clear);

/*
 * Whether something is mounted that nobody has locked: nor had when this thread, which is the driver's, last looked at volume
 * parameter blocks, if it has not waited since. A lock may fall at any moment, and no driver can delete a device in the same one. Nor what hangs, or nobody has a thread to ask.
 */
bool sim_vpb_is_left(const struct sim_device *device);

/* What drivers look up by name: without the lock the flags may change any time. */
void sim_IoAcquireVpbSpinLock(PKIRQL irql);
void sim_IoReleaseVpbSpinLock(KIRQL irql);

#endif
