/* SPDX-License-Identifier: MIT */
/* For tests: what the driver has allocated. */
#ifndef SIM_API_MEMORY_H
#define SIM_API_MEMORY_H

#include <stddef.h>

/* Bytes of non-paged pool, which are memory that nobody else can have. */
size_t sim_pool_resident(void);

#endif
