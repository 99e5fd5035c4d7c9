/* SPDX-License-Identifier: MIT */
/*
 * Fuzzing of the AI driver in the simulated kernel. The language of the input is that of operations.h, so that record.c
 * writes it, with these differences:
 *
 *   OPEN slot device rights        device: bit 0 an administrator, the others a user; the rest chooses the name
 *   IOCTL                          MODE_LAST: the id or address of the last allocation is put into the input
 *   READ, WRITE                    the user is killed, and a new one begins
 *   IMAGE name_length name size:4  a process with this image name; bits of size: threads, and what else it has
 *   TRUNCATE name_length name size:4  the registry value Rules is this, '\n' between rules
 *   DELETE name_length name        an adapter with this name
 *   FAIL n                         the next n enumerations find that the list has grown
 *
 * The driver is loaded for each input and unloaded after it; the oracle is the simulation's rules, the sanitizers, and
 * that nothing is left.
 */

#include "ballast/codex_abi.h"
#include "tests/fuzz/operations.h"
#include "tests/sim/ai_client.h"

#include <stdlib.h>
#include <string.h>

#define POOL_BYTES    (4u * MIB)
#define MODE_LAST     0x08u
#define ADMINISTRATOR 0x1000u /* process ids: the same in each run, so that inputs can name them */
#define USER          0x2000u
#define THREAD        4242u
#define PROCESSES     64u /* at most */

DRIVER_INITIALIZE DriverEntry;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct request {
    struct sim_request *request;
    unsigned slot;
    ULONG code;
    unsigned char *input;
    unsigned char *output;
    size_t output_length;
};

static const uint8_t *input;
static size_t input_left;
static struct sim_process *processes[2]; /* the user, the administrator */
static struct sim_file *slots[SLOTS];
static unsigned slot_process[SLOTS];
static struct request requests[REQUESTS];
static uint64_t last_id, last_address;
static unsigned listed;

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

/* ---- requests ---- */

/* What later operations may refer to. */
static void remember(const struct request *request)
{
    struct ballast_ai_mapping mapping;
    if (request->code == BALLAST_IOCTL_AI_ALLOCATE && request->output_length >= sizeof(mapping)) {
        memcpy(&mapping, request->output, sizeof(mapping));
        last_id = mapping.id;
    } else if (request->code == CODEX_IOCTL_ALLOC_PINNED || request->code == CODEX2_IOCTL_ALLOC_PINNED) {
        memcpy(&last_address, request->output, sizeof(last_address));
    }
}

static void release(struct request *request)
{
    free(request->input);
    free(request->output);
    *request = (struct request){.request = NULL};
}

static void wait_for(struct request *request)
{
    if (request->request != NULL) {
        if (NT_SUCCESS(sim_request_wait(request->request, NULL))) {
            remember(request);
        }
        release(request);
    }
}

static void begin_slot(unsigned slot, unsigned device, ACCESS_MASK access)
{
    static const char *const names[] = {"\\Device\\BallastAi", "\\DosDevices\\AIDriver", "\\??\\AI_Driver",
                                        "\\??\\CodexAiDriver", "\\Device\\BallastAi\\x"};
    unsigned of = device % 2;
    if (slots[slot] == NULL &&
        !NT_SUCCESS(sim_create_file(processes[of], names[device / 2 % 5], access, &slots[slot]))) {
        slots[slot] = NULL;
    }
    slot_process[slot] = of;
}

static void open_slot(void)
{
    static const ACCESS_MASK masks[] = {FILE_READ_ATTRIBUTES, GENERIC_READ, GENERIC_WRITE,
                                        GENERIC_READ | GENERIC_WRITE};
    unsigned slot = (unsigned)number(1) % SLOTS;
    unsigned device = (unsigned)number(1);
    if (slots[slot] == NULL) {
        begin_slot(slot, device, masks[number(1) % 4]);
    } else {
        (void)number(1);
    }
}

static void close_slot(void)
{
    unsigned slot = (unsigned)number(1) % SLOTS;
    for (unsigned i = 0; i < REQUESTS && slots[slot] != NULL; i++) {
        if (requests[i].slot == slot) {
            wait_for(&requests[i]);
        }
    }
    if (slots[slot] != NULL) {
        sim_close(slots[slot]);
        slots[slot] = NULL;
    }
}

