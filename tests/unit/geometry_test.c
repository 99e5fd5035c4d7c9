/* SPDX-License-Identifier: MIT */
#include "core/disk/geometry.h"
#include "tests/harness/test.h"

#include <string.h>

static struct disk_geometry completed(uint64_t size, enum disk_kind *kind)
{
    struct disk_geometry geometry = {.size_bytes = size};
    geometry_complete(&geometry, kind);
    return geometry;
}

static void put_u16(unsigned char *bytes, uint32_t value)
{
    bytes[0] = (unsigned char)value;
    bytes[1] = (unsigned char)(value >> 8);
}

static void make_bpb(unsigned char sector[512], uint32_t bytes, uint32_t sectors, uint32_t heads)
{
    memset(sector, 0, 512);
    put_u16(sector + 11, bytes);
    put_u16(sector + 24, sectors);
    put_u16(sector + 26, heads);
}

static void knows_all_floppies(void)
{
    static const struct {
        uint32_t kib, cylinders, media, heads, sectors;
    } rows[] = {
        {160, 40, 10, 1, 8},      {180, 40, 9, 1, 9},        {320, 40, 7, 2, 8},   {360, 40, 6, 2, 9},
        {640, 80, 15, 2, 8},      {720, 80, 5, 2, 9},        {820, 82, 5, 2, 10},  {1200, 80, 1, 2, 15},
        {1440, 80, 2, 2, 18},     {1680, 80, 2, 2, 21},      {1722, 82, 2, 2, 21}, {2880, 80, 3, 2, 36},
        {123264, 963, 13, 8, 32}, {234752, 262, 13, 32, 56},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum disk_kind kind = DISK_KIND_AUTOMATIC;
        struct disk_geometry geometry = completed(rows[i].kib * 1024ull, &kind);
        test_note("%u KiB", rows[i].kib);
        CHECK_EQUAL(kind, DISK_KIND_FLOPPY);
        CHECK_EQUAL(geometry.media_type, rows[i].media);
        CHECK_EQUAL(geometry.tracks_per_cylinder, rows[i].heads);
        CHECK_EQUAL(geometry.sectors_per_track, rows[i].sectors);
        CHECK_EQUAL(geometry.bytes_per_sector, 512);
        CHECK_EQUAL(geometry_cylinders(&geometry), rows[i].cylinders);
    }
}

static void near_floppy_sizes_are_hard_disks(void)
{
    enum disk_kind kind = DISK_KIND_AUTOMATIC;
    struct disk_geometry geometry = completed(1440 * 1024 + 512, &kind);
    CHECK_EQUAL(kind, DISK_KIND_HARD_DISK);
    CHECK_EQUAL(geometry.media_type, MEDIA_TYPE_FIXED);
}

static void a_floppy_with_given_geometry_keeps_it(void)
{
    enum disk_kind kind = DISK_KIND_FLOPPY;
    struct disk_geometry geometry = {.size_bytes = 1440 * 1024, .sectors_per_track = 9};
    geometry_complete(&geometry, &kind);
    CHECK_EQUAL(kind, DISK_KIND_FLOPPY);
    CHECK_EQUAL(geometry.sectors_per_track, 9);
    CHECK_EQUAL(geometry.media_type, MEDIA_TYPE_FIXED); /* as a hard disk's: the table needs all members zero */
}

static void hard_disk_heads_follow_the_size(void)
{
    static const struct {
        uint64_t tracks;
        uint32_t heads;
    } rows[] = {
        {3, 1},       {128, 1},     {129, 2},      {256, 2},      {258, 4},
        {16384, 128}, {65536, 128}, {130559, 128}, {130560, 255}, {1ull << 30, 255},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum disk_kind kind = DISK_KIND_HARD_DISK;
        struct disk_geometry geometry = completed(rows[i].tracks * 63 * 512, &kind);
        test_note("%llu tracks", (unsigned long long)rows[i].tracks);
        CHECK_EQUAL(geometry.sectors_per_track, 63);
        CHECK_EQUAL(geometry.tracks_per_cylinder, rows[i].heads);
    }
}

static void cds_have_large_sectors(void)
{
    static const struct {
        uint64_t sectors;
        uint32_t sectors_per_track, tracks;
    } rows[] = {{32 * 64 * 10, 32, 64}, {32 * 63, 32, 1}, {33, 1, 1}, {64 * 3 + 1, 1, 1}, {64 * 33, 32, 1}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum disk_kind kind = DISK_KIND_CD;
        struct disk_geometry geometry = completed(rows[i].sectors * 2048, &kind);
        test_note("%llu sectors", (unsigned long long)rows[i].sectors);
        CHECK_EQUAL(geometry.bytes_per_sector, 2048);
        CHECK_EQUAL(geometry.sectors_per_track, rows[i].sectors_per_track);
        CHECK_EQUAL(geometry.tracks_per_cylinder, rows[i].tracks);
        CHECK_EQUAL(geometry.media_type, MEDIA_TYPE_REMOVABLE);
    }
}

static void raw_disks_are_like_hard_disks(void)
{
    enum disk_kind raw = DISK_KIND_RAW;
    struct disk_geometry geometry = completed(1440 * 1024, &raw);
    CHECK_EQUAL(raw, DISK_KIND_RAW);
    CHECK_EQUAL(geometry.sectors_per_track, 63);
}

