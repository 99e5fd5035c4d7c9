/* SPDX-License-Identifier: MIT */
/*
 * Chunks of the RAM store: what is written, zeroed and emptied concurrently, without locks. All of it inside the disk's epoch,
 * but for examining, which happens when everybody has left who was inside when the chunk was retired.
 *
 * The state has a bit for each block that may hold something else than zeros. A writer sets the bits of his blocks first,
 * unless they are set, so that writing where something is writes nothing but the bytes; that fails when the chunk is dead, and
 * then he has to look for another one. Who zeroes clears the bits of the blocks that he found empty. A writer who has seen a bit
 * before may fill the block after that; so, when no bit is left, the chunk is retired to be examined: then all who have seen
 * one are gone, and it dies unless it holds something or somebody has set a bit since.
 */
#ifndef CORE_DISK_RAM_CHUNK_H
#define CORE_DISK_RAM_CHUNK_H

#include "core/base/epoch.h"
#include "core/disk/ram.h"

#define RAM_BLOCK_COUNT  (RAM_CHUNK_SIZE / RAM_BLOCK_SIZE)
#define RAM_BLOCK_MASK   0xFFFFu

/* In the state, besides the blocks' bits: */
#define RAM_CHUNK_DEAD   0x10000u /* taken out of the table */
#define RAM_CHUNK_QUEUED 0x20000u /* retired to be examined; always if no block has its bit */
#define RAM_CHUNK_AGAIN  0x40000u /* something has been zeroed since */

struct ram_chunk {
    struct epoch_item retired;
    uint64_t index;
    unsigned char *data;
    uint32_t state; /* atomic */
};

/* A range of one chunk's bytes that is not empty. */
struct ram_piece {
    uint64_t index; /* of the chunk */
    size_t start;   /* in the chunk */
    size_t length;
};

/* Bits of the blocks that the piece touches. */
static inline uint32_t ram_blocks_touched(const struct ram_piece *piece)
{
    size_t first = piece->start / RAM_BLOCK_SIZE;
    size_t last = (piece->start + piece->length - 1) / RAM_BLOCK_SIZE;
    return ((2u << last) - 1) & ~((1u << first) - 1);
}

/* A chunk whose bytes come from this pool, with nothing in it yet; NULL without memory. <= APC_LEVEL, as freeing it. */
struct ram_chunk *ram_chunk_allocate(enum platform_pool pool);
void ram_chunk_free(struct ram_chunk *chunk);

/* Nothing but zeros around the piece. */
void ram_chunk_fill(struct ram_chunk *chunk, const struct ram_piece *piece, const void *buffer);

/* False: the chunk is dead. */
bool ram_chunk_write(struct ram_chunk *chunk, const struct ram_piece *piece, const void *buffer);

/* True: nothing may be left in it, and the caller has to retire it. */
bool ram_chunk_zero(struct ram_chunk *chunk, const struct ram_piece *piece);

/* Whatever is in it. *retire: it is to be retired. False: it was dead already. */
bool ram_chunk_kill(struct ram_chunk *chunk, bool *retire);

enum ram_finding {
    RAM_ALIVE,  /* and not retired any more */
    RAM_AGAIN,  /* it is to be retired once more: others have come since, or somebody has killed it */
    RAM_EMPTIED /* ram_chunk_die decides */
};

/* What has become of a chunk that was retired to be examined. */
enum ram_finding ram_chunk_examine(struct ram_chunk *chunk);

/* Whether nothing has happened since it was found empty: it is dead, and to be retired. */
bool ram_chunk_die(struct ram_chunk *chunk);

static inline bool ram_chunk_queued(const struct ram_chunk *chunk)
{
    return (__atomic_load_n(&chunk->state, __ATOMIC_ACQUIRE) & RAM_CHUNK_QUEUED) != 0;
}

#endif
