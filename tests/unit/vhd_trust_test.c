/* SPDX-License-Identifier: MIT */
/* What is believed of a VHD's file, and of its flushes: neither what a guest has put there, nor what is too late. */

#include "core/image/vhd_format.h"
#include "tests/unit/vhd_file.h"

#include <string.h>

#define BLOCK 4096u
#define SIZE  (25u * BLOCK)
#define TABLE (VHD_FOOTER_SIZE + VHD_HEADER_SIZE)

static struct memory_file file;

static void create(enum vhd_kind kind)
{
    struct vhd_new disk = {.kind = kind, .size = SIZE, .block_size = BLOCK, .id = {(uint8_t)kind}};
    memory_file_make(&file);
    CHECK_EQUAL(vhd_create(&file.source, &disk, NULL), BALLAST_SUCCESS);
}

static void expect(enum vhd_problem expected)
{
    struct vhd_options options = {.writable = false};
    struct vhd *vhd;
    enum vhd_problem problem;
    if (memory_file_open(&file, &options, &vhd, &problem) == BALLAST_SUCCESS) {
        memory_file_close(vhd);
    }
    CHECK_EQUAL(problem, expected);
}

/* ---- footers ---- */

/* The first sectors of a fixed disk are its own: whoever writes them could make another disk of it, with any parent. */
static void a_fixed_disk_is_what_its_end_says(void)
{
    struct memory_file planted;
    struct vhd_information information;
    unsigned char sector[VHD_SECTOR];
    create(VHD_DYNAMIC);
    planted = file;
    create(VHD_FIXED);
    memcpy(file.bytes, planted.bytes, 2 * BLOCK);
    struct vhd *vhd = memory_file_opened(&file, false, NULL);
    vhd_information(vhd, &information);
    CHECK_EQUAL(information.kind, VHD_FIXED);
    CHECK_EQUAL(vhd_source(vhd)->operations->read(vhd_source(vhd), 0, sector, sizeof(sector)), BALLAST_SUCCESS);
    CHECK_BYTES(sector, planted.bytes, sizeof(sector));
    memory_file_close(vhd);
    memory_file_release(&planted);
    memory_file_release(&file);
}

/* ---- tables ---- */

/* Gives the table so many entries, of which those that are new are in nobody's use, and the file room for them. */
static void enlarge_table(uint32_t entries)
{
    struct vhd_header header;
    unsigned char footer[VHD_FOOTER_SIZE];
    memcpy(footer, file.bytes, sizeof(footer));
    CHECK_EQUAL(vhd_parse_header(file.bytes + VHD_FOOTER_SIZE, SIZE, &header), VHD_NO_PROBLEM);
    vhd_change_header(&header, TABLE, entries);
    memcpy(file.bytes + VHD_FOOTER_SIZE, header.bytes, VHD_HEADER_SIZE);
    memset(file.bytes + TABLE, 0xFF, vhd_round((uint64_t)entries * 4, VHD_SECTOR));
    file.length = TABLE + vhd_round((uint64_t)entries * 4, VHD_SECTOR) + VHD_FOOTER_SIZE;
    memcpy(file.bytes + file.length - VHD_FOOTER_SIZE, footer, sizeof(footer));
}

static void a_long_table_is_kept(void)
{
    static const uint32_t entries[] = {26, 128, 129, 2000};
    for (unsigned i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        create(VHD_DYNAMIC);
        enlarge_table(entries[i]);
        struct vhd *vhd = memory_file_opened(&file, true, NULL);
        struct source *source = vhd_source(vhd);
        for (uint32_t block = 0; block < SIZE / BLOCK; block++) {
            CHECK_EQUAL(source->operations->write(source, block * BLOCK, "data", 4), BALLAST_SUCCESS);
        }
        CHECK_EQUAL(source->operations->flush(source), BALLAST_SUCCESS);
        memory_file_close(vhd);
        for (uint32_t entry = SIZE / BLOCK; entry < entries[i]; entry++) {
            CHECK_EQUAL(vhd_load32(file.bytes + TABLE + (size_t)entry * 4), VHD_UNUSED);
        }
        expect(VHD_NO_PROBLEM);
        memory_file_release(&file);
    }
}

/* Blocks behind the disk's end would be overwritten by those that come: such a table is refused. */
static void a_long_table_has_no_blocks_behind_the_disk(void)
{
    static const uint32_t used[] = {25, 127, 128, 1999};
    for (unsigned i = 0; i < sizeof(used) / sizeof(used[0]); i++) {
        create(VHD_DYNAMIC);
        enlarge_table(2000);
        vhd_store32(file.bytes + TABLE + (size_t)used[i] * 4, 40);
        expect(VHD_BAD_TABLE);
        memory_file_release(&file);
    }
    create(VHD_DYNAMIC);
    enlarge_table(2000);
    file.length -= VHD_FOOTER_SIZE + VHD_SECTOR;
    expect(VHD_BAD_TABLE);
    memory_file_release(&file);
}

/* ---- flushes ---- */

/* What a flush could not write may be gone, and the next one succeeds all the same: the system has forgotten it. */
static void a_failed_flush_is_remembered(void)
{
    for (unsigned kind = VHD_FIXED; kind <= VHD_DYNAMIC; kind++) {
        create((enum vhd_kind)kind);
        struct vhd *vhd = memory_file_opened(&file, true, NULL);
        struct source *source = vhd_source(vhd);
        CHECK_EQUAL(source->operations->write(source, 0, "data", 4), BALLAST_SUCCESS);
        file.flush_fails = true;
        CHECK_EQUAL(source->operations->flush(source), BALLAST_IO_DEVICE_ERROR);
        file.flush_fails = false;
        file.recording = true;
        CHECK_EQUAL(source->operations->flush(source), BALLAST_IO_DEVICE_ERROR);
        CHECK_EQUAL(file.operation_count, 0); /* no table tells of what may be gone */
        memory_file_close(vhd);
        vhd = memory_file_opened(&file, true, NULL);
        source = vhd_source(vhd);
        CHECK_EQUAL(source->operations->write(source, 0, "data", 4), BALLAST_SUCCESS);
        CHECK_EQUAL(source->operations->flush(source), BALLAST_SUCCESS);
        memory_file_close(vhd);
        memory_file_release(&file);
    }
}

TEST_MAIN({"a_fixed_disk_is_what_its_end_says", a_fixed_disk_is_what_its_end_says},
          {"a_long_table_is_kept", a_long_table_is_kept},
          {"a_long_table_has_no_blocks_behind_the_disk", a_long_table_has_no_blocks_behind_the_disk},
          {"a_failed_flush_is_remembered", a_failed_flush_is_remembered})
