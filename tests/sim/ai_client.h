/* SPDX-License-Identifier: MIT */
/*
 * What the programs that run the AI driver in the simulated kernel share: requests, and a system to look at, which
 * ai_system.h has.
 */
#ifndef TESTS_SIM_AI_CLIENT_H
#define TESTS_SIM_AI_CLIENT_H

#include "ballast/ai_abi.h"
#include "tests/sim/ai_system.h"

#define MIB           (1u << 20)

/* For CHECK_EQUAL, which compares 64 bits: statuses are signed. */
#define VALUE(status) ((uint32_t)(status))

/* Opens the device for reading and writing; NULL on failure. */
struct sim_file *ai_open(struct sim_process *process);

/* A request without input. */
NTSTATUS ai_get(struct sim_file *file, ULONG code, void *reply, size_t size);

union ai_process_list {
    struct ballast_ai_process_reply head;
    unsigned char room[sizeof(struct ballast_ai_process_reply) + 64 * sizeof(struct ballast_ai_process)];
};

/* A list that is not older than this. */
NTSTATUS ai_get_processes(struct sim_file *file, uint32_t maximum_age_ms, union ai_process_list *list);

union ai_gpu_list {
    struct ballast_ai_gpu_reply head;
    unsigned char
        room[sizeof(struct ballast_ai_gpu_reply) + BALLAST_AI_MAXIMUM_ADAPTERS * sizeof(struct ballast_ai_adapter)];
};
NTSTATUS ai_get_gpus(struct sim_file *file, bool refresh, union ai_gpu_list *list);

union ai_rule_list {
    struct ballast_ai_rule_reply head;
    unsigned char
        room[sizeof(struct ballast_ai_rule_reply) + BALLAST_AI_MAXIMUM_RULES * sizeof(struct ballast_ai_rule)];
};

NTSTATUS ai_get_scheduler(struct sim_file *file, uint32_t maximum_age_ms, struct ballast_ai_scheduler_reply *reply);

/* Counters; zeros if the request fails. */
struct ballast_ai_driver_reply ai_driver_state(struct sim_file *file);

/* A utilization, as a person would say it. */
NTSTATUS ai_push(struct sim_file *file, uint32_t adapter, int64_t permille);

NTSTATUS ai_allocate(struct sim_file *file, uint64_t size, struct ballast_ai_mapping *mapping);
NTSTATUS ai_block(struct sim_file *file, ULONG code, uint64_t id, uint32_t process_id, uint32_t access);

/* Whether the text of the wire is this. */
bool ai_is_text(const uint16_t *wide, const char *text);

void ai_pause_ms(unsigned milliseconds);
/* Of a clock that only goes forward. */
uint64_t ai_clock_ms(void);

#endif
