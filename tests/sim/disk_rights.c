/* SPDX-License-Identifier: MIT */
/* Who may do what with the disk driver: callers without rights, and those who have another's for the moment. */

#include "core/disk/storage_abi.h"
#include "tests/sim/disk_client.h"

static struct sim_file *disk;

static void begin(void)
{
    struct sim_options options = {.seed = 1};
    disk_begin(&options);
}

static void create_and_open(void)
{
    CHECK_EQUAL(disk_create(IMDISK_TYPE_VM, NULL, 0), STATUS_SUCCESS);
    CHECK_EQUAL(sim_create_file(disk_process, DISK_DEVICE, GENERIC_READ | GENERIC_WRITE, &disk), STATUS_SUCCESS);
}

static void users_may_query_only(void)
{
    struct sim_file *file;
    uint32_t version;
    uint32_t flags[2] = {IMDISK_IMAGE_MODIFIED, IMDISK_IMAGE_MODIFIED};
    struct storage_verify verify = {0, 512, 0};
    begin();
    create_and_open();
    struct sim_process *user = sim_process_create(false);
    CHECK_EQUAL(sim_create_file(user, "\\Device\\ImDiskCtl", GENERIC_WRITE, &file), STATUS_ACCESS_DENIED);
    CHECK_EQUAL(sim_create_file(user, DISK_DEVICE, GENERIC_READ, &file), STATUS_ACCESS_DENIED);
    CHECK_EQUAL(sim_create_file(user, DISK_DEVICE, GENERIC_WRITE, &file), STATUS_ACCESS_DENIED);
    CHECK_EQUAL(sim_create_file(user, DISK_DEVICE, FILE_READ_ATTRIBUTES, &file), STATUS_SUCCESS);
    CHECK_EQUAL(sim_ioctl(file, IMDISK_IOCTL_QUERY_VERSION, NULL, 0, &version, 4, NULL), STATUS_SUCCESS);
    /* Codes that any handle may send. */
    CHECK_EQUAL(sim_ioctl(file, IMDISK_IOCTL_SET_DEVICE_FLAGS, flags, 8, NULL, 0, NULL), STATUS_ACCESS_DENIED);
    CHECK_EQUAL(sim_ioctl(file, IOCTL_DISK_VERIFY, &verify, sizeof(verify), NULL, 0, NULL), STATUS_ACCESS_DENIED);
    CHECK_EQUAL(sim_ioctl(file, IOCTL_STORAGE_EJECT_MEDIA, NULL, 0, NULL, 0, NULL), STATUS_ACCESS_DENIED);
    CHECK_EQUAL(sim_ioctl(disk, IMDISK_IOCTL_SET_DEVICE_FLAGS, flags, 8, NULL, 0, NULL), STATUS_SUCCESS);
    CHECK_EQUAL(sim_ioctl(disk, IOCTL_DISK_VERIFY, &verify, sizeof(verify), NULL, 0, NULL), STATUS_SUCCESS);
    CHECK_EQUAL(sim_create_file(user, "\\Device\\ImDiskCtl", GENERIC_READ, &file), STATUS_SUCCESS);
    CHECK_EQUAL(sim_ioctl(file, IMDISK_IOCTL_QUERY_VERSION, NULL, 0, &version, 4, NULL), STATUS_SUCCESS);
    sim_kill_process(user);
    disk_end();
}

/* Of codes that any handle may send: the token counts that the sender has now, unless it may only be identified by it. */
static void rights_are_those_of_the_sender(void)
{
    static const struct {
        bool administrator;    /* the process */
        bool of_administrator; /* the token of its thread */
        unsigned level;
        NTSTATUS status;
    } rows[] = {
        {true, false, 0, STATUS_SUCCESS},
        {true, false, SecurityImpersonation, STATUS_ACCESS_DENIED},
        {true, true, SecurityIdentification, STATUS_BAD_IMPERSONATION_LEVEL},
        {false, true, SecurityIdentification, STATUS_BAD_IMPERSONATION_LEVEL},
        {false, true, SecurityImpersonation, STATUS_SUCCESS},
        {false, true, SecurityDelegation, STATUS_SUCCESS},
    };
    uint32_t flags[2] = {IMDISK_IMAGE_MODIFIED, IMDISK_IMAGE_MODIFIED};
    struct sim_file *file;
    begin();
    create_and_open();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sim_process *process = sim_process_create(rows[i].administrator);
        test_note("row %u", (unsigned)i);
        CHECK_EQUAL(sim_create_file(process, DISK_DEVICE, FILE_READ_ATTRIBUTES, &file), STATUS_SUCCESS);
        sim_process_impersonate(process, rows[i].of_administrator, rows[i].level);
        CHECK_EQUAL(sim_ioctl(file, IMDISK_IOCTL_SET_DEVICE_FLAGS, flags, 8, NULL, 0, NULL), rows[i].status);
        sim_kill_process(process);
    }
    struct sim_process *user = sim_process_create(false);
    CHECK_EQUAL(sim_create_file(user, DISK_DEVICE, FILE_READ_ATTRIBUTES, &file), STATUS_SUCCESS);
    /* Another driver says itself who may. */
    CHECK_EQUAL(sim_internal_ioctl(file, IMDISK_IOCTL_SET_DEVICE_FLAGS, flags, 8, NULL, 0, NULL), STATUS_SUCCESS);
    sim_kill_process(user);
    disk_end();
}

/* There is nothing behind a device, and no way round its rights. */
static void names_behind_devices(void)
{
    struct sim_file *file;
    begin();
    create_and_open();
    CHECK_EQUAL(sim_create_file(disk_process, DISK_DEVICE "\\x", GENERIC_READ, &file), STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_EQUAL(sim_create_file(disk_process, "\\Device\\ImDiskCtl\\x", GENERIC_READ, &file),
                STATUS_OBJECT_NAME_NOT_FOUND);
    struct sim_process *user = sim_process_create(false);
    CHECK_EQUAL(sim_create_file(user, DISK_DEVICE "\\x", GENERIC_READ, &file), STATUS_ACCESS_DENIED);
    CHECK_EQUAL(sim_create_file(user, "\\Device\\ImDiskCtl\\x", GENERIC_WRITE, &file), STATUS_ACCESS_DENIED);
    sim_kill_process(user);
    disk_end();
}

/* The driver's own rights must not open what the caller's do not. */
static void images_are_opened_with_the_callers_rights(void)
{
    uint32_t list[8] = {0};
    begin();
    sim_volume_protect(DISK_IMAGE);
    CHECK_EQUAL(disk_create(IMDISK_TYPE_FILE, DISK_IMAGE, 0), STATUS_ACCESS_DENIED);
    CHECK_EQUAL(disk_create(IMDISK_TYPE_VM, DISK_IMAGE, 0), STATUS_ACCESS_DENIED);
    CHECK_EQUAL(sim_ioctl(disk_control, IMDISK_IOCTL_QUERY_DRIVER, NULL, 0, list, sizeof(list), NULL), STATUS_SUCCESS);
    CHECK_EQUAL(list[0], 0);
    disk_end();
}

TEST_MAIN({"users_may_query_only", users_may_query_only},
          {"rights_are_those_of_the_sender", rights_are_those_of_the_sender},
          {"names_behind_devices", names_behind_devices},
          {"images_are_opened_with_the_callers_rights", images_are_opened_with_the_callers_rights})
