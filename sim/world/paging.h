/* SPDX-License-Identifier: MIT */
/* Reads and writes of the kernel: paging, as the memory manager and the cache manager send it, and others. */
#ifndef SIM_WORLD_PAGING_H
#define SIM_WORLD_PAGING_H

#include <ntifs.h>

/*
 * In this thread, at APC_LEVEL, without a file object, and not from user mode. Waits for its end. *information may be
 * NULL.
 */
NTSTATUS sim_paging_transfer(PDEVICE_OBJECT device, bool write, uint64_t offset, void *buffer, ULONG length,
                             ULONG_PTR *information);

/* As a file system reads that looks whether a disk is its own, and writes what is not cached. */
NTSTATUS sim_kernel_read(PDEVICE_OBJECT device, uint64_t offset, void *buffer, ULONG length);
NTSTATUS sim_kernel_write(PDEVICE_OBJECT device, uint64_t offset, void *buffer, ULONG length);

#endif
