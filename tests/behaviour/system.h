/* SPDX-License-Identifier: MIT */
/*
 * What the AI driver looks at: the registry and the processes of the system, real ones (system_nt.c) or simulated ones
 * (system_sim.c). The driver must have been opened before.
 */
#ifndef TESTS_BEHAVIOUR_SYSTEM_H
#define TESTS_BEHAVIOUR_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum system_key {
    SYSTEM_PARAMETERS,    /* of the driver's service */
    SYSTEM_DISPLAY_CLASS, /* display adapters */
};

#define SYSTEM_TEXT   1u /* registry types */
#define SYSTEM_BINARY 3u
#define SYSTEM_DWORD  4u
#define SYSTEM_MULTI  7u
#define SYSTEM_QWORD  11u

/* Sets a value in the key, or in a subkey of it, which is made; subkey may be NULL. */
bool system_registry_set(enum system_key key, const char *subkey, const char *name, uint32_t type, const void *data,
                         size_t length);
/* Text as UTF-16; the strings of a SYSTEM_MULTI are separated by '\n'. */
bool system_registry_set_text(enum system_key key, const char *subkey, const char *name, uint32_t type,
                              const char *text);
/* A value, or the subkey if name is NULL. */
void system_registry_delete(enum system_key key, const char *subkey, const char *name);

/* Starts a process that does nothing, with this image name. 0 on failure. All are stopped at the end. */
uint32_t system_process_start(const char *image);
void system_process_stop(uint32_t process_id);

/* A thread that the caller may change, and its base priority relative to its process's. */
uint32_t system_thread_id(void);
int system_thread_priority(void);

void system_pause_ms(unsigned milliseconds);

#endif
