/* SPDX-License-Identifier: MIT */
/* The system of the AI driver in the simulated kernel; ai_system.h has the contract. */

#include "tests/sim/ai_system.h"

#include "tests/behaviour/wide.h"

#include <stdio.h>

void ai_set_number(const char *name, uint32_t value)
{
    sim_registry_set(AI_PARAMETERS, name, REGISTRY_DWORD, &value, sizeof(value));
}

void ai_set_rules(const char *rules)
{
    uint16_t wide[1024];
    if (rules == NULL) {
        sim_registry_delete(AI_PARAMETERS, "Rules");
        return;
    }
    size_t length = wide_text(rules, wide, sizeof(wide) / sizeof(wide[0]));
    sim_registry_set(AI_PARAMETERS, "Rules", REGISTRY_MULTI, wide, (ULONG)((length + 2) * sizeof(wide[0])));
}

static void set_text(const char *key, const char *name, const char *text)
{
    uint16_t wide[128];
    size_t length = wide_text(text, wide, sizeof(wide) / sizeof(wide[0]));
    sim_registry_set(key, name, REGISTRY_TEXT, wide, (ULONG)((length + 1) * sizeof(wide[0])));
}

void ai_plug_adapter(uint32_t index, bool in)
{
    char path[256];
    char text[64];
    (void)snprintf(path, sizeof(path), "%s\\PCI\\VEN_10DE&DEV_2684\\4&%u&0&0008", AI_DEVICES, (unsigned)index);
    (void)snprintf(text, sizeof(text), "{4d36e968-e325-11ce-bfc1-08002be10318}\\%04u", (unsigned)index);
    set_text(path, "Driver", text);
    (void)snprintf(path, sizeof(path), "\\??\\PCI#VEN_10DE&DEV_2684#4&%u&0&0008#{1ca05180-a699-450a-9a0c-de4fbe3ddd89}",
                   (unsigned)index);
    if (in) {
        sim_interface_add(path);
    } else {
        sim_interface_remove(path);
    }
}

void ai_add_adapter(uint32_t index, const char *name)
{
    char path[256];
    uint64_t memory = AI_ADAPTER_MEMORY;
    (void)snprintf(path, sizeof(path), "%s\\%04u", AI_DISPLAY_CLASS, (unsigned)index);
    sim_registry_set(AI_DISPLAY_CLASS, NULL, 0, NULL, 0);
    set_text(path, "DriverDesc", name);
    set_text(path, "DriverVersion", "31.0.1");
    set_text(path, "DriverDate", "1-2-2026");
    set_text(path, "MatchingDeviceId", "PCI\\VEN_10DE&DEV_2684");
    sim_registry_set(path, "HardwareInformation.qwMemorySize", REGISTRY_QWORD, &memory, sizeof(memory));
    ai_plug_adapter(index, true);
}

void ai_add_process(const char *name, uint32_t process_id, uint32_t threads)
{
    struct sim_system_process process = {
        .name = name,
        .process_id = process_id,
        .parent_process_id = 4,
        .threads = threads,
        .handles = 10,
        .thread_state = 5,
        .context_switches_per_thread = 100,
        .create_time = 1000,
        .cpu_time_100ns = 5000,
        .working_set_bytes = 1 << 20,
    };
    sim_system_add(&process);
}
