/* SPDX-License-Identifier: MIT */
#include "core/disk/disk.h"
#include "core/base/platform_host.h"
#include "core/disk/ram.h"
#include "tests/harness/test.h"
#include "tests/unit/lanes.h"

#include <string.h>
#include <sys/mman.h>

#define SIZE (1u << 20)

static const uint16_t name[] = {'a', 'b', 'c'};

/* A source that fails on demand and remembers what it was asked. */
struct fake {
    struct source source;
    ballast_status status;
    unsigned calls;
    uint64_t resized_to;
    bool destroyed;
};

static ballast_status fake_read(struct source *source, uint64_t offset, void *buffer, size_t length)
{
    struct fake *fake = (struct fake *)source;
    (void)offset;
    memset(buffer, 0xAB, length);
    fake->calls++;
    return fake->status;
}

static ballast_status fake_write(struct source *source, uint64_t offset, const void *buffer, size_t length)
{
    struct fake *fake = (struct fake *)source;
    (void)offset, (void)buffer, (void)length;
    fake->calls++;
    return fake->status;
}

static ballast_status fake_trim(struct source *source, uint64_t offset, uint64_t length)
{
    return fake_write(source, offset, NULL, (size_t)length);
}

static ballast_status fake_flush(struct source *source)
{
    return fake_write(source, 0, NULL, 0);
}

static ballast_status fake_resize(struct source *source, uint64_t size)
{
    struct fake *fake = (struct fake *)source;
    fake->resized_to = size;
    return fake_write(source, 0, NULL, 0);
}

static bool fake_usage(struct source *source, struct source_usage *usage)
{
    (void)source, (void)usage;
    return false;
}

static void fake_destroy(struct source *source)
{
    ((struct fake *)source)->destroyed = true;
}

static const struct source_operations fake_operations = {
    .read = fake_read,
    .write = fake_write,
    .trim = fake_trim,
    .flush = fake_flush,
    .resize = fake_resize,
    .usage = fake_usage,
    .destroy = fake_destroy,
};

static struct disk_parameters parameters(uint32_t flags)
{
    return (struct disk_parameters){
        .number = 3,
        .flags = flags,
        .kind = DISK_KIND_HARD_DISK,
        .maximum_size = INT64_MAX,
        .geometry = {SIZE, MEDIA_TYPE_FIXED, 1, 63, 512},
        .file_name = name,
        .file_name_length = sizeof(name),
    };
}

static void make(struct disk *disk, struct fake *fake, uint32_t flags)
{
    struct disk_parameters disk_parameters = parameters(flags);
    *fake = (struct fake){.source = {.operations = &fake_operations}};
    CHECK_EQUAL(disk_initialize(disk, &disk_parameters, &fake->source, test_lanes()), BALLAST_SUCCESS);
}

static void destroy(struct disk *disk, const struct fake *fake)
{
    uint64_t blocks, bytes;
    disk_destroy(disk);
    CHECK(fake->destroyed);
    platform_host_usage(&blocks, &bytes);
    CHECK_EQUAL(blocks, 0);
}

static void initialization_without_memory_leaves_the_source_alone(void)
{
    struct disk disk;
    struct fake fake = {.source = {.operations = &fake_operations}};
    struct disk_parameters disk_parameters = parameters(0);
    platform_host_fail_allocation(0);
    CHECK_EQUAL(disk_initialize(&disk, &disk_parameters, &fake.source, test_lanes()), BALLAST_INSUFFICIENT_RESOURCES);
    platform_host_fail_allocation(-1);
    CHECK(!fake.destroyed);
}

static void transfers_are_checked_in_this_order(void)
{
    static const struct {
        uint32_t flags;
        int64_t offset;
        size_t length;
        bool write;
        ballast_status status;
    } rows[] = {
        {0, -1, 512, false, BALLAST_INVALID_PARAMETER},
        {0, INT64_MIN, 0, false, BALLAST_INVALID_PARAMETER},
        {IMDISK_OPTION_READ_ONLY, -1, 512, true, BALLAST_INVALID_PARAMETER},
        {IMDISK_OPTION_READ_ONLY, SIZE, 512, true, BALLAST_MEDIA_WRITE_PROTECTED},
        {IMDISK_OPTION_READ_ONLY, 0, 0, true, BALLAST_MEDIA_WRITE_PROTECTED},
        {IMDISK_OPTION_READ_ONLY, 0, 512, false, BALLAST_PENDING},
        {0, 0, 0, false, BALLAST_SUCCESS},
        {0, SIZE, 0, false, BALLAST_SUCCESS},
        {0, 0, 1, false, BALLAST_PENDING},
        {0, 0, SIZE, true, BALLAST_PENDING},
        {0, 0, SIZE + 1, true, BALLAST_SUCCESS},
        {0, SIZE - 512, 512, true, BALLAST_PENDING},
        {0, SIZE - 511, 512, true, BALLAST_SUCCESS},
        {0, SIZE - 1, 1, false, BALLAST_PENDING},
        {0, SIZE, 1, false, BALLAST_SUCCESS},
        {0, INT64_MAX, 512, false, BALLAST_SUCCESS},
        {0, INT64_MAX, SIZE_MAX, false, BALLAST_SUCCESS},
        {0, 1, SIZE_MAX, false, BALLAST_SUCCESS},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct disk disk;
        struct fake fake;
        make(&disk, &fake, rows[i].flags);
        test_note("row %u", (unsigned)i);
        CHECK_EQUAL(disk_check_transfer(&disk, rows[i].offset, rows[i].length, rows[i].write), rows[i].status);
        destroy(&disk, &fake);
    }
}

