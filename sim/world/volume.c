/* SPDX-License-Identifier: MIT */
/*
 * The volume that image files live on: a set of unlinked host files, what tests do to it, and what zw.c's functions do
 * with a file on it.
 */

#include "sim/world/volume.h"

#include "sim/ground/raw_lock.h"
#include "sim/ground/thread.h"
#include "sim/ground/violation.h"
#include "sim/kernel/memory.h"
#include "sim/world/host_cache.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* What one write may make a file system zero before it. */
#define ZEROED_AT_MOST (16u << 20)

/* ---- the set ---- */

struct sim_node {
    char *name;
    int descriptor;
    bool is_protected;
    bool deleted;
    bool sparse;
    struct sim_host_cache cache;
    uint64_t
        valid; /* as far as it has been written; what lies behind is zeros that only a sparse file need not store */
    unsigned opens; /* handles; share counts of those */
    unsigned writers, deny_write;
    unsigned references; /* handles, and the directory's one */
    struct sim_node *next;
};

static struct sim_raw_lock volume_lock;
static struct sim_node *nodes;
static NTSTATUS volume_failure; /* atomic */
static bool held;               /* atomic */
static bool shut_down;          /* atomic */
static bool oplocks;            /* can be requested */
static unsigned waiting;        /* atomic */
static unsigned long flushes;   /* atomic */
static uint64_t unflushed;      /* atomic */

static struct sim_node *find_node(const char *name)
{
    struct sim_node *node = nodes;
    while (node != NULL && (node->deleted || strcasecmp(node->name, name) != 0)) {
        node = node->next;
    }
    return node;
}

static void unlink_if_unused(struct sim_node *node)
{
    if (node->references != 0) {
        return;
    }
    struct sim_node **link = &nodes;
    while (*link != node) {
        link = &(*link)->next;
    }
    *link = node->next;
    sim_host_cache_purge(&node->cache, 0, UINT64_MAX);
    (void)close(node->descriptor);
    free(node->name);
    free(node);
}

static struct sim_node *create_node(const char *name)
{
    struct sim_node *node = calloc(1, sizeof(*node));
    node->name = strdup(name);
    node->descriptor = memfd_create("sim", MFD_CLOEXEC);
    node->references = 1;
    node->next = nodes;
    nodes = node;
    return node;
}

/* Lock held: host files do not promise that who reads while another writes sees all of it or nothing; this volume does. */
static ssize_t transfer_beside_cache(struct sim_node *node, bool write, uint64_t offset, void *buffer, size_t length)
{
    sim_host_cache_flush(&node->cache, node->descriptor, offset, length);
    sim_unwatched_end(); /* who else uses the driver's buffer meanwhile is a race */
    ssize_t done = write ? pwrite(node->descriptor, buffer, length, (off_t)offset)
                         : pread(node->descriptor, buffer, length, (off_t)offset);
    sim_unwatched_begin();
    if (write) {
        sim_host_cache_purge(&node->cache, offset, length);
    }
    return done;
}

/* Lock held. */
static bool change_size(struct sim_node *node, int64_t size)
{
    sim_host_cache_flush(&node->cache, node->descriptor, 0, UINT64_MAX);
    sim_host_cache_purge(&node->cache, 0, UINT64_MAX);
    return ftruncate(node->descriptor, size) == 0;
}

/* ---- what tests do to it ---- */

bool sim_volume_create(const char *name, const void *data, uint64_t size)
{
    sim_volume_delete(name);
    sim_raw_lock(&volume_lock);
    struct sim_node *node = create_node(name);
    node->valid = size;
    bool ok = ftruncate(node->descriptor, (off_t)size) == 0 &&
              (data == NULL || pwrite(node->descriptor, data, size, 0) == (ssize_t)size);
    sim_raw_unlock(&volume_lock);
    return ok;
}

void sim_volume_delete(const char *name)
{
    sim_raw_lock(&volume_lock);
    struct sim_node *node = find_node(name);
    if (node != NULL) {
        node->deleted = true;
        node->references--;
        unlink_if_unused(node);
    }
    sim_raw_unlock(&volume_lock);
}

int64_t sim_volume_size(const char *name)
{
    sim_raw_lock(&volume_lock);
    const struct sim_node *node = find_node(name);
    int64_t size = node != NULL ? (int64_t)sim_node_size(node) : -1;
    sim_raw_unlock(&volume_lock);
    return size;
}

bool sim_volume_truncate(const char *name, uint64_t size)
{
    sim_raw_lock(&volume_lock);
    struct sim_node *node = find_node(name);
    bool ok = node != NULL && change_size(node, (int64_t)size);
    sim_raw_unlock(&volume_lock);
    return ok;
}

bool sim_volume_read(const char *name, uint64_t offset, void *data, size_t length)
{
    sim_raw_lock(&volume_lock);
    const struct sim_node *node = find_node(name);
    bool ok = node != NULL && pread(node->descriptor, data, length, (off_t)offset) == (ssize_t)length;
    sim_raw_unlock(&volume_lock);
    return ok;
}

