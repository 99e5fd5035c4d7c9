/* SPDX-License-Identifier: MIT */
/* ballast disk create */

#include "cli/ballast/disk.h"

#include <stdio.h>
#include <wchar.h>
#include <windows.h>

#include "lib/look.h"

#define LONGEST_LABEL     32 /* NTFS */
#define LONGEST_FAT_LABEL 11
#define FORMAT_SIZE       96

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
    *letter = ballast_letter_of(text);
    if (*letter == 0) {
        print_error("error: --letter takes a drive letter such as X:, not '%s'\n", utf8(text));
    }
    return *letter != 0;
}

/* A volume of the mount manager, if nobody says otherwise and it takes the disk. */
static bool read_registration(const struct arguments *arguments, ballast_disk_options *options)
{
    bool required = option_given(arguments, L"mount-manager");
    bool unwanted = option_given(arguments, L"no-mount-manager");
    if (required && unwanted) {
        print_error("error: --mount-manager and --no-mount-manager exclude each other\n");
        return false;
    }
    options->flags |= required ? BALLAST_DISK_MOUNT_MANAGER : 0;
    options->flags |= !required && !unwanted ? BALLAST_DISK_PREFER_VOLUME : 0;
    return true;
}

/* 0, in the options, is no partition: it is not one that can be asked for. */
static bool parse_partition(const struct arguments *arguments, uint32_t *partition)
{
    if (!option_number(arguments, L"partition", partition)) {
        return false;
    }
    if (option_given(arguments, L"partition") && *partition == 0) {
        print_error("error: partitions are numbered from 1 on\n");
        return false;
    }
    return true;
}

static bool read_create_options(const struct arguments *arguments, ballast_disk_options *options)
{
    static const struct {
        const wchar_t *name;
        uint32_t flag;
    } switches[] = {
        {L"read-only", BALLAST_DISK_READ_ONLY}, {L"removable", BALLAST_DISK_REMOVABLE},
        {L"shared", BALLAST_DISK_SHARED},       {L"sparse", BALLAST_DISK_SPARSE},
        {L"buffered", BALLAST_DISK_BUFFERED},   {L"locked", BALLAST_DISK_LOCKED_MEMORY},
        {L"byte-swap", BALLAST_DISK_BYTE_SWAP}, {L"512e", BALLAST_DISK_SECTORS_512E},
        {L"raw", BALLAST_DISK_RAW_IMAGE},       {L"writable", BALLAST_DISK_WRITABLE},
    };
    const wchar_t *type = option_value(arguments, L"type");
    const wchar_t *device = option_value(arguments, L"device");
    const wchar_t *letter = option_value(arguments, L"letter");
    ballast_disk_options_initialize(options);
    options->image = option_value(arguments, L"image");
    options->type = options->image != NULL ? BALLAST_DISK_FILE : BALLAST_DISK_RAM;
    options->flags |= option_given(arguments, L"no-strict-end") ? 0 : BALLAST_DISK_STRICT_END;
    for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
        if (option_given(arguments, switches[i].name)) {
            options->flags |= switches[i].flag;
        }
    }
    return read_registration(arguments, options) && (type == NULL || parse_type(type, &options->type)) &&
           (device == NULL || parse_device(device, &options->device)) &&
           (letter == NULL || parse_letter(letter, &options->drive_letter)) &&
           option_size(arguments, L"size", &options->size) &&
           option_size(arguments, L"offset", &options->image_offset) &&
           parse_partition(arguments, &options->partition) && option_number(arguments, L"number", &options->number) &&
           option_number(arguments, L"sector-size", &options->bytes_per_sector) &&
           option_number(arguments, L"sectors", &options->sectors_per_track) &&
           option_number(arguments, L"tracks", &options->tracks_per_cylinder);
}

/* ---- format ---- */

static bool label_valid(const wchar_t *label, bool fat)
{
    size_t most = fat ? LONGEST_FAT_LABEL : LONGEST_LABEL;
    for (size_t i = 0; label[i] != 0; i++) {
        if (label[i] < L' ' || wcschr(L"\"*?/\\|.,;:+=<>[]", label[i]) != NULL || i >= most) {
            print_error("error: '%s' is not a label of this file system; it may have %u characters, but none of "
                        "\"*?/\\|.,;:+=<>[]\n",
                        utf8(label), (unsigned)most);
            return false;
        }
    }
    return true;
}

/* Formatting must be possible, and must not destroy what somebody has. */
static bool may_format(const ballast_disk_options *options)
{
    if ((options->flags & BALLAST_DISK_READ_ONLY) != 0) {
        print_error("error: --format and --read-only exclude each other\n");
        return false;
    }
    if (options->image == NULL) {
        return true;
    }
    HANDLE image = image_file_open(options->image);
    DWORD code = image == INVALID_HANDLE_VALUE ? GetLastError() : 0;
    if (code == 0) {
        CloseHandle(image);
    }
    if (code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND) { /* what cannot be opened may be there, too */
        return true;
    }
    print_error("error: --format is for a new image, and would destroy what '%s' holds; leave --format out, or name a "
                "file that does not exist\n",
                utf8(options->image));
    return false;
}

