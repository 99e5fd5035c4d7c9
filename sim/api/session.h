/* SPDX-License-Identifier: MIT */
/* For tests: loading and unloading a driver. */
#ifndef SIM_API_SESSION_H
#define SIM_API_SESSION_H

#include "sim/api/options.h"

/* Before sim_load. Forgets files of earlier runs. */
void sim_reset(const struct sim_options *options);

/* Runs DriverEntry; a failure leaves nothing. */
NTSTATUS sim_load(DRIVER_INITIALIZE *entry);

/*
 * As the service manager stops a driver. STATUS_SUCCESS: DriverUnload has run. STATUS_PENDING: something is open on a device, or
 * mounted; nobody can open the devices any more, and DriverUnload runs when the last of it is gone.
 * STATUS_INVALID_DEVICE_REQUEST: the driver has no DriverUnload now, and nothing has changed. sim_unload follows all the
 * same.
 */
NTSTATUS sim_stop(void);

/*
 * The system goes down: devices that have asked for it are told; then file systems, those that image files live on first, write
 * what they hold. The driver can be unloaded afterwards, for its checks.
 */
void sim_shutdown(void);

/* Runs DriverUnload, wanted or not, and checks that nothing is left. All handles must be closed. */
void sim_unload(void);

/*
 * Runs DriverUnload although handles are open, as Wine does and NT does not. What comes after it does not reach the driver.
 * sim_unload follows when the handles are closed.
 */
void sim_unload_early(void);

#endif
