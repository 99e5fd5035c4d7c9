/* SPDX-License-Identifier: MIT */
/* ballast image create, convert and resize. */

#include "cli/ballast/image.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

/* Copied at a time: a block of most VHDs. Zeros are left out in pieces of PIECE. */
#define CHUNK (2u << 20)
#define PIECE (64u << 10)

/* ---- options ---- */

/* By the option, or else by the name. */
static bool format_option(const struct arguments *arguments, const wchar_t *path, enum image_format *format)
{
    const wchar_t *value = option_value(arguments, L"format");
    if (value == NULL) {
        *format = image_is_named_vhd(path) ? IMAGE_FORMAT_DYNAMIC : IMAGE_FORMAT_RAW;
    } else if (wcscmp(value, L"raw") == 0) {
        *format = IMAGE_FORMAT_RAW;
    } else if (wcscmp(value, L"vhd-fixed") == 0) {
        *format = IMAGE_FORMAT_FIXED;
    } else if (wcscmp(value, L"vhd") == 0) {
        *format = IMAGE_FORMAT_DYNAMIC;
    } else {
        print_error("error: '%s' is not a format to write: raw, vhd or vhd-fixed\n", utf8(value));
        return false;
    }
    return true;
}

static bool block_option(const struct arguments *arguments, uint32_t *block_size)
{
    uint64_t value = 0;
    if (!option_size(arguments, L"block-size", &value)) {
        return false;
    }
    if (value != 0 && (value < 4096 || value > 64u << 20 || (value & (value - 1)) != 0)) {
        print_error("error: blocks are of 4K to 64M, and a power of two\n");
        return false;
    }
    *block_size = (uint32_t)value;
    return true;
}

/* ---- new images ---- */

struct target {
    enum image_format format;
    const wchar_t *path;
    uint64_t size;
    struct vhd_new disk;
    struct vhd_file file; /* it is committed or destroyed in the end */
    struct vhd *vhd;      /* over it, while data are written; NULL: raw, or a fixed VHD without its footer */
};

static enum vhd_kind kind_of(enum image_format format)
{
    return format == IMAGE_FORMAT_FIXED ? VHD_FIXED : format == IMAGE_FORMAT_DYNAMIC ? VHD_DYNAMIC : VHD_DIFFERENCING;
}

/* A VHD's size is of whole sectors; a raw image's need not be. */
static bool fit(struct target *target)
{
    if (target->format != IMAGE_FORMAT_RAW) {
        target->size = (target->size + VHD_SECTOR - 1) / VHD_SECTOR * VHD_SECTOR;
        if (target->size > VHD_MAXIMUM_SIZE) {
            print_error("error: a VHD has no more than 2040 GiB\n");
            return false;
        }
    }
    if (target->size == 0 || target->size > INT64_MAX) {
        print_error("error: an image of %llu bytes is not possible\n", (unsigned long long)target->size);
        return false;
    }
    return true;
}

/*
 * Whatever is to be written goes through the source, which knows neither the source's end nor the footer of a fixed disk:
 * that comes last.
 */
static ballast_status start(struct target *target, struct source **source)
{
    struct vhd_options options = {.writable = true};
    enum vhd_problem problem;
    *source = target->file.source;
    target->disk.kind = kind_of(target->format);
    target->disk.size = target->size;
    target->disk.time = host_time();
    if (!host_unique(target->disk.id)) {
        return BALLAST_UNSUCCESSFUL;
    }
    if (target->format == IMAGE_FORMAT_RAW || target->format == IMAGE_FORMAT_FIXED) {
        return (*source)->operations->resize(*source, target->size);
    }
    ballast_status status = vhd_create(*source, &target->disk, &target->file.length);
    if (ballast_failed(status) || target->format == IMAGE_FORMAT_DIFFERENCING) {
        return status;
    }
    status = vhd_open(&target->file, &options, &target->vhd, &problem);
    if (!ballast_failed(status)) {
        *source = vhd_source(target->vhd);
    }
    return status;
}

