/* SPDX-License-Identifier: MIT */
/*
 * The refresh event, pulsed when the list of disks or what a disk says about itself changes. Pulsing needs PASSIVE_LEVEL
 * (KePulseEvent does not, but Wine lacks it), so it is left to the work thread; changes until it gets to it are one pulse.
 *
 * A driver that starts with the system comes before the directory of named events, whose coming nothing tells: the work
 * thread looks for it once a second.
 */

#include "driver/disk/device/refresh.h"
#include "driver/disk/device/driver.h"
#include "driver/nt/log.h"
#include "driver/nt/security.h"

/* To wait for it, and to wake the others up, which must not mind. */
#define REFRESH_ACCESS_EVERYONE (SYNCHRONIZE | EVENT_QUERY_STATE | EVENT_MODIFY_STATE | READ_CONTROL)

static HANDLE event;   /* the work thread's when that runs, as the next */
static bool too_early; /* atomic; its directory does not exist yet */
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

static void make(void)
{
    NTSTATUS status = create(L"\\BaseNamedObjects\\Global\\ImDiskRefresh");
    if (status == STATUS_OBJECT_PATH_NOT_FOUND) { /* too early, or no sessions */
        status = create(L"\\BaseNamedObjects\\ImDiskRefresh");
    }
    bool missing = status == STATUS_OBJECT_PATH_NOT_FOUND;
    __atomic_store_n(&too_early, missing, __ATOMIC_RELAXED);
    if (NT_SUCCESS(status)) {
        status = nt_handle_protect(event, EVENT_ALL_ACCESS, REFRESH_ACCESS_EVERYONE, REFRESH_ACCESS_EVERYONE);
    }
    if (!NT_SUCCESS(status)) {
        disk_refresh_delete();
    }
    if (!NT_SUCCESS(status) && !missing) {
        nt_log_failure(disk_driver.object, NT_EVENT_REFRESH, L"ImDiskRefresh", status);
    }
}

void disk_refresh_create(void)
{
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    event = NULL;
    posted = false;
    make();
    if (too_early) {
        disk_refresh(); /* lets the work thread try again */
    }
}

bool disk_refresh_too_early(void)
{
    return __atomic_load_n(&too_early, __ATOMIC_RELAXED);
}

void disk_refresh_delete(void)
{
    if (event != NULL) {
        (void)ZwPulseEvent(event, NULL);
        (void)ZwClose(event);
        event = NULL;
    }
}

/*
 * For who has waited for the directory, too: things have changed before. False when it need not be tried again, which a change may
 * have seen to since.
 */
static bool retry(void)
{
    if (!too_early) {
        return false;
    }
    make();
    if (event != NULL) {
        (void)ZwPulseEvent(event, NULL);
    }
    return too_early;
}

static void pulse(struct nt_work *item)
{
    UNREFERENCED_PARAMETER(item);
    __atomic_store_n(&posted, false, __ATOMIC_SEQ_CST); /* first: what changes from here on is another pulse */
    if (too_early && retry()) {
        nt_work_when_idle(&disk_driver.work, retry);
    } else if (event != NULL) {
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
