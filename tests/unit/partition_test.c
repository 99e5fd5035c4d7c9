/* SPDX-License-Identifier: MIT */
#include "core/image/gpt.h"
#include "core/image/partition.h"
#include "tests/harness/test.h"

#include <stdlib.h>
#include <string.h>

#define SECTORS 300u

static unsigned char disk[SECTORS * 4096];
static uint64_t disk_size;
static unsigned reads;
static unsigned failing_read; /* which one fails, from 1; 0: none */
static struct partition found[300];
static unsigned found_count;
static unsigned stop_after;
static struct partition_problem problems[8];
static unsigned problem_count;

static bool read_disk(void *context, uint64_t offset, void *buffer, uint32_t length)
{
    (void)context;
    reads++;
    if (reads == failing_read || offset > disk_size || disk_size - offset < length) {
        return false;
    }
    memcpy(buffer, disk + offset, length);
    return true;
}

static bool collect(void *context, const struct partition *partition)
{
    (void)context;
    if (found_count < sizeof(found) / sizeof(found[0])) {
        found[found_count++] = *partition;
    }
    return found_count != stop_after;
}

static void note_problem(void *context, const struct partition_problem *problem)
{
    (void)context;
    if (problem_count < sizeof(problems) / sizeof(problems[0])) {
        problems[problem_count] = *problem;
    }
    problem_count++;
}

static void put(size_t offset, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        disk[offset + i] = (unsigned char)(value >> 8 * i);
    }
}

static uint64_t get(size_t offset, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++) {
        value |= (uint64_t)disk[offset + i] << 8 * i;
    }
    return value;
}

static void put_record(uint64_t sector, uint32_t size)
{
    put(sector * size + 510, 0xAA55, 2);
}

static void put_entry(uint64_t sector, unsigned i, unsigned type, uint32_t start, uint32_t length)
{
    size_t entry = (size_t)sector * 512 + 446 + (size_t)i * 16;
    put_record(sector, 512);
    put(entry + 4, type, 1);
    put(entry + 8, start, 4);
    put(entry + 12, length, 4);
}

static void clear(void)
{
    memset(disk, 0, sizeof(disk));
    disk_size = sizeof(disk);
    stop_after = 0;
    failing_read = 0;
}

static enum partition_result scan(uint64_t offset, uint32_t sector_size, bool size_known)
{
    struct partition_image image = {.read = read_disk,
                                    .offset = offset,
                                    .size = size_known ? disk_size : 0,
                                    .sector_size = sector_size,
                                    .problem = note_problem};
    found_count = 0;
    problem_count = 0;
    reads = 0;
    return partition_scan(&image, collect, NULL);
}

/* The only problem of the last scan. */
static void check_problem(enum partition_result kind, uint32_t number, uint64_t offset)
{
    CHECK_EQUAL(problem_count, 1);
    CHECK_EQUAL(problems[0].kind, kind);
    CHECK_EQUAL(problems[0].number, number);
    CHECK_EQUAL(problems[0].offset, offset);
}

/* Two primaries, a container with two logicals, one more primary. */
static void put_mixed(void)
{
    put_entry(0, 0, 0x0B, 10, 5);
    put_entry(0, 1, 0x0F, 100, 50);
    put_entry(0, 2, 0x00, 1, 0); /* unused */
    put_entry(0, 3, 0x83, 160, 20);
    put(446, 0x80, 1);
    put_entry(100, 0, 0x07, 2, 8);
    put_entry(100, 1, 0x05, 20, 10);
    put_entry(120, 0, 0x83, 3, 7);
}

