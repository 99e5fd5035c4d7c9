/* SPDX-License-Identifier: MIT */
/* Damaged and hostile VHDs: each is refused for its reason, or opened for what of it is right. */

#include "core/base/platform_host.h"
#include "core/image/vhd_format.h"
#include "tests/unit/vhd_file.h"

#include <string.h>

#define SIZE   (200u * VHD_SECTOR)
#define HEADER 512u
#define TABLE  1536u

static struct memory_file files[VHD_MAXIMUM_DEPTH + 2];

static void seal(unsigned char *bytes, size_t length, size_t at)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < length; i++) {
        sum += i >= at && i < at + 4 ? 0 : bytes[i];
    }
    vhd_store32(bytes + at, ~sum);
}

static void create(struct memory_file *file, enum vhd_kind kind, struct vhd *parent, const uint16_t *name)
{
    struct vhd_new disk = {.kind = kind,
                           .size = SIZE,
                           .block_size = 4096,
                           .time = 1000,
                           .id = {(uint8_t)(1 + file - files)},
                           .parent = parent,
                           .parent_modified = 77,
                           .parent_name = name};
    memory_file_make(file);
    CHECK_EQUAL(vhd_create(&file->source, &disk, NULL), BALLAST_SUCCESS);
}

/* A dynamic disk with three blocks, the last one first. */
static void dynamic(struct memory_file *file)
{
    create(file, VHD_DYNAMIC, NULL, NULL);
    struct vhd *vhd = memory_file_opened(file, true, NULL);
    struct source *source = vhd_source(vhd);
    for (unsigned i = 3; i != 0; i--) {
        CHECK_EQUAL(source->operations->write(source, i * 20000u, "data", 4), BALLAST_SUCCESS);
    }
    CHECK_EQUAL(source->operations->flush(source), BALLAST_SUCCESS);
    memory_file_close(vhd);
}

static void expect(struct memory_file *file, enum vhd_problem expected)
{
    struct vhd_options options = {.writable = false, .opener = &memory_names_opener};
    struct vhd *vhd;
    enum vhd_problem problem;
    uint64_t blocks, bytes;
    ballast_status status = memory_file_open(file, &options, &vhd, &problem);
    test_note("%s", vhd_problem_text(problem));
    CHECK_EQUAL(problem, expected);
    CHECK(vhd_problem_word(expected)[0] != 0);
    CHECK((expected == VHD_NO_PROBLEM) == (status == BALLAST_SUCCESS));
    if (status == BALLAST_SUCCESS) {
        memory_file_close(vhd);
    }
    platform_host_usage(&blocks, &bytes);
    CHECK_EQUAL(blocks, 0);
}

static unsigned char *footer_of(const struct memory_file *file)
{
    return file->bytes + file->length - VHD_FOOTER_SIZE;
}

/* ---- footers ---- */

/* Cylinders, heads and sectors, as the specification counts them. */
static void a_footer_has_a_geometry(void)
{
    static const struct {
        uint64_t sectors;
        unsigned cylinders, heads, per_track;
    } rows[] = {
        {1ull, 0, 4, 17},
        {2048ull, 30, 4, 17},
        {204800ull, 1003, 12, 17},
        {1000000ull, 992, 16, 63},
        {1048576ull, 1040, 16, 63},
        {2097152ull, 2080, 16, 63},
        {8388608ull, 8322, 16, 63},
        {66059279ull, 65534, 16, 63},
        {66059280ull, 16191, 16, 255},
        {200000000ull, 49019, 16, 255},
        {267382800ull, 65535, 16, 255},
        {4278190080ull, 65535, 16, 255},
    };
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct vhd_footer footer = {.kind = VHD_FIXED, .size = rows[i].sectors * VHD_SECTOR};
        vhd_make_footer(&footer);
        test_note("%u sectors", (unsigned)rows[i].sectors);
        CHECK_EQUAL(vhd_load32(footer.bytes + 56), rows[i].cylinders << 16 | rows[i].heads << 8 | rows[i].per_track);
    }
}