/* Its name as the system's format has it; NULL, after a message: there is none such. */
static const wchar_t *file_system(const wchar_t *name)
{
    static const wchar_t *const names[] = {L"ntfs", L"fat32", L"fat", L"exfat", L"refs", L"udf"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (_wcsicmp(name, names[i]) == 0) {
            return names[i];
        }
    }
    print_error("error: --format is ntfs, fat32, fat, exfat, refs or udf, not '%s'\n", utf8(name));
    return NULL;
}

/* The parameters of the system's format into `parameters`, empty without --format. */
static bool read_format(const struct arguments *arguments, const ballast_disk_options *options,
                        wchar_t parameters[FORMAT_SIZE])
{
    const wchar_t *name = option_value(arguments, L"format");
    const wchar_t *label = option_value(arguments, L"label");
    parameters[0] = 0;
    if (name == NULL) {
        if (label != NULL) {
            print_error("error: --label goes with --format\n");
        }
        return label == NULL;
    }
    name = file_system(name);
    if (name == NULL || !may_format(options) || (label != NULL && !label_valid(label, wcsstr(name, L"fat") != NULL))) {
        return false;
    }
    (void)swprintf(parameters, FORMAT_SIZE, label != NULL ? L"/fs:%ls /q /y /v:\"%ls\"" : L"/fs:%ls /q /y", name,
                   label);
    return true;
}

/* ---- create ---- */

/* Says what the caller may not expect: a device found by name or size, and what follows from it. */
static void print_created(const ballast_disk_info *info, bool volume_preferred)
{
    print("Created disk %u: %s", info->number, disk_type_text(info));
    if (info->device != BALLAST_DEVICE_HARD_DISK) {
        print(", %s", disk_device_text(info));
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
    if (info->wanted_drive_letter != 0 && info->wanted_drive_letter != info->drive_letter) {
        print(", not drive %lc:, which leads elsewhere", info->wanted_drive_letter);
    }
    if (volume_preferred && (info->flags & BALLAST_DISK_MOUNT_MANAGER) == 0) {
        print(", without the mount manager");
    }
    print("\n");
}

/* What may help, and this command has. */
static void hint(const ballast_disk_options *options, const ballast_error *error)
{
    bool may_write = (options->flags & BALLAST_DISK_READ_ONLY) == 0;
    if (options->image == NULL) {
        return;
    }
    HANDLE reading = image_file_open(options->image);
    if (error->code == ERROR_SHARING_VIOLATION) {
        print_error("Another program or disk uses the image; --read-only only reads it, and --shared lets others write "
                    "it meanwhile.\n");
    } else if (may_write && image_denies_writing(error->code, reading)) {
        print_error("The image is write-protected; --read-only leaves it as it is.\n");
    }
    if (reading != INVALID_HANDLE_VALUE) {
        CloseHandle(reading);
    }
}

/* It works, but hardly is what was meant: perhaps the number is one of sectors. */
static void note_offset(const ballast_disk_options *options, uint32_t sector)
{
    if (options->image != NULL && sector != 0 && options->image_offset % sector != 0) {
        print_note(
            "note: --offset is in bytes, and %llu is no multiple of a sector (%u); 'ballast image look' says where "
            "partitions begin\n",
            (unsigned long long)options->image_offset, sector);
    }
}

ballast_result disk_create(const struct arguments *arguments)
{
    ballast_disk_options options;
    ballast_disk_info info;
    ballast_error error;
    wchar_t format[FORMAT_SIZE];
    uint32_t number;
    if (!read_create_options(arguments, &options) || !read_format(arguments, &options, format)) {
        return BALLAST_INVALID_ARGUMENT;
    }
    interrupt_watch();
    ballast_result result = ballast_disk_create(&options, &number, &error);
    if (result != BALLAST_OK) {
        (void)fail(result, &error);
        hint(&options, &error);
        note_offset(&options, 512);
        return result;
    }
    if (options.image != NULL) {
        image_note_table(&options);
    }
    result = disk_query(number, &info);
    if (result != BALLAST_OK) {
        return result;
    }
    note_offset(&options, info.bytes_per_sector);
    if (!arguments->json) {
        print_created(&info, (options.flags & BALLAST_DISK_PREFER_VOLUME) != 0);
        (void)fflush(stdout); /* format writes there, too */
    }
    if (format[0] != 0) {
        result =
            ballast_disk_format(number, info.drive_letter, format, arguments->json ? BALLAST_FORMAT_QUIET : 0, &error);
    }
    ballast_letter_notify(info.drive_letter, BALLAST_LETTER_ARRIVED);
    if (result != BALLAST_OK) {
        return fail(result, &error);
    }
    if (arguments->json) {
        disk_print_json(&info);
        json_end();
    }
    return BALLAST_OK;
}
