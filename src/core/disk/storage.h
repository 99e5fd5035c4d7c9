/* SPDX-License-Identifier: MIT */
/*
 * What Windows programs ask any disk and ImDisk never answered, and what the mount manager asks a volume. All are
 * request_handlers whose target is a struct disk, and functions of its state: any IRQL. Lengths have been checked by the
 * table that names them (src/driver/disk/control.c).
 */
#ifndef CORE_DISK_STORAGE_H
#define CORE_DISK_STORAGE_H

#include "core/base/request.h"
#include "core/disk/disk.h"

request_handler disk_control_geometry_ex;
request_handler disk_control_drive_layout; /* the whole disk as one partition */
request_handler disk_control_disk_extents;
request_handler disk_control_device_number;
request_handler disk_control_property;
request_handler disk_control_gpt_attributes;
request_handler disk_control_is_dynamic;
request_handler disk_control_read_toc; /* one data track and the lead-out; CDs only */

request_handler disk_control_unique_id;
request_handler disk_control_stable_guid;
request_handler disk_control_device_name;
request_handler disk_control_suggested_link_name;
request_handler disk_control_link_changed;

#endif
