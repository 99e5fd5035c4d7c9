/* SPDX-License-Identifier: MIT */
/* The list of devices and their references; device.h has the contract. devices_lock guards the list and is a leaf. */

#include "driver/disk/device/device.h"

static KSPIN_LOCK devices_lock;
static LIST_ENTRY devices; /* newest first; those being removed included */

void disk_device_initialize_list(void)
{
    KeInitializeSpinLock(&devices_lock);
    InitializeListHead(&devices);
}

void disk_device_list(struct disk_device *device)
{
    KIRQL irql;
    KeAcquireSpinLock(&devices_lock, &irql);
    InsertHeadList(&devices, &device->link);
    KeReleaseSpinLock(&devices_lock, irql);
    device_ready(device->object, DEVICE_DISK);
}

void disk_device_unlist(struct disk_device *device)
{
    KIRQL irql;
    KeAcquireSpinLock(&devices_lock, &irql);
    RemoveEntryList(&device->link);
    KeReleaseSpinLock(&devices_lock, irql);
}

ULONG disk_device_extension_size(void)
{
    return (ULONG)(sizeof(struct disk_device) + disk_lanes_size());
}

void *disk_device_lanes(struct disk_device *device)
{
    return device + 1;
}

bool disk_device_acquire(struct disk_device *device)
{
    LONG references = __atomic_load_n(&device->references, __ATOMIC_RELAXED);
    do {
        if (references == 0 || __atomic_load_n(&device->removing, __ATOMIC_RELAXED) != 0) {
            return false;
        }
    } while (!__atomic_compare_exchange_n(&device->references, &references, references + 1, true, __ATOMIC_ACQUIRE,
                                          __ATOMIC_RELAXED));
    return true;
}

void disk_device_release(struct disk_device *device)
{
    NT_IRQL_AT_MOST(DISPATCH_LEVEL);
    if (__atomic_sub_fetch(&device->references, 1, __ATOMIC_ACQ_REL) == 0) {
        nt_irp_queue_stop(&device->queue);
    }
}

struct disk_device *disk_device_find(uint32_t number)
{
    struct disk_device *found = NULL;
    KIRQL irql;
    KeAcquireSpinLock(&devices_lock, &irql);
    for (LIST_ENTRY *link = devices.Flink; link != &devices; link = link->Flink) {
        struct disk_device *device = CONTAINING_RECORD(link, struct disk_device, link);
        if (device->disk.number == number && disk_device_acquire(device)) {
            found = device;
            break;
        }
    }
    KeReleaseSpinLock(&devices_lock, irql);
    return found;
}

struct disk_device *disk_device_find_older(const struct disk_device *than)
{
    struct disk_device *found = NULL;
    KIRQL irql;
    KeAcquireSpinLock(&devices_lock, &irql);
    for (LIST_ENTRY *link = than != NULL ? than->link.Flink : devices.Flink; link != &devices && found == NULL;
         link = link->Flink) {
        struct disk_device *device = CONTAINING_RECORD(link, struct disk_device, link);
        if (disk_device_acquire(device)) {
            found = device;
        }
    }
    KeReleaseSpinLock(&devices_lock, irql);
    return found;
}

typedef bool device_test(const struct disk *disk, const void *what);

static bool any_device(device_test *is, const void *what)
{
    bool found = false;
    KIRQL irql;
    KeAcquireSpinLock(&devices_lock, &irql);
    for (LIST_ENTRY *link = devices.Flink; link != &devices && !found; link = link->Flink) {
        found = is(&CONTAINING_RECORD(link, struct disk_device, link)->disk, what);
    }
    KeReleaseSpinLock(&devices_lock, irql);
    return found;
}

static bool has_number(const struct disk *disk, const void *number)
{
    return disk->number == *(const uint32_t *)number;
}

bool disk_device_number_taken(uint32_t number)
{
    return any_device(has_number, &number);
}

static bool is_volume(const struct disk *disk, const void *volume)
{
    return disk->volume == *(const uint64_t *)volume;
}

bool disk_device_volume_exists(uint64_t volume)
{
    return any_device(is_volume, &volume);
}

static bool has_identity(const struct disk *disk, const void *identity)
{
    return RtlCompareMemory(&disk->identity, identity, sizeof(disk->identity)) == sizeof(disk->identity);
}

bool disk_device_identity_taken(const struct disk_identity *identity)
{
    return any_device(has_identity, identity);
}

uint32_t disk_device_numbers(uint32_t *numbers, uint32_t capacity)
{
    KIRQL irql;
    uint32_t count = 0;
    KeAcquireSpinLock(&devices_lock, &irql);
    for (LIST_ENTRY *link = devices.Flink; link != &devices; link = link->Flink) {
        if (count < capacity) {
            numbers[count] = CONTAINING_RECORD(link, struct disk_device, link)->disk.number;
        }
        count++;
    }
    KeReleaseSpinLock(&devices_lock, irql);
    return count;
}

void disk_device_mark_numbers(unsigned char *bitmap)
{
    KIRQL irql;
    KeAcquireSpinLock(&devices_lock, &irql);
    for (LIST_ENTRY *link = devices.Flink; link != &devices; link = link->Flink) {
        uint32_t number = CONTAINING_RECORD(link, struct disk_device, link)->disk.number;
        bitmap[number / 8] |= (unsigned char)(1u << number % 8);
    }
    KeReleaseSpinLock(&devices_lock, irql);
}
