/* SPDX-License-Identifier: MIT */
/*
 * Fuzzing of the AI driver in the simulated kernel. The language of the input is that of operations.h, so that record.c
 * writes it, with these differences:
 *
 *   OPEN slot device rights        device: bit 0 an administrator, the others a user; the rest chooses the name
 *   IOCTL                          MODE_LAST: the id or address of the last allocation is put into the input, and into a
 *                                  long GRANT who is meant; MODE_KNOWN: the code is one of those that there are
 *   READ, WRITE                    the user is killed, and a new one begins; READ: of no service
 *   FLUSH n                        the adapter with number n / 2 comes (n is odd) or goes; from 128 on: the handle in slot
 *                                  n % SLOTS is closed while requests through it are under way
 *   IMAGE name_length name size:4  a process with this image name; bits of size: threads, and what else it has
 *   TRUNCATE name_length name size:4  the registry value Rules is this, '\n' between rules
 *   DELETE name_length name        an adapter with this name
 *   FAIL n                         the next n enumerations find that the list has grown
 *
 * The driver is loaded for each input and unloaded after it; the oracle is the simulation's rules, the sanitizers, and
 * that nothing is left.
 */

#include "ballast/codex_abi.h"
#include "tests/fuzz/kernel.h"
#include "tests/sim/ai_client.h"

#define POOL_BYTES    (4u * MIB)
#define MODE_LAST     0x08u
#define MODE_KNOWN    0x10u
#define ADMINISTRATOR 0x1000u /* process ids: the same in each run, so that inputs can name them */
#define USER          0x2000u
#define THREAD        4242u
#define PROCESSES     64u /* at most */

DRIVER_INITIALIZE DriverEntry;

static struct sim_process *processes[2]; /* the user, the administrator */
static unsigned slot_process[SLOTS];
static uint64_t last_id, last_address;
static unsigned listed;

/* ---- requests ---- */

static const ULONG known[] = {
    BALLAST_IOCTL_AI_QUERY_GPUS,   BALLAST_IOCTL_AI_QUERY_PROCESSES, BALLAST_IOCTL_AI_QUERY_SCHEDULER,
    BALLAST_IOCTL_AI_QUERY_RULES,  BALLAST_IOCTL_AI_QUERY_POOL,      BALLAST_IOCTL_AI_QUERY_BLOCKS,
    BALLAST_IOCTL_AI_QUERY_DRIVER, BALLAST_IOCTL_AI_QUERY_OWNERS,    BALLAST_IOCTL_AI_ALLOCATE,
    BALLAST_IOCTL_AI_FREE,         BALLAST_IOCTL_AI_GRANT,           BALLAST_IOCTL_AI_MAP,
    BALLAST_IOCTL_AI_UNMAP,        BALLAST_IOCTL_AI_PUSH_SAMPLE,     BALLAST_IOCTL_AI_RELOAD_RULES,
    CODEX_IOCTL_GET_STATS,         CODEX_IOCTL_SET_GPU_UTIL,         CODEX_IOCTL_BOOST_PRIORITY,
    CODEX_IOCTL_GET_GPU_STATUS,    CODEX_IOCTL_GET_MEMORY_POOL,      CODEX_IOCTL_GET_SCHEDULER_STATS,
    CODEX_IOCTL_ALLOC_PINNED,      CODEX_IOCTL_FREE_PINNED,          CODEX2_IOCTL_GET_GPU_STATUS,
    CODEX2_IOCTL_GET_MEMORY_POOL,  CODEX2_IOCTL_GET_SCHEDULER_STATS, CODEX2_IOCTL_ALLOC_PINNED,
    CODEX2_IOCTL_FREE_PINNED,      CODEX2_IOCTL_REGISTER_WINAI,      CODEX2_IOCTL_GET_OPTIMIZED_PATH,
};
#define KNOWN (sizeof(known) / sizeof(known[0]))

/* What later operations may refer to. */
void fuzz_succeeded(const struct fuzz_request *request)
{
    struct ballast_ai_mapping mapping;
    if (request->code == BALLAST_IOCTL_AI_ALLOCATE && request->output_length >= sizeof(mapping)) {
        memcpy(&mapping, request->output, sizeof(mapping));
        last_id = mapping.id;
    } else if (request->code == CODEX_IOCTL_ALLOC_PINNED || request->code == CODEX2_IOCTL_ALLOC_PINNED) {
        memcpy(&last_address, request->output, sizeof(last_address));
    }
}

void fuzz_on_open(void)
{
    static const char *const names[] = {"\\Device\\BallastAi", "\\DosDevices\\AIDriver", "\\??\\AI_Driver",
                                        "\\??\\CodexAiDriver", "\\Device\\BallastAi\\x", "\\??\\BallastAiFeed"};
    struct fuzz_open open = fuzz_read_open();
    struct sim_file **file = &fuzz_slots[open.slot];
    unsigned of = open.device % 2;
    if (*file != NULL) {
        return;
    }
    if (!NT_SUCCESS(sim_create_file(processes[of], names[open.device / 2 % 6], open.access, file))) {
        *file = NULL;
    }
    slot_process[open.slot] = of;
}