static void containers_are_expanded_in_place(void)
{
    static const struct {
        uint32_t type, start, length, field;
    } rows[] = {{0x0B, 10, 5, 10}, {0x07, 102, 8, 2}, {0x83, 123, 7, 3}, {0x83, 160, 20, 160}};
    clear();
    put_mixed();
    CHECK_EQUAL(scan(0, 0, false), PARTITION_OK);
    CHECK_EQUAL(found_count, 4);
    for (unsigned i = 0; i < 4; i++) {
        test_note("partition %u", i + 1);
        CHECK_EQUAL(found[i].number, i + 1);
        CHECK_EQUAL(found[i].type, rows[i].type);
        CHECK_EQUAL(found[i].start_bytes, rows[i].start * 512);
        CHECK_EQUAL(found[i].length_bytes, rows[i].length * 512);
        CHECK_EQUAL(found[i].start_field, rows[i].field);
        CHECK_EQUAL(found[i].active, i == 0);
        CHECK(!found[i].gpt && !found[i].damaged);
        CHECK_EQUAL(found[i].logical, i == 1 || i == 2);
    }
    CHECK_EQUAL(problem_count, 0);
}

/* 05h, 0Fh and 85h, in the table and in the chain. */
static void containers_have_three_types(void)
{
    static const uint8_t types[] = {0x05, 0x0F, 0x85};
    for (unsigned i = 0; i < 3; i++) {
        for (unsigned j = 0; j < 3; j++) {
            clear();
            put_mixed();
            put(446 + 16 + 4, types[i], 1);
            put(100 * 512 + 446 + 16 + 4, types[j], 1);
            test_note("types %x and %x", types[i], types[j]);
            CHECK_EQUAL(scan(0, 0, true), PARTITION_OK);
            CHECK_EQUAL(found_count, 4);
            CHECK_EQUAL(found[2].start_bytes, 123 * 512);
        }
    }
}

static void all_starts_are_relative_to_the_disk(void)
{
    clear();
    put_mixed();
    memmove(disk + 8192, disk, 512 * 200);
    memset(disk, 0, 8192);
    CHECK_EQUAL(scan(8192, 512, true), PARTITION_OK);
    CHECK_EQUAL(found_count, 4);
    CHECK_EQUAL(found[0].start_bytes, 10 * 512);
    CHECK_EQUAL(found[1].start_bytes, 102 * 512);
    CHECK_EQUAL(scan(0, 512, true), PARTITION_NO_TABLE);
}

static void the_visitor_can_stop(void)
{
    clear();
    put_mixed();
    stop_after = 2;
    CHECK_EQUAL(scan(0, 0, false), PARTITION_STOPPED);
    CHECK_EQUAL(found_count, 2);
}

static void boot_records_are_recognised(void)
{
    clear();
    CHECK_EQUAL(scan(0, 0, false), PARTITION_NO_TABLE);
    put_record(0, 512);
    CHECK_EQUAL(scan(0, 0, false), PARTITION_OK); /* an empty table */
    CHECK_EQUAL(found_count, 0);
    for (unsigned i = 0; i < 4; i++) {
        put(446 + (size_t)i * 16, 0x80, 1);
        CHECK_EQUAL(scan(0, 0, false), PARTITION_OK);
        put(446 + (size_t)i * 16, 0, 1);
    }
}

/* One that is damaged costs its partition; more of them, and it is no table. */
static void bad_flags_are_named(void)
{
    for (unsigned i = 0; i < 4; i++) {
        clear();
        put_mixed();
        put(446 + (size_t)i * 16, 0x81, 1);
        test_note("entry %u", i);
        CHECK_EQUAL(scan(0, 0, true), PARTITION_BAD_FLAG);
        CHECK_EQUAL(found_count, i == 1 || i == 2 ? 4 : 3);
        check_problem(PARTITION_BAD_FLAG, i == 0 ? 1 : i == 3 ? 4 : 0, 0);
        put(446 + (size_t)(i ^ 1) * 16, 0x12, 1);
        CHECK_EQUAL(scan(0, 0, true), PARTITION_NO_TABLE);
        CHECK_EQUAL(found_count, 0);
        check_problem(PARTITION_NOT_A_TABLE, 0, 0);
        put(11, 512, 2); /* the boot sector of a FAT file system */
        CHECK_EQUAL(scan(0, 0, true), PARTITION_NO_TABLE);
        CHECK_EQUAL(problem_count, 0);
    }
}