static void change_footers(struct memory_file *file, size_t at, uint32_t value)
{
    vhd_store32(file->bytes + at, value);
    seal(file->bytes, VHD_FOOTER_SIZE, 64);
    vhd_store32(footer_of(file) + at, value);
    seal(footer_of(file), VHD_FOOTER_SIZE, 64);
}

static void wrong_footers(void)
{
    static const struct {
        size_t at;
        uint32_t value;
        enum vhd_problem problem;
    } wrong[] = {
        {0, 0, VHD_NO_FOOTER},
        {12, 0x20000, VHD_BAD_FOOTER},
        {60, 0, VHD_BAD_FOOTER},
        {60, 5, VHD_BAD_FOOTER},
        {60, 0xFFFFFFFF, VHD_BAD_FOOTER},
        {52, 0, VHD_BAD_SIZE},
        {52, 1000, VHD_BAD_SIZE},
        {48, 0x80000000, VHD_BAD_SIZE},
        {16, 1, VHD_BAD_HEADER},
        {20, 0, VHD_BAD_HEADER},
        {20, 100, VHD_BAD_HEADER},
        {20, 1024, VHD_BAD_HEADER},
        {20, 0x7FFFFE00, VHD_BAD_HEADER},
        {52, SIZE * 2, VHD_BAD_TABLE},
        {60, 2, VHD_NO_PROBLEM},
    };
    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        test_note("row %u", i);
        dynamic(&files[0]);
        change_footers(&files[0], wrong[i].at, wrong[i].value);
        /* The type fixed: its data are what there is. */
        if (wrong[i].at == 60 && wrong[i].value == 2) {
            vhd_store32(files[0].bytes, 0);
            vhd_store32(footer_of(&files[0]) + 52, 512);
            seal(footer_of(&files[0]), VHD_FOOTER_SIZE, 64);
        }
        expect(&files[0], wrong[i].problem);
        memory_file_release(&files[0]);
    }
}

static void note(void *context, enum vhd_problem problem)
{
    *(unsigned *)context |= 1u << problem;
}

static unsigned harmless(struct memory_file *file)
{
    unsigned problems = 0;
    struct vhd *vhd = memory_file_opened(file, false, NULL);
    vhd_check(vhd, note, &problems);
    memory_file_close(vhd);
    return problems;
}

/* Writing to a new block mends what is wrong with the footers. */
static void mend(struct memory_file *file)
{
    struct vhd *vhd = memory_file_opened(file, true, NULL);
    struct source *source = vhd_source(vhd);
    CHECK_EQUAL(source->operations->write(source, 0, "more", 4), BALLAST_SUCCESS);
    CHECK_EQUAL(source->operations->flush(source), BALLAST_SUCCESS);
    memory_file_close(vhd);
    CHECK_EQUAL(harmless(file), 0);
    CHECK(memcmp(file->bytes, footer_of(file), VHD_FOOTER_SIZE) == 0);
}

static void one_footer_is_enough(void)
{
    dynamic(&files[0]);
    CHECK_EQUAL(harmless(&files[0]), 0);
    footer_of(&files[0])[70] ^= 1;
    CHECK_EQUAL(harmless(&files[0]), 1u << VHD_FOOTER_DAMAGED | 1u << VHD_UNUSED_SPACE);
    mend(&files[0]);
    files[0].bytes[70] ^= 1;
    CHECK_EQUAL(harmless(&files[0]), 1u << VHD_COPY_DAMAGED);
    mend(&files[0]);
    /* Without the end of the file. */
    files[0].length -= VHD_FOOTER_SIZE;
    CHECK_EQUAL(harmless(&files[0]), 1u << VHD_FOOTER_DAMAGED);
    mend(&files[0]);
    /* An older copy. */
    vhd_store32(files[0].bytes + 24, 5);
    seal(files[0].bytes, VHD_FOOTER_SIZE, 64);
    CHECK_EQUAL(harmless(&files[0]), 1u << VHD_COPY_DIFFERS);
    mend(&files[0]);
    /* Another disk's at the end: it is data. */
    footer_of(&files[0])[80] ^= 1;
    seal(footer_of(&files[0]), VHD_FOOTER_SIZE, 64);
    CHECK((harmless(&files[0]) & 1u << VHD_FOOTER_DAMAGED) != 0);
    mend(&files[0]);
    footer_of(&files[0])[0] = 0;
    files[0].bytes[0] = 0;
    expect(&files[0], VHD_NO_FOOTER);
    memory_file_release(&files[0]);
}

