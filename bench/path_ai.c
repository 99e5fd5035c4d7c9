/* SPDX-License-Identifier: MIT */
/*
 * Requests to the AI driver in the simulated kernel, counted: path.h says how. Not the scheduler's state, whose cost depends
 * on the latencies that have been measured.
 */

#include "bench/path.h"
#include "tests/sim/ai_client.h"

#include <stdio.h>
#include <stdlib.h>

DRIVER_INITIALIZE DriverEntry;

static void check(NTSTATUS status)
{
    if (status != STATUS_SUCCESS) {
        fprintf(stderr, "path-ai: status 0x%08x\n", (unsigned)status);
        exit(1);
    }
}

/* In its caller's thread, as on Windows. */
static void allocate_and_free(struct sim_file *file)
{
    struct ballast_ai_mapping block;
    check(ai_allocate(file, 65536, &block));
    check(ai_block(file, BALLAST_IOCTL_AI_FREE, block.id, 0, 0));
}

int main(void)
{
    static union ai_process_list processes;
    static union ai_gpu_list gpus;
    struct ballast_ai_pool_reply pool;
    struct sim_options options = {.seed = 1};
    sim_reset(&options);
    ai_add_process("python3.exe", 100, 2);
    ai_add_process("explorer.exe", 104, 4);
    check(sim_load(DriverEntry));
    struct sim_process *process = sim_process_create(true);
    struct sim_file *file = ai_open(process);
    if (file == NULL) {
        return 1;
    }
    PATH_COUNT("path.ai.gpus", check(ai_get_gpus(file, false, &gpus)));
    PATH_COUNT("path.ai.ps", check(ai_get_processes(file, 3600000, &processes)));
    PATH_COUNT("path.ai.pool", check(ai_get(file, BALLAST_IOCTL_AI_QUERY_POOL, &pool, sizeof(pool))));
    PATH_COUNT("path.ai.alloc", allocate_and_free(file));
    sim_kill_process(process);
    sim_unload();
    return 0;
}
