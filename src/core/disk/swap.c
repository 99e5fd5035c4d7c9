/* SPDX-License-Identifier: MIT */
/* The byte-swap layer; swap.h has the contract. */

#include "core/disk/swap.h"

#define SWAP_TAG        PLATFORM_TAG('B', 'd', 'S', 'w')
#define SWAP_TAG_BUFFER PLATFORM_TAG('B', 'd', 'S', 'b')

/* Written at a time, through a buffer: the caller's must not change. */
#define SWAP_BLOCK      65536u

struct swap {
    struct source source;
    uint64_t size; /* of the disk */
};

void swap_pairs(void *buffer, size_t length)
{
    unsigned char *bytes = buffer;
    for (size_t i = 0; i + 1 < length; i += 2) {
        unsigned char first = bytes[i];
        bytes[i] = bytes[i + 1];
        bytes[i + 1] = first;
    }
}

/* Where the disk's byte at `offset` is in the image. */
static uint64_t partner(const struct swap *swap, uint64_t offset)
{
    return (offset ^ 1) < swap->size ? offset ^ 1 : offset;
}

static ballast_status read_byte(const struct swap *swap, uint64_t offset, unsigned char *byte)
{
    struct source *below = swap->source.below;
    return below->operations->read(below, partner(swap, offset), byte, 1);
}

static ballast_status write_byte(const struct swap *swap, uint64_t offset, const unsigned char *byte)
{
    struct source *below = swap->source.below;
    return below->operations->write(below, partner(swap, offset), byte, 1);
}

static ballast_status swap_read(struct source *source, uint64_t offset, void *buffer, size_t length)
{
    const struct swap *swap = (const struct swap *)source;
    unsigned char *bytes = buffer;
    ballast_status status = BALLAST_SUCCESS;
    if (offset % 2 != 0 && length != 0) {
        status = read_byte(swap, offset, bytes);
        offset++;
        bytes++;
        length--;
    }
    size_t pairs = length & ~(size_t)1;
    if (pairs != 0 && !ballast_failed(status)) {
        status = source->below->operations->read(source->below, offset, bytes, pairs);
        swap_pairs(bytes, pairs);
    }
    if (pairs != length && !ballast_failed(status)) {
        status = read_byte(swap, offset + pairs, bytes + pairs);
    }
    return status;
}

static ballast_status write_pairs(struct source *below, uint64_t offset, const unsigned char *bytes, size_t length)
{
    unsigned char *block = platform_allocate(PLATFORM_POOL_NONPAGED, SWAP_BLOCK, SWAP_TAG_BUFFER);
    ballast_status status = block != NULL ? BALLAST_SUCCESS : BALLAST_INSUFFICIENT_RESOURCES;
    while (length != 0 && !ballast_failed(status)) {
        size_t part = length < SWAP_BLOCK ? length : SWAP_BLOCK;
        platform_copy(block, bytes, part);
        swap_pairs(block, part);
        status = below->operations->write(below, offset, block, part);
        offset += part;
        bytes += part;
        length -= part;
    }
    platform_free(block, SWAP_BLOCK, SWAP_TAG_BUFFER);
    return status;
}

static ballast_status swap_write(struct source *source, uint64_t offset, const void *buffer, size_t length)
{
    const struct swap *swap = (const struct swap *)source;
    const unsigned char *bytes = buffer;
    ballast_status status = BALLAST_SUCCESS;
    if (offset % 2 != 0 && length != 0) {
        status = write_byte(swap, offset, bytes);
        offset++;
        bytes++;
        length--;
    }
    size_t pairs = length & ~(size_t)1;
    if (pairs != 0 && !ballast_failed(status)) {
        status = write_pairs(source->below, offset, bytes, pairs);
    }
    if (pairs != length && !ballast_failed(status)) {
        status = write_byte(swap, offset + pairs, bytes + pairs);
    }
    return status;
}

/* Only whole pairs: half of one belongs to a byte outside the range. */
static ballast_status swap_trim(struct source *source, uint64_t offset, uint64_t length)
{
    const struct swap *swap = (const struct swap *)source;
    uint64_t start = offset + offset % 2;
    uint64_t end = offset + length;
    if (end != swap->size) {
        end -= end % 2;
    }
    return start < end ? source->below->operations->trim(source->below, start, end - start) : BALLAST_SUCCESS;
}

static ballast_status swap_flush(struct source *source)
{
    return source->below->operations->flush(source->below);
}

static ballast_status swap_resize(struct source *source, uint64_t size)
{
    ballast_status status = source->below->operations->resize(source->below, size);
    if (!ballast_failed(status)) {
        ((struct swap *)source)->size = size;
    }
    return status;
}

/* Pairs lie in one and the same extent below, unless one ends within a pair. */
static uint64_t swap_extent(struct source *source, uint64_t offset, uint64_t length, bool *data)
{
    uint64_t below = length;
    *data = true;
    if (source->below->operations->extent != NULL) {
        below = source->below->operations->extent(source->below, offset, length, data);
    }
    if (below % 2 != 0 || offset % 2 != 0) {
        *data = true;
    }
    return below;
}

static bool swap_usage(struct source *source, struct source_usage *usage)
{
    return source->below->operations->usage(source->below, usage);
}

static void swap_destroy(struct source *source)
{
    source->below->operations->destroy(source->below);
    platform_free(source, sizeof(struct swap), SWAP_TAG);
}

static const struct source_operations swap_operations = {
    .read = swap_read,
    .write = swap_write,
    .trim = swap_trim,
    .flush = swap_flush,
    .resize = swap_resize,
    .extent = swap_extent,
    .usage = swap_usage,
    .destroy = swap_destroy,
};

ballast_status swap_create(struct source *below, uint64_t size, struct source **source)
{
    struct swap *swap = platform_allocate(PLATFORM_POOL_NONPAGED, sizeof(*swap), SWAP_TAG);
    if (swap == NULL) {
        return BALLAST_INSUFFICIENT_RESOURCES;
    }
    *swap = (struct swap){
        .source = {.operations = &swap_operations,
                   .below = below,
                   .blocks = below->blocks,
                   .buffer_alignment_mask = below->buffer_alignment_mask,
                   .block_size = below->block_size},
        .size = size,
    };
    *source = &swap->source;
    return BALLAST_SUCCESS;
}
