/* SPDX-License-Identifier: MIT */
/* The driver object. */
#ifndef SIM_KERNEL_DRIVER_H
#define SIM_KERNEL_DRIVER_H

#include <ntifs.h>

PDRIVER_OBJECT sim_driver(void);

/* Its DriverUnload is remembered: it makes a device, or DriverEntry has succeeded. */
void sim_driver_note(void);

/* Runs DriverUnload in this thread, once in the driver's life, even if the driver does not want it now. */
void sim_driver_unload(void);

/* The same in a thread of the system, for who closes the last handle: he waits for it, and may be no thread of the driver's. */
void sim_driver_unload_soon(void);

/* Waits for the end of what sim_driver_unload_soon has begun, if it has. False: it has not. */
bool sim_driver_unload_wait(void);

/* A new driver. */
void sim_driver_reset(void);

#endif
