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

/* The memory is what a request that pages (IRP_PAGING_IO) transfers. */
void sim_mdl_set_paging(PMDL mdl);

/* Back to the caller goes what the driver has written of `transferred` bytes. */
void sim_mdl_finish(PMDL mdl, ULONG_PTR transferred);

void sim_mappings_check_freed(void);

/* What drivers look up by name: room for one mapping at a time, which does not fail. */
PVOID sim_MmAllocateMappingAddress(SIZE_T size, ULONG tag);
void sim_MmFreeMappingAddress(PVOID address, ULONG tag);
PVOID sim_MmMapLockedPagesWithReservedMapping(PVOID address, ULONG tag, PMDL mdl, MEMORY_CACHING_TYPE cache);
void sim_MmUnmapReservedMapping(PVOID address, ULONG tag, PMDL mdl);

#endif
