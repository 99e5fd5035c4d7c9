/* SPDX-License-Identifier: MIT */
/*
 * Processes as objects, sections, and views of them. A section is an unlinked host file; each process has its own views of
 * it. The addresses that a driver gets mean nothing in the host: only tests look at a process's memory.
 *
 * Unmapping has no fault point: it needs nothing that can be missing.
 */

#include "sim/kernel/mm.h"

#include "sim/ground/chance.h"
#include "sim/ground/fault.h"
#include "sim/ground/handle.h"
#include "sim/ground/options.h"
#include "sim/ground/raw_lock.h"
#include "sim/ground/thread.h"
#include "sim/ground/violation.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define GRANULARITY   65536u
#define FIRST_ADDRESS 0x00010000u
#define WIDE_ADDRESS  0x7FF000000000u
#define NARROW_LIMIT  0x80000000u

struct section {
    int descriptor;
    size_t size;
    LONG references; /* atomic: the handle, views */
};

struct view {
    struct section *section;
    uint64_t address;
    unsigned char *host;
    bool writable;
    bool secured; /* may not be unmapped before it is unsecured */
    size_t locked;
    struct view *next;
};

struct sim_eprocess {
    uint32_t id;
    uint64_t create_time;
    bool exited, narrow, hidden;
    bool open_to_all; /* everybody may query it */
    uint32_t user;
    NTSTATUS exit_status;
    bool exiting;     /* atomic */
    bool held;        /* atomic: its address space's lock is taken by the process itself */
    unsigned waiting; /* atomic */
    LONG references;  /* atomic: its existence, handles, references by pointer */
    uint64_t next_address;
    size_t lock_limit, locked;
    struct view *views;
    struct sim_eprocess *next;
};

static struct sim_raw_lock lock; /* everything but what is atomic */
static struct sim_eprocess *processes;
static uint32_t last_id;

/* ---- sections and views ---- */

static void section_release(struct section *section)
{
    if (sim_drop_reference(&section->references)) {
        (void)close(section->descriptor);
        free(section);
    }
}

void sim_section_handle_closed(void *section)
{
    section_release(section);
}

static struct view **find_view(struct sim_eprocess *process, uint64_t address)
{
    struct view **link = &process->views;
    while (*link != NULL && (*link)->address != address) {
        link = &(*link)->next;
    }
    return link;
}

/* The process that a handle names, which may be the current one's. */
static struct sim_eprocess *process_of(HANDLE handle, const char *function)
{
    if (handle != ZwCurrentProcess()) {
        return sim_handle_object(handle, SIM_HANDLE_PROCESS, function);
    }
    struct sim_eprocess *process = sim_current_process();
    if (process == NULL) {
        sim_violation("section", "%s in a process of no client", function);
    }
    return process;
}

/* Waits for the lock of the address space, which its process may hold for long. */
static void wait_while_held(struct sim_eprocess *process)
{
    struct timespec pause = {0, 100000};
    __atomic_add_fetch(&process->waiting, 1, __ATOMIC_RELAXED);
    while (__atomic_load_n(&process->held, __ATOMIC_RELAXED)) {
        (void)nanosleep(&pause, NULL);
    }
    __atomic_sub_fetch(&process->waiting, 1, __ATOMIC_RELAXED);
}

/* Lock held. */
static void drop_view(struct sim_eprocess *process, struct view **link)
{
    struct view *view = *link;
    *link = view->next;
    process->locked -= view->locked;
    (void)munmap(view->host, view->section->size);
    section_release(view->section);
    free(view);
}

NTSTATUS ZwCreateSection(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes, PLARGE_INTEGER size,
                         ULONG protection, ULONG allocation, HANDLE file)
{
    sim_check_irql("ZwCreateSection", PASSIVE_LEVEL);
    UNREFERENCED_PARAMETER(access);
    if (file != NULL || allocation != SEC_COMMIT || protection != PAGE_READWRITE || size->QuadPart <= 0) {
        sim_violation("section", "ZwCreateSection: only committed memory that can be written is simulated");
    }
    if (sim_fault("ZwCreateSection")) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    struct section *section = calloc(1, sizeof(*section));
    section->size = (size_t)size->QuadPart;
    section->references = 1;
    section->descriptor = memfd_create("sim-section", MFD_CLOEXEC);
    if (section->descriptor < 0 || ftruncate(section->descriptor, size->QuadPart) != 0) {
        sim_violation("test", "no memory for a section");
    }
    *handle = sim_handle_create(SIM_HANDLE_SECTION, section, attributes->Attributes, "ZwCreateSection");
    return STATUS_SUCCESS;
}

