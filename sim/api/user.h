/* SPDX-License-Identifier: MIT */
/* For tests: processes, files, requests. */
#ifndef SIM_API_USER_H
#define SIM_API_USER_H

#include "sim/api/restriction.h"

struct sim_process;
struct sim_file; /* a handle */
struct sim_request;

struct sim_process *sim_process_create(bool administrator);

void sim_process_restrict(struct sim_process *process, enum sim_restriction restriction);

/* What others call it by. */
uint32_t sim_process_id(struct sim_process *process);

/* Another id (0: as it is), 32-bit pointers, how many bytes it may lock (0: any). */
void sim_process_set(struct sim_process *process, uint32_t id, bool narrow, size_t lock_limit);

/* Where the host has these bytes of the process; NULL if they are not mapped so there. */
void *sim_process_memory(struct sim_process *process, uint64_t address, size_t size, bool write);

/* Its threads have another token in user mode: whose, and its SECURITY_IMPERSONATION_LEVEL; 0: none. */
void sim_process_impersonate(struct sim_process *process, bool administrator, unsigned level);

/* Its requests have been cancelled when they reach the driver. */
void sim_process_cancels_first(struct sim_process *process, bool on);

/* Drivers send its requests for another process, while its threads are attached to it; NULL: no more. */
void sim_process_send_for(struct sim_process *process, const struct sim_process *requestor);

/* How many views it has. */
unsigned sim_process_views(struct sim_process *process);

/* As the process does it itself; false if nothing is mapped there. */
bool sim_process_unmap(struct sim_process *process, uint64_t address);

/* Cancels its requests, waits for them, closes its handles, and forgets it. */
void sim_kill_process(struct sim_process *process);

/* Opens "\Device\X", "\DosDevices\X" or "\??\X", or a name behind one of these, which the driver receives. */
NTSTATUS sim_create_file(struct sim_process *process, const char *path, ACCESS_MASK access, struct sim_file **file);
void sim_close(struct sim_file *file);
/* Of a device: its last handle is closed while requests are under way. When they have been waited for, sim_close does the rest. */
void sim_close_handle(struct sim_file *file);

/* These wait. *information may be NULL; it is 0 after an error. */
NTSTATUS sim_read(struct sim_file *file, uint64_t offset, void *buffer, ULONG length, ULONG_PTR *information);
NTSTATUS sim_write(struct sim_file *file, uint64_t offset, const void *buffer, ULONG length, ULONG_PTR *information);
NTSTATUS sim_flush(struct sim_file *file);
NTSTATUS sim_ioctl(struct sim_file *file, ULONG code, const void *input, ULONG input_length, void *output,
                   ULONG output_length, ULONG_PTR *information);

/* FSCTL_...: of a file system on the disk; without one the driver gets them. */
NTSTATUS sim_fsctl(struct sim_file *file, ULONG code, const void *input, ULONG input_length, void *output,
                   ULONG output_length);

/* As a file system on the disk sends it for the memory manager: at APC_LEVEL, from the kernel, without a file. */
NTSTATUS sim_paging_read(struct sim_file *file, uint64_t offset, void *buffer, ULONG length, ULONG_PTR *information);
NTSTATUS sim_paging_write(struct sim_file *file, uint64_t offset, const void *buffer, ULONG length,
                          ULONG_PTR *information);

/* As another driver sends control requests: no access check. */
NTSTATUS sim_internal_ioctl(struct sim_file *file, ULONG code, const void *input, ULONG input_length, void *output,
                            ULONG output_length, ULONG_PTR *information);

/* The file's writes ask to reach the medium before they end, as those of files opened with FILE_WRITE_THROUGH. */
void sim_file_write_through(struct sim_file *file);

/* The file's reads and writes are a driver's, as those of a file system for its own structures. */
void sim_file_of_kernel(struct sim_file *file);

/* As the I/O manager sends them for a file on the device itself. The class is one of FILE_INFORMATION_CLASS. */
NTSTATUS sim_query_information(struct sim_file *file, FILE_INFORMATION_CLASS information_class, void *buffer,
                               ULONG length, ULONG_PTR *information);
NTSTATUS sim_set_information(struct sim_file *file, FILE_INFORMATION_CLASS information_class, const void *buffer,
                             ULONG length);

/* A page or dump file is made on the disk, or is gone. */
NTSTATUS sim_usage_notification(struct sim_file *file, DEVICE_USAGE_NOTIFICATION_TYPE type, bool in_path);

/* A request with any major function, minor function 0 and no parameters. */
NTSTATUS sim_simple_request(struct sim_file *file, UCHAR major);

/* These do not wait. Each request ends with sim_request_wait, which frees it. The buffers must stay. */
struct sim_request *sim_read_begin(struct sim_file *file, uint64_t offset, void *buffer, ULONG length);
struct sim_request *sim_write_begin(struct sim_file *file, uint64_t offset, const void *buffer, ULONG length);
struct sim_request *sim_ioctl_begin(struct sim_file *file, ULONG code, const void *input, ULONG input_length,
                                    void *output, ULONG output_length);
void sim_cancel(struct sim_request *request);
/* Threads that cancel are not scheduled, while this is on, once the driver has completed the request. */
void sim_cancel_hold(bool on);
NTSTATUS sim_request_wait(struct sim_request *request, ULONG_PTR *information);
bool sim_request_done(struct sim_request *request);

#endif
