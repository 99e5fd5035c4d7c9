/* SPDX-License-Identifier: MIT */
/*
 * Device control: the table of codes, the checks that all share, and who answers where.
 *
 * IRQL: requests come at PASSIVE_LEVEL. Handlers run in the caller's thread, or in a service thread (service.c) if something
 * has to be found out first, and in Wine if they map memory.
 */

#include "driver/ai/driver.h"
#include "ballast/codex_abi.h"
#include "ballast/version.h"
#include "driver/nt/pool.h"
#include "driver/nt/security.h"
#include "driver/nt/wine.h"

/* Flags of the table's rows, besides the REQUEST_ ones. */
#define MAPS                0x0100u /* or unmaps, in the caller's process */
#define ADMINISTRATORS      0x0200u
#define PROCESSES           0x0400u  /* answered from a list of AI processes that is young enough */
#define INVENTORY           0x0800u  /* answered from the list of adapters */
#define LATENCY             0x1000u  /* answered from the probe's samples */
#define OPTIONAL_INPUT      0x2000u  /* no input counts as one of zeros */
#define REFRESH             0x4000u  /* a flag of the header asks for a new look at the adapters */
#define AGE                 0x8000u  /* the input is a ballast_ai_process_query */
#define UTILIZATION         0x10000u /* and from the list of processes if an adapter has no living sample */
#define READS_REGISTRY      0x20000u /* itself */
#define FEEDS               0x80000u /* through the feed device it needs no administrator */
#define GRANTS              0x100000u
#define CHANGES             0x40000u /* something of others, so that the handle must have been opened for writing */

/* Of pended requests. DriverContext[0] and [1] are the queue's; the file may outlive its handle in Wine. */
#define CONTEXT_FILE        2
#define CONTEXT_REQUEST     3 /* struct ai_request */

#define CONTROL_TAG_REQUEST PLATFORM_TAG('B', 'a', 'R', 'q')

struct control_row {
    struct request_entry entry;
    uint16_t structure; /* size of the structure with a header that the input is; 0: it has none */
    uint16_t flags;     /* of its header that mean something */
};

static ballast_status query_driver(void *target, struct request *request)
{
    const struct ai_counters *counters = &ai_driver.counters;
    struct ballast_ai_driver_reply *reply = request->buffer;
    (void)target;
    RtlZeroMemory(reply, sizeof(*reply));
    reply->header = (struct ballast_header){sizeof(*reply), BALLAST_AI_VERSION, 0};
    reply->version = BALLAST_VERSION_NUMBER;
    reply->sample_lifetime_ms = ai_driver.sample_lifetime_ms;
    reply->probe_armed = ai_probe_armed();
    reply->registered_runtimes = (uint32_t)__atomic_load_n(&counters->registered_runtimes, __ATOMIC_RELAXED);
    reply->enumerations = atomic_load_u64(&counters->enumerations);
    reply->enumeration_retries = atomic_load_u64(&counters->enumeration_retries);
    reply->probes = atomic_load_u64(&counters->probes);
    reply->probe_starts = atomic_load_u64(&counters->probe_starts);
    reply->samples_pushed = atomic_load_u64(&counters->samples_pushed);
    reply->inventory_reads = atomic_load_u64(&counters->inventory_reads);
    reply->rule_reloads = atomic_load_u64(&counters->rule_reloads);
    reply->priority_boosts = atomic_load_u64(&counters->priority_boosts);
    nt_pool_report(reply->pool);
    request->information = sizeof(*reply);
    return BALLAST_SUCCESS;
}

/* name, flags, input: structure, header flags; minimum output, handler */
#define ROW(name, row_flags, input, header_flags, out, handler)        \
    {                                                                  \
        {name,                                                         \
         row_flags,                                                    \
         ((row_flags)&OPTIONAL_INPUT) != 0 ? 0 : sizeof(struct input), \
         out,                                                          \
         BALLAST_INVALID_PARAMETER,                                    \
         BALLAST_BUFFER_TOO_SMALL,                                     \
         handler},                                                     \
            sizeof(struct input), header_flags                         \
    }
