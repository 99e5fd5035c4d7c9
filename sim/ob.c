/* SPDX-License-Identifier: MIT */
/* Ob: references to objects of all kinds, by handles and by pointers. */

#include "sim/ground/fault.h"
#include "sim/ground/handle.h"
#include "sim/ground/thread.h"
#include "sim/ground/violation.h"
#include "sim/kernel/device.h"
#include "sim/kernel/event.h"
#include "sim/kernel/mm.h"
#include "sim/kernel/process.h"
#include "sim/kernel/ps.h"
#include "sim/kernel/user_thread.h"
#include "sim/world/device_file.h"
#include "sim/world/file.h"

#include <stdlib.h>

NTSTATUS ZwClose(HANDLE handle)
{
    sim_check_irql("ZwClose", PASSIVE_LEVEL);
    enum sim_handle_kind kind;
    void *object = sim_handle_close(handle, &kind, "ZwClose");
    switch (kind) {
    case SIM_HANDLE_EVENT:
        sim_event_handle_closed(object);
        break;
    case SIM_HANDLE_THREAD:
        sim_thread_handle_closed(object);
        break;
    case SIM_HANDLE_FILE:
        sim_file_handle_closed(object);
        break;
    case SIM_HANDLE_DEVICE_FILE:
        sim_device_file_closed(object);
        break;
    case SIM_HANDLE_DEVICE:
        sim_device_dereference(object);
        break;
    case SIM_HANDLE_USER_THREAD:
        sim_user_thread_dereference();
        break;
    case SIM_HANDLE_PROCESS:
        sim_eprocess_dereference(object);
        break;
    case SIM_HANDLE_SECTION:
        sim_section_handle_closed(object);
        break;
    default:
        free(object);
        break;
    }
    return STATUS_SUCCESS;
}

NTSTATUS ObOpenObjectByPointer(PVOID object, ULONG attributes, PVOID access_state, ACCESS_MASK access,
                               POBJECT_TYPE type, KPROCESSOR_MODE mode, PHANDLE handle)
{
    UNREFERENCED_PARAMETER(access_state);
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
        if (mode != KernelMode && type != *sim_process_type()) {
            return STATUS_OBJECT_TYPE_MISMATCH;
        }
        if (mode != KernelMode && !sim_eprocess_may_query(object, access)) {
            return STATUS_ACCESS_DENIED;
        }
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
    if (sim_is_device(object)) {
        sim_device_reference(object);
        return;
    }
    if (!sim_is_eprocess(object)) {
        sim_violation("reference", "ObReferenceObject: only processes and devices are referenced so");
    }
    sim_eprocess_reference(object);
}

NTSTATUS ObReferenceObjectByHandle(HANDLE handle, ACCESS_MASK access, POBJECT_TYPE type, KPROCESSOR_MODE mode,
                                   PVOID *object, PVOID information)
{
    UNREFERENCED_PARAMETER(information);
    sim_check_irql("ObReferenceObjectByHandle", PASSIVE_LEVEL);
    if (sim_fault("ObReferenceObjectByHandle")) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (mode == UserMode) {
        if (type != *sim_process_type()) {
            sim_violation("handle",
                          "ObReferenceObjectByHandle: of users only processes are simulated, and their type is given");
        }
        return sim_user_handle_reference(handle, access, object);
    }
    if (sim_handle_kind(handle, "ObReferenceObjectByHandle") == SIM_HANDLE_DEVICE_FILE) {
        *object =
            sim_device_file_reference(sim_handle_object(handle, SIM_HANDLE_DEVICE_FILE, "ObReferenceObjectByHandle"));
        return STATUS_SUCCESS;
    }
    *object = sim_file_reference_object(sim_handle_object(handle, SIM_HANDLE_FILE, "ObReferenceObjectByHandle"));
    return STATUS_SUCCESS;
}

void ObDereferenceObject(PVOID object)
{
    sim_check_irql("ObDereferenceObject", DISPATCH_LEVEL);
    if (sim_user_thread_is(object)) {
        sim_user_thread_dereference();
        return;
    }
    if (sim_is_eprocess(object)) {
        sim_eprocess_dereference(object);
        return;
    }
    if (sim_is_device(object)) {
        sim_device_dereference(object);
        return;
    }
    if (!sim_device_file_dereference(object)) {
        sim_file_dereference_object(object);
    }
}
