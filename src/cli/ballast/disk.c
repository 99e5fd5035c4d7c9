/* SPDX-License-Identifier: MIT */
/* ballast disk ... */

#include "cli/ballast/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

bool find_disk(const wchar_t *text, uint32_t *number, ballast_result *result)
{
    ballast_error error;
    *result = ballast_disk_find(text, number, &error);
    if (*result != BALLAST_OK) {
        (void)fail(*result, &error);
    }
    return *result == BALLAST_OK;
}

/* ---- showing ---- */

static const char *type_text(const ballast_disk_info *info)
{
    return info->type == BALLAST_DISK_RAM ? "ram" : "file";
}

static const char *device_text(const ballast_disk_info *info)
{
    switch (info->device) {
    case BALLAST_DEVICE_HARD_DISK:
        return "hd";
    case BALLAST_DEVICE_FLOPPY:
        return "floppy";
    case BALLAST_DEVICE_CD:
        return "cd";
    case BALLAST_DEVICE_RAW:
        return "raw";
    default:
        return "unknown";
    }
}

static const struct {
    uint32_t flag;
    const char *name;
} flag_names[] = {
    {BALLAST_DISK_READ_ONLY, "read_only"},
    {BALLAST_DISK_REMOVABLE, "removable"},
    {BALLAST_DISK_SHARED, "shared"},
    {BALLAST_DISK_SPARSE, "sparse"},
    {BALLAST_DISK_LOCKED_MEMORY, "locked"},
    {BALLAST_DISK_MODIFIED, "modified"},
    {BALLAST_DISK_STRICT_END, "strict_end"},
    {BALLAST_DISK_MOUNT_MANAGER, "mount_manager"},
    {BALLAST_DISK_SECTORS_512E, "sectors_512e"},
};
#define FLAG_NAMES (sizeof(flag_names) / sizeof(flag_names[0]))

static void print_info_json(const ballast_disk_info *info)
{
    json_open(NULL, '{');
    json_number("number", info->number);
    json_text("type", type_text(info));
    json_text("device", device_text(info));
    json_number("size_bytes", info->size);
    if (info->drive_letter != 0) {
        const char letter[] = {(char)info->drive_letter, 0};
        json_text("drive_letter", letter);
    } else {
        json_null("drive_letter");
    }
    if (info->image[0] != 0) {
        json_text("image", utf8(info->image));
    } else {
        json_null("image");
    }
    json_number("image_offset_bytes", info->image_offset);
    for (size_t i = 0; i < FLAG_NAMES; i++) {
        json_bool(flag_names[i].name, (info->flags & flag_names[i].flag) != 0);
    }
    json_number("bytes_per_sector", info->bytes_per_sector);
    json_number("sectors_per_track", info->sectors_per_track);
    json_number("tracks_per_cylinder", info->tracks_per_cylinder);
    json_number("read_requests", info->read_requests);
    json_number("read_bytes", info->read_bytes);
    json_number("write_requests", info->write_requests);
    json_number("written_bytes", info->written_bytes);
    json_number("flush_requests", info->flush_requests);
    json_number("trim_requests", info->trim_requests);
    json_number("trimmed_bytes", info->trimmed_bytes);
    json_number("failed_requests", info->failed_requests);
    json_number("requests_in_flight", info->requests_in_flight);
    if (info->memory_known) {
        json_number("allocated_memory_bytes", info->allocated_memory);
        json_number("overhead_memory_bytes", info->overhead_memory);
    } else {
        json_null("allocated_memory_bytes");
        json_null("overhead_memory_bytes");
    }
    json_close('}');
}

static void print_info(const ballast_disk_info *info)
{
    print("Disk:         %u\n", info->number);
    if (info->drive_letter != 0) {
        print("Drive letter: %lc:\n", info->drive_letter);
    }
    print("Type:         %s\n", type_text(info));
    print("Device:       %s\n", device_text(info));
    print("Size:         %llu bytes (%s)\n", (unsigned long long)info->size, size_text(info->size));
    print("Image:        %s\n", info->image[0] != 0 ? utf8(info->image) : "-");
    if (info->image_offset != 0) {
        print("Offset:       %llu bytes\n", (unsigned long long)info->image_offset);
    }
    print("Geometry:     %u bytes per sector, %u sectors per track, %u tracks per cylinder\n", info->bytes_per_sector,
          info->sectors_per_track, info->tracks_per_cylinder);
    print("Flags:       ");
    bool any = false;
    for (size_t i = 0; i < FLAG_NAMES; i++) {
        if ((info->flags & flag_names[i].flag) != 0) {
            print(" %s", flag_names[i].name);
            any = true;
        }
    }
    print(any ? "\n" : " -\n");
    print("Reads:        %llu requests, %s\n", (unsigned long long)info->read_requests, size_text(info->read_bytes));
    print("Writes:       %llu requests, %s\n", (unsigned long long)info->write_requests,
          size_text(info->written_bytes));
    print("Flushes:      %llu\n", (unsigned long long)info->flush_requests);
    print("Trims:        %llu requests, %s\n", (unsigned long long)info->trim_requests, size_text(info->trimmed_bytes));
    print("Failures:     %llu\n", (unsigned long long)info->failed_requests);
    if (info->memory_known) {
        print("Memory:       %s for data, %s to find it\n", size_text(info->allocated_memory),
              size_text(info->overhead_memory));
    }
}