static void parameters_are_checked(void)
{
    static const uint32_t impossible[] = {1, 256, 511, 513, 1536, 8192, 0x80000000u};
    clear();
    put_mixed();
    for (size_t i = 0; i < sizeof(impossible) / sizeof(impossible[0]); i++) {
        test_note("sector size %u", impossible[i]);
        CHECK_EQUAL(scan(0, impossible[i], false), PARTITION_INVALID_PARAMETER);
        CHECK_EQUAL(reads, 0);
    }
    CHECK_EQUAL(scan(INT64_MAX, 512, false), PARTITION_INVALID_PARAMETER);
    CHECK_EQUAL(scan(UINT64_MAX, 512, false), PARTITION_INVALID_PARAMETER);
    CHECK_EQUAL(scan(INT64_MAX - PARTITION_MAXIMUM_GPT_BYTES, 512, false), PARTITION_READ_FAILED);
}

static void large_sectors_count_in_their_own_size(void)
{
    clear();
    put_record(0, 4096);
    put(446 + 4, 0x83, 1);
    put(446 + 8, 2, 4);
    put(446 + 12, 3, 4);
    CHECK_EQUAL(scan(0, 4096, false), PARTITION_OK);
    CHECK_EQUAL(found_count, 1);
    CHECK_EQUAL(found[0].start_bytes, 2 * 4096);
    CHECK_EQUAL(found[0].length_bytes, 3 * 4096);
}

static void circles_end(void)
{
    clear();
    put_mixed();
    put_entry(120, 1, 0x05, 0, 10); /* to the first record */
    CHECK_EQUAL(scan(0, 0, false), PARTITION_CYCLIC_CHAIN);
    check_problem(PARTITION_CYCLIC_CHAIN, 0, 100 * 512);
    CHECK_EQUAL(found_count, 4); /* all that it has is listed once */
    CHECK_EQUAL(found[2].start_bytes, 123 * 512);
    CHECK_EQUAL(found[3].start_bytes, 160 * 512);
    CHECK(reads < 20);
    put_entry(120, 1, 0x05, 20, 10); /* to itself */
    CHECK_EQUAL(scan(0, 0, false), PARTITION_CYCLIC_CHAIN);
    put_entry(120, 1, 0x0F, 30, 10); /* a circle that does not contain the first */
    put_entry(130, 1, 0x05, 20, 10);
    CHECK_EQUAL(scan(0, 0, false), PARTITION_CYCLIC_CHAIN);
    check_problem(PARTITION_CYCLIC_CHAIN, 0, 120 * 512);
    CHECK_EQUAL(found_count, 4);
}

static void endless_chains_end(void)
{
    clear();
    put_entry(0, 0, 0x05, 1, 1000);
    for (unsigned i = 1; i < SECTORS * 8 - 1; i++) {
        put_entry(i, 0, 0x83, 1, 1);
        put_entry(i, 1, 0x05, i, 1); /* record i + 1 */
    }
    CHECK_EQUAL(scan(0, 0, false), PARTITION_LONG_CHAIN);
    check_problem(PARTITION_LONG_CHAIN, 0, (PARTITION_MAXIMUM_LOGICALS + 1) * 512);
    CHECK_EQUAL(found_count, PARTITION_MAXIMUM_LOGICALS);
    put_entry(PARTITION_MAXIMUM_LOGICALS, 1, 0, 0, 0);
    CHECK_EQUAL(scan(0, 0, false), PARTITION_OK);
    CHECK_EQUAL(found_count, PARTITION_MAXIMUM_LOGICALS);
}

static void a_bad_record_ends_its_chain(void)
{
    clear();
    put_mixed();
    put(120 * 512 + 510, 0, 2);
    CHECK_EQUAL(scan(0, 0, false), PARTITION_CHAIN_DAMAGED);
    check_problem(PARTITION_CHAIN_DAMAGED, 0, 120 * 512);
    CHECK_EQUAL(found_count, 3);
    CHECK_EQUAL(found[2].start_bytes, 160 * 512);
    /* What was never written is an empty container. */
    clear();
    put_entry(0, 0, 0x05, 100, 50);
    put_entry(0, 1, 0x83, 10, 5);
    CHECK_EQUAL(scan(0, 0, true), PARTITION_OK);
    CHECK_EQUAL(found_count, 1);
    put(100 * 512 + 3, 1, 1);
    CHECK_EQUAL(scan(0, 0, true), PARTITION_CHAIN_DAMAGED);
    CHECK_EQUAL(found_count, 1);
}