static void short_files(void)
{
    create(&files[0], VHD_FIXED, NULL, NULL);
    expect(&files[0], VHD_NO_PROBLEM);
    memmove(files[0].bytes, footer_of(&files[0]), VHD_FOOTER_SIZE);
    files[0].length = VHD_FOOTER_SIZE;
    expect(&files[0], VHD_DATA_BEYOND_END);
    files[0].length = VHD_FOOTER_SIZE - 1;
    expect(&files[0], VHD_NO_FOOTER);
    files[0].length = 0;
    expect(&files[0], VHD_NO_FOOTER);
    memory_file_release(&files[0]);
    dynamic(&files[0]);
    uint64_t whole = files[0].length;
    for (uint64_t length = 0; length < whole - VHD_FOOTER_SIZE; length += 100) {
        struct vhd_options options = {.writable = false};
        struct vhd *vhd;
        enum vhd_problem problem;
        files[0].length = length;
        CHECK(ballast_failed(memory_file_open(&files[0], &options, &vhd, &problem)));
    }
    memory_file_release(&files[0]);
}

/* ---- header and table ---- */

static void wrong_headers(void)
{
    static const struct {
        size_t at;
        uint32_t value;
        enum vhd_problem problem;
    } wrong[] = {
        {0, 0, VHD_BAD_HEADER},
        {24, 0x20000, VHD_BAD_HEADER},
        {16, 0x80000000, VHD_BAD_TABLE},
        {20, 0, VHD_BAD_TABLE},
        {20, 512, VHD_BAD_TABLE},
        {20, 1000, VHD_BAD_TABLE},
        {20, 1024, VHD_BAD_TABLE},
        {20, 0x7FFFFE00, VHD_BAD_TABLE},
        {28, 1, VHD_BAD_TABLE},
        {32, 0, VHD_BAD_BLOCK_SIZE},
        {32, 512, VHD_BAD_BLOCK_SIZE},
        {32, 5000, VHD_BAD_BLOCK_SIZE},
        {32, 1u << 27, VHD_BAD_BLOCK_SIZE},
        {28, 0xFFFFFFFF, VHD_BAD_TABLE},
        {28, 128, VHD_NO_PROBLEM},
        {32, 8192, VHD_BLOCK_BEYOND_END},
    };
    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        test_note("row %u", i);
        dynamic(&files[0]);
        vhd_store32(files[0].bytes + HEADER + wrong[i].at, wrong[i].value);
        seal(files[0].bytes + HEADER, VHD_HEADER_SIZE, 36);
        expect(&files[0], wrong[i].problem);
        memory_file_release(&files[0]);
    }
    dynamic(&files[0]);
    files[0].bytes[HEADER + 700] ^= 1;
    expect(&files[0], VHD_BAD_HEADER);
    memory_file_release(&files[0]);
}

