/* SPDX-License-Identifier: MIT */
/* Fault points mean the same in every run, whatever threads do; waiting until a driver rests. rules.h says how. */

#include "tests/sim/rules.h"

#include <string.h>
#include <time.h>

#define POINTS 16
#define MS     1000000

static bool refused[5]; /* what the calls of a run have met */

static void pause_for(long nanoseconds)
{
    struct timespec time = {0, nanoseconds};
    (void)nanosleep(&time, NULL);
}

static bool allocate(void)
{
    void *block = ExAllocatePoolWithTag(NonPagedPool, 16, TAG);
    if (block != NULL) {
        ExFreePoolWithTag(block, TAG);
    }
    return block == NULL;
}

static bool allocate_elsewhere(void)
{
    return allocate();
}

/* Two calls of one function. */
static void allocate_here_or_there(bool here)
{
    void *block;
    if (here) {
        block = ExAllocatePoolWithTag(NonPagedPool, 16, TAG);
        refused[3] = block == NULL;
    } else {
        block = ExAllocatePoolWithTag(NonPagedPool, 32, TAG);
        refused[4] = block == NULL;
    }
    if (block != NULL) {
        ExFreePoolWithTag(block, TAG);
    }
}

/* So deep that callers have the same names. */
static void deep(unsigned depth, bool here)
{
    if (depth == 0) {
        allocate_here_or_there(here);
    } else {
        deep(depth - 1, here);
    }
}

static void thread(PVOID context)
{
    pause_for(*(const long *)context);
    refused[1] = allocate();
    pause_for(MS);
    refused[2] = allocate_elsewhere();
    deep(4, false);
    (void)PsTerminateSystemThread(STATUS_SUCCESS);
}

/* The thread makes its calls before this one's, or after. */
static void start(long pause_thread, long pause_here, HANDLE *handle)
{
    static long pause;
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    pause = pause_thread;
    (void)PsCreateSystemThread(handle, 0, &attributes, NULL, NULL, thread, &pause);
    pause_for(pause_here);
    refused[0] = allocate();
    deep(4, true);
    sim_settle();
}

static void join(HANDLE handle)
{
    (void)ZwWaitForSingleObject(handle, FALSE, NULL);
    (void)ZwClose(handle);
}

static size_t points_of(long pause_thread, long pause_here, const struct sim_fault_point *fails,
                        struct sim_fault_point points[POINTS])
{
    HANDLE handle;
    memset(refused, 0, sizeof(refused));
    sim_fault_watch(fails);
    start(pause_thread, pause_here, &handle);
    size_t count = sim_fault_stop(points, POINTS);
    join(handle);
    return count;
}

static const struct sim_fault_point *point_of(const char *place, const struct sim_fault_point *points, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strncmp(points[i].place, place, strlen(place)) == 0) {
            return &points[i];
        }
    }
    return NULL;
}

/* Calls of one function with the same callers are two places: each fails where it did before, whoever comes first. */
static void check_calls_of_one_function(const struct sim_fault_point *points, size_t count)
{
    static const char name[] = "ExAllocatePoolWithTag<allocate_here_or_there<deep<deep<deep";
    struct sim_fault_point passed[POINTS];
    unsigned seen = 0;
    for (size_t i = 0; i < count; i++) {
        bool met[2];
        if (strncmp(points[i].place, name, strlen(name)) != 0) {
            continue;
        }
        seen++;
        for (long order = 0; order < 2; order++) {
            (void)points_of(order * 20 * MS, (1 - order) * 20 * MS, &points[i], passed);
            CHECK(sim_fault_hit() && refused[3] != refused[4]);
            met[order] = refused[3];
        }
        CHECK_EQUAL(met[0], met[1]);
    }
    CHECK_EQUAL(seen, 2);
}

/* Here, as the driver's calls: five allocations by two threads, two orders. */
static NTSTATUS places(PIRP irp)
{
    static struct sim_fault_point orders[2][POINTS];
    static struct sim_fault_point *const first = orders[0];
    static struct sim_fault_point *const second = orders[1];
    const size_t count = 6; /* the thread, and each allocation */
    for (long order = 0; order < 2; order++) {
        CHECK_EQUAL(points_of(order * 20 * MS, (1 - order) * 20 * MS, NULL, orders[order]), count);
    }
    for (size_t i = 0; i < count; i++) {
        CHECK(point_of(first[i].place, second, count) != NULL);
    }
    const struct sim_fault_point *fails =
        point_of("ExAllocatePoolWithTag<allocate<allocate_elsewhere<thread", first, count);
    CHECK(fails != NULL && fails->occurrence == 1);
    for (long order = 0; order < 2 && fails != NULL; order++) {
        (void)points_of(order * 20 * MS, (1 - order) * 20 * MS, fails, second);
        CHECK(sim_fault_hit() && refused[2] && !refused[0] && !refused[1]);
    }
    check_calls_of_one_function(first, count);
    return good(irp);
}

void rules_fault_points(void)
{
    rules_allow(places);
}
