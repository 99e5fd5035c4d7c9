/* SPDX-License-Identifier: MIT */
/* Disks whose images lie on other disks: the outer one cannot go before the inner one without taking its image away. */
#ifndef LIB_NESTING_H
#define LIB_NESTING_H

#include <stdbool.h>

#include "lib/internal.h"

#define NESTING_NONE UINT32_MAX

struct nested_disk {
    uint32_t number;
    uint32_t carrier; /* index of the disk that its image lies on, behind its own; or NESTING_NONE */
    wchar_t device[DISK_DEVICE_NAME_SIZE]; /* the name of its object */
};

/* All disks, newest first: an image may lie on an older disk, but not on a newer one. So this order is innermost first. */
struct nesting {
    uint32_t count;
    struct nested_disk disk[];
};

/* The caller's to free. NULL and *error on failure. */
struct nesting *nesting_read(ballast_result *result, ballast_error *error);

/* Whether the image of another disk lies on this one; by index. */
bool nesting_carries(const struct nesting *nesting, uint32_t index);

/* Whether a disk's image lies on `outer`, directly or by way of others, or the disk is `outer` itself; by index. */
bool nesting_is_within(const struct nesting *nesting, uint32_t index, uint32_t outer);

/* The index of a disk; NESTING_NONE if there is no such. */
uint32_t nesting_find(const struct nesting *nesting, uint32_t number);

#endif
