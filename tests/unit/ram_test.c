/* SPDX-License-Identifier: MIT */
#include "core/disk/ram.h"
#include "core/base/platform_host.h"
#include "tests/harness/test.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SIZE  (4u << 20) /* of the modelled disk: not a multiple of anything once the tests add to it */
#define CHUNK RAM_CHUNK_SIZE

static const unsigned char zeros[CHUNK];

/* ---- calls from inside an epoch, as a disk makes them ---- */

#define LANES 4

static struct epoch epoch;
static struct {
    _Alignas(128) struct epoch_lane lane;
} lanes[LANES];

static struct source *new_store(void)
{
    struct source *store = NULL;
    CHECK_EQUAL(ram_create(PLATFORM_POOL_PAGED, &store), BALLAST_SUCCESS);
    epoch_initialize(&epoch, lanes, sizeof(lanes[0]), LANES);
    store->epoch = &epoch;
    return store;
}

static void destroy(struct source *store)
{
    uint64_t blocks, bytes;
    epoch_flush(&epoch);
    store->operations->destroy(store);
    epoch_destroy(&epoch);
    platform_host_usage(&blocks, &bytes);
    CHECK_EQUAL(blocks, 0);
    CHECK_EQUAL(bytes, 0);
}

static uint32_t *enter(const struct source *store)
{
    return store->epoch == NULL ? NULL : epoch_enter(&epoch, &lanes[platform_processor() % LANES].lane);
}

static void leave(uint32_t *inside)
{
    if (inside != NULL) {
        epoch_leave_retiring(&epoch, inside);
    }
}

static ballast_status store_write(struct source *store, uint64_t offset, const void *data, size_t length)
{
    uint32_t *inside = enter(store);
    ballast_status status = store->operations->write(store, offset, data, length);
    leave(inside);
    return status;
}

static ballast_status store_read(struct source *store, uint64_t offset, void *data, size_t length)
{
    uint32_t *inside = enter(store);
    ballast_status status = store->operations->read(store, offset, data, length);
    leave(inside);
    return status;
}

static ballast_status store_trim(struct source *store, uint64_t offset, uint64_t length)
{
    uint32_t *inside = enter(store);
    ballast_status status = store->operations->trim(store, offset, length);
    leave(inside);
    return status;
}

static uint64_t allocated(struct source *store)
{
    struct source_usage usage;
    CHECK(store->operations->usage(store, &usage));
    return usage.allocated_bytes;
}

/* As a disk does: a thread that is not running may hold back what others have retired. */
static void write(struct source *store, uint64_t offset, const void *data, size_t length)
{
    ballast_status status;
    while ((status = store_write(store, offset, data, length)) == BALLAST_RETRY) {
        epoch_wait(&epoch);
    }
    CHECK_EQUAL(status, BALLAST_SUCCESS);
}

static void read(struct source *store, uint64_t offset, void *data, size_t length)
{
    CHECK_EQUAL(store_read(store, offset, data, length), BALLAST_SUCCESS);
}

static void trim(struct source *store, uint64_t offset, uint64_t length)
{
    CHECK_EQUAL(store_trim(store, offset, length), BALLAST_SUCCESS);
}

static void fill(void *buffer, size_t length, unsigned seed)
{
    unsigned char *bytes = buffer;
    for (size_t i = 0; i < length; i++) {
        bytes[i] = (unsigned char)(seed + i * 7 + 1) | 1;
    }
}

static void a_new_store_reads_zeros_and_costs_nothing(void)
{
    struct source *store = new_store();
    unsigned char data[1000];
    memset(data, 0xFF, sizeof(data));
    read(store, 123456789012345, data, sizeof(data));
    CHECK_BYTES(data, zeros, sizeof(data));
    CHECK_EQUAL(allocated(store), 0);
    uint64_t blocks, bytes;
    platform_host_usage(&blocks, &bytes);
    CHECK(bytes < 1024);
    destroy(store);
}

