/* SPDX-License-Identifier: MIT */
/*
 * A source is what a disk's bytes come from: memory, an image file, a server, or a layer over another source.
 *
 * All calls are synchronous. Offsets and lengths have been checked against the disk's size by disk_check_transfer.
 * A source with `blocks` set may wait for other devices and must only be called from a worker thread; the others may be
 * called in any thread at IRQL <= APC_LEVEL inside a guarded region.
 *
 * A source that belongs to a disk is read, written, trimmed and resized from inside the disk's epoch, from several
 * threads at once; of those resizing it there is one at a time, and no transfer goes beyond the smaller of the two sizes. Before
 * that, while it is being filled, one thread has it for itself and there is no epoch. destroy is called alone.
 */
#ifndef CORE_DISK_SOURCE_H
#define CORE_DISK_SOURCE_H

#include "core/base/epoch.h"
#include "core/base/status.h"

struct source;

struct source_usage {
    uint64_t allocated_bytes; /* memory that holds data */
    uint64_t overhead_bytes;  /* memory spent on finding that data, or retired and not yet free */
};

struct source_operations {
    /*
     * Either all `length` bytes are transferred or an error is returned. BALLAST_RETRY: there will be memory for the write
     * when all have left the epoch who are inside.
     */
    ballast_status (*read)(struct source *source, uint64_t offset, void *buffer, size_t length);
    ballast_status (*write)(struct source *source, uint64_t offset, const void *buffer, size_t length);
    /* A write that must not fail because there is no memory: from a reserve. NULL: there is none. */
    ballast_status (*write_urgent)(struct source *source, uint64_t offset, const void *buffer, size_t length);
    /* The range is unused: gives back what holds it if the source can, and then it reads as zeros. */
    ballast_status (*trim)(struct source *source, uint64_t offset, uint64_t length);
    ballast_status (*flush)(struct source *source);
    ballast_status (*resize)(struct source *source, uint64_t size);
    /*
     * How many bytes from `offset` on, `length` at most and at least one, either all read as zeros because nothing is
     * stored there, or may be data. NULL: all may be data.
     */
    uint64_t (*extent)(struct source *source, uint64_t offset, uint64_t length, bool *data);
    /* False when the source does not know. */
    bool (*usage)(struct source *source, struct source_usage *usage);
    void (*destroy)(struct source *source);
};

struct source {
    const struct source_operations *operations;
    struct source *below; /* of a layer, which owns it; NULL: none */
    struct epoch *epoch;  /* of the disk; NULL: it belongs to none yet. Not of layers */
    bool blocks;
    bool sparse;                    /* atomic; zeros become holes. Not of layers: use source_sparse */
    uint32_t buffer_alignment_mask; /* transfers want buffers at multiples of this + 1; 0: any address */
    uint32_t block_size;            /* bytes that the medium reads and writes at a time; 0: any number */
};

/* What is under all layers. */
static inline struct source *source_base(struct source *source)
{
    while (source->below != NULL) {
        source = source->below;
    }
    return source;
}

static inline bool source_sparse(struct source *source)
{
    return __atomic_load_n(&source_base(source)->sparse, __ATOMIC_RELAXED);
}

#endif