static void wrong_blocks(void)
{
    dynamic(&files[0]);
    unsigned char *entry = files[0].bytes + TABLE + 4 * (20000 / 4096);
    unsigned char *other = files[0].bytes + TABLE + 4 * (40000 / 4096);
    uint32_t right = vhd_load32(entry);
    uint32_t end = (uint32_t)(files[0].length / VHD_SECTOR);
    uint32_t taken = vhd_load32(other);
    uint32_t overlapping[] = {0, 1, TABLE / VHD_SECTOR, taken, taken + 1, taken - 1};
    uint32_t beyond[] = {end - 9, end, 0xFFFFFFFE};
    for (unsigned i = 0; i < sizeof(overlapping) / sizeof(overlapping[0]); i++) {
        vhd_store32(entry, overlapping[i]);
        expect(&files[0], VHD_BLOCKS_OVERLAP);
    }
    for (unsigned i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++) {
        vhd_store32(entry, beyond[i]);
        expect(&files[0], VHD_BLOCK_BEYOND_END);
    }
    vhd_store32(entry, VHD_UNUSED);
    CHECK_EQUAL(harmless(&files[0]), 1u << VHD_UNUSED_SPACE);
    vhd_store32(entry, right);
    expect(&files[0], VHD_NO_PROBLEM);
    memory_file_release(&files[0]);
}

/* With one that overlaps, and without. */
static void blocks_in_any_order(void)
{
    struct test_random random = {5};
    create(&files[0], VHD_DYNAMIC, NULL, NULL);
    uint32_t first = TABLE / VHD_SECTOR + 1;
    uint32_t entries[25];
    files[0].length = (first + 25 * 9 + 1) * VHD_SECTOR;
    memcpy(footer_of(&files[0]), files[0].bytes, VHD_FOOTER_SIZE);
    for (unsigned round = 0; round < 200; round++) {
        bool wrong = round % 2 != 0;
        for (uint32_t i = 0; i < 25; i++) {
            entries[i] = first + 9 * i;
        }
        for (uint32_t i = 24; i != 0; i--) {
            uint32_t j = (uint32_t)test_random_below(&random, i + 1);
            uint32_t entry = entries[i];
            entries[i] = entries[j];
            entries[j] = entry;
        }
        if (wrong) {
            uint32_t i = (uint32_t)test_random_below(&random, 25);
            entries[i] += entries[i] == first ? 1 : -1u;
        }
        for (uint32_t i = 0; i < 25; i++) {
            vhd_store32(files[0].bytes + TABLE + (size_t)4 * i, entries[i]);
        }
        expect(&files[0], wrong ? VHD_BLOCKS_OVERLAP : VHD_NO_PROBLEM);
    }
    memory_file_release(&files[0]);
}

/* Bitmaps of dynamic disks that others have made: what is not marked is zeros, and is marked when it is written. */
static void sectors_that_are_not_there(void)
{
    unsigned char sector[VHD_SECTOR];
    dynamic(&files[0]);
    uint32_t start = vhd_load32(files[0].bytes + TABLE + 4 * (20000 / 4096)) * VHD_SECTOR;
    memset(files[0].bytes + start, 0, VHD_SECTOR);
    memset(files[0].bytes + start + VHD_SECTOR, 'x', 4096);
    struct vhd *vhd = memory_file_opened(&files[0], true, NULL);
    struct source *source = vhd_source(vhd);
    CHECK_EQUAL(source->operations->read(source, 16384, sector, VHD_SECTOR), BALLAST_SUCCESS);
    CHECK(platform_is_zero(sector, VHD_SECTOR));
    CHECK_EQUAL(source->operations->write(source, 16390, "y", 1), BALLAST_SUCCESS);
    CHECK_EQUAL(source->operations->flush(source), BALLAST_SUCCESS);
    memory_file_close(vhd);
    CHECK_EQUAL(files[0].bytes[start], 0x80);
    CHECK(files[0].bytes[start + VHD_SECTOR] == 0 && files[0].bytes[start + VHD_SECTOR + 6] == 'y');
    memory_file_release(&files[0]);
}

/* ---- parents ---- */

static void derive(struct memory_file *file, struct memory_file *parent, const uint16_t *name)
{
    struct vhd *above = memory_file_opened(parent, false, &memory_names_opener);
    create(file, VHD_DIFFERENCING, above, name);
    memory_file_close(above);
}

