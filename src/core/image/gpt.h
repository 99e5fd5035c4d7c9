/* SPDX-License-Identifier: MIT */
/* The part of partition scanning that reads GPTs; partition.h is the interface. */
#ifndef CORE_IMAGE_GPT_H
#define CORE_IMAGE_GPT_H

#include "core/image/table.h"

/* The partitions of a GPT. False, and nothing has been visited or reported, if neither copy is intact. */
bool gpt_scan(struct partition_scanning *scan);

/* CRC-32 as GPT, zip and Ethernet have it. Begin with crc 0; continue with the last result. */
uint32_t gpt_crc32(uint32_t crc, const void *data, size_t length);

#endif
