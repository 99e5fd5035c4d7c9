/* SPDX-License-Identifier: MIT */
/* The image commands: their options and help. */

#include "cli/ballast/image.h"

#define PARENTS                                                                  \
    {L"parent-dir", L"DIR", "where parents are looked for, too"},                \
    {                                                                            \
        L"any-time", NULL, "a parent may have been changed or copied since then" \
    }
#define PROGRESS                                                   \
    {                                                              \
        L"progress", NULL, "show progress even without a terminal" \
    }
#define FORCE                                        \
    {                                                \
        L"force", NULL, "replace a file that exists" \
    }
#define FORMAT                                                                            \
    {                                                                                     \
        L"format", L"FORMAT", "raw, vhd (dynamic) or vhd-fixed; by the name if not given" \
    }
#define BLOCK                                                           \
    {                                                                   \
        L"block-size", L"SIZE", "of a dynamic or differencing VHD (2M)" \
    }
#define END              \
    {                    \
        NULL, NULL, NULL \
    }

static const struct option read_options[] = {PARENTS, END};
static const struct option create_options[] = {
    {L"size", L"SIZE", "of the disk; a parent's size if not given"},
    FORMAT,
    {L"parent", L"FILE", "make a differencing VHD of this one"},
    BLOCK,
    FORCE,
    PARENTS,
    END,
};
static const struct option convert_options[] = {FORMAT, BLOCK, FORCE, PROGRESS, PARENTS, END};
static const struct option resize_options[] = {
    {L"shrink", NULL, "cut off what lies behind the new end"}, PROGRESS, PARENTS, END};

const struct command image_commands[] = {
#ifdef _WIN32
    {L"image", L"look", "FILE", 1, 1, "Say what an image is, and list its partitions", "Nothing is changed.\n",
     image_look_options, image_look},
#endif
    {L"image", L"info", "FILE", 1, 1, "Show format, size and parents", "", read_options, image_info},
    {L"image", L"create", "FILE", 1, 1, "Make an empty image",
     "A child holds what differs from its parent, which must not be changed any more.\n", create_options, image_create},
    {L"image", L"convert", "FROM TO", 2, 2, "Copy the disk of an image into a new image",
     "TO is written beside its place and put there when it is complete. Zeros are left out.\n", convert_options,
     image_convert},
    {L"image", L"check", "FILE", 1, 1, "Check a VHD and its parents", "Nothing is changed.\n", read_options,
     image_check},
    {L"image", L"resize", "FILE SIZE", 2, 2, "Give the disk of an image another size", "", resize_options,
     image_resize},
    {L"image", L"partitions", "FILE", 1, 1, "List the partitions of the disk in an image", "", read_options,
     image_partitions},
};
const size_t image_command_count = sizeof(image_commands) / sizeof(image_commands[0]);
