/* SPDX-License-Identifier: MIT */
/* The disk driver under those who trust it with everything: file systems, the cache and memory managers. */

#include "ballast/disk_abi.h"
#include "sim/sim.h"
#include "tests/behaviour/create_request.h"
#include "tests/harness/test.h"

#include <string.h>

#define MIB    (1u << 20)
#define NUMBER 5u
#define DEVICE "\\Device\\ImDisk5"
#define IMAGE  "image"

DRIVER_INITIALIZE DriverEntry;

static struct sim_process *process;
static struct sim_file *control;
static struct sim_file *disk;
static unsigned char page[4096];

static void begin_with(const struct sim_options *options)
{
    sim_reset(options);
    CHECK_EQUAL(sim_load(DriverEntry), STATUS_SUCCESS);
    process = sim_process_create(true);
    CHECK_EQUAL(sim_create_file(process, "\\Device\\ImDiskCtl", GENERIC_READ | GENERIC_WRITE, &control),
                STATUS_SUCCESS);
    CHECK(target_image_create(IMAGE, MIB));
}

static void begin(void)
{
    struct sim_options options = {.seed = 1};
    begin_with(&options);
}

static void end(void)
{
    sim_kill_process(process);
    sim_unload();
}

static NTSTATUS create(uint32_t flags, const char *image)
{
    static _Alignas(8) unsigned char bytes[256];
    struct imdisk_create_data fields = {.device_number = NUMBER, .flags = flags, .size_bytes = MIB};
    size_t length = create_request(bytes, sizeof(bytes), &fields, image);
    NTSTATUS status = sim_ioctl(control, IMDISK_IOCTL_CREATE_DEVICE, bytes, (ULONG)length, NULL, 0, NULL);
    if (NT_SUCCESS(status)) {
        CHECK_EQUAL(sim_create_file(process, DEVICE, GENERIC_READ | GENERIC_WRITE, &disk), STATUS_SUCCESS);
    }
    return status;
}

/* ---- the end ---- */

/* Programs find the end by reading nothing; file systems and the memory manager believe that their data is safe. */
static void the_kernel_is_told_of_the_end(void)
{
    ULONG_PTR done = 9;
    begin();
    CHECK_EQUAL(create(IMDISK_TYPE_VM, NULL), STATUS_SUCCESS);
    CHECK_EQUAL(sim_write(disk, MIB - 512, page, sizeof(page), &done), STATUS_SUCCESS);
    CHECK_EQUAL(done, 0);
    CHECK_EQUAL(sim_paging_write(disk, MIB - 512, page, sizeof(page), NULL), STATUS_NONEXISTENT_SECTOR);
    CHECK_EQUAL(sim_paging_read(disk, MIB, page, sizeof(page), NULL), STATUS_NONEXISTENT_SECTOR);
    sim_file_of_kernel(disk);
    CHECK_EQUAL(sim_write(disk, MIB, page, sizeof(page), NULL), STATUS_NONEXISTENT_SECTOR);
    CHECK_EQUAL(sim_read(disk, MIB - 512, page, sizeof(page), NULL), STATUS_NONEXISTENT_SECTOR);
    CHECK_EQUAL(sim_read(disk, MIB - 512, page, 512, &done), STATUS_SUCCESS);
    CHECK_EQUAL(done, 512);
    CHECK_EQUAL(sim_read(disk, MIB, page, 0, NULL), STATUS_SUCCESS);
    end();
}

TEST_MAIN({"the_kernel_is_told_of_the_end", the_kernel_is_told_of_the_end})
