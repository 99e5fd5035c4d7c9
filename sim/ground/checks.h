/* SPDX-License-Identifier: MIT */
/* Whether rules are checked: not where the driver's own cost is measured. */
#ifndef SIM_GROUND_CHECKS_H
#define SIM_GROUND_CHECKS_H

#ifdef SIM_PATH
#define SIM_CHECKS 0
#else
#define SIM_CHECKS 1
#endif

#endif
