/* SPDX-License-Identifier: MIT */
/* Removal of disks that a file system is mounted on: what it has not written yet is not lost, and it is gone first. */

#include "core/disk/storage_abi.h"
#include "driver/nt/events.h"
#include "tests/behaviour/target.h"
#include "tests/sim/disk_client.h"

#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#define FILE_3 DISK_DEVICE "\\3"
#define OFFSET (4 * SIM_FILE_SIZE) /* of the file on the disk */

static struct sim_file *file; /* on the disk; NULL: closed */
static unsigned char page[4096];

/* A disk with a mounted file system, and a page that is in memory only. */
static void begin_as(uint32_t flags, const struct sim_options *options)
{
    disk_begin(options);
    CHECK_EQUAL(disk_create(flags, DISK_IMAGE, 0), STATUS_SUCCESS);
    memset(page, 0x5A, sizeof(page));
    sim_hold_lazy_writer(true);
    CHECK_EQUAL(sim_create_file(disk_process, FILE_3, GENERIC_READ | GENERIC_WRITE, &file), STATUS_SUCCESS);
    CHECK_EQUAL(sim_write(file, 0, page, sizeof(page), NULL), STATUS_SUCCESS);
    CHECK_EQUAL(sim_dirty_pages(), 1);
}

static void begin_with(uint32_t flags, unsigned hurry_waits)
{
    struct sim_options options = {
        .seed = 1, .watchdog_seconds = 20, .hurry = 100, .hurry_waits = hurry_waits, .file_system = SIM_FILES};
    begin_as(flags, &options);
}

static void begin(void)
{
    begin_with(IMDISK_TYPE_FILE, 0);
}

static void close_file(void)
{
    sim_close(file);
}

