/* SPDX-License-Identifier: MIT */
/* What the host platform offers to tests beyond platform.h. */
#ifndef CORE_BASE_PLATFORM_HOST_H
#define CORE_BASE_PLATFORM_HOST_H

#include "core/base/platform.h"

/* What is allocated and not yet freed. */
void platform_host_usage(uint64_t *blocks, uint64_t *bytes);

/* The allocation after `countdown` further ones fails, once; negative: none does. */
void platform_host_fail_allocation(int64_t countdown);

#endif
