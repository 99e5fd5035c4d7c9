/* SPDX-License-Identifier: MIT */
/* In which process a thread is, and being told when one exits. */
#ifndef SIM_KERNEL_PROCESS_H
#define SIM_KERNEL_PROCESS_H

#include <ntifs.h>

/* The process is about to exit; in a thread of it. */
void sim_process_notify_exit(PEPROCESS process);

/* Handles of users, to processes: values that mean something in one process only. */
uint64_t sim_user_handle_create(PEPROCESS of, PEPROCESS target, bool query);
void sim_user_handles_close(PEPROCESS of);
/* As ObReferenceObjectByHandle for UserMode, in the current process. */
NTSTATUS sim_user_handle_reference(HANDLE handle, ACCESS_MASK access, PVOID *object);

/* Nobody wants to be told. */
void sim_process_notify_check_released(void);

#endif