/* Puts it into its place. */
static ballast_result finish(struct target *target)
{
    ballast_error error;
    ballast_status status = BALLAST_SUCCESS;
    struct source *file = target->file.source;
    if (target->vhd != NULL) {
        struct source *source = vhd_source(target->vhd);
        status = source->operations->flush(source);
        (void)vhd_detach(target->vhd);
        target->vhd = NULL;
    } else if (target->format == IMAGE_FORMAT_FIXED) {
        status = vhd_create(file, &target->disk, NULL);
    }
    if (ballast_failed(status)) {
        return image_failed("write", target->path, status);
    }
    target->file.source = NULL;
    ballast_result result = host_file_commit(file, &error);
    return result == BALLAST_OK ? result : fail(result, &error);
}

static void abandon(struct target *target)
{
    if (target->vhd != NULL) {
        (void)vhd_detach(target->vhd);
    }
    if (target->file.source != NULL) {
        target->file.source->operations->destroy(target->file.source);
    }
}

/* ---- copying ---- */

/* What is not zeros of a part that lies in one chunk. */
static ballast_status write_data(struct source *to, uint64_t offset, const unsigned char *bytes, size_t length)
{
    ballast_status status = BALLAST_SUCCESS;
    size_t begin = 0; /* of what is not written yet */
    for (size_t at = 0; at < length && !ballast_failed(status); at += PIECE) {
        size_t part = length - at < PIECE ? length - at : PIECE;
        if (platform_is_zero(bytes + at, part)) {
            if (at != begin) {
                status = to->operations->write(to, offset + begin, bytes + begin, at - begin);
            }
            begin = at + part;
        }
    }
    if (begin < length && !ballast_failed(status)) {
        status = to->operations->write(to, offset + begin, bytes + begin, length - begin);
    }
    return status;
}

struct copying {
    struct source *from;
    struct source *to;
    uint64_t length;
    const wchar_t *from_path;
    const wchar_t *to_path;
    struct progress progress;
};

static ballast_result copy_part(const struct copying *copying, uint64_t offset, unsigned char *buffer, size_t length)
{
    ballast_status status = copying->from->operations->read(copying->from, offset, buffer, length);
    if (ballast_failed(status)) {
        return image_failed("read", copying->from_path, status);
    }
    status = write_data(copying->to, offset, buffer, length);
    return ballast_failed(status) ? image_failed("write", copying->to_path, status) : BALLAST_OK;
}

/* What the source knows to be empty is not read. */
static ballast_result copy_all(struct copying *copying)
{
    unsigned char *buffer = malloc(CHUNK);
    ballast_result result = buffer != NULL ? BALLAST_OK : BALLAST_FAILED;
    uint64_t known = 0; /* up to where `data` holds */
    bool data = true;
    for (uint64_t at = 0; at < copying->length && result == BALLAST_OK;) {
        struct source *from = copying->from;
        if (at >= known) {
            known =
                at + (from->operations->extent != NULL ? from->operations->extent(from, at, copying->length - at, &data)
                                                       : copying->length - at);
        }
        uint64_t next = (at / CHUNK + 1) * CHUNK;
        next = !data || next > known ? known : next;
        if (data) {
            result = copy_part(copying, at, buffer, (size_t)(next - at));
        }
        at = next;
        if (result == BALLAST_OK && progress_step(&copying->progress, at, copying->length) != 0) {
            result = BALLAST_INTERRUPTED;
            print_error("error: interrupted\n");
        }
    }
    free(buffer);
    return result;
}

/* Writes a new image with the data of another, if there is one, and puts it into its place. */
static ballast_result produce(const struct arguments *arguments, struct target *target, struct image *from,
                              const wchar_t *from_path, double *seconds)
{
    struct copying copying = {.from_path = from_path, .to_path = target->path};
    ballast_status status = start(target, &copying.to);
    ballast_result result = ballast_failed(status) ? image_failed("write", target->path, status) : BALLAST_OK;
    progress_begin(&copying.progress, "convert", from != NULL && option_given(arguments, L"progress"));
    if (result == BALLAST_OK && from != NULL) {
        copying.from = from->source;
        copying.length = from->size < target->size ? from->size : target->size;
        result = copy_all(&copying);
    }
    if (from != NULL) {
        image_close(from); /* it may be what is replaced */
    }
    if (result == BALLAST_OK) {
        result = finish(target);
    }
    abandon(target);
    *seconds = progress_end(&copying.progress);
    return result;
}

