/* SPDX-License-Identifier: MIT */
/* One end of a copy or comparison, open: a disk, a device, or an image file, read and written by overlapped requests. */
#ifndef LIB_STREAM_H
#define LIB_STREAM_H

#include "lib/identity.h"
#include "lib/ranges.h"
#include "lib/target.h"
#include "lib/volumes.h"

/* The best size for the driver and for files; also a multiple of every sector size. Buffers have room for it. */
#define STREAM_BLOCK (1u << 20)

struct stream {
    const ballast_endpoint *endpoint;
    HANDLE handle;
    uint64_t length;
    DWORD sector;           /* transfers must be multiples of this */
    OVERLAPPED overlapped;  /* one request at a time */
    int device;             /* a disk or a device: written in place */
    int locked;             /* its volume is */
    int dismounted;         /* and this, too */
    int drive;              /* a whole one, locked */
    struct volumes volumes; /* that lie on it */
    struct target target;   /* a file that is being made */
    struct identity_layers layers;
    struct ranges ranges;
};

/* "disk 3" or "'x.img'", for messages. */
const wchar_t *stream_name(const struct stream *stream, wchar_t *text, size_t size);

/* Opens for reading, what others may be writing. After a failure nothing is left to close. */
ballast_result stream_open(struct stream *stream, const ballast_endpoint *endpoint, ballast_error *error);

/*
 * Opens for writing what `source` shall be written to, and makes sure that it is something else. A device is locked and
 * dismounted; a file becomes one beside its target. Flags are those of ballast_copy.
 */
ballast_result stream_open_target(struct stream *stream, const ballast_endpoint *endpoint, uint32_t flags,
                                  const struct stream *source, ballast_error *error);

/* Ends a target that is complete: flushed, and in its place. Closes it either way. */
ballast_result stream_commit(struct stream *stream, ballast_error *error);

/* A target that is not committed is as it was, if it is a file. */
void stream_close(struct stream *stream);

/* Return 0 or the Windows error code. Less than was asked for is an error. */
DWORD stream_read(struct stream *stream, uint64_t offset, void *buffer, DWORD length);

/* The end of a source may lie within a sector of the target: the rest of that sector is read and written back. */
DWORD stream_start_write(struct stream *stream, uint64_t offset, unsigned char *buffer, DWORD length, int *started);
DWORD stream_end_write(struct stream *stream, int started, DWORD length);

#endif
