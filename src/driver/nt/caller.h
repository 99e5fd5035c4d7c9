/* SPDX-License-Identifier: MIT */
/* Who the current process and its user are. PASSIVE_LEVEL. */
#ifndef DRIVER_NT_CALLER_H
#define DRIVER_NT_CALLER_H

#include "driver/nt/nt.h"

#define NT_USER_BYTES 68u /* the longest SID */

struct nt_user {
    uint8_t sid[NT_USER_BYTES];
    uint32_t length;
    bool administrator; /* with all rights */
};

/*
 * By the process's own token: a thread that impersonates is still of this process. Wine cannot say; there all are one user,
 * and administrators.
 */
NTSTATUS nt_caller_user(struct nt_user *user);

/* 100 ns since 1601; with the id it names a process for ever. 0: this system does not say. */
uint64_t nt_process_create_time(PEPROCESS process);

/*
 * Whether it exits or has. It does before who is told of processes is told of that. False where the system does not say.
 */
bool nt_process_has_exited(PEPROCESS process);

#endif
