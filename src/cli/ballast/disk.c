/* SPDX-License-Identifier: MIT */
/* ballast disk ...: the table of its commands, finding the disk that they are about, and remove and resize. */

#include "cli/ballast/disk.h"

bool disk_find(const wchar_t *text, uint32_t *number, ballast_result *result)
{
    ballast_error error;
    *result = ballast_disk_find(text, number, &error);
    if (*result != BALLAST_OK) {
        (void)fail(*result, &error);
    }
    return *result == BALLAST_OK;
}

ballast_result disk_query(uint32_t number, ballast_disk_info *info)
{
    ballast_error error;
    info->struct_size = sizeof(*info);
    ballast_result result = ballast_disk_query(number, info, &error);
    return result == BALLAST_OK ? result : fail(result, &error);
}

/* ---- remove, resize ---- */

static ballast_result remove_disk(const struct arguments *arguments)
{
    uint32_t number;
    ballast_disk_info info = {.struct_size = sizeof(info)};
    ballast_error error;
    ballast_result result;
    if (!disk_find(arguments->positions[0], &number, &result)) {
        return result;
    }
    (void)ballast_disk_query(number, &info, NULL); /* for its letter, which it need not have */
    ballast_letter_notify(info.drive_letter, BALLAST_LETTER_LEAVING);
    result = ballast_disk_remove(number, option_given(arguments, L"force") ? BALLAST_REMOVE_FORCE : 0, &error);
    if (result != BALLAST_OK) {
        return fail(result, &error);
    }
    ballast_letter_notify(info.drive_letter, BALLAST_LETTER_GONE);
    if (arguments->json) {
        json_open(NULL, '{');
        json_number("removed", number);
        json_close('}');
        json_end();
    } else {
        print("Removed disk %u\n", number);
    }
    return BALLAST_OK;
}

/* "+64M" adds to the present size. */
static bool parse_new_size(const wchar_t *text, uint64_t present, uint64_t *size)
{
    bool add = text[0] == L'+';
    if (!parse_size(text + (add ? 1 : 0), size)) {
        return false;
    }
    if (add && __builtin_add_overflow(*size, present, size)) {
        print_error("error: '%s' is too much\n", utf8(text));
        return false;
    }
    return true;
}

static ballast_result resize(const struct arguments *arguments)
{
    uint32_t number;
    uint64_t size;
    ballast_disk_info disk;
    ballast_error error;
    ballast_result result;
    if (!disk_find(arguments->positions[0], &number, &result)) {
        return result;
    }
    result = disk_query(number, &disk);
    if (result != BALLAST_OK) {
        return result;
    }
    if (!parse_new_size(arguments->positions[1], disk.size, &size)) {
        return BALLAST_INVALID_ARGUMENT;
    }
    uint32_t flags = option_given(arguments, L"shrink") ? BALLAST_RESIZE_ALLOW_SHRINK : 0;
    result = ballast_disk_resize(number, size, flags, &error);
    if (result != BALLAST_OK) {
        return fail(result, &error);
    }
    if (arguments->json) {
        json_open(NULL, '{');
        json_number("number", number);
        json_number("size_bytes", size);
        json_close('}');
        json_end();
    } else {
        print("Disk %u is now %llu bytes (%s)\n", number, (unsigned long long)size, size_text(size));
    }
    return BALLAST_OK;
}

/* ---- the table ---- */

static const struct option no_options[] = {{NULL, NULL, NULL}};

