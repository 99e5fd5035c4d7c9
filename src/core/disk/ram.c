/* SPDX-License-Identifier: MIT */
/*
 * RAM store: chunks in a hash table with open addressing, under one readers-writer lock.
 *
 * Locks: `lock` shared for reading and for writing into chunks that exist; exclusive for whatever adds, removes or zeroes
 * chunks. Exclusive sections are kept short: chunks are allocated, filled and freed outside. Concurrent transfers to the
 * same bytes are the callers' race, as on any disk. IRQL <= APC_LEVEL.
 */

#include "core/disk/ram.h"
#include "core/base/atomic.h"
#include "core/base/rwlock.h"

#define RAM_TAG_STORE        PLATFORM_TAG('B', 'd', 'R', 's')
#define RAM_TAG_TABLE        PLATFORM_TAG('B', 'd', 'R', 't')
#define RAM_TAG_CHUNK        PLATFORM_TAG('B', 'd', 'R', 'c')

/* A chunk is tracked in blocks; one bit each in the low half of the key says that the block may hold non-zero bytes. */
#define RAM_BLOCK_SIZE       4096u
#define RAM_BLOCK_COUNT      (RAM_CHUNK_SIZE / RAM_BLOCK_SIZE)
#define RAM_BLOCK_MASK       0xFFFFu

/* Chunks freed under one exclusive hold: bounds how long a trim keeps others out, and the stack it needs. */
#define RAM_FREE_BATCH       32u

#define RAM_MINIMUM_CAPACITY 16u

struct ram_slot {
    uint64_t key; /* chunk index << 16 | non-zero blocks; meaningless while chunk is NULL */
    unsigned char *chunk;
};

struct ram_store {
    struct source source;
    enum platform_pool chunk_pool;
    struct rwlock lock;
    struct ram_slot *table; /* NULL while there is no chunk */
    size_t capacity;        /* slots in table, a power of two or 0 */
    size_t count;           /* slots in use, at most 7/8 of capacity */
    uint64_t moves;         /* how often slots may have changed places */
};

_Static_assert(RAM_BLOCK_COUNT == 16, "one bit a block in the low 16 bits of the key");

/* ---- the table ---- */

static uint64_t slot_index(const struct ram_slot *slot)
{
    return atomic_load_u64(&slot->key) >> RAM_BLOCK_COUNT;
}

/* Fibonacci hashing: strides of any length spread evenly. */
static size_t home_slot(const struct ram_store *store, uint64_t index)
{
    return (size_t)((index * 0x9E3779B97F4A7C15u) >> 32) & (store->capacity - 1);
}

/* The slot that holds chunk `index`, or the free slot where it belongs. The table must not be empty. */
static struct ram_slot *probe(const struct ram_store *store, uint64_t index)
{
    size_t slot = home_slot(store, index);
    while (store->table[slot].chunk != NULL && slot_index(&store->table[slot]) != index) {
        slot = (slot + 1) & (store->capacity - 1);
    }
    return &store->table[slot];
}

static struct ram_slot *find(const struct ram_store *store, uint64_t index)
{
    if (store->table == NULL) {
        return NULL;
    }
    struct ram_slot *slot = probe(store, index);
    return slot->chunk != NULL ? slot : NULL;
}

static bool rebuild(struct ram_store *store, size_t capacity)
{
    struct ram_slot *old_table = store->table;
    size_t old_capacity = store->capacity;
    struct ram_slot *table = NULL;
    if (capacity != 0) {
        table = platform_allocate(store->chunk_pool, capacity * sizeof(*table), RAM_TAG_TABLE);
        if (table == NULL) {
            return false;
        }
        platform_zero(table, capacity * sizeof(*table));
    }
    store->table = table;
    store->capacity = capacity;
    store->moves++;
    for (size_t i = 0; i < old_capacity && table != NULL; i++) {
        if (old_table[i].chunk != NULL) {
            *probe(store, slot_index(&old_table[i])) = old_table[i];
        }
    }
    platform_free(old_table, old_capacity * sizeof(*old_table), RAM_TAG_TABLE);
    return true;
}

static bool insert(struct ram_store *store, uint64_t index, uint64_t blocks, unsigned char *chunk)
{
    if ((store->count + 1) * 8 > store->capacity * 7) {
        size_t capacity = store->capacity == 0 ? RAM_MINIMUM_CAPACITY : store->capacity * 2;
        if (!rebuild(store, capacity)) {
            return false;
        }
    }
    struct ram_slot *slot = probe(store, index);
    slot->key = index << RAM_BLOCK_COUNT | blocks;
    slot->chunk = chunk;
    store->count++;
    return true;
}