static void put_last(unsigned char *bytes, size_t length)
{
    if (length >= 16) {
        memcpy(bytes + 8, &last_id, sizeof(last_id));
    } else if (length >= 8) {
        memcpy(bytes, &last_address, sizeof(last_address));
    }
}

static void control(void)
{
    struct request request = {.slot = (unsigned)number(1) % SLOTS};
    unsigned mode = (unsigned)number(1);
    request.code = (ULONG)number(4);
    size_t input_length = number(2);
    request.output_length = number(2);
    size_t given = input_length < input_left ? input_length : input_left;
    request.input = calloc(1, input_length != 0 ? input_length : 1);
    request.output = malloc(request.output_length != 0 ? request.output_length : 1);
    memcpy(request.input, input, given);
    input += given;
    input_left -= given;
    if (slots[request.slot] == NULL) {
        release(&request);
        return;
    }
    if ((mode & MODE_LAST) != 0) {
        put_last(request.input, input_length);
    }
    request.request = sim_ioctl_begin(slots[request.slot], request.code, request.input, (ULONG)input_length,
                                      request.output, (ULONG)request.output_length);
    for (unsigned i = 0; i < REQUESTS && (mode & MODE_BEGIN) != 0; i++) {
        if (requests[i].request == NULL) {
            requests[i] = request;
            return;
        }
    }
    wait_for(&request);
}

static void cancel(void)
{
    const struct request *request = &requests[number(1) % REQUESTS];
    if (request->request != NULL) {
        sim_cancel(request->request);
    }
}

/* ---- the system ---- */

static struct sim_process *begin_process(bool administrator)
{
    struct sim_process *process = sim_process_create(administrator);
    sim_process_set(process, administrator ? ADMINISTRATOR : USER, !administrator, 64u << 10);
    return process;
}

/* Its requests are cancelled, waited for and freed by the killing. */
static void kill_user(void)
{
    sim_kill_process(processes[0]);
    for (unsigned i = 0; i < REQUESTS; i++) {
        if (requests[i].request != NULL && slot_process[requests[i].slot] == 0) {
            release(&requests[i]);
        }
    }
    for (unsigned i = 0; i < SLOTS; i++) {
        if (slot_process[i] == 0) {
            slots[i] = NULL;
        }
    }
    processes[0] = begin_process(false);
}

static void change_the_system(enum operation operation)
{
    char text[NAME_MAXIMUM + 1];
    name(text);
    if (operation == OPERATION_DELETE) {
        ai_add_adapter(listed % 40, text);
        return;
    }
    uint32_t size = (uint32_t)number(4);
    if (operation == OPERATION_TRUNCATE) {
        ai_set_rules(text);
    } else if (listed++ < PROCESSES) {
        ai_add_process(text, size, size >> 8 & 0xF);
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
        kill_user();
        break;
    case OPERATION_FLUSH:
        (void)number(1);
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
        change_the_system(operation);
        break;
    case OPERATION_FAULT:
        sim_fault_at(number(1));
        break;
    default:
        sim_system_grow((unsigned)number(1) % 16);
        break;
    }
}

static void set_up(void)
{
    struct sim_options options = {.seed = 1, .hurry = 100};
    sim_reset(&options);
    ai_set_number("PoolBytes", POOL_BYTES);
    ai_add_adapter(0, "Card");
    ai_add_process("python3.exe", 100, 2);
    ai_add_process("explorer.exe", 104, 1);
    sim_user_thread_set(THREAD, true);
    listed = 0;
    last_id = 0;
    last_address = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input = data;
    input_left = size;
    set_up();
    if (!NT_SUCCESS(sim_load(DriverEntry))) {
        abort();
    }
    processes[0] = begin_process(false);
    processes[1] = begin_process(true);
    while (input_left != 0) {
        operate();
    }
    sim_fault_at(0);
    for (unsigned i = 0; i < REQUESTS; i++) {
        wait_for(&requests[i]);
    }
    sim_kill_process(processes[0]);
    sim_kill_process(processes[1]);
    memset(slots, 0, sizeof(slots));
    sim_unload();
    return 0;
}
