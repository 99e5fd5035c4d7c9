/* SPDX-License-Identifier: MIT */
/* The look at an image by its path or handle, for the library and the tools. */
#ifndef LIB_LOOK_H
#define LIB_LOOK_H

#include "core/image/look.h"
#include "lib/internal.h"

/* An image file or device, for reading what others may be writing. INVALID_HANDLE_VALUE and GetLastError(). */
HANDLE image_file_open(const wchar_t *path);

/* Whether a failure to open an image for writing means that it can be read only; `reading` is how opening it for that went. */
bool image_denies_writing(DWORD code, HANDLE reading);

/* Which is why it cannot be opened, though that only says that access is denied. */
bool image_is_directory(const wchar_t *path);

/*
 * Length in bytes of what is open, and whether it is a device. Returns 0 or the Windows error code; ERROR_SEEK_ON_DEVICE: a
 * port, a console or a pipe, which is neither a file nor a disk.
 */
DWORD image_file_length(HANDLE file, uint64_t *length, int *device);

/* Returns 0 or the Windows error code; ERROR_HANDLE_EOF: nothing is there. options->name is ignored. */
DWORD look_at_handle(HANDLE file, const wchar_t *name, const struct look_options *options, struct look *look);

/* The same for a path. */
ballast_result look_at_path(const wchar_t *path, const struct look_options *options, struct look *look,
                            ballast_error *error);

/* "'x.vhdx' is a VHDX disk, which cannot be served: ..." */
void look_refusal(const wchar_t *path, const struct look *look, wchar_t *text, size_t size);

#endif
