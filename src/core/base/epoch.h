/* SPDX-License-Identifier: MIT */
/*
 * Epochs: readers never wait, and nobody waits for readers to change what they read. Who replaces something publishes what
 * is new and retires what is old; it is given back when everybody who may have seen it has left.
 *
 * Each processor has a lane with a rundown for either of two phases. Readers enter the current phase. In a turn the other
 * phase is opened and made current, and the old one closed: whoever enters from then on sees all that was published before,
 * and whoever finds the old phase closed enters the other one. The reader who leaves the old phase last ends the turn: he gives
 * back what had been retired when it began, and begins the next one if something has been retired meanwhile. So what is retired is
 * held back for as long as a reader stays inside, and no longer. Closing the epoch is a last turn, which opens no phase.
 *
 * Entering and leaving write the reader's lane and nothing else, one operation with a barrier each. Leaving is the last access,
 * unless it ends a turn. <= DISPATCH_LEVEL; what is retired is given back at the IRQL of who ends the turn, outside.
 */
#ifndef CORE_BASE_EPOCH_H
#define CORE_BASE_EPOCH_H

#include "core/base/platform.h"
#include "core/base/rundown.h"

struct epoch_lane {
    uint32_t readers[3]; /* rundowns of the two phases, and one that is never open, for EPOCH_CLOSED */
};

struct epoch_item;

/* Whose items these are: what gives them back. */
struct epoch_owner {
    void (*give_back)(struct epoch_owner *owner, struct epoch_item *item);
};

struct epoch_item {
    struct epoch_item *next;
    struct epoch_owner *owner;
};

#define EPOCH_CLOSED 2u

struct epoch {
    unsigned char *lanes; /* the first processor's */
    uint32_t stride;      /* bytes from one processor's to the next */
    uint32_t lane_count;
    uint32_t phase; /* atomic; 0, 1, or EPOCH_CLOSED */
    uint32_t due;   /* atomic; 1: something has been retired, and no turn is under way */
    /* Readers do not touch the rest. */
    uint32_t open; /* atomic; lanes whose old phase has readers, and one while it is being closed */
    struct platform_spin lock;
    bool turning;               /* a turn is under way, or what it gives back; for ever once it is closed */
    bool over;                  /* it is closed and nobody is inside */
    struct epoch_item *retired; /* for the next turn */
    struct epoch_item **last;   /* the end of `retired` */
    struct epoch_item *passing; /* for this turn */
    struct epoch_item *final;   /* given back when the epoch is closed and empty; NULL: it is not to be closed */
};

/* `lanes` is the address of an epoch_lane for each processor, `stride` bytes from each other. */
void epoch_initialize(struct epoch *epoch, void *lanes, uint32_t stride, uint32_t lane_count);

/* Nobody is inside and nothing retired: it has been closed, or flushed when nobody could be inside. */
void epoch_destroy(struct epoch *epoch);

/* Retires an item; epoch_begin_turn or epoch_flush is to follow. Where nobody can be inside, it is given back at once. */
void epoch_retire(struct epoch *epoch, struct epoch_item *item);

/* Begins a turn if one is due; inside. */
void epoch_begin_turn(struct epoch *epoch);

/* Begins a turn if one is due, and gives back what nobody uses; outside. */
void epoch_flush(struct epoch *epoch);

/* Waits until everybody who is inside now has left. Outside; <= APC_LEVEL. */
void epoch_wait(struct epoch *epoch);

/*
 * Lets nobody in any more, soon, and gives `final` back, after everything else that has been retired, when nobody is inside; that
 * is the last access. Once; outside.
 */
void epoch_close(struct epoch *epoch, struct epoch_item *final);

/* A reader has left a closed phase last. */
void epoch_drained(struct epoch *epoch);

/* Returns what to leave by; NULL: it has been closed. */
static inline uint32_t *epoch_enter(struct epoch *epoch, struct epoch_lane *lane)
{
    for (;;) {
        uint32_t phase = __atomic_load_n(&epoch->phase, __ATOMIC_RELAXED);
        uint32_t *readers = &lane->readers[phase];
        if (rundown_enter(readers)) {
            return readers;
        }
        if (phase == EPOCH_CLOSED) {
            return NULL;
        }
    }
}

static inline void epoch_leave(struct epoch *epoch, uint32_t *readers)
{
    if (rundown_leave(readers)) {
        epoch_drained(epoch);
    }
}

/* For who may have retired something: who has not need not look. */
static inline void epoch_leave_retiring(struct epoch *epoch, uint32_t *readers)
{
    uint32_t due = __atomic_load_n(&epoch->due, __ATOMIC_RELAXED);
    if (due != 0) {
        epoch_begin_turn(epoch);
    }
    epoch_leave(epoch, readers);
}

#endif
