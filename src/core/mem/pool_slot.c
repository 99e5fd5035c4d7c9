/* SPDX-License-Identifier: MIT */
/* The pool: slots, the ids that name them, and pins. pool_internal.h has the locks. */

#include "core/base/atomic.h"
#include "core/mem/pool_internal.h"

/* Chunk i holds POOL_FIRST_CHUNK << i slots, but for the first, so that none ever moves. */

/* Returns the chunk, and the slot's place in it. */
static uint32_t chunk_of(uint32_t slot, uint32_t *place)
{
    uint32_t chunk = slot < POOL_FIRST_CHUNK ? 0 : 32u - (uint32_t)__builtin_clz(slot / POOL_FIRST_CHUNK);
    *place = chunk == 0 ? slot : slot - (POOL_FIRST_CHUNK << (chunk - 1));
    return chunk;
}

static size_t chunk_bytes(uint32_t chunk)
{
    size_t slots = chunk == 0 ? POOL_FIRST_CHUNK : (size_t)POOL_FIRST_CHUNK << (chunk - 1);
    return slots * sizeof(struct pool_block);
}

struct pool_block *pool_slot(const struct pool_shard *shard, uint32_t slot)
{
    uint32_t place;
    if (slot >= __atomic_load_n(&shard->fresh, __ATOMIC_ACQUIRE)) {
        return NULL;
    }
    uint32_t chunk = chunk_of(slot, &place);
    return __atomic_load_n(&shard->chunk[chunk], __ATOMIC_RELAXED) + place;
}

struct pool_block *pool_fresh_slot(struct pool_shard *shard)
{
    uint32_t place;
    uint32_t chunk = chunk_of(shard->fresh, &place);
    if (chunk >= POOL_CHUNKS) {
        return NULL;
    }
    if (shard->chunk[chunk] == NULL) {
        struct pool_block *slots = platform_allocate(PLATFORM_POOL_PAGED, chunk_bytes(chunk), POOL_TAG_BLOCKS);
        if (slots == NULL) {
            return NULL;
        }
        __atomic_store_n(&shard->chunk[chunk], slots, __ATOMIC_RELAXED);
    }
    struct pool_block *block = shard->chunk[chunk] + place;
    platform_zero(block, sizeof(*block));
    block->number = shard->first_number + shard->fresh;
    block->word = pool_make_word(1, POOL_FREE);
    __atomic_store_n(&shard->fresh, shard->fresh + 1, __ATOMIC_RELEASE);
    return block;
}

struct pool_block *pool_find(struct pool *pool, uint64_t id, uint64_t *word)
{
    uint64_t number = (id >> 32) - 1;
    uint64_t shard = number >> POOL_SLOT_BITS;
    if (shard >= POOL_SHARDS) {
        return NULL;
    }
    struct pool_block *block = pool_slot(&pool->shard[shard], (uint32_t)number & ((1u << POOL_SLOT_BITS) - 1));
    if (block == NULL) {
        return NULL;
    }
    *word = atomic_load_acquire_u64(&block->word);
    return pool_state_of(*word) == POOL_LIVE && pool_generation_of(*word) == (uint32_t)id ? block : NULL;
}

struct pool_block *pool_pin(struct pool *pool, uint64_t id)
{
    uint64_t word;
    struct pool_block *block = pool_find(pool, id, &word);
    while (block != NULL && !atomic_exchange_if_u64(&block->word, word, word + POOL_ONE_PIN)) {
        block = pool_find(pool, id, &word);
    }
    return block;
}

bool pool_is_live(const struct pool_block *block)
{
    return pool_state_of(atomic_load_acquire_u64(&block->word)) == POOL_LIVE;
}

void pool_free_slots(struct pool_shard *shard)
{
    for (uint32_t chunk = 0; chunk < POOL_CHUNKS; chunk++) {
        platform_free(shard->chunk[chunk], chunk_bytes(chunk), POOL_TAG_BLOCKS);
    }
}
