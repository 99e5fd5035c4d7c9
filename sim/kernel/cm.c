/* SPDX-License-Identifier: MIT */
/* The registry: what tests put there, and the Zw functions that read it. */

#include "sim/kernel/cm.h"

#include "sim/ground/fault.h"
#include "sim/ground/handle.h"
#include "sim/ground/raw_lock.h"
#include "sim/ground/thread.h"
#include "sim/ground/violation.h"
#include "sim/kernel/rtl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct value {
    struct value *next;
    char *name;
    ULONG type;
    ULONG length;
    unsigned char data[];
};

struct key {
    struct key *next;
    char *path;
    struct value *values;
};

#define PATH_LENGTH 512

static struct sim_raw_lock lock;
static struct key *keys; /* in the order in which they were made */

static struct key **find(const char *path)
{
    struct key **link = &keys;
    while (*link != NULL && strcasecmp((*link)->path, path) != 0) {
        link = &(*link)->next;
    }
    return link;
}

static void delete_values(struct key *key, const char *name)
{
    struct value **link = &key->values;
    while (*link != NULL) {
        struct value *value = *link;
        if (name == NULL || strcasecmp(value->name, name) == 0) {
            *link = value->next;
            free(value->name);
            free(value);
        } else {
            link = &value->next;
        }
    }
}

void sim_registry_set(const char *path, const char *name, ULONG type, const void *data, size_t length)
{
    sim_raw_lock(&lock);
    struct key **link = find(path);
    if (*link == NULL) {
        *link = calloc(1, sizeof(struct key));
        (*link)->path = strdup(path);
    }
    if (name != NULL) {
        struct value *value = malloc(sizeof(*value) + length);
        delete_values(*link, name);
        *value = (struct value){.next = (*link)->values, .name = strdup(name), .type = type, .length = (ULONG)length};
        memcpy(value->data, data, length);
        (*link)->values = value;
    }
    sim_raw_unlock(&lock);
}

static void delete_key(struct key **link)
{
    struct key *key = *link;
    *link = key->next;
    delete_values(key, NULL);
    free(key->path);
    free(key);
}

void sim_registry_delete(const char *path, const char *name)
{
    sim_raw_lock(&lock);
    struct key **link = find(path);
    if (*link != NULL && name != NULL) {
        delete_values(*link, name);
    } else if (*link != NULL) {
        delete_key(link);
    }
    sim_raw_unlock(&lock);
}

void sim_registry_reset(void)
{
    while (keys != NULL) {
        delete_key(&keys);
    }
}

/* ---- the kernel's side; a handle's object is a copy of the path ---- */

NTSTATUS ZwOpenKey(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes)
{
    char path[PATH_LENGTH];
    char name[PATH_LENGTH / 2];
    UNREFERENCED_PARAMETER(access);
    sim_check_irql("ZwOpenKey", PASSIVE_LEVEL);
    if (!sim_narrow(attributes->ObjectName, name, sizeof(name))) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    if (sim_fault("ZwOpenKey")) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (attributes->RootDirectory != NULL) {
        const char *root = sim_handle_object(attributes->RootDirectory, SIM_HANDLE_KEY, "ZwOpenKey");
        (void)snprintf(path, sizeof(path), "%s\\%s", root, name);
    } else {
        (void)snprintf(path, sizeof(path), "%s", name);
    }
    sim_raw_lock(&lock);
    bool exists = *find(path) != NULL;
    sim_raw_unlock(&lock);
    if (!exists) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    *handle = sim_handle_create(SIM_HANDLE_KEY, strdup(path), attributes->Attributes, "ZwOpenKey");
    return STATUS_SUCCESS;
}

static NTSTATUS copy_value(const struct value *value, KEY_VALUE_PARTIAL_INFORMATION *information, ULONG length,
                           PULONG needed)
{
    ULONG header = FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Data);
    *needed = header + value->length;
    if (length < header) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    ULONG room = length - header;
    information->TitleIndex = 0;
    information->Type = value->type;
    information->DataLength = value->length;
    memcpy(information->Data, value->data, value->length < room ? value->length : room);
    return value->length <= room ? STATUS_SUCCESS : STATUS_BUFFER_OVERFLOW;
}

NTSTATUS ZwQueryValueKey(HANDLE handle, PUNICODE_STRING name, KEY_VALUE_INFORMATION_CLASS information_class,
                         PVOID information, ULONG length, PULONG needed)
{
    char text[PATH_LENGTH];
    NTSTATUS status = STATUS_OBJECT_NAME_NOT_FOUND;
    sim_check_irql("ZwQueryValueKey", PASSIVE_LEVEL);
    const char *path = sim_handle_object(handle, SIM_HANDLE_KEY, "ZwQueryValueKey");
    if (information_class != KeyValuePartialInformation) {
        sim_violation("test", "ZwQueryValueKey with an information class that is not simulated");
    }
    if (sim_fault("ZwQueryValueKey")) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (!sim_narrow(name, text, sizeof(text))) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    sim_raw_lock(&lock);
    const struct key *key = *find(path);
    for (const struct value *value = key != NULL ? key->values : NULL; value != NULL; value = value->next) {
        if (strcasecmp(value->name, text) == 0) {
            status = copy_value(value, information, length, needed);
        }
    }
    sim_raw_unlock(&lock);
    return status;
}

NTSTATUS ZwEnumerateKey(HANDLE handle, ULONG position, KEY_INFORMATION_CLASS information_class, PVOID information,
                        ULONG length, PULONG needed)
{
    KEY_BASIC_INFORMATION *basic = information;
    NTSTATUS status = STATUS_NO_MORE_ENTRIES;
    sim_check_irql("ZwEnumerateKey", PASSIVE_LEVEL);
    const char *path = sim_handle_object(handle, SIM_HANDLE_KEY, "ZwEnumerateKey");
    if (information_class != KeyBasicInformation || length < FIELD_OFFSET(KEY_BASIC_INFORMATION, Name)) {
        sim_violation("test", "ZwEnumerateKey with arguments that are not simulated");
    }
    if (sim_fault("ZwEnumerateKey")) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    size_t prefix = strlen(path);
    sim_raw_lock(&lock);
    for (const struct key *key = keys; key != NULL; key = key->next) {
        const char *name = key->path + prefix + 1;
        if (strncasecmp(key->path, path, prefix) != 0 || key->path[prefix] != '\\' || strchr(name, '\\') != NULL ||
            position-- != 0) {
            continue;
        }
        ULONG size = (ULONG)strlen(name) * (ULONG)sizeof(WCHAR);
        *needed = FIELD_OFFSET(KEY_BASIC_INFORMATION, Name) + size;
        status = *needed <= length ? STATUS_SUCCESS : STATUS_BUFFER_OVERFLOW;
        basic->NameLength = size;
        for (size_t i = 0; i < strlen(name) && NT_SUCCESS(status); i++) {
            basic->Name[i] = (WCHAR)name[i];
        }
        break;
    }
    sim_raw_unlock(&lock);
    return status;
}
