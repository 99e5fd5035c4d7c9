/* SPDX-License-Identifier: MIT */
/* Views; view.h has the contract. */

#include "driver/ai/view.h"
#include "ballast/ai_abi.h"
#include "core/base/process_bucket.h"
#include "driver/nt/late.h"
#include "driver/nt/wine.h"

#define VIEW_TAG             PLATFORM_TAG('B', 'a', 'V', 'w')

#define VM_OPERATION         0x0008u     /* PROCESS_VM_OPERATION */
#define VIEW_NO_CHANGE       0x00400000u /* SEC_NO_CHANGE: its process may not change the protection, only unmap */
#define LOCK_IN_PROCESS      1u          /* of ZwLockVirtualMemory: in the working set; needs no privilege */
#define NARROW_ADDRESSES     0x7FFFFFFFu
#define LARGEST_NARROW_BLOCK 0x7FFF0000u

/* A process with views. */
struct viewer {
    LIST_ENTRY link;   /* of its bucket */
    PEPROCESS process; /* its views' references keep it */
    LIST_ENTRY views;
    unsigned unmapping; /* threads that are in it for that */
    bool exiting;
    KEVENT left; /* nobody is in it any more; only once it is exiting */
};

/* A view of a process by itself. */
struct record {
    LIST_ENTRY link;
    struct viewer *viewer; /* NULL: the process has exited, and its views with it */
    HANDLE secure;         /* NULL: it is not */
};

static struct {
    bool told; /* of processes that exit: a viewer stays until then, since who maps once maps again */
    bool secured;
    KSPIN_LOCK lock; /* all that follows, viewers, records */
    LIST_ENTRY bucket[PROCESS_BUCKETS];
} views;

void ai_views_start(void)
{
    views.told = false;
    views.secured = false;
    KeInitializeSpinLock(&views.lock);
    for (size_t i = 0; i < PROCESS_BUCKETS; i++) {
        InitializeListHead(&views.bucket[i]);
    }
}

void ai_views_are_told(void)
{
    views.told = true;
    views.secured = nt_late.secure_virtual_memory != NULL;
}

static void free_viewer(struct viewer *viewer)
{
    platform_free(viewer, sizeof(*viewer), VIEW_TAG);
}

void ai_views_stop(void)
{
    for (size_t i = 0; i < PROCESS_BUCKETS; i++) {
        while (!IsListEmpty(&views.bucket[i])) {
            free_viewer(CONTAINING_RECORD(RemoveHeadList(&views.bucket[i]), struct viewer, link));
        }
    }
}

/* ---- records ---- */

/* Lock held. */
static struct viewer *find_viewer(PEPROCESS process)
{
    LIST_ENTRY *head = &views.bucket[process_bucket(process)];
    for (LIST_ENTRY *link = head->Flink; link != head; link = link->Flink) {
        struct viewer *viewer = CONTAINING_RECORD(link, struct viewer, link);
        if (viewer->process == process) {
            return viewer;
        }
    }
    return NULL;
}

/* The viewer if nothing needs it any more, taken out; the caller frees it. Lock held. */
static struct viewer *idle_viewer(struct viewer *viewer)
{
    if (!IsListEmpty(&viewer->views) || viewer->unmapping != 0 || viewer->exiting || views.told) {
        return NULL;
    }
    (void)RemoveEntryList(&viewer->link);
    return viewer;
}

/* Enters the record of a process that has a viewer; makes `fresh` that, and *fresh NULL, if it has none. False: as below. */
static bool try_to_enter(PEPROCESS process, struct record *record, struct viewer **fresh)
{
    KIRQL irql;
    KeAcquireSpinLock(&views.lock, &irql);
    struct viewer *viewer = find_viewer(process);
    if (viewer == NULL && *fresh != NULL) {
        viewer = *fresh;
        *fresh = NULL;
        InsertTailList(&views.bucket[process_bucket(process)], &viewer->link);
    }
    bool entered = viewer != NULL && !viewer->exiting;
    if (entered) {
        record->viewer = viewer;
        InsertTailList(&viewer->views, &record->link);
    }
    KeReleaseSpinLock(&views.lock, irql);
    return entered;
}

