/* SPDX-License-Identifier: MIT */
/* The system of the AI driver's behaviour table in the simulation. */

#include "sim/sim.h"
#include "tests/behaviour/system.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define PARAMETERS SIM_SERVICE_KEY "\\Parameters"
#define DISPLAY_CLASS \
    "\\Registry\\Machine\\SYSTEM\\CurrentControlSet\\Control\\Class\\{4d36e968-e325-11ce-bfc1-08002be10318}"
#define USER_THREAD  4242u
#define MAXIMUM_LIST 64u

static struct sim_system_process list[MAXIMUM_LIST];
static char names[MAXIMUM_LIST][260];
static size_t listed;
static uint32_t next_process_id = 100;

static void path_of(enum system_key key, const char *subkey, char *path, size_t size)
{
    (void)snprintf(path, size, "%s%s%s", key == SYSTEM_PARAMETERS ? PARAMETERS : DISPLAY_CLASS,
                   subkey != NULL ? "\\" : "", subkey != NULL ? subkey : "");
}

bool system_registry_set(enum system_key key, const char *subkey, const char *name, uint32_t type, const void *data,
                         size_t length)
{
    char path[512];
    path_of(key, NULL, path, sizeof(path));
    sim_registry_set(path, NULL, 0, NULL, 0);
    path_of(key, subkey, path, sizeof(path));
    sim_registry_set(path, name, type, data, (ULONG)length);
    return true;
}

bool system_registry_set_text(enum system_key key, const char *subkey, const char *name, uint32_t type,
                              const char *text)
{
    uint16_t wide[4096];
    size_t length = strlen(text);
    for (size_t i = 0; i < length; i++) {
        wide[i] = text[i] == '\n' ? 0 : (unsigned char)text[i];
    }
    wide[length] = 0;
    wide[length + 1] = 0;
    return system_registry_set(key, subkey, name, type, wide,
                               (length + (type == SYSTEM_MULTI ? 2 : 1)) * sizeof(wide[0]));
}

void system_registry_delete(enum system_key key, const char *subkey, const char *name)
{
    char path[512];
    path_of(key, subkey, path, sizeof(path));
    sim_registry_delete(path, name);
}

static void publish(void)
{
    static const struct sim_system_process running = {
        .name = "System", .process_id = 4, .threads = 3, .thread_state = 2, .context_switches_per_thread = 9};
    sim_system_clear();
    sim_system_add(&running);
    for (size_t i = 0; i < listed; i++) {
        sim_system_add(&list[i]);
    }
}

uint32_t system_process_start(const char *image)
{
    if (listed == MAXIMUM_LIST) {
        return 0;
    }
    (void)snprintf(names[listed], sizeof(names[listed]), "%s", image);
    list[listed] = (struct sim_system_process){
        .name = names[listed],
        .process_id = next_process_id,
        .parent_process_id = 4,
        .threads = 2,
        .handles = 10,
        .thread_state = 5,
        .context_switches_per_thread = 100,
        .create_time = 1000,
        .cpu_time_100ns = 5000,
        .working_set_bytes = 1 << 20,
    };
    listed++;
    publish();
    next_process_id += 4;
    return next_process_id - 4;
}

void system_process_stop(uint32_t process_id)
{
    for (size_t i = 0; i < listed; i++) {
        if (list[i].process_id == process_id) {
            listed--;
            for (size_t j = i; j < listed; j++) {
                list[j] = list[j + 1];
                memcpy(names[j], names[j + 1], sizeof(names[j]));
                list[j].name = names[j];
            }
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
