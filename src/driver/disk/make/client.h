/* SPDX-License-Identifier: MIT */
/* The rights of whoever asks for a disk, with which its image is opened in another thread. */
#ifndef DRIVER_DISK_MAKE_CLIENT_H
#define DRIVER_DISK_MAKE_CLIENT_H

#include "driver/nt/nt.h"

/* All zeros: nobody, and the system's rights. */
struct disk_client {
    SECURITY_CLIENT_CONTEXT context;
    bool present;
};

/* Of the calling thread. PASSIVE_LEVEL, as all of these. */
NTSTATUS disk_client_capture(struct disk_client *client);
void disk_client_release(struct disk_client *client);

/* For the calling system thread, until disk_client_revert. */
NTSTATUS disk_client_impersonate(struct disk_client *client);
void disk_client_revert(const struct disk_client *client);

#endif
