/* SPDX-License-Identifier: MIT */
/* Ranges with data; ranges.h has the contract. */

#include "lib/ranges.h"

#include <stdlib.h>
#include <string.h>
#include <winioctl.h>

#define QUERY_ALLOCATED_RANGES 0x000940CFu /* FSCTL_QUERY_ALLOCATED_RANGES, and its FILE_ALLOCATED_RANGE_BUFFER */

void ranges_begin(struct ranges *ranges, HANDLE handle, int disk, bool stored, uint64_t length)
{
    *ranges = (struct ranges){.handle = handle, .length = length, .disk = disk, .unknown = !stored};
}

static void everything(struct ranges *ranges, uint64_t offset)
{
    ranges->unknown = 1;
    ranges->count = 1;
    ranges->known = ranges->length;
    ranges->found[0] = (struct ballast_disk_range){offset, ranges->length - offset};
}

static void ask_disk(struct ranges *ranges, uint64_t offset)
{
    struct ballast_disk_range_query query = {
        .header = {.size_bytes = sizeof(query), .version = BALLAST_DISK_RANGES_VERSION},
        .offset_bytes = offset,
        .length_bytes = ranges->length - offset};
    DWORD size = sizeof(struct ballast_disk_ranges) + sizeof(ranges->found);
    DWORD returned = 0;
    struct ballast_disk_ranges *reply = malloc(size);
    if (reply == NULL ||
        device_control(ranges->handle, BALLAST_IOCTL_DISK_QUERY_RANGES, &query, sizeof(query), reply, size,
                       &returned) != 0 ||
        reply->count > RANGES_ROOM || reply->next_offset_bytes <= offset) {
        everything(ranges, offset);
    } else {
        ranges->count = reply->count;
        ranges->known = reply->next_offset_bytes;
        memcpy(ranges->found, reply->ranges, reply->count * sizeof(reply->ranges[0]));
    }
    free(reply);
}

/* Ranges that a file system tells are within what was asked for, and ascending. */
static void ask_file(struct ranges *ranges, uint64_t offset)
{
    struct ballast_disk_range query = {offset, ranges->length - offset};
    DWORD returned = 0;
    DWORD code = device_control(ranges->handle, QUERY_ALLOCATED_RANGES, &query, sizeof(query), ranges->found,
                                sizeof(ranges->found), &returned);
    if (code != 0 && code != ERROR_MORE_DATA) {
        everything(ranges, offset);
        return;
    }
    ranges->count = returned / sizeof(ranges->found[0]);
    ranges->known = ranges->length;
    if (code == ERROR_MORE_DATA && ranges->count != 0) {
        const struct ballast_disk_range *last = &ranges->found[ranges->count - 1];
        ranges->known = last->offset_bytes + last->length_bytes;
    } else if (code == ERROR_MORE_DATA) {
        everything(ranges, offset);
    }
}

static void ask(struct ranges *ranges, uint64_t offset)
{
    ranges->next = 0;
    if (ranges->unknown) {
        everything(ranges, offset);
    } else if (ranges->disk) {
        ask_disk(ranges, offset);
    } else {
        ask_file(ranges, offset);
    }
}

struct ballast_disk_range ranges_next(struct ranges *ranges, uint64_t offset)
{
    while (offset < ranges->length) {
        for (; ranges->next < ranges->count; ranges->next++) {
            struct ballast_disk_range range = ranges->found[ranges->next];
            uint64_t end = range.offset_bytes + range.length_bytes;
            if (end > offset) {
                uint64_t begin = range.offset_bytes > offset ? range.offset_bytes : offset;
                return (struct ballast_disk_range){begin, end - begin};
            }
        }
        offset = ranges->known > offset ? ranges->known : offset;
        if (offset < ranges->length) {
            ask(ranges, offset);
        }
    }
    return (struct ballast_disk_range){ranges->length, 0};
}
