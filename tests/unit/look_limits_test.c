/* SPDX-License-Identifier: MIT */
/* Where recognising ends: one byte or one number beside what is a signature, a table or a file system, and reads that fail. */
#include "core/image/gpt.h"
#include "tests/harness/test.h"
#include "tests/unit/look_image.h"

#include <string.h>

/* ---- signatures ---- */

static void compressed_files_are_known_by_all_of_their_signature(void)
{
    static const unsigned char gzip[] = {0x1F, 0x8B, 8, 0};
    static const unsigned char bzip2[] = {'B', 'Z', 'h', '9', 0x31, 0x41, 0x59, 0x26, 0x53, 0x59};
    clear();
    put(0, gzip, sizeof(gzip));
    CHECK(look_at("a"));
    CHECK_EQUAL(look.container, IMAGE_COMPRESSED);
    for (size_t i = 0; i < sizeof(gzip); i++) {
        clear();
        put(0, gzip, sizeof(gzip));
        image[i] ^= 0x20; /* of the flags a reserved one */
        CHECK(look_at("a"));
        CHECK_EQUAL(look.container, IMAGE_RAW);
    }
    for (size_t i = 0; i <= sizeof(bzip2); i++) {
        clear();
        put(0, bzip2, sizeof(bzip2));
        image[i] ^= i < sizeof(bzip2) ? 0x20 : 0;
        CHECK(look_at("a"));
        CHECK_EQUAL(look.container, i < sizeof(bzip2) ? IMAGE_RAW : IMAGE_COMPRESSED);
    }
    put(3, "0", 1); /* levels are 1 to 9 */
    CHECK(look_at("a"));
    CHECK_EQUAL(look.container, IMAGE_RAW);
}

static void one_sector_with_a_sync_pattern_is_no_cd(void)
{
    static const unsigned char sync[12] = {0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0};
    clear();
    put(0, sync, sizeof(sync));
    image_size = 2352; /* nothing behind it */
    CHECK(look_at("a.bin"));
    CHECK_EQUAL(look.container, IMAGE_RAW);
    image_size = 2448 + 12;
    put(2352, sync, 11);
    put(2448, sync, 11);
    image[2448 + 11] = 1;
    image[2352 + 11] = 1;
    CHECK(look_at("a.bin"));
    CHECK_EQUAL(look.container, IMAGE_RAW);
}

static void udf_is_known_by_all_of_its_anchor(void)
{
    static const struct {
        size_t at;
        unsigned char value;
    } rows[] = {{0, 3}, {1, 1}, {12, 1}, {13, 2}, {14, 1}, {15, 1}};
    const size_t anchor = 256 * 2048;
    clear();
    put_udf(0, 2048);
    CHECK(look_at("a"));
    CHECK_EQUAL(look.volume, VOLUME_UDF);
    put(0x8800, "\0NSR02\1", 7);
    CHECK(look_at("a"));
    CHECK_EQUAL(look.volume, VOLUME_UDF);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        unsigned char was = image[anchor + rows[i].at];
        image[anchor + rows[i].at] = rows[i].value;
        put_udf_checksum(anchor);
        CHECK(look_at("a"));
        CHECK_EQUAL(look.volume, VOLUME_UNKNOWN);
        image[anchor + rows[i].at] = was;
        put_udf_checksum(anchor);
    }
    put(0x8800, "\0NSR04\1", 7); /* then the descriptors end without one */
    CHECK(look_at("a"));
    CHECK_EQUAL(look.volume, VOLUME_UNKNOWN);
    put(0x8800, "\0NSR03\1", 7);
    image_size = anchor; /* the descriptors, but no anchor */
    CHECK(look_at("a"));
    CHECK_EQUAL(look.volume, VOLUME_UNKNOWN);
    for (unsigned i = 0; i < 64; i++) { /* descriptors without an end */
        put(0x8000 + i * 2048, "\0OTHER\1", 7);
    }
    image_size = SIZE;
    CHECK(look_at("a"));
    CHECK_EQUAL(look.volume, VOLUME_UNKNOWN);
}

