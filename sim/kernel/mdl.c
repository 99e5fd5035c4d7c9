/* SPDX-License-Identifier: MIT */
/* The memory of a request's caller, as the driver sees it. */

#include "sim/kernel/mdl.h"

#include "sim/ground/fault.h"
#include "sim/ground/thread.h"
#include "sim/ground/violation.h"
#include "sim/kernel/memory.h"

#include <stdlib.h>
#include <string.h>

struct _MDL {
    void *user;
    void *buffer;
    size_t length;
    bool output;
};

PMDL sim_mdl_create(void *user, size_t length, bool output)
{
    PMDL mdl = calloc(1, sizeof(*mdl));
    *mdl = (struct _MDL){user, sim_system_buffer_create(user, output ? 0 : length, length), length, output};
    return mdl;
}

void sim_mdl_finish(PMDL mdl, ULONG_PTR transferred)
{
    if (mdl == NULL) {
        return;
    }
    if (transferred > mdl->length) {
        sim_violation("information", "%zu bytes transferred, only %zu asked for", (size_t)transferred, mdl->length);
    }
    if (mdl->output) {
        size_t unwritten = sim_system_buffer_unwritten(mdl->buffer, 0, transferred);
        if (unwritten != transferred) {
            sim_violation("information", "%zu bytes transferred, but byte %zu was never written", (size_t)transferred,
                          unwritten);
        }
        memcpy(mdl->user, mdl->buffer, transferred);
    }
    sim_system_buffer_free(mdl->buffer);
    free(mdl);
}

PVOID MmGetSystemAddressForMdlSafe(PMDL mdl, ULONG priority)
{
    UNREFERENCED_PARAMETER(priority);
    sim_check_irql("MmGetSystemAddressForMdlSafe", DISPATCH_LEVEL);
    return sim_fault("MmGetSystemAddressForMdlSafe") ? NULL : mdl->buffer;
}
