/* SPDX-License-Identifier: MIT */
/* An administrator's program and one disk, for the tests of the disk driver over sim/. */
#ifndef TESTS_SIM_DISK_CLIENT_H
#define TESTS_SIM_DISK_CLIENT_H

#include "ballast/disk_abi.h"
#include "sim/sim.h"
#include "tests/harness/test.h"

#define DISK_BYTES  (1u << 20)
#define DISK_NUMBER 5u
#define DISK_DEVICE "\\Device\\ImDisk5"
#define DISK_IMAGE  "image" /* of this size, with the pattern of target_image_create */

extern struct sim_process *disk_process;
extern struct sim_file *disk_control;

/* Loads the driver in a new system. */
void disk_begin(const struct sim_options *options);
/* Kills the program and unloads the driver. */
void disk_end(void);

/* Of DISK_BYTES, or another size. */
NTSTATUS disk_create(uint32_t flags, const char *image, uint16_t letter);
NTSTATUS disk_create_numbered(uint32_t number, uint32_t flags, int64_t size, const char *image, uint16_t letter);
NTSTATUS disk_create_sized(uint32_t flags, int64_t size, const char *image, uint16_t letter);
NTSTATUS disk_remove(void);

/* Opens it so many times. */
void disk_open(struct sim_file **disks, unsigned count);

/* Until a removal has tried to lock the volume, and was refused; until the file system holds somebody up, one. */
void disk_wait_for_refusal(void);
void disk_wait_until_held(void);

/* In so many threads, which are given a pointer to their number each and return how often something was wrong. */
#define DISK_MAXIMUM_THREADS 8u
void disk_with_threads(unsigned count, void *(*body)(void *));

#endif
