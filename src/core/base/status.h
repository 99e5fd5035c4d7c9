/* SPDX-License-Identifier: MIT */
/*
 * Result codes of the core. They are NTSTATUS values, because that is the language of the interface that the core
 * implements: the driver returns them unchanged. Negative means failure.
 */
#ifndef CORE_BASE_STATUS_H
#define CORE_BASE_STATUS_H

#include <stdint.h>

typedef int32_t ballast_status;

#define BALLAST_STATUS(value)          ((ballast_status)(uint32_t)(value))

#define BALLAST_SUCCESS                BALLAST_STATUS(0x00000000)
#define BALLAST_PENDING                BALLAST_STATUS(0x00000103)
#define BALLAST_BUFFER_OVERFLOW        BALLAST_STATUS(0x80000005) /* a warning: the output is there, but cut */
#define BALLAST_UNSUCCESSFUL           BALLAST_STATUS(0xC0000001)
#define BALLAST_INVALID_PARAMETER      BALLAST_STATUS(0xC000000D)
#define BALLAST_INVALID_DEVICE_REQUEST BALLAST_STATUS(0xC0000010)
#define BALLAST_UNRECOGNIZED_MEDIA     BALLAST_STATUS(0xC0000014)
#define BALLAST_NONEXISTENT_SECTOR     BALLAST_STATUS(0xC0000015)
#define BALLAST_ACCESS_DENIED          BALLAST_STATUS(0xC0000022)
#define BALLAST_BUFFER_TOO_SMALL       BALLAST_STATUS(0xC0000023)
#define BALLAST_OBJECT_NAME_NOT_FOUND  BALLAST_STATUS(0xC0000034)
#define BALLAST_INSUFFICIENT_RESOURCES BALLAST_STATUS(0xC000009A)
#define BALLAST_MEDIA_WRITE_PROTECTED  BALLAST_STATUS(0xC00000A2)
#define BALLAST_NOT_SUPPORTED          BALLAST_STATUS(0xC00000BB)
#define BALLAST_DEVICE_DOES_NOT_EXIST  BALLAST_STATUS(0xC00000C0)
#define BALLAST_CANCELLED              BALLAST_STATUS(0xC0000120)
#define BALLAST_IO_DEVICE_ERROR        BALLAST_STATUS(0xC0000185)
#define BALLAST_NOT_FOUND              BALLAST_STATUS(0xC0000225)
#define BALLAST_RETRY                  BALLAST_STATUS(0xC000022D)
#define BALLAST_DEVICE_REMOVED         BALLAST_STATUS(0xC00002B6)

static inline int ballast_failed(ballast_status status)
{
    return status < 0;
}

#endif
