/* SPDX-License-Identifier: MIT */
/*
 * The RAM store's table of chunks: a hash table with open addressing, of pointers. Looking up takes no lock and may run at any
 * time inside an epoch; everything else needs the store's spin lock, does a bounded number of steps, and touches resident
 * memory only.
 *
 * A rebuild copies pointers into a new table, some at a time, while chunks are inserted into both and removed from both;
 * then the new one is published and the old one retired. So a lookup always finds everything in the table that it began with,
 * but for what has changed since. A removed chunk leaves a mark, so that nothing has to move.
 */
#ifndef CORE_DISK_RAM_TABLE_H
#define CORE_DISK_RAM_TABLE_H

#include "core/disk/ram_chunk.h"

struct ram_slots {
    struct epoch_item retired;
    size_t mask;               /* a power of two, minus one */
    struct ram_chunk *slots[]; /* atomic; NULL: free, RAM_REMOVED: was removed, others follow */
};

struct ram_table {
    struct ram_slots *slots; /* atomic; NULL: there is no chunk */
    struct ram_slots *next;  /* being filled; NULL: no rebuild is under way */
    size_t moved;            /* slots that have been copied to `next` */
    size_t count;            /* chunks */
    size_t expected;         /* chunks that somebody is about to insert */
    size_t used;             /* chunks and marks in `slots` */
    size_t next_used;        /* in `next` */
};

/* What stands where a chunk was: one with an index that no chunk has. */
extern struct ram_chunk ram_removed_chunk;
#define RAM_REMOVED (&ram_removed_chunk)

enum ram_insert {
    RAM_INSERTED,
    RAM_EXISTS, /* the index has a chunk */
    RAM_FULL,   /* a rebuild is needed first */
};

/* Fibonacci hashing: strides of any length spread evenly. */
static inline size_t ram_home(const struct ram_slots *slots, uint64_t index)
{
    return (size_t)((index * 0x9E3779B97F4A7C15u) >> 32) & slots->mask;
}

static inline struct ram_chunk *ram_slot(struct ram_slots *slots, size_t slot)
{
    return __atomic_load_n(&slots->slots[slot], __ATOMIC_ACQUIRE);
}

/* The chunk with this index, or NULL. */
static inline struct ram_chunk *ram_table_find(struct ram_table *table, uint64_t index)
{
    struct ram_slots *slots = __atomic_load_n(&table->slots, __ATOMIC_ACQUIRE);
    if (slots == NULL) {
        return NULL;
    }
    size_t slot = ram_home(slots, index);
    struct ram_chunk *chunk;
    while ((chunk = ram_slot(slots, slot)) != NULL && chunk->index != index) {
        slot = (slot + 1) & slots->mask;
    }
    return chunk;
}

/* What is where the chunk with this index most often is: it, another one, or NULL. */
static inline struct ram_chunk *ram_table_guess(struct ram_table *table, uint64_t index)
{
    struct ram_slots *slots = __atomic_load_n(&table->slots, __ATOMIC_ACQUIRE);
    return slots == NULL ? NULL : ram_slot(slots, ram_home(slots, index));
}

/* The spin lock held, all of them. */

/* What is not urgent leaves some room for what is. */
enum ram_insert ram_table_insert(struct ram_table *table, struct ram_chunk *chunk, bool urgent);
void ram_table_remove(struct ram_table *table, const struct ram_chunk *chunk);

/* How many slots there should be: RAM_TABLE_KEEP if the table is good as it is, or is being rebuilt; 0: none. */
#define RAM_TABLE_KEEP SIZE_MAX
size_t ram_table_wanted(const struct ram_table *table);

/* Begins a rebuild into cleared slots, which are NULL to have none. True if it has ended, too: *old is to be retired. */
bool ram_table_rebuild(struct ram_table *table, struct ram_slots *slots, struct ram_slots **old);

/* Goes on with a rebuild. True if it has ended: *old, which is `next` if there was no room in it, is to be retired. */
bool ram_table_move(struct ram_table *table, struct ram_slots **old);

static inline size_t ram_capacity(const struct ram_slots *slots)
{
    return slots->mask + 1;
}

static inline size_t ram_slots_size(size_t capacity)
{
    return sizeof(struct ram_slots) + capacity * sizeof(struct ram_chunk *);
}

#endif
