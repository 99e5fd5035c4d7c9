/* SPDX-License-Identifier: MIT */
#include "core/disk/control.h"
#include "core/disk/medium.h"
#include "core/base/platform_host.h"
#include "core/disk/ram.h"
#include "core/disk/storage_abi.h"
#include "tests/harness/test.h"
#include "tests/unit/lanes.h"

#include <string.h>

#define SIZE (8u << 20)

static const uint16_t name[] = {'a', 'b', 'c'};

struct fixture {
    struct disk disk;
    /* Aligned and exactly as long as a request says, so that AddressSanitizer sees whoever goes beyond. */
    _Alignas(8) unsigned char buffer[4096];
};

static void make(struct fixture *fixture, uint32_t flags, enum disk_kind kind)
{
    struct source *source;
    struct disk_parameters parameters = {
        .number = 5,
        .flags = flags | (uint32_t)kind << 4,
        .kind = kind,
        .in_memory = (flags & IMDISK_TYPE_MASK) != IMDISK_TYPE_FILE,
        .drive_letter = 'X',
        .maximum_size = INT64_MAX,
        .image_offset = 512,
        .geometry = {SIZE, MEDIA_TYPE_FIXED, 16, 63, 512},
        .file_name = name,
        .file_name_length = sizeof(name),
    };
    CHECK_EQUAL(ram_create(PLATFORM_POOL_PAGED, &source), BALLAST_SUCCESS);
    CHECK_EQUAL(disk_initialize(&fixture->disk, &parameters, source, test_lanes()), BALLAST_SUCCESS);
    memset(fixture->buffer, 0xEE, sizeof(fixture->buffer));
}

static void destroy(struct fixture *fixture)
{
    uint64_t blocks, bytes;
    disk_destroy(&fixture->disk);
    platform_host_usage(&blocks, &bytes);
    CHECK_EQUAL(blocks, 0);
}

static ballast_status call(struct fixture *fixture, request_handler *handler, size_t input, size_t output,
                           size_t *information)
{
    struct request request = {.buffer = fixture->buffer, .input_length = input, .output_length = output};
    ballast_status status = handler(&fixture->disk, &request);
    if (information != NULL) {
        *information = request.information;
    }
    return status;
}

static void lengths_are_checked_by_the_table(void)
{
    static const struct request_entry entry = {.minimum_input = 4,
                                               .minimum_output = 8,
                                               .short_input = BALLAST_INVALID_PARAMETER,
                                               .short_output = BALLAST_BUFFER_TOO_SMALL};
    struct request_entry exact = entry;
    exact.flags = REQUEST_EXACT_INPUT;
    CHECK_EQUAL(request_check_lengths(&entry, &(struct request){.input_length = 3, .output_length = 8}),
                BALLAST_INVALID_PARAMETER);
    CHECK_EQUAL(request_check_lengths(&entry, &(struct request){.input_length = 4, .output_length = 7}),
                BALLAST_BUFFER_TOO_SMALL);
    CHECK_EQUAL(request_check_lengths(&entry, &(struct request){.input_length = 4, .output_length = 8}),
                BALLAST_SUCCESS);
    CHECK_EQUAL(request_check_lengths(&entry, &(struct request){.input_length = 5, .output_length = 9}),
                BALLAST_SUCCESS);
    CHECK_EQUAL(request_check_lengths(&exact, &(struct request){.input_length = 5, .output_length = 9}),
                BALLAST_INVALID_PARAMETER);
}