/* ---- results ---- */

static ballast_result print_done(const struct arguments *arguments, const char *verb, const struct target *target,
                                 double seconds)
{
    if (arguments->json) {
        json_open(NULL, '{');
        json_text("image", utf8(target->path));
        json_text("format", image_format_word(target->format));
        json_number("size_bytes", target->size);
        json_real("seconds", seconds);
        json_close('}');
        json_end();
    } else {
        print("%s '%s': %s, %llu bytes (%s)\n", verb, utf8(target->path), image_format_word(target->format),
              (unsigned long long)target->size, size_text(target->size));
    }
    return BALLAST_OK;
}

/* ---- create ---- */

static ballast_result create_target(const struct arguments *arguments, struct target *target)
{
    ballast_error error;
    interrupt_watch(); /* so that nothing is left beside */
    ballast_result result = host_file_create(target->path, option_given(arguments, L"force"), &target->file, &error);
    return result == BALLAST_OK ? result : fail(result, &error);
}

/* The parent's name as the child's directory has it: they lie in one, or the parent below it. */
static bool relative_name(const wchar_t *child, const wchar_t *parent, uint16_t name[VHD_PARENT_NAME])
{
    const wchar_t *last = host_last_separator(child);
    size_t length = last != NULL ? (size_t)(last - child) + 1 : 0;
    const wchar_t *rest = wcsncmp(child, parent, length) == 0 ? parent + length : parent;
    size_t units = 0;
    for (; *rest != 0 && units + 5 < VHD_PARENT_NAME; rest++) {
        uint32_t character = (uint32_t)*rest;
        if (character >= 0x10000) {
            name[units++] = (uint16_t)(0xD7C0 + (character >> 10));
            character = 0xDC00 + (character & 0x3FF);
        }
        name[units++] = (uint16_t)(character == '\\' ? '/' : character);
    }
    name[units] = 0;
    return *rest == 0 && vhd_name_allowed(name);
}

static ballast_result create_child(const struct arguments *arguments, struct target *target)
{
    const wchar_t *parent_path = option_value(arguments, L"parent");
    uint16_t name[VHD_PARENT_NAME];
    struct image parent;
    double seconds = 0;
    if (host_file_same(parent_path, target->path)) {
        print_error("error: '%s' would be its own parent\n", utf8(parent_path));
        return BALLAST_INVALID_ARGUMENT;
    }
    ballast_result result = image_open(arguments, parent_path, false, &parent, NULL);
    if (result != BALLAST_OK) {
        return result;
    }
    if (parent.vhd == NULL || !relative_name(target->path, parent_path, name) ||
        !image_name_leads_to(target->path, name, parent_path)) {
        print_error(parent.vhd == NULL ? "error: '%s' is not a VHD; 'image convert' makes one of it\n"
                                       : "error: '%s' is neither in the directory of the new image nor below it\n",
                    utf8(parent_path));
        image_close(&parent);
        return BALLAST_INVALID_ARGUMENT;
    }
    target->format = IMAGE_FORMAT_DIFFERENCING;
    target->size = target->size != 0 ? target->size : parent.size;
    target->disk.parent = parent.vhd;
    target->disk.parent_modified = parent.file.modified;
    target->disk.parent_name = name;
    result = fit(target) ? create_target(arguments, target) : BALLAST_INVALID_ARGUMENT;
    if (result == BALLAST_OK) {
        result = produce(arguments, target, NULL, NULL, &seconds);
    }
    image_close(&parent);
    target->disk.parent = NULL;
    target->disk.parent_name = NULL;
    return result == BALLAST_OK ? print_done(arguments, "Created", target, seconds) : result;
}

