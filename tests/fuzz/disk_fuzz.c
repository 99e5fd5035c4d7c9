/* SPDX-License-Identifier: MIT */
/*
 * Fuzzing of the disk driver in the simulated kernel: operations.h has the language of the input. The driver is loaded
 * for each input and unloaded after it; the oracle is the simulation's rules, the sanitizers, and that nothing is left.
 */

#include "ballast/disk_abi.h"
#include "tests/fuzz/kernel.h"

#include <stdio.h>

DRIVER_INITIALIZE DriverEntry;

static struct sim_process *process;

void fuzz_succeeded(const struct fuzz_request *request)
{
    (void)request;
}

static void open_slot(void)
{
    struct fuzz_open open = fuzz_read_open();
    struct sim_file **file = &fuzz_slots[open.slot];
    char path[64] = "\\Device\\ImDiskCtl";
    if (open.device != 0) {
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

static void control(void)
{
    struct fuzz_request request = fuzz_read_ioctl();
    struct sim_file *file = fuzz_slots[request.slot];
    if (file == NULL) {
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

static void transfer(bool write)
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
    request.request = write ? sim_write_begin(file, offset, request.output, length)
                            : sim_read_begin(file, offset, request.output, length);
    keep(request);
}

static void flush(void)
{
    struct sim_file *file = fuzz_slots[fuzz_slot()];
    if (file != NULL) {
        (void)sim_flush(file);
    }
}

static void image(enum operation operation)
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

static void operate(void)
{
    enum operation operation = (enum operation)(fuzz_number(1) % OPERATIONS);
    switch (operation) {
    case OPERATION_OPEN:
        open_slot();
        break;
    case OPERATION_CLOSE:
        fuzz_close();
        break;
    case OPERATION_IOCTL:
        control();
        break;
    case OPERATION_READ:
    case OPERATION_WRITE:
        transfer(operation == OPERATION_WRITE);
        break;
    case OPERATION_FLUSH:
        flush();
        break;
    case OPERATION_CANCEL:
        fuzz_cancel();
        break;
    case OPERATION_WAIT:
        fuzz_wait(&fuzz_requests[fuzz_number(1) % REQUESTS]);
        break;
    case OPERATION_IMAGE:
    case OPERATION_TRUNCATE:
    case OPERATION_DELETE:
        image(operation);
        break;
    case OPERATION_FAULT:
        sim_fault_at(fuzz_number(1));
        break;
    default:
        sim_volume_fail(fuzz_number(1) % 2 != 0 ? STATUS_IO_DEVICE_ERROR : STATUS_SUCCESS);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sim_options options = {.seed = 1, .file_limit = IMAGE_LIMIT};
    fuzz_input = (struct fuzz_input){data, size};
    sim_reset(&options);
    REQUIRE(NT_SUCCESS(sim_load(DriverEntry)));
    process = sim_process_create(true);
    while (fuzz_input.left != 0) {
        operate();
    }
    sim_fault_at(0);
    sim_volume_fail(STATUS_SUCCESS);
    fuzz_wait_for_all();
    sim_kill_process(process);
    memset(fuzz_slots, 0, sizeof(fuzz_slots));
    sim_unload();
    return 0;
}
