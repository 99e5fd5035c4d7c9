/* SPDX-License-Identifier: MIT */
#include "tests/unit/look_image.h"
#include "tests/harness/test.h"

#include <string.h>

unsigned char image[SIZE];
uint64_t image_size;
uint32_t reads_until_failure;
uint64_t bytes_read;
struct look look;

static bool read_image(void *context, uint64_t offset, void *buffer, uint32_t length)
{
    (void)context;
    if (offset > image_size || image_size - offset < length ||
        (reads_until_failure != 0 && --reads_until_failure == 0)) {
        return false;
    }
    bytes_read += length;
    memcpy(buffer, image + offset, length);
    return true;
}

void clear(void)
{
    memset(image, 0, sizeof(image));
    image_size = sizeof(image);
    reads_until_failure = 0;
}

void put(size_t offset, const void *bytes, size_t length)
{
    memcpy(image + offset, bytes, length);
}

void put_little(size_t offset, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        image[offset + i] = (unsigned char)(value >> 8 * i);
    }
}

void put_big(size_t offset, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        image[offset + i] = (unsigned char)(value >> 8 * (bytes - 1 - i));
    }
}

struct image_reader image_reader(void)
{
    return (struct image_reader){.read = read_image, .length = image_size};
}

bool look_with(struct look_options options, const char *name)
{
    static uint16_t wide[64];
    struct image_reader reader = image_reader();
    options.name = wide;
    options.name_length = test_widen(name, wide);
    return look_at_image(&reader, &options, &look);
}

bool look_at(const char *name)
{
    return look_with((struct look_options){.raw = false}, name);
}

void put_iso(size_t offset)
{
    put(offset + 0x8000, "\1CD001\1", 7);
}

void put_udf_checksum(size_t anchor)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < 16; i++) {
        sum += i != 4 ? image[anchor + i] : 0;
    }
    image[anchor + 4] = (unsigned char)sum;
}

void put_udf(size_t offset, uint32_t sector)
{
    size_t anchor = offset + (size_t)256 * sector;
    put(offset + 0x8000, "\0BEA01\1", 7);
    put(offset + 0x8800, "\0NSR03\1", 7);
    put(offset + 0x9000, "\0TEA01\1", 7);
    put_little(anchor, 2, 2);
    put_little(anchor + 2, 3, 2);
    put_little(anchor + 12, 256, 4);
    put_udf_checksum(anchor);
}

void put_bpb(size_t offset, unsigned sector, unsigned per_track, unsigned heads, unsigned total, unsigned media)
{
    put_little(offset + 11, sector, 2);
    image[offset + 13] = 1;
    put_little(offset + 14, 1, 2);
    image[offset + 16] = 2;
    put_little(offset + 17, 112, 2);
    put_little(offset + 19, total, 2);
    image[offset + 21] = (unsigned char)media;
    put_little(offset + 22, 3, 2);
    put_little(offset + 24, per_track, 2);
    put_little(offset + 26, heads, 2);
}

void put_entry(size_t sector, unsigned i, unsigned type, uint32_t start, uint32_t length)
{
    size_t entry = sector * 512 + 446 + (size_t)i * 16;
    put_little(sector * 512 + 510, 0xAA55, 2);
    image[entry + 4] = (unsigned char)type;
    put_little(entry + 8, start, 4);
    put_little(entry + 12, length, 4);
}

void put_vhd_footer(size_t offset, unsigned type, uint64_t size)
{
    uint32_t sum = 0;
    put(offset, "conectix", 8);
    put_big(offset + 48, size, 8);
    put_big(offset + 60, type, 4);
    put_big(offset + 64, 0, 4);
    for (unsigned i = 0; i < 512; i++) {
        sum += image[offset + i];
    }
    put_big(offset + 64, ~sum, 4);
}
