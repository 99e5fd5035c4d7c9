/* SPDX-License-Identifier: MIT */
#include "core/image/mbr.h"
#include "core/image/partition.h"
#include "tests/harness/test.h"

#include <string.h>

static unsigned char record[MBR_SIZE];
static struct partition found[MBR_PARTITIONS];
static unsigned found_count;

static bool read_record(void *context, uint64_t offset, void *buffer, uint32_t length)
{
    (void)context;
    if (offset != 0 || length != sizeof(record)) {
        return false;
    }
    memcpy(buffer, record, length);
    return true;
}

static bool collect(void *context, const struct partition *partition)
{
    (void)context;
    if (found_count < MBR_PARTITIONS) {
        found[found_count++] = *partition;
    }
    return true;
}

static void addresses_convert(void)
{
    static const struct mbr_geometry geometry = {.heads = 255, .sectors_per_track = 63, .bytes_per_sector = 512};
    static const struct {
        uint32_t lba;
        uint8_t bytes[3];
    } rows[] = {{0, {0, 1, 0}},
                {62, {0, 63, 0}},
                {63, {1, 1, 0}},
                {2048, {32, 33, 0}},
                {16065 * 256, {0, 1 | 1 << 6, 0}},
                {16065 * 1024 - 1, {254, 63 | 3 << 6, 255}}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct mbr_chs chs = mbr_chs_from_lba(&geometry, rows[i].lba);
        test_note("sector %u", rows[i].lba);
        CHECK_BYTES(chs.bytes, rows[i].bytes, 3);
        CHECK_EQUAL(mbr_lba_from_chs(&geometry, chs), rows[i].lba);
    }
    static const uint8_t overflow[3] = {254, 255, 255};
    CHECK_BYTES(mbr_chs_from_lba(&geometry, 16065 * 1024).bytes, overflow, 3);
    CHECK_BYTES(mbr_chs_from_lba(&geometry, UINT32_MAX).bytes, overflow, 3);
    CHECK_BYTES(mbr_chs_from_lba(&(struct mbr_geometry){0}, 5).bytes, overflow, 3);
    CHECK_EQUAL(mbr_lba_from_chs(&geometry, (struct mbr_chs){{1, 0, 1}}), 0);
    static const struct mbr_geometry absurd = {UINT32_MAX, UINT32_MAX, 512};
    CHECK_EQUAL(mbr_lba_from_chs(&absurd, (struct mbr_chs){{255, 255, 255}}), (1023u * 255 + 255) * 63 + 62);
}

static void records_are_built_and_read_again(void)
{
    static const struct partition_image image = {.read = read_record, .sector_size = 512};
    static const struct mbr_geometry geometry = {.heads = 255, .sectors_per_track = 63, .bytes_per_sector = 512};
    static const struct mbr_partition partitions[] = {
        {.start_bytes = 63 * 512, .length_bytes = 100 * 512, .type = 0x06, .active = true},
        {.type = 0},
        {.start_bytes = 0xFFFFFFFEull * 512, .length_bytes = 512, .type = 0x83},
    };
    found_count = 0;
    CHECK(mbr_build(&geometry, partitions, 3, record));
    CHECK_BYTES(record, "\xF4\xEB\xFD", 3);
    CHECK_EQUAL(partition_scan(&image, collect, NULL), PARTITION_OK);
    CHECK_EQUAL(found_count, 2);
    CHECK(found[0].active && !found[1].active);
    CHECK_EQUAL(found[0].start_bytes, 63 * 512);
    CHECK_EQUAL(found[0].length_bytes, 100 * 512);
    CHECK_EQUAL(found[1].start_bytes, 0xFFFFFFFEull * 512);
    CHECK_BYTES(record + 446 + 1, "\1\1\0", 3);
    CHECK(mbr_build(&geometry, NULL, 0, record));
    CHECK_BYTES(record + 446, "\0\0\0\0\0\0\0", 8);
}

static void impossible_records_are_not_built(void)
{
    static const struct mbr_geometry geometry = {.heads = 255, .sectors_per_track = 63, .bytes_per_sector = 512};
    static const struct mbr_geometry bad[] = {{0, 63, 512}, {255, 0, 512}, {255, 63, 0}};
    static const struct mbr_partition impossible[] = {
        {.start_bytes = 511, .length_bytes = 512, .type = 6},
        {.start_bytes = 512, .length_bytes = 513, .type = 6},
        {.start_bytes = 0x100000000ull * 512, .length_bytes = 512, .type = 6},
        {.start_bytes = 512, .length_bytes = 0x100000000ull * 512, .type = 6},
        {.start_bytes = 0xFFFFFFFFull * 512, .length_bytes = 1024, .type = 6},
        {.start_bytes = 1ull << 63, .length_bytes = 1ull << 63, .type = 6},
    };
    memset(record, 0, sizeof(record));
    for (size_t i = 0; i < sizeof(impossible) / sizeof(impossible[0]); i++) {
        test_note("row %u", (unsigned)i);
        CHECK(!mbr_build(&geometry, &impossible[i], 1, record));
    }
    for (size_t i = 0; i < 3; i++) {
        CHECK(!mbr_build(&bad[i], NULL, 0, record));
    }
    CHECK(!mbr_build(&geometry, impossible, 5, record));
    CHECK_EQUAL(record[510], 0);
}

static void types_have_names(void)
{
    CHECK(strcmp(mbr_type_name(0x83), "Linux") == 0);
    CHECK(strcmp(mbr_type_name(0xFE), "Unknown") == 0);
    for (unsigned type = 0; type < 256; type++) {
        CHECK(strlen(mbr_type_name((uint8_t)type)) > 2);
    }
}

TEST_MAIN({"addresses_convert", addresses_convert},
          {"records_are_built_and_read_again", records_are_built_and_read_again},
          {"impossible_records_are_not_built", impossible_records_are_not_built},
          {"types_have_names", types_have_names})
