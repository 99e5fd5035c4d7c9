/* SPDX-License-Identifier: MIT */
/* Images of new disks; disk_image.h has the contract. */

#include "lib/disk_image.h"

#include <stdlib.h>

#include "lib/look.h"

/* An image must exist, or be creatable by having a size given. */
static ballast_result cannot_open(const ballast_disk_options *options, DWORD code, ballast_error *error)
{
    int creates =
        options->type == BALLAST_DISK_FILE && options->size != 0 && (options->flags & BALLAST_DISK_READ_ONLY) == 0;
    if (image_is_directory(options->image)) {
        return error_set(error, BALLAST_INVALID_ARGUMENT, 0, L"cannot create disk: '%ls' is a directory",
                         options->image);
    }
    if (result_of(code) == BALLAST_NOT_FOUND && creates) {
        return BALLAST_OK;
    }
    return error_set(error, result_of(code), code, L"cannot create disk: image '%ls'", options->image);
}

static ballast_result too_small(const ballast_disk_options *options, uint64_t length, ballast_error *error)
{
    uint64_t available = length > options->image_offset ? length - options->image_offset : 0;
    if (options->image_offset != 0) {
        return error_set(error, BALLAST_INVALID_ARGUMENT, 0,
                         L"cannot create disk: image '%ls' has %llu bytes from offset %llu on; the smallest disk "
                         L"is %u bytes",
                         options->image, (unsigned long long)available, (unsigned long long)options->image_offset,
                         BALLAST_MINIMUM_DISK_SIZE);
    }
    return error_set(error, BALLAST_INVALID_ARGUMENT, 0,
                     L"cannot create disk: image '%ls' is %llu bytes; the smallest disk is %u bytes", options->image,
                     (unsigned long long)length, BALLAST_MINIMUM_DISK_SIZE);
}

static ballast_result no_partition(const ballast_disk_options *options, const struct look *look, ballast_error *error)
{
    if (look->table == LOOK_NO_TABLE) {
        return error_set(error, BALLAST_NOT_FOUND, 0, L"cannot create disk: no partition %u in '%ls': %hs",
                         options->partition, options->image, partition_result_text(look->table_result));
    }
    if (look->table_result != PARTITION_OK) {
        return error_set(error, BALLAST_NOT_FOUND, 0,
                         L"cannot create disk: there is no partition %u in '%ls', whose table is damaged: %hs",
                         options->partition, options->image, partition_result_text(look->table_result));
    }
    return error_set(error, BALLAST_NOT_FOUND, 0, L"cannot create disk: there is no partition %u in '%ls'",
                     options->partition, options->image);
}

static ballast_result choose_partition(ballast_disk_options *options, const struct look *look, ballast_error *error)
{
    const struct look_partition *partition = look_find_partition(look, options->partition);
    if (partition == NULL) {
        return no_partition(options, look, error);
    }
    if (partition->entry.damaged || partition->entry.length_bytes < BALLAST_MINIMUM_DISK_SIZE) {
        return error_set(error, BALLAST_FAILED, 0, L"cannot create disk: partition %u of '%ls' %hs", options->partition,
                         options->image,
                         partition->entry.length_bytes < BALLAST_MINIMUM_DISK_SIZE
                             ? "is too small for a disk"
                             : "reaches beyond the end of the image, which is truncated");
    }
    options->image_offset = look->offset + partition->entry.start_bytes;
    options->size = partition->entry.length_bytes;
    if (options->bytes_per_sector == 0 && look->table_sector_size != PARTITION_MINIMUM_SECTOR) {
        options->bytes_per_sector = look->table_sector_size;
    }
    if (options->device == BALLAST_DEVICE_AUTOMATIC && partition->volume != VOLUME_ISO9660 &&
        partition->volume != VOLUME_UDF) {
        options->device = BALLAST_DEVICE_HARD_DISK;
    }
    return BALLAST_OK;
}

/* The driver, like ImDisk, takes a .bin that is nothing else for a CD. Here most are model weights. */
static ballast_disk_device device_of(const ballast_disk_options *options, const struct look *look)
{
    if (look->kind == DISK_KIND_CD) {
        return BALLAST_DEVICE_CD;
    }
    return look->kind == DISK_KIND_HARD_DISK && options->size == 0 ? BALLAST_DEVICE_HARD_DISK
                                                                   : BALLAST_DEVICE_AUTOMATIC;
}

static ballast_result use(ballast_disk_options *options, const struct look *look, ballast_error *error)
{
    if (!look->served) {
        wchar_t refusal[BALLAST_MESSAGE_SIZE];
        look_refusal(options->image, look, refusal, BALLAST_MESSAGE_SIZE);
        return error_set(error, BALLAST_FAILED, 0, L"cannot create disk: %ls; with --raw it is opened as it is",
                         refusal);
    }
    if (options->type == BALLAST_DISK_FILE && (options->flags & BALLAST_DISK_WRITABLE) == 0 &&
        look_protects(look, options->partition)) {
        options->flags |= BALLAST_DISK_READ_ONLY;
    }
    if (options->partition != 0) {
        return choose_partition(options, look, error);
    }
    options->image_offset = look->offset;
    if (options->size == 0 && look->length < BALLAST_MINIMUM_DISK_SIZE) {
        return too_small(options, look->offset + look->length, error);
    }
    if (options->device == BALLAST_DEVICE_AUTOMATIC) {
        options->device = device_of(options, look);
    }
    return BALLAST_OK;
}

struct look_options disk_image_look_options(const ballast_disk_options *options)
{
    return (struct look_options){
        .raw = (options->flags & BALLAST_DISK_RAW_IMAGE) != 0,
        .offset_given = options->image_offset != 0,
        .offset = options->image_offset,
        .ram = options->type == BALLAST_DISK_RAM,
    };
}

ballast_result disk_image_resolve(ballast_disk_options *options, ballast_error *error)
{
    struct look_options how = disk_image_look_options(options);
    uint64_t length = 0;
    int device;
    HANDLE file = image_file_open(options->image);
    if (file == INVALID_HANDLE_VALUE) {
        return cannot_open(options, GetLastError(), error);
    }
    struct look *look = malloc(sizeof(*look));
    DWORD code = look != NULL ? look_at_handle(file, options->image, &how, look) : ERROR_NOT_ENOUGH_MEMORY;
    (void)image_file_length(file, &length, &device);
    CloseHandle(file);
    ballast_result result = BALLAST_OK;
    if (code == 0) {
        result = use(options, look, error);
    } else if (code == ERROR_SEEK_ON_DEVICE) {
        result =
            error_set(error, BALLAST_INVALID_ARGUMENT, 0,
                      L"cannot create disk: '%ls' is a port, a console or a pipe, and not an image", options->image);
    } else if (code != ERROR_HANDLE_EOF) {
        result = error_set(error, result_of(code), code, L"cannot create disk: image '%ls'", options->image);
    } else if (options->partition != 0 || options->size == 0) {
        result = too_small(options, length, error);
    }
    free(look);
    return result;
}
