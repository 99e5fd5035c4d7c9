/* SPDX-License-Identifier: MIT */
/* For tests: the mount manager. */
#ifndef SIM_API_MOUNTMGR_H
#define SIM_API_MOUNTMGR_H

#include <ntifs.h>

struct sim_mount_state {
    unsigned volumes;            /* have arrived */
    NTSTATUS refusal;            /* of every request; STATUS_SUCCESS: none */
    unsigned char unique_id[18]; /* of the last volume: its length, and 16 bytes */
};

/* Reset by sim_reset. Not to be read while requests to it are under way. */
struct sim_mount_state *sim_mount_manager(void);

/*
 * It remembers that the volume whose id is `unique_id` (its length, and so many bytes) has this link, as if it had been there
 * before: "\DosDevices\W:".
 */
void sim_mount_remember(const unsigned char *unique_id, const char *link);

/* How many links lead to the device now. */
unsigned sim_mount_points(const char *device);

#endif
