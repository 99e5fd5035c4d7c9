/* SPDX-License-Identifier: MIT */
/*
 * That the AI driver's device, which everybody may open, is no lever against others, in the simulated kernel: who may do and
 * see what, and what one client can take. ai_waiting.c has whom it can keep waiting.
 */

#include "ballast/codex_abi.h"
#include "tests/sim/ai_users.h"

#include <string.h>

#define THREAD 4711u
#define QUOTA  (64u * MIB)

static NTSTATUS codex_allocate(struct sim_file *by, uint64_t size, uint64_t *address)
{
    return sim_ioctl(by, CODEX_IOCTL_ALLOC_PINNED, &size, sizeof(size), address, sizeof(*address), NULL);
}

static NTSTATUS codex_free(struct sim_file *by, uint64_t address)
{
    return sim_ioctl(by, CODEX_IOCTL_FREE_PINNED, &address, sizeof(address), NULL, 0, NULL);
}

/* ---- quotas ---- */

static void many_handles_do_not_have_more_than_one(void)
{
    struct ballast_ai_mapping block;
    ai_users_begin();
    for (unsigned i = 0; i < 256; i++) {
        (void)ai_allocate(ai_open(user), 2 * MIB, &block);
    }
    CHECK_EQUAL(pool_of(users).used_bytes, QUOTA);
    CHECK_EQUAL(pool_of(users).largest_free_bytes, 0);
    CHECK_EQUAL(pool_of(users).owner_used_bytes, QUOTA);
    CHECK_EQUAL(pool_of(others).largest_free_bytes, QUOTA);
    CHECK_EQUAL(VALUE(ai_allocate(others, QUOTA, &block)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(ai_allocate(file, QUOTA, &block)), STATUS_SUCCESS);
    ai_users_end();
}

/* Nor do many processes; and what limited users have together leaves something for administrators. */
static void many_processes_do_not_have_more_than_their_user(void)
{
    struct sim_process *more[12];
    struct ballast_ai_mapping block;
    ai_users_begin();
    for (unsigned i = 0; i < 12; i++) {
        more[i] = sim_process_create(false);
        sim_process_set_token(more[i], 10 + i / 4, 0);
        (void)ai_allocate(ai_open(more[i]), QUOTA / 2, &block);
    }
    CHECK_EQUAL(pool_of(file).used_bytes, 3 * QUOTA); /* of three users */
    CHECK_EQUAL(pool_of(users).largest_free_bytes, QUOTA / 2);
    CHECK_EQUAL(VALUE(ai_allocate(users, QUOTA / 2, &block)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(ai_allocate(others, 1, &block)), VALUE(STATUS_INSUFFICIENT_RESOURCES));
    CHECK_EQUAL(pool_of(file).largest_free_bytes, QUOTA / 2);
    CHECK_EQUAL(VALUE(ai_allocate(file, QUOTA / 2, &block)), STATUS_SUCCESS);
    for (unsigned i = 0; i < 12; i++) {
        sim_kill_process(more[i]);
    }
    CHECK_EQUAL(pool_of(others).largest_free_bytes, QUOTA);
    ai_users_end();
}

/* The codes of the Codex clients need no access; who has none has little, and changes nothing of others. */
static void handles_that_cannot_write_have_little(void)
{
    struct sim_file *query = NULL;
    uint64_t address = 0;
    uint64_t second = 0;
    uint32_t thread = THREAD;
    ai_users_begin();
    sim_user_thread_set(THREAD, false);
    CHECK_EQUAL(sim_create_file(user, "\\??\\CodexAiDriver", FILE_READ_ATTRIBUTES, &query), STATUS_SUCCESS);
    CHECK_EQUAL(pool_of(query).largest_free_bytes, MIB);
    CHECK_EQUAL(VALUE(codex_allocate(query, 2 * MIB, &address)), VALUE(STATUS_INSUFFICIENT_RESOURCES));
    CHECK_EQUAL(VALUE(codex_allocate(query, MIB, &address)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(codex_allocate(query, 1, &second)), VALUE(STATUS_INSUFFICIENT_RESOURCES));
    CHECK_EQUAL(VALUE(codex_free(query, address)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(sim_ioctl(query, CODEX_IOCTL_BOOST_PRIORITY, &thread, 4, NULL, 0, NULL)),
                VALUE(STATUS_ACCESS_DENIED));
    CHECK_EQUAL(sim_user_thread_priority(), 0);
    CHECK_EQUAL(VALUE(sim_ioctl(users, CODEX_IOCTL_BOOST_PRIORITY, &thread, 4, NULL, 0, NULL)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(codex_allocate(users, 2 * MIB, &address)), STATUS_SUCCESS);
    ai_users_end();
}

/* ---- tokens ---- */

static void low_integrity_and_containers(void)
{
    struct sim_process *low = sim_process_create(false);
    struct sim_process *container = sim_process_create(false);
    struct sim_file *opened = NULL;
    uint64_t address;
    ai_users_begin();
    sim_process_set_token(low, 1, SIM_TOKEN_LOW);
    sim_process_restrict(container, SIM_APP_CONTAINER);
    CHECK(ai_open(low) == NULL);
    CHECK_EQUAL(sim_create_file(low, "\\Device\\BallastAi", GENERIC_READ, &opened), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(codex_allocate(opened, 2 * MIB, &address)), VALUE(STATUS_INSUFFICIENT_RESOURCES));
    CHECK(pool_of(opened).owner_quota_bytes == MIB);
    CHECK(ai_open(container) == NULL);
    CHECK_EQUAL(VALUE(sim_create_file(container, "\\Device\\BallastAi", FILE_READ_ATTRIBUTES, &opened)),
                VALUE(STATUS_ACCESS_DENIED));
    sim_kill_process(low);
    sim_kill_process(container);
    ai_users_end();
}

static NTSTATUS open_feed(struct sim_process *process, struct sim_file **opened)
{
    return sim_create_file(process, "\\??\\BallastAiFeed", GENERIC_READ | GENERIC_WRITE, opened);
}

/* Feeding takes no administrator, but the device that only the service and administrators may open. */
static void feeding_is_for_the_service(void)
{
    struct sim_process *service = sim_process_create(false);
    struct sim_file *feed = NULL;
    union ai_rule_list rules;
    ai_users_begin();
    sim_process_set_token(service, 3, SIM_TOKEN_SERVICE);
    CHECK_EQUAL(VALUE(open_feed(user, &feed)), VALUE(STATUS_ACCESS_DENIED));
    CHECK_EQUAL(VALUE(ai_push(users, 0, 5)), VALUE(STATUS_ACCESS_DENIED));
    CHECK_EQUAL(VALUE(ai_push(ai_open(service), 0, 5)), VALUE(STATUS_ACCESS_DENIED));
    CHECK_EQUAL(VALUE(open_feed(service, &feed)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(ai_push(feed, 0, 5)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(ai_get(feed, BALLAST_IOCTL_AI_RELOAD_RULES, &rules, sizeof(rules))), VALUE(STATUS_ACCESS_DENIED));
    CHECK_EQUAL(VALUE(open_feed(administrator, &feed)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(ai_push(feed, 0, 5)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(ai_push(file, 0, 5)), STATUS_SUCCESS);
    sim_kill_process(service);
    ai_users_end();
}

/* ---- what is seen ---- */

union owner_list {
    struct ballast_ai_owner_reply head;
    unsigned char room[sizeof(struct ballast_ai_owner_reply) + 16 * sizeof(struct ballast_ai_owner)];
};

static void others_do_not_see_who_has_what(void)
{
    struct ballast_ai_mapping block;
    union block_list blocks;
    union owner_list owners;
    ai_users_begin();
    CHECK_EQUAL(VALUE(ai_allocate(users, 3 * MIB, &block)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(ai_get(others, BALLAST_IOCTL_AI_QUERY_BLOCKS, &blocks, sizeof(blocks))), STATUS_SUCCESS);
    CHECK_EQUAL(blocks.head.blocks, 0);
    CHECK_EQUAL(VALUE(ai_get(others, BALLAST_IOCTL_AI_QUERY_OWNERS, &owners, sizeof(owners))), STATUS_SUCCESS);
    CHECK_EQUAL(owners.head.owners, 1);
    CHECK_EQUAL(owners.head.owner[0].process_id, sim_process_id(other));
    CHECK_EQUAL(VALUE(ai_get(users, BALLAST_IOCTL_AI_QUERY_BLOCKS, &blocks, sizeof(blocks))), STATUS_SUCCESS);
    CHECK_EQUAL(blocks.head.blocks, 1);
    CHECK_EQUAL(VALUE(ai_get(file, BALLAST_IOCTL_AI_QUERY_BLOCKS, &blocks, sizeof(blocks))), STATUS_SUCCESS);
    CHECK_EQUAL(blocks.head.blocks, 1);
    CHECK_EQUAL(VALUE(ai_get(file, BALLAST_IOCTL_AI_QUERY_OWNERS, &owners, sizeof(owners))), STATUS_SUCCESS);
    CHECK_EQUAL(owners.head.owners, 3);
    for (uint32_t i = 0; i < owners.head.owners_returned; i++) {
        bool his = owners.head.owner[i].process_id == sim_process_id(user);
        CHECK_EQUAL(owners.head.owner[i].used_bytes, his ? 3 * MIB : 0);
        CHECK(!his || owners.head.owner[i].create_time == sim_process_create_time(user));
    }
    CHECK_EQUAL(pool_of(others).used_bytes, 3 * MIB); /* the sum, which says nothing of whose */
    ai_users_end();
}

/* ---- processes ---- */

/* Other drivers send requests that no process asks for. There is no memory to map into then; what asks for none works. */
static void requests_of_no_process(void)
{
    struct ballast_ai_mapping block;
    union ai_process_list list;
    ai_users_begin();
    sim_process_hide(user, true);
    CHECK_EQUAL(VALUE(ai_allocate(users, MIB, &block)), VALUE(STATUS_INVALID_DEVICE_REQUEST));
    CHECK_EQUAL(VALUE(ai_block(users, BALLAST_IOCTL_AI_FREE, 1, 0, 0)), VALUE(STATUS_INVALID_DEVICE_REQUEST));
    CHECK_EQUAL(pool_of(users).used_bytes, 0);
    CHECK_EQUAL(VALUE(ai_get_processes(users, 1, &list)), STATUS_SUCCESS);
    struct sim_file *second = ai_open(user);
    CHECK(second != NULL);
    sim_process_hide(user, false);
    CHECK_EQUAL(VALUE(ai_allocate(second, MIB, &block)), STATUS_SUCCESS);
    ai_users_end();
}

/* Nor is memory mapped into a process that the thread is not in. */
static void requests_for_another_process(void)
{
    struct ballast_ai_mapping block;
    ai_users_begin();
    sim_process_send_for(user, other);
    CHECK_EQUAL(VALUE(ai_allocate(users, MIB, &block)), VALUE(STATUS_INVALID_DEVICE_REQUEST));
    CHECK_EQUAL(sim_process_views(other), 0);
    CHECK_EQUAL(pool_of(users).used_bytes, 0);
    sim_process_send_for(user, NULL);
    CHECK_EQUAL(VALUE(ai_allocate(users, MIB, &block)), STATUS_SUCCESS);
    ai_users_end();
}

static NTSTATUS grant(struct sim_file *by, uint64_t id, uint32_t process_id, uint64_t create_time, uint64_t handle)
{
    struct ballast_ai_grant input = {
        {sizeof(input), BALLAST_AI_VERSION, 0}, id, process_id, BALLAST_AI_ACCESS_WRITE, create_time, handle};
    return sim_ioctl(by, BALLAST_IOCTL_AI_GRANT, &input, sizeof(input), NULL, 0, NULL);
}

static void grants_name_a_process_for_ever(void)
{
    struct ballast_ai_mapping block;
    union block_list blocks;
    ai_users_begin();
    sim_process_open_to_all(other);
    uint32_t id = sim_process_id(other);
    uint64_t time = sim_process_create_time(other);
    uint64_t handle = sim_process_open_process(user, other, true);
    uint64_t blind = sim_process_open_process(user, other, false);
    uint64_t foreign = sim_process_open_process(other, other, true);
    CHECK_EQUAL(VALUE(ai_allocate(users, MIB, &block)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(grant(users, block.id, id, time, 0)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(grant(users, block.id, id, 0, 0)), STATUS_SUCCESS); /* as the short request means it */
    CHECK_EQUAL(VALUE(grant(users, block.id, id, time + 1, 0)), VALUE(STATUS_NOT_FOUND));
    CHECK_EQUAL(VALUE(grant(users, block.id, 0, 0, 0)), VALUE(STATUS_NOT_FOUND));
    CHECK_EQUAL(VALUE(grant(users, block.id, 0, 0, handle)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(grant(users, block.id, id, time, handle)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(grant(users, block.id, id + 4, 0, handle)), VALUE(STATUS_NOT_FOUND));
    CHECK_EQUAL(VALUE(grant(users, block.id, 0, time + 1, handle)), VALUE(STATUS_NOT_FOUND));
    CHECK_EQUAL(VALUE(grant(users, block.id, 0, 0, blind)), VALUE(STATUS_ACCESS_DENIED));
    CHECK_EQUAL(VALUE(grant(users, block.id, 0, 0, foreign)), VALUE(STATUS_INVALID_HANDLE));
    CHECK_EQUAL(VALUE(grant(users, block.id, 0, 0, 1ull << 40)), VALUE(STATUS_INVALID_HANDLE));
    CHECK_EQUAL(VALUE(grant(others, block.id, id, 0, 0)), VALUE(STATUS_NOT_FOUND));
    sim_kill_process(other); /* and its number is used again */
    CHECK_EQUAL(VALUE(ai_get(users, BALLAST_IOCTL_AI_QUERY_BLOCKS, &blocks, sizeof(blocks))), STATUS_SUCCESS);
    CHECK_EQUAL(blocks.head.block[0].grants, 0);
    CHECK_EQUAL(blocks.head.block[0].mappings, 1);
    other = sim_process_create(false);
    sim_process_set(other, id, false, 0);
    CHECK_EQUAL(VALUE(grant(users, block.id, id, time, 0)), VALUE(STATUS_NOT_FOUND));
    ai_users_end();
}

static NTSTATUS take_back(struct sim_file *by, uint64_t id, uint32_t process_id)
{
    return ai_block(by, BALLAST_IOCTL_AI_GRANT, id, process_id, BALLAST_AI_ACCESS_NONE);
}

static NTSTATUS map_block(struct sim_file *by, uint64_t id, uint16_t flags, uint32_t access)
{
    struct ballast_ai_block_request input = {{sizeof(input), BALLAST_AI_VERSION, flags}, id, 0, access};
    struct ballast_ai_mapping mapping;
    return sim_ioctl(by, BALLAST_IOCTL_AI_MAP, &input, sizeof(input), &mapping, sizeof(mapping), NULL);
}

/* Whoever has been granted nothing does not learn from a refusal which ids are blocks. */
static void ids_of_others_blocks_are_as_those_of_none(void)
{
    struct ballast_ai_mapping block;
    ai_users_begin();
    CHECK_EQUAL(VALUE(ai_allocate(users, MIB, &block)), STATUS_SUCCESS);
    for (unsigned i = 0; i < 2; i++) {
        uint64_t id = block.id ^ i; /* the block's, and none's */
        CHECK_EQUAL(VALUE(ai_block(others, BALLAST_IOCTL_AI_FREE, id, 0, 0)), VALUE(STATUS_NOT_FOUND));
        CHECK_EQUAL(VALUE(take_back(others, id, sim_process_id(other))), VALUE(STATUS_NOT_FOUND));
        CHECK_EQUAL(VALUE(grant(others, id, sim_process_id(other), 0, 0)), VALUE(STATUS_NOT_FOUND));
        CHECK_EQUAL(VALUE(map_block(others, id, 0, BALLAST_AI_ACCESS_READ)), VALUE(STATUS_NOT_FOUND));
        CHECK_EQUAL(VALUE(map_block(others, id, BALLAST_AI_LOCK, BALLAST_AI_ACCESS_WRITE)), VALUE(STATUS_NOT_FOUND));
        CHECK_EQUAL(VALUE(ai_block(others, BALLAST_IOCTL_AI_UNMAP, id, 0, 0)), VALUE(STATUS_NOT_FOUND));
    }
    CHECK_EQUAL(VALUE(take_back(users, block.id, sim_process_id(other))), STATUS_SUCCESS); /* it is there */
    sim_process_open_to_all(other);
    CHECK_EQUAL(VALUE(ai_block(users, BALLAST_IOCTL_AI_GRANT, block.id, sim_process_id(other), BALLAST_AI_ACCESS_READ)),
                STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(map_block(others, block.id, 0, BALLAST_AI_ACCESS_WRITE)), VALUE(STATUS_ACCESS_DENIED));
    CHECK_EQUAL(VALUE(map_block(others, block.id, 0, BALLAST_AI_ACCESS_READ)), STATUS_SUCCESS);
    ai_users_end();
}

/* A number names a process that one could have opened, and does not do more than that. */
static void grants_need_a_right_on_their_target(void)
{
    struct ballast_ai_mapping block;
    struct ballast_ai_mapping his;
    union block_list blocks;
    ai_users_begin();
    struct sim_process *same = sim_process_create(false); /* of the same user */
    sim_process_set_token(same, 1, 0);
    uint32_t id = sim_process_id(other);
    CHECK_EQUAL(VALUE(ai_allocate(users, MIB, &block)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(grant(users, block.id, id, 0, 0)), VALUE(STATUS_ACCESS_DENIED));
    CHECK_EQUAL(VALUE(grant(users, block.id, id, sim_process_create_time(other), 0)), VALUE(STATUS_ACCESS_DENIED));
    CHECK_EQUAL(VALUE(ai_block(users, BALLAST_IOCTL_AI_GRANT, block.id, id, BALLAST_AI_ACCESS_READ)),
                VALUE(STATUS_ACCESS_DENIED));
    CHECK_EQUAL(VALUE(ai_get(users, BALLAST_IOCTL_AI_QUERY_BLOCKS, &blocks, sizeof(blocks))), STATUS_SUCCESS);
    CHECK_EQUAL(blocks.head.block[0].grants, 0);
    CHECK_EQUAL(VALUE(grant(users, block.id, sim_process_id(same), 0, 0)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(grant(users, block.id, sim_process_id(user), 0, 0)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(ai_allocate(file, MIB, &his)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(grant(file, his.id, id, 0, 0)), STATUS_SUCCESS);
    sim_process_set_token(same, 3, 0); /* what it was allowed once, it may take back without that */
    CHECK_EQUAL(VALUE(grant(users, block.id, sim_process_id(same), 0, 0)), VALUE(STATUS_ACCESS_DENIED));
    CHECK_EQUAL(VALUE(ai_get(users, BALLAST_IOCTL_AI_QUERY_BLOCKS, &blocks, sizeof(blocks))), STATUS_SUCCESS);
    CHECK_EQUAL(blocks.head.block[0].grants, 2);
    CHECK_EQUAL(VALUE(take_back(users, block.id, sim_process_id(same))), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(ai_get(users, BALLAST_IOCTL_AI_QUERY_BLOCKS, &blocks, sizeof(blocks))), STATUS_SUCCESS);
    CHECK_EQUAL(blocks.head.block[0].grants, 1);
    CHECK_EQUAL(VALUE(take_back(users, block.id, 4711)), VALUE(STATUS_NOT_FOUND));
    sim_kill_process(same);
    ai_users_end();
}

/* ---- locks ---- */

/* A process may unlock what was locked for it; asking for it again locks it again, or says so. */
static void locks_are_looked_at_again(void)
{
    struct ballast_ai_mapping block;
    union block_list blocks;
    ai_users_begin();
    struct ballast_ai_allocate input = {{sizeof(input), BALLAST_AI_VERSION, BALLAST_AI_LOCK}, MIB, 0, 0};
    CHECK_EQUAL(VALUE(sim_ioctl(users, BALLAST_IOCTL_AI_ALLOCATE, &input, sizeof(input), &block, sizeof(block), NULL)),
                STATUS_SUCCESS);
    struct ballast_ai_block_request map = {{sizeof(map), BALLAST_AI_VERSION, BALLAST_AI_LOCK}, block.id, 0, 2};
    CHECK_EQUAL(VALUE(sim_ioctl(users, BALLAST_IOCTL_AI_MAP, &map, sizeof(map), &block, sizeof(block), NULL)),
                STATUS_SUCCESS);
    CHECK_EQUAL(block.state, BALLAST_AI_BLOCK_LOCKED);
    sim_process_unlock(user, block.address);
    sim_process_set(user, 0, false, 4096);
    /* Nobody is told of that, and who lists blocks enters no other process to find out: they say what was so last. */
    CHECK_EQUAL(VALUE(ai_get(file, BALLAST_IOCTL_AI_QUERY_BLOCKS, &blocks, sizeof(blocks))), STATUS_SUCCESS);
    CHECK_EQUAL(blocks.head.block[0].state, BALLAST_AI_BLOCK_LOCKED);
    CHECK_EQUAL(pool_of(users).locked_bytes, MIB);
    CHECK_EQUAL(VALUE(sim_ioctl(users, BALLAST_IOCTL_AI_MAP, &map, sizeof(map), &block, sizeof(block), NULL)),
                VALUE(STATUS_WORKING_SET_QUOTA));
    CHECK_EQUAL(pool_of(users).locked_bytes, 0);
    CHECK_EQUAL(VALUE(ai_get(file, BALLAST_IOCTL_AI_QUERY_BLOCKS, &blocks, sizeof(blocks))), STATUS_SUCCESS);
    CHECK_EQUAL(blocks.head.block[0].state, 0);
    sim_process_set(user, 0, false, 0);
    map.header.flags = BALLAST_AI_LOCK_IF_POSSIBLE;
    CHECK_EQUAL(VALUE(sim_ioctl(users, BALLAST_IOCTL_AI_MAP, &map, sizeof(map), &block, sizeof(block), NULL)),
                STATUS_SUCCESS);
    CHECK_EQUAL(block.state, BALLAST_AI_BLOCK_LOCKED);
    ai_users_end();
}

TEST_MAIN({"many_handles_do_not_have_more_than_one", many_handles_do_not_have_more_than_one},
          {"many_processes_do_not_have_more_than_their_user", many_processes_do_not_have_more_than_their_user},
          {"handles_that_cannot_write_have_little", handles_that_cannot_write_have_little},
          {"low_integrity_and_containers", low_integrity_and_containers},
          {"feeding_is_for_the_service", feeding_is_for_the_service},
          {"others_do_not_see_who_has_what", others_do_not_see_who_has_what},
          {"requests_of_no_process", requests_of_no_process},
          {"requests_for_another_process", requests_for_another_process},
          {"grants_name_a_process_for_ever", grants_name_a_process_for_ever},
          {"ids_of_others_blocks_are_as_those_of_none", ids_of_others_blocks_are_as_those_of_none},
          {"grants_need_a_right_on_their_target", grants_need_a_right_on_their_target},
          {"locks_are_looked_at_again", locks_are_looked_at_again})
