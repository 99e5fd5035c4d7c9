/* SPDX-License-Identifier: MIT */
/*
 * The mount manager, as Windows' is. A volume that arrives is asked for its names and has links a moment later: those that are
 * remembered of its id, else a name of its own, and the letter that it suggests or the next one that is free. It has one letter at
 * most. Who knows of a departure is the one who tells: until then, and of such as have no device node for ever, the name of
 * the device stands for the volume that it was.
 */

#include "sim/world/mountmgr.h"

#include "sim/api/names.h"
#include "sim/ground/fault.h"
#include "sim/ground/thread.h"
#include "sim/ground/violation.h"
#include "sim/kernel/rtl.h"
#include "sim/world/mount_points.h"
#include "sim/world/user.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define CODE_CREATE_POINT       0x006DC000u
#define CODE_DELETE_POINTS      0x006DC004u
#define CODE_QUERY_POINTS       0x006D0008u
#define CODE_VOLUME_ARRIVAL     0x006D402Cu
#define CODE_QUERY_UNIQUE_ID    0x004D0000u
#define CODE_QUERY_DEVICE_NAME  0x004D0008u
#define CODE_SUGGESTED_NAME     0x004D000Cu
#define CODE_LINK_CREATED       0x004DC010u
#define CODE_LINK_DELETED       0x004DC014u
#define CODE_GET_GPT_ATTRIBUTES 0x00560038u
#define NO_DRIVE_LETTER         0x8000000000000000u
#define NAME_SIZE               SIM_MOUNT_NAME

static struct sim_mount_state state;
static unsigned names_given;

struct sim_mount_state *sim_mount_manager(void)
{
    return &state;
}

/* ---- asking and telling the volume ---- */

/* What requests change of the thread, which is the driver's. */
struct visit {
    bool administrator;
    uint32_t user;
    unsigned token_flags;
    PEPROCESS of;
    struct sim_process *process;
    struct sim_file *file;
};

static NTSTATUS visit(const char *device, struct visit *visit)
{
    const struct sim_thread *self = sim_self();
    *visit = (struct visit){self->administrator,      self->user, self->token_flags, self->process,
                            sim_process_create(true), NULL};
    sim_process_set_kernel(visit->process);
    return sim_create_file(visit->process, device, FILE_READ_ATTRIBUTES, &visit->file);
}

static void leave(const struct visit *visit)
{
    struct sim_thread *self = sim_self();
    sim_kill_process(visit->process);
    self->administrator = visit->administrator;
    self->user = visit->user;
    self->token_flags = visit->token_flags;
    self->process = visit->of;
}

struct answers {
    struct sim_mount_id id;
    char suggested[NAME_SIZE]; /* "": none */
    bool no_letter;
};

/* It may have gone meanwhile, but is not called otherwise. */
static NTSTATUS check_name(const struct visit *visit, const char *device)
{
    struct {
        USHORT length;
        WCHAR text[NAME_SIZE];
    } reply = {.length = 0};
    char name[NAME_SIZE];
    NTSTATUS status = sim_ioctl(visit->file, CODE_QUERY_DEVICE_NAME, NULL, 0, &reply, sizeof(reply), NULL);
    if (status == STATUS_DEVICE_REMOVED) {
        return status;
    }
    if (!NT_SUCCESS(status) ||
        !sim_narrow(&(UNICODE_STRING){reply.length, reply.length, reply.text}, name, sizeof(name)) ||
        strcmp(name, device) != 0) {
        sim_violation("mount", "a volume that came as '%s' calls itself otherwise", device);
    }
    return STATUS_SUCCESS;
}

