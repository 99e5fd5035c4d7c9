/* SPDX-License-Identifier: MIT */
/* The pool: slots, allocation, owners. pool.h has the contract, pool_internal.h the locks. */

#include "core/mem/pool_internal.h"
#include "core/base/atomic.h"

#define MINIMUM_ADDRESSES 64u
#define CREDIT_SHARE      64u /* all shards together keep at most POOL_SHARDS / CREDIT_SHARE of the quota */

/* ---- words ---- */

static uint32_t state_of(uint64_t word)
{
    return (uint32_t)word & POOL_STATE_MASK;
}

static uint64_t make_word(uint32_t generation, enum pool_state state)
{
    return (uint64_t)generation << 32 | state;
}

static uint32_t generation_of(uint64_t word)
{
    return (uint32_t)(word >> 32);
}

/* ---- slots: chunk i holds POOL_FIRST_CHUNK << i of them, but for the first, so that none ever moves ---- */

/* Returns the chunk, and the slot's place in it. */
static uint32_t chunk_of(uint32_t slot, uint32_t *place)
{
    uint32_t chunk = slot < POOL_FIRST_CHUNK ? 0 : 32u - (uint32_t)__builtin_clz(slot / POOL_FIRST_CHUNK);
    *place = chunk == 0 ? slot : slot - (POOL_FIRST_CHUNK << (chunk - 1));
    return chunk;
}

static size_t chunk_bytes(uint32_t chunk)
{
    size_t slots = chunk == 0 ? POOL_FIRST_CHUNK : (size_t)POOL_FIRST_CHUNK << (chunk - 1);
    return slots * sizeof(struct pool_block);
}

/* NULL if it has never been used. Any lock or none. */
struct pool_block *pool_slot(const struct pool_shard *shard, uint32_t slot)
{
    uint32_t place;
    if (slot >= __atomic_load_n(&shard->fresh, __ATOMIC_ACQUIRE)) {
        return NULL;
    }
    uint32_t chunk = chunk_of(slot, &place);
    return __atomic_load_n(&shard->chunk[chunk], __ATOMIC_RELAXED) + place;
}

/* A free slot; NULL if there is no memory for more. Shard locked. */
static struct pool_block *take_slot(struct pool_shard *shard)
{
    struct pool_block *block = shard->free_slots;
    if (block != NULL) {
        shard->free_slots = block->next;
        return block;
    }
    uint32_t place;
    uint32_t chunk = chunk_of(shard->fresh, &place);
    if (chunk >= POOL_CHUNKS) {
        return NULL;
    }
    if (shard->chunk[chunk] == NULL) {
        struct pool_block *slots = platform_allocate(PLATFORM_POOL_PAGED, chunk_bytes(chunk), POOL_TAG_BLOCKS);
        if (slots == NULL) {
            return NULL;
        }
        __atomic_store_n(&shard->chunk[chunk], slots, __ATOMIC_RELAXED);
    }
    block = shard->chunk[chunk] + place;
    platform_zero(block, sizeof(*block));
    block->slot = shard->fresh;
    block->word = make_word(1, POOL_FREE);
    __atomic_store_n(&shard->fresh, shard->fresh + 1, __ATOMIC_RELEASE);
    return block;
}

/* Shard locked; nobody knows the slot any more but by ids that are wrong from now on. */
static void return_slot(struct pool_shard *shard, struct pool_block *block)
{
    uint32_t generation = generation_of(atomic_load_u64(&block->word)); /* a pin that comes too late still tries */
    atomic_store_release_u64(&block->word, make_word(generation != UINT32_MAX ? generation + 1 : 1, POOL_FREE));
    block->next = shard->free_slots;
    shard->free_slots = block;
}

static uint64_t number_of(const struct pool *pool, const struct pool_block *block)
{
    const struct pool_shard *shard = __atomic_load_n(&block->owner, __ATOMIC_RELAXED)->shard;
    return (uint64_t)(shard - pool->shard) << POOL_SLOT_BITS | block->slot;
}

/* Ids sort by shard and slot; none is 0. */
uint64_t pool_block_id(const struct pool *pool, const struct pool_block *block)
{
    return (number_of(pool, block) + 1) << 32 | generation_of(atomic_load_u64(&block->word));
}

