/* SPDX-License-Identifier: MIT */
/* Locks with owners and an order graph; the registry of objects that live in the driver's memory. */

#include "sim/ground/lock.h"

#include "sim/ground/checks.h"

#include "sim/ground/chance.h"
#include "sim/ground/raw_lock.h"
#include "sim/ground/thread.h"
#include "sim/ground/violation.h"
#include "sim/ground/waitable.h"

#include <pthread.h>
#include <execinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CLASSES_MAXIMUM 64
#define FRAMES_MAXIMUM  24
#define LOCK_MAGIC      0x51A10C4Bu

struct sim_lock {
    uint32_t magic;
    unsigned class_index;
    const void *address;
    const char *kind;
    struct sim_thread *owner; /* atomic */
    pthread_mutex_t mutex;
};

struct object {
    const void *address;
    struct sim_lock *lock; /* one of these two */
    struct sim_waitable *waitable;
    struct object *next;
};

struct edge {
    bool exists;
    int frame_count;
    void *frames[FRAMES_MAXIMUM]; /* where the second lock was first taken while the first was held */
};

static struct sim_raw_lock registry_lock; /* objects */
static struct object *objects;

static struct sim_raw_lock graph_lock; /* the rest */
static uintptr_t class_sites[CLASSES_MAXIMUM];
static unsigned class_count;
static struct edge edges[CLASSES_MAXIMUM][CLASSES_MAXIMUM];

/* ---- registry ---- */

static void free_object(struct object *object)
{
    if (object->lock != NULL) {
        if (__atomic_load_n(&object->lock->owner, __ATOMIC_RELAXED) != NULL) {
            sim_violation("lock-freed", "memory with a %s in it is freed while the lock is held", object->lock->kind);
        }
        object->lock->magic = 0;
        pthread_mutex_destroy(&object->lock->mutex);
        free(object->lock);
    } else {
        sim_waitable_free(object->waitable);
    }
    free(object);
}

static void forget(const void *start, size_t size)
{
    struct object *doomed = NULL;
    const char *first = start;
    sim_raw_lock(&registry_lock);
    for (struct object **link = &objects; *link != NULL;) {
        struct object *object = *link;
        const char *address = object->address;
        if (address >= first && address < first + size) {
            *link = object->next;
            object->next = doomed;
            doomed = object;
        } else {
            link = &object->next;
        }
    }
    sim_raw_unlock(&registry_lock);
    while (doomed != NULL) {
        struct object *next = doomed->next;
        free_object(doomed);
        doomed = next;
    }
}

void sim_objects_forget(const void *start, size_t size)
{
    forget(start, size);
}

void sim_objects_forget_all(void)
{
    forget(NULL, SIZE_MAX);
}

/* Initialising an address again replaces what was there. */
static void add(const void *address, struct sim_lock *lock, struct sim_waitable *waitable)
{
    forget(address, 1);
    struct object *object = malloc(sizeof(*object));
    *object = (struct object){.address = address, .lock = lock, .waitable = waitable};
    sim_raw_lock(&registry_lock);
    object->next = objects;
    objects = object;
    sim_raw_unlock(&registry_lock);
}

void sim_register_waitable(const void *address, struct sim_waitable *waitable)
{
    add(address, NULL, waitable);
}

/* ---- lock order ---- */

/* Locks whose initialisation looks alike, four calls up, are one class. */
static unsigned class_of_caller(void)
{
    void *frames[7] = {NULL}; /* this function, sim_lock_create, the Initialize function, and four more */
    uintptr_t site = 0;
    unsigned index = 0;
    (void)backtrace(frames, 7);
    for (size_t i = 3; i < 7; i++) {
        site = site * 31 + (uintptr_t)frames[i];
    }
    sim_raw_lock(&graph_lock);
    while (index < class_count && class_sites[index] != site) {
        index++;
    }
    if (index == class_count) {
        if (class_count == CLASSES_MAXIMUM) {
            sim_violation("test", "too many kinds of locks for the order graph");
        }
        class_sites[class_count++] = site;
    }
    sim_raw_unlock(&graph_lock);
    return index;
}

