/* SPDX-License-Identifier: MIT */
/* Work items of the I/O manager. Each keeps a device, and with it the driver's image, until its routine has returned. */
#ifndef SIM_KERNEL_WORK_H
#define SIM_KERNEL_WORK_H

/* Waits until no routine runs. All items have been freed by then. */
void sim_work_check_freed(void);

#endif