/* The slot that an id names and its word, if that is live and of the id's generation; NULL otherwise. */
static struct pool_block *find(struct pool *pool, uint64_t id, uint64_t *word)
{
    uint64_t number = (id >> 32) - 1;
    uint64_t shard = number >> POOL_SLOT_BITS;
    if (shard >= POOL_SHARDS) {
        return NULL;
    }
    struct pool_block *block = pool_slot(&pool->shard[shard], (uint32_t)number & ((1u << POOL_SLOT_BITS) - 1));
    if (block == NULL) {
        return NULL;
    }
    *word = atomic_load_acquire_u64(&block->word);
    return state_of(*word) == POOL_LIVE && generation_of(*word) == (uint32_t)id ? block : NULL;
}

/* ---- pins ---- */

struct pool_block *pool_pin(struct pool *pool, uint64_t id)
{
    uint64_t word;
    struct pool_block *block = find(pool, id, &word);
    while (block != NULL && !atomic_exchange_if_u64(&block->word, word, word + POOL_ONE_PIN)) {
        block = find(pool, id, &word);
    }
    return block;
}

bool pool_is_live(const struct pool_block *block)
{
    return state_of(atomic_load_acquire_u64(&block->word)) == POOL_LIVE;
}

/* ---- blocks by address ---- */

static uint32_t address_slot(uint32_t capacity, const void *process, uint64_t address)
{
    uint64_t key = (uint64_t)(uintptr_t)process ^ address >> 12;
    return (uint32_t)((key * 0x9E3779B97F4A7C15u) >> 32) & (capacity - 1);
}

/* Failing to allocate a larger table only makes searching slower; there must be one. Shard locked. */
static bool grow_addresses(struct pool_shard *shard)
{
    uint32_t capacity = shard->address_capacity == 0 ? MINIMUM_ADDRESSES : shard->address_capacity * 2;
    struct pool_block **table =
        platform_allocate(PLATFORM_POOL_PAGED, capacity * sizeof(struct pool_block *), POOL_TAG_STATE);
    if (table == NULL) {
        return shard->address_capacity != 0;
    }
    platform_zero(table, capacity * sizeof(struct pool_block *));
    for (uint32_t i = 0; i < shard->address_capacity; i++) {
        for (struct pool_block *block = shard->addresses[i], *next; block != NULL; block = next) {
            next = block->address_next;
            struct pool_block **head = &table[address_slot(capacity, block->process, block->view.address)];
            block->address_next = *head;
            *head = block;
        }
    }
    platform_free(shard->addresses, shard->address_capacity * sizeof(struct pool_block *), POOL_TAG_STATE);
    shard->addresses = table;
    shard->address_capacity = capacity;
    return true;
}

void pool_remove_address(struct pool_block *block)
{
    struct pool_shard *shard = block->owner->shard;
    struct pool_block **link =
        &shard->addresses[address_slot(shard->address_capacity, block->process, block->view.address)];
    while (*link != block) {
        link = &(*link)->address_next;
    }
    *link = block->address_next;
    shard->address_count--;
    block->by_address = false;
}

/* Whoever had this address before has been unmapped by its process or is just being freed. */
static bool add_address(struct pool_shard *shard, struct pool_block *block)
{
    if (shard->address_count >= shard->address_capacity && !grow_addresses(shard)) {
        return false;
    }
    struct pool_block **head =
        &shard->addresses[address_slot(shard->address_capacity, block->process, block->view.address)];
    for (struct pool_block *former = *head; former != NULL; former = former->address_next) {
        if (former->process == block->process && former->view.address == block->view.address) {
            pool_remove_address(former);
            break;
        }
    }
    block->address_next = *head;
    *head = block;
    shard->address_count++;
    block->by_address = true;
    return true;
}

/* ---- blocks ---- */

void pool_count_locked(struct pool_block *block, const struct pool_view *view, bool more)
{
    struct pool_shard *shard = block->owner->shard;
    if ((view->state & BALLAST_AI_BLOCK_LOCKED) != 0) {
        shard->locked += more && block->locked_views == 0 ? block->size : 0;
        block->locked_views += more ? 1 : UINT32_MAX;
        shard->locked -= !more && block->locked_views == 0 ? block->size : 0;
    }
}

