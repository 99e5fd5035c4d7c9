/* SPDX-License-Identifier: MIT */
/* File systems that take their time, or hang; fs_hold.h has the contract. */

#include "sim/world/fs_hold.h"

#include "sim/api/file_system.h"
#include "sim/ground/thread.h"
#include "sim/world/paging.h"

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

static void use_a_page(struct sim_device *device, bool write)
{
    unsigned char page[4096];
    sim_self()->unordered = true;
    NTSTATUS status = sim_kernel_read(&device->object, 0, page, sizeof(page));
    if (write && NT_SUCCESS(status)) {
        (void)sim_kernel_write(&device->object, 0, page, sizeof(page));
    }
    sim_self()->unordered = false;
}

/* What it holds up hangs while it does: what is deleted then is deleted under who was left alone. */
void sim_fs_hold(struct sim_device *device, unsigned what)
{
    struct timespec time = {0, 100000};
    unsigned now = __atomic_load_n(&held, __ATOMIC_SEQ_CST);
    if ((now & what) == 0) {
        return;
    }
    __atomic_store_n(&device->hangs, what != SIM_HOLD_MOUNTING || (now & SIM_HOLD_HANGS) != 0, __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&waiting, 1, __ATOMIC_SEQ_CST);
    while (((now = __atomic_load_n(&held, __ATOMIC_SEQ_CST)) & what) != 0) {
        if ((now & (SIM_HOLD_READS | SIM_HOLD_WRITES)) != 0) {
            use_a_page(device, (now & SIM_HOLD_WRITES) != 0);
        }
        (void)nanosleep(&time, NULL);
    }
    if (!device->deleted) {
        __atomic_store_n(&device->hangs, false, __ATOMIC_SEQ_CST);
    }
    __atomic_sub_fetch(&waiting, 1, __ATOMIC_SEQ_CST);
}
