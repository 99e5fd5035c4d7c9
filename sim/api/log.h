/* SPDX-License-Identifier: MIT */
/* For tests: the event log. */
#ifndef SIM_API_LOG_H
#define SIM_API_LOG_H

#include <ntifs.h>

/* How many events have been logged since sim_reset; the status of the last one, and its text. */
unsigned long sim_log_events(void);
NTSTATUS sim_log_last(char *text, size_t size);

#endif
