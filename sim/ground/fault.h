/* SPDX-License-Identifier: MIT */
/* Fault points: kernel calls that can be made to fail. */
#ifndef SIM_GROUND_FAULT_H
#define SIM_GROUND_FAULT_H

#include "sim/api/fault.h"

/* True if the call that `name` names shall fail. */
bool sim_fault(const char *name);

#endif
