/* SPDX-License-Identifier: MIT */
/*
 * The drivers' services: under which names there may be one, and what belongs to it. Nobody else knows the names. The disk
 * driver has one of two: its own, or ImDisk's, which scripts query and start; the latter is taken for ours if its binary is.
 */
#ifndef LIB_SERVICE_H
#define LIB_SERVICE_H

#include <stdbool.h>

#include "lib/internal.h"

#define SERVICE_NAME_IMDISK L"ImDisk"

struct service {
    SC_HANDLE manager;
    SC_HANDLE handle;    /* NULL: not installed */
    const wchar_t *name; /* NULL likewise */
};

/* "disk", "AI": in messages. */
const wchar_t *service_driver_text(ballast_driver which);

/* The service, under whichever name it has. BALLAST_OK and no handle if it is not installed. */
ballast_result service_open(ballast_driver which, DWORD access, struct service *service, ballast_error *error);
void service_close(struct service *service);

/* SERVICE_RUNNING and so on; SERVICE_STOPPED, too, if it cannot be asked. */
DWORD service_state(SC_HANDLE service);

/* Where the driver's file belongs. */
void service_file(ballast_driver which, wchar_t path[MAX_PATH]);

/*
 * What creating it would be refused for: that another driver has ImDisk's name, or that the service has its other name.
 * BALLAST_OK if it exists as it shall be; then creating it does nothing.
 */
ballast_result service_check(ballast_driver which, bool as_imdisk, ballast_error *error);
ballast_result service_create(ballast_driver which, bool as_imdisk, ballast_error *error);

/* Deletes it, if it is installed; what ImDisk's `Parameters` say stays. */
ballast_result service_delete(ballast_driver which, ballast_error *error);

/* BALLAST_DRIVER_UNAVAILABLE, and whether it is that the driver is not installed or that it does not run. */
ballast_result service_absent(ballast_driver which, ballast_error *error);
ballast_result service_not_installed(ballast_driver which, ballast_error *error);

/* StartService for whoever names a service: ImDisk's name means the disk driver's, whatever that is called. */
const wchar_t *service_alias(SC_HANDLE manager, const wchar_t *name);

#endif
