/* SPDX-License-Identifier: MIT */
/* System threads that are always joined, so that none runs in an image that is being unloaded. PASSIVE_LEVEL. */
#ifndef DRIVER_NT_THREAD_H
#define DRIVER_NT_THREAD_H

#include "driver/nt/nt.h"

/* Owned by its creator. Zeros: not created. */
struct nt_thread {
    HANDLE handle; /* NULL: not created */
    void (*routine)(void *context);
    void *context;
};

/* Runs routine(context) in a new thread of the System process. */
NTSTATUS nt_thread_create(struct nt_thread *thread, void (*routine)(void *context), void *context);

/* For the calling thread, as storage drivers do: disk requests must not wait for busy user threads. */
void nt_thread_raise_priority(void);

/* Waits until the thread has ended; does nothing if it was not created. */
void nt_thread_join(struct nt_thread *thread);

/* Gives a thread that is running its routine another place, which is of no thread; `from` is of none then. */
void nt_thread_move(struct nt_thread *to, struct nt_thread *from);

#endif
