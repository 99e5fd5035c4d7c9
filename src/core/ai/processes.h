/* SPDX-License-Identifier: MIT */
/*
 * A list of the AI processes, made in one pass from the system's answer about all processes, which is not trusted.
 *
 * A list does not change once it is built, except for snapshot_time, so any number of threads may read it; its memory is
 * resident. Building and freeing: IRQL <= DISPATCH_LEVEL. Everything else: any IRQL if the buffers are resident.
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

struct process_entry {
    struct ballast_ai_process row;
    uint64_t context_switches;
};

struct process_list {
    uint64_t snapshot_time; /* 100 ns since 1601, set by whoever asked the system; 0 until then */
    struct process_totals totals;
    uint32_t listed; /* entries: at most BALLAST_AI_MAXIMUM_PROCESSES */
    uint32_t capacity;
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
 * Writes struct ballast_ai_process_reply and as many rows as fit, and returns the bytes written; 0, and nothing is
 * written, if not even the fixed part fits.
 */
size_t process_list_reply(const struct process_list *list, uint64_t now_100ns, uint32_t rules_generation, void *buffer,
                          size_t length);

/*
 * What the AI processes have done between two lists. A process counts from its creation if it is new, and not at all
 * if it has ended, since nobody knows what it did last. Both are unknown (not `valid`) if no time has passed; context
 * switches are if a list does not have them.
 */
struct process_delta {
    uint64_t elapsed_100ns;
    int64_t cpu_permille; /* of one processor */
    int64_t context_switches_per_second;
    bool cpu_valid;
    bool context_switches_valid;
};

void process_list_delta(const struct process_list *before, const struct process_list *after,
                        struct process_delta *delta);

#endif
