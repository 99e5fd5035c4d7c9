/* SPDX-License-Identifier: MIT */
/*
 * Which adapters the AI driver lists in the simulated kernel: those that are present, told apart, and as soon as they come or
 * go; on systems that cannot say, those of the class key.
 */

#include "ballast/codex_abi.h"
#include "tests/harness/test.h"
#include "tests/sim/ai_client.h"

#include <stdio.h>

#include "tests/behaviour/wide.h"

DRIVER_INITIALIZE DriverEntry;

static struct sim_process *user;
static struct sim_file *file;

static void reset(bool nt52)
{
    struct sim_options options = {.seed = 1, .nt52 = nt52};
    sim_reset(&options);
}

static void load(void)
{
    CHECK_EQUAL(sim_load(DriverEntry), STATUS_SUCCESS);
    user = sim_process_create(false);
    file = ai_open(user);
    CHECK(file != NULL);
}

static void end(void)
{
    sim_kill_process(user);
    sim_unload();
}

static void set_text(const char *path, const char *name, const char *text)
{
    uint16_t wide[128];
    size_t length = wide_text(text, wide, sizeof(wide) / sizeof(wide[0]));
    sim_registry_set(path, name, REGISTRY_TEXT, wide, (length + 1) * sizeof(wide[0]));
}

static const struct ballast_ai_adapter *find(const union ai_gpu_list *gpus, uint32_t index)
{
    for (uint32_t i = 0; i < gpus->head.adapters_returned; i++) {
        if (gpus->head.adapter[i].index == index) {
            return &gpus->head.adapter[i];
        }
    }
    return NULL;
}

/* Keys of adapters that were there once are no adapters. */
static void ghosts_are_not_listed(void)
{
    union ai_gpu_list gpus;
    reset(false);
    ai_add_adapter(0, "Gone");
    ai_add_adapter(1, "Card");
    ai_add_adapter(2, "Disabled");
    ai_plug_adapter(0, false);
    ai_plug_adapter(2, false);
    load();
    CHECK_EQUAL(VALUE(ai_get_gpus(file, false, &gpus)), STATUS_SUCCESS);
    CHECK_EQUAL(gpus.head.adapters, 1);
    CHECK_EQUAL(gpus.head.adapter[0].index, 1);
    CHECK(ai_is_text(gpus.head.adapter[0].name, "Card"));
    end();
    reset(true); /* which does not say */
    ai_add_adapter(0, "Gone");
    ai_add_adapter(1, "Card");
    ai_plug_adapter(0, false);
    load();
    CHECK_EQUAL(VALUE(ai_get_gpus(file, false, &gpus)), STATUS_SUCCESS);
    CHECK_EQUAL(gpus.head.adapters, 2);
    end();
}

/* Nobody has to ask for it. */
static void adapters_that_come_and_go(void)
{
    union ai_gpu_list gpus;
    reset(false);
    ai_add_adapter(0, "Card");
    load();
    for (unsigned i = 0; i < 5; i++) {
        CHECK_EQUAL(VALUE(ai_get_gpus(file, false, &gpus)), STATUS_SUCCESS);
        CHECK_EQUAL(gpus.head.adapters, 1);
        ai_add_adapter(5, "External");
        CHECK_EQUAL(VALUE(ai_get_gpus(file, false, &gpus)), STATUS_SUCCESS);
        CHECK_EQUAL(gpus.head.adapters, 2);
        ai_plug_adapter(5, false);
    }
    ai_plug_adapter(0, false);
    CHECK_EQUAL(VALUE(ai_get_gpus(file, false, &gpus)), STATUS_SUCCESS);
    CHECK_EQUAL(gpus.head.adapters, 0);
    end();
}

