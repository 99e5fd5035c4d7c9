/* SPDX-License-Identifier: MIT */
/* ballast ai gpu, ballast ai status */

#include "cli/ballast/ai.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

#define NAME_SIZE       (4 * BALLAST_AI_NAME_LENGTH + 1)
#define NAME_COLUMNS    32 /* in the table */
#define SHORT_NAME_SIZE (4 * BALLAST_AI_SHORT_NAME_LENGTH + 1)

static void short_name(const uint16_t *name, char text[SHORT_NAME_SIZE])
{
    text_utf8(name, BALLAST_AI_SHORT_NAME_LENGTH, text, SHORT_NAME_SIZE);
}

/* ---- JSON ---- */

static void json_name(const char *key, const char *text)
{
    if (text[0] != 0) {
        json_text(key, text);
    } else {
        json_null(key);
    }
}

static void json_short_name(const char *key, const uint16_t *name)
{
    char text[SHORT_NAME_SIZE];
    short_name(name, text);
    json_name(key, text);
}

static void print_adapter_json(const struct ballast_ai_adapter *adapter)
{
    char name[NAME_SIZE];
    text_utf8(adapter->name, BALLAST_AI_NAME_LENGTH, name, sizeof(name));
    json_open(NULL, '{');
    json_number("index", adapter->index);
    json_name("name", name);
    if ((adapter->valid & BALLAST_AI_ADAPTER_PCI_IDS) != 0) {
        json_number("vendor_id", adapter->vendor_id);
        json_number("device_id", adapter->device_id);
    } else {
        json_null("vendor_id");
        json_null("device_id");
    }
    json_text("kind", text_kind(adapter->valid));
    json_short_name("driver_version", adapter->driver_version);
    json_short_name("driver_date", adapter->driver_date);
    json_short_name("engine", adapter->engine);
    for (size_t i = 0; i < BALLAST_AI_GPU_VALUES; i++) {
        ai_json_value(text_gpu_values[i].json, &adapter->values[i]);
    }
    json_close('}');
}

static void print_gpus_json(const struct ballast_ai_gpu_reply *reply, const struct ballast_ai_adapter *only)
{
    json_open(NULL, '{');
    ai_json_time("inventory_time", reply->inventory_time);
    json_number("samples_pushed", reply->samples_pushed);
    json_open("gpus", '[');
    for (uint32_t i = 0; i < reply->adapters_returned; i++) {
        if (only == NULL || only == &reply->adapter[i]) {
            print_adapter_json(&reply->adapter[i]);
        }
    }
    json_close(']');
    json_close('}');
    json_end();
}

/* ---- text ---- */

static void add_row(struct table *table, const struct ballast_ai_adapter *adapter, struct text_notes *notes)
{
    static const enum ballast_ai_gpu_value shown[] = {
        BALLAST_AI_GPU_UTILIZATION_PERMILLE,  BALLAST_AI_GPU_DEDICATED_USED_BYTES,
        BALLAST_AI_GPU_DEDICATED_TOTAL_BYTES, BALLAST_AI_GPU_TEMPERATURE_MILLICELSIUS,
        BALLAST_AI_GPU_POWER_MILLIWATTS,      BALLAST_AI_GPU_CORE_CLOCK_HZ,
    };
    char(*cells)[TABLE_CELL_SIZE] = table_add(table);
    if (cells == NULL) {
        return;
    }
    (void)snprintf(cells[0], TABLE_CELL_SIZE, "%u", adapter->index);
    text_utf8(adapter->name, BALLAST_AI_NAME_LENGTH, cells[1], TABLE_CELL_SIZE);
    text_cut(cells[1], NAME_COLUMNS);
    short_name(adapter->engine, cells[2]);
    for (size_t i = 1; i <= 2; i++) {
        if (cells[i][0] == 0) {
            memcpy(cells[i], "-", 2);
        }
    }
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
        const struct text_gpu_value *value = &text_gpu_values[shown[i]];
        text_value(&adapter->values[shown[i]], value->unit, value->name, notes, cells[3 + i]);
    }
}

static void print_gpus(const struct ballast_ai_gpu_reply *reply)
{
    static const struct table_column columns[] = {
        {"GPU", true}, {"NAME", false}, {"ENGINE", false}, {"USE", true},   {"MEMORY", true},
        {"OF", true},  {"TEMP", true},  {"POWER", true},   {"CLOCK", true},
    };
    struct text_notes notes = {0};
    struct table table = {.columns = columns, .column_count = sizeof(columns) / sizeof(columns[0])};
    if (reply->adapters_returned == 0) {
        print("There are no GPUs in the registry.\n");
        return;
    }
    for (uint32_t i = 0; i < reply->adapters_returned; i++) {
        add_row(&table, &reply->adapter[i], &notes);
    }
    table_write(&table, print_table_line, NULL);
    table_free(&table);
    ai_print_footnotes(&notes);
}