#define CODEX(name, row_flags, in, out, short_out, handler)                                       \
    {                                                                                             \
        {name, row_flags, in, out, BALLAST_INVALID_PARAMETER, BALLAST_##short_out, handler}, 0, 0 \
    }
/* A function that both client tables have. */
#define BOTH(name, row_flags, in, out, short_out, handler)             \
    CODEX(CODEX_IOCTL_##name, row_flags, in, out, short_out, handler), \
        CODEX(CODEX2_IOCTL_##name, row_flags, in, out, short_out, handler)

static const struct control_row control_table[] = {
    ROW(BALLAST_IOCTL_AI_QUERY_GPUS, INVENTORY | UTILIZATION | OPTIONAL_INPUT | REFRESH, ballast_ai_gpu_query,
        BALLAST_AI_GPU_REFRESH, sizeof(struct ballast_ai_gpu_reply), ai_query_gpus),
    ROW(BALLAST_IOCTL_AI_QUERY_PROCESSES, PROCESSES | OPTIONAL_INPUT | AGE, ballast_ai_process_query, 0,
        sizeof(struct ballast_ai_process_reply), ai_query_processes),
    ROW(BALLAST_IOCTL_AI_QUERY_SCHEDULER, PROCESSES | LATENCY | OPTIONAL_INPUT | AGE, ballast_ai_process_query, 0,
        sizeof(struct ballast_ai_scheduler_reply), ai_query_scheduler),
    ROW(BALLAST_IOCTL_AI_QUERY_RULES, OPTIONAL_INPUT, ballast_header, 0, sizeof(struct ballast_ai_rule_reply),
        ai_query_rules),
    ROW(BALLAST_IOCTL_AI_QUERY_POOL, OPTIONAL_INPUT, ballast_header, 0, BALLAST_AI_POOL_REPLY_SHORT, ai_pool_query),
    ROW(BALLAST_IOCTL_AI_QUERY_OWNERS, OPTIONAL_INPUT, ballast_header, 0, sizeof(struct ballast_ai_owner_reply),
        ai_pool_query_owners),
    ROW(BALLAST_IOCTL_AI_QUERY_BLOCKS, OPTIONAL_INPUT, ballast_header, 0, sizeof(struct ballast_ai_block_reply),
        ai_pool_query_blocks),
    ROW(BALLAST_IOCTL_AI_QUERY_DRIVER, OPTIONAL_INPUT, ballast_header, 0, sizeof(struct ballast_ai_driver_reply),
        query_driver),
    ROW(BALLAST_IOCTL_AI_ALLOCATE, MAPS, ballast_ai_allocate, BALLAST_AI_LOCK | BALLAST_AI_LOCK_IF_POSSIBLE,
        sizeof(struct ballast_ai_mapping), ai_pool_allocate),
    ROW(BALLAST_IOCTL_AI_FREE, MAPS, ballast_ai_block_request, 0, 0, ai_pool_free),
    ROW(BALLAST_IOCTL_AI_GRANT, MAPS | GRANTS, ballast_ai_block_request, 0, 0, ai_pool_grant),
    ROW(BALLAST_IOCTL_AI_MAP, MAPS, ballast_ai_block_request, BALLAST_AI_LOCK | BALLAST_AI_LOCK_IF_POSSIBLE,
        sizeof(struct ballast_ai_mapping), ai_pool_map),
    ROW(BALLAST_IOCTL_AI_UNMAP, MAPS, ballast_ai_block_request, 0, 0, ai_pool_unmap),
    ROW(BALLAST_IOCTL_AI_PUSH_SAMPLE, INVENTORY | ADMINISTRATORS | FEEDS, ballast_ai_sample, 0, 0, ai_push_sample),
    ROW(BALLAST_IOCTL_AI_RELOAD_RULES, READS_REGISTRY | ADMINISTRATORS | OPTIONAL_INPUT, ballast_header, 0,
        sizeof(struct ballast_ai_rule_reply), ai_reload_rules),

    CODEX(CODEX_IOCTL_GET_STATS, PROCESSES | INVENTORY, 0, sizeof(struct codex_driver_stats), BUFFER_TOO_SMALL,
          codex_get_stats),
    CODEX(CODEX_IOCTL_SET_GPU_UTIL, INVENTORY | ADMINISTRATORS, 4, 0, INVALID_PARAMETER, codex_set_gpu_util),
    CODEX(CODEX_IOCTL_BOOST_PRIORITY, CHANGES, 4, 0, INVALID_PARAMETER, codex_boost_priority),
    BOTH(GET_GPU_STATUS, INVENTORY | UTILIZATION, 0, sizeof(struct codex_gpu_status), BUFFER_TOO_SMALL,
         codex_get_gpu_status),
    BOTH(GET_MEMORY_POOL, 0, 0, sizeof(struct codex_memory_pool_status), BUFFER_TOO_SMALL, codex_get_memory_pool),
    BOTH(GET_SCHEDULER_STATS, PROCESSES | LATENCY, 0, sizeof(struct codex_scheduler_stats), BUFFER_TOO_SMALL,
         codex_get_scheduler_stats),
    BOTH(ALLOC_PINNED, MAPS, 8, 8, INVALID_PARAMETER, codex_alloc_pinned),
    BOTH(FREE_PINNED, MAPS, 8, 0, INVALID_PARAMETER, codex_free_pinned),
    CODEX(CODEX2_IOCTL_REGISTER_WINAI, 0, 8, 0, INVALID_PARAMETER, codex_register_winai),
    CODEX(CODEX2_IOCTL_GET_OPTIMIZED_PATH, INVENTORY, 0, 4, BUFFER_TOO_SMALL, codex_get_optimized_path),
};

static const struct control_row *find_row(uint32_t code)
{
    for (size_t i = 0; i < sizeof(control_table) / sizeof(control_table[0]); i++) {
        if (control_table[i].entry.code == code) {
            return &control_table[i];
        }
    }
    return NULL;
}

/* Whether whoever sent the request may do that. */
static bool permitted(const struct control_row *row, const struct ai_file *file)
{
    uint32_t flags = row->entry.flags;
    if ((flags & CHANGES) != 0 && !file->may_write) {
        return false;
    }
    return (flags & ADMINISTRATORS) == 0 || ((flags & FEEDS) != 0 && file->feeds) || nt_caller_is_administrator();
}

/* Everything that is wrong with a request before its handler looks at it. */
static NTSTATUS check(const struct control_row *row, const struct request *request, const struct ai_file *file)
{
    NTSTATUS status = request_check_lengths(&row->entry, request);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    if (row->structure != 0 && request->input_length != 0) {
        struct ballast_header header;
        if (request->input_length < row->structure) {
            return STATUS_INVALID_PARAMETER;
        }
        RtlCopyMemory(&header, request->buffer, sizeof(header));
        if (header.size_bytes < row->structure || header.size_bytes > request->input_length ||
            header.version != BALLAST_AI_VERSION || (header.flags & ~row->flags) != 0) {
            return STATUS_INVALID_PARAMETER;
        }
    }
    if ((row->entry.flags & AGE) != 0 && request->input_length != 0) {
        struct ballast_ai_process_query query;
        RtlCopyMemory(&query, request->buffer, sizeof(query));
        if (query.reserved != 0) {
            return STATUS_INVALID_PARAMETER;
        }
    }
    return permitted(row, file) ? STATUS_SUCCESS : STATUS_ACCESS_DENIED;
}

/* ---- what a request wants ---- */

/* Whether it demands a new look at the adapters. */
static bool wants_refresh(const struct control_row *row, const struct request *request)
{
    struct ballast_header header = {.flags = 0};
    if ((row->entry.flags & REFRESH) != 0 && request->input_length != 0) {
        RtlCopyMemory(&header, request->buffer, sizeof(header));
    }
    return header.flags != 0;
}

/*
 * The age of the list of processes that it accepts. Its input is known to be there or not. Who has the system looked at, and
 * how often, is not for every user to say.
 */
static void read_wishes(const struct control_row *row, struct ai_request *ai)
{
    struct ballast_ai_process_query query = {.maximum_age_ms = 0};
    if ((row->entry.flags & AGE) != 0 && ai->request.input_length != 0) {
        RtlCopyMemory(&query, ai->request.buffer, sizeof(query));
    }
    ai->age_ms = query.maximum_age_ms != 0 ? query.maximum_age_ms : BALLAST_AI_DEFAULT_AGE_MS;
    ai->refresh = wants_refresh(row, &ai->request);
    if (!ai->refresh && ai->age_ms >= BALLAST_AI_MINIMUM_AGE_MS) {
        return;
    }
    if (!nt_caller_is_administrator()) {
        ai->age_ms = ai->age_ms > BALLAST_AI_MINIMUM_AGE_MS ? ai->age_ms : BALLAST_AI_MINIMUM_AGE_MS;
        ai->refresh = ai->refresh && !ai_inventory_read_since(ai_now_ms() - BALLAST_AI_MINIMUM_AGE_MS);
    }
}

/*
 * Whose memory a request is about. On Windows it is the process that the thread is in: a driver that sends such a request
 * for another one's memory is refused, as is one that names no process. Wine's driver is in a process of its own.
 */
static NTSTATUS find_process(const struct control_row *row, struct ai_request *ai)
{
    if ((row->entry.flags & MAPS) == 0) {
        return STATUS_SUCCESS;
    }
    PEPROCESS process = IoGetRequestorProcess(ai->irp);
    if (process == NULL || (!nt_in_wine && process != PsGetCurrentProcess())) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    ObReferenceObject(process);
    ai->process = process;
#if UINTPTR_MAX > UINT32_MAX
    ai->narrow = IoIs32bitProcess(ai->irp); /* on a 32-bit system everything is, and nothing has to be said */
#endif
    return (row->entry.flags & GRANTS) != 0 ? ai_pool_find_target(ai) : STATUS_SUCCESS;
}

/* <= DISPATCH_LEVEL. */
static void forget_processes(const struct ai_request *ai)
{
    if (ai->process != NULL) {
        ObDereferenceObject(ai->process);
    }
    if (ai->target != NULL) {
        ObDereferenceObject(ai->target);
    }
}

/* ---- stages: what has to be found out before a request can be answered, each in threads of its own ---- */

enum stage { STAGE_REGISTRY, STAGE_PROCESSES, STAGE_LATENCY, STAGE_POOL, STAGES };

static bool needs_processes(const struct control_row *row)
{
    return (row->entry.flags & PROCESSES) != 0 ||
           ((row->entry.flags & UTILIZATION) != 0 && ai_inventory_wants_estimate());
}

/* The next stage from this one on; STAGES: it can be answered. */
static enum stage next_stage(const struct control_row *row, const struct ai_request *ai, enum stage from)
{
    uint32_t flags = row->entry.flags;
    if (from <= STAGE_REGISTRY &&
        ((flags & READS_REGISTRY) != 0 || ((flags & INVENTORY) != 0 && (ai->refresh || !ai_inventory_known())))) {
        return STAGE_REGISTRY;
    }
    if (from <= STAGE_PROCESSES && needs_processes(row) && !ai_processes_fresh(ai->age_ms)) {
        return STAGE_PROCESSES;
    }
    if (from <= STAGE_LATENCY && (flags & LATENCY) != 0 && !ai_probe_has_samples()) {
        return STAGE_LATENCY;
    }
    /* Where dispatching must not wait, and the thread is nobody's own. */
    return from <= STAGE_POOL && (flags & MAPS) != 0 && nt_in_wine ? STAGE_POOL : STAGES;
}

/* What a stage is for, unless somebody has done it since the request was pended. In a thread of the stage. */
static NTSTATUS find_out(const struct control_row *row, const struct ai_request *ai, enum stage stage)
{
    switch (stage) {
    case STAGE_REGISTRY:
        if ((row->entry.flags & INVENTORY) != 0 && !ai_inventory_read_since(ai->pended_ms)) {
            return ai_inventory_refresh();
        }
        break;
    case STAGE_PROCESSES:
        if (!ai_processes_fresh(ai->age_ms) && !ai_processes_made_since(ai->pended_ms)) {
            return ai_processes_refresh();
        }
        break;
    case STAGE_LATENCY:
        ai_probe_wait();
        break;
    default:
        break;
    }
    return STATUS_SUCCESS;
}

/* ---- dispatch ---- */

static NTSTATUS serve(const struct control_row *row, struct ai_request *ai)
{
    KeEnterCriticalRegion();
    NTSTATUS status = row->entry.handler(NULL, &ai->request);
    KeLeaveCriticalRegion();
    return status;
}

static void queue(enum stage stage, PIRP irp)
{
    nt_irp_queue_insert(&ai_driver.service[stage].queue, irp, false);
}

/* Pends the request for a stage. An error: it is the caller's still. */
static NTSTATUS pend(const struct ai_request *ai, enum stage stage)
{
    struct ai_file *file = ai->file;
    if (!ai_file_begin_pending(file)) {
        return STATUS_QUOTA_EXCEEDED;
    }
    struct ai_request *kept = platform_allocate(PLATFORM_POOL_NONPAGED, sizeof(*kept), CONTROL_TAG_REQUEST);
    if (kept == NULL) {
        ai_file_end_pending(file);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    *kept = *ai;
    kept->pended_ms = ai_now_ms();
    ai_file_reference(file);
    ai->irp->Tail.Overlay.DriverContext[CONTEXT_FILE] = file;
    ai->irp->Tail.Overlay.DriverContext[CONTEXT_REQUEST] = kept;
    IoMarkIrpPending(ai->irp);
    queue(stage, ai->irp);
    return STATUS_PENDING;
}

static NTSTATUS dispatch(PIRP irp, struct ai_file *file)
{
    struct ai_request ai = {.request = nt_request(irp), .irp = irp, .file = file, .owner = file->owner};
    const struct control_row *row = find_row(ai.request.code);
    NTSTATUS status = row != NULL ? check(row, &ai.request, file) : STATUS_INVALID_DEVICE_REQUEST;
    if (NT_SUCCESS(status)) {
        if ((row->entry.flags & (AGE | REFRESH | PROCESSES | UTILIZATION)) != 0) {
            read_wishes(row, &ai);
        }
        status = find_process(row, &ai);
    }
    if (NT_SUCCESS(status)) {
        if ((row->entry.flags & LATENCY) != 0) {
            ai_probe_want();
        }
        enum stage stage = next_stage(row, &ai, STAGE_REGISTRY);
        status = stage != STAGES ? pend(&ai, stage) : serve(row, &ai);
        if (status == STATUS_PENDING) {
            return status;
        }
    }
    forget_processes(&ai);
    return nt_complete(irp, status, NT_SUCCESS(status) ? ai.request.information : 0);
}

NTSTATUS NTAPI ai_dispatch_device_control(PDEVICE_OBJECT object, PIRP irp)
{
    const FILE_OBJECT *file = IoGetCurrentIrpStackLocation(irp)->FileObject;
    UNREFERENCED_PARAMETER(object);
    /* Wine opens a handle even if the driver refuses it. */
    if (!__atomic_load_n(&ai_driver.ready, __ATOMIC_ACQUIRE) || file == NULL || file->FsContext == NULL) {
        return nt_complete(irp, STATUS_DEVICE_NOT_READY, 0);
    }
    return dispatch(irp, file->FsContext);
}

/* Everything is let go before the request: after that the driver may be unloaded. <= DISPATCH_LEVEL. */
static void finish(PIRP irp, NTSTATUS status, ULONG_PTR information)
{
    struct ai_file *file = irp->Tail.Overlay.DriverContext[CONTEXT_FILE];
    struct ai_request *kept = irp->Tail.Overlay.DriverContext[CONTEXT_REQUEST];
    forget_processes(kept);
    platform_free(kept, sizeof(*kept), CONTROL_TAG_REQUEST);
    ai_file_end_pending(file);
    ai_file_release(file);
    (void)nt_complete(irp, status, information);
}

static void abandon(struct nt_irp_queue *from, PIRP irp, NTSTATUS status)
{
    UNREFERENCED_PARAMETER(from);
    finish(irp, status, 0);
}

static void run(void *context)
{
    struct ai_service *service = context;
    enum stage stage = (enum stage)(service - ai_driver.service);
    bool spare_wanted;
    PIRP irp;
    while ((irp = nt_irp_queue_take(&service->queue, &spare_wanted)) != NULL) {
        struct ai_request *ai = irp->Tail.Overlay.DriverContext[CONTEXT_REQUEST];
        const struct control_row *row = find_row(ai->request.code);
        NTSTATUS status = find_out(row, ai, stage);
        enum stage next = NT_SUCCESS(status) ? next_stage(row, ai, stage + 1) : STAGES;
        if (next != STAGES) {
            queue(next, irp);
        } else {
            status = NT_SUCCESS(status) ? serve(row, ai) : status;
            finish(irp, status, NT_SUCCESS(status) ? ai->request.information : 0);
        }
        nt_irp_queue_done(&service->queue);
    }
}

/* Most have nothing there: they are not to look through all that others wait for, under a lock that others need. */
void ai_service_abandon(const struct ai_file *file)
{
    if (__atomic_load_n(&file->pended, __ATOMIC_RELAXED) == 0) {
        return;
    }
    for (enum stage stage = STAGE_REGISTRY; stage < STAGES; stage++) {
        nt_irp_queue_abandon_all(&ai_driver.service[stage].queue, file, STATUS_CANCELLED);
    }
}

/* In the order of the stages, so that none hands on to one that has been stopped. */
void ai_service_stop(void)
{
    for (enum stage stage = STAGE_REGISTRY; stage < STAGES; stage++) {
        struct ai_service *service = &ai_driver.service[stage];
        nt_irp_queue_abandon_all(&service->queue, NULL, STATUS_DEVICE_REMOVED);
        nt_irp_queue_stop(&service->queue);
        for (size_t i = 0; i < AI_SERVICE_THREADS; i++) {
            nt_thread_join(&service->thread[i]);
        }
    }
}

NTSTATUS ai_service_start(void)
{
    NTSTATUS status = STATUS_SUCCESS;
    _Static_assert(STAGES == AI_SERVICES, "a service for each stage");
    for (enum stage stage = STAGE_REGISTRY; stage < STAGES; stage++) {
        nt_irp_queue_initialize(&ai_driver.service[stage].queue, abandon);
    }
    for (enum stage stage = STAGE_REGISTRY; stage < STAGES && NT_SUCCESS(status); stage++) {
        /* Looking at the system is done for all who wait at once; mapping, in Wine, for each. */
        size_t threads = stage != STAGE_POOL ? 1 : nt_in_wine ? AI_SERVICE_THREADS : 0;
        struct ai_service *service = &ai_driver.service[stage];
        for (size_t i = 0; i < threads && NT_SUCCESS(status); i++) {
            status = nt_thread_create(&service->thread[i], run, service);
        }
    }
    if (!NT_SUCCESS(status)) {
        ai_service_stop();
    }
    return status;
}
