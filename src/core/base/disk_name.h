/* SPDX-License-Identifier: MIT */
/* The names of disks' objects: "\\Device\\ImDisk<number>", or "\\Device\\BallastVolume<serial>" of those that are volumes. */
#ifndef CORE_BASE_DISK_NAME_H
#define CORE_BASE_DISK_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* UTF-16 units of the longest name, without a terminating zero. */
#define DISK_NAME_UNITS 40

struct disk_name {
    uint32_t number;
    uint64_t volume; /* serial, in hexadecimal; 0: the name is of the number */
};

/* Returns its length in units. */
uint16_t disk_name_write(const struct disk_name *name, uint16_t text[DISK_NAME_UNITS]);

/* False if it is no disk's name. Of a volume's the number is not known, and 0. */
bool disk_name_parse(const uint16_t *text, size_t length, struct disk_name *name);

#endif
