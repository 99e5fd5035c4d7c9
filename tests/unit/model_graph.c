/* SPDX-License-Identifier: MIT */
/* States in a hash table, steps in a list; model_graph.h has the contract. */

#include "tests/unit/model_graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATES (1u << 23)

/* Between places in `visited`. */
struct edge {
    uint32_t from, to;
};

static uint64_t visited[STATES];
static bool ends[STATES]; /* whether a run can end from there */
static uint64_t seen_count;
static struct edge *edges;
static size_t edge_count, edge_room;

void graph_reset(void)
{
    memset(visited, 0, sizeof(visited));
    memset(ends, 0, sizeof(ends));
    seen_count = 0;
    edge_count = 0;
}

static void add_edge(uint32_t from, uint32_t to)
{
    if (edge_count == edge_room) {
        edge_room = edge_room * 2 + 1024;
        edges = realloc(edges, edge_room * sizeof(*edges));
        if (edges == NULL) {
            abort();
        }
    }
    edges[edge_count++] = (struct edge){from, to};
}

bool graph_step(uint32_t from, uint64_t hash, uint32_t *state)
{
    uint32_t slot = (uint32_t)(hash >> 8) % STATES;
    while (visited[slot] != 0 && visited[slot] != hash) {
        slot = (slot + 1) % STATES;
    }
    *state = slot;
    if (from != GRAPH_BEGIN) {
        add_edge(from, slot);
    }
    if (visited[slot] == hash) {
        return false;
    }
    if (++seen_count > STATES / 2) {
        fprintf(stderr, "too many states\n");
        abort();
    }
    visited[slot] = hash;
    return true;
}

void graph_run_ends(uint32_t state)
{
    ends[state] = true;
}

bool graph_all_end(void)
{
    bool found = true;
    while (found) {
        found = false;
        for (size_t i = edge_count; i-- != 0;) {
            if (ends[edges[i].to] && !ends[edges[i].from]) {
                ends[edges[i].from] = found = true;
            }
        }
    }
    for (size_t i = 0; i < STATES; i++) {
        if (visited[i] != 0 && !ends[i]) {
            return false;
        }
    }
    return true;
}

uint64_t graph_states(void)
{
    return seen_count;
}
