/* SPDX-License-Identifier: MIT */
/* ballast disk ...: the table of its commands. */

#include "cli/ballast/disk.h"
#include "cli/ballast/watch.h"

static const struct option no_options[] = {{NULL, NULL, NULL}};

static const struct option create_options[] = {
    {L"size", L"SIZE", "512M, 4GiB, 1.5G, 50% (of this machine's memory); without it as the image"},
    {L"type", L"TYPE", "ram or file; without it file if there is an image, else ram"},
    {L"image", L"PATH", "image file; loaded into a RAM disk, created for a file disk with a size"},
    {L"offset", L"SIZE", "where in the image the disk begins"},
    {L"partition", L"N", "only this partition of the image; 'ballast image look' lists them"},
    {L"raw", NULL, "the image is not looked at: a VHDX becomes a disk of its bytes"},
    {L"letter", L"X:", "drive letter"},
    {L"format", L"FS", "format the new disk: ntfs, fat32, fat, exfat, refs or udf"},
    {L"label", L"TEXT", "label of the file system"},
    {L"number", L"N", "disk number; without it the lowest free one"},
    {L"device", L"DEVICE", "auto, hd, floppy, cd or raw"},
    {L"read-only", NULL, "refuse writes"},
    {L"writable", NULL, "take writes although the image's partition table is damaged"},
    {L"removable", NULL, "present removable media"},
    {L"shared", NULL, "let others write the image meanwhile"},
    {L"sparse", NULL, "make the image a sparse file, so that trims give space back"},
    {L"buffered", NULL, "use the system's file cache for the image"},
    {L"locked", NULL, "never page the RAM disk out"},
    {L"byte-swap", NULL, "the bytes of each pair of the image change places"},
    {L"no-strict-end", NULL, "let programs' requests beyond the end transfer nothing, instead of failing"},
    {L"mount-manager", NULL, "fail if the mount manager does not register the disk as a volume"},
    {L"no-mount-manager", NULL, "do not register it; programs that ask for final paths fail on it"},
    {L"512e", NULL, "claim physical sectors of 4096 bytes"},
    {L"sector-size", L"BYTES", "512 ... 65536"},
    {L"sectors", L"N", "sectors per track"},
    {L"tracks", L"N", "tracks per cylinder"},
    {NULL, NULL, NULL},
};

static const struct option remove_options[] = {
    {L"all", NULL, "all disks that there are"},
    {L"force", NULL, "although it is in use: what is not written yet is lost; disks on it go first"},
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

static const struct option stats_options[] = {WATCH_OPTIONS, {NULL, NULL, NULL}};

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
    {L"disk", L"stats", "[DISK...]", 0, MAXIMUM_POSITIONS, "Measure what disks are doing",
     "DISK is a disk number or a drive letter; without it all disks are shown. Rates are of the last second,\n"
     "or with --watch of the time since the line before. A dash: the disk was not there then.\n",
     stats_options, disk_stats},
    {L"disk", L"remove", "DISK...", 0, MAXIMUM_POSITIONS, "Remove disks", "DISK is a disk number or a drive letter.\n",
     remove_options, disk_remove},
    {L"disk", L"resize", "DISK SIZE", 2, 2, "Change the size of a disk",
     "SIZE is the new size, or with a plus sign what is added: +1G.\n", resize_options, disk_resize},
    {L"disk", L"copy", "FROM TO", 2, 2, "Copy between disks and images", ends_help, copy_options, disk_copy},
    {L"disk", L"verify", "END [END]", 1, 2, "Compare two ends, or print the SHA-256 of one", ends_help, verify_options,
     disk_verify},
    {L"disk", L"bench", "DISK", 1, 1, "Measure the speed of a disk", "DISK is a disk number or a drive letter.\n",
     bench_options, disk_bench},
};
const size_t disk_command_count = sizeof(disk_commands) / sizeof(disk_commands[0]);