static uint32_t class_of(uint64_t size)
{
    return size <= 65536 ? 0 : size <= 1u << 20 ? 1 : 2;
}

static void count(struct pool_owner *owner, const struct pool_block *block, bool more)
{
    struct pool_shard *shard = owner->shard;
    uint32_t size_class = class_of(block->size);
    uint32_t one = more ? 1 : UINT32_MAX;
    uint64_t size = more ? block->size : 0 - block->size;
    shard->live += one;
    shard->class_blocks[size_class] += one;
    shard->class_bytes[size_class] += size;
    shard->requested += more ? block->requested : 0 - block->requested;
}

/* Shard locked. */
static void link_block(struct pool_owner *owner, struct pool_block *block)
{
    owner->shard->owners += owner->blocks == NULL;
    block->next = owner->blocks;
    block->link = &owner->blocks;
    if (block->next != NULL) {
        block->next->link = &block->next;
    }
    owner->blocks = block;
    count(owner, block, true);
}

/* A block that nobody else can see yet, which counts from now on. NULL: quota or memory. */
static struct pool_block *reserve(struct pool_owner *owner, uint64_t requested, uint64_t size)
{
    struct pool_shard *shard = owner->shard;
    platform_mutex_lock(&shard->lock);
    struct pool_block *block = take_slot(shard);
    if (block != NULL && !pool_take_quota(owner, size)) {
        block->next = shard->free_slots;
        shard->free_slots = block;
        block = NULL;
    }
    if (block != NULL) {
        block->size = size;
        block->requested = requested;
        __atomic_store_n(&block->owner, owner, __ATOMIC_RELAXED);
        atomic_store_u64(&block->word, make_word(generation_of(atomic_load_u64(&block->word)), POOL_RESERVED));
        link_block(owner, block);
        shard->allocations++;
    }
    platform_mutex_unlock(&shard->lock);
    return block;
}

/* What a block was made of is gone: gives back its bytes and its slot. `made`: it has been live. */
static void release(struct pool_block *block, bool made)
{
    struct pool_owner *owner = block->owner;
    struct pool_shard *shard = owner->shard;
    platform_mutex_lock(&shard->lock);
    *block->link = block->next;
    if (block->next != NULL) {
        block->next->link = block->link;
    }
    bool last = owner->blocks == NULL;
    shard->owners -= last;
    last = last && owner->closed;
    count(owner, block, false);
    shard->frees += made;
    shard->allocations -= !made;
    if (block->by_address) {
        pool_remove_address(block);
    }
    if (block->locked_views != 0) {
        shard->locked -= block->size;
        block->locked_views = 0;
    }
    owner->used -= block->size;
    pool_give_back(owner->pool, shard, block->size);
    return_slot(shard, block);
    platform_mutex_unlock(&shard->lock);
    if (last) {
        platform_free(owner, sizeof(*owner), POOL_TAG_OWNER);
    }
}

/* The caller is alone with the block: it is FREEING and not pinned. No lock held. */
static void tear_down(struct pool *pool, struct pool_block *block)
{
    const struct pool_operations *operations = pool->operations;
    if (block->mappings != NULL || block->grants != NULL) {
        pool_drop_shares(pool, block);
    }
    if (block->view_count != 0) {
        operations->unmap(block->process, &block->view);
    }
    operations->dereference(block->process);
    operations->destroy(block->section);
    release(block, true);
}

void pool_unpin(struct pool *pool, struct pool_block *block)
{
    uint64_t word;
    do {
        word = atomic_load_u64(&block->word);
    } while (!atomic_exchange_if_u64(&block->word, word, word - POOL_ONE_PIN));
    if (word - POOL_ONE_PIN == make_word(generation_of(word), POOL_FREEING)) {
        tear_down(pool, block);
    }
}

/* Frees a block whose word was `word`, LIVE; false if it has changed. Whoever has it pinned does the work at the end. */
static bool begin_free(struct pool *pool, struct pool_block *block, uint64_t word)
{
    if (!atomic_exchange_if_u64(&block->word, word, word + (POOL_FREEING - POOL_LIVE))) {
        return false;
    }
    if (((uint32_t)word & POOL_PINS_MASK) == 0) {
        tear_down(pool, block);
    }
    return true;
}

