/* SPDX-License-Identifier: MIT */
/* VHDs against a flat array, with failures, and with parents. */

#include "core/image/vhd.h"
#include "core/base/platform_host.h"
#include "tests/unit/vhd_file.h"

#include <string.h>

#define MAXIMUM 300000u

static struct memory_file files[3]; /* the disk, its parent, and the parent's */
static unsigned char model[MAXIMUM];
static unsigned char found[MAXIMUM];
static uint64_t size;

static void begin(void)
{
    for (unsigned i = 0; i < 3; i++) {
        memory_file_make(&files[i]);
    }
    memory_names_forget();
    memset(model, 0, sizeof(model));
}

static void end(void)
{
    uint64_t blocks, bytes;
    for (unsigned i = 0; i < 3; i++) {
        memory_file_release(&files[i]);
    }
    platform_host_usage(&blocks, &bytes);
    CHECK_EQUAL(blocks, 0);
}

static void create(struct memory_file *file, enum vhd_kind kind, uint64_t disk_size, uint32_t block_size)
{
    struct vhd_new disk = {.kind = kind, .size = disk_size, .block_size = block_size, .time = 1000};
    disk.id[0] = (uint8_t)(file - files + 1);
    uint64_t length = 0;
    CHECK_EQUAL(vhd_create(&file->source, &disk, &length), BALLAST_SUCCESS);
    CHECK_EQUAL(length, file->length);
}

/* A child in files[index] of the disk in the next one, by this name. */
static void derive(unsigned index, const uint16_t *name, uint64_t disk_size)
{
    struct vhd *parent = memory_file_opened(&files[index + 1], false, &memory_names_opener);
    struct vhd_new disk = {.kind = VHD_DIFFERENCING,
                           .size = disk_size,
                           .block_size = 8192,
                           .time = 1000,
                           .parent = parent,
                           .parent_modified = 77,
                           .parent_name = name};
    disk.id[0] = (uint8_t)(index + 1);
    CHECK_EQUAL(vhd_create(&files[index].source, &disk, NULL), BALLAST_SUCCESS);
    memory_file_close(parent);
}

static void fill(struct test_random *random, unsigned char *bytes, size_t length)
{
    unsigned kind = (unsigned)test_random_below(random, 4);
    for (size_t i = 0; i < length; i++) {
        bytes[i] = kind == 0 ? 0 : (unsigned char)test_random_next(random);
    }
}

static void check_all(struct vhd *vhd)
{
    struct source *source = vhd_source(vhd);
    memset(found, 0xEE, sizeof(found));
    CHECK_EQUAL(source->operations->read(source, 0, found, (size_t)size), BALLAST_SUCCESS);
    CHECK_BYTES(found, model, (size_t)size);
}

/* What is said to be empty is. */
static void check_extents(struct vhd *vhd)
{
    struct source *source = vhd_source(vhd);
    for (uint64_t at = 0; at < size;) {
        bool data;
        uint64_t run = source->operations->extent(source, at, size - at, &data);
        if (!CHECK(run != 0 && run <= size - at)) {
            return;
        }
        CHECK(data || platform_is_zero(model + at, (size_t)run));
        at += run;
    }
}

static void operate(struct vhd *vhd, struct test_random *random, bool resizes)
{
    static unsigned char buffer[MAXIMUM];
    struct source *source = vhd_source(vhd);
    uint64_t unit = test_random_below(random, 2) != 0 ? VHD_SECTOR : 1;
    uint64_t offset = test_random_below(random, size / unit) * unit;
    uint64_t most = test_random_below(random, 4) == 0 ? size - offset : (size - offset < 9000 ? size - offset : 9000);
    size_t length = (size_t)(test_random_below(random, most / unit + 1) * unit);
    switch (test_random_below(random, 8)) {
    case 0:
        CHECK_EQUAL(source->operations->flush(source), BALLAST_SUCCESS);
        break;
    case 1: {
        uint64_t now = (1 + test_random_below(random, MAXIMUM / VHD_SECTOR)) * VHD_SECTOR;
        if (resizes && test_random_below(random, 4) == 0) {
            CHECK_EQUAL(source->operations->resize(source, now), BALLAST_SUCCESS);
            if (now > size) {
                memset(model + size, 0, (size_t)(now - size));
            }
            size = now;
        }
        break;
    }
    case 2:
    case 3:
        CHECK_EQUAL(source->operations->read(source, offset, buffer, length), BALLAST_SUCCESS);
        CHECK_BYTES(buffer, model + offset, length);
        break;
    default:
        fill(random, buffer, length);
        CHECK_EQUAL(source->operations->write(source, offset, buffer, length), BALLAST_SUCCESS);
        memcpy(model + offset, buffer, length);
        break;
    }
}

