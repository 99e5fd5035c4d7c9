/* SPDX-License-Identifier: MIT */
/*
 * The functions of the Codex client tables, over the same data as Ballast's own. codex_abi.h says what they take and give.
 *
 * IRQL: PASSIVE_LEVEL, in the caller's thread or the service thread.
 */

#include "ballast/codex_abi.h"
#include "core/ai/codex.h"
#include "driver/ai/driver.h"
#include "driver/nt/late.h"
#include "driver/nt/wine.h"

#define BOOST                        2 /* THREAD_PRIORITY_HIGHEST: the most that asks for no privilege */
#define THREAD_SET_INFORMATION_RIGHT 0x0020u

static const struct ai_request *request_of(struct request *request)
{
    return CONTAINING_RECORD(request, struct ai_request, request);
}

static uint32_t input_u32(const struct request *request)
{
    uint32_t value;
    RtlCopyMemory(&value, request->buffer, sizeof(value));
    return value;
}

static uint64_t input_u64(const struct request *request)
{
    uint64_t value;
    RtlCopyMemory(&value, request->buffer, sizeof(value));
    return value;
}

ballast_status codex_get_stats(void *target, struct request *request)
{
    struct ballast_ai_pool_reply pool;
    struct gpu_summary gpu;
    (void)target;
    ai_pool_read(request_of(request)->owner, &pool);
    ai_summarize_gpus(&gpu);
    codex_fill_driver_stats(request->buffer, ai_processes_count(), &gpu, &pool,
                            atomic_load_u64(&ai_driver.counters.priority_boosts));
    request->information = sizeof(struct codex_driver_stats);
    return BALLAST_SUCCESS;
}

ballast_status codex_set_gpu_util(void *target, struct request *request)
{
    (void)target;
    return ai_push_utilization(input_u32(request));
}

/* The caller must be allowed to set the thread's priority itself. */
ballast_status codex_boost_priority(void *target, struct request *request)
{
    PETHREAD thread;
    HANDLE handle;
    LONG boost = BOOST;
    (void)target;
    NTSTATUS status = PsLookupThreadByThreadId((HANDLE)(ULONG_PTR)input_u32(request), &thread);
    if (!NT_SUCCESS(status)) {
        return STATUS_INVALID_PARAMETER; /* there is no such thread */
    }
    status = ObOpenObjectByPointer(thread, OBJ_KERNEL_HANDLE, NULL, THREAD_SET_INFORMATION_RIGHT, nt_late.thread_type,
                                   nt_caller_mode(), &handle);
    if (NT_SUCCESS(status)) {
        status = ZwSetInformationThread(handle, ThreadBasePriority, &boost, sizeof(boost));
        (void)ZwClose(handle);
    }
    ObDereferenceObject(thread);
    if (NT_SUCCESS(status)) {
        atomic_add_u64(&ai_driver.counters.priority_boosts, 1);
    }
    return status;
}

ballast_status codex_get_gpu_status(void *target, struct request *request)
{
    struct gpu_summary gpu;
    (void)target;
    ai_summarize_gpus(&gpu);
    codex_fill_gpu_status(request->buffer, &gpu);
    request->information = sizeof(struct codex_gpu_status);
    return BALLAST_SUCCESS;
}

ballast_status codex_get_memory_pool(void *target, struct request *request)
{
    struct ballast_ai_pool_reply pool;
    (void)target;
    ai_pool_read(request_of(request)->owner, &pool);
    codex_fill_memory_pool(request->buffer, &pool);
    request->information = sizeof(struct codex_memory_pool_status);
    return BALLAST_SUCCESS;
}

ballast_status codex_get_scheduler_stats(void *target, struct request *request)
{
    struct ballast_ai_scheduler_reply reply;
    (void)target;
    RtlZeroMemory(&reply, sizeof(reply));
    ai_probe_describe(&reply);
    ai_processes_describe_scheduling(&reply);
    codex_fill_scheduler_stats(request->buffer, &reply.ai_processes, &reply.ai_threads, &reply.latency_mean_ns);
    request->information = sizeof(struct codex_scheduler_stats);
    return BALLAST_SUCCESS;
}

ballast_status codex_alloc_pinned(void *target, struct request *request)
{
    const struct ai_request *own = request_of(request);
    uint64_t size = input_u64(request);
    uint64_t address;
    (void)target;
    if (size == 0 || size > CODEX_MAXIMUM_PINNED_BYTES) {
        return BALLAST_INVALID_PARAMETER;
    }
    ballast_status status = ai_pool_allocate_simple(own, size, &address);
    if (!ballast_failed(status)) {
        RtlCopyMemory(request->buffer, &address, sizeof(address));
        request->information = sizeof(address);
    }
    return status;
}

ballast_status codex_free_pinned(void *target, struct request *request)
{
    const struct ai_request *own = request_of(request);
    uint64_t address = input_u64(request);
    (void)target;
    return address == 0 ? BALLAST_INVALID_PARAMETER : ai_pool_free_address(own, address);
}

/* The runtime's handle means nothing here; that a runtime is there is counted, once for each of our handles. */
ballast_status codex_register_winai(void *target, struct request *request)
{
    struct ai_file *file = request_of(request)->file;
    (void)target;
    if (__atomic_exchange_n(&file->registered, 1, __ATOMIC_RELAXED) == 0) {
        __atomic_add_fetch(&ai_driver.counters.registered_runtimes, 1, __ATOMIC_RELAXED);
    }
    return BALLAST_SUCCESS;
}

ballast_status codex_get_optimized_path(void *target, struct request *request)
{
    struct ballast_ai_pool_reply pool;
    struct gpu_summary gpu;
    (void)target;
    ai_pool_read(request_of(request)->owner, &pool);
    ai_summarize_gpus(&gpu);
    uint32_t flags = codex_optimized_path(&gpu, &pool);
    RtlCopyMemory(request->buffer, &flags, sizeof(flags));
    request->information = sizeof(flags);
    return BALLAST_SUCCESS;
}