ballast_result image_create(const struct arguments *arguments)
{
    struct target target = {.path = arguments->positions[0]};
    bool child = option_given(arguments, L"parent");
    double seconds = 0;
    if (!option_size(arguments, L"size", &target.size) || !block_option(arguments, &target.disk.block_size) ||
        !format_option(arguments, target.path, &target.format)) {
        return BALLAST_INVALID_ARGUMENT;
    }
    if (child) {
        return create_child(arguments, &target);
    }
    if (target.size == 0) {
        print_error("error: --size is missing\n");
        return BALLAST_INVALID_ARGUMENT;
    }
    ballast_result result = fit(&target) ? create_target(arguments, &target) : BALLAST_INVALID_ARGUMENT;
    if (result == BALLAST_OK) {
        result = produce(arguments, &target, NULL, NULL, &seconds);
    }
    return result == BALLAST_OK ? print_done(arguments, "Created", &target, seconds) : result;
}

/* ---- convert ---- */

ballast_result image_convert(const struct arguments *arguments)
{
    const wchar_t *from_path = arguments->positions[0];
    struct target target = {.path = arguments->positions[1]};
    struct image from;
    double seconds = 0;
    if (!block_option(arguments, &target.disk.block_size) || !format_option(arguments, target.path, &target.format)) {
        return BALLAST_INVALID_ARGUMENT;
    }
    if (host_file_same(from_path, target.path)) {
        print_error("error: '%s' is the image itself\n", utf8(target.path));
        return BALLAST_INVALID_ARGUMENT;
    }
    ballast_result result = image_open(arguments, from_path, false, &from, NULL);
    if (result != BALLAST_OK) {
        return result;
    }
    target.size = from.size;
    result = fit(&target) ? create_target(arguments, &target) : BALLAST_INVALID_ARGUMENT;
    if (result == BALLAST_OK) {
        result = produce(arguments, &target, &from, from_path, &seconds);
    }
    image_close(&from);
    return result == BALLAST_OK ? print_done(arguments, "Converted to", &target, seconds) : result;
}

/* ---- resize ---- */

/* A fixed VHD has one footer, at its end, so that it is made anew: at no moment is there none. */
static ballast_result resize_anew(const struct arguments *arguments, struct target *target, struct image *from)
{
    ballast_error error;
    double seconds;
    interrupt_watch();
    ballast_result result = host_file_create(target->path, true, &target->file, &error);
    return result == BALLAST_OK ? produce(arguments, target, from, target->path, &seconds) : fail(result, &error);
}

static ballast_result resize_in_place(const struct arguments *arguments, const struct target *target)
{
    struct image image;
    ballast_result result = image_open(arguments, target->path, true, &image, NULL);
    if (result == BALLAST_OK) {
        ballast_status status = image.source->operations->resize(image.source, target->size);
        status = ballast_failed(status) ? status : image.source->operations->flush(image.source);
        result = ballast_failed(status) ? image_failed("resize", target->path, status) : BALLAST_OK;
        image_close(&image);
    }
    return result;
}

static bool may_resize(const struct arguments *arguments, const struct image *image, uint64_t size)
{
    if (image->format == IMAGE_FORMAT_DIFFERENCING) {
        print_error("error: a differencing disk has the size that it was made with; convert it first\n");
        return false;
    }
    if (size < image->size && !option_given(arguments, L"shrink")) {
        print_error("error: that would cut off %s; --shrink does so\n", size_text(image->size - size));
        return false;
    }
    return true;
}

ballast_result image_resize(const struct arguments *arguments)
{
    struct target target = {.path = arguments->positions[0]};
    struct image image;
    if (!parse_size(arguments->positions[1], &target.size)) {
        return BALLAST_INVALID_ARGUMENT;
    }
    ballast_result result = image_open(arguments, target.path, false, &image, NULL);
    if (result != BALLAST_OK) {
        return result;
    }
    target.format = image.format;
    if (!fit(&target) || !may_resize(arguments, &image, target.size)) {
        result = BALLAST_INVALID_ARGUMENT;
    } else if (target.size != image.size && image.format == IMAGE_FORMAT_FIXED) {
        result = resize_anew(arguments, &target, &image);
    } else if (target.size != image.size) {
        image_close(&image);
        result = resize_in_place(arguments, &target);
    }
    image_close(&image);
    return result == BALLAST_OK ? print_done(arguments, "Resized", &target, 0) : result;
}
