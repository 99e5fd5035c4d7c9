/* SPDX-License-Identifier: MIT */
/*
 * Every kernel call of the disk driver that can fail is made to fail, one at a time, while a disk under a file system with a page in
 * memory is removed, ejected, or the system goes down: whatever fails, the page is where it belongs. faults.h says how.
 */

#include "core/disk/storage_abi.h"
#include "tests/sim/disk_client.h"
#include "tests/sim/faults.h"

#include <string.h>

#define OFFSET (4 * SIM_FILE_SIZE) /* of the file on the disk */

static struct sim_file *file; /* with a page that is in memory only; NULL: closed */
static unsigned char page[4096];

static void close_file(void)
{
    if (file != NULL) {
        sim_close(file);
        file = NULL;
    }
}

static void set_up_open(void)
{
    CHECK_EQUAL(disk_create(IMDISK_TYPE_FILE, DISK_IMAGE, 0), STATUS_SUCCESS);
    memset(page, 0x5A, sizeof(page));
    sim_hold_lazy_writer(true);
    CHECK_EQUAL(sim_create_file(disk_process, DISK_DEVICE "\\3", GENERIC_READ | GENERIC_WRITE, &file), STATUS_SUCCESS);
    CHECK_EQUAL(sim_write(file, 0, page, sizeof(page), NULL), STATUS_SUCCESS);
}

static void set_up_closed(void)
{
    set_up_open();
    close_file();
}

/* As who knows nothing of locks: his handle is in their way. */
static NTSTATUS operate_eject(void)
{
    struct sim_file *volume;
    NTSTATUS status = sim_create_file(disk_process, DISK_DEVICE, GENERIC_READ | GENERIC_WRITE, &volume);
    if (NT_SUCCESS(status)) {
        status = sim_ioctl(volume, IOCTL_STORAGE_EJECT_MEDIA, NULL, 0, NULL, 0, NULL);
        sim_close(volume);
    }
    return status;
}

static NTSTATUS operate_shutdown(void)
{
    sim_shutdown();
    return STATUS_SUCCESS;
}

static void verify(NTSTATUS status)
{
    if (NT_SUCCESS(status)) {
        unsigned char saved[sizeof(page)];
        CHECK_EQUAL(sim_lost_pages(), 0);
        CHECK_EQUAL(sim_dirty_pages(), 0);
        CHECK(sim_volume_read(DISK_IMAGE, OFFSET, saved, sizeof(saved)));
        CHECK_BYTES(saved, page, sizeof(page));
    }
}

static void begin(const struct sim_options *options, bool load)
{
    struct sim_options mounted = *options;
    (void)load; /* it always is */
    mounted.file_system = SIM_FILES;
    mounted.hurry = 1000;
    disk_begin(&mounted);
}

static void end(void)
{
    close_file();
    (void)disk_remove(); /* where it is still there */
    disk_end();
}

static bool explain(const char *name, NTSTATUS status)
{
    (void)name;
    return status == STATUS_INSUFFICIENT_RESOURCES;
}

static const struct faults faults = {begin, end, explain};

SCENARIO(remove_closed, set_up_closed, disk_remove, verify)
SCENARIO(remove_open, set_up_open, disk_remove, verify)
SCENARIO(eject, set_up_closed, operate_eject, verify)
SCENARIO(shutdown_closed, set_up_closed, operate_shutdown, verify)
SCENARIO(shutdown_open, set_up_open, operate_shutdown, verify)

TEST_MAIN({"remove_closed", remove_closed}, {"remove_open", remove_open}, {"eject", eject},
          {"shutdown_closed", shutdown_closed}, {"shutdown_open", shutdown_open}, {"all_were_failed", faults_report})
