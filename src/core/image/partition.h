/* SPDX-License-Identifier: MIT */
/*
 * Partition tables of disk images: MBR with logical partitions, and GPT. The image is hostile: every number of it is
 * checked before it is used, chains end, and nothing is allocated. User mode only: the functions use several KiB of stack.
 */
#ifndef CORE_IMAGE_PARTITION_H
#define CORE_IMAGE_PARTITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PARTITION_MINIMUM_SECTOR    512u
#define PARTITION_MAXIMUM_SECTOR    4096u

/* Longest chain of extended boot records, and largest GPT entry array, that are believed. */
#define PARTITION_MAXIMUM_LOGICALS  256u
#define PARTITION_MAXIMUM_GPT_BYTES (1u << 20)

#define PARTITION_GPT_NAME          36u

/* MBR types that mean something here. */
#define PARTITION_TYPE_UNUSED       0x00u
#define PARTITION_TYPE_EXTENDED     0x05u
#define PARTITION_TYPE_EXTENDED_LBA 0x0Fu
#define PARTITION_TYPE_PROTECTIVE   0xEEu

enum partition_result {
    PARTITION_OK,
    PARTITION_STOPPED,           /* the visitor returned false */
    PARTITION_INVALID_PARAMETER, /* sector size or offset are impossible */
    PARTITION_READ_FAILED,       /* the reader returned false */
    PARTITION_NO_TABLE,          /* neither MBR nor GPT */
    PARTITION_CYCLIC_CHAIN,      /* an extended boot record links back */
    PARTITION_LONG_CHAIN,        /* more than PARTITION_MAXIMUM_LOGICALS links */
    PARTITION_GPT_DAMAGED,       /* neither header with its entries is intact */
    PARTITION_OUT_OF_RANGE,      /* a partition ends before it begins, or beyond 2^63 bytes */
};

struct partition_image {
    /*
     * Reads exactly `length` bytes at `offset` of the image, and returns whether it could. Offsets are below 2^63;
     * offsets relative to the disk's beginning and lengths are multiples of the sector size.
     */
    bool (*read)(void *context, uint64_t offset, void *buffer, uint32_t length);
    void *context;
    uint64_t offset;      /* where in the image the disk begins, bytes */
    uint64_t size;        /* of the image, bytes, to find the second GPT; 0: unknown */
    uint32_t sector_size; /* bytes, a power of two from 512 to 4096; 0: 512, or 4096 if that makes sense of the disk */
};

struct partition {
    uint32_t number;      /* from 1, in the order of the table, containers not counted */
    bool gpt;             /* the last four members are valid */
    bool active;          /* MBR: boot flag; GPT: legacy boot attribute */
    uint8_t type;         /* MBR type; for GPT the one that means the same, or PARTITION_TYPE_PROTECTIVE if none does */
    uint64_t start_bytes; /* from the beginning of the disk */
    uint64_t length_bytes; /* may reach beyond the end of a truncated image */
    uint64_t start_field;  /* sectors, as in the table: for logical partitions from their extended boot record */
    uint8_t type_guid[16];
    uint8_t unique_guid[16];
    uint64_t attributes;
    uint16_t name[PARTITION_GPT_NAME]; /* UTF-16, padded with zeros, not terminated if it is full */
};

/* Returns whether to go on. */
typedef bool partition_visitor(void *context, const struct partition *partition);

/*
 * Calls `visit` for each partition. The whole table is checked before the first call: a damaged table yields an error and
 * no calls (unless the image changes meanwhile). A GPT is read if the MBR has a protective partition; if its first header
 * or array is damaged, the second is used.
 */
enum partition_result partition_scan(const struct partition_image *image, partition_visitor *visit, void *context);

/* One sentence of English without a full stop. */
const char *partition_result_text(enum partition_result result);

#endif
