/* SPDX-License-Identifier: MIT */
/* Drivers that use memory wrongly. rules.h says how they are used. */

#include "tests/sim/rules.h"

#include <string.h>

static NTSTATUS paged_at_dispatch(PIRP irp)
{
    KIRQL irql;
    volatile char *block = ExAllocatePoolWithTag(PagedPool, 100, TAG);
    KeAcquireSpinLock(&first_lock, &irql);
    block[99] = 1;
    KeReleaseSpinLock(&first_lock, irql);
    return good(irp);
}

static NTSTATUS paged_copied_at_dispatch(PIRP irp)
{
    KIRQL irql;
    char *block = ExAllocatePoolWithTag(PagedPool, 100, TAG);
    KeAcquireSpinLock(&first_lock, &irql);
    memcpy(irp->AssociatedIrp.SystemBuffer, block, 8);
    KeReleaseSpinLock(&first_lock, irql);
    return good(irp);
}

static NTSTATUS paged_freed_at_dispatch(PIRP irp)
{
    KIRQL irql;
    char *block = ExAllocatePoolWithTag(PagedPool, 100, TAG);
    KeAcquireSpinLock(&first_lock, &irql);
    ExFreePoolWithTag(block, TAG);
    return good(irp);
}

static NTSTATUS pool_leak(PIRP irp)
{
    memset(ExAllocatePoolWithTag(NonPagedPool, 10, TAG), 0, 10);
    return good(irp);
}

static NTSTATUS other_tag(PIRP irp)
{
    ExFreePoolWithTag(ExAllocatePoolWithTag(NonPagedPool, 10, TAG), TAG + 1);
    return good(irp);
}

static NTSTATUS freed_twice(PIRP irp)
{
    void *block = ExAllocatePoolWithTag(NonPagedPool, 10, TAG);
    ExFreePoolWithTag(block, TAG);
    ExFreePoolWithTag(block, TAG);
    return good(irp);
}

static NTSTATUS empty_block(PIRP irp)
{
    (void)ExAllocatePoolWithTag(NonPagedPool, 0, TAG);
    return good(irp);
}

/* Behind the compiler's back, as hardware or an uninstrumented library would. */
__attribute__((no_sanitize("address", "thread"), noinline)) static void poke(volatile char *address)
{
    *address = 1;
}

static NTSTATUS pool_overrun(PIRP irp)
{
    char *block = ExAllocatePoolWithTag(NonPagedPool, 16, TAG);
    poke(block + 16);
    ExFreePoolWithTag(block, TAG);
    return good(irp);
}

static NTSTATUS pool_underrun(PIRP irp)
{
    char *block = ExAllocatePoolWithTag(NonPagedPool, 16, TAG);
    poke(block - 1);
    ExFreePoolWithTag(block, TAG);
    return good(irp);
}

static NTSTATUS pool_used_after_free(PIRP irp)
{
    volatile char *block = ExAllocatePoolWithTag(NonPagedPool, 16, TAG);
    ExFreePoolWithTag((void *)(uintptr_t)block, TAG);
    block[3] = 1;
    return good(irp);
}

static NTSTATUS paged_used_after_free(PIRP irp)
{
    volatile char *block = ExAllocatePoolWithTag(PagedPool, 16, TAG);
    ExFreePoolWithTag((void *)(uintptr_t)block, TAG);
    block[3] = 1;
    return good(irp);
}

static NTSTATUS pool_read_overrun(PIRP irp)
{
    volatile char *block = ExAllocatePoolWithTag(NonPagedPool, 16, TAG);
    irp->IoStatus.Information = (ULONG_PTR)block[16];
    return good(irp);
}

static NTSTATUS used_after_completion(PIRP irp)
{
    (void)complete(irp, STATUS_SUCCESS, 0);
    return irp->IoStatus.Status;
}

static NTSTATUS buffer_used_after_completion(PIRP irp)
{
    volatile char *buffer = irp->AssociatedIrp.SystemBuffer;
    (void)complete(irp, STATUS_SUCCESS, 0);
    buffer[0] = 1;
    return STATUS_SUCCESS;
}

static NTSTATUS buffer_overrun(PIRP irp)
{
    volatile char *buffer = irp->AssociatedIrp.SystemBuffer;
    buffer[8] = 1;
    return good(irp);
}

/* ---- cases ---- */

void rules_memory(void)
{
    static const struct wrong rows[] = {
        ROW(paged_at_dispatch, "paged"),
        ROW(paged_copied_at_dispatch, "paged"),
        ROW(paged_freed_at_dispatch, "irql"),
        ROW(pool_leak, "leak"),
        ROW(other_tag, "pool-free"),
        ROW(freed_twice, "pool-free"),
        ROW(empty_block, "pool"),
        ROW(pool_overrun, "pool-overrun"),
        ROW(pool_underrun, "pool-overrun"),
    };
    RULES_RUN(rows);
}

void rules_memory_under_address_sanitizer(void)
{
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
    static const struct wrong rows[] = {
        ROW(pool_used_after_free, NULL),  ROW(paged_used_after_free, NULL), ROW(pool_read_overrun, NULL),
        ROW(used_after_completion, NULL), ROW(buffer_overrun, NULL),        ROW(buffer_used_after_completion, NULL),
    };
    RULES_RUN(rows);
    return;
#endif
#endif
    (void)pool_used_after_free, (void)paged_used_after_free, (void)pool_read_overrun;
    (void)used_after_completion, (void)buffer_overrun, (void)buffer_used_after_completion;
    test_skip("needs AddressSanitizer");
}
