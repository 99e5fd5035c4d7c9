/* SPDX-License-Identifier: MIT */
/* Removal of disks that a file system is mounted on: what it has not written yet is not lost, and it is gone first. */

#include "ballast/disk_abi.h"
#include "core/disk/storage_abi.h"
#include "sim/sim.h"
#include "tests/behaviour/create_request.h"
#include "tests/harness/test.h"

#include <string.h>

#define MIB    (1u << 20)
#define NUMBER 5u
#define DEVICE "\\Device\\ImDisk5"
#define IMAGE  "image"
#define FILE_3 DEVICE "\\3"
#define OFFSET (4 * SIM_FILE_SIZE) /* of the file on the disk */

DRIVER_INITIALIZE DriverEntry;

static struct sim_process *process;
static struct sim_file *control;
static struct sim_file *file; /* on the disk; NULL: closed */
static unsigned char page[4096];

/* A disk with a mounted file system, and a page that is in memory only. */
static void begin(void)
{
    static _Alignas(8) unsigned char bytes[256];
    struct sim_options options = {.seed = 1, .hurry = 100, .file_system = SIM_FILES};
    struct imdisk_create_data fields = {.device_number = NUMBER, .flags = IMDISK_TYPE_FILE, .size_bytes = MIB};
    sim_reset(&options);
    CHECK_EQUAL(sim_load(DriverEntry), STATUS_SUCCESS);
    process = sim_process_create(true);
    CHECK_EQUAL(sim_create_file(process, "\\Device\\ImDiskCtl", GENERIC_READ | GENERIC_WRITE, &control),
                STATUS_SUCCESS);
    CHECK(target_image_create(IMAGE, MIB));
    size_t length = create_request(bytes, sizeof(bytes), &fields, IMAGE);
    CHECK_EQUAL(sim_ioctl(control, IMDISK_IOCTL_CREATE_DEVICE, bytes, (ULONG)length, NULL, 0, NULL), STATUS_SUCCESS);
    memset(page, 0x5A, sizeof(page));
    sim_hold_lazy_writer(true);
    CHECK_EQUAL(sim_create_file(process, FILE_3, GENERIC_READ | GENERIC_WRITE, &file), STATUS_SUCCESS);
    CHECK_EQUAL(sim_write(file, 0, page, sizeof(page), NULL), STATUS_SUCCESS);
    CHECK_EQUAL(sim_dirty_pages(), 1);
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
    CHECK_EQUAL(sim_create_file(process, DEVICE, FILE_READ_ATTRIBUTES, &disk), STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK(target_image_read(IMAGE, OFFSET, written, sizeof(written)));
    CHECK_BYTES(written, page, sizeof(page));
    sim_kill_process(process);
    CHECK_EQUAL(sim_lost_pages(), 0);
    sim_unload();
}

static struct sim_file *open_disk(void)
{
    struct sim_file *disk = NULL;
    CHECK_EQUAL(sim_create_file(process, DEVICE, GENERIC_READ | GENERIC_WRITE, &disk), STATUS_SUCCESS);
    return disk;
}

static NTSTATUS remove_disk(void)
{
    uint32_t number = NUMBER;
    return sim_ioctl(control, IMDISK_IOCTL_REMOVE_DEVICE, &number, sizeof(number), NULL, 0, NULL);
}

static NTSTATUS eject(struct sim_file *disk)
{
    return sim_ioctl(disk, IOCTL_STORAGE_EJECT_MEDIA, NULL, 0, NULL, 0, NULL);
}

static void removal_dismounts(void)
{
    begin();
    close_file();
    CHECK_EQUAL(remove_disk(), STATUS_SUCCESS);
    CHECK_EQUAL(sim_volume_locks(), 1);
    CHECK_EQUAL(sim_volume_lock_refusals(), 0);
    end();
}

/* Who asks for removal by number has been told to go on. */
static void open_files_hold_removal_up_for_a_while(void)
{
    begin();
    CHECK_EQUAL(remove_disk(), STATUS_SUCCESS);
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
    static uint32_t number = NUMBER;
    begin();
    close_file();
    sim_set_irql(DISPATCH_LEVEL);
    struct sim_request *request =
        sim_ioctl_begin(control, IMDISK_IOCTL_REMOVE_DEVICE, &number, sizeof(number), NULL, 0);
    sim_set_irql(PASSIVE_LEVEL);
    CHECK_EQUAL(sim_request_wait(request, NULL), STATUS_SUCCESS);
    CHECK_EQUAL(sim_volume_locks(), 1);
    end();
}

/* Two that ask for the same are both answered, and the file system is asked once. */
static void two_removals(void)
{
    static uint32_t number = NUMBER;
    begin();
    struct sim_request *first = sim_ioctl_begin(control, IMDISK_IOCTL_REMOVE_DEVICE, &number, sizeof(number), NULL, 0);
    NTSTATUS second = remove_disk();
    CHECK_EQUAL(sim_request_wait(first, NULL), STATUS_SUCCESS);
    CHECK(second == STATUS_SUCCESS || second == STATUS_OBJECT_NAME_NOT_FOUND);
    end();
}

TEST_MAIN({"removal_dismounts", removal_dismounts},
          {"open_files_hold_removal_up_for_a_while", open_files_hold_removal_up_for_a_while},
          {"who_has_dismounted_ejects", who_has_dismounted_ejects}, {"who_has_locked_ejects", who_has_locked_ejects},
          {"who_has_not_locked_ejects", who_has_not_locked_ejects},
          {"other_drivers_remove_at_dispatch_level", other_drivers_remove_at_dispatch_level},
          {"two_removals", two_removals})
