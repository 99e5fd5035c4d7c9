/* SPDX-License-Identifier: MIT */
/*
 * All interleavings of the RAM store's source with tiny chunks and a tiny table: nothing that has been written is lost, what is
 * empty is freed, what is there is always found, and no memory is used that has been freed.
 */

#define MODEL_REPLACES
#define RAM_BLOCK_SIZE       8u
#define RAM_MINIMUM_CAPACITY 4u
#define RAM_MOVE_STEP        2u
#include "tests/unit/model.h"

#include "core/base/epoch.c"
#include "core/disk/ram.c"
#include "core/disk/ram_chunk.c"
#include "core/disk/ram_reserve.c"
#include "core/disk/ram_table.c"

#include <stdio.h>
#include <string.h>

#define LANES     2
#define CHUNK     RAM_CHUNK_SIZE
#define SAME_HOME 3 /* a chunk that the smallest table looks for where it looks for chunk 0 */

static struct world {
    struct epoch epoch;
    struct epoch_lane lanes[LANES];
    struct source *store;
} world;

void *const model_world = &world;
const size_t model_world_size = sizeof(world);

unsigned platform_processor(void)
{
    return 0;
}

/* ---- what threads do ---- */

enum call {
    READ,
    WRITE,
    TRIM,
};

static void call(unsigned lane, enum call which, uint64_t offset, void *data, size_t length)
{
    const struct source_operations *operations = world.store->operations;
    uint32_t *inside = epoch_enter(&world.epoch, &world.lanes[lane]);
    if (which == READ) {
        (void)operations->read(world.store, offset, data, length);
        epoch_leave(&world.epoch, inside);
        return;
    }
    ballast_status status = which == WRITE ? operations->write(world.store, offset, data, length)
                                           : operations->trim(world.store, offset, length);
    MODEL_CHECK(status == BALLAST_SUCCESS);
    epoch_leave_retiring(&world.epoch, inside);
}

static void write_text(unsigned lane, uint64_t offset, const char *text)
{
    char bytes[8] = {0};
    size_t length = strlen(text);
    memcpy(bytes, text, length);
    call(lane, WRITE, offset, bytes, length);
}

static void write_zeros(unsigned lane, uint64_t offset, size_t length)
{
    char bytes[8] = {0};
    call(lane, WRITE, offset, bytes, length);
}

static bool reads(uint64_t offset, const char *text, size_t length)
{
    char bytes[8] = {0};
    (void)world.store->operations->read(world.store, offset, bytes, length);
    return memcmp(bytes, text, length) == 0;
}

/* Every chunk of the table lives, and is found; nothing else is in it. */
static void check_table(struct ram_table *table)
{
    size_t count = 0;
    size_t used = 0;
    for (size_t i = 0; table->slots != NULL && i < ram_capacity(table->slots); i++) {
        struct ram_chunk *chunk = ram_slot(table->slots, i);
        used += chunk != NULL;
        if (chunk != NULL && chunk != RAM_REMOVED) {
            model_touch(chunk, sizeof(*chunk));
            MODEL_CHECK((chunk->state & RAM_CHUNK_DEAD) == 0);
            MODEL_CHECK(ram_table_find(table, chunk->index) == chunk);
            count++;
        }
    }
    MODEL_CHECK(count == table->count && used == table->used && table->next == NULL && table->expected == 0);
}

static uint64_t chunks(void)
{
    struct source_usage usage;
    check_table(&((struct ram_store *)world.store)->table);
    (void)world.store->operations->usage(world.store, &usage);
    MODEL_CHECK(usage.allocated_bytes + usage.overhead_bytes == model_allocated());
    MODEL_CHECK(((struct ram_store *)world.store)->held_bytes == 0);
    return usage.allocated_bytes / CHUNK;
}

/* ---- one chunk ---- */

static void set_up_with(const char *text)
{
    epoch_initialize(&world.epoch, world.lanes, sizeof(world.lanes[0]), LANES);
    (void)ram_create(PLATFORM_POOL_NONPAGED, &world.store);
    write_text(0, 0, text);
    world.store->epoch = &world.epoch;
}

