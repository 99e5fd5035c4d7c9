/* SPDX-License-Identifier: MIT */
/*
 * The core's platform over NT: pool with an account per tag, fast mutexes, semaphores.
 *
 * IRQL: allocation and freeing of non-paged memory <= DISPATCH_LEVEL, of paged memory and all locks <= APC_LEVEL.
 */

#include "driver/nt/pool.h"
#include "driver/nt/late.h"

#define POOL_TYPE_NONPAGED_NX 512 /* NonPagedPoolNx, Windows 8 and later */

static struct nt_pool_account accounts[NT_POOL_ACCOUNTS];

_Static_assert(sizeof(FAST_MUTEX) <= sizeof(struct platform_mutex), "opaque storage");
_Static_assert(sizeof(KSPIN_LOCK) <= sizeof(struct platform_spin), "opaque storage");
_Static_assert(sizeof(KSEMAPHORE) <= sizeof(struct platform_semaphore), "opaque storage");

static POOL_TYPE pool_type(enum platform_pool pool)
{
    if (pool == PLATFORM_POOL_PAGED) {
        return PagedPool;
    }
    return nt_late.no_execute ? (POOL_TYPE)POOL_TYPE_NONPAGED_NX : NonPagedPool;
}

/* The account of a tag, opened on first use. More tags than accounts is a mistake in this driver's source. */
static struct nt_pool_account *find_account(uint32_t tag)
{
    for (size_t i = 0; i < NT_POOL_ACCOUNTS; i++) {
        uint32_t seen = 0;
        if (__atomic_load_n(&accounts[i].tag, __ATOMIC_RELAXED) == tag ||
            __atomic_compare_exchange_n(&accounts[i].tag, &seen, tag, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED) ||
            seen == tag) {
            return &accounts[i];
        }
    }
    KeBugCheckEx(0xC5 /* DRIVER_CORRUPTED_EXPOOL */, tag, NT_POOL_ACCOUNTS, 0, 0);
}

void *platform_allocate(enum platform_pool pool, size_t size, uint32_t tag)
{
    NT_IRQL_AT_MOST(pool == PLATFORM_POOL_PAGED ? APC_LEVEL : DISPATCH_LEVEL);
    void *block = ExAllocatePoolWithTag(pool_type(pool), size, tag);
    if (block != NULL) {
        struct nt_pool_account *account = find_account(tag);
        __atomic_add_fetch(&account->blocks, 1, __ATOMIC_RELAXED);
        __atomic_add_fetch(&account->bytes, size, __ATOMIC_RELAXED);
    }
    return block;
}

void platform_free(void *block, size_t size, uint32_t tag)
{
    if (block != NULL) {
        struct nt_pool_account *account = find_account(tag);
        __atomic_sub_fetch(&account->blocks, 1, __ATOMIC_RELAXED);
        __atomic_sub_fetch(&account->bytes, size, __ATOMIC_RELAXED);
        ExFreePoolWithTag(block, tag);
    }
}

struct nt_pool_account nt_pool_read(size_t index)
{
    return (struct nt_pool_account){
        .tag = __atomic_load_n(&accounts[index].tag, __ATOMIC_RELAXED),
        .blocks = __atomic_load_n(&accounts[index].blocks, __ATOMIC_RELAXED),
        .bytes = __atomic_load_n(&accounts[index].bytes, __ATOMIC_RELAXED),
    };
}

void nt_pool_report(struct ballast_pool_usage usage[NT_POOL_ACCOUNTS])
{
    for (size_t i = 0; i < NT_POOL_ACCOUNTS; i++) {
        struct nt_pool_account account = nt_pool_read(i);
        usage[i] = (struct ballast_pool_usage){.tag = account.tag, .blocks = account.blocks, .bytes = account.bytes};
    }
}

void nt_pool_report_leaks(const char *driver)
{
    size_t blocks = 0;
    for (size_t i = 0; i < NT_POOL_ACCOUNTS; i++) {
        struct nt_pool_account account = nt_pool_read(i);
        if (account.blocks != 0) {
            DbgPrint("%s: leaked %u bytes in %u blocks, tag %.4s\n", driver, (unsigned)account.bytes,
                     (unsigned)account.blocks, (const char *)&account.tag);
        }
        blocks += account.blocks;
    }
    DbgPrint("%s: unloaded, %u blocks left\n", driver, (unsigned)blocks);
#ifdef NT_CHECKED
    if (blocks != 0) { /* the code and reason that Driver Verifier uses */
        KeBugCheckEx(0xC4 /* DRIVER_VERIFIER_DETECTED_VIOLATION */, 0x60, blocks, 0, 0);
    }
#endif
}

void platform_mutex_initialize(struct platform_mutex *mutex)
{
    ExInitializeFastMutex((PFAST_MUTEX)mutex->storage);
}

void platform_mutex_destroy(struct platform_mutex *mutex)
{
    (void)mutex;
}

void platform_mutex_lock(struct platform_mutex *mutex)
{
    NT_IRQL_AT_MOST(APC_LEVEL);
    ExAcquireFastMutexUnsafe((PFAST_MUTEX)mutex->storage);
}

void platform_mutex_unlock(struct platform_mutex *mutex)
{
    ExReleaseFastMutexUnsafe((PFAST_MUTEX)mutex->storage);
}

void platform_semaphore_initialize(struct platform_semaphore *semaphore)
{
    KeInitializeSemaphore((PKSEMAPHORE)semaphore->storage, 0, MAXLONG);
}

void platform_semaphore_destroy(struct platform_semaphore *semaphore)
{
    (void)semaphore;
}

void platform_semaphore_wait(struct platform_semaphore *semaphore)
{
    NT_IRQL_AT_MOST(APC_LEVEL);
    (void)KeWaitForSingleObject(semaphore->storage, Executive, KernelMode, FALSE, NULL);
}

void platform_semaphore_post(struct platform_semaphore *semaphore, uint32_t count)
{
    (void)KeReleaseSemaphore((PKSEMAPHORE)semaphore->storage, IO_NO_INCREMENT, (LONG)count, FALSE);
}

void platform_spin_initialize(struct platform_spin *spin)
{
    KeInitializeSpinLock((KSPIN_LOCK *)spin->storage);
}

void platform_spin_destroy(struct platform_spin *spin)
{
    (void)spin;
}

unsigned platform_spin_lock(struct platform_spin *spin)
{
    KIRQL irql;
    NT_IRQL_AT_MOST(DISPATCH_LEVEL);
    KeAcquireSpinLock((KSPIN_LOCK *)spin->storage, &irql);
    return irql;
}

void platform_spin_unlock(struct platform_spin *spin, unsigned irql)
{
    KeReleaseSpinLock((KSPIN_LOCK *)spin->storage, (KIRQL)irql);
}

unsigned platform_processor(void)
{
    return nt_late.current_processor(NULL);
}

unsigned platform_processors(void)
{
    unsigned count = 0;
    if (nt_late.maximum_processors != NULL) {
        count = nt_late.maximum_processors(0xFFFF /* ALL_PROCESSOR_GROUPS */);
    } else if (nt_late.active_processors != NULL) {
        count = (unsigned)__builtin_popcountll(nt_late.active_processors());
    }
    return count != 0 ? count : 1;
}
