/* SPDX-License-Identifier: MIT */
/* What the parts of the disk driver's stress test share. */
#ifndef TESTS_SIM_DISK_STRESS_H
#define TESTS_SIM_DISK_STRESS_H

#include "tests/sim/stress.h"

#define MIB   (1u << 20)
#define DISKS 4

struct actor {
    struct test_random random;
    struct sim_process *process;
    struct sim_file *control;
    uint64_t index;
};

/* Complains about a status that no race explains, and about bytes that are neither zero nor the pattern of their offset. */
void account(const char *what, NTSTATUS status);
void check_content(uint64_t offset, const unsigned char *data, size_t length);

/* ---- the disks that have file systems in this round ---- */

void files_choose(struct sim_options *options, uint64_t round_seed);

/* Options with which a disk is, or may become, a volume of the mount manager. */
uint32_t files_registration(struct actor *actor);

/* Where on the disk of this number no file is. */
uint64_t files_end(unsigned number);

/* Files are read, written and flushed; volumes locked, dismounted and ejected. */
void files_use(struct actor *actor);

/* Nothing is mounted any more, and no page was lost but for a reason. */
void files_end_round(uint64_t round_seed);

#endif
