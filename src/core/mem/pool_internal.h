/* SPDX-License-Identifier: MIT */
/*
 * What the files of the pool share.
 *
 * An owner is a handle of a process; processes belong to users. Processes, with all their owners, are spread over shards. A
 * shard has its owners' blocks and its part of the statistics; a process has credit: bytes taken from the quotas that no
 * block uses. So threads of different processes rarely meet. Locks, in this order:
 *
 *   shard.lock     everything in the shard, its processes' bytes, its owners and their blocks; several are taken in
 *                  ascending order; the lists of views and grants of its blocks, each process's list of grants in it
 *   pool.global    what is left of the quotas, the lists of owners, processes and users, each owner's list of views of
 *                  others' blocks
 *
 * A block's `word` holds its state, how many have pinned it, and its generation. It changes by compare-and-swap without a
 * lock. Only a LIVE block can be pinned; while it is pinned its slot stays what it is. Who makes it FREEING takes it out of all
 * address spaces, whoever has it pinned: what a process keeps waiting by its own is who frees its blocks. Who does that without
 * pins, or drops the last pin of a FREEING one, gives it back. A process that exits has its grants taken out under the lock only.
 */
#ifndef CORE_MEM_POOL_INTERNAL_H
#define CORE_MEM_POOL_INTERNAL_H

#include "core/base/atomic.h"
#include "core/base/process_bucket.h"
#include "core/mem/pool.h"

#define POOL_SHARDS      8u
#define POOL_FIRST_CHUNK 32u /* slots of a shard's first chunk; each further one doubles the shard */
#define POOL_CHUNKS      22u
#define POOL_SLOT_BITS   27u /* of a block's number, below the shard's */
#define POOL_CACHE_LINE  64u
#define POOL_ANY_SIZE    UINT64_MAX
#define POOL_TAG_STATE   PLATFORM_TAG('B', 'a', 'P', 'o')
#define POOL_TAG_BLOCKS  PLATFORM_TAG('B', 'a', 'P', 'b')
#define POOL_TAG_OWNER   PLATFORM_TAG('B', 'a', 'P', 'w')
#define POOL_TAG_SHARE   PLATFORM_TAG('B', 'a', 'P', 's')

enum pool_state {
    POOL_FREE,
    POOL_RESERVED, /* counted, being made */
    POOL_LIVE,
    POOL_FREEING,
};

#define POOL_STATE_MASK 3u
#define POOL_ONE_PIN    4u
#define POOL_PINS_MASK  0xFFFFFFFCu

struct pool_user {
    struct pool_user *next, **link; /* pool.global, as everything here */
    uint64_t quota;
    uint64_t taken; /* by its processes: used, and their credit */
    uint32_t processes;
    uint32_t shares; /* of its processes; atomic */
    uint32_t length;
    bool small;
    bool administrator;               /* its programs have all rights: others of the same name are another user */
    uint8_t padding[POOL_CACHE_LINE]; /* what allocations write is not in the line that all of them read */
    /*
     * What was left of its quota when one of its processes was refused, and nothing has been freed since; POOL_ANY_SIZE
     * otherwise. Atomic: set with all shards locked, changed back under one's lock.
     */
    uint64_t left;
    unsigned char name[POOL_USER_BYTES];
};

struct pool_process {
    struct pool_process *next, **link;                   /* of its bucket; pool.global */
    struct pool_process *creditor_next, **creditor_link; /* of its shard; NULL: is in no list. shard.lock */
    struct pool_user *user;
    struct pool_shard *shard;
    void *process; /* referenced */
    uint64_t create_time;
    uint32_t process_id;
    bool limited; /* may not use what is reserved */
    bool small;
    uint64_t quota;
    uint64_t used;   /* by blocks; changed under shard.lock, read atomically without; as `blocks` */
    uint64_t credit; /* shard.lock */
    uint32_t blocks;
    uint32_t owners; /* pool.global */
    uint32_t shares; /* grants that it gave, views besides those of its own blocks' first; atomic */
};

