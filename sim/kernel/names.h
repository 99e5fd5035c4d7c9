/* SPDX-License-Identifier: MIT */
/* Symbolic links. */
#ifndef SIM_KERNEL_NAMES_H
#define SIM_KERNEL_NAMES_H

#include "sim/api/names.h"

bool sim_is_foreign_device(const char *path);
void sim_names_reset(void);
void sim_names_check_empty(void);

#endif