static void zero_writes_allocate_nothing(void)
{
    struct source *store = new_store();
    for (unsigned i = 0; i < 3; i++) {
        write(store, 100 + i * CHUNK, zeros, CHUNK);
    }
    CHECK_EQUAL(allocated(store), 0);
    destroy(store);
}

static void a_chunk_is_freed_when_its_last_byte_is_zeroed(void)
{
    struct source *store = new_store();
    unsigned char data[CHUNK];
    fill(data, CHUNK, 1);
    write(store, 0, data, CHUNK);
    for (size_t offset = 0; offset < CHUNK; offset += 512) { /* sector by sector, as a file system would */
        CHECK_EQUAL(allocated(store), CHUNK);
        write(store, offset, zeros, 512);
    }
    CHECK_EQUAL(allocated(store), 0);
    write(store, 70000, "x", 1);
    write(store, 70001, "y", 1);
    write(store, 70000, zeros, 1);
    CHECK_EQUAL(allocated(store), CHUNK);
    write(store, 70001, zeros, 1);
    CHECK_EQUAL(allocated(store), 0);
    destroy(store);
}

static void trims_free_whole_and_partial_chunks(void)
{
    struct source *store = new_store();
    unsigned char *data = malloc(8 * CHUNK);
    unsigned char *expected = calloc(8, CHUNK);
    fill(data, 8 * CHUNK, 3);
    write(store, 0, data, 8 * CHUNK);
    trim(store, CHUNK + 1, 5 * CHUNK);
    CHECK_EQUAL(allocated(store), 4ull * CHUNK);
    memcpy(expected, data, 8 * CHUNK);
    memset(expected + CHUNK + 1, 0, 5 * CHUNK);
    read(store, 0, data, 8 * CHUNK);
    CHECK_BYTES(data, expected, 8 * CHUNK);
    trim(store, 0, UINT64_MAX - CHUNK); /* a range of 2^48 chunks costs no more than the chunks that are there */
    CHECK_EQUAL(allocated(store), 0);
    free(data);
    free(expected);
    destroy(store);
}

static void shrinking_forgets_what_lies_behind(void)
{
    struct source *store = new_store();
    unsigned char data[16];
    fill(data, sizeof(data), 5);
    write(store, 1000, data, sizeof(data));
    write(store, 10 * CHUNK, data, sizeof(data));
    uint32_t *inside = enter(store);
    CHECK_EQUAL(store->operations->resize(store, 1008), BALLAST_SUCCESS);
    CHECK_EQUAL(store->operations->resize(store, 1ull << 40), BALLAST_SUCCESS);
    leave(inside);
    CHECK_EQUAL(allocated(store), CHUNK);
    unsigned char found[16];
    read(store, 1000, found, sizeof(found));
    CHECK_BYTES(found, data, 8);
    CHECK_BYTES(found + 8, zeros, 8);
    read(store, 10 * CHUNK, found, sizeof(found));
    CHECK_BYTES(found, zeros, 16);
    destroy(store);
}

static void overhead_is_bounded(void)
{
    struct source *store = new_store();
    struct test_random random = {7};
    struct source_usage usage;
    for (int i = 0; i < 3000; i++) { /* scattered over 2^60 bytes, the worst case for any table */
        write(store, test_random_below(&random, 1ull << 44) * CHUNK, "x", 1);
        CHECK(store->operations->usage(store, &usage));
        if (!CHECK(usage.overhead_bytes <= usage.allocated_bytes / 500 + 16384)) {
            break;
        }
    }
    uint64_t blocks, bytes;
    platform_host_usage(&blocks, &bytes);
    CHECK_EQUAL(bytes, usage.allocated_bytes + usage.overhead_bytes); /* the store's own account is the truth */
    trim(store, 0, 1ull << 59);
    CHECK(store->operations->usage(store, &usage));
    CHECK(usage.overhead_bytes <= usage.allocated_bytes / 500 + 16384);
    trim(store, 0, UINT64_MAX - CHUNK);
    CHECK(store->operations->usage(store, &usage));
    CHECK_EQUAL(usage.allocated_bytes, 0);
    CHECK(usage.overhead_bytes < 512);
    destroy(store);
}

