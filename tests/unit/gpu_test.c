/* SPDX-License-Identifier: MIT */
#include "core/ai/gpu.h"
#include "core/base/platform_host.h"
#include "tests/harness/test.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define UTILIZATION BALLAST_AI_GPU_UTILIZATION_PERMILLE
#define TOTAL       BALLAST_AI_GPU_DEDICATED_TOTAL_BYTES
#define TEMPERATURE BALLAST_AI_GPU_TEMPERATURE_MILLICELSIUS
#define MS          10000ull /* in 100 ns */
#define NOW         (1000000000ull * MS)
#define LIFETIME    5000u

static struct gpu_inventory adapter(uint32_t index, uint32_t vendor_id)
{
    struct gpu_inventory inventory = {.index = index, .vendor_id = vendor_id, .device_id = index + 7};
    if (vendor_id != 0) {
        uint32_t kind = vendor_id == 0x1414 ? BALLAST_AI_KIND_SOFTWARE : BALLAST_AI_KIND_HARDWARE;
        inventory.valid = BALLAST_AI_ADAPTER_PCI_IDS | kind << 8;
    }
    (void)test_widen("Adapter", inventory.name);
    (void)test_widen("1.2.3", inventory.driver_version);
    (void)test_widen("1-2-2026", inventory.driver_date);
    inventory.dedicated_total_known = index % 2;
    inventory.dedicated_total_bytes = index % 2 * 4096;
    return inventory;
}

static struct ballast_ai_sample sample_of(uint32_t index, uint32_t value, int64_t amount)
{
    struct ballast_ai_sample sample = {.header = {sizeof(sample), BALLAST_AI_VERSION, 0},
                                       .adapter_index = index,
                                       .mask = 1u << value,
                                       .source = BALLAST_AI_SOURCE_NVML};
    sample.values[value] = amount;
    return sample;
}

static struct gpu_table table;

/* A table of adapters with the indices 0 ... adapters - 1, of NVIDIA. */
static void start(uint32_t adapters)
{
    static struct gpu_inventory inventory[BALLAST_AI_MAXIMUM_ADAPTERS + 1];
    for (uint32_t i = 0; i < adapters; i++) {
        inventory[i] = adapter(i, 0x10DE);
    }
    gpu_table_initialize(&table);
    CHECK_EQUAL(gpu_replace(&table, inventory, adapters, NOW - 20 * MS, NOW - 20 * MS), BALLAST_SUCCESS);
}

static void finish(void)
{
    uint64_t blocks, bytes;
    gpu_table_destroy(&table);
    platform_host_usage(&blocks, &bytes);
    CHECK_EQUAL(blocks, 0);
}

static union {
    struct ballast_ai_gpu_reply reply;
    unsigned char
        bytes[sizeof(struct ballast_ai_gpu_reply) + BALLAST_AI_MAXIMUM_ADAPTERS * sizeof(struct ballast_ai_adapter)];
} answer;

static void ask(uint64_t now, int32_t ai_processes)
{
    memset(&answer, 0xA5, sizeof(answer));
    size_t written = gpu_reply(&table, now, LIFETIME, ai_processes, &answer, sizeof(answer));
    CHECK_EQUAL(answer.reply.header.size_bytes, written);
    CHECK_EQUAL(answer.reply.header.version, BALLAST_AI_VERSION);
    CHECK_EQUAL(answer.reply.header.flags, 0);
    CHECK_EQUAL(written, 32 + answer.reply.adapters_returned * sizeof(struct ballast_ai_adapter));
}

static void check_value(size_t row, size_t value, uint8_t state, int64_t amount, uint8_t source, uint32_t age_ms,
                        uint16_t reason)
{
    const struct ballast_ai_value *actual = &answer.reply.adapter[row].values[value];
    test_note("adapter %zu, value %zu", row, value);
    CHECK_EQUAL(actual->state, state);
    CHECK_EQUAL(actual->value, amount);
    CHECK_EQUAL(actual->source, source);
    CHECK_EQUAL(actual->age_ms, age_ms);
    CHECK_EQUAL(actual->reason, reason);
}

