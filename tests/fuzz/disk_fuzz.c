/* SPDX-License-Identifier: MIT */
/*
 * Fuzzing of the disk driver in the simulated kernel: operations.h has the language of the input. The driver is loaded
 * for each input and unloaded after it; the oracle is the simulation's rules, the sanitizers, and that nothing is left.
 */

#include "ballast/disk_abi.h"
#include "sim/sim.h"
#include "tests/fuzz/operations.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

DRIVER_INITIALIZE DriverEntry;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct request {
    struct sim_request *request;
    unsigned slot;
    unsigned char *input;
    unsigned char *output;
};

static const uint8_t *input;
static size_t input_left;
static struct sim_process *process;
static struct sim_file *slots[SLOTS];
static struct request requests[REQUESTS];

/* ---- reading the input ---- */

static uint64_t number(unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes && input_left != 0; i++) {
        value |= (uint64_t)*input++ << 8 * i;
        input_left--;
    }
    return value;
}

/* A name in `text`, which has room for NAME_MAXIMUM characters and a zero. */
static void name(char *text)
{
    size_t length = number(1) % (NAME_MAXIMUM + 1);
    for (size_t i = 0; i < length; i++) {
        text[i] = (char)number(1);
    }
    text[length] = 0;
}

/* ---- operations ---- */

static void wait_for(struct request *request)
{
    if (request->request != NULL) {
        (void)sim_request_wait(request->request, NULL);
        free(request->input);
        free(request->output);
        *request = (struct request){.request = NULL};
    }
}

static void wait_for_slot(unsigned slot)
{
    for (unsigned i = 0; i < REQUESTS; i++) {
        if (requests[i].slot == slot) {
            wait_for(&requests[i]);
        }
    }
}

/* Keeps a request that was begun, or waits for it. */
static void keep(struct request request, unsigned mode)
{
    sim_set_irql(PASSIVE_LEVEL);
    for (unsigned i = 0; i < REQUESTS && (mode & MODE_BEGIN) != 0; i++) {
        if (requests[i].request == NULL) {
            requests[i] = request;
            return;
        }
    }
    wait_for(&request);
}

static void open_slot(void)
{
    static const ACCESS_MASK masks[] = {FILE_READ_ATTRIBUTES, GENERIC_READ, GENERIC_WRITE,
                                        GENERIC_READ | GENERIC_WRITE};
    unsigned slot = (unsigned)number(1) % SLOTS;
    unsigned device = (unsigned)number(1);
    ACCESS_MASK access = masks[number(1) % 4];
    char path[64] = "\\Device\\ImDiskCtl";
    if (device != 0) {
        (void)snprintf(path, sizeof(path), "\\Device\\ImDisk%u", device - 1);
    }
    if (slots[slot] == NULL && !NT_SUCCESS(sim_create_file(process, path, access, &slots[slot]))) {
        slots[slot] = NULL;
    }
}

static void close_slot(void)
{
    unsigned slot = (unsigned)number(1) % SLOTS;
    if (slots[slot] != NULL) {
        wait_for_slot(slot);
        sim_close(slots[slot]);
        slots[slot] = NULL;
    }
}

static void control(void)
{
    struct request request = {.slot = (unsigned)number(1) % SLOTS};
    unsigned mode = (unsigned)number(1);
    ULONG code = (ULONG)number(4);
    size_t input_length = number(2);
    size_t output_length = number(2);
    size_t given = input_length < input_left ? input_length : input_left;
    request.input = calloc(1, input_length != 0 ? input_length : 1);
    request.output = malloc(output_length != 0 ? output_length : 1);
    memcpy(request.input, input, given);
    input += given;
    input_left -= given;
    if (slots[request.slot] == NULL) {
        free(request.input);
        free(request.output);
        return;
    }
    if ((mode & MODE_DISPATCH) != 0) {
        sim_set_irql(DISPATCH_LEVEL);
    }
    if ((mode & MODE_INTERNAL) != 0) {
        sim_set_irql(PASSIVE_LEVEL);
        (void)sim_internal_ioctl(slots[request.slot], code, request.input, (ULONG)input_length, request.output,
                                 (ULONG)output_length, NULL);
        free(request.input);
        free(request.output);
        return;
    }
    request.request = sim_ioctl_begin(slots[request.slot], code, request.input, (ULONG)input_length, request.output,
                                      (ULONG)output_length);
    keep(request, mode);
}

static void transfer(bool write)
{
    struct request request = {.slot = (unsigned)number(1) % SLOTS};
    unsigned mode = (unsigned)number(1);
    uint64_t offset = number(8);
    ULONG length = (ULONG)number(4) % (TRANSFER_LIMIT + 1);
    if (slots[request.slot] == NULL) {
        return;
    }
    request.output = malloc(length != 0 ? length : 1);
    memset(request.output, (int)(length % 3), length); /* zeros, too */
    if ((mode & MODE_DISPATCH) != 0) {
        sim_set_irql(DISPATCH_LEVEL);
    }
    request.request = write ? sim_write_begin(slots[request.slot], offset, request.output, length)
                            : sim_read_begin(slots[request.slot], offset, request.output, length);
    keep(request, mode);
}

static void flush(void)
{
    unsigned slot = (unsigned)number(1) % SLOTS;
    if (slots[slot] != NULL) {
        (void)sim_flush(slots[slot]);
    }
}

static void cancel(void)
{
    const struct request *request = &requests[number(1) % REQUESTS];
    if (request->request != NULL) {
        sim_cancel(request->request);
    }
}

static void image(enum operation operation)
{
    char text[NAME_MAXIMUM + 1];
    name(text);
    if (operation == OPERATION_DELETE) {
        sim_volume_delete(text);
        return;
    }
    uint64_t size = number(4) % (IMAGE_LIMIT + 1);
    if (operation == OPERATION_IMAGE) {
        (void)sim_volume_create(text, NULL, size);
    } else {
        (void)sim_volume_truncate(text, size);
    }
}

static void operate(void)
{
    enum operation operation = (enum operation)(number(1) % OPERATIONS);
    switch (operation) {
    case OPERATION_OPEN:
        open_slot();
        break;
    case OPERATION_CLOSE:
        close_slot();
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
        cancel();
        break;
    case OPERATION_WAIT:
        wait_for(&requests[number(1) % REQUESTS]);
        break;
    case OPERATION_IMAGE:
    case OPERATION_TRUNCATE:
    case OPERATION_DELETE:
        image(operation);
        break;
    case OPERATION_FAULT:
        sim_fault_at(number(1));
        break;
    default:
        sim_volume_fail(number(1) % 2 != 0 ? STATUS_IO_DEVICE_ERROR : STATUS_SUCCESS);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sim_options options = {.seed = 1, .file_limit = IMAGE_LIMIT};
    input = data;
    input_left = size;
    sim_reset(&options);
    if (!NT_SUCCESS(sim_load(DriverEntry))) {
        abort();
    }
    process = sim_process_create(true);
    while (input_left != 0) {
        operate();
    }
    sim_fault_at(0);
    sim_volume_fail(STATUS_SUCCESS);
    for (unsigned i = 0; i < REQUESTS; i++) {
        wait_for(&requests[i]);
    }
    sim_kill_process(process);
    memset(slots, 0, sizeof(slots));
    sim_unload();
    return 0;
}
