/* SPDX-License-Identifier: MIT */
/* Strings. */
#ifndef SIM_KERNEL_RTL_H
#define SIM_KERNEL_RTL_H

#include <ntifs.h>

/* UTF-16 as ASCII, upper case; false if it does not fit or is not ASCII. */
bool sim_narrow(const UNICODE_STRING *string, char *text, size_t size);

#endif