static void reset_names(void)
{
    memory_names_forget();
}

static void parents_are_checked(void)
{
    reset_names();
    create(&files[1], VHD_FIXED, NULL, NULL);
    create(&files[2], VHD_FIXED, NULL, NULL);
    derive(&files[0], &files[1], u"dir/base.vhd");
    memory_names[0].name = "dir/base.vhd";
    memory_names[0].file = &files[1];
    memory_names[0].modified = 77;
    expect(&files[0], VHD_NO_PROBLEM);
    CHECK(strcmp(memory_names_asked, "dir/base.vhd ") == 0);
    memory_names[0].modified = 78;
    expect(&files[0], VHD_PARENT_CHANGED);
    memory_names[0].modified = 0;
    expect(&files[0], VHD_PARENT_CHANGED);
    struct vhd_options any = {.any_time = true, .opener = &memory_names_opener};
    struct vhd *vhd;
    enum vhd_problem problem;
    CHECK_EQUAL(memory_file_open(&files[0], &any, &vhd, &problem), BALLAST_SUCCESS);
    memory_file_close(vhd);
    /* Its own time will do where the file's is not known: that one tells of changes, its own stays. */
    vhd_store32(files[0].bytes + HEADER + 56, 1000);
    seal(files[0].bytes + HEADER, VHD_HEADER_SIZE, 36);
    expect(&files[0], VHD_NO_PROBLEM);
    memory_names[0].modified = 1001;
    expect(&files[0], VHD_PARENT_CHANGED);
    memory_names[0].modified = 0;
    memory_names[0].file = &files[2];
    expect(&files[0], VHD_PARENT_IS_OTHER);
    memory_names[0].status = BALLAST_ACCESS_DENIED;
    memory_names[0].file = NULL;
    expect(&files[0], VHD_PARENT_DAMAGED);
    memory_names[0].status = BALLAST_SUCCESS;
    memory_names[0].file = &files[3];
    memory_file_make(&files[3]);
    expect(&files[0], VHD_PARENT_DAMAGED);
    /* A wrong one may lie beside the right one. */
    memory_names[0].file = &files[2];
    memory_names[1] = memory_names[0];
    memory_names[1].name = "base.vhd";
    memory_names[1].file = &files[1];
    expect(&files[0], VHD_NO_PROBLEM);
    reset_names();
    expect(&files[0], VHD_PARENT_MISSING);
    CHECK(strcmp(memory_names_asked, "dir/base.vhd base.vhd base.vhd ") == 0);
    CHECK_EQUAL(memory_file_open(&files[0], &(struct vhd_options){.writable = false}, &vhd, &problem),
                BALLAST_OBJECT_NAME_NOT_FOUND);
    for (unsigned i = 0; i < 4; i++) {
        memory_file_release(&files[i]);
    }
}

