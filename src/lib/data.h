/* SPDX-License-Identifier: MIT */
/* ballast_copy for who says what has become of the target. */
#ifndef LIB_DATA_H
#define LIB_DATA_H

#include "lib/internal.h"

/* All of it is false and 0 for a file. */
struct copy_done {
    bool locked; /* a device was, or its file system */
    bool dismounted;
    bool written;   /* in place, at least in part */
    size_t volumes; /* so many on a drive were locked and dismounted */
};

/* *done also after a failure. */
ballast_result copy_endpoint(const ballast_endpoint *from, const ballast_endpoint *to, uint32_t flags,
                             ballast_progress *progress, void *context, struct copy_done *done, ballast_error *error);

#endif
