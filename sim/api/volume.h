/* SPDX-License-Identifier: MIT */
/* For tests: the volume with image files; names are those behind "\??\C:\". */
#ifndef SIM_API_VOLUME_H
#define SIM_API_VOLUME_H

#include <ntifs.h>

bool sim_volume_create(const char *name, const void *data, uint64_t size); /* data may be NULL: zeros */
void sim_volume_delete(const char *name);
int64_t sim_volume_size(const char *name); /* -1: does not exist */
bool sim_volume_truncate(const char *name, uint64_t size);
bool sim_volume_read(const char *name, uint64_t offset, void *data, size_t length);
/* False also if somebody has it open who does not share it for writing. */
bool sim_volume_write(const char *name, uint64_t offset, const void *data, size_t length);

/*
 * As somebody with a handle that is cached, and who has closed it again, perhaps: what he writes is in memory until the lazy writer
 * comes, which is when tests let it, somebody flushes, or transfers what lies there without the cache.
 */
bool sim_volume_cached_read(const char *name, uint64_t offset, void *data, size_t length);
bool sim_volume_cached_write(const char *name, uint64_t offset, const void *data, size_t length);
void sim_volume_write_back(void);
unsigned sim_volume_dirty_pages(const char *name);

/* Disk space of a file in bytes; less than its size if it has holes. -1: does not exist. */
int64_t sim_volume_allocated(const char *name);

/* Nobody but system threads that do not impersonate may open it from now on. */
void sim_volume_protect(const char *name);

/* Reads, writes and flushes of image files fail with this status from now on; STATUS_SUCCESS: they work. */
void sim_volume_fail(NTSTATUS status);

/* Reads and writes of image files do not end while this is on; how many are waiting now. */
void sim_volume_hold(bool on);
unsigned sim_volume_waiting(void);

/* The volume takes requests for oplocks, which do not end until they are cancelled: nobody else opens the file. */
void sim_volume_oplocks(bool on);

/* How often files were flushed since sim_reset, and how many bytes have been written after the last flush. */
unsigned long sim_volume_flushes(void);
uint64_t sim_volume_unflushed_bytes(void);

#endif
