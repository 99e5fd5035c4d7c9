/* SPDX-License-Identifier: MIT */
/* Removal of disks on which somebody mounts something meanwhile: it waits for who has read enough for that, but not for ever. */

#include "tests/sim/disk_client.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#define FILE_3    DISK_DEVICE "\\3"

/* Half a second instead of half a minute. */
#define IMPATIENT 60

static unsigned char page[4096];

#define REMOVALS 60

static bool over; /* atomic */

/* Opens a file and writes to it, again and again; what is not mounted that mounts. */
static void *mount_again(void *context)
{
    struct sim_process *other = sim_process_create(true);
    while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
        struct sim_file *opened;
        if (NT_SUCCESS(sim_create_file(other, FILE_3, GENERIC_READ | GENERIC_WRITE, &opened))) {
            (void)sim_write(opened, 0, page, sizeof(page), NULL);
            sim_close(opened);
        }
    }
    sim_kill_process(other);
    return context;
}

/* No page is lost, and no device deleted under what somebody has mounted meanwhile. */
static void nothing_is_mounted_on_what_goes(void)
{
    struct sim_options options = {.seed = 1, .hurry = 1000, .delay_percent = 30, .file_system = SIM_FILES};
    pthread_t thread;
    disk_begin(&options);
    over = false;
    pthread_create(&thread, NULL, mount_again, NULL);
    for (unsigned i = 0; i < REMOVALS; i++) {
        CHECK_EQUAL(disk_create(IMDISK_TYPE_VM, NULL, 0), STATUS_SUCCESS);
        CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    }
    __atomic_store_n(&over, true, __ATOMIC_RELAXED);
    pthread_join(thread, NULL);
    sim_settle();
    CHECK_EQUAL(sim_lost_pages(), 0);
    disk_end();
}

static void *open_a_file(void *context)
{
    struct sim_process *other = sim_process_create(true);
    struct sim_file *opened;
    NTSTATUS status = sim_create_file(other, FILE_3, GENERIC_READ | GENERIC_WRITE, &opened);
    sim_kill_process(other);
    *(NTSTATUS *)context = status;
    return NULL;
}

/* Who has read what he needs to mount something takes longer than the removal: that waits for him. */
static void who_is_mounting_is_waited_for(void)
{
    static uint32_t number = DISK_NUMBER;
    struct sim_options options = {.seed = 1, .hurry = 100, .file_system = SIM_FILES};
    pthread_t thread;
    NTSTATUS opened = STATUS_SUCCESS;
    struct timespec moment = {0, 100000000}; /* fifty times as long as it waits for anything else */
    disk_begin(&options);
    CHECK_EQUAL(disk_create(IMDISK_TYPE_VM, NULL, 0), STATUS_SUCCESS);
    sim_hold_file_systems(SIM_HOLD_MOUNTING);
    CHECK_EQUAL(pthread_create(&thread, NULL, open_a_file, &opened), 0);
    disk_wait_until_held();
    struct sim_request *removal =
        sim_ioctl_begin(disk_control, IMDISK_IOCTL_REMOVE_DEVICE, &number, sizeof(number), NULL, 0);
    (void)nanosleep(&moment, NULL);
    sim_hold_file_systems(0);
    CHECK_EQUAL(sim_request_wait(removal, NULL), STATUS_SUCCESS);
    CHECK_EQUAL(pthread_join(thread, NULL), 0);
    CHECK_EQUAL(opened, STATUS_NO_SUCH_DEVICE);
    disk_end();
}

static void *remove_the_disk(void *context)
{
    *(NTSTATUS *)context = disk_remove();
    return NULL;
}

/* What has been mounted just before the removal looks is served as ever until it is dismounted. */
static void who_has_just_mounted_is_served(void)
{
    struct sim_options options = {.seed = 1, .hurry = 100, .file_system = SIM_FILES};
    pthread_t mounts, removes;
    NTSTATUS opened = STATUS_SUCCESS, removed = STATUS_SUCCESS;
    struct timespec time = {0, 100000};
    disk_begin(&options);
    CHECK_EQUAL(disk_create(IMDISK_TYPE_VM, NULL, 0), STATUS_SUCCESS);
    sim_hold_file_systems(SIM_HOLD_MOUNTING);
    CHECK_EQUAL(pthread_create(&mounts, NULL, open_a_file, &opened), 0);
    disk_wait_until_held();
    sim_hold_look(2); /* after the first nothing is mounted yet */
    CHECK_EQUAL(pthread_create(&removes, NULL, remove_the_disk, &removed), 0);
    while (!sim_look_is_held()) {
        (void)nanosleep(&time, NULL);
    }
    sim_hold_file_systems(0);
    CHECK_EQUAL(pthread_join(mounts, NULL), 0);
    CHECK_EQUAL(opened, STATUS_SUCCESS);
    sim_hold_look(0);
    CHECK_EQUAL(pthread_join(removes, NULL), 0);
    CHECK_EQUAL(removed, STATUS_SUCCESS);
    sim_settle();
    disk_end();
}