static const char *vendor_name(uint32_t vendor)
{
    switch (vendor) {
    case 0x10DE:
        return " (NVIDIA)";
    case 0x1002:
        return " (AMD)";
    case 0x8086:
        return " (Intel)";
    case 0x1414:
        return " (Microsoft)";
    default:
        return "";
    }
}

static void print_value(const struct ballast_ai_adapter *adapter, size_t index)
{
    char heading[32];
    char cell[TEXT_CELL_SIZE];
    char age[TEXT_CELL_SIZE];
    char engine[SHORT_NAME_SIZE];
    const struct ballast_ai_value *value = &adapter->values[index];
    (void)snprintf(heading, sizeof(heading), "%s:", text_gpu_values[index].name);
    heading[0] = (char)(heading[0] - 'a' + 'A');
    if (value->state == BALLAST_AI_UNKNOWN) {
        print("%-16s  -  %s\n", heading, text_reason_explained(value->reason));
        return;
    }
    text_value(value, text_gpu_values[index].unit, "", NULL, cell);
    text_age(value->age_ms, age);
    short_name(adapter->engine, engine);
    bool named = index == BALLAST_AI_GPU_UTILIZATION_PERMILLE && engine[0] != 0;
    print("%-16s  %s%s%s  %s", heading, cell, named ? "  engine " : "", named ? engine : "", text_state(value->state));
    if (value->source == BALLAST_AI_SOURCE_REGISTRY) {
        print(", registry\n");
    } else if (value->source == BALLAST_AI_SOURCE_REGISTRY_32) {
        print(", the registry has 32 bits of it\n");
    } else if (value->state == BALLAST_AI_ESTIMATED) {
        print(" from the number of AI processes\n");
    } else {
        print(", %s, %s ago\n", text_source(value->source), age);
    }
}

static void print_adapter(const struct ballast_ai_adapter *adapter)
{
    char name[NAME_SIZE];
    char version[SHORT_NAME_SIZE];
    char date[SHORT_NAME_SIZE];
    text_utf8(adapter->name, BALLAST_AI_NAME_LENGTH, name, sizeof(name));
    short_name(adapter->driver_version, version);
    short_name(adapter->driver_date, date);
    print("GPU:              %u\n", adapter->index);
    print("Name:             %s\n", name[0] != 0 ? name : "-  not recorded in the registry");
    if ((adapter->valid & BALLAST_AI_ADAPTER_PCI_IDS) != 0) {
        print("PCI:              vendor 0x%04x%s, device 0x%04x\n", adapter->vendor_id, vendor_name(adapter->vendor_id),
              adapter->device_id);
    } else {
        print("PCI:              -  not recorded in the registry\n");
    }
    print("Kind:             %s\n", text_kind(adapter->valid));
    print("Driver version:   %s\n", version[0] != 0 ? version : "-  not recorded in the registry");
    print("Driver date:      %s\n", date[0] != 0 ? date : "-  not recorded in the registry");
    for (size_t i = 0; i < BALLAST_AI_GPU_VALUES; i++) {
        print_value(adapter, i);
    }
}

static ballast_result find_adapter(const struct ballast_ai_gpu_reply *reply, const wchar_t *text,
                                   const struct ballast_ai_adapter **adapter)
{
    wchar_t *end;
    unsigned long number = wcstoul(text, &end, 10);
    if (text[0] < L'0' || text[0] > L'9' || *end != 0 || wcslen(text) > 5) {
        print_error("error: '%s' is not the number of a GPU; 'ballast ai gpu' shows them\n", utf8(text));
        return BALLAST_INVALID_ARGUMENT;
    }
    for (uint32_t i = 0; i < reply->adapters_returned; i++) {
        if (reply->adapter[i].index == number) {
            *adapter = &reply->adapter[i];
            return BALLAST_OK;
        }
    }
    print_error("error: there is no GPU %lu; 'ballast ai gpu' shows them\n", number);
    return BALLAST_NOT_FOUND;
}

