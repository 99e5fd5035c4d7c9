/* SPDX-License-Identifier: MIT */
/* The processes of the simulated system, as tests describe them, and asking for them. */

#include "sim/kernel/system.h"

#include "sim/ground/fault.h"
#include "sim/ground/raw_lock.h"
#include "sim/ground/thread.h"
#include "sim/ground/violation.h"
#include "sim/kernel/memory.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TICK_100NS 156250u

/* SYSTEM_PROCESS_INFORMATION and its threads on x64. */
struct process_record {
    ULONG next_offset, threads;
    UCHAR reserved_1[24];
    LONGLONG create_time, user_time, kernel_time;
    UNICODE_STRING name;
    LONG base_priority;
    ULONG reserved_2;
    uintptr_t process_id, parent_id;
    ULONG handles, session;
    uintptr_t reserved_3[3];
    ULONG page_faults, reserved_4;
    SIZE_T peak_working_set, working_set;
    UCHAR reserved_5[104];
};
_Static_assert(offsetof(struct process_record, name) == 0x38 && offsetof(struct process_record, working_set) == 0x90 &&
                   sizeof(struct process_record) == 0x100,
               "NT's layout");

struct thread_record {
    LONGLONG kernel_time, user_time, create_time;
    ULONG wait_time, reserved;
    uintptr_t start_address, process_id, thread_id;
    LONG priority, base_priority;
    ULONG context_switches, state, wait_reason, reserved_2;
};
_Static_assert(offsetof(struct thread_record, state) == 0x44 && sizeof(struct thread_record) == 0x50, "NT's layout");

struct process {
    struct process *next;
    struct sim_system_process description;
    uint64_t added_100ns; /* by the host's clock */
    size_t name_length;
    WCHAR name[260];
};

static struct sim_raw_lock lock;
static struct process *processes;
static struct process **last = &processes;
static unsigned growing; /* so many enumerations find that there are more processes than there were room for */
static bool held;        /* atomic */
static unsigned waiting; /* atomic; enumerations that are held */

static void forget(void)
{
    while (processes != NULL) {
        struct process *process = processes;
        processes = process->next;
        free(process);
    }
    last = &processes;
    growing = 0;
}

void sim_system_clear(void)
{
    sim_raw_lock(&lock);
    forget();
    sim_raw_unlock(&lock);
}

void sim_system_grow(unsigned times)
{
    __atomic_store_n(&growing, times, __ATOMIC_RELAXED);
}

void sim_system_hold(bool on)
{
    __atomic_store_n(&held, on, __ATOMIC_RELAXED);
}

unsigned sim_system_waiting(void)
{
    return __atomic_load_n(&waiting, __ATOMIC_RELAXED);
}

static void wait_while_held(void)
{
    struct timespec pause = {0, 100000};
    __atomic_add_fetch(&waiting, 1, __ATOMIC_RELAXED);
    while (__atomic_load_n(&held, __ATOMIC_RELAXED)) {
        (void)nanosleep(&pause, NULL);
    }
    __atomic_sub_fetch(&waiting, 1, __ATOMIC_RELAXED);
}

static uint64_t host_time_100ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 10000000 + (uint64_t)now.tv_nsec / 100;
}

/* Whole ticks of the clock, as NT charges them to who happens to run. */
static uint64_t charged_100ns(const struct process *process)
{
    uint64_t run_100ns = (host_time_100ns() - process->added_100ns) * process->description.cpu_permille / 1000;
    return run_100ns / TICK_100NS * TICK_100NS;
}

void sim_system_add(const struct sim_system_process *description)
{
    struct process *process = calloc(1, sizeof(*process));
    process->added_100ns = host_time_100ns();
    process->description = *description;
    while (process->name_length < 260 && description->name[process->name_length] != 0) {
        process->name[process->name_length] = (unsigned char)description->name[process->name_length];
        process->name_length++;
    }
    sim_raw_lock(&lock);
    *last = process;
    last = &process->next;
    sim_raw_unlock(&lock);
}

/* What every NT has. */
void sim_system_reset(void)
{
    static const struct sim_system_process idle = {.name = "", .threads = 2, .thread_state = 2};
    static const struct sim_system_process system = {
        .name = "System", .process_id = 4, .threads = 3, .thread_state = 5, .context_switches_per_thread = 9};
    sim_system_hold(false);
    sim_system_clear();
    sim_system_add(&idle);
    sim_system_add(&system);
}

static size_t record_size(const struct process *process)
{
    size_t size = sizeof(struct process_record) + process->description.threads * sizeof(struct thread_record) +
                  process->name_length * sizeof(WCHAR);
    return (size + 7) / 8 * 8;
}

static void write_record(const struct process *process, unsigned char *at)
{
    const struct sim_system_process *from = &process->description;
    struct process_record record = {
        .next_offset = process->next != NULL ? (ULONG)record_size(process) : 0,
        .threads = from->threads,
        .create_time = (LONGLONG)from->create_time,
        .user_time = (LONGLONG)(from->cpu_time_100ns + charged_100ns(process)),
        .name = {.Length = (USHORT)(process->name_length * sizeof(WCHAR)),
                 .MaximumLength = (USHORT)(process->name_length * sizeof(WCHAR)),
                 .Buffer = (WCHAR *)(void *)(at + sizeof(record) + from->threads * sizeof(struct thread_record))},
        .process_id = from->process_id,
        .parent_id = from->parent_process_id,
        .handles = from->handles,
        .working_set = from->working_set_bytes,
    };
    memcpy(at, &record, sizeof(record));
    for (ULONG i = 0; i < from->threads; i++) {
        struct thread_record thread = {.process_id = from->process_id,
                                       .thread_id = from->process_id + 4 + 4 * (uintptr_t)(from->threads_ended + i),
                                       .create_time = (LONGLONG)from->create_time,
                                       .context_switches = from->context_switches_per_thread,
                                       .state = from->thread_state};
        memcpy(at + sizeof(record) + i * sizeof(thread), &thread, sizeof(thread));
    }
    memcpy(at + sizeof(record) + from->threads * sizeof(struct thread_record), process->name,
           process->name_length * sizeof(WCHAR));
}

NTSTATUS ZwQuerySystemInformation(ULONG information_class, PVOID information, ULONG length, PULONG needed)
{
    size_t size = 0;
    sim_check_irql("ZwQuerySystemInformation", PASSIVE_LEVEL);
    if (information_class != 5) {
        sim_violation("test", "ZwQuerySystemInformation: only processes are simulated");
    }
    if (sim_fault("ZwQuerySystemInformation")) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    wait_while_held();
    sim_raw_lock(&lock);
    for (const struct process *process = processes; process != NULL; process = process->next) {
        size += record_size(process);
    }
    bool room = size <= length;
    unsigned char *at = information;
    for (const struct process *process = processes; room && process != NULL; process = process->next) {
        write_record(process, at);
        at += record_size(process);
    }
    sim_raw_unlock(&lock);
    sim_memory_accessed(information, room ? size : 0, true);
    if (__atomic_load_n(&growing, __ATOMIC_RELAXED) != 0) {
        __atomic_sub_fetch(&growing, 1, __ATOMIC_RELAXED);
        room = false;
        size = (size_t)length + 1;
    }
    *needed = (ULONG)size;
    return room ? STATUS_SUCCESS : STATUS_INFO_LENGTH_MISMATCH;
}
