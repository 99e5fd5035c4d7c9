/* SPDX-License-Identifier: MIT */
/* Reading the registry; registry.h has the contract. */

#include "driver/nt/registry.h"

#define REGISTRY_TAG         PLATFORM_TAG('B', 'n', 'R', 'g')
#define REGISTRY_HEADER_SIZE FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Data)
#define REGISTRY_MAXIMUM     (REGISTRY_HEADER_SIZE + (128u << 10))
#define REGISTRY_LONGEST     0xF000 /* bytes of a path to which something can still be added */

NTSTATUS nt_registry_open(HANDLE root, const UNICODE_STRING *name, HANDLE *key)
{
    OBJECT_ATTRIBUTES attributes;
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    InitializeObjectAttributes(&attributes, (PUNICODE_STRING)(ULONG_PTR)name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE,
                               root, NULL);
    return ZwOpenKey(key, KEY_READ, &attributes);
}

NTSTATUS nt_registry_parameters_path(const UNICODE_STRING *service, UNICODE_STRING *path)
{
    static const WCHAR suffix[] = L"\\Parameters";
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    *path = (UNICODE_STRING){.Buffer = NULL};
    if (service->Length > REGISTRY_LONGEST) {
        return STATUS_NAME_TOO_LONG;
    }
    USHORT size = (USHORT)(service->Length + sizeof(suffix));
    WCHAR *text = platform_allocate(PLATFORM_POOL_PAGED, size, REGISTRY_TAG);
    if (text == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlCopyMemory(text, service->Buffer, service->Length);
    *path = (UNICODE_STRING){.Length = service->Length, .MaximumLength = size, .Buffer = text};
    (void)RtlAppendUnicodeToString(path, suffix); /* there is room */
    return STATUS_SUCCESS;
}

void nt_registry_path_free(UNICODE_STRING *path)
{
    platform_free(path->Buffer, path->MaximumLength, REGISTRY_TAG);
    *path = (UNICODE_STRING){.Buffer = NULL};
}

NTSTATUS nt_registry_value_read(HANDLE key, const UNICODE_STRING *name, struct nt_registry_value *value)
{
    PUNICODE_STRING string = (PUNICODE_STRING)(ULONG_PTR)name;
    KEY_VALUE_PARTIAL_INFORMATION head;
    ULONG length = 0;
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    *value = (struct nt_registry_value){.data = NULL};
    NTSTATUS status = ZwQueryValueKey(key, string, KeyValuePartialInformation, &head, sizeof(head), &length);
    if (!NT_SUCCESS(status) && status != STATUS_BUFFER_OVERFLOW && status != STATUS_BUFFER_TOO_SMALL) {
        return status;
    }
    if (length < REGISTRY_HEADER_SIZE || length > REGISTRY_MAXIMUM) {
        return STATUS_INVALID_PARAMETER;
    }
    KEY_VALUE_PARTIAL_INFORMATION *block = platform_allocate(PLATFORM_POOL_PAGED, length, REGISTRY_TAG);
    if (block == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    *value = (struct nt_registry_value){.block = block, .block_length = length};
    status = ZwQueryValueKey(key, string, KeyValuePartialInformation, block, length, &length);
    if (NT_SUCCESS(status) && block->DataLength > value->block_length - REGISTRY_HEADER_SIZE) {
        status = STATUS_INVALID_PARAMETER;
    }
    if (!NT_SUCCESS(status)) { /* it has grown meanwhile, or is gone */
        nt_registry_value_free(value);
        return status;
    }
    value->type = block->Type;
    value->length = block->DataLength;
    value->data = block->Data;
    return STATUS_SUCCESS;
}

void nt_registry_value_free(struct nt_registry_value *value)
{
    platform_free(value->block, value->block_length, REGISTRY_TAG);
    *value = (struct nt_registry_value){.data = NULL};
}

/* *type NT_REGISTRY_ANY: whichever it is, which it tells. */
static NTSTATUS read_any(HANDLE key, const WCHAR *name, ULONG *type, void *data, ULONG capacity, ULONG *length)
{
    struct nt_registry_value value;
    UNICODE_STRING string;
    RtlInitUnicodeString(&string, name);
    NTSTATUS status = nt_registry_value_read(key, &string, &value);
    if (NT_SUCCESS(status) && *type != NT_REGISTRY_ANY && value.type != *type) {
        status = STATUS_OBJECT_TYPE_MISMATCH;
    } else if (NT_SUCCESS(status) && value.length > capacity) {
        status = STATUS_BUFFER_OVERFLOW;
    } else if (NT_SUCCESS(status)) {
        *type = value.type;
        *length = value.length;
        RtlCopyMemory(data, value.data, value.length);
    }
    nt_registry_value_free(&value);
    return status;
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
