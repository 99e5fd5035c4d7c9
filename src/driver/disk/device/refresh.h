/* SPDX-License-Identifier: MIT */
/* The event that tells of changes. */
#ifndef DRIVER_DISK_DEVICE_REFRESH_H
#define DRIVER_DISK_DEVICE_REFRESH_H

#include <stdbool.h>

/* Whether the system is still starting, as far as is known when the driver has loaded. */
bool disk_refresh_too_early(void);

/*
 * PASSIVE_LEVEL. Without the event, which anybody's object may be in the way of, the driver works all the same; that is
 * logged. Deleting pulses once more; no call of disk_refresh may follow or be under way.
 */
void disk_refresh_create(void);
void disk_refresh_delete(void);

/* Something has changed that those who wait for the event want to know. <= DISPATCH_LEVEL. */
void disk_refresh(void);

#endif