/* ---- replies ---- */

static void the_inventory_is_answered(void)
{
    start(2);
    ask(NOW, -1);
    CHECK_EQUAL(answer.reply.adapters, 2);
    CHECK_EQUAL(answer.reply.adapters_returned, 2);
    CHECK_EQUAL(answer.reply.inventory_time, NOW - 20 * MS);
    CHECK_EQUAL(answer.reply.samples_pushed, 0);
    const struct ballast_ai_adapter *row = &answer.reply.adapter[1];
    struct gpu_inventory expected = adapter(1, 0x10DE);
    CHECK_BYTES(row, &expected, offsetof(struct gpu_inventory, dedicated_total_bytes));
    CHECK_EQUAL(row->engine[0], 0);
    for (size_t i = 0; i < BALLAST_AI_GPU_VALUES; i++) {
        if (i != TOTAL) {
            check_value(0, i, BALLAST_AI_UNKNOWN, 0, 0, 0, BALLAST_AI_REASON_NO_SAMPLE);
        }
    }
    check_value(0, TOTAL, BALLAST_AI_UNKNOWN, 0, 0, 0, BALLAST_AI_REASON_NOT_RECORDED);
    check_value(1, TOTAL, BALLAST_AI_MEASURED, 4096, BALLAST_AI_SOURCE_REGISTRY, 20, 0);
    finish();
}

static void as_many_adapters_as_fit(void)
{
    start(3);
    for (size_t length = 0; length < 32 + 4 * 624; length += 8) {
        unsigned char *buffer = malloc(length + 1);
        size_t rows = length < 32 ? 0 : (length - 32) / 624;
        rows = rows < 3 ? rows : 3;
        buffer[length] = 0xA5;
        CHECK_EQUAL(gpu_reply(&table, NOW, LIFETIME, 0, buffer, length), length < 32 ? 0 : 32 + rows * 624);
        CHECK_EQUAL(buffer[length], 0xA5);
        if (length >= 32) {
            struct ballast_ai_gpu_reply head;
            memcpy(&head, buffer, sizeof(head));
            CHECK_EQUAL(head.adapters, 3);
            CHECK_EQUAL(head.adapters_returned, rows);
        }
        free(buffer);
    }
    finish();
}

static void an_empty_table_is_answered(void)
{
    start(0);
    CHECK_EQUAL(gpu_table_size(&table), sizeof(table));
    ask(NOW, 3);
    CHECK_EQUAL(answer.reply.adapters, 0);
    struct ballast_ai_sample sample = sample_of(0, UTILIZATION, 5);
    CHECK_EQUAL(gpu_push(&table, &sample, NOW), BALLAST_NOT_FOUND);
    finish();
}

static void utilization_is_estimated_only_without_a_sample(void)
{
    static const int64_t expected[] = {50, 350, 600, 850, 850};
    start(2);
    for (int32_t processes = 0; processes < 5; processes++) {
        ask(NOW, processes);
        check_value(0, UTILIZATION, BALLAST_AI_ESTIMATED, expected[processes], BALLAST_AI_SOURCE_PROCESS_COUNT, 0, 0);
    }
    ask(NOW, INT32_MAX);
    check_value(1, UTILIZATION, BALLAST_AI_ESTIMATED, 850, BALLAST_AI_SOURCE_PROCESS_COUNT, 0, 0);
    struct ballast_ai_sample sample = sample_of(1, UTILIZATION, 123);
    CHECK_EQUAL(gpu_push(&table, &sample, NOW), BALLAST_SUCCESS);
    ask(NOW, 3);
    check_value(0, UTILIZATION, BALLAST_AI_ESTIMATED, 850, BALLAST_AI_SOURCE_PROCESS_COUNT, 0, 0);
    check_value(1, UTILIZATION, BALLAST_AI_MEASURED, 123, BALLAST_AI_SOURCE_NVML, 0, 0);
    finish();
}

