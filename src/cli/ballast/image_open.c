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

bool image_is_named_vhd(const wchar_t *path)
{
    size_t length = wcslen(path);
    return length > 4 && (wcscmp(path + length - 4, L".vhd") == 0 || wcscmp(path + length - 4, L".VHD") == 0);
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

/* The path of a name in a directory; the caller's to free. NULL: no memory. */
static wchar_t *path_in(const wchar_t *directory, size_t length, const uint16_t *name)
{
    wchar_t *path = malloc((length + VHD_PARENT_NAME + 1) * sizeof(*path));
    if (path != NULL) {
        wmemcpy(path, directory, length);
        append_name(path + length, name);
    }
    return path;
}

/* How much of a path is the directory of the file, with the separator. */
static size_t directory_length(const wchar_t *path)
{
    const wchar_t *last = host_last_separator(path);
    return last != NULL ? (size_t)(last - path) + 1 : 0;
}

bool image_name_leads_to(const wchar_t *child, const uint16_t *name, const wchar_t *parent)
{
    wchar_t *path = path_in(child, directory_length(child), name);
    bool leads = path != NULL && host_file_same(path, parent);
    free(path);
    return leads;
}

static ballast_status open_in(const wchar_t *directory, size_t length, const uint16_t *name, struct vhd_file *file)
{
    ballast_error error;
    wchar_t *path = path_in(directory, length, name);
    if (path == NULL) {
        return BALLAST_INSUFFICIENT_RESOURCES;
    }
    ballast_result result = host_file_open(path, false, file, &error);
    free(path);
    return result == BALLAST_OK          ? BALLAST_SUCCESS
           : result == BALLAST_NOT_FOUND ? BALLAST_OBJECT_NAME_NOT_FOUND
                                         : BALLAST_ACCESS_DENIED;
}

static ballast_status open_parent(void *context, const uint16_t *name, struct vhd_file *file)
{
    const struct directories *directories = context;
    size_t length = directory_length(directories->child);
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
    /* A fixed VHD that was cut has nothing but its name to tell what it was. */
    if (container == IMAGE_VHD || container == IMAGE_VHD_FIXED ||
        (container == IMAGE_RAW && image_is_named_vhd(path))) {
        result = open_vhd(arguments, path, writable, image, problem);
    } else if (container != IMAGE_RAW) {
        print_error("error: '%s' is a %s: %s\n", utf8(path), image_container_name(container),
                    image_container_advice(container));
        result = BALLAST_INVALID_ARGUMENT;
    }
    uint64_t end;
    if (result != BALLAST_OK) {
        image->file.source->operations->destroy(image->file.source);
    } else if (container == IMAGE_RAW && look_ends_like_vhd(&reader, &end)) {
        print_note("note: '%s': %s\n", utf8(path), partition_result_text(PARTITION_NO_FOOTER));
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
