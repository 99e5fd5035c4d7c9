/* SPDX-License-Identifier: MIT */
/* The system's event log. */
#ifndef DRIVER_NT_LOG_H
#define DRIVER_NT_LOG_H

#include "driver/nt/events.h"
#include "driver/nt/nt.h"

/*
 * Reports that something this driver was configured to do has failed with `status`: an event NT_EVENT_... of the source
 * that the driver's service is, with `subject` (up to 40 characters) in its text, and a line for debuggers. Wine has no
 * event log; there the line is all. PASSIVE_LEVEL. Never fails: without memory nothing is logged.
 */
void nt_log_failure(PDRIVER_OBJECT driver, ULONG event, const WCHAR *subject, NTSTATUS status);

#endif
