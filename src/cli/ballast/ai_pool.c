/* SPDX-License-Identifier: MIT */
/* ballast ai pool */

#include "cli/ballast/ai.h"

#include <stdio.h>

static void print_owners_json(const struct ballast_ai_owner_reply *owners)
{
    json_open("processes", '[');
    for (uint32_t i = 0; i < owners->owners_returned; i++) {
        const struct ballast_ai_owner *owner = &owners->owner[i];
        json_open(NULL, '{');
        json_number("process_id", owner->process_id);
        ai_json_time("create_time", owner->create_time);
        json_number("used_bytes", owner->used_bytes);
        json_number("quota_bytes", owner->quota_bytes);
        json_number("blocks", owner->blocks);
        json_number("handles", owner->handles);
        json_bool("administrator", (owner->flags & BALLAST_AI_OWNER_ADMINISTRATOR) != 0);
        json_bool("small", (owner->flags & BALLAST_AI_OWNER_SMALL) != 0);
        json_close('}');
    }
    json_close(']');
}

/* `owners` is NULL if they are not to be shown. */
static void print_pool_json(const struct ballast_ai_pool_reply *pool, const struct ballast_ai_block_reply *blocks,
                            const struct ballast_ai_owner_reply *owners)
{
    json_open(NULL, '{');
    json_number("total_bytes", pool->total_bytes);
    json_number("owner_quota_bytes", pool->owner_quota_bytes);
    json_number("owner_used_bytes", pool->owner_used_bytes);
    json_number("user_quota_bytes", pool->user_quota_bytes);
    json_number("user_used_bytes", pool->user_used_bytes);
    json_number("reserve_bytes", pool->reserve_bytes);
    json_number("used_bytes", pool->used_bytes);
    json_number("free_bytes", pool->free_bytes);
    json_number("requested_bytes", pool->requested_bytes);
    json_number("largest_free_bytes", pool->largest_free_bytes);
    json_number("peak_bytes", pool->peak_bytes);
    json_number("locked_bytes", pool->locked_bytes);
    json_number("unit_bytes", pool->unit_bytes);
    json_number("fragmentation_permille", pool->fragmentation_permille);
    json_number("block_count", pool->blocks);
    json_number("owners", pool->owners);
    json_number("allocations", pool->allocations);
    json_number("frees", pool->frees);
    json_number("failures", pool->failures);
    json_open("size_classes", '[');
    for (size_t i = 0; i < BALLAST_AI_SIZE_CLASSES; i++) {
        json_open(NULL, '{');
        json_number("blocks", pool->class_blocks[i]);
        json_number("bytes", pool->class_bytes[i]);
        json_close('}');
    }
    json_close(']');
    json_open("blocks", '[');
    for (uint32_t i = 0; i < blocks->blocks_returned; i++) {
        const struct ballast_ai_block *block = &blocks->block[i];
        json_open(NULL, '{');
        json_number("id", block->id);
        json_number("size_bytes", block->size_bytes);
        json_number("owner_process_id", block->owner_process_id);
        json_bool("locked", (block->state & BALLAST_AI_BLOCK_LOCKED) != 0);
        json_number("mappings", block->mappings);
        json_number("grants", block->grants);
        json_close('}');
    }
    json_close(']');
    if (owners != NULL) {
        print_owners_json(owners);
    }
    json_close('}');
    json_end();
}

static void print_owners(const struct ballast_ai_owner_reply *owners)
{
    static const struct table_column columns[] = {
        {"PROCESS", true}, {"USED", true}, {"OF", true}, {"BLOCKS", true}, {"HANDLES", true}, {"RIGHTS", false},
    };
    struct table table = {.columns = columns, .column_count = sizeof(columns) / sizeof(columns[0])};
    for (uint32_t i = 0; i < owners->owners_returned; i++) {
        const struct ballast_ai_owner *owner = &owners->owner[i];
        char(*cells)[TABLE_CELL_SIZE] = table_add(&table);
        if (cells == NULL) {
            break;
        }
        bool administrator = (owner->flags & BALLAST_AI_OWNER_ADMINISTRATOR) != 0;
        (void)snprintf(cells[0], TABLE_CELL_SIZE, "%u", owner->process_id);
        text_number((int64_t)owner->used_bytes, TEXT_BYTES, cells[1]);
        text_number((int64_t)owner->quota_bytes, TEXT_BYTES, cells[2]);
        (void)snprintf(cells[3], TABLE_CELL_SIZE, "%u", owner->blocks);
        (void)snprintf(cells[4], TABLE_CELL_SIZE, "%u", owner->handles);
        (void)snprintf(cells[5], TABLE_CELL_SIZE, "%s%s", administrator ? "administrator" : "user",
                       (owner->flags & BALLAST_AI_OWNER_SMALL) != 0 ? ", cannot write" : "");
    }
    print("\n");
    table_write(&table, print_table_line, NULL);
    table_free(&table);
}

