/* SPDX-License-Identifier: MIT */
/* The device that ImDisk's programs look for; awealloc.h has the contract. */

#include "driver/disk/device/awealloc.h"
#include "driver/disk/device/device.h"
#include "driver/nt/link.h"
#include "driver/nt/security.h"

static UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\AWEAlloc");
static UNICODE_STRING link = RTL_CONSTANT_STRING(L"\\DosDevices\\AWEAlloc");
static PDEVICE_OBJECT device;

void disk_awealloc_create(PDRIVER_OBJECT driver)
{
    NTSTATUS status = IoCreateDevice(driver, sizeof(struct device_extension), &name, FILE_DEVICE_NULL,
                                     FILE_DEVICE_SECURE_OPEN, FALSE, &device);
    if (!NT_SUCCESS(status)) {
        device = NULL;
        return;
    }
    status = nt_device_protect(device, FILE_GENERIC_READ, FILE_GENERIC_READ);
    if (NT_SUCCESS(status)) {
        status = nt_link_create(&link, &name);
    }
    if (!NT_SUCCESS(status)) {
        IoDeleteDevice(device);
        device = NULL;
        return;
    }
    device_ready(device, DEVICE_NAME);
}

void disk_awealloc_delete(void)
{
    if (device != NULL) {
        (void)IoDeleteSymbolicLink(&link);
        IoDeleteDevice(device);
        device = NULL;
    }
}
