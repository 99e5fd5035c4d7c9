/* SPDX-License-Identifier: MIT */
/* Reading the registry; registry.h has the contract. */

#include "driver/nt/registry.h"

#define REGISTRY_TAG_VALUE PLATFORM_TAG('B', 'n', 'R', 'v')

NTSTATUS nt_registry_open(HANDLE root, PUNICODE_STRING name, HANDLE *key)
{
    OBJECT_ATTRIBUTES attributes;
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    InitializeObjectAttributes(&attributes, name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, root, NULL);
    return ZwOpenKey(key, KEY_READ, &attributes);
}

/* *type NT_REGISTRY_ANY: whichever it is, which it tells. */
static NTSTATUS read_any(HANDLE key, const WCHAR *name, ULONG *type, void *data, ULONG capacity, ULONG *length)
{
    UNICODE_STRING string;
    ULONG needed = 0;
    size_t size = FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Data) + (size_t)capacity;
    KEY_VALUE_PARTIAL_INFORMATION *information = platform_allocate(PLATFORM_POOL_PAGED, size, REGISTRY_TAG_VALUE);
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    if (information == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlInitUnicodeString(&string, name);
    NTSTATUS status = ZwQueryValueKey(key, &string, KeyValuePartialInformation, information, (ULONG)size, &needed);
    if (NT_SUCCESS(status) && *type != NT_REGISTRY_ANY && information->Type != *type) {
        status = STATUS_OBJECT_TYPE_MISMATCH;
    }
    if (NT_SUCCESS(status) && information->DataLength > capacity) {
        status = STATUS_BUFFER_OVERFLOW;
    }
    if (NT_SUCCESS(status)) {
        *type = information->Type;
        *length = information->DataLength;
        RtlCopyMemory(data, information->Data, information->DataLength);
    }
    platform_free(information, size, REGISTRY_TAG_VALUE);
    return status == STATUS_BUFFER_TOO_SMALL ? STATUS_BUFFER_OVERFLOW : status;
}

NTSTATUS nt_registry_read(HANDLE key, const WCHAR *name, ULONG type, void *data, ULONG capacity, ULONG *length)
{
    return read_any(key, name, &type, data, capacity, length);
}

NTSTATUS nt_registry_read_number(HANDLE key, const WCHAR *name, uint64_t *number)
{
    ULONG type = NT_REGISTRY_ANY;
    ULONG length = 0;
    uint64_t value = 0; /* shorter values fill its low bytes */
    NTSTATUS status = read_any(key, name, &type, &value, sizeof(value), &length);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    if (type != NT_REGISTRY_DWORD && type != NT_REGISTRY_QWORD && type != NT_REGISTRY_BINARY) {
        return STATUS_OBJECT_TYPE_MISMATCH;
    }
    *number = value;
    return STATUS_SUCCESS;
}
