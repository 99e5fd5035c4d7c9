/* SPDX-License-Identifier: MIT */
/* The driver's state; driver.h has the contract. */

#include "driver/disk/device/driver.h"
#include "driver/nt/wine.h"

#define HOLD_TAG PLATFORM_TAG('B', 'd', 'H', 'o')

struct disk_hold {
    HANDLE control;
    PIO_WORKITEM closer;
};

struct disk_driver disk_driver;

void disk_driver_initialize(PDRIVER_OBJECT object, const struct disk_create_policy *policy)
{
    disk_driver = (struct disk_driver){.object = object, .outstanding = 1, .policy = *policy};
    ExInitializeFastMutex(&disk_driver.number_mutex);
    ram_reserve_initialize(&disk_driver.reserve);
    KeInitializeEvent(&disk_driver.all_gone, NotificationEvent, FALSE);
}

void disk_driver_destroy(void)
{
    ram_reserve_destroy(&disk_driver.reserve);
}

bool disk_driver_enter(void)
{
    __atomic_add_fetch(&disk_driver.outstanding, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&disk_driver.unloading, __ATOMIC_SEQ_CST)) {
        disk_driver_leave();
        return false;
    }
    return true;
}

void disk_driver_stay(void)
{
    __atomic_add_fetch(&disk_driver.outstanding, 1, __ATOMIC_RELAXED);
}

void disk_driver_leave(void)
{
    if (__atomic_sub_fetch(&disk_driver.outstanding, 1, __ATOMIC_ACQ_REL) == 0) {
        (void)KeSetEvent(&disk_driver.all_gone, IO_NO_INCREMENT, FALSE);
    }
}

void disk_driver_forbid_creation(void)
{
    disk_driver_lock_numbers();
    __atomic_store_n(&disk_driver.unloading, true, __ATOMIC_SEQ_CST);
    disk_driver_unlock_numbers();
}

void disk_driver_wait_until_left(void)
{
    disk_driver_leave();
    (void)KeWaitForSingleObject(&disk_driver.all_gone, Executive, KernelMode, FALSE, NULL);
}

void disk_driver_lock_numbers(void)
{
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    KeEnterCriticalRegion();
    ExAcquireFastMutexUnsafe(&disk_driver.number_mutex);
}

void disk_driver_unlock_numbers(void)
{
    ExReleaseFastMutexUnsafe(&disk_driver.number_mutex);
    KeLeaveCriticalRegion();
}

static void forbid_stop(void)
{
    disk_driver.held++;
    disk_driver.object->DriverUnload = NULL;
}

void disk_driver_allow_stop(void)
{
    if (--disk_driver.held == 0) {
        disk_driver.object->DriverUnload = disk_driver.unload;
    }
}

static void free_hold(struct disk_hold *hold)
{
    IoFreeWorkItem(hold->closer);
    platform_free(hold, sizeof(*hold), HOLD_TAG);
}

static struct disk_hold *create_hold(void)
{
    struct disk_hold *hold = platform_allocate(PLATFORM_POOL_NONPAGED, sizeof(*hold), HOLD_TAG);
    if (hold != NULL) {
        hold->closer = IoAllocateWorkItem(disk_driver.control);
        if (hold->closer == NULL) {
            platform_free(hold, sizeof(*hold), HOLD_TAG);
            hold = NULL;
        }
    }
    return hold;
}

/* Nothing is left that DriverUnload waits or looks for when it can run: what is last keeps the item's device. */
static void NTAPI close_hold(PDEVICE_OBJECT control, PVOID context)
{
    struct disk_hold hold = *(struct disk_hold *)context;
    UNREFERENCED_PARAMETER(control);
    platform_free(context, sizeof(hold), HOLD_TAG);
    disk_driver_leave();
    (void)ZwClose(hold.control);
    IoFreeWorkItem(hold.closer);
}

void disk_driver_let_go(struct disk_hold *hold)
{
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    disk_driver_stay();
    if (nt_in_wine) { /* where a work item does not keep the image, and no close waits for DriverUnload */
        close_hold(disk_driver.control, hold);
    } else {
        IoQueueWorkItem(hold->closer, close_hold, DelayedWorkQueue, hold);
    }
}

static NTSTATUS open_control(HANDLE *control)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(DISK_CONTROL_DEVICE);
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK io;
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    NTSTATUS status =
        ZwCreateFile(control, FILE_READ_ATTRIBUTES | SYNCHRONIZE, &attributes, &io, NULL, FILE_ATTRIBUTE_NORMAL,
                     FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, FILE_OPEN, 0, NULL, 0);
    return status == STATUS_NO_SUCH_DEVICE ? STATUS_DELETE_PENDING : status;
}

/* The first handle keeps DriverUnload from being called; the second finds out whether a stop has begun before there was none. */
NTSTATUS disk_driver_hold(struct disk_hold **result)
{
    HANDLE again;
    struct disk_hold *hold = create_hold();
    if (hold == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    NTSTATUS status = open_control(&hold->control);
    if (!NT_SUCCESS(status)) {
        free_hold(hold);
        return status;
    }
    disk_driver_lock_numbers();
    forbid_stop();
    disk_driver_unlock_numbers();
    status = open_control(&again);
    if (NT_SUCCESS(status)) {
        (void)ZwClose(again);
        *result = hold;
        return status;
    }
    disk_driver_lock_numbers();
    disk_driver_allow_stop();
    disk_driver_unlock_numbers();
    disk_driver_let_go(hold);
    return status;
}
