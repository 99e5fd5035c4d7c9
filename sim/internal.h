/* SPDX-License-Identifier: MIT */
/* What the files of the simulation share. */
#ifndef SIM_INTERNAL_H
#define SIM_INTERNAL_H

#include "sim/sim.h"

#include <pthread.h>

/* ---- core.c: violations, threads, delays, faults ---- */

/* Prints "sim: <rule>: <message>" and a stack, and aborts. */
_Noreturn void sim_violation(const char *rule, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * A lock that ThreadSanitizer does not see, for the simulation's own lists: so that they do not order accesses of the
 * driver that nothing orders on NT.
 */
struct sim_raw_lock {
    int taken;
};
void sim_raw_lock(struct sim_raw_lock *lock);
void sim_raw_unlock(struct sim_raw_lock *lock);

/* Where NT orders what one thread did before with what another does after, by a lock of its own. */
void sim_publish(const void *object);
void sim_observe(const void *object);

/* Drops a reference; true if it was the last. What others did before they dropped theirs is ordered before that. */
bool sim_drop_reference(LONG *references);

#define SIM_HELD_MAXIMUM 16

struct sim_thread {
    KIRQL irql;
    unsigned critical_regions;
    unsigned kernel_depth; /* > 0 while driver code runs in this thread */
    bool system;           /* made by PsCreateSystemThread */
    bool impersonating;
    bool administrator;                      /* of the process or, impersonating, of the client */
    struct sim_lock *held[SIM_HELD_MAXIMUM]; /* oldest first */
    unsigned held_count;
    const char *stack_base; /* where driver code began */
    uint64_t random;
};

struct sim_lock;
struct sim_waitable;

struct sim_thread *sim_self(void);

/* Checks every kernel function begins with. */
void sim_check_irql(const char *function, KIRQL maximum);

/* Entering and leaving driver code, with the checks on what it must leave as it was. */
struct sim_entry {
    KIRQL irql;
    unsigned critical_regions;
    unsigned held_count;
};
struct sim_entry sim_enter_driver(void);
void sim_leave_driver(const char *what, struct sim_entry entry);

void sim_delay(void);

/* True if the call that `name` names shall fail. */
bool sim_fault(const char *name);

/* True in about `percent` of the calls, decided by the seed. */
bool sim_chance(unsigned percent);

const struct sim_options *sim_get_options(void);

/* ---- lock.c: spin locks and mutexes, and what is forgotten with the memory it is in ---- */

struct sim_lock; /* not recursive; the simulation's side of a KSPIN_LOCK or FAST_MUTEX */

/* Called by the function that the driver initialises it with: where from decides its class in the order graph. */
struct sim_lock *sim_lock_create(const void *address, const char *kind);
/* Checks that *address is where `lock` was initialised and not a copy or garbage. */
void sim_lock_check(const struct sim_lock *lock, const void *address, const char *function);
void sim_lock_take(struct sim_lock *lock);
void sim_lock_drop(struct sim_lock *lock);
bool sim_lock_is_mine(const struct sim_lock *lock);

/* Waitables are registered with the address of the event or semaphore that they stand for. */
void sim_register_waitable(const void *address, struct sim_waitable *waitable);

/* Memory from `start` on is freed: no lock in it may be held; locks and waitables in it are forgotten. */
void sim_objects_forget(const void *start, size_t size);
void sim_objects_forget_all(void);

/* ---- memory.c ---- */

void sim_memory_reset(void);
/* Aborts with a list if pool is still allocated. */
void sim_memory_check_leaks(void);

/* A system buffer of exactly `size` bytes, input copied in, the rest garbage. NULL for size 0. */
void *sim_system_buffer_create(const void *input, size_t input_length, size_t size);
/* The first byte of [0, length) that the driver has not written and that was not input; length if there is none. */
size_t sim_system_buffer_unwritten(const void *buffer, size_t input_length, size_t length);
void sim_system_buffer_free(void *buffer);

/* The driver, or the kernel for it, reads or writes these bytes. */
void sim_memory_accessed(const void *address, size_t size, bool write);

/* Makes memory that the driver may not touch any more an error to touch, where AddressSanitizer watches. */
void sim_memory_poison(const void *start, size_t size);
void sim_memory_unpoison(const void *start, size_t size);

/* ---- io.c ---- */

struct sim_device {
    DEVICE_OBJECT object; /* first */
    char *name;           /* "\Device\X", NULL: has none any more */
    ULONG extension_size;
    LONG references; /* its existence, handles, file objects */
    bool deleted;
    bool has_dacl;
    ACCESS_MASK system, administrators, everyone;
    struct sim_device *next;
};

struct sim_device *sim_device_find(const char *path);
void sim_device_reference(struct sim_device *device);
void sim_device_dereference(struct sim_device *device);
ACCESS_MASK sim_device_granted(const struct sim_device *device, bool administrator);

/* Called when a request is completed, in the completing thread; the IRP is still valid. */
typedef void sim_completion(PIRP irp, void *context);

/* Builds a request with one stack location. It is freed when it is completed and nobody holds it. */
PIRP sim_irp_create(PDEVICE_OBJECT device, UCHAR major, sim_completion *completion, void *context);
void sim_irp_hold(PIRP irp);
void sim_irp_release(PIRP irp);
NTSTATUS sim_irp_dispatch(PDEVICE_OBJECT device, PIRP irp);
void sim_irp_cancel(PIRP irp);

/*
 * The driver sees a copy of the caller's buffer, which ends where the length does. With `output` it is filled with garbage
 * and goes back to the caller when the request is completed; it is gone then.
 */
PMDL sim_mdl_create(void *buffer, size_t length, bool output);

/* UTF-16 as ASCII, upper case; false if it does not fit or is not ASCII. */
bool sim_narrow(const UNICODE_STRING *string, char *text, size_t size);

void sim_io_check_empty(void);
PDRIVER_OBJECT sim_driver(void);

/* ---- ob.c ---- */

enum sim_handle_kind {
    SIM_HANDLE_FREE,
    SIM_HANDLE_EVENT,
    SIM_HANDLE_THREAD,
    SIM_HANDLE_FILE,
    SIM_HANDLE_DEVICE,
    SIM_HANDLE_LINK,
    SIM_HANDLE_KEY,
    SIM_HANDLE_USER_THREAD,
    SIM_HANDLE_PROCESS,
    SIM_HANDLE_SECTION,
    SIM_HANDLE_MOUNT_MANAGER,
};

HANDLE sim_handle_create(enum sim_handle_kind kind, void *object, ULONG attributes, const char *function);
enum sim_handle_kind sim_handle_kind(HANDLE handle, const char *function);
void *sim_handle_object(HANDLE handle, enum sim_handle_kind kind, const char *function);
void sim_handles_check_closed(void);

/* ---- ke.c ---- */

struct sim_waitable; /* an event, a semaphore, or a thread */
struct sim_waitable *sim_waitable_create(LONG count, LONG limit, bool automatic);
void sim_waitable_free(struct sim_waitable *waitable);
void sim_waitable_signal(struct sim_waitable *waitable, LONG count);
void sim_waitable_clear(struct sim_waitable *waitable);
/* False on timeout; timeout as NT's, NULL: for ever, which a watchdog bounds. */
bool sim_waitable_wait(struct sim_waitable *waitable, const LARGE_INTEGER *timeout);

/* Timers whose DPC has not run yet. */
void sim_timers_check_idle(void);

/* ---- se.c, ps.c ---- */

void sim_tokens_check_released(void);

void sim_threads_check_joined(void);
void sim_thread_handle_closed(void *thread);
struct sim_waitable *sim_thread_waitable(void *thread);

/* ---- cm.c, system.c ---- */

void sim_registry_reset(void);
void sim_system_reset(void);
void sim_system_check_released(void);
bool sim_is_thread_type(POBJECT_TYPE type);
bool sim_user_thread_is(const void *object);
bool sim_user_thread_open(KPROCESSOR_MODE mode);
void sim_user_thread_reference(void);
void sim_user_thread_dereference(void);

/* ---- mm.c ---- */

/* Its existence holds a reference, which dereferencing after the exit gives back. */
PEPROCESS sim_eprocess_create(void);
/* Its views are gone. */
void sim_eprocess_exit(PEPROCESS process);
void sim_eprocess_reference(PEPROCESS process);
void sim_eprocess_dereference(PEPROCESS process);
bool sim_is_eprocess(const void *object);
/* id 0: as it is; lock_limit 0: none. */
void sim_eprocess_set(PEPROCESS process, uint32_t id, bool narrow, size_t lock_limit);
void *sim_eprocess_memory(PEPROCESS process, uint64_t address, size_t size, bool write);
unsigned sim_eprocess_views(PEPROCESS process);
bool sim_eprocess_unmap(PEPROCESS process, uint64_t address);
uint32_t sim_eprocess_id(PEPROCESS process);
void sim_section_handle_closed(void *section);
/* No views, no references but those of processes that exist. */
void sim_mm_check_released(void);

/* ---- zw_objects.c ---- */

void sim_event_handle_closed(struct sim_waitable *event);
void sim_events_reset(void);

/* ---- mountmgr.c ---- */

NTSTATUS sim_mount_control(ULONG code, const void *input, ULONG length);
void sim_mount_reset(void);

/* ---- log.c ---- */

void sim_log_reset(void);
void sim_log_check_written(void);

/* ---- volume.c ---- */

struct sim_node; /* a file on the volume; opened, it lives until it is closed */

void sim_volume_reset(void);

/* `name` is what follows "\??\C:\"; `create`: it is made if it does not exist. Refuses what the others' sharing does. */
NTSTATUS sim_node_open(const char *name, bool create, ACCESS_MASK access, ULONG share, struct sim_node **node);
/* With the access and share that it was opened with. */
void sim_node_close(struct sim_node *node, ACCESS_MASK access, ULONG share);

uint64_t sim_node_size(const struct sim_node *node);
bool sim_node_resize(const struct sim_node *node, int64_t size);
/* Makes a hole of [start, end), as far as the file goes. */
bool sim_node_zero(const struct sim_node *node, int64_t start, int64_t end);
/* Waits while the volume is held, and fails while it fails; *information: the bytes read or written. */
NTSTATUS sim_node_transfer(const struct sim_node *node, bool write, uint64_t offset, void *buffer, ULONG length,
                           ULONG_PTR *information);

/* Flushes all files. */
NTSTATUS sim_volume_flush(void);
bool sim_volume_has_oplocks(void);

/* ---- zw.c ---- */

void sim_file_handle_closed(void *file);
void *sim_file_reference_object(void *file);

/* ---- what drivers look up by name, and cannot call otherwise: rtl.c has the table ---- */

NTSTATUS sim_ZwFlushBuffersFile(HANDLE file, PIO_STATUS_BLOCK io);
NTSTATUS sim_ZwLockVirtualMemory(HANDLE process, PVOID *base, SIZE_T *size, ULONG type);
PVOID sim_IoAllocateErrorLogEntry(PVOID object, UCHAR size);
void sim_IoWriteErrorLogEntry(PVOID entry);
NTSTATUS sim_SeCreateClientSecurity(PETHREAD thread, PSECURITY_QUALITY_OF_SERVICE quality, BOOLEAN remote,
                                    PSECURITY_CLIENT_CONTEXT context);
NTSTATUS sim_SeImpersonateClientEx(PSECURITY_CLIENT_CONTEXT context, PETHREAD thread);
void sim_PsRevertToSelf(void);
TOKEN_TYPE sim_SeTokenType(PACCESS_TOKEN token);
void sim_PsDereferencePrimaryToken(PACCESS_TOKEN token);
void sim_SeCaptureSubjectContext(PSECURITY_SUBJECT_CONTEXT context);
void sim_SeReleaseSubjectContext(PSECURITY_SUBJECT_CONTEXT context);
BOOLEAN sim_SeTokenIsAdmin(PACCESS_TOKEN token);

#endif
