/* SPDX-License-Identifier: MIT */
/*
 * VHD disks: fixed, dynamic and differencing, as a source over the source of their file. The file is hostile: every number of
 * it is checked when it is opened, and what is remembered in memory is what was found right.
 *
 * What a cut at any moment leaves is a disk that holds everything that had been written before the last flush that succeeded,
 * and of each sector that was written later what was there before or what was written. For that, no flush:
 *   - a new block lies behind the end of all others, in space that reads as zeros; behind it a footer is written;
 *   - neither the table nor the bitmap of a sector is written before a flush of the file has made the data durable.
 * After a flush that failed, all others fail until the disk is opened again.
 * The copy of the footer at the beginning is written when the disk grows only, which is when the other one is durable.
 *
 * One thread at a time. Not above PASSIVE_LEVEL: files are read and written.
 */
#ifndef CORE_IMAGE_VHD_H
#define CORE_IMAGE_VHD_H

#include "core/disk/source.h"

#define VHD_SECTOR         512u
#define VHD_MAXIMUM_SIZE   (2040ull << 30)
#define VHD_DEFAULT_BLOCK  (2u << 20)
#define VHD_MAXIMUM_DEPTH  16u  /* files of a chain */
#define VHD_PARENT_NAME    256u /* units of a parent's name, with the zero */
#define VHD_MAXIMUM_BLOCKS (1u << 22)

enum vhd_kind {
    VHD_FIXED = 2,
    VHD_DYNAMIC = 3,
    VHD_DIFFERENCING = 4,
};

enum vhd_problem {
    VHD_NO_PROBLEM,
    /* It cannot be opened. */
    VHD_READ_FAILED,
    VHD_NO_MEMORY,
    VHD_NO_FOOTER,
    VHD_BAD_FOOTER,
    VHD_BAD_SIZE,
    VHD_DATA_BEYOND_END,
    VHD_BAD_HEADER,
    VHD_BAD_BLOCK_SIZE,
    VHD_BAD_TABLE,
    VHD_BAD_LOCATOR,
    VHD_BLOCK_BEYOND_END,
    VHD_BLOCKS_OVERLAP,
    VHD_PARENT_MISSING,
    VHD_PARENT_DAMAGED,
    VHD_PARENT_IS_OTHER,
    VHD_PARENT_CHANGED,
    VHD_CYCLIC_PARENTS,
    VHD_TOO_MANY_PARENTS,
    /* It can, and the first write mends it. */
    VHD_FOOTER_DAMAGED,
    VHD_COPY_DAMAGED,
    VHD_COPY_DIFFERS,
    /* Nothing is wrong: what was written and not flushed before a cut, or space that nobody uses. */
    VHD_UNUSED_SPACE,
    VHD_PROBLEMS, /* how many there are */
};

/* One sentence without a full stop; and for programs: "blocks_overlap". */
const char *vhd_problem_text(enum vhd_problem problem);
const char *vhd_problem_word(enum vhd_problem problem);

/* Whether the disk's data are all there. */
static inline bool vhd_problem_harmless(enum vhd_problem problem)
{
    return problem == VHD_NO_PROBLEM || problem >= VHD_FOOTER_DAMAGED;
}

struct vhd_file {
    struct source *source;
    uint64_t length;   /* bytes */
    uint32_t modified; /* seconds since 2000, UTC; 0: unknown */
};

/* Finds the parents of differencing disks. */
struct vhd_opener {
    /*
     * Opens, for reading, a file whose name is relative to the directory of the disk that was asked for: components with '/'
     * between, none of which is "." or "..", UTF-16 with a zero. BALLAST_OBJECT_NAME_NOT_FOUND: another name is tried.
     */
    ballast_status (*open)(void *context, const uint16_t *name, struct vhd_file *file);
    void *context;
};

struct vhd_options {
    bool writable;
    bool any_time;                   /* the parent may have been changed, or copied without its time */
    const struct vhd_opener *opener; /* NULL: differencing disks have no parents here */
};

struct vhd;

/*
 * Opens a disk, and its parents for reading. It takes over the file's source when it succeeds. Otherwise *problem says why,
 * with BALLAST_UNRECOGNIZED_MEDIA unless there is a better status. Nothing is written before something changes.
 */
ballast_status vhd_open(const struct vhd_file *file, const struct vhd_options *options, struct vhd **opened,
                        enum vhd_problem *problem);

/* The disk as a source, which is destroyed with all that is below it, the parents as well. What is not flushed may be lost. */
struct source *vhd_source(struct vhd *vhd);

/* Closes it as destroying would, but for the file's source, which it returns. */
struct source *vhd_detach(struct vhd *vhd);

struct vhd_information {
    enum vhd_kind kind;
    uint64_t size;       /* of the disk, bytes */
    uint32_t block_size; /* 0 for a fixed disk, as what follows */
    uint32_t blocks;
    uint32_t allocated; /* blocks */
    uint32_t depth;     /* parents that it stands on */
    uint64_t data_end;  /* of what is used of the file, without the footer */
    uint32_t time;      /* seconds since 2000 */
    uint8_t id[16];
    uint8_t parent_id[16];
    char creator[5];
    uint16_t parent[VHD_PARENT_NAME]; /* relative to the disk's directory; empty: none */
};

void vhd_information(const struct vhd *vhd, struct vhd_information *information);

/* Calls `tell` for each harmless problem. */
void vhd_check(const struct vhd *vhd, void (*tell)(void *context, enum vhd_problem problem), void *context);

struct vhd_new {
    enum vhd_kind kind;
    uint64_t size;       /* whole sectors */
    uint32_t block_size; /* 0: the default; a power of two from 4 KiB to 64 MiB */
    uint32_t time;       /* now, in seconds since 2000 */
    uint8_t id[16];      /* random */
    /* Of a differencing disk: its open parent, when that was modified, and its name relative to the new disk. */
    struct vhd *parent;
    uint32_t parent_modified;
    const uint16_t *parent_name;
};

/* Whether a parent may have this name: what vhd_opener opens. */
bool vhd_name_allowed(const uint16_t *name);

/*
 * Writes an empty disk to an empty file and flushes it. *length is the file's, if it is not NULL. The data of a fixed disk may
 * have been written to the file before. BALLAST_INVALID_PARAMETER: size or block size are impossible, or the parent's name is.
 */
ballast_status vhd_create(struct source *file, const struct vhd_new *disk, uint64_t *length);

#endif
