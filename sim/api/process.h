/* SPDX-License-Identifier: MIT */
/* For tests: what processes are beyond what they open: whose they are, and what they do with their memory. */
#ifndef SIM_API_PROCESS_H
#define SIM_API_PROCESS_H

#include "sim/api/user.h"

#define SIM_TOKEN_LOW     0x1u /* low integrity: may write to nothing that does not say that it may */
#define SIM_TOKEN_SERVICE 0x2u /* of the service with our name */

/* Whose it is, from now on; users are numbers, and that of new processes is 0. */
void sim_process_set_token(struct sim_process *process, uint32_t user, unsigned flags);

/* Everybody may query it, not only its user and administrators. */
void sim_process_open_to_all(struct sim_process *process);

/* What its exit status will be when it is killed; 0 unless this is called. */
void sim_process_exit_with(struct sim_process *process, NTSTATUS status);

/* Requests of it have no process that asks for them, as those that other drivers send. */
void sim_process_hide(struct sim_process *process, bool on);

/* It holds the lock of its address space: nothing is mapped or unmapped in it meanwhile; how many are waiting for it. */
void sim_process_hold(struct sim_process *process, bool on);
unsigned sim_process_waiting(struct sim_process *process);

/* Maps memory of its own at this address; false if something is there. */
bool sim_process_map_own(struct sim_process *process, uint64_t address, size_t size);

/* Unlocks a view that was locked for it. */
void sim_process_unlock(struct sim_process *process, uint64_t address);

uint64_t sim_process_create_time(struct sim_process *process);

/* A handle of the process to another one, with the right to query it or without. Closed with the process. */
uint64_t sim_process_open_process(struct sim_process *process, struct sim_process *target, bool query);

#endif
