/* SPDX-License-Identifier: MIT */
/*
 * A file system mounted on a disk, as far as who removes the disk sees it: it holds the device, has pages that it has not
 * written yet, and is locked and dismounted through handles. Locking takes that nothing else is open on the volume, as on NT.
 */

#include "sim/world/mounted.h"

#include "sim/ground/fault.h"
#include "sim/ground/raw_lock.h"
#include "sim/ground/violation.h"
#include "sim/world/paging.h"

#include <stdlib.h>
#include <string.h>

#define CODE_LOCK     0x00090018u
#define CODE_UNLOCK   0x0009001Cu
#define CODE_DISMOUNT 0x00090020u

static struct sim_raw_lock mounted_lock;
static struct {
    struct sim_device *device; /* NULL: nothing is mounted */
    const void *locker;        /* the handle that has locked it; stays when it is dismounted */
    unsigned files;
    unsigned locks, refusals;
    bool dirty;
    uint64_t offset;
    unsigned char page[SIM_MOUNTED_PAGE];
} mounted;

struct volume_handle {
    struct sim_device *device;
};

/* ---- for tests ---- */

NTSTATUS sim_mount(const char *path)
{
    struct sim_device *device = sim_device_find(path);
    if (device == NULL) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    bool opened = device->object.Vpb != NULL && sim_device_open(device);
    sim_device_dereference(device);
    if (!opened) {
        return STATUS_NO_SUCH_DEVICE;
    }
    sim_raw_lock(&mounted_lock);
    if (mounted.device != NULL) {
        sim_violation("test", "two file systems are mounted");
    }
    mounted.device = device;
    mounted.locker = NULL;
    sim_device_set_mounted(device, VPB_MOUNTED, 0);
    sim_raw_unlock(&mounted_lock);
    return STATUS_SUCCESS;
}

void sim_mounted_dirty(uint64_t offset, const void *page)
{
    memcpy(mounted.page, page, SIM_MOUNTED_PAGE);
    mounted.offset = offset;
    mounted.dirty = true;
}

void sim_mounted_set_files(unsigned files)
{
    mounted.files = files;
}

unsigned sim_mounted_locks(void)
{
    return mounted.locks;
}

unsigned sim_mounted_refusals(void)
{
    return mounted.refusals;
}

bool sim_is_mounted(void)
{
    sim_raw_lock(&mounted_lock);
    bool is = mounted.device != NULL;
    sim_raw_unlock(&mounted_lock);
    return is;
}

void sim_mounted_reset(void)
{
    memset(&mounted, 0, sizeof(mounted));
}

/* ---- what a file system does ---- */

static NTSTATUS flush(void)
{
    NTSTATUS status = STATUS_SUCCESS;
    if (mounted.dirty) {
        status = sim_paging_transfer(&mounted.device->object, true, mounted.offset, mounted.page, sizeof(mounted.page),
                                     NULL);
        mounted.dirty = !NT_SUCCESS(status);
    }
    return status;
}

static NTSTATUS lock_volume(struct sim_device *device, const void *who)
{
    /* Open are: what is mounted, and the handle that asks. */
    if (mounted.locker != NULL || mounted.files != 0 || sim_device_opens(device) != 2) {
        mounted.refusals++;
        return STATUS_ACCESS_DENIED;
    }
    NTSTATUS status = flush();
    if (NT_SUCCESS(status)) {
        mounted.locker = who;
        mounted.locks++;
        sim_device_set_mounted(device, VPB_LOCKED, 0);
    }
    return status;
}

static NTSTATUS unlock_volume(struct sim_device *device, const void *who)
{
    if (mounted.locker != who) {
        return STATUS_NOT_LOCKED;
    }
    mounted.locker = NULL;
    sim_device_set_mounted(device, 0, VPB_LOCKED);
    return STATUS_SUCCESS;
}

/* Whoever has files open loses them. */
static NTSTATUS dismount(struct sim_device *device, const void *who)
{
    if (mounted.locker != NULL && mounted.locker != who) {
        return STATUS_ACCESS_DENIED;
    }
    NTSTATUS status = flush();
    if (NT_SUCCESS(status)) {
        sim_raw_lock(&mounted_lock);
        mounted.device = NULL;
        sim_raw_unlock(&mounted_lock);
        sim_device_set_mounted(device, 0, VPB_MOUNTED);
        sim_device_close(device);
    }
    return status;
}

NTSTATUS sim_mounted_control(struct sim_device *device, const void *who, ULONG code)
{
    if (sim_fault("file system")) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (!sim_is_mounted() || mounted.device != device) {
        return STATUS_SUCCESS; /* RAW's business */
    }
    switch (code) {
    case CODE_LOCK:
        return lock_volume(device, who);
    case CODE_UNLOCK:
        return unlock_volume(device, who);
    case CODE_DISMOUNT:
        return dismount(device, who);
    default:
        return STATUS_INVALID_DEVICE_REQUEST;
    }
}

/* Closing unlocks. A file system whose device is gone notices it by then. */
void sim_mounted_closed(const void *who)
{
    struct sim_device *device = mounted.device;
    if (mounted.locker != who) {
        return;
    }
    mounted.locker = NULL;
    if (device == NULL) {
        return;
    }
    if (sim_device_deleted(device)) {
        mounted.device = NULL;
        sim_device_close(device);
    } else {
        sim_device_set_mounted(device, 0, VPB_LOCKED);
    }
}

/* ---- handles of drivers ---- */

NTSTATUS sim_volume_handle_open(const char *path, void **object)
{
    struct sim_device *device = sim_device_find(path);
    if (device == NULL) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    bool opened = sim_device_open(device);
    sim_device_dereference(device);
    if (!opened) {
        return STATUS_NO_SUCH_DEVICE;
    }
    struct volume_handle *handle = malloc(sizeof(*handle));
    handle->device = device;
    *object = handle;
    return STATUS_SUCCESS;
}

void sim_volume_handle_closed(void *object)
{
    struct volume_handle *handle = object;
    sim_mounted_closed(handle);
    sim_device_close(handle->device);
    free(handle);
}

NTSTATUS sim_volume_handle_control(void *object, ULONG code)
{
    return sim_mounted_control(((struct volume_handle *)object)->device, object, code);
}
