/* SPDX-License-Identifier: MIT */
/* Rtl: strings; DbgPrint. */

#include "sim/kernel/rtl.h"

#include "sim/ground/thread.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool sim_narrow(const UNICODE_STRING *string, char *text, size_t size)
{
    size_t length = string->Length / sizeof(WCHAR);
    if (length + 1 > size) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (string->Buffer[i] == 0 || string->Buffer[i] > 126) {
            return false;
        }
        text[i] = (char)string->Buffer[i];
    }
    text[length] = 0;
    return true;
}

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
