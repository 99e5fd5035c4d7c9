/* SPDX-License-Identifier: MIT */
#include "core/disk/medium.h"
#include "core/base/platform_host.h"
#include "core/disk/ram.h"
#include "core/disk/storage_abi.h"
#include "tests/harness/test.h"
#include "tests/unit/lanes.h"

#include <string.h>

/* 4 cylinders of 3 heads of 5 sectors, and two tracks more: 14 tracks. */
#define TRACK (5u * 512)
#define SIZE  (14u * TRACK + 100)

static struct disk disk;
static unsigned calls_until_cancelled;

static void make(void)
{
    struct source *source;
    struct disk_parameters parameters = {
        .kind = DISK_KIND_HARD_DISK, .maximum_size = INT64_MAX, .geometry = {SIZE, MEDIA_TYPE_FIXED, 3, 5, 512}};
    CHECK_EQUAL(ram_create(PLATFORM_POOL_PAGED, &source), BALLAST_SUCCESS);
    CHECK_EQUAL(disk_initialize(&disk, &parameters, source, test_lanes()), BALLAST_SUCCESS);
}

static void destroy(void)
{
    uint64_t blocks, bytes;
    disk_destroy(&disk);
    platform_host_usage(&blocks, &bytes);
    CHECK_EQUAL(blocks, 0);
}

static bool cancel_later(const struct request *request)
{
    (void)request;
    return calls_until_cancelled-- == 0;
}

static ballast_status format(uint32_t cylinder, uint32_t head, uint32_t end_cylinder, uint32_t end_head)
{
    struct storage_format_tracks tracks = {0, cylinder, end_cylinder, head, end_head};
    struct request request = {.buffer = &tracks, .input_length = sizeof(tracks)};
    return disk_control_format_tracks(&disk, &request);
}

/* The filled range [from, to) in bytes. */
static void check_filled(uint64_t from, uint64_t to)
{
    static unsigned char content[SIZE];
    size_t done;
    CHECK_EQUAL(disk_read(&disk, 0, content, SIZE, &done), BALLAST_SUCCESS);
    for (uint64_t i = 0; i < SIZE; i++) {
        if (!CHECK_EQUAL(content[i], i >= from && i < to ? 0xF6 : 0)) {
            break;
        }
    }
}

static void tracks_that_exist(void)
{
    static const struct {
        uint32_t tracks[4];
        uint64_t from, to;
    } rows[] = {
        {{0, 0, 0, 0}, 0, TRACK},
        {{0, 2, 1, 0}, 2 * TRACK, 4 * TRACK},
        {{4, 0, 4, 0}, 12 * TRACK, 13 * TRACK}, /* in the cylinder that is not whole */
        {{4, 2, 4, 2}, 14 * TRACK, SIZE},       /* what there is of a track */
        {{0, 0, 4, 2}, 0, SIZE},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const uint32_t *t = rows[i].tracks;
        test_note("row %u", (unsigned)i);
        make();
        CHECK_EQUAL(format(t[0], t[1], t[2], t[3]), BALLAST_SUCCESS);
        check_filled(rows[i].from, rows[i].to);
        destroy();
    }
}

static void tracks_that_do_not(void)
{
    static const uint32_t rows[][4] = {
        {0, 3, 0, 3}, {0, 0, 0, 3},     {5, 0, 5, 0},     {0, 0, 5, 0},   {1, 0, 0, 2},
        {0, 1, 0, 0}, {~0u, 0, ~0u, 0}, {0, ~0u, 0, ~0u}, {0, 0, ~0u, 2},
    };
    make();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        test_note("row %u", (unsigned)i);
        CHECK_EQUAL(format(rows[i][0], rows[i][1], rows[i][2], rows[i][3]), BALLAST_INVALID_PARAMETER);
    }
    check_filled(0, 0);
    destroy();
}

static void long_requests_stop_when_cancelled(void)
{
    static _Alignas(8) unsigned char buffer[32];
    struct storage_verify verify = {0, 16u << 20, 0};
    struct storage_format_tracks tracks = {0, 0, 1u << 20, 0, 2};
    struct request request = {.buffer = buffer, .input_length = sizeof(buffer), .cancelled = cancel_later};
    make();
    CHECK_EQUAL(disk_resize(&disk, 64u << 20, false), BALLAST_SUCCESS);
    memcpy(buffer, &verify, sizeof(verify));
    calls_until_cancelled = 3;
    CHECK_EQUAL(disk_control_verify(&disk, &request), BALLAST_CANCELLED);
    tracks.end_cylinder = (64u << 20) / (3 * TRACK);
    memcpy(buffer, &tracks, sizeof(tracks));
    calls_until_cancelled = 3;
    CHECK_EQUAL(disk_control_format_tracks(&disk, &request), BALLAST_CANCELLED);
    CHECK_EQUAL(disk_count(&disk).write_requests, 3);
    destroy();
}

static void failing_allocations(void)
{
    static _Alignas(8) unsigned char buffer[32];
    struct request request = {.buffer = buffer, .input_length = sizeof(buffer)};
    make();
    platform_host_fail_allocation(0);
    CHECK_EQUAL(disk_control_verify(&disk, &request), BALLAST_INSUFFICIENT_RESOURCES);
    platform_host_fail_allocation(0);
    CHECK_EQUAL(disk_control_format_tracks(&disk, &request), BALLAST_INSUFFICIENT_RESOURCES);
    disk.source->blocks = true;
    platform_host_fail_allocation(0);
    CHECK_EQUAL(disk_control_check_verify(&disk, &request), BALLAST_INSUFFICIENT_RESOURCES);
    CHECK_EQUAL(disk_control_check_verify(&disk, &request), BALLAST_SUCCESS);
    destroy();
}

TEST_MAIN({"tracks_that_exist", tracks_that_exist}, {"tracks_that_do_not", tracks_that_do_not},
          {"long_requests_stop_when_cancelled", long_requests_stop_when_cancelled},
          {"failing_allocations", failing_allocations})
