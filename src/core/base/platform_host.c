/* SPDX-License-Identifier: MIT */
/*
 * The core's platform in user mode on POSIX systems: malloc and pthreads. Besides serving the tools and tests it counts
 * what is allocated, so that a test can assert that nothing is left, and fails on demand.
 */

#define _GNU_SOURCE /* sched_getcpu */

#include "core/base/platform_host.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>
#include <unistd.h>

_Static_assert(sizeof(pthread_mutex_t) <= sizeof(struct platform_mutex), "opaque storage");
_Static_assert(sizeof(pthread_mutex_t) <= sizeof(struct platform_spin), "opaque storage");
_Static_assert(sizeof(sem_t) <= sizeof(struct platform_semaphore), "opaque storage");

static uint64_t live_blocks;
static uint64_t live_bytes;
static int64_t fail_countdown = -1;

void *platform_allocate(enum platform_pool pool, size_t size, uint32_t tag)
{
    (void)pool;
    (void)tag;
    if (__atomic_load_n(&fail_countdown, __ATOMIC_RELAXED) >= 0 &&
        __atomic_fetch_sub(&fail_countdown, 1, __ATOMIC_RELAXED) == 0) {
        return NULL;
    }
    void *block = malloc(size);
    if (block != NULL) {
        __atomic_add_fetch(&live_blocks, 1, __ATOMIC_RELAXED);
        __atomic_add_fetch(&live_bytes, size, __ATOMIC_RELAXED);
    }
    return block;
}

void platform_free(void *block, size_t size, uint32_t tag)
{
    (void)tag;
    if (block != NULL) {
        __atomic_sub_fetch(&live_blocks, 1, __ATOMIC_RELAXED);
        __atomic_sub_fetch(&live_bytes, size, __ATOMIC_RELAXED);
        free(block);
    }
}

void platform_host_usage(uint64_t *blocks, uint64_t *bytes)
{
    *blocks = __atomic_load_n(&live_blocks, __ATOMIC_RELAXED);
    *bytes = __atomic_load_n(&live_bytes, __ATOMIC_RELAXED);
}

void platform_host_fail_allocation(int64_t countdown)
{
    __atomic_store_n(&fail_countdown, countdown, __ATOMIC_RELAXED);
}

void platform_mutex_initialize(struct platform_mutex *mutex)
{
    pthread_mutex_init((pthread_mutex_t *)mutex->storage, NULL);
}

void platform_mutex_destroy(struct platform_mutex *mutex)
{
    pthread_mutex_destroy((pthread_mutex_t *)mutex->storage);
}

void platform_mutex_lock(struct platform_mutex *mutex)
{
    pthread_mutex_lock((pthread_mutex_t *)mutex->storage);
}

void platform_mutex_unlock(struct platform_mutex *mutex)
{
    pthread_mutex_unlock((pthread_mutex_t *)mutex->storage);
}

void platform_semaphore_initialize(struct platform_semaphore *semaphore)
{
    sem_init((sem_t *)semaphore->storage, 0, 0);
}

void platform_semaphore_destroy(struct platform_semaphore *semaphore)
{
    sem_destroy((sem_t *)semaphore->storage);
}

void platform_semaphore_wait(struct platform_semaphore *semaphore)
{
    while (sem_wait((sem_t *)semaphore->storage) != 0) {
        /* interrupted by a signal */
    }
}

void platform_semaphore_post(struct platform_semaphore *semaphore, uint32_t count)
{
    while (count-- != 0) {
        sem_post((sem_t *)semaphore->storage);
    }
}

void platform_spin_initialize(struct platform_spin *spin)
{
    pthread_mutex_init((pthread_mutex_t *)spin->storage, NULL);
}

void platform_spin_destroy(struct platform_spin *spin)
{
    pthread_mutex_destroy((pthread_mutex_t *)spin->storage);
}

unsigned platform_spin_lock(struct platform_spin *spin)
{
    pthread_mutex_lock((pthread_mutex_t *)spin->storage);
    return 0;
}

void platform_spin_unlock(struct platform_spin *spin, unsigned irql)
{
    (void)irql;
    pthread_mutex_unlock((pthread_mutex_t *)spin->storage);
}

#ifdef _WIN32

unsigned platform_processor(void)
{
    return 0;
}

unsigned platform_processors(void)
{
    return 1;
}

#else

unsigned platform_processor(void)
{
    int processor = sched_getcpu();
    return processor < 0 ? 0 : (unsigned)processor;
}

unsigned platform_processors(void)
{
    long processors = sysconf(_SC_NPROCESSORS_CONF);
    return processors < 1 ? 1 : (unsigned)processors;
}

#endif
