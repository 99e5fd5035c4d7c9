/* SPDX-License-Identifier: MIT */
/*
 * RAM store: chunks (ram_chunk.h) in a hash table (ram_table.h).
 *
 * Once others can call, all calls come from inside the disk's epoch (source.h). Reading, and writing into blocks that have
 * been written before, writes nothing but the bytes: chunks and tables that somebody may still see are retired, not freed.
 *
 * Locks: `lock`, a spin lock, guards changes of the table and deaths; `held_bytes` is atomic. Memory is allocated and freed
 * outside. Concurrent transfers to the same bytes are the callers' race, as on any disk. IRQL <= APC_LEVEL.
 */

#include "core/disk/ram.h"
#include "core/base/atomic.h"
#include "core/disk/ram_reserve.h"
#include "core/disk/ram_table.h"

#define RAM_TAG_STORE    PLATFORM_TAG('B', 'd', 'R', 's')
#define RAM_TAG_TABLE    PLATFORM_TAG('B', 'd', 'R', 't')

/* Slots or chunks that a trim looks at in one go: bounds how long the lock is held. */
#define RAM_TRIM_STEP    128u

/* What is retired may be so much more than what is there; then writers of new chunks wait. */
#define RAM_HELD_ALLOWED (64u << 20)

struct ram_store {
    struct source source;
    enum platform_pool chunk_pool;
    struct ram_reserve *reserve; /* NULL: none */
    struct epoch_owner chunks;   /* of retired chunks */
    struct epoch_owner tables;   /* of retired tables */
    uint64_t held_bytes;         /* atomic; retired for good, and not yet freed */
    struct platform_spin lock;
    struct ram_table table;
};

static bool tidy(struct ram_store *store);

static void retire(struct ram_store *store, struct epoch_item *item)
{
    if (store->source.epoch != NULL) {
        epoch_retire(store->source.epoch, item);
    } else { /* nobody else can be there */
        item->owner->give_back(item->owner, item);
    }
}

static void hold_back(struct ram_store *store, uint64_t bytes)
{
    atomic_add_u64(&store->held_bytes, bytes);
}

/* ---- chunks ---- */

/* Takes a chunk that is dead from now on out of the table. Lock held. */
static void bury(struct ram_store *store, const struct ram_chunk *chunk)
{
    ram_table_remove(&store->table, chunk);
    hold_back(store, RAM_CHUNK_SIZE + sizeof(*chunk));
}

/* True: it is to be retired when the lock, which is held, is not. */
static bool kill(struct ram_store *store, struct ram_chunk *chunk)
{
    bool to_retire;
    if (ram_chunk_kill(chunk, &to_retire)) {
        bury(store, chunk);
    }
    return to_retire;
}

static void kill_and_retire(struct ram_store *store, struct ram_chunk *chunk)
{
    unsigned irql = platform_spin_lock(&store->lock);
    bool ours = kill(store, chunk);
    platform_spin_unlock(&store->lock, irql);
    if (ours) {
        retire(store, &chunk->retired);
    }
    (void)tidy(store);
}

/* Whether the chunk is to be retired once more. */
static bool examine(struct ram_store *store, struct ram_chunk *chunk)
{
    enum ram_finding finding;
    while ((finding = ram_chunk_examine(chunk)) == RAM_EMPTIED) {
        unsigned irql = platform_spin_lock(&store->lock);
        bool dead = ram_chunk_die(chunk);
        if (dead) {
            bury(store, chunk);
        }
        platform_spin_unlock(&store->lock, irql);
        if (dead) {
            return true;
        }
    }
    return finding == RAM_AGAIN;
}

static void give_back_chunk(struct epoch_owner *owner, struct epoch_item *item)
{
    struct ram_store *store = (struct ram_store *)((char *)owner - offsetof(struct ram_store, chunks));
    struct ram_chunk *chunk = (struct ram_chunk *)((char *)item - offsetof(struct ram_chunk, retired));
    if (ram_chunk_queued(chunk)) {
        if (examine(store, chunk)) {
            retire(store, item);
            (void)tidy(store);
        }
        return;
    }
    hold_back(store, -(uint64_t)(RAM_CHUNK_SIZE + sizeof(*chunk)));
    ram_chunk_free(chunk);
}

