/* SPDX-License-Identifier: MIT */
/* Part of the AI driver's behaviour table: the pool of its own interface, and what other parts need of it. */

#include "tests/behaviour/ai_table.h"

#include <string.h>

#define QUOTA (BALLAST_AI_DEFAULT_POOL_BYTES / 4) /* of a process */

struct ballast_ai_pool_reply ai_pool(void)
{
    struct ballast_ai_pool_reply pool;
    size_t information;
    memset(&pool, 0, sizeof(pool));
    CHECK_EQUAL(ai_request(BALLAST_IOCTL_AI_QUERY_POOL, NULL, 0, &pool, sizeof(pool), &information), SUCCESS);
    CHECK_EQUAL(information, sizeof(pool));
    return pool;
}

uint32_t ai_allocate(uint64_t size, struct ballast_ai_mapping *mapping)
{
    struct ballast_ai_allocate allocate = {.header = HEADER(allocate), .size_bytes = size};
    return ai_request(BALLAST_IOCTL_AI_ALLOCATE, &allocate, sizeof(allocate), mapping, sizeof(*mapping), NULL);
}

uint32_t ai_free(uint64_t id)
{
    struct ballast_ai_block_request request = {.header = HEADER(request), .id = id};
    return ai_request(BALLAST_IOCTL_AI_FREE, &request, sizeof(request), NULL, 0, NULL);
}

bool ai_pool_soon_empty(void)
{
    for (int i = 0; i < 500; i++) {
        if (ai_pool().used_bytes == 0) {
            return true;
        }
        system_pause_ms(10);
    }
    return false;
}

/* ---- cases ---- */

void pool_blocks(void)
{
    struct ballast_ai_mapping mapping;
    struct ballast_ai_pool_reply before = ai_pool();
    CHECK(before.total_bytes == BALLAST_AI_DEFAULT_POOL_BYTES && before.used_bytes == 0 &&
          before.free_bytes == before.total_bytes && before.largest_free_bytes == QUOTA &&
          before.owner_quota_bytes == QUOTA && before.owner_used_bytes == 0);
    if (!CHECK_EQUAL(ai_allocate(10 * MIB + 1, &mapping), SUCCESS)) {
        return;
    }
    CHECK(mapping.size_bytes == 10 * MIB + 4096 && mapping.address % BALLAST_AI_MAXIMUM_ALIGNMENT == 0 &&
          mapping.id != 0);
    unsigned char *bytes = target_memory(mapping.address, (size_t)mapping.size_bytes);
    if (!CHECK(bytes != NULL)) {
        return;
    }
    size_t sum = 0;
    for (size_t i = 0; i < mapping.size_bytes; i++) {
        sum += bytes[i];
    }
    CHECK_EQUAL(sum, 0);
    memset(bytes, 0x5A, (size_t)mapping.size_bytes);
    struct ballast_ai_pool_reply during = ai_pool();
    CHECK(during.used_bytes == mapping.size_bytes && during.requested_bytes == 10 * MIB + 1 && during.blocks == 1 &&
          during.class_blocks[2] == 1 && during.peak_bytes >= mapping.size_bytes);
    CHECK_EQUAL(ai_free(mapping.id), SUCCESS);
    CHECK_EQUAL(ai_free(mapping.id), NOT_FOUND);
    struct ballast_ai_pool_reply after = ai_pool();
    CHECK(after.used_bytes == 0 && after.blocks == 0 && after.frees == before.frees + 1);
}

void pool_limits(void)
{
    struct ballast_ai_mapping mapping;
    struct ballast_ai_mapping second;
    CHECK_EQUAL(ai_allocate(0, &mapping), INVALID_PARAMETER);
    CHECK_EQUAL(ai_allocate(UINT64_MAX, &mapping), INVALID_PARAMETER);
    CHECK_EQUAL(ai_allocate(BALLAST_AI_DEFAULT_POOL_BYTES + 1u, &mapping), INVALID_PARAMETER);
    CHECK_EQUAL(ai_allocate(QUOTA + 1, &mapping), INSUFFICIENT_RESOURCES);
    CHECK_EQUAL(ai_allocate(QUOTA - MIB, &mapping), SUCCESS);
    CHECK_EQUAL(ai_allocate(2 * MIB, &second), INSUFFICIENT_RESOURCES);
    CHECK_EQUAL(ai_allocate(MIB, &second), SUCCESS);
    CHECK_EQUAL(ai_pool().largest_free_bytes, 0);
    CHECK_EQUAL(ai_pool().owner_used_bytes, QUOTA);
    CHECK_EQUAL(ai_free(mapping.id), SUCCESS);
    CHECK_EQUAL(ai_free(second.id), SUCCESS);
    struct ballast_ai_allocate allocate = {.header = HEADER(allocate), .size_bytes = 1, .alignment_bytes = 3};
    CHECK_EQUAL(ai_request(BALLAST_IOCTL_AI_ALLOCATE, &allocate, sizeof(allocate), &mapping, sizeof(mapping), NULL),
                INVALID_PARAMETER);
    allocate.alignment_bytes = 2 * BALLAST_AI_MAXIMUM_ALIGNMENT;
    CHECK_EQUAL(ai_request(BALLAST_IOCTL_AI_ALLOCATE, &allocate, sizeof(allocate), &mapping, sizeof(mapping), NULL),
                INVALID_PARAMETER);
}

void pool_closing_frees(void)
{
    struct target_handle *second = target_open("BallastAi", TARGET_READ_WRITE, NULL);
    struct ballast_ai_allocate allocate = {.header = HEADER(allocate), .size_bytes = MIB};
    struct ballast_ai_mapping mapping;
    for (int i = 0; i < 5; i++) {
        CHECK_EQUAL(target_ioctl(second, BALLAST_IOCTL_AI_ALLOCATE, &allocate, sizeof(allocate), &mapping,
                                 sizeof(mapping), NULL),
                    SUCCESS);
    }
    CHECK(ai_free(mapping.id) != SUCCESS); /* another handle's */
    CHECK_EQUAL(ai_pool().used_bytes, 5 * MIB);
    target_close(second);
    CHECK(ai_pool_soon_empty());
}

void pool_block_list(void)
{
    union {
        struct ballast_ai_block_reply head;
        unsigned char room[sizeof(struct ballast_ai_block_reply) + 4 * sizeof(struct ballast_ai_block)];
    } list;
    struct ballast_ai_mapping mapping[2];
    CHECK_EQUAL(ai_allocate(1, &mapping[0]), SUCCESS);
    CHECK_EQUAL(ai_allocate(MIB, &mapping[1]), SUCCESS);
    CHECK_EQUAL(ai_request(BALLAST_IOCTL_AI_QUERY_BLOCKS, NULL, 0, &list, sizeof(list), NULL), SUCCESS);
    CHECK(list.head.blocks == 2 && list.head.blocks_returned == 2 && list.head.block[0].mappings == 1 &&
          list.head.block[0].owner_process_id != 0 &&
          list.head.block[0].size_bytes + list.head.block[1].size_bytes == MIB + 4096);
    CHECK_EQUAL(
        ai_request(BALLAST_IOCTL_AI_QUERY_BLOCKS, NULL, 0, &list, sizeof(list.head) + sizeof(list.head.block[0]), NULL),
        SUCCESS);
    CHECK(list.head.blocks == 2 && list.head.blocks_returned == 1);
    CHECK_EQUAL(ai_free(mapping[0].id), SUCCESS);
    CHECK_EQUAL(ai_free(mapping[1].id), SUCCESS);
}
