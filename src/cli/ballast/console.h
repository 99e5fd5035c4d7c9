/* SPDX-License-Identifier: MIT */
/*
 * What printing needs of the system, besides what cli.h has: console_windows.c and console_posix.c implement utf8,
 * now_seconds, interrupt_watch and interrupt_asked, too.
 */
#ifndef CLI_BALLAST_CONSOLE_H
#define CLI_BALLAST_CONSOLE_H

#include "cli/ballast/cli.h"

/* BALLAST_TERMINAL says so where standard error is a pipe to a terminal, as under ./run. */
bool console_is_terminal(void);

/* How much memory this machine has, bytes; 0: unknown. */
uint64_t console_memory(void);

/* Converts for printing; as utf8, whose results it uses. */
const char *utf8_of_utf16(const uint16_t *text);

#endif
