/* SPDX-License-Identifier: MIT */
/* Ex. */
#ifndef SIM_INCLUDE_NT_EX_H
#define SIM_INCLUDE_NT_EX_H

#include "nt/types.h"

typedef enum {
    NonPagedPool = 0,
    PagedPool = 1,
    NonPagedPoolNx = 512,
} POOL_TYPE;

typedef struct {
    void *object;
} FAST_MUTEX, *PFAST_MUTEX;

void *ExAllocatePoolWithTag(POOL_TYPE type, SIZE_T size, ULONG tag);
void ExFreePoolWithTag(PVOID block, ULONG tag);
/* What the system has allocated. */
void ExFreePool(PVOID block);
#define SIM_SYSTEM_TAG 0x5379534Eu
void ExInitializeFastMutex(PFAST_MUTEX mutex);
void ExAcquireFastMutexUnsafe(PFAST_MUTEX mutex);
void ExReleaseFastMutexUnsafe(PFAST_MUTEX mutex);

#endif
