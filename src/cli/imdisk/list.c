/* SPDX-License-Identifier: MIT */
/* imdisk -l */

#include "cli/imdisk/imdisk.h"

#include <stdlib.h>

#define TEXT_SIZE 64

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
        /* As the driver has it: scripts cut off what a native path begins with. */
        say(L"Image file: %.*ls\n", (int)(data->file_name_length_bytes / sizeof(wchar_t)),
            (const wchar_t *)data->file_name);
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
 * ImDisk's exit code of this list is 1 if it succeeded, or if there is no driver to have disks, and 0 if something is wrong.
 * Scripts have been written against that, so it stays.
 */
#define LISTED     IMDISK_NOT_FOUND
#define NOT_LISTED IMDISK_DONE

static bool driver_runs(void)
{
    HANDLE control = open_native(L"\\Device\\ImDiskCtl", 0);
    if (control == INVALID_HANDLE_VALUE) {
        return result_of(GetLastError()) != BALLAST_NOT_FOUND;
    }
    CloseHandle(control);
    return true;
}

static enum imdisk_exit list_all(bool numeric)
{
    ballast_error error;
    ballast_result result;
    uint32_t *numbers = disk_numbers(&result, &error);
    if (numbers == NULL) {
        return fail(driver_runs() ? NOT_LISTED : LISTED, &error);
    }
    for (uint32_t i = 1; i <= numbers[0]; i++) {
        say(numeric ? L"%u\n" : L"\\Device\\ImDisk%u\n", numbers[i]);
    }
    if (numbers[0] == 0 && !numeric) {
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
