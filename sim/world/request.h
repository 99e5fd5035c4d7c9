/* SPDX-License-Identifier: MIT */
/* Requests of processes to devices. */
#ifndef SIM_WORLD_REQUEST_H
#define SIM_WORLD_REQUEST_H

#include "sim/api/user.h"
#include "sim/kernel/device.h"

#include <pthread.h>

#define SIM_PATH_SIZE 512

struct sim_fs_open;

struct sim_process {
    PEPROCESS object;
    const struct sim_process *sends_for; /* NULL: itself */
    bool administrator;
    bool kernel; /* not checked when it opens something */
    enum sim_restriction restriction;
    uint32_t user;
    unsigned token_flags;
    bool of_administrator;
    unsigned token_level;
    bool cancels_first;
    pthread_mutex_t mutex; /* files, requests */
    struct sim_file *files;
    struct sim_request *requests;
};

struct sim_file {
    struct sim_process *process;
    struct sim_device *device;
    ACCESS_MASK granted;
    bool write_through, of_kernel;
    bool cleaned;               /* IRP_MJ_CLEANUP has been sent */
    struct sim_fs_open *opened; /* NULL: no file system is in between */
    FILE_OBJECT object;
    LONG references; /* atomic; to the object, by pointer, besides its handle */
    WCHAR name[SIM_PATH_SIZE];
    struct sim_file *next;
};

/* Of a file; sim_request_wait frees it. */
struct sim_request *sim_request_create(struct sim_file *file, UCHAR major);
PIRP sim_request_irp(struct sim_request *request);
struct sim_request *sim_request_send(struct sim_request *request);
/* Ends a request that does not reach the driver. */
struct sim_request *sim_request_end(struct sim_request *request, NTSTATUS status, ULONG_PTR information);
/* Cancels all of a process, and waits for them. */
void sim_requests_cancel(struct sim_process *process);
bool sim_requests_pending(const struct sim_file *file);

#endif
