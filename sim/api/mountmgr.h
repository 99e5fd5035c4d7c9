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

#endif
