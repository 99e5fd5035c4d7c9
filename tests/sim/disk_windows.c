/* SPDX-License-Identifier: MIT */
/*
 * The disk driver where Windows has rules that Wine does not know: links that others have taken over, restricted programs,
 * codes that must not be passed on as the kernel's.
 */

#include "ballast/disk_abi.h"
#include "sim/sim.h"
#include "tests/behaviour/create_request.h"
#include "tests/harness/test.h"

#include <pthread.h>
#include <string.h>

#define MIB    (1u << 20)
#define NUMBER 5u
#define DEVICE "\\Device\\ImDisk5"
#define IMAGE  "image"

DRIVER_INITIALIZE DriverEntry;

static struct sim_process *process;
static struct sim_file *control;

/* 0: always. False: the rule is off, and the case skipped. */
static bool begin_with(unsigned rule, const struct sim_options *options)
{
    sim_reset(options);
    if (rule != 0 && !sim_rule(rule)) {
        test_skip("the driver does not keep this rule yet");
        return false;
    }
    CHECK_EQUAL(sim_load(DriverEntry), STATUS_SUCCESS);
    process = sim_process_create(true);
    CHECK_EQUAL(sim_create_file(process, "\\Device\\ImDiskCtl", GENERIC_READ | GENERIC_WRITE, &control),
                STATUS_SUCCESS);
    CHECK(target_image_create(IMAGE, MIB));
    return true;
}

static bool begin(unsigned rule)
{
    struct sim_options options = {.seed = 1};
    return begin_with(rule, &options);
}

static void end(void)
{
    sim_kill_process(process);
    sim_unload();
}

static NTSTATUS create(uint32_t flags, const char *image, uint16_t letter)
{
    static _Alignas(8) unsigned char bytes[256];
    struct imdisk_create_data fields = {
        .device_number = NUMBER, .flags = flags, .size_bytes = MIB, .drive_letter = letter};
    size_t length = create_request(bytes, sizeof(bytes), &fields, image);
    return sim_ioctl(control, IMDISK_IOCTL_CREATE_DEVICE, bytes, (ULONG)length, NULL, 0, NULL);
}

static NTSTATUS remove_disk(void)
{
    uint32_t number = NUMBER;
    return sim_ioctl(control, IMDISK_IOCTL_REMOVE_DEVICE, &number, sizeof(number), NULL, 0, NULL);
}

/* ---- links ---- */

