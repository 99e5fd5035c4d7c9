/* SPDX-License-Identifier: MIT */
/* The reserve of chunks; ram_reserve.h has the contract. The lock guards the list. */

#include "core/disk/ram_reserve.h"

static struct ram_chunk *chunk_of(struct epoch_item *item)
{
    return (struct ram_chunk *)((char *)item - offsetof(struct ram_chunk, retired));
}

void ram_reserve_initialize(struct ram_reserve *reserve)
{
    platform_spin_initialize(&reserve->lock);
    reserve->chunks = NULL;
    reserve->count = 0;
    reserve->users = 0;
}

/* Returns whether it was not full. */
static bool give(struct ram_reserve *reserve, struct ram_chunk *chunk)
{
    unsigned irql = platform_spin_lock(&reserve->lock);
    bool wanted = reserve->count < RAM_RESERVED_CHUNKS;
    if (wanted) {
        chunk->retired.next = reserve->chunks;
        reserve->chunks = &chunk->retired;
        __atomic_store_n(&reserve->count, reserve->count + 1, __ATOMIC_RELAXED);
    }
    platform_spin_unlock(&reserve->lock, irql);
    return wanted;
}

void ram_reserve_fill(struct ram_reserve *reserve)
{
    while (__atomic_load_n(&reserve->count, __ATOMIC_RELAXED) < RAM_RESERVED_CHUNKS) {
        struct ram_chunk *chunk = ram_chunk_allocate(PLATFORM_POOL_NONPAGED);
        if (chunk == NULL) {
            return;
        }
        if (!give(reserve, chunk)) {
            ram_chunk_free(chunk);
        }
    }
}

struct ram_chunk *ram_reserve_take(struct ram_reserve *reserve)
{
    struct epoch_item *item = NULL;
    unsigned irql = platform_spin_lock(&reserve->lock);
    if (reserve->chunks != NULL) {
        item = reserve->chunks;
        reserve->chunks = item->next;
        __atomic_store_n(&reserve->count, reserve->count - 1, __ATOMIC_RELAXED);
    }
    platform_spin_unlock(&reserve->lock, irql);
    return item != NULL ? chunk_of(item) : NULL;
}

void ram_reserve_join(struct ram_reserve *reserve)
{
    unsigned irql = platform_spin_lock(&reserve->lock);
    reserve->users++;
    platform_spin_unlock(&reserve->lock, irql);
    ram_reserve_fill(reserve);
}

void ram_reserve_leave(struct ram_reserve *reserve)
{
    struct epoch_item *chunks = NULL;
    unsigned irql = platform_spin_lock(&reserve->lock);
    if (--reserve->users == 0) {
        chunks = reserve->chunks;
        reserve->chunks = NULL;
        __atomic_store_n(&reserve->count, 0, __ATOMIC_RELAXED);
    }
    platform_spin_unlock(&reserve->lock, irql);
    while (chunks != NULL) {
        struct ram_chunk *chunk = chunk_of(chunks);
        chunks = chunks->next;
        ram_chunk_free(chunk);
    }
}

void ram_reserve_destroy(struct ram_reserve *reserve)
{
    platform_spin_destroy(&reserve->lock);
}