/* Lock held. */
static NTSTATUS map_view(struct section *section, struct sim_eprocess *process, bool narrow, bool writable,
                         uint64_t *address)
{
    size_t span = (section->size + GRANULARITY - 1) / GRANULARITY * GRANULARITY;
    if (process->exited) {
        return STATUS_PROCESS_IS_TERMINATING;
    }
    if (narrow && process->next_address + span > NARROW_LIMIT) {
        return STATUS_NO_MEMORY;
    }
    struct view *view = calloc(1, sizeof(*view));
    view->section = section;
    view->writable = writable;
    view->address = process->next_address + (narrow ? 0 : WIDE_ADDRESS);
    view->host =
        mmap(NULL, section->size, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, section->descriptor, 0);
    if (view->host == MAP_FAILED) {
        sim_violation("test", "no memory for a view");
    }
    process->next_address += span + GRANULARITY;
    __atomic_add_fetch(&section->references, 1, __ATOMIC_RELAXED);
    view->next = process->views;
    process->views = view;
    *address = view->address;
    return STATUS_SUCCESS;
}

NTSTATUS ZwMapViewOfSection(HANDLE section_handle, HANDLE process_handle, PVOID *base, ULONG_PTR zero_bits,
                            SIZE_T commit, PLARGE_INTEGER offset, SIZE_T *size, SECTION_INHERIT inherit,
                            ULONG allocation, ULONG protection)
{
    sim_check_irql("ZwMapViewOfSection", PASSIVE_LEVEL);
    UNREFERENCED_PARAMETER(commit);
    struct section *section = sim_handle_object(section_handle, SIM_HANDLE_SECTION, "ZwMapViewOfSection");
    struct sim_eprocess *process = process_of(process_handle, "ZwMapViewOfSection");
    if (*base != NULL || offset != NULL || *size != section->size || inherit != ViewUnmap ||
        (allocation & ~SEC_NO_CHANGE) != 0 || (protection != PAGE_READONLY && protection != PAGE_READWRITE)) {
        sim_violation("section", "ZwMapViewOfSection: only whole views at any address are simulated");
    }
    if (protection == PAGE_READONLY && (allocation & SEC_NO_CHANGE) == 0) {
        sim_violation("section", "a read-only view that its process can make writable");
    }
    if (process->narrow && zero_bits == 0) {
        sim_violation("section", "a view for a process with 32-bit pointers may be beyond their reach");
    }
    if (sim_fault("ZwMapViewOfSection")) {
        return STATUS_NO_MEMORY;
    }
    uint64_t address = 0;
    wait_while_held(process);
    sim_raw_lock(&lock);
    NTSTATUS status = map_view(section, process, zero_bits != 0, protection == PAGE_READWRITE, &address);
    sim_raw_unlock(&lock);
    if (NT_SUCCESS(status)) {
        *base = (PVOID)(uintptr_t)address;
    }
    sim_delay();
    return status;
}

NTSTATUS ZwUnmapViewOfSection(HANDLE process_handle, PVOID base)
{
    sim_check_irql("ZwUnmapViewOfSection", PASSIVE_LEVEL);
    struct sim_eprocess *process = process_of(process_handle, "ZwUnmapViewOfSection");
    NTSTATUS status = STATUS_SUCCESS;
    sim_delay();
    wait_while_held(process);
    sim_raw_lock(&lock);
    struct view **link = find_view(process, (uintptr_t)base);
    if (process->exited) {
        status = STATUS_PROCESS_IS_TERMINATING;
    } else if (*link == NULL) {
        status = STATUS_NOT_MAPPED_VIEW;
    } else if ((*link)->secured) {
        sim_violation("section", "a view is unmapped that has not been unsecured");
    } else {
        drop_view(process, link);
    }
    sim_raw_unlock(&lock);
    return status;
}

