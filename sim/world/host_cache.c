/* SPDX-License-Identifier: MIT */
/* The cache of one file; host_cache.h has the contract. */

#include "sim/world/host_cache.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096u

struct sim_host_page {
    uint64_t offset;
    bool dirty;
    unsigned char bytes[PAGE];
    struct sim_host_page *next;
};

static uint64_t size_of(int file)
{
    struct stat status;
    return fstat(file, &status) == 0 ? (uint64_t)status.st_size : 0;
}

static struct sim_host_page *page_at(struct sim_host_cache *cache, int file, uint64_t offset)
{
    struct sim_host_page *page = cache->pages;
    while (page != NULL && page->offset != offset) {
        page = page->next;
    }
    if (page == NULL) {
        page = calloc(1, sizeof(*page)); /* zeros behind the end */
        page->offset = offset;
        page->next = cache->pages;
        cache->pages = page;
        if (pread(file, page->bytes, PAGE, (off_t)offset) < 0) {
            memset(page->bytes, 0, PAGE);
        }
    }
    return page;
}

/* One of `data` and `source` is given. */
static bool transfer(struct sim_host_cache *cache, int file, uint64_t offset, unsigned char *data,
                     const unsigned char *source, size_t length)
{
    if (offset > size_of(file) || length > size_of(file) - offset) {
        return false;
    }
    while (length != 0) {
        size_t start = offset % PAGE;
        size_t part = length < PAGE - start ? length : PAGE - start;
        struct sim_host_page *page = page_at(cache, file, offset - start);
        if (source != NULL) {
            memcpy(page->bytes + start, source, part);
            page->dirty = true;
            source += part;
        } else {
            memcpy(data, page->bytes + start, part);
            data += part;
        }
        offset += part;
        length -= part;
    }
    return true;
}

bool sim_host_cache_read(struct sim_host_cache *cache, int file, uint64_t offset, void *data, size_t length)
{
    return transfer(cache, file, offset, data, NULL, length);
}

bool sim_host_cache_write(struct sim_host_cache *cache, int file, uint64_t offset, const void *data, size_t length)
{
    return transfer(cache, file, offset, NULL, data, length);
}

static bool touches(const struct sim_host_page *page, uint64_t offset, uint64_t length)
{
    return page->offset + PAGE > offset && (page->offset < offset || page->offset - offset < length);
}

void sim_host_cache_flush(struct sim_host_cache *cache, int file, uint64_t offset, uint64_t length)
{
    uint64_t size = size_of(file);
    for (struct sim_host_page *page = cache->pages; page != NULL; page = page->next) {
        if (page->dirty && touches(page, offset, length)) {
            uint64_t left = page->offset < size ? size - page->offset : 0;
            page->dirty = pwrite(file, page->bytes, left < PAGE ? left : PAGE, (off_t)page->offset) < 0;
        }
    }
}

void sim_host_cache_purge(struct sim_host_cache *cache, uint64_t offset, uint64_t length)
{
    struct sim_host_page **link = &cache->pages;
    while (*link != NULL) {
        struct sim_host_page *page = *link;
        if (touches(page, offset, length)) {
            *link = page->next;
            free(page);
        } else {
            link = &page->next;
        }
    }
}

unsigned sim_host_cache_dirty(const struct sim_host_cache *cache)
{
    unsigned count = 0;
    for (const struct sim_host_page *page = cache->pages; page != NULL; page = page->next) {
        count += page->dirty;
    }
    return count;
}
