/* SPDX-License-Identifier: MIT */
/* Threads of users. */
#ifndef SIM_KERNEL_USER_THREAD_H
#define SIM_KERNEL_USER_THREAD_H

#include "sim/api/user_thread.h"

POBJECT_TYPE sim_thread_type(void);
bool sim_is_thread_type(POBJECT_TYPE type);
bool sim_user_thread_is(const void *object);
bool sim_user_thread_open(KPROCESSOR_MODE mode);
void sim_user_thread_reference(void);
void sim_user_thread_dereference(void);
void sim_user_thread_check_released(void);

#endif
