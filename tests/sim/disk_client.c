/* SPDX-License-Identifier: MIT */
/* An administrator's program and one disk; disk_client.h has the contract. */

#include "tests/sim/disk_client.h"

#include "tests/behaviour/create_request.h"

#include <pthread.h>
#include <time.h>

DRIVER_INITIALIZE DriverEntry;

struct sim_process *disk_process;
struct sim_file *disk_control;

void disk_begin(const struct sim_options *options)
{
    sim_reset(options);
    CHECK_EQUAL(sim_load(DriverEntry), STATUS_SUCCESS);
    disk_process = sim_process_create(true);
    CHECK_EQUAL(sim_create_file(disk_process, "\\Device\\ImDiskCtl", GENERIC_READ | GENERIC_WRITE, &disk_control),
                STATUS_SUCCESS);
    CHECK(target_image_create(DISK_IMAGE, DISK_BYTES));
}

void disk_end(void)
{
    sim_kill_process(disk_process);
    sim_unload();
}

NTSTATUS disk_create_numbered(uint32_t number, uint32_t flags, int64_t size, const char *image, uint16_t letter)
{
    _Alignas(8) unsigned char bytes[256];
    struct imdisk_create_data fields = {
        .device_number = number, .flags = flags, .size_bytes = size, .drive_letter = letter};
    size_t length = create_request(bytes, sizeof(bytes), &fields, image);
    return sim_ioctl(disk_control, IMDISK_IOCTL_CREATE_DEVICE, bytes, (ULONG)length, NULL, 0, NULL);
}

NTSTATUS disk_create_sized(uint32_t flags, int64_t size, const char *image, uint16_t letter)
{
    return disk_create_numbered(DISK_NUMBER, flags, size, image, letter);
}

NTSTATUS disk_create(uint32_t flags, const char *image, uint16_t letter)
{
    return disk_create_sized(flags, DISK_BYTES, image, letter);
}

NTSTATUS disk_remove(void)
{
    uint32_t number = DISK_NUMBER;
    return sim_ioctl(disk_control, IMDISK_IOCTL_REMOVE_DEVICE, &number, sizeof(number), NULL, 0, NULL);
}

void disk_open(struct sim_file **disks, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        CHECK_EQUAL(sim_create_file(disk_process, DISK_DEVICE, GENERIC_READ | GENERIC_WRITE, &disks[i]),
                    STATUS_SUCCESS);
    }
}

void disk_with_threads(unsigned count, void *(*body)(void *))
{
    pthread_t threads[DISK_MAXIMUM_THREADS];
    static unsigned numbers[DISK_MAXIMUM_THREADS];
    for (unsigned i = 0; i < count; i++) {
        numbers[i] = i;
        CHECK_EQUAL(pthread_create(&threads[i], NULL, body, &numbers[i]), 0);
    }
    for (unsigned i = 0; i < count; i++) {
        void *wrong = NULL;
        CHECK_EQUAL(pthread_join(threads[i], &wrong), 0);
        CHECK_EQUAL((uintptr_t)wrong, 0);
    }
}

void disk_wait_for_refusal(void)
{
    for (unsigned i = 0; i < 100000 && sim_volume_lock_refusals() == 0; i++) {
        struct timespec time = {0, 100000};
        (void)nanosleep(&time, NULL);
    }
}

void disk_wait_until_held(void)
{
    for (unsigned i = 0; i < 100000 && sim_file_systems_held() == 0; i++) {
        struct timespec time = {0, 100000};
        (void)nanosleep(&time, NULL);
    }
    CHECK_EQUAL(sim_file_systems_held(), 1);
}
