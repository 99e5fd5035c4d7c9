/* SPDX-License-Identifier: MIT */
/*
 * The pinned pool's memory: each block is a section of its own, backed by the page file, and its views. The system zeroes
 * its pages, never gives one to somebody else while a device still transfers to it, and has it back as soon as the block
 * is free. No handle to a section leaves the kernel.
 *
 * IRQL: PASSIVE_LEVEL, queries <= APC_LEVEL. No locks but core/mem's, for which this file enters critical regions where
 * its callers have not. Requests may be served in another process than the one that sent them: everything is done through
 * a handle to the latter.
 */

#include "driver/ai/pool.h"
#include "core/mem/pool.h"
#include "driver/nt/late.h"

#define VM_OPERATION         0x0008u     /* PROCESS_VM_OPERATION */
#define SECTION_ACCESS       0x0006u     /* SECTION_MAP_WRITE | SECTION_MAP_READ */
#define VIEW_NO_CHANGE       0x00400000u /* SEC_NO_CHANGE: its process may not change the protection, only unmap */
#define LOCK_IN_PROCESS      1u          /* of ZwLockVirtualMemory: in the working set; needs no privilege */
#define NARROW_ADDRESSES     0x7FFFFFFFu
#define LARGEST_NARROW_BLOCK 0x7FFF0000u

static struct pool *pool;

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

/* NT counts locked pages against the process's minimum working set, Wine against RLIMIT_MEMLOCK. Unmapping unlocks. */
static NTSTATUS lock_view(HANDLE process, PVOID base, SIZE_T size)
{
    if (nt_late.lock_virtual_memory == NULL) {
        return STATUS_NOT_SUPPORTED; /* NT 5.2 has it for itself only */
    }
    return nt_late.lock_virtual_memory(process, &base, &size, LOCK_IN_PROCESS);
}

static NTSTATUS map_into(HANDLE process, void *section, uint64_t size, const struct pool_caller *caller,
                         uint32_t access, uint32_t options, struct pool_view *view)
{
    PVOID base = NULL;
    SIZE_T length = (SIZE_T)size;
    ULONG_PTR zero_bits = caller->narrow ? NARROW_ADDRESSES : 0;
    bool writable = access == BALLAST_AI_ACCESS_WRITE;
    NTSTATUS status = ZwMapViewOfSection(section, process, &base, zero_bits, 0, NULL, &length, ViewUnmap,
                                         writable ? 0 : VIEW_NO_CHANGE, writable ? PAGE_READWRITE : PAGE_READONLY);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    *view = (struct pool_view){.address = (uint64_t)(ULONG_PTR)base};
    if ((options & (BALLAST_AI_LOCK | BALLAST_AI_LOCK_IF_POSSIBLE)) != 0) {
        view->lock_status = lock_view(process, base, (SIZE_T)size);
        view->state = NT_SUCCESS(view->lock_status) ? BALLAST_AI_BLOCK_LOCKED : 0;
    }
    if ((options & BALLAST_AI_LOCK) != 0 && view->state == 0) {
        (void)ZwUnmapViewOfSection(process, base);
        return view->lock_status;
    }
    return STATUS_SUCCESS;
}

static ballast_status map_section(void *section, uint64_t size, const struct pool_caller *caller, uint32_t access,
                                  uint32_t options, struct pool_view *view)
{
    HANDLE process;
    if (size > (caller->narrow ? LARGEST_NARROW_BLOCK : (SIZE_T)-1)) {
        return BALLAST_INSUFFICIENT_RESOURCES;
    }
    NTSTATUS status =
        ObOpenObjectByPointer(caller->process, OBJ_KERNEL_HANDLE, NULL, VM_OPERATION, NULL, KernelMode, &process);
    if (NT_SUCCESS(status)) {
        status = map_into(process, section, size, caller, access, options, view);
        if (NT_SUCCESS(status)) {
            view->context = process; /* unmapping must not need anything that may be short then */
        } else {
            (void)ZwClose(process);
        }
    }
    return status;
}

/* Of a process that has exited nothing is mapped any more, and the call says so. */
static void unmap_section(void *process, const struct pool_view *view)
{
    UNREFERENCED_PARAMETER(process);
    (void)ZwUnmapViewOfSection(view->context, (PVOID)(ULONG_PTR)view->address);
    (void)ZwClose(view->context);
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
    .map = map_section,
    .unmap = unmap_section,
    .reference = reference_process,
    .dereference = dereference_process,
};

/* ---- start, stop, owners ---- */