static void tell_nothing(void *context, enum vhd_problem problem)
{
    (void)context;
    test_note("%s", vhd_problem_text(problem));
    CHECK(false);
}

/* Random operations, and opening it again in between. */
static void run_random(uint64_t seed, bool resizes)
{
    struct test_random random = {seed};
    struct vhd *vhd = memory_file_opened(&files[0], true, &memory_names_opener);
    for (unsigned round = 0; round < 30 && !test_has_failed(); round++) {
        for (unsigned i = 0; i < 30 && !test_has_failed(); i++) {
            operate(vhd, &random, resizes);
        }
        struct source *source = vhd_source(vhd);
        CHECK_EQUAL(source->operations->flush(source), BALLAST_SUCCESS);
        check_all(vhd);
        memory_file_close(vhd);
        vhd = memory_file_opened(&files[0], true, &memory_names_opener);
        check_all(vhd);
        check_extents(vhd);
        vhd_check(vhd, tell_nothing, NULL);
    }
    memory_file_close(vhd);
}

static void a_fixed_disk_is_its_bytes(void)
{
    begin();
    size = 100 * VHD_SECTOR;
    create(&files[0], VHD_FIXED, size, 0);
    CHECK_EQUAL(files[0].length, size + 512);
    run_random(1, false);
    CHECK_BYTES(files[0].bytes, model, (size_t)size);
    struct vhd *vhd = memory_file_opened(&files[0], true, NULL);
    bool data = false;
    CHECK_EQUAL(vhd_source(vhd)->operations->extent(vhd_source(vhd), 0, size, &data), size);
    CHECK(data);
    CHECK_EQUAL(vhd_source(vhd)->operations->trim(vhd_source(vhd), 512, 1024), BALLAST_SUCCESS);
    memset(model + 512, 0, 1024);
    check_all(vhd);
    memory_file_close(vhd);
    end();
}

static void dynamic_disks_are_their_model(void)
{
    for (uint64_t seed = 1; seed < 20; seed++) {
        begin();
        size = (1 + seed * 29) * VHD_SECTOR;
        create(&files[0], VHD_DYNAMIC, size, seed % 2 != 0 ? 4096 : 16384);
        test_note("seed %u", (unsigned)seed);
        run_random(seed, seed % 4 > 1);
        end();
    }
}

static void fill_parent(struct memory_file *file, uint64_t parent_size, struct test_random *random)
{
    struct vhd *vhd = memory_file_opened(file, true, &memory_names_opener);
    struct source *source = vhd_source(vhd);
    for (uint64_t at = 0; at < parent_size; at += 3 * VHD_SECTOR) {
        size_t length = (size_t)(parent_size - at < VHD_SECTOR * 2 ? parent_size - at : VHD_SECTOR * 2);
        fill(random, found, length);
        CHECK_EQUAL(source->operations->write(source, at, found, length), BALLAST_SUCCESS);
        memcpy(model + at, found, length);
    }
    CHECK_EQUAL(source->operations->flush(source), BALLAST_SUCCESS);
    memory_file_close(vhd);
}

static void differencing_disks_are_their_model(void)
{
    for (uint64_t seed = 1; seed < 12; seed++) {
        struct test_random random = {seed};
        begin();
        size = 150 * VHD_SECTOR;
        uint64_t parent_size = (100 + seed * 9) * VHD_SECTOR;
        create(&files[2], seed % 2 != 0 ? VHD_DYNAMIC : VHD_FIXED, parent_size, 4096);
        memory_names[0] = (struct memory_name){"base.vhd", &files[2], 77, BALLAST_SUCCESS};
        memory_names[1] = (struct memory_name){"middle.vhd", &files[1], 77, BALLAST_SUCCESS};
        fill_parent(&files[2], parent_size, &random);
        derive(1, u"base.vhd", 140 * VHD_SECTOR);
        fill_parent(&files[1], 140 * VHD_SECTOR < size ? 140 * VHD_SECTOR : size, &random);
        derive(0, u"middle.vhd", size);
        /* What the middle one has not is the base's, which it may be too short for. */
        struct vhd *vhd = memory_file_opened(&files[0], false, &memory_names_opener);
        memset(model, 0, sizeof(model));
        CHECK_EQUAL(vhd_source(vhd)->operations->read(vhd_source(vhd), 0, model, (size_t)size), BALLAST_SUCCESS);
        CHECK(!platform_is_zero(model, (size_t)size));
        memory_file_close(vhd);
        files[1].read_only = true;
        files[2].read_only = true;
        run_random(seed, false);
        end();
    }
}

