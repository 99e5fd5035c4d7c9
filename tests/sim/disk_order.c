/* SPDX-License-Identifier: MIT */
/*
 * The workers of a file disk: overlapping requests, barriers, and whose events and status blocks are whose. Several
 * requests are under way at once, and the volume ends them in the call or later, in any order.
 */

#include "tests/behaviour/target.h"
#include "tests/sim/disk_client.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#define MIB     (1u << 20)
#define SECTOR  512u
#define PAGE    4096u
#define WRITERS 4u
#define ROUNDS  400u

static struct sim_file *disks[WRITERS];

static void begin(unsigned seed)
{
    struct sim_options options = {.seed = seed, .delay_percent = 10};
    disk_begin(&options);
    CHECK_EQUAL(disk_create(IMDISK_TYPE_FILE | IMDISK_OPTION_SHARED_IMAGE, DISK_IMAGE, 0), STATUS_SUCCESS);
    disk_open(disks, WRITERS);
}

static bool is_all(const unsigned char *bytes, unsigned char value, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] != value) {
            return false;
        }
    }
    return true;
}

/* Each has its sector of a page, and is the only one to write it: what has been written is there, in the file, too. */
static void *write_neighbours(void *context)
{
    unsigned me = *(unsigned *)context;
    unsigned char written[SECTOR];
    unsigned char found[SECTOR];
    uintptr_t wrong = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t offset = (uint64_t)(round % 3) * PAGE + (uint64_t)me * SECTOR;
        memset(written, (int)(round * WRITERS + me), sizeof(written));
        ULONG_PTR done = 0;
        bool ok = sim_write(disks[me], offset, written, SECTOR, &done) == STATUS_SUCCESS && done == SECTOR;
        ok = ok && sim_volume_read(DISK_IMAGE, offset, found, SECTOR) && memcmp(found, written, SECTOR) == 0;
        memset(found, 0, sizeof(found));
        ok = ok && sim_read(disks[me], offset, found, SECTOR, &done) == STATUS_SUCCESS && done == SECTOR;
        wrong += !(ok && memcmp(found, written, SECTOR) == 0);
    }
    return (void *)(uintptr_t)wrong;
}

static void neighbours_do_not_disturb_each_other(void)
{
    for (unsigned seed = 1; seed <= 3; seed++) {
        begin(seed);
        disk_with_threads(WRITERS, write_neighbours);
        disk_end();
    }
}

/* All write the same page, each with a value of its own; nobody ever sees parts of two. */
static void *write_the_same(void *context)
{
    unsigned me = *(unsigned *)context;
    unsigned char page[PAGE];
    uintptr_t mixed = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        memset(page, (int)(round * WRITERS + me), sizeof(page));
        mixed += sim_write(disks[me], PAGE, page, PAGE, NULL) != STATUS_SUCCESS;
        mixed += sim_read(disks[me], PAGE, page, PAGE, NULL) != STATUS_SUCCESS || !is_all(page, page[0], PAGE);
    }
    return (void *)(uintptr_t)mixed;
}

static void overlapping_writes_are_whole(void)
{
    begin(4);
    unsigned char page[PAGE] = {0};
    CHECK_EQUAL(sim_write(disks[0], PAGE, page, PAGE, NULL), STATUS_SUCCESS);
    disk_with_threads(WRITERS, write_the_same);
    disk_end();
}

/* The first half of the disk is there, the second has been cut off the image: each request gets its own answer. */
static void *read_what_is_there_or_not(void *context)
{
    unsigned me = *(unsigned *)context;
    unsigned char found[PAGE];
    uintptr_t wrong = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        bool there = ((round ^ me) & 1) == 0;
        uint64_t offset = (there ? 0 : MIB / 2) + (uint64_t)(round % 64) * PAGE;
        ULONG length = SECTOR * (1 + (round + me) % 8);
        ULONG_PTR done = 99;
        NTSTATUS status = sim_read(disks[me], offset, found, length, &done);
        wrong += there ? status != STATUS_SUCCESS || done != length || found[0] != target_pattern(offset) ||
                             found[length - 1] != target_pattern(offset + length - 1)
                       : status != (NTSTATUS)0xC0000185 /* STATUS_IO_DEVICE_ERROR */ || done != 0;
    }
    return (void *)(uintptr_t)wrong;
}

