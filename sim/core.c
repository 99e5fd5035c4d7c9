/* SPDX-License-Identifier: MIT */
/* Violations, per-thread state, lock order, delays, fault points. */

#include "sim/internal.h"

#include <execinfo.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#if defined(SIM_ASAN) || defined(SIM_TSAN)
#define SIM_SANITIZED 1
#endif
#ifdef SIM_TSAN
#include <sanitizer/tsan_interface.h>
#endif

/* x64 kernels give a driver 24 KiB of stack, of which others have used some. Sanitizers need several times as much. */
#ifdef SIM_SANITIZED
#define STACK_LIMIT (64u << 10)
#include <sanitizer/common_interface_defs.h>
#else
#define STACK_LIMIT (12u << 10)
#endif

static struct sim_options options;

/* ---- violations ---- */

static void print_stack(void)
{
#ifdef SIM_SANITIZED
    __sanitizer_print_stack_trace();
#else
    void *frames[64];
    int count = backtrace(frames, 64);
    backtrace_symbols_fd(frames, count, STDERR_FILENO);
#endif
}

_Noreturn void sim_violation(const char *rule, const char *format, ...)
{
    va_list arguments;
    fflush(stdout);
    fprintf(stderr, "sim: %s: ", rule);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n");
    print_stack();
    abort();
}

/* ---- the invisible lock ---- */

/* ThreadSanitizer sees what library functions called by the simulation touch; not its business under such a lock. */
#ifdef SIM_TSAN
void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);
void AnnotateIgnoreWritesBegin(const char *file, int line);
void AnnotateIgnoreWritesEnd(const char *file, int line);
#define IGNORE_BEGIN() (AnnotateIgnoreReadsBegin(__FILE__, __LINE__), AnnotateIgnoreWritesBegin(__FILE__, __LINE__))
#define IGNORE_END()   (AnnotateIgnoreWritesEnd(__FILE__, __LINE__), AnnotateIgnoreReadsEnd(__FILE__, __LINE__))
#else
#define IGNORE_BEGIN() ((void)0)
#define IGNORE_END()   ((void)0)
#endif

void sim_raw_lock(struct sim_raw_lock *lock)
{
    while (__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE) != 0) {
        (void)sched_yield();
    }
    IGNORE_BEGIN();
}

void sim_raw_unlock(struct sim_raw_lock *lock)
{
    IGNORE_END();
    __atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
}

void sim_publish(const void *object)
{
#ifdef SIM_TSAN
    __tsan_release((void *)(uintptr_t)object);
#else
    (void)object;
#endif
}

void sim_observe(const void *object)
{
#ifdef SIM_TSAN
    __tsan_acquire((void *)(uintptr_t)object);
#else
    (void)object;
#endif
}

bool sim_drop_reference(LONG *references)
{
    sim_publish(references);
    bool last = __atomic_sub_fetch(references, 1, __ATOMIC_ACQ_REL) == 0;
    if (last) {
        sim_observe(references);
    }
    return last;
}

/* ---- threads ---- */

struct sim_thread *sim_self(void)
{
    static _Thread_local struct sim_thread self;
    static uint64_t next_seed;
    if (self.random == 0) {
        self.random = (options.seed + __atomic_add_fetch(&next_seed, 1, __ATOMIC_RELAXED)) * 0x9E3779B97F4A7C15u | 1;
    }
    return &self;
}

/* How much stack the driver uses between being called and calling us. */
static void check_stack(const struct sim_thread *self)
{
    const char *here = (const char *)__builtin_frame_address(0);
    if (self->stack_base != NULL && self->stack_base > here && (size_t)(self->stack_base - here) > STACK_LIMIT) {
        sim_violation("stack", "the driver uses more than %u bytes of stack", STACK_LIMIT);
    }
}

void sim_check_irql(const char *function, KIRQL maximum)
{
    const struct sim_thread *self = sim_self();
    check_stack(self);
    if (self->irql > maximum) {
        sim_violation("irql", "%s called at IRQL %u, allowed up to %u", function, self->irql, maximum);
    }
}

struct sim_entry sim_enter_driver(void)
{
    struct sim_thread *self = sim_self();
    if (self->kernel_depth++ == 0) {
        self->stack_base = (const char *)__builtin_frame_address(0);
    }
    return (struct sim_entry){self->irql, self->critical_regions, self->held_count};
}

void sim_leave_driver(const char *what, struct sim_entry entry)
{
    struct sim_thread *self = sim_self();
    if (self->held_count != entry.held_count) {
        sim_violation("lock-left", "%s returned with %u locks held, and began with %u", what, self->held_count,
                      entry.held_count);
    }
    if (self->irql != entry.irql) {
        sim_violation("irql-left", "%s returned at IRQL %u, and began at %u", what, self->irql, entry.irql);
    }
    if (self->critical_regions != entry.critical_regions) {
        sim_violation("critical-region-left", "%s returned within %u critical regions, and began within %u", what,
                      self->critical_regions, entry.critical_regions);
    }
    if (self->impersonating) {
        sim_violation("impersonation-left", "%s returned while impersonating", what);
    }
    if (--self->kernel_depth == 0) {
        self->stack_base = NULL;
    }
}

