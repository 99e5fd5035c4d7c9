/* SPDX-License-Identifier: MIT */
/* Files on the volume. */
#ifndef SIM_WORLD_FILE_H
#define SIM_WORLD_FILE_H

#include <ntifs.h>

void sim_file_handle_closed(void *file);
void *sim_file_reference_object(void *file);
void sim_file_dereference_object(void *object);

/* What drivers look up by name. */
NTSTATUS sim_ZwFlushBuffersFile(HANDLE file, PIO_STATUS_BLOCK io);

#endif
