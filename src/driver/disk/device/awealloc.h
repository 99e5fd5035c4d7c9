/* SPDX-License-Identifier: MIT */
/*
 * ImDisk's own programs create locked memory only where there is a device \Device\AWEAlloc. This one can be opened, by whom the
 * control device can be, and answers nothing else. Whoever has the name keeps it. PASSIVE_LEVEL.
 */
#ifndef DRIVER_DISK_DEVICE_AWEALLOC_H
#define DRIVER_DISK_DEVICE_AWEALLOC_H

#include "driver/nt/nt.h"

/* Without it everything else works: a failure is none of the driver's. */
void disk_awealloc_create(PDRIVER_OBJECT driver);
void disk_awealloc_delete(void);

#endif
