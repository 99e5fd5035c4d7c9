/* SPDX-License-Identifier: MIT */
/* ballast disk list, ballast disk info; what is known of a disk, as text and as JSON. */

#include "cli/ballast/disk.h"

#include <stdlib.h>

/* ---- one disk ---- */

const char *disk_type_text(const ballast_disk_info *info)
{
    return info->type == BALLAST_DISK_RAM ? "ram" : "file";
}

const char *disk_device_text(const ballast_disk_info *info)
{
    switch (info->device) {
    case BALLAST_DEVICE_HARD_DISK:
        return "hd";
    case BALLAST_DEVICE_FLOPPY:
        return "floppy";
    case BALLAST_DEVICE_CD:
        return "cd";
    case BALLAST_DEVICE_RAW:
        return "raw";
    default:
        return "unknown";
    }
}

static const struct {
    uint32_t flag;
    const char *name;
} flag_names[] = {
    {BALLAST_DISK_READ_ONLY, "read_only"},
    {BALLAST_DISK_REMOVABLE, "removable"},
    {BALLAST_DISK_SHARED, "shared"},
    {BALLAST_DISK_SPARSE, "sparse"},
    {BALLAST_DISK_LOCKED_MEMORY, "locked"},
    {BALLAST_DISK_MODIFIED, "modified"},
    {BALLAST_DISK_STRICT_END, "strict_end"},
    {BALLAST_DISK_MOUNT_MANAGER, "mount_manager"},
    {BALLAST_DISK_SECTORS_512E, "sectors_512e"},
};
#define FLAG_NAMES (sizeof(flag_names) / sizeof(flag_names[0]))

void disk_json_letter(wchar_t drive_letter)
{
    const char letter[] = {(char)drive_letter, 0};
    json_text_or_null("drive_letter", drive_letter != 0 ? letter : NULL);
}

void disk_print_json(const ballast_disk_info *info)
{
    json_open(NULL, '{');
    json_number("number", info->number);
    json_text("type", disk_type_text(info));
    json_text("device", disk_device_text(info));
    json_number("size_bytes", info->size);
    disk_json_letter(info->drive_letter);
    if (info->image[0] != 0) {
        json_text("image", utf8(info->image));
    } else {
        json_null("image");
    }
    json_number("image_offset_bytes", info->image_offset);
    for (size_t i = 0; i < FLAG_NAMES; i++) {
        json_bool(flag_names[i].name, (info->flags & flag_names[i].flag) != 0);
    }
    json_number("bytes_per_sector", info->bytes_per_sector);
    json_number("sectors_per_track", info->sectors_per_track);
    json_number("tracks_per_cylinder", info->tracks_per_cylinder);
    json_number("read_requests", info->read_requests);
    json_number("read_bytes", info->read_bytes);
    json_number("write_requests", info->write_requests);
    json_number("written_bytes", info->written_bytes);
    json_number("flush_requests", info->flush_requests);
    json_number("trim_requests", info->trim_requests);
    json_number("trimmed_bytes", info->trimmed_bytes);
    json_number("failed_requests", info->failed_requests);
    json_number("requests_in_flight", info->requests_in_flight);
    if (info->memory_known) {
        json_number("allocated_memory_bytes", info->allocated_memory);
        json_number("overhead_memory_bytes", info->overhead_memory);
    } else {
        json_null("allocated_memory_bytes");
        json_null("overhead_memory_bytes");
    }
    json_close('}');
}