/* False: no memory, or the process is exiting. */
static bool enter(PEPROCESS process, struct record *record)
{
    struct viewer *fresh = NULL;
    if (try_to_enter(process, record, &fresh)) {
        return true;
    }
    fresh = platform_allocate(PLATFORM_POOL_NONPAGED, sizeof(*fresh), VIEW_TAG);
    if (fresh == NULL) {
        return false;
    }
    *fresh = (struct viewer){.process = process};
    InitializeListHead(&fresh->views);
    KeInitializeEvent(&fresh->left, NotificationEvent, FALSE);
    bool entered = try_to_enter(process, record, &fresh);
    free_viewer(fresh);
    return entered;
}

/* False: the process has exited, and there is nothing to unmap. */
static bool begin_unmapping(struct record *record)
{
    KIRQL irql;
    KeAcquireSpinLock(&views.lock, &irql);
    struct viewer *viewer = record->viewer;
    if (viewer != NULL) {
        (void)RemoveEntryList(&record->link);
        viewer->unmapping++;
    }
    KeReleaseSpinLock(&views.lock, irql);
    return viewer != NULL;
}

static void end_unmapping(struct viewer *viewer)
{
    KIRQL irql;
    KeAcquireSpinLock(&views.lock, &irql);
    viewer->unmapping--;
    if (viewer->exiting && viewer->unmapping == 0) {
        (void)KeSetEvent(&viewer->left, IO_NO_INCREMENT,
                         FALSE); /* who waits for it takes this lock before freeing it */
    }
    struct viewer *idle = idle_viewer(viewer);
    KeReleaseSpinLock(&views.lock, irql);
    free_viewer(idle);
}

void ai_views_forget(PEPROCESS process)
{
    KIRQL irql;
    KeAcquireSpinLock(&views.lock, &irql);
    struct viewer *viewer = find_viewer(process);
    bool wait = false;
    if (viewer != NULL) {
        viewer->exiting = true;
        while (!IsListEmpty(&viewer->views)) {
            struct record *record = CONTAINING_RECORD(RemoveHeadList(&viewer->views), struct record, link);
            record->viewer = NULL;
        }
        wait = viewer->unmapping != 0;
    }
    KeReleaseSpinLock(&views.lock, irql);
    if (wait) {
        (void)KeWaitForSingleObject(&viewer->left, Executive, KernelMode, FALSE, NULL);
    }
    if (viewer != NULL) {
        KeAcquireSpinLock(&views.lock, &irql);
        (void)RemoveEntryList(&viewer->link);
        KeReleaseSpinLock(&views.lock, irql);
        free_viewer(viewer);
    }
}

/* ---- mapping ---- */

