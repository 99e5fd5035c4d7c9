/* SPDX-License-Identifier: MIT */
/* The memory of a request's caller, as the driver sees it. */
#ifndef SIM_KERNEL_MDL_H
#define SIM_KERNEL_MDL_H

#include <ntifs.h>

/*
 * The driver sees a copy of the caller's buffer, which ends where the length does. With `output` it is filled with garbage
 * and goes back to the caller when the request is completed; it is gone then.
 */
PMDL sim_mdl_create(void *buffer, size_t length, bool output);

/* Back to the caller goes what the driver has written of `transferred` bytes. */
void sim_mdl_finish(PMDL mdl, ULONG_PTR transferred);

#endif
