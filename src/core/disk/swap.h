/* SPDX-License-Identifier: MIT */
/*
 * The byte-swap layer: disk byte i is image byte i ^ 1, for reading and writing. The last byte of an image with an odd
 * number of bytes is its own partner.
 */
#ifndef CORE_DISK_SWAP_H
#define CORE_DISK_SWAP_H

#include "core/disk/source.h"

/*
 * A layer over `below`, which it takes over when it succeeds; BALLAST_INSUFFICIENT_RESOURCES otherwise. `size` is the
 * disk's, in bytes. The source below must transfer single bytes: requests need not begin or end between pairs.
 */
ballast_status swap_create(struct source *below, uint64_t size, struct source **source);

/* Swaps the bytes of each pair; an odd last byte stays. */
void swap_pairs(void *buffer, size_t length);

#endif