static void statuses_are_not_mixed_up(void)
{
    for (unsigned seed = 5; seed <= 7; seed++) {
        begin(seed);
        CHECK(sim_volume_truncate(DISK_IMAGE, MIB / 2));
        disk_with_threads(WRITERS, read_what_is_there_or_not);
        disk_end();
    }
}

static void wait_for_stuck(unsigned count)
{
    struct timespec time = {0, 1000000};
    for (unsigned i = 0; i < 10000 && sim_volume_waiting() < count; i++) {
        (void)nanosleep(&time, NULL);
    }
    CHECK_EQUAL(sim_volume_waiting(), count);
}

/* What was begun after a flush is carried out after it, and over what was begun before it. */
static void writes_stay_on_their_side_of_a_flush(void)
{
    unsigned char early[WRITERS][PAGE];
    unsigned char late[PAGE];
    unsigned char found[PAGE];
    struct sim_request *before[WRITERS];
    for (unsigned seed = 8; seed <= 17; seed++) {
        begin(seed);
        sim_volume_hold(true);
        for (unsigned i = 0; i < WRITERS; i++) {
            memset(early[i], (int)(i + 1), PAGE);
            before[i] = sim_write_begin(disks[i], (uint64_t)i * PAGE, early[i], PAGE);
        }
        wait_for_stuck(WRITERS);
        uint32_t flags[2] = {IMDISK_OPTION_REMOVABLE, IMDISK_OPTION_REMOVABLE};
        struct sim_request *barrier = sim_ioctl_begin(disks[0], IMDISK_IOCTL_SET_DEVICE_FLAGS, flags, 8, NULL, 0);
        memset(late, 0xEE, PAGE);
        struct sim_request *after = sim_write_begin(disks[0], 0, late, PAGE);
        CHECK_EQUAL(sim_volume_waiting(), WRITERS);
        CHECK(!sim_request_done(after));
        sim_volume_hold(false);
        for (unsigned i = 0; i < WRITERS; i++) {
            CHECK_EQUAL(sim_request_wait(before[i], NULL), STATUS_SUCCESS);
        }
        CHECK_EQUAL(sim_request_wait(barrier, NULL), STATUS_SUCCESS);
        CHECK_EQUAL(sim_request_wait(after, NULL), STATUS_SUCCESS);
        CHECK_EQUAL(sim_flush(disks[1]), STATUS_SUCCESS);
        CHECK_EQUAL(sim_volume_unflushed_bytes(), 0);
        CHECK(sim_volume_read(DISK_IMAGE, 0, found, PAGE) && is_all(found, 0xEE, PAGE));
        CHECK(sim_volume_read(DISK_IMAGE, PAGE, found, PAGE) && is_all(found, 2, PAGE));
        disk_end();
    }
}

/* Somebody else writes the image through a handle of his own, in sectors between the disk's. */
static void *write_beside_a_stranger(void *context)
{
    unsigned me = *(unsigned *)context;
    unsigned char sector[SECTOR];
    unsigned char found[SECTOR];
    uintptr_t wrong = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        bool stranger = me % 2 == 0;
        uint64_t offset = (uint64_t)me * SECTOR;
        memset(sector, (int)(round + me), SECTOR);
        if (stranger) {
            wrong += !sim_volume_write(DISK_IMAGE, offset, sector, SECTOR);
        } else {
            wrong += sim_write(disks[me], offset, sector, SECTOR, NULL) != STATUS_SUCCESS;
        }
        bool read = stranger ? sim_read(disks[me], offset, found, SECTOR, NULL) == STATUS_SUCCESS
                             : sim_volume_read(DISK_IMAGE, offset, found, SECTOR);
        wrong += !read || memcmp(found, sector, SECTOR) != 0;
    }
    return (void *)(uintptr_t)wrong;
}

static void strangers_and_the_disk_agree(void)
{
    begin(18);
    disk_with_threads(WRITERS, write_beside_a_stranger);
    disk_end();
}

TEST_MAIN({"neighbours_do_not_disturb_each_other", neighbours_do_not_disturb_each_other},
          {"overlapping_writes_are_whole", overlapping_writes_are_whole},
          {"statuses_are_not_mixed_up", statuses_are_not_mixed_up},
          {"writes_stay_on_their_side_of_a_flush", writes_stay_on_their_side_of_a_flush},
          {"strangers_and_the_disk_agree", strangers_and_the_disk_agree})