static void nothing_begins_where_offsets_end(void)
{
    static const uint64_t offsets[] = {INT64_MAX, INT64_MAX - 8, INT64_MAX - (1u << 20), UINT64_MAX,
                                       UINT64_MAX - 0x8006};
    clear();
    put_iso(0);
    struct image_reader reader = image_reader();
    reader.length = 0; /* unknown */
    CHECK(signature_is_iso9660(&reader, 0));
    for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        CHECK(!signature_is_iso9660(&reader, offsets[i]));
        CHECK(!signature_is_udf(&reader, offsets[i]));
        CHECK_EQUAL(volume_identify(&reader, offsets[i], 4096), VOLUME_UNKNOWN);
        CHECK_EQUAL(volume_identify(&reader, 0, offsets[i]), VOLUME_ISO9660);
    }
}

static void every_container_and_file_system_has_words(void)
{
    for (unsigned i = 0; i < IMAGE_CONTAINERS; i++) {
        enum image_container container = (enum image_container)i;
        CHECK(strlen(image_container_word(container)) != 0 && strchr(image_container_word(container), ' ') == NULL);
        CHECK(strlen(image_container_name(container)) != 0 && strlen(image_container_advice(container)) != 0);
        for (unsigned j = 0; j < i; j++) {
            CHECK(strcmp(image_container_word(container), image_container_word((enum image_container)j)) != 0);
        }
    }
    for (unsigned i = 0; i < VOLUME_KINDS; i++) {
        CHECK(strlen(volume_kind_name((enum volume_kind)i)) != 0);
        for (unsigned j = 0; j < i; j++) {
            CHECK(strcmp(volume_kind_word((enum volume_kind)i), volume_kind_word((enum volume_kind)j)) != 0);
        }
    }
    CHECK(strcmp(look_table_word(LOOK_MBR), "mbr") == 0 && strcmp(look_table_word(LOOK_GPT), "gpt") == 0);
    CHECK(look_table_word(LOOK_NO_TABLE) == NULL);
    CHECK(strcmp(look_certainty_word(LOOK_SURE), "sure") == 0);
    CHECK(strcmp(look_certainty_word(LOOK_LIKELY), "likely") == 0);
    CHECK(strcmp(look_certainty_word(LOOK_GUESS), "guess") == 0);
}

/* ---- file systems ---- */

static void fat_is_a_bpb_that_makes_sense(void)
{
    static const struct {
        unsigned at, value, bytes;
    } rows[] = {{13, 0, 1}, {13, 3, 1}, {14, 0, 2}, {16, 0, 1}, {16, 3, 1}, {17, 0, 2}, {22, 0, 2}, {22, 257, 2}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        clear();
        put_bpb(0, 512, 9, 2, 1440, 0xF9);
        CHECK(look_at("a"));
        CHECK_EQUAL(look.volume, VOLUME_FAT);
        put_little(rows[i].at, rows[i].value, rows[i].bytes);
        CHECK(look_at("a"));
        CHECK_EQUAL(look.volume, VOLUME_UNKNOWN);
    }
    put_bpb(0, 512, 9, 2, 1440, 0xF9);
    put_little(17, 0, 2); /* FAT32 has its root directory elsewhere */
    put(82, "FAT32   ", 8);
    put_little(510, 0xAA55, 2);
    CHECK(look_at("a"));
    CHECK_EQUAL(look.volume, VOLUME_FAT32);
    CHECK_EQUAL(look.table, LOOK_NO_TABLE);
}

