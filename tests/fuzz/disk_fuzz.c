/* SPDX-License-Identifier: MIT */
/*
 * Fuzzing of the disk driver in the simulated kernel: operations.h has the language of the input. The driver is loaded
 * for each input and unloaded after it; the oracle is the simulation's rules, the sanitizers, and that nothing is left.
 */

#include "ballast/disk_abi.h"
#include "tests/fuzz/kernel.h"

#include <stdio.h>

/* Of the disks with file systems: every other one. */
#define DIGITS       0xAAAAu

/* More than one input can create. */
#define DISKS_LISTED 1024

DRIVER_INITIALIZE DriverEntry;

static struct sim_process *process;

void fuzz_succeeded(const struct fuzz_request *request)
{
    (void)request;
}

void fuzz_on_open(void)
{
    struct fuzz_open open = fuzz_read_open();
    struct sim_file **file = &fuzz_slots[open.slot];
    char path[64] = "\\Device\\ImDiskCtl";
    if (open.device >= 0x80) {
        (void)snprintf(path, sizeof(path), "\\Device\\ImDisk%u\\%u", open.device % 16, open.device / 16 % 8);
    } else if (open.device != 0) {
        (void)snprintf(path, sizeof(path), "\\Device\\ImDisk%u", open.device - 1);
    }
    if (*file == NULL && !NT_SUCCESS(sim_create_file(process, path, open.access, file))) {
        *file = NULL;
    }
}

static void keep(struct fuzz_request request)
{
    sim_set_irql(PASSIVE_LEVEL);
    fuzz_keep(request);
}

void fuzz_on_ioctl(void)
{
    struct fuzz_request request = fuzz_read_ioctl();
    struct sim_file *file = fuzz_slots[request.slot];
    if (file == NULL) {
        fuzz_release(&request);
        return;
    }
    if ((request.mode & MODE_VOLUME) != 0) {
        static const ULONG codes[] = {FSCTL_LOCK_VOLUME, FSCTL_UNLOCK_VOLUME, FSCTL_DISMOUNT_VOLUME,
                                      FSCTL_IS_VOLUME_MOUNTED};
        (void)sim_fsctl(file, codes[request.code % 4], NULL, 0, NULL, 0);
        fuzz_release(&request);
        return;
    }
    if ((request.mode & MODE_INTERNAL) != 0) {
        (void)sim_internal_ioctl(file, request.code, request.input, (ULONG)request.input_length, request.output,
                                 (ULONG)request.output_length, NULL);
        fuzz_release(&request);
        return;
    }
    if ((request.mode & MODE_DISPATCH) != 0) {
        sim_set_irql(DISPATCH_LEVEL);
    }
    request.request = sim_ioctl_begin(file, request.code, request.input, (ULONG)request.input_length, request.output,
                                      (ULONG)request.output_length);
    keep(request);
}

void fuzz_on_transfer(enum operation operation)
{
    struct fuzz_request request = {.slot = fuzz_slot()};
    struct sim_file *file = fuzz_slots[request.slot];
    request.mode = (unsigned)fuzz_number(1);
    uint64_t offset = fuzz_number(8);
    ULONG length = (ULONG)fuzz_number(4) % (TRANSFER_LIMIT + 1);
    if (file == NULL) {
        return;
    }
    request.output = malloc(length != 0 ? length : 1);
    memset(request.output, (int)(length % 3), length); /* zeros, too */
    if ((request.mode & MODE_DISPATCH) != 0) {
        sim_set_irql(DISPATCH_LEVEL);
    }
    request.request = operation == OPERATION_WRITE ? sim_write_begin(file, offset, request.output, length)
                                                   : sim_read_begin(file, offset, request.output, length);
    keep(request);
}

void fuzz_on_flush(void)
{
    struct sim_file *file = fuzz_slots[fuzz_slot()];
    if (file != NULL) {
        (void)sim_flush(file);
    }
}

void fuzz_on_image(enum operation operation)
{
    char text[NAME_MAXIMUM + 1];
    fuzz_name(text);
    if (operation == OPERATION_DELETE) {
        sim_volume_delete(text);
        return;
    }
    uint64_t size = fuzz_number(4) % (IMAGE_LIMIT + 1);
    if (operation == OPERATION_IMAGE) {
        (void)sim_volume_create(text, NULL, size);
    } else {
        (void)sim_volume_truncate(text, size);
    }
}

void fuzz_on_fail(void)
{
    sim_volume_fail(fuzz_number(1) % 2 != 0 ? STATUS_IO_DEVICE_ERROR : STATUS_SUCCESS);
}

/* File systems keep their disks, and with them the driver. */
static void remove_all(void)
{
    static uint32_t list[1 + DISKS_LISTED];
    struct sim_file *control;
    process = sim_process_create(true);
    REQUIRE(NT_SUCCESS(sim_create_file(process, "\\Device\\ImDiskCtl", GENERIC_READ | GENERIC_WRITE, &control)));
    REQUIRE(NT_SUCCESS(sim_ioctl(control, IMDISK_IOCTL_QUERY_DRIVER, NULL, 0, list, sizeof(list), NULL)));
    for (uint32_t i = 1; i <= list[0]; i++) {
        (void)sim_ioctl(control, IMDISK_IOCTL_REMOVE_DEVICE, &list[i], sizeof(list[i]), NULL, 0, NULL);
    }
    sim_kill_process(process);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sim_options options = {.seed = 1,
                                  .file_limit = IMAGE_LIMIT,
                                  .pool_limit = POOL_LIMIT,
                                  .hurry = 1000,
                                  .file_system = SIM_FILES,
                                  .file_system_digits = DIGITS};
    sim_reset(&options);
    REQUIRE(NT_SUCCESS(sim_load(DriverEntry)));
    process = sim_process_create(true);
    fuzz_operate(data, size);
    sim_volume_fail(STATUS_SUCCESS);
    fuzz_wait_for_all();
    sim_kill_process(process);
    memset(fuzz_slots, 0, sizeof(fuzz_slots));
    remove_all();
    sim_unload();
    return 0;
}
