/* SPDX-License-Identifier: MIT */
/* GPTs: which copy counts, what is wrong with them, and what else the MBR has. */

#include "core/image/gpt.h"
#include "tests/unit/partition_disk.h"

#include <string.h>

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

/* The table is in sectors 1 ... 33. */
static void partitions_over_the_table_are_named(void)
{
    static const struct {
        uint64_t first, last;
        bool over;
    } rows[] = {
        {33, 60, true}, {34, 60, false}, {2, 2, true}, {1, 1, true}, {1, 60, true}, {0, SECTORS - 1, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        test_note("row %u", (unsigned)i);
        put_gpt(512);
        put_gpt_entry(2, 2, 512, rows[i].first, rows[i].last);
        seal_header(1, 512);
        CHECK_EQUAL(scan(0, 512, true), rows[i].over ? PARTITION_OVER_TABLE : PARTITION_OK);
        if (rows[i].over) {
            check_problem(PARTITION_OVER_TABLE, 2, rows[i].first * 512);
        }
        CHECK_EQUAL(found_count, 3);
        CHECK(!found[1].damaged);
    }
    put_gpt(512);
    disk[512 + 20]++;
    put_gpt_entry(SECTORS - 33, 2, 512, 60, SECTORS - 1); /* the second table's header is its last sector */
    seal_header(SECTORS - 1, 512);
    CHECK_EQUAL(scan(0, 512, true), PARTITION_OVER_TABLE);
    CHECK_EQUAL(found_count, 3);
    put_gpt(512);
    put(512 + 72, SECTORS - 33, 8); /* the entries behind all of them */
    seal_header(1, 512);
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

/* Sector 0 is not what decides whether there is a GPT: it may be what was damaged. */
static void a_gpt_without_its_mbr_is_found(void)
{
    static const uint32_t sectors[] = {512, 4096};
    for (unsigned i = 0; i < 2; i++) {
        uint32_t sector = sectors[i];
        test_note("sectors of %u", sector);
        put_gpt(sector);
        memset(disk, 0, sector);
        CHECK_EQUAL(scan(0, 0, true), PARTITION_OK);
        check_gpt(sector);
        check_problem(PARTITION_UNPROTECTED, 0, 0);
        memset(disk + sector, 0, sector); /* only the copy at the end is left */
        CHECK_EQUAL(scan(0, 0, true), PARTITION_OK);
        check_gpt(sector);
        CHECK_EQUAL(problem_count, 2);
        CHECK_EQUAL(problems[0].kind, PARTITION_COPY_DAMAGED);
        CHECK_EQUAL(problems[1].kind, PARTITION_UNPROTECTED);
        disk[(SECTORS - 1) * sector + 17]++; /* or its name */
        CHECK_EQUAL(scan(0, 0, true), PARTITION_GPT_DAMAGED);
        CHECK_EQUAL(found_count, 0);
        CHECK_EQUAL(problem_count, 2);
        CHECK_EQUAL(problems[0].kind, PARTITION_GPT_DAMAGED);
        CHECK_EQUAL(problems[0].offset, (SECTORS - 1) * sector);
        put_gpt(sector);
        memset(disk, 0, sector);
        disk[sector + 17]++;
        CHECK_EQUAL(scan(0, 0, false), PARTITION_GPT_DAMAGED);
        CHECK_EQUAL(problems[0].offset, sector);
        CHECK_EQUAL(problems[1].kind, PARTITION_UNPROTECTED);
    }
    put_gpt(512);
    put(446 + 4, 0, 1); /* an MBR with nothing in it */
    put(446 + 12, 0, 4);
    CHECK_EQUAL(scan(0, 512, true), PARTITION_OK);
    check_gpt(512);
    check_problem(PARTITION_UNPROTECTED, 0, 0);
    for (unsigned j = 0; j < 4; j++) { /* one that is nonsense */
        put(446 + 16 * j, 0x7F, 1);
    }
    CHECK_EQUAL(scan(0, 512, true), PARTITION_OK);
    check_gpt(512);
    memset(disk, 0, 512); /* a file system in place of all of it */
    memcpy(disk + 3, "EXFAT   ", 8);
    CHECK_EQUAL(scan(0, 512, true), PARTITION_NO_TABLE);
    put_record(0, 512);
    CHECK_EQUAL(scan(0, 512, true), PARTITION_OK);
    CHECK_EQUAL(found_count + problem_count, 0);
}

/* The MBR counts if it has partitions, but whoever writes them may write over the other table. */
static void a_gpt_beside_an_mbr_is_named(void)
{
    put_gpt(512);
    put(446 + 4, 0x83, 1);
    CHECK_EQUAL(scan(0, 512, true), PARTITION_OK);
    CHECK_EQUAL(found_count, 1);
    CHECK(!found[0].gpt);
    check_problem(PARTITION_UNPROTECTED, 0, 512);
    memset(disk + 512, 0, 512); /* at the end, it is what is left of one */
    CHECK_EQUAL(scan(0, 512, true), PARTITION_OK);
    CHECK_EQUAL(found_count, 1);
    CHECK_EQUAL(problem_count, 0);
}

static void checksums_are_crc32(void)
{
    CHECK_EQUAL(gpt_crc32(0, "123456789", 9), 0xCBF43926u);
    CHECK_EQUAL(gpt_crc32(gpt_crc32(0, "1234", 4), "56789", 5), 0xCBF43926u);
}

#define CASE(name)  \
    {               \
#name, name \
    }
TEST_MAIN(CASE(gpt_is_listed), CASE(the_second_gpt_is_used), CASE(damaged_copies_are_named),
          CASE(partitions_over_the_table_are_named), CASE(hybrid_tables_are_listed), CASE(unreadable_gpts_are_an_error),
          CASE(absurd_headers_are_refused), CASE(absurd_partitions_are_refused), CASE(a_gpt_without_its_mbr_is_found),
          CASE(a_gpt_beside_an_mbr_is_named), CASE(checksums_are_crc32))
