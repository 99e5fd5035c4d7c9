/* SPDX-License-Identifier: MIT */
/* What the files of imdisk.exe share: output, opening the driver and disks, and the commands. */
#ifndef CLI_IMDISK_IMDISK_H
#define CLI_IMDISK_IMDISK_H

#include "lib/internal.h"

#include "cli/imdisk/arguments.h"

/* ---- output: in the code page of the console, as scripts expect it -------------------------------------------------- */

/* A piece of text to standard output, with wprintf's directives (%ls for text). */
void say(const wchar_t *format, ...);

/* A line to standard error. */
void complain(const wchar_t *format, ...);

/* Prints the message; returns `exit`. */
enum imdisk_exit fail(enum imdisk_exit exit, const ballast_error *error);

/* The same for what does not end the program. */
void warn(const ballast_error *error);

/* To standard error, too. */
void print_help(void);

/* ---- the driver and its disks -------------------------------------------------------------------------------------- */

/* The control device, open for changes. `start`: starts the driver if it does not run. Prints why it cannot. */
enum imdisk_exit driver_open(bool start, HANDLE *control);

struct target {
    HANDLE handle;
    DWORD access;                    /* that it is open with: OPEN_WRITE, OPEN_READ or OPEN_QUERY */
    wchar_t letter;                  /* 0: it was not named by a drive letter */
    struct imdisk_create_data *data; /* what QUERY_DEVICE says */
};

/* "disk 3", "'R:'" or "'C:\DIRECTORY'": how the user has named it. Valid until the next call. */
const wchar_t *target_name(const struct arguments *arguments);

/* Opens the disk that -u or -m names, with as much access as possible. Prints why it cannot. */
enum imdisk_exit target_open(const struct arguments *arguments, struct target *target);
void target_close(struct target *target);

/* Whether a mount point is the device's own name: "\\?\ImDisk0\" or "\\.\ImDisk0". */
bool is_device_name(const wchar_t *mount_point);

/* A device or file by its native path. INVALID_HANDLE_VALUE, and GetLastError(), on failure. */
HANDLE open_native(const wchar_t *path, DWORD access);

/*
 * Flushes, locks and dismounts the file system, saying so. A lock that fails is an error unless `force` is set; *locked
 * tells whether it succeeded.
 */
enum imdisk_exit target_quiesce(const struct arguments *arguments, const struct target *target, bool force,
                                bool *locked);

/* ---- parts of the commands ----------------------------------------------------------------------------------------- */

/* Where in its image a disk begins, its size (0: what is there), and the flags to create it with. */
struct image_place {
    uint64_t offset;
    uint64_t size;
    uint32_t flags;
};

/* Completes *place, which has what the command line says, by what is in the image. Prints why it cannot. */
enum imdisk_exit image_resolve(const struct arguments *arguments, struct image_place *place);

/* The image that -f or -F names, for reading. INVALID_HANDLE_VALUE, and GetLastError(), on failure. */
HANDLE image_open(const struct arguments *arguments);

/* The bytes that -s asks for; prints why there are none. */
enum imdisk_exit resolve_size(const struct arguments *arguments, uint64_t *size);

/* ---- commands ------------------------------------------------------------------------------------------------------ */

enum imdisk_exit attach(struct arguments *arguments);
enum imdisk_exit detach(const struct arguments *arguments);
enum imdisk_exit emergency(const struct arguments *arguments);
enum imdisk_exit list(const struct arguments *arguments);
enum imdisk_exit edit(const struct arguments *arguments);

#endif