/* Whether one gets from `from` to `to` along edges; graph lock held. */
static bool reachable(unsigned from, unsigned to, bool *seen)
{
    if (from == to) {
        return true;
    }
    seen[from] = true;
    for (unsigned next = 0; next < class_count; next++) {
        if (edges[from][next].exists && !seen[next] && reachable(next, to, seen)) {
            return true;
        }
    }
    return false;
}

/* `first` is held while `second` is being taken. */
static void add_edge(unsigned first, unsigned second)
{
    bool seen[CLASSES_MAXIMUM] = {false};
    if (__atomic_load_n(&edges[first][second].exists, __ATOMIC_RELAXED)) {
        return; /* it closed no cycle then, and no later edge has */
    }
    sim_raw_lock(&graph_lock);
    bool cycle = reachable(second, first, seen);
    if (!cycle && !edges[first][second].exists) {
        edges[first][second].frame_count = backtrace(edges[first][second].frames, FRAMES_MAXIMUM);
        __atomic_store_n(&edges[first][second].exists, true, __ATOMIC_RELAXED);
    }
    sim_raw_unlock(&graph_lock);
    if (cycle) {
        const struct edge *other = &edges[second][first];
        fprintf(stderr, "sim: the other order was taken here:\n");
        backtrace_symbols_fd(other->frames, other->frame_count, STDERR_FILENO);
        sim_violation("lock-order", "two kinds of locks are taken in both orders");
    }
}

/* ---- locks ---- */

struct sim_lock *sim_lock_create(const void *address, const char *kind)
{
    struct sim_lock *lock = calloc(1, sizeof(*lock));
    lock->magic = LOCK_MAGIC;
    lock->class_index = SIM_CHECKS ? class_of_caller() : 0;
    lock->address = address;
    lock->kind = kind;
    pthread_mutex_init(&lock->mutex, NULL);
    add(address, lock, NULL);
    return lock;
}

void sim_lock_check(const struct sim_lock *lock, const void *address, const char *function)
{
    if (lock == NULL || lock->magic != LOCK_MAGIC || lock->address != address) {
        sim_violation("lock-uninitialised", "%s on a lock that was not initialised here", function);
    }
}

bool sim_lock_is_mine(const struct sim_lock *lock)
{
    return __atomic_load_n(&lock->owner, __ATOMIC_RELAXED) == sim_self();
}

void sim_lock_take(struct sim_lock *lock)
{
    struct sim_thread *self = sim_self();
    if (sim_lock_is_mine(lock)) {
        sim_violation("lock-recursive", "a thread takes a %s that it holds", lock->kind);
    }
    for (unsigned i = 0; SIM_CHECKS && i < self->held_count; i++) {
        const struct sim_lock *held = self->held[i];
        if (held->class_index != lock->class_index) {
            add_edge(held->class_index, lock->class_index);
        } else if (held->address > lock->address) {
            sim_violation("lock-order", "several locks of a kind are not taken in the order of their addresses");
        }
    }
    if (self->held_count == SIM_HELD_MAXIMUM) {
        sim_violation("test", "a thread holds too many locks");
    }
    sim_delay();
    pthread_mutex_lock(&lock->mutex);
    __atomic_store_n(&lock->owner, self, __ATOMIC_RELAXED);
    if (SIM_CHECKS) {
        self->held[self->held_count++] = lock;
    }
}

static void forget_held(struct sim_thread *self, const struct sim_lock *lock)
{
    unsigned index = self->held_count;
    while (self->held[--index] != lock) {
    }
    self->held_count--;
    memmove(&self->held[index], &self->held[index + 1], (self->held_count - index) * sizeof(self->held[0]));
}

void sim_lock_drop(struct sim_lock *lock)
{
    struct sim_thread *self = sim_self();
    if (!sim_lock_is_mine(lock)) {
        sim_violation("lock-not-held", "a thread releases a %s that it does not hold", lock->kind);
    }
    if (SIM_CHECKS) {
        forget_held(self, lock);
    }
    __atomic_store_n(&lock->owner, NULL, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&lock->mutex);
    sim_delay();
}