static void set_up(void)
{
    set_up_with("aabb");
}

static void set_up_half(void)
{
    set_up_with("aa");
}

static void zero_first_half(void)
{
    write_zeros(0, 0, 2);
}

static void zero_second_half(void)
{
    write_zeros(1, 2, 2);
}

static void write_second_half(void)
{
    write_text(1, 2, "cc");
}

static void write_and_zero_second_half(void)
{
    write_second_half();
    zero_second_half();
}

static void write_other_block(void)
{
    write_text(1, 8, "d");
}

static void trim_all(void)
{
    call(0, TRIM, 0, NULL, CHUNK);
}

static void read_second_half(void)
{
    char bytes[2];
    call(0, READ, 2, bytes, 2);
    MODEL_CHECK(memcmp(bytes, "bb", 2) == 0 || memcmp(bytes, "cc", 2) == 0 || memcmp(bytes, "\0\0", 2) == 0);
}

static void second_half_is_there(void)
{
    MODEL_CHECK(reads(0, "\0\0cc", 4));
    MODEL_CHECK(chunks() == 1);
}

static void nothing_is_there(void)
{
    MODEL_CHECK(reads(0, "\0\0\0\0", 4));
    MODEL_CHECK(chunks() == 0);
}

static void other_block_is_there(void)
{
    MODEL_CHECK(reads(0, "\0\0\0\0", 4));
    MODEL_CHECK(reads(8, "d", 1));
    MODEL_CHECK(chunks() == 1);
}

/* The write and the trim of the same bytes may come in any order. */
static void second_half_or_nothing(void)
{
    bool there = reads(2, "cc", 2);
    MODEL_CHECK(there || reads(2, "\0\0", 2));
    MODEL_CHECK(reads(0, "\0\0", 2) || (reads(0, "aa", 2) && there));
    MODEL_CHECK(chunks() == (there ? 1 : 0));
}

static void read_and_overwrite(void)
{
    char bytes[4];
    model_freeze_allocated();
    call(0, READ, 0, bytes, 4);
    call(0, WRITE, 2, bytes + 2, 2);
    call(0, READ, 3 * CHUNK, bytes, 4); /* where nothing is */
}

static void write_new_block(void)
{
    model_freeze_allocated();
    write_text(0, 8, "d");
}

static void first_is_there(void)
{
    MODEL_CHECK(reads(0, "aabb", 4));
}

/* ---- several chunks ---- */

/* The next insertion is one too many. */
static void set_up_table(void)
{
    set_up();
    world.store->epoch = NULL;
    write_text(0, CHUNK, "e");
    world.store->epoch = &world.epoch;
}

static void insert_third(void)
{
    write_text(0, 2 * CHUNK, "f");
}

static void insert_third_too(void)
{
    write_text(1, 2 * CHUNK + 1, "g");
}

static void insert_fourth(void)
{
    write_text(1, 5 * CHUNK, "h");
}

static void remove_second(void)
{
    call(1, TRIM, CHUNK, NULL, CHUNK);
}

static void find_first(void)
{
    char bytes[4];
    call(1, READ, 0, bytes, 4);
    MODEL_CHECK(memcmp(bytes, "aabb", 4) == 0);
}

/* Two chunks that are looked for at the same place of the table. */
static void set_up_neighbours(void)
{
    set_up();
    world.store->epoch = NULL;
    write_text(0, SAME_HOME * CHUNK, "n");
    world.store->epoch = &world.epoch;
    const struct ram_slots *slots = ((struct ram_store *)world.store)->table.slots;
    MODEL_CHECK(ram_home(slots, 0) == ram_home(slots, SAME_HOME));
}

static void remove_first(void)
{
    call(0, TRIM, 0, NULL, CHUNK);
}

static void find_neighbour(void)
{
    char bytes[1];
    call(1, READ, SAME_HOME * CHUNK, bytes, 1);
    MODEL_CHECK(bytes[0] == 'n');
}

static void neighbour_is_there(void)
{
    MODEL_CHECK(reads(SAME_HOME * CHUNK, "n", 1));
    MODEL_CHECK(chunks() == 1);
}

