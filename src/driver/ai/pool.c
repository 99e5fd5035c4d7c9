/* SPDX-License-Identifier: MIT */
/*
 * The pinned pool's memory: each block is a section of its own, backed by the page file, and its views. The system zeroes
 * its pages, never gives one to somebody else while a device still transfers to it, and has it back as soon as the block
 * is free. No handle to a section leaves the kernel.
 *
 * IRQL: PASSIVE_LEVEL, queries <= APC_LEVEL. No locks but core/mem's, for which this file enters critical regions where
 * its callers have not. Who asks has been found out, and is referenced, before: in Wine another thread serves the request.
 */

#include "driver/ai/pool.h"
#include "core/mem/pool.h"
#include "driver/ai/view.h"
#include "driver/nt/caller.h"
#include "driver/nt/late.h"
#include "driver/nt/security.h"
#include "driver/nt/wine.h"

#define SECTION_ACCESS 0x0006u /* SECTION_MAP_WRITE | SECTION_MAP_READ */
#define QUERY_LIMITED  0x1000u /* PROCESS_QUERY_LIMITED_INFORMATION */
#define QUERY_OF_NT_5  0x0400u /* PROCESS_QUERY_INFORMATION */

static struct pool *pool;
static bool told_of_processes;

/* ---- operations ---- */

