/* SPDX-License-Identifier: MIT */
/* What can be waited for: an event, a semaphore, or a thread's end. */

#include "sim/ground/waitable.h"

#include "sim/ground/activity.h"
#include "sim/ground/chance.h"
#include "sim/ground/options.h"
#include "sim/ground/thread.h"
#include "sim/ground/violation.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct sim_waitable {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    LONG count, limit;
    bool automatic; /* a wait takes one */
    int sleepers;   /* system threads that wait */
    int awakened;   /* of them, those that will find it signalled: counted as active again */
};

/* After a change of count or sleepers; the mutex is held. */
static void count_awakened(struct sim_waitable *waitable)
{
    int awakened = waitable->count < waitable->sleepers ? waitable->count : waitable->sleepers;
    if (!waitable->automatic && waitable->count != 0) {
        awakened = waitable->sleepers;
    }
    sim_activity_add(awakened - waitable->awakened);
    waitable->awakened = awakened;
}

struct sim_waitable *sim_waitable_create(LONG count, LONG limit, bool automatic)
{
    struct sim_waitable *waitable = calloc(1, sizeof(*waitable));
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&waitable->mutex, NULL);
    pthread_cond_init(&waitable->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    waitable->count = count;
    waitable->limit = limit;
    waitable->automatic = automatic;
    return waitable;
}

void sim_waitable_free(struct sim_waitable *waitable)
{
    pthread_cond_destroy(&waitable->changed);
    pthread_mutex_destroy(&waitable->mutex);
    free(waitable);
}

void sim_waitable_signal(struct sim_waitable *waitable, LONG count)
{
    sim_delay();
    pthread_mutex_lock(&waitable->mutex);
    if (waitable->count > waitable->limit - count && waitable->limit != 1) {
        sim_violation("semaphore", "released beyond its limit");
    }
    waitable->count = waitable->limit == 1 ? 1 : waitable->count + count;
    count_awakened(waitable);
    pthread_cond_broadcast(&waitable->changed);
    pthread_mutex_unlock(&waitable->mutex);
    sim_delay();
}

void sim_waitable_clear(struct sim_waitable *waitable)
{
    pthread_mutex_lock(&waitable->mutex);
    waitable->count = 0;
    count_awakened(waitable);
    pthread_mutex_unlock(&waitable->mutex);
}

static struct timespec deadline_after(int64_t nanoseconds)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    time.tv_sec += nanoseconds / 1000000000;
    time.tv_nsec += nanoseconds % 1000000000;
    if (time.tv_nsec >= 1000000000) {
        time.tv_sec++;
        time.tv_nsec -= 1000000000;
    }
    return time;
}

bool sim_waitable_wait(struct sim_waitable *waitable, const LARGE_INTEGER *timeout)
{
    int64_t nanoseconds = sim_get_options()->watchdog_seconds * 1000000000ll;
    if (timeout != NULL && timeout->QuadPart <= 0) { /* relative; absolute ones are not used */
        nanoseconds = -timeout->QuadPart * 100 / sim_get_options()->hurry_waits;
    }
    struct timespec deadline = deadline_after(nanoseconds);
    int result = 0;
    int system = sim_self()->system;
    sim_self()->looked = 0;
    sim_delay();
    pthread_mutex_lock(&waitable->mutex);
    waitable->sleepers += system;
    sim_activity_add(-system);
    while (waitable->count == 0 && result == 0) {
        result = pthread_cond_timedwait(&waitable->changed, &waitable->mutex, &deadline);
    }
    bool taken = waitable->count != 0;
    if (taken && waitable->automatic) {
        waitable->count--;
    }
    sim_activity_add(system);
    waitable->sleepers -= system;
    count_awakened(waitable);
    pthread_mutex_unlock(&waitable->mutex);
    if (!taken && timeout == NULL) {
        sim_violation("hang", "a wait without a timeout has not ended for %u s", sim_get_options()->watchdog_seconds);
    }
    return taken;
}