HANDLE sim_MmSecureVirtualMemory(PVOID address, SIZE_T size, ULONG mode)
{
    sim_check_irql("MmSecureVirtualMemory", APC_LEVEL);
    struct sim_eprocess *process = process_of(ZwCurrentProcess(), "MmSecureVirtualMemory");
    if (sim_fault("MmSecureVirtualMemory")) {
        return NULL;
    }
    sim_raw_lock(&lock);
    struct view *view = *find_view(process, (uintptr_t)address);
    bool can = view != NULL && size <= view->section->size && view->writable == (mode == PAGE_READWRITE);
    if (can) {
        view->secured = true;
    }
    sim_raw_unlock(&lock);
    return can ? address : NULL;
}

void sim_MmUnsecureVirtualMemory(HANDLE secure)
{
    sim_check_irql("MmUnsecureVirtualMemory", APC_LEVEL);
    struct sim_eprocess *process = process_of(ZwCurrentProcess(), "MmUnsecureVirtualMemory");
    sim_raw_lock(&lock);
    struct view *view = *find_view(process, (uintptr_t)secure);
    if (process->exited || view == NULL || !view->secured) {
        sim_violation("section",
                      "MmUnsecureVirtualMemory after the process has exited, or for what is not secured there");
    }
    view->secured = false;
    sim_raw_unlock(&lock);
}

NTSTATUS sim_ZwLockVirtualMemory(HANDLE process_handle, PVOID *base, SIZE_T *size, ULONG type)
{
    sim_check_irql("ZwLockVirtualMemory", PASSIVE_LEVEL);
    struct sim_eprocess *process = process_of(process_handle, "ZwLockVirtualMemory");
    NTSTATUS status = STATUS_SUCCESS;
    if (type != 1) {
        sim_violation("section", "ZwLockVirtualMemory: type %u needs a privilege", type);
    }
    if (sim_fault("ZwLockVirtualMemory")) {
        return STATUS_WORKING_SET_QUOTA;
    }
    sim_raw_lock(&lock);
    struct view *view = *find_view(process, (uintptr_t)*base);
    if (process->exited) {
        status = STATUS_PROCESS_IS_TERMINATING;
    } else if (view == NULL || *size > view->section->size) {
        status = STATUS_ACCESS_VIOLATION;
    } else if (view->locked == 0 && process->lock_limit != 0 && process->locked + *size > process->lock_limit) {
        status = STATUS_WORKING_SET_QUOTA;
    } else if (view->locked != 0) {
        status = STATUS_WAS_LOCKED;
    } else {
        view->locked += *size;
        process->locked += *size;
    }
    sim_raw_unlock(&lock);
    return status;
}

/* ---- processes ---- */

PEPROCESS sim_eprocess_create(void)
{
    struct sim_eprocess *process = calloc(1, sizeof(*process));
    process->references = 1;
    process->next_address = FIRST_ADDRESS;
    sim_raw_lock(&lock);
    process->id = last_id += 4;
    process->create_time = 1000000ull + process->id;
    process->next = processes;
    processes = process;
    sim_raw_unlock(&lock);
    return process;
}

void sim_eprocess_exit(PEPROCESS process)
{
    sim_eprocess_hold(process, false);
    sim_raw_lock(&lock);
    process->exited = true;
    while (process->views != NULL) {
        drop_view(process, &process->views);
    }
    sim_raw_unlock(&lock);
}

void sim_eprocess_reference(PEPROCESS process)
{
    __atomic_add_fetch(&process->references, 1, __ATOMIC_RELAXED);
}

void sim_eprocess_dereference(PEPROCESS process)
{
    if (!sim_drop_reference(&process->references)) {
        return;
    }
    if (!process->exited) {
        sim_violation("reference", "a process is dereferenced more often than referenced");
    }
    sim_raw_lock(&lock);
    struct sim_eprocess **link = &processes;
    while (*link != process) {
        link = &(*link)->next;
    }
    *link = process->next;
    sim_raw_unlock(&lock);
    free(process);
}

