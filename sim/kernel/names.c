/* SPDX-License-Identifier: MIT */
/* Symbolic links, and what paths lead to. */

#include "sim/kernel/names.h"

#include "sim/ground/fault.h"
#include "sim/ground/raw_lock.h"
#include "sim/ground/thread.h"
#include "sim/ground/violation.h"
#include "sim/kernel/rtl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAME_SIZE 512

struct link {
    char *name; /* without "\DosDevices\" */
    char *target;
    struct link *next;
};

static struct sim_raw_lock names_lock;
static struct link *links;
static struct link *devices; /* their names, which lead nowhere */

#define LINKS_IN_A_ROW  8
#define FOREIGN_MAXIMUM 8

static char foreign[FOREIGN_MAXIMUM][NAME_SIZE];
static size_t foreign_count;

void sim_foreign_device(const char *path)
{
    if (foreign_count == FOREIGN_MAXIMUM) {
        sim_violation("test", "too many devices of others");
    }
    (void)snprintf(foreign[foreign_count++], NAME_SIZE, "%s", path);
}

bool sim_is_foreign_device(const char *path)
{
    size_t i = 0;
    while (i < foreign_count && strcasecmp(foreign[i], path) != 0) {
        i++;
    }
    return i != foreign_count;
}

void sim_names_reset(void)
{
    foreign_count = 0;
}

/* What follows "\DosDevices\", "\DosDevices\Global\" or "\??\"; all of "\Device\X"; NULL if it is none of these. */
static const char *link_name(const char *path)
{
    static const char *const prefixes[] = {"\\DosDevices\\Global\\", "\\DosDevices\\", "\\??\\"};
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        size_t length = strlen(prefixes[i]);
        if (strncasecmp(path, prefixes[i], length) == 0) {
            return path + length;
        }
    }
    return strncasecmp(path, "\\Device\\", strlen("\\Device\\")) == 0 ? path : NULL;
}

static struct link **find(struct link **link, const char *name)
{
    while (*link != NULL && strcasecmp((*link)->name, name) != 0) {
        link = &(*link)->next;
    }
    return link;
}

static struct link **find_link(const char *name)
{
    return find(&links, name);
}

bool sim_link_target(const char *path, char *target, size_t size)
{
    const char *name = link_name(path);
    bool found = false;
    sim_raw_lock(&names_lock);
    const struct link *link = name != NULL ? *find_link(name) : NULL;
    if (link != NULL) {
        (void)snprintf(target, size, "%s", link->target);
        found = true;
    }
    sim_raw_unlock(&names_lock);
    return found;
}

bool sim_resolve_path(const char *path, char *resolved, size_t size)
{
    char name[NAME_SIZE];
    bool link = true;
    (void)snprintf(name, sizeof(name), "%s", path);
    for (unsigned i = 0; link && i < LINKS_IN_A_ROW; i++) {
        char target[NAME_SIZE];
        link = sim_link_target(name, target, sizeof(target));
        if (link) {
            (void)snprintf(name, sizeof(name), "%s", target);
        }
    }
    (void)snprintf(resolved, size, "%s", name);
    return link_name(name) == NULL || link_name(name) == name; /* links that lead to nothing are left over */
}

static void add(struct link **list, const char *name, const char *target)
{
    struct link *link = calloc(1, sizeof(*link));
    link->name = strdup(name);
    link->target = target != NULL ? strdup(target) : NULL;
    link->next = *list;
    *list = link;
}

bool sim_name_take(const char *path)
{
    const char *name = link_name(path);
    sim_raw_lock(&names_lock);
    bool is_free =
        !sim_is_foreign_device(path) && *find(&devices, path) == NULL && (name == NULL || *find_link(name) == NULL);
    if (is_free) {
        add(&devices, path, NULL);
    }
    sim_raw_unlock(&names_lock);
    return is_free;
}

NTSTATUS IoCreateSymbolicLink(PUNICODE_STRING link_string, PUNICODE_STRING target_string)
{
    char path[NAME_SIZE];
    char target[NAME_SIZE];
    NTSTATUS status = STATUS_SUCCESS;
    sim_check_irql("IoCreateSymbolicLink", PASSIVE_LEVEL);
    if (!sim_narrow(link_string, path, sizeof(path)) || !sim_narrow(target_string, target, sizeof(target)) ||
        link_name(path) == NULL) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    if (sim_fault("IoCreateSymbolicLink")) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    sim_raw_lock(&names_lock);
    if (*find_link(link_name(path)) != NULL || *find(&devices, path) != NULL || sim_is_foreign_device(path)) {
        status = STATUS_OBJECT_NAME_COLLISION;
    } else {
        add(&links, link_name(path), target);
    }
    sim_raw_unlock(&names_lock);
    return status;
}

static void free_link(struct link *link)
{
    free(link->name);
    free(link->target);
    free(link);
}

void sim_name_drop(const char *path)
{
    sim_raw_lock(&names_lock);
    struct link **place = find(&devices, path);
    struct link *device = *place;
    *place = device->next;
    sim_raw_unlock(&names_lock);
    free_link(device);
}

NTSTATUS IoDeleteSymbolicLink(PUNICODE_STRING link_string)
{
    char path[NAME_SIZE];
    struct link *link = NULL;
    sim_check_irql("IoDeleteSymbolicLink", PASSIVE_LEVEL);
    if (!sim_narrow(link_string, path, sizeof(path)) || link_name(path) == NULL) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    sim_raw_lock(&names_lock);
    struct link **place = find_link(link_name(path));
    link = *place;
    if (link != NULL) {
        *place = link->next;
    }
    sim_raw_unlock(&names_lock);
    if (link == NULL) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    if (sim_self()->kernel_depth != 0 && sim_is_foreign_device(link->target)) {
        sim_violation("link", "the driver deletes '%s', which leads to '%s'", link->name, link->target);
    }
    free_link(link);
    return STATUS_SUCCESS;
}

void sim_names_check_empty(void)
{
    if (links != NULL) {
        sim_violation("leak", "symbolic link '%s' is left", links->name);
    }
}