static void ask_for_names(const struct visit *visit, struct answers *answers)
{
    struct {
        BOOLEAN only_if_there_is_no_other;
        USHORT length;
        WCHAR text[NAME_SIZE];
    } reply = {.length = 0};
    uint64_t attributes = 0;
    (void)sim_ioctl(visit->file, CODE_SUGGESTED_NAME, NULL, 0, &reply, sizeof(reply), NULL); /* it need not have one */
    if (!sim_narrow(&(UNICODE_STRING){reply.length, reply.length, reply.text}, answers->suggested,
                    sizeof(answers->suggested))) {
        answers->suggested[0] = 0;
    }
    (void)sim_ioctl(visit->file, CODE_GET_GPT_ATTRIBUTES, NULL, 0, &attributes, sizeof(attributes), NULL);
    answers->no_letter = (attributes & NO_DRIVE_LETTER) != 0;
}

static NTSTATUS ask(const char *device, struct answers *answers)
{
    struct visit there;
    memset(answers, 0, sizeof(*answers));
    NTSTATUS status = visit(device, &there);
    if (NT_SUCCESS(status)) {
        status = sim_ioctl(there.file, CODE_QUERY_UNIQUE_ID, NULL, 0, &answers->id, sizeof(answers->id), NULL);
    }
    if (NT_SUCCESS(status)) {
        memcpy(state.unique_id, &answers->id, sizeof(state.unique_id));
        status = check_name(&there, device);
        ask_for_names(&there, answers);
    }
    leave(&there);
    return status;
}

/* Of a link of its own; it need not care. */
static void tell(const char *device, ULONG code, const char *link)
{
    struct {
        USHORT length;
        WCHAR text[NAME_SIZE];
    } name = {.length = (USHORT)(strlen(link) * sizeof(WCHAR))};
    struct visit there;
    for (size_t i = 0; link[i] != 0; i++) {
        name.text[i] = (unsigned char)link[i];
    }
    if (NT_SUCCESS(visit(device, &there))) {
        (void)sim_ioctl(there.file, code, &name, (ULONG)sizeof(USHORT) + name.length, NULL, 0, NULL);
    }
    leave(&there);
}

/* ---- links ---- */

static NTSTATUS link_and_tell(struct sim_mount_volume *volume, const char *name)
{
    NTSTATUS status = sim_mount_link(volume, name);
    if (NT_SUCCESS(status)) {
        tell(volume->device, CODE_LINK_CREATED, name);
    }
    return status;
}

static void give_letter(struct sim_mount_volume *volume, const char *suggested, bool none)
{
    char name[NAME_SIZE];
    char path[NAME_SIZE];
    if (sim_mount_is_letter(suggested) && NT_SUCCESS(link_and_tell(volume, suggested))) {
        return;
    }
    for (char letter = 'D'; !none && letter <= 'Z'; letter++) {
        (void)snprintf(name, sizeof(name), "\\DosDevices\\%c:", letter);
        if (!sim_resolve_path(name, path, sizeof(path)) && NT_SUCCESS(link_and_tell(volume, name))) {
            return;
        }
    }
}

/* Links that it had when it was there before. */
static bool link_again(struct sim_mount_volume *volume)
{
    bool any = false;
    for (size_t i = 0; i < SIM_MOUNT_LINKS; i++) {
        struct sim_mount_link *link = &sim_mount_links[i];
        if (link->name[0] != 0 && link->volume == NULL && sim_mount_same_id(&link->id, &volume->id)) {
            char name[NAME_SIZE];
            (void)snprintf(name, sizeof(name), "%s", link->name);
            any = NT_SUCCESS(link_and_tell(volume, name)) || any;
        }
    }
    return any;
}

static NTSTATUS arrive(const char *device)
{
    struct answers answers;
    struct sim_mount_volume *volume = sim_mount_find(device);
    NTSTATUS status = ask(device, &answers);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    state.volumes++;
    if (volume != NULL) {
        sim_violation("mount", "'%s' is the name of a volume that the mount manager still knows", device);
    }
    volume = sim_mount_add(device, &answers.id);
    if (!link_again(volume)) {
        char name[NAME_SIZE];
        (void)snprintf(name, sizeof(name), "\\??\\Volume{%08x-0000-0000-0000-000000000000}", ++names_given);
        (void)link_and_tell(volume, name);
        give_letter(volume, answers.suggested, answers.no_letter);
    }
    return STATUS_SUCCESS;
}