/* A number of processes says nothing about what no AI process computes on. A sample of it is a sample. */
static void only_what_may_be_a_gpu_is_estimated(void)
{
    for (uint32_t kind = BALLAST_AI_KIND_UNKNOWN; kind <= BALLAST_AI_KIND_GPU_PV; kind++) {
        bool estimated =
            kind == BALLAST_AI_KIND_UNKNOWN || kind == BALLAST_AI_KIND_HARDWARE || kind == BALLAST_AI_KIND_GPU_PV;
        struct gpu_inventory inventory = adapter(0, 0);
        struct gpu_summary summary;
        inventory.valid = kind << 8;
        start(0);
        CHECK_EQUAL(gpu_replace(&table, &inventory, 1, NOW, NOW), BALLAST_SUCCESS);
        CHECK_EQUAL(gpu_wants_estimate(&table), estimated);
        ask(NOW, 2);
        if (estimated) {
            check_value(0, UTILIZATION, BALLAST_AI_ESTIMATED, 600, BALLAST_AI_SOURCE_PROCESS_COUNT, 0, 0);
        } else {
            check_value(0, UTILIZATION, BALLAST_AI_UNKNOWN, 0, 0, 0, BALLAST_AI_REASON_NO_SAMPLE);
        }
        gpu_summarize(&table, NOW, LIFETIME, 2, &summary);
        CHECK_EQUAL(summary.hardware_present, kind == BALLAST_AI_KIND_HARDWARE || kind == BALLAST_AI_KIND_GPU_PV);
        struct ballast_ai_sample sample = sample_of(0, UTILIZATION, 7);
        CHECK_EQUAL(gpu_push(&table, &sample, NOW), BALLAST_SUCCESS);
        ask(NOW, 2);
        check_value(0, UTILIZATION, BALLAST_AI_MEASURED, 7, BALLAST_AI_SOURCE_NVML, 0, 0);
        finish();
    }
}

/* 32 bits cannot hold what cards have, and integrated ones write there what they share. */
static void what_is_recorded_in_32_bits_is_never_measured(void)
{
    struct gpu_inventory inventory = adapter(0, 0x10DE);
    inventory.dedicated_total_known = GPU_TOTAL_32_BITS;
    inventory.dedicated_total_bytes = 0xFFF00000;
    start(0);
    CHECK_EQUAL(gpu_replace(&table, &inventory, 1, NOW - 3 * MS, NOW), BALLAST_SUCCESS);
    ask(NOW, 2);
    check_value(0, TOTAL, BALLAST_AI_ESTIMATED, 0xFFF00000, BALLAST_AI_SOURCE_REGISTRY_32, 3, 0);
    finish();
}

/* Ages count by a clock that nobody sets; the time that is told is the system's of then. */
static void the_inventorys_time_and_age_are_of_two_clocks(void)
{
    struct gpu_inventory inventory = adapter(1, 0x10DE);
    start(0);
    CHECK_EQUAL(gpu_replace(&table, &inventory, 1, NOW - 20 * MS, 7), BALLAST_SUCCESS);
    ask(NOW, 0);
    CHECK_EQUAL(answer.reply.inventory_time, 7);
    check_value(0, TOTAL, BALLAST_AI_MEASURED, 4096, BALLAST_AI_SOURCE_REGISTRY, 20, 0);
    finish();
}

