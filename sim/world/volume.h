/* SPDX-License-Identifier: MIT */
/* The volume that image files live on. */
#ifndef SIM_WORLD_VOLUME_H
#define SIM_WORLD_VOLUME_H

#include "sim/api/volume.h"

struct sim_node; /* a file on the volume; opened, it lives until it is closed */

void sim_volume_reset(void);

/* `name` is what follows "\??\C:\"; `create`: it is made if it does not exist. Refuses what the others' sharing does. */
NTSTATUS sim_node_open(const char *name, bool create, ACCESS_MASK access, ULONG share, struct sim_node **node);
/* With the access and share that it was opened with. */
void sim_node_close(struct sim_node *node, ACCESS_MASK access, ULONG share);

uint64_t sim_node_size(const struct sim_node *node);
bool sim_node_resize(struct sim_node *node, int64_t size);
/* Makes a hole of [start, end), as far as the file goes. */
/* The first range at or behind *start, before end, that holds data; false: there is none, or the host does not know. */
bool sim_node_data(const struct sim_node *node, int64_t *start, int64_t *end);
bool sim_node_zero(struct sim_node *node, int64_t start, int64_t end);
/* Waits while the volume is held, and fails while it fails; *information: the bytes read or written. */
NTSTATUS sim_node_transfer(struct sim_node *node, bool write, uint64_t offset, void *buffer, ULONG length, bool through,
                           ULONG_PTR *information);
void sim_node_set_sparse(struct sim_node *node);

/* Flushes all files. */
NTSTATUS sim_volume_flush(void);
/* No file is written from now on. */
void sim_volume_shut_down(void);

bool sim_volume_has_oplocks(void);
bool sim_volume_is_held(void);

#endif