/* shard.lock, all of it. */
struct pool_grant {
    struct pool_grant *next, **link; /* of the block */
    struct pool_block *block;
    struct pool_grant *more, **more_link;          /* of the same process's in the shard; the first has no link */
    struct pool_grant *bucket_next, **bucket_link; /* the first of each process; of the others no link */
    void *process;                                 /* referenced */
    uint32_t access;
};

/* A view besides the one that pool_allocate made. */
struct pool_mapping {
    struct pool_mapping *next;                       /* of the block; shard.lock */
    struct pool_mapping *holder_next, **holder_link; /* of the holder; pool.global */
    struct pool_owner *holder;                       /* NULL: has been closed; pool.global */
    uint64_t id;                                     /* of the block */
    void *process;                                   /* referenced */
    uint32_t access;
    uint32_t count;
    bool by_grant; /* and not through the owner */
    struct pool_view view;
};

struct pool_block {
    uint64_t word;
    struct pool_owner *owner; /* atomic: looked at before it is known to be valid */
    struct pool_block *next;  /* of the owner, or of the free slots */
    struct pool_block **link; /* what points to this one in the owner's list */
    uint64_t size;
    uint64_t requested;
    void *section;
    void *process;         /* that it is mapped into, referenced */
    struct pool_view view; /* there */
    struct pool_block *address_next;
    struct pool_mapping *mappings;
    struct pool_grant *grants;
    uint32_t view_count;    /* of the owner's view; 0: has been unmapped */
    uint32_t mapping_count; /* of all views; atomic, as the next: pool_query_blocks does not pin */
    uint32_t grant_count;
    uint32_t locked_views; /* shard.lock */
    uint32_t process_id;
    uint32_t number; /* of its slot in all shards */
    bool by_address;
};

struct pool_owner {
    struct pool *pool;
    struct pool_process *process;
    struct pool_shard *shard; /* the process's */
    struct pool_block *blocks;
    bool closed;                   /* goes with its last block */
    struct pool_mapping *mappings; /* of others' blocks; pool.global, as the following */
    struct pool_owner *next, **link;
    uint8_t padding[POOL_CACHE_LINE]; /* what another owner writes is not in the same line */
};

struct pool_shard {
    struct platform_mutex lock;
    struct pool_process *creditors; /* processes with credit */
    struct pool_grant *grants[PROCESS_BUCKETS];
    struct pool_block *free_slots;
    uint32_t fresh;                        /* slots below have been used; atomic */
    uint32_t first_number;                 /* of its slots */
    struct pool_block *chunk[POOL_CHUNKS]; /* atomic */
    struct pool_block **addresses;         /* hash table of blocks by address */
    uint32_t address_capacity;             /* a power of two, or 0 */
    uint32_t address_count;
    uint32_t owners; /* that have blocks */
    uint64_t requested;
    uint64_t allocations; /* without those of which nothing came */
    uint64_t frees;
    uint64_t locked; /* blocks with a locked view */
    uint32_t class_blocks[BALLAST_AI_SIZE_CLASSES];
    uint64_t class_bytes[BALLAST_AI_SIZE_CLASSES];
    uint8_t padding[POOL_CACHE_LINE];
};

struct pool {
    struct pool_shard shard[POOL_SHARDS];
    const struct pool_operations *operations;
    struct pool_limits limits;
    uint64_t credit_limit; /* what a process may keep */
    uint32_t refused;      /* atomic; 1: some user's `left` has been set, and from then on they are looked at */
    struct platform_mutex global;
    uint64_t unreserved; /* neither used nor some process's credit */
    uint64_t limited;    /* taken by limited processes */
    uint64_t peak;       /* used plus credit never exceeds it, so it is raised only by what is really used */
    struct pool_owner *owners;
    struct pool_user *users;
    struct pool_process *processes[PROCESS_BUCKETS];
    uint32_t next_shard;
    uint64_t failures; /* atomic */
};

static inline uint32_t pool_state_of(uint64_t word)
{
    return (uint32_t)word & POOL_STATE_MASK;
}

static inline uint64_t pool_make_word(uint32_t generation, enum pool_state state)
{
    return (uint64_t)generation << 32 | state;
}

static inline uint32_t pool_generation_of(uint64_t word)
{
    return (uint32_t)(word >> 32);
}