static void samples_merge_and_grow_stale(void)
{
    start(1);
    struct ballast_ai_sample sample = sample_of(0, UTILIZATION, 500);
    (void)test_widen("Compute 0", sample.engine);
    sample.age_ms = 100;
    CHECK_EQUAL(gpu_push(&table, &sample, NOW), BALLAST_SUCCESS);
    sample = sample_of(0, TEMPERATURE, -5000);
    sample.source = BALLAST_AI_SOURCE_MANUAL;
    CHECK_EQUAL(gpu_push(&table, &sample, NOW + 1000 * MS), BALLAST_SUCCESS);
    ask(NOW + 4900 * MS, 0);
    CHECK_EQUAL(answer.reply.samples_pushed, 2);
    check_value(0, UTILIZATION, BALLAST_AI_MEASURED, 500, BALLAST_AI_SOURCE_NVML, 5000, 0);
    check_value(0, TEMPERATURE, BALLAST_AI_MEASURED, -5000, BALLAST_AI_SOURCE_MANUAL, 3900, 0);
    CHECK_BYTES(answer.reply.adapter[0].engine, u"Compute 0", 20);
    ask(NOW + 4901 * MS, 0);
    check_value(0, UTILIZATION, BALLAST_AI_STALE, 500, BALLAST_AI_SOURCE_NVML, 5001, 0);
    check_value(0, TEMPERATURE, BALLAST_AI_MEASURED, -5000, BALLAST_AI_SOURCE_MANUAL, 3901, 0);
    ask(0, 0); /* the clock was set back */
    check_value(0, UTILIZATION, BALLAST_AI_MEASURED, 500, BALLAST_AI_SOURCE_NVML, 0, 0);
    ask(UINT64_MAX, 0);
    check_value(0, UTILIZATION, BALLAST_AI_STALE, 500, BALLAST_AI_SOURCE_NVML, UINT32_MAX, 0);
    sample = sample_of(0, UTILIZATION, 1); /* the engine belongs to the utilization it came with */
    CHECK_EQUAL(gpu_push(&table, &sample, NOW), BALLAST_SUCCESS);
    sample = sample_of(0, TOTAL, 77);
    CHECK_EQUAL(gpu_push(&table, &sample, 5), BALLAST_SUCCESS);
    ask(NOW, 0);
    CHECK_EQUAL(answer.reply.adapter[0].engine[0], 0);
    check_value(0, TOTAL, BALLAST_AI_STALE, 77, BALLAST_AI_SOURCE_NVML, (uint32_t)((NOW - 5) / MS), 0);
    finish();
}

static void a_pushed_total_replaces_the_registrys(void)
{
    start(2);
    struct ballast_ai_sample sample = sample_of(1, TOTAL, 8192);
    CHECK_EQUAL(gpu_push(&table, &sample, NOW), BALLAST_SUCCESS);
    ask(NOW, 0);
    check_value(1, TOTAL, BALLAST_AI_MEASURED, 8192, BALLAST_AI_SOURCE_NVML, 0, 0);
    finish();
}

/* ---- what is refused ---- */

static void refuse(const struct ballast_ai_sample *sample, const char *what)
{
    test_note("%s", what);
    CHECK_EQUAL(gpu_push(&table, sample, NOW), BALLAST_INVALID_PARAMETER);
}

