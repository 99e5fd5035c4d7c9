/* SPDX-License-Identifier: MIT */
/*
 * pe-describe FILE: what a PE image says of itself, a line each, for audit.sh:
 *
 *   time 0                            its time stamp
 *   build 8181f0e2... NAME.pdb        its build id and its symbols
 *   version 0.1.0.0 0.1.0.0           of the file and of the product
 *   type 3 7                          and subtype, of the version resource
 *   string FileDescription TEXT
 *   message 0xE0040001 TEXT           of its message table
 *
 * Exit status 2 if it is no PE image, or broken.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RESOURCE_MESSAGES 11u
#define RESOURCE_VERSION  16u
#define DIRECTORY         0x80000000u /* of an entry: it leads to another table */
#define VERSION_MAGIC     0xFEEF04BDu

static unsigned char image[16 << 20];
static size_t image_size;

static void broken(const char *what)
{
    fprintf(stderr, "broken: %s\n", what);
    exit(2);
}

static uint32_t load(size_t offset, unsigned bytes)
{
    uint32_t value = 0;
    if (offset > image_size || bytes > image_size - offset) {
        broken("something lies outside the file");
    }
    for (unsigned i = 0; i < bytes; i++) {
        value |= (uint32_t)image[offset + i] << 8 * i;
    }
    return value;
}

static uint32_t load_u32(size_t offset)
{
    return load(offset, 4);
}

static uint32_t load_u16(size_t offset)
{
    return load(offset, 2);
}

static size_t optional_header(void)
{
    size_t pe = load_u32(0x3C);
    if (load_u32(pe) != 0x4550) {
        broken("no PE signature");
    }
    return pe + 24;
}

/* Where in the file what is mapped at this address lies. */
static size_t offset_of(uint32_t address)
{
    size_t header = optional_header();
    unsigned sections = load_u16(header - 24 + 6);
    size_t section = header + load_u16(header - 24 + 20);
    for (unsigned i = 0; i < sections; i++, section += 40) {
        uint32_t begin = load_u32(section + 12);
        uint32_t length = load_u32(section + 16);
        if (address >= begin && address - begin < length) {
            return load_u32(section + 20) + (address - begin);
        }
    }
    broken("an address in no section");
    return 0;
}

/* 0 if the image has none. */
static uint32_t data_directory(unsigned index)
{
    size_t header = optional_header();
    return load_u32(header + (load_u16(header) == 0x20B ? 112 : 96) + 8 * (size_t)index);
}

/* Prints `length` characters of UTF-16, as far as they are ASCII, up to a zero; line ends as spaces. */
static void print_text(size_t offset, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        uint32_t character = load_u16(offset + 2 * i);
        if (character == 0) {
            break;
        }
        if (character != '\r') {
            putchar(character == '\n' ? ' ' : character < 128 ? (int)character : '?');
        }
    }
}

/* ---- debug directory ---- */

static void print_build(void)
{
    uint32_t directory = data_directory(6);
    if (directory == 0) {
        return;
    }
    size_t data = load_u32(offset_of(directory) + 24);
    if (load_u32(data) != 0x53445352) { /* RSDS */
        broken("the debug directory has no CodeView record");
    }
    printf("build ");
    for (size_t i = 0; i < 16; i++) {
        printf("%02x", load(data + 4 + i, 1));
    }
    printf(" %s\n", (const char *)image + data + 24);
}

/* ---- version ---- */

static size_t aligned(size_t from, size_t base)
{
    return base + ((from - base + 3) & ~(size_t)3);
}

/* A node of the version resource at `offset`: length, value length, type, key, value, children. Returns its length. */
static size_t print_version_node(size_t base, size_t offset, unsigned depth)
{
    size_t length = load_u16(offset);
    size_t value_length = load_u16(offset + 2);
    bool text = load_u16(offset + 4) == 1;
    size_t at = offset + 6;
    if (length < 6 || depth > 4) {
        broken("version resource");
    }
    while (load_u16(at) != 0) {
        at += 2;
    }
    at = aligned(at + 2, base);
    if (value_length == 52 && load_u32(at) == VERSION_MAGIC) {
        printf("version");
        for (size_t i = 8; i < 24; i += 8) {
            printf(" %u.%u.%u.%u", load_u16(at + i + 2), load_u16(at + i), load_u16(at + i + 6), load_u16(at + i + 4));
        }
        printf("\ntype %u %u\n", load_u32(at + 36), load_u32(at + 40));
    } else if (text && value_length != 0) {
        printf("string ");
        print_text(offset + 6, SIZE_MAX / 2);
        putchar(' ');
        print_text(at, value_length);
        putchar('\n');
    }
    at = aligned(at + value_length * (text ? 2 : 1), base);
    while (at < offset + length) {
        at = aligned(at + print_version_node(base, at, depth + 1), base);
    }
    return length;
}

static void print_version(size_t data)
{
    (void)print_version_node(data, data, 0);
}

/* ---- messages ---- */

static void print_messages(size_t data)
{
    uint32_t blocks = load_u32(data);
    for (uint32_t i = 0; i < blocks; i++) {
        size_t block = data + 4 + 12 * (size_t)i;
        size_t entry = data + load_u32(block + 8);
        for (uint32_t id = load_u32(block); id <= load_u32(block + 4); id++) {
            size_t length = load_u16(entry);
            if (length < 4 || load_u16(entry + 2) != 1) {
                broken("message table");
            }
            printf("message 0x%08X ", id);
            print_text(entry + 4, (length - 4) / 2);
            putchar('\n');
            entry += length;
        }
    }
}

/* ---- the tree: types, names, languages ---- */

static void print_leaf(size_t base, uint32_t entry, uint32_t type)
{
    while ((entry & DIRECTORY) != 0) { /* the first name, the first language */
        entry = load_u32(base + (entry & ~DIRECTORY) + 20);
    }
    size_t data = offset_of(load_u32(base + entry));
    if (type == RESOURCE_VERSION) {
        print_version(data);
    } else if (type == RESOURCE_MESSAGES) {
        print_messages(data);
    }
}

static void print_resources(void)
{
    uint32_t directory = data_directory(2);
    if (directory == 0) {
        return;
    }
    size_t base = offset_of(directory);
    unsigned entries = load_u16(base + 12) + load_u16(base + 14);
    for (size_t i = 0; i < entries; i++) {
        print_leaf(base, load_u32(base + 16 + 8 * i + 4), load_u32(base + 16 + 8 * i));
    }
}

int main(int argc, char **argv)
{
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    if (file == NULL) {
        fprintf(stderr, "usage: pe-describe FILE\n");
        return 2;
    }
    image_size = fread(image, 1, sizeof(image) - 1, file); /* the last byte ends any text */
    fclose(file);
    printf("time %u\n", load_u32(optional_header() - 24 + 8));
    print_build();
    print_resources();
    return 0;
}
