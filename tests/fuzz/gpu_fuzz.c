/* SPDX-License-Identifier: MIT */
/*
 * Fuzzing of samples, and of what the registry says of adapters. Whatever is accepted must be answered within its range.
 */

#include "core/ai/gpu.h"
#include "core/base/platform_host.h"
#include "tests/fuzz/input.h"

#define ADAPTERS        3u
#define MAXIMUM_ACTIONS 24u

static void check_text(const uint16_t *text, size_t capacity)
{
    size_t length = 0;
    for (; text[length] != 0; length++) {
        REQUIRE(length + 1 < capacity && gpu_printable(text[length]));
    }
}

static void check_value(const struct ballast_ai_value *value)
{
    REQUIRE(value->state <= BALLAST_AI_STALE && value->source < BALLAST_AI_SOURCES);
    REQUIRE((value->state == BALLAST_AI_UNKNOWN) == (value->reason != 0));
    REQUIRE(value->state != BALLAST_AI_UNKNOWN || (value->value == 0 && value->age_ms == 0 && value->source == 0));
}

static void check_reply(const struct gpu_table *table, uint64_t now_100ns, uint32_t lifetime_ms, int32_t processes)
{
    const size_t length = sizeof(struct ballast_ai_gpu_reply) + ADAPTERS * sizeof(struct ballast_ai_adapter);
    struct ballast_ai_gpu_reply *reply = malloc(length);
    struct gpu_summary summary;
    REQUIRE(gpu_reply(table, now_100ns, lifetime_ms, processes, reply, length) == length);
    for (size_t i = 0; i < ADAPTERS; i++) {
        const struct ballast_ai_adapter *row = &reply->adapter[i];
        check_text(row->name, BALLAST_AI_NAME_LENGTH);
        check_text(row->engine, BALLAST_AI_SHORT_NAME_LENGTH);
        for (size_t value = 0; value < BALLAST_AI_GPU_VALUES; value++) {
            check_value(&row->values[value]);
            REQUIRE(value == BALLAST_AI_GPU_TEMPERATURE_MILLICELSIUS ? row->values[value].value >= -273150
                                                                     : row->values[value].value >= 0);
        }
        REQUIRE(row->values[BALLAST_AI_GPU_UTILIZATION_PERMILLE].value <= 1000);
    }
    gpu_summarize(table, now_100ns, lifetime_ms, processes, &summary);
    check_value(&summary.utilization_permille);
    check_value(&summary.dedicated_total_bytes);
    REQUIRE(summary.adapters == ADAPTERS && summary.index < ADAPTERS);
    free(reply);
}

static void parse(const uint8_t *data, size_t size, struct gpu_inventory *inventory)
{
    uint16_t *text = malloc(size + 1); /* its own block: its end is watched */
    memcpy(text, data, size);
    gpu_copy_text(inventory->name, BALLAST_AI_NAME_LENGTH, text, size / sizeof(*text));
    if (gpu_parse_matching_id(text, size / sizeof(*text), &inventory->vendor_id, &inventory->device_id)) {
        REQUIRE(inventory->vendor_id <= 0xFFFF && inventory->device_id <= 0xFFFF);
        inventory->valid = BALLAST_AI_ADAPTER_PCI_IDS;
    }
    inventory->dedicated_total_known =
        gpu_parse_memory_size(text, size, &inventory->dedicated_total_bytes) ? 1 + size % 2 : GPU_TOTAL_UNKNOWN;
    uint32_t kind = gpu_kind(text, size / sizeof(*text));
    REQUIRE(kind <= BALLAST_AI_KIND_GPU_PV);
    inventory->valid |= kind << 8;
    free(text);
}

/* Input: what to do next, and its data. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gpu_inventory inventory[ADAPTERS] = {{.index = 0}, {.index = 1}, {.index = 2}};
    struct fuzz_input input = {data, size};
    struct gpu_table table;
    uint64_t now_100ns = 1000000000, blocks, bytes;
    gpu_table_initialize(&table);
    REQUIRE(gpu_replace(&table, inventory, ADAPTERS, now_100ns, 5) == BALLAST_SUCCESS);
    for (unsigned actions = 0; input.left != 0 && actions < MAXIMUM_ACTIONS; actions++) {
        struct ballast_ai_sample sample;
        uint8_t action = (uint8_t)fuzz_take_number(&input, 1);
        now_100ns += (uint64_t)action << (action % 32);
        if (action % 8 == 0) {
            uint8_t text[UINT8_MAX];
            size_t length = fuzz_take(&input, text, action);
            parse(text, length, &inventory[action / 8 % ADAPTERS]);
            REQUIRE(gpu_replace(&table, inventory, ADAPTERS, now_100ns, 5) == BALLAST_SUCCESS);
        } else {
            (void)fuzz_take(&input, &sample, sizeof(sample));
            if (action % 8 != 1) {
                sample.header = (struct ballast_header){sizeof(sample), BALLAST_AI_VERSION, 0};
            }
            ballast_status status = gpu_push(&table, &sample, now_100ns);
            REQUIRE(status == BALLAST_SUCCESS || status == BALLAST_INVALID_PARAMETER || status == BALLAST_NOT_FOUND);
            REQUIRE(status != BALLAST_NOT_FOUND || sample.adapter_index >= ADAPTERS);
        }
        check_reply(&table, now_100ns, action * 10u, (int32_t)(action % 6) - 1);
    }
    gpu_table_destroy(&table);
    platform_host_usage(&blocks, &bytes);
    REQUIRE(blocks == 0);
    return 0;
}