NTSTATUS ai_pool_start(uint64_t total_bytes, uint64_t owner_bytes)
{
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    return pool_create(&operations, total_bytes, owner_bytes, &pool);
}

void ai_pool_stop(void)
{
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    if (pool != NULL) {
        KeEnterCriticalRegion();
        pool_destroy(pool);
        KeLeaveCriticalRegion();
        pool = NULL;
    }
}

/* An owner is the core's; the other name keeps the core's calls out of the rest of the driver. */
static struct pool_owner *core_owner(struct ai_pool_owner *owner)
{
    return (struct pool_owner *)owner;
}

struct ai_pool_owner *ai_pool_owner_create(PIRP irp)
{
    struct pool_owner *owner = NULL;
    UNREFERENCED_PARAMETER(irp);
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    KeEnterCriticalRegion();
    if (ballast_failed(pool_owner_open(pool, &owner))) {
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

static struct pool_caller caller_of(PIRP irp)
{
    PEPROCESS process = IoGetRequestorProcess(irp);
    struct pool_caller caller = {
        .process = process,
        .process_id = (uint32_t)(ULONG_PTR)PsGetProcessId(process),
        .narrow = false, /* on a 32-bit system everything is, and nothing has to be said */
    };
#if UINTPTR_MAX > UINT32_MAX
    caller.narrow = IoIs32bitProcess(irp);
#endif
    return caller;
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
    struct pool_caller caller = caller_of(ai->irp);
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

ballast_status ai_pool_grant(void *target, struct request *request)
{
    struct ballast_ai_block_request input = read_block_request(request);
    PEPROCESS process;
    UNREFERENCED_PARAMETER(target);
    if (!NT_SUCCESS(PsLookupProcessByProcessId((HANDLE)(ULONG_PTR)input.process_id, &process))) {
        return BALLAST_NOT_FOUND;
    }
    struct pool_caller to = {.process = process, .process_id = input.process_id};
    ballast_status status = pool_grant(core_owner(ai_request_of(request)->owner), input.id, &to, input.access);
    ObDereferenceObject(process);
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
    struct pool_caller caller = caller_of(ai->irp);
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
    struct pool_caller caller = caller_of(ai->irp);
    return pool_unmap(core_owner(ai->owner), &caller, input.id);
}

void ai_pool_read(struct ballast_ai_pool_reply *reply)
{
    NT_IRQL_AT_MOST(APC_LEVEL);
    pool_query(pool, reply);
    reply->header = (struct ballast_header){sizeof(*reply), BALLAST_AI_VERSION, 0};
}

ballast_status ai_pool_query(void *target, struct request *request)
{
    UNREFERENCED_PARAMETER(target);
    ai_pool_read(request->buffer);
    request->information = sizeof(struct ballast_ai_pool_reply);
    return BALLAST_SUCCESS;
}

ballast_status ai_pool_query_blocks(void *target, struct request *request)
{
    struct ballast_ai_block_reply *reply = request->buffer;
    size_t room = (request->output_length - sizeof(*reply)) / sizeof(reply->block[0]);
    UNREFERENCED_PARAMETER(target);
    NT_IRQL_AT_MOST(APC_LEVEL);
    uint32_t capacity = room < UINT32_MAX ? (uint32_t)room : UINT32_MAX;
    uint32_t blocks = pool_query_blocks(pool, reply->block, capacity);
    reply->header = (struct ballast_header){sizeof(*reply), BALLAST_AI_VERSION, 0};
    reply->blocks = blocks;
    reply->blocks_returned = blocks < capacity ? blocks : capacity;
    request->information = sizeof(*reply) + (size_t)reply->blocks_returned * sizeof(reply->block[0]);
    return BALLAST_SUCCESS;
}

/* ---- the Codex clients ---- */

NTSTATUS ai_pool_allocate_simple(struct ai_pool_owner *owner, PIRP irp, uint64_t size, uint64_t *address)
{
    struct pool_result result;
    struct pool_caller caller = caller_of(irp);
    KeEnterCriticalRegion();
    NTSTATUS status = pool_allocate(core_owner(owner), &caller, size, 0, true, &result);
    KeLeaveCriticalRegion();
    if (NT_SUCCESS(status)) {
        *address = result.view.address;
    }
    return status;
}

NTSTATUS ai_pool_free_address(struct ai_pool_owner *owner, PIRP irp, uint64_t address)
{
    struct pool_caller caller = caller_of(irp);
    KeEnterCriticalRegion();
    NTSTATUS status = pool_free_address(core_owner(owner), &caller, address);
    KeLeaveCriticalRegion();
    return status;
}
