/* SPDX-License-Identifier: MIT */
/*
 * What a behaviour table runs against: a driver behind NT's system calls. target_nt.c is the real thing, in Wine and on
 * Windows; the simulation has its own. Statuses are NTSTATUS values.
 */
#ifndef TESTS_BEHAVIOUR_TARGET_H
#define TESTS_BEHAVIOUR_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum target_kind {
    TARGET_WINDOWS,
    TARGET_WINE,
    TARGET_SIMULATION,
};

enum target_kind target_kind(void);

/* Whether it is a simulation that lacks what NT 5.2 lacks. */
bool target_is_nt52(void);

/* Some limits follow the width of the kernel, which need not be the program's. */
bool target_kernel_is_64_bit(void);

/*
 * Whether a file system stands between handles with access to data and disks, as on Windows: volumes are read and written in
 * whole sectors only, and the recognisers of file systems have read a new disk before. The driver sees less then, and more.
 */
bool target_file_system(void);

/* Whether that is RAW, which refuses flushes. */
bool target_raw(void);

/* While this is on, nobody else reads from disks, as special kernel APCs in the simulation do. */
void target_alone(bool on);

/* Whether the file system that images lie on has sparse files: NTFS has, FAT has not. */
bool target_sparse_images(void);

/* ---- devices ---- */

struct target_handle;

/* Rights of a handle. */
#define TARGET_QUERY      0u
#define TARGET_READ       1u
#define TARGET_WRITE      2u
#define TARGET_READ_WRITE 3u

/* Opens \Device\<name>. *status, if not NULL, receives the result; NULL on failure. */
struct target_handle *target_open(const char *name, unsigned rights, uint32_t *status);
void target_close(struct target_handle *handle);

/* Where the symbolic link \DosDevices\<name> leads; false if there is none. */
bool target_link(const char *name, char *path, size_t size);

/* Each waits for the result. *information, if not NULL, is 0 after an error. A NULL handle is an invalid one. */
uint32_t target_ioctl(struct target_handle *handle, uint32_t code, const void *input, size_t input_length, void *output,
                      size_t output_length, size_t *information);
uint32_t target_read(struct target_handle *handle, uint64_t offset, void *buffer, size_t length, size_t *information);
uint32_t target_write(struct target_handle *handle, uint64_t offset, const void *buffer, size_t length,
                      size_t *information);
uint32_t target_flush(struct target_handle *handle);

/* The memory that is mapped at this address in the process that the handles belong to; NULL if it cannot be written. */
void *target_memory(uint64_t address, size_t size);

/* Carries `act` out again and again until somebody who waits for the refresh event is woken; false if that never happens. */
bool target_refreshed_by(void (*act)(void));

/* ---- image files ---- */

/* Native path (UTF-16) of an image in a directory of the test's own. The result is valid until the next call. */
const uint16_t *target_image_path(const char *name, size_t *length_bytes);

/* Creates or replaces an image of `size` bytes whose byte at offset i is target_pattern(i). */
bool target_image_create(const char *name, uint64_t size);
static inline unsigned char target_pattern(uint64_t offset)
{
    return (unsigned char)(offset * 31 + offset / 512 * 7 + 1);
}

/* -1 if it does not exist. */
int64_t target_image_size(const char *name);
bool target_image_read(const char *name, uint64_t offset, void *buffer, size_t length);
bool target_image_write(const char *name, uint64_t offset, const void *buffer, size_t length);
bool target_image_truncate(const char *name, uint64_t size);
void target_image_delete(const char *name);

/* Keeps a cached handle to the image open, so that the host's cache keeps its pages. NULL on failure. */
struct target_kept;
struct target_kept *target_image_keep(const char *name);
void target_image_release(struct target_kept *kept);

#endif
