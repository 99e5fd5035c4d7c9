/* SPDX-License-Identifier: MIT */
/*
 * The RAM store: a source in memory that holds only what is not zero.
 *
 * Data lives in chunks of 64 KiB, made of blocks of 4 KiB. A chunk is allocated by the first write into it that is not
 * all zero, and freed as soon as zero writes or trims have left nothing but zeros in each block that other writes had
 * touched; what has no chunk reads as zeros. So a new disk of any size costs a few hundred bytes, and finding a chunk costs
 * at most 80 bytes (0.12 %).
 */
#ifndef CORE_DISK_RAM_H
#define CORE_DISK_RAM_H

#include "core/disk/source.h"

struct ram_reserve;

#ifndef RAM_BLOCK_SIZE /* a test has small ones */
#define RAM_BLOCK_SIZE 4096u
#endif
#define RAM_CHUNK_SIZE (RAM_BLOCK_SIZE << 4)

/*
 * Creates an empty store. It has no size of its own: the disk keeps offsets within its size. Chunks come from
 * `chunk_pool`. On success *source is the store, released by its destroy operation; otherwise there was no memory,
 * BALLAST_INSUFFICIENT_RESOURCES.
 */
ballast_status ram_create(enum platform_pool chunk_pool, struct source **source);

/*
 * Before anybody else calls: urgent writes may take chunks from the reserve, which outlives the store and which this fills.
 * BALLAST_INSUFFICIENT_RESOURCES: there is not even memory for a small table, and the store is to be destroyed.
 */
ballast_status ram_use_reserve(struct source *source, struct ram_reserve *reserve);

#endif
