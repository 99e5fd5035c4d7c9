/* SPDX-License-Identifier: MIT */
/* Io: the devices of the driver. */

#include "sim/kernel/device.h"

#include "sim/api/process.h"
#include "sim/ground/chance.h"
#include "sim/ground/fault.h"
#include "sim/ground/lock.h"
#include "sim/ground/raw_lock.h"
#include "sim/ground/thread.h"
#include "sim/ground/violation.h"
#include "sim/kernel/driver.h"
#include "sim/kernel/names.h"
#include "sim/kernel/rtl.h"
#include "sim/kernel/vpb.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAME_SIZE 512

static struct sim_raw_lock devices_lock;
static struct sim_device *devices;
static bool unload_pending;
struct sim_device *sim_device_find(const char *path)
{
    sim_raw_lock(&devices_lock);
    struct sim_device *device = devices;
    while (device != NULL && (device->name == NULL || strcasecmp(device->name, path) != 0)) {
        device = device->next;
    }
    if (device != NULL) {
        device->references++;
        sim_observe(device);
    }
    sim_raw_unlock(&devices_lock);
    return device;
}

NTSTATUS IoCreateDevice(PDRIVER_OBJECT driver, ULONG extension_size, PUNICODE_STRING name, DEVICE_TYPE type,
                        ULONG characteristics, BOOLEAN exclusive, PDEVICE_OBJECT *result)
{
    char path[NAME_SIZE];
    UNREFERENCED_PARAMETER(exclusive);
    sim_check_irql("IoCreateDevice", APC_LEVEL);
    if (!sim_narrow(name, path, sizeof(path))) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    if (sim_fault("IoCreateDevice")) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (!sim_name_take(path)) {
        return STATUS_OBJECT_NAME_COLLISION;
    }
    struct sim_device *device = calloc(1, sizeof(*device));
    device->object.DriverObject = driver;
    device->object.DeviceExtension = calloc(1, extension_size != 0 ? extension_size : 1);
    device->object.DeviceType = type;
    device->object.Characteristics = characteristics;
    if (type == FILE_DEVICE_DISK) {
        device->object.SectorSize = 512;
    } else if (type == FILE_DEVICE_CD_ROM) {
        device->object.SectorSize = 2048;
    }
    device->object.Flags = DO_DEVICE_INITIALIZING;
    if (type == FILE_DEVICE_DISK || type == FILE_DEVICE_CD_ROM) {
        device->vpb.RealDevice = &device->object;
        device->object.Vpb = &device->vpb;
    }
    device->extension_size = extension_size;
    device->name = strdup(path);
    device->digit = (unsigned)path[strlen(path) - 1] % 16;
    device->references = 1; /* dropped by IoDeleteDevice */
    sim_driver_note();
    sim_publish(device);
    sim_raw_lock(&devices_lock);
    device->next = devices;
    devices = device;
    device->object.NextDevice = driver->DeviceObject;
    driver->DeviceObject = &device->object;
    sim_raw_unlock(&devices_lock);
    *result = &device->object;
    return STATUS_SUCCESS;
}

static void free_device(struct sim_device *device)
{
    sim_objects_forget(device->object.DeviceExtension, device->extension_size);
    free(device->object.DeviceExtension);
    free(device->name);
    free(device);
}

/* Takes a device without references out of the lists; devices lock held. */
static void unlink_device(struct sim_device *device)
{
    struct sim_device **link = &devices;
    PDEVICE_OBJECT *public_link = &device->object.DriverObject->DeviceObject;
    while (*link != device) {
        link = &(*link)->next;
    }
    *link = device->next;
    while (*public_link != &device->object) {
        public_link = &(*public_link)->NextDevice;
    }
    *public_link = device->object.NextDevice;
}

bool sim_is_device(const void *object)
{
    sim_raw_lock(&devices_lock);
    const struct sim_device *device = devices;
    while (device != NULL && &device->object != object) {
        device = device->next;
    }
    sim_raw_unlock(&devices_lock);
    return device != NULL;
}

void sim_device_reference(struct sim_device *device)
{
    sim_raw_lock(&devices_lock);
    device->references++;
    sim_raw_unlock(&devices_lock);
}

void sim_device_dereference(struct sim_device *device)
{
    sim_raw_lock(&devices_lock);
    bool last = sim_drop_reference(&device->references);
    if (last) {
        unlink_device(device);
    }
    sim_raw_unlock(&devices_lock);
    if (last) {
        free_device(device);
    }
}