/* What lies within the image is listed, and can be mounted; the rest is named. */
static void truncated_images_are_listed_in_part(void)
{
    clear();
    put_mixed();
    disk_size = 110 * 512;
    CHECK_EQUAL(scan(0, 0, true), PARTITION_CHAIN_UNREADABLE);
    CHECK_EQUAL(problem_count, 2);
    CHECK_EQUAL(problems[0].kind, PARTITION_CHAIN_UNREADABLE);
    CHECK_EQUAL(problems[0].offset, 120 * 512);
    CHECK_EQUAL(problems[1].kind, PARTITION_TRUNCATED);
    CHECK_EQUAL(problems[1].number, 3);
    CHECK_EQUAL(found_count, 3);
    CHECK(!found[0].damaged && !found[1].damaged && found[2].damaged);
    disk_size = 100 * 512; /* a container beyond the end */
    CHECK_EQUAL(scan(0, 0, true), PARTITION_CHAIN_UNREADABLE);
    CHECK_EQUAL(found_count, 2);
    CHECK_EQUAL(found[0].start_bytes, 10 * 512);
    CHECK(!found[0].damaged);
    disk_size = 179 * 512; /* one sector short */
    CHECK_EQUAL(scan(0, 0, true), PARTITION_TRUNCATED);
    check_problem(PARTITION_TRUNCATED, 4, 160 * 512);
    CHECK_EQUAL(found_count, 4);
    disk_size = 511;
    CHECK_EQUAL(scan(0, 0, true), PARTITION_READ_FAILED);
    CHECK_EQUAL(found_count, 0);
}

static void empty_partitions_are_named(void)
{
    clear();
    put_mixed();
    put_entry(0, 2, 0x00, 9, 1);
    CHECK_EQUAL(scan(0, 0, true), PARTITION_OK);
    check_problem(PARTITION_UNTYPED, 0, 9 * 512);
    CHECK_EQUAL(found_count, 4);
    clear();
    put_mixed();
    put(446 + 12, 0, 4);
    CHECK_EQUAL(scan(0, 0, true), PARTITION_EMPTY);
    check_problem(PARTITION_EMPTY, 1, 10 * 512);
    CHECK_EQUAL(found_count, 4);
    CHECK(found[0].damaged && !found[1].damaged);
}

/* The largest numbers that an MBR can hold. */
static void nothing_overflows(void)
{
    clear();
    put_entry(0, 0, 0x83, UINT32_MAX, UINT32_MAX);
    put_entry(0, 1, 0x05, UINT32_MAX, UINT32_MAX);
    CHECK_EQUAL(scan(0, 4096, false), PARTITION_CHAIN_UNREADABLE);
    put_entry(0, 1, 0, 0, 0);
    CHECK_EQUAL(scan(0, 512, false), PARTITION_OK);
    CHECK_EQUAL(found[0].start_bytes, 0xFFFFFFFFull * 512);
    CHECK_EQUAL(found[0].length_bytes, 0xFFFFFFFFull * 512);
}

/* ---- GPT ---- */

static const unsigned char esp[16] = {0x28, 0x73, 0x2A, 0xC1, 0x1F, 0xF8, 0xD2, 0x11,
                                      0xBA, 0x4B, 0x00, 0xA0, 0xC9, 0x3E, 0xC9, 0x3B};

static void seal_header(uint64_t lba, uint32_t sector)
{
    size_t header = (size_t)lba * sector;
    uint64_t entries = get(header + 72, 8);
    put(header + 88, gpt_crc32(0, disk + entries * sector, (size_t)(get(header + 80, 4) * get(header + 84, 4))), 4);
    put(header + 16, 0, 4);
    put(header + 16, gpt_crc32(0, disk + header, 92), 4);
}

