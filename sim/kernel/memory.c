/* SPDX-License-Identifier: MIT */
/*
 * Pool and system buffers.
 *
 * Non-paged pool is malloc with guards on both sides. Paged pool lives in a region of its own, so that an access at
 * DISPATCH_LEVEL can be told by its address. System buffers live in another region, with a shadow byte for each byte, so
 * that what a driver returns without having written it can be told. trace.c sees the accesses.
 */

#include "sim/kernel/memory.h"

#include "sim/api/memory.h"

#include "sim/ground/checks.h"
#include "sim/ground/fault.h"
#include "sim/ground/lock.h"
#include "sim/ground/options.h"
#include "sim/ground/raw_lock.h"
#include "sim/ground/thread.h"
#include "sim/ground/violation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#ifdef SIM_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(start, size)   __asan_poison_memory_region((start), (size))
#define UNPOISON(start, size) __asan_unpoison_memory_region((start), (size))
#endif
#ifndef POISON
#define POISON(start, size)   ((void)(start), (void)(size))
#define UNPOISON(start, size) ((void)(start), (void)(size))
#endif

#define GUARD_SIZE 32u
#define GUARD_BYTE 0xFDu
#define FRESH_BYTE 0xCDu /* what allocated memory holds */
#define FREED_BYTE 0xDDu
#ifdef SIM_PATH /* valgrind has less address space */
#define REGION_SIZE (8ull << 30)
#else
#define REGION_SIZE (64ull << 30)
#endif
#define PAGE         4096u
#define STACK_FRAMES 8
#define BLOCK_MAGIC  0x51A1B10Cu

/* ---- regions: address ranges from which whole pages are cut ---- */

struct free_page {
    struct free_page *next;
};

struct region {
    unsigned char *base;
    size_t used; /* addresses are not used again before the next reset */
    struct sim_raw_lock lock;
#ifdef SIM_PATH
    struct free_page *pages; /* the host's calls are not to be timed */
#endif
};

static struct region paged;
static struct region buffers;
static unsigned char *shadow; /* of `buffers`: 1: the driver has written it, or it was input */

