/* SPDX-License-Identifier: MIT */
/* Dismounting; dismount.h has the contract. */

#include "driver/disk/end/dismount.h"
#include "driver/disk/device/names.h"
#include "driver/disk/device/volume.h"

/* ntifs.h of the oldest toolchain does not have them. */
#define CODE_LOCK_VOLUME     0x00090018u
#define CODE_DISMOUNT_VOLUME 0x00090020u

/* A second for others to close their files, and a few more attempts without waiting for them. */
#define INTERVAL_100NS       (100 * 10000)
#define ATTEMPTS             12
#define ATTEMPTS_WITH_LOCK   10

/* A fifth of one for who has locked it, and been answered. */
#define UNLOCKING_100NS      (10 * 10000)
#define UNLOCKING_ATTEMPTS   20

static bool mounted(const struct disk_device *device)
{
    return (disk_volume_flags(device) & VPB_MOUNTED) != 0;
}

bool disk_dismount_needed(const struct disk_device *device)
{
    return disk_volume_flags(device) == VPB_MOUNTED;
}

static NTSTATUS open_volume(const struct disk_device *device, HANDLE *volume)
{
    struct nt_name name;
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK io;
    disk_names_of_device(&device->disk, &name);
    InitializeObjectAttributes(&attributes, &name.string, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    return ZwCreateFile(volume, GENERIC_READ | SYNCHRONIZE, &attributes, &io, NULL, FILE_ATTRIBUTE_NORMAL,
                        FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, FILE_OPEN, FILE_SYNCHRONOUS_IO_NONALERT,
                        NULL, 0);
}

static bool control(HANDLE volume, ULONG code)
{
    IO_STATUS_BLOCK io;
    return NT_SUCCESS(ZwFsControlFile(volume, NULL, NULL, NULL, &io, code, NULL, 0, NULL, 0));
}

HANDLE disk_dismount(const struct disk_device *device)
{
    for (unsigned attempt = 0; attempt < ATTEMPTS && mounted(device); attempt++) {
        LARGE_INTEGER interval = {.QuadPart = -INTERVAL_100NS};
        HANDLE volume;
        if (NT_SUCCESS(open_volume(device, &volume))) { /* anew: something else may be mounted by now */
            bool locked = control(volume, CODE_LOCK_VOLUME);
            if ((locked || attempt >= ATTEMPTS_WITH_LOCK) && control(volume, CODE_DISMOUNT_VOLUME)) {
                return volume;
            }
            (void)ZwClose(volume);
        }
        (void)KeDelayExecutionThread(KernelMode, FALSE, &interval);
    }
    return NULL;
}

/*
 * Whether what is mounted, or not, stays so for want of others. Somebody may be mounting something who has read what he needs; the I/O
 * manager has counted him, and lets one at a time mount something on a device: who opens it waits for him.
 */
static bool settled(const struct disk_device *device)
{
    HANDLE volume;
    USHORT flags = disk_volume_flags(device);
    if (flags != 0 || device->object->Vpb == NULL ||
        __atomic_load_n(&device->object->ReferenceCount, __ATOMIC_RELAXED) == 0) {
        return flags != (VPB_MOUNTED | VPB_LOCKED);
    }
    NTSTATUS status = open_volume(device, &volume);
    if (NT_SUCCESS(status)) {
        (void)ZwClose(volume);
    }
    return status != STATUS_INSUFFICIENT_RESOURCES;
}

HANDLE disk_dismount_last(const struct disk_device *device)
{
    LARGE_INTEGER interval = {.QuadPart = -UNLOCKING_100NS};
    for (unsigned i = 0; i < UNLOCKING_ATTEMPTS && !settled(device); i++) {
        (void)KeDelayExecutionThread(KernelMode, FALSE, &interval);
    }
    return disk_dismount_needed(device) ? disk_dismount(device) : NULL;
}
