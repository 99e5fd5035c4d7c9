/* SPDX-License-Identifier: MIT */
/* imdisk -l */

#include "cli/imdisk/imdisk.h"

#include <stdlib.h>

#define TEXT_SIZE 1024

static const wchar_t *type_text(uint32_t flags)
{
    uint32_t subtype = flags & IMDISK_SUBTYPE_MASK;
    switch (flags & IMDISK_TYPE_MASK) {
    case IMDISK_TYPE_VM:
        return L"Virtual Memory";
    case IMDISK_TYPE_PROXY:
        return L"Proxy";
    default:
        return subtype == IMDISK_FILE_AWE_ALLOC     ? L"Physical Memory"
               : subtype == IMDISK_FILE_PARALLEL_IO ? L"Parallel I/O Image File"
               : subtype == IMDISK_FILE_BUFFERED_IO ? L"Queued buffered I/O Image File"
                                                    : L"Queued unbuffered I/O Image File";
    }
}

static const wchar_t *device_text(uint32_t flags)
{
    switch (flags & IMDISK_DEVICE_TYPE_MASK) {
    case IMDISK_DEVICE_TYPE_CD:
        return L"CD-ROM";
    case IMDISK_DEVICE_TYPE_RAW:
        return L"RAW";
    case IMDISK_DEVICE_TYPE_FD:
        return L"Floppy";
    default:
        return L"HDD";
    }
}

void image_name(const struct imdisk_create_data *data, wchar_t *text, size_t size)
{
    const wchar_t *name = (const wchar_t *)data->file_name;
    size_t length = data->file_name_length_bytes / sizeof(wchar_t);
    static const struct {
        const wchar_t *native;
        const wchar_t *win32;
    } prefixes[] = {
        {L"\\??\\UNC\\", L"\\\\"},
        {L"\\??\\", L""},
        {L"\\DosDevices\\UNC\\", L"\\\\"},
        {L"\\DosDevices\\", L""},
    };
    const wchar_t *prefix = L"";
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        size_t skip = wcslen(prefixes[i].native);
        if (length > skip && _wcsnicmp(name, prefixes[i].native, skip) == 0) {
            prefix = prefixes[i].win32;
            name += skip;
            length -= skip;
            break;
        }
    }
    size_t room = size - 1 - wcslen(prefix);
    (void)swprintf(text, size, L"%ls%.*ls", prefix, (int)(length < room ? length : room), name);
}

static void print_target(const struct arguments *arguments, const struct imdisk_create_data *data)
{
    wchar_t text[TEXT_SIZE];
    uint32_t flags = data->flags;
    if (arguments->mount_point != NULL) {
        say(L"Mount point: %ls\n", arguments->mount_point);
    } else if (data->drive_letter != 0) {
        say(L"Drive letter: %lc\n", (wint_t)data->drive_letter);
    } else {
        say(L"No drive letter.\n");
    }
    if (data->file_name_length_bytes != 0) {
        image_name(data, text, TEXT_SIZE);
        say(L"Image file: %ls\n", text);
    } else {
        say(L"No image file.\n");
    }
    if (data->image_offset_bytes > 0) {
        say(L"Image file offset: %lld bytes\n", (long long)data->image_offset_bytes);
    }
    size_describe((uint64_t)data->size_bytes, text, TEXT_SIZE);
    say(L"Size: %lld bytes (%ls)%ls%ls%ls, %ls, %ls%ls.\n", (long long)data->size_bytes, text,
        (flags & IMDISK_OPTION_SHARED_IMAGE) != 0 ? L", Shared image" : L"",
        (flags & IMDISK_OPTION_READ_ONLY) != 0 ? L", ReadOnly" : L"",
        (flags & IMDISK_OPTION_REMOVABLE) != 0 ? L", Removable" : L"", type_text(flags), device_text(flags),
        (flags & IMDISK_IMAGE_MODIFIED) != 0 ? L", Modified" : L"");
}

/*
 * ImDisk's exit code of this list is 1 if it succeeded and 0 if not. Scripts have been written against that, so it stays.
 */
#define LISTED     IMDISK_NOT_FOUND
#define NOT_LISTED IMDISK_DONE

static enum imdisk_exit list_all(bool numeric)
{
    ballast_error error;
    size_t count = 0;
    uint32_t *numbers = calloc(IMDISK_MAXIMUM_DEVICES, sizeof(*numbers));
    if (numbers == NULL) {
        complain(L"Error: not enough memory.");
        return IMDISK_FATAL;
    }
    if (ballast_disk_list(numbers, IMDISK_MAXIMUM_DEVICES, &count, &error) != BALLAST_OK) {
        free(numbers);
        return fail(NOT_LISTED, &error);
    }
    for (size_t i = 0; i < count && i < IMDISK_MAXIMUM_DEVICES; i++) {
        say(numeric ? L"%u\n" : L"\\Device\\ImDisk%u\n", numbers[i]);
    }
    if (count == 0 && !numeric) {
        say(L"No virtual disks.\n");
    }
    free(numbers);
    return LISTED;
}

enum imdisk_exit list(const struct arguments *arguments)
{
    struct target target;
    if (!arguments->number_given && arguments->mount_point == NULL) {
        return list_all(arguments->numeric);
    }
    enum imdisk_exit result = target_open(arguments, &target);
    if (result == IMDISK_DONE) {
        print_target(arguments, target.data);
        target_close(&target);
    }
    return result;
}
