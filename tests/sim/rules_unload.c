/* SPDX-License-Identifier: MIT */
/* Stopping a driver, as the service manager does it. */

#include "tests/sim/rules.h"

#define DEVICE "\\Device\\Wrong"

static NTSTATUS open_device(struct sim_process *process, struct sim_file **file)
{
    return sim_create_file(process, DEVICE, GENERIC_READ, file);
}

/* The devices are out of reach at once, and the driver goes with the last handle. */
static void stopped_while_open(void)
{
    struct sim_file *file;
    struct sim_file *second;
    struct sim_process *process = rules_load();
    CHECK_EQUAL(open_device(process, &file), STATUS_SUCCESS);
    CHECK_EQUAL(sim_stop(), STATUS_PENDING);
    CHECK_EQUAL(open_device(process, &second), STATUS_NO_SUCH_DEVICE);
    CHECK(wrong_driver->DeviceObject != NULL);
    sim_close(file);
    sim_settle();
    CHECK(wrong_driver->DeviceObject == NULL); /* DriverUnload has run */
    sim_kill_process(process);
    sim_unload();
}

static void stopped_at_once(void)
{
    struct sim_process *process = rules_load();
    CHECK_EQUAL(sim_stop(), STATUS_SUCCESS);
    CHECK(wrong_driver->DeviceObject == NULL);
    sim_kill_process(process);
    sim_unload();
}

static void refused(void)
{
    struct sim_file *file;
    struct sim_process *process = rules_load();
    DRIVER_UNLOAD *unload = wrong_driver->DriverUnload;
    wrong_driver->DriverUnload = NULL;
    CHECK_EQUAL(sim_stop(), STATUS_INVALID_DEVICE_REQUEST);
    CHECK_EQUAL(open_device(process, &file), STATUS_SUCCESS);
    sim_close(file);
    wrong_driver->DriverUnload = unload;
    sim_kill_process(process);
    sim_unload();
}

/* ---- who closes the last handle ---- */

static HANDLE last, thread;
static PIO_WORKITEM item;

/* The driver opens its own device; it is stopped, and soon nobody else has it open. */
static void stop(void)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"" DEVICE);
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK io;
    InitializeObjectAttributes(&attributes, &name, OBJ_KERNEL_HANDLE, NULL, NULL);
    CHECK_EQUAL(ZwCreateFile(&last, FILE_READ_ATTRIBUTES | SYNCHRONIZE, &attributes, &io, NULL, 0, FILE_SHARE_READ,
                             FILE_OPEN, 0, NULL, 0),
                STATUS_SUCCESS);
    CHECK_EQUAL(sim_stop(), STATUS_PENDING);
}

static void close_last(void)
{
    LARGE_INTEGER moment = {.QuadPart = -1000};
    while (__atomic_load_n(&wrong_device->ReferenceCount, __ATOMIC_RELAXED) != 1) {
        (void)KeDelayExecutionThread(KernelMode, FALSE, &moment);
    }
    (void)ZwClose(last);
}

static void close_in_thread(void *context)
{
    (void)context;
    close_last();
    (void)PsTerminateSystemThread(STATUS_SUCCESS);
}

static NTSTATUS thread_lets_driver_go(PIRP irp)
{
    OBJECT_ATTRIBUTES attributes;
    stop();
    InitializeObjectAttributes(&attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    CHECK_EQUAL(PsCreateSystemThread(&thread, 0, &attributes, NULL, NULL, close_in_thread, NULL), STATUS_SUCCESS);
    return good(irp);
}

static void close_in_item(PDEVICE_OBJECT device, PVOID context)
{
    (void)device;
    (void)context;
    close_last();
    IoFreeWorkItem(item);
}

static NTSTATUS item_lets_driver_go(PIRP irp)
{
    stop();
    item = IoAllocateWorkItem(wrong_device);
    IoQueueWorkItem(item, close_in_item, DelayedWorkQueue, NULL);
    return good(irp);
}

static NTSTATUS item_not_freed(PIRP irp)
{
    item = IoAllocateWorkItem(wrong_device);
    return good(irp);
}

void rules_stop(void)
{
    static const struct wrong rows[] = {ROW(thread_lets_driver_go, "unload"), ROW(item_not_freed, "leak")};
    rules_apart(stopped_while_open);
    rules_apart(stopped_at_once);
    rules_apart(refused);
    RULES_RUN(rows);
    rules_allow(item_lets_driver_go);
}