/* The disk is gone, the file system before it, and the page is in the image. */
static void end(void)
{
    unsigned char written[sizeof(page)];
    struct sim_file *disk;
    sim_settle(); /* an ejection is answered while the device is still there */
    CHECK_EQUAL(sim_create_file(disk_process, DISK_DEVICE, FILE_READ_ATTRIBUTES, &disk), STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK(target_image_read(DISK_IMAGE, OFFSET, written, sizeof(written)));
    CHECK_BYTES(written, page, sizeof(page));
    sim_kill_process(disk_process);
    CHECK_EQUAL(sim_lost_pages(), 0);
    sim_unload();
}

static struct sim_file *open_disk(void)
{
    struct sim_file *disk = NULL;
    CHECK_EQUAL(sim_create_file(disk_process, DISK_DEVICE, GENERIC_READ | GENERIC_WRITE, &disk), STATUS_SUCCESS);
    return disk;
}

static NTSTATUS eject(struct sim_file *disk)
{
    return sim_ioctl(disk, IOCTL_STORAGE_EJECT_MEDIA, NULL, 0, NULL, 0, NULL);
}

static void removal_dismounts(void)
{
    begin();
    close_file();
    CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    CHECK_EQUAL(sim_volume_locks(), 1);
    CHECK_EQUAL(sim_volume_lock_refusals(), 0);
    end();
}

/* Who asks for removal by number has been told to go on. */
static void open_files_hold_removal_up_for_a_while(void)
{
    begin();
    CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    CHECK_EQUAL(sim_volume_locks(), 0);
    CHECK(sim_volume_lock_refusals() > 1);
    end();
}

/* ImDisk's clients: all on one handle, beside which nobody else could lock. */
static void who_has_dismounted_ejects(void)
{
    begin();
    close_file();
    struct sim_file *disk = open_disk();
    CHECK_EQUAL(sim_fsctl(disk, FSCTL_LOCK_VOLUME, NULL, 0, NULL, 0), STATUS_SUCCESS);
    CHECK_EQUAL(sim_fsctl(disk, FSCTL_DISMOUNT_VOLUME, NULL, 0, NULL, 0), STATUS_SUCCESS);
    CHECK_EQUAL(eject(disk), STATUS_SUCCESS);
    CHECK_EQUAL(sim_volume_locks(), 1);
    CHECK_EQUAL(sim_volume_lock_refusals(), 0);
    end();
}

static void who_has_locked_ejects(void)
{
    begin();
    close_file();
    struct sim_file *disk = open_disk();
    CHECK_EQUAL(sim_fsctl(disk, FSCTL_LOCK_VOLUME, NULL, 0, NULL, 0), STATUS_SUCCESS);
    CHECK_EQUAL(eject(disk), STATUS_SUCCESS);
    CHECK_EQUAL(sim_volume_locks(), 1);
    CHECK_EQUAL(sim_volume_lock_refusals(), 0);
    end();
}

/* The handle itself keeps others from locking. */
static void who_has_not_locked_ejects(void)
{
    begin();
    close_file();
    CHECK_EQUAL(eject(open_disk()), STATUS_SUCCESS);
    CHECK_EQUAL(sim_volume_locks(), 0);
    end();
}

static void other_drivers_remove_at_dispatch_level(void)
{
    static uint32_t number = DISK_NUMBER;
    begin();
    close_file();
    sim_set_irql(DISPATCH_LEVEL);
    struct sim_request *request =
        sim_ioctl_begin(disk_control, IMDISK_IOCTL_REMOVE_DEVICE, &number, sizeof(number), NULL, 0);
    sim_set_irql(PASSIVE_LEVEL);
    CHECK_EQUAL(sim_request_wait(request, NULL), STATUS_SUCCESS);
    CHECK_EQUAL(sim_volume_locks(), 1);
    end();
}

/* Two that ask for the same are both answered, and the file system is asked once. */
static void two_removals(void)
{
    static uint32_t number = DISK_NUMBER;
    begin();
    struct sim_request *first =
        sim_ioctl_begin(disk_control, IMDISK_IOCTL_REMOVE_DEVICE, &number, sizeof(number), NULL, 0);
    NTSTATUS second = disk_remove();
    CHECK_EQUAL(sim_request_wait(first, NULL), STATUS_SUCCESS);
    CHECK(second == STATUS_SUCCESS || second == STATUS_OBJECT_NAME_NOT_FOUND);
    end();
}

/* Somebody checks the file system, say. */
static void removal_waits_for_who_has_locked(void)
{
    static uint32_t number = DISK_NUMBER;
    begin();
    close_file();
    struct sim_file *disk = open_disk();
    CHECK_EQUAL(sim_fsctl(disk, FSCTL_LOCK_VOLUME, NULL, 0, NULL, 0), STATUS_SUCCESS);
    struct sim_request *removal =
        sim_ioctl_begin(disk_control, IMDISK_IOCTL_REMOVE_DEVICE, &number, sizeof(number), NULL, 0);
    disk_wait_for_refusal();
    CHECK_EQUAL(sim_write(disk, OFFSET, page, sizeof(page), NULL), STATUS_SUCCESS);
    CHECK_EQUAL(sim_fsctl(disk, FSCTL_UNLOCK_VOLUME, NULL, 0, NULL, 0), STATUS_SUCCESS);
    sim_close(disk);
    CHECK_EQUAL(sim_request_wait(removal, NULL), STATUS_SUCCESS);
    CHECK_EQUAL(sim_volume_locks(), 2);
    end();
}

static void check_event(ULONG event, NTSTATUS expected)
{
    char text[64];
    CHECK_EQUAL(sim_log_events(), 1);
    CHECK_EQUAL(sim_log_code(), event);
    CHECK_EQUAL(sim_log_last(text, sizeof(text)), expected);
    CHECK(strncmp(text, DISK_DEVICE, strlen(DISK_DEVICE)) == 0);
}

static void check_logged(NTSTATUS expected)
{
    check_event(NT_EVENT_NOT_DISMOUNTED, expected);
}

static void removal_says_who_was_not_dismounted(void)
{
    begin();
    close_file();
    struct sim_file *disk = open_disk();
    CHECK_EQUAL(sim_fsctl(disk, FSCTL_LOCK_VOLUME, NULL, 0, NULL, 0), STATUS_SUCCESS);
    CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    check_logged(STATUS_ACCESS_DENIED);
    sim_close(disk);
    disk_end();
}

/* ---- file systems that hang, and disks that are slow ---- */

/* Half a second instead of half a minute. */
#define IMPATIENT 60

/* Removal goes on after a while. The driver stays for who hangs in it, and says so; the number is free. */
static void removed_while_it_hangs(enum sim_hold where, bool by_number)
{
    struct sim_file *disk = NULL;
    begin_with(IMDISK_TYPE_FILE, IMPATIENT);
    close_file();
    if (!by_number) {
        disk = open_disk();
    }
    sim_hold_file_systems(where);
    CHECK_EQUAL(by_number ? disk_remove() : eject(disk), STATUS_SUCCESS);
    if (!by_number) {
        sim_close(disk);
    }
    CHECK_EQUAL(sim_file_systems_held(), 1);
    check_event(where == SIM_HOLD_CLOSING ? NT_EVENT_NOT_CLOSED : NT_EVENT_NOT_DISMOUNTED, STATUS_IO_TIMEOUT);
    CHECK_EQUAL(disk_create(IMDISK_TYPE_VM, NULL, 0), STATUS_SUCCESS);
    CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    CHECK_EQUAL(sim_stop(), STATUS_INVALID_DEVICE_REQUEST);
    sim_hold_file_systems(0);
    sim_settle();
    disk_end();
}

static void who_hangs_is_left(void)
{
    removed_while_it_hangs(SIM_HOLD_LOCKING, true);
    removed_while_it_hangs(SIM_HOLD_DISMOUNTING, true);
    removed_while_it_hangs(SIM_HOLD_LOCKING, false);
    removed_while_it_hangs(SIM_HOLD_DISMOUNTING, false);
    removed_while_it_hangs(SIM_HOLD_CLOSING, true);
}

/* Who wakes up finds another disk of that number, which is none of his business. */
static void who_is_left_leaves_others_alone(void)
{
    struct sim_file *other;
    begin_with(IMDISK_TYPE_FILE, IMPATIENT); /* and the file stays open, so that it cannot be locked */
    sim_hold_file_systems(SIM_HOLD_LOCKING);
    CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    CHECK_EQUAL(disk_create(IMDISK_TYPE_VM, NULL, 0), STATUS_SUCCESS);
    CHECK_EQUAL(sim_create_file(disk_process, FILE_3, GENERIC_READ | GENERIC_WRITE, &other), STATUS_SUCCESS);
    sim_close(other);
    sim_hold_file_systems(0);
    sim_settle();
    CHECK(sim_is_mounted(DISK_DEVICE));
    CHECK_EQUAL(sim_volume_locks(), 0);
    close_file();
    CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    disk_end();
}

/* It has not written anything yet when it has read what it needs for that. */
static void who_reads_is_waited_for(void)
{
    static uint32_t number = DISK_NUMBER;
    struct timespec time = {2, 500000000};
    begin_with(IMDISK_TYPE_VM, IMPATIENT / 2);
    close_file();
    sim_hold_file_systems(SIM_HOLD_LOCKING | SIM_HOLD_READS);
    struct sim_request *removal =
        sim_ioctl_begin(disk_control, IMDISK_IOCTL_REMOVE_DEVICE, &number, sizeof(number), NULL, 0);
    (void)nanosleep(&time, NULL);
    CHECK(!sim_request_done(removal));
    sim_hold_file_systems(0);
    CHECK_EQUAL(sim_request_wait(removal, NULL), STATUS_SUCCESS);
    CHECK_EQUAL(sim_lost_pages(), 0);
    disk_end();
}

static void who_only_reads_is_left_in_the_end(void)
{
    begin_with(IMDISK_TYPE_VM, 20 * IMPATIENT);
    close_file();
    sim_hold_file_systems(SIM_HOLD_LOCKING | SIM_HOLD_READS);
    CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    CHECK_EQUAL(sim_file_systems_held(), 1);
    sim_hold_file_systems(0);
    sim_settle();
    disk_end();
}

static void threads_are_waited_for(void)
{
    begin();
    close_file();
    sim_refuse_threads(50); /* that removes, and that asks the file system */
    CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    CHECK_EQUAL(sim_log_events(), 0);
    end();
}

/* Who has no thread to dismount with is tried again; whatever else there is to do is done. */
static void who_has_no_thread_keeps_nobody_waiting(void)
{
    static uint32_t number = DISK_NUMBER;
    uint32_t other = DISK_NUMBER + 1;
    struct sim_options options = {.seed = 1, .watchdog_seconds = 60, .hurry = 2, .file_system = SIM_FILES};
    begin_as(IMDISK_TYPE_FILE, &options);
    close_file();
    CHECK_EQUAL(disk_create_numbered(other, IMDISK_TYPE_VM, DISK_BYTES, NULL, 0), STATUS_SUCCESS);
    sim_refuse_threads(UINT_MAX);
    struct sim_request *removal =
        sim_ioctl_begin(disk_control, IMDISK_IOCTL_REMOVE_DEVICE, &number, sizeof(number), NULL, 0);
    CHECK_EQUAL(sim_ioctl(disk_control, IMDISK_IOCTL_REMOVE_DEVICE, &other, sizeof(other), NULL, 0, NULL),
                STATUS_SUCCESS);
    CHECK(!sim_request_done(removal));
    sim_refuse_threads(0);
    CHECK_EQUAL(sim_request_wait(removal, NULL), STATUS_SUCCESS);
    CHECK_EQUAL(sim_log_events(), 0);
    end();
}

/* It is removed as if the file system hung. */
static void without_threads_nobody_is_asked(void)
{
    begin();
    close_file();
    struct sim_file *disk = open_disk();
    sim_refuse_threads(UINT_MAX);
    CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    CHECK_EQUAL(sim_volume_lock_refusals(), 0);
    check_logged(STATUS_INSUFFICIENT_RESOURCES);
    sim_refuse_threads(0);
    sim_close(disk); /* the file system notices that its disk is gone */
    disk_end();
}

/* The system goes down all the same, and the disk before or after it. */
static void the_system_goes_down_while_it_hangs(void)
{
    static uint32_t number = DISK_NUMBER;
    for (unsigned i = 0; i < 3; i++) {
        struct sim_request *removal = NULL;
        begin_with(IMDISK_TYPE_VM, IMPATIENT);
        close_file();
        sim_hold_file_systems(i == 2 ? SIM_HOLD_CLOSING : SIM_HOLD_LOCKING);
        if (i == 0) {
            removal = sim_ioctl_begin(disk_control, IMDISK_IOCTL_REMOVE_DEVICE, &number, sizeof(number), NULL, 0);
            disk_wait_until_held();
        }
        sim_shutdown();
        CHECK_EQUAL(sim_file_systems_held(), 1);
        if (i == 0) {
            CHECK_EQUAL(sim_request_wait(removal, NULL), STATUS_SUCCESS);
        }
        sim_hold_file_systems(0);
        sim_settle();
        if (i != 0) {
            CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
        }
        disk_end();
    }
}

/* A file system waits for the disk, which waits for its image: longer than one may hang. */
static void who_waits_for_the_disk_is_waited_for(void)
{
    static uint32_t number = DISK_NUMBER;
    struct timespec time = {2, 500000000};
    begin_with(IMDISK_TYPE_FILE, IMPATIENT / 2);
    CHECK_EQUAL(sim_write(file, sizeof(page), page, sizeof(page), NULL), STATUS_SUCCESS); /* waits for the first */
    close_file();
    sim_volume_hold(true);
    struct sim_request *removal =
        sim_ioctl_begin(disk_control, IMDISK_IOCTL_REMOVE_DEVICE, &number, sizeof(number), NULL, 0);
    (void)nanosleep(&time, NULL);
    CHECK(!sim_request_done(removal));
    sim_volume_hold(false);
    CHECK_EQUAL(sim_request_wait(removal, NULL), STATUS_SUCCESS);
    end();
}

/* At what is mounted, until who ejects what he has locked is answered. */
#define LOOKS_OF_AN_EJECTION 3

/* He unlocks it when he has been answered; then it is dismounted, for which it has to be opened: a stop would not let that be done. */
static void who_has_locked_is_answered_first(void)
{
    begin();
    close_file();
    struct sim_file *disk = open_disk();
    CHECK_EQUAL(sim_fsctl(disk, FSCTL_LOCK_VOLUME, NULL, 0, NULL, 0), STATUS_SUCCESS);
    sim_hold_look(LOOKS_OF_AN_EJECTION + 1);
    CHECK_EQUAL(eject(disk), STATUS_SUCCESS);
    sim_close(disk);
    sim_hold_file_systems(SIM_HOLD_LOCKING);
    sim_hold_look(0);
    disk_wait_until_held();
    CHECK_EQUAL(sim_stop(), STATUS_INVALID_DEVICE_REQUEST);
    sim_hold_file_systems(0);
    sim_settle();
    CHECK_EQUAL(sim_volume_locks(), 2);
    end();
}

TEST_MAIN({"removal_dismounts", removal_dismounts},
          {"open_files_hold_removal_up_for_a_while", open_files_hold_removal_up_for_a_while},
          {"who_has_dismounted_ejects", who_has_dismounted_ejects}, {"who_has_locked_ejects", who_has_locked_ejects},
          {"who_has_not_locked_ejects", who_has_not_locked_ejects},
          {"other_drivers_remove_at_dispatch_level", other_drivers_remove_at_dispatch_level},
          {"two_removals", two_removals}, {"removal_waits_for_who_has_locked", removal_waits_for_who_has_locked},
          {"who_hangs_is_left", who_hangs_is_left},
          {"removal_says_who_was_not_dismounted", removal_says_who_was_not_dismounted},
          {"threads_are_waited_for", threads_are_waited_for},
          {"who_has_no_thread_keeps_nobody_waiting", who_has_no_thread_keeps_nobody_waiting},
          {"without_threads_nobody_is_asked", without_threads_nobody_is_asked},
          {"who_is_left_leaves_others_alone", who_is_left_leaves_others_alone},
          {"who_reads_is_waited_for", who_reads_is_waited_for},
          {"who_only_reads_is_left_in_the_end", who_only_reads_is_left_in_the_end},
          {"the_system_goes_down_while_it_hangs", the_system_goes_down_while_it_hangs},
          {"who_waits_for_the_disk_is_waited_for", who_waits_for_the_disk_is_waited_for},
          {"who_has_locked_is_answered_first", who_has_locked_is_answered_first})
