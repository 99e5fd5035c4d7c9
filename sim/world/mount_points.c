/* SPDX-License-Identifier: MIT */
/* What the mount manager knows; mount_points.h says of what. Its callers exclude each other. */

#include "sim/world/mount_points.h"

#include "sim/ground/violation.h"
#include "sim/kernel/rtl.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

struct sim_mount_volume sim_mount_volumes[SIM_MOUNT_VOLUMES];
struct sim_mount_link sim_mount_links[SIM_MOUNT_LINKS];

bool sim_mount_same_id(const struct sim_mount_id *a, const struct sim_mount_id *b)
{
    return a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0;
}

struct sim_mount_volume *sim_mount_find(const char *device)
{
    for (size_t i = 0; i < SIM_MOUNT_VOLUMES; i++) {
        if (device[0] != 0 && strcasecmp(sim_mount_volumes[i].device, device) == 0) {
            return &sim_mount_volumes[i];
        }
    }
    return NULL;
}

static bool has_links(const struct sim_mount_volume *volume)
{
    size_t i = 0;
    while (i < SIM_MOUNT_LINKS && sim_mount_links[i].volume != volume) {
        i++;
    }
    return i != SIM_MOUNT_LINKS;
}

/* When there is no room, one that nothing leads to is forgotten. */
struct sim_mount_volume *sim_mount_add(const char *device, const struct sim_mount_id *id)
{
    struct sim_mount_volume *place = NULL;
    for (size_t i = 0; i < SIM_MOUNT_VOLUMES && (place == NULL || place->device[0] != 0); i++) {
        struct sim_mount_volume *volume = &sim_mount_volumes[i];
        place = volume->device[0] == 0 || (place == NULL && !has_links(volume)) ? volume : place;
    }
    if (place == NULL) {
        sim_violation("test", "too many volumes");
    }
    (void)snprintf(place->device, sizeof(place->device), "%s", device);
    place->id = *id;
    return place;
}

bool sim_mount_is_letter(const char *link)
{
    static const char prefix[] = "\\DosDevices\\";
    size_t length = strlen(prefix);
    return strncasecmp(link, prefix, length) == 0 && strlen(link) == length + 2 && link[length + 1] == ':';
}

bool sim_mount_has_letter(const struct sim_mount_volume *volume)
{
    for (size_t i = 0; i < SIM_MOUNT_LINKS; i++) {
        if (sim_mount_links[i].volume == volume && sim_mount_is_letter(sim_mount_links[i].name)) {
            return true;
        }
    }
    return false;
}

static void to_string(const char *text, WCHAR *characters, UNICODE_STRING *string)
{
    size_t length = strlen(text);
    for (size_t i = 0; i < length; i++) {
        characters[i] = (unsigned char)text[i];
    }
    *string = (UNICODE_STRING){(USHORT)(length * sizeof(WCHAR)), (USHORT)(length * sizeof(WCHAR)), characters};
}

/* The remembered one of this name and id, or a free place. */
static struct sim_mount_link *place_of(const struct sim_mount_id *id, const char *name)
{
    struct sim_mount_link *place = NULL;
    for (size_t i = 0; i < SIM_MOUNT_LINKS; i++) {
        struct sim_mount_link *link = &sim_mount_links[i];
        if (strcasecmp(link->name, name) == 0 && sim_mount_same_id(&link->id, id)) {
            return link;
        }
        if (place == NULL && link->name[0] == 0) {
            place = link;
        }
    }
    if (place == NULL) {
        sim_violation("test", "too many mount points");
    }
    return place;
}

void sim_mount_keep(const struct sim_mount_id *id, const char *name)
{
    struct sim_mount_link *link = place_of(id, name);
    *link = (struct sim_mount_link){.id = *id};
    (void)snprintf(link->name, sizeof(link->name), "%s", name);
}

NTSTATUS sim_mount_link(struct sim_mount_volume *volume, const char *name)
{
    WCHAR link_text[SIM_MOUNT_NAME], device_text[SIM_MOUNT_NAME];
    UNICODE_STRING link_string, device_string;
    to_string(name, link_text, &link_string);
    to_string(volume->device, device_text, &device_string);
    NTSTATUS status = IoCreateSymbolicLink(&link_string, &device_string);
    if (NT_SUCCESS(status)) {
        struct sim_mount_link *link = place_of(&volume->id, name);
        *link = (struct sim_mount_link){.volume = volume, .id = volume->id};
        (void)snprintf(link->name, sizeof(link->name), "%s", name);
    }
    return status;
}

NTSTATUS sim_mount_unlink(struct sim_mount_link *link)
{
    WCHAR text[SIM_MOUNT_NAME];
    UNICODE_STRING string;
    to_string(link->name, text, &string);
    NTSTATUS status = link->volume != NULL ? IoDeleteSymbolicLink(&string) : STATUS_SUCCESS;
    memset(link, 0, sizeof(*link));
    return status;
}

void sim_mount_forget_all(void)
{
    memset(sim_mount_volumes, 0, sizeof(sim_mount_volumes));
    memset(sim_mount_links, 0, sizeof(sim_mount_links));
}