static void put_header(uint64_t lba, uint64_t alternate, uint64_t entries, uint32_t sector)
{
    size_t header = (size_t)lba * sector;
    memcpy(disk + header, "EFI PART", 8);
    put(header + 8, 0x00010000, 4);
    put(header + 12, 92, 4);
    put(header + 24, lba, 8);
    put(header + 32, alternate, 8);
    put(header + 40, 40, 8);
    put(header + 48, SECTORS - 40, 8);
    put(header + 72, entries, 8);
    put(header + 80, 128, 4);
    put(header + 84, 128, 4);
    seal_header(lba, sector);
}

static void put_gpt_entry(uint64_t entries, unsigned i, uint32_t sector, uint64_t first, uint64_t last)
{
    size_t entry = (size_t)entries * sector + (size_t)i * 128;
    memcpy(disk + entry, esp, 16);
    put(entry, get(entry, 1) + i, 1); /* only the first is of a known type */
    put(entry + 16, 0x1234 + i, 8);
    put(entry + 32, first, 8);
    put(entry + 40, last, 8);
    put(entry + 48, 4, 8);
    put(entry + 56, 'A' + i, 2);
}

/* Partitions in entries 0, 2 and 127; both tables. The disk has SECTORS sectors. */
static void put_gpt(uint32_t sector)
{
    uint64_t last = SECTORS - 1;
    uint64_t second = last - 128 * 128 / sector;
    clear();
    disk_size = (uint64_t)SECTORS * sector;
    put_record(0, sector);
    put(446 + 4, 0xEE, 1);
    put(446 + 8, 1, 4);
    put(446 + 12, SECTORS - 1, 4);
    for (unsigned i = 0; i < 2; i++) {
        uint64_t entries = i == 0 ? 2 : second;
        put_gpt_entry(entries, 0, sector, 40, 49);
        put_gpt_entry(entries, 2, sector, 60, 60);
        put_gpt_entry(entries, 127, sector, 100, 120);
    }
    put_header(1, last, 2, sector);
    put_header(last, 1, second, sector);
}

static void check_gpt(uint32_t sector)
{
    CHECK_EQUAL(found_count, 3);
    CHECK_EQUAL(found[0].start_bytes, 40 * sector);
    CHECK_EQUAL(found[0].length_bytes, 10 * sector);
    CHECK_EQUAL(found[0].type, 0xEF);
    CHECK_BYTES(found[0].type_guid, esp, 16);
    CHECK_EQUAL(found[0].name[0], 'A');
    CHECK_EQUAL(found[0].unique_guid[0], 0x34);
    CHECK(found[0].gpt && found[0].active);
    CHECK_EQUAL(found[1].length_bytes, sector);
    CHECK_EQUAL(found[1].type, PARTITION_TYPE_PROTECTIVE);
    CHECK_EQUAL(found[1].number, 2);
    CHECK_EQUAL(found[2].start_field, 100);
    CHECK_EQUAL(found[2].name[0], 'A' + 127);
}

static void gpt_is_listed(void)
{
    static const uint32_t sectors[] = {512, 1024, 2048, 4096};
    for (unsigned i = 0; i < 4; i++) {
        test_note("sectors of %u", sectors[i]);
        put_gpt(sectors[i]);
        CHECK_EQUAL(scan(0, sectors[i], false), PARTITION_OK);
        check_gpt(sectors[i]);
    }
    put_gpt(4096);
    CHECK_EQUAL(scan(0, 0, false), PARTITION_OK); /* found out */
    check_gpt(4096);
    CHECK_EQUAL(scan(0, 512, false), PARTITION_GPT_DAMAGED);
    put_gpt(512);
    CHECK_EQUAL(scan(0, 0, false), PARTITION_OK);
    check_gpt(512);
    stop_after = 1;
    CHECK_EQUAL(scan(0, 0, false), PARTITION_STOPPED);
}

