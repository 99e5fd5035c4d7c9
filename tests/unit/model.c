/* SPDX-License-Identifier: MIT */
/*
 * The explorer; model.h has the contract. A run is a list of choices; the next run repeats it up to the last choice that has an
 * alternative. Threads are contexts that jump back here before each step.
 */

#include "tests/unit/model.h"
#include "tests/unit/model_graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#define STACK_SIZE  32768u
#define BUFFER_SIZE 8u
#define BLOCKS      64u
#define CHOICES     100000u
#define ALONE       100000u /* steps that one thread takes while no other can */

struct store {
    volatile void *address;
    uint64_t value;
    size_t size;
};

struct thread {
    bool exists;
    bool ended;
    const uint32_t *waits_until; /* NULL, or a word of a lock or semaphore */
    bool until_zero;             /* what it waits for the word to be; else not zero */
    unsigned stores;
    struct store buffer[BUFFER_SIZE];
    void *context[5]; /* the third is the stack pointer: what was in registers is on the stack */
};

struct choice {
    unsigned char taken;
    unsigned char of;
    uint32_t state;
};

static const struct model_scenario *scenario;
static enum model_mistake mistake;
static const char *failure;
static struct thread threads[MODEL_THREADS];
static _Alignas(64) unsigned char stacks[MODEL_THREADS][STACK_SIZE];
static struct thread *running; /* NULL: nobody, in set_up and check */
/* The compiler's own, which sanitizers do not look at. */
static void *scheduler[5];
static void *abandoned[5];

static struct {
    _Alignas(64) unsigned char bytes[MODEL_ARENA];
    size_t used;
    size_t allocated;
    struct {
        size_t start, size;
        bool freed;
    } blocks[BLOCKS];
    unsigned count;
    const unsigned char *frozen;
    size_t frozen_size;
} arena;

static struct choice path[CHOICES];
static size_t depth, length;

/* ---- runs that go wrong ---- */

__attribute__((noinline)) void model_wrong(const char *what)
{
    failure = what;
    __builtin_longjmp(abandoned, 1);
}

const char *model_failure(void)
{
    return failure;
}

/* ---- switching ---- */

__attribute__((noinline)) static void yield(const uint32_t *waits_until, bool until_zero)
{
    if (running == NULL) {
        return;
    }
    running->waits_until = waits_until;
    running->until_zero = until_zero;
    if (__builtin_setjmp(running->context) == 0) {
        __builtin_longjmp(scheduler, 1);
    }
}

void model_step(void)
{
    yield(NULL, false);
}

static void body(void)
{
    struct thread *self = running;
    scenario->threads[self - threads]();
    self->ended = true;
    __builtin_longjmp(scheduler, 1);
}

__attribute__((noinline)) static void begin(unsigned index)
{
    ucontext_t here;
    ucontext_t there;
    struct thread *thread = &threads[index];
    memset(stacks[index], 0, STACK_SIZE);
    getcontext(&there);
    there.uc_stack.ss_sp = stacks[index];
    there.uc_stack.ss_size = STACK_SIZE;
    there.uc_link = &here;
    makecontext(&there, body, 0);
    running = thread;
    if (__builtin_setjmp(scheduler) == 0) {
        setcontext(&there);
    }
    running = NULL;
}

static bool runnable(const struct thread *thread)
{
    return thread->exists && !thread->ended &&
           (thread->waits_until == NULL || (*thread->waits_until == 0) == thread->until_zero);
}

/* ---- memory ---- */

void model_touch(const volatile void *address, size_t size)
{
    size_t start = (size_t)((const volatile unsigned char *)address - arena.bytes);
    for (unsigned i = 0; i < arena.count; i++) {
        if (start < arena.blocks[i].start + arena.blocks[i].size && start + size > arena.blocks[i].start &&
            arena.blocks[i].freed) {
            model_wrong("memory is used that has been freed");
        }
    }
}

