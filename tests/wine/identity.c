/* SPDX-License-Identifier: MIT */
/* When two things may be one, or parts of one: files whose ids are unknown, as on a network or on FAT, are any file. */

#include "lib/identity.h"
#include "tests/harness/test.h"

static const struct identity file = {IDENTITY_FILE, 1, 7, 100};
static const struct identity other_file = {IDENTITY_FILE, 1, 7, 101};
static const struct identity other_volume = {IDENTITY_FILE, 1, 8, 100};
static const struct identity unknown_file = {.kind = IDENTITY_FILE};
static const struct identity disk = {IDENTITY_DISK, 1, 100, 0};
static const struct identity device = {IDENTITY_DEVICE, 1, 7, 100};
static const struct identity drive = {IDENTITY_DEVICE, 1, 7, 0};
static const struct identity other_partition = {IDENTITY_DEVICE, 1, 7, 101};
static const struct identity other_drive = {IDENTITY_DEVICE, 1, 8, 0};
static const struct identity unknown_device = {.kind = IDENTITY_DEVICE};

static void whole_things(void)
{
    static const struct {
        const struct identity *a, *b;
        int touch;
    } rows[] = {
        {&file, &file, 1},
        {&file, &other_file, 0},
        {&file, &other_volume, 0},
        {&file, &unknown_file, 1},
        {&unknown_file, &unknown_file, 1},
        {&file, &disk, 0},
        {&file, &device, 0},
        {&unknown_file, &device, 0},
        {&device, &unknown_device, 1},
        {&disk, &disk, 1},
        {&drive, &device, 1},
        {&device, &other_partition, 0},
        {&device, &other_drive, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct identity_layers a = {1, {{*rows[i].a, 0, UINT64_MAX, 0}}, 1};
        struct identity_layers b = {1, {{*rows[i].b, 0, UINT64_MAX, 0}}, 1};
        test_note("row %u", (unsigned)i);
        CHECK_EQUAL(identity_touch(&a, &b), rows[i].touch);
        CHECK_EQUAL(identity_touch(&b, &a), rows[i].touch);
    }
}

/* A disk on a part of a file, and another part of it, or the file itself. */
static void parts(void)
{
    struct identity_layers first = {2, {{disk, 0, UINT64_MAX, 0}, {file, 1000, 2000, 0}}, 1};
    struct identity_layers part = {1, {{file, 2000, 3000, 0}}, 1};
    CHECK_EQUAL(identity_touch(&first, &part), 0);
    part.layer[0].begin = 1999;
    CHECK_EQUAL(identity_touch(&first, &part), 1);
    part.layer[0] = (struct identity_layer){file, 0, 1000, 0};
    CHECK_EQUAL(identity_touch(&first, &part), 0);
    part.layer[0].end = UINT64_MAX;
    CHECK_EQUAL(identity_touch(&part, &first), 1);
    part.layer[0].identity = unknown_file;
    CHECK_EQUAL(identity_touch(&part, &first), 1);
    part.layer[0].identity = other_file;
    CHECK_EQUAL(identity_touch(&part, &first), 0);
}

/* Two files on one volume are two things; a file and its volume are not. */
static void carriers(void)
{
    struct identity_layers one = {2, {{file, 0, UINT64_MAX, 0}, {device, 0, UINT64_MAX, 1}}, 1};
    struct identity_layers two = {2, {{other_file, 0, UINT64_MAX, 0}, {device, 0, UINT64_MAX, 1}}, 1};
    struct identity_layers whole = {1, {{drive, 0, UINT64_MAX, 0}}, 1};
    CHECK_EQUAL(identity_touch(&one, &two), 0);
    CHECK_EQUAL(identity_touch(&one, &whole), 1);
    CHECK_EQUAL(identity_touch(&whole, &two), 1);
}

TEST_MAIN({"whole_things", whole_things}, {"parts", parts}, {"carriers", carriers})
