/* SPDX-License-Identifier: MIT */
/* VHDs whose every fallible call fails once, and whose file cannot grow: what was written before is there, and it goes on. */

#include "core/base/platform_host.h"
#include "tests/unit/vhd_file.h"

#include <string.h>

#define SIZE    (200u * VHD_SECTOR)
#define LARGER  (3000u * VHD_SECTOR)
#define BLOCK   4096u
#define SCRIPTS 3u

static struct memory_file parent;
static struct memory_file file;
static unsigned char before[SIZE]; /* what was durable before what fails */
static unsigned char after[SIZE];
static unsigned char found[SIZE];

static ballast_status open_parent(void *context, const uint16_t *name, struct vhd_file *opened)
{
    (void)context;
    (void)name;
    *opened = (struct vhd_file){&parent.source, parent.length, 77};
    return BALLAST_SUCCESS;
}

static const struct vhd_opener opener = {open_parent, NULL};

static ballast_status write_at(struct source *source, uint64_t offset, int value, size_t length)
{
    static unsigned char bytes[SIZE];
    memset(bytes, value, length);
    memset(after + offset, value, length);
    return source->operations->write(source, offset, bytes, length);
}

static void prepare(enum vhd_kind kind)
{
    struct vhd_new base = {.kind = VHD_DYNAMIC, .size = SIZE, .block_size = 8192, .id = {2}};
    struct vhd_new disk = {.kind = kind, .size = SIZE, .block_size = BLOCK, .id = {1}, .parent_modified = 77};
    memory_file_make(&parent);
    memory_file_make(&file);
    memset(after, 0, sizeof(after));
    CHECK_EQUAL(vhd_create(&parent.source, &base, NULL), BALLAST_SUCCESS);
    struct vhd *above = memory_file_opened(&parent, true, NULL);
    if (kind == VHD_DIFFERENCING) {
        CHECK_EQUAL(write_at(vhd_source(above), 1000, 'p', 30000), BALLAST_SUCCESS);
        CHECK_EQUAL(vhd_source(above)->operations->flush(vhd_source(above)), BALLAST_SUCCESS);
        disk.parent = above;
        disk.parent_name = u"parent.vhd";
    }
    CHECK_EQUAL(vhd_create(&file.source, &disk, NULL), BALLAST_SUCCESS);
    memory_file_close(above);
    struct vhd *vhd = memory_file_opened(&file, true, &opener);
    CHECK_EQUAL(write_at(vhd_source(vhd), 20000, 'a', 3000), BALLAST_SUCCESS);
    CHECK_EQUAL(vhd_source(vhd)->operations->flush(vhd_source(vhd)), BALLAST_SUCCESS);
    memory_file_close(vhd);
    memcpy(before, after, sizeof(before));
}

/* What fails; whatever it is, it may be tried again. */
static ballast_status script(struct source *source, unsigned which)
{
    ballast_status status = write_at(source, 20100, 'b', 100);
    if (!ballast_failed(status)) {
        status = write_at(source, 50000, 'c', 20000);
    }
    if (!ballast_failed(status) && which == 1) {
        status = source->operations->resize(source, LARGER);
    }
    if (!ballast_failed(status)) {
        status = source->operations->flush(source);
    }
    if (!ballast_failed(status) && which == 2) {
        status = source->operations->read(source, 0, found, SIZE);
    }
    if (!ballast_failed(status)) {
        status = write_at(source, 5000, 'd', 4000);
    }
    return ballast_failed(status) ? status : source->operations->flush(source);
}

/* Each byte is what it was or what was to be written. */
static void check_between(struct source *source)
{
    CHECK_EQUAL(source->operations->read(source, 0, found, SIZE), BALLAST_SUCCESS);
    for (size_t i = 0; i < SIZE && !test_has_failed(); i++) {
        if (!CHECK(found[i] == before[i] || found[i] == after[i])) {
            test_note("byte %zu is %02x, was %02x", i, found[i], before[i]);
        }
    }
}

