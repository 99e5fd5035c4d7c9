/* SPDX-License-Identifier: MIT */
/* For tests: what a process gives up of its user's rights. */
#ifndef SIM_API_RESTRICTION_H
#define SIM_API_RESTRICTION_H

#include <ntifs.h>

enum sim_restriction {
    SIM_UNRESTRICTED,
    SIM_RESTRICTED_TOKEN, /* an object must grant a right to S-1-5-12, too */
    SIM_APP_CONTAINER,    /* ... to S-1-15-2-1, and be marked as one that they may traverse */
};

#endif
