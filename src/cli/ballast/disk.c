/* SPDX-License-Identifier: MIT */
/* ballast disk ...: finding the disk that a command is about, and remove and resize. */

#include "cli/ballast/disk.h"

bool disk_find(const wchar_t *text, uint32_t *number, ballast_result *result)
{
    ballast_error error;
    *result = ballast_disk_find(text, number, &error);
    if (*result != BALLAST_OK) {
        (void)fail(*result, &error);
    }
    return *result == BALLAST_OK;
}

ballast_result disk_query(uint32_t number, ballast_disk_info *info)
{
    ballast_error error;
    info->struct_size = sizeof(*info);
    ballast_result result = ballast_disk_query(number, info, &error);
    return result == BALLAST_OK ? result : fail(result, &error);
}

/* ---- remove, resize ---- */

ballast_result disk_remove(const struct arguments *arguments)
{
    uint32_t number;
    ballast_disk_info info = {.struct_size = sizeof(info)};
    ballast_error error;
    ballast_result result;
    if (!disk_find(arguments->positions[0], &number, &result)) {
        return result;
    }
    (void)ballast_disk_query(number, &info, NULL); /* for its letter, which it need not have */
    ballast_letter_notify(info.drive_letter, BALLAST_LETTER_LEAVING);
    result = ballast_disk_remove(number, option_given(arguments, L"force") ? BALLAST_REMOVE_FORCE : 0, &error);
    if (result != BALLAST_OK) {
        return fail(result, &error);
    }
    ballast_letter_notify(info.drive_letter, BALLAST_LETTER_GONE);
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

ballast_result disk_resize(const struct arguments *arguments)
{
    uint32_t number;
    uint64_t size;
    ballast_disk_info disk;
    ballast_error error;
    ballast_result result;
    if (!disk_find(arguments->positions[0], &number, &result)) {
        return result;
    }
    result = disk_query(number, &disk);
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