static inline struct pool_shard *pool_shard_of(const struct pool_block *block)
{
    return block->owner->shard;
}

/* Read under the shard's lock as well, where only NULL and somebody else look alike. */
static inline struct pool_owner *pool_holder_of(const struct pool_mapping *mapping)
{
    return __atomic_load_n(&mapping->holder, __ATOMIC_RELAXED);
}

static inline void pool_set_holder(struct pool_mapping *mapping, struct pool_owner *holder)
{
    __atomic_store_n(&mapping->holder, holder, __ATOMIC_RELAXED);
}

/* ---- pool_account.c ---- */

/* The process's account, which is made if it is not there. NULL: no memory. */
struct pool_process *pool_process_open(struct pool *pool, const struct pool_identity *identity);
/* For each time that it was opened. No lock held. */
void pool_process_close(struct pool *pool, struct pool_process *process);

/* Its shard and pool.global locked. */
void pool_credit_back(struct pool *pool, struct pool_process *process);

/* ---- pool_quota.c ---- */

/* Takes what the process's credit does not have. Its shard is locked before and after, not all the time between. */
bool pool_take_beyond_credit(struct pool *pool, struct pool_process *process, uint64_t size);
/* The process's credit has grown: enters it, or takes it when it is too much. Shard locked. */
void pool_settle_credit(struct pool *pool, struct pool_process *process);

/* Whether the process's own quota has room. Shard locked. */
static inline bool pool_has_room(const struct pool_process *process, uint64_t size)
{
    return size <= process->quota - process->used;
}

/* Shard locked. Almost always it is all that there is to giving back. */
static inline void pool_give_back(struct pool *pool, struct pool_process *process, uint64_t size)
{
    __atomic_store_n(&process->blocks, process->blocks - 1, __ATOMIC_RELAXED);
    atomic_store_u64(&process->used, process->used - size);
    process->credit += size;
    if (__atomic_load_n(&pool->refused, __ATOMIC_RELAXED) != 0 &&
        atomic_load_u64(&process->user->left) != POOL_ANY_SIZE) {
        atomic_store_u64(&process->user->left, POOL_ANY_SIZE);
    }
    if (process->creditor_link == NULL || process->credit > pool->credit_limit) {
        pool_settle_credit(pool, process);
    }
}

/*
 * Checks all quotas and takes from them, or refuses. The owner's shard is locked before and after, and all the time between if
 * there is credit.
 */
static inline bool pool_take_quota(struct pool *pool, struct pool_process *process, uint64_t size)
{
    if (!pool_has_room(process, size)) {
        return false;
    }
    if (process->credit >= size) {
        process->credit -= size;
    } else if (!pool_take_beyond_credit(pool, process, size)) {
        return false;
    }
    __atomic_store_n(&process->blocks, process->blocks + 1, __ATOMIC_RELAXED);
    atomic_store_u64(&process->used, process->used + size);
    return true;
}

/* All shards' locks; unlocking may keep one. */
void pool_lock_all(struct pool *pool);
void pool_unlock_all(struct pool *pool, const struct pool_shard *kept);

/* ---- pool_slot.c ---- */

/* NULL if it has never been used. Any lock or none. */
struct pool_block *pool_slot(const struct pool_shard *shard, uint32_t slot);

/* A slot that has never been used; NULL if there is no memory for more. Shard locked. */
struct pool_block *pool_fresh_slot(struct pool_shard *shard);
void pool_free_slots(struct pool_shard *shard);

/* A free slot; NULL if there is no memory for more. Shard locked. */
static inline struct pool_block *pool_take_slot(struct pool_shard *shard)
{
    struct pool_block *block = shard->free_slots;
    if (block == NULL) {
        return pool_fresh_slot(shard);
    }
    shard->free_slots = block->next;
    return block;
}

/* Shard locked; nobody knows the slot any more but by ids that are wrong from now on. */
static inline void pool_return_slot(struct pool_shard *shard, struct pool_block *block)
{
    uint32_t generation = pool_generation_of(atomic_load_u64(&block->word)); /* a pin that comes too late still tries */
    atomic_store_release_u64(&block->word, pool_make_word(generation != UINT32_MAX ? generation + 1 : 1, POOL_FREE));
    block->next = shard->free_slots;
    shard->free_slots = block;
}