/* Makes a reserved block's memory and its first view. */
static ballast_status make(struct pool *pool, struct pool_block *block, const struct pool_caller *caller,
                           uint32_t options)
{
    const struct pool_operations *operations = pool->operations;
    ballast_status status = operations->create(block->size, &block->section);
    if (ballast_failed(status)) {
        return status;
    }
    status = operations->map(block->section, block->size, caller, BALLAST_AI_ACCESS_WRITE, options, &block->view);
    if (ballast_failed(status)) {
        operations->destroy(block->section);
        block->view.state = 0;
        return status;
    }
    operations->reference(caller->process);
    block->process = caller->process;
    block->process_id = caller->process_id;
    block->view_count = 1;
    __atomic_store_n(&block->mapping_count, 1, __ATOMIC_RELAXED);
    return BALLAST_SUCCESS;
}

/* What only few blocks need before they are live; it needs the lock. */
static bool register_view(struct pool_block *block, bool by_address)
{
    struct pool_shard *shard = block->owner->shard;
    platform_mutex_lock(&shard->lock);
    bool ok = !by_address || add_address(shard, block);
    if (ok) {
        pool_count_locked(block, &block->view, true);
    }
    platform_mutex_unlock(&shard->lock);
    return ok;
}

static void unmake(struct pool *pool, struct pool_block *block)
{
    pool->operations->unmap(block->process, &block->view);
    pool->operations->dereference(block->process);
    pool->operations->destroy(block->section);
    block->view.state = 0;
}

static ballast_status fail(struct pool *pool, ballast_status status)
{
    atomic_add_u64(&pool->failures, 1);
    return status;
}

ballast_status pool_allocate(struct pool_owner *owner, const struct pool_caller *caller, uint64_t size,
                             uint32_t options, bool by_address, struct pool_result *result)
{
    struct pool *pool = owner->pool;
    if (size == 0 || size > pool->total) {
        return BALLAST_INVALID_PARAMETER;
    }
    uint64_t rounded = (size + BALLAST_AI_POOL_UNIT - 1) / BALLAST_AI_POOL_UNIT * BALLAST_AI_POOL_UNIT;
    struct pool_block *block = reserve(owner, size, rounded);
    if (block == NULL) {
        return fail(pool, BALLAST_INSUFFICIENT_RESOURCES);
    }
    block->view.state = 0;
    ballast_status status = make(pool, block, caller, options);
    if (!ballast_failed(status) && (by_address || block->view.state != 0) && !register_view(block, by_address)) {
        unmake(pool, block);
        status = BALLAST_INSUFFICIENT_RESOURCES;
    }
    if (ballast_failed(status)) {
        release(block, false);
        return fail(pool, status);
    }
    *result = (struct pool_result){.id = pool_block_id(pool, block), .size = rounded, .view = block->view};
    atomic_store_release_u64(&block->word, make_word(generation_of(atomic_load_u64(&block->word)), POOL_LIVE));
    return BALLAST_SUCCESS;
}

ballast_status pool_free(struct pool_owner *owner, uint64_t id)
{
    for (;;) {
        uint64_t word;
        struct pool_block *block = find(owner->pool, id, &word);
        if (block == NULL) {
            return BALLAST_NOT_FOUND;
        }
        if (__atomic_load_n(&block->owner, __ATOMIC_RELAXED) != owner) {
            return BALLAST_ACCESS_DENIED;
        }
        if (begin_free(owner->pool, block, word)) {
            return BALLAST_SUCCESS;
        }
    }
}

ballast_status pool_free_address(struct pool_owner *owner, const struct pool_caller *caller, uint64_t address)
{
    struct pool_shard *shard = owner->shard;
    uint64_t id = 0;
    platform_mutex_lock(&shard->lock);
    struct pool_block *block = NULL;
    if (shard->address_capacity != 0) {
        block = shard->addresses[address_slot(shard->address_capacity, caller->process, address)];
    }
    while (block != NULL && (block->owner != owner || block->process != caller->process ||
                             block->view.address != address || !pool_is_live(block))) {
        block = block->address_next;
    }
    if (block != NULL) {
        id = pool_block_id(owner->pool, block);
    }
    platform_mutex_unlock(&shard->lock);
    return id != 0 ? pool_free(owner, id) : BALLAST_NOT_FOUND;
}

/* ---- owners ---- */

