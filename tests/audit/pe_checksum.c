/* SPDX-License-Identifier: MIT */
/*
 * pe-checksum FILE: whether the CheckSum in a PE image's optional header is right. Exit status 0 if so. Windows loads no
 * driver with a wrong one.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define OFFSET_OF_PE_OFFSET 0x3C
#define OFFSET_OF_CHECKSUM  88 /* from the PE signature: 4 + 20 of the file header + 64 of the optional header */

static uint32_t load_u32(const unsigned char *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

int main(int argc, char **argv)
{
    static unsigned char image[16 << 20];
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    if (file == NULL) {
        fprintf(stderr, "usage: pe-checksum FILE\n");
        return 2;
    }
    size_t size = fread(image, 1, sizeof(image) - 1, file);
    fclose(file);
    if (size < OFFSET_OF_PE_OFFSET + 4 || load_u32(image + OFFSET_OF_PE_OFFSET) > size - OFFSET_OF_CHECKSUM - 4) {
        fprintf(stderr, "%s is no PE image\n", argv[1]);
        return 2;
    }
    size_t field = load_u32(image + OFFSET_OF_PE_OFFSET) + OFFSET_OF_CHECKSUM;
    /* The sum of all 16-bit words with end-around carry, the field itself taken as zero, plus the length. */
    uint32_t sum = 0;
    for (size_t i = 0; i < size; i += 2) {
        if (i != field && i != field + 2) {
            sum += image[i] | (uint32_t)image[i + 1] << 8;
            sum = (sum & 0xFFFF) + (sum >> 16);
        }
    }
    sum += (uint32_t)size;
    if (sum != load_u32(image + field)) {
        printf("%s: checksum is 0x%08x, not 0x%08x\n", argv[1], load_u32(image + field), sum);
        return 1;
    }
    return 0;
}
