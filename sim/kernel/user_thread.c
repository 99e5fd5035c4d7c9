/* SPDX-License-Identifier: MIT */
/* Threads of users, of which there is one. */

#include "sim/kernel/user_thread.h"

#include "sim/ground/fault.h"
#include "sim/ground/handle.h"
#include "sim/ground/thread.h"
#include "sim/ground/violation.h"

#include <string.h>

/* What it points to is only compared. */
static POBJECT_TYPE thread_type = (POBJECT_TYPE)(void *)&thread_type;

POBJECT_TYPE sim_thread_type(void)
{
    return thread_type;
}

bool sim_is_thread_type(POBJECT_TYPE type)
{
    return type == thread_type;
}

struct sim_user_thread {
    uint32_t id;
    bool administrators; /* only they may change it */
    LONG priority;
};

static struct sim_user_thread user_thread;
static LONG user_thread_references; /* atomic */

void sim_user_thread_set(uint32_t id, bool administrators)
{
    user_thread = (struct sim_user_thread){.id = id, .administrators = administrators};
}

LONG sim_user_thread_priority(void)
{
    return __atomic_load_n(&user_thread.priority, __ATOMIC_RELAXED);
}

void sim_user_thread_reference(void)
{
    __atomic_add_fetch(&user_thread_references, 1, __ATOMIC_RELAXED);
}

NTSTATUS PsLookupThreadByThreadId(HANDLE id, PETHREAD *thread)
{
    sim_check_irql("PsLookupThreadByThreadId", PASSIVE_LEVEL);
    if (sim_fault("PsLookupThreadByThreadId")) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if ((uintptr_t)id != user_thread.id || user_thread.id == 0) {
        return STATUS_INVALID_PARAMETER;
    }
    sim_user_thread_reference();
    *thread = (PETHREAD)&user_thread;
    return STATUS_SUCCESS;
}

bool sim_user_thread_is(const void *object)
{
    return object == &user_thread;
}

bool sim_user_thread_open(KPROCESSOR_MODE mode)
{
    return mode == KernelMode || !user_thread.administrators || sim_self()->administrator;
}

void sim_user_thread_dereference(void)
{
    __atomic_sub_fetch(&user_thread_references, 1, __ATOMIC_RELAXED);
}

NTSTATUS ZwSetInformationThread(HANDLE handle, THREADINFOCLASS information_class, PVOID information, ULONG length)
{
    sim_check_irql("ZwSetInformationThread", PASSIVE_LEVEL);
    (void)sim_handle_object(handle, SIM_HANDLE_USER_THREAD, "ZwSetInformationThread");
    if (information_class != ThreadBasePriority || length != sizeof(LONG)) {
        sim_violation("test", "ZwSetInformationThread with arguments that are not simulated");
    }
    if (sim_fault("ZwSetInformationThread")) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    LONG priority;
    memcpy(&priority, information, sizeof(priority));
    __atomic_store_n(&user_thread.priority, priority, __ATOMIC_RELAXED);
    return STATUS_SUCCESS;
}

void sim_user_thread_check_released(void)
{
    if (__atomic_load_n(&user_thread_references, __ATOMIC_RELAXED) != 0) {
        sim_violation("leak", "a thread's reference is left");
    }
}