bool sim_volume_write(const char *name, uint64_t offset, const void *data, size_t length)
{
    sim_raw_lock(&volume_lock);
    struct sim_node *node = find_node(name);
    bool ok = node != NULL && node->deny_write == 0 &&
              transfer_beside_cache(node, true, offset, (void *)(uintptr_t)data, length) == (ssize_t)length;
    sim_raw_unlock(&volume_lock);
    return ok;
}

bool sim_volume_cached_read(const char *name, uint64_t offset, void *data, size_t length)
{
    sim_raw_lock(&volume_lock);
    struct sim_node *node = find_node(name);
    bool ok = node != NULL && sim_host_cache_read(&node->cache, node->descriptor, offset, data, length);
    sim_raw_unlock(&volume_lock);
    return ok;
}

bool sim_volume_cached_write(const char *name, uint64_t offset, const void *data, size_t length)
{
    sim_raw_lock(&volume_lock);
    struct sim_node *node = find_node(name);
    bool ok = node != NULL && node->deny_write == 0 &&
              sim_host_cache_write(&node->cache, node->descriptor, offset, data, length);
    sim_raw_unlock(&volume_lock);
    return ok;
}

void sim_volume_write_back(void)
{
    sim_raw_lock(&volume_lock);
    for (struct sim_node *node = nodes; node != NULL; node = node->next) {
        sim_host_cache_flush(&node->cache, node->descriptor, 0, UINT64_MAX);
    }
    sim_raw_unlock(&volume_lock);
}

unsigned sim_volume_dirty_pages(const char *name)
{
    sim_raw_lock(&volume_lock);
    const struct sim_node *node = find_node(name);
    unsigned count = node != NULL ? sim_host_cache_dirty(&node->cache) : 0;
    sim_raw_unlock(&volume_lock);
    return count;
}

int64_t sim_volume_allocated(const char *name)
{
    struct stat status;
    sim_raw_lock(&volume_lock);
    const struct sim_node *node = find_node(name);
    int64_t size = node != NULL && fstat(node->descriptor, &status) == 0 ? (int64_t)status.st_blocks * 512 : -1;
    sim_raw_unlock(&volume_lock);
    return size;
}

void sim_volume_protect(const char *name)
{
    sim_raw_lock(&volume_lock);
    find_node(name)->is_protected = true;
    sim_raw_unlock(&volume_lock);
}

void sim_volume_oplocks(bool on)
{
    oplocks = on;
}

void sim_volume_hold(bool on)
{
    __atomic_store_n(&held, on, __ATOMIC_RELAXED);
}

unsigned sim_volume_waiting(void)
{
    return __atomic_load_n(&waiting, __ATOMIC_RELAXED);
}

void sim_volume_fail(NTSTATUS status)
{
    __atomic_store_n(&volume_failure, status, __ATOMIC_RELAXED);
}

unsigned long sim_volume_flushes(void)
{
    return __atomic_load_n(&flushes, __ATOMIC_RELAXED);
}

uint64_t sim_volume_unflushed_bytes(void)
{
    return __atomic_load_n(&unflushed, __ATOMIC_RELAXED);
}

void sim_volume_reset(void)
{
    while (nodes != NULL) {
        if (nodes->opens != 0) {
            sim_violation("test", "reset with file '%s' open", nodes->name);
        }
        nodes->references = 0;
        unlink_if_unused(nodes);
    }
    flushes = 0;
    unflushed = 0;
    held = false;
    shut_down = false;
    oplocks = false;
    volume_failure = STATUS_SUCCESS;
}

/* ---- files on it ---- */

static NTSTATUS open_locked(const char *name, bool create, ACCESS_MASK access, ULONG share, struct sim_node **result)
{
    struct sim_node *node = find_node(name);
    if (node == NULL) {
        if (!create) {
            return STATUS_OBJECT_NAME_NOT_FOUND;
        }
        node = create_node(name);
    }
    if (node->is_protected && (!sim_self()->system || sim_self()->impersonating)) {
        return STATUS_ACCESS_DENIED;
    }
    bool writes = (access & FILE_WRITE_DATA) != 0;
    bool denies = (share & FILE_SHARE_WRITE) == 0;
    if ((writes && node->deny_write != 0) || (denies && node->writers != 0)) {
        return STATUS_SHARING_VIOLATION;
    }
    node->opens++;
    node->writers += writes;
    node->deny_write += denies;
    node->references++;
    *result = node;
    return STATUS_SUCCESS;
}

NTSTATUS sim_node_open(const char *name, bool create, ACCESS_MASK access, ULONG share, struct sim_node **node)
{
    sim_raw_lock(&volume_lock);
    NTSTATUS status = open_locked(name, create, access, share, node);
    sim_raw_unlock(&volume_lock);
    return status;
}

void sim_node_close(struct sim_node *node, ACCESS_MASK access, ULONG share)
{
    sim_raw_lock(&volume_lock);
    node->opens--;
    node->writers -= (access & FILE_WRITE_DATA) != 0;
    node->deny_write -= (share & FILE_SHARE_WRITE) == 0;
    node->references--;
    unlink_if_unused(node);
    sim_raw_unlock(&volume_lock);
}