static ballast_result query(uint32_t number, ballast_disk_info *info)
{
    ballast_error error;
    info->struct_size = sizeof(*info);
    ballast_result result = ballast_disk_query(number, info, &error);
    return result == BALLAST_OK ? result : fail(result, &error);
}

/* ---- create ---- */

static bool parse_type(const wchar_t *text, ballast_disk_type *type)
{
    if (wcscmp(text, L"ram") == 0) {
        *type = BALLAST_DISK_RAM;
    } else if (wcscmp(text, L"file") == 0) {
        *type = BALLAST_DISK_FILE;
    } else {
        print_error("error: --type is ram or file, not '%s'\n", utf8(text));
        return false;
    }
    return true;
}

static bool parse_device(const wchar_t *text, ballast_disk_device *device)
{
    static const struct {
        const wchar_t *name;
        ballast_disk_device device;
    } devices[] = {
        {L"auto", BALLAST_DEVICE_AUTOMATIC}, {L"hd", BALLAST_DEVICE_HARD_DISK}, {L"floppy", BALLAST_DEVICE_FLOPPY},
        {L"cd", BALLAST_DEVICE_CD},          {L"raw", BALLAST_DEVICE_RAW},
    };
    for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
        if (wcscmp(text, devices[i].name) == 0) {
            *device = devices[i].device;
            return true;
        }
    }
    print_error("error: --device is auto, hd, floppy, cd or raw, not '%s'\n", utf8(text));
    return false;
}

static bool parse_letter(const wchar_t *text, wchar_t *letter)
{
    wchar_t upper = (wchar_t)(text[0] & ~0x20);
    if (upper < L'A' || upper > L'Z' || (text[1] != 0 && (text[1] != L':' || text[2] != 0))) {
        print_error("error: --letter takes a drive letter such as X:, not '%s'\n", utf8(text));
        return false;
    }
    *letter = upper;
    return true;
}

static bool read_create_options(const struct arguments *arguments, ballast_disk_options *options)
{
    static const struct {
        const wchar_t *name;
        uint32_t flag;
    } switches[] = {
        {L"read-only", BALLAST_DISK_READ_ONLY},
        {L"removable", BALLAST_DISK_REMOVABLE},
        {L"shared", BALLAST_DISK_SHARED},
        {L"sparse", BALLAST_DISK_SPARSE},
        {L"buffered", BALLAST_DISK_BUFFERED},
        {L"locked", BALLAST_DISK_LOCKED_MEMORY},
        {L"byte-swap", BALLAST_DISK_BYTE_SWAP},
        {L"strict-end", BALLAST_DISK_STRICT_END},
        {L"mount-manager", BALLAST_DISK_MOUNT_MANAGER},
        {L"512e", BALLAST_DISK_SECTORS_512E},
    };
    const wchar_t *type = option_value(arguments, L"type");
    const wchar_t *device = option_value(arguments, L"device");
    const wchar_t *letter = option_value(arguments, L"letter");
    ballast_disk_options_initialize(options);
    options->image = option_value(arguments, L"image");
    options->type = options->image != NULL ? BALLAST_DISK_FILE : BALLAST_DISK_RAM;
    for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
        if (option_given(arguments, switches[i].name)) {
            options->flags |= switches[i].flag;
        }
    }
    return (type == NULL || parse_type(type, &options->type)) &&
           (device == NULL || parse_device(device, &options->device)) &&
           (letter == NULL || parse_letter(letter, &options->drive_letter)) &&
           option_size(arguments, L"size", &options->size) &&
           option_size(arguments, L"offset", &options->image_offset) &&
           option_number(arguments, L"number", &options->number) &&
           option_number(arguments, L"sector-size", &options->bytes_per_sector) &&
           option_number(arguments, L"sectors", &options->sectors_per_track) &&
           option_number(arguments, L"tracks", &options->tracks_per_cylinder);
}

