/* SPDX-License-Identifier: MIT */
/* Which drives volumes lie on; and those of a drive, locked for as long as it is written as a whole. */
#ifndef LIB_VOLUMES_H
#define LIB_VOLUMES_H

#include "lib/internal.h"

#define VOLUMES_MOST 64u

/* A spanned volume lies on more than one. */
struct volume_drives {
    size_t count;
    uint32_t drive[VOLUMES_MOST];
};

/* Any handle to the volume will do. Returns 0 or the Windows error code: it does not tell, or it is no volume. */
DWORD volume_drives(HANDLE volume, struct volume_drives *drives);

/*
 * A handle to a drive as a whole, and to none of its partitions: *drive is its number. The volume on one without partitions may
 * say so of itself, and the drive of a removable medium that it is a volume: only names tell them apart.
 */
bool volumes_is_drive(HANDLE handle, uint32_t *drive);

/* Room for a volume's name, which has a GUID: \\?\Volume{...}\ */
#define VOLUME_NAME_SIZE 64u

struct volumes {
    HANDLE drive;
    bool own; /* the drive's handle leads to one of them itself */
    size_t count;
    struct volume {
        HANDLE handle;
        wchar_t name[VOLUME_NAME_SIZE];
    } locked[VOLUMES_MOST];
};

/*
 * Locks the volume that is open. Who looks at a fresh one for a moment is waited for, some seconds, unless interrupted. The names
 * are for messages: of what is in use, and of the volume, which may be NULL.
 */
ballast_result volume_lock(HANDLE handle, const wchar_t *name, const wchar_t *volume, ballast_error *error);

/*
 * Locks every volume that lies on the drive, at least in part. All or none: one that is in use, that cannot be looked at, or that
 * the system runs from or starts from, is an error. Where the drive's handle is a volume's, it is what locks that one. `name` is
 * the drive's, for messages.
 */
ballast_result volumes_lock(struct volumes *volumes, HANDLE handle, uint32_t drive, const wchar_t *name,
                            ballast_error *error);

/* What is locked. */
ballast_result volumes_dismount(const struct volumes *volumes, const wchar_t *name, ballast_error *error);

void volumes_unlock(struct volumes *volumes);

#endif
