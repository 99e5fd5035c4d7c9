/* SPDX-License-Identifier: MIT */
/* Image files of the system: sources that the core's formats lie over. host_file_windows.c and host_file_posix.c. */
#ifndef CLI_BALLAST_HOST_FILE_H
#define CLI_BALLAST_HOST_FILE_H

#include "cli/ballast/cli.h"
#include "core/image/vhd.h"

/* Of the two by this name, the result of ballast.h is meant: a status of the core hides it. */
#undef BALLAST_NOT_FOUND

/*
 * Opens a file; *opened is complete, and destroying its source closes it. For writing, others may not write it meanwhile.
 * BALLAST_NOT_FOUND: no such file.
 */
ballast_result host_file_open(const wchar_t *path, bool writable, struct vhd_file *opened, ballast_error *error);

/*
 * An empty file beside `path`, whose place it takes when it is committed. If its source is destroyed before, nothing has
 * changed. BALLAST_BUSY: there is a file, and it shall not be replaced.
 */
ballast_result host_file_create(const wchar_t *path, bool replace, struct vhd_file *created, ballast_error *error);

/*
 * Flushes it, puts it into its place, and destroys the source either way. BALLAST_BUSY: somebody has put a file there
 * meanwhile, which stays, as it shall not be replaced.
 */
ballast_result host_file_commit(struct source *source, ballast_error *error);

/* Of the failure that a source of these has told of last, so that a message can say why. */
void host_file_failure(ballast_error *error);

/* Whether both names mean one file. */
bool host_file_same(const wchar_t *one, const wchar_t *other);

/* Now, in seconds since 2000, and something that nobody else has. False: there is no chance here. */
uint32_t host_time(void);
bool host_unique(uint8_t id[16]);

/* What the system separates directories by; the last separator in a path, NULL: none. */
const wchar_t *host_last_separator(const wchar_t *path);

#endif