static void successes_and_failures_are_counted(void)
{
    struct disk disk;
    struct fake fake;
    unsigned char buffer[1024];
    size_t done = 0;
    make(&disk, &fake, 0);
    CHECK_EQUAL(disk_read(&disk, 0, buffer, 1024, &done), BALLAST_SUCCESS);
    CHECK_EQUAL(done, 1024);
    CHECK_EQUAL(disk_write(&disk, 0, buffer, 512, &done), BALLAST_SUCCESS);
    CHECK_EQUAL(done, 512);
    CHECK_EQUAL(disk_flush(&disk), BALLAST_SUCCESS);
    CHECK_EQUAL(disk_trim(&disk, 0, 4096), BALLAST_SUCCESS);
    fake.status = BALLAST_IO_DEVICE_ERROR;
    CHECK_EQUAL(disk_read(&disk, 0, buffer, 1024, &done), BALLAST_IO_DEVICE_ERROR);
    CHECK_EQUAL(done, 0);
    CHECK_EQUAL(disk_write(&disk, 0, buffer, 1024, &done), BALLAST_IO_DEVICE_ERROR);
    CHECK_EQUAL(done, 0);
    CHECK_EQUAL(disk_flush(&disk), BALLAST_IO_DEVICE_ERROR);
    CHECK_EQUAL(disk_trim(&disk, 0, 4096), BALLAST_IO_DEVICE_ERROR);
    CHECK_EQUAL(disk_count(&disk).read_requests, 1);
    CHECK_EQUAL(disk_count(&disk).read_bytes, 1024);
    CHECK_EQUAL(disk_count(&disk).write_requests, 1);
    CHECK_EQUAL(disk_count(&disk).written_bytes, 512);
    CHECK_EQUAL(disk_count(&disk).flush_requests, 1);
    CHECK_EQUAL(disk_count(&disk).trim_requests, 1);
    CHECK_EQUAL(disk_count(&disk).trimmed_bytes, 4096);
    CHECK_EQUAL(disk_count(&disk).failed_requests, 4);
    destroy(&disk, &fake);
}

static void the_first_write_marks_the_image(void)
{
    struct disk disk;
    struct fake fake;
    size_t done;
    unsigned char buffer[512] = {0};
    make(&disk, &fake, 0);
    (void)disk_read(&disk, 0, buffer, 512, &done);
    CHECK_EQUAL(disk_flags(&disk) & IMDISK_IMAGE_MODIFIED, 0);
    (void)disk_write(&disk, 0, buffer, 512, &done);
    CHECK(disk_flags(&disk) & IMDISK_IMAGE_MODIFIED);
    destroy(&disk, &fake);
}

static void a_transfer_that_no_longer_fits_is_not_made(void)
{
    struct disk disk;
    struct fake fake;
    size_t done = 7;
    unsigned char buffer[512] = {0};
    make(&disk, &fake, 0);
    CHECK_EQUAL(disk_check_transfer(&disk, SIZE - 512, 512, true), BALLAST_PENDING);
    CHECK_EQUAL(disk_resize(&disk, SIZE / 2, true), BALLAST_SUCCESS);
    fake.calls = 0;
    CHECK_EQUAL(disk_write(&disk, SIZE - 512, buffer, 512, &done), BALLAST_SUCCESS);
    CHECK_EQUAL(done, 0);
    CHECK_EQUAL(disk_read(&disk, SIZE - 512, buffer, 512, &done), BALLAST_SUCCESS);
    CHECK_EQUAL(done, 0);
    CHECK_EQUAL(fake.calls, 0);
    destroy(&disk, &fake);
}

