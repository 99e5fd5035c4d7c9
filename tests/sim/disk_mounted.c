/* SPDX-License-Identifier: MIT */
/*
 * The disk driver under a file system: what becomes of open files when it is removed (disk_removal.c has the rest of that), and
 * of cached ones at the system's end. What RAW does not record is asked for in another way.
 */

#include "core/disk/storage_abi.h"
#include "driver/nt/events.h"
#include "tests/sim/disk_client.h"

#include <string.h>

static unsigned char content[SIM_FILE_SIZE];

static void begin(enum sim_file_system file_system)
{
    struct sim_options options = {.seed = 1, .hurry = 100, .file_system = file_system};
    for (size_t i = 0; i < sizeof(content); i++) {
        content[i] = (unsigned char)(i * 7 + i / 4096) | 1;
    }
    disk_begin(&options);
}

static struct sim_file *open_path(const char *path)
{
    struct sim_file *file = NULL;
    CHECK_EQUAL(sim_create_file(disk_process, path, GENERIC_READ | GENERIC_WRITE, &file), STATUS_SUCCESS);
    return file;
}

static NTSTATUS eject(struct sim_file *file)
{
    return sim_ioctl(file, IOCTL_STORAGE_EJECT_MEDIA, NULL, 0, NULL, 0, NULL);
}

/* A file on a disk with an image, written and not on the disk yet. Stays open. */
static struct sim_file *write_file(void)
{
    sim_hold_lazy_writer(true);
    CHECK_EQUAL(disk_create(IMDISK_TYPE_FILE, DISK_IMAGE, 0), STATUS_SUCCESS);
    struct sim_file *file = open_path(DISK_DEVICE "\\3");
    CHECK_EQUAL(sim_write(file, 0, content, sizeof(content), NULL), STATUS_SUCCESS);
    CHECK_EQUAL(sim_dirty_pages(), sizeof(content) / 4096);
    return file;
}

static void nothing_is_lost(void)
{
    static unsigned char read[sizeof(content)];
    CHECK_EQUAL(sim_lost_pages(), 0);
    CHECK_EQUAL(sim_dirty_pages(), 0);
    CHECK(sim_volume_read(DISK_IMAGE, 4 * SIM_FILE_SIZE, read, sizeof(read)));
    CHECK_BYTES(read, content, sizeof(read));
}

/* ---- removal ---- */

/* Who has files open keeps them, for what they are worth. */
static void open_files_are_of_no_use_any_more(void)
{
    begin(SIM_FILES);
    struct sim_file *file = write_file();
    CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    nothing_is_lost();
    CHECK_EQUAL(sim_write(file, 0, content, 1, NULL), STATUS_VOLUME_DISMOUNTED);
    CHECK_EQUAL(disk_create(IMDISK_TYPE_VM, NULL, 0), STATUS_SUCCESS); /* the number is free */
    CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    disk_end();
}

/* ---- shutdown ---- */

static void shutdown_writes_what_is_cached(void)
{
    begin(SIM_FILES);
    (void)write_file();
    sim_shutdown();
    nothing_is_lost();
    CHECK_EQUAL(sim_volume_unflushed_bytes(), 0);
    disk_end();
}

/* Nor if it takes a while until there is memory for who asks. */
static void shutdown_waits_for_threads(void)
{
    begin(SIM_FILES);
    (void)write_file();
    sim_refuse_threads(3);
    sim_shutdown();
    nothing_is_lost();
    CHECK_EQUAL(sim_log_events(), 0);
    disk_end();
}

/* ---- file systems that write for ever ---- */

/* The limit of a removal in half a second, */
#define REMOVAL_HURRY  3600
/* and that of a shutdown in two and a half: what the watchdog is too short for is a removal's. */
#define SHUTDOWN_HURRY 72

static void begin_writing(unsigned hurry_waits)
{
    struct sim_options options = {
        .seed = 1, .watchdog_seconds = 20, .hurry = 100, .hurry_waits = hurry_waits, .file_system = SIM_FILES};
    disk_begin(&options);
    CHECK_EQUAL(disk_create(IMDISK_TYPE_VM, NULL, 0), STATUS_SUCCESS);
    sim_close(open_path(DISK_DEVICE "\\3"));
    sim_hold_file_systems(SIM_HOLD_LOCKING | SIM_HOLD_WRITES);
}