static void a_chain_reads_through(void)
{
    static unsigned char sector[VHD_SECTOR];
    begin();
    size = 64 * VHD_SECTOR;
    memory_names[0] = (struct memory_name){"base.vhd", &files[2], 77, BALLAST_SUCCESS};
    memory_names[1] = (struct memory_name){"sub/middle.vhd", &files[1], 77, BALLAST_SUCCESS};
    memory_names[2] = (struct memory_name){"sub/base.vhd", &files[2], 77, BALLAST_SUCCESS};
    create(&files[2], VHD_DYNAMIC, size, 4096);
    derive(1, u"base.vhd", size);
    derive(0, u"sub/middle.vhd", size);
    for (unsigned i = 0; i < 3; i++) {
        struct vhd *vhd = memory_file_opened(&files[2 - i], true, &memory_names_opener);
        memset(sector, 'a' + (int)i, sizeof(sector));
        CHECK_EQUAL(vhd_source(vhd)->operations->write(vhd_source(vhd), (uint64_t)i * VHD_SECTOR, sector, VHD_SECTOR),
                    BALLAST_SUCCESS);
        CHECK_EQUAL(vhd_source(vhd)->operations->flush(vhd_source(vhd)), BALLAST_SUCCESS);
        memset(model + (size_t)i * VHD_SECTOR, 'a' + (int)i, VHD_SECTOR);
        memory_file_close(vhd);
    }
    struct vhd *vhd = memory_file_opened(&files[0], false, &memory_names_opener);
    struct vhd_information information;
    check_all(vhd);
    check_extents(vhd);
    vhd_information(vhd, &information);
    CHECK_EQUAL(information.depth, 2);
    CHECK_EQUAL(information.kind, VHD_DIFFERENCING);
    CHECK_EQUAL(information.parent_id[0], 2);
    CHECK(memcmp(information.parent, u"sub/middle.vhd", 30) == 0);
    CHECK_EQUAL(vhd_source(vhd)->operations->write(vhd_source(vhd), 0, sector, VHD_SECTOR),
                BALLAST_MEDIA_WRITE_PROTECTED);
    CHECK_EQUAL(vhd_source(vhd)->operations->resize(vhd_source(vhd), size), BALLAST_MEDIA_WRITE_PROTECTED);
    memory_file_close(vhd);
    end();
}

static void little_is_said_of_a_dynamic_disk(void)
{
    struct vhd_information information;
    struct source_usage usage;
    begin();
    size = 100 * VHD_SECTOR;
    create(&files[0], VHD_DYNAMIC, size, 8192);
    struct vhd *vhd = memory_file_opened(&files[0], true, NULL);
    struct source *source = vhd_source(vhd);
    CHECK_EQUAL(source->operations->write(source, 20000, "x", 1), BALLAST_SUCCESS);
    model[20000] = 'x';
    CHECK_EQUAL(source->operations->write(source, 0, found, 0), BALLAST_SUCCESS);
    vhd_information(vhd, &information);
    CHECK_EQUAL(information.size, size);
    CHECK_EQUAL(information.block_size, 8192);
    CHECK_EQUAL(information.blocks, 7);
    CHECK_EQUAL(information.allocated, 1);
    CHECK_EQUAL(information.time, 1000);
    CHECK_EQUAL(information.id[0], 1);
    CHECK_EQUAL(files[0].length, information.data_end + 512);
    CHECK_EQUAL(information.data_end % 4096, 0);
    CHECK(source->operations->usage(source, &usage));
    CHECK_EQUAL(source->operations->trim(source, 0, size), BALLAST_SUCCESS);
    check_all(vhd);
    check_extents(vhd);
    memory_file_close(vhd);
    end();
}