/* Names lead nowhere but beside or below the disk. */
static void names_of_parents(void)
{
    static const struct {
        uint32_t platform;
        const uint16_t *name;
        const char *asked;
    } rows[] = {
        {VHD_LOCATOR_W2RU, u".\\base.vhd", "base.vhd base.vhd x.vhd "},
        {VHD_LOCATOR_W2RU, u"base.vhd", "base.vhd base.vhd x.vhd "},
        {VHD_LOCATOR_W2RU, u".\\.\\a\\b\\base.vhd", "a/b/base.vhd base.vhd x.vhd "},
        {VHD_LOCATOR_W2RU, u"..\\base.vhd", "base.vhd x.vhd "},
        {VHD_LOCATOR_W2RU, u"a\\..\\base.vhd", "base.vhd x.vhd "},
        {VHD_LOCATOR_W2RU, u"a\\.\\base.vhd", "base.vhd x.vhd "},
        {VHD_LOCATOR_W2RU, u"C:\\base.vhd", "base.vhd x.vhd "},
        {VHD_LOCATOR_W2RU, u"\\\\server\\share\\base.vhd", "base.vhd x.vhd "},
        {VHD_LOCATOR_W2RU, u"//server/share/base.vhd", "base.vhd x.vhd "},
        {VHD_LOCATOR_W2RU, u"/base.vhd", "base.vhd x.vhd "},
        {VHD_LOCATOR_W2RU, u"base.vhd:stream", "x.vhd "},
        {VHD_LOCATOR_W2RU, u"a\\", "x.vhd "},
        {VHD_LOCATOR_W2RU, u"..", "x.vhd "},
        {VHD_LOCATOR_W2RU, u".", "x.vhd "},
        {VHD_LOCATOR_W2RU, u"", "x.vhd "},
        {VHD_LOCATOR_W2RU, u"a\nb", "x.vhd "},
        {VHD_LOCATOR_W2RU, u"...", "... ... x.vhd "},
        {VHD_LOCATOR_W2KU, u"D:\\images\\base.vhd", "base.vhd x.vhd "},
        {VHD_LOCATOR_W2KU, u"base.vhd", "base.vhd x.vhd "},
        {0x4D616358, u"file://base.vhd", "x.vhd "},
        {0, u"base.vhd", "x.vhd "},
    };
    create(&files[1], VHD_FIXED, NULL, NULL);
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        reset_names();
        derive(&files[0], &files[1], u"x.vhd");
        unsigned char *locator = files[0].bytes + HEADER + 576;
        unsigned char *name = files[0].bytes + vhd_load64(locator + 16);
        uint32_t length = 0;
        for (; rows[i].name[length] != 0; length++) {
            name[2 * length] = (unsigned char)rows[i].name[length];
            name[2 * length + 1] = 0;
        }
        vhd_store32(locator, rows[i].platform);
        vhd_store32(locator + 8, 2 * length);
        seal(files[0].bytes + HEADER, VHD_HEADER_SIZE, 36);
        expect(&files[0], VHD_PARENT_MISSING);
        test_note("row %u: %s", i, memory_names_asked);
        CHECK(strcmp(memory_names_asked, rows[i].asked) == 0);
        memory_file_release(&files[0]);
    }
    memory_file_release(&files[1]);
}

/* A parent's parent lies in a directory whose name leaves no room. */
static void names_have_a_length(void)
{
    uint16_t name[VHD_PARENT_NAME + 1];
    reset_names();
    for (unsigned i = 0; i < VHD_PARENT_NAME; i++) {
        name[i] = 'x';
    }
    name[VHD_PARENT_NAME] = 0;
    CHECK(!vhd_name_allowed(name));
    name[VHD_PARENT_NAME - 1] = 0;
    CHECK(vhd_name_allowed(name));
    create(&files[2], VHD_FIXED, NULL, NULL);
    name[200] = 0;
    derive(&files[1], &files[2], name);
    static char whole[VHD_PARENT_NAME];
    for (unsigned i = 0; i < 250; i++) {
        name[i] = i == 100 ? '/' : 'y';
        whole[i] = (char)name[i];
    }
    name[250] = 0;
    memory_names[0].name = whole;
    memory_names[0].file = &files[1];
    memory_names[0].modified = 77;
    memory_names[1] = memory_names[0];
    static char first[VHD_PARENT_NAME];
    memset(first, 'x', 200);
    memory_names[1].name = first;
    memory_names[1].file = &files[2];
    derive(&files[0], &files[1], name);
    /* "yy...y/" and "xx...x" are too long together. */
    expect(&files[0], VHD_PARENT_MISSING);
    for (unsigned i = 0; i < 3; i++) {
        memory_file_release(&files[i]);
    }
}

