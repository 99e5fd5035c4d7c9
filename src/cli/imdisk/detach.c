/* SPDX-License-Identifier: MIT */
/* imdisk -d, -D and -R */

#include "cli/imdisk/imdisk.h"

#include <winioctl.h>

#include "lib/remove.h"

static void forget(uint32_t number)
{
    ballast_error error;
    say(L"Removing registry settings...\n");
    if (ballast_boot_disk_remove(number, &error) != BALLAST_OK) {
        warn(&error);
        complain(L"Warning: Registry edit failed.");
    }
}

static DWORD remove_by_number(uint32_t number, enum imdisk_exit *result)
{
    HANDLE control;
    *result = driver_open(false, &control);
    if (*result != IMDISK_DONE) {
        return ERROR_FILE_NOT_FOUND;
    }
    DWORD code = device_control(control, IMDISK_IOCTL_REMOVE_DEVICE, &number, sizeof(number), NULL, 0, NULL);
    CloseHandle(control);
    return code;
}

/* Ejects; if that is refused and `force` is set, has the driver remove it. */
static enum imdisk_exit remove_device(const struct arguments *arguments, const struct target *target)
{
    ballast_error error;
    enum imdisk_exit result;
    say(L"Removing device...\n");
    DWORD code = device_control(target->handle, IOCTL_STORAGE_EJECT_MEDIA, NULL, 0, NULL, 0, NULL);
    if (code != 0 && arguments->mode == MODE_FORCE) {
        code = remove_by_number(target->data->device_number, &result);
        if (result != IMDISK_DONE) {
            return result;
        }
    }
    if (code != 0) {
        (void)error_set(&error, BALLAST_FAILED, code, L"cannot remove %ls", target_name(arguments));
        return fail(IMDISK_INACCESSIBLE, &error);
    }
    return IMDISK_DONE;
}

/* A disk that others' images lie on is in use; by force these go first, or they would be left without their images. */
static enum imdisk_exit remove_inner(const struct arguments *arguments, const struct target *target)
{
    ballast_error error;
    ballast_result result = disk_clear_inner(target->data->device_number, arguments->mode == MODE_FORCE, &error);
    return result == BALLAST_OK ? IMDISK_DONE : fail(IMDISK_INACCESSIBLE, &error);
}

/* The driver takes its own letter along; what else the user has named the disk by is left. */
static void remove_mount_point(const struct arguments *arguments, const struct target *target)
{
    ballast_error error;
    const wchar_t *mount_point = arguments->mount_point;
    if (mount_point == NULL) {
        return;
    }
    say(L"Removing mount point...\n");
    if (target->letter != 0) {
        ballast_letter_remove(target->letter, target->data->device_number);
    } else if (!is_device_name(mount_point) && ballast_mount_point_remove(mount_point, &error) != BALLAST_OK) {
        warn(&error);
    }
}

/* The letter that will be gone with the disk: the one the user has named, or the driver's if it leads there at all. */
static wchar_t letter_of(const struct target *target)
{
    uint16_t letter = target->data->drive_letter;
    if (target->letter != 0) {
        return target->letter;
    }
    return letter >= 'A' && letter <= 'Z' && ballast_letter_leads_to(letter, target->data->device_number) ? letter : 0;
}

enum imdisk_exit detach(const struct arguments *arguments)
{
    struct target target;
    bool locked = false;
    enum imdisk_exit result = target_open(arguments, &target);
    leave_current_directory();
    if (result != IMDISK_DONE) {
        if (result == IMDISK_NOT_FOUND && arguments->persistent && arguments->number_given) {
            forget(arguments->number); /* else nothing could: it would be back after the next start */
        }
        return result;
    }
    wchar_t letter = letter_of(&target);
    if (target.letter != 0) {
        say(L"Notifying applications...\n");
        ballast_letter_notify(target.letter, BALLAST_LETTER_LEAVING);
    }
    result = remove_inner(arguments, &target);
    if (result == IMDISK_DONE) {
        result = target_quiesce(arguments, &target, arguments->mode == MODE_FORCE, &locked);
    }
    if (result == IMDISK_DONE) {
        result = remove_device(arguments, &target);
    }
    if (locked) {
        (void)device_control(target.handle, FSCTL_UNLOCK_VOLUME, NULL, 0, NULL, 0, NULL);
    }
    CloseHandle(target.handle);
    target.handle = INVALID_HANDLE_VALUE;
    if (result == IMDISK_DONE) {
        remove_mount_point(arguments, &target);
        if (letter != 0) {
            ballast_letter_notify(letter, BALLAST_LETTER_GONE);
        }
        if (arguments->persistent) {
            forget(target.data->device_number);
        }
        say(L"Done.\n");
    }
    target_close(&target);
    return result;
}

enum imdisk_exit emergency(const struct arguments *arguments)
{
    ballast_error error;
    enum imdisk_exit result;
    say(L"Emergency removal...\n");
    DWORD code = remove_by_number(arguments->number, &result);
    if (result != IMDISK_DONE) {
        return result;
    }
    if (code == ERROR_FILE_NOT_FOUND) {
        complain(L"No such device.");
        return IMDISK_INACCESSIBLE;
    }
    if (code != 0) {
        (void)error_set(&error, BALLAST_FAILED, code, L"cannot remove %ls", target_name(arguments));
        return fail(IMDISK_INACCESSIBLE, &error);
    }
    if (arguments->persistent) {
        forget(arguments->number);
    }
    say(L"Done.\n");
    return IMDISK_DONE;
}
