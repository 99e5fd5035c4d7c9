/* SPDX-License-Identifier: MIT */
/* ballast disk ...: finding the disk that a command is about, and remove and resize. */

#include "cli/ballast/disk.h"

#include <stdlib.h>

#include "ballast/disk_abi.h"
#include "lib/nesting.h"
#include "lib/remove.h"

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

static ballast_result remove_one(uint32_t number, bool force)
{
    ballast_disk_info info = {.struct_size = sizeof(info)};
    ballast_error error;
    (void)ballast_disk_query(number, &info, NULL); /* for its letter, which it need not have */
    ballast_letter_notify(info.drive_letter, BALLAST_LETTER_LEAVING);
    ballast_result result = ballast_disk_remove(number, 0, &error);
    if (result != BALLAST_OK && force) {
        if (result == BALLAST_BUSY) {
            print_note("note: %s. It is removed by force: what its programs, or its file system, have not written yet "
                       "is lost\n",
                       error.message);
        }
        result = ballast_disk_remove(number, BALLAST_REMOVE_FORCE, &error);
    }
    if (result != BALLAST_OK) {
        return fail(result, &error);
    }
    ballast_letter_notify(info.drive_letter, BALLAST_LETTER_GONE);
    return BALLAST_OK;
}

ballast_result disk_all(struct disk_set *set)
{
    ballast_error error;
    size_t capacity = IMDISK_MAXIMUM_DEVICES;
    set->numbers = calloc(capacity, sizeof(*set->numbers));
    if (set->numbers == NULL) {
        print_error("error: out of memory\n");
        return BALLAST_FAILED;
    }
    ballast_result result = ballast_disk_list(set->numbers, capacity, &set->count, &error);
    return result == BALLAST_OK ? result : fail(result, &error);
}

static bool is_in(const struct disk_set *set, uint32_t number)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->numbers[i] == number) {
            return true;
        }
    }
    return false;
}

/* All are found before any is removed: a letter may lead elsewhere then. One that is named twice is removed once. */
ballast_result disk_named(const struct arguments *arguments, struct disk_set *set)
{
    set->numbers = calloc(arguments->position_count, sizeof(*set->numbers));
    if (set->numbers == NULL) {
        print_error("error: out of memory\n");
        return BALLAST_FAILED;
    }
    for (size_t i = 0; i < arguments->position_count; i++) {
        uint32_t number;
        ballast_result result;
        if (!disk_find(arguments->positions[i], &number, &result)) {
            set->failure = set->failure != BALLAST_OK ? set->failure : result;
        } else if (!is_in(set, number)) {
            set->numbers[set->count++] = number;
        }
    }
    return BALLAST_OK;
}

/*
 * Disks whose images lie on others go before these, and by force also if they are not named. The rest keeps the order in which it
 * was named.
 */
static ballast_result order_disks(struct disk_set *set, bool force)
{
    ballast_error error;
    ballast_result result;
    struct nesting *nesting = nesting_read(&result, &error);
    if (nesting == NULL) {
        return fail(result, &error);
    }
    struct disk_set ordered = {.numbers = calloc(nesting->count + set->count, sizeof(*ordered.numbers)),
                               .failure = set->failure};
    for (size_t i = 0; ordered.numbers != NULL && i < set->count; i++) {
        uint32_t outer = nesting_find(nesting, set->numbers[i]);
        for (uint32_t j = 0; outer != NESTING_NONE && j <= outer; j++) {
            uint32_t number = nesting->disk[j].number;
            bool wanted = (force || is_in(set, number)) && !is_in(&ordered, number);
            if (wanted && nesting_is_within(nesting, j, outer)) {
                ordered.numbers[ordered.count++] = number;
            }
        }
        if (outer == NESTING_NONE) { /* gone meanwhile: its removal says so */
            ordered.numbers[ordered.count++] = set->numbers[i];
        }
    }
    free(nesting);
    if (ordered.numbers == NULL) {
        print_error("error: out of memory\n");
        return BALLAST_FAILED;
    }
    free(set->numbers);
    *set = ordered;
    return BALLAST_OK;
}

/* One that cannot be removed does not keep the others. Returns the first failure. */
static ballast_result remove_disks(const struct arguments *arguments, const struct disk_set *set)
{
    bool force = option_given(arguments, L"force");
    ballast_result first = set->failure;
    size_t removed = 0;
    if (arguments->json) {
        json_open(NULL, '{');
        json_open("removed", '[');
    }
    for (size_t i = 0; i < set->count; i++) {
        ballast_result result = remove_one(set->numbers[i], force);
        if (result != BALLAST_OK) {
            first = first != BALLAST_OK ? first : result;
        } else if (arguments->json) {
            json_number(NULL, set->numbers[i]);
        } else if (arguments->position_count != 0) {
            print("Removed disk %u\n", set->numbers[i]);
        }
        removed += result == BALLAST_OK;
    }
    if (arguments->json) {
        json_close(']');
        if (first != BALLAST_OK) {
            json_failure(first);
        }
        json_close('}');
        json_end();
    } else if (arguments->position_count == 0) {
        print("Removed %zu disk%s\n", removed, removed == 1 ? "" : "s");
    }
    return first;
}

ballast_result disk_remove(const struct arguments *arguments)
{
    struct disk_set set = {.failure = BALLAST_OK};
    bool all = option_given(arguments, L"all");
    if (all == (arguments->position_count != 0)) {
        print_error("error: 'ballast disk remove' needs DISK... or --all\n");
        return BALLAST_INVALID_ARGUMENT;
    }
    ballast_result result = all ? disk_all(&set) : disk_named(arguments, &set);
    leave_current_directory();
    if (result == BALLAST_OK && set.count != 0) {
        result = order_disks(&set, option_given(arguments, L"force"));
    }
    if (result == BALLAST_OK) {
        result = remove_disks(arguments, &set);
    }
    free(set.numbers);
    return result;
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
        (void)fail(result, &error);
        bool shrinks = size < disk.size && size >= BALLAST_MINIMUM_DISK_SIZE && disk.image_offset == 0;
        if (shrinks && flags == 0) {
            print_error("--shrink allows it.\n");
        }
        return result;
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
