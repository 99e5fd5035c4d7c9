/* SPDX-License-Identifier: MIT */
/* Fault points mean the same in every run, whatever threads do; waiting until a driver rests. rules.h says how. */

#include "tests/sim/rules.h"

#include <string.h>
#include <time.h>

#define POINTS 16
#define MS     1000000

static bool refused[3]; /* what the calls of a run have met */

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

static void thread(PVOID context)
{
    pause_for(*(const long *)context);
    refused[1] = allocate();
    pause_for(MS);
    refused[2] = allocate_elsewhere();
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

/* Here, as the driver's calls: three allocations by two threads, two orders. */
static NTSTATUS places(PIRP irp)
{
    struct sim_fault_point first[POINTS];
    struct sim_fault_point second[POINTS];
    size_t count = points_of(0, 20 * MS, NULL, first);
    CHECK_EQUAL(count, 4); /* the thread, and each allocation */
    CHECK_EQUAL(points_of(20 * MS, 0, NULL, second), count);
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
    return good(irp);
}

void rules_fault_points(void)
{
    rules_allow(places);
}