/* `fail` arranges the nth failure, or takes it back (negative). True: it came. */
static bool fail_once(enum vhd_kind kind, unsigned which, int64_t nth, void (*fail)(int64_t nth))
{
    struct vhd_options options = {.writable = true, .opener = &opener};
    struct vhd *vhd;
    enum vhd_problem problem;
    prepare(kind);
    fail(nth);
    ballast_status status = memory_file_open(&file, &options, &vhd, &problem);
    bool opened = !ballast_failed(status);
    status = opened ? script(vhd_source(vhd), which) : status;
    fail(-1);
    bool failed = ballast_failed(status);
    test_note("kind %u, script %u, failure %u", (unsigned)kind, which, (unsigned)nth);
    if (opened) {
        check_between(vhd_source(vhd));
        if (nth % 2 != 0) {
            CHECK_EQUAL(script(vhd_source(vhd), which), file.flush_failed ? BALLAST_IO_DEVICE_ERROR : BALLAST_SUCCESS);
        }
        memory_file_close(vhd);
    }
    vhd = memory_file_opened(&file, true, &opener);
    check_between(vhd_source(vhd));
    CHECK_EQUAL(script(vhd_source(vhd), which), BALLAST_SUCCESS);
    memory_file_close(vhd);
    vhd = memory_file_opened(&file, false, &opener);
    CHECK_EQUAL(vhd_source(vhd)->operations->read(vhd_source(vhd), 0, found, SIZE), BALLAST_SUCCESS);
    CHECK_BYTES(found, after, SIZE);
    memory_file_close(vhd);
    memory_file_release(&file);
    memory_file_release(&parent);
    return failed;
}

static void each_failure(void (*fail)(int64_t nth))
{
    uint64_t blocks, bytes;
    for (unsigned kind = VHD_FIXED; kind <= VHD_DIFFERENCING; kind++) {
        for (unsigned which = 0; which < SCRIPTS; which++) {
            int64_t nth = 0;
            if (which == 1 && kind != VHD_DYNAMIC) {
                continue;
            }
            while (fail_once((enum vhd_kind)kind, which, nth, fail) && !test_has_failed()) {
                nth++;
            }
            CHECK(nth > (fail == platform_host_fail_allocation ? 0 : 3));
        }
    }
    platform_host_usage(&blocks, &bytes);
    CHECK_EQUAL(blocks, 0);
}

static void fail_file(int64_t nth)
{
    file.fail_after = nth;
}

static void every_call_of_the_file_fails(void)
{
    each_failure(fail_file);
}

static void fail_parent(int64_t nth)
{
    parent.fail_after = nth;
}

/* One that fails while it is opened is found by another of its names. */
static void every_call_of_the_parent_fails(void)
{
    unsigned failures = 0;
    for (int64_t nth = 0; nth < 40 && !test_has_failed(); nth++) {
        failures += fail_once(VHD_DIFFERENCING, 2, nth, fail_parent);
    }
    CHECK(failures > 3);
}

static void every_allocation_fails(void)
{
    each_failure(platform_host_fail_allocation);
}

static void fill_disk(int64_t nth)
{
    file.space = nth < 0 ? MEMORY_FILE_MAXIMUM : file.length + (uint64_t)nth * VHD_SECTOR;
}

static void the_disk_is_full(void)
{
    for (unsigned kind = VHD_DYNAMIC; kind <= VHD_DIFFERENCING; kind++) {
        unsigned which = kind == VHD_DYNAMIC ? 1 : 0;
        int64_t sectors = 0;
        while (fail_once((enum vhd_kind)kind, which, sectors, fill_disk) && !test_has_failed()) {
            sectors++;
        }
        CHECK(sectors > 50);
    }
}

static void creating_fails(void)
{
    for (unsigned kind = VHD_FIXED; kind <= VHD_DYNAMIC; kind++) {
        struct vhd_new disk = {.kind = (enum vhd_kind)kind, .size = SIZE};
        ballast_status status = BALLAST_IO_DEVICE_ERROR;
        int64_t nth = 0;
        for (; ballast_failed(status) && nth < 100; nth++) {
            memory_file_make(&file);
            file.fail_after = nth;
            status = vhd_create(&file.source, &disk, NULL);
            memory_file_release(&file);
        }
        CHECK_EQUAL(status, BALLAST_SUCCESS);
        CHECK(nth > 3);
    }
}

TEST_MAIN({"every_call_of_the_file_fails", every_call_of_the_file_fails},
          {"every_call_of_the_parent_fails", every_call_of_the_parent_fails},
          {"every_allocation_fails", every_allocation_fails}, {"the_disk_is_full", the_disk_is_full},
          {"creating_fails", creating_fails})
