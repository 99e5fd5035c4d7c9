/* SPDX-License-Identifier: MIT */
/* The states that an explorer has been in, and the steps between them. */
#ifndef TESTS_UNIT_MODEL_GRAPH_H
#define TESTS_UNIT_MODEL_GRAPH_H

#include <stdbool.h>
#include <stdint.h>

#define GRAPH_BEGIN UINT32_MAX

void graph_reset(void);

/* A step to the state with this hash, which is not 0. Whether the state is new; *state is its number. */
bool graph_step(uint32_t from, uint64_t hash, uint32_t *state);

/* A run has ended after this state. */
void graph_run_ends(uint32_t state);

/* From each state some run ends: or threads could wait for each other in a circle of states that are all known. */
bool graph_all_end(void);

uint64_t graph_states(void);

#endif