void model_freeze(const void *start, size_t size)
{
    arena.frozen = start;
    arena.frozen_size = size;
}

void model_freeze_allocated(void)
{
    model_freeze(arena.bytes, arena.used);
}

static void touch_to_change(const volatile void *address, size_t size)
{
    const volatile unsigned char *byte = address;
    model_touch(address, size);
    if (byte >= arena.frozen && byte < arena.frozen + arena.frozen_size) {
        model_wrong("something is changed that is gone");
    }
}

static uint64_t get(const volatile void *address, size_t size)
{
    uint64_t value = 0;
    memcpy(&value, (const void *)(uintptr_t)address, size);
    return value;
}

static void put(const struct store *store)
{
    memcpy((void *)(uintptr_t)store->address, &store->value, store->size);
}

static void drain_one(struct thread *thread)
{
    put(&thread->buffer[0]);
    thread->stores--;
    memmove(thread->buffer, thread->buffer + 1, thread->stores * sizeof(thread->buffer[0]));
    memset(&thread->buffer[thread->stores], 0, sizeof(thread->buffer[0]));
}

static void barrier(void)
{
    while (running != NULL && running->stores != 0) {
        drain_one(running);
    }
}

/* What the running thread sees. */
static uint64_t read_value(const volatile void *address, size_t size)
{
    for (unsigned i = running != NULL ? running->stores : 0; i-- != 0;) {
        if (running->buffer[i].address == address) {
            return running->buffer[i].value;
        }
    }
    return get(address, size);
}

static void write_value(volatile void *address, size_t size, uint64_t value)
{
    struct store store = {address, value, size};
    if (running == NULL) {
        put(&store);
        return;
    }
    if (running->stores == BUFFER_SIZE) {
        drain_one(running);
    }
    running->buffer[running->stores++] = store;
}

uint64_t model_load(const volatile void *address, size_t size)
{
    model_step();
    model_touch(address, size);
    return read_value(address, size);
}

void model_store(volatile void *address, size_t size, uint64_t value)
{
    model_step();
    touch_to_change(address, size);
    write_value(address, size, value);
}

/* A load, perhaps a step, and a store that waits in the buffer, if the mistake is made; else all at once. */
static uint64_t begin_change(const volatile void *address, size_t size, bool wrong)
{
    model_step();
    model_touch(address, size);
    if (wrong) {
        uint64_t value = read_value(address, size);
        model_step();
        return value;
    }
    barrier();
    return get(address, size);
}

static void end_change(volatile void *address, size_t size, uint64_t value, bool wrong)
{
    touch_to_change(address, size);
    write_value(address, size, value);
    if (!wrong) {
        barrier();
    }
}

bool model_exchange_if(volatile void *address, void *expected, size_t size, uint64_t value)
{
    bool wrong = mistake == MODEL_ENTER_WITHOUT_LOCK;
    uint64_t found = begin_change(address, size, wrong);
    uint64_t wanted = 0;
    memcpy(&wanted, expected, size);
    if (mistake == MODEL_STALE_PHASE && size == sizeof(uint32_t) && (found & ~1ull) == wanted) {
        value |= found & 1;
    } else if (found != wanted) {
        memcpy(expected, &found, size);
        return false;
    }
    end_change(address, size, value, wrong);
    return true;
}

uint64_t model_subtract(volatile void *address, size_t size, uint64_t operand)
{
    bool wrong = mistake == MODEL_LEAVE_WITHOUT_LOCK;
    uint64_t value = begin_change(address, size, wrong) - operand;
    value = size == sizeof(uint32_t) ? (uint32_t)value : value;
    end_change(address, size, value, wrong);
    return value;
}

uint64_t model_or(volatile void *address, size_t size, uint64_t bits)
{
    bool wrong = mistake == MODEL_CLOSE_WITHOUT_LOCK;
    uint64_t value = begin_change(address, size, wrong);
    end_change(address, size, value | bits, wrong);
    return value;
}

