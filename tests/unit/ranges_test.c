/* SPDX-License-Identifier: MIT */
#include "core/base/platform_host.h"
#include "core/disk/control.h"
#include "core/disk/ram.h"
#include "core/disk/swap.h"
#include "tests/harness/test.h"
#include "tests/unit/lanes.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK 65536ull
#define GIB   (1ull << 30)

static struct disk disk;
#define RANGE sizeof(struct ballast_disk_range)
static union {
    struct ballast_disk_ranges reply;
    unsigned char room[sizeof(struct ballast_disk_ranges) + 64 * RANGE];
} output;

static void make(uint64_t size, bool swapped)
{
    struct source *source;
    struct source *layer;
    struct disk_parameters parameters = {
        .in_memory = true, .maximum_size = INT64_MAX, .geometry = {size, MEDIA_TYPE_FIXED, 16, 63, 512}};
    CHECK_EQUAL(ram_create(PLATFORM_POOL_PAGED, &source), BALLAST_SUCCESS);
    if (swapped) {
        CHECK_EQUAL(swap_create(source, size, &layer), BALLAST_SUCCESS);
        source = layer;
    }
    CHECK_EQUAL(disk_initialize(&disk, &parameters, source, test_lanes()), BALLAST_SUCCESS);
}

static void destroy(void)
{
    uint64_t blocks, bytes;
    disk_destroy(&disk);
    platform_host_usage(&blocks, &bytes);
    CHECK_EQUAL(blocks, 0);
}

static void put(uint64_t offset)
{
    size_t transferred;
    CHECK_EQUAL(disk_write(&disk, offset, "data", 4, &transferred), BALLAST_SUCCESS);
}

/* How many ranges there is room for; the rest of the request as given. */
static ballast_status ask(uint64_t offset, uint64_t length, size_t room)
{
    struct ballast_disk_range_query query = {{sizeof(query), BALLAST_DISK_RANGES_VERSION, 0}, offset, length};
    struct request request = {
        .buffer = &output, .input_length = sizeof(query), .output_length = sizeof(output.reply) + room * RANGE};
    memcpy(&output, &query, sizeof(query));
    ballast_status status = disk_control_query_ranges(&disk, &request);
    if (!ballast_failed(status)) {
        CHECK_EQUAL(request.information, sizeof(output.reply) + output.reply.count * RANGE);
        CHECK_EQUAL(output.reply.header.size_bytes, sizeof(output.reply));
        CHECK(output.reply.count <= room);
    }
    return status;
}

static void check_range(size_t i, uint64_t offset, uint64_t length)
{
    CHECK_EQUAL(output.reply.ranges[i].offset_bytes, offset);
    CHECK_EQUAL(output.reply.ranges[i].length_bytes, length);
}

static void memory_knows_what_it_holds(void)
{
    make(2 * GIB, false);
    CHECK_EQUAL(ask(0, 2 * GIB, 64), BALLAST_SUCCESS);
    CHECK_EQUAL(output.reply.count, 0);
    CHECK_EQUAL(output.reply.next_offset_bytes, 2 * GIB);
    put(5);
    put(3 * CHUNK);
    put(4 * CHUNK + 100);
    put(GIB - 2); /* over two chunks, and two calls of the source */
    put(2 * GIB - 4);
    CHECK_EQUAL(ask(0, 2 * GIB, 64), BALLAST_SUCCESS);
    CHECK_EQUAL(output.reply.count, 4);
    check_range(0, 0, CHUNK);
    check_range(1, 3 * CHUNK, 2 * CHUNK);
    check_range(2, GIB - CHUNK, 2 * CHUNK);
    check_range(3, 2 * GIB - CHUNK, CHUNK);
    CHECK_EQUAL(output.reply.next_offset_bytes, 2 * GIB);
    /* From the middle of one to the middle of another. */
    CHECK_EQUAL(ask(10, 3 * CHUNK, 64), BALLAST_SUCCESS);
    CHECK_EQUAL(output.reply.count, 2);
    check_range(0, 10, CHUNK - 10);
    check_range(1, 3 * CHUNK, 10);
    CHECK_EQUAL(output.reply.next_offset_bytes, 3 * CHUNK + 10);
    destroy();
}