/* ---- the table ---- */

static void give_back_slots(struct epoch_owner *owner, struct epoch_item *item)
{
    struct ram_store *store = (struct ram_store *)((char *)owner - offsetof(struct ram_store, tables));
    struct ram_slots *slots = (struct ram_slots *)((char *)item - offsetof(struct ram_slots, retired));
    size_t size = ram_slots_size(ram_capacity(slots));
    hold_back(store, -(uint64_t)size);
    platform_free(slots, size, RAM_TAG_TABLE);
}

static void retire_slots(struct ram_store *store, struct ram_slots *slots)
{
    if (slots != NULL) {
        hold_back(store, ram_slots_size(ram_capacity(slots)));
        retire(store, &slots->retired);
    }
}

static struct ram_slots *allocate_slots(struct ram_store *store, size_t capacity)
{
    struct ram_slots *slots = platform_allocate(PLATFORM_POOL_NONPAGED, ram_slots_size(capacity), RAM_TAG_TABLE);
    if (slots != NULL) {
        platform_zero(slots, ram_slots_size(capacity));
        slots->retired.owner = &store->tables;
        slots->mask = capacity - 1;
    }
    return slots;
}

/* One step of making the table fit. False if there is nothing to do, or no memory for it. */
static bool tidy_step(struct ram_store *store, bool *memory)
{
    struct ram_slots *fresh = NULL;
    struct ram_slots *old = NULL;
    unsigned irql = platform_spin_lock(&store->lock);
    size_t wanted = ram_table_wanted(&store->table);
    bool moving = store->table.next != NULL;
    if (moving) {
        (void)ram_table_move(&store->table, &old);
    }
    platform_spin_unlock(&store->lock, irql);
    retire_slots(store, old);
    if (moving || wanted == RAM_TABLE_KEEP) {
        return moving;
    }
    if (wanted != 0) {
        fresh = allocate_slots(store, wanted);
        *memory = fresh != NULL;
        if (fresh == NULL) {
            return false;
        }
    }
    irql = platform_spin_lock(&store->lock);
    bool still = ram_table_wanted(&store->table) == wanted;
    if (still && ram_table_rebuild(&store->table, fresh, &old)) {
        fresh = NULL;
    } else if (still) {
        fresh = old = NULL;
    }
    platform_spin_unlock(&store->lock, irql);
    retire_slots(store, old);
    if (fresh != NULL) {
        platform_free(fresh, ram_slots_size(ram_capacity(fresh)), RAM_TAG_TABLE);
    }
    return true;
}

/*
 * Makes the table fit, or helps who is doing that: nobody depends on one thread for it. False without memory, which only
 * matters to who needs room.
 */
static bool tidy(struct ram_store *store)
{
    bool memory = true;
    while (tidy_step(store, &memory)) {
    }
    return memory;
}

/* ---- pieces: the part of a request that lies in one chunk ---- */

static struct ram_piece piece_at(uint64_t offset, uint64_t length)
{
    size_t start = (size_t)(offset % RAM_CHUNK_SIZE);
    size_t room = RAM_CHUNK_SIZE - start;
    return (struct ram_piece){offset / RAM_CHUNK_SIZE, start, length < room ? (size_t)length : room};
}

static void read_piece(struct ram_store *store, const struct ram_piece *piece, void *buffer)
{
    const struct ram_chunk *chunk = ram_table_find(&store->table, piece->index);
    if (chunk != NULL) {
        platform_copy(buffer, chunk->data + piece->start, piece->length);
    } else {
        platform_zero(buffer, piece->length);
    }
}

