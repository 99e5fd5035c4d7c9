/* SPDX-License-Identifier: MIT */
/*
 * A strict simulation of the NT kernel for drivers compiled on Linux: the user-mode side, and what tests control.
 *
 * Rules of NT that Windows punishes late or never are checked at once; a violation prints its name, what happened and a
 * stack, and aborts. docs/testing.md lists the rules. The kernel side is include/ntifs.h.
 *
 * All functions may be called from any thread. A calling thread acts as a thread of a user process; driver code runs in it
 * as on NT.
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include <ntifs.h>

/* ---- control ---- */

struct sim_options {
    uint64_t seed;             /* of delays and of what completes asynchronously */
    unsigned delay_percent;    /* how often a thread is held up at locks, waits and completions; 0: never */
    bool nt52;                 /* hide what NT 5.2 does not export */
    uint64_t file_limit;       /* the longest file that the volume has room for, in bytes; 0: any */
    uint64_t pool_limit;       /* bytes that drivers may have allocated at once; 0: any */
    unsigned watchdog_seconds; /* what takes longer will never end; 0: 60 */
    ULONG sector_size;         /* of the volume that image files live on; 0: 512 */
    unsigned hurry;            /* timers and delays take so many times less; 0: 1 */
};

/* Before sim_load. Forgets files of earlier runs. */
void sim_reset(const struct sim_options *options);

/* Runs DriverEntry; a failure leaves nothing. */
NTSTATUS sim_load(DRIVER_INITIALIZE *entry);

/* Runs DriverUnload and checks that nothing is left. All handles must be closed. */
void sim_unload(void);

/*
 * Runs DriverUnload although handles are open, as Wine does and NT does not. What comes after it does not reach the driver.
 * sim_unload follows when the handles are closed.
 */
void sim_unload_early(void);

/* ---- the event log, named events ---- */

/* How many events have been logged since sim_reset; the status of the last one, and its text. */
unsigned long sim_log_events(void);
NTSTATUS sim_log_last(char *text, size_t size);

/* How often the event of this path has been pulsed since sim_reset. */
unsigned long sim_event_pulses(const char *path);

/* Names an object of another kind that is in the way of an event. */
void sim_event_squat(const char *path);

/* ---- the mount manager ---- */

struct sim_mount_state {
    unsigned volumes;            /* have arrived */
    NTSTATUS refusal;            /* of every request; STATUS_SUCCESS: none */
    unsigned char unique_id[18]; /* of the last volume: its length, and 16 bytes */
};

/* Reset by sim_reset. Not to be read while requests to it are under way. */
struct sim_mount_state *sim_mount_manager(void);

/* ---- fault injection ---- */

/* The n-th fallible kernel call from now on fails, once; 0: none. */
void sim_fault_at(unsigned long n);

/* Fallible calls since sim_fault_at, and the name of one of them, from 1 on; NULL if there were fewer. */
unsigned long sim_fault_count(void);
const char *sim_fault_name(unsigned long n);

/* ---- the registry ---- */

/* The key of the service that drivers are loaded for. */
#define SIM_SERVICE_KEY "\\Registry\\Machine\\SYSTEM\\CurrentControlSet\\Services\\driver"

/* Makes the key if there is none, and the value in it if `name` is not NULL. */
void sim_registry_set(const char *path, const char *name, ULONG type, const void *data, size_t length);
/* Deletes a value, or the key if `name` is NULL, but not keys under it. */
void sim_registry_delete(const char *path, const char *name);

/* ---- the processes that the system lists, which have nothing to do with sim_process_create ---- */

struct sim_system_process {
    const char *name; /* up to 259 characters are kept */
    uint32_t process_id;
    uint32_t parent_process_id;
    uint32_t threads;
    uint32_t handles;
    uint32_t thread_state; /* of each of them */
    uint32_t context_switches_per_thread;
    uint64_t create_time;
    uint64_t cpu_time_100ns;
    uint64_t working_set_bytes;
};

/* After sim_reset there are two: the idle process, whose threads run, and System. */
void sim_system_clear(void);
void sim_system_add(const struct sim_system_process *process);
/* The next `times` enumerations find the list longer than the room for it. */
void sim_system_grow(unsigned times);
/* Enumerations do not end while this is on; how many are waiting now. */
void sim_system_hold(bool on);
unsigned sim_system_waiting(void);

/* The one thread that PsLookupThreadByThreadId finds, and the base priority it has been given. */
void sim_user_thread_set(uint32_t id, bool administrators);
LONG sim_user_thread_priority(void);

/* ---- processes, files, requests ---- */

struct sim_process;
struct sim_file; /* a handle */
struct sim_request;

struct sim_process *sim_process_create(bool administrator);

/* What others call it by. */
uint32_t sim_process_id(struct sim_process *process);

/* Another id (0: as it is), 32-bit pointers, how many bytes it may lock (0: any). */
void sim_process_set(struct sim_process *process, uint32_t id, bool narrow, size_t lock_limit);

