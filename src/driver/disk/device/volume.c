/* SPDX-License-Identifier: MIT */
/* Volume parameter blocks; volume.h has the contract. */

#include "driver/disk/device/volume.h"
#include "driver/nt/late.h"

USHORT disk_volume_flags(const struct disk_device *device)
{
    KIRQL irql;
    if (device->object->Vpb == NULL || nt_late.acquire_vpb_spin_lock == NULL || nt_late.release_vpb_spin_lock == NULL) {
        return 0;
    }
    nt_late.acquire_vpb_spin_lock(&irql); /* or a file system may exchange the block meanwhile */
    USHORT flags = device->object->Vpb->Flags;
    nt_late.release_vpb_spin_lock(irql);
    return flags & (VPB_MOUNTED | VPB_LOCKED);
}
