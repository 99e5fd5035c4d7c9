/* SPDX-License-Identifier: MIT */
/*
 * Power cuts: what is done to a VHD's file is recorded, and cut after every single operation. What is left opens, and holds of
 * each sector what the last flush made durable, or something that was written later.
 *
 * Each write of a sector has a version of its own, so that what is found says when it was written.
 */

#include "core/base/platform_host.h"
#include "tests/unit/vhd_file.h"

#include <stdlib.h>
#include <string.h>

#define SECTORS 2600u /* at most */
#define FLUSHES 400u
#define ROUNDS  60u

struct moment {
    size_t operations; /* of the file until then */
    uint64_t size;     /* of the disk */
    uint32_t versions[SECTORS];
};

static struct memory_file parent;
static struct memory_file file;
static struct memory_file cut;
static struct moment *moments; /* each successful flush */
static size_t moment_count;
static uint32_t latest[SECTORS];
static uint32_t version;

static ballast_status open_parent(void *context, const uint16_t *name, struct vhd_file *opened)
{
    (void)context;
    (void)name;
    *opened = (struct vhd_file){&parent.source, parent.length, 77};
    return BALLAST_SUCCESS;
}

static const struct vhd_opener opener = {open_parent, NULL};

static void stamp(unsigned char sector[VHD_SECTOR], uint32_t number, uint32_t value)
{
    uint32_t words[2] = {number, value};
    memset(sector, 0, VHD_SECTOR);
    for (unsigned i = 0; value != 0 && i < VHD_SECTOR; i += sizeof(words)) {
        memcpy(sector + i, words, sizeof(words));
    }
}

/* The version that a sector has; UINT32_MAX: it is of no write of this sector. */
static uint32_t version_of(const unsigned char sector[VHD_SECTOR], uint32_t number)
{
    unsigned char expected[VHD_SECTOR];
    uint32_t value;
    memcpy(&value, sector + 4, sizeof(value));
    stamp(expected, number, value);
    return memcmp(expected, sector, VHD_SECTOR) == 0 ? value : UINT32_MAX;
}

static void write_sectors(struct source *source, uint32_t first, uint32_t count)
{
    static unsigned char bytes[64 * VHD_SECTOR];
    version++;
    for (uint32_t i = 0; i < count; i++) {
        stamp(bytes + (size_t)i * VHD_SECTOR, first + i, version);
        latest[first + i] = version;
    }
    CHECK_EQUAL(source->operations->write(source, (uint64_t)first * VHD_SECTOR, bytes, (size_t)count * VHD_SECTOR),
                BALLAST_SUCCESS);
}

static void note_moment(uint64_t size)
{
    if (moment_count == FLUSHES) {
        abort();
    }
    moments[moment_count].operations = file.operation_count;
    moments[moment_count].size = size;
    memcpy(moments[moment_count].versions, latest, sizeof(latest));
    moment_count++;
}

static void flush(struct source *source, uint64_t size)
{
    CHECK_EQUAL(source->operations->flush(source), BALLAST_SUCCESS);
    note_moment(size);
}

/* A session of somebody who writes, flushes at times, and may want another size. */
static void use(struct test_random *random, uint64_t *size, bool resizes, bool flushes_last)
{
    struct vhd *vhd = memory_file_opened(&file, true, &opener);
    struct source *source = vhd_source(vhd);
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint32_t sectors = (uint32_t)(*size / VHD_SECTOR);
        uint32_t first = (uint32_t)test_random_below(random, sectors);
        uint32_t most = sectors - first < 20 ? sectors - first : 20;
        write_sectors(source, first, 1 + (uint32_t)test_random_below(random, most));
        if (test_random_below(random, 5) == 0) {
            flush(source, *size);
        }
        if (resizes && test_random_below(random, 25) == 0) {
            uint64_t now = (1 + test_random_below(random, SECTORS)) * VHD_SECTOR;
            for (uint64_t j = now / VHD_SECTOR; j < SECTORS; j++) {
                latest[j] = 0; /* it comes back as zeros */
            }
            CHECK_EQUAL(source->operations->resize(source, now), BALLAST_SUCCESS);
            *size = now;
            note_moment(now);
        }
    }
    if (flushes_last) {
        flush(source, *size);
    }
    memory_file_close(vhd);
}

static void check_sound(void *context, enum vhd_problem problem)
{
    (void)context;
    CHECK(vhd_problem_harmless(problem));
}

