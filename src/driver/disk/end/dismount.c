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

/* A fifth of one for who is opening it, and has a handle perhaps; the I/O manager counts that before it mounts anything. */
#define OPENING_100NS        (10 * 10000)
#define OPENING_ATTEMPTS     20

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
    HANDLE volume = NULL;
    bool locked = false;
    for (unsigned attempt = 0; attempt < ATTEMPTS && mounted(device); attempt++) {
        LARGE_INTEGER interval = {.QuadPart = -INTERVAL_100NS};
        if (volume == NULL && !NT_SUCCESS(open_volume(device, &volume))) {
            volume = NULL;
        }
        locked = locked || (volume != NULL && control(volume, CODE_LOCK_VOLUME));
        if ((locked || (volume != NULL && attempt >= ATTEMPTS_WITH_LOCK)) && control(volume, CODE_DISMOUNT_VOLUME)) {
            break;
        }
        (void)KeDelayExecutionThread(KernelMode, FALSE, &interval);
    }
    return volume;
}

/* Whether what is mounted may change by itself: somebody is opening the device, or has locked it and been answered. */
static bool undecided(const struct disk_device *device)
{
    return disk_volume_flags(device) != VPB_MOUNTED &&
           __atomic_load_n(&device->object->ReferenceCount, __ATOMIC_RELAXED) != 0;
}

HANDLE disk_dismount_last(const struct disk_device *device)
{
    LARGE_INTEGER interval = {.QuadPart = -OPENING_100NS};
    for (unsigned i = 0; i < OPENING_ATTEMPTS && undecided(device); i++) {
        (void)KeDelayExecutionThread(KernelMode, FALSE, &interval);
    }
    return disk_dismount_needed(device) ? disk_dismount(device) : NULL;
}
