/* SPDX-License-Identifier: MIT */
/*
 * The behaviour table of the AI driver: what each request of its own interface answers. One source for all rungs; the
 * pool, the Codex client tables and the defects of the original are in ai_pool.c, ai_codex.c and ai_defects.c.
 *
 * The program needs a loaded driver without parameters.
 */

#include "tests/behaviour/ai_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct target_handle *ai_device(void)
{
    static struct target_handle *device;
    if (device == NULL) {
        uint32_t status;
        device = target_open("BallastAi", TARGET_READ_WRITE, &status);
        if (device == NULL) {
            printf("# \\Device\\BallastAi cannot be opened: 0x%08x\n", (unsigned)status);
            exit(1);
        }
    }
    return device;
}

uint32_t ai_request(uint32_t code, const void *input, size_t input_length, void *output, size_t output_length,
                    size_t *information)
{
    return target_ioctl(ai_device(), code, input, input_length, output, output_length, information);
}

uint32_t ai_gpus(union ai_gpus *gpus, bool refresh)
{
    struct ballast_ai_gpu_query query = {{sizeof(query), BALLAST_AI_VERSION, refresh ? BALLAST_AI_GPU_REFRESH : 0}};
    memset(gpus, 0, sizeof(*gpus));
    return ai_request(BALLAST_IOCTL_AI_QUERY_GPUS, &query, sizeof(query), gpus, sizeof(*gpus), NULL);
}

const struct ballast_ai_adapter *ai_find_adapter(const union ai_gpus *gpus, uint32_t index)
{
    for (uint32_t i = 0; i < gpus->head.adapters_returned; i++) {
        if (gpus->head.adapter[i].index == index) {
            return &gpus->head.adapter[i];
        }
    }
    test_note("adapter %u is not listed", (unsigned)index);
    CHECK(false);
    return NULL;
}

uint32_t ai_processes(union ai_processes *processes)
{
    struct ballast_ai_process_query query = {.header = HEADER(query), .maximum_age_ms = 1};
    system_pause_ms(2);
    memset(processes, 0, sizeof(*processes));
    return ai_request(BALLAST_IOCTL_AI_QUERY_PROCESSES, &query, sizeof(query), processes, sizeof(*processes), NULL);
}

/* ---- opening, codes, lengths, headers ---- */

static void names(void)
{
    static const char *const links[] = {"BallastAi", "AIDriver", "AI_Driver", "CodexAiDriver"};
    char path[64];
    (void)ai_device();
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
        test_note("%s", links[i]);
        CHECK(target_link(links[i], path, sizeof(path)) && strcmp(path, "\\Device\\BallastAi") == 0);
    }
}

static void unknown_codes(void)
{
    static const uint32_t codes[] = {0,
                                     0x222000,
                                     0x222024,
                                     0x222028,
                                     0x223000,
                                     0x223028,
                                     0x70000,
                                     0x83722000,
                                     BALLAST_IOCTL_AI_QUERY_GPUS + 3,
                                     BALLAST_AI_CODE(0x900, BALLAST_ACCESS_ANY)};
    unsigned char buffer[64] = {0};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        test_note("code 0x%08x", (unsigned)codes[i]);
        CHECK_EQUAL(ai_request(codes[i], buffer, sizeof(buffer), buffer, sizeof(buffer), NULL), INVALID_DEVICE_REQUEST);
    }
}

struct row {
    const char *name;
    uint32_t code;
    uint32_t input; /* size of the structure */
    uint32_t output;
    bool optional; /* the input */
};