static void the_second_gpt_is_used(void)
{
    put_gpt(512);
    disk[512 + 20]++; /* reserved field of the first header: its checksum is wrong */
    CHECK_EQUAL(scan(0, 512, false), PARTITION_GPT_DAMAGED);
    CHECK_EQUAL(scan(0, 512, true), PARTITION_OK); /* the end is known */
    check_gpt(512);
    put_gpt(512);
    disk[2 * 512 + 7]++; /* the first array: its header says where the second table is */
    CHECK_EQUAL(scan(0, 512, false), PARTITION_OK);
    check_gpt(512);
    disk[(SECTORS - 1) * 512 + 17]++;
    CHECK_EQUAL(scan(0, 512, true), PARTITION_GPT_DAMAGED);
    CHECK_EQUAL(found_count, 0);
}

/* Both copies are looked at, and what is wrong with one is said. */
static void damaged_copies_are_named(void)
{
    put_gpt(512);
    CHECK_EQUAL(scan(0, 512, true), PARTITION_OK);
    CHECK_EQUAL(problem_count, 0);
    disk[(SECTORS - 1) * 512 + 17]++;
    CHECK_EQUAL(scan(0, 512, true), PARTITION_OK);
    check_gpt(512);
    check_problem(PARTITION_COPY_DAMAGED, 0, (SECTORS - 1) * 512);
    put_gpt(512);
    disk[2 * 512 + 7]++;
    CHECK_EQUAL(scan(0, 512, true), PARTITION_OK);
    check_gpt(512);
    check_problem(PARTITION_COPY_DAMAGED, 0, 512);
    put_gpt(512);
    put(446 + 8, 2, 4); /* what protects it begins elsewhere */
    CHECK_EQUAL(scan(0, 512, true), PARTITION_OK);
    check_gpt(512);
    check_problem(PARTITION_BAD_PROTECTION, 0, 0);
    put_gpt(512);
    put(446, 0x7F, 1);
    put(446 + 16, 0x7F, 1);
    CHECK_EQUAL(scan(0, 512, true), PARTITION_OK);
    check_gpt(512);
}

/* What else the MBR has is listed if both GPTs are damaged. */
static void hybrid_tables_are_listed(void)
{
    put_gpt(512);
    put_entry(0, 1, 0x07, 60, 1);
    put_entry(0, 2, 0x0C, 100, 21);
    CHECK_EQUAL(scan(0, 512, true), PARTITION_OK);
    check_gpt(512);
    CHECK_EQUAL(problem_count, 2); /* one each */
    CHECK_EQUAL(problems[1].kind, PARTITION_HYBRID);
    CHECK_EQUAL(problems[1].offset, 100 * 512);
    disk[512 + 17]++;
    disk[(SECTORS - 1) * 512 + 17]++;
    CHECK_EQUAL(scan(0, 0, true), PARTITION_GPT_DAMAGED);
    check_problem(PARTITION_GPT_DAMAGED, 0, 512);
    CHECK_EQUAL(found_count, 2);
    CHECK_EQUAL(found[0].start_bytes, 60 * 512);
    CHECK_EQUAL(found[0].type, 0x07);
    CHECK_EQUAL(found[0].number, 1);
    CHECK_EQUAL(found[1].length_bytes, 21 * 512);
}

/* Each read fails once: another copy is used, or that is the result. */
static void unreadable_gpts_are_an_error(void)
{
    unsigned failed = 0;
    put_gpt(512);
    disk_size = 600;
    CHECK_EQUAL(scan(0, 512, false), PARTITION_GPT_DAMAGED);
    disk_size = 1500; /* the header can be read */
    CHECK_EQUAL(scan(0, 512, false), PARTITION_GPT_DAMAGED);
    put_gpt(512);
    CHECK_EQUAL(scan(0, 512, false), PARTITION_OK);
    for (unsigned last = reads, i = 1; i <= last; i++) {
        test_note("read %u", i);
        failing_read = i;
        enum partition_result result = scan(0, 512, false);
        CHECK(result == PARTITION_OK || result == PARTITION_READ_FAILED || result == PARTITION_GPT_DAMAGED);
        CHECK(result != PARTITION_OK || found_count == 3);
        CHECK(result != PARTITION_READ_FAILED || found_count == 0);
        failed += result != PARTITION_OK;
    }
    CHECK(failed != 0);
    put_gpt(512);
    put(512 + 32, UINT64_MAX, 8); /* the second table cannot be where this says */
    seal_header(1, 512);
    disk[2 * 512 + 7]++;
    CHECK_EQUAL(scan(0, 512, false), PARTITION_GPT_DAMAGED);
}

