/* SPDX-License-Identifier: MIT */
/* ImDisk's `Parameters` in the registry, which outlive a service named ImDisk: deleting one deletes all that its key has. */
#ifndef LIB_PARAMETERS_H
#define LIB_PARAMETERS_H

#include "lib/internal.h"

#define PARAMETERS_KEY L"SYSTEM\\CurrentControlSet\\Services\\ImDisk\\Parameters"

/* Copies them to where they are safe, before the service is deleted. */
ballast_result parameters_save(ballast_error *error);

/*
 * Puts back what has been saved, when the service is gone; the copy goes. BALLAST_BUSY: somebody has the service open, so that
 * it goes later, and the copy stays until this is tried again.
 */
ballast_result parameters_restore(ballast_error *error);

#endif
