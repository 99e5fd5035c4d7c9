/* SPDX-License-Identifier: MIT */
/*
 * A reader of a RAM disk who is not scheduled in the middle of a copy, as a thread of idle priority on a busy machine: nobody
 * waits for it but those who want it gone.
 */

#include "core/disk/storage_abi.h"
#include "tests/sim/disk_client.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#define MIB   (1u << 20)
#define SIZE  (64u * MIB)
#define CHUNK 65536u
#define ODD   3072u /* what the reader reads, and nobody else */

static struct sim_file *disk;
static unsigned char pattern[CHUNK];
static unsigned char found[CHUNK];

static void pause_a_little(void)
{
    struct timespec time = {0, 1000000};
    (void)nanosleep(&time, NULL);
}

static void *read_odd(void *buffer)
{
    CHECK_EQUAL(sim_read(disk, 0, buffer, ODD, NULL), STATUS_SUCCESS);
    return NULL;
}

static pthread_t stop_a_reader(unsigned char *buffer)
{
    pthread_t thread;
    sim_copy_hold(ODD);
    (void)pthread_create(&thread, NULL, read_odd, buffer);
    for (unsigned i = 0; i < 10000 && sim_copies_held() == 0; i++) {
        pause_a_little();
    }
    CHECK_EQUAL(sim_copies_held(), 1);
    return thread;
}

static void let_it_go(pthread_t thread)
{
    sim_copy_hold(0);
    (void)pthread_join(thread, NULL);
}

static void begin(void)
{
    struct sim_options options = {.seed = 1};
    disk_begin(&options);
    CHECK_EQUAL(disk_create_sized(IMDISK_TYPE_VM, SIZE, NULL, 0), STATUS_SUCCESS);
    CHECK_EQUAL(sim_create_file(disk_process, DISK_DEVICE, GENERIC_READ | GENERIC_WRITE, &disk), STATUS_SUCCESS);
    memset(pattern, 0x5A, sizeof(pattern));
    CHECK_EQUAL(sim_write(disk, 0, pattern, CHUNK, NULL), STATUS_SUCCESS);
}

static struct ballast_disk_state state(void)
{
    struct ballast_disk_state reply = {.flags = 0};
    CHECK_EQUAL(sim_ioctl(disk, BALLAST_IOCTL_DISK_QUERY_STATE, NULL, 0, &reply, sizeof(reply), NULL), STATUS_SUCCESS);
    return reply;
}

static void trim(uint64_t offset, uint64_t length)
{
    struct {
        struct storage_data_set_attributes attributes;
        uint32_t padding;
        struct storage_data_set_range range;
    } input = {.attributes = {28, DATA_SET_ACTION_TRIM, 0, 0, 0, 32, 16}, .range = {(int64_t)offset, length}};
    CHECK_EQUAL(sim_ioctl(disk, IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES, &input, sizeof(input), NULL, 0, NULL),
                STATUS_SUCCESS);
}

static struct sim_request *resize_begin(uint64_t size)
{
    static struct ballast_disk_resize input;
    input = (struct ballast_disk_resize){{16, BALLAST_DISK_RESIZE_VERSION, BALLAST_DISK_RESIZE_ALLOW_SHRINK}, size};
    return sim_ioctl_begin(disk, BALLAST_IOCTL_DISK_RESIZE, &input, sizeof(input), NULL, 0);
}

/* Every one of these requests ends while the reader stands still. */
static void nobody_waits(void)
{
    static unsigned char seen[ODD];
    begin();
    pthread_t reader = stop_a_reader(seen);
    for (unsigned i = 1; i < 500; i++) { /* new chunks; the table is rebuilt five times */
        CHECK_EQUAL(sim_write(disk, (uint64_t)i * CHUNK, pattern, CHUNK, NULL), STATUS_SUCCESS);
    }
    CHECK_EQUAL(sim_write(disk, 512, pattern, 4096, NULL), STATUS_SUCCESS);
    memset(found, 0, sizeof(found));
    CHECK_EQUAL(sim_write(disk, 3ull * CHUNK, found, 4096, NULL), STATUS_SUCCESS); /* zeros */
    CHECK_EQUAL(sim_read(disk, 499ull * CHUNK, found, CHUNK, NULL), STATUS_SUCCESS);
    CHECK_BYTES(found, pattern, CHUNK);
    CHECK_EQUAL(state().requests_in_flight, 2); /* the reader's, and this one */
    CHECK_EQUAL(sim_request_wait(resize_begin(SIZE), NULL), STATUS_SUCCESS);
    trim(0, 490ull * CHUNK);
    CHECK_EQUAL(state().allocated_bytes, 10ull * CHUNK);
    CHECK(state().overhead_bytes > 490ull * CHUNK); /* it is held back, and said so */
    CHECK_EQUAL(sim_read(disk, 0, found, CHUNK, NULL), STATUS_SUCCESS);
    CHECK(found[0] == 0 && found[CHUNK - 1] == 0);
    CHECK_EQUAL(sim_copies_held(), 1);
    let_it_go(reader);
    CHECK_BYTES(seen, pattern, ODD); /* from before the trim: the chunk was not freed under it */
    CHECK(state().overhead_bytes < 32768);
    disk_end();
}

/* Shrinking and removing do wait: the reader must not see what is gone. */
static void shrinking_and_removing_wait(void)
{
    static unsigned char seen[ODD];
    static uint32_t number = DISK_NUMBER;
    begin();
    pthread_t reader = stop_a_reader(seen);
    struct sim_request *shrink = resize_begin(MIB);
    struct sim_request *removal;
    for (unsigned i = 0; i < 50; i++) {
        pause_a_little();
    }
    CHECK(!sim_request_done(shrink));
    let_it_go(reader);
    CHECK_EQUAL(sim_request_wait(shrink, NULL), STATUS_SUCCESS);

    reader = stop_a_reader(seen);
    removal = sim_ioctl_begin(disk_control, IMDISK_IOCTL_REMOVE_DEVICE, &number, sizeof(number), NULL, 0);
    for (unsigned i = 0; i < 50; i++) {
        pause_a_little();
    }
    CHECK(!sim_request_done(removal));
    CHECK_EQUAL(sim_read(disk, 0, found, 512, NULL), STATUS_DEVICE_REMOVED);
    let_it_go(reader);
    CHECK_BYTES(seen, pattern, ODD);
    CHECK_EQUAL(sim_request_wait(removal, NULL), STATUS_SUCCESS);
    disk_end();
}

TEST_MAIN({"nobody_waits", nobody_waits}, {"shrinking_and_removing_wait", shrinking_and_removing_wait})
