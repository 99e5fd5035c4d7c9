/* SPDX-License-Identifier: MIT */
/* The driver object. */
#ifndef SIM_KERNEL_DRIVER_H
#define SIM_KERNEL_DRIVER_H

#include <ntifs.h>

PDRIVER_OBJECT sim_driver(void);

/* Runs DriverUnload in this thread, once in the driver's life; does nothing if there is none. */
void sim_driver_unload(void);

/* The same in a thread of the system, some time. */
void sim_driver_unload_soon(void);

/* Waits for the end of what sim_driver_unload_soon has begun, if it has. False: it has not. */
bool sim_driver_unload_wait(void);

/* A new driver. */
void sim_driver_reset(void);

#endif