/* ---- chance ---- */

static uint64_t next_random(void)
{
    uint64_t *state = &sim_self()->random;
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

bool sim_chance(unsigned percent)
{
    return next_random() % 100 < percent;
}

void sim_delay(void)
{
    if (options.delay_percent != 0 && sim_chance(options.delay_percent)) {
        if (sim_chance(20)) {
            struct timespec time = {0, (long)(next_random() % 100000)};
            (void)nanosleep(&time, NULL);
        } else {
            (void)sched_yield();
        }
    }
}

void sim_set_irql(KIRQL irql)
{
    sim_self()->irql = irql;
}

/* ---- faults ---- */

#define FAULTS_LOGGED 1024

static unsigned long fault_at;
static unsigned long fault_count;
static const char *fault_names[FAULTS_LOGGED];

void sim_fault_at(unsigned long n)
{
    __atomic_store_n(&fault_count, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&fault_at, n, __ATOMIC_RELAXED);
}

bool sim_fault(const char *name)
{
    unsigned long count = __atomic_add_fetch(&fault_count, 1, __ATOMIC_RELAXED);
    __atomic_store_n(&fault_names[(count - 1) % FAULTS_LOGGED], name, __ATOMIC_RELAXED);
    sim_delay();
    return count == __atomic_load_n(&fault_at, __ATOMIC_RELAXED);
}

unsigned long sim_fault_count(void)
{
    return __atomic_load_n(&fault_count, __ATOMIC_RELAXED);
}

const char *sim_fault_name(unsigned long n)
{
    return n == 0 || n > sim_fault_count() ? NULL
                                           : __atomic_load_n(&fault_names[(n - 1) % FAULTS_LOGGED], __ATOMIC_RELAXED);
}

/* ---- loading ---- */

static DRIVER_OBJECT driver;
static bool loaded;

const struct sim_options *sim_get_options(void)
{
    return &options;
}

PDRIVER_OBJECT sim_driver(void)
{
    return &driver;
}

void sim_reset(const struct sim_options *new_options)
{
    if (loaded) {
        sim_violation("test", "sim_reset while a driver is loaded");
    }
    options = *new_options;
    if (options.sector_size == 0) {
        options.sector_size = 512;
    }
    if (options.watchdog_seconds == 0) {
        options.watchdog_seconds = 60;
    }
    if (options.hurry == 0) {
        options.hurry = 1;
    }
    sim_fault_at(0);
    sim_memory_reset();
    sim_volume_reset();
    sim_events_reset();
    sim_log_reset();
    sim_mount_reset();
    sim_registry_reset();
    sim_system_reset();
}

static NTSTATUS unhandled(PDEVICE_OBJECT device, PIRP irp)
{
    UNREFERENCED_PARAMETER(device);
    irp->IoStatus.Status = STATUS_INVALID_DEVICE_REQUEST;
    irp->IoStatus.Information = 0;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return STATUS_INVALID_DEVICE_REQUEST;
}

static void check_nothing_left(void)
{
    sim_threads_check_joined();
    sim_timers_check_idle();
    sim_tokens_check_released();
    sim_system_check_released();
    sim_mm_check_released();
    sim_io_check_empty();
    sim_handles_check_closed();
    sim_log_check_written();
    sim_memory_check_leaks();
    sim_objects_forget_all();
}

static void refuse_everything(void)
{
    for (unsigned i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        driver.MajorFunction[i] = unhandled;
    }
}

NTSTATUS sim_load(DRIVER_INITIALIZE *entry)
{
    static WCHAR path_text[] = L"" SIM_SERVICE_KEY;
    UNICODE_STRING path = {sizeof(path_text) - sizeof(WCHAR), sizeof(path_text), path_text};
    memset(&driver, 0, sizeof(driver));
    refuse_everything();
    struct sim_entry state = sim_enter_driver();
    NTSTATUS status = entry(&driver, &path);
    sim_leave_driver("DriverEntry", state);
    if (NT_SUCCESS(status)) {
        loaded = true;
        /* NT does this for the devices that DriverEntry has made. */
        for (PDEVICE_OBJECT device = driver.DeviceObject; device != NULL; device = device->NextDevice) {
            device->Flags &= ~DO_DEVICE_INITIALIZING;
        }
    } else {
        check_nothing_left();
    }
    return status;
}

/* Once; NULL: it has run. */
static void run_unload(void)
{
    if (driver.DriverUnload != NULL) {
        struct sim_entry state = sim_enter_driver();
        driver.DriverUnload(&driver);
        sim_leave_driver("DriverUnload", state);
        driver.DriverUnload = NULL;
    }
}

void sim_unload_early(void)
{
    run_unload();
    refuse_everything();
}

void sim_unload(void)
{
    if (!loaded) {
        sim_violation("test", "sim_unload without a driver");
    }
    run_unload();
    loaded = false;
    check_nothing_left();
}