static void simple_queries(void)
{
    struct fixture fixture;
    size_t information = 0;
    uint32_t value32;
    uint64_t value64;
    make(&fixture, IMDISK_TYPE_VM, DISK_KIND_HARD_DISK);
    CHECK_EQUAL(call(&fixture, disk_control_query_version, 0, 4, &information), BALLAST_SUCCESS);
    memcpy(&value32, fixture.buffer, 4);
    CHECK_EQUAL(information, 4);
    CHECK_EQUAL(value32, 0x0103);
    CHECK_EQUAL(call(&fixture, disk_control_length, 0, 8, &information), BALLAST_SUCCESS);
    memcpy(&value64, fixture.buffer, 8);
    CHECK_EQUAL(information, 8);
    CHECK_EQUAL(value64, SIZE);
    CHECK_EQUAL(call(&fixture, disk_control_check_verify, 0, 3, &information), BALLAST_SUCCESS);
    CHECK_EQUAL(information, 0);
    CHECK_EQUAL(call(&fixture, disk_control_check_verify, 0, 4, &information), BALLAST_SUCCESS);
    CHECK_EQUAL(information, 4);
    CHECK_EQUAL(call(&fixture, disk_control_is_writable, 0, 0, &information), BALLAST_SUCCESS);
    CHECK_EQUAL(call(&fixture, disk_control_accept, 0, 0, &information), BALLAST_SUCCESS);
    destroy(&fixture);
    make(&fixture, IMDISK_TYPE_VM | IMDISK_OPTION_READ_ONLY, DISK_KIND_HARD_DISK);
    CHECK_EQUAL(call(&fixture, disk_control_is_writable, 0, 0, &information), BALLAST_MEDIA_WRITE_PROTECTED);
    destroy(&fixture);
}

static void geometry_and_partition(void)
{
    struct fixture fixture;
    size_t information;
    struct storage_geometry geometry;
    struct storage_partition partition;
    struct storage_partition_ex extended;
    make(&fixture, IMDISK_TYPE_VM, DISK_KIND_HARD_DISK);
    CHECK_EQUAL(call(&fixture, disk_control_geometry, 0, 24, &information), BALLAST_SUCCESS);
    CHECK_EQUAL(information, 24);
    memcpy(&geometry, fixture.buffer, sizeof(geometry));
    CHECK_EQUAL(geometry.cylinders, SIZE / (16 * 63 * 512));
    CHECK_EQUAL(geometry.tracks_per_cylinder, 16);
    CHECK_EQUAL(call(&fixture, disk_control_partition, 0, 32, &information), BALLAST_SUCCESS);
    CHECK_EQUAL(information, 32);
    memcpy(&partition, fixture.buffer, sizeof(partition));
    CHECK_EQUAL(partition.starting_offset, 63 * 512);
    CHECK_EQUAL(partition.partition_length, SIZE);
    CHECK_EQUAL(partition.hidden_sectors, 1);
    CHECK_EQUAL(partition.partition_number, 1);
    CHECK_EQUAL(partition.partition_type, 6);
    CHECK_EQUAL(call(&fixture, disk_control_partition_ex, 0, 144, &information), BALLAST_SUCCESS);
    CHECK_EQUAL(information, 144);
    memcpy(&extended, fixture.buffer, sizeof(extended));
    CHECK_EQUAL(extended.partition_style, 0);
    CHECK_EQUAL(extended.partition_length, SIZE);
    CHECK_EQUAL(extended.mbr_partition_type, 6);
    CHECK_EQUAL(extended.mbr_hidden_sectors, 1);
    destroy(&fixture);
}

