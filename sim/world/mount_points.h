/* SPDX-License-Identifier: MIT */
/* What the mount manager knows: volumes by their devices' names, their links, and what it remembers of those that were there. */
#ifndef SIM_WORLD_MOUNT_POINTS_H
#define SIM_WORLD_MOUNT_POINTS_H

#include <ntifs.h>

#define SIM_MOUNT_NAME    128
#define SIM_MOUNT_ID      64
#define SIM_MOUNT_VOLUMES 64
#define SIM_MOUNT_LINKS   128

struct sim_mount_id {
    USHORT length;
    unsigned char bytes[SIM_MOUNT_ID];
};

struct sim_mount_volume {
    char device[SIM_MOUNT_NAME]; /* "": no volume */
    struct sim_mount_id id;
};

/* A link to a volume that is there, or one that a volume with this id shall have again. */
struct sim_mount_link {
    struct sim_mount_volume *volume; /* NULL: only remembered */
    struct sim_mount_id id;
    char name[SIM_MOUNT_NAME]; /* "": no link */
};

extern struct sim_mount_volume sim_mount_volumes[SIM_MOUNT_VOLUMES];
extern struct sim_mount_link sim_mount_links[SIM_MOUNT_LINKS];

bool sim_mount_same_id(const struct sim_mount_id *a, const struct sim_mount_id *b);

/* NULL if it does not know it. */
struct sim_mount_volume *sim_mount_find(const char *device);
struct sim_mount_volume *sim_mount_add(const char *device, const struct sim_mount_id *id);

/* "\DosDevices\X:" */
bool sim_mount_is_letter(const char *link);
bool sim_mount_has_letter(const struct sim_mount_volume *volume);

/* Remembers a link of such a volume. */
void sim_mount_keep(const struct sim_mount_id *id, const char *name);
/* Makes the link, and remembers it. */
NTSTATUS sim_mount_link(struct sim_mount_volume *volume, const char *name);
/* Deletes and forgets it. */
NTSTATUS sim_mount_unlink(struct sim_mount_link *link);

void sim_mount_forget_all(void);

#endif
