/* SPDX-License-Identifier: MIT */
/* The event log. */

#include "sim/kernel/log.h"

#include "sim/ground/fault.h"
#include "sim/ground/raw_lock.h"
#include "sim/ground/thread.h"
#include "sim/ground/violation.h"
#include "sim/kernel/device.h"

#include <stdlib.h>
#include <string.h>

static struct sim_raw_lock lock;
static LONG open_entries;        /* atomic; allocated and not written yet */
static unsigned long log_events; /* atomic */
static NTSTATUS log_status;
static char log_text[64];

PVOID sim_IoAllocateErrorLogEntry(PVOID object, UCHAR size)
{
    sim_check_irql("IoAllocateErrorLogEntry", DISPATCH_LEVEL);
    if (object != sim_driver()) {
        sim_violation("log", "an entry for what is no driver");
    }
    if (size < sizeof(IO_ERROR_LOG_PACKET) || size > ERROR_LOG_MAXIMUM_SIZE) {
        sim_violation("log", "an entry of %u bytes", size);
    }
    if (sim_fault("IoAllocateErrorLogEntry")) {
        return NULL;
    }
    __atomic_add_fetch(&open_entries, 1, __ATOMIC_RELAXED);
    return calloc(1, size);
}

void sim_IoWriteErrorLogEntry(PVOID entry)
{
    const IO_ERROR_LOG_PACKET *packet = entry;
    sim_check_irql("IoWriteErrorLogEntry", DISPATCH_LEVEL);
    const WCHAR *text = (const WCHAR *)((const char *)entry + packet->StringOffset);
    if (packet->ErrorCode == 0 || packet->NumberOfStrings != 1) {
        sim_violation("log", "an entry without a code, or not with one text");
    }
    sim_raw_lock(&lock);
    log_status = packet->FinalStatus;
    memset(log_text, 0, sizeof(log_text));
    for (size_t i = 0; i < sizeof(log_text) - 1 && text[i] != 0; i++) {
        log_text[i] = (char)text[i];
    }
    sim_raw_unlock(&lock);
    __atomic_add_fetch(&log_events, 1, __ATOMIC_RELAXED);
    __atomic_sub_fetch(&open_entries, 1, __ATOMIC_RELAXED);
    free(entry);
}

unsigned long sim_log_events(void)
{
    return __atomic_load_n(&log_events, __ATOMIC_RELAXED);
}

NTSTATUS sim_log_last(char *text, size_t size)
{
    sim_raw_lock(&lock);
    NTSTATUS status = log_status;
    strncpy(text, log_text, size - 1);
    text[size - 1] = 0;
    sim_raw_unlock(&lock);
    return status;
}

void sim_log_reset(void)
{
    log_events = 0;
}

void sim_log_check_written(void)
{
    if (__atomic_load_n(&open_entries, __ATOMIC_RELAXED) != 0) {
        sim_violation("leak", "an event log entry was not written");
    }
}
