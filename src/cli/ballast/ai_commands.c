/* SPDX-License-Identifier: MIT */
/* ballast ai ...: the table of its commands. */

#include "cli/ballast/ai.h"
#include "cli/ballast/watch.h"

static const struct option gpu_options[] = {
    {L"refresh", NULL, "read the registry again"}, WATCH_OPTIONS, {NULL, NULL, NULL}};

static const struct option ps_options[] = {
    {L"fresh", NULL, "do not take a list that is up to a second old"}, WATCH_OPTIONS, {NULL, NULL, NULL}};

static const struct option sched_options[] = {
    {L"no-wait", NULL, "do not wait until the first numbers are measured"}, WATCH_OPTIONS, {NULL, NULL, NULL}};

static const struct option watch_options[] = {WATCH_OPTIONS, {NULL, NULL, NULL}};

static const struct option pool_options[] = {
    {L"owners", NULL, "show which processes have how much of it"}, WATCH_OPTIONS, {NULL, NULL, NULL}};

static const struct option no_options[] = {{NULL, NULL, NULL}};

static const char values_help[] = "A dash is a value that is not known; the line below says why. '~' marks an\n"
                                  "estimate, '>=' what is recorded in too few bits, and a time in brackets the age\n"
                                  "of a value that is not fresh any more.\n";

static const char push_help[] = "  ballast ai push adapter=0 utilization=43.5% engine=3D temperature=61C power=210W\n"
                                "  collector | ballast ai push -      one sample a line, until the input ends\n"
                                "\n"
                                "  adapter          number that 'ballast ai gpu' shows\n"
                                "  utilization      of the busiest engine, as 43.5%\n"
                                "  engine           its name; with blanks in quotes\n"
                                "  dedicated-used, dedicated-total, shared-used, shared-total\n"
                                "                   memory, as 512M, 4GiB, 1.5G\n"
                                "  temperature      61C or 61.5C\n"
                                "  power            210W or 350mW\n"
                                "  core-clock, memory-clock\n"
                                "                   1.8GHz or 1800MHz\n"
                                "  fan              1200rpm\n"
                                "  source           d3dkmt, perf-counter, nvml, vendor or manual (if not given)\n"
                                "  age              how long ago it was measured, as 250ms or 2s\n"
                                "\n"
                                "Values that are not given keep what was pushed before; '-', N/A and what nvidia-smi\n"
                                "writes in brackets are as if not given. In the input, empty lines and lines that\n"
                                "begin with # are skipped. A wrong line is reported with its number and the rest\n"
                                "goes on; the exit code is then that of the first failure. Pushing needs\n"
                                "administrator rights.\n";

const struct command ai_commands[] = {
    {L"ai", L"gpu", "[N]", 0, 1, "Show all GPUs, or all about one", values_help, gpu_options, ai_gpu},
    {L"ai", L"ps", "", 0, 0, "Show the AI processes", "", ps_options, ai_ps},
    {L"ai", L"sched", "", 0, 0, "Show wake-up latency and AI threads", values_help, sched_options, ai_sched},
    {L"ai", L"pool", "", 0, 0, "Show the pinned pool and its blocks",
     "Administrators see the blocks and processes of all users, others those of their own.\n", pool_options, ai_pool},
    {L"ai", L"rules", "[test NAME]", 0, 2, "Show the rules for AI processes, or try them; 'reload' reads them again",
     "'test' says by which of the driver's rules a process of this name is an AI process. The exit code\n"
     "is 3 if there is none.\n"
     "The rules are in the registry: REG_MULTI_SZ value Rules of the key\n"
     "HKLM\\SYSTEM\\CurrentControlSet\\Services\\ballastai\\Parameters. docs/ai.md has the syntax.\n",
     no_options, ai_rules},
    {L"ai", L"push", "KEY=VALUE...", 1, MAXIMUM_POSITIONS, "Give the driver a measured sample of a GPU", push_help,
     no_options, ai_push},
    {L"ai", L"status", "", 0, 0, "Show the AI driver's counters and memory", "", watch_options, ai_status},
};
const size_t ai_command_count = sizeof(ai_commands) / sizeof(ai_commands[0]);
