/* SPDX-License-Identifier: MIT */
/* Rtl: strings; DbgPrint; looking functions up. */

#include "sim/internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

SIZE_T RtlCompareMemory(const void *a, const void *b, SIZE_T size)
{
    const unsigned char *left = a;
    const unsigned char *right = b;
    SIZE_T equal = 0;
    while (equal < size && left[equal] == right[equal]) {
        equal++;
    }
    return equal;
}

static size_t length_of(PCWSTR text)
{
    size_t length = 0;
    while (text[length] != 0) {
        length++;
    }
    return length;
}

void RtlInitUnicodeString(PUNICODE_STRING string, PCWSTR text)
{
    size_t length = length_of(text) * sizeof(WCHAR);
    string->Length = (USHORT)length;
    string->MaximumLength = (USHORT)(length + sizeof(WCHAR));
    string->Buffer = (PWCH)(uintptr_t)text;
}

NTSTATUS RtlAppendUnicodeToString(PUNICODE_STRING string, PCWSTR text)
{
    size_t length = length_of(text) * sizeof(WCHAR);
    sim_check_irql("RtlAppendUnicodeToString", PASSIVE_LEVEL);
    if (string->Length + length > string->MaximumLength) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    memcpy((char *)string->Buffer + string->Length, text, length);
    string->Length = (USHORT)(string->Length + length);
    return STATUS_SUCCESS;
}

NTSTATUS RtlIntegerToUnicodeString(ULONG value, ULONG base, PUNICODE_STRING string)
{
    char digits[16];
    sim_check_irql("RtlIntegerToUnicodeString", PASSIVE_LEVEL);
    int count = snprintf(digits, sizeof(digits), base == 16 ? "%X" : "%u", value);
    if ((size_t)count * sizeof(WCHAR) > string->MaximumLength) {
        return STATUS_BUFFER_OVERFLOW;
    }
    for (int i = 0; i < count; i++) {
        string->Buffer[i] = (WCHAR)digits[i];
    }
    string->Length = (USHORT)((size_t)count * sizeof(WCHAR));
    return STATUS_SUCCESS;
}

/* Formatted, so that a wrong argument is found, and dropped. */
ULONG DbgPrint(const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    return 0;
}

/* ---- functions that drivers look up ---- */

/* What it points to is only compared. */
static POBJECT_TYPE thread_type = (POBJECT_TYPE)(void *)&thread_type;

bool sim_is_thread_type(POBJECT_TYPE type)
{
    return type == thread_type;
}

PVOID MmGetSystemRoutineAddress(PUNICODE_STRING string)
{
    static const struct {
        const char *name;
        void (*routine)(void);
        bool nt52;
    } routines[] = {
        {"ZwFlushBuffersFile", (void (*)(void))sim_ZwFlushBuffersFile, false},
        {"ZwLockVirtualMemory", (void (*)(void))sim_ZwLockVirtualMemory, false},
        {"IoAllocateErrorLogEntry", (void (*)(void))sim_IoAllocateErrorLogEntry, true},
        {"IoWriteErrorLogEntry", (void (*)(void))sim_IoWriteErrorLogEntry, true},
        {"SeCreateClientSecurity", (void (*)(void))sim_SeCreateClientSecurity, true},
        {"SeImpersonateClientEx", (void (*)(void))sim_SeImpersonateClientEx, true},
        {"PsRevertToSelf", (void (*)(void))sim_PsRevertToSelf, true},
        {"SeTokenType", (void (*)(void))sim_SeTokenType, true},
        {"PsDereferencePrimaryToken", (void (*)(void))sim_PsDereferencePrimaryToken, true},
        {"SeCaptureSubjectContext", (void (*)(void))sim_SeCaptureSubjectContext, true},
        {"SeReleaseSubjectContext", (void (*)(void))sim_SeReleaseSubjectContext, true},
        {"SeTokenIsAdmin", (void (*)(void))sim_SeTokenIsAdmin, true},
    };
    char name[64];
    sim_check_irql("MmGetSystemRoutineAddress", PASSIVE_LEVEL);
    if (!sim_narrow(string, name, sizeof(name))) {
        return NULL;
    }
    if (strcmp(name, "PsThreadType") == 0) {
        return &thread_type;
    }
    for (size_t i = 0; i < sizeof(routines) / sizeof(routines[0]); i++) {
        if (strcmp(routines[i].name, name) == 0 && (routines[i].nt52 || !sim_get_options()->nt52)) {
            PVOID address;
            memcpy(&address, &routines[i].routine, sizeof(address));
            return address;
        }
    }
    return NULL;
}
