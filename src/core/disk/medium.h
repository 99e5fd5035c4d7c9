/* SPDX-License-Identifier: MIT */
/*
 * Control requests that read or write a disk's whole tracks: verifying, formatting, looking whether the image is there.
 * request_handlers whose target is a struct disk, at PASSIVE_LEVEL in a worker thread, since the source may block;
 * those that are accepted and change nothing, any IRQL.
 */
#ifndef CORE_DISK_MEDIUM_H
#define CORE_DISK_MEDIUM_H

#include "core/base/request.h"
#include "core/disk/disk.h"

request_handler disk_control_verify;

/* Fills tracks with the byte that formatted ones have. */
request_handler disk_control_format_tracks;
request_handler disk_control_format_tracks_ex;

/* Fails with BALLAST_DEVICE_DOES_NOT_EXIST when the image cannot be read. Any IRQL if the source does not block. */
request_handler disk_control_check_verify;

/* Any IRQL. */
request_handler disk_control_set_partition_ex;

#endif
