/* SPDX-License-Identifier: MIT */
/* Symbolic links. */
#ifndef SIM_KERNEL_NAMES_H
#define SIM_KERNEL_NAMES_H

#include "sim/api/names.h"

/* Where the link of this path leads, one step; false if there is none. */
bool sim_link_target(const char *path, char *target, size_t size);

/* The name is a device's from now on, until it is dropped; false: it is something else's. One name is one object's. */
bool sim_name_take(const char *path);
void sim_name_drop(const char *path);

bool sim_is_foreign_device(const char *path);
void sim_names_reset(void);
void sim_names_check_empty(void);

#endif
