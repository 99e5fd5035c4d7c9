/* SPDX-License-Identifier: MIT */
/*
 * One look at an image: what it is, where the disk begins in it, what kind of disk that is, and its partitions. All who
 * make disks of images ask here. The image is hostile; every number of it is checked, and nothing is allocated. User mode:
 * the functions use about 32 KiB of stack. What a driver looks at is the part in signature.h.
 */
#ifndef CORE_IMAGE_LOOK_H
#define CORE_IMAGE_LOOK_H

#include "core/disk/geometry.h"
#include "core/image/partition.h"
#include "core/image/signature.h"
#include "core/image/volume.h"

#define LOOK_PARTITIONS 256u /* that are listed */
#define LOOK_PROBLEMS   32u

struct look_options {
    const uint16_t *name; /* of the image, UTF-16, for hints that the content may confirm; NULL: none */
    size_t name_length;   /* units */
    bool raw;             /* the image is what it is: no container */
    bool offset_given;    /* the disk begins at `offset`, and not where the container says */
    uint64_t offset;
    bool ram;             /* for a RAM disk: UDF is not a CD then, as it may be what somebody has formatted one with */
    uint32_t sector_size; /* of partition tables; 0: find out */
};

enum look_certainty {
    LOOK_GUESS,  /* nothing was recognised: by size and name */
    LOOK_LIKELY, /* something was, but not all of it is as it should be */
    LOOK_SURE,
};

enum look_table {
    LOOK_NO_TABLE,
    LOOK_MBR,
    LOOK_GPT,
};

struct look_partition {
    struct partition entry;
    enum volume_kind volume;
    bool overlaps; /* another one before it */
};

struct look {
    enum image_container container;
    bool served;     /* a disk can be made of it; else the rest says nothing */
    uint64_t offset; /* where the data begins in the image, and its length, bytes */
    uint64_t length;
    enum look_certainty certainty;
    enum disk_kind kind;           /* of the device; never automatic */
    bool read_only;                /* the whole of it: a CD, or its table is damaged */
    struct disk_geometry geometry; /* complete */
    enum volume_kind volume;       /* file system of the data as a whole */
    enum look_table table;
    uint32_t table_sector_size;
    enum partition_result table_result; /* as partition_scan's */
    size_t partition_count;             /* how many there are, which may be more than are listed */
    struct look_partition partitions[LOOK_PARTITIONS];
    size_t problem_count;
    struct partition_problem problems[LOOK_PROBLEMS]; /* the first ones */
};

/* False, and *look says nothing, if the image cannot be read, or nothing lies behind the offset. */
bool look_at_image(const struct image_reader *reader, const struct look_options *options, struct look *look);

/* Whether an image that is raw ends with what is left of a VHD's footer. Nothing may be left of one that was cut. */
bool look_ends_like_vhd(const struct image_reader *reader, uint64_t *offset);

/* The partition with this number; NULL: there is none. */
const struct look_partition *look_find_partition(const struct look *look, uint32_t number);

/* The first problem that is damage of the table, and not only odd; NULL: none. */
const struct partition_problem *look_damage(const struct look *look);

/*
 * Whether a disk is read-only unless its user says otherwise, since the table is damaged: the sectors that nothing is known
 * of may be in use. `partition`: the number that the user has chosen; one that nothing is wrong with may be written. 0: the
 * whole image, or a partition that nobody has chosen.
 */
bool look_protects(const struct look *look, uint32_t partition);

/* "mbr", "gpt"; NULL: none */
const char *look_table_word(enum look_table table);

/* "sure", "likely" or "guess" */
const char *look_certainty_word(enum look_certainty certainty);

#endif
