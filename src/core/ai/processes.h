/* SPDX-License-Identifier: MIT */
/*
 * A list of the AI processes, made in one pass from the system's answer about all processes, which is not trusted.
 *
 * A list does not change once it is built, except for its times, so any number of threads may read it. Its memory is
 * paged: all of it is read, built and freed at IRQL <= APC_LEVEL.
 */
#ifndef CORE_AI_PROCESSES_H
#define CORE_AI_PROCESSES_H

#include "core/ai/rules.h"

#include <stdbool.h>

struct process_totals {
    uint32_t processes; /* AI processes, as the following */
    uint32_t threads;
    uint32_t handles;
    uint32_t thread_state[BALLAST_AI_THREAD_STATES]; /* a state beyond them is counted nowhere */
    uint64_t cpu_time_100ns;
    uint64_t working_set_bytes;
    uint64_t context_switches;
    uint32_t system_processes; /* all processes, and their threads; the idle process is one */
    uint32_t system_threads;
    bool thread_states_known;    /* the system reports states: some thread of it runs */
    bool context_switches_known; /* and context switches: some thread has had one */
};

/* Threads that could run and wait for a processor: ready, about to be, or chosen to run next. */
uint32_t process_totals_ready(const struct process_totals *totals);

struct process_entry {
    struct ballast_ai_process row;
    uint64_t own_cpu_time_100ns; /* as the system gives it for the process; the row's may be the sum over its threads */
};

/* A thread of a listed AI process. */
struct process_thread {
    uint64_t id;
    uint64_t create_time;
    uint64_t cpu_time_100ns;
    uint32_t context_switches;
    uint32_t reserved;
};

/* At most so many threads are remembered; of more nothing is known between two lists. */
#define PROCESS_MAXIMUM_THREADS 65536u

struct process_list {
    uint64_t
        snapshot_time;   /* 100 ns since 1601 UTC, before the system was asked; as the next, set by whoever asked it */
    uint64_t made_100ns; /* by a clock that only goes forward, after it answered */
    struct process_totals totals;
    uint32_t listed; /* entries: at most BALLAST_AI_MAXIMUM_PROCESSES */
    uint32_t capacity;
    struct process_thread *thread; /* in the order of ids and creation */
    uint32_t threads_listed;
    uint32_t thread_capacity;
    bool threads_complete; /* all threads of all AI processes are there */
    struct process_entry entry[];
};

/*
 * `information` is the answer, `length` bytes of it, at the address to which the system wrote it. INVALID_PARAMETER: an
 * offset, count or name of it is outside. INSUFFICIENT_RESOURCES: no memory. *list is set on success only and belongs to
 * the caller: process_list_free.
 */
ballast_status process_list_build(const void *information, size_t length, const struct rules *rules,
                                  struct process_list **list);

/* NULL is accepted. */
void process_list_free(struct process_list *list);

/* Bytes of memory that the list takes. */
size_t process_list_size(const struct process_list *list);

/*
 * `now_100ns` is by the clock of made_100ns. Writes struct ballast_ai_process_reply and as many rows as fit, and returns the bytes written; 0, and nothing is
 * written, if not even the fixed part fits.
 */
size_t process_list_reply(const struct process_list *list, uint64_t now_100ns, uint32_t rules_generation, void *buffer,
                          size_t length);

/*
 * What the AI processes have done between two lists. A process or thread counts from its creation if it is new, and not at
 * all if it has ended, since nobody knows what it did last; the processor time of ended threads is in their process's. Both
 * are unknown (not `valid`) if no time has passed; context switches also if a list does not have them or not all threads.
 */
struct process_delta {
    uint64_t elapsed_100ns;
    int64_t cpu_permille; /* of one processor */
    int64_t context_switches_per_second;
    bool cpu_valid;
    bool context_switches_valid;
};

/* By id, then by creation. */
void process_list_sort_threads(struct process_thread *thread, uint32_t count);

void process_list_delta(const struct process_list *before, const struct process_list *after,
                        struct process_delta *delta);

#endif
