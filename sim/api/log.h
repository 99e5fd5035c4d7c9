/* SPDX-License-Identifier: MIT */
/* For tests: the event log. */
#ifndef SIM_API_LOG_H
#define SIM_API_LOG_H

#include <ntifs.h>

/* How many events have been logged since sim_reset; the last one's code, its status, its texts ("first|second"). */
unsigned long sim_log_events(void);
ULONG sim_log_code(void);
NTSTATUS sim_log_last(char *text, size_t size);

#endif
