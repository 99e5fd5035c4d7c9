/* SPDX-License-Identifier: MIT */
/*
 * The disk driver where Windows has rules that Wine does not know: links that others have taken over, restricted programs,
 * codes that must not be passed on as the kernel's.
 */

#include "core/disk/storage_abi.h"
#include "tests/sim/disk_client.h"

#include <pthread.h>
#include <string.h>

#define MIB (1u << 20)

DRIVER_INITIALIZE DriverEntry;

static void begin(void)
{
    struct sim_options options = {.seed = 1};
    disk_begin(&options);
}

/* ---- links ---- */

/* While the disk was there, somebody has given its letter to another volume. */
static void a_letter_that_leads_elsewhere_stays(void)
{
    UNICODE_STRING link = RTL_CONSTANT_STRING(L"\\DosDevices\\Global\\V:");
    UNICODE_STRING target = RTL_CONSTANT_STRING(L"\\Device\\HarddiskVolume9");
    char path[64] = "";
    begin();
    sim_foreign_device("\\Device\\HarddiskVolume9");
    CHECK_EQUAL(disk_create(IMDISK_TYPE_VM, NULL, 'V'), STATUS_SUCCESS);
    CHECK_EQUAL(IoDeleteSymbolicLink(&link), STATUS_SUCCESS);
    CHECK_EQUAL(IoCreateSymbolicLink(&link, &target), STATUS_SUCCESS);
    CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    CHECK(sim_resolve_path("\\DosDevices\\V:", path, sizeof(path)) && strcmp(path, "\\Device\\HarddiskVolume9") == 0);
    (void)IoDeleteSymbolicLink(&link);
    disk_end();
}

/* ImDisk's own driver may have it. */
static void the_name_awealloc_may_be_anothers(void)
{
    struct sim_options options = {.seed = 1};
    struct sim_file *file;
    sim_reset(&options);
    sim_foreign_device("\\Device\\AWEAlloc");
    CHECK_EQUAL(sim_load(DriverEntry), STATUS_SUCCESS);
    struct sim_process *process = sim_process_create(true);
    CHECK_EQUAL(sim_create_file(process, "\\Device\\ImDiskCtl", GENERIC_READ, &file), STATUS_SUCCESS);
    sim_kill_process(process);
    sim_unload();
}

static void the_device_awealloc_has_no_size(void)
{
    FILE_STANDARD_INFORMATION standard;
    struct sim_file *file;
    begin();
    CHECK_EQUAL(sim_create_file(disk_process, "\\Device\\AWEAlloc", GENERIC_READ | GENERIC_WRITE, &file),
                STATUS_SUCCESS);
    CHECK_EQUAL(sim_query_information(file, FileStandardInformation, &standard, sizeof(standard), NULL),
                STATUS_INVALID_DEVICE_REQUEST);
    CHECK_EQUAL(sim_set_information(file, FileEndOfFileInformation, &standard.EndOfFile, sizeof(standard.EndOfFile)),
                STATUS_INVALID_DEVICE_REQUEST);
    sim_close(file);
    struct sim_process *other = sim_process_create(false);
    CHECK_EQUAL(sim_create_file(other, "\\Device\\AWEAlloc", FILE_READ_ATTRIBUTES, &file), STATUS_SUCCESS);
    CHECK_EQUAL(sim_create_file(other, "\\Device\\AWEAlloc", GENERIC_WRITE, &file), STATUS_ACCESS_DENIED);
    sim_kill_process(other);
    disk_end();
}

/* ---- restricted programs ---- */

static NTSTATUS open_as(enum sim_restriction restriction, const char *path, ACCESS_MASK access)
{
    struct sim_file *file;
    struct sim_process *other = sim_process_create(false);
    sim_process_restrict(other, restriction);
    NTSTATUS status = sim_create_file(other, path, access, &file);
    sim_kill_process(other);
    return status;
}

