/* SPDX-License-Identifier: MIT */
/* For tests: what runs in the driver. */
#ifndef SIM_API_ACTIVITY_H
#define SIM_API_ACTIVITY_H

/* Waits until no thread of the driver runs: all wait, and nothing is under way that they wait for. */
void sim_settle(void);

#endif