static struct ram_chunk *new_chunk(struct ram_store *store, const struct ram_piece *piece, const void *buffer,
                                   bool urgent)
{
    struct ram_chunk *chunk = ram_chunk_allocate(store->chunk_pool);
    if (store->reserve != NULL && chunk != NULL) {
        ram_reserve_fill(store->reserve);
    } else if (store->reserve != NULL && urgent) {
        chunk = ram_reserve_take(store->reserve);
    }
    if (chunk != NULL) {
        chunk->retired.owner = &store->chunks;
        ram_chunk_fill(chunk, piece, buffer);
        chunk->index = piece->index;
    }
    return chunk;
}

static enum ram_insert insert(struct ram_store *store, struct ram_chunk *chunk, bool urgent)
{
    unsigned irql = platform_spin_lock(&store->lock);
    enum ram_insert result = ram_table_insert(&store->table, chunk, urgent);
    platform_spin_unlock(&store->lock, irql);
    return result;
}

static bool holds_back_too_much(struct ram_store *store)
{
    unsigned irql = platform_spin_lock(&store->lock);
    uint64_t allowed = RAM_HELD_ALLOWED + (uint64_t)store->table.count * RAM_CHUNK_SIZE;
    platform_spin_unlock(&store->lock, irql);
    return store->source.epoch != NULL && atomic_load_u64(&store->held_bytes) > allowed;
}

/* Whoever makes the table fit leaves room for a chunk that is to come. */
static void expect_chunks(struct ram_store *store, int chunks)
{
    unsigned irql = platform_spin_lock(&store->lock);
    store->table.expected += (size_t)(ptrdiff_t)chunks;
    platform_spin_unlock(&store->lock, irql);
}

/* Brings the new chunk in, or writes to the one that somebody else has. Returns what has become of it. */
static ballast_status insert_or_write(struct ram_store *store, struct ram_chunk **fresh, const struct ram_piece *piece,
                                      const void *buffer, bool urgent)
{
    for (;;) {
        enum ram_insert result = insert(store, *fresh, urgent);
        if (result == RAM_INSERTED) {
            *fresh = NULL;
            return BALLAST_SUCCESS;
        }
        if (result == RAM_FULL) {
            if (!tidy(store)) {
                return BALLAST_INSUFFICIENT_RESOURCES;
            }
            continue;
        }
        struct ram_chunk *chunk = ram_table_find(&store->table, piece->index);
        if (chunk != NULL && ram_chunk_write(chunk, piece, buffer)) {
            return BALLAST_SUCCESS;
        }
    }
}

static ballast_status write_new(struct ram_store *store, const struct ram_piece *piece, const void *buffer, bool urgent)
{
    if (holds_back_too_much(store)) {
        return BALLAST_RETRY;
    }
    struct ram_chunk *fresh = new_chunk(store, piece, buffer, urgent);
    if (fresh == NULL) {
        return BALLAST_INSUFFICIENT_RESOURCES;
    }
    expect_chunks(store, 1);
    ballast_status status = insert_or_write(store, &fresh, piece, buffer, urgent);
    expect_chunks(store, -1);
    (void)tidy(store);
    if (fresh != NULL) {
        ram_chunk_free(fresh);
    }
    return status;
}

static ballast_status write_piece(struct ram_store *store, const struct ram_piece *piece, const void *buffer)
{
    struct ram_chunk *chunk = ram_table_find(&store->table, piece->index);
    if (chunk != NULL && ram_chunk_write(chunk, piece, buffer)) {
        return BALLAST_SUCCESS;
    }
    return write_new(store, piece, buffer, false);
}

/* ---- zeroing ---- */

static void zero_piece(struct ram_store *store, const struct ram_piece *piece)
{
    struct ram_chunk *chunk = ram_table_find(&store->table, piece->index);
    if (chunk == NULL) {
        return;
    }
    if (piece->length == RAM_CHUNK_SIZE) {
        kill_and_retire(store, chunk);
        return;
    }
    if (ram_chunk_zero(chunk, piece)) {
        retire(store, &chunk->retired);
    }
}

