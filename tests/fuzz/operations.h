/* SPDX-License-Identifier: MIT */
/*
 * The language of disk_fuzz.c, and of ai_fuzz.c with differences that it tells: a byte string is a sequence of
 * operations. Numbers are little-endian; what is missing at the end is zero. record.c writes it.
 *
 *   OPEN slot device rights        device: 0 control device, n + 1: disk n, 0x80 + 16 * f + n: file f on disk n; rights as
 *                                  TARGET_*
 *   CLOSE slot
 *   IOCTL slot mode code:4 input_length:2 output_length:2 input
 *   READ slot mode offset:8 length:4
 *   WRITE slot mode offset:8 length:4
 *   FLUSH slot
 *   CANCEL request                 of those that were begun with MODE_BEGIN
 *   WAIT request
 *   IMAGE name_length name size:4  creates or replaces an image
 *   TRUNCATE name_length name size:4
 *   DELETE name_length name
 *   FAULT n                        the n-th fallible kernel call from here on fails
 *   FAIL on                        the volume does not read or write from here on, or does again
 */
#ifndef TESTS_FUZZ_OPERATIONS_H
#define TESTS_FUZZ_OPERATIONS_H

enum operation {
    OPERATION_OPEN,
    OPERATION_CLOSE,
    OPERATION_IOCTL,
    OPERATION_READ,
    OPERATION_WRITE,
    OPERATION_FLUSH,
    OPERATION_CANCEL,
    OPERATION_WAIT,
    OPERATION_IMAGE,
    OPERATION_TRUNCATE,
    OPERATION_DELETE,
    OPERATION_FAULT,
    OPERATION_FAIL,
    OPERATIONS,
};

/* Bits of mode. */
#define MODE_BEGIN     0x01u /* do not wait for the request */
#define MODE_DISPATCH  0x02u /* at DISPATCH_LEVEL */
#define MODE_INTERNAL  0x04u /* as IRP_MJ_INTERNAL_DEVICE_CONTROL */
#define MODE_VOLUME    0x08u /* to the file system: FSCTL_LOCK_VOLUME and the three others, by the code modulo 4 */

#define SLOTS          8u
#define REQUESTS       8u
#define NAME_MAXIMUM   15u
#define TRANSFER_LIMIT (256u << 10)
#define IMAGE_LIMIT    (4u << 20)
#define POOL_LIMIT     (16u << 20) /* a request of a few bytes can have a large disk filled */

#endif
