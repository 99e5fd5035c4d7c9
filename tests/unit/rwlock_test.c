/* SPDX-License-Identifier: MIT */
#include "core/base/rwlock.h"
#include "tests/harness/test.h"

#include <pthread.h>

#define THREADS 4
#define ROUNDS  20000

static struct rwlock lock;
static uint64_t guarded[2]; /* always equal outside exclusive sections */
static int torn;
static int readers_inside;
static int most_readers;

static void *work(void *context)
{
    struct test_random random = {(uintptr_t)context};
    for (int i = 0; i < ROUNDS; i++) {
        if (test_random_below(&random, 8) == 0) {
            rwlock_lock_exclusive(&lock);
            guarded[0]++;
            guarded[1]++;
            rwlock_unlock_exclusive(&lock);
        } else {
            rwlock_lock_shared(&lock);
            int inside = __atomic_add_fetch(&readers_inside, 1, __ATOMIC_RELAXED);
            if (inside > __atomic_load_n(&most_readers, __ATOMIC_RELAXED)) {
                __atomic_store_n(&most_readers, inside, __ATOMIC_RELAXED);
            }
            if (guarded[0] != guarded[1]) {
                __atomic_store_n(&torn, 1, __ATOMIC_RELAXED);
            }
            if (i % 512 == 0) {
                (void)sched_yield(); /* let others in */
            }
            __atomic_sub_fetch(&readers_inside, 1, __ATOMIC_RELAXED);
            rwlock_unlock_shared(&lock);
        }
    }
    return NULL;
}

static void excludes_and_shares(void)
{
    pthread_t threads[THREADS];
    rwlock_initialize(&lock);
    for (uintptr_t i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, work, (void *)i);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    CHECK_EQUAL(torn, 0);
    CHECK_EQUAL(guarded[0], guarded[1]);
    CHECK(guarded[0] > ROUNDS / 4);
    CHECK(most_readers > 1);
    rwlock_destroy(&lock);
}

TEST_MAIN({"excludes_and_shares", excludes_and_shares})