/* Kills chunks of the range by looking at slots from *cursor on. Lock held. */
static struct epoch_item *kill_by_slot(struct ram_store *store, uint64_t first, uint64_t end, size_t *cursor)
{
    struct ram_slots *slots = store->table.slots;
    struct epoch_item *killed = NULL;
    for (unsigned i = 0; i < RAM_TRIM_STEP && *cursor < ram_capacity(slots); i++, ++*cursor) {
        struct ram_chunk *chunk = ram_slot(slots, *cursor);
        if (chunk != NULL && chunk != RAM_REMOVED && chunk->index >= first && chunk->index < end &&
            kill(store, chunk)) {
            chunk->retired.next = killed;
            killed = &chunk->retired;
        }
    }
    return killed;
}

/* Kills chunks of the range by looking each index up from *first on. Lock held. */
static struct epoch_item *kill_by_index(struct ram_store *store, uint64_t *first, uint64_t end)
{
    struct epoch_item *killed = NULL;
    for (unsigned i = 0; i < RAM_TRIM_STEP && *first < end; i++, ++*first) {
        struct ram_chunk *chunk = ram_table_find(&store->table, *first);
        if (chunk != NULL && kill(store, chunk)) {
            chunk->retired.next = killed;
            killed = &chunk->retired;
        }
    }
    return killed;
}

/* Frees the chunks first <= index < end, at a cost bounded by the chunks that exist, however long the range is. */
static void free_chunks(struct ram_store *store, uint64_t first, uint64_t end)
{
    const struct ram_slots *seen = NULL;
    size_t cursor = 0;
    bool more = first < end;
    while (more) {
        struct epoch_item *killed;
        unsigned irql = platform_spin_lock(&store->lock);
        if (store->table.slots == NULL) {
            more = false;
            killed = NULL;
        } else if (end - first > ram_capacity(store->table.slots)) {
            if (seen != store->table.slots) { /* others have rebuilt it meanwhile: begin again */
                cursor = 0;
            }
            seen = store->table.slots;
            killed = kill_by_slot(store, first, end, &cursor);
            more = cursor < ram_capacity(seen);
        } else {
            killed = kill_by_index(store, &first, end);
            more = first < end;
        }
        platform_spin_unlock(&store->lock, irql);
        while (killed != NULL) {
            struct epoch_item *next = killed->next;
            retire(store, killed);
            killed = next;
        }
    }
    (void)tidy(store);
}

/* ---- the source ---- */

/* Of several chunks, or of one that is not where it is looked for first. */
__attribute__((noinline)) static ballast_status read_pieces(struct ram_store *store, uint64_t offset, void *buffer,
                                                            size_t length)
{
    unsigned char *bytes = buffer;
    while (length != 0) {
        struct ram_piece piece = piece_at(offset, length);
        read_piece(store, &piece, bytes);
        offset += piece.length;
        bytes += piece.length;
        length -= piece.length;
    }
    return BALLAST_SUCCESS;
}

static ballast_status ram_read(struct source *source, uint64_t offset, void *buffer, size_t length)
{
    struct ram_store *store = (struct ram_store *)source;
    size_t start = (size_t)(offset % RAM_CHUNK_SIZE);
    uint64_t index = offset / RAM_CHUNK_SIZE;
    const struct ram_chunk *chunk = ram_table_guess(&store->table, index);
    if (chunk == NULL || chunk->index != index || length > RAM_CHUNK_SIZE - start) {
        return read_pieces(store, offset, buffer, length);
    }
    platform_copy(buffer, chunk->data + start, length);
    return BALLAST_SUCCESS;
}

