/* SPDX-License-Identifier: MIT */
/* File information, and which files the system keeps on a disk. */
#ifndef DRIVER_DISK_SERVE_INFORMATION_H
#define DRIVER_DISK_SERVE_INFORMATION_H

#include "driver/nt/nt.h"

NTSTATUS NTAPI disk_dispatch_information(PDEVICE_OBJECT object, PIRP irp);
NTSTATUS NTAPI disk_dispatch_pnp(PDEVICE_OBJECT object, PIRP irp);

#endif
