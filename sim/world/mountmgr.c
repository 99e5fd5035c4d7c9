/* SPDX-License-Identifier: MIT */
/*
 * The mount manager, as far as drivers talk to it: it asks a volume that arrives for its names, as Windows' does, and
 * makes and deletes links.
 */

#include "sim/world/mountmgr.h"

#include "sim/api/user.h"
#include "sim/ground/fault.h"
#include "sim/ground/thread.h"
#include "sim/ground/violation.h"
#include "sim/kernel/names.h"
#include "sim/kernel/rtl.h"

#include <stdio.h>
#include <string.h>

#define CODE_CREATE_POINT      0x006DC000u
#define CODE_DELETE_POINTS     0x006DC004u
#define CODE_VOLUME_ARRIVAL    0x006D402Cu
#define CODE_QUERY_UNIQUE_ID   0x004D0000u
#define CODE_QUERY_DEVICE_NAME 0x004D0008u
#define CODE_SUGGESTED_NAME    0x004D000Cu
#define NAME_SIZE              256

static struct sim_mount_state state;

struct sim_mount_state *sim_mount_manager(void)
{
    return &state;
}

/* Bytes [offset, offset + length) of the input as a name; false if they are not all there. */
static bool name_at(const unsigned char *input, size_t size, size_t offset, size_t length, char *text, size_t room)
{
    WCHAR characters[NAME_SIZE];
    if (offset > size || length > size - offset || length > sizeof(characters)) {
        return false;
    }
    memcpy(characters, input + offset, length);
    return sim_narrow(&(UNICODE_STRING){(USHORT)length, (USHORT)length, characters}, text, room);
}

static NTSTATUS ask(const char *device)
{
    struct sim_thread *self = sim_self();
    bool administrator = self->administrator;
    struct sim_process *process = sim_process_create(true);
    struct sim_file *file;
    struct {
        USHORT length;
        WCHAR text[NAME_SIZE];
    } reply;
    NTSTATUS status = sim_create_file(process, device, FILE_READ_ATTRIBUTES, &file);
    if (NT_SUCCESS(status)) {
        status = sim_ioctl(file, CODE_QUERY_UNIQUE_ID, NULL, 0, &state.unique_id, sizeof(state.unique_id), NULL);
    }
    if (NT_SUCCESS(status)) {
        status = sim_ioctl(file, CODE_QUERY_DEVICE_NAME, NULL, 0, &reply, sizeof(reply), NULL);
    }
    if (NT_SUCCESS(status)) {
        char name[NAME_SIZE];
        (void)sim_ioctl(file, CODE_SUGGESTED_NAME, NULL, 0, name, sizeof(name), NULL); /* it need not have one */
        if (!sim_narrow(&(UNICODE_STRING){reply.length, reply.length, reply.text}, name, sizeof(name)) ||
            strcmp(name, device) != 0) {
            sim_violation("mount", "a volume that came as '%s' calls itself '%s'", device, name);
        }
    }
    sim_kill_process(process);
    self->administrator = administrator;
    return status;
}

static NTSTATUS arrival(const unsigned char *input, ULONG length)
{
    USHORT name_length;
    char device[NAME_SIZE];
    if (length < sizeof(name_length)) {
        return STATUS_INVALID_PARAMETER;
    }
    memcpy(&name_length, input, sizeof(name_length));
    if (!name_at(input, length, sizeof(name_length), name_length, device, sizeof(device))) {
        return STATUS_INVALID_PARAMETER;
    }
    NTSTATUS status = ask(device);
    if (NT_SUCCESS(status)) {
        state.volumes++;
    }
    return status;
}

static void to_string(const char *text, WCHAR *characters, UNICODE_STRING *string)
{
    size_t length = strlen(text);
    for (size_t i = 0; i < length; i++) {
        characters[i] = (unsigned char)text[i];
    }
    *string = (UNICODE_STRING){(USHORT)(length * sizeof(WCHAR)), (USHORT)(length * sizeof(WCHAR)), characters};
}

static NTSTATUS create_point(const unsigned char *input, ULONG length)
{
    USHORT fields[4]; /* offset and length of the link, of the device */
    char link[NAME_SIZE];
    char device[NAME_SIZE];
    WCHAR link_text[NAME_SIZE], device_text[NAME_SIZE];
    UNICODE_STRING link_string, device_string;
    if (length < sizeof(fields)) {
        return STATUS_INVALID_PARAMETER;
    }
    memcpy(fields, input, sizeof(fields));
    if (!name_at(input, length, fields[0], fields[1], link, sizeof(link)) ||
        !name_at(input, length, fields[2], fields[3], device, sizeof(device))) {
        return STATUS_INVALID_PARAMETER;
    }
    to_string(link, link_text, &link_string);
    to_string(device, device_text, &device_string);
    return IoCreateSymbolicLink(&link_string, &device_string);
}

static NTSTATUS delete_points(const unsigned char *input, ULONG length)
{
    struct {
        ULONG link_offset;
        USHORT link_length;
        ULONG unique_id_offset;
        USHORT unique_id_length;
        ULONG device_offset;
        USHORT device_length;
    } point;
    char link[NAME_SIZE];
    WCHAR text[NAME_SIZE];
    UNICODE_STRING string;
    if (length < sizeof(point)) {
        return STATUS_INVALID_PARAMETER;
    }
    memcpy(&point, input, sizeof(point));
    if (point.unique_id_length != 0 || point.device_length != 0) {
        sim_violation("mount", "more than a link is deleted: the volume would not be known the next time");
    }
    if (!name_at(input, length, point.link_offset, point.link_length, link, sizeof(link))) {
        return STATUS_INVALID_PARAMETER;
    }
    to_string(link, text, &string);
    return IoDeleteSymbolicLink(&string);
}

NTSTATUS sim_mount_control(ULONG code, const void *input, ULONG length)
{
    if (sim_fault("mount manager")) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (state.refusal != STATUS_SUCCESS) {
        return state.refusal;
    }
    switch (code) {
    case CODE_VOLUME_ARRIVAL:
        return arrival(input, length);
    case CODE_CREATE_POINT:
        return create_point(input, length);
    case CODE_DELETE_POINTS:
        return delete_points(input, length);
    default:
        return STATUS_INVALID_DEVICE_REQUEST;
    }
}

void sim_mount_reset(void)
{
    state = (struct sim_mount_state){.refusal = STATUS_SUCCESS};
}
