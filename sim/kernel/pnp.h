/* SPDX-License-Identifier: MIT */
/* Device interfaces. */
#ifndef SIM_KERNEL_PNP_H
#define SIM_KERNEL_PNP_H

void sim_pnp_reset(void);
/* Nobody waits for interfaces. */
void sim_pnp_check_released(void);

#endif
