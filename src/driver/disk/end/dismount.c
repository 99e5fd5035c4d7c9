/* SPDX-License-Identifier: MIT */
/* Dismounting; dismount.h has the contract. */

#include "driver/disk/end/dismount.h"
#include "driver/disk/device/driver.h"
#include "driver/disk/device/names.h"
#include "driver/disk/device/volume.h"
#include "driver/nt/log.h"

/* ntifs.h of the oldest toolchain does not have them. */
#define CODE_LOCK_VOLUME     0x00090018u
#define CODE_DISMOUNT_VOLUME 0x00090020u

/* A second for others to close their files, and a few more attempts without waiting for them. */
#define INTERVAL_100NS       (100 * 10000ll)
#define ATTEMPTS             12
#define ATTEMPTS_WITH_LOCK   10

/* A fifth of one for who has locked it, and been answered. */
#define UNLOCKING_100NS      (10 * 10000)
#define UNLOCKING_ATTEMPTS   20

/* Half a minute for a file system that neither asks the disk for anything nor waits for it; three seconds for what has nothing to
 * write any more. One that writes is waited for within the caller's limit; one that only reads, flushes or trims for so many times of
 * these. */
#define PATIENCE_100NS       (30 * 10000000ll)
#define PATIENCE_LAST_100NS  (3 * 10000000ll)
#define READING_INTERVALS    20

