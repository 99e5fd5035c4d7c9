/* SPDX-License-Identifier: MIT */
/* The AI driver, loaded in a simulated kernel with a client of each kind: an administrator and two users. */
#ifndef TESTS_SIM_AI_USERS_H
#define TESTS_SIM_AI_USERS_H

#include "tests/harness/test.h"
#include "tests/sim/ai_client.h"

/* The last is another user's. */
extern struct sim_process *administrator, *user, *other;
/* Their handles, to read and write. */
extern struct sim_file *file, *users, *others;

void ai_users_begin(void);
/* With the simulation's checks for what is left. */
void ai_users_end(void);

struct ballast_ai_pool_reply pool_of(struct sim_file *by);

union block_list {
    struct ballast_ai_block_reply head;
    unsigned char room[sizeof(struct ballast_ai_block_reply) + 16 * sizeof(struct ballast_ai_block)];
};

#endif
