/* SPDX-License-Identifier: MIT */
/*
 * Special kernel APCs. The second stage of a request's completion is one: it copies to the buffer of the thread that has made the
 * request, which may be paged out, to a file on the very disk whose driver the APC interrupts. So a read of the disk may come,
 * in the same thread, wherever the driver is below APC_LEVEL and in no guarded region; a critical region stops only normal
 * APCs.
 */

#include "sim/world/apc.h"

#include "sim/api/thread.h"

#include "sim/ground/chance.h"
#include "sim/ground/options.h"
#include "sim/ground/thread.h"
#include "sim/kernel/device.h"
#include "sim/world/paging.h"
#include "sim/world/volume.h"

static bool held; /* atomic */

void sim_hold_apcs(bool on)
{
    __atomic_store_n(&held, on, __ATOMIC_RELAXED);
}

#define READ_LENGTH 4096u
#define READ_PAGES  16u /* of the disk's beginning */

void sim_apc_deliver(void)
{
    struct sim_thread *self = sim_self();
    unsigned char page[READ_LENGTH];
    if (self->device == NULL || self->system || self->irql >= APC_LEVEL || self->guarded_regions != 0 ||
        (self->device->object.Flags & DO_DIRECT_IO) == 0 || !sim_one_in(sim_get_options()->apc_interval)) {
        return;
    }
    if (__atomic_load_n(&held, __ATOMIC_RELAXED) || sim_volume_is_held()) { /* by a test, whose thread this may be */
        return;
    }
    uint64_t offset = 0;
    while (offset < (READ_PAGES - 1) * READ_LENGTH && !sim_one_in(READ_PAGES / 2)) {
        offset += READ_LENGTH;
    }
    self->unordered = true;
    (void)sim_paging_transfer(&self->device->object, false, offset, page, sizeof(page), NULL);
    self->unordered = false;
}