/* Takes the slot out, moves back what its presence had displaced, and returns the chunk. */
static unsigned char *take(struct ram_store *store, struct ram_slot *victim)
{
    unsigned char *chunk = victim->chunk;
    size_t mask = store->capacity - 1;
    size_t hole = (size_t)(victim - store->table);
    for (size_t next = (hole + 1) & mask; store->table[next].chunk != NULL; next = (next + 1) & mask) {
        size_t home = home_slot(store, slot_index(&store->table[next]));
        /* Moving `next` into the hole is right unless its home lies cyclically in (hole, next]. */
        if (((next - home) & mask) >= ((next - hole) & mask)) {
            store->table[hole] = store->table[next];
            hole = next;
        }
    }
    store->table[hole].chunk = NULL;
    store->count--;
    store->moves++;
    return chunk;
}

/* Gives memory back after removals. Failing to allocate the smaller table is harmless. */
static void shrink_table(struct ram_store *store)
{
    size_t capacity = store->capacity;
    while (capacity > RAM_MINIMUM_CAPACITY && store->count * 4 <= capacity) {
        capacity /= 2;
    }
    if (store->count == 0) {
        capacity = 0;
    }
    if (capacity != store->capacity) {
        (void)rebuild(store, capacity);
    }
}

static void free_chunk(void *chunk)
{
    platform_free(chunk, RAM_CHUNK_SIZE, RAM_TAG_CHUNK);
}

/* ---- pieces: the part of a request that lies in one chunk ---- */

struct piece {
    uint64_t index; /* of the chunk */
    size_t start;   /* in the chunk */
    size_t length;
};

static struct piece piece_at(uint64_t offset, uint64_t length)
{
    size_t start = (size_t)(offset % RAM_CHUNK_SIZE);
    size_t room = RAM_CHUNK_SIZE - start;
    return (struct piece){offset / RAM_CHUNK_SIZE, start, length < room ? (size_t)length : room};
}

/* Bits of the blocks that the piece touches. */
static uint64_t blocks_touched(const struct piece *piece)
{
    uint64_t first = piece->start / RAM_BLOCK_SIZE;
    uint64_t last = (piece->start + piece->length - 1) / RAM_BLOCK_SIZE;
    return ((2u << last) - 1) & ~((1u << first) - 1);
}

static void read_piece(struct ram_store *store, const struct piece *piece, void *buffer)
{
    rwlock_lock_shared(&store->lock);
    const struct ram_slot *slot = find(store, piece->index);
    if (slot != NULL) {
        platform_copy(buffer, slot->chunk + piece->start, piece->length);
    }
    rwlock_unlock_shared(&store->lock);
    if (slot == NULL) {
        platform_zero(buffer, piece->length);
    }
}

/* Must run under the lock, shared or exclusive. The bits are set before the bytes, so that they never claim too little. */
static void write_slot(struct ram_slot *slot, const struct piece *piece, const void *buffer)
{
    atomic_or_u64(&slot->key, blocks_touched(piece));
    platform_copy(slot->chunk + piece->start, buffer, piece->length);
}

static ballast_status write_piece(struct ram_store *store, const struct piece *piece, const void *buffer)
{
    rwlock_lock_shared(&store->lock);
    struct ram_slot *slot = find(store, piece->index);
    if (slot != NULL) {
        write_slot(slot, piece, buffer);
    }
    rwlock_unlock_shared(&store->lock);
    if (slot != NULL) {
        return BALLAST_SUCCESS;
    }

    unsigned char *chunk = platform_allocate(store->chunk_pool, RAM_CHUNK_SIZE, RAM_TAG_CHUNK);
    if (chunk == NULL) {
        return BALLAST_INSUFFICIENT_RESOURCES;
    }
    size_t end = piece->start + piece->length;
    platform_zero(chunk, piece->start);
    platform_copy(chunk + piece->start, buffer, piece->length);
    platform_zero(chunk + end, RAM_CHUNK_SIZE - end);

    bool inserted = false;
    rwlock_lock_exclusive(&store->lock);
    slot = find(store, piece->index);
    if (slot != NULL) { /* another writer was faster */
        write_slot(slot, piece, buffer);
    } else {
        inserted = insert(store, piece->index, blocks_touched(piece), chunk);
    }
    rwlock_unlock_exclusive(&store->lock);
    if (!inserted) {
        free_chunk(chunk);
    }
    return inserted || slot != NULL ? BALLAST_SUCCESS : BALLAST_INSUFFICIENT_RESOURCES;
}

