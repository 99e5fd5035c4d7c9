/* SPDX-License-Identifier: MIT */
#include "core/disk/create.h"
#include "tests/harness/test.h"

#include <stdlib.h>
#include <string.h>

static const struct disk_create_policy policy = {
    .maximum_devices = IMDISK_MAXIMUM_DEVICES,
    .disallowed_drive_letters = 1u << ('Q' - 'A'),
    .maximum_memory_disk_bytes = INT64_MAX,
};

/* A request with room for a name behind it. */
struct input {
    _Alignas(8) unsigned char bytes[sizeof(struct imdisk_create_data) + 128];
    size_t length;
};

static struct imdisk_create_data *data_of(struct input *input)
{
    return (struct imdisk_create_data *)input->bytes;
}

static struct input make(uint32_t flags, int64_t size, const char *name)
{
    struct input input;
    memset(&input, 0, sizeof(input));
    data_of(&input)->device_number = IMDISK_AUTO_DEVICE_NUMBER;
    data_of(&input)->flags = flags;
    data_of(&input)->size_bytes = size;
    size_t characters = test_widen(name, data_of(&input)->file_name);
    data_of(&input)->file_name_length_bytes = (uint16_t)(2 * characters);
    input.length = IMDISK_CREATE_DATA_SIZE + 2 * characters;
    return input;
}

/* From a copy that is exactly as long as the request, so that AddressSanitizer sees who reads beyond. */
static ballast_status parse_with(const struct input *input, const struct disk_create_policy *with,
                                 struct disk_parameters *parameters)
{
    unsigned char *copy = malloc(input->length != 0 ? input->length : 1);
    memcpy(copy, input->bytes, input->length);
    ballast_status status = disk_parameters_parse(copy, input->length, with, parameters);
    free(copy);
    return status;
}

static ballast_status parse(const struct input *input, struct disk_parameters *parameters)
{
    return parse_with(input, &policy, parameters);
}

static uint32_t status_of(struct input input)
{
    struct disk_parameters parameters;
    return (uint32_t)parse(&input, &parameters);
}

#define OK          0u
#define INVALID     0xC000000Du
#define DENIED      0xC0000022u
#define UNSUPPORTED 0xC00000BBu
#define MIB         (1 << 20)

static void lengths(void)
{
    struct input input = make(0, MIB, "");
    struct disk_parameters parameters;
    static const struct {
        size_t length;
        uint32_t status;
    } rows[] = {{0, INVALID}, {1, INVALID}, {53, INVALID}, {54, OK}, {55, OK}, {56, OK}, {100, OK}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        test_note("%u bytes", (unsigned)rows[i].length);
        input.length = rows[i].length;
        CHECK_EQUAL((uint32_t)parse(&input, &parameters), rows[i].status);
    }
    input = make(0, MIB, "abc");
    input.length = 54 + 5;
    CHECK_EQUAL((uint32_t)parse(&input, &parameters), INVALID);
    input.length = 54 + 6;
    CHECK_EQUAL((uint32_t)parse(&input, &parameters), OK);
    data_of(&input)->file_name_length_bytes = 5;
    CHECK_EQUAL((uint32_t)parse(&input, &parameters), INVALID);
    data_of(&input)->file_name_length_bytes = 0xFFFE;
    CHECK_EQUAL((uint32_t)parse(&input, &parameters), INVALID);
}

