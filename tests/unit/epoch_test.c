/* SPDX-License-Identifier: MIT */
/* All interleavings of epochs with readers on one lane and on two, and those who replace what they read, wait, and close. */

#define MODEL_REPLACES
#include "tests/unit/model.h"

#include "core/base/epoch.c"

#include <stdio.h>

#define LANES 2
#define TAG   PLATFORM_TAG('t', 'e', 's', 't')

struct object {
    struct epoch_item item;
    uint32_t alive;
};

static struct world {
    struct epoch epoch;
    struct epoch_lane lanes[LANES];
    struct epoch_owner owner;
    struct epoch_owner closing;
    struct epoch_item final;
    struct object *current; /* atomic */
    bool entered[MODEL_THREADS];
    bool left[MODEL_THREADS];
    bool closed;
    bool outlives; /* who waits keeps the epoch, too */
} world;

void *const model_world = &world;
const size_t model_world_size = sizeof(world);

static struct object *new_object(void)
{
    struct object *object = platform_allocate(PLATFORM_POOL_NONPAGED, sizeof(*object), TAG);
    object->item = (struct epoch_item){.owner = &world.owner};
    object->alive = 1;
    return object;
}

static void free_object(struct epoch_owner *owner, struct epoch_item *item)
{
    (void)owner;
    platform_free(item, sizeof(struct object), TAG);
}

static void set_up(void)
{
    world.owner.give_back = free_object;
    epoch_initialize(&world.epoch, world.lanes, sizeof(world.lanes[0]), LANES);
    world.current = new_object();
}

static void set_up_for_waiting(void)
{
    set_up();
    world.outlives = true;
}

/* False if the epoch is closed. */
static bool read_once(unsigned thread, unsigned lane)
{
    uint32_t *inside = epoch_enter(&world.epoch, &world.lanes[lane]);
    if (inside == NULL) {
        return false;
    }
    MODEL_CHECK(!world.closed);
    world.entered[thread] = true;
    const struct object *object = __atomic_load_n(&world.current, __ATOMIC_ACQUIRE);
    model_step();
    model_touch(object, sizeof(*object));
    world.left[thread] = true; /* what it has seen is not looked at any more */
    epoch_leave(&world.epoch, inside);
    return true;
}

static void reader_0(void)
{
    (void)read_once(0, 0);
}

static void reader_1(void)
{
    (void)read_once(1, 1);
}

static void second_reader_0(void)
{
    (void)read_once(1, 0);
}

static void read_twice(void)
{
    (void)read_once(0, 0);
    world.entered[0] = world.left[0] = false;
    (void)read_once(0, 1);
}

static void replace(void)
{
    struct object *old = __atomic_load_n(&world.current, __ATOMIC_RELAXED);
    __atomic_store_n(&world.current, new_object(), __ATOMIC_RELEASE);
    epoch_retire(&world.epoch, &old->item);
}

static void replace_outside(void)
{
    replace();
    epoch_flush(&world.epoch);
}

static void replace_twice(void)
{
    replace_outside();
    replace_outside();
}

static void replace_thrice(void)
{
    replace_twice();
    replace_outside();
}

static void replace_inside(void)
{
    uint32_t *inside = epoch_enter(&world.epoch, &world.lanes[1]);
    if (inside != NULL) {
        replace();
        epoch_leave_retiring(&world.epoch, inside);
    }
}

static void wait(void)
{
    bool waits_for[MODEL_THREADS];
    for (unsigned i = 0; i < MODEL_THREADS; i++) {
        waits_for[i] = world.entered[i] && !world.left[i];
    }
    epoch_wait(&world.epoch);
    for (unsigned i = 0; i < MODEL_THREADS; i++) {
        MODEL_CHECK(!waits_for[i] || world.left[i]);
    }
}

static void given_back(struct epoch_owner *owner, struct epoch_item *item)
{
    (void)owner;
    (void)item;
    MODEL_CHECK(!world.closed);
    world.closed = true;
    for (unsigned i = 0; i < MODEL_THREADS; i++) {
        MODEL_CHECK(world.entered[i] == world.left[i]);
    }
    MODEL_CHECK(world.epoch.retired == NULL && world.epoch.passing == NULL);
    if (!world.outlives) {
        model_freeze(&world.epoch, sizeof(world.epoch) + sizeof(world.lanes));
    }
}

static void close(void)
{
    world.closing.give_back = given_back;
    world.final.owner = &world.closing;
    epoch_close(&world.epoch, &world.final);
}

static void replace_and_close(void)
{
    replace_outside();
    close();
}

/* Everything has been given back but what is current, and nothing is under way. */
static void check_idle(void)
{
    MODEL_CHECK(model_allocated() == sizeof(struct object));
    MODEL_CHECK(world.epoch.retired == NULL && !world.epoch.turning && world.epoch.due == 0);
}

static void check_closed(void)
{
    MODEL_CHECK(world.closed);
    MODEL_CHECK(model_allocated() == sizeof(struct object));
}

static const struct model_scenario scenarios[] = {
    {"readers on one lane", set_up, {reader_0, second_reader_0, replace_twice}, check_idle},
    {"readers on two lanes", set_up, {reader_0, reader_1, replace_twice}, check_idle},
    {"one reader, three turns", set_up, {read_twice, NULL, replace_thrice}, check_idle},
    {"one retires inside", set_up, {reader_0, replace_inside, NULL}, check_idle},
    {"one retires inside, one waits", set_up, {reader_0, replace_inside, wait}, check_idle},
    {"readers and one who waits", set_up, {reader_0, reader_1, wait}, check_idle},
    {"readers and one who closes", set_up, {reader_0, reader_1, replace_and_close}, check_closed},
    {"one reads, one waits, one closes", set_up_for_waiting, {reader_0, wait, close}, check_closed},
    {"one retires inside, one closes", set_up, {reader_0, replace_inside, close}, check_closed},
};

static void nothing_goes_wrong(void)
{
    for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
        uint64_t states = model_explore(&scenarios[i], MODEL_NO_MISTAKE);
        test_note("%s: %s", scenarios[i].name, states != 0 ? "" : model_failure());
        CHECK(states != 0);
        printf("# %s: %llu states\n", scenarios[i].name, (unsigned long long)states);
    }
}

/* The model sees what each of the barriers and the two phases are for. */
static void mistakes_are_found(void)
{
    static const enum model_mistake mistakes[] = {MODEL_LEAVE_WITHOUT_LOCK, MODEL_ENTER_WITHOUT_LOCK,
                                                  MODEL_CLOSE_WITHOUT_LOCK, MODEL_STALE_PHASE};
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        bool found = false;
        for (size_t j = 0; j < sizeof(scenarios) / sizeof(scenarios[0]) && !found; j++) {
            found = model_explore(&scenarios[j], mistakes[i]) == 0;
            if (found) {
                printf("# mistake %u: %s: %s\n", (unsigned)mistakes[i], scenarios[j].name, model_failure());
            }
        }
        CHECK(found);
    }
}

TEST_MAIN({"nothing_goes_wrong", nothing_goes_wrong}, {"mistakes_are_found", mistakes_are_found})
