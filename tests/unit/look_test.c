/* SPDX-License-Identifier: MIT */
/* Images that tests/look makes with real tools are looked at there; here is what these tools do not make, byte by byte. */
#include "tests/harness/test.h"
#include "tests/unit/look_image.h"

#include <string.h>

/* ---- containers ---- */

static void containers_are_known_by_content(void)
{
    static const struct {
        size_t offset;
        const char *bytes;
        size_t length;
        enum image_container container;
    } rows[] = {
        {0, "conectix", 8, IMAGE_VHD},
        {0, "vhdxfile", 8, IMAGE_VHDX},
        {0, "KDMV", 4, IMAGE_VMDK},
        {0, "COWD", 4, IMAGE_VMDK},
        {0, "# Disk DescriptorFile\n", 22, IMAGE_VMDK},
        {64, "\x7F\x10\xDA\xBE", 4, IMAGE_VDI},
        {0, "QFI\xFB", 4, IMAGE_QCOW},
        {0, "QED", 4, IMAGE_QCOW},
        {0, "WithoutFreeSpace", 16, IMAGE_PARALLELS},
        {0, "WithouFreSpacExt", 16, IMAGE_PARALLELS},
        {0, "EVF\x09\x0D\x0A\xFF", 8, IMAGE_EWF},
        {0, "EVF2\x0D\x0A\x81", 8, IMAGE_EWF},
        {0, "AFF10\r\n", 8, IMAGE_AFF},
        {SIZE - 512, "koly\0\0\0\4", 8, IMAGE_DMG},
        {0, "MEDIA DESCRIPTOR", 16, IMAGE_CD_SHEET},
        {0, "[CloneCD]", 9, IMAGE_CD_SHEET},
        {0, "CISO", 4, IMAGE_CSO},
        {0, "DAX", 4, IMAGE_CSO},
        {0, "DAA\0\0\0\0", 8, IMAGE_DAA},
        {0, "IsZ!", 4, IMAGE_ISZ},
        {SIZE - 64, "bbis", 4, IMAGE_UIF},
        {0, "MSWIM\0\0", 8, IMAGE_WIM},
        {0, "\x1F\x8B\x08\x08", 4, IMAGE_COMPRESSED},
        {0, "BZh9\x31\x41\x59\x26\x53\x59", 10, IMAGE_COMPRESSED},
        {0,
         "\xFD"
         "7zXZ",
         6, IMAGE_COMPRESSED},
        {0, "\x28\xB5\x2F\xFD", 4, IMAGE_COMPRESSED},
        {0, "PK\3\4", 4, IMAGE_ARCHIVE},
        {0, "7z\xBC\xAF\x27\x1C", 6, IMAGE_ARCHIVE},
        {0, "Rar!\x1A\x07", 6, IMAGE_ARCHIVE},
        {257, "ustar", 5, IMAGE_ARCHIVE},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        test_note("row %u", (unsigned)i);
        clear();
        put(rows[i].offset, rows[i].bytes, rows[i].length);
        CHECK(look_at("innocent.img"));
        CHECK_EQUAL(look.container, rows[i].container);
        CHECK(!look.served && look.read_only);
        CHECK(strlen(image_container_name(look.container)) > 3 && strlen(image_container_advice(look.container)) > 3);
        CHECK(look_with((struct look_options){.raw = true}, "innocent.img")); /* as it is */
        CHECK_EQUAL(look.container, IMAGE_RAW);
        CHECK(look.served && look.offset == 0 && look.length == SIZE);
        image[rows[i].offset]++;
        CHECK(look_at("innocent.vhdx"));
        CHECK_EQUAL(look.container, IMAGE_RAW);
    }
}

static void names_make_no_container(void)
{
    static const char *const names[] = {"a.vhdx", "a.vmdk", "a.bin", "a.nrg", "a.sdi", "a.gz", "a.mdf", ""};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        clear();
        test_note("%s", names[i]);
        CHECK(look_at(names[i]));
        CHECK_EQUAL(look.container, IMAGE_RAW);
        CHECK_EQUAL(look.offset, 0);
        CHECK_EQUAL(look.certainty, LOOK_GUESS);
        CHECK_EQUAL(look.kind, strcmp(names[i], "a.nrg") == 0 ? DISK_KIND_CD : DISK_KIND_HARD_DISK);
    }
}