static void floppies_end_where_drives_did(void)
{
    static const struct {
        unsigned sector, per_track, heads, total, media;
        bool floppy;
    } rows[] = {
        {512, 36, 2, 82 * 72, 0xF0, true},  {512, 37, 2, 82 * 74, 0xF0, false}, {512, 5, 1, 40 * 5, 0xFE, true},
        {512, 4, 1, 40 * 4, 0xFE, false},   {512, 9, 1, 37 * 9, 0xFE, false},   {512, 9, 1, 38 * 9, 0xFE, true},
        {512, 9, 2, 86 * 18, 0xF9, true},   {512, 9, 2, 87 * 18, 0xF9, false},  {512, 9, 2, 82 * 18, 0xEF, false},
        {512, 9, 2, 82 * 18, 0xF1, false},  {512, 9, 2, 82 * 18, 0xF7, false},  {512, 9, 2, 82 * 18 + 1, 0xF9, false},
        {2048, 9, 2, 82 * 18, 0xF9, false}, {512, 9, 3, 82 * 27, 0xF9, false},  {512, 9, 0, 82 * 18, 0xF9, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        test_note("row %u", (unsigned)i);
        clear();
        put_bpb(0, rows[i].sector, rows[i].per_track, rows[i].heads, rows[i].total, rows[i].media);
        image_size = (uint64_t)rows[i].total * rows[i].sector;
        CHECK(look_at("a"));
        CHECK_EQUAL(look.kind, rows[i].floppy ? DISK_KIND_FLOPPY : DISK_KIND_HARD_DISK);
    }
}

/* The boot sectors of these end like a table, which is only one if it lists something else than themselves. */
static void boot_sectors_with_a_table_in_them(void)
{
    static const char *const names[] = {"NTFS    ", "EXFAT   ", "ReFS\0\0\0\0", "-FVE-FS-"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        clear();
        put(3, names[i], 8);
        put_entry(0, 0, 0x07, 0, 2048); /* of itself */
        CHECK(look_at("a"));
        CHECK(look.volume != VOLUME_UNKNOWN && look.table == LOOK_NO_TABLE);
        put_entry(0, 0, 0x07, 64, 2048);
        CHECK(look_at("a"));
        CHECK(look.volume != VOLUME_UNKNOWN && look.table == LOOK_MBR);
        CHECK_EQUAL(look.partition_count, 1);
    }
    clear(); /* the others leave room for a table; here is an empty one, and then one with a partition */
    put(0x438, "\x53\xEF", 2);
    put_little(510, 0xAA55, 2);
    CHECK(look_at("a"));
    CHECK(look.volume == VOLUME_EXT && look.table == LOOK_NO_TABLE);
    put_entry(0, 0, 0x83, 64, 2048);
    CHECK(look_at("a"));
    CHECK(look.volume == VOLUME_EXT && look.table == LOOK_MBR);
    put_entry(0, 0, 0x83, 64, 1u << 30); /* beyond the end: nothing to mount, but said */
    CHECK(look_at("a"));
    CHECK(look.table == LOOK_MBR && look.problem_count != 0);
}

/* ---- where the data begins ---- */

/* A header whose entries take long to check, and are not as its checksum says. */
static void put_hostile_gpt(size_t begin)
{
    size_t header = begin + 512;
    put(header, "EFI PART", 8);
    put_little(header + 8, 0x00010000, 4);
    put_little(header + 12, 92, 4);
    put_little(header + 24, 1, 8);
    put_little(header + 72, 2, 8);
    put_little(header + 80, 8192, 4);
    put_little(header + 84, 128, 4);
    put_little(header + 16, gpt_crc32(0, image + header, 92), 4);
}

/* Chunks and tracks without end, each track with the largest table that is believed. */
static void hostile_nrgs_are_looked_at_briefly(void)
{
    const size_t table = 0x300000;
    const size_t chunk = 20 * 200;
    clear();
    put(SIZE - 8, "NERO", 4);
    put_big(SIZE - 4, table, 4);
    for (size_t i = 0; i < 200; i++) {
        put(table + i * (8 + chunk), "ETNF", 4);
        put_big(table + i * (8 + chunk) + 4, chunk, 4);
        for (unsigned j = 0; j < 200; j++) {
            put_big(table + i * (8 + chunk) + 8 + (size_t)j * 20, 0x10000, 4);
        }
    }
    put_entry(0x10000 / 512, 0, 0xEE, 1, 8191);
    put_hostile_gpt(0x10000);
    bytes_read = 0;
    CHECK(look_at("a"));
    CHECK(look.container == IMAGE_NRG && !look.served);
    CHECK(bytes_read < 16u << 20);
    CHECK(strstr(image_container_advice(IMAGE_NRG), "offset") != NULL);
    CHECK(look_with((struct look_options){.offset_given = true, .offset = 0x10000}, "a")); /* as the advice says */
    CHECK(look.served && look.offset == 0x10000);
}

static void tables_of_containers_that_lead_nowhere(void)
{
    const size_t table = 0x200000;
    clear();
    put(SIZE - 12, "NER5", 4);
    put_big(SIZE - 8, table, 8);
    put(table, "ETN2", 4);
    put_big(table + 4, 200 * 32, 4); /* more tracks than a CD has, each of them nowhere */
    for (unsigned i = 0; i < 200; i++) {
        put_big(table + 8 + (size_t)i * 32, SIZE - 512, 8);
    }
    CHECK(look_at("a"));
    CHECK(look.container == IMAGE_NRG && !look.served && look.certainty == LOOK_SURE);
    image_size = table + 8 + 32; /* the table is cut */
    put(image_size - 12, "NER5", 4);
    put_big(image_size - 8, table, 8);
    CHECK(look_at("a"));
    CHECK(look.container == IMAGE_NRG && !look.served);
    clear();
    put(0, "$SDI", 4);
    put(0x400, "PART", 4);
    put_little(0x410, 0x20000, 8); /* nothing there */
    put(0x440, "BOOT", 4);
    put_little(0x450, 0x30000, 8);
    put_bpb(0x30000, 512, 9, 2, 1440, 0xF9); /* but no partition */
    CHECK(look_at("a"));
    CHECK(look.container == IMAGE_SDI && !look.served);
    put_entry(0x20000 / 512, 0, 0x06, 8, 16); /* a disk may begin with a table */
    CHECK(look_at("a"));
    CHECK(look.served);
    CHECK_EQUAL(look.offset, 0x20000);
    put_entry(0x20000 / 512, 0, 0x06, 8, 1u << 30); /* one with nothing that can be mounted is no proof */
    CHECK(look_at("a"));
    CHECK(!look.served);
    image_size = 0x440; /* the table is cut, and so is what may have been behind it */
    CHECK(look_at("a"));
    CHECK(look.container == IMAGE_SDI && !look.served && look.offset == 0);
}

static void short_names_have_no_extension(void)
{
    clear();
    put_iso(307200);
    CHECK(look_at("nrg"));
    CHECK_EQUAL(look.offset, 0);
    CHECK(look_at(".nrg"));
    CHECK_EQUAL(look.offset, 307200);
    clear();
    CHECK(look_at("a.iso"));
    CHECK_EQUAL(look.kind, DISK_KIND_CD);
    CHECK(look_at("a.isx"));
    CHECK_EQUAL(look.kind, DISK_KIND_HARD_DISK);
}

static void sheets_are_small(void)
{
    clear();
    put(0, "REM x", 5);
    image_size = 65535;
    CHECK(look_at("a"));
    CHECK_EQUAL(look.container, IMAGE_CD_SHEET);
    image_size = 65536;
    CHECK(look_at("a"));
    CHECK_EQUAL(look.container, IMAGE_RAW);
    image_size = 15;
    CHECK(look_at("a"));
    CHECK_EQUAL(look.container, IMAGE_RAW);
}

/* ---- partitions ---- */

/* A chain of extended boot records, each with a partition of one sector. */
static void put_chain(unsigned count, uint32_t length)
{
    put_entry(0, 0, 0x05, 16, 6000);
    for (unsigned i = 0; i < count; i++) {
        put_entry(16 + (size_t)i * 4, 0, 0x83, 1, length);
        if (i + 1 < count) {
            put_entry(16 + (size_t)i * 4, 1, 0x05, (i + 1) * 4, 4);
        }
    }
}

static void more_than_is_listed_is_counted(void)
{
    clear();
    put_chain(256, 1);
    put_entry(0, 1, 0x83, 7000, 1);
    put_entry(0, 2, 0x83, 7100, 1);
    CHECK(look_at("a"));
    CHECK_EQUAL(look.partition_count, 258);
    CHECK(look_find_partition(&look, 256) != NULL && look_find_partition(&look, 258) == NULL);
    put_chain(40, 8); /* each begins in the one before it */
    CHECK(look_at("a"));
    CHECK_EQUAL(look.problem_count, LOOK_PROBLEMS);
    CHECK_EQUAL(look.certainty, LOOK_LIKELY);
    CHECK(!look_protects(&look, 1)); /* they are as somebody has made them */
    clear();
    put_chain(40, 1);
    for (size_t i = 0; i < 40; i++) {
        put_entry(16 + i * 4, 2, 0, 9, 1); /* odd */
    }
    CHECK(look_at("a"));
    CHECK_EQUAL(look.problem_count, LOOK_PROBLEMS);
    CHECK(look_damage(&look) == NULL);
    put_entry(0, 3, 0x83, 8000, 1000); /* beyond the end; it is told of instead of the last one */
    CHECK(look_at("a"));
    CHECK_EQUAL(look.problem_count, LOOK_PROBLEMS);
    CHECK_EQUAL(look_damage(&look)->kind, PARTITION_TRUNCATED);
    CHECK(look_protects(&look, 0) && look_protects(&look, 1)); /* of which there may be more problems */
    image[446 + 48] = 1;
    put_entry(0, 2, 0x83, 8000, 1000); /* only the first damage is */
    CHECK(look_at("a"));
    CHECK_EQUAL(look_damage(&look)->kind, PARTITION_TRUNCATED);
}

static void damaged_partitions_overlap_nothing(void)
{
    clear();
    put_entry(0, 0, 0x07, 8000, 1000); /* beyond the end */
    put_entry(0, 1, 0x07, 8100, 10);
    put_entry(0, 2, 0x07, 4000, 100);
    put_entry(0, 3, 0x07, 4100, 100);
    CHECK(look_at("a"));
    CHECK_EQUAL(look.partition_count, 4);
    for (unsigned i = 0; i < 4; i++) {
        CHECK(!look.partitions[i].overlaps);
    }
}

static void put_gpt_entry(unsigned i, uint64_t first, uint64_t last)
{
    size_t entry = 1024 + (size_t)i * 128;
    memset(image + entry, 0xA5, 16);
    put_little(entry + 32, first, 8);
    put_little(entry + 40, last, 8);
    put_little(512 + 88, gpt_crc32(0, image + 1024, 4 * 128), 4);
    put_little(512 + 16, 0, 4);
    put_little(512 + 16, gpt_crc32(0, image + 512, 92), 4);
}

/* The number of a problem is that of what it is wrong with. */
static void what_lies_over_its_table_is_protected(void)
{
    clear();
    put_entry(0, 0, 0xEE, 1, 8191);
    put_hostile_gpt(0);
    put_little(512 + 80, 4, 4);
    put_gpt_entry(0, 40, 99);
    put_gpt_entry(1, 100, 199);
    CHECK(look_at("a"));
    CHECK_EQUAL(look.partition_count, 2);
    CHECK_EQUAL(look_damage(&look)->kind, PARTITION_COPY_DAMAGED);
    CHECK(look_protects(&look, 0) && !look_protects(&look, 1) && !look_protects(&look, 2));
    put_gpt_entry(0, 1, 2);
    CHECK(look_at("a"));
    CHECK_EQUAL(look.partition_count, 2);
    CHECK(!look.partitions[0].entry.damaged);
    CHECK(look_protects(&look, 0) && look_protects(&look, 1) && !look_protects(&look, 2));
}

static void guids_make_a_gpt(void)
{
    clear();
    put_entry(0, 0, 0xEE, 1, 8191);
    CHECK(look_at("a")); /* the table that it protects is damaged */
    CHECK(look.table == LOOK_GPT && look.problem_count != 0 && look.read_only);
    CHECK_EQUAL(look.certainty, LOOK_LIKELY);
    CHECK_EQUAL(look.kind, DISK_KIND_HARD_DISK);
}

/* ---- reads that fail ---- */

static void build(unsigned which)
{
    clear();
    switch (which) {
    case 0:
        put_iso(0x100000);
        put(SIZE - 4104, "ETN2", 4);
        put_big(SIZE - 4100, 32, 4);
        put_big(SIZE - 4096, 0x100000, 8);
        put(SIZE - 12, "NER5", 4);
        put_big(SIZE - 8, SIZE - 4104, 8);
        break;
    case 1:
        put(0, "$SDI", 4);
        put(0x400, "PART", 4);
        put_little(0x410, 0x20000, 8);
        put_bpb(0x20000, 512, 9, 2, 1440, 0xF9);
        break;
    case 2:
        put_vhd_footer(SIZE - 512, 2, SIZE - 512);
        put_chain(3, 1);
        break;
    case 3:
        put_udf(0, 2048);
        break;
    case 4:
        put_bpb(307200, 512, 9, 2, 1440, 0xF9);
        break;
    default:
        put_entry(0, 0, 0x06, 16, 256);
        put_bpb((size_t)16 * 4096, 4096, 63, 255, 256, 0xF8);
        break;
    }
}

/* Whatever cannot be read, nothing is found that is not there. */
static void any_read_may_fail(void)
{
    for (unsigned which = 0; which < 6; which++) {
        static struct look whole;
        build(which);
        CHECK(look_at("a.nrg"));
        whole = look;
        bool failed = true;
        for (uint32_t n = 1; failed; n++) {
            reads_until_failure = n;
            bool looked = look_at("a.nrg");
            failed = reads_until_failure == 0;
            CHECK(looked || n == 1);
            if (looked && failed) {
                CHECK(look.container == whole.container || look.container == IMAGE_RAW);
                CHECK(look.volume == whole.volume || look.volume == VOLUME_UNKNOWN);
                CHECK(look.partition_count <= whole.partition_count);
                CHECK(look.offset <= SIZE && look.length <= SIZE - look.offset);
            }
        }
        CHECK_EQUAL(look.offset, whole.offset);
        CHECK_EQUAL(look.volume, whole.volume);
    }
}

#define CASE(name)  \
    {               \
#name, name \
    }
TEST_MAIN(CASE(compressed_files_are_known_by_all_of_their_signature), CASE(one_sector_with_a_sync_pattern_is_no_cd),
          CASE(udf_is_known_by_all_of_its_anchor), CASE(nothing_begins_where_offsets_end),
          CASE(every_container_and_file_system_has_words), CASE(fat_is_a_bpb_that_makes_sense),
          CASE(floppies_end_where_drives_did), CASE(boot_sectors_with_a_table_in_them),
          CASE(hostile_nrgs_are_looked_at_briefly), CASE(tables_of_containers_that_lead_nowhere),
          CASE(short_names_have_no_extension), CASE(sheets_are_small), CASE(more_than_is_listed_is_counted),
          CASE(damaged_partitions_overlap_nothing), CASE(guids_make_a_gpt), CASE(what_lies_over_its_table_is_protected),
          CASE(any_read_may_fail))
