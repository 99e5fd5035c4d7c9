/* SPDX-License-Identifier: MIT */
/* Stopping a driver, as the service manager does it. */

#include "tests/sim/rules.h"

#define DEVICE "\\Device\\Wrong"

static NTSTATUS open_device(struct sim_process *process, struct sim_file **file)
{
    return sim_create_file(process, DEVICE, GENERIC_READ, file);
}

/* The devices are out of reach at once, and the driver goes with the last handle. */
static void stopped_while_open(void)
{
    struct sim_file *file;
    struct sim_file *second;
    struct sim_process *process = rules_load();
    CHECK_EQUAL(open_device(process, &file), STATUS_SUCCESS);
    CHECK_EQUAL(sim_stop(), STATUS_PENDING);
    CHECK_EQUAL(open_device(process, &second), STATUS_NO_SUCH_DEVICE);
    CHECK(wrong_driver->DeviceObject != NULL);
    sim_close(file);
    sim_settle();
    CHECK(wrong_driver->DeviceObject == NULL); /* DriverUnload has run */
    sim_kill_process(process);
    sim_unload();
}

static void stopped_at_once(void)
{
    struct sim_process *process = rules_load();
    CHECK_EQUAL(sim_stop(), STATUS_SUCCESS);
    CHECK(wrong_driver->DeviceObject == NULL);
    sim_kill_process(process);
    sim_unload();
}

static void refused(void)
{
    struct sim_file *file;
    struct sim_process *process = rules_load();
    DRIVER_UNLOAD *unload = wrong_driver->DriverUnload;
    wrong_driver->DriverUnload = NULL;
    CHECK_EQUAL(sim_stop(), STATUS_INVALID_DEVICE_REQUEST);
    CHECK_EQUAL(open_device(process, &file), STATUS_SUCCESS);
    sim_close(file);
    wrong_driver->DriverUnload = unload;
    sim_kill_process(process);
    sim_unload();
}

void rules_stop(void)
{
    rules_apart(stopped_while_open);
    rules_apart(stopped_at_once);
    rules_apart(refused);
}
