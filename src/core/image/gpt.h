/* SPDX-License-Identifier: MIT */
/* The part of partition scanning that reads GPTs; partition.h is the interface. */
#ifndef CORE_IMAGE_GPT_H
#define CORE_IMAGE_GPT_H

#include "core/image/partition.h"

/* partition_scan's for an image with a protective MBR; image->sector_size is set. */
enum partition_result gpt_scan(const struct partition_image *image, partition_visitor *visit, void *context);

/* CRC-32 as GPT, zip and Ethernet have it. Begin with crc 0; continue with the last result. */
uint32_t gpt_crc32(uint32_t crc, const void *data, size_t length);

#endif
