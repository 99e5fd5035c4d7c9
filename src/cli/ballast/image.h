/* SPDX-License-Identifier: MIT */
/* What the files of the image commands share. */
#ifndef CLI_BALLAST_IMAGE_H
#define CLI_BALLAST_IMAGE_H

#include "cli/ballast/host_file.h"
#include "core/image/look.h"

enum image_format {
    IMAGE_FORMAT_RAW,
    IMAGE_FORMAT_FIXED,
    IMAGE_FORMAT_DYNAMIC,
    IMAGE_FORMAT_DIFFERENCING,
};

/* "raw", "vhd-fixed", "vhd", "vhd-diff". */
const char *image_format_word(enum image_format format);

/* Whether a path ends with .vhd. What is not one then is damaged. */
bool image_is_named_vhd(const wchar_t *path);

/* Whether the name, in the directory of the child, is that of the parent. */
bool image_name_leads_to(const wchar_t *child, const uint16_t *name, const wchar_t *parent);

/* An image that is open: the disk in it as a source, whatever the format is. */
struct image {
    enum image_format format;
    struct source *source;
    uint64_t size;        /* of the disk */
    struct vhd *vhd;      /* the same; NULL: raw */
    struct vhd_file file; /* its source is below, and not to be destroyed */
};

/* Opens an image by the options `parent-dir` and `any-time`; prints what is wrong. *problem, if not NULL, is a VHD's. */
ballast_result image_open(const struct arguments *arguments, const wchar_t *path, bool writable, struct image *image,
                          enum vhd_problem *problem);
void image_close(struct image *image); /* again: nothing happens */

/* Prints that an operation on the file has failed, and why. */
ballast_result image_failed(const char *what, const wchar_t *path, ballast_status status);

/* ---- partitions ---- */

/* What image look and image partitions print of a look. */
void image_print_table(const struct look *look);
void image_json_table(const struct look *look);

/* How many partitions are listed. */
size_t image_listed(const struct look *look);

/* ---- commands ---- */

ballast_result image_look(const struct arguments *arguments);
ballast_result image_info(const struct arguments *arguments);
ballast_result image_check(const struct arguments *arguments);
ballast_result image_partitions(const struct arguments *arguments);
ballast_result image_create(const struct arguments *arguments);
ballast_result image_convert(const struct arguments *arguments);
ballast_result image_resize(const struct arguments *arguments);

extern const struct option image_look_options[];

#endif
