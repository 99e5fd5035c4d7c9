/* SPDX-License-Identifier: MIT */
/* The options of the running simulation. */

#include "sim/ground/options.h"

#include <stdlib.h>
#include <string.h>

#define APC_INTERVAL 256

static struct sim_options options;

static unsigned rules_named(const char *text)
{
    static const struct {
        const char *name;
        unsigned rules;
    } names[] = {{"all", SIM_RULES_ALL}, {"mount", SIM_RULE_MOUNT}};
    unsigned rules = 0;
    for (size_t i = 0; text != NULL && i < sizeof(names) / sizeof(names[0]); i++) {
        rules |= strstr(text, names[i].name) != NULL ? names[i].rules : 0;
    }
    return rules;
}

bool sim_rule(unsigned rule)
{
    return (options.rules & rule) != 0;
}

const struct sim_options *sim_get_options(void)
{
    return &options;
}

void sim_set_options(const struct sim_options *new_options)
{
    options = *new_options;
    options.rules |= rules_named(getenv("SIM_RULES"));
    if (options.sector_size == 0) {
        options.sector_size = 512;
    }
    if (options.physical_sector_size == 0) {
        options.physical_sector_size = options.sector_size;
    }
    if (options.watchdog_seconds == 0) {
        options.watchdog_seconds = 60;
    }
    if (options.apc_interval == 0) {
        options.apc_interval = APC_INTERVAL;
    }
    if (options.hurry == 0) {
        options.hurry = 1;
    }
}
