/* SPDX-License-Identifier: MIT */
/* What the files of the disk commands share. */
#ifndef CLI_BALLAST_DISK_H
#define CLI_BALLAST_DISK_H

#include "cli/ballast/cli.h"

/* Finds the disk that an argument names; prints a message if there is none. */
bool disk_find(const wchar_t *text, uint32_t *number, ballast_result *result);

/* All about a disk; prints a message if that cannot be had. */
ballast_result disk_query(uint32_t number, ballast_disk_info *info);

/* Which disks a command is about. */
struct disk_set {
    uint32_t *numbers;
    size_t count;
    ballast_result failure; /* of the first that there is not */
};

/* All that there are, or those that the arguments name. The caller frees set->numbers. Print why they fail. */
ballast_result disk_all(struct disk_set *set);
ballast_result disk_named(const struct arguments *arguments, struct disk_set *set);

/* "ram" or "file", and "hd", "floppy", "cd", "raw" or "unknown". */
const char *disk_type_text(const ballast_disk_info *info);
const char *disk_device_text(const ballast_disk_info *info);

/* The member drive_letter; null if there is none. */
void disk_json_letter(wchar_t drive_letter);

/* An object of a document or an array. */
void disk_print_json(const ballast_disk_info *info);

/*
 * Of the partition table of a new disk's image: each problem in a line, that it makes the disk read-only, and the partitions
 * if no choice was made.
 */
void image_note_table(const ballast_disk_options *options);

ballast_result disk_bench(const struct arguments *arguments);
ballast_result disk_copy(const struct arguments *arguments);
ballast_result disk_create(const struct arguments *arguments);
ballast_result disk_info(const struct arguments *arguments);
ballast_result disk_list(const struct arguments *arguments);
ballast_result disk_remove(const struct arguments *arguments);
ballast_result disk_resize(const struct arguments *arguments);
ballast_result disk_stats(const struct arguments *arguments);
ballast_result disk_verify(const struct arguments *arguments);

#endif
