/* SPDX-License-Identifier: MIT */
/* What drivers look up by name of Ke. */
#ifndef SIM_KERNEL_KE_H
#define SIM_KERNEL_KE_H

/* They hold off special kernel APCs, too. */
void sim_KeEnterGuardedRegion(void);
void sim_KeLeaveGuardedRegion(void);

#endif