/* ---- requests ---- */

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
    return arrive(device);
}

static NTSTATUS create_point(const unsigned char *input, ULONG length)
{
    USHORT fields[4]; /* offset and length of the link, of the device */
    char link[NAME_SIZE];
    char device[NAME_SIZE];
    if (length < sizeof(fields)) {
        return STATUS_INVALID_PARAMETER;
    }
    memcpy(fields, input, sizeof(fields));
    if (!name_at(input, length, fields[0], fields[1], link, sizeof(link)) ||
        !name_at(input, length, fields[2], fields[3], device, sizeof(device))) {
        return STATUS_INVALID_PARAMETER;
    }
    struct sim_mount_volume *volume = sim_mount_find(device);
    if (volume == NULL) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    if (sim_mount_is_letter(link) && sim_mount_has_letter(volume)) {
        return STATUS_INVALID_PARAMETER;
    }
    return link_and_tell(volume, link);
}

/* MOUNTMGR_MOUNT_POINT, as it comes and as it goes. */
struct point {
    ULONG link_offset;
    USHORT link_length;
    ULONG id_offset;
    USHORT id_length;
    ULONG device_offset;
    USHORT device_length;
};
_Static_assert(sizeof(struct point) == 24, "NT's layout");

struct filter {
    char link[NAME_SIZE], device[NAME_SIZE]; /* "": any */
    struct sim_mount_id id;                  /* length 0: any */
};

/* A volume whose device is named says itself which one it is: it has to answer. */
static NTSTATUS ask_named(const struct filter *filter)
{
    struct visit there;
    if (filter->device[0] == 0) {
        return STATUS_SUCCESS;
    }
    NTSTATUS status = visit(filter->device, &there);
    leave(&there);
    return status;
}

static bool read_filter(const unsigned char *input, ULONG length, struct filter *filter)
{
    struct point point;
    memset(filter, 0, sizeof(*filter));
    if (length < sizeof(point)) {
        return false;
    }
    memcpy(&point, input, sizeof(point));
    if (point.id_offset > length || point.id_length > length - point.id_offset || point.id_length > SIM_MOUNT_ID) {
        return false;
    }
    filter->id.length = point.id_length;
    memcpy(filter->id.bytes, input + point.id_offset, point.id_length);
    return name_at(input, length, point.link_offset, point.link_length, filter->link, sizeof(filter->link)) &&
           name_at(input, length, point.device_offset, point.device_length, filter->device, sizeof(filter->device));
}

static bool matches(const struct sim_mount_link *link, const struct filter *filter)
{
    return link->name[0] != 0 && link->volume != NULL &&
           (filter->link[0] == 0 || strcmp(filter->link, link->name) == 0) &&
           (filter->device[0] == 0 || strcmp(filter->device, link->volume->device) == 0) &&
           (filter->id.length == 0 || sim_mount_same_id(&filter->id, &link->id));
}

static ULONG append(unsigned char *output, ULONG *end, const char *text)
{
    ULONG offset = *end;
    for (size_t i = 0; text[i] != 0; i++) {
        WCHAR character = (unsigned char)text[i];
        memcpy(output + *end, &character, sizeof(character));
        *end += (ULONG)sizeof(character);
    }
    return offset;
}

