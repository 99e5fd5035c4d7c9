/* SPDX-License-Identifier: MIT */
/* Requests to the AI driver in the simulated kernel; ai_client.h has the contract. */

#include "tests/sim/ai_client.h"

#include <string.h>
#include <time.h>

#define HEADER(type)                        \
    {                                       \
        sizeof(type), BALLAST_AI_VERSION, 0 \
    }

struct sim_file *ai_open(struct sim_process *process)
{
    struct sim_file *file = NULL;
    return sim_create_file(process, "\\Device\\BallastAi", GENERIC_READ | GENERIC_WRITE, &file) == STATUS_SUCCESS
               ? file
               : NULL;
}

NTSTATUS ai_get(struct sim_file *file, ULONG code, void *reply, size_t size)
{
    return sim_ioctl(file, code, NULL, 0, reply, (ULONG)size, NULL);
}

NTSTATUS ai_get_processes(struct sim_file *file, uint32_t maximum_age_ms, union ai_process_list *list)
{
    struct ballast_ai_process_query query = {.header = HEADER(query), .maximum_age_ms = maximum_age_ms};
    memset(list, 0, sizeof(*list));
    return sim_ioctl(file, BALLAST_IOCTL_AI_QUERY_PROCESSES, &query, sizeof(query), list, sizeof(*list), NULL);
}

NTSTATUS ai_get_gpus(struct sim_file *file, bool refresh, union ai_gpu_list *list)
{
    struct ballast_ai_gpu_query query = {{sizeof(query), BALLAST_AI_VERSION, refresh ? BALLAST_AI_GPU_REFRESH : 0}};
    memset(list, 0, sizeof(*list));
    return sim_ioctl(file, BALLAST_IOCTL_AI_QUERY_GPUS, &query, sizeof(query), list, sizeof(*list), NULL);
}

NTSTATUS ai_get_scheduler(struct sim_file *file, uint32_t maximum_age_ms, struct ballast_ai_scheduler_reply *reply)
{
    struct ballast_ai_process_query query = {.header = HEADER(query), .maximum_age_ms = maximum_age_ms};
    memset(reply, 0, sizeof(*reply));
    return sim_ioctl(file, BALLAST_IOCTL_AI_QUERY_SCHEDULER, &query, sizeof(query), reply, sizeof(*reply), NULL);
}

struct ballast_ai_driver_reply ai_driver_state(struct sim_file *file)
{
    struct ballast_ai_driver_reply reply = {.version = 0};
    (void)ai_get(file, BALLAST_IOCTL_AI_QUERY_DRIVER, &reply, sizeof(reply));
    return reply;
}

NTSTATUS ai_push(struct sim_file *file, uint32_t adapter, int64_t permille)
{
    struct ballast_ai_sample sample = {.header = HEADER(sample),
                                       .adapter_index = adapter,
                                       .mask = 1u << BALLAST_AI_GPU_UTILIZATION_PERMILLE,
                                       .source = BALLAST_AI_SOURCE_MANUAL};
    sample.values[BALLAST_AI_GPU_UTILIZATION_PERMILLE] = permille;
    return sim_ioctl(file, BALLAST_IOCTL_AI_PUSH_SAMPLE, &sample, sizeof(sample), NULL, 0, NULL);
}

NTSTATUS ai_allocate(struct sim_file *file, uint64_t size, struct ballast_ai_mapping *mapping)
{
    struct ballast_ai_allocate input = {HEADER(input), size, 0, 0};
    memset(mapping, 0, sizeof(*mapping));
    return sim_ioctl(file, BALLAST_IOCTL_AI_ALLOCATE, &input, sizeof(input), mapping, sizeof(*mapping), NULL);
}

NTSTATUS ai_block(struct sim_file *file, ULONG code, uint64_t id, uint32_t process_id, uint32_t access)
{
    struct ballast_ai_block_request input = {HEADER(input), id, process_id, access};
    struct ballast_ai_mapping mapping;
    return sim_ioctl(file, code, &input, sizeof(input), &mapping, sizeof(mapping), NULL);
}

bool ai_is_text(const uint16_t *wide, const char *text)
{
    size_t i = 0;
    while (text[i] != 0 && wide[i] == (unsigned char)text[i]) {
        i++;
    }
    return text[i] == 0 && wide[i] == 0;
}

uint64_t ai_clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void ai_pause_ms(unsigned milliseconds)
{
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
    (void)nanosleep(&time, NULL);
}