/* It is said, and no more: the disk is what there is. */
static void check_footer_missed(uint64_t offset)
{
    CHECK_EQUAL(look.container, IMAGE_RAW);
    CHECK_EQUAL(look.problem_count, 1);
    CHECK_EQUAL(look.problems[0].kind, PARTITION_NO_FOOTER);
    CHECK_EQUAL(look.problems[0].offset, offset);
    CHECK(!look.read_only && !look_protects(&look, 0));
}

static void a_fixed_vhd_ends_before_its_footer(void)
{
    clear();
    put_vhd_footer(SIZE - 512, 2, SIZE - 512);
    CHECK(look_at("a.img"));
    CHECK_EQUAL(look.container, IMAGE_VHD_FIXED);
    CHECK_EQUAL(look.length, SIZE - 512);
    CHECK(look.served && !look.read_only);
    CHECK_EQUAL(look.geometry.size_bytes, SIZE - 512);
    CHECK_EQUAL(look.problem_count, 0);
    image[SIZE - 1]++; /* the checksum */
    CHECK(look_at("a.img"));
    CHECK_EQUAL(look.container, IMAGE_RAW);
    CHECK_EQUAL(look.length, SIZE);
    check_footer_missed(SIZE - 512);
    put_vhd_footer(SIZE - 512, 2, SIZE); /* of a longer file */
    CHECK(look_at("a.img"));
    CHECK_EQUAL(look.container, IMAGE_RAW);
    check_footer_missed(SIZE - 512);
    put_vhd_footer(SIZE - 512, 2, SIZE - 512);
    for (image_size = SIZE - 1; image_size >= SIZE - 504; image_size--) {
        CHECK(look_at("a.img"));
        check_footer_missed(SIZE - 512);
    }
    CHECK(look_at("a.img") && look.problem_count == 0); /* nothing is left, and nobody could tell, */
    image_size = SIZE - 512;
    CHECK(look_at("a.img") && look.problem_count == 0);
    CHECK(look_at("a.VHD")); /* but by the name */
    check_footer_missed(SIZE - 1024);
    CHECK(look_with((struct look_options){.raw = true}, "a.vhd") && look.problem_count == 0);
    CHECK(look_with((struct look_options){.offset_given = true, .offset = 512}, "a.vhd") && look.problem_count == 0);
    image_size = SIZE;
    for (unsigned type = 3; type <= 4; type++) { /* the copy at the beginning is lost */
        put_vhd_footer(SIZE - 512, type, SIZE);
        CHECK(look_at("a.img"));
        CHECK_EQUAL(look.container, IMAGE_VHD);
        CHECK(!look.served);
    }
}

static void raw_sectors_of_cds_are_known(void)
{
    static const unsigned char sync[12] = {0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0};
    static const unsigned sizes[] = {2352, 2448};
    for (unsigned i = 0; i < 2; i++) {
        clear();
        put(0, sync, 12);
        CHECK(look_at("a.bin"));
        CHECK_EQUAL(look.container, IMAGE_RAW); /* one alone may be anything */
        put(sizes[i], sync, 12);
        CHECK(look_at("a.bin"));
        CHECK_EQUAL(look.container, IMAGE_CD_SECTORS);
        CHECK(!look.served);
    }
    clear();
    put(0, "FILE \"x.bin\" BINARY\r\n", 21);
    image_size = 100;
    CHECK(look_at("x.cue"));
    CHECK_EQUAL(look.container, IMAGE_CD_SHEET);
}

/* ---- offsets ---- */