static void region_reset(struct region *region)
{
    if (region->base != NULL) {
        UNPOISON(region->base, region->used);
        (void)munmap(region->base, REGION_SIZE);
    }
    region->base = mmap(NULL, REGION_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (region->base == MAP_FAILED) {
        sim_violation("test", "no address space for a region");
    }
    region->used = 0;
#ifdef SIM_PATH
    region->pages = NULL;
#endif
}

#ifdef SIM_PATH
static unsigned char *take_page(struct region *region)
{
    sim_raw_lock(&region->lock);
    struct free_page *page = region->pages;
    if (page != NULL) {
        region->pages = page->next;
    }
    sim_raw_unlock(&region->lock);
    return (unsigned char *)page;
}

static void keep_page(struct region *region, void *start)
{
    struct free_page *page = start;
    sim_raw_lock(&region->lock);
    page->next = region->pages;
    region->pages = page;
    sim_raw_unlock(&region->lock);
}
#endif

/* Whole pages for `size` bytes with an inaccessible page behind; the bytes end where the pages do, but for alignment. */
static void *region_allocate(struct region *region, size_t size)
{
    size_t pages = (size + PAGE - 1) / PAGE * PAGE;
#ifdef SIM_PATH
    unsigned char *page = pages == PAGE ? take_page(region) : NULL;
    if (page != NULL) {
        return page + (pages - size) / 16 * 16;
    }
#endif
    sim_raw_lock(&region->lock);
    size_t start = region->used;
    region->used += pages + PAGE;
    sim_raw_unlock(&region->lock);
    if (start + pages + PAGE > REGION_SIZE) {
        sim_violation("test", "a region is used up; call sim_reset more often");
    }
    unsigned char *first = region->base + start;
    if (mprotect(first, pages, PROT_READ | PROT_WRITE) != 0) {
        sim_violation("test", "no memory for a region");
    }
    unsigned char *block = first + (pages - size) / 16 * 16;
    POISON(block + size, (size_t)(first + pages - (block + size)));
    return block;
}

static void region_free(struct region *region, void *block, size_t size)
{
    unsigned char *first = (unsigned char *)((uintptr_t)block / PAGE * PAGE);
    size_t pages = ((size_t)((unsigned char *)block - first) + size + PAGE - 1) / PAGE * PAGE;
    UNPOISON(first, pages);
#ifdef SIM_PATH
    if (pages == PAGE) {
        keep_page(region, first);
        return;
    }
#endif
    (void)region;
    /* Gives the memory back; whoever touches it again dies. */
    (void)mmap(first, pages, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}

static bool in_region(const struct region *region, const void *address)
{
    const unsigned char *byte = address;
    return byte >= region->base && byte < region->base + REGION_SIZE;
}

void sim_memory_poison(const void *start, size_t size)
{
    POISON(start, size);
}

void sim_memory_unpoison(const void *start, size_t size)
{
    UNPOISON(start, size);
}

/* ---- pool ---- */

struct block {
    uint32_t magic;
    ULONG tag;
    size_t size;
    unsigned char *data;
    unsigned char *memory; /* what malloc returned; NULL: paged */
    struct block *next, *previous;
};

static struct sim_raw_lock blocks_lock;
static struct block *blocks;
static uint64_t pool_used; /* atomic */

static void link_block(struct block *block)
{
    sim_raw_lock(&blocks_lock);
    block->next = blocks;
    if (blocks != NULL) {
        blocks->previous = block;
    }
    blocks = block;
    sim_raw_unlock(&blocks_lock);
}

static struct block *find_and_unlink(const void *data)
{
    sim_raw_lock(&blocks_lock);
    struct block *block = blocks;
    while (block != NULL && block->data != data) {
        block = block->next;
    }
    if (block != NULL) {
        if (block->previous != NULL) {
            block->previous->next = block->next;
        } else {
            blocks = block->next;
        }
        if (block->next != NULL) {
            block->next->previous = block->previous;
        }
    }
    sim_raw_unlock(&blocks_lock);
    return block;
}

void *ExAllocatePoolWithTag(POOL_TYPE type, SIZE_T size, ULONG tag)
{
    bool is_paged = type == PagedPool;
    sim_check_irql("ExAllocatePoolWithTag", is_paged ? APC_LEVEL : DISPATCH_LEVEL);
    if (size == 0 || tag == 0) {
        sim_violation("pool", "ExAllocatePoolWithTag with size %zu and tag 0x%08x", size, tag);
    }
    if (sim_fault("ExAllocatePoolWithTag") || size > REGION_SIZE / 16) {
        return NULL;
    }
    uint64_t limit = sim_get_options()->pool_limit;
    if (__atomic_add_fetch(&pool_used, size, __ATOMIC_RELAXED) > limit && limit != 0) {
        __atomic_sub_fetch(&pool_used, size, __ATOMIC_RELAXED);
        return NULL;
    }
    struct block *block = calloc(1, sizeof(*block));
    block->magic = BLOCK_MAGIC;
    block->tag = tag;
    block->size = size;
    if (is_paged) {
        block->data = region_allocate(&paged, size);
    } else {
        block->memory = malloc(size + 2 * GUARD_SIZE);
        memset(block->memory, GUARD_BYTE, size + 2 * GUARD_SIZE);
        block->data = block->memory + GUARD_SIZE;
        POISON(block->memory, GUARD_SIZE);
        POISON(block->data + size, GUARD_SIZE);
    }
    memset(block->data, FRESH_BYTE, size);
    link_block(block);
    return block->data;
}

static void check_guards(struct block *block)
{
    UNPOISON(block->memory, GUARD_SIZE);
    UNPOISON(block->data + block->size, GUARD_SIZE);
    for (size_t i = 0; SIM_CHECKS && i < GUARD_SIZE; i++) {
        if (block->memory[i] != GUARD_BYTE || block->data[block->size + i] != GUARD_BYTE) {
            sim_violation("pool-overrun", "a block of %zu bytes, tag %.4s, was written beyond its ends", block->size,
                          (const char *)&block->tag);
        }
    }
}

void ExFreePool(PVOID data)
{
    ExFreePoolWithTag(data, SIM_SYSTEM_TAG);
}

void ExFreePoolWithTag(PVOID data, ULONG tag)
{
    struct block *block = find_and_unlink(data);
    if (block == NULL) {
        sim_violation("pool-free", "%p is no allocated block", data);
    }
    sim_check_irql("ExFreePoolWithTag", block->memory == NULL ? APC_LEVEL : DISPATCH_LEVEL);
    if (tag != block->tag) {
        sim_violation("pool-free", "a block with tag %.4s is freed with tag %.4s", (const char *)&block->tag,
                      (const char *)&tag);
    }
    if (SIM_CHECKS) {
        sim_objects_forget(block->data, block->size);
    }
    __atomic_sub_fetch(&pool_used, block->size, __ATOMIC_RELAXED);
    if (block->memory == NULL) {
        region_free(&paged, block->data, block->size);
    } else {
        check_guards(block);
        memset(block->data, FREED_BYTE, block->size);
        free(block->memory);
    }
    free(block);
}

size_t sim_pool_resident(void)
{
    size_t bytes = 0;
    sim_raw_lock(&blocks_lock);
    for (const struct block *block = blocks; block != NULL; block = block->next) {
        bytes += block->memory != NULL ? block->size : 0;
    }
    sim_raw_unlock(&blocks_lock);
    return bytes;
}

void sim_memory_check_leaks(void)
{
    size_t count = 0;
    for (const struct block *block = blocks; block != NULL; block = block->next) {
        fprintf(stderr, "sim: leaked %zu bytes, tag %.4s\n", block->size, (const char *)&block->tag);
        count++;
    }
    if (count != 0) {
        sim_violation("leak", "%zu pool blocks are left", count);
    }
}

void sim_memory_reset(void)
{
    if (blocks != NULL) {
        sim_violation("test", "reset with pool allocated");
    }
    region_reset(&paged);
    region_reset(&buffers);
    if (shadow != NULL) {
        (void)munmap(shadow, REGION_SIZE);
    }
    shadow = mmap(NULL, REGION_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

/* ---- system buffers ---- */

struct buffer_size { /* precedes a buffer, in ordinary memory */
    void *buffer;
    size_t size;
    struct buffer_size *next;
};

static struct sim_raw_lock sizes_lock;
static struct buffer_size *sizes;

/* Nothing that a test may take for data. By words, because tests do this more than anything else; `bytes` is aligned. */
static void fill_with_garbage(unsigned char *bytes, size_t size)
{
    uint64_t state = (uintptr_t)bytes | 1;
    uint64_t *words = (uint64_t *)(void *)bytes;
    if (!SIM_CHECKS) {
        return;
    }
    for (size_t i = 0; i < (size + sizeof(*words) - 1) / sizeof(*words); i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        uint64_t mixed = state ^ state >> 32;
        size_t rest = size - i * sizeof(*words);
        if (rest >= sizeof(*words)) {
            words[i] = mixed;
        } else {
            memcpy(&words[i], &mixed, rest);
        }
    }
}

void *sim_system_buffer_create(const void *input, size_t input_length, size_t size)
{
    if (size == 0) {
        return NULL;
    }
    unsigned char *buffer = region_allocate(&buffers, size);
    struct buffer_size *entry = malloc(sizeof(*entry));
    fill_with_garbage(buffer, size);
    if (input_length != 0) {
        memcpy(buffer, input, input_length);
    }
    memset(shadow + (buffer - buffers.base), 0, size);
    *entry = (struct buffer_size){.buffer = buffer, .size = size};
    sim_raw_lock(&sizes_lock);
    entry->next = sizes;
    sizes = entry;
    sim_raw_unlock(&sizes_lock);
    return buffer;
}

/* Without a sanitizer the compiler copies small structures in line, and does not trace that: nothing can be said. */
size_t sim_system_buffer_unwritten(const void *buffer, size_t input_length, size_t length)
{
#if !defined(SIM_ASAN) && !defined(SIM_TSAN)
    (void)buffer;
    (void)input_length;
#else
    size_t start = (size_t)((const unsigned char *)buffer - buffers.base);
    for (size_t i = input_length; i < length; i++) {
        if (shadow[start + i] == 0) {
            return i;
        }
    }
#endif
    return length;
}

void sim_system_buffer_free(void *buffer)
{
    struct buffer_size *entry = NULL;
    if (buffer == NULL) {
        return;
    }
    sim_raw_lock(&sizes_lock);
    for (struct buffer_size **link = &sizes; *link != NULL; link = &(*link)->next) {
        if ((*link)->buffer == buffer) {
            entry = *link;
            *link = entry->next;
            break;
        }
    }
    sim_raw_unlock(&sizes_lock);
    region_free(&buffers, buffer, entry->size);
    free(entry);
}

/* ---- what trace.c tells about ---- */

void sim_memory_accessed(const void *address, size_t size, bool write)
{
    if (in_region(&paged, address)) {
        if (sim_self()->irql >= DISPATCH_LEVEL) {
            sim_violation("paged", "paged memory is touched at IRQL %u", sim_self()->irql);
        }
    } else if (write && in_region(&buffers, address)) {
        memset(shadow + ((const unsigned char *)address - buffers.base), 1, size);
    }
}
