/* SPDX-License-Identifier: MIT */
/* File systems on the driver's disks. */
#ifndef SIM_WORLD_FS_H
#define SIM_WORLD_FS_H

#include "sim/kernel/device.h"

struct sim_fs_open; /* the file system's side of a handle: to the volume, or to a file */

/* Whether opening the device for this is a matter of a file system. */
bool sim_fs_is_asked(const struct sim_device *device, const char *name, ACCESS_MASK access);

/* `name` is what follows the device's. Mounts one if there is none. Fills in what it records in the file object. */
NTSTATUS sim_fs_open(struct sim_device *device, const char *name, PFILE_OBJECT file, ACCESS_MASK access,
                     struct sim_fs_open **opened);
void sim_fs_close(struct sim_fs_open *opened);

bool sim_fs_is_volume(const struct sim_fs_open *opened);
bool sim_fs_is_raw(const struct sim_fs_open *opened);

NTSTATUS sim_fs_control(struct sim_fs_open *opened, ULONG code);
NTSTATUS sim_fs_transfer(struct sim_fs_open *opened, bool write, uint64_t offset, void *buffer, ULONG length,
                         ULONG_PTR *information);
/* Writes all dirty pages. */
NTSTATUS sim_fs_flush(struct sim_fs_open *opened);

/* The system goes down: all volumes write their dirty pages. */
void sim_fs_shutdown(void);
void sim_fs_reset(void);

#endif