static const struct row rows[] = {
    {"gpus", BALLAST_IOCTL_AI_QUERY_GPUS, 8, sizeof(struct ballast_ai_gpu_reply), true},
    {"processes", BALLAST_IOCTL_AI_QUERY_PROCESSES, 16, sizeof(struct ballast_ai_process_reply), true},
    {"scheduler", BALLAST_IOCTL_AI_QUERY_SCHEDULER, 16, sizeof(struct ballast_ai_scheduler_reply), true},
    {"rules", BALLAST_IOCTL_AI_QUERY_RULES, 8, sizeof(struct ballast_ai_rule_reply), true},
    {"pool", BALLAST_IOCTL_AI_QUERY_POOL, 8, BALLAST_AI_POOL_REPLY_SHORT, true},
    {"owners", BALLAST_IOCTL_AI_QUERY_OWNERS, 8, sizeof(struct ballast_ai_owner_reply), true},
    {"blocks", BALLAST_IOCTL_AI_QUERY_BLOCKS, 8, sizeof(struct ballast_ai_block_reply), true},
    {"driver", BALLAST_IOCTL_AI_QUERY_DRIVER, 8, sizeof(struct ballast_ai_driver_reply), true},
    {"allocate", BALLAST_IOCTL_AI_ALLOCATE, 24, sizeof(struct ballast_ai_mapping), false},
    {"free", BALLAST_IOCTL_AI_FREE, 24, 0, false},
    {"grant", BALLAST_IOCTL_AI_GRANT, 24, 0, false},
    {"map", BALLAST_IOCTL_AI_MAP, 24, sizeof(struct ballast_ai_mapping), false},
    {"unmap", BALLAST_IOCTL_AI_UNMAP, 24, 0, false},
    {"push", BALLAST_IOCTL_AI_PUSH_SAMPLE, sizeof(struct ballast_ai_sample), 0, false},
    {"reload", BALLAST_IOCTL_AI_RELOAD_RULES, 8, sizeof(struct ballast_ai_rule_reply), true},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void input_lengths(void)
{
    for (size_t i = 0; i < ROWS; i++) {
        for (uint32_t length = 0; length < rows[i].input; length++) {
            unsigned char input[256] = {0};
            unsigned char output[1024];
            struct ballast_header header = {length, BALLAST_AI_VERSION, 0};
            memcpy(input, &header, sizeof(header));
            if (length == 0 && rows[i].optional) {
                continue;
            }
            test_note("%s, %u bytes", rows[i].name, (unsigned)length);
            CHECK_EQUAL(ai_request(rows[i].code, input, length, output, sizeof(output), NULL), INVALID_PARAMETER);
        }
    }
}

static void headers(void)
{
    for (size_t i = 0; i < ROWS; i++) {
        const uint32_t size = rows[i].input;
        const struct ballast_header wrong[] = {{size - 1, BALLAST_AI_VERSION, 0},   {size + 1, BALLAST_AI_VERSION, 0},
                                               {0, BALLAST_AI_VERSION, 0},          {size, 0, 0},
                                               {size, BALLAST_AI_VERSION + 1, 0},   {size, BALLAST_AI_VERSION, 0x8000},
                                               {0xFFFFFFFFu, BALLAST_AI_VERSION, 0}};
        for (size_t j = 0; j < sizeof(wrong) / sizeof(wrong[0]); j++) {
            unsigned char input[256] = {0};
            unsigned char output[1024];
            memcpy(input, &wrong[j], sizeof(wrong[j]));
            test_note("%s, header %u", rows[i].name, (unsigned)j);
            CHECK_EQUAL(ai_request(rows[i].code, input, size, output, sizeof(output), NULL), INVALID_PARAMETER);
        }
    }
}

static void output_lengths(void)
{
    for (size_t i = 0; i < ROWS; i++) {
        unsigned char input[256] = {0};
        unsigned char output[1024];
        struct ballast_header header = {rows[i].input, BALLAST_AI_VERSION, 0};
        memcpy(input, &header, sizeof(header));
        if (rows[i].output == 0) {
            continue;
        }
        test_note("%s", rows[i].name);
        size_t information = 1;
        CHECK_EQUAL(ai_request(rows[i].code, input, rows[i].input, output, rows[i].output - 1, &information),
                    BUFFER_TOO_SMALL);
        CHECK_EQUAL(information, 0);
    }
}

/* A larger structure of a later client is taken; what it adds is ignored. */
static void larger_input(void)
{
    unsigned char input[64] = {0};
    struct ballast_header header = {48, BALLAST_AI_VERSION, 0};
    struct ballast_ai_pool_reply pool;
    memcpy(input, &header, sizeof(header));
    input[40] = 7;
    CHECK_EQUAL(ai_request(BALLAST_IOCTL_AI_QUERY_POOL, input, 48, &pool, sizeof(pool), NULL), SUCCESS);
}

static void access_rights(void)
{
    struct target_handle *query = target_open("BallastAi", TARGET_QUERY, NULL);
    struct ballast_ai_pool_reply pool;
    struct ballast_ai_allocate allocate = {.header = HEADER(allocate), .size_bytes = 4096};
    struct ballast_ai_mapping mapping;
    CHECK(query != NULL);
    CHECK_EQUAL(target_ioctl(query, BALLAST_IOCTL_AI_QUERY_POOL, NULL, 0, &pool, sizeof(pool), NULL), SUCCESS);
    CHECK_EQUAL(
        target_ioctl(query, BALLAST_IOCTL_AI_ALLOCATE, &allocate, sizeof(allocate), &mapping, sizeof(mapping), NULL),
        ACCESS_DENIED);
    for (size_t i = 9; i < ROWS; i++) {
        unsigned char input[256] = {0};
        test_note("%s", rows[i].name);
        CHECK_EQUAL(target_ioctl(query, rows[i].code, input, rows[i].input, NULL, 0, NULL), ACCESS_DENIED);
    }
    target_close(query);
}

/* ---- GPUs ---- */

static void add_adapter(const char *number, const char *name, const char *id, uint32_t memory_type, const void *memory,
                        size_t memory_length)
{
    CHECK(system_registry_set_text(SYSTEM_DISPLAY_CLASS, number, "DriverDesc", SYSTEM_TEXT, name));
    CHECK(system_registry_set_text(SYSTEM_DISPLAY_CLASS, number, "DriverVersion", SYSTEM_TEXT, "31.0.15.5222"));
    CHECK(system_registry_set_text(SYSTEM_DISPLAY_CLASS, number, "DriverDate", SYSTEM_TEXT, "5-15-2026"));
    CHECK(system_registry_set_text(SYSTEM_DISPLAY_CLASS, number, "MatchingDeviceId", SYSTEM_TEXT, id));
    if (memory != NULL) {
        CHECK(system_registry_set(SYSTEM_DISPLAY_CLASS, number,
                                  memory_length == 8 ? "HardwareInformation.qwMemorySize"
                                                     : "HardwareInformation.MemorySize",
                                  memory_type, memory, memory_length));
    }
}

static bool has_text(const uint16_t *text, const char *expected)
{
    size_t i = 0;
    while (expected[i] != 0 && text[i] == (unsigned char)expected[i]) {
        i++;
    }
    return expected[i] == 0 && text[i] == 0;
}

static bool keys_are_adapters = true;

static bool listed(const union ai_gpus *gpus, uint32_t index)
{
    for (uint32_t i = 0; i < gpus->head.adapters_returned; i++) {
        if (gpus->head.adapter[i].index == index) {
            return true;
        }
    }
    return false;
}

static void adapters(void)
{
    static const uint64_t large = 24ull << 30;
    static const uint32_t small = 0x80000000u;
    union ai_gpus gpus;
    (void)ai_device();
    add_adapter("0091", "Ballast Test RTX", "pci\\ven_10de&dev_2684&subsys_1", SYSTEM_QWORD, &large, sizeof(large));
    add_adapter("0092", "Old Card", "PCI\\VEN_1002&DEV_1234", SYSTEM_BINARY, &small, sizeof(small));
    add_adapter("0093", "Bare", "ROOT\\BASICRENDER", 0, NULL, 0);
    CHECK(system_registry_set_text(SYSTEM_DISPLAY_CLASS, "Properties", "DriverDesc", SYSTEM_TEXT, "not an adapter"));
    CHECK_EQUAL(ai_gpus(&gpus, true), SUCCESS);
    CHECK(gpus.head.inventory_time != 0);
    keys_are_adapters = target_kind() != TARGET_WINDOWS || listed(&gpus, 91);
    if (!keys_are_adapters) { /* Windows knows better: these have no device */
        CHECK(!listed(&gpus, 92) && !listed(&gpus, 93));
        return;
    }
    CHECK(gpus.head.adapters >= 3);

    const struct ballast_ai_adapter *adapter = ai_find_adapter(&gpus, 91);
    CHECK(adapter != NULL && has_text(adapter->name, "Ballast Test RTX") &&
          has_text(adapter->driver_date, "5-15-2026") && has_text(adapter->driver_version, "31.0.15.5222"));
    CHECK(adapter != NULL && adapter->valid == (BALLAST_AI_ADAPTER_PCI_IDS | BALLAST_AI_KIND_HARDWARE << 8) &&
          adapter->vendor_id == 0x10DE && adapter->device_id == 0x2684);
    const struct ballast_ai_value *total = &adapter->values[BALLAST_AI_GPU_DEDICATED_TOTAL_BYTES];
    CHECK(total->state == BALLAST_AI_MEASURED && total->source == BALLAST_AI_SOURCE_REGISTRY &&
          total->value == (int64_t)large);
    adapter = ai_find_adapter(&gpus, 92);
    CHECK(adapter != NULL);
    total = &adapter->values[BALLAST_AI_GPU_DEDICATED_TOTAL_BYTES]; /* 32 bits say little */
    CHECK(total->value == small && total->state == BALLAST_AI_ESTIMATED &&
          total->source == BALLAST_AI_SOURCE_REGISTRY_32);
    adapter = ai_find_adapter(&gpus, 93);
    CHECK(adapter != NULL && adapter->valid == BALLAST_AI_KIND_SOFTWARE << 8);
    total = &adapter->values[BALLAST_AI_GPU_DEDICATED_TOTAL_BYTES];
    CHECK(total->state == BALLAST_AI_UNKNOWN && total->reason == BALLAST_AI_REASON_NOT_RECORDED && total->value == 0);
    CHECK(adapter->values[BALLAST_AI_GPU_TEMPERATURE_MILLICELSIUS].state == BALLAST_AI_UNKNOWN);
    CHECK(adapter->values[BALLAST_AI_GPU_UTILIZATION_PERMILLE].state == BALLAST_AI_UNKNOWN); /* the processor draws */
    adapter = ai_find_adapter(&gpus, 92);
    CHECK(adapter != NULL && adapter->values[BALLAST_AI_GPU_UTILIZATION_PERMILLE].state == BALLAST_AI_ESTIMATED);
}

static struct ballast_ai_sample sample_of(uint32_t adapter, uint32_t index, int64_t value)
{
    struct ballast_ai_sample sample = {.header = HEADER(sample), .adapter_index = adapter, .mask = 1u << index};
    sample.source = BALLAST_AI_SOURCE_NVML;
    sample.values[index] = value;
    return sample;
}

static uint32_t push(const struct ballast_ai_sample *sample)
{
    return ai_request(BALLAST_IOCTL_AI_PUSH_SAMPLE, sample, sizeof(*sample), NULL, 0, NULL);
}

static void samples(void)
{
    union ai_gpus gpus;
    struct ballast_ai_sample sample = sample_of(91, BALLAST_AI_GPU_UTILIZATION_PERMILLE, 734);
    if (!keys_are_adapters) {
        return;
    }
    sample.engine[0] = '3';
    sample.engine[1] = 'D';
    CHECK_EQUAL(push(&sample), SUCCESS);
    sample = sample_of(91, BALLAST_AI_GPU_TEMPERATURE_MILLICELSIUS, -5000);
    sample.age_ms = 60000;
    CHECK_EQUAL(push(&sample), SUCCESS);
    CHECK_EQUAL(ai_gpus(&gpus, false), SUCCESS);
    const struct ballast_ai_adapter *adapter = ai_find_adapter(&gpus, 91);
    CHECK(adapter != NULL && has_text(adapter->engine, "3D"));
    const struct ballast_ai_value *value = &adapter->values[BALLAST_AI_GPU_UTILIZATION_PERMILLE];
    CHECK(value->state == BALLAST_AI_MEASURED && value->value == 734 && value->source == BALLAST_AI_SOURCE_NVML &&
          value->age_ms < 10000);
    value = &adapter->values[BALLAST_AI_GPU_TEMPERATURE_MILLICELSIUS];
    CHECK(value->state == BALLAST_AI_STALE && value->value == -5000 && value->age_ms >= 60000);
    adapter = ai_find_adapter(&gpus, 92);
    CHECK(adapter != NULL && adapter->values[BALLAST_AI_GPU_UTILIZATION_PERMILLE].state == BALLAST_AI_ESTIMATED);
}

static void wrong_samples(void)
{
    struct ballast_ai_sample sample = sample_of(91, BALLAST_AI_GPU_UTILIZATION_PERMILLE, 1001);
    if (!keys_are_adapters) {
        return;
    }
    CHECK_EQUAL(push(&sample), INVALID_PARAMETER);
    sample.values[BALLAST_AI_GPU_UTILIZATION_PERMILLE] = -1;
    CHECK_EQUAL(push(&sample), INVALID_PARAMETER);
    sample = sample_of(91, BALLAST_AI_GPU_UTILIZATION_PERMILLE, 1);
    sample.mask = 0;
    CHECK_EQUAL(push(&sample), INVALID_PARAMETER);
    sample.mask = 0xFFFFFFFFu;
    CHECK_EQUAL(push(&sample), INVALID_PARAMETER);
    sample = sample_of(91, BALLAST_AI_GPU_POWER_MILLIWATTS, 1);
    sample.source = BALLAST_AI_SOURCE_REGISTRY;
    CHECK_EQUAL(push(&sample), INVALID_PARAMETER);
    sample = sample_of(91, BALLAST_AI_GPU_UTILIZATION_PERMILLE, 1);
    memset(sample.engine, 'x', sizeof(sample.engine));
    CHECK_EQUAL(push(&sample), INVALID_PARAMETER);
    sample = sample_of(9999, BALLAST_AI_GPU_UTILIZATION_PERMILLE, 1);
    CHECK_EQUAL(push(&sample), NOT_FOUND);
}

/* As many adapters as fit. */
static void few_adapters(void)
{
    union ai_gpus gpus;
    size_t information;
    if (!keys_are_adapters) {
        return;
    }
    CHECK_EQUAL(ai_request(BALLAST_IOCTL_AI_QUERY_GPUS, NULL, 0, &gpus,
                           sizeof(gpus.head) + sizeof(gpus.head.adapter[0]) + 1, &information),
                SUCCESS);
    CHECK_EQUAL(information, sizeof(gpus.head) + sizeof(gpus.head.adapter[0]));
    CHECK(gpus.head.adapters >= 3 && gpus.head.adapters_returned == 1);
}

static void adapter_removed(void)
{
    union ai_gpus gpus;
    if (!keys_are_adapters) {
        return;
    }
    CHECK_EQUAL(ai_gpus(&gpus, true), SUCCESS);
    uint32_t before = gpus.head.adapters;
    system_registry_delete(SYSTEM_DISPLAY_CLASS, "0092", NULL);
    CHECK_EQUAL(ai_gpus(&gpus, false), SUCCESS);
    /* Where drivers are told of devices that leave, nobody has to ask for that. */
    CHECK_EQUAL(gpus.head.adapters, before - (target_kind() == TARGET_SIMULATION && !target_is_nt52() ? 1 : 0));
    CHECK_EQUAL(ai_gpus(&gpus, true), SUCCESS);
    CHECK_EQUAL(gpus.head.adapters, before - 1);
    const struct ballast_ai_adapter *adapter = ai_find_adapter(&gpus, 91);
    CHECK(adapter != NULL && adapter->values[BALLAST_AI_GPU_UTILIZATION_PERMILLE].value == 734);
    system_registry_delete(SYSTEM_DISPLAY_CLASS, "0091", NULL);
    system_registry_delete(SYSTEM_DISPLAY_CLASS, "0093", NULL);
    system_registry_delete(SYSTEM_DISPLAY_CLASS, "Properties", NULL);
    CHECK_EQUAL(ai_gpus(&gpus, true), SUCCESS);
}

/* ---- processes and rules ---- */

static const struct ballast_ai_process *find_process(const union ai_processes *processes, uint32_t id)
{
    for (uint32_t i = 0; i < processes->head.processes_returned; i++) {
        if (processes->head.process[i].process_id == id) {
            return &processes->head.process[i];
        }
    }
    return NULL;
}

static void processes(void)
{
    union ai_processes list;
    CHECK_EQUAL(ai_processes(&list), SUCCESS);
    uint32_t before = list.head.processes;
    uint32_t python = system_process_start("Python3.exe");
    uint32_t other = system_process_start("notepad-like.exe");
    CHECK(python != 0 && other != 0);
    CHECK_EQUAL(ai_processes(&list), SUCCESS);
    CHECK_EQUAL(list.head.processes, before + 1);
    CHECK(list.head.system_processes >= 2 && list.head.system_threads >= list.head.threads && list.head.age_ms < 1000);
    const struct ballast_ai_process *row = find_process(&list, python);
    CHECK(row != NULL && has_text(row->name, "Python3.exe") && row->name_length == 11 && row->threads >= 1 &&
          row->create_time != 0 && row->working_set_bytes != 0 && row->rule == 0);
    CHECK(find_process(&list, other) == NULL);
    system_process_stop(python);
    CHECK_EQUAL(ai_processes(&list), SUCCESS);
    CHECK_EQUAL(list.head.processes, before);
    system_process_stop(other);
}

/* A list that is young enough is not made anew. */
static void cached_processes(void)
{
    struct ballast_ai_process_query query = {.header = HEADER(query), .maximum_age_ms = 60000};
    struct ballast_ai_driver_reply before;
    struct ballast_ai_driver_reply after;
    union ai_processes list;
    CHECK_EQUAL(ai_processes(&list), SUCCESS);
    CHECK_EQUAL(ai_request(BALLAST_IOCTL_AI_QUERY_DRIVER, NULL, 0, &before, sizeof(before), NULL), SUCCESS);
    for (int i = 0; i < 100; i++) {
        CHECK_EQUAL(ai_request(BALLAST_IOCTL_AI_QUERY_PROCESSES, &query, sizeof(query), &list, sizeof(list), NULL),
                    SUCCESS);
    }
    CHECK_EQUAL(ai_request(BALLAST_IOCTL_AI_QUERY_DRIVER, NULL, 0, &after, sizeof(after), NULL), SUCCESS);
    CHECK_EQUAL(after.enumerations, before.enumerations);
    query.reserved = 1;
    CHECK_EQUAL(ai_request(BALLAST_IOCTL_AI_QUERY_PROCESSES, &query, sizeof(query), &list, sizeof(list), NULL),
                INVALID_PARAMETER);
}

union ai_rules {
    struct ballast_ai_rule_reply head;
    unsigned char
        room[sizeof(struct ballast_ai_rule_reply) + BALLAST_AI_MAXIMUM_RULES * sizeof(struct ballast_ai_rule)];
};

static uint32_t reload(union ai_rules *rules)
{
    static union ai_rules unused;
    if (rules == NULL) {
        rules = &unused;
    }
    memset(rules, 0, sizeof(*rules));
    return ai_request(BALLAST_IOCTL_AI_RELOAD_RULES, NULL, 0, rules, sizeof(*rules), NULL);
}

static void rules(void)
{
    static union ai_rules now;
    union ai_processes list;
    CHECK_EQUAL(ai_request(BALLAST_IOCTL_AI_QUERY_RULES, NULL, 0, &now, sizeof(now), NULL), SUCCESS);
    CHECK(now.head.rules == 21 && now.head.from_registry == 0 && now.head.rule[0].kind == BALLAST_AI_RULE_WORD &&
          now.head.rule[0].text_length == 6);
    uint32_t generation = now.head.generation;
    uint32_t trainer = system_process_start("my-trainer-7.exe");
    uint32_t python = system_process_start("python.exe");
    CHECK(system_registry_set_text(SYSTEM_PARAMETERS, NULL, "Rules", SYSTEM_MULTI,
                                   "exact:llama.exe\nglob:*-TRAINER-?.exe\n"));
    CHECK_EQUAL(ai_processes(&list), SUCCESS);
    CHECK(find_process(&list, trainer) == NULL && find_process(&list, python) != NULL);
    CHECK_EQUAL(reload(&now), SUCCESS);
    CHECK(now.head.rules == 2 && now.head.from_registry == 1 && now.head.generation == generation + 1 &&
          now.head.rule[0].kind == BALLAST_AI_RULE_EXACT && now.head.rule[1].kind == BALLAST_AI_RULE_GLOB);
    CHECK_EQUAL(ai_processes(&list), SUCCESS);
    const struct ballast_ai_process *row = find_process(&list, trainer);
    CHECK(row != NULL && row->rule == 1 && find_process(&list, python) == NULL);
    CHECK_EQUAL(list.head.rules_generation, generation + 1);

    /* A wrong rule is refused, and the rules stay. */
    CHECK(system_registry_set_text(SYSTEM_PARAMETERS, NULL, "Rules", SYSTEM_MULTI, "python\nregex:.*\n"));
    CHECK_EQUAL(reload(NULL), INVALID_PARAMETER);
    CHECK(system_registry_set_text(SYSTEM_PARAMETERS, NULL, "Rules", SYSTEM_TEXT, "python"));
    CHECK_EQUAL(reload(NULL), INVALID_PARAMETER);
    CHECK_EQUAL(ai_request(BALLAST_IOCTL_AI_QUERY_RULES, NULL, 0, &now, sizeof(now), NULL), SUCCESS);
    CHECK(now.head.rules == 2 && now.head.generation == generation + 1);

    /* No value: the default rules. */
    system_registry_delete(SYSTEM_PARAMETERS, NULL, "Rules");
    CHECK_EQUAL(reload(&now), SUCCESS);
    CHECK(now.head.rules == 21 && now.head.from_registry == 0);
    CHECK_EQUAL(ai_processes(&list), SUCCESS);
    CHECK(find_process(&list, trainer) == NULL && find_process(&list, python) != NULL);
    system_process_stop(trainer);
    system_process_stop(python);
}

/* ---- scheduler ---- */

static void scheduler(void)
{
    struct ballast_ai_scheduler_reply reply;
    size_t information;
    uint64_t counted = 0;
    uint32_t python = system_process_start("python.exe");
    struct ballast_ai_process_query query = {.header = HEADER(query), .maximum_age_ms = 1};
    CHECK_EQUAL(
        ai_request(BALLAST_IOCTL_AI_QUERY_SCHEDULER, &query, sizeof(query), &reply, sizeof(reply), &information),
        SUCCESS);
    CHECK_EQUAL(information, sizeof(reply));
    for (size_t i = 0; i < BALLAST_AI_HISTOGRAM_BUCKETS; i++) {
        counted += reply.bucket[i];
    }
    CHECK(reply.samples != 0 && reply.samples == counted);
    CHECK(reply.latency_p50_ns.state == BALLAST_AI_MEASURED && reply.latency_p50_ns.value > 0);
    CHECK(reply.latency_p50_ns.value <= reply.latency_p90_ns.value &&
          reply.latency_p90_ns.value <= reply.latency_p99_ns.value &&
          reply.latency_mean_ns.value <= reply.latency_max_ns.value);
    CHECK(reply.ai_processes.value >= 1 && reply.ai_threads.value >= 1);
    /* Wine's list of processes does not have thread states. */
    uint32_t expected = target_kind() == TARGET_WINE ? BALLAST_AI_UNKNOWN : BALLAST_AI_MEASURED;
    CHECK_EQUAL(reply.ai_threads_ready.state, expected);
    CHECK_EQUAL(reply.thread_state[5].state, expected);
    system_process_stop(python);
}

TEST_MAIN({"names", names}, {"unknown_codes", unknown_codes}, {"input_lengths", input_lengths}, {"headers", headers},
          {"output_lengths", output_lengths}, {"larger_input", larger_input}, {"access_rights", access_rights},
          {"adapters", adapters}, {"samples", samples}, {"wrong_samples", wrong_samples},
          {"few_adapters", few_adapters}, {"adapter_removed", adapter_removed}, {"processes", processes},
          {"cached_processes", cached_processes}, {"rules", rules}, {"scheduler", scheduler}, AI_POOL_CASES,
          AI_CODEX_CASES, AI_DEFECT_CASES)
