/* SPDX-License-Identifier: MIT */
/* What the simulation knows of each thread: IRQL, stack, and that driver code leaves things as they were. */

#include "sim/ground/thread.h"

#include "sim/ground/options.h"
#include "sim/ground/checks.h"
#include "sim/ground/violation.h"

#include <string.h>

/* x64 kernels give a driver 24 KiB of stack, of which others have used some. Sanitizers need several times as much. */
#ifdef SIM_SANITIZED
#define STACK_LIMIT (64u << 10)
#else
#define STACK_LIMIT (12u << 10)
#endif

struct sim_thread *sim_self(void)
{
    static _Thread_local struct sim_thread self;
    static uint64_t next_seed;
    if (self.random == 0) {
        self.random =
            (sim_get_options()->seed + __atomic_add_fetch(&next_seed, 1, __ATOMIC_RELAXED)) * 0x9E3779B97F4A7C15u | 1;
    }
    return &self;
}

/* How much stack the driver uses between being called and calling us. */
static void check_stack(const struct sim_thread *self)
{
    const char *here = (const char *)__builtin_frame_address(0);
    if (self->stack_base != NULL && self->stack_base > here && (size_t)(self->stack_base - here) > STACK_LIMIT) {
        sim_violation("stack", "the driver uses more than %u bytes of stack", STACK_LIMIT);
    }
}

PEPROCESS sim_current_process(void)
{
    const struct sim_thread *self = sim_self();
    return self->attached != NULL ? self->attached : self->system ? NULL : self->process;
}

void sim_check_irql(const char *function, KIRQL maximum)
{
    if (!SIM_CHECKS) {
        return;
    }
    const struct sim_thread *self = sim_self();
    check_stack(self);
    if (self->completed_cancelled && strcmp(function, "IoCompleteRequest") != 0) {
        sim_violation("irp-cancel",
                      "%s called after a cancel routine has completed its request: the driver may be gone", function);
    }
    if (self->irql > maximum) {
        sim_violation("irql", "%s called at IRQL %u, allowed up to %u", function, self->irql, maximum);
    }
}

void sim_check_apcs(const char *function)
{
    if (sim_self()->guarded_regions != 0) {
        sim_violation("guarded-region", "%s inside a guarded region, where its request cannot end", function);
    }
}

struct sim_entry sim_enter_driver(void)
{
    struct sim_thread *self = sim_self();
    if (self->kernel_depth++ == 0) {
        self->stack_base = (const char *)__builtin_frame_address(0);
    }
    return (struct sim_entry){self->irql, self->critical_regions, self->guarded_regions, self->held_count};
}

void sim_leave_driver(const char *what, struct sim_entry entry)
{
    struct sim_thread *self = sim_self();
    if (self->held_count != entry.held_count) {
        sim_violation("lock-left", "%s returned with %u locks held, and began with %u", what, self->held_count,
                      entry.held_count);
    }
    if (self->irql != entry.irql) {
        sim_violation("irql-left", "%s returned at IRQL %u, and began at %u", what, self->irql, entry.irql);
    }
    if (self->critical_regions != entry.critical_regions) {
        sim_violation("critical-region-left", "%s returned within %u critical regions, and began within %u", what,
                      self->critical_regions, entry.critical_regions);
    }
    if (self->guarded_regions != entry.guarded_regions) {
        sim_violation("guarded-region-left", "%s returned within %u guarded regions, and began within %u", what,
                      self->guarded_regions, entry.guarded_regions);
    }
    if (self->attached != NULL) {
        sim_violation("attached", "%s returned attached to another process", what);
    }
    if (self->impersonating) {
        sim_violation("impersonation-left", "%s returned while impersonating", what);
    }
    if (--self->kernel_depth == 0) {
        self->stack_base = NULL;
    }
}

void sim_set_irql(KIRQL irql)
{
    sim_self()->irql = irql;
}
