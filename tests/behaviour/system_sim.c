/* SPDX-License-Identifier: MIT */
/* The system of the AI driver's behaviour table in the simulation. */

#include "tests/behaviour/system.h"
#include "tests/sim/ai_system.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define USER_THREAD  4242u
#define MAXIMUM_LIST 64u

static struct {
    char name[260];
    uint32_t id;
} list[MAXIMUM_LIST];
static size_t listed;
static uint32_t next_process_id = 100;

static void path_of(enum system_key key, const char *subkey, char *path, size_t size)
{
    (void)snprintf(path, size, "%s%s%s", key == SYSTEM_PARAMETERS ? AI_PARAMETERS : AI_DISPLAY_CLASS,
                   subkey != NULL ? "\\" : "", subkey != NULL ? subkey : "");
}

/* Adapters of the table are there, as far as their keys are. */
static void plug(enum system_key key, const char *subkey, bool in)
{
    if (key == SYSTEM_DISPLAY_CLASS && subkey != NULL && subkey[0] >= '0' && subkey[0] <= '9') {
        ai_plug_adapter((uint32_t)strtoul(subkey, NULL, 10), in);
    }
}

bool system_registry_set(enum system_key key, const char *subkey, const char *name, uint32_t type, const void *data,
                         size_t length)
{
    char path[512];
    path_of(key, NULL, path, sizeof(path));
    sim_registry_set(path, NULL, 0, NULL, 0);
    path_of(key, subkey, path, sizeof(path));
    sim_registry_set(path, name, type, data, (ULONG)length);
    plug(key, subkey, true);
    return true;
}

void system_registry_delete(enum system_key key, const char *subkey, const char *name)
{
    char path[512];
    path_of(key, subkey, path, sizeof(path));
    sim_registry_delete(path, name);
    if (name == NULL) {
        plug(key, subkey, false);
    }
}

static void publish(void)
{
    static const struct sim_system_process running = {
        .name = "System", .process_id = 4, .threads = 3, .thread_state = 2, .context_switches_per_thread = 9};
    sim_system_clear();
    sim_system_add(&running);
    for (size_t i = 0; i < listed; i++) {
        ai_add_process(list[i].name, list[i].id, 2);
    }
}

uint32_t system_process_start(const char *image)
{
    if (listed == MAXIMUM_LIST) {
        return 0;
    }
    (void)snprintf(list[listed].name, sizeof(list[listed].name), "%s", image);
    list[listed].id = next_process_id;
    listed++;
    publish();
    next_process_id += 4;
    return next_process_id - 4;
}

void system_process_stop(uint32_t process_id)
{
    for (size_t i = 0; i < listed; i++) {
        if (list[i].id == process_id) {
            listed--;
            memmove(&list[i], &list[i + 1], (listed - i) * sizeof(list[i]));
        }
    }
    publish();
}

uint32_t system_thread_id(void)
{
    sim_user_thread_set(USER_THREAD, false);
    return USER_THREAD;
}

int system_thread_priority(void)
{
    return sim_user_thread_priority();
}

void system_pause_ms(unsigned milliseconds)
{
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    (void)nanosleep(&time, NULL);
}
