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

#define PARTITION_MINIMUM_SECTOR      512u
#define PARTITION_MAXIMUM_SECTOR      4096u

/* Longest chain of extended boot records, and largest GPT entry array, that are believed. */
#define PARTITION_MAXIMUM_LOGICALS    256u
#define PARTITION_MAXIMUM_GPT_BYTES   (1u << 20)

#define PARTITION_GPT_NAME            36u

/* MBR types that mean something here. */
#define PARTITION_TYPE_UNUSED         0x00u
#define PARTITION_TYPE_EXTENDED       0x05u
#define PARTITION_TYPE_EXTENDED_LBA   0x0Fu
#define PARTITION_TYPE_EXTENDED_LINUX 0x85u
#define PARTITION_TYPE_PROTECTIVE     0xEEu

enum partition_result {
    PARTITION_OK,
    PARTITION_STOPPED,           /* the visitor returned false */
    PARTITION_INVALID_PARAMETER, /* sector size or offset are impossible */
    PARTITION_READ_FAILED,       /* the first sector cannot be read */
    PARTITION_NO_TABLE,          /* neither MBR nor GPT */
    PARTITION_CHAIN_UNREADABLE,  /* an extended boot record lies beyond the end, or cannot be read */
    PARTITION_CHAIN_DAMAGED,     /* an extended boot record is none */
    PARTITION_CYCLIC_CHAIN,      /* an extended boot record links back */
    PARTITION_LONG_CHAIN,        /* more than PARTITION_MAXIMUM_LOGICALS links */
    PARTITION_GPT_DAMAGED,       /* neither header with its entries is intact */
    PARTITION_OUT_OF_RANGE,      /* a partition ends before it begins, or beyond 2^63 bytes */
    PARTITION_BAD_FLAG,          /* a boot flag is neither 00h nor 80h */
    PARTITION_TRUNCATED,         /* a partition reaches beyond the end of the image */
    PARTITION_EMPTY,             /* a partition has no sectors */
    PARTITION_OVER_TABLE,        /* a partition lies over the GPT that lists it */
    /* Only told, not a result: the partitions are all there. */
    PARTITION_COPY_DAMAGED,   /* one of the two copies of the GPT */
    PARTITION_BAD_PROTECTION, /* the entry that protects a GPT is not as it should be */
    PARTITION_UNPROTECTED,    /* a GPT without an MBR that protects it */
    PARTITION_NOT_A_TABLE,    /* a boot signature without a table that makes sense */
    PARTITION_UNTYPED,        /* an entry has sectors, but no type */
    PARTITION_HYBRID,         /* an entry of the MBR beside a GPT, whose partitions are listed instead */
    PARTITION_OVERLAP,        /* a partition begins within another (by look.h) */
    PARTITION_NO_FOOTER,      /* the image should be a VHD, and is raw without its footer (by look.h) */
};

/* What is wrong, and where. */
struct partition_problem {
    enum partition_result kind;
    uint32_t number; /* of the partition; 0: of none */
    uint64_t offset; /* of what is damaged, bytes from the beginning of the disk */
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
    /* Called for each problem, between the partitions. NULL: nobody wants to know. */
    void (*problem)(void *context, const struct partition_problem *problem);
    void *problem_context;
};

struct partition {
    uint32_t number;      /* from 1, in the order of the table, containers not counted */
    bool gpt;             /* the last four members are valid */
    bool active;          /* MBR: boot flag; GPT: legacy boot attribute */
    bool logical;         /* MBR: of an extended boot record */
    bool damaged;         /* it has no sectors, or reaches beyond the end: nothing to mount */
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
 * Calls `visit` for each partition, and image->problem for each thing that is wrong: what is intact is visited, whatever
 * else is damaged. The result is the first problem, PARTITION_OK if there is none. A GPT is read if the MBR has a
 * protective partition, or no partition at all, as when it is lost; if its first header or array is damaged, the second is
 * used; if both are, what else the MBR has. Beside another MBR, a GPT is only a problem. Without a sector size, 4096 is only tried if 512 shows no partition.
 */
enum partition_result partition_scan(const struct partition_image *image, partition_visitor *visit, void *context);

/* The sector size that partition_scan uses for the image: its own, or the one found out. 0 for an impossible one. */
uint32_t partition_sector_size(const struct partition_image *image);

/* Whether the partitions that were visited may be taken for all there are. */
static inline bool partition_result_intact(enum partition_result result)
{
    return result == PARTITION_OK || result == PARTITION_STOPPED;
}

/* One sentence of English without a full stop. */
const char *partition_result_text(enum partition_result result);

#endif
