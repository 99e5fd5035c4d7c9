/* SPDX-License-Identifier: MIT */
/* Io: a system that starts, and boot drivers that go on when there are volumes. */

#include "sim/kernel/boot.h"

#include "sim/ground/options.h"
#include "sim/ground/thread.h"
#include "sim/ground/violation.h"
#include "sim/kernel/driver.h"

static bool volumes, directory, sessions; /* atomic */
static PDRIVER_REINITIALIZE go_on;        /* NULL: nobody asked */
static PVOID go_on_context;
static ULONG times;

void sim_boot_reset(void)
{
    volumes = directory = sessions = !sim_get_options()->early;
    times = 0;
    sim_boot_forget();
}

void sim_boot_forget(void)
{
    go_on = NULL;
}

bool sim_boot_has_volumes(void)
{
    return __atomic_load_n(&volumes, __ATOMIC_RELAXED);
}

bool sim_boot_has_directory(void)
{
    return __atomic_load_n(&directory, __ATOMIC_RELAXED);
}

bool sim_boot_has_sessions(void)
{
    return __atomic_load_n(&sessions, __ATOMIC_RELAXED) && !sim_get_options()->nt52;
}

VOID sim_IoRegisterBootDriverReinitialization(PDRIVER_OBJECT driver, PDRIVER_REINITIALIZE routine, PVOID context)
{
    sim_check_irql("IoRegisterBootDriverReinitialization", PASSIVE_LEVEL);
    if (driver != sim_driver() || go_on != NULL || sim_boot_has_volumes()) {
        sim_violation("boot", "a driver that boots nothing, or twice, asks to go on later");
    }
    go_on = routine;
    go_on_context = context;
}

void sim_boot_volumes(void)
{
    PDRIVER_REINITIALIZE routine = go_on;
    __atomic_store_n(&volumes, true, __ATOMIC_RELAXED);
    go_on = NULL;
    if (routine != NULL) {
        struct sim_entry state = sim_enter_driver();
        routine(sim_driver(), go_on_context, ++times);
        sim_leave_driver("a boot driver's second initialisation", state);
    }
}

void sim_boot_directory(void)
{
    __atomic_store_n(&directory, true, __ATOMIC_RELAXED);
}

void sim_boot_sessions(void)
{
    __atomic_store_n(&sessions, true, __ATOMIC_RELAXED);
}
