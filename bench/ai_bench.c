/* SPDX-License-Identifier: MIT */
/*
 * The AI driver against the null driver: the same request to both in turn, from the same program; and finding the AI
 * processes against the bare system call.
 *
 * ai-bench ROUNDS [NAME...]: names select benchmarks by their beginning.
 */

#include "ballast/ai_abi.h"
#include "bench/bench.h"
#include "bench/device.h"
#include "core/ai/processes.h"
#include "core/ai/rules.h"

#include <stdio.h>
#include <winternl.h>

#define MAXIMUM_ROUNDS 101
#define REQUESTS       400 /* of a round, to each of the two */
#define SLOW_REQUESTS  20
#define ROOM           (1u << 20)

const char bench_program[] = "ai-bench";

struct query {
    const char *name;
    DWORD code;
    DWORD output; /* bytes of room for the answer */
    struct ballast_ai_process_query input;
    DWORD input_length;
    double target;
    unsigned requests;
};

#define LONG_AGO                                \
    {                                           \
        {16, BALLAST_AI_VERSION, 0}, 3600000, 0 \
    }

static const struct query queries[] = {
    {"ai.gpus.cached",
     BALLAST_IOCTL_AI_QUERY_GPUS,
     sizeof(struct ballast_ai_gpu_reply) + sizeof(struct ballast_ai_adapter),
     {{8, BALLAST_AI_VERSION, 0}, 0, 0},
     8,
     1.05,
     REQUESTS},
    {"ai.sched.cached", BALLAST_IOCTL_AI_QUERY_SCHEDULER, sizeof(struct ballast_ai_scheduler_reply), LONG_AGO, 16, 1.05,
     REQUESTS},
    {"ai.pool.query", BALLAST_IOCTL_AI_QUERY_POOL, sizeof(struct ballast_ai_pool_reply), LONG_AGO, 0, 1.05, REQUESTS},
    {"ai.ps.cached", BALLAST_IOCTL_AI_QUERY_PROCESSES,
     sizeof(struct ballast_ai_process_reply) + 16 * sizeof(struct ballast_ai_process), LONG_AGO, 16, BENCH_NO_TARGET,
     REQUESTS},
    {"ai.gpus.first",
     BALLAST_IOCTL_AI_QUERY_GPUS,
     sizeof(struct ballast_ai_gpu_reply) + sizeof(struct ballast_ai_adapter),
     {{8, BALLAST_AI_VERSION, BALLAST_AI_GPU_REFRESH}, 0, 0},
     8,
     BENCH_NO_TARGET,
     SLOW_REQUESTS},
};

static void one_request(HANDLE device, const struct query *query, void *output, OVERLAPPED *overlapped)
{
    struct ballast_ai_process_query input = query->input;
    DWORD count = 0;
    BOOL ok =
        DeviceIoControl(device, query->code, &input, query->input_length, output, query->output, NULL, overlapped);
    if ((!ok && GetLastError() != ERROR_IO_PENDING) || !GetOverlappedResult(device, overlapped, &count, TRUE) ||
        count == 0) {
        bench_die(query->name);
    }
}

static void bench_query(const struct query *query, HANDLE null, HANDLE device, size_t rounds, void *output)
{
    static double baseline[MAXIMUM_ROUNDS];
    static double measured[MAXIMUM_ROUNDS];
    OVERLAPPED overlapped = {.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL)};
    one_request(device, query, output, &overlapped); /* fills what is cached */
    for (size_t round = 0; round < rounds; round++) {
        baseline[round] = measured[round] = 0;
        for (unsigned i = 0; i < query->requests; i++) {
            double began = bench_now();
            one_request(null, query, output, &overlapped);
            double between = bench_now();
            one_request(device, query, output, &overlapped);
            baseline[round] += between - began;
            measured[round] += bench_now() - between;
        }
    }
    struct bench_result result = {.name = query->name,
                                  .baseline = "null driver",
                                  .target = query->target,
                                  .median_us = bench_median_us(measured, rounds, query->requests)};
    bench_report(&result, measured, baseline, rounds);
    CloseHandle(overlapped.hEvent);
}

/* What the driver does for a new list, with and without all that is not the system call. */
static void bench_enumeration(size_t rounds, void *room)
{
    static double baseline[MAXIMUM_ROUNDS];
    static double measured[MAXIMUM_ROUNDS];
    struct rules *rules;
    if (rules_compile_default(&rules) != BALLAST_SUCCESS) {
        bench_die("rules");
    }
    for (size_t round = 0; round < rounds; round++) {
        baseline[round] = measured[round] = 0;
        for (unsigned i = 0; i < SLOW_REQUESTS; i++) {
            struct process_list *list;
            ULONG length = 0;
            double began = bench_now();
            if (NtQuerySystemInformation(SystemProcessInformation, room, ROOM, &length) < 0) {
                bench_die("NtQuerySystemInformation");
            }
            double between = bench_now();
            if (NtQuerySystemInformation(SystemProcessInformation, room, ROOM, &length) < 0 ||
                process_list_build(room, ROOM, rules, &list) != BALLAST_SUCCESS) {
                bench_die("process_list_build");
            }
            measured[round] += bench_now() - between;
            baseline[round] += between - began;
            process_list_free(list);
        }
    }
    rules_free(rules);
    struct bench_result result = {.name = "ai.ps.find",
                                  .baseline = "system call",
                                  .target = 1.10,
                                  .median_us = bench_median_us(measured, rounds, SLOW_REQUESTS)};
    bench_report(&result, measured, baseline, rounds);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: ai-bench ROUNDS [NAME...]\n");
        return 2;
    }
    size_t rounds = bench_rounds(argv[1], MAXIMUM_ROUNDS);
    HANDLE null = bench_open_device("\\\\.\\BallastNull");
    HANDLE device = bench_open_device("\\\\.\\BallastAi");
    void *room = VirtualAlloc(NULL, ROOM, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    if (room == NULL) {
        bench_die("memory");
    }
    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        if (bench_selected(queries[i].name, argc - 2, argv + 2)) {
            bench_query(&queries[i], null, device, rounds, room);
        }
    }
    if (bench_selected("ai.ps.find", argc - 2, argv + 2)) {
        bench_enumeration(rounds, room);
    }
    return 0;
}