static void put_last(unsigned char *bytes, size_t length)
{
    if (length >= 16) {
        memcpy(bytes + 8, &last_id, sizeof(last_id));
    } else if (length >= 8) {
        memcpy(bytes, &last_address, sizeof(last_address));
    }
}

/* One of the processes, rightly or wrongly, as what is there says. */
static void name_process(unsigned char *bytes)
{
    struct ballast_ai_grant grant;
    memcpy(&grant, bytes, sizeof(grant));
    unsigned of = grant.process_id & 1;
    grant.header = (struct ballast_header){sizeof(grant), BALLAST_AI_VERSION, 0};
    grant.process_id = (grant.process_id & 2) != 0 ? sim_process_id(processes[of]) : 0;
    if ((grant.create_time & 1) != 0) {
        grant.create_time = sim_process_create_time(processes[of]);
    } else {
        grant.create_time &= 2;
    }
    grant.process_handle %= 16; /* there are 4 and 8 */
    memcpy(bytes, &grant, sizeof(grant));
}

void fuzz_on_ioctl(void)
{
    struct fuzz_request request = fuzz_read_ioctl();
    if (fuzz_slots[request.slot] == NULL) {
        fuzz_release(&request);
        return;
    }
    if ((request.mode & MODE_KNOWN) != 0) {
        request.code = known[request.code % KNOWN];
    }
    if ((request.mode & MODE_LAST) != 0) {
        put_last(request.input, request.input_length);
        if (request.code == BALLAST_IOCTL_AI_GRANT && request.input_length >= sizeof(struct ballast_ai_grant)) {
            name_process(request.input);
        }
    }
    request.request = sim_ioctl_begin(fuzz_slots[request.slot], request.code, request.input,
                                      (ULONG)request.input_length, request.output, (ULONG)request.output_length);
    fuzz_keep(request);
}

/* ---- the system ---- */

static struct sim_process *begin_process(bool administrator)
{
    struct sim_process *process = sim_process_create(administrator);
    sim_process_set(process, administrator ? ADMINISTRATOR : USER, !administrator, 64u << 10);
    sim_process_set_token(process, administrator ? 0 : 1, 0);
    return process;
}

/* Each has a handle to the other, the user's without the right to query. */
static void open_each_other(void)
{
    (void)sim_process_open_process(processes[0], processes[1], false);
    (void)sim_process_open_process(processes[1], processes[0], true);
}

/* The user is killed: its requests are cancelled, waited for and freed by that. The administrator's handle stays. */
void fuzz_on_transfer(enum operation operation)
{
    sim_kill_process(processes[0]);
    for (unsigned i = 0; i < REQUESTS; i++) {
        if (fuzz_requests[i].request != NULL && slot_process[fuzz_requests[i].slot] == 0) {
            fuzz_release(&fuzz_requests[i]);
        }
    }
    for (unsigned i = 0; i < SLOTS; i++) {
        if (slot_process[i] == 0) {
            fuzz_slots[i] = NULL;
        }
    }
    processes[0] = begin_process(false);
    sim_process_set_token(processes[0], 1, operation == OPERATION_WRITE ? SIM_TOKEN_SERVICE : 0);
    (void)sim_process_open_process(processes[0], processes[0], true);
}

void fuzz_on_image(enum operation operation)
{
    char text[NAME_MAXIMUM + 1];
    fuzz_name(text);
    if (operation == OPERATION_DELETE) {
        ai_add_adapter(listed % 40, text);
        return;
    }
    uint32_t size = (uint32_t)fuzz_number(4);
    if (operation == OPERATION_TRUNCATE) {
        ai_set_rules(text);
    } else if (listed++ < PROCESSES) {
        ai_add_process(text, size, size >> 8 & 0xF);
    }
}

static void close_under_way(unsigned slot)
{
    if (fuzz_slots[slot] == NULL) {
        return;
    }
    sim_close_handle(fuzz_slots[slot]);
    for (unsigned i = 0; i < REQUESTS; i++) {
        if (fuzz_requests[i].slot == slot) {
            fuzz_wait(&fuzz_requests[i]);
        }
    }
    sim_close(fuzz_slots[slot]);
    fuzz_slots[slot] = NULL;
}

void fuzz_on_flush(void)
{
    unsigned which = (unsigned)fuzz_number(1);
    if (which >= 128) {
        close_under_way(which % SLOTS);
        return;
    }
    ai_plug_adapter(which / 2, which % 2 != 0);
}

void fuzz_on_fail(void)
{
    sim_system_grow((unsigned)fuzz_number(1) % 16);
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
    set_up();
    REQUIRE(NT_SUCCESS(sim_load(DriverEntry)));
    processes[0] = begin_process(false);
    processes[1] = begin_process(true);
    open_each_other();
    fuzz_operate(data, size);
    fuzz_wait_for_all();
    sim_kill_process(processes[0]);
    sim_kill_process(processes[1]);
    memset(fuzz_slots, 0, sizeof(fuzz_slots));
    sim_unload();
    return 0;
}