/* It may have been written before it became read-only. */
static void a_read_only_disk_is_flushed(void)
{
    struct disk disk;
    struct fake fake;
    make(&disk, &fake, IMDISK_OPTION_READ_ONLY);
    fake.status = BALLAST_IO_DEVICE_ERROR;
    CHECK_EQUAL(disk_flush(&disk), BALLAST_IO_DEVICE_ERROR);
    destroy(&disk, &fake);
}

static void trims_outside_are_refused(void)
{
    struct disk disk;
    struct fake fake;
    make(&disk, &fake, 0);
    CHECK_EQUAL(disk_trim(&disk, SIZE, 1), BALLAST_INVALID_PARAMETER);
    CHECK_EQUAL(disk_trim(&disk, 0, SIZE + 1ull), BALLAST_INVALID_PARAMETER);
    CHECK_EQUAL(disk_trim(&disk, UINT64_MAX, 2), BALLAST_INVALID_PARAMETER);
    CHECK_EQUAL(disk_trim(&disk, 1, UINT64_MAX), BALLAST_INVALID_PARAMETER);
    CHECK_EQUAL(disk_trim(&disk, SIZE, 0), BALLAST_SUCCESS);
    CHECK_EQUAL(fake.calls, 0);
    CHECK_EQUAL(disk_trim(&disk, 0, SIZE), BALLAST_SUCCESS);
    CHECK_EQUAL(fake.calls, 1);
    destroy(&disk, &fake);
}

static void resizing(void)
{
    struct disk disk;
    struct fake fake;
    make(&disk, &fake, 0);
    CHECK_EQUAL(disk_resize(&disk, SIZE, false), BALLAST_SUCCESS);
    CHECK_EQUAL(fake.calls, 0); /* nothing to do */
    CHECK_EQUAL(disk_resize(&disk, SIZE / 2, false), BALLAST_INVALID_PARAMETER);
    CHECK_EQUAL(disk_resize(&disk, 65536, true), BALLAST_INVALID_PARAMETER);
    CHECK_EQUAL(disk_resize(&disk, 0, true), BALLAST_INVALID_PARAMETER);
    CHECK_EQUAL(disk_resize(&disk, 1ull << 63, true), BALLAST_INVALID_PARAMETER);
    CHECK_EQUAL(disk_resize(&disk, UINT64_MAX, true), BALLAST_INVALID_PARAMETER);
    fake.status = BALLAST_IO_DEVICE_ERROR;
    CHECK_EQUAL(disk_resize(&disk, 2 * SIZE, false), BALLAST_IO_DEVICE_ERROR);
    CHECK_EQUAL(disk_size(&disk), SIZE);
    /* cppcheck-suppress redundantAssignment ; disk_resize has read it through the source */
    fake.status = BALLAST_SUCCESS;
    CHECK_EQUAL(disk_resize(&disk, 2 * SIZE, false), BALLAST_SUCCESS);
    CHECK_EQUAL(fake.resized_to, 2 * SIZE);
    CHECK_EQUAL(disk_size(&disk), 2 * SIZE);
    CHECK_EQUAL(disk_grow(&disk, SIZE), BALLAST_SUCCESS);
    CHECK_EQUAL(disk_size(&disk), 3 * SIZE);
    CHECK_EQUAL(disk_grow(&disk, INT64_MAX), BALLAST_INVALID_PARAMETER);
    CHECK_EQUAL(disk_grow(&disk, UINT64_MAX), BALLAST_INVALID_PARAMETER);
    CHECK_EQUAL(disk_size(&disk), 3 * SIZE);
    CHECK_EQUAL(disk_resize(&disk, SIZE / 2, true), BALLAST_SUCCESS);
    CHECK_EQUAL(disk_size(&disk), SIZE / 2);
    destroy(&disk, &fake);
}

/* What a transfer writes is in a lane: it dies if it writes the disk, whatever it leaves there. */
static void transfers_write_nothing_that_is_shared(void)
{
    static _Alignas(65536) unsigned char pages[65536]; /* of any size */
    struct disk *disk = (struct disk *)pages;
    struct fake fake;
    unsigned char buffer[512];
    size_t done;
    make(disk, &fake, 0);
    (void)disk_write(disk, 0, buffer, sizeof(buffer), &done); /* the first one marks the image */
    CHECK_EQUAL(mprotect(pages, sizeof(pages), PROT_READ), 0);
    for (int i = 0; i < 100; i++) {
        (void)disk_read(disk, 0, buffer, sizeof(buffer), &done);
        (void)disk_write(disk, 0, buffer, sizeof(buffer), &done);
    }
    CHECK_EQUAL(disk_count(disk).read_requests, 100);
    CHECK_EQUAL(disk_transfers(disk), 0);
    CHECK_EQUAL(mprotect(pages, sizeof(pages), PROT_READ | PROT_WRITE), 0);
    destroy(disk, &fake);
}

