/* SPDX-License-Identifier: MIT */
/* imdisk -e */

#include "cli/imdisk/imdisk.h"

#include <winioctl.h>

#ifndef FSCTL_EXTEND_VOLUME
#define FSCTL_EXTEND_VOLUME 0x000900F0
#endif

/* Flags that mean another device to the file system, which therefore has to let go of it first. */
#define DEVICE_FLAGS (IMDISK_OPTION_READ_ONLY | IMDISK_OPTION_REMOVABLE)

/* Name of the option, and why a driver refuses it. */
static const wchar_t *describe_flag(uint32_t flag, uint32_t value, const wchar_t **reason)
{
    switch (flag) {
    case IMDISK_OPTION_READ_ONLY:
        *reason = value != 0 ? L"only hard disks and floppies can be made read-only"
                             : L"only disks in memory can be made writable";
        return value != 0 ? L"ro" : L"rw";
    case IMDISK_OPTION_REMOVABLE:
        *reason = L"only hard disks and floppies can be removable or fixed";
        return value != 0 ? L"rem" : L"fix";
    case IMDISK_OPTION_SPARSE_FILE:
        *reason = L"only the image of a disk on a file can become sparse";
        return L"sparse";
    default:
        *reason = L"the driver refuses";
        return L"saved";
    }
}

static void flag_failure(const struct imdisk_set_device_flags *request, DWORD code)
{
    ballast_error error;
    const wchar_t *reason;
    const wchar_t *name = describe_flag(request->flags_to_change, request->flag_values, &reason);
    if (code == ERROR_INVALID_FUNCTION) {
        complain(L"Error: option '%ls': %ls.", name, reason);
    } else {
        (void)error_set(&error, BALLAST_FAILED, code, L"option '%ls'", name);
        (void)fail(IMDISK_FAILED, &error);
    }
}

/* Flag by flag, because the driver does not return which of several it has refused. */
static enum imdisk_exit set_flags(const struct arguments *arguments, const struct target *target)
{
    bool all = true;
    say(L"Setting new flags...\n");
    for (uint32_t flag = 1; flag != 0; flag <<= 1) {
        const struct imdisk_set_device_flags request = {arguments->changes & flag, arguments->flags & flag};
        struct imdisk_set_device_flags reply;
        if (request.flags_to_change == 0) {
            continue;
        }
        DWORD code = device_control(target->handle, IMDISK_IOCTL_SET_DEVICE_FLAGS, &request, sizeof(request), &reply,
                                    sizeof(reply), NULL);
        if (code != 0) {
            flag_failure(&request, code);
            all = false;
        }
    }
    if (!all) {
        complain(L"Not all new options were successfully changed.");
    }
    return all ? IMDISK_DONE : IMDISK_FAILED;
}

static enum imdisk_exit change_flags(const struct arguments *arguments, const struct target *target)
{
    bool locked = false;
    bool device = (arguments->changes & DEVICE_FLAGS) != 0;
    enum imdisk_exit result = device ? target_quiesce(arguments, target, false, &locked) : IMDISK_DONE;
    if (result == IMDISK_DONE) {
        result = set_flags(arguments, target);
    }
    if (locked) {
        (void)device_control(target->handle, FSCTL_UNLOCK_VOLUME, NULL, 0, NULL, 0, NULL);
    }
    return result;
}

static void extend_file_system(const struct arguments *arguments, const struct target *target, uint64_t size)
{
    ballast_error error;
    DISK_GEOMETRY geometry;
    DWORD returned = 0;
    say(L"Extending filesystem size...\n");
    DWORD code =
        device_control(target->handle, IOCTL_DISK_GET_DRIVE_GEOMETRY, NULL, 0, &geometry, sizeof(geometry), &returned);
    if (code == 0 && (returned < sizeof(geometry) || geometry.BytesPerSector == 0)) {
        code = ERROR_INVALID_DATA;
    }
    if (code == 0) {
        int64_t sectors = (int64_t)(size / geometry.BytesPerSector);
        code = device_control(target->handle, FSCTL_EXTEND_VOLUME, &sectors, sizeof(sectors), NULL, 0, NULL);
    }
    if (code != 0) {
        (void)error_set(&error, BALLAST_FAILED, code, L"the file system on %ls keeps its size", target_name(arguments));
        warn(&error);
    }
}

static enum imdisk_exit extend(const struct arguments *arguments, const struct target *target)
{
    ballast_error error;
    uint64_t growth;
    GET_LENGTH_INFORMATION length;
    DWORD returned = 0;
    wchar_t text[32];
    enum imdisk_exit result = resolve_size(arguments, &growth);
    if (result != IMDISK_DONE) {
        return result;
    }
    DISK_GROW_PARTITION request = {.PartitionNumber = 1, .BytesToGrow.QuadPart = (LONGLONG)growth};
    say(L"Extending disk size...\n");
    DWORD code = device_control(target->handle, IOCTL_DISK_GROW_PARTITION, &request, sizeof(request), NULL, 0, NULL);
    if (code == 0) {
        code = device_control(target->handle, IOCTL_DISK_GET_LENGTH_INFO, NULL, 0, &length, sizeof(length), &returned);
        code = code == 0 && returned < sizeof(length) ? ERROR_INVALID_DATA : code;
    }
    if (code != 0) {
        (void)error_set(&error, BALLAST_FAILED, code, L"cannot extend %ls by %llu bytes", target_name(arguments),
                        (unsigned long long)growth);
        (void)fail(IMDISK_FAILED, &error);
        if (code == ERROR_INVALID_FUNCTION && target->data->image_offset_bytes != 0) {
            complain(L"A disk that begins inside of its image cannot grow.");
        }
        return IMDISK_FAILED;
    }
    extend_file_system(arguments, target, (uint64_t)length.Length.QuadPart);
    size_describe((uint64_t)length.Length.QuadPart, text, sizeof(text) / sizeof(text[0]));
    say(L"New size: %lld bytes (%ls)\n", (long long)length.Length.QuadPart, text);
    return IMDISK_DONE;
}

enum imdisk_exit edit(const struct arguments *arguments)
{
    struct target target;
    enum imdisk_exit result = target_open(arguments, &target);
    if (result != IMDISK_DONE) {
        return result;
    }
    if (arguments->changes != 0) {
        result = change_flags(arguments, &target);
    }
    if (result == IMDISK_DONE && arguments->size.given) {
        result = extend(arguments, &target);
    }
    target_close(&target);
    return result;
}