enum {
    ASKER_IDLE,
    ASKER_ASKS,
    ASKER_HOLDS, /* what he has locked and dismounted, until that is closed */
    ASKER_ENDS,
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

/* Who was left alone wakes up, and the disk's name may be another's by now. */
static NTSTATUS check_device(HANDLE volume, const struct disk_device *device)
{
    PFILE_OBJECT file;
    NTSTATUS status = ObReferenceObjectByHandle(volume, 0, NULL, KernelMode, (PVOID *)&file, NULL);
    if (NT_SUCCESS(status)) {
        status = file->DeviceObject == device->object ? STATUS_SUCCESS : STATUS_NO_SUCH_DEVICE;
        ObDereferenceObject(file);
    }
    return status;
}

static NTSTATUS open_volume(const struct disk_device *device, HANDLE *volume)
{
    struct nt_name name;
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK io;
    disk_names_of_device(&device->disk, &name);
    InitializeObjectAttributes(&attributes, &name.string, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    NTSTATUS status = ZwCreateFile(volume, GENERIC_READ | SYNCHRONIZE, &attributes, &io, NULL, FILE_ATTRIBUTE_NORMAL,
                                   FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, FILE_OPEN,
                                   FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
    if (NT_SUCCESS(status)) {
        status = check_device(*volume, device);
        if (!NT_SUCCESS(status)) {
            (void)ZwClose(*volume);
        }
    }
    return status;
}

static NTSTATUS control(HANDLE volume, ULONG code)
{
    IO_STATUS_BLOCK io;
    return ZwFsControlFile(volume, NULL, NULL, NULL, &io, code, NULL, 0, NULL, 0);
}

static bool is_left(const struct disk_device *device)
{
    return __atomic_load_n(&device->asker.state, __ATOMIC_ACQUIRE) == ASKER_LEFT;
}

/*
 * Who has been left alone while he locked dismounts all the same: by this handle, so no other device, and what is mounted on one that
 * has gone meanwhile would otherwise keep that, and the driver, for ever.
 */
static NTSTATUS dismount_once(HANDLE volume, bool by_force)
{
    NTSTATUS status = control(volume, CODE_LOCK_VOLUME);
    return NT_SUCCESS(status) || by_force ? control(volume, CODE_DISMOUNT_VOLUME) : status;
}

static HANDLE dismount(struct disk_device *device)
{
    for (unsigned attempt = 0; attempt < ATTEMPTS && mounted(device) && !is_left(device); attempt++) {
        LARGE_INTEGER interval = {.QuadPart = -INTERVAL_100NS};
        HANDLE volume;
        NTSTATUS status = open_volume(device, &volume); /* anew: something else may be mounted by now */
        if (NT_SUCCESS(status)) {
            status = dismount_once(volume, attempt >= ATTEMPTS_WITH_LOCK);
            if (NT_SUCCESS(status)) {
                return volume;
            }
            (void)ZwClose(volume);
        }
        device->asker.status = status;
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
 * manager lets one at a time mount something on a device: who opens it waits for him. An open without memory for it tells
 * nothing of that, so that it is tried again, for a fifth of a second at most.
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

static HANDLE dismount_last(struct disk_device *device)
{
    LARGE_INTEGER interval = {.QuadPart = -UNLOCKING_100NS};
    for (unsigned i = 0; i < UNLOCKING_ATTEMPTS && !is_left(device) && !settled(device); i++) {
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
        disk_driver_allow_stop();
        disk_driver_unlock_numbers();
        disk_driver_let_go(device->hold);
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
    HANDLE volume = asker->question(device);
    if (volume != NULL && change(asker, ASKER_ASKS, ASKER_HOLDS)) {
        (void)KeSetEvent(&asker->changed, IO_NO_INCREMENT, FALSE);
        (void)KeWaitForSingleObject(&asker->close, Executive, KernelMode, FALSE, NULL);
    }
    if (volume != NULL) {
        (void)ZwClose(volume);
    }
    if (change(asker, ASKER_ASKS, ASKER_ENDS) || change(asker, ASKER_HOLDS, ASKER_ENDS)) {
        (void)KeSetEvent(&asker->changed, IO_NO_INCREMENT, FALSE);
    } else {
        nt_work_post(&disk_driver.work, &asker->work, end_left);
    }
}

struct progress {
    uint64_t requests, written;
    unsigned readings; /* intervals in which it asked for much and wrote nothing */
};

/* Whether nothing has gone on since the last time, or always the same; who waits for the disk, which may be slow itself, does not rest. */
static bool rests(struct disk_device *device, struct progress *progress)
{
    struct disk_counters now = disk_count(&device->disk);
    struct progress before = *progress;
    progress->written = now.written_bytes;
    progress->requests =
        now.read_requests + now.write_requests + now.flush_requests + now.trim_requests + now.failed_requests;
    if (progress->written != before.written) {
        progress->readings = 0;
        return false;
    }
    if (progress->requests != before.requests) {
        return ++progress->readings >= READING_INTERVALS;
    }
    return nt_irp_queue_count(&device->queue) == 0;
}

static void report(struct disk_device *device, ULONG event, NTSTATUS status)
{
    struct nt_name name;
    if (__atomic_exchange_n(&device->asker.reported, event, __ATOMIC_RELAXED) != event) {
        disk_names_write(&(struct disk_name){.number = device->disk.number}, &name);
        nt_log_failure(disk_driver.object, event, name.text, status);
    }
}

void disk_dismount_failed(struct disk_device *device, NTSTATUS status)
{
    report(device, NT_EVENT_NOT_DISMOUNTED, status);
}

/* Leaves him alone: the device's memory and the driver stay for him. False: he has just answered. */
static bool leave_alone(struct disk_device *device, LONG state)
{
    ObReferenceObject(device->object);
    disk_driver_stay();
    if (change(&device->asker, state, ASKER_LEFT)) {
        return true;
    }
    ObDereferenceObject(device->object);
    disk_driver_leave();
    return false;
}

/* Until he is not in this state any more, for as long as anything goes on, within the limit. False: he has been left alone. */
static bool wait_while(struct disk_device *device, LONG state, int64_t patience_100ns, int64_t limit_100ns)
{
    struct progress progress = {0};
    int64_t waited_100ns = 0;
    LARGE_INTEGER timeout = {.QuadPart = -patience_100ns};
    (void)rests(device, &progress);
    progress.readings = 0;
    while (KeWaitForSingleObject(&device->asker.changed, Executive, KernelMode, FALSE, &timeout) == STATUS_TIMEOUT) {
        waited_100ns += patience_100ns;
        bool enough = rests(device, &progress) || waited_100ns >= limit_100ns;
        if (enough && leave_alone(device, state)) {
            report(device, state == ASKER_HOLDS ? NT_EVENT_NOT_CLOSED : NT_EVENT_NOT_DISMOUNTED, STATUS_IO_TIMEOUT);
            return false;
        }
    }
    return true;
}

/* Without memory for a thread he is waited for as if he hung, and then nobody asks. */
static NTSTATUS start(struct disk_device *device, int64_t patience_100ns)
{
    struct disk_asker *asker = &device->asker;
    LARGE_INTEGER interval = {.QuadPart = -INTERVAL_100NS};
    NTSTATUS status = STATUS_INSUFFICIENT_RESOURCES;
    KeInitializeEvent(&asker->changed, SynchronizationEvent, FALSE);
    KeInitializeEvent(&asker->close, SynchronizationEvent, FALSE);
    for (int64_t waited = 0; waited < patience_100ns; waited += INTERVAL_100NS) {
        status = nt_thread_create(&asker->thread, ask, device);
        if (NT_SUCCESS(status)) {
            break;
        }
        (void)KeDelayExecutionThread(KernelMode, FALSE, &interval);
    }
    return status;
}

static void end(struct disk_asker *asker)
{
    nt_thread_join(&asker->thread);
    __atomic_store_n(&asker->state, ASKER_IDLE, __ATOMIC_RELEASE);
}

/* In a thread of its own, which keeps what it has locked. False: it has nothing, and *status says what is wrong, if anything is. */
static bool have_asked(struct disk_device *device, HANDLE (*question)(struct disk_device *device),
                       int64_t patience_100ns, int64_t limit_100ns, NTSTATUS *status)
{
    struct disk_asker *asker = &device->asker;
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    /* The system goes down while the disk does. */
    for (int64_t waited = 0; !change(asker, ASKER_IDLE, ASKER_ASKS); waited += INTERVAL_100NS) {
        LARGE_INTEGER interval = {.QuadPart = -INTERVAL_100NS};
        if (is_left(device) || waited >= limit_100ns) {
            *status = STATUS_IO_TIMEOUT;
            return false;
        }
        (void)KeDelayExecutionThread(KernelMode, FALSE, &interval);
    }
    asker->question = question;
    asker->status = STATUS_SUCCESS;
    *status = start(device, patience_100ns);
    if (!NT_SUCCESS(*status)) {
        __atomic_store_n(&asker->state, ASKER_IDLE, __ATOMIC_RELEASE);
        return false;
    }
    if (!wait_while(device, ASKER_ASKS, patience_100ns, limit_100ns)) {
        *status = STATUS_IO_TIMEOUT;
        return false;
    }
    *status = asker->status;
    if (__atomic_load_n(&asker->state, __ATOMIC_ACQUIRE) == ASKER_HOLDS) {
        return true;
    }
    end(asker);
    return false;
}

enum disk_dismounted disk_dismount(struct disk_device *device, int64_t limit_100ns)
{
    NTSTATUS status;
    if (have_asked(device, dismount, PATIENCE_100NS, limit_100ns, &status)) {
        return DISK_DISMOUNTED;
    }
    if (NT_SUCCESS(status) || !mounted(device)) {
        return DISK_NOT_MOUNTED;
    }
    disk_dismount_failed(device, status);
    return DISK_NOT_DISMOUNTED;
}

enum disk_dismounted disk_dismount_last(struct disk_device *device)
{
    NTSTATUS status;
    if (!in_use(device)) {
        return DISK_NOT_MOUNTED;
    }
    if (have_asked(device, dismount_last, PATIENCE_LAST_100NS, PATIENCE_LAST_100NS, &status)) {
        return DISK_DISMOUNTED;
    }
    if (!NT_SUCCESS(status) && disk_dismount_needed(device)) {
        disk_dismount_failed(device, status);
    }
    return DISK_NOT_MOUNTED;
}

void disk_dismount_end(struct disk_device *device, enum disk_dismounted done)
{
    if (done == DISK_DISMOUNTED) {
        (void)KeSetEvent(&device->asker.close, IO_NO_INCREMENT, FALSE);
        if (wait_while(device, ASKER_HOLDS, PATIENCE_LAST_100NS, PATIENCE_LAST_100NS)) {
            end(&device->asker);
        }
    }
}

bool disk_dismount_holds_driver(struct disk_device *device)
{
    device->asker.holds_driver = is_left(device);
    return device->asker.holds_driver;
}
