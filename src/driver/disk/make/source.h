/* SPDX-License-Identifier: MIT */
/* What a new disk reads and writes: memory, or an image. */
#ifndef DRIVER_DISK_MAKE_SOURCE_H
#define DRIVER_DISK_MAKE_SOURCE_H

#include "core/disk/create.h"
#include "core/disk/source.h"
#include "driver/disk/make/client.h"

/* Who wants the source, for how long. */
struct source_request {
    struct disk_client *client;
    PIRP irp; /* cancelled when nobody wants it any more; NULL: none */
};

/* Builds the source and completes the parameters by what it finds. PASSIVE_LEVEL, in a system thread. */
NTSTATUS disk_source_create(const struct source_request *request, struct disk_parameters *parameters,
                            struct source **source);

#endif