static ballast_status ram_write(struct source *source, uint64_t offset, const void *buffer, size_t length)
{
    struct ram_store *store = (struct ram_store *)source;
    const unsigned char *bytes = buffer;
    ballast_status status = BALLAST_SUCCESS;
    while (length != 0 && status == BALLAST_SUCCESS) {
        struct ram_piece piece = piece_at(offset, length);
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

static ballast_status ram_write_urgent(struct source *source, uint64_t offset, const void *buffer, size_t length)
{
    const unsigned char *bytes = buffer;
    ballast_status status = BALLAST_SUCCESS;
    while (length != 0 && status == BALLAST_SUCCESS) {
        struct ram_piece piece = piece_at(offset, length);
        status = ram_write(source, offset, bytes, piece.length);
        if (status == BALLAST_INSUFFICIENT_RESOURCES) {
            status = write_new((struct ram_store *)source, &piece, bytes, true);
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
        struct ram_piece head = piece_at(offset, length);
        zero_piece(store, &head);
        offset += head.length;
        length -= head.length;
    }
    uint64_t first = offset / RAM_CHUNK_SIZE;
    uint64_t whole = length / RAM_CHUNK_SIZE;
    free_chunks(store, first, first + whole);
    length -= whole * RAM_CHUNK_SIZE;
    if (length != 0) {
        struct ram_piece tail = {first + whole, 0, (size_t)length};
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

static bool has_chunk(struct ram_store *store, uint64_t index)
{
    return ram_table_find(&store->table, index) != NULL;
}

static uint64_t ram_extent(struct source *source, uint64_t offset, uint64_t length, bool *data)
{
    struct ram_store *store = (struct ram_store *)source;
    uint64_t index = offset / RAM_CHUNK_SIZE;
    uint64_t end = RAM_CHUNK_SIZE - offset % RAM_CHUNK_SIZE;
    *data = has_chunk(store, index);
    while (end < length && has_chunk(store, ++index) == *data) {
        end += RAM_CHUNK_SIZE;
    }
    return end < length ? end : length;
}

static bool ram_usage(struct source *source, struct source_usage *usage)
{
    struct ram_store *store = (struct ram_store *)source;
    unsigned irql = platform_spin_lock(&store->lock);
    const struct ram_table *table = &store->table;
    usage->allocated_bytes = (uint64_t)table->count * RAM_CHUNK_SIZE;
    usage->overhead_bytes = sizeof(*store) + table->count * sizeof(struct ram_chunk) +
                            (table->slots != NULL ? ram_slots_size(ram_capacity(table->slots)) : 0) +
                            (table->next != NULL ? ram_slots_size(ram_capacity(table->next)) : 0) +
                            atomic_load_u64(&store->held_bytes);
    platform_spin_unlock(&store->lock, irql);
    return true;
}

/* Nothing is retired any more. */
static void ram_destroy(struct source *source)
{
    struct ram_store *store = (struct ram_store *)source;
    struct ram_slots *slots = store->table.slots;
    for (size_t i = 0; slots != NULL && i < ram_capacity(slots); i++) {
        struct ram_chunk *chunk = ram_slot(slots, i);
        if (chunk != NULL && chunk != RAM_REMOVED) {
            ram_chunk_free(chunk);
        }
    }
    if (slots != NULL) {
        platform_free(slots, ram_slots_size(ram_capacity(slots)), RAM_TAG_TABLE);
    }
    if (store->reserve != NULL) {
        ram_reserve_leave(store->reserve);
    }
    platform_spin_destroy(&store->lock);
    platform_free(store, sizeof(*store), RAM_TAG_STORE);
}

static const struct source_operations ram_operations = {
    .read = ram_read,
    .write = ram_write,
    .write_urgent = ram_write_urgent,
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
    store->chunks.give_back = give_back_chunk;
    store->tables.give_back = give_back_slots;
    platform_spin_initialize(&store->lock);
    *source = &store->source;
    return BALLAST_SUCCESS;
}

ballast_status ram_use_reserve(struct source *source, struct ram_reserve *reserve)
{
    struct ram_store *store = (struct ram_store *)source;
    store->reserve = reserve;
    ram_reserve_join(reserve);
    expect_chunks(store, 1); /* for good: there always is a table */
    return tidy(store) ? BALLAST_SUCCESS : BALLAST_INSUFFICIENT_RESOURCES;
}
