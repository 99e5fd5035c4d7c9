/* SPDX-License-Identifier: MIT */
/* The event log. */
#ifndef SIM_KERNEL_LOG_H
#define SIM_KERNEL_LOG_H

#include "sim/api/log.h"

void sim_log_reset(void);
void sim_log_check_written(void);

/* What drivers look up by name. */
PVOID sim_IoAllocateErrorLogEntry(PVOID object, UCHAR size);
void sim_IoWriteErrorLogEntry(PVOID entry);

#endif