/* 0.2 % of the data, 16 KiB, and 256 bytes a processor: the lanes, too, for which somebody else has the memory. */
static void memory_is_bounded(void)
{
    struct disk disk;
    struct disk_parameters disk_parameters = {.geometry = {.size_bytes = 1ull << 62}, .maximum_size = 1ull << 62};
    struct source *source;
    struct source_usage usage = {0};
    struct source_usage without_lanes;
    size_t done;
    uint64_t blocks, bytes;
    CHECK_EQUAL(ram_create(PLATFORM_POOL_PAGED, &source), BALLAST_SUCCESS);
    CHECK_EQUAL(disk_initialize(&disk, &disk_parameters, source, test_lanes()), BALLAST_SUCCESS);
    for (uint64_t i = 0; i < 1024; i++) { /* far from each other */
        CHECK(disk_usage(&disk, &usage));
        CHECK_EQUAL(usage.allocated_bytes, i * RAM_CHUNK_SIZE);
        CHECK(usage.overhead_bytes <= usage.allocated_bytes / 500 + 16384 + 256ull * platform_processors());
        (void)disk_write(&disk, i * i * RAM_CHUNK_SIZE * 977, "x", 1, &done);
    }
    CHECK(disk_usage(&disk, &usage) && source->operations->usage(source, &without_lanes));
    CHECK_EQUAL(usage.overhead_bytes - without_lanes.overhead_bytes, disk_lanes_size());
    CHECK(disk_lanes_size() <= 256ull * platform_processors());
    platform_host_usage(&blocks, &bytes); /* its own account is the truth */
    CHECK_EQUAL(bytes + disk_lanes_size(), usage.allocated_bytes + usage.overhead_bytes);
    disk_destroy(&disk);
}

static struct epoch_item *closed;

static void given_back(struct epoch_owner *owner, struct epoch_item *item)
{
    (void)owner;
    closed = item;
}

static void a_closed_disk_ends_when_all_have_left(void)
{
    struct disk disk;
    struct fake fake;
    unsigned char buffer[512];
    size_t done;
    struct epoch_owner owner = {given_back};
    struct epoch_item item = {.owner = &owner};
    make(&disk, &fake, 0);
    closed = NULL;
    uint32_t *inside = disk_enter(&disk, disk_lane(&disk));
    uint32_t *also = disk_enter(&disk, disk_lane(&disk));
    CHECK_EQUAL(disk_transfers(&disk), 2);
    disk_close(&disk, &item);
    CHECK(closed == NULL);
    CHECK(disk_enter(&disk, disk_lane(&disk)) == NULL);
    CHECK_EQUAL(disk_read(&disk, 0, buffer, sizeof(buffer), &done), BALLAST_DEVICE_REMOVED);
    CHECK_EQUAL(disk_write(&disk, 0, buffer, sizeof(buffer), &done), BALLAST_DEVICE_REMOVED);
    CHECK_EQUAL(disk_trim(&disk, 0, 512), BALLAST_DEVICE_REMOVED);
    CHECK_EQUAL(disk_verify(&disk, 0, buffer, sizeof(buffer)), BALLAST_DEVICE_REMOVED);
    CHECK_EQUAL(disk_resize(&disk, 2 * SIZE, false), BALLAST_DEVICE_REMOVED);
    disk_leave_reading(&disk, inside);
    CHECK(closed == NULL);
    disk_leave(&disk, also);
    CHECK(closed == &item);
    CHECK_EQUAL(disk_resize(&disk, SIZE / 2, true), BALLAST_DEVICE_REMOVED); /* nobody is waited for any more */
    CHECK_EQUAL(disk_size(&disk), SIZE);
    destroy(&disk, &fake);
}

TEST_MAIN({"transfers_write_nothing_that_is_shared", transfers_write_nothing_that_is_shared},
          {"memory_is_bounded", memory_is_bounded},
          {"a_closed_disk_ends_when_all_have_left", a_closed_disk_ends_when_all_have_left},
          {"initialization_without_memory_leaves_the_source_alone",
           initialization_without_memory_leaves_the_source_alone},
          {"transfers_are_checked_in_this_order", transfers_are_checked_in_this_order},
          {"successes_and_failures_are_counted", successes_and_failures_are_counted},
          {"the_first_write_marks_the_image", the_first_write_marks_the_image},
          {"a_transfer_that_no_longer_fits_is_not_made", a_transfer_that_no_longer_fits_is_not_made},
          {"a_read_only_disk_is_flushed", a_read_only_disk_is_flushed},
          {"trims_outside_are_refused", trims_outside_are_refused}, {"resizing", resizing})