static void nrg_tables_are_believed_if_something_is_there(void)
{
    /* id, length of the table, position of the offset in it, its width */
    static const struct {
        const char *id;
        uint32_t length, at;
        unsigned width;
    } rows[] = {{"DAOX", 22 + 42, 22 + 26, 8}, {"DAOI", 22 + 30, 22 + 22, 4}, {"ETN2", 32, 0, 8}, {"ETNF", 20, 0, 4}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t table = SIZE - 4096;
        test_note("%s", rows[i].id);
        clear();
        put_iso(0x100000);
        put(table, "CUEX", 4);
        put_big(table + 4, 8, 4);
        put(table + 16, rows[i].id, 4);
        put_big(table + 20, rows[i].length, 4);
        put_big(table + 24 + rows[i].at, 0x100000, rows[i].width);
        if (rows[i].width == 8) {
            put(SIZE - 12, "NER5", 4);
            put_big(SIZE - 8, table, 8);
        } else {
            put(SIZE - 8, "NERO", 4);
            put_big(SIZE - 4, table, 4);
        }
        CHECK(look_at("any.name"));
        CHECK_EQUAL(look.container, IMAGE_NRG);
        CHECK_EQUAL(look.offset, 0x100000);
        CHECK(look.served && look.kind == DISK_KIND_CD && look.read_only);
        put_big(table + 24 + rows[i].at, 0x123456, rows[i].width); /* nothing there, nor where it usually is */
        CHECK(look_at("any.nrg"));
        CHECK(!look.served);
        put_iso(307200);
        CHECK(look_at("any.name"));
        CHECK_EQUAL(look.offset, 307200);
        put_big(SIZE - 8, UINT64_MAX, 8); /* a table nowhere */
        CHECK(look_at("any.name"));
    }
}

static void names_are_followed_if_the_content_agrees(void)
{
    clear();
    put_iso(307200);
    CHECK(look_at("a.NRG"));
    CHECK_EQUAL(look.container, IMAGE_NRG);
    CHECK_EQUAL(look.offset, 307200);
    CHECK_EQUAL(look.length, SIZE - 307200);
    CHECK_EQUAL(look.kind, DISK_KIND_CD);
    CHECK(look_at("a.img"));
    CHECK_EQUAL(look.offset, 0);
    put_iso(0); /* an ISO with the name of another format */
    CHECK(look_at("a.nrg"));
    CHECK_EQUAL(look.container, IMAGE_RAW);
    CHECK_EQUAL(look.offset, 0);
    clear();
    put_bpb(4096, 512, 9, 2, 1440, 0xF9);
    CHECK(look_at("a.sdi"));
    CHECK_EQUAL(look.offset, 4096);
    CHECK_EQUAL(look.volume, VOLUME_FAT);
    CHECK(look_at("a.nrg"));
    CHECK_EQUAL(look.offset, 0);
    put(0, "$SDI0001", 8);
    CHECK(look_at("a.img"));
    CHECK_EQUAL(look.container, IMAGE_SDI);
    CHECK_EQUAL(look.offset, 4096);
    put(0x400, "PART", 4);
    put_little(0x410, 0x20000, 8);
    put_bpb(0x20000, 512, 9, 2, 1440, 0xF9);
    CHECK(look_at("a.img"));
    CHECK_EQUAL(look.offset, 0x20000);
    CHECK(look_with((struct look_options){.offset_given = true, .offset = 0x1000}, "a.img"));
    CHECK_EQUAL(look.offset, 0x1000); /* who says where it begins is believed */
}

/* ---- devices ---- */

static void cds_are_known_by_content(void)
{
    static const char *const names[] = {"a.img", "a.cdr", "a.iso", "a.bin", ""};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        test_note("%s", names[i]);
        clear();
        put_iso(0);
        CHECK(look_at(names[i]));
        CHECK_EQUAL(look.kind, DISK_KIND_CD);
        CHECK_EQUAL(look.geometry.bytes_per_sector, 2048);
        CHECK(look.read_only);
        clear();
        put_udf(0, 2048);
        CHECK(look_at(names[i]));
        CHECK_EQUAL(look.kind, DISK_KIND_CD);
        CHECK_EQUAL(look.volume, VOLUME_UDF);
        CHECK(look_with((struct look_options){.ram = true}, names[i]));
        CHECK_EQUAL(look.volume, VOLUME_UDF);
        CHECK_EQUAL(look.kind, DISK_KIND_HARD_DISK); /* what somebody has formatted a RAM disk with */
        CHECK(!look.read_only);
    }
    clear();
    put_udf(0, 512); /* a hard disk's */
    CHECK(look_at("a.img"));
    CHECK_EQUAL(look.kind, DISK_KIND_HARD_DISK);
    clear();
    put_udf(0, 2048);
    image[256 * 2048 + 4]++; /* the tag's checksum */
    CHECK(look_at("a.img"));
    CHECK_EQUAL(look.kind, DISK_KIND_HARD_DISK);
}

