/* SPDX-License-Identifier: MIT */
/* Changes of the RAM store's table; ram_table.h has the contract. The store's spin lock is held. */

#include "core/disk/ram_table.h"

/* Tests have smaller ones. */
#ifndef RAM_MINIMUM_CAPACITY
#define RAM_MINIMUM_CAPACITY 16u
#define RAM_MOVE_STEP        128u /* slots that are looked at in one go: bounds how long the lock is held */
#endif

struct ram_chunk ram_removed_chunk = {.index = UINT64_MAX};

static void set_slot(struct ram_slots *slots, size_t slot, struct ram_chunk *chunk)
{
    __atomic_store_n(&slots->slots[slot], chunk, __ATOMIC_RELEASE);
}

static bool full(const struct ram_slots *slots, size_t used)
{
    return (used + 1) * 8 > ram_capacity(slots) * 7;
}

/* Where the index is, or else where it can be put: the first slot on its way that has no chunk. */
static size_t find_place(struct ram_slots *slots, uint64_t index, bool *found)
{
    size_t mask = slots->mask;
    size_t slot = ram_home(slots, index);
    size_t place = SIZE_MAX;
    struct ram_chunk *chunk;
    *found = false;
    while ((chunk = ram_slot(slots, slot)) != NULL) {
        if (chunk == RAM_REMOVED) {
            place = place == SIZE_MAX ? slot : place;
        } else if (chunk->index == index) {
            *found = true;
            return slot;
        }
        slot = (slot + 1) & mask;
    }
    return place == SIZE_MAX ? slot : place;
}

/* Puts a chunk in unless its index is there. Returns whether it was not. */
static bool put(struct ram_slots *slots, struct ram_chunk *chunk, size_t *used)
{
    bool found;
    size_t slot = find_place(slots, chunk->index, &found);
    if (!found) {
        *used += ram_slot(slots, slot) == NULL;
        set_slot(slots, slot, chunk);
    }
    return !found;
}

/* Takes a chunk out if it is there. Marks that nothing follows are not needed. */
static void take(struct ram_slots *slots, const struct ram_chunk *chunk, size_t *used)
{
    bool found;
    size_t mask = slots->mask;
    size_t slot = find_place(slots, chunk->index, &found);
    if (!found || ram_slot(slots, slot) != chunk) {
        return;
    }
    set_slot(slots, slot, RAM_REMOVED);
    if (ram_slot(slots, (slot + 1) & mask) == NULL) {
        for (; ram_slot(slots, slot) == RAM_REMOVED; slot = (slot - 1) & mask) {
            set_slot(slots, slot, NULL);
            --*used;
        }
    }
}

enum ram_insert ram_table_insert(struct ram_table *table, struct ram_chunk *chunk, bool urgent)
{
    size_t room = urgent || table->slots == NULL ? 0 : ram_capacity(table->slots) / 8;
    if (table->slots == NULL || full(table->slots, table->used + room) ||
        (table->next != NULL && full(table->next, table->next_used))) {
        return table->slots != NULL && ram_table_find(table, chunk->index) != NULL ? RAM_EXISTS : RAM_FULL;
    }
    if (!put(table->slots, chunk, &table->used)) {
        return RAM_EXISTS;
    }
    table->count++;
    if (table->next != NULL) {
        (void)put(table->next, chunk, &table->next_used);
    }
    return RAM_INSERTED;
}

void ram_table_remove(struct ram_table *table, const struct ram_chunk *chunk)
{
    take(table->slots, chunk, &table->used);
    if (table->next != NULL) {
        take(table->next, chunk, &table->next_used);
    }
    table->count--;
}

/* Between a fifth and two fifths are in use then. */
static size_t capacity_for(size_t count)
{
    size_t capacity = RAM_MINIMUM_CAPACITY;
    while (capacity * 2 < count * 5) {
        capacity *= 2;
    }
    return capacity;
}

size_t ram_table_wanted(const struct ram_table *table)
{
    size_t capacity = table->slots == NULL ? 0 : ram_capacity(table->slots);
    if (table->next != NULL) {
        return RAM_TABLE_KEEP;
    }
    size_t count = table->count + table->expected;
    if (count == 0) {
        return capacity == 0 ? RAM_TABLE_KEEP : 0;
    }
    bool crowded = (table->used + table->expected) * 2 > capacity;
    bool roomy = capacity > RAM_MINIMUM_CAPACITY && count * 5 <= capacity;
    return crowded || roomy ? capacity_for(count) : RAM_TABLE_KEEP;
}

static void publish(struct ram_table *table, struct ram_slots *slots, size_t used)
{
    table->used = used;
    table->next = NULL;
    __atomic_store_n(&table->slots, slots, __ATOMIC_RELEASE);
}

bool ram_table_rebuild(struct ram_table *table, struct ram_slots *slots, struct ram_slots **old)
{
    *old = table->slots;
    if (slots == NULL || table->slots == NULL) {
        publish(table, slots, 0);
        return true;
    }
    table->next = slots;
    table->next_used = 0;
    table->moved = 0;
    return false;
}

bool ram_table_move(struct ram_table *table, struct ram_slots **old)
{
    size_t end = table->moved + RAM_MOVE_STEP;
    if (end > ram_capacity(table->slots)) {
        end = ram_capacity(table->slots);
    }
    for (; table->moved < end; table->moved++) {
        struct ram_chunk *chunk = ram_slot(table->slots, table->moved);
        if (chunk == NULL || chunk == RAM_REMOVED) {
            continue;
        }
        if (full(table->next, table->next_used)) { /* others have inserted too many meanwhile: begin again */
            *old = table->next;
            table->next = NULL;
            return true;
        }
        (void)put(table->next, chunk, &table->next_used);
    }
    if (table->moved < ram_capacity(table->slots)) {
        return false;
    }
    *old = table->slots;
    publish(table, table->next, table->next_used);
    return true;
}
