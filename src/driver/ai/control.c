/* SPDX-License-Identifier: MIT */
/*
 * Device control: the table of codes, the checks that all share, and the service thread.
 *
 * IRQL: requests come at PASSIVE_LEVEL. Handlers run in the caller's thread, or in the service thread if the row says so
 * or something has to be found out first.
 */

#include "driver/ai/driver.h"
#include "ballast/codex_abi.h"
#include "ballast/version.h"
#include "driver/nt/pool.h"
#include "driver/nt/security.h"

/* Flags of the table's rows, besides the REQUEST_ ones. */
#define IN_SERVICE     0x0100u /* always in the service thread */
#define ADMINISTRATORS 0x0200u
#define PROCESSES      0x0400u  /* answered from a list of AI processes that is young enough */
#define INVENTORY      0x0800u  /* answered from the list of adapters */
#define LATENCY        0x1000u  /* answered from the probe's samples */
#define OPTIONAL_INPUT 0x2000u  /* no input counts as one of zeros */
#define REFRESH        0x4000u  /* a flag of the header asks for a new look at the adapters */
#define AGE            0x8000u  /* the input is a ballast_ai_process_query */
#define UTILIZATION    0x10000u /* and from the list of processes if an adapter has no living sample */

/* Its ai_file in a pended request, which in Wine may outlive the handle. DriverContext[0] and [1] are the queue's. */
#define CONTEXT_FILE   2
#define CONTEXT_MS     3 /* when it was pended; ai_now_ms */

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
    ROW(BALLAST_IOCTL_AI_QUERY_POOL, OPTIONAL_INPUT, ballast_header, 0, sizeof(struct ballast_ai_pool_reply),
        ai_pool_query),
    ROW(BALLAST_IOCTL_AI_QUERY_BLOCKS, OPTIONAL_INPUT, ballast_header, 0, sizeof(struct ballast_ai_block_reply),
        ai_pool_query_blocks),
    ROW(BALLAST_IOCTL_AI_QUERY_DRIVER, OPTIONAL_INPUT, ballast_header, 0, sizeof(struct ballast_ai_driver_reply),
        query_driver),
    ROW(BALLAST_IOCTL_AI_ALLOCATE, IN_SERVICE, ballast_ai_allocate, BALLAST_AI_LOCK | BALLAST_AI_LOCK_IF_POSSIBLE,
        sizeof(struct ballast_ai_mapping), ai_pool_allocate),
    ROW(BALLAST_IOCTL_AI_FREE, IN_SERVICE, ballast_ai_block_request, 0, 0, ai_pool_free),
    ROW(BALLAST_IOCTL_AI_GRANT, IN_SERVICE, ballast_ai_block_request, 0, 0, ai_pool_grant),
    ROW(BALLAST_IOCTL_AI_MAP, IN_SERVICE, ballast_ai_block_request, BALLAST_AI_LOCK | BALLAST_AI_LOCK_IF_POSSIBLE,
        sizeof(struct ballast_ai_mapping), ai_pool_map),
    ROW(BALLAST_IOCTL_AI_UNMAP, IN_SERVICE, ballast_ai_block_request, 0, 0, ai_pool_unmap),
    ROW(BALLAST_IOCTL_AI_PUSH_SAMPLE, INVENTORY | ADMINISTRATORS, ballast_ai_sample, 0, 0, ai_push_sample),
    ROW(BALLAST_IOCTL_AI_RELOAD_RULES, IN_SERVICE | ADMINISTRATORS | OPTIONAL_INPUT, ballast_header, 0,
        sizeof(struct ballast_ai_rule_reply), ai_reload_rules),

    CODEX(CODEX_IOCTL_GET_STATS, PROCESSES | INVENTORY, 0, sizeof(struct codex_driver_stats), BUFFER_TOO_SMALL,
          codex_get_stats),
    CODEX(CODEX_IOCTL_SET_GPU_UTIL, INVENTORY | ADMINISTRATORS, 4, 0, INVALID_PARAMETER, codex_set_gpu_util),
    CODEX(CODEX_IOCTL_BOOST_PRIORITY, 0, 4, 0, INVALID_PARAMETER, codex_boost_priority),
    BOTH(GET_GPU_STATUS, INVENTORY | UTILIZATION, 0, sizeof(struct codex_gpu_status), BUFFER_TOO_SMALL,
         codex_get_gpu_status),
    BOTH(GET_MEMORY_POOL, 0, 0, sizeof(struct codex_memory_pool_status), BUFFER_TOO_SMALL, codex_get_memory_pool),
    BOTH(GET_SCHEDULER_STATS, PROCESSES | LATENCY, 0, sizeof(struct codex_scheduler_stats), BUFFER_TOO_SMALL,
         codex_get_scheduler_stats),
    BOTH(ALLOC_PINNED, IN_SERVICE, 8, 8, INVALID_PARAMETER, codex_alloc_pinned),
    BOTH(FREE_PINNED, IN_SERVICE, 8, 0, INVALID_PARAMETER, codex_free_pinned),
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

static struct ai_request read_request(PIRP irp, const struct ai_file *file)
{
    return (struct ai_request){.request = nt_request(irp), .irp = irp, .owner = file->owner};
}

/* Everything that is wrong with a request before its handler looks at it. */
static NTSTATUS check(const struct control_row *row, const struct request *request)
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
    if ((row->entry.flags & ADMINISTRATORS) != 0 && !nt_caller_is_administrator()) {
        return STATUS_ACCESS_DENIED;
    }
    return STATUS_SUCCESS;
}

