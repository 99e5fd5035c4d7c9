/* SPDX-License-Identifier: MIT */
/*
 * The bookkeeping of the pinned pool: who owns which block, who may map it and has it mapped, quotas and statistics. What
 * a block is made of is the business of the operations that the pool is created with: the driver's are sections and views.
 *
 * A block belongs to an owner, which stands for an open handle. Its id names its slot and how often the slot has been
 * used, so an id comes back after 2^32 further uses of its slot. Finding, allocating and freeing a block take the same
 * time however many there are.
 *
 * The quota is exact: bytes count as used from before the memory exists until after it is gone, and an allocation is
 * refused only if at that moment it does not fit.
 *
 * Kernel: PASSIVE_LEVEL, queries <= APC_LEVEL, in a critical region. No lock is held while an operation runs; queries take
 * no operation and wait for none.
 */
#ifndef CORE_MEM_POOL_H
#define CORE_MEM_POOL_H

#include "ballast/ai_abi.h"
#include "core/base/platform.h"
#include "core/base/status.h"

#define POOL_MAXIMUM_BYTES  (1ull << 46)
#define POOL_MAXIMUM_SHARES 64u /* grants, and views besides the owner's, of one block */

struct pool_owner;

/* Who asks. `process` is its identity for as long as the operations keep it referenced; it is compared, never read. */
struct pool_caller {
    void *process;
    uint32_t process_id;
    bool narrow; /* its pointers have 32 bits */
};

struct pool_view {
    uint64_t address;    /* in the process that it was mapped into */
    void *context;       /* the operations' */
    uint32_t state;      /* BALLAST_AI_BLOCK_LOCKED or 0 */
    int32_t lock_status; /* of locking, if that was asked for */
};

struct pool_operations {
    /* Makes `size` zeroed bytes, a multiple of BALLAST_AI_POOL_UNIT, in no process yet. */
    ballast_status (*create)(uint64_t size, void **section);
    /* All views are gone or their processes are. */
    void (*destroy)(void *section);
    /* options: BALLAST_AI_LOCK... as far as LOCK fails if it cannot. The address is aligned to MAXIMUM_ALIGNMENT. */
    ballast_status (*map)(void *section, uint64_t size, const struct pool_caller *caller, uint32_t access,
                          uint32_t options, struct pool_view *view);
    /* Cannot fail. The process may have exited, or unmapped the view itself. */
    void (*unmap)(void *process, const struct pool_view *view);
    void (*reference)(void *process);
    void (*dereference)(void *process);
};

/* A block as its owner or mapper gets it. */
struct pool_result {
    uint64_t id;
    uint64_t size; /* rounded */
    struct pool_view view;
};

struct pool;

/* total_bytes and owner_bytes are rounded down to units; at least one each, total_bytes at most POOL_MAXIMUM_BYTES. */
ballast_status pool_create(const struct pool_operations *operations, uint64_t total_bytes, uint64_t owner_bytes,
                           struct pool **result);

/* Closes all owners that are left. Nobody else may use the pool any more. */
void pool_destroy(struct pool *pool);

ballast_status pool_owner_open(struct pool *pool, struct pool_owner **result);

/* Frees the owner's blocks and unmaps what was mapped through it. No other call for this owner may be under way. */
void pool_owner_close(struct pool_owner *owner);

/*
 * Allocates a block and maps it into the caller. by_address: pool_free_address shall find it.
 * INVALID_PARAMETER: size 0 or more than the pool's quota; INSUFFICIENT_RESOURCES: quota or memory; or what the operations
 * say.
 */
ballast_status pool_allocate(struct pool_owner *owner, const struct pool_caller *caller, uint64_t size,
                             uint32_t options, bool by_address, struct pool_result *result);

/*
 * Frees a block of this owner, after having unmapped it everywhere. NOT_FOUND: no such block; ACCESS_DENIED: another's.
 * While another thread is granting, mapping or unmapping the same block, that thread does the work when it is done.
 */
ballast_status pool_free(struct pool_owner *owner, uint64_t id);

/* The same by the address that pool_allocate gave this caller. NOT_FOUND if it is none of this owner's. */
ballast_status pool_free_address(struct pool_owner *owner, const struct pool_caller *caller, uint64_t address);

/*
 * Says what a process may do with a block of this owner. Views that it has and may not have any more, those through the
 * owner itself excepted, are unmapped. INSUFFICIENT_RESOURCES: memory, or more than POOL_MAXIMUM_SHARES.
 */
ballast_status pool_grant(struct pool_owner *owner, uint64_t id, const struct pool_caller *to, uint32_t access);

/*
 * Maps a block into the caller: the owner's may always do that, others with a grant. What is mapped with the same access
 * through the same holder is mapped once and counted. ACCESS_DENIED: no grant.
 */
ballast_status pool_map(struct pool_owner *holder, const struct pool_caller *caller, uint64_t id, uint32_t access,
                        uint32_t options, struct pool_result *result);

/* Undoes one pool_map, or the mapping by pool_allocate. NOT_FOUND: the caller has it not mapped through this holder. */
ballast_status pool_unmap(struct pool_owner *holder, const struct pool_caller *caller, uint64_t id);

/* All members; the header is zero. Exact: all are of one moment. */
void pool_query(struct pool *pool, struct ballast_ai_pool_reply *reply);

/* Writes up to `capacity` blocks in the order of their ids. Returns how many there are, not all counted at one moment. */
uint32_t pool_query_blocks(struct pool *pool, struct ballast_ai_block *blocks, uint32_t capacity);

#endif