/* ---- random operations against a flat array ---- */

#define BLOCK 4096u

struct model {
    struct source *store;
    unsigned char *bytes;
    unsigned char *buffer;
    bool touched[SIZE / BLOCK]; /* by a write that was not zero, and not all zeros again since */
    struct test_random random;
};

static void random_range(struct model *model, uint64_t *offset, size_t *length)
{
    /* Mostly aligned to sectors and blocks, sometimes to nothing. */
    static const uint32_t units[] = {1, 512, 4096, CHUNK};
    uint32_t unit = units[test_random_below(&model->random, 4)];
    *offset = test_random_below(&model->random, SIZE / unit) * unit;
    uint64_t most = (SIZE - *offset) / unit;
    uint64_t count = 1 + test_random_below(&model->random, unit == CHUNK ? 6 : 40);
    *length = (size_t)((count < most ? count : most) * unit);
}

static void random_data(struct model *model, size_t length)
{
    switch (test_random_below(&model->random, 4)) {
    case 0:
        memset(model->buffer, 0, length);
        break;
    case 1: /* zeros with one byte that is not */
        memset(model->buffer, 0, length);
        model->buffer[test_random_below(&model->random, length)] = 0x5A;
        break;
    default:
        fill(model->buffer, length, (unsigned)test_random_next(&model->random));
        break;
    }
}

/* What the store does with the part of a write that lies in one chunk; data is NULL for a trim. */
static void model_piece(struct model *model, size_t offset, const unsigned char *data, size_t length)
{
    bool zero = data == NULL || memcmp(data, zeros, length) == 0;
    if (zero) {
        memset(model->bytes + offset, 0, length);
    } else {
        memcpy(model->bytes + offset, data, length);
    }
    for (size_t block = offset / BLOCK; block <= (offset + length - 1) / BLOCK; block++) {
        model->touched[block] =
            !zero || (model->touched[block] && memcmp(model->bytes + block * BLOCK, zeros, BLOCK) != 0);
    }
}

static void model_write(struct model *model, size_t offset, const unsigned char *data, size_t length)
{
    while (length != 0) {
        size_t room = CHUNK - offset % CHUNK;
        size_t part = length < room ? length : room;
        model_piece(model, offset, data, part);
        offset += part;
        if (data != NULL) {
            data += part;
        }
        length -= part;
    }
}

static uint64_t model_chunks(const struct model *model)
{
    uint64_t count = 0;
    for (size_t block = 0; block < SIZE / BLOCK; block += CHUNK / BLOCK) {
        bool used = false;
        for (size_t i = 0; i < CHUNK / BLOCK; i++) {
            used = used || model->touched[block + i];
        }
        count += used;
    }
    return count;
}

static bool random_step(struct model *model)
{
    uint64_t offset;
    size_t length;
    random_range(model, &offset, &length);
    switch (test_random_below(&model->random, 8)) {
    case 0:
        trim(model->store, offset, length);
        model_write(model, offset, NULL, length);
        break;
    case 1:
    case 2:
    case 3:
        random_data(model, length);
        write(model->store, offset, model->buffer, length);
        model_write(model, offset, model->buffer, length);
        break;
    default:
        read(model->store, offset, model->buffer, length);
        return CHECK_BYTES(model->buffer, model->bytes + offset, length);
    }
    return true;
}

static struct model new_model(uint64_t seed)
{
    return (struct model){.store = new_store(), .bytes = calloc(1, SIZE), .buffer = malloc(SIZE), .random = {seed}};
}

static void destroy_model(struct model *model)
{
    read(model->store, 0, model->buffer, SIZE);
    CHECK_BYTES(model->buffer, model->bytes, SIZE);
    free(model->bytes);
    free(model->buffer);
    destroy(model->store);
}