/* The age of the process list that a request accepts. Its input is known to be there or not. */
static uint32_t accepted_age(const struct control_row *row, const struct request *request)
{
    struct ballast_ai_process_query query = {.maximum_age_ms = 0};
    if ((row->entry.flags & AGE) != 0 && request->input_length != 0) {
        RtlCopyMemory(&query, request->buffer, sizeof(query));
    }
    return query.maximum_age_ms != 0 ? query.maximum_age_ms : BALLAST_AI_DEFAULT_AGE_MS;
}

/* Whether a request demands a new look at the adapters. */
static bool wants_refresh(const struct control_row *row, const struct request *request)
{
    struct ballast_header header = {.flags = 0};
    if ((row->entry.flags & REFRESH) != 0 && request->input_length != 0) {
        RtlCopyMemory(&header, request->buffer, sizeof(header));
    }
    return header.flags != 0;
}

static bool needs_processes(const struct control_row *row)
{
    return (row->entry.flags & PROCESSES) != 0 ||
           ((row->entry.flags & UTILIZATION) != 0 && ai_inventory_wants_estimate());
}

/* Whether what is cached can answer. */
static bool answerable(const struct control_row *row, const struct request *request)
{
    uint32_t flags = row->entry.flags;
    if ((flags & IN_SERVICE) != 0 || wants_refresh(row, request)) {
        return false;
    }
    if ((flags & INVENTORY) != 0 && !ai_inventory_known()) {
        return false;
    }
    if (needs_processes(row) && !ai_processes_fresh(accepted_age(row, request))) {
        return false;
    }
    return (flags & LATENCY) == 0 || ai_probe_has_samples();
}

/* Makes it answerable. In the service thread. */
static NTSTATUS find_out(const struct control_row *row, const struct request *request, uint32_t pended_ms)
{
    NTSTATUS status = STATUS_SUCCESS;
    if ((row->entry.flags & INVENTORY) != 0 && (!ai_inventory_known() || wants_refresh(row, request)) &&
        !ai_inventory_read_since(pended_ms)) {
        status = ai_inventory_refresh();
    }
    if (NT_SUCCESS(status) && needs_processes(row) && !ai_processes_fresh(accepted_age(row, request)) &&
        !ai_processes_made_since(pended_ms)) {
        status = ai_processes_refresh();
    }
    if (NT_SUCCESS(status) && (row->entry.flags & LATENCY) != 0) {
        ai_probe_wait();
    }
    return status;
}

/* ---- dispatch ---- */

static NTSTATUS serve(const struct control_row *row, struct ai_request *request)
{
    KeEnterCriticalRegion();
    NTSTATUS status = row->entry.handler(NULL, &request->request);
    KeLeaveCriticalRegion();
    return status;
}

static NTSTATUS dispatch(PIRP irp, struct ai_file *file)
{
    struct ai_request request = read_request(irp, file);
    const struct control_row *row = find_row(request.request.code);
    NTSTATUS status = row != NULL ? check(row, &request.request) : STATUS_INVALID_DEVICE_REQUEST;
    if (NT_SUCCESS(status) && (row->entry.flags & LATENCY) != 0) {
        ai_probe_want();
    }
    if (NT_SUCCESS(status) && !answerable(row, &request.request)) {
        ai_file_reference(file);
        irp->Tail.Overlay.DriverContext[CONTEXT_FILE] = file;
        irp->Tail.Overlay.DriverContext[CONTEXT_MS] = (PVOID)(ULONG_PTR)ai_now_ms();
        IoMarkIrpPending(irp);
        nt_irp_queue_insert(&ai_driver.queue, irp, false);
        return STATUS_PENDING;
    }
    if (NT_SUCCESS(status)) {
        status = serve(row, &request);
    }
    return nt_complete(irp, status, NT_SUCCESS(status) ? request.request.information : 0);
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

static void finish(PIRP irp, NTSTATUS status, ULONG_PTR information)
{
    struct ai_file *file = irp->Tail.Overlay.DriverContext[CONTEXT_FILE];
    (void)nt_complete(irp, status, information);
    ai_file_release(file);
}

static void abandon(struct nt_irp_queue *queue, PIRP irp, NTSTATUS status)
{
    UNREFERENCED_PARAMETER(queue);
    finish(irp, status, 0);
}

static void run(void *context)
{
    PIRP irp;
    bool spare_wanted;
    UNREFERENCED_PARAMETER(context);
    while ((irp = nt_irp_queue_take(&ai_driver.queue, &spare_wanted)) != NULL) {
        struct ai_request request = read_request(irp, irp->Tail.Overlay.DriverContext[CONTEXT_FILE]);
        const struct control_row *row = find_row(request.request.code);
        uint32_t pended_ms = (uint32_t)(ULONG_PTR)irp->Tail.Overlay.DriverContext[CONTEXT_MS];
        NTSTATUS status = find_out(row, &request.request, pended_ms);
        if (NT_SUCCESS(status)) {
            status = serve(row, &request);
        }
        finish(irp, status, NT_SUCCESS(status) ? request.request.information : 0);
        nt_irp_queue_done(&ai_driver.queue);
    }
}

NTSTATUS ai_service_start(void)
{
    nt_irp_queue_initialize(&ai_driver.queue, abandon);
    return nt_thread_create(&ai_driver.service, run, NULL);
}

void ai_service_stop(void)
{
    nt_irp_queue_abandon_all(&ai_driver.queue, NULL, STATUS_DEVICE_REMOVED);
    nt_irp_queue_stop(&ai_driver.queue);
    nt_thread_join(&ai_driver.service);
}