uint64_t sim_node_size(const struct sim_node *node)
{
    struct stat status;
    return fstat(node->descriptor, &status) == 0 ? (uint64_t)status.st_size : 0;
}

bool sim_node_resize(struct sim_node *node, int64_t size)
{
    sim_raw_lock(&volume_lock);
    node->valid = node->valid < (uint64_t)size ? node->valid : (uint64_t)size;
    bool ok = change_size(node, size);
    sim_raw_unlock(&volume_lock);
    return ok;
}

void sim_node_set_sparse(struct sim_node *node)
{
    __atomic_store_n(&node->sparse, true, __ATOMIC_RELAXED);
}

/* The file system stores the zeros before what is written, in the writer's time, if the file is not sparse. */
static void advance_valid(struct sim_node *node, uint64_t offset, uint64_t end)
{
    sim_raw_lock(&volume_lock);
    uint64_t valid = node->valid;
    node->valid = end > valid ? end : valid;
    sim_raw_unlock(&volume_lock);
    if (offset > valid && offset - valid > ZEROED_AT_MOST && !__atomic_load_n(&node->sparse, __ATOMIC_RELAXED)) {
        sim_violation("zeroing", "a write makes the file system write %llu bytes of zeros before it",
                      (unsigned long long)(offset - valid));
    }
}

bool sim_node_zero(struct sim_node *node, int64_t start, int64_t end)
{
    int64_t size = (int64_t)sim_node_size(node);
    end = end < size ? end : size;
    if (end <= start) {
        return true;
    }
    sim_raw_lock(&volume_lock);
    sim_host_cache_flush(&node->cache, node->descriptor, (uint64_t)start, (uint64_t)(end - start));
    bool ok = fallocate(node->descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, start, end - start) == 0;
    sim_host_cache_purge(&node->cache, (uint64_t)start, (uint64_t)(end - start));
    sim_raw_unlock(&volume_lock);
    return ok;
}

bool sim_node_data(const struct sim_node *node, int64_t *start, int64_t *end)
{
    off_t first = lseek(node->descriptor, (off_t)*start, SEEK_DATA);
    off_t last = first >= 0 ? lseek(node->descriptor, first, SEEK_HOLE) : -1;
    if (first < 0 || last < 0 || first >= *end) {
        return false;
    }
    *start = first;
    *end = last < *end ? last : *end;
    return true;
}

/* Polls: to wait properly would order what nothing orders on NT. */
static void wait_while_held(void)
{
    struct timespec time = {0, 100000};
    __atomic_add_fetch(&waiting, 1, __ATOMIC_RELAXED);
    while (__atomic_load_n(&held, __ATOMIC_RELAXED)) {
        (void)nanosleep(&time, NULL);
    }
    __atomic_sub_fetch(&waiting, 1, __ATOMIC_RELAXED);
}

static ssize_t transfer_whole(struct sim_node *node, bool write, uint64_t offset, void *buffer, ULONG length)
{
    sim_raw_lock(&volume_lock);
    ssize_t done = transfer_beside_cache(node, write, offset, buffer, length);
    sim_raw_unlock(&volume_lock);
    return done;
}

NTSTATUS sim_node_transfer(struct sim_node *node, bool write, uint64_t offset, void *buffer, ULONG length, bool through,
                           ULONG_PTR *information)
{
    wait_while_held();
    NTSTATUS failure = __atomic_load_n(&volume_failure, __ATOMIC_RELAXED);
    *information = 0;
    if (failure != STATUS_SUCCESS) {
        return failure;
    }
    if (write && __atomic_load_n(&shut_down, __ATOMIC_RELAXED)) {
        sim_violation("shutdown", "a file is written after its file system has gone down");
    }
    if (write) {
        advance_valid(node, offset, offset + length);
        ssize_t done = transfer_whole(node, true, offset, buffer, length);
        *information = done > 0 ? (ULONG_PTR)done : 0;
        __atomic_add_fetch(&unflushed, through ? 0 : *information, __ATOMIC_RELAXED);
        return done == (ssize_t)length ? STATUS_SUCCESS : STATUS_DISK_FULL;
    }
    ssize_t done = transfer_whole(node, false, offset, buffer, length);
    *information = done > 0 ? (ULONG_PTR)done : 0;
    sim_memory_accessed(buffer, *information, true);
    return *information != 0 || length == 0 ? STATUS_SUCCESS : STATUS_END_OF_FILE;
}

NTSTATUS sim_volume_flush(void)
{
    NTSTATUS failure = __atomic_load_n(&volume_failure, __ATOMIC_RELAXED);
    if (failure == STATUS_SUCCESS) {
        sim_volume_write_back();
        __atomic_add_fetch(&flushes, 1, __ATOMIC_RELAXED);
        __atomic_store_n(&unflushed, 0, __ATOMIC_RELAXED);
    }
    return failure;
}

void sim_volume_shut_down(void)
{
    __atomic_store_n(&shut_down, true, __ATOMIC_RELAXED);
}

bool sim_volume_is_held(void)
{
    return __atomic_load_n(&held, __ATOMIC_RELAXED);
}

bool sim_volume_has_oplocks(void)
{
    return oplocks;
}