static void hotplug_follows_removability(void)
{
    static const struct {
        uint32_t flags;
        enum disk_kind kind;
        bool removable;
    } rows[] = {
        {0, DISK_KIND_HARD_DISK, false}, {IMDISK_OPTION_REMOVABLE, DISK_KIND_HARD_DISK, true},
        {0, DISK_KIND_FLOPPY, true},     {0, DISK_KIND_CD, true},
        {0, DISK_KIND_RAW, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fixture fixture;
        struct storage_hotplug_info info;
        size_t information;
        test_note("row %u", (unsigned)i);
        make(&fixture, rows[i].flags, rows[i].kind);
        CHECK_EQUAL(call(&fixture, disk_control_hotplug_info, 0, 8, &information), BALLAST_SUCCESS);
        memcpy(&info, fixture.buffer, sizeof(info));
        CHECK_EQUAL(info.size, 8);
        CHECK_EQUAL(info.media_removable, rows[i].removable);
        CHECK_EQUAL(info.write_cache_enable_override, 0);
        destroy(&fixture);
    }
}

static void query_device(void)
{
    struct fixture fixture;
    size_t information = 0;
    make(&fixture, IMDISK_TYPE_VM | IMDISK_OPTION_REMOVABLE, DISK_KIND_HARD_DISK);
    CHECK_EQUAL(call(&fixture, disk_control_query_device, 0, 57 + sizeof(name), &information),
                BALLAST_BUFFER_TOO_SMALL);
    CHECK_EQUAL(call(&fixture, disk_control_query_device, 0, 58 + sizeof(name), &information), BALLAST_SUCCESS);
    CHECK_EQUAL(information, 54 + sizeof(name));
    const struct imdisk_create_data *data = (const struct imdisk_create_data *)fixture.buffer;
    CHECK_EQUAL(data->device_number, 5);
    CHECK_EQUAL(data->reserved, 0);
    CHECK_EQUAL(data->size_bytes, SIZE);
    CHECK_EQUAL(data->image_offset_bytes, 512);
    CHECK_EQUAL(data->flags, IMDISK_TYPE_VM | IMDISK_DEVICE_TYPE_HD | IMDISK_OPTION_REMOVABLE);
    CHECK_EQUAL(data->drive_letter, 'X');
    CHECK_EQUAL(data->file_name_length_bytes, sizeof(name));
    CHECK_BYTES(data->file_name, name, sizeof(name));
    static const unsigned char zeros[6];
    CHECK_BYTES(fixture.buffer + 48 + sizeof(name), zeros, 6); /* what is sent beyond the name is not left over */
    CHECK_EQUAL(fixture.buffer[54 + sizeof(name)], 0xEE);
    destroy(&fixture);
}

static void reported_flags(void)
{
    static const struct {
        uint32_t flags;
        enum disk_kind kind;
        uint32_t reported;
    } rows[] = {
        {IMDISK_TYPE_FILE | IMDISK_FILE_BUFFERED_IO, DISK_KIND_HARD_DISK, IMDISK_TYPE_FILE | IMDISK_DEVICE_TYPE_HD},
        {IMDISK_TYPE_FILE | IMDISK_FILE_PARALLEL_IO, DISK_KIND_RAW,
         IMDISK_TYPE_FILE | IMDISK_FILE_PARALLEL_IO | IMDISK_DEVICE_TYPE_RAW},
        {IMDISK_TYPE_FILE | IMDISK_FILE_AWE_ALLOC, DISK_KIND_HARD_DISK,
         IMDISK_TYPE_FILE | IMDISK_FILE_AWE_ALLOC | IMDISK_DEVICE_TYPE_HD},
        /* sparse is what the source is, not what was asked for */
        {IMDISK_TYPE_FILE | IMDISK_OPTION_BYTE_SWAP | IMDISK_OPTION_SHARED_IMAGE | IMDISK_OPTION_SPARSE_FILE,
         DISK_KIND_HARD_DISK, IMDISK_TYPE_FILE | IMDISK_OPTION_SHARED_IMAGE | IMDISK_DEVICE_TYPE_HD},
        {IMDISK_TYPE_VM | IMDISK_OPTION_READ_ONLY, DISK_KIND_CD,
         IMDISK_TYPE_VM | IMDISK_OPTION_READ_ONLY | IMDISK_OPTION_REMOVABLE | IMDISK_DEVICE_TYPE_CD},
        {IMDISK_TYPE_VM, DISK_KIND_FLOPPY, IMDISK_TYPE_VM | IMDISK_OPTION_REMOVABLE | IMDISK_DEVICE_TYPE_FD},
        {IMDISK_TYPE_VM | IMDISK_IMAGE_MODIFIED, DISK_KIND_HARD_DISK,
         IMDISK_TYPE_VM | IMDISK_IMAGE_MODIFIED | IMDISK_DEVICE_TYPE_HD},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fixture fixture;
        test_note("row %u", (unsigned)i);
        make(&fixture, rows[i].flags, rows[i].kind);
        CHECK_EQUAL(disk_reported_flags(&fixture.disk), rows[i].reported);
        fixture.disk.source->sparse = true;
        CHECK_EQUAL(disk_reported_flags(&fixture.disk), rows[i].reported | IMDISK_OPTION_SPARSE_FILE);
        destroy(&fixture);
    }
}

static void changing_flags(void)
{
    enum { RO = IMDISK_OPTION_READ_ONLY, REM = IMDISK_OPTION_REMOVABLE, MOD = IMDISK_IMAGE_MODIFIED };
    static const struct {
        uint32_t flags;
        enum disk_kind kind;
        uint32_t change, values, remaining, flags_after; /* of RO, REM and MOD */
    } rows[] = {
        {IMDISK_TYPE_VM, DISK_KIND_HARD_DISK, RO, RO, 0, RO},
        {IMDISK_TYPE_VM | RO, DISK_KIND_HARD_DISK, RO, 0, 0, 0},
        {IMDISK_TYPE_FILE, DISK_KIND_HARD_DISK, RO, RO, 0, RO},
        {IMDISK_TYPE_FILE | RO, DISK_KIND_HARD_DISK, RO, 0, RO, RO}, /* a file stays read-only */
        {IMDISK_TYPE_VM | RO, DISK_KIND_CD, RO, 0, RO, RO},          /* a CD is not a disk device */
        {IMDISK_TYPE_VM, DISK_KIND_RAW, RO, RO, RO, 0},
        {IMDISK_TYPE_VM, DISK_KIND_HARD_DISK, REM, REM, 0, REM},
        {IMDISK_TYPE_VM | REM, DISK_KIND_HARD_DISK, REM, 0, 0, 0},
        {IMDISK_TYPE_VM, DISK_KIND_RAW, REM, REM, REM, 0},
        {IMDISK_TYPE_VM, DISK_KIND_CD, MOD, MOD, 0, MOD},
        {IMDISK_TYPE_VM | MOD, DISK_KIND_RAW, MOD, 0, 0, 0},
        {IMDISK_TYPE_VM, DISK_KIND_HARD_DISK, RO | REM | MOD | 0x40000, RO | MOD, 0x40000, RO | MOD},
        {IMDISK_TYPE_VM, DISK_KIND_HARD_DISK, 0, RO | REM | MOD, 0, 0}, /* values without a change */
        {IMDISK_TYPE_VM, DISK_KIND_HARD_DISK, IMDISK_OPTION_SPARSE_FILE, IMDISK_OPTION_SPARSE_FILE,
         IMDISK_OPTION_SPARSE_FILE, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fixture fixture;
        test_note("row %u", (unsigned)i);
        make(&fixture, rows[i].flags, rows[i].kind);
        CHECK_EQUAL(disk_change_flags(&fixture.disk, rows[i].change, rows[i].values), rows[i].remaining);
        CHECK_EQUAL(disk_flags(&fixture.disk) & (RO | REM | MOD), rows[i].flags_after);
        destroy(&fixture);
    }
}

static void query_driver(void)
{
    static const uint32_t small[] = {31, 0, 7};
    static const uint32_t medium[] = {63, 32};
    static const uint32_t large[] = {64};
    static const struct {
        const uint32_t *numbers;
        size_t count, output;
        ballast_status status;
        size_t information;
        uint64_t first; /* 4 or 8 bytes of the reply */
    } rows[] = {
        {small, 3, 0, BALLAST_INVALID_PARAMETER, 0, 0},
        {small, 3, 3, BALLAST_INVALID_PARAMETER, 0, 0},
        {small, 3, 4, BALLAST_SUCCESS, 4, 0x80000081},
        {small, 3, 7, BALLAST_SUCCESS, 4, 0x80000081},
        {small, 3, 8, BALLAST_SUCCESS, 8, 0x80000081},
        {medium, 2, 4, BALLAST_INVALID_PARAMETER, 0, 0},
        {medium, 2, 8, BALLAST_SUCCESS, 8, 0x8000000100000000},
        {large, 1, 8, BALLAST_INVALID_PARAMETER, 0, 0},
        {large, 1, 9, BALLAST_SUCCESS, 8, 1 | 64ull << 32},
        {NULL, 0, 4, BALLAST_SUCCESS, 4, 0},
        {NULL, 0, 9, BALLAST_SUCCESS, 4, 0},
        {small, 3, 15, BALLAST_SUCCESS, 4, 3}, /* room for two: only the count */
        {small, 3, 16, BALLAST_SUCCESS, 16, 3 | 31ull << 32},
        {small, 3, 4096, BALLAST_SUCCESS, 16, 3 | 31ull << 32},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        _Alignas(8) unsigned char buffer[4096] = {0};
        struct request request = {.buffer = buffer, .output_length = rows[i].output};
        uint64_t first = 0;
        test_note("row %u", (unsigned)i);
        CHECK_EQUAL(disk_query_driver(rows[i].numbers, rows[i].count, &request), rows[i].status);
        CHECK_EQUAL(request.information, rows[i].information);
        memcpy(&first, buffer, rows[i].information < 8 ? rows[i].information : 8);
        CHECK_EQUAL(first, rows[i].first);
    }
}

static void state(void)
{
    struct fixture fixture;
    size_t information;
    size_t done;
    make(&fixture, IMDISK_TYPE_VM, DISK_KIND_HARD_DISK);
    CHECK_EQUAL(disk_write(&fixture.disk, 4096, "x", 1, &done), BALLAST_SUCCESS);
    CHECK_EQUAL(call(&fixture, disk_control_query_state, 0, sizeof(struct ballast_disk_state), &information),
                BALLAST_SUCCESS);
    const struct ballast_disk_state *reply = (const struct ballast_disk_state *)fixture.buffer;
    CHECK_EQUAL(information, 128);
    CHECK_EQUAL(reply->header.size_bytes, 128);
    CHECK_EQUAL(reply->header.version, 1);
    CHECK_EQUAL(reply->size_bytes, SIZE);
    CHECK_EQUAL(reply->valid, BALLAST_DISK_VALID_MEMORY);
    CHECK_EQUAL(reply->allocated_bytes, RAM_CHUNK_SIZE);
    CHECK_EQUAL(reply->write_requests, 1);
    CHECK_EQUAL(reply->written_bytes, 1);
    destroy(&fixture);
}

static ballast_status grow(struct fixture *fixture, uint32_t partition, int64_t bytes)
{
    struct storage_grow_partition input = {.partition_number = partition, .bytes_to_grow = bytes};
    memcpy(fixture->buffer, &input, sizeof(input));
    return call(fixture, disk_control_grow, sizeof(input), 0, NULL);
}

static void growing(void)
{
    struct fixture fixture;
    make(&fixture, IMDISK_TYPE_VM, DISK_KIND_HARD_DISK);
    CHECK_EQUAL(grow(&fixture, 0, 512), BALLAST_INVALID_PARAMETER);
    CHECK_EQUAL(grow(&fixture, 2, 512), BALLAST_INVALID_PARAMETER);
    CHECK_EQUAL(grow(&fixture, 1, -1), BALLAST_INVALID_PARAMETER);
    CHECK_EQUAL(grow(&fixture, 1, INT64_MIN), BALLAST_INVALID_PARAMETER);
    CHECK_EQUAL(grow(&fixture, 1, INT64_MAX), BALLAST_INVALID_PARAMETER);
    CHECK_EQUAL(disk_size(&fixture.disk), SIZE);
    CHECK_EQUAL(grow(&fixture, 1, 0), BALLAST_SUCCESS);
    CHECK_EQUAL(grow(&fixture, 1, 12345), BALLAST_SUCCESS);
    CHECK_EQUAL(disk_size(&fixture.disk), SIZE + 12345);
    destroy(&fixture);
    make(&fixture, IMDISK_TYPE_VM | IMDISK_OPTION_READ_ONLY, DISK_KIND_HARD_DISK);
    CHECK_EQUAL(grow(&fixture, 2, 512), BALLAST_MEDIA_WRITE_PROTECTED);
    destroy(&fixture);
}

static ballast_status resize(struct fixture *fixture, uint32_t size, uint16_t version, uint16_t flags, uint64_t bytes)
{
    struct ballast_disk_resize input = {{size, version, flags}, bytes};
    memcpy(fixture->buffer, &input, sizeof(input));
    return call(fixture, disk_control_resize, sizeof(input), 0, NULL);
}

static void resizing(void)
{
    struct fixture fixture;
    make(&fixture, IMDISK_TYPE_VM, DISK_KIND_HARD_DISK);
    CHECK_EQUAL(resize(&fixture, 15, 1, 0, 2 * SIZE), BALLAST_INVALID_PARAMETER);
    CHECK_EQUAL(resize(&fixture, 16, 2, 0, 2 * SIZE), BALLAST_INVALID_PARAMETER);
    CHECK_EQUAL(resize(&fixture, 16, 0, 0, 2 * SIZE), BALLAST_INVALID_PARAMETER);
    CHECK_EQUAL(resize(&fixture, 16, 1, 2, 2 * SIZE), BALLAST_INVALID_PARAMETER);
    CHECK_EQUAL(resize(&fixture, 16, 1, 0, SIZE / 2), BALLAST_INVALID_PARAMETER);
    CHECK_EQUAL(disk_size(&fixture.disk), SIZE);
    CHECK_EQUAL(resize(&fixture, 16, 1, 0, 2 * SIZE), BALLAST_SUCCESS);
    CHECK_EQUAL(disk_size(&fixture.disk), 2 * SIZE);
    CHECK_EQUAL(resize(&fixture, 4000, 1, 1, SIZE / 2), BALLAST_SUCCESS); /* from a newer client */
    CHECK_EQUAL(disk_size(&fixture.disk), SIZE / 2);
    destroy(&fixture);
}

struct trim_input {
    struct storage_data_set_attributes attributes;
    uint32_t padding;
    struct storage_data_set_range ranges[4];
};

static ballast_status trim(struct fixture *fixture, const struct trim_input *input, size_t length)
{
    memcpy(fixture->buffer, input, sizeof(*input));
    return call(fixture, disk_control_trim, length, 0, NULL);
}

static struct trim_input trim_input(unsigned ranges)
{
    return (struct trim_input){
        .attributes = {.size = sizeof(struct storage_data_set_attributes),
                       .action = DATA_SET_ACTION_TRIM,
                       .data_set_ranges_offset = offsetof(struct trim_input, ranges),
                       .data_set_ranges_length = ranges * (uint32_t)sizeof(struct storage_data_set_range)},
        .ranges = {{0, RAM_CHUNK_SIZE}, {2 * RAM_CHUNK_SIZE, RAM_CHUNK_SIZE}, {4 * RAM_CHUNK_SIZE, RAM_CHUNK_SIZE}},
    };
}

static uint64_t allocated_chunks(struct fixture *fixture)
{
    struct source_usage usage;
    CHECK(fixture->disk.source->operations->usage(fixture->disk.source, &usage));
    return usage.allocated_bytes / RAM_CHUNK_SIZE;
}

static void fill_chunks(struct fixture *fixture, unsigned count)
{
    size_t done;
    for (unsigned i = 0; i < count; i++) {
        CHECK_EQUAL(disk_write(&fixture->disk, (uint64_t)i * RAM_CHUNK_SIZE, "x", 1, &done), BALLAST_SUCCESS);
    }
}

static void trimming(void)
{
    struct fixture fixture;
    struct trim_input input = trim_input(3);
    make(&fixture, IMDISK_TYPE_VM, DISK_KIND_HARD_DISK);
    fill_chunks(&fixture, 6);
    CHECK_EQUAL(trim(&fixture, &input, sizeof(input)), BALLAST_SUCCESS);
    CHECK_EQUAL(allocated_chunks(&fixture), 3);
    input = trim_input(0);
    CHECK_EQUAL(trim(&fixture, &input, sizeof(input)), BALLAST_SUCCESS);
    CHECK_EQUAL(allocated_chunks(&fixture), 3);
    input.attributes.flags = DATA_SET_FLAG_ENTIRE_RANGE;
    CHECK_EQUAL(trim(&fixture, &input, sizeof(input.attributes) + 4), BALLAST_SUCCESS);
    CHECK_EQUAL(allocated_chunks(&fixture), 0);
    destroy(&fixture);
}

static void bad_trims_change_nothing(void)
{
    struct fixture fixture;
    make(&fixture, IMDISK_TYPE_VM, DISK_KIND_HARD_DISK);
    fill_chunks(&fixture, 6);
    struct trim_input input = trim_input(3);
    input.attributes.action = 2;
    CHECK_EQUAL(trim(&fixture, &input, sizeof(input)), BALLAST_INVALID_DEVICE_REQUEST);
    input.attributes.action = 0x80000001;
    CHECK_EQUAL(trim(&fixture, &input, sizeof(input)), BALLAST_INVALID_DEVICE_REQUEST);
    input = trim_input(3);
    CHECK_EQUAL(trim(&fixture, &input, offsetof(struct trim_input, ranges) + 47), BALLAST_INVALID_PARAMETER);
    input.attributes.data_set_ranges_offset = 0xFFFFFFF0;
    CHECK_EQUAL(trim(&fixture, &input, sizeof(input)), BALLAST_INVALID_PARAMETER);
    input = trim_input(3);
    input.attributes.data_set_ranges_length = 0xFFFFFFFF;
    CHECK_EQUAL(trim(&fixture, &input, sizeof(input)), BALLAST_INVALID_PARAMETER);
    static const struct storage_data_set_range bad[] = {
        {-1, 512}, {INT64_MIN, 512}, {SIZE, 1}, {SIZE - 1, 2}, {0, UINT64_MAX}, {INT64_MAX, UINT64_MAX}, {512, SIZE}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        test_note("range %u", (unsigned)i);
        input = trim_input(3);
        input.ranges[2] = bad[i];
        CHECK_EQUAL(trim(&fixture, &input, sizeof(input)), BALLAST_INVALID_PARAMETER);
    }
    CHECK_EQUAL(allocated_chunks(&fixture), 6);
    destroy(&fixture);
    make(&fixture, IMDISK_TYPE_VM | IMDISK_OPTION_READ_ONLY, DISK_KIND_HARD_DISK);
    input = trim_input(3);
    CHECK_EQUAL(trim(&fixture, &input, sizeof(input)), BALLAST_MEDIA_WRITE_PROTECTED);
    destroy(&fixture);
}

TEST_MAIN({"lengths_are_checked_by_the_table", lengths_are_checked_by_the_table}, {"simple_queries", simple_queries},
          {"geometry_and_partition", geometry_and_partition},
          {"hotplug_follows_removability", hotplug_follows_removability}, {"query_device", query_device},
          {"reported_flags", reported_flags}, {"changing_flags", changing_flags}, {"query_driver", query_driver},
          {"state", state}, {"growing", growing}, {"resizing", resizing}, {"trimming", trimming},
          {"bad_trims_change_nothing", bad_trims_change_nothing})
