/* SPDX-License-Identifier: MIT */
/* What is decided by the seed: chance, and delays. */

#include "sim/ground/chance.h"

#include "sim/ground/options.h"
#include "sim/ground/thread.h"

#include <sched.h>
#include <time.h>

static uint64_t next_random(void)
{
    uint64_t *state = &sim_self()->random;
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

bool sim_one_in(unsigned number)
{
    return number != 0 && next_random() % number == 0;
}

bool sim_chance(unsigned percent)
{
    return next_random() % 100 < percent;
}

void sim_delay(void)
{
    unsigned percent = sim_get_options()->delay_percent;
    if (percent != 0 && sim_chance(percent)) {
        if (sim_chance(20)) {
            struct timespec time = {0, (long)(next_random() % 100000)};
            (void)nanosleep(&time, NULL);
        } else {
            (void)sched_yield();
        }
    }
}
