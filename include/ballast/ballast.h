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
 *   - What changes disks or drivers needs administrator rights; queries do not.
 */
#ifndef BALLAST_BALLAST_H
#define BALLAST_BALLAST_H

#include <stddef.h>
#include <stdint.h>

#include "ballast/ai_abi.h"

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
    BALLAST_NOT_FOUND = 3,          /* no such disk, file, GPU or block */
    BALLAST_NO_ACCESS = 4,          /* administrator rights are missing, or the file denies access */
    BALLAST_DRIVER_UNAVAILABLE = 5, /* not installed, not running, or of another version */
    BALLAST_BUSY = 6,               /* in use, or already there */
    BALLAST_DIFFERENT = 7,          /* a comparison found a difference */
    BALLAST_INTERRUPTED = 8,        /* the progress callback asked to stop, or ballast_interrupt was called */
} ballast_result;

/*
 * Ends soon what waits long: ballast_disk_create while it loads an image, which then has created nothing, and
 * ballast_disk_format, whose program has to end by itself. Both return BALLAST_INTERRUPTED. For handlers of Ctrl-C: it may be
 * called in any thread, and lasts for the rest of the process.
 */
BALLAST_API void ballast_interrupt(void);

#define BALLAST_MESSAGE_SIZE 512

typedef struct ballast_error {
    uint32_t code;                      /* GetLastError() value, 0 if no system call was involved */
    char message[BALLAST_MESSAGE_SIZE]; /* UTF-8, zero-terminated, shortened if it has to be */
} ballast_error;

/* ---- the drivers -------------------------------------------------------------------------------------------------- */

/* Each can be installed and run without the other. */
typedef enum ballast_driver {
    BALLAST_DRIVER_DISK,
    BALLAST_DRIVER_AI,
    BALLAST_DRIVERS, /* how many there are */
} ballast_driver;

/* Name of the file in system32\drivers, without extension, and of the service, unless it is ImDisk's. */
#define BALLAST_DISK_SERVICE L"ballastdisk"
#define BALLAST_AI_SERVICE   L"ballastai"

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
    wchar_t service[16]; /* its name; empty if it is not installed */
    /* The rest is zero unless the driver runs. */
    uint32_t version;           /* 0x00MMmmpp */
    uint32_t interface_version; /* of the ImDisk interface: 0x0103; of the AI interface: 1 */
    uint32_t disks;             /* 0 for the AI driver */
    uint32_t pool_tags;         /* rows of `pool` in use */
    ballast_pool_tag pool[16];
} ballast_driver_status;

/*
 * Copies sys_path to system32\drivers and creates the service, for manual start. Installing again replaces the file of a
 * stopped driver, under the name that its service has. BALLAST_NOT_FOUND: no such file; BALLAST_BUSY: the driver runs.
 */
BALLAST_API ballast_result ballast_driver_install(ballast_driver which, const wchar_t *sys_path, uint32_t flags,
                                                  ballast_error *error);

/*
 * The disk driver's service is called ImDisk, as scripts expect. BALLAST_BUSY: a service of that name is another driver's, or
 * this driver has a service under its own name.
 */
#define BALLAST_INSTALL_AS_IMDISK 1u

/*
 * Removes service and file; what ImDisk's Parameters say stays. BALLAST_BUSY if it runs. Succeeds if it is not installed.
 */
BALLAST_API ballast_result ballast_driver_uninstall(ballast_driver which, ballast_error *error);

/* Succeeds if it runs already. BALLAST_DRIVER_UNAVAILABLE: not installed. */
BALLAST_API ballast_result ballast_driver_start(ballast_driver which, ballast_error *error);

/*
 * Stops drivers, bits 1 << ballast_driver, all or none: what stands against it is found before anything has changed, and is
 * BALLAST_BUSY. That is disks, unless remove_disks is set, which removes them, and with them whatever RAM disks hold; a
 * disk in use; a process that has the AI driver open; a service that takes no stop. Disks whose images lie on other disks go
 * first; if another turns out to be in use only then, they are gone (their images stay), and no other disk is. *stopped,
 * unless NULL, receives which of the drivers do not run any more, also after a failure. Those that did not run are among them.
 */
