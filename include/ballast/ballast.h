/* SPDX-License-Identifier: MIT */
/*
 * libballast: the C interface to Ballast's drivers. This header is its manual.
 *
 * Conventions
 *   - Functions return a ballast_result: BALLAST_OK or the kind of failure. A failing function leaves its output
 *     parameters as they were, and fills *error if the caller passed one (NULL is allowed everywhere): `code` is the
 *     Windows error code, `message` one line of UTF-8 text without a full stop that says what failed, on what, why, and
 *     what to do about it where that is known.
 *   - Sizes and offsets are in bytes. Text parameters are UTF-16 and end with a zero.
 *   - Structures that may grow begin with struct_size: set it to sizeof the structure before the call.
 *   - All functions may be called from any thread at any time. None keeps a pointer after it returns.
 *   - What changes disks or the driver needs administrator rights; queries do not.
 */
#ifndef BALLAST_BALLAST_H
#define BALLAST_BALLAST_H

#include <stddef.h>
#include <stdint.h>

#if defined(BALLAST_BUILD_DLL)
#define BALLAST_API __declspec(dllexport)
#elif defined(BALLAST_USE_DLL)
#define BALLAST_API __declspec(dllimport)
#else
#define BALLAST_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The values are also the exit codes of `ballast`. */
typedef enum ballast_result {
    BALLAST_OK = 0,
    BALLAST_FAILED = 1,             /* the system refused; see error->code */
    BALLAST_INVALID_ARGUMENT = 2,   /* the request makes no sense, whatever the state of the system */
    BALLAST_NOT_FOUND = 3,          /* no such disk or file */
    BALLAST_NO_ACCESS = 4,          /* administrator rights are missing, or the file denies access */
    BALLAST_DRIVER_UNAVAILABLE = 5, /* not installed, not running, or of another version */
    BALLAST_BUSY = 6,               /* in use, or already there */
    BALLAST_DIFFERENT = 7,          /* a comparison found a difference */
    BALLAST_INTERRUPTED = 8,        /* the progress callback asked to stop */
} ballast_result;

#define BALLAST_MESSAGE_SIZE 512

typedef struct ballast_error {
    uint32_t code;                      /* GetLastError() value, 0 if no system call was involved */
    char message[BALLAST_MESSAGE_SIZE]; /* UTF-8, zero-terminated, shortened if it has to be */
} ballast_error;

/* ---- the driver --------------------------------------------------------------------------------------------------- */

/* Name of the service and of the file in system32\drivers, without extension. */
#define BALLAST_DISK_SERVICE L"ballastdisk"

typedef enum ballast_service_state {
    BALLAST_SERVICE_NOT_INSTALLED,
    BALLAST_SERVICE_STOPPED,
    BALLAST_SERVICE_RUNNING,
    BALLAST_SERVICE_CRASHED, /* the service manager believes that it runs, but its device is gone */
} ballast_service_state;

typedef struct ballast_pool_tag {
    char tag[5];
    uint64_t blocks;
    uint64_t bytes;
} ballast_pool_tag;

typedef struct ballast_driver_status {
    uint32_t struct_size;
    ballast_service_state state;
    /* The rest is zero unless the driver runs. */
    uint32_t version;           /* 0x00MMmmpp */
    uint32_t interface_version; /* of the ImDisk interface: 0x0103 */
    uint32_t disks;
    uint32_t pool_tags; /* rows of `pool` in use */
    ballast_pool_tag pool[16];
} ballast_driver_status;

/*
 * Copies sys_path to system32\drivers and creates the service, for manual start. Installing again replaces the file of a
 * stopped driver. BALLAST_NOT_FOUND: no such file; BALLAST_BUSY: the driver runs.
 */
BALLAST_API ballast_result ballast_driver_install(const wchar_t *sys_path, ballast_error *error);

/* Removes service and file. BALLAST_BUSY if it runs. Succeeds if it is not installed. */
BALLAST_API ballast_result ballast_driver_uninstall(ballast_error *error);

/* Succeeds if it runs already. BALLAST_DRIVER_UNAVAILABLE: not installed. */
BALLAST_API ballast_result ballast_driver_start(ballast_error *error);

/*
 * Stops the driver. BALLAST_BUSY if there are disks, unless remove_disks is set, which removes them, and with them
 * whatever RAM disks hold. Succeeds if it does not run.
 */
BALLAST_API ballast_result ballast_driver_stop(int remove_disks, ballast_error *error);

BALLAST_API ballast_result ballast_driver_query(ballast_driver_status *status, ballast_error *error);

/* ---- disks -------------------------------------------------------------------------------------------------------- */

#define BALLAST_AUTOMATIC_NUMBER  0xFFFFFFFFu

/* A disk is larger than 64 KiB. */
#define BALLAST_MINIMUM_DISK_SIZE 65537u

typedef enum ballast_disk_type {
    BALLAST_DISK_RAM,  /* in memory; an image is loaded into it */
    BALLAST_DISK_FILE, /* on an image file */
} ballast_disk_type;

typedef enum ballast_disk_device {
    BALLAST_DEVICE_AUTOMATIC, /* a CD if the image is .iso, .nrg, or .bin with an ISO 9660 file system; by the size a
                                 floppy or a hard disk */
    BALLAST_DEVICE_HARD_DISK,
    BALLAST_DEVICE_FLOPPY,
    BALLAST_DEVICE_CD,
    BALLAST_DEVICE_RAW,
} ballast_disk_device;

