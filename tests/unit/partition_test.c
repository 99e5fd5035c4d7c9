/* SPDX-License-Identifier: MIT */
/* MBRs and chains of extended boot records; gpt_test.c has GPTs. */

#include "tests/unit/partition_disk.h"

#include <string.h>

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
    CHECK_EQUAL(found_count, 256);
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
          CASE(results_have_texts))