static void print_info(const ballast_disk_info *info)
{
    print("Disk:         %u\n", info->number);
    if (info->drive_letter != 0) {
        print("Drive letter: %lc:", info->drive_letter);
    } else if (info->wanted_drive_letter != 0) {
        print("Drive letter: -");
    }
    if (info->wanted_drive_letter != 0 && info->wanted_drive_letter != info->drive_letter) {
        print(" (%lc: was asked for)", info->wanted_drive_letter);
    }
    if (info->drive_letter != 0 || info->wanted_drive_letter != 0) {
        print("\n");
    }
    print("Type:         %s\n", disk_type_text(info));
    print("Device:       %s\n", disk_device_text(info));
    print("Size:         %llu bytes (%s)\n", (unsigned long long)info->size, size_text(info->size));
    print("Image:        %s\n", info->image[0] != 0 ? utf8(info->image) : "-");
    if (info->image_offset != 0) {
        print("Offset:       %llu bytes\n", (unsigned long long)info->image_offset);
    }
    print("Geometry:     %u bytes per sector, %u sectors per track, %u tracks per cylinder\n", info->bytes_per_sector,
          info->sectors_per_track, info->tracks_per_cylinder);
    print("Flags:       ");
    bool any = false;
    for (size_t i = 0; i < FLAG_NAMES; i++) {
        if ((info->flags & flag_names[i].flag) != 0) {
            print(" %s", flag_names[i].name);
            any = true;
        }
    }
    print(any ? "\n" : " -\n");
    print("Reads:        %llu requests, %s\n", (unsigned long long)info->read_requests, size_text(info->read_bytes));
    print("Writes:       %llu requests, %s\n", (unsigned long long)info->write_requests,
          size_text(info->written_bytes));
    print("Flushes:      %llu\n", (unsigned long long)info->flush_requests);
    print("Trims:        %llu requests, %s\n", (unsigned long long)info->trim_requests, size_text(info->trimmed_bytes));
    print("Failures:     %llu\n", (unsigned long long)info->failed_requests);
    if (info->memory_known) {
        print("Memory:       %s for data, %s to find it\n", size_text(info->allocated_memory),
              size_text(info->overhead_memory));
    }
}

/* ---- commands ---- */

static void print_row(const ballast_disk_info *info)
{
    char letter[] = "- ";
    if (info->drive_letter != 0) {
        letter[0] = (char)info->drive_letter;
        letter[1] = ':';
    }
    print("%6u  %-6s  %-4s  %-6s  %10s  %-4s  %s\n", info->number, letter, disk_type_text(info), disk_device_text(info),
          size_text(info->size), (info->flags & BALLAST_DISK_READ_ONLY) != 0 ? "ro" : "rw",
          info->image[0] != 0 ? utf8(info->image) : "-");
}

static void list_one(bool json, uint32_t number, bool *first)
{
    ballast_disk_info info = {.struct_size = sizeof(info)};
    if (ballast_disk_query(number, &info, NULL) != BALLAST_OK) {
        return; /* removed meanwhile */
    }
    if (json) {
        disk_print_json(&info);
    } else {
        if (*first) {
            print("NUMBER  LETTER  TYPE  DEVICE        SIZE  MODE  IMAGE\n");
        }
        print_row(&info);
    }
    *first = false;
}

ballast_result disk_list(const struct arguments *arguments)
{
    ballast_error error;
    size_t count = 0;
    ballast_result result = ballast_disk_list(NULL, 0, &count, &error);
    if (result != BALLAST_OK) {
        return fail(result, &error);
    }
    size_t capacity = count + 16;
    uint32_t *numbers = calloc(capacity, sizeof(*numbers));
    if (numbers == NULL) {
        print_error("error: out of memory\n");
        return BALLAST_FAILED;
    }
    result = ballast_disk_list(numbers, capacity, &count, &error);
    if (result == BALLAST_OK) {
        bool first = true;
        if (arguments->json) {
            json_open(NULL, '[');
        }
        for (size_t i = 0; i < count && i < capacity; i++) {
            list_one(arguments->json, numbers[i], &first);
        }
        if (arguments->json) {
            json_close(']');
            json_end();
        } else if (first) {
            print("There are no disks.\n");
        }
    } else {
        (void)fail(result, &error);
    }
    free(numbers);
    return result;
}

ballast_result disk_info(const struct arguments *arguments)
{
    uint32_t number;
    ballast_disk_info disk;
    ballast_result result;
    if (!disk_find(arguments->positions[0], &number, &result)) {
        return result;
    }
    result = disk_query(number, &disk);
    if (result == BALLAST_OK) {
        if (arguments->json) {
            disk_print_json(&disk);
            json_end();
        } else {
            print_info(&disk);
        }
    }
    return result;
}
