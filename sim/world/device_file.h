/* SPDX-License-Identifier: MIT */
/* Handles of the kernel to the driver's devices, or to what is mounted on them. */
#ifndef SIM_WORLD_DEVICE_FILE_H
#define SIM_WORLD_DEVICE_FILE_H

#include <ntifs.h>

struct sim_device_file;

/* `checked`: with the rights that the thread has now. */
NTSTATUS sim_device_file_open(const char *path, ACCESS_MASK access, bool checked, struct sim_device_file **file);
/* What its handle stands for; it is to be given back before the handle is closed. The second: false if it is no device's. */
FILE_OBJECT *sim_device_file_reference(struct sim_device_file *file);
bool sim_device_file_dereference(FILE_OBJECT *object);
void sim_device_file_closed(struct sim_device_file *file);
NTSTATUS sim_device_file_control(struct sim_device_file *file, bool file_system, PIO_STATUS_BLOCK io, ULONG code,
                                 PVOID input, ULONG input_length, PVOID output, ULONG output_length);
NTSTATUS sim_device_file_transfer(struct sim_device_file *file, bool write, PIO_STATUS_BLOCK io, PVOID buffer,
                                  ULONG length, uint64_t offset);
NTSTATUS sim_device_file_flush(struct sim_device_file *file, PIO_STATUS_BLOCK io);

#endif
