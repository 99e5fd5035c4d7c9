/* SPDX-License-Identifier: MIT */
/* Removing disks: the steps, for who removes several. */
#ifndef LIB_REMOVE_H
#define LIB_REMOVE_H

#include "lib/internal.h"

/*
 * A disk that is to be removed: flushed, and its file system locked until the handle is closed; `force` goes on if others have
 * files open. INVALID_HANDLE_VALUE and *error on failure. The second dismounts and removes it, and closes the handle.
 */
HANDLE disk_lock(uint32_t number, int force, ballast_result *result, ballast_error *error);
ballast_result disk_eject(HANDLE disk, uint32_t number, ballast_error *error);

/* A process that was started in a directory of a disk holds it open: nobody could remove the disk that he stands on. */
void leave_current_directory(void);

/* Flushes a disk that is open for writing. True: what it holds may be lost, and *code says why; the second words that. */
bool disk_flush_failed(HANDLE disk, DWORD *code);
ballast_result disk_not_stored(uint32_t number, DWORD code, ballast_error *error);

/*
 * Stores what file systems hold of a disk, a device or a file, by a second handle that may write, is closed, and may be
 * INVALID_HANDLE_VALUE: who only reads may not flush. False: something may not be stored yet.
 */
bool disk_store(HANDLE disk, HANDLE writable);

/* BALLAST_BUSY, and who has files of the disk open if the system tells; `code` is why it cannot be locked. */
ballast_result disk_in_use(HANDLE disk, uint32_t number, DWORD code, ballast_error *error);

/*
 * Disks whose images lie on this one: BALLAST_BUSY and the reason if there is one; with `force` they are removed by force, innermost
 * first, until one cannot be. What cannot be found out is not there.
 */
ballast_result disk_clear_inner(uint32_t number, int force, ballast_error *error);

#endif