/* Says what the caller may not expect: a device found by name or size, and what follows from it. */
static void print_created(const ballast_disk_info *info)
{
    print("Created disk %u: %s", info->number, type_text(info));
    if (info->device != BALLAST_DEVICE_HARD_DISK) {
        print(", %s", device_text(info));
    }
    if ((info->flags & BALLAST_DISK_READ_ONLY) != 0) {
        print(", read-only");
    }
    print(", %s", size_text(info->size));
    if (info->image[0] != 0) {
        print(", image %s", utf8(info->image));
    }
    if (info->drive_letter != 0) {
        print(", drive %lc:", info->drive_letter);
    }
    print("\n");
}

static ballast_result create(const struct arguments *arguments)
{
    ballast_disk_options options;
    ballast_disk_info info;
    ballast_error error;
    uint32_t number;
    if (!read_create_options(arguments, &options)) {
        return BALLAST_INVALID_ARGUMENT;
    }
    ballast_result result = ballast_disk_create(&options, &number, &error);
    if (result != BALLAST_OK) {
        return fail(result, &error);
    }
    result = query(number, &info);
    if (result != BALLAST_OK) {
        return result;
    }
    if (arguments->json) {
        print_info_json(&info);
        json_end();
    } else {
        print_created(&info);
    }
    return BALLAST_OK;
}

/* ---- list, info ---- */

static void print_row(const ballast_disk_info *info)
{
    char letter[] = "- ";
    if (info->drive_letter != 0) {
        letter[0] = (char)info->drive_letter;
        letter[1] = ':';
    }
    print("%6u  %-6s  %-4s  %-6s  %10s  %-4s  %s\n", info->number, letter, type_text(info), device_text(info),
          size_text(info->size), (info->flags & BALLAST_DISK_READ_ONLY) != 0 ? "ro" : "rw",
          info->image[0] != 0 ? utf8(info->image) : "-");
}

static void list_one(bool json, uint32_t number, bool *first)
{
    ballast_disk_info info = {.struct_size = sizeof(info)};
    if (ballast_disk_query(number, &info, NULL) != BALLAST_OK) {
        return; /* removed meanwhile */
    }
    if (json) {
        print_info_json(&info);
    } else {
        if (*first) {
            print("NUMBER  LETTER  TYPE  DEVICE        SIZE  MODE  IMAGE\n");
        }
        print_row(&info);
    }
    *first = false;
}

static ballast_result list(const struct arguments *arguments)
{
    ballast_error error;
    size_t count = 0;
    ballast_result result = ballast_disk_list(NULL, 0, &count, &error);
    if (result != BALLAST_OK) {
        return fail(result, &error);
    }
    size_t capacity = count + 16;
    uint32_t *numbers = calloc(capacity, sizeof(*numbers));
    if (numbers == NULL) {
        print_error("error: out of memory\n");
        return BALLAST_FAILED;
    }
    result = ballast_disk_list(numbers, capacity, &count, &error);
    if (result == BALLAST_OK) {
        bool first = true;
        if (arguments->json) {
            json_open(NULL, '[');
        }
        for (size_t i = 0; i < count && i < capacity; i++) {
            list_one(arguments->json, numbers[i], &first);
        }
        if (arguments->json) {
            json_close(']');
            json_end();
        } else if (first) {
            print("There are no disks.\n");
        }
    } else {
        (void)fail(result, &error);
    }
    free(numbers);
    return result;
}

static ballast_result show_info(const struct arguments *arguments)
{
    uint32_t number;
    ballast_disk_info disk;
    ballast_result result;
    if (!find_disk(arguments->positions[0], &number, &result)) {
        return result;
    }
    result = query(number, &disk);
    if (result == BALLAST_OK) {
        if (arguments->json) {
            print_info_json(&disk);
            json_end();
        } else {
            print_info(&disk);
        }
    }
    return result;
}

/* ---- remove, resize ---- */