static ballast_result show_gpus(ballast_ai *ai, const struct arguments *arguments)
{
    ballast_error error;
    struct ballast_ai_gpu_reply *reply;
    const struct ballast_ai_adapter *only = NULL;
    ballast_result result =
        ballast_ai_gpus(ai, option_given(arguments, L"refresh") ? BALLAST_AI_GPU_REFRESH : 0, &reply, &error);
    if (result != BALLAST_OK) {
        return fail(result, &error);
    }
    if (arguments->position_count != 0) {
        result = find_adapter(reply, arguments->positions[0], &only);
    }
    if (result == BALLAST_OK && arguments->json) {
        print_gpus_json(reply, only);
    } else if (result == BALLAST_OK && only != NULL) {
        print_adapter(only);
    } else if (result == BALLAST_OK) {
        print_gpus(reply);
    }
    ballast_ai_release(reply);
    return result;
}

ballast_result ai_gpu(const struct arguments *arguments)
{
    return ai_repeat(arguments, show_gpus);
}

/* ---- status ---- */

static const struct {
    const char *heading;
    const char *json;
    size_t offset;
} counters[] = {
    {"Samples pushed:", "samples_pushed", offsetof(struct ballast_ai_driver_reply, samples_pushed)},
    {"Process lists:", "enumerations", offsetof(struct ballast_ai_driver_reply, enumerations)},
    {"Lists read again:", "enumeration_retries", offsetof(struct ballast_ai_driver_reply, enumeration_retries)},
    {"Probe started:", "probe_starts", offsetof(struct ballast_ai_driver_reply, probe_starts)},
    {"Probes:", "probes", offsetof(struct ballast_ai_driver_reply, probes)},
    {"Registry reads:", "inventory_reads", offsetof(struct ballast_ai_driver_reply, inventory_reads)},
    {"Rule reloads:", "rule_reloads", offsetof(struct ballast_ai_driver_reply, rule_reloads)},
    {"Priority boosts:", "priority_boosts", offsetof(struct ballast_ai_driver_reply, priority_boosts)},
};
#define COUNTERS (sizeof(counters) / sizeof(counters[0]))

static uint64_t counter(const struct ballast_ai_driver_reply *reply, size_t i)
{
    return *(const uint64_t *)(const void *)((const char *)reply + counters[i].offset);
}

static void print_status_json(const struct ballast_ai_driver_reply *reply)
{
    char version[32];
    (void)snprintf(version, sizeof(version), "%u.%u.%u", reply->version >> 16, reply->version >> 8 & 255,
                   reply->version & 255);
    json_open(NULL, '{');
    json_text("version", version);
    json_number("sample_lifetime_ms", reply->sample_lifetime_ms);
    json_bool("probe_armed", reply->probe_armed != 0);
    json_number("registered_runtimes", reply->registered_runtimes);
    for (size_t i = 0; i < COUNTERS; i++) {
        json_number(counters[i].json, counter(reply, i));
    }
    json_open("memory", '[');
    for (size_t i = 0; i < BALLAST_POOL_TAGS; i++) {
        if (reply->pool[i].tag != 0) {
            char tag[5] = {0};
            memcpy(tag, &reply->pool[i].tag, 4);
            json_open(NULL, '{');
            json_text("tag", tag);
            json_number("blocks", reply->pool[i].blocks);
            json_number("bytes", reply->pool[i].bytes);
            json_close('}');
        }
    }
    json_close(']');
    json_close('}');
    json_end();
}

static void print_status(const struct ballast_ai_driver_reply *reply)
{
    char lifetime[TEXT_CELL_SIZE];
    uint64_t blocks = 0;
    uint64_t bytes = 0;
    text_age(reply->sample_lifetime_ms, lifetime);
    print("Version:          %u.%u.%u\n", reply->version >> 16, reply->version >> 8 & 255, reply->version & 255);
    print("Samples live:     %s\n", lifetime);
    print("Probe:            %s\n", reply->probe_armed != 0 ? "running" : "idle");
    print("Runtimes:         %u registered\n", reply->registered_runtimes);
    for (size_t i = 0; i < COUNTERS; i++) {
        print("%-17s %llu\n", counters[i].heading, (unsigned long long)counter(reply, i));
    }
    for (size_t i = 0; i < BALLAST_POOL_TAGS; i++) {
        blocks += reply->pool[i].blocks;
        bytes += reply->pool[i].bytes;
    }
    print("Memory:           %s in %llu blocks\n", size_text(bytes), (unsigned long long)blocks);
}

static ballast_result show_status(ballast_ai *ai, const struct arguments *arguments)
{
    ballast_error error;
    struct ballast_ai_driver_reply reply;
    ballast_result result = ballast_ai_driver(ai, &reply, &error);
    if (result != BALLAST_OK) {
        return fail(result, &error);
    }
    if (arguments->json) {
        print_status_json(&reply);
    } else {
        print_status(&reply);
    }
    return BALLAST_OK;
}

ballast_result ai_status(const struct arguments *arguments)
{
    return ai_repeat(arguments, show_status);
}