#define REFUSE(change)                                                  \
    do {                                                                \
        struct ballast_ai_sample sample = sample_of(0, UTILIZATION, 5); \
        (void)test_widen("3D", sample.engine);                          \
        change;                                                         \
        refuse(&sample, #change);                                       \
    } while (0)

static void wrong_samples_are_refused(void)
{
    start(1);
    REFUSE(sample.header.size_bytes--);
    REFUSE(sample.header.size_bytes = 0);
    REFUSE(sample.header.version = 0);
    REFUSE(sample.header.version++);
    REFUSE(sample.header.flags = 1);
    REFUSE(sample.mask = 0; sample.values[0] = 0; sample.engine[0] = 0; sample.engine[1] = 0);
    REFUSE(sample.mask |= 1u << BALLAST_AI_GPU_VALUES);
    REFUSE(sample.mask |= 1u << 31);
    REFUSE(sample.source = BALLAST_AI_SOURCE_FIRST_PUSHED - 1);
    REFUSE(sample.source = BALLAST_AI_SOURCE_LAST_PUSHED + 1);
    REFUSE(sample.source = UINT32_MAX);
    REFUSE(sample.age_ms = BALLAST_AI_MAXIMUM_SAMPLE_AGE_MS + 1);
    REFUSE(sample.values[1] = 1); /* its bit is not set */
    REFUSE(sample.engine[0] = 0); /* not zero after the end */
    REFUSE(sample.engine[1] = 0x1B);
    REFUSE(sample.engine[1] = 0x9B);
    REFUSE(sample.engine[1] = 0xD800);
    REFUSE(sample.engine[1] = 0x202E);
    REFUSE(sample.engine[1] = 0xFFFF);
    REFUSE(memset(sample.engine, 'x', sizeof(sample.engine)));
    REFUSE(sample.mask = 1u << TEMPERATURE; sample.values[0] = 0); /* an engine without utilization */
    ask(NOW, -1);
    CHECK_EQUAL(answer.reply.samples_pushed, 0);
    check_value(0, UTILIZATION, BALLAST_AI_UNKNOWN, 0, 0, 0, BALLAST_AI_REASON_NO_SAMPLE);
    finish();
}

static void values_are_held_to_their_ranges(void)
{
    static const struct {
        int64_t least;
        int64_t most;
    } ranges[BALLAST_AI_GPU_VALUES] = {{0, 1000},          {0, INT64_MAX},     {0, INT64_MAX}, {0, INT64_MAX},
                                       {0, INT64_MAX},     {-273150, 1000000}, {0, 10000000},  {0, 1000000000000},
                                       {0, 1000000000000}, {0, 1000000}};
    start(1);
    for (uint32_t i = 0; i < BALLAST_AI_GPU_VALUES; i++) {
        struct ballast_ai_sample sample = sample_of(0, i, ranges[i].least);
        test_note("value %u", (unsigned)i);
        CHECK_EQUAL(gpu_push(&table, &sample, NOW), BALLAST_SUCCESS);
        sample = sample_of(0, i, ranges[i].least - 1);
        CHECK_EQUAL(gpu_push(&table, &sample, NOW), BALLAST_INVALID_PARAMETER);
        sample = sample_of(0, i, ranges[i].most);
        CHECK_EQUAL(gpu_push(&table, &sample, NOW), BALLAST_SUCCESS);
        if (ranges[i].most != INT64_MAX) {
            sample = sample_of(0, i, ranges[i].most + 1);
            CHECK_EQUAL(gpu_push(&table, &sample, NOW), BALLAST_INVALID_PARAMETER);
        }
    }
    struct ballast_ai_sample sample = sample_of(1, UTILIZATION, 1);
    CHECK_EQUAL(gpu_push(&table, &sample, NOW), BALLAST_NOT_FOUND);
    sample = sample_of(0, UTILIZATION, 1);
    sample.header.size_bytes = 4000; /* of a later revision of the same version */
    CHECK_EQUAL(gpu_push(&table, &sample, NOW), BALLAST_SUCCESS);
    finish();
}

/* ---- a new inventory ---- */

static void samples_stay_with_their_adapter(void)
{
    struct gpu_inventory inventory[3] = {adapter(2, 0x1002), adapter(0, 0x10DE), adapter(1, 0x8086)};
    start(2);
    for (uint32_t i = 0; i < 2; i++) {
        struct ballast_ai_sample sample = sample_of(i, TEMPERATURE, 1000 + i);
        CHECK_EQUAL(gpu_push(&table, &sample, NOW), BALLAST_SUCCESS);
    }
    CHECK_EQUAL(gpu_replace(&table, inventory, 3, NOW + 5, NOW + 5), BALLAST_SUCCESS);
    ask(NOW, -1);
    CHECK_EQUAL(answer.reply.adapters, 3);
    CHECK_EQUAL(answer.reply.inventory_time, NOW + 5);
    CHECK_EQUAL(answer.reply.samples_pushed, 2);
    check_value(0, TEMPERATURE, BALLAST_AI_UNKNOWN, 0, 0, 0, BALLAST_AI_REASON_NO_SAMPLE);
    check_value(1, TEMPERATURE, BALLAST_AI_MEASURED, 1000, BALLAST_AI_SOURCE_NVML, 0, 0);
    check_value(2, TEMPERATURE, BALLAST_AI_UNKNOWN, 0, 0, 0, BALLAST_AI_REASON_NO_SAMPLE); /* another device */
    CHECK_EQUAL(gpu_replace(&table, inventory, 0, NOW, NOW), BALLAST_SUCCESS);
    CHECK_EQUAL(gpu_replace(&table, inventory, 3, NOW, NOW), BALLAST_SUCCESS);
    ask(NOW, -1);
    check_value(1, TEMPERATURE, BALLAST_AI_UNKNOWN, 0, 0, 0, BALLAST_AI_REASON_NO_SAMPLE);
    finish();
}

static void there_are_at_most_so_many_adapters(void)
{
    start(BALLAST_AI_MAXIMUM_ADAPTERS + 1);
    ask(NOW, -1);
    CHECK_EQUAL(answer.reply.adapters, BALLAST_AI_MAXIMUM_ADAPTERS);
    CHECK_EQUAL(answer.reply.adapters_returned, BALLAST_AI_MAXIMUM_ADAPTERS);
    CHECK_EQUAL(answer.reply.adapter[31].index, 31);
    CHECK(gpu_table_size(&table) < 49152);
    finish();
}

static void a_failed_replacement_changes_nothing(void)
{
    struct gpu_inventory inventory[3] = {adapter(7, 1), adapter(8, 1), adapter(9, 1)};
    start(1);
    platform_host_fail_allocation(1);
    CHECK_EQUAL(gpu_replace(&table, inventory, 3, NOW, NOW), BALLAST_INSUFFICIENT_RESOURCES);
    platform_host_fail_allocation(-1);
    ask(NOW, -1);
    CHECK_EQUAL(answer.reply.adapters, 1);
    CHECK_EQUAL(answer.reply.adapter[0].index, 0);
    CHECK_EQUAL(gpu_replace(&table, inventory, 3, NOW, NOW), BALLAST_SUCCESS);
    finish();
}

/* ---- the busiest ---- */

static void the_summary_is_of_the_busiest(void)
{
    struct gpu_inventory inventory[3] = {adapter(0, 0x1414), adapter(1, 0), adapter(3, 0x10DE)};
    struct gpu_summary summary;
    start(0);
    gpu_summarize(&table, NOW, LIFETIME, 1, &summary);
    CHECK_EQUAL(summary.adapters, 0);
    CHECK(!summary.hardware_present);
    CHECK_EQUAL(summary.utilization_permille.state, BALLAST_AI_UNKNOWN);
    CHECK_EQUAL(gpu_replace(&table, inventory, 2, NOW, NOW), BALLAST_SUCCESS);
    gpu_summarize(&table, NOW, LIFETIME, -1, &summary);
    CHECK_EQUAL(summary.adapters, 2);
    CHECK_EQUAL(summary.index, 0);
    CHECK(!summary.hardware_present);
    CHECK_EQUAL(gpu_replace(&table, inventory, 3, NOW, NOW), BALLAST_SUCCESS);
    gpu_summarize(&table, NOW, LIFETIME, 1, &summary);
    CHECK(summary.hardware_present);
    CHECK_EQUAL(summary.index, 3); /* all are estimated alike: the one that is a device */
    CHECK_EQUAL(summary.utilization_permille.value, 350);
    CHECK_EQUAL(summary.dedicated_total_bytes.value, 4096);
    struct ballast_ai_sample sample = sample_of(1, UTILIZATION, 10);
    CHECK_EQUAL(gpu_push(&table, &sample, NOW), BALLAST_SUCCESS);
    gpu_summarize(&table, NOW, LIFETIME, 1, &summary);
    CHECK_EQUAL(summary.index, 1); /* measured, though the others are estimated busier */
    sample = sample_of(0, UTILIZATION, 11);
    CHECK_EQUAL(gpu_push(&table, &sample, NOW), BALLAST_SUCCESS);
    gpu_summarize(&table, NOW, LIFETIME, 1, &summary);
    CHECK_EQUAL(summary.index, 0);
    CHECK_EQUAL(summary.utilization_permille.value, 11);
    gpu_summarize(&table, NOW + 10000 * MS, LIFETIME, 1, &summary);
    CHECK_EQUAL(summary.index, 3); /* estimated now, rather than measured long ago */
    gpu_summarize(&table, NOW + 10000 * MS, LIFETIME, -1, &summary);
    CHECK_EQUAL(summary.index, 0);
    CHECK_EQUAL(summary.utilization_permille.state, BALLAST_AI_STALE);
    finish();
}

static void an_estimate_is_wanted_until_all_are_measured(void)
{
    start(0);
    CHECK(!gpu_wants_estimate(&table));
    finish();
    start(2);
    for (uint32_t i = 0; i < 2; i++) {
        struct ballast_ai_sample sample = sample_of(i, TEMPERATURE, 1);
        CHECK_EQUAL(gpu_push(&table, &sample, NOW), BALLAST_SUCCESS);
        CHECK(gpu_wants_estimate(&table));
        sample = sample_of(i, UTILIZATION, 0);
        CHECK_EQUAL(gpu_push(&table, &sample, NOW), BALLAST_SUCCESS);
        CHECK_EQUAL(gpu_wants_estimate(&table), i == 0);
    }
    finish();
}

static void adapters_are_found_by_position(void)
{
    struct gpu_inventory inventory[2] = {adapter(9, 0x10DE), adapter(4, 0x10DE)};
    uint32_t index = 77;
    start(0);
    CHECK(!gpu_adapter_index(&table, 0, &index));
    CHECK_EQUAL(index, 77);
    CHECK_EQUAL(gpu_replace(&table, inventory, 2, NOW, NOW), BALLAST_SUCCESS);
    CHECK(gpu_adapter_index(&table, 0, &index));
    CHECK_EQUAL(index, 9);
    CHECK(gpu_adapter_index(&table, 1, &index));
    CHECK_EQUAL(index, 4);
    CHECK(!gpu_adapter_index(&table, 2, &index));
    CHECK(!gpu_adapter_index(&table, SIZE_MAX, &index));
    finish();
}

/* ---- readers and a writer ---- */

#define READERS 3

static bool stop;

/* Everything that is pushed or replaced in one go says the same number, in its way. */
static struct ballast_ai_sample numbered_sample(uint32_t index, uint32_t number)
{
    struct ballast_ai_sample sample = sample_of(index, UTILIZATION, number % 1001);
    sample.mask = (1u << BALLAST_AI_GPU_VALUES) - 1;
    sample.source = BALLAST_AI_SOURCE_FIRST_PUSHED + number % 5;
    for (size_t i = 0; i < 6; i++) {
        sample.engine[i] = (uint16_t)('a' + number % 26);
    }
    for (size_t i = 1; i < BALLAST_AI_GPU_VALUES; i++) {
        sample.values[i] = number;
    }
    return sample;
}

static bool belongs_together(const struct ballast_ai_adapter *row, uint64_t generation)
{
    bool good = row->name[0] == 'A' + generation % 26 && row->name[127] == row->name[0] &&
                row->device_id == generation + row->index && row->driver_date[31] == row->name[0];
    if (row->values[1].state == BALLAST_AI_UNKNOWN) {
        return good && row->engine[0] == 0;
    }
    int64_t number = row->values[1].value;
    for (size_t i = 1; i < BALLAST_AI_GPU_VALUES; i++) {
        good &= row->values[i].value == number && row->values[i].source == 4 + number % 5;
    }
    return good && row->values[0].value == number % 1001 && row->engine[0] == 'a' + number % 26 &&
           row->engine[5] == row->engine[0] && row->engine[6] == 0;
}

static void *read_all_the_time(void *argument)
{
    uint64_t *replies = argument;
    struct ballast_ai_gpu_reply *reply = malloc(sizeof(answer));
    uint64_t pushed = 0;
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        size_t written = gpu_reply(&table, NOW, LIFETIME, -1, reply, sizeof(answer));
        bool good = written == 32 + reply->adapters * 624ull && reply->adapters == 1 + reply->inventory_time % 5 &&
                    reply->samples_pushed >= pushed;
        for (uint32_t i = 0; i < reply->adapters && good; i++) {
            good = reply->adapter[i].index == i && belongs_together(&reply->adapter[i], reply->inventory_time);
        }
        struct gpu_summary summary;
        gpu_summarize(&table, NOW, LIFETIME, -1, &summary);
        good &= summary.dedicated_used_bytes.value == summary.temperature_millicelsius.value;
        for (uint32_t i = 0, index; gpu_adapter_index(&table, i, &index); i++) {
            good &= index == i;
        }
        (void)gpu_wants_estimate(&table);
        if (!CHECK(good)) {
            break;
        }
        pushed = reply->samples_pushed;
        (void)__atomic_add_fetch(replies, 1, __ATOMIC_RELAXED);
    }
    free(reply);
    return NULL;
}

