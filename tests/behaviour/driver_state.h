/* SPDX-License-Identifier: MIT */
/* What the disk driver says of itself. */
#ifndef TESTS_BEHAVIOUR_DRIVER_STATE_H
#define TESTS_BEHAVIOUR_DRIVER_STATE_H

#include "ballast/disk_abi.h"
#include "tests/behaviour/target.h"
#include "tests/harness/test.h"

/* Blocks that stand for a disk's hold of the driver. */
#define HOLD_TAG   0x6F486442u /* "BdHo" */
#define HOLD_TRIES 100000u

static inline uint64_t driver_state_holds(const struct ballast_disk_driver_state *state)
{
    uint64_t holds = 0;
    for (size_t i = 0; i < BALLAST_POOL_TAGS; i++) {
        holds += state->pool[i].tag == HOLD_TAG ? state->pool[i].blocks : 0;
    }
    return holds;
}

/* Its state at rest: a work item lets the driver go some time after a disk's removal has ended. */
static inline struct ballast_disk_driver_state driver_state(struct target_handle *control)
{
    struct ballast_disk_driver_state state = {.disks = 99};
    for (unsigned i = 0; i < HOLD_TRIES; i++) {
        if (!CHECK_EQUAL(
                target_ioctl(control, BALLAST_IOCTL_DISK_QUERY_DRIVER_STATE, NULL, 0, &state, sizeof(state), NULL),
                0) ||
            driver_state_holds(&state) <= state.disks) {
            break;
        }
    }
    return state;
}

#endif