static ballast_result remove_disk(const struct arguments *arguments)
{
    uint32_t number;
    ballast_error error;
    ballast_result result;
    if (!find_disk(arguments->positions[0], &number, &result)) {
        return result;
    }
    result = ballast_disk_remove(number, option_given(arguments, L"force") ? BALLAST_REMOVE_FORCE : 0, &error);
    if (result != BALLAST_OK) {
        return fail(result, &error);
    }
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
    if (!find_disk(arguments->positions[0], &number, &result)) {
        return result;
    }
    result = query(number, &disk);
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

/* ---- copy, verify ---- */

/* A number or drive letter is a disk, anything else a path. */
static bool parse_endpoint(const wchar_t *text, ballast_endpoint *endpoint, ballast_result *result)
{
    bool number = text[wcsspn(text, L"0123456789")] == 0 && text[0] != 0;
    bool letter = text[0] != 0 && text[1] == L':' && text[2] == 0;
    *endpoint = (ballast_endpoint){.path = text};
    if (!number && !letter) {
        return true;
    }
    endpoint->path = NULL;
    return find_disk(text, &endpoint->disk, result);
}

static void print_transfer(const struct arguments *arguments, const char *verb, const struct progress *progress,
                           double seconds)
{
    if (arguments->json) {
        json_open(NULL, '{');
        json_number("bytes", progress->total);
        json_real("seconds", seconds);
        json_close('}');
        json_end();
    } else {
        print("%s %llu bytes (%s) at %s\n", verb, (unsigned long long)progress->total, size_text(progress->total),
              rate_text(progress->total, seconds));
    }
}

static ballast_result copy(const struct arguments *arguments)
{
    ballast_endpoint from;
    ballast_endpoint to;
    ballast_error error;
    ballast_result result;
    struct progress progress;
    if (!parse_endpoint(arguments->positions[0], &from, &result) ||
        !parse_endpoint(arguments->positions[1], &to, &result)) {
        return result;
    }
    progress_begin(&progress, "copy", option_given(arguments, L"progress"));
    result = ballast_copy(&from, &to, option_given(arguments, L"force") ? BALLAST_COPY_OVERWRITE : 0, progress_step,
                          &progress, &error);
    double seconds = progress_end(&progress);
    if (result != BALLAST_OK) {
        return fail(result, &error);
    }
    print_transfer(arguments, "Copied", &progress, seconds);
    return BALLAST_OK;
}

static ballast_result hash(const struct arguments *arguments, const ballast_endpoint *endpoint)
{
    ballast_hash sum;
    ballast_error error;
    struct progress progress;
    char text[2 * sizeof(sum.sha256) + 1];
    progress_begin(&progress, "read", option_given(arguments, L"progress"));
    ballast_result result = ballast_hash_endpoint(endpoint, progress_step, &progress, &sum, &error);
    (void)progress_end(&progress);
    if (result != BALLAST_OK) {
        return fail(result, &error);
    }
    for (size_t i = 0; i < sizeof(sum.sha256); i++) {
        (void)snprintf(text + 2 * i, 3, "%02x", sum.sha256[i]);
    }
    if (arguments->json) {
        json_open(NULL, '{');
        json_number("bytes", progress.total);
        json_text("sha256", text);
        json_close('}');
        json_end();
    } else {
        print("SHA-256 %s  %llu bytes\n", text, (unsigned long long)progress.total);
    }
    return BALLAST_OK;
}

static ballast_result verify(const struct arguments *arguments)
{
    ballast_endpoint reference;
    ballast_endpoint other;
    ballast_error error;
    ballast_result result;
    struct progress progress;
    if (!parse_endpoint(arguments->positions[0], &reference, &result)) {
        return result;
    }
    if (arguments->position_count == 1) {
        return hash(arguments, &reference);
    }
    if (!parse_endpoint(arguments->positions[1], &other, &result)) {
        return result;
    }
    progress_begin(&progress, "verify", option_given(arguments, L"progress"));
    result = ballast_compare(&reference, &other, progress_step, &progress, &error);
    double seconds = progress_end(&progress);
    if (result != BALLAST_OK) {
        return fail(result, &error);
    }
    print_transfer(arguments, "Equal:", &progress, seconds);
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
     "  ballast disk create --size 16G --letter R:     a RAM disk, as R:\n"
     "  ballast disk create --image work.img           a disk on an image file\n"
     "  ballast disk create --image a.img --type ram   a RAM disk with the content of an image\n",
     create_options, create},
    {L"disk", L"list", "", 0, 0, "List all disks", "", no_options, list},
    {L"disk", L"info", "DISK", 1, 1, "Show all about a disk, with statistics",
     "DISK is a disk number or a drive letter.\n", no_options, show_info},
    {L"disk", L"remove", "DISK", 1, 1, "Remove a disk", "DISK is a disk number or a drive letter.\n", remove_options,
     remove_disk},
    {L"disk", L"resize", "DISK SIZE", 2, 2, "Change the size of a disk",
     "SIZE is the new size, or with a plus sign what is added: +1G.\n", resize_options, resize},
    {L"disk", L"copy", "FROM TO", 2, 2, "Copy between disks and images", ends_help, copy_options, copy},
    {L"disk", L"verify", "END [END]", 1, 2, "Compare two ends, or print the SHA-256 of one", ends_help, verify_options,
     verify},
    {L"disk", L"bench", "DISK", 1, 1, "Measure the speed of a disk", "DISK is a disk number or a drive letter.\n",
     bench_options, disk_bench},
};
const size_t disk_command_count = sizeof(disk_commands) / sizeof(disk_commands[0]);
