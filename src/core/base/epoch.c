/* SPDX-License-Identifier: MIT */
/*
 * Turns of epochs; epoch.h has the contract.
 *
 * Locks: `lock` guards the lists and who turns; it is a leaf. Who has been told that a phase has no readers any more has the turn
 * until he ends it or begins the next one, and `passing` is his. Whatever he does last, unlocking or giving the final item
 * back, may be the end of the epoch.
 */

#include "core/base/epoch.h"

static uint32_t *readers_of(const struct epoch *epoch, uint32_t lane, uint32_t phase)
{
    return &((struct epoch_lane *)(epoch->lanes + (size_t)lane * epoch->stride))->readers[phase];
}

void epoch_initialize(struct epoch *epoch, void *lanes, uint32_t stride, uint32_t lane_count)
{
    *epoch = (struct epoch){.lanes = lanes, .stride = stride, .lane_count = lane_count};
    epoch->last = &epoch->retired;
    platform_spin_initialize(&epoch->lock);
    for (uint32_t lane = 0; lane < lane_count; lane++) {
        *readers_of(epoch, lane, 0) = 0;
        *readers_of(epoch, lane, 1) = RUNDOWN_CLOSED;
        *readers_of(epoch, lane, EPOCH_CLOSED) = RUNDOWN_CLOSED;
    }
}

void epoch_destroy(struct epoch *epoch)
{
    platform_spin_destroy(&epoch->lock);
}

/* Lock held. */
static struct epoch_item *take_retired(struct epoch *epoch)
{
    struct epoch_item *items = epoch->retired;
    epoch->retired = NULL;
    epoch->last = &epoch->retired;
    __atomic_store_n(&epoch->due, 0, __ATOMIC_RELEASE);
    return items;
}

/*
 * A turn. A reader who has been held up since it read `phase` long ago finds that phase closed, or opened by us after all that
 * has been published. True: the old phase has no readers, and the caller has the turn. Lock held.
 */
static bool turn(struct epoch *epoch)
{
    uint32_t old = epoch->phase;
    uint32_t next = epoch->final != NULL ? EPOCH_CLOSED : old ^ 1;
    uint32_t drained = 1;
    epoch->turning = true;
    epoch->passing = take_retired(epoch);
    __atomic_store_n(&epoch->open, epoch->lane_count + 1, __ATOMIC_RELEASE);
    for (uint32_t lane = 0; lane < epoch->lane_count && next != EPOCH_CLOSED; lane++) {
        rundown_open(readers_of(epoch, lane, next));
    }
    __atomic_store_n(&epoch->phase, next, __ATOMIC_RELEASE);
    for (uint32_t lane = 0; lane < epoch->lane_count; lane++) {
        drained += rundown_close(readers_of(epoch, lane, old));
    }
    return __atomic_sub_fetch(&epoch->open, drained, __ATOMIC_ACQ_REL) == 0;
}

static void give_back(struct epoch_item *item)
{
    while (item != NULL) {
        struct epoch_item *next = item->next;
        item->owner->give_back(item->owner, item);
        item = next;
    }
}

/* The caller has the turn. Ends it, and goes on as long as something is retired that nobody uses. */
static void end_turn(struct epoch *epoch)
{
    struct epoch_item *final = NULL;
    bool again = true;
    while (again) {
        give_back(epoch->passing);
        unsigned irql = platform_spin_lock(&epoch->lock);
        if (epoch->phase == EPOCH_CLOSED) { /* nobody is inside, nor ever will be */
            epoch->passing = take_retired(epoch);
            again = epoch->passing != NULL;
            epoch->over = !again;
            final = again ? NULL : epoch->final;
        } else if (epoch->retired != NULL || epoch->final != NULL) {
            again = turn(epoch);
        } else {
            epoch->turning = false;
            again = false;
        }
        platform_spin_unlock(&epoch->lock, irql);
    }
    if (final != NULL) {
        give_back(final);
    }
}

/* True: the turn has been begun, and the caller has it. */
static bool begin_turn(struct epoch *epoch)
{
    unsigned irql = platform_spin_lock(&epoch->lock);
    bool ours = !epoch->turning && (epoch->retired != NULL || epoch->final != NULL) && turn(epoch);
    platform_spin_unlock(&epoch->lock, irql);
    return ours;
}

void epoch_begin_turn(struct epoch *epoch)
{
    (void)begin_turn(epoch); /* the caller is inside the phase that has been closed */
}

void epoch_flush(struct epoch *epoch)
{
    if (begin_turn(epoch)) {
        end_turn(epoch);
    }
}

void epoch_drained(struct epoch *epoch)
{
    if (__atomic_sub_fetch(&epoch->open, 1, __ATOMIC_ACQ_REL) == 0) {
        end_turn(epoch);
    }
}

void epoch_retire(struct epoch *epoch, struct epoch_item *item)
{
    item->next = NULL;
    unsigned irql = platform_spin_lock(&epoch->lock);
    bool over = epoch->over;
    if (!over) {
        *epoch->last = item;
        epoch->last = &item->next;
        __atomic_store_n(&epoch->due, !epoch->turning, __ATOMIC_RELEASE);
    }
    platform_spin_unlock(&epoch->lock, irql);
    if (over) {
        give_back(item);
    }
}

void epoch_close(struct epoch *epoch, struct epoch_item *final)
{
    final->next = NULL;
    unsigned irql = platform_spin_lock(&epoch->lock);
    epoch->final = final;
    bool ours = !epoch->turning && turn(epoch);
    platform_spin_unlock(&epoch->lock, irql);
    if (ours) {
        end_turn(epoch);
    }
}

struct waiter {
    struct epoch_owner owner;
    struct epoch_item item;
    struct platform_semaphore passed;
};

static void wake(struct epoch_owner *owner, struct epoch_item *item)
{
    (void)item;
    platform_semaphore_post(&((struct waiter *)owner)->passed, 1);
}

void epoch_wait(struct epoch *epoch)
{
    struct waiter waiter = {.owner = {wake}, .item = {.owner = &waiter.owner}};
    platform_semaphore_initialize(&waiter.passed);
    epoch_retire(epoch, &waiter.item);
    epoch_flush(epoch);
    platform_semaphore_wait(&waiter.passed);
    platform_semaphore_destroy(&waiter.passed);
}