/* Where the host has these bytes of the process; NULL if they are not mapped so there. */
void *sim_process_memory(struct sim_process *process, uint64_t address, size_t size, bool write);

/* How many views it has. */
unsigned sim_process_views(struct sim_process *process);

/* As the process does it itself; false if nothing is mapped there. */
bool sim_process_unmap(struct sim_process *process, uint64_t address);

/* Cancels its requests, waits for them, closes its handles, and forgets it. */
void sim_kill_process(struct sim_process *process);

/* Opens "\Device\X", "\DosDevices\X" or "\??\X", or a name behind one of these, which the driver receives. */
NTSTATUS sim_create_file(struct sim_process *process, const char *path, ACCESS_MASK access, struct sim_file **file);
void sim_close(struct sim_file *file);

/* Where a "\DosDevices\" or "\??\" path leads, false if to nothing; other paths as they are. */
bool sim_resolve_path(const char *path, char *resolved, size_t size);

/* These wait. *information may be NULL; it is 0 after an error. */
NTSTATUS sim_read(struct sim_file *file, uint64_t offset, void *buffer, ULONG length, ULONG_PTR *information);
NTSTATUS sim_write(struct sim_file *file, uint64_t offset, const void *buffer, ULONG length, ULONG_PTR *information);
NTSTATUS sim_flush(struct sim_file *file);
NTSTATUS sim_ioctl(struct sim_file *file, ULONG code, const void *input, ULONG input_length, void *output,
                   ULONG output_length, ULONG_PTR *information);

/* As another driver sends control requests: no access check. */
NTSTATUS sim_internal_ioctl(struct sim_file *file, ULONG code, const void *input, ULONG input_length, void *output,
                            ULONG output_length, ULONG_PTR *information);

/* The file's writes ask to reach the medium before they end, as those of files opened with FILE_WRITE_THROUGH. */
void sim_file_write_through(struct sim_file *file);

/* As the I/O manager sends them for a file on the device itself. The class is one of FILE_INFORMATION_CLASS. */
NTSTATUS sim_query_information(struct sim_file *file, FILE_INFORMATION_CLASS information_class, void *buffer,
                               ULONG length, ULONG_PTR *information);
NTSTATUS sim_set_information(struct sim_file *file, FILE_INFORMATION_CLASS information_class, const void *buffer,
                             ULONG length);

/* A page or dump file is made on the disk, or is gone. */
NTSTATUS sim_usage_notification(struct sim_file *file, DEVICE_USAGE_NOTIFICATION_TYPE type, bool in_path);

/* A request with any major function and no parameters. */
NTSTATUS sim_simple_request(struct sim_file *file, UCHAR major);

/* These do not wait. Each request ends with sim_request_wait, which frees it. The buffers must stay. */
struct sim_request *sim_read_begin(struct sim_file *file, uint64_t offset, void *buffer, ULONG length);
struct sim_request *sim_write_begin(struct sim_file *file, uint64_t offset, const void *buffer, ULONG length);
struct sim_request *sim_ioctl_begin(struct sim_file *file, ULONG code, const void *input, ULONG input_length,
                                    void *output, ULONG output_length);
void sim_cancel(struct sim_request *request);
NTSTATUS sim_request_wait(struct sim_request *request, ULONG_PTR *information);
bool sim_request_done(struct sim_request *request);

/* The calling thread's IRQL for requests that it makes: file systems may call at DISPATCH_LEVEL. */
void sim_set_irql(KIRQL irql);

/* ---- the volume with image files; names are those behind "\??\C:\" ---- */

bool sim_volume_create(const char *name, const void *data, uint64_t size); /* data may be NULL: zeros */
void sim_volume_delete(const char *name);
int64_t sim_volume_size(const char *name); /* -1: does not exist */
bool sim_volume_truncate(const char *name, uint64_t size);
bool sim_volume_read(const char *name, uint64_t offset, void *data, size_t length);
/* False also if somebody has it open who does not share it for writing. */
bool sim_volume_write(const char *name, uint64_t offset, const void *data, size_t length);

/* Disk space of a file in bytes; less than its size if it has holes. -1: does not exist. */
int64_t sim_volume_allocated(const char *name);

/* Nobody but system threads that do not impersonate may open it from now on. */
void sim_volume_protect(const char *name);

/* Reads, writes and flushes of image files fail with this status from now on; STATUS_SUCCESS: they work. */
void sim_volume_fail(NTSTATUS status);

/* Reads and writes of image files do not end while this is on; how many are waiting now. */
void sim_volume_hold(bool on);
unsigned sim_volume_waiting(void);

/* The volume takes requests for oplocks, which do not end until they are cancelled: nobody else opens the file. */
void sim_volume_oplocks(bool on);

/* How often files were flushed since sim_reset, and how many bytes have been written after the last flush. */
unsigned long sim_volume_flushes(void);
uint64_t sim_volume_unflushed_bytes(void);

#endif
