/* SPDX-License-Identifier: MIT */
/* Which control requests of users are passed on to the image's file system or device. Pure, any IRQL. */
#ifndef CORE_DISK_PASS_THROUGH_H
#define CORE_DISK_PASS_THROUGH_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Whoever receives them takes them for the kernel's, and believes what they say. So only codes are passed on whose input and
 * output are known to be plain data in the request's buffer: no pointers, no handles.
 */
bool pass_through_allowed(uint32_t code, bool file_system);

#endif
