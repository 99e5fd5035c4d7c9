/* SPDX-License-Identifier: MIT */
/* For tests: a system that starts, with the option `early`. */
#ifndef SIM_API_BOOT_H
#define SIM_API_BOOT_H

/* Volumes are there from now on, and boot drivers may go on. */
void sim_boot_volumes(void);

/* The directory of named events is there from now on; the link \Global in it. */
void sim_boot_directory(void);
void sim_boot_sessions(void);

#endif
