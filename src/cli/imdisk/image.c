/* SPDX-License-Identifier: MIT */
/* imdisk -a -b auto and -v: looking into an image for where the disk begins. */

#include "cli/imdisk/imdisk.h"

#include "core/image/partition.h"
#include "core/image/volume.h"

struct search {
    uint32_t number;
    bool found;
    uint64_t start;
    uint64_t length;
};

static bool read_image(void *context, uint64_t offset, void *buffer, uint32_t length)
{
    HANDLE file = context;
    LARGE_INTEGER position = {.QuadPart = (LONGLONG)offset};
    DWORD done = 0;
    return SetFilePointerEx(file, position, NULL, FILE_BEGIN) && ReadFile(file, buffer, length, &done, NULL) &&
           done == length;
}

static bool compare(void *context, const struct partition *partition)
{
    struct search *search = context;
    if (partition->number != search->number) {
        return true;
    }
    search->found = true;
    search->start = partition->start_bytes;
    search->length = partition->length_bytes;
    return false;
}

static enum imdisk_exit open_image(const struct arguments *arguments, HANDLE *file, uint64_t *length)
{
    ballast_error error;
    LARGE_INTEGER size;
    *file = arguments->native_path
                ? open_native(arguments->file, GENERIC_READ)
                : CreateFileW(arguments->file, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                              NULL, OPEN_EXISTING, 0, NULL);
    if (*file == INVALID_HANDLE_VALUE) {
        (void)error_set(&error, BALLAST_FAILED, GetLastError(), L"cannot open image '%.200ls'", arguments->file);
        return fail(IMDISK_FAILED, &error);
    }
    *length = GetFileSizeEx(*file, &size) ? (uint64_t)size.QuadPart : 0; /* 0 for a device: unknown */
    return IMDISK_DONE;
}

/* Looks for search->number in the table of the disk that begins at `offset`. */
static enum partition_result scan(const struct arguments *arguments, HANDLE file, uint64_t image_length,
                                  uint64_t offset, struct search *search)
{
    struct partition_image image = {
        .read = read_image,
        .context = file,
        .offset = offset,
        .size = image_length,
        .sector_size = arguments->bytes_per_sector,
    };
    return partition_scan(&image, compare, search);
}

/* Whether the image has all of what was found, as far as its length is known. */
static bool is_within(uint64_t image_length, uint64_t offset, const struct search *search)
{
    return image_length == 0 || (offset <= image_length && search->start <= image_length - offset &&
                                 search->length <= image_length - offset - search->start);
}

/* Where search->number is; the exit code is that of -v. */
static enum imdisk_exit find_partition(const struct arguments *arguments, HANDLE file, uint64_t image_length,
                                       uint64_t offset, struct search *search)
{
    enum partition_result result = scan(arguments, file, image_length, offset, search);
    if (result != PARTITION_OK && result != PARTITION_STOPPED) {
        complain(L"Error: no partition %u in '%.200ls': %hs.", search->number, arguments->file,
                 partition_result_text(result));
        return IMDISK_NO_PARTITION;
    }
    if (!search->found) {
        complain(L"Error: there is no partition %u in '%.200ls'.", search->number, arguments->file);
        return IMDISK_NO_PARTITION;
    }
    if (!is_within(image_length, offset, search)) {
        complain(L"Error: partition %u lies beyond the end of '%.200ls'; the image is truncated.", search->number,
                 arguments->file);
        return IMDISK_NO_PARTITION;
    }
    return IMDISK_DONE;
}

/* -b auto without -v: a table that makes no sense is none, and the disk is the whole image. */
static bool has_first_partition(const struct arguments *arguments, HANDLE file, uint64_t image_length, uint64_t offset,
                                struct search *search)
{
    (void)scan(arguments, file, image_length, offset, search);
    return search->found && is_within(image_length, offset, search);
}

enum imdisk_exit image_resolve(const struct arguments *arguments, uint64_t *offset, uint64_t *size)
{
    struct search search = {.number = arguments->partition != 0 ? arguments->partition : 1};
    HANDLE file;
    uint64_t length = 0;
    if (!arguments->offset_automatic && arguments->partition == 0) {
        return IMDISK_DONE;
    }
    if (arguments->offset_automatic) {
        *offset = 0;
        (void)volume_offset_by_extension((const uint16_t *)arguments->file, wcslen(arguments->file), offset);
    }
    enum imdisk_exit result = open_image(arguments, &file, &length);
    if (result != IMDISK_DONE) {
        return result;
    }
    if (arguments->partition != 0) {
        result = find_partition(arguments, file, length, *offset, &search);
    } else if (!has_first_partition(arguments, file, length, *offset, &search)) {
        search = (struct search){.found = false};
    }
    CloseHandle(file);
    if (result == IMDISK_DONE && search.found) {
        *offset += search.start;
        *size = arguments->size.given ? *size : search.length;
    }
    return result;
}
