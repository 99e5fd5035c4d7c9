/* SPDX-License-Identifier: MIT */
/* Pool and system buffers. */
#ifndef SIM_KERNEL_MEMORY_H
#define SIM_KERNEL_MEMORY_H

#include <ntifs.h>

void sim_memory_reset(void);
/* Aborts with a list if pool is still allocated. */
void sim_memory_check_leaks(void);

/* A system buffer of exactly `size` bytes, input copied in, the rest garbage. NULL for size 0. */
void *sim_system_buffer_create(const void *input, size_t input_length, size_t size);
/* The first byte of [0, length) that the driver has not written and that was not input; length if there is none. */
size_t sim_system_buffer_unwritten(const void *buffer, size_t input_length, size_t length);
void sim_system_buffer_free(void *buffer);

/* The driver, or the kernel for it, reads or writes these bytes. */
void sim_memory_accessed(const void *address, size_t size, bool write);

/* Makes memory that the driver may not touch any more an error to touch, where AddressSanitizer watches. */
void sim_memory_poison(const void *start, size_t size);
void sim_memory_unpoison(const void *start, size_t size);

#endif
