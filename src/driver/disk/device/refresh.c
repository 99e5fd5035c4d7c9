/* SPDX-License-Identifier: MIT */
/*
 * The refresh event, pulsed when the list of disks or what a disk says about itself changes. Pulsing needs PASSIVE_LEVEL
 * (KePulseEvent does not, but Wine lacks it), so it is left to the work thread; changes until it gets to it are one pulse.
 */

#include "driver/disk/device/refresh.h"
#include "driver/disk/device/driver.h"
#include "driver/nt/log.h"
#include "driver/nt/security.h"

/* To wait for it, and to wake the others up, which must not mind. */
#define REFRESH_ACCESS_EVERYONE (SYNCHRONIZE | EVENT_QUERY_STATE | EVENT_MODIFY_STATE | READ_CONTROL)

static HANDLE event;
static struct nt_work work;
static bool posted; /* atomic */

static NTSTATUS create(const WCHAR *path)
{
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes;
    RtlInitUnicodeString(&name, path);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE | OBJ_OPENIF, NULL, NULL);
    return ZwCreateEvent(&event, EVENT_ALL_ACCESS, &attributes, SynchronizationEvent, FALSE);
}

void disk_refresh_create(void)
{
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    event = NULL;
    posted = false;
    NTSTATUS status = create(L"\\BaseNamedObjects\\Global\\ImDiskRefresh");
    if (status == STATUS_OBJECT_PATH_NOT_FOUND) { /* too early, or no sessions */
        status = create(L"\\BaseNamedObjects\\ImDiskRefresh");
    }
    if (NT_SUCCESS(status)) {
        status = nt_handle_protect(event, EVENT_ALL_ACCESS, REFRESH_ACCESS_EVERYONE);
    }
    if (!NT_SUCCESS(status)) {
        disk_refresh_delete();
        nt_log_failure(disk_driver.object, NT_EVENT_REFRESH, L"ImDiskRefresh", status);
    }
}

void disk_refresh_delete(void)
{
    if (event != NULL) {
        (void)ZwPulseEvent(event, NULL);
        (void)ZwClose(event);
        event = NULL;
    }
}

static void pulse(struct nt_work *item)
{
    UNREFERENCED_PARAMETER(item);
    __atomic_store_n(&posted, false, __ATOMIC_SEQ_CST); /* first: what changes from here on is another pulse */
    if (event != NULL) {
        (void)ZwPulseEvent(event, NULL);
    }
}

void disk_refresh(void)
{
    NT_IRQL_AT_MOST(DISPATCH_LEVEL);
    if (!__atomic_exchange_n(&posted, true, __ATOMIC_SEQ_CST)) {
        nt_work_post(&disk_driver.work, &work, pulse);
    }
}
