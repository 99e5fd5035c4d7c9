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

/* A handle to a drive as a whole, and to none of its partitions: *drive is its number. */
bool volumes_is_drive(HANDLE handle, uint32_t *drive);

struct volumes {
    size_t count;
    HANDLE locked[VOLUMES_MOST];
};

/*
 * Locks and dismounts every volume that lies on the drive, at least in part. All or none: one that is in use, that cannot be
 * looked at, or that the system runs from or starts from, is an error. `name` is the drive's, for messages.
 */
ballast_result volumes_lock(struct volumes *volumes, uint32_t drive, const wchar_t *name, ballast_error *error);

void volumes_unlock(struct volumes *volumes);

#endif
