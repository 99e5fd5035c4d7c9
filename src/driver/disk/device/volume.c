/* SPDX-License-Identifier: MIT */
/* Volume parameter blocks; volume.h has the contract. */

#include "driver/disk/device/volume.h"
#include "driver/nt/late.h"

/* Without the lock a file system may exchange the block meanwhile. False: there is none. */
static bool lock_block(const struct disk_device *device, KIRQL *irql)
{
    if (device->object->Vpb == NULL || nt_late.acquire_vpb_spin_lock == NULL || nt_late.release_vpb_spin_lock == NULL) {
        return false;
    }
    nt_late.acquire_vpb_spin_lock(irql);
    return true;
}

USHORT disk_volume_flags(const struct disk_device *device)
{
    KIRQL irql;
    if (!lock_block(device, &irql)) {
        return 0;
    }
    USHORT flags = device->object->Vpb->Flags;
    nt_late.release_vpb_spin_lock(irql);
    return flags & (VPB_MOUNTED | VPB_LOCKED);
}

bool disk_volume_refuse_mounts(struct disk_device *device)
{
    KIRQL irql;
    bool locked = lock_block(device, &irql);
    bool refused = !locked || (device->object->Vpb->Flags & (VPB_MOUNTED | VPB_LOCKED)) != VPB_MOUNTED;
    if (refused) {
        __atomic_store_n(&device->leaving, 2, __ATOMIC_SEQ_CST);
    }
    if (locked) {
        nt_late.release_vpb_spin_lock(irql);
    }
    return refused;
}
