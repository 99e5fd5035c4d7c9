/* SPDX-License-Identifier: MIT */
/* For tests: the processes that the system lists, which have nothing to do with sim_process_create. */
#ifndef SIM_API_SYSTEM_H
#define SIM_API_SYSTEM_H

#include <ntifs.h>

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
    uint32_t threads_ended; /* so many of its first ones, which are not listed any more */
    uint32_t cpu_permille;  /* what it takes of a processor from now on, charged in ticks of 15.625 ms */
};

/* After sim_reset there are two: the idle process, whose threads run, and System. */
void sim_system_clear(void);
void sim_system_add(const struct sim_system_process *process);
/* The next `times` enumerations find the list longer than the room for it. */
void sim_system_grow(unsigned times);
/* Enumerations do not end while this is on; how many are waiting now. */
void sim_system_hold(bool on);
unsigned sim_system_waiting(void);

#endif
