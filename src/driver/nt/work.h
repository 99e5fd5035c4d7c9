/* SPDX-License-Identifier: MIT */
/*
 * A thread that runs work items one after the other at PASSIVE_LEVEL. Unlike the system's work queues it can be joined.
 */
#ifndef DRIVER_NT_WORK_H
#define DRIVER_NT_WORK_H

#include "driver/nt/thread.h"

/* Embedded in what it works on; may be freed by its own routine. */
struct nt_work {
    LIST_ENTRY link;
    void (*routine)(struct nt_work *work);
};

struct nt_work_thread {
    KSPIN_LOCK lock; /* items, stopping */
    LIST_ENTRY items;
    bool stopping;
    bool (*idle)(void); /* the thread's own; NULL: none */
    KEVENT changed;     /* auto-reset */
    struct nt_thread thread;
};

/* PASSIVE_LEVEL. On failure nothing is left to stop. */
NTSTATUS nt_work_thread_start(struct nt_work_thread *thread);

/* Runs what has been posted, items posted by items included, then ends the thread. PASSIVE_LEVEL. */
void nt_work_thread_stop(struct nt_work_thread *thread);

/* Runs `routine` whenever a second passes without work, until it returns false. From an item of that thread. */
void nt_work_when_idle(struct nt_work_thread *thread, bool (*routine)(void));

/* IRQL <= DISPATCH_LEVEL. */
void nt_work_post(struct nt_work_thread *thread, struct nt_work *work, void (*routine)(struct nt_work *work));

#endif
