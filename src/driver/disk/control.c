/* SPDX-License-Identifier: MIT */
/*
 * Device control: which codes come and go with devices, or ask about all of them, and who answers the others.
 *
 * IRQL: <= DISPATCH_LEVEL. What takes time is pended by its handler.
 */

#include "driver/disk/control.h"
#include "ballast/version.h"
#include "core/disk/control.h"
#include "core/disk/storage_abi.h"
#include "driver/disk/device/request.h"
#include "driver/disk/end/removal.h"
#include "driver/disk/make/create.h"
#include "driver/disk/serve/control.h"
#include "driver/nt/pool.h"

/* Who answers, besides the flags of request.h. */
#define ON_CONTROL         0x1000000u /* the control device */
#define ON_DISK            0x2000000u /* disks */

#define DRIVER_TAG_NUMBERS PLATFORM_TAG('B', 'd', 'N', 'o')

/* Works for both targets: the control device's is NULL. */
static ballast_status query_driver(void *target, struct request *request)
{
    (void)target;
    /* Disks that come and go between the two calls only change how much of the room is used. */
    uint32_t capacity = disk_device_numbers(NULL, 0) + 16;
    uint32_t *numbers = platform_allocate(PLATFORM_POOL_NONPAGED, capacity * sizeof(*numbers), DRIVER_TAG_NUMBERS);
    if (numbers == NULL) {
        return BALLAST_INSUFFICIENT_RESOURCES;
    }
    uint32_t count = disk_device_numbers(numbers, capacity);
    ballast_status status = disk_query_driver(numbers, count < capacity ? count : capacity, request);
    platform_free(numbers, capacity * sizeof(*numbers), DRIVER_TAG_NUMBERS);
    return status;
}

static ballast_status query_driver_state(void *target, struct request *request)
{
    struct ballast_disk_driver_state *state = request->buffer;
    (void)target;
    RtlZeroMemory(state, sizeof(*state));
    state->header.size_bytes = sizeof(*state);
    state->header.version = BALLAST_DISK_DRIVER_STATE_VERSION;
    state->version = BALLAST_VERSION_NUMBER;
    state->disks = disk_device_numbers(NULL, 0);
    nt_pool_report(state->pool);
    request->information = sizeof(*state);
    return BALLAST_SUCCESS;
}

static ballast_status create_device(void *target, struct request *request)
{
    (void)target;
    return disk_create_start(disk_request_irp(request), request);
}

static ballast_status start_removal(struct disk_device *device, const struct request *request)
{
    disk_removal_start(device, disk_request_irp(request));
    return BALLAST_PENDING;
}

static ballast_status eject(void *target, struct request *request)
{
    return start_removal(disk_request_device(target), request);
}

static ballast_status remove_device(void *target, struct request *request)
{
    uint32_t number;
    (void)target;
    RtlCopyMemory(&number, request->buffer, sizeof(number));
    struct disk_device *device = disk_device_find(number);
    if (device == NULL) {
        return BALLAST_OBJECT_NAME_NOT_FOUND;
    }
    ballast_status status = start_removal(device, request);
    disk_device_release(device);
    return status;
}

static const struct request_entry control_table[] = {
    ROW(IMDISK_IOCTL_QUERY_VERSION, ON_CONTROL | ON_DISK, 0, 4, INVALID_PARAMETER, INVALID_PARAMETER,
        disk_control_query_version),
    ROW(IMDISK_IOCTL_QUERY_DRIVER, ON_CONTROL | ON_DISK, 0, 4, INVALID_PARAMETER, INVALID_PARAMETER, query_driver),
    ROW(IMDISK_IOCTL_CREATE_DEVICE, ON_CONTROL | AT_PASSIVE, IMDISK_CREATE_DATA_MINIMUM, 0, INVALID_PARAMETER,
        INVALID_PARAMETER, create_device),
    ROW(IMDISK_IOCTL_REMOVE_DEVICE, ON_CONTROL, 4, 0, INVALID_PARAMETER, INVALID_PARAMETER, remove_device),
    ROW(BALLAST_IOCTL_DISK_QUERY_DRIVER_STATE, ON_CONTROL, 0, sizeof(struct ballast_disk_driver_state),
        INVALID_PARAMETER, BUFFER_TOO_SMALL, query_driver_state),
    ROW(IOCTL_DISK_EJECT_MEDIA, ON_DISK | MODIFIES, 0, 0, INVALID_PARAMETER, INVALID_PARAMETER, eject),
    ROW(IOCTL_STORAGE_EJECT_MEDIA, ON_DISK | MODIFIES, 0, 0, INVALID_PARAMETER, INVALID_PARAMETER, eject),
};

static const struct request_entry *find(uint32_t code, uint32_t role)
{
    return request_find(control_table, sizeof(control_table) / sizeof(control_table[0]), code, role);
}

/* `device` is acquired, or NULL for the control device. Completes the request unless it is pended. */
static NTSTATUS answer(struct disk_device *device, uint32_t role, struct disk_request *request)
{
    const struct request_entry *row = find(request->request.code, role);
    NTSTATUS status = STATUS_INVALID_DEVICE_REQUEST;
    if (row != NULL) {
        status = disk_request_check(device, row, request);
    }
    if (NT_SUCCESS(status)) {
        status = row->handler(device != NULL ? &device->disk : NULL, &request->request);
    }
    return status == STATUS_PENDING ? status : disk_request_complete(request, status);
}

static NTSTATUS dispatch_disk(struct disk_device *device, PIRP irp)
{
    if (!disk_device_acquire(device)) {
        return nt_complete(irp, STATUS_DEVICE_REMOVED, 0);
    }
    struct disk_request request = disk_request_read(device, irp);
    const struct request_entry *row = disk_control_find(request.request.code);
    if (row != NULL) {
        return disk_control_dispatch(device, row, &request);
    }
    NTSTATUS status = answer(device, ON_DISK, &request);
    disk_device_release(device);
    return status;
}

static NTSTATUS dispatch_control(PIRP irp)
{
    struct disk_request request = disk_request_read(NULL, irp);
    return answer(NULL, ON_CONTROL, &request);
}

NTSTATUS NTAPI disk_dispatch_device_control(PDEVICE_OBJECT object, PIRP irp)
{
    switch (device_role(object)) {
    case DEVICE_CONTROL:
        return dispatch_control(irp);
    case DEVICE_DISK:
        return dispatch_disk(object->DeviceExtension, irp);
    default:
        return nt_complete(irp, device_refusal(device_role(object)), 0);
    }
}
