/* SPDX-License-Identifier: MIT */
/* What runs in the driver, and what its threads wait for without being theirs. */
#ifndef SIM_GROUND_ACTIVITY_H
#define SIM_GROUND_ACTIVITY_H

#include "sim/api/activity.h"

/* So many more threads, or requests that will wake some, are under way; fewer if negative. */
void sim_activity_add(int number);

#endif
