/* SPDX-License-Identifier: MIT */
/* The event log; log.h has the contract. */

#include "driver/nt/log.h"
#include "driver/nt/late.h"

#define LOG_SUBJECT_CHARACTERS 40u
#define LOG_STATUS_CHARACTERS  10u /* 0xC0000034 */

/* The packet has room for one ULONG of data; the two texts follow it, each with its zero. */
#define LOG_TEXT_CHARACTERS    (LOG_SUBJECT_CHARACTERS + 1 + LOG_STATUS_CHARACTERS + 1)
#define LOG_PACKET_SIZE        ((UCHAR)(sizeof(IO_ERROR_LOG_PACKET) + LOG_TEXT_CHARACTERS * sizeof(WCHAR)))
_Static_assert(sizeof(IO_ERROR_LOG_PACKET) + LOG_TEXT_CHARACTERS * sizeof(WCHAR) <= 152, "ERROR_LOG_MAXIMUM_SIZE");

static void append_status(WCHAR *text, NTSTATUS status)
{
    static const char digits[] = "0123456789ABCDEF";
    text[0] = '0';
    text[1] = 'x';
    for (unsigned i = 0; i < 8; i++) {
        text[2 + i] = (WCHAR)digits[(ULONG)status >> (28 - 4 * i) & 15];
    }
}

void nt_log_failure(PDRIVER_OBJECT driver, ULONG event, const WCHAR *subject, NTSTATUS status)
{
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    char line[LOG_SUBJECT_CHARACTERS + 1] = {0}; /* what %ws means differs between printers */
    unsigned length = 0;
    for (; length < LOG_SUBJECT_CHARACTERS && subject[length] != 0; length++) {
        line[length] = (char)subject[length];
    }
    DbgPrint("ballast: %s: event %u, status 0x%08x\n", line, (unsigned)(event & 0xFFFF), (unsigned)status);
    if (nt_late.allocate_error_log_entry == NULL || nt_late.write_error_log_entry == NULL) {
        return;
    }
    IO_ERROR_LOG_PACKET *packet = nt_late.allocate_error_log_entry(driver, LOG_PACKET_SIZE);
    if (packet == NULL) {
        return;
    }
    RtlZeroMemory(packet, LOG_PACKET_SIZE);
    packet->ErrorCode = (NTSTATUS)event;
    packet->FinalStatus = status;
    packet->DumpDataSize = sizeof(packet->DumpData[0]);
    packet->DumpData[0] = (ULONG)status;
    packet->NumberOfStrings = 2;
    packet->StringOffset = sizeof(*packet);
    WCHAR *text = (WCHAR *)(packet + 1);
    RtlCopyMemory(text, subject, length * sizeof(WCHAR));
    append_status(text + length + 1, status);
    nt_late.write_error_log_entry(packet);
}