BALLAST_API ballast_result ballast_drivers_stop(uint32_t drivers, int remove_disks, uint32_t *stopped,
                                                ballast_error *error);

/* The same for one. */
BALLAST_API ballast_result ballast_driver_stop(ballast_driver which, int remove_disks, ballast_error *error);

BALLAST_API ballast_result ballast_driver_query(ballast_driver which, ballast_driver_status *status,
                                                ballast_error *error);

/* ---- disks -------------------------------------------------------------------------------------------------------- */

#define BALLAST_AUTOMATIC_NUMBER  0xFFFFFFFFu

/* A disk is larger than 64 KiB. */
#define BALLAST_MINIMUM_DISK_SIZE 65537u

typedef enum ballast_disk_type {
    BALLAST_DISK_RAM,  /* in memory; an image is loaded into it */
    BALLAST_DISK_FILE, /* on an image file */
} ballast_disk_type;

typedef enum ballast_disk_device {
    BALLAST_DEVICE_AUTOMATIC, /* by the image's content: a CD if it is ISO 9660 or UDF, else a floppy or a hard disk */
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
#define BALLAST_DISK_BYTE_SWAP     0x0080u /* the bytes of each pair of the image change places (not in info) */
#define BALLAST_DISK_STRICT_END    0x0100u /* requests beyond the end fail, instead of transferring nothing */
#define BALLAST_DISK_MOUNT_MANAGER 0x0200u /* registered as a volume; the drive letter is the mount manager's */
#define BALLAST_DISK_SECTORS_512E  0x0400u /* claims physical sectors of 4096 bytes */
#define BALLAST_DISK_RAW_IMAGE     0x0800u /* the image is not looked at: a VHDX is a disk of its bytes (not in info) */
#define BALLAST_DISK_PREFER_VOLUME 0x1000u /* MOUNT_MANAGER if that takes it, which info then says (not in info) */
#define BALLAST_DISK_WRITABLE      0x2000u /* although the image's partition table is damaged (not in info) */

typedef struct ballast_disk_options {
    uint32_t struct_size;
    ballast_disk_type type;
    ballast_disk_device device;
    uint32_t flags;
    uint64_t size;              /* 0: as the image; an image that is smaller is extended, never cut */
    const wchar_t *image;       /* path, absolute or relative; NULL: none (RAM only) */
    uint64_t image_offset;      /* where in the image the disk begins; 0: where its data does */
    uint32_t partition;         /* of the image, by its number; 0: the whole image. It has a size of its own */
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
    wchar_t drive_letter;        /* that leads to it, now; 0: none */
    wchar_t wanted_drive_letter; /* that it was created with; 0: none */
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
 * returns the disk is ready and a RAM disk is loaded from its image. A file disk on an image with a damaged partition table
 * is read-only, unless it is a partition that nothing is wrong with, or BALLAST_DISK_WRITABLE is set.
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

/* Although it is in use: what programs have not saved, and what could not be written, is lost. */
#define BALLAST_REMOVE_FORCE 0x0001u

/*
 * Flushes, locks and dismounts the disk's file system, then removes the disk. Returns when it is gone. BALLAST_BUSY: it is in
 * use, by whom error->message says where the system tells; or the image of another disk lies on it. By force such disks are
 * removed first.
 */
BALLAST_API ballast_result ballast_disk_remove(uint32_t number, uint32_t flags, ballast_error *error);

#define BALLAST_RESIZE_ALLOW_SHRINK 0x0001u /* what lies behind the new end may be lost */

/* Changes the size of the disk, not of a file system on it. File disks only grow. */
BALLAST_API ballast_result ballast_disk_resize(uint32_t number, uint64_t size, uint32_t flags, ballast_error *error);

#define BALLAST_FORMAT_QUIET 0x0001u /* what the program prints goes to standard error */

/*
 * Runs the system's format program for the disk, which loses what it holds: by drive letter `letter`, which leads to it, or
 * if that is 0 by a free one meanwhile. `parameters` are the program's, such as L"/fs:ntfs /q /y"; without /y it asks. It has
 * the caller's standard input and output. Returns when it has ended. BALLAST_BUSY: no letter is free; BALLAST_FAILED: there
 * is no such program, or it ended with an exit code other than 0 (and error->code is 0).
 */
BALLAST_API ballast_result ballast_disk_format(uint32_t number, wchar_t letter, const wchar_t *parameters,
                                               uint32_t flags, ballast_error *error);

/* ---- drive letters, mount points, disks at boot ------------------------------------------------------------------- */

/* Letters are upper case, A ... Z. */

/* The letter, upper case, that a text is: "R", "r:", "R:\\"; 0 if it is none. */
BALLAST_API wchar_t ballast_letter_of(const wchar_t *text);

/* The first letter from D on that is not in use; 0: none. */
BALLAST_API wchar_t ballast_letter_free(void);

/* Not 0 if the letter leads to the disk. */
BALLAST_API int ballast_letter_leads_to(wchar_t letter, uint32_t number);

/* Makes a letter lead to the disk, besides the one it may have. BALLAST_BUSY: the letter leads elsewhere. */
BALLAST_API ballast_result ballast_letter_define(wchar_t letter, uint32_t number, ballast_error *error);

/* Removes the letter if it leads to the disk. */
BALLAST_API void ballast_letter_remove(wchar_t letter, uint32_t number);

typedef enum ballast_letter_event {
    BALLAST_LETTER_ARRIVED,
    BALLAST_LETTER_LEAVING, /* applications may close what they have open there */
    BALLAST_LETTER_GONE,
} ballast_letter_event;

/* Tells Explorer and all windows, waiting a few seconds at most for each. Without a desktop nothing happens. */
BALLAST_API void ballast_letter_notify(wchar_t letter, ballast_letter_event event);

/* Makes an empty directory lead to the disk. Needs a file system with reparse points, such as NTFS. */
BALLAST_API ballast_result ballast_mount_point_create(const wchar_t *directory, uint32_t number, ballast_error *error);

/*
 * Copies the native path that the directory leads to, such as \Device\ImDisk0, into `target`, which has room for `size`
 * characters. BALLAST_INVALID_ARGUMENT: it leads nowhere.
 */
BALLAST_API ballast_result ballast_mount_point_target(const wchar_t *directory, wchar_t *target, size_t size,
                                                      ballast_error *error);

/* Makes it an ordinary directory again. Refuses mount points that do not lead to a disk of ours. */
BALLAST_API ballast_result ballast_mount_point_remove(const wchar_t *directory, ballast_error *error);

struct imdisk_create_data; /* ballast/disk_abi.h */

/*
 * Has the driver create the disk whenever it is loaded: stores name, size, flags, drive letter and offset where ImDisk has
 * them in the registry. IMDISK_AUTO_DEVICE_NUMBER: the first number behind those stored.
 */
BALLAST_API ballast_result ballast_boot_disk_save(const struct imdisk_create_data *disk, ballast_error *error);

/* The driver shall not create it any more. Succeeds if it was not stored. */
BALLAST_API ballast_result ballast_boot_disk_remove(uint32_t number, ballast_error *error);

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
 * Copies all bytes of `from` to `to`. A target file is made beside its place, sparse and with the length of the source, and
 * put there when it is complete: a copy that fails or is stopped leaves what was there, and nothing else. A target disk, or
 * a path that leads to a device, is written in place: it must be at least as large, is locked and dismounted meanwhile,
 * and keeps what lies behind; a failed copy leaves it in part. All volumes on a whole drive are locked and dismounted; one
 * that the system runs or starts from is not written (BALLAST_BUSY). Who has a volume open is waited for for 10 s, or until
 * ballast_interrupt (BALLAST_INTERRUPTED). Source and target must not be the same, nor one be stored
 * in the other, by whatever names, a file's volume and its drive included; what a disk has as its image is not replaced
 * (BALLAST_BUSY). Only what holds data is read, as far as the driver and file systems know. progress may be NULL.
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

/* ---- AI ----------------------------------------------------------------------------------------------------------- */

/*
 * What the AI driver knows, from a handle that ballast_ai_open gives to ballast_ai_close. The structures are those of
 * ai_abi.h, which documents their members and units. Each measured number is a struct ballast_ai_value, which says by its
 * state whether it is measured, estimated, stale or unknown, and then from what source, how old it is, or why it is
 * unknown: an unknown value is never 0. Text in the structures is UTF-16 in uint16_t, which is wchar_t on Windows.
 *
 * Besides what each function says, all fail with BALLAST_DRIVER_UNAVAILABLE when the driver is gone, and with
 * BALLAST_FAILED when the system refuses.
 */
typedef struct ballast_ai ballast_ai;

#define BALLAST_AI_OPEN_QUERIES 0u /* enough for all queries */
#define BALLAST_AI_OPEN_CHANGES 1u /* also for blocks, samples and reloading */

/*
 * Opens the driver, which must be running (ballast_driver_start). BALLAST_DRIVER_UNAVAILABLE: it is not running, or of
 * another version. BALLAST_NO_ACCESS: this user may not open it so.
 */
BALLAST_API ballast_result ballast_ai_open(uint32_t how, ballast_ai **ai, ballast_error *error);

/* Closes the handle and frees all blocks that were allocated through it. NULL is allowed. No other call may be using it. */
BALLAST_API void ballast_ai_close(ballast_ai *ai);

/* Frees a reply that one of the following functions has allocated. NULL is allowed. */
BALLAST_API void ballast_ai_release(void *reply);

/*
 * All adapters: identity from the registry, measurements from samples. flags: BALLAST_AI_GPU_REFRESH reads the registry
 * again, else it is read once. reply->adapter[0 ... adapters_returned-1] are complete. Release the reply.
 */
BALLAST_API ballast_result ballast_ai_gpus(ballast_ai *ai, uint32_t flags, struct ballast_ai_gpu_reply **reply,
                                           ballast_error *error);

/*
 * The AI processes, by the rules, and totals. A list older than maximum_age_ms is made anew before; 0 is
 * BALLAST_AI_DEFAULT_AGE_MS, 1 always anew. At most BALLAST_AI_MAXIMUM_PROCESSES are listed; reply->processes counts all.
 * Release the reply.
 */
BALLAST_API ballast_result ballast_ai_processes(ballast_ai *ai, uint32_t maximum_age_ms,
                                                struct ballast_ai_process_reply **reply, ballast_error *error);

/*
 * Wake-up latency and what AI processes' threads do. The first call starts the probe: values are unknown with
 * BALLAST_AI_REASON_STARTING until it has run a little; call again, for a second or so. maximum_age_ms as above. What the
 * buckets count is in ballast/latency.h.
 */
BALLAST_API ballast_result ballast_ai_scheduler(ballast_ai *ai, uint32_t maximum_age_ms,
                                                struct ballast_ai_scheduler_reply *reply, ballast_error *error);

/* The rules by which AI processes are found. Release the reply. */
BALLAST_API ballast_result ballast_ai_rules(ballast_ai *ai, struct ballast_ai_rule_reply **reply, ballast_error *error);

/*
 * Reads the rules from the registry again and returns them. BALLAST_INVALID_ARGUMENT: one of them is wrong, and the old
 * ones stay. BALLAST_NO_ACCESS: only administrators may. Needs a handle for changes. Release the reply.
 */
BALLAST_API ballast_result ballast_ai_reload_rules(ballast_ai *ai, struct ballast_ai_rule_reply **reply,
                                                   ballast_error *error);

/* Quotas, use and history of the pinned pool; what is free in it for this process. */
BALLAST_API ballast_result ballast_ai_pool(ballast_ai *ai, struct ballast_ai_pool_reply *reply, ballast_error *error);

/*
 * The blocks of the pool, by id: all for administrators; for others those of their own user, without his elevated programs.
 * Release the reply.
 */
BALLAST_API ballast_result ballast_ai_blocks(ballast_ai *ai, struct ballast_ai_block_reply **reply,
                                             ballast_error *error);

/* The processes that have the driver open and what they have of the pool; whose, as for blocks. Release the reply. */
BALLAST_API ballast_result ballast_ai_owners(ballast_ai *ai, struct ballast_ai_owner_reply **reply,
                                             ballast_error *error);

/*
 * Allocates size bytes (1 ... the quota), zeroed, mapped at mapping->address for reading and writing, aligned to
 * alignment bytes (a power of two to BALLAST_AI_MAXIMUM_ALIGNMENT, or 0). flags: BALLAST_AI_LOCK fails if the pages cannot
 * be locked, BALLAST_AI_LOCK_IF_POSSIBLE tells in mapping->state. The block belongs to this handle. BALLAST_FAILED: a
 * quota, which the message names with the value in the registry that sets it, or memory is exhausted. Needs a handle for changes, as all of the following.
 */
BALLAST_API ballast_result ballast_ai_allocate(ballast_ai *ai, uint64_t size, uint32_t alignment, uint32_t flags,
                                               struct ballast_ai_mapping *mapping, ballast_error *error);

/* Unmaps a block everywhere and frees it. BALLAST_NOT_FOUND: this handle has no such block. */
BALLAST_API ballast_result ballast_ai_free(ballast_ai *ai, uint64_t id, ballast_error *error);

/*
 * Lets another process map a block of this handle: access is BALLAST_AI_ACCESS_READ or _WRITE; BALLAST_AI_ACCESS_NONE
 * takes it back and unmaps. BALLAST_NOT_FOUND: this handle has no such block, or there is no such process. BALLAST_NO_ACCESS: the
 * caller could not open the process with PROCESS_QUERY_LIMITED_INFORMATION, which only taking back does not need.
 */
BALLAST_API ballast_result ballast_ai_grant(ballast_ai *ai, uint64_t id, uint32_t process_id, uint32_t access,
                                            ballast_error *error);

/*
 * The same for a process by a handle to it that was opened with PROCESS_QUERY_INFORMATION, or
 * PROCESS_QUERY_LIMITED_INFORMATION from Windows Vista on: ids of processes are used again, handles are not mistaken.
 */
BALLAST_API ballast_result ballast_ai_grant_process(ballast_ai *ai, uint64_t id, void *process, uint32_t access,
                                                    ballast_error *error);

/*
 * Maps a block that another process has granted to this one. access: BALLAST_AI_ACCESS_READ or _WRITE; flags as for
 * ballast_ai_allocate. BALLAST_NOT_FOUND: no such block, or it was not granted. BALLAST_NO_ACCESS: it was granted for
 * reading only.
 */
BALLAST_API ballast_result ballast_ai_map(ballast_ai *ai, uint64_t id, uint32_t access, uint32_t flags,
                                          struct ballast_ai_mapping *mapping, ballast_error *error);

/* Ends this process's mapping of a block. BALLAST_NOT_FOUND: no such block, or it is not mapped here. */
BALLAST_API ballast_result ballast_ai_unmap(ballast_ai *ai, uint64_t id, ballast_error *error);

/*
 * Gives the driver what a collector has measured of one adapter. The header of the sample is filled in here. Administrators
 * only (BALLAST_NO_ACCESS). BALLAST_NOT_FOUND: no adapter has this index. BALLAST_INVALID_ARGUMENT: nothing in the mask,
 * or a value outside its range.
 */
BALLAST_API ballast_result ballast_ai_push_sample(ballast_ai *ai, const struct ballast_ai_sample *sample,
                                                  ballast_error *error);

/* The driver's version, settings, counters and memory by tag. */
BALLAST_API ballast_result ballast_ai_driver(ballast_ai *ai, struct ballast_ai_driver_reply *reply,
                                             ballast_error *error);

#ifdef __cplusplus
}
#endif

#endif