/* What everybody may do they may, too: ask, and reach the files behind the disk, of which there are none here. */
static void restricted_programs_reach_files(void)
{
    begin();
    CHECK_EQUAL(disk_create(IMDISK_TYPE_VM, NULL, 0), STATUS_SUCCESS);
    CHECK_EQUAL(open_as(SIM_RESTRICTED_TOKEN, DISK_DEVICE, FILE_READ_ATTRIBUTES), STATUS_SUCCESS);
    CHECK_EQUAL(open_as(SIM_RESTRICTED_TOKEN, DISK_DEVICE, GENERIC_READ), STATUS_ACCESS_DENIED);
    CHECK_EQUAL(open_as(SIM_RESTRICTED_TOKEN, DISK_DEVICE "\\file", FILE_READ_ATTRIBUTES),
                STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_EQUAL(open_as(SIM_APP_CONTAINER, DISK_DEVICE "\\file", FILE_READ_ATTRIBUTES), STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_EQUAL(open_as(SIM_RESTRICTED_TOKEN, "\\Device\\ImDiskCtl", FILE_READ_ATTRIBUTES), STATUS_SUCCESS);
    disk_end();
}

/* ---- passing requests on ---- */

static void codes_with_pointers_are_not_the_kernels(void)
{
    static const struct {
        uint32_t through, code;
    } rows[] = {
        {IMDISK_IOCTL_IOCTL_PASS_THROUGH, 0x0004D014},
        {IMDISK_IOCTL_IOCTL_PASS_THROUGH, 0x0004D030},
        {IMDISK_IOCTL_FSCTL_PASS_THROUGH, 0x00090074},
        {IMDISK_IOCTL_FSCTL_PASS_THROUGH, 0x00098344},
    };
    struct sim_file *disk;
    begin();
    CHECK_EQUAL(disk_create(IMDISK_TYPE_FILE, DISK_IMAGE, 0), STATUS_SUCCESS);
    CHECK_EQUAL(sim_create_file(disk_process, DISK_DEVICE, GENERIC_READ | GENERIC_WRITE, &disk), STATUS_SUCCESS);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint32_t input[16] = {rows[i].code};
        test_note("row %u", (unsigned)i);
        CHECK(!NT_SUCCESS(sim_ioctl(disk, rows[i].through, input, sizeof(input), input, sizeof(input), NULL)));
    }
    disk_end();
}

/* ---- stopping the driver ---- */

static void may_be_opened(bool expected)
{
    struct sim_file *disk;
    NTSTATUS status = sim_create_file(disk_process, DISK_DEVICE, FILE_READ_ATTRIBUTES, &disk);
    CHECK_EQUAL(status, expected ? STATUS_SUCCESS : STATUS_NO_SUCH_DEVICE);
    if (NT_SUCCESS(status)) {
        sim_close(disk);
    }
}

/* A stop that cannot end makes all disks unreachable. So one with disks is no stop at all. */
static void a_stop_with_disks_is_refused(void)
{
    begin();
    CHECK_EQUAL(disk_create(IMDISK_TYPE_VM, NULL, 0), STATUS_SUCCESS);
    CHECK_EQUAL(sim_stop(), STATUS_INVALID_DEVICE_REQUEST);
    may_be_opened(true);
    CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    CHECK_EQUAL(sim_stop(), STATUS_PENDING); /* the control device is open */
    disk_end();
}

static void *create_meanwhile(void *context)
{
    *(NTSTATUS *)context = disk_create(IMDISK_TYPE_VM, NULL, 0);
    return NULL;
}

/* Whoever comes first: there is no disk that a stop has made unreachable. */
static void creation_and_stop_are_in_order(void)
{
    for (unsigned seed = 1; seed <= 100; seed++) {
        struct sim_options options = {.seed = seed, .delay_percent = 50};
        pthread_t thread;
        NTSTATUS created;
        disk_begin(&options);
        CHECK_EQUAL(pthread_create(&thread, NULL, create_meanwhile, &created), 0);
        NTSTATUS stopped = sim_stop();
        pthread_join(thread, NULL);
        test_note("seed %u: created 0x%08x, stopped 0x%08x", seed, (unsigned)created, (unsigned)stopped);
        CHECK(stopped == STATUS_PENDING || stopped == STATUS_INVALID_DEVICE_REQUEST);
        CHECK(stopped != STATUS_PENDING || !NT_SUCCESS(created));
        if (NT_SUCCESS(created)) {
            may_be_opened(true);
            CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
        }
        disk_end();
    }
}

/*
 * Who asked for the removal is gone, and nothing is open any more when a stop begins, as the disk ends: what holds the driver is
 * the last to be closed, and DriverUnload runs before that close returns.
 */
static void a_stop_while_the_last_disk_ends(void)
{
    static uint32_t number = DISK_NUMBER;
    unsigned pending = 0;
    for (unsigned seed = 1; seed <= 50; seed++) {
        struct sim_options options = {.seed = seed, .delay_percent = 50};
        NTSTATUS stopped;
        disk_begin(&options);
        CHECK_EQUAL(disk_create(IMDISK_TYPE_VM, NULL, 0), STATUS_SUCCESS);
        (void)sim_ioctl_begin(disk_control, IMDISK_IOCTL_REMOVE_DEVICE, &number, sizeof(number), NULL, 0);
        sim_kill_process(disk_process);
        do { /* the disk is not so far yet */
            stopped = sim_stop();
        } while (stopped == STATUS_INVALID_DEVICE_REQUEST);
        CHECK(stopped == STATUS_PENDING || stopped == STATUS_SUCCESS);
        pending += stopped == STATUS_PENDING;
        sim_settle();
        sim_unload();
    }
    CHECK(pending != 0);
}

/*
 * A stop that is refused is the last one that Windows' service manager sends, so who has ejected the last disk is not answered
 * before one is accepted.
 */
static void who_has_ejected_may_stop(void)
{
    for (unsigned seed = 1; seed <= 20; seed++) {
        struct sim_options options = {
            .seed = seed, .delay_percent = 50, .file_system = seed % 2 != 0 ? SIM_FILES : SIM_RAW};
        struct sim_file *disk;
        disk_begin(&options);
        CHECK_EQUAL(disk_create(IMDISK_TYPE_VM, NULL, 0), STATUS_SUCCESS);
        disk_open(&disk, 1);
        CHECK_EQUAL(sim_fsctl(disk, FSCTL_LOCK_VOLUME, NULL, 0, NULL, 0), STATUS_SUCCESS);
        CHECK_EQUAL(sim_fsctl(disk, FSCTL_DISMOUNT_VOLUME, NULL, 0, NULL, 0), STATUS_SUCCESS);
        CHECK_EQUAL(sim_ioctl(disk, IOCTL_STORAGE_EJECT_MEDIA, NULL, 0, NULL, 0, NULL), STATUS_SUCCESS);
        test_note("seed %u", seed);
        CHECK_EQUAL(sim_stop(), STATUS_PENDING); /* the disk and the control device are open */
        disk_end();
    }
}

TEST_MAIN({"the_name_awealloc_may_be_anothers", the_name_awealloc_may_be_anothers},
          {"the_device_awealloc_has_no_size", the_device_awealloc_has_no_size},
          {"a_letter_that_leads_elsewhere_stays", a_letter_that_leads_elsewhere_stays},
          {"restricted_programs_reach_files", restricted_programs_reach_files},
          {"codes_with_pointers_are_not_the_kernels", codes_with_pointers_are_not_the_kernels},
          {"a_stop_with_disks_is_refused", a_stop_with_disks_is_refused},
          {"creation_and_stop_are_in_order", creation_and_stop_are_in_order},
          {"a_stop_while_the_last_disk_ends", a_stop_while_the_last_disk_ends},
          {"who_has_ejected_may_stop", who_has_ejected_may_stop})
