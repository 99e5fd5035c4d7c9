/* SPDX-License-Identifier: MIT */
/* The options of the running simulation. */

#include "sim/ground/options.h"

#define APC_INTERVAL 256

static struct sim_options options;

const struct sim_options *sim_get_options(void)
{
    return &options;
}

void sim_set_options(const struct sim_options *new_options)
{
    options = *new_options;
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
    if (options.hurry_waits == 0) {
        options.hurry_waits = 1;
    }
    if (options.hurry == 0) {
        options.hurry = 1;
    }
}