/* Ids sort by shard and slot; none is 0. */
static inline uint64_t pool_block_id(const struct pool_block *block)
{
    return ((uint64_t)block->number + 1) << 32 | pool_generation_of(atomic_load_u64(&block->word));
}

/* The slot that an id names and its word, if that is live and of the id's generation; NULL otherwise. */
struct pool_block *pool_find(struct pool *pool, uint64_t id, uint64_t *word);

/* The block of this id if it is live, pinned until pool_unpin; NULL otherwise. */
struct pool_block *pool_pin(struct pool *pool, uint64_t id);

/* Whether the block, which the caller has pinned, has not been freed meanwhile. */
bool pool_is_live(const struct pool_block *block);

/* ---- pool_address.c: shard locked ---- */

/*
 * Whoever had this address before has been unmapped by its process or is just being freed. False: there is no memory for
 * a table.
 */
bool pool_add_address(struct pool_shard *shard, struct pool_block *block);
/* pool_free_address finds the block no more. */
void pool_remove_address(struct pool_block *block);
/* The first of a list by address_next, which may be of other addresses, too. */
struct pool_block *pool_blocks_at(const struct pool_shard *shard, const void *process, uint64_t address);
void pool_free_addresses(struct pool_shard *shard);

/* ---- pool_view.c ---- */

/* Shard locked. One more view of the block, or one less, counts as locked if it is. */
void pool_count_locked(struct pool_block *block, const struct pool_view *view, bool more);

void pool_link_mapping(struct pool *pool, struct pool_block *block, struct pool_mapping *mapping,
                       struct pool_owner *holder);
/* Takes *link out of its block's list and puts it before `chain`. Returns the new chain. */
struct pool_mapping *pool_detach(struct pool *pool, struct pool_block *block, struct pool_mapping **link,
                                 struct pool_mapping *chain);
/* No lock held. */
void pool_unmap_chain(struct pool *pool, struct pool_mapping *chain);

/* The view that pool_allocate made is counted no more; false if it is not any more. Shard locked. */
bool pool_take_first_view(struct pool_block *block);
/* Takes out the views of this process that a grant of `access` does not cover. Shard locked. */
struct pool_mapping *pool_revoke(struct pool *pool, struct pool_block *block, const void *process, uint32_t access);

/* ---- pool_grant.c ---- */

/* Whether the process may have one grant or view more; counts it. Any lock or none. */
bool pool_take_share(struct pool_process *process);
void pool_give_share(struct pool_process *process);

/* The grant for this process; NULL if there is none. Shard locked, as the following. */
struct pool_grant *pool_find_grant(const struct pool_block *block, const void *process);
/* The first of those in the shard for this process; NULL if there is none. */
struct pool_grant *pool_first_grant(const struct pool_shard *shard, const void *process);
void pool_link_grant(struct pool_block *block, struct pool_grant *grant);
/* Takes it out of its lists and puts it before `chain`. Returns the new chain. */
struct pool_grant *pool_detach_grant(struct pool_grant *grant, struct pool_grant *chain);
/* No lock held. */
void pool_free_grants(struct pool *pool, struct pool_grant *chain);

/* ---- pool_block.c ---- */

/* A block that nobody else can see yet, which counts from now on. NULL: quota or memory. */
struct pool_block *pool_reserve(struct pool_owner *owner, uint64_t requested, uint64_t size);
/* What a block was made of is gone: gives back its bytes and its slot. `made`: it has been live. */
void pool_release(struct pool_block *block, bool made);

/* May give the block back, which takes nothing out of anybody's address space. No lock held. */
void pool_unpin(struct pool *pool, struct pool_block *block);
/* Frees a block whose word was `word`, LIVE; false if it has changed. Whoever has it pinned gives it back at the end. */
bool pool_begin_free(struct pool *pool, struct pool_block *block, uint64_t word);

/* ---- pool_share.c ---- */

/* Unmaps what was mapped through the holder, which is being closed. */
void pool_drop_holder(struct pool_owner *holder);

#endif