static ballast_status create_section(uint64_t size, void **section)
{
    OBJECT_ATTRIBUTES attributes;
    LARGE_INTEGER maximum;
    HANDLE handle;
    InitializeObjectAttributes(&attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    maximum.QuadPart = (LONGLONG)size;
    NTSTATUS status = ZwCreateSection(&handle, SECTION_ACCESS, &attributes, &maximum, PAGE_READWRITE, SEC_COMMIT, NULL);
    *section = handle;
    return status;
}

static void destroy_section(void *section)
{
    (void)ZwClose(section);
}

static void reference_process(void *process)
{
    ObReferenceObject(process);
}

static void dereference_process(void *process)
{
    ObDereferenceObject(process);
}

static const struct pool_operations operations = {
    .create = create_section,
    .destroy = destroy_section,
    .map = ai_view_map,
    .lock = ai_view_lock,
    .unmap = ai_view_unmap,
    .reference = reference_process,
    .dereference = dereference_process,
};

/* ---- start, stop, owners ---- */

/* In a thread of the process, before its address space and its handles go. */
static void NTAPI process_notify(HANDLE parent_id, HANDLE process_id, BOOLEAN create)
{
    PEPROCESS process;
    UNREFERENCED_PARAMETER(parent_id);
    if (create || !NT_SUCCESS(PsLookupProcessByProcessId(process_id, &process))) {
        return;
    }
    ai_views_forget(process);
    KeEnterCriticalRegion();
    pool_forget_process(pool, process);
    KeLeaveCriticalRegion();
    ObDereferenceObject(process);
}

NTSTATUS ai_pool_start(const struct pool_limits *limits)
{
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    NTSTATUS status = pool_create(&operations, limits, &pool);
    if (NT_SUCCESS(status)) {
        ai_views_start();
        told_of_processes = !nt_in_wine && NT_SUCCESS(PsSetCreateProcessNotifyRoutine(process_notify, FALSE));
        if (told_of_processes) {
            ai_views_are_told();
        } else if (!nt_in_wine) {
            DbgPrint("ballastai: there is no room to be told of processes: grants end with their blocks only\n");
        }
    }
    return status;
}

void ai_pool_stop(void)
{
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    if (pool != NULL) {
        if (told_of_processes) { /* waits for those that are running */
            (void)PsSetCreateProcessNotifyRoutine(process_notify, TRUE);
        }
        KeEnterCriticalRegion();
        pool_destroy(pool);
        KeLeaveCriticalRegion();
        ai_views_stop();
        pool = NULL;
    }
}

/* An owner is the core's; the other name keeps the core's calls out of the rest of the driver. */
static struct pool_owner *core_owner(struct ai_pool_owner *owner)
{
    return (struct pool_owner *)owner;
}

struct ai_pool_owner *ai_pool_owner_create(const struct nt_user *user, bool small)
{
    PEPROCESS process = PsGetCurrentProcess();
    struct pool_owner *owner = NULL;
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    struct pool_identity identity = {
        .process = process,
        .process_id = (uint32_t)(ULONG_PTR)PsGetProcessId(process),
        .create_time = nt_process_create_time(process),
        .user = user->sid,
        .user_length = user->length,
        .administrator = user->administrator,
        .small = small,
    };
    KeEnterCriticalRegion();
    if (ballast_failed(pool_owner_open(pool, &identity, &owner))) {
        owner = NULL;
    }
    KeLeaveCriticalRegion();
    return (struct ai_pool_owner *)owner;
}

void ai_pool_owner_destroy(struct ai_pool_owner *owner)
{
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    if (owner != NULL) {
        KeEnterCriticalRegion();
        pool_owner_close(core_owner(owner));
        KeLeaveCriticalRegion();
    }
}

/* ---- requests ---- */

static struct ai_request *ai_request_of(struct request *request)
{
    return CONTAINING_RECORD(request, struct ai_request, request);
}

static struct pool_caller caller_of(const struct ai_request *ai)
{
    return (struct pool_caller){
        .process = ai->process,
        .process_id = (uint32_t)(ULONG_PTR)PsGetProcessId(ai->process),
        .narrow = ai->narrow,
    };
}

static bool lock_options_valid(uint32_t flags)
{
    return flags != (BALLAST_AI_LOCK | BALLAST_AI_LOCK_IF_POSSIBLE);
}

/* All views are aligned to the largest alignment that may be asked for. */
static bool alignment_valid(uint32_t alignment)
{
    return alignment <= BALLAST_AI_MAXIMUM_ALIGNMENT && (alignment & (alignment - 1)) == 0;
}

static ballast_status reply_mapping(struct request *request, ballast_status status, const struct pool_result *result)
{
    if (!ballast_failed(status)) {
        struct ballast_ai_mapping mapping = {
            .header = {sizeof(mapping), BALLAST_AI_VERSION, 0},
            .id = result->id,
            .address = result->view.address,
            .size_bytes = result->size,
            .state = result->view.state,
            .lock_status = (uint32_t)result->view.lock_status,
        };
        RtlCopyMemory(request->buffer, &mapping, sizeof(mapping));
        request->information = sizeof(mapping);
    }
    return status;
}

ballast_status ai_pool_allocate(void *target, struct request *request)
{
    const struct ai_request *ai = ai_request_of(request);
    struct ballast_ai_allocate input;
    struct pool_result result;
    UNREFERENCED_PARAMETER(target);
    RtlCopyMemory(&input, request->buffer, sizeof(input));
    if (input.reserved != 0 || !alignment_valid(input.alignment_bytes) || !lock_options_valid(input.header.flags)) {
        return BALLAST_INVALID_PARAMETER;
    }
    struct pool_caller caller = caller_of(ai);
    ballast_status status =
        pool_allocate(core_owner(ai->owner), &caller, input.size_bytes, input.header.flags, false, &result);
    return reply_mapping(request, status, &result);
}

static struct ballast_ai_block_request read_block_request(const struct request *request)
{
    struct ballast_ai_block_request input;
    RtlCopyMemory(&input, request->buffer, sizeof(input));
    return input;
}

ballast_status ai_pool_free(void *target, struct request *request)
{
    struct ballast_ai_block_request input = read_block_request(request);
    UNREFERENCED_PARAMETER(target);
    if (input.process_id != 0 || input.access != 0) {
        return BALLAST_INVALID_PARAMETER;
    }
    return pool_free(core_owner(ai_request_of(request)->owner), input.id);
}

/* The request, with zeros for what one of the short kind does not have. */
static struct ballast_ai_grant read_grant(const struct request *request)
{
    struct ballast_ai_grant input = {.create_time = 0};
    RtlCopyMemory(&input, request->buffer, sizeof(struct ballast_ai_block_request));
    if (input.header.size_bytes >= sizeof(input)) {
        RtlCopyMemory(&input, request->buffer, sizeof(input));
    }
    return input;
}

/* What is needed of a process to grant to it, as a handle has it or its security gives it. */
static ACCESS_MASK right_to_query(void)
{
    return nt_late.before_nt_6 ? QUERY_OF_NT_5 : QUERY_LIMITED;
}

/* Whether who asks could have opened it. Wine checks no rights, and its driver has no token of who asks. */
static NTSTATUS may_query(PEPROCESS process)
{
    HANDLE handle;
    if (nt_late.process_type == NULL) {
        return STATUS_SUCCESS;
    }
    NTSTATUS status = ObOpenObjectByPointer(process, OBJ_KERNEL_HANDLE, NULL, right_to_query(), nt_late.process_type,
                                            UserMode, &handle);
    if (NT_SUCCESS(status)) {
        (void)ZwClose(handle);
    }
    return status;
}

static NTSTATUS process_of_handle(uint64_t value, PEPROCESS *process)
{
    HANDLE handle = (HANDLE)(ULONG_PTR)value;
    PVOID object;
    if (nt_late.process_type == NULL) {
        return STATUS_NOT_SUPPORTED; /* Wine's driver is in another process, where the handle means something else */
    }
    if ((uint64_t)(ULONG_PTR)handle != value) {
        return STATUS_INVALID_HANDLE;
    }
    NTSTATUS status =
        ObReferenceObjectByHandle(handle, right_to_query(), nt_late.process_type, UserMode, &object, NULL);
    if (NT_SUCCESS(status)) {
        *process = object;
    }
    return status;
}

NTSTATUS ai_pool_find_target(struct ai_request *ai)
{
    struct ballast_ai_grant input = read_grant(&ai->request);
    HANDLE id = (HANDLE)(ULONG_PTR)input.process_id;
    bool by_handle = input.process_handle != 0;
    PEPROCESS process;
    NTSTATUS status;
    if (by_handle) {
        status = process_of_handle(input.process_handle, &process);
    } else {
        status = PsLookupProcessByProcessId(id, &process);
        status = NT_SUCCESS(status) || status == STATUS_INSUFFICIENT_RESOURCES ? status : STATUS_NOT_FOUND;
    }
    if (!NT_SUCCESS(status)) {
        return status;
    }
    bool wrong_id = (input.process_id != 0 || !by_handle) && PsGetProcessId(process) != id;
    if (wrong_id || (input.create_time != 0 && nt_process_create_time(process) != input.create_time)) {
        status = STATUS_NOT_FOUND;
    } else if (!by_handle && input.access != BALLAST_AI_ACCESS_NONE && !nt_caller_is_administrator()) {
        /* Taking back harms nobody, and administrators may debug all processes, which is not seen here. */
        status = may_query(process);
    }
    if (!NT_SUCCESS(status)) {
        ObDereferenceObject(process);
        return status;
    }
    ai->target = process;
    return STATUS_SUCCESS;
}

ballast_status ai_pool_grant(void *target, struct request *request)
{
    const struct ai_request *ai = ai_request_of(request);
    struct ballast_ai_grant input = read_grant(request);
    UNREFERENCED_PARAMETER(target);
    struct pool_caller to = {.process = ai->target, .process_id = (uint32_t)(ULONG_PTR)PsGetProcessId(ai->target)};
    ballast_status status = pool_grant(core_owner(ai->owner), input.id, &to, input.access);
    /* Handles and numbers outlive processes. We are told of no exit that came before, and nobody would take this back. */
    if (!ballast_failed(status) && nt_process_has_exited(ai->target)) {
        pool_forget_process(pool, ai->target);
        status = BALLAST_NOT_FOUND;
    }
    return status;
}

ballast_status ai_pool_map(void *target, struct request *request)
{
    const struct ai_request *ai = ai_request_of(request);
    struct ballast_ai_block_request input = read_block_request(request);
    struct pool_result result;
    UNREFERENCED_PARAMETER(target);
    if (input.process_id != 0 || !lock_options_valid(input.header.flags)) {
        return BALLAST_INVALID_PARAMETER;
    }
    struct pool_caller caller = caller_of(ai);
    ballast_status status =
        pool_map(core_owner(ai->owner), &caller, input.id, input.access, input.header.flags, &result);
    return reply_mapping(request, status, &result);
}

ballast_status ai_pool_unmap(void *target, struct request *request)
{
    const struct ai_request *ai = ai_request_of(request);
    struct ballast_ai_block_request input = read_block_request(request);
    UNREFERENCED_PARAMETER(target);
    if (input.process_id != 0 || input.access != 0) {
        return BALLAST_INVALID_PARAMETER;
    }
    struct pool_caller caller = caller_of(ai);
    return pool_unmap(core_owner(ai->owner), &caller, input.id);
}

void ai_pool_read(struct ai_pool_owner *owner, struct ballast_ai_pool_reply *reply)
{
    NT_IRQL_AT_MOST(APC_LEVEL);
    pool_query(pool, core_owner(owner), reply);
    reply->header = (struct ballast_header){sizeof(*reply), BALLAST_AI_VERSION, 0};
}

ballast_status ai_pool_query(void *target, struct request *request)
{
    struct ai_pool_owner *owner = ai_request_of(request)->owner;
    struct ballast_ai_pool_reply reply;
    UNREFERENCED_PARAMETER(target);
    if (request->output_length >= sizeof(reply)) {
        ai_pool_read(owner, request->buffer);
        request->information = sizeof(reply);
    } else {
        ai_pool_read(owner, &reply);
        reply.header.size_bytes = BALLAST_AI_POOL_REPLY_SHORT;
        RtlCopyMemory(request->buffer, &reply, BALLAST_AI_POOL_REPLY_SHORT);
        request->information = BALLAST_AI_POOL_REPLY_SHORT;
    }
    return BALLAST_SUCCESS;
}

/* What fits of a list, whose rows begin after a head of `fixed` bytes. */
static uint32_t rows_that_fit(const struct request *request, size_t fixed, size_t row)
{
    size_t room = (request->output_length - fixed) / row;
    return room < UINT32_MAX ? (uint32_t)room : UINT32_MAX;
}

ballast_status ai_pool_query_blocks(void *target, struct request *request)
{
    struct ballast_ai_block_reply *reply = request->buffer;
    uint32_t capacity = rows_that_fit(request, sizeof(*reply), sizeof(reply->block[0]));
    UNREFERENCED_PARAMETER(target);
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    uint32_t blocks = pool_query_blocks(pool, core_owner(ai_request_of(request)->owner), nt_caller_is_administrator(),
                                        reply->block, capacity);
    reply->header = (struct ballast_header){sizeof(*reply), BALLAST_AI_VERSION, 0};
    reply->blocks = blocks;
    reply->blocks_returned = blocks < capacity ? blocks : capacity;
    request->information = sizeof(*reply) + (size_t)reply->blocks_returned * sizeof(reply->block[0]);
    return BALLAST_SUCCESS;
}

ballast_status ai_pool_query_owners(void *target, struct request *request)
{
    struct ballast_ai_owner_reply *reply = request->buffer;
    uint32_t capacity = rows_that_fit(request, sizeof(*reply), sizeof(reply->owner[0]));
    UNREFERENCED_PARAMETER(target);
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    uint32_t owners = pool_query_owners(pool, core_owner(ai_request_of(request)->owner), nt_caller_is_administrator(),
                                        reply->owner, capacity);
    reply->header = (struct ballast_header){sizeof(*reply), BALLAST_AI_VERSION, 0};
    reply->owners = owners;
    reply->owners_returned = owners < capacity ? owners : capacity;
    request->information = sizeof(*reply) + (size_t)reply->owners_returned * sizeof(reply->owner[0]);
    return BALLAST_SUCCESS;
}

/* ---- the Codex clients ---- */

NTSTATUS ai_pool_allocate_simple(const struct ai_request *ai, uint64_t size, uint64_t *address)
{
    struct pool_result result;
    struct pool_caller caller = caller_of(ai);
    NTSTATUS status = pool_allocate(core_owner(ai->owner), &caller, size, 0, true, &result);
    if (NT_SUCCESS(status)) {
        *address = result.view.address;
    }
    return status;
}

NTSTATUS ai_pool_free_address(const struct ai_request *ai, uint64_t address)
{
    struct pool_caller caller = caller_of(ai);
    return pool_free_address(core_owner(ai->owner), &caller, address);
}