static void floppies_are_known_by_their_bpb(void)
{
    static const struct {
        unsigned sector, per_track, heads, tracks, media, media_type;
    } rows[] = {
        {512, 18, 2, 82, 0xF0, 2},  /* 1476 KiB */
        {512, 18, 2, 83, 0xF0, 2},  /* 1494 KiB */
        {512, 21, 2, 83, 0xF0, 2},  /* 1743 KiB */
        {512, 20, 2, 80, 0xF0, 2},  /* 1600 KiB */
        {512, 15, 2, 82, 0xF9, 1},  /* 1230 KiB */
        {512, 10, 2, 83, 0xF9, 5},  /* 830 KiB, Atari */
        {512, 9, 2, 82, 0xF9, 5},   /* 738 KiB, Atari */
        {512, 11, 2, 80, 0xF8, 5},  /* 880 KiB, Atari */
        {512, 9, 1, 82, 0xF8, 5},   /* 369 KiB, Atari, one side */
        {1024, 8, 2, 77, 0xFE, 19}, /* 1232 KiB, PC-98 */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        unsigned total = rows[i].per_track * rows[i].heads * rows[i].tracks;
        test_note("row %u", (unsigned)i);
        clear();
        put_bpb(0, rows[i].sector, rows[i].per_track, rows[i].heads, total, rows[i].media);
        image_size = total * rows[i].sector;
        CHECK(look_at("a.st"));
        CHECK_EQUAL(look.kind, DISK_KIND_FLOPPY);
        CHECK_EQUAL(look.geometry.media_type, rows[i].media_type);
        CHECK_EQUAL(look.geometry.bytes_per_sector, rows[i].sector);
        CHECK_EQUAL(look.geometry.sectors_per_track, rows[i].per_track);
        CHECK_EQUAL(look.geometry.tracks_per_cylinder, rows[i].heads);
        CHECK_EQUAL(look.volume, VOLUME_FAT);
        image_size += 512; /* then the BPB speaks of something else */
        CHECK(look_at("a.st"));
        CHECK_EQUAL(look.kind, DISK_KIND_HARD_DISK);
    }
    clear();
    image_size = 1476 * 1024; /* a size alone, and not that of a standard */
    CHECK(look_at("a.img"));
    CHECK_EQUAL(look.kind, DISK_KIND_HARD_DISK);
    image_size = 1440 * 1024;
    CHECK(look_at("a.img"));
    CHECK_EQUAL(look.kind, DISK_KIND_FLOPPY);
}

/* ---- partitions ---- */

static void partitions_are_listed_with_their_file_systems(void)
{
    clear();
    put_entry(0, 0, 0x06, 64, 2048);
    put_entry(0, 1, 0x05, 2200, 100);
    put_entry(2200, 0, 0x83, 10, 50);
    put_bpb(64 * 512, 512, 9, 2, 1440, 0xF9);
    put((2210 + 2) * 512 + 0x38, "\x53\xEF", 2);
    CHECK(look_at("a.img"));
    CHECK_EQUAL(look.table, LOOK_MBR);
    CHECK_EQUAL(look.partition_count, 2);
    CHECK_EQUAL(look.partitions[0].volume, VOLUME_FAT);
    CHECK_EQUAL(look.partitions[1].volume, VOLUME_EXT);
    CHECK_EQUAL(look.partitions[1].entry.start_bytes, 2210 * 512);
    CHECK_EQUAL(look.certainty, LOOK_SURE);
    CHECK_EQUAL(look.kind, DISK_KIND_HARD_DISK);
    CHECK(look_find_partition(&look, 2) == &look.partitions[1]);
    CHECK(look_find_partition(&look, 3) == NULL && look_find_partition(&look, 0) == NULL);
    put_entry(0, 2, 0x07, 2100, 50); /* the last of its sectors begin within the first partition's */
    put_entry(0, 3, 0x07, 8000, 1000);
    CHECK(look_at("a.img"));
    CHECK_EQUAL(look.partition_count, 4);
    CHECK_EQUAL(look.problem_count, 2);
    CHECK_EQUAL(look.problems[0].kind, PARTITION_TRUNCATED);
    CHECK_EQUAL(look.problems[1].kind, PARTITION_OVERLAP);
    CHECK_EQUAL(look.problems[1].number, 3);
    CHECK(look.partitions[2].overlaps && look.partitions[3].entry.damaged);
    CHECK_EQUAL(look.certainty, LOOK_LIKELY);
}

