/* SPDX-License-Identifier: MIT */
/* Locks and references of the simulation itself. */

#include "sim/ground/raw_lock.h"

#include <sched.h>

#ifdef SIM_TSAN
#include <sanitizer/tsan_interface.h>
#endif

/* ThreadSanitizer sees what library functions called by the simulation touch; not its business under such a lock. */
#ifdef SIM_TSAN
void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);
void AnnotateIgnoreWritesBegin(const char *file, int line);
void AnnotateIgnoreWritesEnd(const char *file, int line);
#define IGNORE_BEGIN() (AnnotateIgnoreReadsBegin(__FILE__, __LINE__), AnnotateIgnoreWritesBegin(__FILE__, __LINE__))
#define IGNORE_END()   (AnnotateIgnoreWritesEnd(__FILE__, __LINE__), AnnotateIgnoreReadsEnd(__FILE__, __LINE__))
#else
#define IGNORE_BEGIN() ((void)0)
#define IGNORE_END()   ((void)0)
#endif

void sim_unwatched_begin(void)
{
    IGNORE_BEGIN();
}

void sim_unwatched_end(void)
{
    IGNORE_END();
}

void sim_raw_lock(struct sim_raw_lock *lock)
{
    while (__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE) != 0) {
        (void)sched_yield();
    }
    IGNORE_BEGIN();
}

void sim_raw_unlock(struct sim_raw_lock *lock)
{
    IGNORE_END();
    __atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
}

void sim_publish(const void *object)
{
#ifdef SIM_TSAN
    __tsan_release((void *)(uintptr_t)object);
#else
    (void)object;
#endif
}

void sim_observe(const void *object)
{
#ifdef SIM_TSAN
    __tsan_acquire((void *)(uintptr_t)object);
#else
    (void)object;
#endif
}

bool sim_drop_reference(LONG *references)
{
    sim_publish(references);
    bool last = __atomic_sub_fetch(references, 1, __ATOMIC_ACQ_REL) == 0;
    if (last) {
        sim_observe(references);
    }
    return last;
}
