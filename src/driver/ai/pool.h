/* SPDX-License-Identifier: MIT */
/*
 * The pinned pool: core/mem/pool.h over sections. Handlers and what allocates, frees or maps: PASSIVE_LEVEL, in any
 * thread, for the process that sent the request. Queries <= APC_LEVEL; they wait for nothing slow.
 */
#ifndef DRIVER_AI_POOL_H
#define DRIVER_AI_POOL_H

#include "ballast/ai_abi.h"
#include "core/base/request.h"
#include "driver/nt/nt.h"

/* Owns the blocks that are allocated through one handle. */
struct ai_pool_owner;

struct ai_request {
    struct request request;
    PIRP irp;
    struct ai_pool_owner *owner; /* of the handle that the request came through */
};

/* The quotas of the pool and of one owner. After nt_late_resolve. PASSIVE_LEVEL. */
NTSTATUS ai_pool_start(uint64_t total_bytes, uint64_t owner_bytes);

/* Frees everything; nobody uses the pool any more. Harmless if it was not started. PASSIVE_LEVEL. */
void ai_pool_stop(void);

/* For the file object that this request opens. NULL: no memory. PASSIVE_LEVEL. */
struct ai_pool_owner *ai_pool_owner_create(PIRP irp);

/* Frees the owner's blocks and unmaps what was mapped through it; its process may have exited. PASSIVE_LEVEL. */
void ai_pool_owner_destroy(struct ai_pool_owner *owner);

/* Of struct ai_request. Lengths and headers have been checked. */
request_handler ai_pool_allocate;
request_handler ai_pool_free;
request_handler ai_pool_grant;
request_handler ai_pool_map;
request_handler ai_pool_unmap;
request_handler ai_pool_query;
request_handler ai_pool_query_blocks;

/* What QUERY_POOL answers. */
void ai_pool_read(struct ballast_ai_pool_reply *reply);

/* A block without alignment or locking, at *address in the process that sent the request. */
NTSTATUS ai_pool_allocate_simple(struct ai_pool_owner *owner, PIRP irp, uint64_t size, uint64_t *address);

/* Frees such a block. STATUS_NOT_FOUND if this owner has none there. */
NTSTATUS ai_pool_free_address(struct ai_pool_owner *owner, PIRP irp, uint64_t address);

#endif