/* What only computes has the other interface, and is of another class; what does both is one adapter. */
static void compute_adapters_are_listed_once(void)
{
    union ai_gpu_list gpus;
    reset(false);
    ai_add_adapter(0, "Card");
    sim_interface_add("\\??\\PCI#VEN_10DE&DEV_2684#4&0&0&0008#{1024e4c9-47c9-48d3-b4a8-f9df78523b53}");
    set_text(AI_DEVICES "\\PCI\\VEN_8086&DEV_7D1D\\3&1", "Driver", "{f01a9d53-3ff6-48d2-9f97-c8a7004be10c}\\0000");
    set_text(
        "\\Registry\\Machine\\SYSTEM\\CurrentControlSet\\Control\\Class\\{f01a9d53-3ff6-48d2-9f97-c8a7004be10c}\\0000",
        "DriverDesc", "Neural");
    sim_interface_add("\\??\\PCI#VEN_8086&DEV_7D1D#3&1#{1024e4c9-47c9-48d3-b4a8-f9df78523b53}");
    load();
    CHECK_EQUAL(VALUE(ai_get_gpus(file, false, &gpus)), STATUS_SUCCESS);
    CHECK_EQUAL(gpus.head.adapters, 2);
    const struct ballast_ai_adapter *neural = find(&gpus, 10000);
    CHECK(find(&gpus, 0) != NULL && neural != NULL && ai_is_text(neural->name, "Neural"));
    end();
}

/* Of what leads nowhere nothing is made up. */
static void interfaces_without_an_adapter(void)
{
    union ai_gpu_list gpus;
    reset(false);
    ai_add_adapter(0, "Card");
    sim_interface_add("\\??\\PCI#NOWHERE#1#{1ca05180-a699-450a-9a0c-de4fbe3ddd89}");
    sim_interface_add("no link{1ca05180-a699-450a-9a0c-de4fbe3ddd89}");
    set_text(AI_DEVICES "\\PCI\\WRONG\\1", "Driver", "no driver at all");
    sim_interface_add("\\??\\PCI#WRONG#1#{1ca05180-a699-450a-9a0c-de4fbe3ddd89}");
    set_text(AI_DEVICES "\\PCI\\KEYLESS\\1", "Driver", "{4d36e968-e325-11ce-bfc1-08002be10318}\\0077");
    sim_interface_add("\\??\\PCI#KEYLESS#1#{1ca05180-a699-450a-9a0c-de4fbe3ddd89}");
    load();
    CHECK_EQUAL(VALUE(ai_get_gpus(file, false, &gpus)), STATUS_SUCCESS);
    CHECK_EQUAL(gpus.head.adapters, 1);
    end();
}

/* Their load has nothing to do with the number of AI processes. */
static void software_adapters_are_not_estimated(void)
{
    union ai_gpu_list gpus;
    char path[256];
    uint32_t flags = 0;
    reset(false);
    ai_add_process("python.exe", 100, 1);
    ai_add_adapter(0, "Basic Render");
    (void)snprintf(path, sizeof(path), "%s\\0000", AI_DISPLAY_CLASS);
    set_text(path, "MatchingDeviceId", "ROOT\\BasicRender");
    ai_add_adapter(1, "Remote");
    (void)snprintf(path, sizeof(path), "%s\\0001", AI_DISPLAY_CLASS);
    set_text(path, "MatchingDeviceId", "RdpIdd_IndirectDisplay");
    load();
    CHECK_EQUAL(VALUE(ai_get_gpus(file, false, &gpus)), STATUS_SUCCESS);
    for (uint32_t i = 0; i < 2; i++) {
        const struct ballast_ai_value *value = &gpus.head.adapter[i].values[BALLAST_AI_GPU_UTILIZATION_PERMILLE];
        CHECK_EQUAL(value->state, BALLAST_AI_UNKNOWN);
        CHECK_EQUAL(BALLAST_AI_ADAPTER_KIND(gpus.head.adapter[i].valid),
                    i == 0 ? BALLAST_AI_KIND_SOFTWARE : BALLAST_AI_KIND_REMOTE);
    }
    CHECK_EQUAL(VALUE(ai_get(file, CODEX2_IOCTL_GET_OPTIMIZED_PATH, &flags, sizeof(flags))), STATUS_SUCCESS);
    CHECK_EQUAL(flags & CODEX_PATH_GPU_PRESENT, 0);
    ai_add_adapter(2, "Share");
    (void)snprintf(path, sizeof(path), "%s\\0002", AI_DISPLAY_CLASS);
    set_text(path, "MatchingDeviceId", "PCI\\VEN_1414&DEV_008E");
    CHECK_EQUAL(VALUE(ai_get_gpus(file, true, &gpus)), STATUS_SUCCESS);
    const struct ballast_ai_adapter *share = find(&gpus, 2);
    CHECK(share != NULL && share->values[BALLAST_AI_GPU_UTILIZATION_PERMILLE].state == BALLAST_AI_ESTIMATED);
    CHECK_EQUAL(VALUE(ai_get(file, CODEX2_IOCTL_GET_OPTIMIZED_PATH, &flags, sizeof(flags))), STATUS_SUCCESS);
    CHECK_EQUAL(flags & CODEX_PATH_GPU_PRESENT, CODEX_PATH_GPU_PRESENT);
    end();
}

