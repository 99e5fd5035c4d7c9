/* SPDX-License-Identifier: MIT */
/* imdisk -a: looking into an image for where the disk begins, for -b auto and -v, and for whether it is a disk at all. */

#include "cli/imdisk/imdisk.h"

#include <stdlib.h>

#include "lib/look.h"

static bool is_proxy(const struct arguments *arguments)
{
    return (arguments->flags & IMDISK_TYPE_MASK) == IMDISK_TYPE_PROXY;
}

static bool in_memory(const struct arguments *arguments)
{
    return (arguments->flags & IMDISK_TYPE_MASK) == IMDISK_TYPE_VM ||
           ((arguments->flags & IMDISK_TYPE_MASK) == IMDISK_TYPE_FILE &&
            (arguments->flags & IMDISK_SUBTYPE_MASK) == IMDISK_FILE_AWE_ALLOC);
}

static enum imdisk_exit cannot_open(const struct arguments *arguments, DWORD code)
{
    ballast_error error;
    (void)error_set(&error, BALLAST_FAILED, code, L"cannot open image '%.200ls'", arguments->file);
    return fail(IMDISK_FAILED, &error);
}

static void tell_problems(const struct arguments *arguments, const struct look *look)
{
    for (size_t i = 0; i < look->problem_count; i++) {
        const struct partition_problem *problem = &look->problems[i];
        if (problem->number != 0) {
            complain(L"Warning: '%.200ls', partition %u: %hs.", arguments->file, problem->number,
                     partition_result_text(problem->kind));
        } else {
            complain(L"Warning: '%.200ls': %hs.", arguments->file, partition_result_text(problem->kind));
        }
    }
}

/* Beside damage nothing is written, unless -o rw says so. */
static void protect(const struct arguments *arguments, const struct look *look, struct image_place *place)
{
    bool said = (arguments->changes & IMDISK_OPTION_READ_ONLY) != 0;
    if (!said && !in_memory(arguments) && look_protects(look, arguments->partition)) {
        complain(L"Warning: the disk is read-only, because the partition table is damaged; -o rw makes it writable.");
        place->flags |= IMDISK_OPTION_READ_ONLY;
    }
}

/* A partition is where it is, whatever size was asked for: writing behind it would destroy others. */
static void present(const struct look *look, const struct look_partition *partition, struct image_place *place)
{
    place->offset = look->offset + partition->entry.start_bytes;
    place->size = partition->entry.length_bytes;
    if ((place->flags & IMDISK_DEVICE_TYPE_MASK) == 0 && partition->volume != VOLUME_ISO9660 &&
        partition->volume != VOLUME_UDF) {
        place->flags |= IMDISK_DEVICE_TYPE_HD; /* whatever the image's name says, and the partition's size */
    }
}

/* -v */
static enum imdisk_exit choose_partition(const struct arguments *arguments, const struct look *look,
                                         struct image_place *place)
{
    const struct look_partition *partition = look_find_partition(look, arguments->partition);
    tell_problems(arguments, look);
    if (partition == NULL) {
        if (look->table == LOOK_NO_TABLE) {
            complain(L"Error: no partition %u in '%.200ls': %hs.", arguments->partition, arguments->file,
                     partition_result_text(look->table_result));
        } else {
            complain(L"Error: there is no partition %u in '%.200ls'.", arguments->partition, arguments->file);
        }
        return IMDISK_NO_PARTITION;
    }
    if (partition->entry.damaged) {
        complain(partition->entry.length_bytes == 0
                     ? L"Error: partition %u of '%.200ls' has no sectors."
                     : L"Error: partition %u lies beyond the end of '%.200ls'; the image is truncated.",
                 arguments->partition, arguments->file);
        return IMDISK_NO_PARTITION;
    }
    protect(arguments, look, place);
    present(look, partition, place);
    return IMDISK_DONE;
}

/* -b auto: the first partition, or the whole disk if there is no table. */
static enum imdisk_exit choose_automatically(const struct arguments *arguments, const struct look *look,
                                             struct image_place *place)
{
    const struct look_partition *first = look_find_partition(look, 1);
    bool usable = first != NULL && !first->entry.damaged;
    place->offset = look->offset;
    tell_problems(arguments, look);
    if (look->kind == DISK_KIND_CD) {
        uint32_t type = place->flags & IMDISK_DEVICE_TYPE_MASK;
        if (type != 0 && type != IMDISK_DEVICE_TYPE_CD) {
            protect(arguments, look, place);
        }
        return IMDISK_DONE;
    }
    if (look->table != LOOK_NO_TABLE && look->table_result != PARTITION_OK && !usable) {
        complain(L"Error: the partition table of '%.200ls' is damaged, and its first partition is lost.",
                 arguments->file);
        return IMDISK_NO_PARTITION;
    }
    protect(arguments, look, place);
    if (usable) {
        present(look, first, place);
    }
    return IMDISK_DONE;
}

static enum imdisk_exit choose(const struct arguments *arguments, const struct look *look, struct image_place *place)
{
    if (!look->served) {
        wchar_t refusal[512];
        look_refusal(arguments->file, look, refusal, sizeof(refusal) / sizeof(refusal[0]));
        complain(L"Error: %ls. With -o raw it is opened as it is.", refusal);
        return IMDISK_FAILED;
    }
    if (arguments->partition != 0) {
        return choose_partition(arguments, look, place);
    }
    if (arguments->offset_automatic) {
        return choose_automatically(arguments, look, place);
    }
    place->offset = look->offset; /* what was given, or where the data of a container begins */
    return IMDISK_DONE;
}

HANDLE image_open(const struct arguments *arguments)
{
    return arguments->native_path ? open_native(arguments->file, GENERIC_READ) : image_file_open(arguments->file);
}

enum imdisk_exit image_resolve(const struct arguments *arguments, struct image_place *place)
{
    bool needed = arguments->partition != 0 || arguments->offset_automatic;
    struct look_options options = {
        .raw = (arguments->flags & IMDISK_DEVICE_TYPE_MASK) == IMDISK_DEVICE_TYPE_RAW,
        .offset_given = !arguments->offset_automatic && arguments->offset != 0,
        .offset = arguments->offset,
        .ram = in_memory(arguments),
        .sector_size = arguments->bytes_per_sector <= PARTITION_MAXIMUM_SECTOR ? arguments->bytes_per_sector : 0,
    };
    if (arguments->file == NULL || is_proxy(arguments)) {
        return IMDISK_DONE;
    }
    HANDLE file = image_open(arguments);
    if (file == INVALID_HANDLE_VALUE) { /* unless something must be found there, it is the driver's to say so */
        return needed ? cannot_open(arguments, GetLastError()) : IMDISK_DONE;
    }
    struct look *look = malloc(sizeof(*look));
    DWORD code = look != NULL ? look_at_handle(file, arguments->file, &options, look) : ERROR_NOT_ENOUGH_MEMORY;
    CloseHandle(file);
    enum imdisk_exit result = IMDISK_DONE;
    if (code == 0) {
        result = choose(arguments, look, place);
    } else if (needed || code == ERROR_SEEK_ON_DEVICE) { /* the driver would wait for what comes through it */
        result = cannot_open(arguments, code);
    }
    free(look);
    return result;
}