/* Each absurd value with a right checksum, in both headers. */
static void absurd_headers_are_refused(void)
{
    static const struct {
        size_t offset;
        unsigned bytes;
        uint64_t value;
    } rows[] = {
        {0, 1, 'X'},  {8, 4, 0x00020000},  {12, 4, 91},
        {12, 4, 513}, {12, 4, UINT32_MAX}, {24, 8, 2},
        {72, 8, 0},   {72, 8, UINT64_MAX}, {72, 8, (uint64_t)INT64_MAX / 512},
        {80, 4, 0},   {80, 4, UINT32_MAX}, {84, 4, 0},
        {84, 4, 64},  {84, 4, 129},        {84, 4, 0x80000000u},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        put_gpt(512);
        test_note("row %u", (unsigned)i);
        for (unsigned second = 0; second < 2; second++) {
            size_t header = (second == 0 ? 1 : SECTORS - 1) * 512u;
            put(header + rows[i].offset, rows[i].value, rows[i].bytes);
            put(header + 16, 0, 4);
            put(header + 16, gpt_crc32(0, disk + header, 92), 4);
        }
        CHECK_EQUAL(scan(0, 512, true), PARTITION_GPT_DAMAGED);
        CHECK_EQUAL(found_count, 0);
    }
}

static void absurd_partitions_are_refused(void)
{
    static const struct {
        uint64_t first, last;
    } rows[] = {{50, 49}, {0, UINT64_MAX}, {UINT64_MAX, UINT64_MAX}, {40, (uint64_t)INT64_MAX / 512}, {1, 0}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        put_gpt(512);
        test_note("row %u", (unsigned)i);
        put(2 * 512 + 2 * 128 + 32, rows[i].first, 8);
        put(2 * 512 + 2 * 128 + 40, rows[i].last, 8);
        seal_header(1, 512);
        CHECK_EQUAL(scan(0, 512, true), PARTITION_OUT_OF_RANGE);
        check_problem(PARTITION_OUT_OF_RANGE, 2, 2 * 512 + 2 * 128);
        CHECK_EQUAL(found_count, 2); /* the others */
        CHECK_EQUAL(found[1].number, 3);
        CHECK_EQUAL(found[1].start_bytes, 100 * 512);
    }
}

static void checksums_are_crc32(void)
{
    CHECK_EQUAL(gpt_crc32(0, "123456789", 9), 0xCBF43926u);
    CHECK_EQUAL(gpt_crc32(gpt_crc32(0, "1234", 4), "56789", 5), 0xCBF43926u);
}

static void results_have_texts(void)
{
    for (int i = PARTITION_OK; i <= PARTITION_OVERLAP; i++) {
        CHECK(strcmp(partition_result_text((enum partition_result)i), "unknown result") != 0);
    }
    CHECK(strcmp(partition_result_text((enum partition_result)99), "unknown result") == 0);
}

#define CASE(name)  \
    {               \
#name, name \
    }
TEST_MAIN(CASE(containers_are_expanded_in_place), CASE(containers_have_three_types),
          CASE(all_starts_are_relative_to_the_disk), CASE(the_visitor_can_stop), CASE(boot_records_are_recognised),
          CASE(bad_flags_are_named), CASE(parameters_are_checked), CASE(large_sectors_count_in_their_own_size),
          CASE(circles_end), CASE(endless_chains_end), CASE(a_bad_record_ends_its_chain),
          CASE(truncated_images_are_listed_in_part), CASE(empty_partitions_are_named), CASE(nothing_overflows),
          CASE(gpt_is_listed), CASE(the_second_gpt_is_used), CASE(damaged_copies_are_named),
          CASE(hybrid_tables_are_listed), CASE(unreadable_gpts_are_an_error), CASE(absurd_headers_are_refused),
          CASE(absurd_partitions_are_refused), CASE(checksums_are_crc32), CASE(results_have_texts))
