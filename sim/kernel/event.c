/* SPDX-License-Identifier: MIT */
/* Zw: events, waiting, symbolic links. */

#include "sim/kernel/event.h"

#include "sim/ground/chance.h"
#include "sim/ground/fault.h"
#include "sim/ground/handle.h"
#include "sim/ground/options.h"
#include "sim/ground/raw_lock.h"
#include "sim/ground/thread.h"
#include "sim/ground/violation.h"
#include "sim/ground/waitable.h"
#include "sim/kernel/boot.h"
#include "sim/kernel/names.h"
#include "sim/kernel/ps.h"
#include "sim/kernel/rtl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAME_SIZE    1024

/* ---- events, waiting ---- */

/* Events with names; they exist while a handle is open, what is counted of them longer. */
#define NAMED_EVENTS 8

static struct {
    char path[128];
    struct sim_waitable *event; /* NULL: does not exist */
    unsigned opens;
    bool other_kind;
    unsigned long pulses; /* atomic */
} named[NAMED_EVENTS];
static struct sim_raw_lock named_lock;

/* The place of this path, taken if it is new. \Global is a link to the directory that it is in. named_lock held. */
static size_t named_place(const char *path)
{
    static const char global[] = "\\BaseNamedObjects\\Global\\";
    char linked[NAME_SIZE];
    if (strncasecmp(path, global, sizeof(global) - 1) == 0) {
        (void)snprintf(linked, sizeof(linked), "\\BaseNamedObjects\\%s", path + sizeof(global) - 1);
        path = linked;
    }
    for (size_t i = 0; i < NAMED_EVENTS; i++) {
        if (named[i].path[0] == 0 || strcasecmp(named[i].path, path) == 0) {
            strncpy(named[i].path, path, sizeof(named[i].path) - 1);
            return i;
        }
    }
    sim_violation("test", "too many named events");
}

unsigned long sim_event_pulses(const char *path)
{
    sim_raw_lock(&named_lock);
    size_t place = named_place(path);
    sim_raw_unlock(&named_lock);
    return __atomic_load_n(&named[place].pulses, __ATOMIC_RELAXED);
}

void sim_event_squat(const char *path)
{
    sim_raw_lock(&named_lock);
    named[named_place(path)].other_kind = true;
    sim_raw_unlock(&named_lock);
}

void sim_events_reset(void)
{
    memset(named, 0, sizeof(named));
}

void sim_event_handle_closed(struct sim_waitable *event)
{
    bool last = true;
    sim_raw_lock(&named_lock);
    for (size_t i = 0; i < NAMED_EVENTS; i++) {
        if (named[i].event == event) {
            last = --named[i].opens == 0;
            named[i].event = last ? NULL : event;
        }
    }
    sim_raw_unlock(&named_lock);
    if (last) {
        sim_waitable_free(event);
    }
}

static NTSTATUS create_named(const char *path, const OBJECT_ATTRIBUTES *attributes, struct sim_waitable *event,
                             struct sim_waitable **result)
{
    NTSTATUS status = STATUS_SUCCESS;
    sim_raw_lock(&named_lock);
    size_t place = named_place(path);
    if (named[place].other_kind) {
        status = STATUS_OBJECT_TYPE_MISMATCH;
    } else if (named[place].event == NULL) {
        named[place].event = event;
    } else {
        status = (attributes->Attributes & OBJ_OPENIF) != 0 ? STATUS_OBJECT_NAME_EXISTS : STATUS_OBJECT_NAME_COLLISION;
    }
    if (NT_SUCCESS(status)) {
        named[place].opens++;
        *result = named[place].event;
    }
    sim_raw_unlock(&named_lock);
    return status;
}

/* With a name: *event is replaced by the one that has it already. */
static NTSTATUS name_event(const OBJECT_ATTRIBUTES *attributes, struct sim_waitable **event)
{
    char path[NAME_SIZE];
    struct sim_waitable *existing = NULL;
    NTSTATUS status = STATUS_OBJECT_NAME_INVALID;
    if (sim_narrow(attributes->ObjectName, path, sizeof(path))) {
        bool there = strstr(path, "\\Global\\") != NULL ? sim_boot_has_sessions() : sim_boot_has_directory();
        status = there ? create_named(path, attributes, *event, &existing) : STATUS_OBJECT_PATH_NOT_FOUND;
    }
    if (existing != *event) {
        sim_waitable_free(*event);
        *event = existing;
    }
    return status;
}

NTSTATUS ZwCreateEvent(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes, EVENT_TYPE type,
                       BOOLEAN signalled)
{
    sim_check_irql("ZwCreateEvent", PASSIVE_LEVEL);
    UNREFERENCED_PARAMETER(access);
    if (sim_fault("ZwCreateEvent")) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    struct sim_waitable *event = sim_waitable_create(signalled, 1, type == SynchronizationEvent);
    NTSTATUS status = attributes->ObjectName != NULL ? name_event(attributes, &event) : STATUS_SUCCESS;
    if (NT_SUCCESS(status)) {
        *handle = sim_handle_create(SIM_HANDLE_EVENT, event, attributes->Attributes, "ZwCreateEvent");
    }
    return status;
}

NTSTATUS ZwPulseEvent(HANDLE handle, LONG *previous)
{
    sim_check_irql("ZwPulseEvent", PASSIVE_LEVEL);
    struct sim_waitable *event = sim_handle_object(handle, SIM_HANDLE_EVENT, "ZwPulseEvent");
    UNREFERENCED_PARAMETER(previous);
    for (size_t i = 0; i < NAMED_EVENTS; i++) {
        if (named[i].event == event) {
            __atomic_add_fetch(&named[i].pulses, 1, __ATOMIC_RELAXED);
        }
    }
    sim_waitable_signal(event, 1);
    sim_waitable_clear(event);
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
    if (!sim_narrow(attributes->ObjectName, path, sizeof(path)) || !sim_link_target(path, target, sizeof(target))) {
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
