/* SPDX-License-Identifier: MIT */
/* The version of every Ballast binary: drivers, library and tools are released together. */
#ifndef BALLAST_VERSION_H
#define BALLAST_VERSION_H

#define BALLAST_VERSION_MAJOR  0
#define BALLAST_VERSION_MINOR  1
#define BALLAST_VERSION_PATCH  0
#define BALLAST_VERSION_STRING "0.1.0"

/* As one number, for wire structures: 0x00MMmmpp. */
#define BALLAST_VERSION_NUMBER \
    ((uint32_t)(BALLAST_VERSION_MAJOR << 16 | BALLAST_VERSION_MINOR << 8 | BALLAST_VERSION_PATCH))

#endif
