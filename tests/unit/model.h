/* SPDX-License-Identifier: MIT */
/*
 * Explores all interleavings of a few threads that share memory: a program that includes this file first and then source files
 * of the core has their atomics and their platform replaced. Each atomic operation, lock, wait and copy is a step, before
 * which any other thread may run; stores wait in a buffer of their thread, as on x86, until they reach memory at any moment or
 * something with a barrier flushes them. States that have been seen are not explored again, so nothing is left out, and a thread
 * that waits for another one in a loop does no harm, as long as from each state a run can end. The stacks and all shared memory are part of a state: threads share
 * nothing but `model_world`, and what is allocated.
 *
 * Memory that has been freed is not used again, and no step may touch it.
 */
#ifndef TESTS_UNIT_MODEL_H
#define TESTS_UNIT_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/platform.h"
#include "tests/harness/test.h"

#define MODEL_THREADS 3
#define MODEL_ARENA   32768u

/* A mistake that is made on purpose, to see that it is found. */
enum model_mistake {
    MODEL_NO_MISTAKE,
    MODEL_LEAVE_WITHOUT_LOCK, /* subtractions are a load and a store */
    MODEL_ENTER_WITHOUT_LOCK, /* so are compare-and-exchange operations */
    MODEL_CLOSE_WITHOUT_LOCK, /* so is setting bits */
    MODEL_STALE_PHASE,        /* a reader enters whatever it finds, open or closed */
};

struct model_scenario {
    const char *name;
    void (*set_up)(void);
    void (*threads[MODEL_THREADS])(void); /* NULL: none */
    void (*check)(void);                  /* when all have ended */
};

/* Explores everything, and returns how many states there are; 0 if a run went wrong, which is what model_failure says. */
uint64_t model_explore(const struct model_scenario *scenario, enum model_mistake mistake);
const char *model_failure(void);

/* What threads share: cleared before each run. */
extern void *const model_world;
extern const size_t model_world_size;

/* In threads, set_up and check: this run is wrong. */
#define MODEL_CHECK(condition)       \
    do {                             \
        if (!(condition)) {          \
            model_wrong(#condition); \
        }                            \
    } while (0)
_Noreturn void model_wrong(const char *what);

/* Another thread may run here. */
void model_step(void);

/* Steps; a program that defines MODEL_REPLACES has them for its atomics. */
uint64_t model_load(const volatile void *address, size_t size);
void model_store(volatile void *address, size_t size, uint64_t value);
bool model_exchange_if(volatile void *address, void *seen, size_t size, uint64_t value);
uint64_t model_subtract(volatile void *address, size_t size, uint64_t operand);
uint64_t model_or(volatile void *address, size_t size, uint64_t bits);
void model_copy(void *to, const void *from, size_t size);
void model_zero(void *block, size_t size);

#ifdef MODEL_REPLACES
#define __atomic_load_n(address, order)         ((__typeof__(*(address)))model_load(address, sizeof(*(address))))
#define __atomic_store_n(address, value, order) model_store(address, sizeof(*(address)), (uint64_t)(value))
#define __atomic_compare_exchange_n(address, seen, value, weak, order, other) \
    model_exchange_if(address, seen, sizeof(*(address)), (uint64_t)(value))
#define __atomic_sub_fetch(address, operand, order) \
    ((__typeof__(*(address)))model_subtract(address, sizeof(*(address)), operand))
#define __atomic_fetch_or(address, bits, order) ((__typeof__(*(address)))model_or(address, sizeof(*(address)), bits))
#define platform_copy                           model_copy
#define platform_zero                           model_zero
#endif

/* No step; the memory must not have been freed. */
void model_touch(const volatile void *address, size_t size);

/* From now on nobody may lock or change anything in this memory; looking is allowed. */
void model_freeze(const void *start, size_t size);

/* The same for all that is allocated; copies, which are of data, are no changes. */
void model_freeze_allocated(void);

/* How much is allocated. */
size_t model_allocated(void);

#endif