static void print_blocks(const struct ballast_ai_block_reply *blocks)
{
    static const struct table_column columns[] = {
        {"ID", true}, {"SIZE", true}, {"OWNER", true}, {"LOCKED", false}, {"MAPPINGS", true}, {"GRANTS", true},
    };
    struct table table = {.columns = columns, .column_count = sizeof(columns) / sizeof(columns[0])};
    for (uint32_t i = 0; i < blocks->blocks_returned; i++) {
        const struct ballast_ai_block *block = &blocks->block[i];
        char(*cells)[TABLE_CELL_SIZE] = table_add(&table);
        if (cells == NULL) {
            break;
        }
        (void)snprintf(cells[0], TABLE_CELL_SIZE, "%llu", (unsigned long long)block->id);
        text_number((int64_t)block->size_bytes, TEXT_BYTES, cells[1]);
        (void)snprintf(cells[2], TABLE_CELL_SIZE, "%u", block->owner_process_id);
        (void)snprintf(cells[3], TABLE_CELL_SIZE, "%s", (block->state & BALLAST_AI_BLOCK_LOCKED) != 0 ? "yes" : "no");
        (void)snprintf(cells[4], TABLE_CELL_SIZE, "%u", block->mappings);
        (void)snprintf(cells[5], TABLE_CELL_SIZE, "%u", block->grants);
    }
    if (blocks->blocks_returned != 0) {
        print("\n");
        table_write(&table, print_table_line, NULL);
    }
    table_free(&table);
}

static void print_pool(const struct ballast_ai_pool_reply *pool, const struct ballast_ai_block_reply *blocks)
{
    static const char *const classes[BALLAST_AI_SIZE_CLASSES] = {"to 64 KiB", "to 1 MiB", "larger"};
    print("Quota:         %s, %s for each process, %s for each user, %s for administrators only\n",
          size_text(pool->total_bytes), size_text(pool->owner_quota_bytes), size_text(pool->user_quota_bytes),
          size_text(pool->reserve_bytes));
    print("Used:          %s in %u blocks of %u handles, %s asked for, %s locked\n", size_text(pool->used_bytes),
          pool->blocks, pool->owners, size_text(pool->requested_bytes), size_text(pool->locked_bytes));
    print("Free:          %s, of which this process can have %s; this user has %s\n", size_text(pool->free_bytes),
          size_text(pool->largest_free_bytes), size_text(pool->user_used_bytes));
    print("Peak:          %s\n", size_text(pool->peak_bytes));
    print("Sizes:        ");
    for (size_t i = 0; i < BALLAST_AI_SIZE_CLASSES; i++) {
        print("%s %s: %u (%s)", i == 0 ? "" : ",", classes[i], pool->class_blocks[i], size_text(pool->class_bytes[i]));
    }
    print("\nSince loading: %llu allocated, %llu freed, %llu refused\n", (unsigned long long)pool->allocations,
          (unsigned long long)pool->frees, (unsigned long long)pool->failures);
    print_blocks(blocks);
}

static ballast_result show_pool(ballast_ai *ai, const struct arguments *arguments)
{
    ballast_error error;
    struct ballast_ai_pool_reply pool;
    struct ballast_ai_block_reply *blocks = NULL;
    struct ballast_ai_owner_reply *owners = NULL;
    ballast_result result = ballast_ai_pool(ai, &pool, &error);
    if (result == BALLAST_OK) {
        result = ballast_ai_blocks(ai, &blocks, &error);
    }
    if (result == BALLAST_OK && option_given(arguments, L"owners")) {
        result = ballast_ai_owners(ai, &owners, &error);
    }
    if (result != BALLAST_OK) {
        ballast_ai_release(blocks);
        return fail(result, &error);
    }
    if (arguments->json) {
        print_pool_json(&pool, blocks, owners);
    } else {
        print_pool(&pool, blocks);
        if (owners != NULL) {
            print_owners(owners);
        }
    }
    ballast_ai_release(owners);
    ballast_ai_release(blocks);
    return BALLAST_OK;
}

ballast_result ai_pool(const struct arguments *arguments)
{
    return ai_repeat(arguments, show_pool);
}
