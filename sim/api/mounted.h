/* SPDX-License-Identifier: MIT */
/* For tests: a file system that is mounted on a disk. */
#ifndef SIM_API_MOUNTED_H
#define SIM_API_MOUNTED_H

#include <ntifs.h>

#define SIM_MOUNTED_PAGE 4096u

struct sim_file;

/* Mounts one on "\Device\X". It holds the device until it is dismounted. One at a time. */
NTSTATUS sim_mount(const char *path);

/* A page of SIM_MOUNTED_PAGE bytes that it has not written yet: it does when it is locked or dismounted. */
void sim_mounted_dirty(uint64_t offset, const void *page);

/* How many of its files are open: it is not locked meanwhile. */
void sim_mounted_set_files(unsigned files);

/* How often it has been locked, or refused that, since sim_reset; whether it is still mounted. */
unsigned sim_mounted_locks(void);
unsigned sim_mounted_refusals(void);
bool sim_is_mounted(void);

/* FSCTL_LOCK_VOLUME, FSCTL_UNLOCK_VOLUME or FSCTL_DISMOUNT_VOLUME, from a program. */
NTSTATUS sim_fs_control(struct sim_file *file, ULONG code);

#endif