static void replace_numbered(uint32_t generation)
{
    static struct gpu_inventory inventory[5];
    uint32_t adapters = 1 + generation % 5;
    for (uint32_t i = 0; i < adapters; i++) {
        inventory[i] = (struct gpu_inventory){.index = i, .device_id = generation + i, .valid = 1};
        for (size_t at = 0; at < BALLAST_AI_NAME_LENGTH; at++) {
            inventory[i].name[at] = (uint16_t)('A' + generation % 26);
            inventory[i].driver_date[at % 32] = inventory[i].name[at];
        }
    }
    CHECK_EQUAL(gpu_replace(&table, inventory, adapters, generation, generation), BALLAST_SUCCESS);
}

static void readers_never_see_half_of_a_change(void)
{
    pthread_t threads[READERS];
    uint64_t replies[READERS] = {0};
    gpu_table_initialize(&table);
    replace_numbered(0);
    stop = false;
    for (size_t i = 0; i < READERS; i++) {
        CHECK_EQUAL(pthread_create(&threads[i], NULL, read_all_the_time, &replies[i]), 0);
    }
    uint32_t generation = 0;
    for (uint32_t number = 1; number <= 100000; number++) {
        struct ballast_ai_sample sample = numbered_sample(number % (1 + generation % 5), number);
        CHECK_EQUAL(gpu_push(&table, &sample, NOW), BALLAST_SUCCESS);
        if (number % 10 == 0) {
            replace_numbered(++generation);
        }
    }
    /* On a busy machine readers may not have had their turn yet. */
    for (size_t i = 0; i < READERS; i++) {
        while (__atomic_load_n(&replies[i], __ATOMIC_RELAXED) == 0) {
            struct ballast_ai_sample sample = numbered_sample(0, 1);
            (void)gpu_push(&table, &sample, NOW);
        }
    }
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
    for (size_t i = 0; i < READERS; i++) {
        CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
    }
    finish();
}

