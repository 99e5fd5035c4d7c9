/* SPDX-License-Identifier: MIT */
/* The table of handles. */
#ifndef SIM_GROUND_HANDLE_H
#define SIM_GROUND_HANDLE_H

#include <ntifs.h>

enum sim_handle_kind {
    SIM_HANDLE_FREE,
    SIM_HANDLE_EVENT,
    SIM_HANDLE_THREAD,
    SIM_HANDLE_FILE,
    SIM_HANDLE_DEVICE_FILE, /* of a device, or on what is mounted on one */
    SIM_HANDLE_DEVICE,
    SIM_HANDLE_LINK,
    SIM_HANDLE_KEY,
    SIM_HANDLE_USER_THREAD,
    SIM_HANDLE_PROCESS,
    SIM_HANDLE_SECTION,
    SIM_HANDLE_MOUNT_MANAGER,
};

HANDLE sim_handle_create(enum sim_handle_kind kind, void *object, ULONG attributes, const char *function);
enum sim_handle_kind sim_handle_kind(HANDLE handle, const char *function);
void *sim_handle_object(HANDLE handle, enum sim_handle_kind kind, const char *function);
/* The handle is not open any more; its object, and of what kind it is. */
void *sim_handle_close(HANDLE handle, enum sim_handle_kind *kind, const char *function);
void sim_handles_check_closed(void);

#endif
