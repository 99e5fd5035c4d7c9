/* SPDX-License-Identifier: MIT */
/*
 * What the fuzzers of the drivers, disk_fuzz.c and ai_fuzz.c, share: the input in the language of operations.h, the files
 * that are open and the requests that are under way in the simulated kernel.
 */
#ifndef TESTS_FUZZ_KERNEL_H
#define TESTS_FUZZ_KERNEL_H

#include "sim/sim.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/operations.h"

struct fuzz_request {
    struct sim_request *request; /* NULL: none */
    unsigned slot;
    unsigned mode; /* MODE_* */
    ULONG code;
    unsigned char *input; /* owned, as is the output */
    size_t input_length;
    unsigned char *output;
    size_t output_length;
};

/* What OPEN says. */
struct fuzz_open {
    unsigned slot;
    unsigned device;
    ACCESS_MASK access;
};

extern struct fuzz_input fuzz_input;
extern struct sim_file *fuzz_slots[SLOTS]; /* NULL: closed */
extern struct fuzz_request fuzz_requests[REQUESTS];

/* ---- what each of the two provides: its part of the language ---- */

void fuzz_on_open(void);
void fuzz_on_ioctl(void);
void fuzz_on_transfer(enum operation operation); /* READ, WRITE */
void fuzz_on_flush(void);
void fuzz_on_image(enum operation operation); /* IMAGE, TRUNCATE, DELETE */
void fuzz_on_fail(void);
/* A request has succeeded; its buffers are still there. */
void fuzz_succeeded(const struct fuzz_request *request);

/* Carries out all operations of an input; kernel calls do not fail any more afterwards. */
void fuzz_operate(const uint8_t *data, size_t size);

/* ---- reading the input ---- */

/* The next number, of this many bytes. */
uint64_t fuzz_number(unsigned bytes);
unsigned fuzz_slot(void);
/* A name in `text`, which has room for NAME_MAXIMUM characters and a zero. */
void fuzz_name(char *text);
struct fuzz_open fuzz_read_open(void);
/* A control request with its buffers, not begun. */
struct fuzz_request fuzz_read_ioctl(void);

/* ---- requests and files ---- */

/* Frees the buffers and forgets the request, which is not under way. */
void fuzz_release(struct fuzz_request *request);
/* Waits for a request, if it is one, and releases it. */
void fuzz_wait(struct fuzz_request *request);
/* Keeps a request that was begun with MODE_BEGIN if there is room, or waits for it. */
void fuzz_keep(struct fuzz_request request);
/* Waits for all requests. */
void fuzz_wait_for_all(void);

#endif
