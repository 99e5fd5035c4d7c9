/* SPDX-License-Identifier: MIT */
/* Reserved addresses; mapping.h has the contract. */

#include "driver/nt/mapping.h"

#define RESERVE_TAG  PLATFORM_TAG('B', 'a', 'R', 'e')

/* What the system pages at a time, and a page for where it begins. Address space is scarce on 32-bit kernels. */
#define RESERVE_SIZE ((sizeof(void *) == 4 ? 64u << 10 : 1u << 20) + 4096u)

void nt_reserve_create(struct nt_reserve *reserve)
{
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    ExInitializeFastMutex(&reserve->mutex);
    if (nt_late.map_reserved != NULL) {
        reserve->address = nt_late.allocate_mapping_address(RESERVE_SIZE, RESERVE_TAG);
    }
}

void nt_reserve_delete(struct nt_reserve *reserve)
{
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    if (reserve->address != NULL) {
        nt_late.free_mapping_address(reserve->address, RESERVE_TAG);
        reserve->address = NULL;
    }
}

void *nt_map_reserved(struct nt_reserve *reserve, PIRP irp)
{
    NT_IRQL_AT_MOST(APC_LEVEL);
    if (reserve->address == NULL || (irp->Flags & IRP_PAGING_IO) == 0) {
        return NULL;
    }
    ExAcquireFastMutexUnsafe(&reserve->mutex);
    void *mapped = nt_late.map_reserved(reserve->address, RESERVE_TAG, irp->MdlAddress, MmCached);
    if (mapped == NULL) {
        ExReleaseFastMutexUnsafe(&reserve->mutex);
    }
    return mapped;
}

void nt_unmap_reserved(struct nt_reserve *reserve, PIRP irp)
{
    nt_late.unmap_reserved(reserve->address, RESERVE_TAG, irp->MdlAddress);
    ExReleaseFastMutexUnsafe(&reserve->mutex);
}
