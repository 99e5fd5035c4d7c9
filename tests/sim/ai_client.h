/* SPDX-License-Identifier: MIT */
/*
 * What the programs that run the AI driver in the simulated kernel share: a registry and a system to look at, and
 * requests. Functions without a process or a handle act on the simulation as a whole.
 */
#ifndef TESTS_SIM_AI_CLIENT_H
#define TESTS_SIM_AI_CLIENT_H

#include "ballast/ai_abi.h"
#include "sim/sim.h"

#define AI_PARAMETERS  SIM_SERVICE_KEY "\\Parameters"

#define REGISTRY_TEXT  1u
#define REGISTRY_DWORD 4u
#define REGISTRY_MULTI 7u
#define REGISTRY_QWORD 11u

#define MIB            (1u << 20)

/* For CHECK_EQUAL, which compares 64 bits: statuses are signed. */
#define VALUE(status)  ((uint32_t)(status))

#define AI_DISPLAY_CLASS \
    "\\Registry\\Machine\\SYSTEM\\CurrentControlSet\\Control\\Class\\{4d36e968-e325-11ce-bfc1-08002be10318}"

/* A parameter of the service, 32 bits. */
void ai_set_number(const char *name, uint32_t value);

/* The value Rules: rules separated by '\n'. NULL deletes it. */
void ai_set_rules(const char *rules);

/* Adapter `index` of the class key, with a name, 8 GiB of memory and a PCI id. */
#define AI_ADAPTER_MEMORY ((uint64_t)8 << 30)
void ai_add_adapter(uint32_t index, const char *name);

/* A process with these threads and otherwise plausible numbers. */
void ai_add_process(const char *name, uint32_t process_id, uint32_t threads);

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

#endif
