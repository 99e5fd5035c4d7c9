/* SPDX-License-Identifier: MIT */
/*
 * Views of the pool's blocks in clients' processes.
 *
 * On Windows a process is mapped into by itself, in the thread that asks: whoever keeps its address space busy keeps nobody
 * else waiting, and pays for the work. The view is secured, so that the process cannot unmap it and put something else in its
 * place before we unmap it there. A process that exits is said to have gone before its address space is; from then on
 * nothing is done to it. Wine has none of this, and its driver is in another process: there a handle to the process is kept
 * with the view.
 *
 * IRQL: PASSIVE_LEVEL.
 */
#ifndef DRIVER_AI_VIEW_H
#define DRIVER_AI_VIEW_H

#include "core/mem/pool.h"
#include "driver/nt/nt.h"

void ai_views_start(void);
/* After nt_late_resolve: ai_views_forget is called for each process that exits. Without that nothing is secured. */
void ai_views_are_told(void);
/* No view is left, and nobody is told any more. */
void ai_views_stop(void);

/* pool_operations. Mapping and locking: in the caller's process, but in Wine. */
ballast_status ai_view_map(void *section, uint64_t size, const struct pool_caller *caller, uint32_t access,
                           uint32_t options, struct pool_view *view);
void ai_view_lock(const struct pool_caller *caller, uint64_t size, struct pool_view *view);
void ai_view_unmap(void *process, const struct pool_view *view);

/* The process is exiting: waits for whoever is unmapping in it, and nobody will any more. In a thread of it. */
void ai_views_forget(PEPROCESS process);

#endif
