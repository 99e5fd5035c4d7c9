/* SPDX-License-Identifier: MIT */
/* Names that end with a number or a drive letter. PASSIVE_LEVEL. */
#ifndef DRIVER_NT_NAME_H
#define DRIVER_NT_NAME_H

#include "driver/nt/nt.h"

#define NT_NAME_CHARACTERS 40

struct nt_name {
    WCHAR text[NT_NAME_CHARACTERS];
    UNICODE_STRING string;
};

/* "<prefix><number>"; what does not fit is left out. */
static inline void nt_name_number(struct nt_name *name, const WCHAR *prefix, uint32_t number)
{
    name->string = (UNICODE_STRING){.MaximumLength = sizeof(name->text), .Buffer = name->text};
    (void)RtlAppendUnicodeToString(&name->string, prefix);
    UNICODE_STRING digits = {.MaximumLength = (USHORT)(sizeof(name->text) - name->string.Length),
                             .Buffer = name->text + name->string.Length / sizeof(WCHAR)};
    (void)RtlIntegerToUnicodeString(number, 10, &digits);
    name->string.Length = (USHORT)(name->string.Length + digits.Length);
}

/* "<prefix><letter>:" */
static inline void nt_name_letter(struct nt_name *name, const WCHAR *prefix, uint16_t letter)
{
    const WCHAR suffix[] = {letter, L':', 0};
    name->string = (UNICODE_STRING){.MaximumLength = sizeof(name->text), .Buffer = name->text};
    (void)RtlAppendUnicodeToString(&name->string, prefix);
    (void)RtlAppendUnicodeToString(&name->string, suffix);
}

#endif
