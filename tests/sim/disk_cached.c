/* SPDX-License-Identifier: MIT */
/*
 * Images that are in somebody's cache, too: just copied there and not written yet, or written by somebody through a handle with a
 * cache while the disk writes them without. What the disk has flushed is what the file holds, in both directions.
 */

#include "tests/behaviour/target.h"
#include "tests/sim/disk_client.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#define SECTOR  512u
#define PAGE    4096u
#define PAGES   3u
#define THREADS 8u /* one in two is a stranger; each has his sector of every page */
#define ROUNDS  150u

static struct sim_file *disks[THREADS];
static bool over; /* atomic */

static void begin(unsigned seed)
{
    struct sim_options options = {.seed = seed, .delay_percent = 10};
    disk_begin(&options);
}

/* Other than what the file holds on its medium. */
static unsigned char copied(uint64_t offset)
{
    return (unsigned char)(target_pattern(offset) ^ 0x5A);
}

static void copy_image(void)
{
    static unsigned char bytes[DISK_BYTES];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = copied(i);
    }
    CHECK(sim_volume_cached_write(DISK_IMAGE, 0, bytes, sizeof(bytes)));
    CHECK_EQUAL(sim_volume_dirty_pages(DISK_IMAGE), DISK_BYTES / PAGE);
}

static bool is_copied(const unsigned char *bytes, uint64_t offset, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] != copied(offset + i)) {
            return false;
        }
    }
    return true;
}

/* Loaded, or read where it lies: the disk begins with what has been copied there, dirty or not. */
static void what_was_just_copied_is_there(void)
{
    static const uint32_t flags[] = {IMDISK_TYPE_VM, IMDISK_TYPE_FILE, IMDISK_TYPE_FILE | IMDISK_OPTION_READ_ONLY,
                                     IMDISK_TYPE_FILE | IMDISK_FILE_AWE_ALLOC};
    static unsigned char bytes[DISK_BYTES];
    for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        struct sim_file *disk;
        begin(i + 1);
        copy_image();
        CHECK_EQUAL(disk_create(flags[i], DISK_IMAGE, 0), STATUS_SUCCESS);
        CHECK_EQUAL(sim_create_file(disk_process, DISK_DEVICE, GENERIC_READ, &disk), STATUS_SUCCESS);
        for (uint64_t offset = 0; offset < DISK_BYTES; offset += DISK_BYTES / 4) {
            CHECK_EQUAL(sim_read(disk, offset, bytes, DISK_BYTES / 4, NULL), STATUS_SUCCESS);
            CHECK(is_copied(bytes, offset, DISK_BYTES / 4));
        }
        disk_end();
    }
}

/* What is dirty around a write of the disk's, and in the same page, is not lost, and does not land on it afterwards. */
static void dirty_pages_do_not_land_on_what_was_written(void)
{
    unsigned char sector[SECTOR];
    unsigned char page[PAGE];
    struct sim_file *disk;
    begin(1);
    copy_image();
    CHECK_EQUAL(disk_create(IMDISK_TYPE_FILE | IMDISK_OPTION_SHARED_IMAGE, DISK_IMAGE, 0), STATUS_SUCCESS);
    CHECK_EQUAL(sim_create_file(disk_process, DISK_DEVICE, GENERIC_READ | GENERIC_WRITE, &disk), STATUS_SUCCESS);
    memset(sector, 0xA5, sizeof(sector));
    CHECK_EQUAL(sim_write(disk, PAGE + SECTOR, sector, SECTOR, NULL), STATUS_SUCCESS);
    CHECK(sim_volume_cached_read(DISK_IMAGE, PAGE, page, PAGE));
    CHECK(is_copied(page, PAGE, SECTOR) && memcmp(page + SECTOR, sector, SECTOR) == 0);
    CHECK(is_copied(page + 2 * SECTOR, PAGE + 2 * SECTOR, PAGE - 2 * SECTOR));
    CHECK_EQUAL(sim_flush(disk), STATUS_SUCCESS);
    CHECK_EQUAL(sim_volume_unflushed_bytes(), 0);
    CHECK_EQUAL(sim_volume_dirty_pages(DISK_IMAGE), 0); /* a flush is one of the file */
    sim_volume_write_back();
    CHECK(sim_volume_read(DISK_IMAGE, PAGE, page, PAGE));
    CHECK(is_copied(page, PAGE, SECTOR) && memcmp(page + SECTOR, sector, SECTOR) == 0);
    disk_end();
}

static void *write_lazily(void *context)
{
    struct timespec time = {0, 200000};
    while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
        (void)nanosleep(&time, NULL);
        sim_volume_write_back();
    }
    return context;
}

static bool transfer(unsigned me, bool write, uint64_t offset, unsigned char *sector)
{
    if (me % 2 == 0) { /* a stranger */
        return write ? sim_volume_cached_write(DISK_IMAGE, offset, sector, SECTOR)
                     : sim_volume_cached_read(DISK_IMAGE, offset, sector, SECTOR);
    }
    return (write ? sim_write(disks[me], offset, sector, SECTOR, NULL)
                  : sim_read(disks[me], offset, sector, SECTOR, NULL)) == STATUS_SUCCESS;
}

/* Sees what he has written himself, and sometimes what his neighbour has, and what the file holds after a flush. */
static void *write_beside_others(void *context)
{
    unsigned me = *(unsigned *)context;
    unsigned char sector[SECTOR];
    unsigned char found[SECTOR];
    uintptr_t wrong = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t offset = (uint64_t)(round % PAGES) * PAGE + (uint64_t)me * SECTOR;
        memset(sector, (int)(round + me), SECTOR);
        wrong += !transfer(me, true, offset, sector);
        wrong += !transfer(me, false, offset, found) || memcmp(found, sector, SECTOR) != 0;
        wrong += !transfer(me ^ 1, false, offset, found) || memcmp(found, sector, SECTOR) != 0;
        if (round % 8 == 0 && me % 2 != 0) {
            wrong += sim_flush(disks[me]) != STATUS_SUCCESS;
            wrong += !sim_volume_read(DISK_IMAGE, offset, found, SECTOR) || memcmp(found, sector, SECTOR) != 0;
        }
    }
    return (void *)wrong;
}

static void strangers_write_through_the_cache(void)
{
    for (unsigned seed = 1; seed <= 3; seed++) {
        pthread_t lazy;
        begin(seed);
        copy_image();
        CHECK_EQUAL(disk_create(IMDISK_TYPE_FILE | IMDISK_OPTION_SHARED_IMAGE, DISK_IMAGE, 0), STATUS_SUCCESS);
        over = false;
        CHECK_EQUAL(pthread_create(&lazy, NULL, write_lazily, NULL), 0);
        disk_open(disks, THREADS);
        disk_with_threads(THREADS, write_beside_others);
        __atomic_store_n(&over, true, __ATOMIC_RELAXED);
        CHECK_EQUAL(pthread_join(lazy, NULL), 0);
        disk_end();
    }
}

TEST_MAIN({"what_was_just_copied_is_there", what_was_just_copied_is_there},
          {"dirty_pages_do_not_land_on_what_was_written", dirty_pages_do_not_land_on_what_was_written},
          {"strangers_write_through_the_cache", strangers_write_through_the_cache})
