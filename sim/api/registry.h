/* SPDX-License-Identifier: MIT */
/* For tests: the registry. */
#ifndef SIM_API_REGISTRY_H
#define SIM_API_REGISTRY_H

#include <ntifs.h>

/* The key of the service that drivers are loaded for; with `as_imdisk` in the options the second. */
#define SIM_SERVICE_KEY    "\\Registry\\Machine\\SYSTEM\\CurrentControlSet\\Services\\driver"
#define SIM_SERVICE_IMDISK "\\Registry\\Machine\\SYSTEM\\CurrentControlSet\\Services\\imdisk"

/* Makes the key if there is none, and the value in it if `name` is not NULL. */
void sim_registry_set(const char *path, const char *name, ULONG type, const void *data, size_t length);
/* Deletes a value, or the key if `name` is NULL, but not keys under it. */
void sim_registry_delete(const char *path, const char *name);

#endif