/* Besides the content: exactly the chunks exist that should. The last two are still being filled, by one thread. */
static void behaves_like_an_array(void)
{
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct model model = new_model(seed);
        model.store->epoch = seed > 4 ? NULL : &epoch;
        for (int i = 0; i < 3000; i++) {
            test_note("seed %u, step %d", (unsigned)seed, i);
            if (!random_step(&model)) {
                break;
            }
            if (i % 50 == 0 && !CHECK_EQUAL(allocated(model.store), model_chunks(&model) * CHUNK)) {
                break;
            }
        }
        destroy_model(&model);
    }
}

/* A failed write has written each of its bytes or left it; all others are untouched, and a retry succeeds. */
static void survives_allocation_failures(void)
{
    struct model model = new_model(99);
    unsigned char *found = malloc(SIZE);
    int failures = 0;
    for (int i = 0; i < 4000; i++) {
        uint64_t offset;
        size_t length;
        random_range(&model, &offset, &length);
        if (test_random_below(&model.random, 4) == 0) {
            trim(model.store, offset, length);
            memset(model.bytes + offset, 0, length);
            continue;
        }
        random_data(&model, length);
        platform_host_fail_allocation((int64_t)test_random_below(&model.random, 6));
        ballast_status status = store_write(model.store, offset, model.buffer, length);
        platform_host_fail_allocation(-1);
        if (status != BALLAST_SUCCESS) {
            failures++;
            CHECK_EQUAL(status, BALLAST_INSUFFICIENT_RESOURCES);
            read(model.store, 0, found, SIZE);
            for (size_t j = 0; j < SIZE; j++) {
                bool inside = j >= offset && j < offset + length;
                if (found[j] != model.bytes[j] && !(inside && found[j] == model.buffer[j - offset])) {
                    CHECK(false);
                    break;
                }
            }
            write(model.store, offset, model.buffer, length);
        }
        memcpy(model.bytes + offset, model.buffer, length);
    }
    CHECK(failures > 100);
    free(found);
    destroy_model(&model);
}

/* ---- a reader who does not leave, as one that is not scheduled ---- */

static struct source_usage usage_of(struct source *store)
{
    struct source_usage usage = {0, 0};
    CHECK(store->operations->usage(store, &usage));
    return usage;
}

static void a_reader_who_stays_holds_up_nobody(void)
{
    struct source *store = new_store();
    unsigned char data[CHUNK];
    unsigned char found[CHUNK];
    fill(data, CHUNK, 9);
    write(store, 0, data, CHUNK);
    uint32_t *inside = epoch_enter(&epoch, &lanes[1].lane);
    for (unsigned i = 1; i < 500; i++) { /* new chunks, several rebuilds of the table */
        write(store, (uint64_t)i * CHUNK, data, CHUNK);
    }
    for (unsigned i = 0; i < 500; i++) {
        read(store, (uint64_t)i * CHUNK, found, CHUNK);
        CHECK_BYTES(found, data, CHUNK);
    }
    trim(store, 0, 490ull * CHUNK); /* it is gone at once, and the table has shrunk, but the memory is held back */
    CHECK_EQUAL(allocated(store), 10ull * CHUNK);
    CHECK(usage_of(store).overhead_bytes > 490ull * CHUNK);
    read(store, 0, found, CHUNK);
    CHECK_BYTES(found, zeros, CHUNK);
    write(store, 495ull * CHUNK, zeros, CHUNK - 1); /* the last byte is left, and then not */
    write(store, 496ull * CHUNK - 1, zeros, 1);
    CHECK_EQUAL(allocated(store), 10ull * CHUNK);
    write(store, 495ull * CHUNK + 5, "x", 1); /* before it can be examined */
    leave(inside);
    CHECK_EQUAL(allocated(store), 10ull * CHUNK);
    CHECK(usage_of(store).overhead_bytes < 10ull * CHUNK / 500 + 16384);
    read(store, 495ull * CHUNK + 5, found, 2);
    CHECK_BYTES(found, "x", 2);
    destroy(store);
}