void IoDeleteDevice(PDEVICE_OBJECT object)
{
    struct sim_device *device = (struct sim_device *)object;
    sim_check_irql("IoDeleteDevice", APC_LEVEL);
    sim_delay();
    bool left = sim_vpb_is_left(device);
    sim_raw_lock(&devices_lock);
    bool again = device->deleted;
    device->deleted = true;
    char *name = device->name;
    device->shutdown = 0;
    device->name = NULL; /* the name goes at once, the object with its last handle */
    sim_raw_unlock(&devices_lock);
    if (again) {
        sim_violation("device", "IoDeleteDevice twice for one device");
    }
    sim_name_drop(name);
    free(name);
    if (left) {
        sim_violation("mounted", "a device is deleted under a file system that nobody has locked");
    }
    sim_device_dereference(device);
}

/* ---- being told of the shutdown ---- */

void sim_device_ask_for_shutdown(struct sim_device *device, bool on)
{
    static unsigned last;
    sim_raw_lock(&devices_lock);
    device->shutdown = on && !device->deleted ? ++last : 0;
    device->object.Flags &= ~DO_SHUTDOWN_REGISTERED;
    device->object.Flags |= on ? DO_SHUTDOWN_REGISTERED : 0;
    sim_raw_unlock(&devices_lock);
}

struct sim_device *sim_device_next_for_shutdown(void)
{
    struct sim_device *last = NULL;
    sim_raw_lock(&devices_lock);
    for (struct sim_device *device = devices; device != NULL; device = device->next) {
        if (device->shutdown != 0 && (last == NULL || device->shutdown > last->shutdown)) {
            last = device;
        }
    }
    if (last != NULL) {
        last->shutdown = 0;
        last->references++;
    }
    sim_raw_unlock(&devices_lock);
    return last;
}

/* ---- opens, and the driver that is to be unloaded ---- */

bool sim_device_open(struct sim_device *device)
{
    sim_raw_lock(&devices_lock);
    bool opened = !device->deleted && !device->unload_pending;
    device->opens += opened;
    __atomic_store_n(&device->object.ReferenceCount, device->opens, __ATOMIC_RELAXED);
    device->references += opened;
    sim_raw_unlock(&devices_lock);
    return opened;
}

/* Once, when it is to be unloaded and nothing is open; devices lock held. */
static bool may_go(void)
{
    const struct sim_device *device = devices;
    while (device != NULL && device->opens == 0) {
        device = device->next;
    }
    bool goes = unload_pending && device == NULL;
    unload_pending = unload_pending && !goes;
    return goes;
}

void sim_device_close(struct sim_device *device)
{
    sim_raw_lock(&devices_lock);
    device->opens--;
    __atomic_store_n(&device->object.ReferenceCount, device->opens, __ATOMIC_RELAXED);
    bool goes = may_go();
    sim_raw_unlock(&devices_lock);
    sim_device_dereference(device);
    if (goes) {
        sim_driver_unload_soon();
    }
}

void sim_devices_unload(void)
{
    sim_raw_lock(&devices_lock);
    for (struct sim_device *device = devices; device != NULL; device = device->next) {
        device->unload_pending = true;
    }
    unload_pending = true;
    bool goes = may_go();
    sim_raw_unlock(&devices_lock);
    if (goes) {
        sim_driver_unload_soon();
    }
}

ACCESS_MASK sim_device_granted(const struct sim_device *device, bool administrator, enum sim_restriction restriction,
                               unsigned flags)
{
    ACCESS_MASK granted = FILE_ALL_ACCESS;
    if (device->has_dacl) {
        granted = device->everyone | (administrator ? device->administrators : 0) |
                  ((flags & SIM_TOKEN_SERVICE) != 0 ? device->service : 0);
        if (restriction == SIM_RESTRICTED_TOKEN) {
            granted &= device->restricted;
        } else if (restriction == SIM_APP_CONTAINER) {
            granted &= device->packages;
        }
    }
    if ((flags & SIM_TOKEN_LOW) != 0) { /* objects without a label have the medium level, and are not written up to */
        granted &= ~(FILE_GENERIC_WRITE & ~FILE_GENERIC_READ) & ~WRITE_DAC;
    }
    return granted;
}

void sim_devices_check_empty(void)
{
    const struct sim_device *device = devices;
    if (device != NULL) {
        sim_violation("leak", "device '%s' is left, with %d references",
                      device->name != NULL ? device->name : "(deleted)", (int)device->references);
    }
}
