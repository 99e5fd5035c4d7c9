/* SPDX-License-Identifier: MIT */
/* Device control. */
#ifndef DRIVER_DISK_CONTROL_H
#define DRIVER_DISK_CONTROL_H

#include "driver/nt/nt.h"

NTSTATUS NTAPI disk_dispatch_device_control(PDEVICE_OBJECT object, PIRP irp);

#endif
