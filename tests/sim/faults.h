/* SPDX-License-Identifier: MIT */
/*
 * Making every kernel call of a driver fail that can fail, one at a time: a scenario is run three times to learn its fault
 * points and then once for each. The oracle: a sensible status; a failed request has changed nothing and succeeds when it is
 * made again; a request that succeeds all the same has done its work; and unloading leaves nothing, which the simulation
 * checks together with locks, IRQL and the rest of its rules.
 *
 * A point is a place in the driver and an occurrence (sim/api/fault.h). Set-up and operation are over when all threads of the
 * driver rest, so that a run passes the same points whatever the scheduler does. Where the driver itself decides by what
 * has come first (how many workers a burst of requests needs, say), it may not: a run that waits for its point in vain is
 * repeated. A point that all three counting runs have passed must be hit within a hundred runs; one that some have passed
 * is reported when it is not.
 *
 * FAULT_AT=list in the environment lists the points of each scenario, FAULT_AT='ZwReadFile<transfer_once<...:2' makes only
 * that call fail.
 */
#ifndef TESTS_SIM_FAULTS_H
#define TESTS_SIM_FAULTS_H

#include "sim/sim.h"
#include "tests/harness/test.h"

/* A scenario sets up without faults; then its operation runs, maybe with one. The rest runs without again. */
struct scenario {
    void (*set_up)(void);
    NTSTATUS (*operate)(void);
    void (*verify)(NTSTATUS status); /* that all has happened, or nothing */
    bool unloaded;                   /* the operation loads the driver */
};

/* What a driver's test provides. */
struct faults {
    /* A new system; the driver is loaded and open if `load`. Resets the simulation with `options`. */
    void (*begin)(const struct sim_options *options, bool load);
    void (*end)(void); /* the system's end; what is still loaded is unloaded */
    /* Whether the failure of the kernel function of this name may make this status of a request. */
    bool (*explain)(const char *name, NTSTATUS status);
};

/* Runs a scenario as described above, on the current NT and on NT 5.2. */
void faults_run(const struct faults *faults, const struct scenario *scenario);

/* The last test case: says how many fault points there were, and that there were any. */
void faults_report(void);

/* A scenario as a test case of this name, in a file that has its `faults`. */
#define SCENARIO_OF(name, set_up, operate, verify, unloaded)                        \
    static void name(void)                                                          \
    {                                                                               \
        faults_run(&faults, &(struct scenario){set_up, operate, verify, unloaded}); \
    }
#define SCENARIO(name, set_up, operate, verify) SCENARIO_OF(name, set_up, operate, verify, false)

#endif