TEST_MAIN({"the_inventory_is_answered", the_inventory_is_answered},
          {"as_many_adapters_as_fit", as_many_adapters_as_fit},
          {"an_empty_table_is_answered", an_empty_table_is_answered},
          {"utilization_is_estimated_only_without_a_sample", utilization_is_estimated_only_without_a_sample},
          {"only_what_may_be_a_gpu_is_estimated", only_what_may_be_a_gpu_is_estimated},
          {"what_is_recorded_in_32_bits_is_never_measured", what_is_recorded_in_32_bits_is_never_measured},
          {"the_inventorys_time_and_age_are_of_two_clocks", the_inventorys_time_and_age_are_of_two_clocks},
          {"samples_merge_and_grow_stale", samples_merge_and_grow_stale},
          {"a_pushed_total_replaces_the_registrys", a_pushed_total_replaces_the_registrys},
          {"wrong_samples_are_refused", wrong_samples_are_refused},
          {"values_are_held_to_their_ranges", values_are_held_to_their_ranges},
          {"samples_stay_with_their_adapter", samples_stay_with_their_adapter},
          {"there_are_at_most_so_many_adapters", there_are_at_most_so_many_adapters},
          {"a_failed_replacement_changes_nothing", a_failed_replacement_changes_nothing},
          {"the_summary_is_of_the_busiest", the_summary_is_of_the_busiest},
          {"an_estimate_is_wanted_until_all_are_measured", an_estimate_is_wanted_until_all_are_measured},
          {"adapters_are_found_by_position", adapters_are_found_by_position},
          {"readers_never_see_half_of_a_change", readers_never_see_half_of_a_change})