static void what_is_not_flushed_may_be_lost(void)
{
    begin();
    size = 100 * VHD_SECTOR;
    create(&files[0], VHD_DYNAMIC, size, 8192);
    uint64_t length = files[0].length;
    struct vhd *vhd = memory_file_opened(&files[0], true, NULL);
    struct source *source = vhd_source(vhd);
    CHECK_EQUAL(source->operations->write(source, 20000, "x", 1), BALLAST_SUCCESS);
    memory_file_close(vhd);
    CHECK(files[0].length > length);
    /* It is there again for others, and what was left behind does not show. */
    vhd = memory_file_opened(&files[0], true, NULL);
    source = vhd_source(vhd);
    check_all(vhd);
    CHECK_EQUAL(source->operations->write(source, 90, "y", 1), BALLAST_SUCCESS);
    model[90] = 'y';
    CHECK_EQUAL(source->operations->flush(source), BALLAST_SUCCESS);
    memory_file_close(vhd);
    vhd = memory_file_opened(&files[0], false, NULL);
    check_all(vhd);
    vhd_check(vhd, tell_nothing, NULL);
    memory_file_close(vhd);
    end();
}

static void create_refuses_what_cannot_be(void)
{
    static const uint16_t long_name[VHD_PARENT_NAME] = {[0 ... VHD_PARENT_NAME - 2] = 'x'};
    static const struct vhd_new wrong[] = {
        {.kind = VHD_FIXED, .size = 0},
        {.kind = VHD_FIXED, .size = 513},
        {.kind = VHD_FIXED, .size = VHD_MAXIMUM_SIZE + 512},
        {.kind = VHD_DYNAMIC, .size = 512, .block_size = 2048},
        {.kind = VHD_DYNAMIC, .size = 512, .block_size = 128u << 20},
        {.kind = VHD_DYNAMIC, .size = 512, .block_size = 12288},
        {.kind = VHD_DYNAMIC, .size = VHD_MAXIMUM_SIZE, .block_size = 4096},
        {.kind = VHD_DIFFERENCING, .size = 512, .parent_name = u"x"},
    };
    begin();
    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        CHECK_EQUAL(vhd_create(&files[0].source, &wrong[i], NULL), BALLAST_INVALID_PARAMETER);
    }
    create(&files[1], VHD_DYNAMIC, 512, 4096);
    struct vhd *parent = memory_file_opened(&files[1], false, NULL);
    struct vhd_new child = {.kind = VHD_DIFFERENCING, .size = 512, .parent = parent, .parent_name = NULL};
    CHECK_EQUAL(vhd_create(&files[0].source, &child, NULL), BALLAST_INVALID_PARAMETER);
    child.parent_name = u"../x";
    CHECK_EQUAL(vhd_create(&files[0].source, &child, NULL), BALLAST_INVALID_PARAMETER);
    child.parent_name = u"";
    CHECK_EQUAL(vhd_create(&files[0].source, &child, NULL), BALLAST_INVALID_PARAMETER);
    child.parent_name = long_name;
    CHECK_EQUAL(vhd_create(&files[0].source, &child, NULL), BALLAST_INVALID_PARAMETER);
    memory_file_close(parent);
    end();
}

static void resize_refuses_what_cannot_be(void)
{
    begin();
    create(&files[0], VHD_DYNAMIC, 512, 4096);
    struct vhd *vhd = memory_file_opened(&files[0], true, NULL);
    struct source *source = vhd_source(vhd);
    CHECK_EQUAL(source->operations->resize(source, 0), BALLAST_INVALID_PARAMETER);
    CHECK_EQUAL(source->operations->resize(source, 513), BALLAST_INVALID_PARAMETER);
    CHECK_EQUAL(source->operations->resize(source, VHD_MAXIMUM_SIZE + 512), BALLAST_INVALID_PARAMETER);
    CHECK_EQUAL(source->operations->resize(source, VHD_MAXIMUM_SIZE), BALLAST_INVALID_PARAMETER);
    memory_file_close(vhd);
    create(&files[1], VHD_FIXED, 512, 0);
    vhd = memory_file_opened(&files[1], true, NULL);
    CHECK_EQUAL(vhd_source(vhd)->operations->resize(vhd_source(vhd), 1024), BALLAST_NOT_SUPPORTED);
    memory_file_close(vhd);
    end();
}

TEST_MAIN({"a_fixed_disk_is_its_bytes", a_fixed_disk_is_its_bytes},
          {"dynamic_disks_are_their_model", dynamic_disks_are_their_model},
          {"differencing_disks_are_their_model", differencing_disks_are_their_model},
          {"a_chain_reads_through", a_chain_reads_through},
          {"little_is_said_of_a_dynamic_disk", little_is_said_of_a_dynamic_disk},
          {"what_is_not_flushed_may_be_lost", what_is_not_flushed_may_be_lost},
          {"create_refuses_what_cannot_be", create_refuses_what_cannot_be},
          {"resize_refuses_what_cannot_be", resize_refuses_what_cannot_be})