/* With sectors of 4096 bytes a table says the same in other numbers: the file system tells. */
static void sector_sizes_are_found_out(void)
{
    clear();
    put_entry(0, 0, 0x06, 16, 256);
    put_bpb((size_t)16 * 4096, 4096, 63, 255, 256, 0xF8);
    CHECK(look_at("a.img"));
    CHECK_EQUAL(look.table_sector_size, 4096);
    CHECK_EQUAL(look.partitions[0].entry.start_bytes, 16 * 4096);
    CHECK_EQUAL(look.partitions[0].volume, VOLUME_FAT);
    CHECK_EQUAL(look.geometry.bytes_per_sector, 4096);
    put_bpb(16 * 512, 512, 63, 255, 256, 0xF8);
    CHECK(look_at("a.img"));
    CHECK_EQUAL(look.table_sector_size, 512);
    CHECK(look_with((struct look_options){.sector_size = 4096}, "a.img"));
    CHECK_EQUAL(look.table_sector_size, 4096);
}

/* A file system's own boot sector ends like a table. */
static void boot_sectors_are_no_tables(void)
{
    clear();
    put_bpb(0, 512, 63, 255, 8192, 0xF8);
    put_little(510, 0xAA55, 2);
    CHECK(look_at("a.img"));
    CHECK_EQUAL(look.table, LOOK_NO_TABLE);
    CHECK_EQUAL(look.volume, VOLUME_FAT);
    CHECK_EQUAL(look.problem_count, 0);
    memset(image + 446, 'x', 64);
    CHECK(look_at("a.img"));
    CHECK_EQUAL(look.table, LOOK_NO_TABLE);
    CHECK_EQUAL(look.problem_count, 0);
    put(3, "NTFS    ", 8);
    CHECK(look_at("a.img"));
    CHECK_EQUAL(look.volume, VOLUME_NTFS);
    CHECK_EQUAL(look.certainty, LOOK_SURE);
}

/* What somebody has made so is no damage; anything else is, be all partitions there or none. */
static void damaged_tables_are_told_from_odd_ones(void)
{
    clear();
    CHECK(look_at("a.img") && !look.read_only);
    put_entry(0, 0, 0x06, 64, 2048);
    put_entry(0, 1, 0x07, 1000, 2048);
    CHECK(look_at("a.img"));
    CHECK_EQUAL(look.problems[0].kind, PARTITION_OVERLAP);
    CHECK(!look.read_only);
    put_entry(0, 2, 0, 4000, 10);
    CHECK(look_at("a.img"));
    CHECK_EQUAL(look.table_result, PARTITION_OK);
    CHECK_EQUAL(look.problems[0].kind, PARTITION_UNTYPED);
    CHECK(!look.read_only); /* such an entry is unused */
    image[446 + 16] = 1;
    CHECK(look_at("a.img"));
    CHECK_EQUAL(look.table_result, PARTITION_BAD_FLAG);
    CHECK(look.read_only);
    clear();
    put_little(510, 0xAA55, 2);
    memset(image + 446, 'x', 64);
    CHECK(look_at("a.img"));
    CHECK_EQUAL(look.table, LOOK_NO_TABLE);
    CHECK_EQUAL(look.problems[0].kind, PARTITION_NOT_A_TABLE);
    CHECK(!look.read_only); /* a boot loader, which ends anywhere: */
    for (size_t end = 446; end < 510; end++) {
        test_note("%u", (unsigned)end);
        memset(image + end, 0, 510 - end);
        CHECK(look_at("a.img") && !look.read_only && look.partition_count == 0);
        memset(image + end, 'x', 510 - end);
    }
    put(0x438, "\x53\xEF", 2);
    CHECK(look_at("a.img"));
    CHECK_EQUAL(look.volume, VOLUME_EXT);
    CHECK(!look.read_only && look.problem_count == 0);
    clear();
    put(512, "EFI PART", 8);
    CHECK(look_at("a.img"));
    CHECK_EQUAL(look.table, LOOK_GPT);
    CHECK_EQUAL(look.table_result, PARTITION_GPT_DAMAGED);
    CHECK(look.read_only);
    put(0x438, "\x53\xEF", 2);
    CHECK(look_at("a.img"));
    CHECK_EQUAL(look.table, LOOK_NO_TABLE);
    CHECK(!look.read_only && look.problem_count == 0); /* the file system is newer */
}

