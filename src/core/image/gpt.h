/* SPDX-License-Identifier: MIT */
/* The part of partition scanning that reads GPTs; partition.h is the interface. */
#ifndef CORE_IMAGE_GPT_H
#define CORE_IMAGE_GPT_H

#include "core/image/table.h"

/* The partitions of a GPT. False, and nothing has been visited or reported, if neither copy is intact. */
bool gpt_scan(struct partition_scanning *scan);

/* Whether there is a first header, and it is intact. */
bool gpt_is_first(const struct partition_image *image);

/* Where a sector is that begins as a header does, intact or not: the first or the last one; 0: neither. */
uint64_t gpt_trace(const struct partition_image *image);

/* CRC-32 as GPT, zip and Ethernet have it. Begin with crc 0; continue with the last result. */
uint32_t gpt_crc32(uint32_t crc, const void *data, size_t length);

#endif
