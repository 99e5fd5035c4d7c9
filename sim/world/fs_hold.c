/* SPDX-License-Identifier: MIT */
/* File systems that take their time, or hang; fs_hold.h has the contract. */

#include "sim/world/fs_hold.h"

#include "sim/api/file_system.h"

#include <time.h>

static unsigned held;    /* atomic; of enum sim_hold */
static unsigned waiting; /* atomic; threads that are held up */

void sim_hold_file_systems(unsigned what)
{
    __atomic_store_n(&held, what, __ATOMIC_SEQ_CST);
}

unsigned sim_file_systems_held(void)
{
    return __atomic_load_n(&waiting, __ATOMIC_SEQ_CST);
}

void sim_fs_hold_reset(void)
{
    sim_hold_file_systems(0);
}

void sim_fs_hold(struct sim_device *device, unsigned what)
{
    struct timespec time = {0, 100000};
    if ((__atomic_load_n(&held, __ATOMIC_SEQ_CST) & what) == 0) {
        return;
    }
    __atomic_store_n(&device->hangs, what != SIM_HOLD_MOUNTING, __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&waiting, 1, __ATOMIC_SEQ_CST);
    while ((__atomic_load_n(&held, __ATOMIC_SEQ_CST) & what) != 0) {
        (void)nanosleep(&time, NULL);
    }
    __atomic_sub_fetch(&waiting, 1, __ATOMIC_SEQ_CST);
}
