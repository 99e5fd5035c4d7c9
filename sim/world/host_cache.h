/* SPDX-License-Identifier: MIT */
/*
 * The cache of one file, for handles with one. As file systems do it, a transfer beside it has what is dirty there written first, and
 * what it writes is not there any more after it. The caller excludes others.
 */
#ifndef SIM_WORLD_HOST_CACHE_H
#define SIM_WORLD_HOST_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_host_page;

struct sim_host_cache {
    struct sim_host_page *pages; /* in no order */
};

/* Through the cache; false: the file is not that long. */
bool sim_host_cache_read(struct sim_host_cache *cache, int file, uint64_t offset, void *data, size_t length);
bool sim_host_cache_write(struct sim_host_cache *cache, int file, uint64_t offset, const void *data, size_t length);

/* Writes what is dirty in the pages of these bytes, as far as the file goes; forgets those pages. */
void sim_host_cache_flush(struct sim_host_cache *cache, int file, uint64_t offset, uint64_t length);
void sim_host_cache_purge(struct sim_host_cache *cache, uint64_t offset, uint64_t length);

unsigned sim_host_cache_dirty(const struct sim_host_cache *cache);

#endif