static void sizes_of_32_bits_are_bounds(void)
{
    static const uint32_t saturated[] = {0xFFF00000, 0xFF800000, 0x80000000};
    for (size_t i = 0; i < 3; i++) {
        union ai_gpu_list gpus;
        char path[256];
        reset(false);
        ai_add_adapter(0, "Card");
        (void)snprintf(path, sizeof(path), "%s\\0000", AI_DISPLAY_CLASS);
        sim_registry_delete(path, "HardwareInformation.qwMemorySize");
        sim_registry_set(path, "HardwareInformation.MemorySize", 3, &saturated[i], 4);
        load();
        CHECK_EQUAL(VALUE(ai_get_gpus(file, false, &gpus)), STATUS_SUCCESS);
        const struct ballast_ai_value *total = &gpus.head.adapter[0].values[BALLAST_AI_GPU_DEDICATED_TOTAL_BYTES];
        CHECK_EQUAL(total->state, BALLAST_AI_ESTIMATED);
        CHECK_EQUAL(total->source, BALLAST_AI_SOURCE_REGISTRY_32);
        CHECK_EQUAL(total->value, saturated[i]);
        end();
    }
}

/* Where the class key is all that there is, keys with other names are no adapters. */
static void only_numbers_are_adapters(void)
{
    static const char *const names[] = {
        "Properties", "00A1",
        "00/1",       "001",
        "00001",      "a name that is longer than any number is, and than the room that there is for names of keys",
    };
    union ai_gpu_list gpus;
    char path[256];
    reset(true);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s\\%s", AI_DISPLAY_CLASS, names[i]);
        sim_registry_set(AI_DISPLAY_CLASS, NULL, 0, NULL, 0);
        set_text(path, "DriverDesc", "None");
    }
    ai_add_adapter(7, "Card");
    load();
    CHECK_EQUAL(VALUE(ai_get_gpus(file, false, &gpus)), STATUS_SUCCESS);
    CHECK_EQUAL(gpus.head.adapters, 1);
    CHECK_EQUAL(gpus.head.adapter[0].index, 7);
    end();
}

static void more_adapters_than_are_listed(void)
{
    for (unsigned nt52 = 0; nt52 < 2; nt52++) {
        union ai_gpu_list gpus;
        reset(nt52 != 0);
        for (uint32_t i = 0; i < BALLAST_AI_MAXIMUM_ADAPTERS + 2; i++) {
            ai_add_adapter(i, "Card");
        }
        load();
        CHECK_EQUAL(VALUE(ai_get_gpus(file, false, &gpus)), STATUS_SUCCESS);
        CHECK_EQUAL(gpus.head.adapters, BALLAST_AI_MAXIMUM_ADAPTERS);
        end();
    }
}

TEST_MAIN({"ghosts_are_not_listed", ghosts_are_not_listed}, {"adapters_that_come_and_go", adapters_that_come_and_go},
          {"compute_adapters_are_listed_once", compute_adapters_are_listed_once},
          {"interfaces_without_an_adapter", interfaces_without_an_adapter},
          {"only_numbers_are_adapters", only_numbers_are_adapters},
          {"more_adapters_than_are_listed", more_adapters_than_are_listed},
          {"software_adapters_are_not_estimated", software_adapters_are_not_estimated},
          {"sizes_of_32_bits_are_bounds", sizes_of_32_bits_are_bounds})
