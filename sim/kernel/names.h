/* SPDX-License-Identifier: MIT */
/* Symbolic links. */
#ifndef SIM_KERNEL_NAMES_H
#define SIM_KERNEL_NAMES_H

#include "sim/api/names.h"

void sim_names_check_empty(void);

#endif
