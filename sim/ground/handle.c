/* SPDX-License-Identifier: MIT */
/* The table of handles. */

#include "sim/ground/handle.h"

#include "sim/ground/raw_lock.h"
#include "sim/ground/violation.h"

#define HANDLES_MAXIMUM 4096
#define HANDLE_BASE     0x80000000u /* kernel handles have the top bits set */

struct entry {
    enum sim_handle_kind kind;
    void *object;
    const char *creator;
};

static struct sim_raw_lock lock;
static struct entry entries[HANDLES_MAXIMUM];
static size_t next_entry;

HANDLE sim_handle_create(enum sim_handle_kind kind, void *object, ULONG attributes, const char *function)
{
    if ((attributes & OBJ_KERNEL_HANDLE) == 0) {
        sim_violation("handle", "%s without OBJ_KERNEL_HANDLE: the handle would belong to whoever calls", function);
    }
    sim_raw_lock(&lock);
    for (size_t i = 0; i < HANDLES_MAXIMUM; i++) {
        size_t index = (next_entry + i) % HANDLES_MAXIMUM; /* a closed handle is not used again soon */
        if (entries[index].kind == SIM_HANDLE_FREE) {
            entries[index] = (struct entry){kind, object, function};
            next_entry = index + 1;
            sim_raw_unlock(&lock);
            return (HANDLE)(uintptr_t)(HANDLE_BASE + 4 * (index + 1));
        }
    }
    sim_violation("test", "too many handles");
}

static struct entry *entry_of(HANDLE handle, const char *function)
{
    uintptr_t index = ((uintptr_t)handle - HANDLE_BASE) / 4 - 1;
    if ((uintptr_t)handle <= HANDLE_BASE || (uintptr_t)handle % 4 != 0 || index >= HANDLES_MAXIMUM ||
        entries[index].kind == SIM_HANDLE_FREE) {
        sim_violation("handle", "%s with a handle that is not open", function);
    }
    return &entries[index];
}

enum sim_handle_kind sim_handle_kind(HANDLE handle, const char *function)
{
    sim_raw_lock(&lock);
    enum sim_handle_kind kind = entry_of(handle, function)->kind;
    sim_raw_unlock(&lock);
    return kind;
}

void *sim_handle_object(HANDLE handle, enum sim_handle_kind kind, const char *function)
{
    sim_raw_lock(&lock);
    const struct entry *entry = entry_of(handle, function);
    void *object = entry->object;
    bool right = entry->kind == kind;
    sim_raw_unlock(&lock);
    if (!right) {
        sim_violation("handle", "%s with a handle of another kind", function);
    }
    return object;
}

void *sim_handle_close(HANDLE handle, enum sim_handle_kind *kind, const char *function)
{
    sim_raw_lock(&lock);
    struct entry *entry = entry_of(handle, function);
    void *object = entry->object;
    *kind = entry->kind;
    entry->kind = SIM_HANDLE_FREE;
    sim_raw_unlock(&lock);
    return object;
}

void sim_handles_check_closed(void)
{
    for (size_t i = 0; i < HANDLES_MAXIMUM; i++) {
        if (entries[i].kind != SIM_HANDLE_FREE) {
            sim_violation("leak", "a handle made by %s is left", entries[i].creator);
        }
    }
}
