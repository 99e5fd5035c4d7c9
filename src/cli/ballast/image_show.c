/* SPDX-License-Identifier: MIT */
/* ballast image info, check and partitions. */

#include "cli/ballast/image.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/ballast/console.h"

#define ID_TEXT 40

/* A VHD's id has its bytes as they are written. */
static void id_text(const uint8_t id[16], char text[ID_TEXT])
{
    size_t used = 0;
    for (size_t i = 0; i < 16; i++) {
        bool dash = i == 4 || i == 6 || i == 8 || i == 10;
        used += (size_t)snprintf(text + used, ID_TEXT - used, "%s%02x", dash ? "-" : "", id[i]);
    }
}

/* ---- info ---- */

/* What the file takes of its disk, if that is known. */
static bool allocated(const struct image *image, uint64_t *bytes)
{
    struct source_usage usage;
    struct source *file = image->file.source;
    bool known = file->operations->usage(file, &usage);
    *bytes = known ? usage.allocated_bytes : 0;
    return known;
}

static void info_json(const wchar_t *path, const struct image *image)
{
    struct vhd_information vhd = {.kind = VHD_FIXED};
    char id[ID_TEXT];
    uint64_t bytes;
    json_open(NULL, '{');
    json_text("image", utf8(path));
    json_text("format", image_format_word(image->format));
    json_number("size_bytes", image->size);
    json_number("file_bytes", image->file.length);
    if (allocated(image, &bytes)) {
        json_number("allocated_bytes", bytes);
    } else {
        json_null("allocated_bytes");
    }
    if (image->vhd != NULL) {
        vhd_information(image->vhd, &vhd);
        id_text(vhd.id, id);
    }
    json_text_or_null("id", image->vhd != NULL ? id : NULL);
    json_text_or_null("creator", image->vhd != NULL ? vhd.creator : NULL);
    json_number("block_bytes", vhd.block_size);
    json_number("blocks", vhd.blocks);
    json_number("blocks_allocated", vhd.allocated);
    json_text_or_null("parent", vhd.parent[0] != 0 ? utf8_of_utf16(vhd.parent) : NULL);
    json_number("parents", vhd.depth);
    json_close('}');
    json_end();
}

static void info_print(const wchar_t *path, const struct image *image)
{
    struct vhd_information vhd;
    char id[ID_TEXT];
    uint64_t bytes;
    print("Image:        %s\n", utf8(path));
    print("Format:       %s\n", image_format_word(image->format));
    print("Disk:         %llu bytes (%s)\n", (unsigned long long)image->size, size_text(image->size));
    if (allocated(image, &bytes)) {
        print("File:         %llu bytes, %s of them stored\n", (unsigned long long)image->file.length,
              size_text(bytes));
    } else {
        print("File:         %llu bytes\n", (unsigned long long)image->file.length);
    }
    if (image->vhd == NULL) {
        return;
    }
    vhd_information(image->vhd, &vhd);
    id_text(vhd.id, id);
    print("Id:           %s\n", id);
    if (vhd.block_size != 0) {
        print("Blocks:       %u of %u, %s each\n", vhd.allocated, vhd.blocks, size_text(vhd.block_size));
    }
    if (vhd.parent[0] != 0) {
        print("Parent:       %s%s\n", utf8_of_utf16(vhd.parent), vhd.depth > 1 ? ", and its parents" : "");
    }
}

ballast_result image_info(const struct arguments *arguments)
{
    struct image image;
    ballast_result result = image_open(arguments, arguments->positions[0], false, &image, NULL);
    if (result != BALLAST_OK) {
        return result;
    }
    if (arguments->json) {
        info_json(arguments->positions[0], &image);
    } else {
        info_print(arguments->positions[0], &image);
    }
    image_close(&image);
    return BALLAST_OK;
}

/* ---- check ---- */

static void print_problem(void *context, enum vhd_problem problem)
{
    const struct arguments *arguments = context;
    if (arguments->json) {
        json_open(NULL, '{');
        json_text("problem", vhd_problem_word(problem));
        json_text("text", vhd_problem_text(problem));
        json_close('}');
    } else {
        print("Note:         %s\n", vhd_problem_text(problem));
    }
}

/* Opening it has checked all but what harms nobody; a damaged one has been named. */
ballast_result image_check(const struct arguments *arguments)
{
    struct arguments copy = *arguments;
    struct image image;
    ballast_result result = image_open(arguments, arguments->positions[0], false, &image, NULL);
    if (result != BALLAST_OK) {
        return result;
    }
    if (arguments->json) {
        json_open(NULL, '{');
        json_text("image", utf8(arguments->positions[0]));
        json_text("format", image_format_word(image.format));
        json_open("notes", '[');
    }
    if (image.vhd != NULL) {
        vhd_check(image.vhd, print_problem, &copy);
    }
    if (arguments->json) {
        json_close(']');
        json_close('}');
        json_end();
    } else {
        print("'%s' is intact: %s\n", utf8(arguments->positions[0]), image_format_word(image.format));
    }
    image_close(&image);
    return BALLAST_OK;
}

/* ---- partitions ---- */

static bool read_disk(void *context, uint64_t offset, void *buffer, uint32_t length)
{
    const struct image *image = context;
    return offset <= image->size && length <= image->size - offset &&
           !ballast_failed(image->source->operations->read(image->source, offset, buffer, length));
}

static ballast_result look(const struct arguments *arguments, struct image *image, struct look *found)
{
    struct image_reader reader = {read_disk, image, image->size};
    struct look_options options = {.raw = true};
    if (!look_at_image(&reader, &options, found)) {
        print_error("error: cannot read '%s'\n", utf8(arguments->positions[0]));
        return BALLAST_FAILED;
    }
    if (arguments->json) {
        json_open(NULL, '{');
        json_text("image", utf8(arguments->positions[0]));
        json_text("format", image_format_word(image->format));
        json_number("size_bytes", image->size);
        json_text_or_null("file_system", found->volume != VOLUME_UNKNOWN ? volume_kind_word(found->volume) : NULL);
        image_json_table(found);
        json_close('}');
        json_end();
    } else {
        print("Image:        %s\n", utf8(arguments->positions[0]));
        print("File system:  %s\n", found->volume != VOLUME_UNKNOWN ? volume_kind_name(found->volume) : "-");
        image_print_table(found);
    }
    return BALLAST_OK;
}

ballast_result image_partitions(const struct arguments *arguments)
{
    struct image image;
    ballast_result result = image_open(arguments, arguments->positions[0], false, &image, NULL);
    if (result != BALLAST_OK) {
        return result;
    }
    struct look *found = malloc(sizeof(*found));
    if (found != NULL) {
        result = look(arguments, &image, found);
    } else {
        result = BALLAST_FAILED;
        print_error("error: out of memory\n");
    }
    free(found);
    image_close(&image);
    return result;
}
