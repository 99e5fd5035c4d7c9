/* SPDX-License-Identifier: MIT */
/* Reading the registry. PASSIVE_LEVEL, all of it. */
#ifndef DRIVER_NT_REGISTRY_H
#define DRIVER_NT_REGISTRY_H

#include "driver/nt/nt.h"

#define NT_REGISTRY_ANY    0 /* for nt_registry_read */
#define NT_REGISTRY_STRING 1 /* REG_SZ and so on */
#define NT_REGISTRY_BINARY 3
#define NT_REGISTRY_DWORD  4
#define NT_REGISTRY_MULTI  7
#define NT_REGISTRY_QWORD  11

/* Opens a key for reading; `root` may be NULL if the name is a whole path. The caller closes it by ZwClose. */
NTSTATUS nt_registry_open(HANDLE root, const UNICODE_STRING *name, HANDLE *key);

/*
 * The path of a service's key `Parameters`, from the path of the service. The caller owns it and releases it by
 * nt_registry_path_free. STATUS_NAME_TOO_LONG or STATUS_INSUFFICIENT_RESOURCES: *path is empty.
 */
NTSTATUS nt_registry_parameters_path(const UNICODE_STRING *service, UNICODE_STRING *path);
/* Empties it; may be empty already. */
void nt_registry_path_free(UNICODE_STRING *path);

/* A value of any type and length. */
struct nt_registry_value {
    ULONG type;
    ULONG length; /* bytes of data */
    const void *data;
    void *block; /* owned; NULL: there is no such value */
    ULONG block_length;
};

/*
 * A value of up to 128 KiB; STATUS_OBJECT_NAME_NOT_FOUND if there is none. *value is set in any case, and released by
 * nt_registry_value_free.
 */
NTSTATUS nt_registry_value_read(HANDLE key, const UNICODE_STRING *name, struct nt_registry_value *value);
void nt_registry_value_free(struct nt_registry_value *value);

/*
 * Reads a value of at most `capacity` bytes into `data`. STATUS_OBJECT_NAME_NOT_FOUND: there is none;
 * STATUS_BUFFER_OVERFLOW: it is longer; STATUS_OBJECT_TYPE_MISMATCH: not of this type.
 */
NTSTATUS nt_registry_read(HANDLE key, const WCHAR *name, ULONG type, void *data, ULONG capacity, ULONG *length);

/* A number stored as REG_DWORD, REG_QWORD or that many bytes of REG_BINARY. */
NTSTATUS nt_registry_read_number(HANDLE key, const WCHAR *name, uint64_t *number);

#endif
