/* SPDX-License-Identifier: MIT */
/* Where the pages of requests are mapped; those of requests that page even when the system has no room left for that. */
#ifndef DRIVER_NT_MAPPING_H
#define DRIVER_NT_MAPPING_H

#include "driver/nt/late.h"

/* NULL: there is no room. A request that pages may have its last resort below. <= DISPATCH_LEVEL. */
static inline void *nt_map(PIRP irp)
{
    _Static_assert(HighPagePriority - NormalPagePriority == IRP_PAGING_IO << 3, "one priority from the other");
    return MmGetSystemAddressForMdlSafe(irp->MdlAddress,
                                        nt_late.mapping_priority + ((irp->Flags & IRP_PAGING_IO) << 3));
}

/* Addresses that are kept for one request at a time. All zeros: none. */
struct nt_reserve {
    FAST_MUTEX mutex;
    PVOID address;
};

/* Without room, or where the system cannot, there is no such reserve. PASSIVE_LEVEL, as delete. */
void nt_reserve_create(struct nt_reserve *reserve);
void nt_reserve_delete(struct nt_reserve *reserve);

/*
 * Maps what nt_map could not, waiting for others' requests; NULL: the request does not page, or is longer than what is kept. Until
 * nt_unmap_reserved, which comes before the request is completed. In a critical region, <= APC_LEVEL.
 */
void *nt_map_reserved(struct nt_reserve *reserve, PIRP irp);
void nt_unmap_reserved(struct nt_reserve *reserve, PIRP irp);

#endif