static void three_chunks(void)
{
    MODEL_CHECK(reads(0, "aabb", 4) && reads(CHUNK, "e", 1) && reads(2 * CHUNK, "fg", 2));
    MODEL_CHECK(chunks() == 3);
}

static void four_chunks(void)
{
    MODEL_CHECK(reads(0, "aabb", 4) && reads(CHUNK, "e", 1) && reads(2 * CHUNK, "f", 1) && reads(5 * CHUNK, "h", 1));
    MODEL_CHECK(chunks() == 4);
}

static void first_and_third(void)
{
    MODEL_CHECK(reads(0, "aabb", 4) && reads(CHUNK, "\0", 1) && reads(2 * CHUNK, "f", 1));
    MODEL_CHECK(chunks() == 2);
}

static const struct model_scenario scenarios[] = {
    {"zeroing beside a write in the same block",
     set_up_half,
     {zero_first_half, write_second_half, NULL},
     second_half_is_there},
    {"what is shared is not written", set_up, {read_and_overwrite, NULL, NULL}, first_is_there},
    {"emptied, written and emptied again",
     set_up_half,
     {zero_first_half, write_and_zero_second_half, NULL},
     nothing_is_there},
    {"two zero all", set_up, {zero_first_half, zero_second_half, NULL}, nothing_is_there},
    {"two zero all, one writes elsewhere",
     set_up,
     {zero_first_half, zero_second_half, write_other_block},
     other_block_is_there},
    {"a trim beside a write", set_up, {trim_all, write_second_half, NULL}, second_half_or_nothing},
    {"a trim beside zeroing", set_up, {trim_all, zero_second_half, NULL}, nothing_is_there},
    {"a trim beside reading", set_up, {trim_all, read_second_half, NULL}, nothing_is_there},
    {"two insert the same chunk", set_up_table, {insert_third, insert_third_too, NULL}, three_chunks},
    {"two insert, the table grows", set_up_table, {insert_third, insert_fourth, NULL}, four_chunks},
    {"one inserts, one looks", set_up_table, {insert_third, find_first, NULL}, NULL},
    {"one removes, one looks behind it", set_up_neighbours, {remove_first, find_neighbour, NULL}, neighbour_is_there},
    {"one inserts, one removes", set_up_table, {insert_third, remove_second, NULL}, first_and_third},
};

static void nothing_to_check(void)
{
}

/* Without waiting for those who are inside, a write is lost, and memory is used that has been freed. */
static void set_up_without_grace(void)
{
    set_up_half();
    world.store->epoch = NULL;
}

static void mistakes_are_found(void)
{
    static const struct {
        struct model_scenario scenario;
        enum model_mistake mistake;
    } rows[] = {
        {{"a bit", set_up, {write_new_block, NULL, NULL}, first_is_there}, MODEL_NO_MISTAKE},
        {{"zeroing", set_up_without_grace, {zero_first_half, write_second_half, NULL}, second_half_is_there},
         MODEL_NO_MISTAKE},
        {{"trimming", set_up_without_grace, {trim_all, read_second_half, NULL}, nothing_is_there}, MODEL_NO_MISTAKE},
        {{"blocks' bits", set_up, {zero_first_half, zero_second_half, write_other_block}, other_block_is_there},
         MODEL_ENTER_WITHOUT_LOCK},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        (void)model_explore(&rows[i].scenario, rows[i].mistake);
        CHECK(model_failure() != NULL);
        printf("# %s: %s\n", rows[i].scenario.name, model_failure() != NULL ? model_failure() : "not found");
    }
}

static void nothing_is_lost(void)
{
    for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
        struct model_scenario scenario = scenarios[i];
        if (scenario.check == NULL) {
            scenario.check = nothing_to_check;
        }
        uint64_t states = model_explore(&scenario, MODEL_NO_MISTAKE);
        test_note("%s: %s", scenario.name, model_failure() == NULL ? "" : model_failure());
        CHECK(model_failure() == NULL);
        printf("# %s: %llu states\n", scenario.name, (unsigned long long)states);
    }
}

TEST_MAIN({"nothing_is_lost", nothing_is_lost}, {"mistakes_are_found", mistakes_are_found})