/* The thread that mounts something, held up; the disk has begun to go. */
static struct sim_request *begin_mounting(unsigned hurry_waits, unsigned where, pthread_t *thread, NTSTATUS *opened)
{
    static uint32_t number = DISK_NUMBER;
    struct sim_options options = {.seed = 1, .hurry = 100, .hurry_waits = hurry_waits, .file_system = SIM_FILES};
    disk_begin(&options);
    CHECK_EQUAL(disk_create(IMDISK_TYPE_VM, NULL, 0), STATUS_SUCCESS);
    sim_hold_file_systems(where);
    CHECK_EQUAL(pthread_create(thread, NULL, open_a_file, opened), 0);
    disk_wait_until_held();
    return sim_ioctl_begin(disk_control, IMDISK_IOCTL_REMOVE_DEVICE, &number, sizeof(number), NULL, 0);
}

/* Not for ever: the disk goes, and its number is free; the driver stays. What he has mounted in the end nobody can open. */
static void who_mounts_for_ever_is_left(void)
{
    pthread_t thread;
    struct timespec begun, ended;
    NTSTATUS opened = STATUS_SUCCESS;
    struct sim_request *removal = begin_mounting(IMPATIENT / 10, SIM_HOLD_MOUNTING | SIM_HOLD_HANGS, &thread, &opened);
    (void)clock_gettime(CLOCK_MONOTONIC, &begun);
    CHECK_EQUAL(sim_request_wait(removal, NULL), STATUS_SUCCESS);
    (void)clock_gettime(CLOCK_MONOTONIC, &ended);
    CHECK(ended.tv_sec - begun.tv_sec < 4); /* half a second, and not five: nobody gets a number meanwhile */
    CHECK_EQUAL(disk_create(IMDISK_TYPE_VM, NULL, 0), STATUS_SUCCESS);
    CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    CHECK_EQUAL(sim_stop(), STATUS_INVALID_DEVICE_REQUEST);
    sim_hold_file_systems(0);
    CHECK_EQUAL(pthread_join(thread, NULL), 0);
    CHECK_EQUAL(opened, STATUS_NO_SUCH_DEVICE);
    sim_settle();
    disk_end();
}

/* What was mounted at the last moment is dismounted, and hangs when it is unlocked. */
static void who_unlocks_for_ever_at_the_end_is_left(void)
{
    pthread_t thread;
    NTSTATUS opened = STATUS_SUCCESS;
    struct timespec moment = {0, 100000000};
    struct sim_request *removal = begin_mounting(IMPATIENT / 10, SIM_HOLD_MOUNTING, &thread, &opened);
    (void)nanosleep(&moment, NULL);
    sim_hold_file_systems(SIM_HOLD_CLOSING);
    CHECK_EQUAL(sim_request_wait(removal, NULL), STATUS_SUCCESS);
    CHECK_EQUAL(sim_file_systems_held(), 1);
    CHECK_EQUAL(sim_stop(), STATUS_INVALID_DEVICE_REQUEST);
    sim_hold_file_systems(0);
    CHECK_EQUAL(pthread_join(thread, NULL), 0);
    sim_settle();
    disk_end();
}

/* What was dismounted while it goes is not mounted again, and given something to lose. */
static void what_goes_is_mounted_once(void)
{
    static uint32_t number = DISK_NUMBER;
    for (unsigned i = 0; i < 5; i++) {
        struct sim_options options = {.seed = 1, .file_system = SIM_FILES};
        struct sim_file *disk;
        struct sim_file *opened;
        disk_begin(&options);
        CHECK_EQUAL(disk_create(IMDISK_TYPE_VM, NULL, 0), STATUS_SUCCESS);
        disk_open(&disk, 1); /* it waits a second for this before it dismounts by force */
        struct sim_request *removal =
            sim_ioctl_begin(disk_control, IMDISK_IOCTL_REMOVE_DEVICE, &number, sizeof(number), NULL, 0);
        disk_wait_for_refusal();
        CHECK_EQUAL(sim_fsctl(disk, FSCTL_DISMOUNT_VOLUME, NULL, 0, NULL, 0), STATUS_SUCCESS);
        CHECK(!NT_SUCCESS(sim_create_file(disk_process, FILE_3, GENERIC_READ, &opened)));
        sim_close(disk);
        CHECK_EQUAL(sim_request_wait(removal, NULL), STATUS_SUCCESS);
        disk_end();
    }
}

TEST_MAIN({"nothing_is_mounted_on_what_goes", nothing_is_mounted_on_what_goes},
          {"who_has_just_mounted_is_served", who_has_just_mounted_is_served},
          {"who_mounts_for_ever_is_left", who_mounts_for_ever_is_left},
          {"who_unlocks_for_ever_at_the_end_is_left", who_unlocks_for_ever_at_the_end_is_left},
          {"who_is_mounting_is_waited_for", who_is_mounting_is_waited_for},
          {"what_goes_is_mounted_once", what_goes_is_mounted_once})
