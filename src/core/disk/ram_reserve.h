/* SPDX-License-Identifier: MIT */
/*
 * Chunks that are kept for when there is no memory: what the system pages out then is lost if it cannot be written. All RAM disks of
 * a driver share them. They are resident, whatever the chunks of the disk are. <= APC_LEVEL.
 */
#ifndef CORE_DISK_RAM_RESERVE_H
#define CORE_DISK_RAM_RESERVE_H

#include "core/disk/ram_chunk.h"

#ifndef RAM_RESERVED_CHUNKS
#define RAM_RESERVED_CHUNKS 16u /* 1 MiB, which is the most that Windows pages out at a time */
#endif

struct ram_reserve {
    struct platform_spin lock;
    struct epoch_item *chunks;
    uint32_t count; /* atomic */
    uint32_t users;
};

void ram_reserve_initialize(struct ram_reserve *reserve);
void ram_reserve_destroy(struct ram_reserve *reserve);

/* The first RAM disk fills it, and with the last one what it holds is freed. */
void ram_reserve_join(struct ram_reserve *reserve);
void ram_reserve_leave(struct ram_reserve *reserve);

/* Makes it full again, as far as there is memory. */
void ram_reserve_fill(struct ram_reserve *reserve);

/* A chunk, the caller's from now on; NULL: none is left. */
struct ram_chunk *ram_reserve_take(struct ram_reserve *reserve);

#endif
