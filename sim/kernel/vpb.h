/* SPDX-License-Identifier: MIT */
/* Volume parameter blocks: what is mounted on a device. */
#ifndef SIM_KERNEL_VPB_H
#define SIM_KERNEL_VPB_H

#include <ntifs.h>

/* The device's flags (VPB_...) after `set` have been set and `clear` cleared. */
USHORT sim_vpb_change(PDEVICE_OBJECT device, USHORT set, USHORT clear);

/* What drivers look up by name: without the lock the flags may change any time. */
void sim_IoAcquireVpbSpinLock(PKIRQL irql);
void sim_IoReleaseVpbSpinLock(KIRQL irql);

#endif
