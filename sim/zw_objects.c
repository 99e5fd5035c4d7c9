/* SPDX-License-Identifier: MIT */
/* Zw: events, waiting, symbolic links. */

#include "sim/internal.h"

#include <stdlib.h>
#include <string.h>

#define NAME_SIZE 1024

/* ---- events, waiting ---- */

NTSTATUS ZwCreateEvent(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes, EVENT_TYPE type,
                       BOOLEAN signalled)
{
    sim_check_irql("ZwCreateEvent", PASSIVE_LEVEL);
    UNREFERENCED_PARAMETER(access);
    if (sim_fault("ZwCreateEvent")) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    struct sim_waitable *event = sim_waitable_create(signalled, 1, type == SynchronizationEvent);
    *handle = sim_handle_create(SIM_HANDLE_EVENT, event, attributes->Attributes, "ZwCreateEvent");
    return STATUS_SUCCESS;
}

NTSTATUS ZwWaitForSingleObject(HANDLE handle, BOOLEAN alertable, PLARGE_INTEGER timeout)
{
    sim_check_irql("ZwWaitForSingleObject", PASSIVE_LEVEL);
    UNREFERENCED_PARAMETER(alertable);
    enum sim_handle_kind kind = sim_handle_kind(handle, "ZwWaitForSingleObject");
    void *object = sim_handle_object(handle, kind, "ZwWaitForSingleObject");
    if (kind != SIM_HANDLE_THREAD && kind != SIM_HANDLE_EVENT) {
        sim_violation("handle", "ZwWaitForSingleObject on what is no event and no thread");
    }
    struct sim_waitable *waitable = kind == SIM_HANDLE_THREAD ? sim_thread_waitable(object) : object;
    return sim_waitable_wait(waitable, timeout) ? STATUS_SUCCESS : STATUS_TIMEOUT;
}

NTSTATUS ZwYieldExecution(void)
{
    sim_check_irql("ZwYieldExecution", PASSIVE_LEVEL);
    sim_delay();
    return STATUS_SUCCESS;
}

/* ---- symbolic links ---- */

NTSTATUS ZwOpenSymbolicLinkObject(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes)
{
    sim_check_irql("ZwOpenSymbolicLinkObject", PASSIVE_LEVEL);
    char path[NAME_SIZE];
    char target[NAME_SIZE];
    UNREFERENCED_PARAMETER(access);
    if (!sim_narrow(attributes->ObjectName, path, sizeof(path)) || !sim_resolve_path(path, target, sizeof(target))) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    if (sim_fault("ZwOpenSymbolicLinkObject")) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    *handle = sim_handle_create(SIM_HANDLE_LINK, strdup(target), attributes->Attributes, "ZwOpenSymbolicLinkObject");
    return STATUS_SUCCESS;
}

NTSTATUS ZwQuerySymbolicLinkObject(HANDLE handle, PUNICODE_STRING target, PULONG length)
{
    sim_check_irql("ZwQuerySymbolicLinkObject", PASSIVE_LEVEL);
    const char *text = sim_handle_object(handle, SIM_HANDLE_LINK, "ZwQuerySymbolicLinkObject");
    size_t characters = strlen(text);
    UNREFERENCED_PARAMETER(length);
    if (sim_fault("ZwQuerySymbolicLinkObject")) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (characters * sizeof(WCHAR) > target->MaximumLength) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    for (size_t i = 0; i < characters; i++) {
        target->Buffer[i] = (WCHAR)text[i];
    }
    target->Length = (USHORT)(characters * sizeof(WCHAR));
    return STATUS_SUCCESS;
}