/* NT counts locked pages against the process's minimum working set, Wine against RLIMIT_MEMLOCK. Unmapping unlocks. */
static void lock_view(HANDLE process, uint64_t size, struct pool_view *view)
{
    PVOID base = (PVOID)(ULONG_PTR)view->address;
    SIZE_T length = (SIZE_T)size;
    view->lock_status = STATUS_NOT_SUPPORTED; /* NT 5.2 has it for itself only */
    if (nt_late.lock_virtual_memory != NULL) {
        NTSTATUS status = nt_late.lock_virtual_memory(process, &base, &length, LOCK_IN_PROCESS);
        view->lock_status = NT_SUCCESS(status) ? STATUS_SUCCESS : status; /* it may say that it was locked already */
    }
    view->state = NT_SUCCESS(view->lock_status) ? BALLAST_AI_BLOCK_LOCKED : 0;
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
        lock_view(process, size, view);
    }
    if ((options & BALLAST_AI_LOCK) != 0 && view->state == 0) {
        (void)ZwUnmapViewOfSection(process, base);
        return view->lock_status;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS map_by_handle(void *section, uint64_t size, const struct pool_caller *caller, uint32_t access,
                              uint32_t options, struct pool_view *view)
{
    HANDLE process;
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

/* False: it cannot be secured. */
static bool secure(uint64_t size, uint32_t access, const struct pool_view *view, struct record *record)
{
    if (views.secured) {
        ULONG mode = access == BALLAST_AI_ACCESS_WRITE ? PAGE_READWRITE : PAGE_READONLY;
        record->secure = nt_late.secure_virtual_memory((PVOID)(ULONG_PTR)view->address, (SIZE_T)size, mode);
        return record->secure != NULL;
    }
    return true;
}

static NTSTATUS map_here(void *section, uint64_t size, const struct pool_caller *caller, uint32_t access,
                         uint32_t options, struct pool_view *view)
{
    struct record *record = platform_allocate(PLATFORM_POOL_NONPAGED, sizeof(*record), VIEW_TAG);
    if (record == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    *record = (struct record){.viewer = NULL};
    NTSTATUS status = map_into(ZwCurrentProcess(), section, size, caller, access, options, view);
    if (NT_SUCCESS(status)) {
        bool secured = secure(size, access, view, record);
        if (!secured || !enter(caller->process, record)) {
            if (record->secure != NULL) {
                nt_late.unsecure_virtual_memory(record->secure);
            }
            (void)ZwUnmapViewOfSection(ZwCurrentProcess(), (PVOID)(ULONG_PTR)view->address);
            status = STATUS_INSUFFICIENT_RESOURCES;
        }
    }
    if (NT_SUCCESS(status)) {
        view->context = record;
    } else {
        platform_free(record, sizeof(*record), VIEW_TAG);
    }
    return status;
}

ballast_status ai_view_map(void *section, uint64_t size, const struct pool_caller *caller, uint32_t access,
                           uint32_t options, struct pool_view *view)
{
    if (size > (caller->narrow ? LARGEST_NARROW_BLOCK : (SIZE_T)-1)) {
        return BALLAST_INSUFFICIENT_RESOURCES;
    }
    return nt_in_wine ? map_by_handle(section, size, caller, access, options, view)
                      : map_here(section, size, caller, access, options, view);
}

void ai_view_lock(const struct pool_caller *caller, uint64_t size, struct pool_view *view)
{
    UNREFERENCED_PARAMETER(caller);
    lock_view(nt_in_wine ? view->context : ZwCurrentProcess(), size, view);
}

/* Of a process that has exited nothing is mapped any more, and the call says so. */
static void unmap_by_handle(const struct pool_view *view)
{
    (void)ZwUnmapViewOfSection(view->context, (PVOID)(ULONG_PTR)view->address);
    (void)ZwClose(view->context);
}

static void unmap_there(PEPROCESS process, const struct pool_view *view)
{
    struct record *record = view->context;
    if (begin_unmapping(record)) {
        KAPC_STATE state;
        bool elsewhere = PsGetCurrentProcess() != process;
        if (elsewhere) {
            KeStackAttachProcess((PKPROCESS)process, &state);
        }
        if (record->secure != NULL) {
            nt_late.unsecure_virtual_memory(record->secure);
        }
        (void)ZwUnmapViewOfSection(ZwCurrentProcess(), (PVOID)(ULONG_PTR)view->address);
        if (elsewhere) {
            KeUnstackDetachProcess(&state);
        }
        end_unmapping(record->viewer);
    }
    platform_free(record, sizeof(*record), VIEW_TAG);
}

void ai_view_unmap(void *process, const struct pool_view *view)
{
    if (nt_in_wine) {
        unmap_by_handle(view);
    } else {
        unmap_there(process, view);
    }
}
