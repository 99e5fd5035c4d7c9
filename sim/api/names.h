/* SPDX-License-Identifier: MIT */
/* For tests: names of devices. */
#ifndef SIM_API_NAMES_H
#define SIM_API_NAMES_H

#include <ntifs.h>

/* Where a "\DosDevices\" or "\??\" path leads, false if to nothing; other paths as they are. */
bool sim_resolve_path(const char *path, char *resolved, size_t size);

/* Another driver has a device there, until sim_reset. */
void sim_foreign_device(const char *path);

#endif