void model_copy(void *to, const void *from, size_t size)
{
    model_step();
    model_touch(to, size);
    model_touch(from, size);
    memcpy(to, from, size);
}

void model_zero(void *block, size_t size)
{
    model_step();
    model_touch(block, size);
    memset(block, 0, size);
}

size_t model_allocated(void)
{
    return arena.allocated;
}

/* ---- the platform ---- */

void *platform_allocate(enum platform_pool pool, size_t size, uint32_t tag)
{
    (void)pool;
    (void)tag;
    size_t rounded = (size + 15) & ~(size_t)15;
    if (arena.used + rounded > MODEL_ARENA || arena.count == BLOCKS) {
        fprintf(stderr, "the arena is too small\n");
        abort();
    }
    void *block = arena.bytes + arena.used;
    arena.blocks[arena.count].start = arena.used;
    arena.blocks[arena.count++].size = size;
    arena.used += rounded;
    arena.allocated += size;
    return block;
}

void platform_free(void *block, size_t size, uint32_t tag)
{
    (void)tag;
    if (block == NULL) {
        return;
    }
    size_t start = (size_t)((unsigned char *)block - arena.bytes);
    for (unsigned i = 0; i < arena.count; i++) {
        if (arena.blocks[i].start == start && arena.blocks[i].size == size && !arena.blocks[i].freed) {
            arena.blocks[i].freed = true;
            arena.allocated -= size;
            memset(block, 0xDD, size);
            return;
        }
    }
    model_wrong("what is freed is not allocated");
}

static uint32_t *word_of(void *storage)
{
    return storage;
}

void platform_spin_initialize(struct platform_spin *spin)
{
    memset(spin, 0, sizeof(*spin));
}

void platform_spin_destroy(struct platform_spin *spin)
{
    (void)spin;
}

unsigned platform_spin_lock(struct platform_spin *spin)
{
    yield(word_of(spin->storage), true);
    touch_to_change(spin, sizeof(*spin));
    barrier();
    *word_of(spin->storage) = 1;
    return 0;
}

/* The store that unlocks waits in the buffer like any other. */
void platform_spin_unlock(struct platform_spin *spin, unsigned irql)
{
    (void)irql;
    model_touch(spin, sizeof(*spin));
    write_value(word_of(spin->storage), sizeof(uint32_t), 0);
}

void platform_semaphore_initialize(struct platform_semaphore *semaphore)
{
    memset(semaphore, 0, sizeof(*semaphore));
}

void platform_semaphore_destroy(struct platform_semaphore *semaphore)
{
    (void)semaphore;
}

void platform_semaphore_wait(struct platform_semaphore *semaphore)
{
    yield(word_of(semaphore->storage), false);
    barrier();
    --*word_of(semaphore->storage);
}

void platform_semaphore_post(struct platform_semaphore *semaphore, uint32_t count)
{
    model_step();
    barrier();
    *word_of(semaphore->storage) += count;
}

/* ---- states ---- */

static uint64_t mix(uint64_t hash, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    uint64_t word;
    for (; size >= sizeof(word); bytes += sizeof(word), size -= sizeof(word)) {
        memcpy(&word, bytes, sizeof(word));
        hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
        hash ^= hash >> 29;
    }
    for (; size != 0; bytes++, size--) {
        hash = (hash ^ *bytes) * 0x9E3779B97F4A7C15u;
        hash ^= hash >> 29;
    }
    return hash;
}

static uint64_t hash_state(void)
{
    uint64_t hash = mix(arena.frozen != NULL, arena.bytes, arena.used);
    hash = mix(hash, arena.blocks, arena.count * sizeof(arena.blocks[0]));
    hash = mix(hash, model_world, model_world_size);
    for (unsigned i = 0; i < MODEL_THREADS; i++) {
        const struct thread *thread = &threads[i];
        hash = mix(hash, thread, offsetof(struct thread, context));
        if (thread->exists && !thread->ended) {
            hash = mix(hash, thread->context, 3 * sizeof(thread->context[0]));
            const unsigned char *top = thread->context[2];
            hash = mix(hash, top, (size_t)(stacks[i] + STACK_SIZE - top));
        }
    }
    return hash | 1;
}

