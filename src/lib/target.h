/* SPDX-License-Identifier: MIT */
/*
 * A file that takes the place of another, or of none, when it is complete: until then what was there is there, and nothing
 * half is left, even if the process ends.
 */
#ifndef LIB_TARGET_H
#define LIB_TARGET_H

#include "lib/internal.h"

struct target {
    HANDLE handle;   /* what is written: a sparse file beside the target */
    HANDLE old;      /* the file that is to be replaced, kept from being written; INVALID_HANDLE_VALUE: there is none */
    wchar_t *path;   /* of the target */
    wchar_t *beside; /* of what is written */
};

/*
 * Opens what exists, without changing it. A file that exists is an error unless it may be replaced. After a failure nothing
 * is left to end.
 */
ballast_result target_begin(struct target *target, const wchar_t *path, int replace, ballast_error *error);

/*
 * Fails if a disk has the file, which is open, as its image, or behind it: what a disk only reads may be opened to be written,
 * too. Every command that writes a file asks it, or creates a target, which does.
 */
ballast_result target_check_unused(HANDLE file, const wchar_t *path, ballast_error *error);

/* Makes the file beside the target, unless a disk uses what is to be replaced. */
ballast_result target_create(struct target *target, ballast_error *error);

/* Puts it into its place, with the access rights and attributes of what was there. Ends the target either way. */
ballast_result target_commit(struct target *target, ballast_error *error);

/* Leaves all as it was. */
void target_abandon(struct target *target);

#endif
