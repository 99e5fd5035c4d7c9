/* SPDX-License-Identifier: MIT */
/*
 * What all Ballast wire structures share: the control-code arithmetic and the header that opens each structure that is
 * Ballast's own. Wire headers are included by kernel and user code, x64 and i686, and on Linux by tests; they use
 * fixed-width integers only, and every size and offset is asserted beside its structure.
 */
#ifndef BALLAST_WIRE_H
#define BALLAST_WIRE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus /* ballast.h includes wire structures, and has C++ readers */
#define _Static_assert static_assert
#define _Alignas alignas
#endif

/* Windows control codes: device type, access, function, transfer method (CTL_CODE of the Windows headers). */
#define BALLAST_CONTROL_CODE(device_type, function, method, access) \
    ((uint32_t)(device_type) << 16 | (uint32_t)(access) << 14 | (uint32_t)(function) << 2 | (uint32_t)(method))

#define BALLAST_METHOD_BUFFERED   0u
#define BALLAST_METHOD_OUT_DIRECT 2u

#define BALLAST_ACCESS_ANY        0u /* any open handle */
#define BALLAST_ACCESS_READ       1u /* handle opened with FILE_READ_DATA */
#define BALLAST_ACCESS_WRITE      2u /* handle opened with FILE_WRITE_DATA */
#define BALLAST_ACCESS_READ_WRITE 3u

/* Device type of all codes that are Ballast's own (vendor range, 0x8000 and up). */
#define BALLAST_DEVICE_TYPE       0xBA57u

/*
 * Opens every request and reply of Ballast's own. The sender writes the size of its structure; a receiver accepts a
 * larger size of the same version, ignores what it does not know, and requires reserved fields to be zero.
 */
struct ballast_header {
    uint32_t size_bytes;
    uint16_t version;
    uint16_t flags;
};
_Static_assert(sizeof(struct ballast_header) == 8, "wire layout");

/* Rows of the account of its memory that each driver gives. */
#define BALLAST_POOL_TAGS 16u

/* Memory that the driver holds under one pool tag. */
struct ballast_pool_usage {
    uint32_t tag; /* four ASCII characters, first in the lowest byte; 0: unused row */
    uint32_t reserved;
    _Alignas(8) uint64_t blocks;
    uint64_t bytes;
};
_Static_assert(sizeof(struct ballast_pool_usage) == 24, "wire layout");

#endif