bool sim_is_eprocess(const void *object)
{
    sim_raw_lock(&lock);
    const struct sim_eprocess *process = processes;
    while (process != NULL && process != object) {
        process = process->next;
    }
    sim_raw_unlock(&lock);
    return process != NULL;
}

void sim_eprocess_set(PEPROCESS process, uint32_t id, bool narrow, size_t lock_limit)
{
    process->id = id != 0 ? id : process->id;
    process->narrow = narrow;
    process->lock_limit = lock_limit;
}

void sim_mm_check_released(void)
{
    sim_raw_lock(&lock);
    for (const struct sim_eprocess *process = processes; process != NULL; process = process->next) {
        LONG references = __atomic_load_n(&process->references, __ATOMIC_RELAXED);
        if (process->views != NULL) {
            sim_violation("leak", "a view is left in process %u", process->id);
        }
        if (process->exited || references != 1) {
            sim_violation("leak", "process %u is still referenced", process->id);
        }
    }
    sim_raw_unlock(&lock);
}

NTSTATUS PsLookupProcessByProcessId(HANDLE id, PEPROCESS *result)
{
    sim_check_irql("PsLookupProcessByProcessId", APC_LEVEL);
    if (sim_fault("PsLookupProcessByProcessId")) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    sim_raw_lock(&lock);
    struct sim_eprocess *process = processes;
    while (process != NULL && (process->exited || process->id != (uintptr_t)id)) {
        process = process->next;
    }
    if (process != NULL) {
        sim_eprocess_reference(process);
    }
    sim_raw_unlock(&lock);
    *result = process;
    return process != NULL ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

HANDLE PsGetProcessId(PEPROCESS process)
{
    return (HANDLE)(uintptr_t)process->id;
}

PEPROCESS IoGetRequestorProcess(PIRP irp)
{
    sim_check_irql("IoGetRequestorProcess", DISPATCH_LEVEL);
    if (sim_self()->system) {
        sim_violation("requestor",
                      "IoGetRequestorProcess after the dispatch routine: the thread that asked may be gone");
    }
    return irp->Requestor->hidden ? NULL : irp->Requestor;
}

BOOLEAN IoIs32bitProcess(PIRP irp)
{
    return irp->Requestor->narrow;
}

void *sim_eprocess_memory(PEPROCESS process, uint64_t address, size_t size, bool write)
{
    void *host = NULL;
    sim_raw_lock(&lock);
    for (const struct view *view = process->views; view != NULL; view = view->next) {
        if (address >= view->address && address - view->address < view->section->size &&
            size <= view->section->size - (address - view->address) && (view->writable || !write)) {
            host = view->host + (address - view->address);
        }
    }
    sim_raw_unlock(&lock);
    return host;
}

unsigned sim_eprocess_views(PEPROCESS process)
{
    unsigned count = 0;
    sim_raw_lock(&lock);
    for (const struct view *view = process->views; view != NULL; view = view->next) {
        count++;
    }
    sim_raw_unlock(&lock);
    return count;
}

uint32_t sim_eprocess_id(PEPROCESS process)
{
    return process->id;
}

uint64_t sim_eprocess_create_time(PEPROCESS process)
{
    return process->create_time;
}

LONGLONG sim_PsGetProcessCreateTimeQuadPart(PEPROCESS process)
{
    return (LONGLONG)process->create_time;
}

void sim_eprocess_begin_exit(PEPROCESS process)
{
    __atomic_store_n(&process->exiting, true, __ATOMIC_RELAXED);
}

NTSTATUS sim_PsGetProcessExitStatus(PEPROCESS process)
{
    sim_check_irql("PsGetProcessExitStatus", APC_LEVEL);
    return __atomic_load_n(&process->exiting, __ATOMIC_RELAXED) ? process->exit_status : STATUS_PENDING;
}

BOOLEAN sim_PsGetProcessExitProcessCalled(PEPROCESS process)
{
    sim_check_irql("PsGetProcessExitProcessCalled", APC_LEVEL);
    return __atomic_load_n(&process->exiting, __ATOMIC_RELAXED);
}

void sim_eprocess_set_user(PEPROCESS process, uint32_t user)
{
    process->user = user;
}

void sim_eprocess_open_to_all(PEPROCESS process)
{
    process->open_to_all = true;
}

void sim_check_query_right(ACCESS_MASK access)
{
    ACCESS_MASK limited = 0x1000; /* PROCESS_QUERY_LIMITED_INFORMATION, which NT 5 does not know */
    ACCESS_MASK full = 0x0400;    /* PROCESS_QUERY_INFORMATION */
    if (access != (sim_get_options()->nt52 ? full : limited)) {
        sim_violation("security", "a user's right to look at a process is asked for as 0x%x", (unsigned)access);
    }
}

bool sim_eprocess_may_query(PEPROCESS process, ACCESS_MASK access)
{
    const struct sim_thread *self = sim_self();
    sim_check_query_right(access);
    return process->open_to_all || self->user == process->user;
}

void sim_eprocess_exit_with(PEPROCESS process, NTSTATUS status)
{
    process->exit_status = status;
}

NTSTATUS ZwQueryInformationProcess(HANDLE handle, PROCESSINFOCLASS information_class, PVOID information, ULONG length,
                                   PULONG needed)
{
    sim_check_irql("ZwQueryInformationProcess", PASSIVE_LEVEL);
    const struct sim_eprocess *process = process_of(handle, "ZwQueryInformationProcess");
    UNREFERENCED_PARAMETER(needed);
    if (information_class != ProcessTimes || length != sizeof(KERNEL_USER_TIMES)) {
        sim_violation("test", "ZwQueryInformationProcess: only times are simulated");
    }
    if (sim_fault("ZwQueryInformationProcess")) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    KERNEL_USER_TIMES times = {.CreateTime.QuadPart = (LONGLONG)process->create_time};
    memcpy(information, &times, sizeof(times));
    return STATUS_SUCCESS;
}

PEPROCESS sim_system_eprocess(void)
{
    static struct sim_eprocess system = {.id = 4};
    return &system;
}

POBJECT_TYPE *sim_process_type(void)
{
    static POBJECT_TYPE type = (POBJECT_TYPE)&type;
    return &type;
}

void sim_eprocess_hide(PEPROCESS process, bool on)
{
    process->hidden = on;
}

void sim_eprocess_hold(PEPROCESS process, bool on)
{
    __atomic_store_n(&process->held, on, __ATOMIC_RELAXED);
}

unsigned sim_eprocess_waiting(PEPROCESS process)
{
    return __atomic_load_n(&process->waiting, __ATOMIC_RELAXED);
}

bool sim_eprocess_map_own(PEPROCESS process, uint64_t address, size_t size)
{
    struct section *section = calloc(1, sizeof(*section));
    section->size = size;
    section->references = 1;
    section->descriptor = memfd_create("sim-own", MFD_CLOEXEC);
    struct view *view = calloc(1, sizeof(*view));
    *view = (struct view){.section = section, .address = address, .writable = true};
    if (section->descriptor < 0 || ftruncate(section->descriptor, (off_t)size) != 0) {
        sim_violation("test", "no memory for a section");
    }
    view->host = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, section->descriptor, 0);
    sim_raw_lock(&lock);
    bool free_there = *find_view(process, address) == NULL;
    if (free_there) {
        view->next = process->views;
        process->views = view;
    }
    sim_raw_unlock(&lock);
    if (!free_there) {
        (void)munmap(view->host, size);
        section_release(section);
        free(view);
    }
    return free_there;
}

void sim_eprocess_unlock(PEPROCESS process, uint64_t address)
{
    sim_raw_lock(&lock);
    struct view *view = *find_view(process, address);
    process->locked -= view != NULL ? view->locked : 0;
    if (view != NULL) {
        view->locked = 0;
    }
    sim_raw_unlock(&lock);
}

bool sim_eprocess_unmap(PEPROCESS process, uint64_t address)
{
    sim_raw_lock(&lock);
    struct view **link = find_view(process, address);
    bool found = *link != NULL && !(*link)->secured;
    if (found) {
        drop_view(process, link);
    }
    sim_raw_unlock(&lock);
    return found;
}
