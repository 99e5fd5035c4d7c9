/* SPDX-License-Identifier: MIT */
/*
 * The bookkeeping of the pinned pool: who owns which block, who may map it and has it mapped, quotas and statistics. What
 * a block is made of is the business of the operations that the pool is created with: the driver's are sections and views.
 *
 * A block belongs to an owner, which stands for an open handle. Bytes are charged to the owner's process and to that
 * process's user, whoever maps them. A block's id names its slot and how often the slot has been
 * used, so an id comes back after 2^32 further uses of its slot. Finding, allocating and freeing a block take the same
 * time however many there are.
 *
 * Quotas are exact: bytes count as used from before the memory exists until after it is gone, and an allocation is
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
#define POOL_MAXIMUM_SHARES 64u    /* grants, and views besides the owner's, of one block */
#define POOL_PROCESS_SHARES 4096u  /* grants and further views of one process */
#define POOL_USER_SHARES    16384u /* the same of all processes of one user */

struct pool_owner;

/* All but the reserve are at least a unit and rounded down to units; what is more than the whole counts as that. */
struct pool_limits {
    uint64_t total;         /* at most POOL_MAXIMUM_BYTES */
    uint64_t process;       /* what all owners of one process have */
    uint64_t user;          /* what all processes of one user have */
    uint64_t small_process; /* the same for owners that are small */
    uint64_t small_user;
    uint64_t reserve; /* only administrators' processes have the last so many bytes; less than the total */
};

#define POOL_USER_BYTES 72u /* a SID, and then some */

/* Who opens an owner. */
struct pool_identity {
    void *process; /* as in pool_caller; kept referenced while it has owners */
    uint32_t process_id;
    uint64_t create_time;      /* as the system has it */
    const unsigned char *user; /* what is the same for all its processes */
    uint32_t user_length;      /* at most POOL_USER_BYTES */
    bool administrator;
    bool small; /* may have little only */
};

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
    /* All views are gone or their processes are, but for those of a process that exits, which are being taken out. */
    void (*destroy)(void *section);
    /* options: BALLAST_AI_LOCK... as far as LOCK fails if it cannot. The address is aligned to MAXIMUM_ALIGNMENT. */
    ballast_status (*map)(void *section, uint64_t size, const struct pool_caller *caller, uint32_t access,
                          uint32_t options, struct pool_view *view);
    /* Locks a view again that was locked: the process may have unlocked it. Sets state and lock_status. */
    void (*lock)(const struct pool_caller *caller, uint64_t size, struct pool_view *view);
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

/* INVALID_PARAMETER: limits that pool_limits does not allow. */
ballast_status pool_create(const struct pool_operations *operations, const struct pool_limits *limits,
                           struct pool **result);

/* Closes all owners that are left. Nobody else may use the pool any more. */
void pool_destroy(struct pool *pool);

ballast_status pool_owner_open(struct pool *pool, const struct pool_identity *identity, struct pool_owner **result);

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
 * Frees a block of this owner, after having unmapped it everywhere. NOT_FOUND: it has no such block.
 * While another thread is granting, mapping or unmapping the same block, its bytes are used until that is done; who frees it
 * waits for the address spaces that it is in, and nobody else does.
 */
ballast_status pool_free(struct pool_owner *owner, uint64_t id);

/* The same by the address that pool_allocate gave this caller. NOT_FOUND if it is none of this owner's. */
ballast_status pool_free_address(struct pool_owner *owner, const struct pool_caller *caller, uint64_t address);

/*
 * Says what a process may do with a block of this owner. Views that it has and may not have any more, those through the
 * owner itself excepted, are unmapped. NOT_FOUND: it has no such block; INSUFFICIENT_RESOURCES: memory, or more than
 * POOL_MAXIMUM_SHARES.
 */
ballast_status pool_grant(struct pool_owner *owner, uint64_t id, const struct pool_caller *to, uint32_t access);

/*
 * Maps a block into the caller: the owner's may always do that, others with a grant. What is mapped with the same access
 * through the same holder is mapped once and counted. NOT_FOUND: no such block, or no grant for the caller;
 * ACCESS_DENIED: a grant for reading only.
 */
ballast_status pool_map(struct pool_owner *holder, const struct pool_caller *caller, uint64_t id, uint32_t access,
                        uint32_t options, struct pool_result *result);

/* Undoes one pool_map, or the mapping by pool_allocate. NOT_FOUND: the caller has it not mapped through this holder. */
ballast_status pool_unmap(struct pool_owner *holder, const struct pool_caller *caller, uint64_t id);

/*
 * The process has exited: what was granted to it is taken back, so that nothing keeps its object. Its views are its owners'
 * to unmap.
 */
void pool_forget_process(struct pool *pool, const void *process);

/* All members; the header is zero. Exact: all are of one moment. `viewer` says whom what is free is free for. */
void pool_query(struct pool *pool, const struct pool_owner *viewer, struct ballast_ai_pool_reply *reply);

/*
 * Writes up to `capacity` blocks in the order of their ids, those of the viewer's user or all. A user's processes with an
 * administrator's rights are seen by such only. Returns how many there are, not all counted at one moment.
 */
uint32_t pool_query_blocks(struct pool *pool, const struct pool_owner *viewer, bool all,
                           struct ballast_ai_block *blocks, uint32_t capacity);

/* The same for processes that have the pool open. */
uint32_t pool_query_owners(struct pool *pool, const struct pool_owner *viewer, bool all,
                           struct ballast_ai_owner *owners, uint32_t capacity);

#endif