static void types(void)
{
    static const struct {
        uint32_t flags;
        const char *name;
        uint32_t status, resolved;
        bool in_memory, locked;
    } rows[] = {
        {0, "", OK, IMDISK_TYPE_VM, true, false},
        {0, "x", OK, IMDISK_TYPE_FILE, false, false},
        {IMDISK_TYPE_VM, "x", OK, IMDISK_TYPE_VM, true, false},
        {IMDISK_TYPE_VM | IMDISK_FILE_BUFFERED_IO, "", OK, IMDISK_TYPE_VM, true, false},
        {IMDISK_TYPE_FILE, "", INVALID, 0, false, false},
        {IMDISK_TYPE_FILE | IMDISK_FILE_AWE_ALLOC, "", OK, IMDISK_TYPE_FILE | IMDISK_FILE_AWE_ALLOC, true, true},
        {IMDISK_TYPE_FILE | IMDISK_FILE_PARALLEL_IO, "x", OK, IMDISK_TYPE_FILE | IMDISK_FILE_PARALLEL_IO, false, false},
        {IMDISK_TYPE_FILE | IMDISK_FILE_BUFFERED_IO, "x", OK, IMDISK_TYPE_FILE | IMDISK_FILE_BUFFERED_IO, false, false},
        {IMDISK_TYPE_FILE | 0x4000, "x", INVALID, 0, false, false},
        {IMDISK_TYPE_PROXY, "x", UNSUPPORTED, 0, false, false},
        {0x400, "x", INVALID, 0, false, false},
        {0xF00, "x", INVALID, 0, false, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct input input = make(rows[i].flags, MIB, rows[i].name);
        struct disk_parameters parameters;
        test_note("flags 0x%x, name '%s'", rows[i].flags, rows[i].name);
        if (CHECK_EQUAL((uint32_t)parse(&input, &parameters), rows[i].status) && rows[i].status == OK) {
            CHECK_EQUAL(parameters.flags & (IMDISK_TYPE_MASK | IMDISK_SUBTYPE_MASK), rows[i].resolved);
            CHECK_EQUAL(parameters.in_memory, rows[i].in_memory);
            CHECK_EQUAL(parameters.locked_memory, rows[i].locked);
        }
    }
}

/* A name decides if the image is there and says nothing else. */
static void kinds_by_name(void)
{
    static const struct {
        const char *name;
        uint32_t flags;
        enum disk_kind kind;
        bool read_only;
    } rows[] = {
        {"a.iso", 0, DISK_KIND_CD, true},
        {"A.ISO", 0, DISK_KIND_CD, true},
        {"a.Nrg", 0, DISK_KIND_CD, true},
        {"a.bin", 0, DISK_KIND_CD, true},
        {".iso", 0, DISK_KIND_CD, true},
        {"a.iso", IMDISK_DEVICE_TYPE_RAW, DISK_KIND_RAW, false},
        {"iso", 0, DISK_KIND_AUTOMATIC, false},
        {"a.iso.img", 0, DISK_KIND_AUTOMATIC, false},
        {"a.iso", IMDISK_DEVICE_TYPE_HD, DISK_KIND_HARD_DISK, false},
        {"a.img", IMDISK_DEVICE_TYPE_CD, DISK_KIND_CD, true},
        {"a.img", IMDISK_DEVICE_TYPE_FD, DISK_KIND_FLOPPY, false},
        {"a.img", IMDISK_DEVICE_TYPE_RAW, DISK_KIND_RAW, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct input input = make(rows[i].flags, MIB, rows[i].name);
        struct disk_parameters parameters;
        test_note("'%s', flags 0x%x", rows[i].name, rows[i].flags);
        CHECK_EQUAL((uint32_t)parse(&input, &parameters), OK);
        CHECK_EQUAL(disk_parameters_wants_look(&parameters), rows[i].kind != DISK_KIND_RAW);
        CHECK_EQUAL((uint32_t)disk_parameters_looked(&parameters, &(struct disk_image_look){.cd = false}), OK);
        CHECK_EQUAL(parameters.kind, rows[i].kind);
        CHECK_EQUAL((parameters.flags & IMDISK_OPTION_READ_ONLY) != 0, rows[i].read_only);
        CHECK_EQUAL((uint32_t)parse(&input, &parameters), OK);
        CHECK_EQUAL((uint32_t)disk_parameters_looked(&parameters, &(struct disk_image_look){.other = true}), OK);
        CHECK_EQUAL(parameters.kind, parameters.named_cd ? DISK_KIND_AUTOMATIC : rows[i].kind);
    }
    CHECK_EQUAL(status_of(make(0x50, MIB, "x")), INVALID);
    CHECK_EQUAL(status_of(make(0xF0, MIB, "x")), INVALID);
}

/* What was looked at before is, of all, only looked at behind the disk: for the footer of a fixed VHD. */
static void stored_disks(void)
{
    static const struct {
        uint32_t flags;
        int64_t size;
        bool wanted;
    } rows[] = {
        {0, MIB, true},
        {0, 0, false},
        {IMDISK_TYPE_VM, MIB, false},
        {IMDISK_DEVICE_TYPE_RAW, MIB, false},
    };
    struct disk_image_look look = {.refused = true, .read_only = true, .cd = true, .data_bytes = 3 * MIB};
    struct disk_parameters parameters;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct input input = make(rows[i].flags | BALLAST_OPTION_AS_IS, rows[i].size, "a.img");
        test_note("row %u", (unsigned)i);
        CHECK_EQUAL((uint32_t)parse(&input, &parameters), OK);
        CHECK_EQUAL(disk_parameters_wants_look(&parameters), rows[i].wanted);
    }
    for (int64_t size = MIB; size <= 3 * MIB; size += MIB) {
        struct input input = make(BALLAST_OPTION_AS_IS, size, "a.img");
        data_of(&input)->image_offset_bytes = MIB;
        CHECK_EQUAL((uint32_t)parse(&input, &parameters), OK);
        uint64_t maximum = parameters.maximum_size;
        CHECK_EQUAL((uint32_t)disk_parameters_looked(&parameters, &look), OK);
        CHECK_EQUAL(parameters.kind, DISK_KIND_AUTOMATIC);
        CHECK_EQUAL(parameters.flags & IMDISK_OPTION_READ_ONLY, 0);
        CHECK_EQUAL(parameters.maximum_size, size <= 2 * MIB ? 2 * MIB : maximum); /* what it covers may be planted */
    }
}

static void drive_letters(void)
{
    static const struct {
        uint16_t letter;
        uint32_t status;
        uint16_t resolved;
    } rows[] = {{0, OK, 0},           {'X', OK, 'X'},    {'x', OK, 'X'},    {'A', OK, 'A'},    {'@', INVALID, 0},
                {'[', INVALID, 0},    {'`', INVALID, 0}, {'{', INVALID, 0}, {'1', INVALID, 0}, {0xFFFF, INVALID, 0},
                {0x0158, INVALID, 0}, {'Q', DENIED, 0},  {'q', DENIED, 0}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct input input = make(0, MIB, "");
        struct disk_parameters parameters;
        data_of(&input)->drive_letter = rows[i].letter;
        test_note("letter 0x%04x", rows[i].letter);
        if (CHECK_EQUAL((uint32_t)parse(&input, &parameters), rows[i].status) && rows[i].status == OK) {
            CHECK_EQUAL(parameters.drive_letter, rows[i].resolved);
        }
    }
}

static void hostile_numbers(void)
{
    struct input input = make(0, MIB, "x");
    data_of(&input)->size_bytes = -1;
    CHECK_EQUAL(status_of(input), INVALID);
    data_of(&input)->size_bytes = INT64_MIN;
    CHECK_EQUAL(status_of(input), INVALID);
    data_of(&input)->size_bytes = MIB;
    data_of(&input)->image_offset_bytes = -1;
    CHECK_EQUAL(status_of(input), INVALID);
    data_of(&input)->image_offset_bytes = INT64_MAX - MIB + 1;
    CHECK_EQUAL(status_of(input), INVALID);
    data_of(&input)->image_offset_bytes = INT64_MAX - MIB;
    CHECK_EQUAL(status_of(input), OK);
    input = make(0, MIB, "");
    data_of(&input)->device_number = IMDISK_MAXIMUM_DEVICES - 1;
    CHECK_EQUAL(status_of(input), OK);
    data_of(&input)->device_number = IMDISK_MAXIMUM_DEVICES;
    CHECK_EQUAL(status_of(input), INVALID);
    data_of(&input)->device_number = 0xFFFFFFFE;
    CHECK_EQUAL(status_of(input), INVALID);
    input = make(0, MIB, "");
    data_of(&input)->bytes_per_sector = 100;
    CHECK_EQUAL(status_of(input), INVALID);
    CHECK_EQUAL(status_of(make(0x00020000, MIB, "")), INVALID); /* flags that mean nothing here */
    CHECK_EQUAL(status_of(make(0x80000000, MIB, "")), INVALID);
    CHECK_EQUAL(status_of(make(IMDISK_IMAGE_MODIFIED, MIB, "")), OK); /* comes back from a query: ignored */
}

static void smallest_disks(void)
{
    CHECK_EQUAL(status_of(make(0, 0, "")), INVALID);
    CHECK_EQUAL(status_of(make(0, 65536, "")), INVALID);
    CHECK_EQUAL(status_of(make(0, 65537, "")), OK);
    CHECK_EQUAL(status_of(make(0, 0, "x")), OK); /* the image decides */
}

static void sizes(void)
{
    static const struct {
        uint32_t flags;
        int64_t size, offset;
        uint64_t image;
        uint32_t status;
        uint64_t resolved, required;
    } rows[] = {
        /* as the image */
        {0, 0, 0, MIB, OK, MIB, MIB},
        {0, 0, 4096, MIB, OK, MIB - 4096, MIB},
        {0, 0, MIB, MIB, INVALID, 0, 0},
        {0, 0, 2 * MIB, MIB, INVALID, 0, 0},
        {0, 0, 0, 100, INVALID, 0, 0},
        {0, 0, 0, 65536, INVALID, 0, 0},
        {0, 0, 0, 65537, OK, 65537, 65537},
        /* given: an image grows and is never cut */
        {0, 2 * MIB, 0, MIB, OK, 2 * MIB, 2 * MIB},
        {0, MIB / 2, 0, MIB, OK, MIB / 2, MIB},
        {0, MIB, 4096, MIB, OK, MIB, MIB + 4096},
        {0, 65536, 0, MIB, INVALID, 0, 0},
        {0, MIB, 0, 0, OK, MIB, MIB},
        /* read-only: never touched */
        {IMDISK_OPTION_READ_ONLY, 2 * MIB, 0, MIB, OK, 2 * MIB, MIB},
        /* loaded into memory: never touched */
        {IMDISK_TYPE_VM, 2 * MIB, 0, MIB, OK, 2 * MIB, MIB},
        {IMDISK_TYPE_VM, 0, 0, MIB, OK, MIB, MIB},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct input input = make(rows[i].flags, rows[i].size, "x");
        struct disk_parameters parameters;
        uint64_t required = 0;
        test_note("row %u", (unsigned)i);
        data_of(&input)->image_offset_bytes = rows[i].offset;
        if (!CHECK_EQUAL((uint32_t)parse(&input, &parameters), OK)) {
            continue;
        }
        ballast_status status = disk_parameters_resolve_size(&parameters, rows[i].image, &required);
        if (CHECK_EQUAL((uint32_t)status, rows[i].status) && rows[i].status == OK) {
            CHECK_EQUAL(parameters.geometry.size_bytes, rows[i].resolved);
            CHECK_EQUAL(required, rows[i].required);
        }
    }
}

static void memory_limit(void)
{
    struct disk_create_policy small = policy;
    struct disk_parameters parameters;
    uint64_t required;
    small.maximum_memory_disk_bytes = INT32_MAX;
    struct input input = make(0, 1ll << 31, "");
    CHECK_EQUAL((uint32_t)parse_with(&input, &small, &parameters), OK);
    CHECK_EQUAL((uint32_t)disk_parameters_resolve_size(&parameters, 0, &required), INVALID);
    input = make(IMDISK_TYPE_FILE, 1ll << 31, "x");
    CHECK_EQUAL((uint32_t)parse_with(&input, &small, &parameters), OK);
    CHECK_EQUAL((uint32_t)disk_parameters_resolve_size(&parameters, 0, &required), OK);
}

static void geometry_ends_in_the_flags(void)
{
    struct input input = make(0, 1440 * 1024, "");
    struct disk_parameters parameters;
    uint64_t required;
    CHECK_EQUAL((uint32_t)parse(&input, &parameters), OK);
    CHECK_EQUAL((uint32_t)disk_parameters_resolve_size(&parameters, 0, &required), OK);
    disk_parameters_resolve_geometry(&parameters, NULL);
    CHECK_EQUAL(parameters.flags & IMDISK_DEVICE_TYPE_MASK, IMDISK_DEVICE_TYPE_FD);
}

/* Random bytes as a request: whatever passes must have sane parameters. */
static void random_requests(void)
{
    struct test_random random = {2};
    int accepted = 0;
    for (int i = 0; i < 300000; i++) {
        struct input input = make(0, 0, "");
        struct disk_parameters parameters;
        uint64_t required = 0;
        uint64_t image = test_random_next(&random) >> test_random_below(&random, 64);
        data_of(&input)->flags = (uint32_t)test_random_next(&random) & (i % 2 != 0 ? 0xFFFFFFFFu : 0x000413FFu);
        data_of(&input)->size_bytes = (int64_t)(test_random_next(&random) >> test_random_below(&random, 64));
        data_of(&input)->image_offset_bytes = (int64_t)(test_random_next(&random) >> test_random_below(&random, 64));
        data_of(&input)->file_name_length_bytes = (uint16_t)test_random_below(&random, 140);
        input.length = test_random_below(&random, sizeof(input.bytes));
        if (ballast_failed(parse(&input, &parameters)) ||
            ballast_failed(disk_parameters_resolve_size(&parameters, image, &required))) {
            continue;
        }
        disk_parameters_resolve_geometry(&parameters, NULL);
        accepted++;
        if (!CHECK(parameters.geometry.size_bytes > DISK_MINIMUM_EXCLUSIVE) ||
            !CHECK(parameters.geometry.size_bytes <= parameters.maximum_size) || !CHECK(required >= image) ||
            !CHECK(geometry_valid(&parameters.geometry) && !geometry_incomplete(&parameters.geometry))) {
            return;
        }
    }
    CHECK(accepted > 1000);
}

TEST_MAIN({"lengths", lengths}, {"types", types}, {"kinds_by_name", kinds_by_name}, {"stored_disks", stored_disks},
          {"drive_letters", drive_letters}, {"hostile_numbers", hostile_numbers}, {"smallest_disks", smallest_disks},
          {"sizes", sizes}, {"memory_limit", memory_limit}, {"geometry_ends_in_the_flags", geometry_ends_in_the_flags},
          {"random_requests", random_requests})
