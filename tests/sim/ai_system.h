/* SPDX-License-Identifier: MIT */
/* What the AI driver looks at in the simulated kernel: the registry, and the processes of the system. */
#ifndef TESTS_SIM_AI_SYSTEM_H
#define TESTS_SIM_AI_SYSTEM_H

#include "sim/sim.h"

#define AI_PARAMETERS SIM_SERVICE_KEY "\\Parameters"
#define AI_DISPLAY_CLASS \
    "\\Registry\\Machine\\SYSTEM\\CurrentControlSet\\Control\\Class\\{4d36e968-e325-11ce-bfc1-08002be10318}"

#define AI_DEVICES     "\\Registry\\Machine\\SYSTEM\\CurrentControlSet\\Enum"

#define REGISTRY_TEXT  1u
#define REGISTRY_DWORD 4u
#define REGISTRY_MULTI 7u
#define REGISTRY_QWORD 11u

/* A parameter of the service, 32 bits. */
void ai_set_number(const char *name, uint32_t value);

/* The value Rules: rules separated by '\n'. NULL deletes it. */
void ai_set_rules(const char *rules);

/* Adapter `index` of the class key, with a name, 8 GiB of memory and a PCI id; and its device, which is there. */
#define AI_ADAPTER_MEMORY ((uint64_t)8 << 30)
void ai_add_adapter(uint32_t index, const char *name);

/* The device of an adapter comes or goes; its driver's key stays. */
void ai_plug_adapter(uint32_t index, bool in);

/* A process with these threads and otherwise plausible numbers. */
void ai_add_process(const char *name, uint32_t process_id, uint32_t threads);

#endif
