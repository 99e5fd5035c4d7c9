/* SPDX-License-Identifier: MIT */
/* Dismounting; dismount.h has the contract. */

#include "driver/disk/end/dismount.h"
#include "driver/disk/device/driver.h"
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

/* Half a minute for a file system that neither asks the disk for anything nor writes anything to it. */
#define PATIENCE_100NS       (30 * 10000000ll)

enum {
    ASKER_IDLE,
    ASKER_ASKS,
    ASKER_ANSWERED,
    ASKER_LEFT, /* alone with a file system that hangs; nobody else asks it */
};

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

static HANDLE dismount(const struct disk_device *device)
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

/* Whether something is mounted or somebody has it open: that is counted before he mounts anything. */
static bool in_use(const struct disk_device *device)
{
    return device->object->Vpb != NULL &&
           (disk_volume_flags(device) != 0 || __atomic_load_n(&device->object->ReferenceCount, __ATOMIC_RELAXED) != 0);
}

/*
 * Whether what is mounted, or not, stays so for want of others. Somebody may be mounting something who has read what he needs; the I/O
 * manager lets one at a time mount something on a device: who opens it waits for him.
 */
static bool settled(const struct disk_device *device)
{
    HANDLE volume;
    USHORT flags = disk_volume_flags(device);
    if (flags != 0 || !in_use(device)) {
        return flags != (VPB_MOUNTED | VPB_LOCKED);
    }
    NTSTATUS status = open_volume(device, &volume);
    if (NT_SUCCESS(status)) {
        (void)ZwClose(volume);
    }
    return status != STATUS_INSUFFICIENT_RESOURCES;
}

static HANDLE dismount_last(const struct disk_device *device)
{
    LARGE_INTEGER interval = {.QuadPart = -UNLOCKING_100NS};
    for (unsigned i = 0; i < UNLOCKING_ATTEMPTS && !settled(device); i++) {
        (void)KeDelayExecutionThread(KernelMode, FALSE, &interval);
    }
    return disk_dismount_needed(device) ? dismount(device) : NULL;
}

/* ---- not for ever ---- */

/* In the work thread. Nothing else of the device may be left by now; if it is, the file system may be asked again. */
static void end_left(struct nt_work *work)
{
    struct disk_device *device = CONTAINING_RECORD(work, struct disk_device, asker.work);
    nt_thread_join(&device->asker.thread);
    if (device->asker.holds_driver) {
        disk_driver_lock_numbers();
        disk_driver_let_go(device->held);
        disk_driver_unlock_numbers();
    }
    __atomic_store_n(&device->asker.state, ASKER_IDLE, __ATOMIC_RELEASE);
    ObDereferenceObject(device->object);
    disk_driver_leave();
}

static bool change(struct disk_asker *asker, LONG from, LONG to)
{
    return __atomic_compare_exchange_n(&asker->state, &from, to, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

static void ask(void *context)
{
    struct disk_device *device = context;
    struct disk_asker *asker = &device->asker;
    asker->answer = asker->question(device);
    if (!change(asker, ASKER_ASKS, ASKER_ANSWERED)) {
        if (asker->answer != NULL) {
            (void)ZwClose(asker->answer);
        }
        nt_work_post(&disk_driver.work, &asker->work, end_left);
    }
}

/* Whether nothing has been written since the last time, and nobody waits for the disk, which may be slow itself. */
static bool rests(struct disk_device *device, uint64_t *written)
{
    uint64_t before = *written;
    *written = disk_count(&device->disk).written_bytes;
    return *written == before && nt_irp_queue_count(&device->queue) == 0;
}

/* Leaves him alone: the device's memory and the driver stay for him. False: he has just answered. */
static bool leave_alone(struct disk_device *device)
{
    ObReferenceObject(device->object);
    disk_driver_stay();
    if (change(&device->asker, ASKER_ASKS, ASKER_LEFT)) {
        return true;
    }
    ObDereferenceObject(device->object);
    disk_driver_leave();
    return false;
}

/* In a thread of its own, which is waited for as long as anything goes on; in this one if there is no other. */
static HANDLE have_asked(struct disk_device *device, HANDLE (*question)(const struct disk_device *device))
{
    struct disk_asker *asker = &device->asker;
    uint64_t written = 0;
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    while (!change(asker, ASKER_IDLE, ASKER_ASKS)) { /* the system goes down while the disk does */
        LARGE_INTEGER interval = {.QuadPart = -INTERVAL_100NS};
        if (__atomic_load_n(&asker->state, __ATOMIC_RELAXED) == ASKER_LEFT) {
            return NULL;
        }
        (void)KeDelayExecutionThread(KernelMode, FALSE, &interval);
    }
    asker->question = question;
    if (NT_SUCCESS(nt_thread_create(&asker->thread, ask, device))) {
        (void)rests(device, &written);
        while (!nt_thread_ends(&asker->thread, PATIENCE_100NS)) {
            if (rests(device, &written) && leave_alone(device)) {
                return NULL;
            }
        }
        nt_thread_join(&asker->thread);
    } else {
        asker->answer = question(device);
    }
    HANDLE answer = asker->answer;
    __atomic_store_n(&asker->state, ASKER_IDLE, __ATOMIC_RELEASE);
    return answer;
}

HANDLE disk_dismount(struct disk_device *device)
{
    return have_asked(device, dismount);
}

HANDLE disk_dismount_last(struct disk_device *device)
{
    return in_use(device) ? have_asked(device, dismount_last) : NULL;
}

bool disk_dismount_holds_driver(struct disk_device *device)
{
    device->asker.holds_driver = __atomic_load_n(&device->asker.state, __ATOMIC_ACQUIRE) == ASKER_LEFT;
    return device->asker.holds_driver;
}
