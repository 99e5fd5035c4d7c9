/* SPDX-License-Identifier: MIT */
/* Ends the test at a violation of a rule. */

#include "sim/ground/violation.h"

#include <execinfo.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef SIM_SANITIZED
#include <sanitizer/common_interface_defs.h>
#endif

static void print_stack(void)
{
#ifdef SIM_SANITIZED
    __sanitizer_print_stack_trace();
#else
    void *frames[64];
    int count = backtrace(frames, 64);
    backtrace_symbols_fd(frames, count, STDERR_FILENO);
#endif
}

_Noreturn void sim_violation(const char *rule, const char *format, ...)
{
    va_list arguments;
    fflush(stdout);
    fprintf(stderr, "sim: %s: ", rule);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n");
    print_stack();
    abort();
}
