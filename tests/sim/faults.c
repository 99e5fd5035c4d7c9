/* SPDX-License-Identifier: MIT */
/* Scenarios with faults; faults.h has the contract. */

#include "tests/sim/faults.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POINTS   256 /* at most, in a scenario */
#define COUNTING 3   /* runs without a fault, to learn what points there are */
#define ATTEMPTS 100

struct points {
    size_t count;
    struct sim_fault_point points[POINTS];
    unsigned runs[POINTS]; /* how many of the counting runs passed it */
};

static unsigned long total;
static unsigned long missed;

/* Whether the point, which may be NULL, has been passed and its call failed. */
static bool run(const struct faults *faults, const struct scenario *scenario, bool nt52,
                const struct sim_fault_point *point, struct points *passed)
{
    struct sim_options options = {.seed = 1, .nt52 = nt52};
    char function[64]; /* "ZwReadFile" of "ZwReadFile<transfer_once<..." */
    faults->begin(&options, !scenario->unloaded);
    scenario->set_up();
    sim_settle(); /* what goes on after the answers of set_up is no part of the operation */
    sim_fault_watch(point);
    NTSTATUS status = scenario->operate();
    sim_settle();
    passed->count = sim_fault_stop(passed->points, POINTS);
    bool hit = sim_fault_hit();
    (void)snprintf(function, sizeof(function), "%s", point != NULL ? point->place : "");
    function[strcspn(function, "<")] = 0;
    test_note("fault %s:%u, %s, status 0x%08x", point != NULL ? point->place : "none",
              point != NULL ? point->occurrence : 0, hit ? "hit" : "not hit", (unsigned)status);
    CHECK(NT_SUCCESS(status) || (hit && faults->explain(function, status)));
    scenario->verify(status);
    if (!NT_SUCCESS(status)) {
        status = scenario->operate();
        CHECK_EQUAL(status, STATUS_SUCCESS);
        scenario->verify(status);
    }
    faults->end();
    return hit;
}

static bool same(const struct sim_fault_point *a, const struct sim_fault_point *b)
{
    return a->occurrence == b->occurrence && strcmp(a->place, b->place) == 0;
}

static void add(struct points *all, const struct sim_fault_point *point)
{
    size_t i = 0;
    while (i < all->count && !same(&all->points[i], point)) {
        i++;
    }
    if (!CHECK(i < POINTS)) { /* more than there is room for would go untested */
        return;
    }
    if (i == all->count) {
        all->points[all->count++] = *point;
        all->runs[i] = 0;
    }
    all->runs[i]++;
}

static void count_points(const struct faults *faults, const struct scenario *scenario, bool nt52, struct points *all)
{
    static struct points passed;
    all->count = 0;
    for (unsigned i = 0; i < COUNTING; i++) {
        (void)run(faults, scenario, nt52, NULL, &passed);
        CHECK(passed.count <= POINTS);
        for (size_t j = 0; j < passed.count && j < POINTS; j++) {
            add(all, &passed.points[j]);
        }
    }
}

static void fail(const struct faults *faults, const struct scenario *scenario, bool nt52,
                 const struct sim_fault_point *point, bool always)
{
    static struct points passed;
    unsigned attempts = 0;
    bool hit = false;
    while (!hit && attempts++ < ATTEMPTS) {
        hit = run(faults, scenario, nt52, point, &passed);
    }
    if (!hit) {
        printf("# %s:%u was not passed again\n", point->place, point->occurrence);
        CHECK(!always);
    }
    total += hit;
    missed += !hit;
}

/* Whether FAULT_AT, if there is one, is this point. */
static bool chosen(const struct sim_fault_point *point)
{
    const char *only = getenv("FAULT_AT");
    char text[sizeof(point->place) + 16];
    (void)snprintf(text, sizeof(text), "%s:%u", point->place, point->occurrence);
    if (only != NULL && strcmp(only, "list") == 0) {
        printf("# %s\n", text);
        return false;
    }
    return only == NULL || strcmp(only, text) == 0;
}

static void fail_each(const struct faults *faults, const struct scenario *scenario, bool nt52)
{
    static struct points all;
    count_points(faults, scenario, nt52, &all);
    for (size_t i = 0; i < all.count; i++) {
        if (chosen(&all.points[i])) {
            fail(faults, scenario, nt52, &all.points[i], all.runs[i] == COUNTING);
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
    printf("# note: %lu fault points, each made to fail; %lu were passed once and not again\n", total, missed);
    CHECK(total != 0);
}