/* ballast_disk_options.flags and ballast_disk_info.flags */
#define BALLAST_DISK_READ_ONLY     0x0001u
#define BALLAST_DISK_REMOVABLE     0x0002u /* removable media */
#define BALLAST_DISK_SHARED        0x0004u /* others may write the image meanwhile */
#define BALLAST_DISK_SPARSE        0x0008u /* the image becomes a sparse file: trims give space back */
#define BALLAST_DISK_BUFFERED      0x0010u /* image I/O through the system's file cache */
#define BALLAST_DISK_LOCKED_MEMORY 0x0020u /* a RAM disk that is never paged out */
#define BALLAST_DISK_MODIFIED      0x0040u /* written since it was created (info only) */

typedef struct ballast_disk_options {
    uint32_t struct_size;
    ballast_disk_type type;
    ballast_disk_device device;
    uint32_t flags;
    uint64_t size;              /* 0: as the image; an image that is smaller is extended, never cut */
    const wchar_t *image;       /* path, absolute or relative; NULL: none (RAM only) */
    uint64_t image_offset;      /* where in the image the disk begins */
    uint32_t number;            /* or BALLAST_AUTOMATIC_NUMBER: the lowest free one */
    wchar_t drive_letter;       /* 0: none */
    uint32_t bytes_per_sector;  /* 512 ... 65536, a power of two; 0 in these three: from the image, or usual */
    uint32_t sectors_per_track; /* 1 ... 65535 */
    uint32_t tracks_per_cylinder;
} ballast_disk_options;

#define BALLAST_IMAGE_PATH_SIZE 1024

typedef struct ballast_disk_info {
    uint32_t struct_size;
    uint32_t number;
    ballast_disk_type type;
    ballast_disk_device device;
    uint32_t flags;
    wchar_t drive_letter; /* 0: none */
    uint64_t size;
    uint64_t image_offset;
    uint32_t bytes_per_sector;
    uint32_t sectors_per_track;
    uint32_t tracks_per_cylinder;
    wchar_t image[BALLAST_IMAGE_PATH_SIZE]; /* as a Win32 path where possible; empty: none */
    uint64_t read_requests, write_requests, flush_requests, trim_requests, failed_requests;
    uint64_t read_bytes, written_bytes, trimmed_bytes;
    int memory_known;          /* the next two are valid: RAM disks */
    uint64_t allocated_memory; /* holds data */
    uint64_t overhead_memory;
    uint32_t requests_in_flight;
} ballast_disk_info;

/* Fills *options with defaults: a RAM disk, automatic number and device. Sets struct_size, too. */
BALLAST_API void ballast_disk_options_initialize(ballast_disk_options *options);

/*
 * Creates a disk, starting the driver if it is installed and not running. *number receives its number. When the call
 * returns the disk is ready and a RAM disk is loaded from its image.
 */
BALLAST_API ballast_result ballast_disk_create(const ballast_disk_options *options, uint32_t *number,
                                               ballast_error *error);

/*
 * Copies the numbers of all disks, ascending, into numbers[0 ... capacity-1]. *count is how many there are, which may be
 * more than fit.
 */
BALLAST_API ballast_result ballast_disk_list(uint32_t *numbers, size_t capacity, size_t *count, ballast_error *error);

BALLAST_API ballast_result ballast_disk_query(uint32_t number, ballast_disk_info *info, ballast_error *error);

/* The number of the disk that has this drive letter ("X" or "X:") or this number ("12"). */
BALLAST_API ballast_result ballast_disk_find(const wchar_t *name, uint32_t *number, ballast_error *error);

#define BALLAST_REMOVE_FORCE 0x0001u /* although its file system is in use: unsaved file data is lost */

/* Flushes, locks and dismounts the disk's file system, then removes the disk. Returns when it is gone. */
BALLAST_API ballast_result ballast_disk_remove(uint32_t number, uint32_t flags, ballast_error *error);

#define BALLAST_RESIZE_ALLOW_SHRINK 0x0001u /* what lies behind the new end may be lost */

/* Changes the size of the disk, not of a file system on it. File disks only grow. */
BALLAST_API ballast_result ballast_disk_resize(uint32_t number, uint64_t size, uint32_t flags, ballast_error *error);

/* ---- data --------------------------------------------------------------------------------------------------------- */

/* One end of a copy or comparison. */
typedef struct ballast_endpoint {
    const wchar_t *path; /* an image file; NULL: the disk below */
    uint32_t disk;
} ballast_endpoint;

/* Called now and then, and once at the end. Return non-zero to stop. */
typedef int ballast_progress(void *context, uint64_t done, uint64_t total);

#define BALLAST_COPY_OVERWRITE 0x0001u /* a target file may exist */

typedef struct ballast_hash {
    unsigned char sha256[32];
} ballast_hash;

/*
 * Copies all bytes of `from` to `to`. A target file is created with the length of the source; a target disk must be at
 * least that large, is locked meanwhile, and keeps what lies behind. A failed copy leaves a partial target.
 * progress may be NULL.
 */
BALLAST_API ballast_result ballast_copy(const ballast_endpoint *from, const ballast_endpoint *to, uint32_t flags,
                                        ballast_progress *progress, void *context, ballast_error *error);

/*
 * Compares all bytes of `reference` with the beginning of `other`, which may be longer. BALLAST_DIFFERENT: error->message
 * names the first difference.
 */
BALLAST_API ballast_result ballast_compare(const ballast_endpoint *reference, const ballast_endpoint *other,
                                           ballast_progress *progress, void *context, ballast_error *error);

/* Reads everything and returns its SHA-256. */
BALLAST_API ballast_result ballast_hash_endpoint(const ballast_endpoint *endpoint, ballast_progress *progress,
                                                 void *context, ballast_hash *hash, ballast_error *error);

#ifdef __cplusplus
}
#endif

#endif
