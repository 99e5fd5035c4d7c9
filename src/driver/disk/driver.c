/* SPDX-License-Identifier: MIT */
/* ballastdisk.sys: load and unload, entry points, the control device. */

#include "driver/disk/control.h"
#include "driver/disk/device/awealloc.h"
#include "driver/disk/device/device.h"
#include "driver/disk/device/driver.h"
#include "driver/disk/device/refresh.h"
#include "driver/disk/end/removal.h"
#include "driver/disk/end/shutdown.h"
#include "driver/disk/make/boot.h"
#include "driver/disk/serve/information.h"
#include "driver/disk/serve/transfer.h"
#include "driver/nt/late.h"
#include "driver/nt/link.h"
#include "driver/nt/pool.h"
#include "driver/nt/security.h"
#include "driver/nt/stack_protector.h"
#include "driver/nt/wine.h"

#define CONTROL_LINK            L"\\DosDevices\\ImDiskCtl"

/* Everybody may query; creating and removing takes a handle with read and write access. */
#define CONTROL_ACCESS_EVERYONE (FILE_GENERIC_READ)

/* As ImDisk on 32-bit kernels: below 2 GiB. */
#define MAXIMUM_MEMORY_DISK     (sizeof(void *) == 4 ? INT32_MAX : INT64_MAX)

static struct disk_boot boot;

DRIVER_INITIALIZE DriverEntry;

/* ---- opening and closing ---- */

static NTSTATUS NTAPI dispatch_create(PDEVICE_OBJECT object, PIRP irp)
{
    const FILE_OBJECT *file = IoGetCurrentIrpStackLocation(irp)->FileObject;
    const struct disk_device *device = object->DeviceExtension;
    NTSTATUS status = STATUS_SUCCESS;
    if (device_role(object) == DEVICE_DISK && __atomic_load_n(&device->removing, __ATOMIC_RELAXED) != 0) {
        status = STATUS_DEVICE_REMOVED;
    } else if (file != NULL && file->FileName.Length != 0) {
        status = STATUS_OBJECT_NAME_NOT_FOUND; /* the name behind the device's: nothing lives there */
    }
    return nt_complete(irp, status, 0);
}

static NTSTATUS NTAPI dispatch_close(PDEVICE_OBJECT object, PIRP irp)
{
    UNREFERENCED_PARAMETER(object);
    return nt_complete(irp, STATUS_SUCCESS, 0);
}

/* ---- loading ---- */

static NTSTATUS create_control_device(void)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(DISK_CONTROL_DEVICE);
    UNICODE_STRING link = RTL_CONSTANT_STRING(CONTROL_LINK);
    NTSTATUS status = IoCreateDevice(disk_driver.object, sizeof(struct device_extension), &name, IMDISK_DEVICE_TYPE,
                                     FILE_DEVICE_SECURE_OPEN, FALSE, &disk_driver.control);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = nt_device_protect(disk_driver.control, CONTROL_ACCESS_EVERYONE, CONTROL_ACCESS_EVERYONE);
    if (NT_SUCCESS(status)) {
        status = nt_link_create(&link, &name);
    }
    if (NT_SUCCESS(status)) {
        status = disk_shutdown_register(disk_driver.control);
        if (!NT_SUCCESS(status)) {
            (void)IoDeleteSymbolicLink(&link);
        }
    }
    if (!NT_SUCCESS(status)) {
        IoDeleteDevice(disk_driver.control);
        return status;
    }
    device_ready(disk_driver.control, DEVICE_CONTROL);
    return status;
}

static void delete_control_device(void)
{
    UNICODE_STRING link = RTL_CONSTANT_STRING(CONTROL_LINK);
    disk_shutdown_unregister(disk_driver.control);
    (void)IoDeleteSymbolicLink(&link);
    IoDeleteDevice(disk_driver.control);
}

/* Windows unloads only when nobody has a device open. Wine does not wait for that, nor for requests under way. */
static void NTAPI unload(PDRIVER_OBJECT object)
{
    UNREFERENCED_PARAMETER(object);
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    disk_driver_forbid_creation();
    disk_removal_start_all();
    disk_driver_wait_until_left();
    disk_boot_end(&boot);
    disk_awealloc_delete();
    delete_control_device();
    nt_work_thread_stop(&disk_driver.work);
    disk_shutdown_join();
    disk_refresh_delete();
    disk_driver_destroy();
    nt_pool_report_leaks("ballastdisk");
}

static NTSTATUS load(PDRIVER_OBJECT object, const UNICODE_STRING *service)
{
    static const struct disk_create_policy policy = {
        .maximum_devices = IMDISK_MAXIMUM_DEVICES,
        .maximum_memory_disk_bytes = MAXIMUM_MEMORY_DISK,
    };
    nt_wine_detect();
    nt_late_resolve();
    disk_driver_initialize(object, &policy);
    disk_device_initialize_list();
    disk_removal_initialize();
    NTSTATUS status = disk_boot_read_parameters(service, &boot);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = nt_work_thread_start(&disk_driver.work);
    if (!NT_SUCCESS(status)) {
        goto out;
    }
    disk_refresh_create();
    /* What is not named here the I/O manager has set to refuse. */
    object->MajorFunction[IRP_MJ_CREATE] = dispatch_create;
    object->MajorFunction[IRP_MJ_CLEANUP] = dispatch_close;
    object->MajorFunction[IRP_MJ_CLOSE] = dispatch_close;
    object->MajorFunction[IRP_MJ_READ] = disk_dispatch_transfer;
    object->MajorFunction[IRP_MJ_WRITE] = disk_dispatch_transfer;
    object->MajorFunction[IRP_MJ_FLUSH_BUFFERS] = disk_dispatch_transfer;
    object->MajorFunction[IRP_MJ_QUERY_INFORMATION] = disk_dispatch_information;
    object->MajorFunction[IRP_MJ_SET_INFORMATION] = disk_dispatch_information;
    object->MajorFunction[IRP_MJ_SHUTDOWN] = disk_dispatch_shutdown;
    object->MajorFunction[IRP_MJ_PNP] = disk_dispatch_pnp;
    object->MajorFunction[IRP_MJ_DEVICE_CONTROL] = disk_dispatch_device_control;
    object->MajorFunction[IRP_MJ_INTERNAL_DEVICE_CONTROL] = disk_dispatch_device_control;
    object->DriverUnload = disk_driver.unload = unload;
    status = create_control_device();
    if (NT_SUCCESS(status)) {
        disk_awealloc_create(object);
        disk_boot_create_disks(service, &boot);
        return status;
    }
    nt_work_thread_stop(&disk_driver.work);
    disk_refresh_delete();
out:
    disk_boot_end(&boot);
    return status;
}

NT_NO_STACK_PROTECTOR NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT object, PUNICODE_STRING registry_path)
{
    nt_stack_protector_seed();
    return load(object, registry_path);
}