/* The number is free in the end. */
static void who_writes_for_ever_is_left_by_a_removal(void)
{
    begin_writing(REMOVAL_HURRY);
    CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    CHECK_EQUAL(sim_file_systems_held(), 1);
    CHECK_EQUAL(sim_log_events(), 1);
    CHECK_EQUAL(sim_log_code(), NT_EVENT_NOT_DISMOUNTED);
    CHECK_EQUAL(disk_create(IMDISK_TYPE_VM, NULL, 0), STATUS_SUCCESS);
    CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    sim_hold_file_systems(0);
    sim_settle();
    disk_end();
}

static void who_writes_for_ever_is_left_by_a_shutdown(void)
{
    begin_writing(SHUTDOWN_HURRY);
    sim_shutdown();
    CHECK_EQUAL(sim_file_systems_held(), 1);
    CHECK_EQUAL(sim_log_events(), 1);
    CHECK_EQUAL(sim_log_code(), NT_EVENT_NOT_DISMOUNTED);
    sim_hold_file_systems(0);
    sim_settle();
    CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    disk_end();
}

/* ---- RAW ---- */

/* Its file objects say nothing of what they were opened for. */
static void administrators_may_do_all_through_raw(void)
{
    uint32_t flags[2] = {IMDISK_OPTION_REMOVABLE, IMDISK_OPTION_REMOVABLE};
    struct storage_verify verify = {0, 4096, 0};
    unsigned char bytes[4096];
    begin(SIM_RAW);
    CHECK_EQUAL(disk_create(IMDISK_TYPE_VM, NULL, 0), STATUS_SUCCESS);
    struct sim_file *volume = open_path(DISK_DEVICE);
    CHECK_EQUAL(sim_write(volume, 0, content, sizeof(bytes), NULL), STATUS_SUCCESS);
    CHECK_EQUAL(sim_read(volume, 0, bytes, sizeof(bytes), NULL), STATUS_SUCCESS);
    CHECK_BYTES(bytes, content, sizeof(bytes));
    CHECK_EQUAL(sim_ioctl(volume, IMDISK_IOCTL_SET_DEVICE_FLAGS, flags, sizeof(flags), flags, sizeof(flags), NULL),
                STATUS_SUCCESS);
    CHECK_EQUAL(sim_ioctl(volume, IOCTL_DISK_VERIFY, &verify, sizeof(verify), NULL, 0, NULL), STATUS_SUCCESS);
    CHECK_EQUAL(eject(volume), STATUS_SUCCESS);
    disk_end();
}

/* Users open it for attributes only, which no file system is in between for. */
static void users_may_query_only(void)
{
    uint32_t flags[2] = {IMDISK_OPTION_REMOVABLE, IMDISK_OPTION_REMOVABLE};
    struct sim_file *file;
    begin(SIM_RAW);
    CHECK_EQUAL(disk_create(IMDISK_TYPE_VM, NULL, 0), STATUS_SUCCESS);
    sim_close(open_path(DISK_DEVICE)); /* mounts RAW */
    struct sim_process *user = sim_process_create(false);
    CHECK_EQUAL(sim_create_file(user, DISK_DEVICE, GENERIC_READ, &file), STATUS_ACCESS_DENIED);
    CHECK_EQUAL(sim_create_file(user, DISK_DEVICE, FILE_READ_ATTRIBUTES, &file), STATUS_SUCCESS);
    CHECK_EQUAL(sim_ioctl(file, IMDISK_IOCTL_SET_DEVICE_FLAGS, flags, sizeof(flags), flags, sizeof(flags), NULL),
                STATUS_ACCESS_DENIED);
    CHECK_EQUAL(eject(file), STATUS_ACCESS_DENIED);
    sim_kill_process(user);
    CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    disk_end();
}

TEST_MAIN({"open_files_are_of_no_use_any_more", open_files_are_of_no_use_any_more},
          {"shutdown_writes_what_is_cached", shutdown_writes_what_is_cached},
          {"shutdown_waits_for_threads", shutdown_waits_for_threads},
          {"who_writes_for_ever_is_left_by_a_removal", who_writes_for_ever_is_left_by_a_removal},
          {"who_writes_for_ever_is_left_by_a_shutdown", who_writes_for_ever_is_left_by_a_shutdown},
          {"administrators_may_do_all_through_raw", administrators_may_do_all_through_raw},
          {"users_may_query_only", users_may_query_only})