/* While the disk was there, somebody has given its letter to another volume. */
static void a_letter_that_leads_elsewhere_stays(void)
{
    UNICODE_STRING link = RTL_CONSTANT_STRING(L"\\DosDevices\\Global\\V:");
    UNICODE_STRING target = RTL_CONSTANT_STRING(L"\\Device\\HarddiskVolume9");
    char path[64] = "";
    (void)begin(0);
    sim_foreign_device("\\Device\\HarddiskVolume9");
    CHECK_EQUAL(create(IMDISK_TYPE_VM, NULL, 'V'), STATUS_SUCCESS);
    CHECK_EQUAL(IoDeleteSymbolicLink(&link), STATUS_SUCCESS);
    CHECK_EQUAL(IoCreateSymbolicLink(&link, &target), STATUS_SUCCESS);
    CHECK_EQUAL(remove_disk(), STATUS_SUCCESS);
    CHECK(sim_resolve_path("\\DosDevices\\V:", path, sizeof(path)) && strcmp(path, "\\Device\\HarddiskVolume9") == 0);
    (void)IoDeleteSymbolicLink(&link);
    end();
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
    (void)begin(0);
    CHECK_EQUAL(create(IMDISK_TYPE_VM, NULL, 0), STATUS_SUCCESS);
    CHECK_EQUAL(open_as(SIM_RESTRICTED_TOKEN, DEVICE, FILE_READ_ATTRIBUTES), STATUS_SUCCESS);
    CHECK_EQUAL(open_as(SIM_RESTRICTED_TOKEN, DEVICE, GENERIC_READ), STATUS_ACCESS_DENIED);
    CHECK_EQUAL(open_as(SIM_RESTRICTED_TOKEN, DEVICE "\\file", FILE_READ_ATTRIBUTES), STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_EQUAL(open_as(SIM_APP_CONTAINER, DEVICE "\\file", FILE_READ_ATTRIBUTES), STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_EQUAL(open_as(SIM_RESTRICTED_TOKEN, "\\Device\\ImDiskCtl", FILE_READ_ATTRIBUTES), STATUS_SUCCESS);
    end();
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
    (void)begin(0);
    CHECK_EQUAL(create(IMDISK_TYPE_FILE, IMAGE, 0), STATUS_SUCCESS);
    CHECK_EQUAL(sim_create_file(process, DEVICE, GENERIC_READ | GENERIC_WRITE, &disk), STATUS_SUCCESS);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint32_t input[16] = {rows[i].code};
        test_note("row %u", (unsigned)i);
        CHECK(!NT_SUCCESS(sim_ioctl(disk, rows[i].through, input, sizeof(input), input, sizeof(input), NULL)));
    }
    end();
}

/* ---- stopping the driver ---- */

static void may_be_opened(bool expected)
{
    struct sim_file *disk;
    NTSTATUS status = sim_create_file(process, DEVICE, FILE_READ_ATTRIBUTES, &disk);
    CHECK_EQUAL(status, expected ? STATUS_SUCCESS : STATUS_NO_SUCH_DEVICE);
    if (NT_SUCCESS(status)) {
        sim_close(disk);
    }
}

/* A stop that cannot end makes all disks unreachable. So one with disks is no stop at all. */
static void a_stop_with_disks_is_refused(void)
{
    if (!begin(0)) {
        return;
    }
    CHECK_EQUAL(create(IMDISK_TYPE_VM, NULL, 0), STATUS_SUCCESS);
    CHECK_EQUAL(sim_stop(), STATUS_INVALID_DEVICE_REQUEST);
    may_be_opened(true);
    CHECK_EQUAL(remove_disk(), STATUS_SUCCESS);
    CHECK_EQUAL(sim_stop(), STATUS_PENDING); /* the control device is open */
    end();
}

static void *create_meanwhile(void *context)
{
    *(NTSTATUS *)context = create(IMDISK_TYPE_VM, NULL, 0);
    return NULL;
}

/* Whoever comes first: there is no disk that a stop has made unreachable. */
static void creation_and_stop_are_in_order(void)
{
    for (unsigned seed = 1; seed <= 100; seed++) {
        struct sim_options options = {.seed = seed, .delay_percent = 50};
        pthread_t thread;
        NTSTATUS created;
        if (!begin_with(0, &options)) {
            return;
        }
        CHECK_EQUAL(pthread_create(&thread, NULL, create_meanwhile, &created), 0);
        NTSTATUS stopped = sim_stop();
        pthread_join(thread, NULL);
        test_note("seed %u: created 0x%08x, stopped 0x%08x", seed, (unsigned)created, (unsigned)stopped);
        CHECK(stopped == STATUS_PENDING || stopped == STATUS_INVALID_DEVICE_REQUEST);
        CHECK(stopped != STATUS_PENDING || !NT_SUCCESS(created));
        if (NT_SUCCESS(created)) {
            may_be_opened(true);
            CHECK_EQUAL(remove_disk(), STATUS_SUCCESS);
        }
        end();
    }
}

TEST_MAIN({"a_letter_that_leads_elsewhere_stays", a_letter_that_leads_elsewhere_stays},
          {"restricted_programs_reach_files", restricted_programs_reach_files},
          {"codes_with_pointers_are_not_the_kernels", codes_with_pointers_are_not_the_kernels},
          {"a_stop_with_disks_is_refused", a_stop_with_disks_is_refused},
          {"creation_and_stop_are_in_order", creation_and_stop_are_in_order})
