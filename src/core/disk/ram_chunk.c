/* SPDX-License-Identifier: MIT */
/* What becomes of a chunk's bytes and its state; ram_chunk.h has the protocol. Any IRQL where the bytes are resident. */

#include "core/disk/ram_chunk.h"

_Static_assert(RAM_BLOCK_COUNT == 16, "a bit a block");

#define RAM_TAG_CHUNK PLATFORM_TAG('B', 'd', 'R', 'c')
#define RAM_TAG_HEAD  PLATFORM_TAG('B', 'd', 'R', 'h')

struct ram_chunk *ram_chunk_allocate(enum platform_pool pool)
{
    struct ram_chunk *chunk = platform_allocate(PLATFORM_POOL_NONPAGED, sizeof(*chunk), RAM_TAG_HEAD);
    if (chunk == NULL) {
        return NULL;
    }
    chunk->data = platform_allocate(pool, RAM_CHUNK_SIZE, RAM_TAG_CHUNK);
    if (chunk->data == NULL) {
        platform_free(chunk, sizeof(*chunk), RAM_TAG_HEAD);
        return NULL;
    }
    return chunk;
}

void ram_chunk_free(struct ram_chunk *chunk)
{
    platform_free(chunk->data, RAM_CHUNK_SIZE, RAM_TAG_CHUNK);
    platform_free(chunk, sizeof(*chunk), RAM_TAG_HEAD);
}

static uint32_t load_state(const struct ram_chunk *chunk)
{
    return __atomic_load_n(&chunk->state, __ATOMIC_ACQUIRE);
}

static bool change_state(struct ram_chunk *chunk, uint32_t *seen, uint32_t state)
{
    return __atomic_compare_exchange_n(&chunk->state, seen, state, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

/*
 * A guess while others write there, which is worth something only if it is confirmed by the state. ThreadSanitizer would rightly
 * call it a race.
 */
__attribute__((no_sanitize("thread"))) static bool seems_zero(const unsigned char *bytes, size_t length)
{
    const volatile uint64_t *words = (const volatile uint64_t *)(const void *)bytes;
    uint64_t found = 0;
    for (size_t i = 0; i < length / sizeof(*words) && found == 0; i++) {
        found = words[i];
    }
    return found == 0;
}

void ram_chunk_fill(struct ram_chunk *chunk, const struct ram_piece *piece, const void *buffer)
{
    size_t end = piece->start + piece->length;
    platform_zero(chunk->data, piece->start);
    platform_copy(chunk->data + piece->start, buffer, piece->length);
    platform_zero(chunk->data + end, RAM_CHUNK_SIZE - end);
    chunk->state = ram_blocks_touched(piece);
}

bool ram_chunk_write(struct ram_chunk *chunk, const struct ram_piece *piece, const void *buffer)
{
    uint32_t blocks = ram_blocks_touched(piece);
    uint32_t state = load_state(chunk);
    do {
        if ((state & RAM_CHUNK_DEAD) != 0) {
            return false;
        }
    } while ((state & blocks) != blocks && !change_state(chunk, &state, state | blocks));
    platform_copy(chunk->data + piece->start, buffer, piece->length);
    return true;
}

/* Zeroes the piece. Returns the bits of the blocks in which nothing is left. */
static uint32_t zero_bytes(struct ram_chunk *chunk, const struct ram_piece *piece)
{
    size_t end = piece->start + piece->length;
    uint32_t blocks = ram_blocks_touched(piece);
    if (!platform_is_zero(chunk->data + piece->start, piece->length)) {
        platform_zero(chunk->data + piece->start, piece->length);
    }
    for (size_t block = piece->start / RAM_BLOCK_SIZE; block * RAM_BLOCK_SIZE < end; block++) {
        bool whole = block * RAM_BLOCK_SIZE >= piece->start && (block + 1) * RAM_BLOCK_SIZE <= end;
        if (!whole && !seems_zero(chunk->data + (size_t)block * RAM_BLOCK_SIZE, RAM_BLOCK_SIZE)) {
            blocks &= ~(1u << block);
        }
    }
    return blocks;
}

bool ram_chunk_zero(struct ram_chunk *chunk, const struct ram_piece *piece)
{
    uint32_t blocks = zero_bytes(chunk, piece);
    uint32_t state = load_state(chunk);
    uint32_t cleared;
    do {
        bool queued = (state & RAM_CHUNK_QUEUED) != 0;
        if ((state & RAM_CHUNK_DEAD) != 0 || ((state & blocks) == 0 && !queued)) {
            return false;
        }
        cleared = state & ~blocks;
        if (queued) { /* who examines it may have seen what was there */
            cleared |= RAM_CHUNK_AGAIN;
        } else if ((cleared & RAM_BLOCK_MASK) == 0) {
            cleared |= RAM_CHUNK_QUEUED;
        }
    } while (!change_state(chunk, &state, cleared));
    return (cleared & RAM_CHUNK_QUEUED) != 0 && (state & RAM_CHUNK_QUEUED) == 0;
}

bool ram_chunk_kill(struct ram_chunk *chunk, bool *retire)
{
    uint32_t before = __atomic_fetch_or(&chunk->state, RAM_CHUNK_DEAD, __ATOMIC_ACQ_REL);
    *retire = (before & (RAM_CHUNK_DEAD | RAM_CHUNK_QUEUED)) == 0; /* else it is retired already */
    return (before & RAM_CHUNK_DEAD) == 0;
}

/* Bits of the blocks that hold something. */
static uint32_t filled_blocks(const struct ram_chunk *chunk)
{
    uint32_t blocks = 0;
    for (unsigned block = 0; block < RAM_BLOCK_COUNT; block++) {
        blocks |= (uint32_t)!seems_zero(chunk->data + (size_t)block * RAM_BLOCK_SIZE, RAM_BLOCK_SIZE) << block;
    }
    return blocks;
}

enum ram_finding ram_chunk_examine(struct ram_chunk *chunk)
{
    uint32_t state = load_state(chunk);
    for (;;) {
        enum ram_finding finding = RAM_AGAIN;
        uint32_t changed;
        if ((state & RAM_CHUNK_DEAD) != 0) {
            changed = RAM_CHUNK_DEAD; /* next time it is to be freed */
        } else if ((state & RAM_CHUNK_AGAIN) != 0) {
            changed = state & ~RAM_CHUNK_AGAIN;
        } else {
            finding = RAM_ALIVE;
            changed = state & RAM_BLOCK_MASK;
            changed = changed != 0 ? changed : filled_blocks(chunk);
            if (changed == 0) {
                return RAM_EMPTIED;
            }
        }
        if (change_state(chunk, &state, changed)) {
            return finding;
        }
    }
}

bool ram_chunk_die(struct ram_chunk *chunk)
{
    uint32_t state = RAM_CHUNK_QUEUED;
    return change_state(chunk, &state, RAM_CHUNK_DEAD);
}
