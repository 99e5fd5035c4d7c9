/* SPDX-License-Identifier: MIT */
/* Special kernel APCs. */
#ifndef SIM_WORLD_APC_H
#define SIM_WORLD_APC_H

/* Delivers one, now and then, where the thread may be interrupted so. */
void sim_apc_deliver(void);

#endif
