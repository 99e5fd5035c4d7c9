/* SPDX-License-Identifier: MIT */
/*
 * Kernel functions that are looked up when the driver loads, because a system that it supports does not export them:
 * NT 5.2 has no ZwFlushBuffersFile, Wine has stubs instead of the security functions. Importing them would keep the
 * driver from loading on the one and kill it on the other.
 */
#ifndef DRIVER_NT_LATE_H
#define DRIVER_NT_LATE_H

#include "driver/nt/nt.h"

/* Any member may be NULL. */
struct nt_late {
    NTSTATUS(NTAPI *flush_buffers_file)(HANDLE file, PIO_STATUS_BLOCK io);
    /* All or none. */
    NTSTATUS(NTAPI *create_client_security)
    (PETHREAD thread, PSECURITY_QUALITY_OF_SERVICE qos, BOOLEAN remote, PSECURITY_CLIENT_CONTEXT context);
    NTSTATUS(NTAPI *impersonate_client)(PSECURITY_CLIENT_CONTEXT context, PETHREAD thread);
    void(NTAPI *revert_to_self)(void);
    TOKEN_TYPE(NTAPI *token_type)(PACCESS_TOKEN token);
    void(NTAPI *dereference_primary_token)(PACCESS_TOKEN token);
};

extern struct nt_late nt_late;

/* After nt_wine_detect. PASSIVE_LEVEL. */
void nt_late_resolve(void);

#endif
