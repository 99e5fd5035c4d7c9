/* SPDX-License-Identifier: MIT */
/* The memory of a request's caller, as the driver sees it. */

#include "sim/kernel/mdl.h"

#include "sim/ground/fault.h"
#include "sim/ground/options.h"
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
    bool paging;
    struct reserved *reserved; /* that it is mapped in; NULL: none */
};

struct reserved {
    size_t size;
    ULONG tag;
    PMDL mdl; /* atomic; NULL: free */
};

static LONG reserved_count; /* atomic */

void sim_mdl_set_paging(PMDL mdl)
{
    mdl->paging = true;
}

PMDL sim_mdl_create(void *user, size_t length, bool output)
{
    PMDL mdl = calloc(1, sizeof(*mdl));
    *mdl = (struct _MDL){.user = user,
                         .buffer = sim_system_buffer_create(user, output ? 0 : length, length),
                         .length = length,
                         .output = output};
    return mdl;
}

void sim_mdl_finish(PMDL mdl, ULONG_PTR transferred)
{
    if (mdl == NULL) {
        return;
    }
    if (mdl->reserved != NULL) {
        sim_violation("mapping", "a request is completed while its memory is mapped at a reserved address");
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
    sim_check_irql("MmGetSystemAddressForMdlSafe", DISPATCH_LEVEL);
    if (mdl->paging && (priority & 0xFFu) != HighPagePriority) {
        sim_violation("paging", "memory of a request that pages is mapped with priority %u", priority & 0xFFu);
    }
    return sim_fault("MmGetSystemAddressForMdlSafe") || sim_get_options()->no_mappings ? NULL : mdl->buffer;
}

/* ---- reserved addresses ---- */

/* The first page of the memory may begin anywhere in it. */
#define PAGE 4096u

PVOID sim_MmAllocateMappingAddress(SIZE_T size, ULONG tag)
{
    sim_check_irql("MmAllocateMappingAddress", APC_LEVEL);
    if (size == 0 || tag == 0) {
        sim_violation("mapping", "MmAllocateMappingAddress with size %zu and tag 0x%08x", size, tag);
    }
    if (sim_fault("MmAllocateMappingAddress")) {
        return NULL;
    }
    struct reserved *reserved = calloc(1, sizeof(*reserved));
    *reserved = (struct reserved){.size = (size + PAGE - 1) / PAGE * PAGE, .tag = tag};
    __atomic_add_fetch(&reserved_count, 1, __ATOMIC_RELAXED);
    return reserved;
}

static void check_tag(const struct reserved *reserved, ULONG tag, const char *function)
{
    if (reserved->tag != tag) {
        sim_violation("mapping", "%s with another tag than the address was reserved with", function);
    }
}

void sim_MmFreeMappingAddress(PVOID address, ULONG tag)
{
    struct reserved *reserved = address;
    sim_check_irql("MmFreeMappingAddress", APC_LEVEL);
    check_tag(reserved, tag, "MmFreeMappingAddress");
    if (reserved->mdl != NULL) {
        sim_violation("mapping", "a reserved address is freed while memory is mapped there");
    }
    __atomic_sub_fetch(&reserved_count, 1, __ATOMIC_RELAXED);
    free(reserved);
}

PVOID sim_MmMapLockedPagesWithReservedMapping(PVOID address, ULONG tag, PMDL mdl, MEMORY_CACHING_TYPE cache)
{
    struct reserved *reserved = address;
    UNREFERENCED_PARAMETER(cache);
    sim_check_irql("MmMapLockedPagesWithReservedMapping", DISPATCH_LEVEL);
    check_tag(reserved, tag, "MmMapLockedPagesWithReservedMapping");
    if ((uintptr_t)mdl->buffer % PAGE + mdl->length > reserved->size) {
        return NULL;
    }
    if (__atomic_exchange_n(&reserved->mdl, mdl, __ATOMIC_ACQ_REL) != NULL) {
        sim_violation("mapping", "memory is mapped at a reserved address that is in use");
    }
    mdl->reserved = reserved;
    return mdl->buffer;
}

void sim_MmUnmapReservedMapping(PVOID address, ULONG tag, PMDL mdl)
{
    struct reserved *reserved = address;
    sim_check_irql("MmUnmapReservedMapping", DISPATCH_LEVEL);
    check_tag(reserved, tag, "MmUnmapReservedMapping");
    if (mdl->reserved != reserved || __atomic_exchange_n(&reserved->mdl, NULL, __ATOMIC_ACQ_REL) != mdl) {
        sim_violation("mapping", "memory is unmapped from a reserved address where it is not");
    }
    mdl->reserved = NULL;
}

void sim_mappings_check_freed(void)
{
    if (__atomic_load_n(&reserved_count, __ATOMIC_RELAXED) != 0) {
        sim_violation("leak", "a reserved address is left");
    }
}