/* Zeroes the piece in an existing chunk. Returns whether nothing but zeros is left. Lock held exclusive. */
static bool zero_slot(struct ram_slot *slot, const struct piece *piece)
{
    size_t end = piece->start + piece->length;
    uint64_t blocks = blocks_touched(piece);
    platform_zero(slot->chunk + piece->start, piece->length);
    for (size_t block = piece->start / RAM_BLOCK_SIZE; block * RAM_BLOCK_SIZE < end; block++) {
        bool whole = block * RAM_BLOCK_SIZE >= piece->start && (block + 1) * RAM_BLOCK_SIZE <= end;
        if (!whole && !platform_is_zero(slot->chunk + block * RAM_BLOCK_SIZE, RAM_BLOCK_SIZE)) {
            blocks &= ~(1ull << block);
        }
    }
    return (atomic_and_u64(&slot->key, ~blocks) & RAM_BLOCK_MASK) == 0;
}

static void zero_piece(struct ram_store *store, const struct piece *piece)
{
    rwlock_lock_shared(&store->lock);
    bool absent = find(store, piece->index) == NULL;
    rwlock_unlock_shared(&store->lock);
    if (absent) {
        return;
    }

    unsigned char *chunk = NULL;
    rwlock_lock_exclusive(&store->lock);
    struct ram_slot *slot = find(store, piece->index);
    if (slot != NULL && (piece->length == RAM_CHUNK_SIZE || zero_slot(slot, piece))) {
        chunk = take(store, slot);
        shrink_table(store);
    }
    rwlock_unlock_exclusive(&store->lock);
    free_chunk(chunk);
}

/* Takes up to RAM_FREE_BATCH chunks of the range by looking at each slot from *cursor on. Lock held exclusive. */
static size_t take_by_slot(struct ram_store *store, uint64_t first, uint64_t end, size_t *cursor, void **batch)
{
    size_t taken = 0;
    while (*cursor < store->capacity && taken < RAM_FREE_BATCH) {
        struct ram_slot *slot = &store->table[*cursor];
        if (slot->chunk != NULL && slot_index(slot) >= first && slot_index(slot) < end) {
            batch[taken++] = take(store, slot); /* may move a later slot here: stay */
        } else {
            ++*cursor;
        }
    }
    return taken;
}

/* Takes up to RAM_FREE_BATCH chunks of the range by looking each index up from *first on. Lock held exclusive. */
static size_t take_by_index(struct ram_store *store, uint64_t *first, uint64_t end, void **batch)
{
    size_t taken = 0;
    for (; *first < end && taken < RAM_FREE_BATCH; ++*first) {
        struct ram_slot *slot = find(store, *first);
        if (slot != NULL) {
            batch[taken++] = take(store, slot);
        }
    }
    return taken;
}

/* Frees the chunks first <= index < end, at a cost bounded by the chunks that exist, however long the range is. */
static void free_chunks(struct ram_store *store, uint64_t first, uint64_t end)
{
    void *batch[RAM_FREE_BATCH];
    uint64_t moves = 0;
    size_t cursor = 0;
    bool more = first < end;
    while (more) {
        size_t taken;
        rwlock_lock_exclusive(&store->lock);
        if (end - first > store->capacity) {
            if (moves != store->moves) { /* others moved slots meanwhile: begin again */
                cursor = 0;
            }
            taken = take_by_slot(store, first, end, &cursor, batch);
            more = taken == RAM_FREE_BATCH;
            moves = store->moves;
        } else {
            taken = take_by_index(store, &first, end, batch);
            more = first < end;
        }
        shrink_table(store);
        rwlock_unlock_exclusive(&store->lock);
        while (taken != 0) {
            free_chunk(batch[--taken]);
        }
    }
}

/* ---- the source ---- */

static ballast_status ram_read(struct source *source, uint64_t offset, void *buffer, size_t length)
{
    struct ram_store *store = (struct ram_store *)source;
    unsigned char *bytes = buffer;
    while (length != 0) {
        struct piece piece = piece_at(offset, length);
        read_piece(store, &piece, bytes);
        offset += piece.length;
        bytes += piece.length;
        length -= piece.length;
    }
    return BALLAST_SUCCESS;
}

