/* SPDX-License-Identifier: MIT */
/* Files on a disk's file system, which Wine does not have: they are elsewhere, and named as if they were there. */
#ifndef TESTS_WINE_NAMED_OBJECT_H
#define TESTS_WINE_NAMED_OBJECT_H

#include <windows.h>
#include <winternl.h>

#include <stdio.h>
#include <wchar.h>

#include "lib/internal.h"

NTSTATUS NTAPI __real_NtQueryObject(HANDLE handle, OBJECT_INFORMATION_CLASS class, void *buffer, ULONG length,
                                    ULONG *returned);
NTSTATUS NTAPI __wrap_NtQueryObject(HANDLE handle, OBJECT_INFORMATION_CLASS class, void *buffer, ULONG length,
                                    ULONG *returned);

/* What NtQueryObject answers, if it is the name of a file whose path has `file` in it, and of no other: on that disk. */
static NTSTATUS query_name_on_disk(HANDLE handle, OBJECT_INFORMATION_CLASS class, void *buffer, ULONG length,
                                   ULONG *returned, const wchar_t *file, uint32_t disk)
{
    NTSTATUS status = __real_NtQueryObject(handle, class, buffer, length, returned);
    UNICODE_STRING *name = buffer;
    if (status >= 0 && class == (OBJECT_INFORMATION_CLASS)1 && file != NULL &&
        name->Length > wcslen(file) * sizeof(wchar_t) && wcsstr(name->Buffer, file) != NULL) {
        wchar_t device[DISK_DEVICE_NAME_SIZE];
        disk_device_name(disk, device);
        name->Buffer = (wchar_t *)(name + 1);
        (void)swprintf(name->Buffer, MAX_PATH, L"%ls\\%ls", device, file);
        name->Length = (USHORT)(wcslen(name->Buffer) * sizeof(wchar_t));
    }
    return status;
}

#endif
