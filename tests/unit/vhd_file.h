/* SPDX-License-Identifier: MIT */
/* Files in memory for the tests of VHDs: they record what is done to them, fail when told to, and can be cut. */
#ifndef TESTS_UNIT_VHD_FILE_H
#define TESTS_UNIT_VHD_FILE_H

#include "core/image/vhd.h"
#include "tests/harness/test.h"

#define MEMORY_FILE_MAXIMUM (4u << 20)

enum operation_kind {
    OPERATION_WRITE,
    OPERATION_RESIZE,
    OPERATION_FLUSH,
};

struct operation {
    enum operation_kind kind;
    uint64_t offset; /* the length, of a resize */
    size_t length;
    unsigned char *bytes;
};

struct memory_file {
    struct source source;
    unsigned char *bytes; /* MEMORY_FILE_MAXIMUM of them */
    uint64_t length;
    uint64_t space;     /* no more than this is taken, as on a full disk */
    int64_t fail_after; /* so many calls; negative: never */
    bool flush_fails;
    bool flush_failed; /* one has, since it was made */
    bool read_only;    /* a write is a failed check */
    bool recording;
    struct operation *operations;
    size_t operation_count;
    size_t operation_room;
};

/* An empty file; released by the second. Destroying the source leaves it as it is. */
void memory_file_make(struct memory_file *file);
void memory_file_release(struct memory_file *file);

/* Opens it as a VHD. */
ballast_status memory_file_open(struct memory_file *file, const struct vhd_options *options, struct vhd **vhd,
                                enum vhd_problem *problem);

/* The same for what has to succeed. */
struct vhd *memory_file_opened(struct memory_file *file, bool writable, const struct vhd_opener *opener);

void memory_file_close(struct vhd *vhd);

/*
 * Makes `to` what a power cut after `count` operations may leave of the file that `from` was when it was empty: all up to the last
 * flush, and of what comes behind it: all, with the last one torn (0), nothing (1), or some of it in some order (2).
 * Sectors are whole, and the length changes in order.
 */
void memory_file_cut(const struct memory_file *from, size_t count, unsigned how, struct test_random *random,
                     struct memory_file *to);

/* Parents' names, and what opening them leads to: the file, or a status. */
struct memory_name {
    const char *name; /* NULL: none */
    struct memory_file *file;
    uint32_t modified;
    ballast_status status;
};
extern struct memory_name memory_names[VHD_MAXIMUM_DEPTH + 2];
extern char memory_names_asked[2048]; /* names that were opened, a blank behind each */
extern const struct vhd_opener memory_names_opener;
void memory_names_forget(void);

#endif
