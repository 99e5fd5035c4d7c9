/* SPDX-License-Identifier: MIT */
/* Ob: handles and references. */

#include "sim/internal.h"

#include <stdlib.h>

#define HANDLES_MAXIMUM 4096
#define HANDLE_BASE     0x80000000u /* kernel handles have the top bits set */

struct entry {
    enum sim_handle_kind kind;
    void *object;
    const char *creator;
};

static struct sim_raw_lock lock;
static struct entry entries[HANDLES_MAXIMUM];
static size_t next_entry;

HANDLE sim_handle_create(enum sim_handle_kind kind, void *object, ULONG attributes, const char *function)
{
    if ((attributes & OBJ_KERNEL_HANDLE) == 0) {
        sim_violation("handle", "%s without OBJ_KERNEL_HANDLE: the handle would belong to whoever calls", function);
    }
    sim_raw_lock(&lock);
    for (size_t i = 0; i < HANDLES_MAXIMUM; i++) {
        size_t index = (next_entry + i) % HANDLES_MAXIMUM; /* a closed handle is not used again soon */
        if (entries[index].kind == SIM_HANDLE_FREE) {
            entries[index] = (struct entry){kind, object, function};
            next_entry = index + 1;
            sim_raw_unlock(&lock);
            return (HANDLE)(uintptr_t)(HANDLE_BASE + 4 * (index + 1));
        }
    }
    sim_violation("test", "too many handles");
}

static struct entry *entry_of(HANDLE handle, const char *function)
{
    uintptr_t index = ((uintptr_t)handle - HANDLE_BASE) / 4 - 1;
    if ((uintptr_t)handle <= HANDLE_BASE || (uintptr_t)handle % 4 != 0 || index >= HANDLES_MAXIMUM ||
        entries[index].kind == SIM_HANDLE_FREE) {
        sim_violation("handle", "%s with a handle that is not open", function);
    }
    return &entries[index];
}

enum sim_handle_kind sim_handle_kind(HANDLE handle, const char *function)
{
    sim_raw_lock(&lock);
    enum sim_handle_kind kind = entry_of(handle, function)->kind;
    sim_raw_unlock(&lock);
    return kind;
}

void *sim_handle_object(HANDLE handle, enum sim_handle_kind kind, const char *function)
{
    sim_raw_lock(&lock);
    const struct entry *entry = entry_of(handle, function);
    void *object = entry->object;
    bool right = entry->kind == kind;
    sim_raw_unlock(&lock);
    if (!right) {
        sim_violation("handle", "%s with a handle of another kind", function);
    }
    return object;
}

NTSTATUS ZwClose(HANDLE handle)
{
    sim_check_irql("ZwClose", PASSIVE_LEVEL);
    sim_raw_lock(&lock);
    struct entry *entry = entry_of(handle, "ZwClose");
    struct entry closed = *entry;
    entry->kind = SIM_HANDLE_FREE;
    sim_raw_unlock(&lock);
    switch (closed.kind) {
    case SIM_HANDLE_EVENT:
        sim_event_handle_closed(closed.object);
        break;
    case SIM_HANDLE_THREAD:
        sim_thread_handle_closed(closed.object);
        break;
    case SIM_HANDLE_FILE:
        sim_file_handle_closed(closed.object);
        break;
    case SIM_HANDLE_DEVICE:
        sim_device_dereference(closed.object);
        break;
    case SIM_HANDLE_USER_THREAD:
        sim_user_thread_dereference();
        break;
    case SIM_HANDLE_PROCESS:
        sim_eprocess_dereference(closed.object);
        break;
    case SIM_HANDLE_SECTION:
        sim_section_handle_closed(closed.object);
        break;
    default:
        free(closed.object);
        break;
    }
    return STATUS_SUCCESS;
}

void sim_handles_check_closed(void)
{
    for (size_t i = 0; i < HANDLES_MAXIMUM; i++) {
        if (entries[i].kind != SIM_HANDLE_FREE) {
            sim_violation("leak", "a handle made by %s is left", entries[i].creator);
        }
    }
}

NTSTATUS ObOpenObjectByPointer(PVOID object, ULONG attributes, PVOID access_state, ACCESS_MASK access,
                               POBJECT_TYPE type, KPROCESSOR_MODE mode, PHANDLE handle)
{
    UNREFERENCED_PARAMETER(access_state);
    UNREFERENCED_PARAMETER(access);
    sim_check_irql("ObOpenObjectByPointer", PASSIVE_LEVEL);
    if (sim_fault("ObOpenObjectByPointer")) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (sim_user_thread_is(object)) {
        if (mode != KernelMode && !sim_is_thread_type(type)) {
            return STATUS_OBJECT_TYPE_MISMATCH; /* NULL is any type only for the kernel */
        }
        if (!sim_user_thread_open(mode)) {
            return STATUS_ACCESS_DENIED;
        }
        sim_user_thread_reference();
        *handle = sim_handle_create(SIM_HANDLE_USER_THREAD, object, attributes, "ObOpenObjectByPointer");
        return STATUS_SUCCESS;
    }
    if (sim_is_eprocess(object)) {
        sim_eprocess_reference(object);
        *handle = sim_handle_create(SIM_HANDLE_PROCESS, object, attributes, "ObOpenObjectByPointer");
        return STATUS_SUCCESS;
    }
    sim_device_reference(object);
    *handle = sim_handle_create(SIM_HANDLE_DEVICE, object, attributes, "ObOpenObjectByPointer");
    return STATUS_SUCCESS;
}

void ObReferenceObject(PVOID object)
{
    sim_check_irql("ObReferenceObject", DISPATCH_LEVEL);
    if (!sim_is_eprocess(object)) {
        sim_violation("reference", "ObReferenceObject: only processes are referenced so");
    }
    sim_eprocess_reference(object);
}

NTSTATUS ObReferenceObjectByHandle(HANDLE handle, ACCESS_MASK access, POBJECT_TYPE type, KPROCESSOR_MODE mode,
                                   PVOID *object, PVOID information)
{
    UNREFERENCED_PARAMETER(access);
    UNREFERENCED_PARAMETER(type);
    UNREFERENCED_PARAMETER(mode);
    UNREFERENCED_PARAMETER(information);
    sim_check_irql("ObReferenceObjectByHandle", PASSIVE_LEVEL);
    if (sim_fault("ObReferenceObjectByHandle")) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    *object = sim_file_reference_object(sim_handle_object(handle, SIM_HANDLE_FILE, "ObReferenceObjectByHandle"));
    return STATUS_SUCCESS;
}
