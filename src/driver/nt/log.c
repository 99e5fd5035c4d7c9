/* SPDX-License-Identifier: MIT */
/* The event log; log.h has the contract. */

#include "driver/nt/log.h"
#include "driver/nt/late.h"

/* "The driver for %1 is incorrectly configured": the system's own text, so that no message file is needed. */
#define LOG_CONFIGURATION_ERROR ((NTSTATUS)0xC0040003)

#define LOG_SUBJECT_CHARACTERS  40u

/* The packet has room for one ULONG of data; the text follows it. */
#define LOG_PACKET_SIZE         ((UCHAR)(sizeof(IO_ERROR_LOG_PACKET) + (LOG_SUBJECT_CHARACTERS + 1) * sizeof(WCHAR)))
_Static_assert(sizeof(IO_ERROR_LOG_PACKET) + (LOG_SUBJECT_CHARACTERS + 1) * sizeof(WCHAR) <= 152,
               "ERROR_LOG_MAXIMUM_SIZE");

void nt_log_failure(PDRIVER_OBJECT driver, const WCHAR *subject, NTSTATUS status)
{
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    char line[LOG_SUBJECT_CHARACTERS + 1] = {0}; /* what %ws means differs between printers */
    for (unsigned i = 0; i < LOG_SUBJECT_CHARACTERS && subject[i] != 0; i++) {
        line[i] = (char)subject[i];
    }
    DbgPrint("ballast: %s: failed with status 0x%08x\n", line, (unsigned)status);
    if (nt_late.allocate_error_log_entry == NULL || nt_late.write_error_log_entry == NULL) {
        return;
    }
    IO_ERROR_LOG_PACKET *packet = nt_late.allocate_error_log_entry(driver, LOG_PACKET_SIZE);
    if (packet == NULL) {
        return;
    }
    RtlZeroMemory(packet, LOG_PACKET_SIZE);
    packet->ErrorCode = LOG_CONFIGURATION_ERROR;
    packet->FinalStatus = status;
    packet->DumpDataSize = sizeof(packet->DumpData[0]);
    packet->DumpData[0] = (ULONG)status;
    packet->NumberOfStrings = 1;
    packet->StringOffset = sizeof(*packet);
    WCHAR *text = (WCHAR *)(packet + 1);
    for (unsigned i = 0; i < LOG_SUBJECT_CHARACTERS && subject[i] != 0; i++) {
        text[i] = subject[i];
    }
    nt_late.write_error_log_entry(packet);
}
