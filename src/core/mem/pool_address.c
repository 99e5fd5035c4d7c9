/* SPDX-License-Identifier: MIT */
/* The pool: blocks by address. pool_internal.h has the locks. */

#include "core/mem/pool_internal.h"

#define MINIMUM_ADDRESSES 64u

static uint32_t address_slot(uint32_t capacity, const void *process, uint64_t address)
{
    uint64_t key = (uint64_t)(uintptr_t)process ^ address >> 12;
    return (uint32_t)((key * 0x9E3779B97F4A7C15u) >> 32) & (capacity - 1);
}

/* Failing to allocate a larger table only makes searching slower; there must be one. Shard locked. */
static bool grow_addresses(struct pool_shard *shard)
{
    uint32_t capacity = shard->address_capacity == 0 ? MINIMUM_ADDRESSES : shard->address_capacity * 2;
    struct pool_block **table =
        platform_allocate(PLATFORM_POOL_PAGED, capacity * sizeof(struct pool_block *), POOL_TAG_STATE);
    if (table == NULL) {
        return shard->address_capacity != 0;
    }
    platform_zero(table, capacity * sizeof(struct pool_block *));
    for (uint32_t i = 0; i < shard->address_capacity; i++) {
        for (struct pool_block *block = shard->addresses[i], *next; block != NULL; block = next) {
            next = block->address_next;
            struct pool_block **head = &table[address_slot(capacity, block->process, block->view.address)];
            block->address_next = *head;
            *head = block;
        }
    }
    platform_free(shard->addresses, shard->address_capacity * sizeof(struct pool_block *), POOL_TAG_STATE);
    shard->addresses = table;
    shard->address_capacity = capacity;
    return true;
}

void pool_remove_address(struct pool_block *block)
{
    struct pool_shard *shard = block->owner->shard;
    struct pool_block **link =
        &shard->addresses[address_slot(shard->address_capacity, block->process, block->view.address)];
    while (*link != block) {
        link = &(*link)->address_next;
    }
    *link = block->address_next;
    shard->address_count--;
    block->by_address = false;
}

bool pool_add_address(struct pool_shard *shard, struct pool_block *block)
{
    if (shard->address_count >= shard->address_capacity && !grow_addresses(shard)) {
        return false;
    }
    struct pool_block **head =
        &shard->addresses[address_slot(shard->address_capacity, block->process, block->view.address)];
    for (struct pool_block *former = *head; former != NULL; former = former->address_next) {
        if (former->process == block->process && former->view.address == block->view.address) {
            pool_remove_address(former);
            break;
        }
    }
    block->address_next = *head;
    *head = block;
    shard->address_count++;
    block->by_address = true;
    return true;
}

struct pool_block *pool_blocks_at(const struct pool_shard *shard, const void *process, uint64_t address)
{
    return shard->address_capacity != 0 ? shard->addresses[address_slot(shard->address_capacity, process, address)]
                                        : NULL;
}

void pool_free_addresses(struct pool_shard *shard)
{
    platform_free(shard->addresses, shard->address_capacity * sizeof(struct pool_block *), POOL_TAG_STATE);
}