static void wrong_locators(void)
{
    static const struct {
        size_t at;
        uint32_t value;
        enum vhd_problem problem;
    } rows[] = {
        {4, 0, VHD_BAD_LOCATOR},         {8, 0x7FFFFFFF, VHD_BAD_LOCATOR}, {12 + 4, 0x80000000, VHD_BAD_LOCATOR},
        {20, 0, VHD_BAD_LOCATOR},        {20, TABLE, VHD_BAD_LOCATOR},     {20, HEADER, VHD_BAD_LOCATOR},
        {20, 1u << 30, VHD_BAD_LOCATOR}, {8, 7, VHD_NO_PROBLEM},           {8, 0, VHD_NO_PROBLEM},
        {4, 1, VHD_NO_PROBLEM},
    };
    create(&files[1], VHD_FIXED, NULL, NULL);
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        reset_names();
        memory_names[0].name = "x.vhd";
        memory_names[0].file = &files[1];
        memory_names[0].modified = 77;
        derive(&files[0], &files[1], u"x.vhd");
        vhd_store32(files[0].bytes + HEADER + 576 + rows[i].at, rows[i].value);
        seal(files[0].bytes + HEADER, VHD_HEADER_SIZE, 36);
        test_note("row %u", i);
        expect(&files[0], rows[i].problem);
        memory_file_release(&files[0]);
    }
    memory_file_release(&files[1]);
}

static void chains_end(void)
{
    static char texts[VHD_MAXIMUM_DEPTH + 2][8];
    reset_names();
    create(&files[0], VHD_FIXED, NULL, NULL);
    for (unsigned i = 1; i <= VHD_MAXIMUM_DEPTH && !test_has_failed(); i++) {
        uint16_t name[] = {(uint16_t)('a' + i - 1), 0};
        texts[i - 1][0] = (char)name[0];
        memory_names[i - 1].name = texts[i - 1];
        memory_names[i - 1].file = &files[i - 1];
        memory_names[i - 1].modified = 77;
        derive(&files[i], &files[i - 1], name);
        expect(&files[i], i < VHD_MAXIMUM_DEPTH ? VHD_NO_PROBLEM : VHD_TOO_MANY_PARENTS);
    }
    /* The first one's parent is the third, and then itself. */
    for (unsigned above = 3; above < 4; above -= 2) {
        uint16_t name[] = {(uint16_t)('a' + above), 0};
        struct vhd *parent = memory_file_opened(&files[above], false, &memory_names_opener);
        memory_file_release(&files[VHD_MAXIMUM_DEPTH + 1]);
        create(&files[VHD_MAXIMUM_DEPTH + 1], VHD_DIFFERENCING, parent, name);
        files[VHD_MAXIMUM_DEPTH + 1].bytes[68] = 2;
        seal(files[VHD_MAXIMUM_DEPTH + 1].bytes, VHD_FOOTER_SIZE, 64);
        memcpy(footer_of(&files[VHD_MAXIMUM_DEPTH + 1]), files[VHD_MAXIMUM_DEPTH + 1].bytes, VHD_FOOTER_SIZE);
        memory_file_close(parent);
        memory_names[1].file = &files[VHD_MAXIMUM_DEPTH + 1];
        expect(&files[VHD_MAXIMUM_DEPTH + 1], VHD_CYCLIC_PARENTS);
        memory_names[1].file = &files[1];
    }
    for (unsigned i = 0; i <= VHD_MAXIMUM_DEPTH + 1; i++) {
        memory_file_release(&files[i]);
    }
}

TEST_MAIN({"a_footer_has_a_geometry", a_footer_has_a_geometry}, {"names_have_a_length", names_have_a_length},
          {"wrong_footers", wrong_footers}, {"one_footer_is_enough", one_footer_is_enough},
          {"short_files", short_files}, {"wrong_headers", wrong_headers}, {"wrong_blocks", wrong_blocks},
          {"blocks_in_any_order", blocks_in_any_order}, {"sectors_that_are_not_there", sectors_that_are_not_there},
          {"parents_are_checked", parents_are_checked}, {"names_of_parents", names_of_parents},
          {"wrong_locators", wrong_locators}, {"chains_end", chains_end})