ballast_status pool_owner_open(struct pool *pool, struct pool_owner **result)
{
    struct pool_owner *owner = platform_allocate(PLATFORM_POOL_PAGED, sizeof(*owner), POOL_TAG_OWNER);
    if (owner == NULL) {
        return BALLAST_INSUFFICIENT_RESOURCES;
    }
    platform_zero(owner, sizeof(*owner));
    owner->pool = pool;
    platform_mutex_lock(&pool->global);
    owner->shard = &pool->shard[pool->next_shard++ % POOL_SHARDS];
    owner->next = pool->owners;
    owner->link = &pool->owners;
    if (owner->next != NULL) {
        owner->next->link = &owner->next;
    }
    pool->owners = owner;
    platform_mutex_unlock(&pool->global);
    *result = owner;
    return BALLAST_SUCCESS;
}

/* The id of a block that nobody is freeing yet; 0: there is none. */
static uint64_t live_block(struct pool_owner *owner)
{
    platform_mutex_lock(&owner->shard->lock);
    const struct pool_block *block = owner->blocks;
    while (block != NULL && !pool_is_live(block)) {
        block = block->next;
    }
    uint64_t id = block != NULL ? pool_block_id(owner->pool, block) : 0;
    platform_mutex_unlock(&owner->shard->lock);
    return id;
}

void pool_owner_close(struct pool_owner *owner)
{
    struct pool *pool = owner->pool;
    struct pool_shard *shard = owner->shard;
    pool_drop_holder(owner);
    for (uint64_t id; (id = live_block(owner)) != 0;) {
        (void)pool_free(owner, id);
    }
    platform_mutex_lock(&pool->global);
    *owner->link = owner->next;
    if (owner->next != NULL) {
        owner->next->link = owner->link;
    }
    platform_mutex_unlock(&pool->global);
    /* Blocks that others have pinned are freed by them, the last one with the owner. */
    platform_mutex_lock(&shard->lock);
    owner->closed = true;
    bool last = owner->blocks == NULL;
    platform_mutex_unlock(&shard->lock);
    if (last) {
        platform_free(owner, sizeof(*owner), POOL_TAG_OWNER);
    }
}

/* ---- the pool ---- */

ballast_status pool_create(const struct pool_operations *operations, uint64_t total_bytes, uint64_t owner_bytes,
                           struct pool **result)
{
    total_bytes -= total_bytes % BALLAST_AI_POOL_UNIT;
    owner_bytes -= owner_bytes % BALLAST_AI_POOL_UNIT;
    if (total_bytes == 0 || total_bytes > POOL_MAXIMUM_BYTES || owner_bytes == 0) {
        return BALLAST_INVALID_PARAMETER;
    }
    struct pool *pool = platform_allocate(PLATFORM_POOL_NONPAGED, sizeof(*pool), POOL_TAG_STATE);
    if (pool == NULL) {
        return BALLAST_INSUFFICIENT_RESOURCES;
    }
    platform_zero(pool, sizeof(*pool));
    pool->operations = operations;
    pool->total = total_bytes;
    pool->owner_quota = owner_bytes < total_bytes ? owner_bytes : total_bytes;
    pool->credit_limit = total_bytes / CREDIT_SHARE;
    pool->unreserved = total_bytes;
    platform_mutex_initialize(&pool->global);
    for (uint32_t i = 0; i < POOL_SHARDS; i++) {
        platform_mutex_initialize(&pool->shard[i].lock);
    }
    *result = pool;
    return BALLAST_SUCCESS;
}

void pool_destroy(struct pool *pool)
{
    while (pool->owners != NULL) {
        pool_owner_close(pool->owners);
    }
    for (uint32_t i = 0; i < POOL_SHARDS; i++) {
        struct pool_shard *shard = &pool->shard[i];
        for (uint32_t chunk = 0; chunk < POOL_CHUNKS; chunk++) {
            platform_free(shard->chunk[chunk], chunk_bytes(chunk), POOL_TAG_BLOCKS);
        }
        platform_free(shard->addresses, shard->address_capacity * sizeof(struct pool_block *), POOL_TAG_STATE);
        platform_mutex_destroy(&shard->lock);
    }
    platform_mutex_destroy(&pool->global);
    platform_free(pool, sizeof(*pool), POOL_TAG_STATE);
}