static void answers_go_on_where_they_end(void)
{
    uint64_t offset = 0;
    unsigned found = 0;
    make(20 * GIB, false);
    for (unsigned i = 0; i < 40; i++) {
        put(i * (GIB / 2) + i * CHUNK);
    }
    for (unsigned requests = 0; offset < 20 * GIB && CHECK(requests < 100); requests++) {
        CHECK_EQUAL(ask(offset, 20 * GIB - offset, 3), BALLAST_SUCCESS);
        for (uint32_t i = 0; i < output.reply.count; i++, found++) {
            check_range(i, found * (GIB / 2) + found * CHUNK, CHUNK);
        }
        CHECK(output.reply.next_offset_bytes > offset);
        offset = output.reply.next_offset_bytes;
    }
    CHECK_EQUAL(found, 40);
    /* The last disk that there can be: one request looks at a part of it. */
    destroy();
    make(INT64_MAX, false);
    CHECK_EQUAL(ask(0, INT64_MAX, 3), BALLAST_SUCCESS);
    CHECK_EQUAL(output.reply.next_offset_bytes, 4 * GIB);
    CHECK_EQUAL(ask(INT64_MAX - 5, UINT64_MAX, 3), BALLAST_SUCCESS);
    CHECK_EQUAL(output.reply.next_offset_bytes, INT64_MAX);
    CHECK_EQUAL(ask(INT64_MAX, UINT64_MAX, 3), BALLAST_SUCCESS);
    CHECK_EQUAL(output.reply.next_offset_bytes, INT64_MAX);
    destroy();
}

static void wrong_questions_are_refused(void)
{
    struct ballast_disk_range_query wrong[] = {
        {{sizeof(wrong[0]) - 1, BALLAST_DISK_RANGES_VERSION, 0}, 0, 1},
        {{sizeof(wrong[0]), BALLAST_DISK_RANGES_VERSION + 1, 0}, 0, 1},
        {{sizeof(wrong[0]), BALLAST_DISK_RANGES_VERSION, 1}, 0, 1},
        {{sizeof(wrong[0]), BALLAST_DISK_RANGES_VERSION, 0}, 1ull << 63, 1},
    };
    make(GIB, false);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct request request = {.buffer = &output, .input_length = sizeof(wrong[0]), .output_length = sizeof(output)};
        memcpy(&output, &wrong[i], sizeof(wrong[i]));
        test_note("row %u", (unsigned)i);
        CHECK_EQUAL(disk_control_query_ranges(&disk, &request), BALLAST_INVALID_PARAMETER);
    }
    CHECK_EQUAL(ask(0, GIB, 0), BALLAST_INVALID_PARAMETER); /* no room for anything */
    CHECK_EQUAL(ask(0, 0, 1), BALLAST_SUCCESS);
    CHECK_EQUAL(output.reply.next_offset_bytes, 0);
    destroy();
}

static void swapped_memory_knows_it_too(void)
{
    make(GIB, true);
    put(CHUNK);
    CHECK_EQUAL(ask(0, GIB, 64), BALLAST_SUCCESS);
    CHECK_EQUAL(output.reply.count, 1);
    check_range(0, CHUNK, CHUNK);
    put(3 * CHUNK - 1); /* the partner of the first byte is in the next chunk's first pair */
    CHECK_EQUAL(ask(0, GIB, 64), BALLAST_SUCCESS);
    check_range(0, CHUNK, 3 * CHUNK);
    destroy();
}

/* What lies outside of all ranges is zero, whatever has been written and trimmed. */
static void what_is_between_reads_as_zeros(void)
{
    static unsigned char model[64 * CHUNK];
    unsigned state = 1;
    make(sizeof(model), false);
    for (unsigned round = 0; round < 300; round++) {
        state = state * 1103515245u + 12345u;
        uint64_t offset = (state >> 8) % (sizeof(model) - 4 * CHUNK);
        uint64_t length = 1 + (state >> 4) % (3 * CHUNK);
        size_t transferred;
        if (round % 3 == 0) {
            CHECK_EQUAL(disk_trim(&disk, offset, length), BALLAST_SUCCESS);
            memset(model + offset, 0, length);
        } else {
            memset(model + offset, (int)round, length % 5000);
            CHECK_EQUAL(disk_write(&disk, offset, model + offset, length % 5000, &transferred), BALLAST_SUCCESS);
        }
        CHECK_EQUAL(ask(0, sizeof(model), 64), BALLAST_SUCCESS);
        CHECK_EQUAL(output.reply.next_offset_bytes, sizeof(model));
        uint64_t end = 0;
        for (uint32_t i = 0; i <= output.reply.count; i++) {
            bool last = i == output.reply.count;
            uint64_t begin = last ? sizeof(model) : output.reply.ranges[i].offset_bytes;
            CHECK(begin >= end && platform_is_zero(model + end, (size_t)(begin - end)));
            end = last ? begin : begin + output.reply.ranges[i].length_bytes;
        }
    }
    destroy();
}

TEST_MAIN({"memory_knows_what_it_holds", memory_knows_what_it_holds},
          {"answers_go_on_where_they_end", answers_go_on_where_they_end},
          {"wrong_questions_are_refused", wrong_questions_are_refused},
          {"swapped_memory_knows_it_too", swapped_memory_knows_it_too},
          {"what_is_between_reads_as_zeros", what_is_between_reads_as_zeros})
