/* SPDX-License-Identifier: MIT */
/* Opening images and the parents of differencing ones. */

#include "cli/ballast/image.h"

#include <stdlib.h>
#include <wchar.h>

const char *image_format_word(enum image_format format)
{
    static const char *const words[] = {"raw", "vhd-fixed", "vhd", "vhd-diff"};
    return words[format];
}

ballast_result image_failed(const char *what, const wchar_t *path, ballast_status status)
{
    ballast_error error;
    if (status == BALLAST_IO_DEVICE_ERROR) {
        host_file_failure(&error);
        print_error("error: cannot %s '%s': %s\n", what, utf8(path), error.message);
    } else if (status == BALLAST_INSUFFICIENT_RESOURCES) {
        print_error("error: cannot %s '%s': out of memory\n", what, utf8(path));
    } else {
        print_error("error: cannot %s '%s': that is not possible (status %08x)\n", what, utf8(path), (unsigned)status);
    }
    return BALLAST_FAILED;
}

/* ---- parents ---- */

struct directories {
    const wchar_t *child;  /* path of the disk that was asked for */
    const wchar_t *parent; /* a directory; NULL: none */
};

/* Characters above U+FFFF are two units in a name, and one in a path if wchar_t is wide enough. */
static void append_name(wchar_t *path, const uint16_t *name)
{
    for (; *name != 0; name++) {
        uint32_t character = *name;
        if (sizeof(wchar_t) > 2 && character >= 0xD800 && character < 0xDC00 && name[1] >= 0xDC00 && name[1] < 0xE000) {
            name++;
            character = 0x10000 + ((character & 0x3FF) << 10) + (*name & 0x3FFu);
        }
        *path++ = (wchar_t)character;
    }
    *path = 0;
}

static ballast_status open_in(const wchar_t *directory, size_t length, const uint16_t *name, struct vhd_file *file)
{
    ballast_error error;
    wchar_t *path = malloc((length + VHD_PARENT_NAME + 1) * sizeof(*path));
    if (path == NULL) {
        return BALLAST_INSUFFICIENT_RESOURCES;
    }
    wmemcpy(path, directory, length);
    append_name(path + length, name);
    ballast_result result = host_file_open(path, false, file, &error);
    free(path);
    return result == BALLAST_OK          ? BALLAST_SUCCESS
           : result == BALLAST_NOT_FOUND ? BALLAST_OBJECT_NAME_NOT_FOUND
                                         : BALLAST_ACCESS_DENIED;
}

static ballast_status open_parent(void *context, const uint16_t *name, struct vhd_file *file)
{
    const struct directories *directories = context;
    const wchar_t *last = host_last_separator(directories->child);
    size_t length = last != NULL ? (size_t)(last - directories->child) + 1 : 0;
    ballast_status status = open_in(directories->child, length, name, file);
    if (status != BALLAST_OBJECT_NAME_NOT_FOUND || directories->parent == NULL) {
        return status;
    }
    length = wcslen(directories->parent);
    wchar_t *directory = malloc((length + 2) * sizeof(*directory));
    if (directory == NULL) {
        return BALLAST_INSUFFICIENT_RESOURCES;
    }
    wmemcpy(directory, directories->parent, length);
    directory[length] = L'/';
    status = open_in(directory, length + 1, name, file);
    free(directory);
    return status;
}

/* ---- opening ---- */

static bool read_file(void *context, uint64_t offset, void *buffer, uint32_t length)
{
    struct source *source = context;
    return !ballast_failed(source->operations->read(source, offset, buffer, length));
}

static ballast_result open_vhd(const struct arguments *arguments, const wchar_t *path, bool writable,
                               struct image *image, enum vhd_problem *problem)
{
    struct directories directories = {path, option_value(arguments, L"parent-dir")};
    struct vhd_opener opener = {open_parent, &directories};
    struct vhd_options options = {
        .writable = writable, .any_time = option_given(arguments, L"any-time"), .opener = &opener};
    struct vhd_information information;
    ballast_status status = vhd_open(&image->file, &options, &image->vhd, problem);
    if (ballast_failed(status)) {
        print_error("error: cannot open '%s': %s\n", utf8(path), vhd_problem_text(*problem));
        return status == BALLAST_OBJECT_NAME_NOT_FOUND ? BALLAST_NOT_FOUND : BALLAST_FAILED;
    }
    vhd_information(image->vhd, &information);
    image->source = vhd_source(image->vhd);
    image->size = information.size;
    image->format = information.kind == VHD_FIXED     ? IMAGE_FORMAT_FIXED
                    : information.kind == VHD_DYNAMIC ? IMAGE_FORMAT_DYNAMIC
                                                      : IMAGE_FORMAT_DIFFERENCING;
    return BALLAST_OK;
}

ballast_result image_open(const struct arguments *arguments, const wchar_t *path, bool writable, struct image *image,
                          enum vhd_problem *problem)
{
    ballast_error error;
    enum vhd_problem ignored = VHD_NO_PROBLEM;
    *image = (struct image){.vhd = NULL};
    problem = problem != NULL ? problem : &ignored;
    *problem = VHD_NO_PROBLEM;
    ballast_result result = host_file_open(path, writable, &image->file, &error);
    if (result != BALLAST_OK) {
        return fail(result, &error);
    }
    image->source = image->file.source;
    image->size = image->file.length;
    struct image_reader reader = {read_file, image->file.source, image->file.length};
    enum image_container container = signature_container(&reader);
    if (container == IMAGE_VHD || container == IMAGE_VHD_FIXED) {
        result = open_vhd(arguments, path, writable, image, problem);
    } else if (container != IMAGE_RAW) {
        print_error("error: '%s' is a %s: %s\n", utf8(path), image_container_name(container),
                    image_container_advice(container));
        result = BALLAST_INVALID_ARGUMENT;
    }
    if (result != BALLAST_OK) {
        image->file.source->operations->destroy(image->file.source);
    }
    return result;
}

void image_close(struct image *image)
{
    if (image->source != NULL) {
        image->source->operations->destroy(image->source);
        image->source = NULL;
    }
}
