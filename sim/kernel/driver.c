/* SPDX-License-Identifier: MIT */
/* The driver object, and the end of its driver. */

#include "sim/kernel/driver.h"

#include "sim/ground/activity.h"
#include "sim/ground/chance.h"
#include "sim/ground/raw_lock.h"
#include "sim/ground/thread.h"
#include "sim/ground/violation.h"
#include "sim/ground/waitable.h"

#include <pthread.h>
#include <string.h>

static DRIVER_OBJECT driver;
static DRIVER_UNLOAD *first_unload;   /* what the driver has set first */
static bool unload_run;               /* atomic */
static struct sim_waitable *unloaded; /* NULL: nothing has been begun */

PDRIVER_OBJECT sim_driver(void)
{
    return &driver;
}

void sim_driver_reset(void)
{
    memset(&driver, 0, sizeof(driver));
    first_unload = NULL;
    unload_run = false;
    if (unloaded != NULL) {
        sim_waitable_free(unloaded);
        unloaded = NULL;
    }
}

void sim_driver_note(void)
{
    if (first_unload == NULL) {
        first_unload = driver.DriverUnload;
    }
    sim_publish(&driver);
}

void sim_driver_unload(void)
{
    DRIVER_UNLOAD *routine = driver.DriverUnload != NULL ? driver.DriverUnload : first_unload;
    if (routine != NULL && !__atomic_exchange_n(&unload_run, true, __ATOMIC_RELAXED)) {
        struct sim_entry state = sim_enter_driver();
        sim_observe(&driver); /* what DriverEntry has done */
        routine(&driver);
        sim_leave_driver("DriverUnload", state);
    }
}

static void *run(void *context)
{
    sim_delay();
    if (driver.DriverUnload == NULL) { /* the system does not look again */
        sim_violation("unload", "there is no DriverUnload any more when it is called");
    }
    sim_driver_unload();
    sim_waitable_signal(unloaded, 1);
    sim_activity_add(-1);
    return context;
}

void sim_driver_unload_soon(void)
{
    pthread_t thread;
    if (sim_self()->system) {
        sim_violation(
            "unload",
            "a thread of the driver's lets it go: it is waited for by DriverUnload, or returns to what is gone");
    }
    struct sim_waitable *begun = sim_waitable_create(0, 1, false);
    sim_publish(begun);
    __atomic_store_n(&unloaded, begun, __ATOMIC_RELEASE);
    sim_activity_add(1);
    if (pthread_create(&thread, NULL, run, NULL) != 0) {
        sim_violation("test", "no more threads");
    }
    pthread_detach(thread);
    (void)sim_waitable_wait(unloaded, NULL);
}

bool sim_driver_unload_wait(void)
{
    struct sim_waitable *begun = __atomic_load_n(&unloaded, __ATOMIC_ACQUIRE);
    if (begun == NULL) {
        return false;
    }
    sim_observe(begun);
    return sim_waitable_wait(begun, NULL);
}