/* What is held back is bounded: the disk waits then. */
static void too_much_held_back_is_waited_for(void)
{
    struct source *store = new_store();
    uint32_t *inside = epoch_enter(&epoch, &lanes[1].lane);
    ballast_status status = BALLAST_SUCCESS;
    unsigned rounds = 0;
    for (; rounds < 5000 && status == BALLAST_SUCCESS; rounds++) {
        status = store_write(store, 0, "x", 1);
        trim(store, 0, CHUNK);
    }
    CHECK_EQUAL(status, BALLAST_RETRY);
    CHECK(rounds > 1000 && rounds < 1100);
    leave(inside);
    CHECK(usage_of(store).overhead_bytes < 512);
    write(store, 0, "x", 1);
    destroy(store);
}

/* ---- threads: each owns every fourth sector, so chunks and blocks are shared but bytes are not ---- */

#define THREADS 4

struct worker {
    struct source *store;
    unsigned index;
    bool ok;
    unsigned char bytes[SIZE / THREADS]; /* what this thread's sectors should hold */
};

static bool worker_step(struct worker *worker, struct test_random *random)
{
    unsigned char sector[512];
    size_t slot = (size_t)test_random_below(random, SIZE / 512 / THREADS);
    uint64_t offset = (slot * THREADS + worker->index) * 512;
    unsigned char *expected = worker->bytes + slot * 512;
    struct source *store = worker->store;
    switch (test_random_below(random, 4)) {
    case 0:
        memset(expected, 0, 512);
        return store_write(store, offset, expected, 512) == BALLAST_SUCCESS;
    case 1:
        memset(expected, 0, 512);
        return store_trim(store, offset, 512) == BALLAST_SUCCESS;
    case 2:
        fill(expected, 512, (unsigned)test_random_next(random));
        return store_write(store, offset, expected, 512) == BALLAST_SUCCESS;
    default:
        return store_read(store, offset, sector, 512) == BALLAST_SUCCESS && memcmp(sector, expected, 512) == 0;
    }
}

static void *worker_run(void *context)
{
    struct worker *worker = context;
    struct test_random random = {worker->index + 1000};
    worker->ok = true;
    for (int i = 0; i < 60000 && worker->ok; i++) {
        worker->ok = worker_step(worker, &random);
    }
    return NULL;
}

static void threads_do_not_disturb_each_other(void)
{
    struct source *store = new_store();
    struct worker *workers = calloc(THREADS, sizeof(*workers));
    pthread_t threads[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i].store = store;
        workers[i].index = i;
        pthread_create(&threads[i], NULL, worker_run, &workers[i]);
    }
    /* Meanwhile somebody trims far behind, which moves slots in the table. */
    for (int i = 0; i < 2000; i++) {
        write(store, (1000ull + (unsigned)i % 300) * CHUNK, "x", 1);
        if (i % 300 == 299) {
            trim(store, 1000ull * CHUNK, 1ull << 50);
        }
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        CHECK(workers[i].ok);
    }
    free(workers);
    destroy(store);
}

TEST_MAIN({"a_new_store_reads_zeros_and_costs_nothing", a_new_store_reads_zeros_and_costs_nothing},
          {"zero_writes_allocate_nothing", zero_writes_allocate_nothing},
          {"a_chunk_is_freed_when_its_last_byte_is_zeroed", a_chunk_is_freed_when_its_last_byte_is_zeroed},
          {"trims_free_whole_and_partial_chunks", trims_free_whole_and_partial_chunks},
          {"shrinking_forgets_what_lies_behind", shrinking_forgets_what_lies_behind},
          {"overhead_is_bounded", overhead_is_bounded}, {"behaves_like_an_array", behaves_like_an_array},
          {"survives_allocation_failures", survives_allocation_failures},
          {"a_reader_who_stays_holds_up_nobody", a_reader_who_stays_holds_up_nobody},
          {"too_much_held_back_is_waited_for", too_much_held_back_is_waited_for},
          {"threads_do_not_disturb_each_other", threads_do_not_disturb_each_other})
