/* SPDX-License-Identifier: MIT */
/* The event log. */

#include "sim/kernel/log.h"

#include "sim/ground/fault.h"
#include "sim/ground/raw_lock.h"
#include "sim/ground/thread.h"
#include "sim/ground/violation.h"
#include "sim/kernel/driver.h"

#include <stdlib.h>
#include <string.h>

static struct sim_raw_lock lock;
static LONG open_entries;        /* atomic; allocated and not written yet */
static unsigned long log_events; /* atomic */
static ULONG log_code;
static NTSTATUS log_status;
static char log_text[64]; /* of the last event: its texts, with '|' between them */

/* A packet that the driver has not written yet lies behind its size. */
#define PACKET_OFFSET 16

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
    unsigned char *block = malloc(PACKET_OFFSET + size);
    memcpy(block, &(size_t){size}, sizeof(size_t));
    memset(block + PACKET_OFFSET, 0xA5, size); /* the driver fills all of it, or what it has not filled is seen */
    return block + PACKET_OFFSET;
}

static void append_character(char character)
{
    size_t length = strlen(log_text);
    if (length < sizeof(log_text) - 1) {
        log_text[length] = character;
    }
}

/* Appends the text that begins at `from` in a packet of `size` bytes to log_text; returns where the next one begins. */
static size_t append_text(const unsigned char *packet, size_t size, size_t from)
{
    for (size_t i = from; i + sizeof(WCHAR) <= size; i += sizeof(WCHAR)) {
        WCHAR character;
        memcpy(&character, packet + i, sizeof(character));
        if (character == 0) {
            return i + sizeof(WCHAR);
        }
        append_character((char)character);
    }
    sim_violation("log", "a text that does not end in its entry");
}

void sim_IoWriteErrorLogEntry(PVOID entry)
{
    const IO_ERROR_LOG_PACKET *packet = entry;
    unsigned char *block = (unsigned char *)entry - PACKET_OFFSET;
    size_t size;
    memcpy(&size, block, sizeof(size));
    sim_check_irql("IoWriteErrorLogEntry", DISPATCH_LEVEL);
    if (packet->ErrorCode == 0 || packet->NumberOfStrings == 0) {
        sim_violation("log", "an entry without a code, or without a text");
    }
    if (packet->StringOffset < offsetof(IO_ERROR_LOG_PACKET, DumpData) + packet->DumpDataSize) {
        sim_violation("log", "an entry whose texts lie in its data");
    }
    sim_raw_lock(&lock);
    log_code = (ULONG)packet->ErrorCode;
    log_status = packet->FinalStatus;
    memset(log_text, 0, sizeof(log_text));
    size_t offset = packet->StringOffset;
    for (unsigned i = 0; i < packet->NumberOfStrings; i++) {
        if (i != 0) {
            append_character('|');
        }
        offset = append_text(entry, size, offset);
    }
    sim_raw_unlock(&lock);
    __atomic_add_fetch(&log_events, 1, __ATOMIC_RELAXED);
    __atomic_sub_fetch(&open_entries, 1, __ATOMIC_RELAXED);
    free(block);
}

unsigned long sim_log_events(void)
{
    return __atomic_load_n(&log_events, __ATOMIC_RELAXED);
}

ULONG sim_log_code(void)
{
    sim_raw_lock(&lock);
    ULONG code = log_code;
    sim_raw_unlock(&lock);
    return code;
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