/* MOUNTMGR_MOUNT_POINTS: a size, a number, and so many points. */
static NTSTATUS list(const struct filter *filter, unsigned char *output, ULONG output_length, ULONG_PTR *information)
{
    static unsigned char bytes[SIM_MOUNT_LINKS * (sizeof(struct point) + 4 * NAME_SIZE + SIM_MOUNT_ID)];
    ULONG header[2] = {0};
    NTSTATUS status = ask_named(filter);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    for (size_t i = 0; i < SIM_MOUNT_LINKS; i++) {
        header[1] += matches(&sim_mount_links[i], filter);
    }
    ULONG at = sizeof(header);
    ULONG end = at + header[1] * (ULONG)sizeof(struct point);
    for (size_t i = 0; i < SIM_MOUNT_LINKS; i++) {
        const struct sim_mount_link *link = &sim_mount_links[i];
        if (matches(link, filter)) {
            struct point point = {.id_length = link->id.length};
            point.link_length = (USHORT)(strlen(link->name) * sizeof(WCHAR));
            point.link_offset = append(bytes, &end, link->name);
            point.device_length = (USHORT)(strlen(link->volume->device) * sizeof(WCHAR));
            point.device_offset = append(bytes, &end, link->volume->device);
            point.id_offset = end;
            memcpy(bytes + end, link->id.bytes, link->id.length);
            end += link->id.length;
            memcpy(bytes + at, &point, sizeof(point));
            at += (ULONG)sizeof(point);
        }
    }
    header[0] = end;
    memcpy(bytes, header, sizeof(header));
    if (output_length < sizeof(header)) {
        return STATUS_INVALID_PARAMETER;
    }
    *information = end <= output_length ? end : sizeof(header);
    memcpy(output, bytes, *information);
    return end <= output_length ? STATUS_SUCCESS : STATUS_BUFFER_OVERFLOW;
}

static NTSTATUS query_points(const unsigned char *input, ULONG length, void *output, ULONG output_length,
                             ULONG_PTR *information)
{
    struct filter filter;
    return read_filter(input, length, &filter) ? list(&filter, output, output_length, information)
                                               : STATUS_INVALID_PARAMETER;
}

/* What is deleted is listed, and nothing is if there is no room for the list. */
static NTSTATUS delete_points(const unsigned char *input, ULONG length, void *output, ULONG output_length,
                              ULONG_PTR *information)
{
    struct filter filter;
    if (!read_filter(input, length, &filter)) {
        return STATUS_INVALID_PARAMETER;
    }
    NTSTATUS status = list(&filter, output, output_length, information);
    for (size_t i = 0; status == STATUS_SUCCESS && i < SIM_MOUNT_LINKS; i++) {
        struct sim_mount_link *link = &sim_mount_links[i];
        if (matches(link, &filter)) {
            struct sim_mount_link deleted = *link;
            (void)sim_mount_unlink(link);
            tell(deleted.volume->device, CODE_LINK_DELETED, deleted.name);
        }
    }
    return status;
}

NTSTATUS sim_mount_control(ULONG code, const void *input, ULONG length, void *output, ULONG output_length,
                           ULONG_PTR *information)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* one request at a time */
    NTSTATUS status = STATUS_INVALID_DEVICE_REQUEST;
    *information = 0;
    if (sim_fault("mount manager")) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (state.refusal != STATUS_SUCCESS) {
        return state.refusal;
    }
    pthread_mutex_lock(&mutex);
    if (code == CODE_VOLUME_ARRIVAL) {
        status = arrival(input, length);
    } else if (code == CODE_CREATE_POINT) {
        status = create_point(input, length);
    } else if (code == CODE_DELETE_POINTS) {
        status = delete_points(input, length, output, output_length, information);
    } else if (code == CODE_QUERY_POINTS) {
        status = query_points(input, length, output, output_length, information);
    }
    pthread_mutex_unlock(&mutex);
    return status;
}

/* ---- for tests ---- */

void sim_mount_remember(const unsigned char *unique_id, const char *link)
{
    struct sim_mount_id id;
    memcpy(&id.length, unique_id, sizeof(id.length));
    memcpy(id.bytes, unique_id + sizeof(id.length), id.length);
    sim_mount_keep(&id, link);
}

unsigned sim_mount_points(const char *device)
{
    unsigned count = 0;
    const struct sim_mount_volume *volume = sim_mount_find(device);
    for (size_t i = 0; volume != NULL && i < SIM_MOUNT_LINKS; i++) {
        count += sim_mount_links[i].volume == volume;
    }
    return count;
}

void sim_mount_reset(void)
{
    state = (struct sim_mount_state){.refusal = STATUS_SUCCESS};
    names_given = 0;
    sim_mount_forget_all();
}
