/* SPDX-License-Identifier: MIT */
/* Paging I/O, as the memory manager and the cache manager send it. */
#ifndef SIM_WORLD_PAGING_H
#define SIM_WORLD_PAGING_H

#include <ntifs.h>

/*
 * In this thread, at APC_LEVEL, without a file object, and not from user mode. Waits for its end. *information may be
 * NULL.
 */
NTSTATUS sim_paging_transfer(PDEVICE_OBJECT device, bool write, uint64_t offset, void *buffer, ULONG length,
                             ULONG_PTR *information);

#endif