/* `since`: the flush before the cut; `until`: what was under way then would have led there, the same if nothing was. */
static void check_cut(const struct moment *since, const struct moment *until, size_t operations, unsigned how)
{
    unsigned char sector[VHD_SECTOR];
    struct vhd_information information;
    struct vhd_options options = {.writable = true, .opener = &opener};
    struct vhd *vhd;
    enum vhd_problem problem;
    if (!CHECK_EQUAL(memory_file_open(&cut, &options, &vhd, &problem), BALLAST_SUCCESS)) {
        test_note("after %zu operations, way %u: %s", operations, how, vhd_problem_text(problem));
        return;
    }
    struct source *source = vhd_source(vhd);
    vhd_check(vhd, check_sound, NULL);
    vhd_information(vhd, &information);
    if (!CHECK(information.size == since->size || information.size == until->size)) {
        test_note("after %zu operations, way %u: neither size", operations, how);
    }
    for (uint32_t i = 0; i < information.size / VHD_SECTOR && !test_has_failed(); i++) {
        CHECK_EQUAL(source->operations->read(source, (uint64_t)i * VHD_SECTOR, sector, VHD_SECTOR), BALLAST_SUCCESS);
        uint32_t found = version_of(sector, i);
        bool durable = i < since->size / VHD_SECTOR && i < until->size / VHD_SECTOR;
        if (!CHECK(found != UINT32_MAX && (!durable || found >= since->versions[i]))) {
            test_note("after %zu operations, way %u: sector %u is %u, was %u", operations, how, i, found,
                      since->versions[i]);
        }
    }
    /* It goes on from there. */
    memset(sector, 0xAA, sizeof(sector));
    CHECK_EQUAL(source->operations->write(source, information.size - VHD_SECTOR, sector, VHD_SECTOR), BALLAST_SUCCESS);
    CHECK_EQUAL(source->operations->flush(source), BALLAST_SUCCESS);
    memory_file_close(vhd);
    vhd = memory_file_opened(&cut, false, &opener);
    source = vhd_source(vhd);
    CHECK_EQUAL(source->operations->read(source, information.size - VHD_SECTOR, sector, VHD_SECTOR), BALLAST_SUCCESS);
    CHECK(sector[0] == 0xAA && sector[VHD_SECTOR - 1] == 0xAA);
    memory_file_close(vhd);
}

static void cut_everywhere(struct test_random *random)
{
    size_t next = 0; /* moment that is still to come */
    for (size_t i = moments[0].operations; i <= file.operation_count && !test_has_failed(); i++) {
        while (next < moment_count && moments[next].operations <= i) {
            next++;
        }
        for (unsigned how = 0; how < 4 && !test_has_failed(); how++) {
            memory_file_cut(&file, i, how < 2 ? how : 2, random, &cut);
            check_cut(&moments[next - 1], &moments[next < moment_count ? next : next - 1], i, how);
        }
    }
}

static void begin(enum vhd_kind kind, uint64_t size, struct vhd *above)
{
    struct vhd_new disk = {.kind = kind,
                           .size = size,
                           .block_size = 4096,
                           .id = {1},
                           .parent = above,
                           .parent_modified = 77,
                           .parent_name = u"parent.vhd"};
    memory_file_make(&file);
    memory_file_make(&cut);
    file.recording = true;
    moments = malloc(FLUSHES * sizeof(*moments));
    if (moments == NULL) {
        abort();
    }
    moment_count = 0;
    CHECK_EQUAL(vhd_create(&file.source, &disk, NULL), BALLAST_SUCCESS);
    note_moment(size);
}

static void end(void)
{
    uint64_t blocks, bytes;
    memory_file_release(&file);
    memory_file_release(&cut);
    free(moments);
    platform_host_usage(&blocks, &bytes);
    CHECK_EQUAL(blocks, 0);
}

static void run(uint64_t seed, bool resizes)
{
    struct test_random random = {seed};
    uint64_t size = moments[0].size;
    test_note("seed %u", (unsigned)seed);
    use(&random, &size, resizes, false);
    /* What the first session has lost is still lost, and what is in its space is not seen. */
    for (size_t i = 0; i < SECTORS; i++) {
        latest[i] = moments[moment_count - 1].versions[i];
    }
    use(&random, &size, resizes, true);
    cut_everywhere(&random);
}

static void a_dynamic_disk_survives(void)
{
    for (uint64_t seed = 1; seed < 3 && !test_has_failed(); seed++) {
        memset(latest, 0, sizeof(latest));
        version = 0;
        begin(VHD_DYNAMIC, 1500 * VHD_SECTOR, NULL);
        run(seed, false);
        end();
    }
}

static void a_dynamic_disk_survives_resizing(void)
{
    for (uint64_t seed = 1; seed < 3 && !test_has_failed(); seed++) {
        memset(latest, 0, sizeof(latest));
        version = 0;
        begin(VHD_DYNAMIC, 1100 * VHD_SECTOR, NULL);
        run(seed, true);
        end();
    }
}

static void a_differencing_disk_survives(void)
{
    for (uint64_t seed = 1; seed < 3 && !test_has_failed(); seed++) {
        struct vhd_new base = {.kind = VHD_DYNAMIC, .size = 1200 * VHD_SECTOR, .block_size = 8192, .id = {2}};
        memset(latest, 0, sizeof(latest));
        version = 0;
        memory_file_make(&parent);
        CHECK_EQUAL(vhd_create(&parent.source, &base, NULL), BALLAST_SUCCESS);
        struct vhd *above = memory_file_opened(&parent, true, NULL);
        for (uint32_t i = 0; i < 1200; i += 30) {
            write_sectors(vhd_source(above), i, 20);
        }
        CHECK_EQUAL(vhd_source(above)->operations->flush(vhd_source(above)), BALLAST_SUCCESS);
        begin(VHD_DIFFERENCING, SECTORS * VHD_SECTOR, above);
        memory_file_close(above);
        parent.read_only = true;
        run(seed, false);
        memory_file_release(&parent);
        end();
    }
}

TEST_MAIN({"a_dynamic_disk_survives", a_dynamic_disk_survives},
          {"a_dynamic_disk_survives_resizing", a_dynamic_disk_survives_resizing},
          {"a_differencing_disk_survives", a_differencing_disk_survives})
