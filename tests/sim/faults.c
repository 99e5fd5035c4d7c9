/* SPDX-License-Identifier: MIT */
/* Scenarios with faults; faults.h has the contract. */

#include "tests/sim/faults.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POINTS 200 /* at most, in a scenario */

static unsigned long total;

/* The name of the call that failed; NULL if there was none. names[] receives those of all calls, and a NULL. */
static const char *run(const struct faults *faults, const struct scenario *scenario, bool nt52, unsigned long fault,
                       const char *names[POINTS + 1])
{
    struct sim_options options = {.seed = 1, .nt52 = nt52};
    faults->begin(&options, !scenario->unloaded);
    scenario->set_up();
    sim_fault_at(fault);
    NTSTATUS status = scenario->operate();
    for (unsigned long i = 0; i <= POINTS; i++) {
        names[i] = i < POINTS ? sim_fault_name(i + 1) : NULL;
    }
    const char *name = sim_fault_name(fault);
    sim_fault_at(0);
    test_note("fault %lu: %s, status 0x%08x", fault, name != NULL ? name : "none", (unsigned)status);
    CHECK(NT_SUCCESS(status) || (name != NULL && faults->explain(name, status)));
    scenario->verify(status);
    if (!NT_SUCCESS(status)) {
        status = scenario->operate();
        CHECK_EQUAL(status, STATUS_SUCCESS);
        scenario->verify(status);
    }
    faults->end();
    return name;
}

static void fail(const struct faults *faults, const struct scenario *scenario, bool nt52, unsigned long fault,
                 const char *name)
{
    const char *names[POINTS + 1];
    const char *hit = NULL;
    for (unsigned i = 0; i < faults->attempts && hit != name; i++) {
        hit = run(faults, scenario, nt52, fault, names);
    }
    CHECK(hit == name);
}

static bool same(const char *const a[POINTS + 1], const char *const b[POINTS + 1])
{
    unsigned i = 0;
    while (a[i] != NULL && a[i] == b[i]) {
        i++;
    }
    return a[i] == b[i];
}

/* The points of a run without fault. Threads may pass one more, or in another order, now and then: not in two runs. */
static void count_points(const struct faults *faults, const struct scenario *scenario, bool nt52,
                         const char *names[POINTS + 1])
{
    const char *last[POINTS + 1];
    unsigned runs = 1;
    (void)run(faults, scenario, nt52, 0, names);
    do {
        memcpy(last, names, sizeof(last));
        (void)run(faults, scenario, nt52, 0, names);
    } while (!same(last, names) && ++runs < faults->attempts);
    CHECK(names[POINTS - 1] == NULL); /* more points than there is room for would go untested */
}

static void fail_each(const struct faults *faults, const struct scenario *scenario, bool nt52)
{
    const char *names[POINTS + 1];
    const char *only = getenv("FAULT_AT");
    count_points(faults, scenario, nt52, names);
    for (unsigned long fault = 1; names[fault - 1] != NULL; fault++) {
        if (only == NULL || strtoul(only, NULL, 0) == fault) {
            fail(faults, scenario, nt52, fault, names[fault - 1]);
            total++;
        }
    }
}

void faults_run(const struct faults *faults, const struct scenario *scenario)
{
    fail_each(faults, scenario, false);
    fail_each(faults, scenario, true);
}

void faults_report(void)
{
    printf("# note: %lu fault points, each made to fail\n", total);
    CHECK(total != 0);
}