static ballast_status ram_write(struct source *source, uint64_t offset, const void *buffer, size_t length)
{
    struct ram_store *store = (struct ram_store *)source;
    const unsigned char *bytes = buffer;
    ballast_status status = BALLAST_SUCCESS;
    while (length != 0 && status == BALLAST_SUCCESS) {
        struct piece piece = piece_at(offset, length);
        if (platform_is_zero(bytes, piece.length)) {
            zero_piece(store, &piece);
        } else {
            status = write_piece(store, &piece, bytes);
        }
        offset += piece.length;
        bytes += piece.length;
        length -= piece.length;
    }
    return status;
}

static ballast_status ram_trim(struct source *source, uint64_t offset, uint64_t length)
{
    struct ram_store *store = (struct ram_store *)source;
    if (offset % RAM_CHUNK_SIZE != 0 && length != 0) {
        struct piece head = piece_at(offset, length);
        zero_piece(store, &head);
        offset += head.length;
        length -= head.length;
    }
    uint64_t first = offset / RAM_CHUNK_SIZE;
    uint64_t whole = length / RAM_CHUNK_SIZE;
    free_chunks(store, first, first + whole);
    length -= whole * RAM_CHUNK_SIZE;
    if (length != 0) {
        struct piece tail = {first + whole, 0, (size_t)length};
        zero_piece(store, &tail);
    }
    return BALLAST_SUCCESS;
}

static ballast_status ram_flush(struct source *source)
{
    (void)source;
    return BALLAST_SUCCESS;
}

/* Growing needs nothing. Shrinking frees what lies behind the new end, so that growing again finds zeros there. */
static ballast_status ram_resize(struct source *source, uint64_t size)
{
    return ram_trim(source, size, UINT64_MAX - RAM_CHUNK_SIZE - size);
}

static bool holds(struct ram_store *store, uint64_t index)
{
    rwlock_lock_shared(&store->lock);
    bool held = find(store, index) != NULL;
    rwlock_unlock_shared(&store->lock);
    return held;
}

static uint64_t ram_extent(struct source *source, uint64_t offset, uint64_t length, bool *data)
{
    struct ram_store *store = (struct ram_store *)source;
    uint64_t index = offset / RAM_CHUNK_SIZE;
    uint64_t end = RAM_CHUNK_SIZE - offset % RAM_CHUNK_SIZE;
    *data = holds(store, index);
    while (end < length && holds(store, ++index) == *data) {
        end += RAM_CHUNK_SIZE;
    }
    return end < length ? end : length;
}

static bool ram_usage(struct source *source, struct source_usage *usage)
{
    struct ram_store *store = (struct ram_store *)source;
    rwlock_lock_shared(&store->lock);
    usage->allocated_bytes = (uint64_t)store->count * RAM_CHUNK_SIZE;
    usage->overhead_bytes = sizeof(*store) + store->capacity * sizeof(struct ram_slot);
    rwlock_unlock_shared(&store->lock);
    return true;
}

static void ram_destroy(struct source *source)
{
    struct ram_store *store = (struct ram_store *)source;
    for (size_t i = 0; i < store->capacity; i++) {
        free_chunk(store->table[i].chunk);
    }
    platform_free(store->table, store->capacity * sizeof(struct ram_slot), RAM_TAG_TABLE);
    rwlock_destroy(&store->lock);
    platform_free(store, sizeof(*store), RAM_TAG_STORE);
}

static const struct source_operations ram_operations = {
    .read = ram_read,
    .write = ram_write,
    .trim = ram_trim,
    .flush = ram_flush,
    .resize = ram_resize,
    .extent = ram_extent,
    .usage = ram_usage,
    .destroy = ram_destroy,
};

ballast_status ram_create(enum platform_pool chunk_pool, struct source **source)
{
    struct ram_store *store = platform_allocate(PLATFORM_POOL_NONPAGED, sizeof(*store), RAM_TAG_STORE);
    if (store == NULL) {
        return BALLAST_INSUFFICIENT_RESOURCES;
    }
    platform_zero(store, sizeof(*store));
    store->source.operations = &ram_operations;
    store->chunk_pool = chunk_pool;
    rwlock_initialize(&store->lock);
    *source = &store->source;
    return BALLAST_SUCCESS;
}
