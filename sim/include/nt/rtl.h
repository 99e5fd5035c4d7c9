/* SPDX-License-Identifier: MIT */
/* Rtl. */
#ifndef SIM_INCLUDE_NT_RTL_H
#define SIM_INCLUDE_NT_RTL_H

#include "nt/types.h"

#define RtlZeroMemory(block, size)    __builtin_memset((block), 0, (size))
#define RtlCopyMemory(to, from, size) __builtin_memcpy((to), (from), (size))

SIZE_T RtlCompareMemory(const void *a, const void *b, SIZE_T size);
void RtlInitUnicodeString(PUNICODE_STRING string, PCWSTR text);
NTSTATUS RtlAppendUnicodeToString(PUNICODE_STRING string, PCWSTR text);
NTSTATUS RtlIntegerToUnicodeString(ULONG value, ULONG base, PUNICODE_STRING string);
ULONG DbgPrint(const char *format, ...);

#endif