static const struct option create_options[] = {
    {L"size", L"SIZE", "512M, 4GiB, 1.5G, 50% (of this machine's memory); without it as the image"},
    {L"type", L"TYPE", "ram or file; without it file if there is an image, else ram"},
    {L"image", L"PATH", "image file; loaded into a RAM disk, created for a file disk with a size"},
    {L"offset", L"SIZE", "where in the image the disk begins"},
    {L"letter", L"X:", "drive letter"},
    {L"format", L"FS", "format the new disk: ntfs, fat32, fat, exfat, refs or udf"},
    {L"label", L"TEXT", "label of the file system"},
    {L"number", L"N", "disk number; without it the lowest free one"},
    {L"device", L"DEVICE", "auto, hd, floppy, cd or raw"},
    {L"read-only", NULL, "refuse writes"},
    {L"removable", NULL, "present removable media"},
    {L"shared", NULL, "let others write the image meanwhile"},
    {L"sparse", NULL, "make the image a sparse file, so that trims give space back"},
    {L"buffered", NULL, "use the system's file cache for the image"},
    {L"locked", NULL, "never page the RAM disk out"},
    {L"byte-swap", NULL, "the bytes of each pair of the image change places"},
    {L"strict-end", NULL, "fail requests beyond the end, which else transfer nothing"},
    {L"mount-manager", NULL, "register a volume with the mount manager"},
    {L"512e", NULL, "claim physical sectors of 4096 bytes"},
    {L"sector-size", L"BYTES", "512 ... 65536"},
    {L"sectors", L"N", "sectors per track"},
    {L"tracks", L"N", "tracks per cylinder"},
    {NULL, NULL, NULL},
};

static const struct option remove_options[] = {
    {L"force", NULL, "although its file system is in use; unsaved file data is lost"},
    {NULL, NULL, NULL},
};

static const struct option resize_options[] = {
    {L"shrink", NULL, "allow a smaller size; what lies behind the new end may be lost"},
    {NULL, NULL, NULL},
};

static const struct option copy_options[] = {
    {L"force", NULL, "overwrite a file that exists"},
    {L"progress", NULL, "show progress even if this is not a terminal"},
    {NULL, NULL, NULL},
};

static const struct option verify_options[] = {
    {L"progress", NULL, "show progress even if this is not a terminal"},
    {NULL, NULL, NULL},
};

static const struct option bench_options[] = {
    {L"seconds", L"N", "how long each line may take; 1"},
    {L"write", NULL, "measure writing, too: DESTROYS what is on the disk"},
    {NULL, NULL, NULL},
};

static const char ends_help[] = "An end is a disk (its number or drive letter) or the path of an image file. Write a "
                                "file named\n12 as .\\12.\n";

const struct command disk_commands[] = {
    {L"disk", L"create", "", 0, 0, "Create a disk",
     "  ballast disk create --size 16G --letter R: --format ntfs\n"
     "                                                 a RAM disk, as R:, ready for files\n"
     "  ballast disk create --image work.img           a disk on an image file\n"
     "  ballast disk create --image a.img --type ram   a RAM disk with the content of an image\n",
     create_options, disk_create},
    {L"disk", L"list", "", 0, 0, "List all disks", "", no_options, disk_list},
    {L"disk", L"info", "DISK", 1, 1, "Show all about a disk, with statistics",
     "DISK is a disk number or a drive letter.\n", no_options, disk_info},
    {L"disk", L"remove", "DISK", 1, 1, "Remove a disk", "DISK is a disk number or a drive letter.\n", remove_options,
     remove_disk},
    {L"disk", L"resize", "DISK SIZE", 2, 2, "Change the size of a disk",
     "SIZE is the new size, or with a plus sign what is added: +1G.\n", resize_options, resize},
    {L"disk", L"copy", "FROM TO", 2, 2, "Copy between disks and images", ends_help, copy_options, disk_copy},
    {L"disk", L"verify", "END [END]", 1, 2, "Compare two ends, or print the SHA-256 of one", ends_help, verify_options,
     disk_verify},
    {L"disk", L"bench", "DISK", 1, 1, "Measure the speed of a disk", "DISK is a disk number or a drive letter.\n",
     bench_options, disk_bench},
};
const size_t disk_command_count = sizeof(disk_commands) / sizeof(disk_commands[0]);
