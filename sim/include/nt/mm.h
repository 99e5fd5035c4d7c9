/* SPDX-License-Identifier: MIT */
/* Mm. */
#ifndef SIM_INCLUDE_NT_MM_H
#define SIM_INCLUDE_NT_MM_H

#include "nt/io.h"

typedef enum {
    LowPagePriority = 0,
    NormalPagePriority = 16,
    HighPagePriority = 32,
} MM_PAGE_PRIORITY;

typedef enum {
    MmNonCached,
    MmCached,
} MEMORY_CACHING_TYPE;

#define PAGE_READONLY  0x02u
#define PAGE_READWRITE 0x04u
#define SEC_NO_CHANGE  0x00400000u
#define SEC_COMMIT     0x08000000u

typedef enum {
    ViewShare = 1,
    ViewUnmap = 2,
} SECTION_INHERIT;

PVOID MmGetSystemRoutineAddress(PUNICODE_STRING name);
PVOID MmGetSystemAddressForMdlSafe(PMDL mdl, ULONG priority);

#endif
