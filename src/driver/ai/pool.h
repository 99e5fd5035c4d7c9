/* SPDX-License-Identifier: MIT */
/*
 * The pinned pool: core/mem/pool.h over sections. Handlers and what allocates, frees or maps: PASSIVE_LEVEL, in the process
 * that sent the request, in Wine in any thread. Queries wait for nothing slow. Handlers run in critical regions.
 */
#ifndef DRIVER_AI_POOL_H
#define DRIVER_AI_POOL_H

#include "ballast/ai_abi.h"
#include "core/base/request.h"
#include "core/mem/pool.h"
#include "driver/nt/caller.h"
#include "driver/nt/nt.h"

/* Owns the blocks that are allocated through one handle. */
struct ai_pool_owner;

struct ai_file;

struct ai_request {
    struct request request;
    PIRP irp;
    struct ai_file *file;
    struct ai_pool_owner *owner; /* of the handle that the request came through */
    PEPROCESS process;           /* that sent the request, referenced, if it maps or unmaps; NULL otherwise */
    PEPROCESS target;            /* of GRANT, referenced */
    bool narrow;                 /* the process has 32-bit pointers in a 64-bit system */
    bool refresh;                /* the adapters shall be looked at again */
    uint32_t age_ms;             /* of the list of processes that it accepts */
    uint32_t pended_ms;          /* ai_now_ms, when it was */
};

/* After nt_late_resolve. PASSIVE_LEVEL. */
NTSTATUS ai_pool_start(const struct pool_limits *limits);

/* Frees everything; nobody uses the pool any more. Harmless if it was not started. PASSIVE_LEVEL. */
void ai_pool_stop(void);

/* For a file object of the current process and its user; `small`: it was not opened for writing. NULL: no memory. PASSIVE_LEVEL. */
struct ai_pool_owner *ai_pool_owner_create(const struct nt_user *user, bool small);

/* Frees the owner's blocks and unmaps what was mapped through it; its process may have exited. PASSIVE_LEVEL. */
void ai_pool_owner_destroy(struct ai_pool_owner *owner);

/* Finds the process that a GRANT is for: in the caller's thread, whose handle may name it. PASSIVE_LEVEL. */
NTSTATUS ai_pool_find_target(struct ai_request *ai);

/* Of struct ai_request. Lengths and headers have been checked. */
request_handler ai_pool_allocate;
request_handler ai_pool_free;
request_handler ai_pool_grant;
request_handler ai_pool_map;
request_handler ai_pool_unmap;
request_handler ai_pool_query;
request_handler ai_pool_query_blocks;
request_handler ai_pool_query_owners;

/* What QUERY_POOL answers to this owner. */
void ai_pool_read(struct ai_pool_owner *owner, struct ballast_ai_pool_reply *reply);

/* A block without alignment or locking, at *address in the process that sent the request. */
NTSTATUS ai_pool_allocate_simple(const struct ai_request *ai, uint64_t size, uint64_t *address);

/* Frees such a block. STATUS_NOT_FOUND if this owner has none there. */
NTSTATUS ai_pool_free_address(const struct ai_request *ai, uint64_t address);

#endif
