/* SPDX-License-Identifier: MIT */
/* Clients of each kind; ai_users.h has the contract. */

#include "tests/sim/ai_users.h"

DRIVER_INITIALIZE DriverEntry;

struct sim_process *administrator, *user, *other;
struct sim_file *file, *users, *others;

void ai_users_begin(void)
{
    struct sim_options options = {.seed = 1};
    sim_reset(&options);
    ai_add_process("python.exe", 100, 2);
    ai_add_adapter(0, "Card");
    CHECK_EQUAL(sim_load(DriverEntry), STATUS_SUCCESS);
    administrator = sim_process_create(true);
    user = sim_process_create(false);
    other = sim_process_create(false);
    sim_process_set_token(user, 1, 0);
    sim_process_set_token(other, 2, 0);
    file = ai_open(administrator);
    users = ai_open(user);
    others = ai_open(other);
    CHECK(file != NULL && users != NULL && others != NULL);
}

void ai_users_end(void)
{
    sim_kill_process(administrator);
    sim_kill_process(user);
    sim_kill_process(other);
    sim_unload();
}

struct ballast_ai_pool_reply pool_of(struct sim_file *by)
{
    struct ballast_ai_pool_reply reply = {.blocks = 0};
    CHECK_EQUAL(VALUE(ai_get(by, BALLAST_IOCTL_AI_QUERY_POOL, &reply, sizeof(reply))), STATUS_SUCCESS);
    return reply;
}
