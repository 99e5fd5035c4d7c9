/* SPDX-License-Identifier: MIT */
/* What runs in the driver. */

#include "sim/ground/activity.h"

#include "sim/ground/options.h"
#include "sim/ground/raw_lock.h"
#include "sim/ground/violation.h"

#include <time.h>

static int busy; /* atomic */

void sim_activity_add(int number)
{
    sim_publish(&busy);
    __atomic_add_fetch(&busy, number, __ATOMIC_SEQ_CST);
}

void sim_settle(void)
{
    struct timespec pause = {0, 50000};
    struct timespec now, deadline;
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += sim_get_options()->watchdog_seconds;
    while (__atomic_load_n(&busy, __ATOMIC_SEQ_CST) != 0) {
        (void)nanosleep(&pause, NULL);
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (now.tv_sec > deadline.tv_sec) {
            sim_violation("hang", "the driver's threads do not come to rest");
        }
    }
    sim_observe(&busy); /* tests may look at what the threads have done; these do not see each other by that */
}