static void a_bpb_fills_what_is_not_given(void)
{
    unsigned char sector[512];
    enum disk_kind kind = DISK_KIND_AUTOMATIC;
    struct disk_geometry geometry = {.size_bytes = 64 << 20, .sectors_per_track = 17};
    make_bpb(sector, 4096, 32, 16);
    geometry_probe_bpb(&geometry, &kind, sector);
    CHECK_EQUAL(geometry.bytes_per_sector, 4096);
    CHECK_EQUAL(geometry.sectors_per_track, 17);
    CHECK_EQUAL(geometry.tracks_per_cylinder, 16);
    CHECK_EQUAL(kind, DISK_KIND_AUTOMATIC);
}

static void a_bpb_on_a_floppy_size_makes_a_floppy(void)
{
    unsigned char sector[512];
    enum disk_kind kind = DISK_KIND_AUTOMATIC;
    struct disk_geometry geometry = {.size_bytes = 1440 * 1024};
    make_bpb(sector, 512, 18, 2);
    geometry_probe_bpb(&geometry, &kind, sector);
    geometry_complete(&geometry, &kind);
    CHECK_EQUAL(kind, DISK_KIND_FLOPPY);
    CHECK_EQUAL(geometry.media_type, 2);
    CHECK_EQUAL(geometry.sectors_per_track, 18);
}

static void zeros_in_a_bpb_leave_the_defaults(void)
{
    unsigned char sector[512];
    enum disk_kind kind = DISK_KIND_HARD_DISK;
    struct disk_geometry geometry = {.size_bytes = 64 << 20};
    make_bpb(sector, 1024, 0, 0);
    geometry_probe_bpb(&geometry, &kind, sector);
    geometry_complete(&geometry, &kind);
    CHECK_EQUAL(geometry.bytes_per_sector, 1024);
    CHECK_EQUAL(geometry.sectors_per_track, 63);
    CHECK(geometry.tracks_per_cylinder != 0);
}

static void implausible_bpbs_are_ignored(void)
{
    static const struct {
        uint32_t bytes, sectors, heads;
    } rows[] = {{0, 63, 255},     {513, 63, 255}, {256, 63, 255}, {1, 63, 255},       {8192, 63, 255},
                {32768, 63, 255}, {512, 64, 255}, {512, 63, 256}, {512, 65535, 65535}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        unsigned char sector[512];
        enum disk_kind kind = DISK_KIND_AUTOMATIC;
        struct disk_geometry geometry = {.size_bytes = 1440 * 1024};
        make_bpb(sector, rows[i].bytes, rows[i].sectors, rows[i].heads);
        geometry_probe_bpb(&geometry, &kind, sector);
        test_note("%u bytes, %u sectors, %u heads", rows[i].bytes, rows[i].sectors, rows[i].heads);
        CHECK_EQUAL(geometry.bytes_per_sector, 0);
        CHECK_EQUAL(geometry.sectors_per_track, 0);
        CHECK_EQUAL(geometry.tracks_per_cylinder, 0);
        CHECK_EQUAL(kind, DISK_KIND_AUTOMATIC);
    }
}

static void validity(void)
{
    static const struct {
        uint32_t sector, sectors, tracks;
        bool valid;
    } rows[] = {
        {0, 0, 0, true},        {512, 63, 255, true},       {65536, 65535, 65535, true}, {256, 0, 0, false},
        {1, 0, 0, false},       {768, 0, 0, false},         {131072, 0, 0, false},       {512, 65536, 0, false},
        {512, 0, 65536, false}, {0x80000000u, 0, 0, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct disk_geometry geometry = {.bytes_per_sector = rows[i].sector,
                                         .sectors_per_track = rows[i].sectors,
                                         .tracks_per_cylinder = rows[i].tracks};
        test_note("row %u", (unsigned)i);
        CHECK_EQUAL(geometry_valid(&geometry), rows[i].valid);
    }
}

/* No size and no first sector may end in a division by zero or an overflow. */
static void any_input_gives_a_geometry(void)
{
    struct test_random random = {1};
    for (int i = 0; i < 200000; i++) {
        unsigned char sector[512];
        for (size_t j = 0; j < 64; j++) {
            uint64_t value = test_random_next(&random);
            memcpy(sector + 8 * j, &value, sizeof(value));
        }
        enum disk_kind kind = (enum disk_kind)test_random_below(&random, 5);
        struct disk_geometry geometry = {
            .size_bytes = 65537 + (test_random_next(&random) >> (1 + test_random_below(&random, 60)))};
        geometry_probe_bpb(&geometry, &kind, sector);
        geometry_complete(&geometry, &kind);
        if (!CHECK(geometry_valid(&geometry) && !geometry_incomplete(&geometry)) ||
            !CHECK(geometry_cylinders(&geometry) <= geometry.size_bytes)) {
            return;
        }
    }
}

TEST_MAIN({"knows_all_floppies", knows_all_floppies},
          {"near_floppy_sizes_are_hard_disks", near_floppy_sizes_are_hard_disks},
          {"a_floppy_with_given_geometry_keeps_it", a_floppy_with_given_geometry_keeps_it},
          {"hard_disk_heads_follow_the_size", hard_disk_heads_follow_the_size},
          {"cds_have_large_sectors", cds_have_large_sectors},
          {"raw_disks_are_like_hard_disks", raw_disks_are_like_hard_disks},
          {"a_bpb_fills_what_is_not_given", a_bpb_fills_what_is_not_given},
          {"a_bpb_on_a_floppy_size_makes_a_floppy", a_bpb_on_a_floppy_size_makes_a_floppy},
          {"zeros_in_a_bpb_leave_the_defaults", zeros_in_a_bpb_leave_the_defaults},
          {"implausible_bpbs_are_ignored", implausible_bpbs_are_ignored}, {"validity", validity},
          {"any_input_gives_a_geometry", any_input_gives_a_geometry})