/* ---- runs ---- */

static void set_up(void)
{
    memset(&arena, 0, sizeof(arena));
    memset(model_world, 0, model_world_size);
    memset(threads, 0, sizeof(threads));
    running = NULL;
    scenario->set_up();
    for (unsigned i = 0; i < MODEL_THREADS; i++) {
        threads[i].exists = scenario->threads[i] != NULL;
        if (threads[i].exists) {
            begin(i);
        }
    }
}

/* Thread i takes a step, or, from MODEL_THREADS on, its oldest store reaches memory. */
__attribute__((noinline)) static void act(unsigned action)
{
    struct thread *thread = &threads[action % MODEL_THREADS];
    if (action >= MODEL_THREADS) {
        drain_one(thread);
        return;
    }
    running = thread;
    if (__builtin_setjmp(scheduler) == 0) {
        __builtin_longjmp(thread->context, 1);
    }
    running = NULL;
}

static unsigned list_actions(unsigned char actions[2 * MODEL_THREADS])
{
    unsigned count = 0;
    for (unsigned i = 0; i < MODEL_THREADS; i++) {
        if (runnable(&threads[i])) {
            actions[count++] = (unsigned char)i;
        }
    }
    for (unsigned i = 0; i < MODEL_THREADS; i++) {
        if (threads[i].stores != 0) {
            actions[count++] = (unsigned char)(i + MODEL_THREADS);
        }
    }
    return count;
}

/* Which of several actions to take; false: what follows has been explored. */
static bool choose(unsigned count, unsigned *taken)
{
    if (depth < length) {
        *taken = path[depth++].taken;
        return true;
    }
    uint32_t state;
    if (!graph_step(length != 0 ? path[length - 1].state : GRAPH_BEGIN, hash_state(), &state)) {
        return false;
    }
    if (length == CHOICES) {
        fprintf(stderr, "a run is too long\n");
        abort();
    }
    path[length++] = (struct choice){0, (unsigned char)count, state};
    depth = length;
    *taken = 0;
    return true;
}

__attribute__((noinline)) static void one_run(void)
{
    unsigned alone = 0;
    depth = 0;
    set_up();
    for (;;) {
        unsigned char actions[2 * MODEL_THREADS];
        unsigned count = list_actions(actions);
        unsigned taken = 0;
        if (count == 0) {
            break;
        }
        if (count > 1 && !choose(count, &taken)) {
            return;
        }
        alone = count > 1 ? 0 : alone + 1;
        if (alone > ALONE) {
            model_wrong("a thread goes on for ever");
        }
        act(actions[taken]);
    }
    for (unsigned i = 0; i < MODEL_THREADS; i++) {
        if (threads[i].exists && !threads[i].ended) {
            model_wrong("a thread waits for ever");
        }
    }
    scenario->check();
    if (length != 0) {
        graph_run_ends(path[length - 1].state);
    }
}

/* The next run: another choice at the last place that has one. */
static bool next_run(void)
{
    while (length != 0 && path[length - 1].taken + 1 == path[length - 1].of) {
        length--;
    }
    if (length == 0) {
        return false;
    }
    path[length - 1].taken++;
    return true;
}

uint64_t model_explore(const struct model_scenario *which, enum model_mistake wrong)
{
    scenario = which;
    mistake = wrong;
    failure = NULL;
    length = 0;
    graph_reset();
    if (__builtin_setjmp(abandoned) == 0) {
        do {
            one_run();
        } while (next_run());
        if (!graph_all_end()) {
            model_wrong("threads go on for ever");
        }
    }
    return failure == NULL ? graph_states() : 0;
}
