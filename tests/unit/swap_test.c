/* SPDX-License-Identifier: MIT */
#include "core/disk/swap.h"
#include "core/base/platform_host.h"
#include "core/disk/ram.h"
#include "tests/harness/test.h"

#include <string.h>

#define MAXIMUM (3u * RAM_CHUNK_SIZE + 1)

static struct source *below;
static struct source *layer;
static unsigned char model[MAXIMUM];
static unsigned char found[MAXIMUM];
static uint64_t size;

static void make(uint64_t disk_size)
{
    size = disk_size;
    memset(model, 0, sizeof(model));
    CHECK_EQUAL(ram_create(PLATFORM_POOL_PAGED, &below), BALLAST_SUCCESS);
    CHECK_EQUAL(swap_create(below, size, &layer), BALLAST_SUCCESS);
    CHECK(source_base(layer) == below);
}

static void destroy(void)
{
    uint64_t blocks, bytes;
    layer->operations->destroy(layer);
    platform_host_usage(&blocks, &bytes);
    CHECK_EQUAL(blocks, 0);
}

/* The disk is the model, and the image its pairs swapped. */
static void check_all(void)
{
    CHECK_EQUAL(layer->operations->read(layer, 0, found, (size_t)size), BALLAST_SUCCESS);
    CHECK_BYTES(found, model, (size_t)size);
    CHECK_EQUAL(below->operations->read(below, 0, found, (size_t)size), BALLAST_SUCCESS);
    swap_pairs(found, (size_t)size);
    CHECK_BYTES(found, model, (size_t)size);
}

static void operate(struct test_random *random)
{
    static unsigned char buffer[MAXIMUM];
    uint64_t offset = test_random_below(random, size);
    size_t length = (size_t)test_random_below(random, size - offset + 1);
    switch (test_random_below(random, 4)) {
    case 0: {
        uint64_t start = offset + offset % 2;
        uint64_t end = offset + length == size ? size : (offset + length) / 2 * 2;
        CHECK_EQUAL(layer->operations->trim(layer, offset, length), BALLAST_SUCCESS);
        if (start < end) {
            memset(model + start, 0, (size_t)(end - start));
        }
        break;
    }
    case 1:
        CHECK_EQUAL(layer->operations->read(layer, offset, buffer, length), BALLAST_SUCCESS);
        CHECK_BYTES(buffer, model + offset, length);
        break;
    default:
        length = test_random_below(random, 2) != 0 ? length : length % 7;
        for (size_t i = 0; i < length; i++) {
            buffer[i] = (unsigned char)test_random_next(random);
        }
        CHECK_EQUAL(layer->operations->write(layer, offset, buffer, length), BALLAST_SUCCESS);
        memcpy(model + offset, buffer, length);
        break;
    }
}

static void random_operations(void)
{
    static const uint64_t sizes[] = {MAXIMUM, MAXIMUM - 1, 1, 2, 3};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct test_random random = {i + 1};
        make(sizes[i]);
        for (unsigned j = 0; j < 200; j++) {
            test_note("size %u, operation %u", (unsigned)size, j);
            operate(&random);
        }
        check_all();
        destroy();
    }
}

/* What was the last byte, its own partner, may become the first of a pair. */
static void resizing(void)
{
    struct source_usage usage;
    unsigned char byte = 7;
    make(101);
    CHECK_EQUAL(layer->operations->write(layer, 100, &byte, 1), BALLAST_SUCCESS);
    CHECK_EQUAL(below->operations->read(below, 100, found, 1), BALLAST_SUCCESS);
    CHECK_EQUAL(found[0], 7);
    CHECK_EQUAL(layer->operations->resize(layer, 102), BALLAST_SUCCESS);
    CHECK_EQUAL(layer->operations->write(layer, 100, &byte, 1), BALLAST_SUCCESS);
    CHECK_EQUAL(below->operations->read(below, 101, found, 1), BALLAST_SUCCESS);
    CHECK_EQUAL(found[0], 7);
    CHECK_EQUAL(layer->operations->flush(layer), BALLAST_SUCCESS);
    CHECK(layer->operations->usage(layer, &usage));
    CHECK_EQUAL(usage.allocated_bytes, RAM_CHUNK_SIZE);
    below->sparse = true;
    CHECK(source_sparse(layer));
    destroy();
}

static void failing_allocations(void)
{
    unsigned char buffer[4] = {1, 2, 3, 4};
    struct source *other;
    make(100);
    platform_host_fail_allocation(0);
    CHECK_EQUAL(swap_create(below, size, &other), BALLAST_INSUFFICIENT_RESOURCES);
    platform_host_fail_allocation(0); /* the buffer */
    CHECK_EQUAL(layer->operations->write(layer, 0, buffer, 4), BALLAST_INSUFFICIENT_RESOURCES);
    platform_host_fail_allocation(0); /* below: the chunk, of the byte before the pairs */
    CHECK_EQUAL(layer->operations->write(layer, 1, buffer, 4), BALLAST_INSUFFICIENT_RESOURCES);
    platform_host_fail_allocation(1); /* below: the chunk, of the pairs */
    CHECK_EQUAL(layer->operations->write(layer, 0, buffer, 3), BALLAST_INSUFFICIENT_RESOURCES);
    CHECK_EQUAL(layer->operations->write(layer, 0, buffer, 3), BALLAST_SUCCESS);
    memcpy(model, buffer, 3);
    check_all();
    destroy();
}

TEST_MAIN({"random_operations", random_operations}, {"resizing", resizing},
          {"failing_allocations", failing_allocations})
