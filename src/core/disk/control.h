/* SPDX-License-Identifier: MIT */
/*
 * Device control requests that need nothing but the state of a disk: ImDisk's queries, the standard storage queries,
 * grow and trim. All are request_handlers whose target is a struct disk. Lengths have been checked by the table that
 * names them (src/driver/disk/control.c).
 */
#ifndef CORE_DISK_CONTROL_H
#define CORE_DISK_CONTROL_H

#include "core/base/request.h"
#include "core/disk/disk.h"

/* Any IRQL. */
request_handler disk_control_accept; /* succeeds and does nothing */
request_handler disk_control_hotplug_info;
request_handler disk_control_is_writable;
request_handler disk_control_length;
request_handler disk_control_geometry;
request_handler disk_control_partition;
request_handler disk_control_partition_ex;
request_handler disk_control_query_device;
request_handler disk_control_query_version;

/* In a worker thread at PASSIVE_LEVEL: the source may block. */
request_handler disk_control_grow;
request_handler disk_control_resize;
request_handler disk_control_trim;

/* IRQL as disk_read; if the source may block, in a worker. */
request_handler disk_control_query_ranges;

/* Takes shared locks: IRQL <= APC_LEVEL in a critical region. requests_in_flight is the driver's to fill in. */
request_handler disk_control_query_state;

/* The flags that QUERY_DEVICE reports. */
uint32_t disk_reported_flags(const struct disk *disk);

/* Writes the disk's parameters as CREATE_DEVICE returns them; `flags` because the two replies differ in them. */
void disk_write_create_data(const struct disk *disk, uint32_t flags, struct imdisk_create_data *data);

/*
 * SET_DEVICE_FLAGS without IMDISK_OPTION_SPARSE_FILE, which needs the image: changes the flags it may and returns those
 * that it could not.
 */
uint32_t disk_change_flags(struct disk *disk, uint32_t flags_to_change, uint32_t values);

/* QUERY_DRIVER: the reply for these device numbers, in the form that the output length asks for. */
ballast_status disk_query_driver(const uint32_t *numbers, size_t count, struct request *request);

#endif