/* Which of partitions 1 ... 4 are protected, in binary from the right; the whole disk is 1, as 0 is never a partition. */
static unsigned protected_ones(void)
{
    unsigned bits = 0;
    CHECK(look_at("a.img"));
    for (uint32_t number = 0; number <= 4; number++) {
        bits |= (unsigned)look_protects(&look, number) << number;
    }
    return bits;
}

/* Beside damage only a partition is written that was chosen, and that nothing is wrong with. */
static void what_damage_protects(void)
{
    clear();
    CHECK_EQUAL(protected_ones(), 0);
    CHECK(look_damage(&look) == NULL);
    put_entry(0, 0, 0x06, 64, 2048);
    put_entry(0, 1, 0x07, 4000, 100);
    put_entry(0, 2, 0x07, 4099, 100);
    CHECK_EQUAL(protected_ones(), 0); /* odd only */
    CHECK(look.problem_count == 1 && look_damage(&look) == NULL);
    put_entry(0, 3, 0x07, 8000, 1000); /* beyond the end */
    CHECK_EQUAL(protected_ones(), 0x1D);
    CHECK_EQUAL(look_damage(&look)->kind, PARTITION_TRUNCATED);
    put_entry(0, 3, 0x07, 8000, 100);
    image[446 + 48] = 1;
    CHECK_EQUAL(protected_ones(), 0x1D); /* not listed */
    CHECK_EQUAL(look_damage(&look)->kind, PARTITION_BAD_FLAG);
    put_entry(0, 0, 0x06, 64, 1u << 30); /* a damaged one lies over all others */
    CHECK_EQUAL(protected_ones(), 0x1F);
    clear();
    put_entry(0, 0, 0x06, 64, 3000);
    put_entry(0, 1, 0x05, 2200, 100);
    memset(image + (size_t)2200 * 512, 0x78, 512); /* its record is gone: what it listed lies within the first */
    CHECK_EQUAL(protected_ones(), 0x1F);
    put_entry(0, 0, 0x06, 64, 2000);
    CHECK_EQUAL(protected_ones(), 0x1D);
    clear();
    put_entry(0, 0, 0x06, 64, 2048);
    put_entry(0, 1, 0x07, 4000, 100);
    image[446] = image[446 + 16] = 1; /* all else is as in a table */
    CHECK_EQUAL(protected_ones(), 0x1F);
    CHECK_EQUAL(look_damage(&look)->kind, PARTITION_BAD_FLAG);
    put_entry(0, 1, 0x07, 2000, 100);
    image[446 + 16] = 1;
    CHECK_EQUAL(protected_ones(), 0); /* and here it is not */
    clear();
    put_iso(0); /* has its own reasons */
    CHECK_EQUAL(protected_ones(), 0);
    CHECK(look.read_only);
}

static void what_cannot_be_read_is_no_image(void)
{
    clear();
    image_size = 0;
    CHECK(!look_at("a.img"));
    image_size = SIZE;
    CHECK(!look_with((struct look_options){.offset_given = true, .offset = SIZE}, "a.img"));
    CHECK(!look_with((struct look_options){.offset_given = true, .offset = UINT64_MAX}, "a.img"));
    CHECK(look_with((struct look_options){.offset_given = true, .offset = SIZE - 512}, "a.img"));
    CHECK_EQUAL(look.length, 512);
    for (image_size = 1; image_size < 70000; image_size = image_size * 3 / 2 + 1) {
        CHECK(look_at("a.nrg"));
    }
}

#define CASE(name)  \
    {               \
#name, name \
    }
TEST_MAIN(CASE(containers_are_known_by_content), CASE(names_make_no_container),
          CASE(a_fixed_vhd_ends_before_its_footer), CASE(raw_sectors_of_cds_are_known),
          CASE(nrg_tables_are_believed_if_something_is_there), CASE(names_are_followed_if_the_content_agrees),
          CASE(cds_are_known_by_content), CASE(floppies_are_known_by_their_bpb),
          CASE(partitions_are_listed_with_their_file_systems), CASE(sector_sizes_are_found_out),
          CASE(boot_sectors_are_no_tables), CASE(damaged_tables_are_told_from_odd_ones), CASE(what_damage_protects),
          CASE(what_cannot_be_read_is_no_image))
