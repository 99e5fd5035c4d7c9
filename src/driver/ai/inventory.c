/* SPDX-License-Identifier: MIT */
/*
 * Adapters that are present, with what the registry says of each, and the samples that are pushed for them.
 *
 * IRQL: reading the registry PASSIVE_LEVEL, in the service thread; the rest <= DISPATCH_LEVEL.
 */

#include "core/ai/codex.h"
#include "core/ai/gpu.h"
#include "driver/ai/driver.h"
#include "driver/ai/presence.h"
#include "driver/nt/registry.h"

#define CLASS_KEY \
    L"\\Registry\\Machine\\SYSTEM\\CurrentControlSet\\Control\\Class\\{4d36e968-e325-11ce-bfc1-08002be10318}"

#define INVENTORY_TAG_TEMPORARY PLATFORM_TAG('B', 'a', 'G', 't')

#define TEXT_BYTES              512u /* longer ones count as missing */

static struct gpu_table table;
static KSPIN_LOCK writers; /* one changes the table at a time */
static uint32_t changes;   /* atomic, as the following; grows when an adapter comes or goes, from 1 on */
static uint32_t known;     /* `changes` before the registry was last read; 0: never */
static uint32_t begun_ms;  /* ai_now_ms before that */

bool ai_inventory_known(void)
{
    return __atomic_load_n(&known, __ATOMIC_ACQUIRE) == __atomic_load_n(&changes, __ATOMIC_RELAXED);
}

static void adapters_changed(void)
{
    __atomic_add_fetch(&changes, 1, __ATOMIC_RELAXED);
}

/*
 * What is missing or of another type is unknown. Want of memory is an error, because what is read is kept: it must not
 * make unknown for good what could not be read for a moment.
 */
static NTSTATUS unless_short_of_memory(NTSTATUS status)
{
    return status == STATUS_INSUFFICIENT_RESOURCES ? status : STATUS_SUCCESS;
}

/* A text cut to the array, which is empty if the key does not have it. */
static NTSTATUS read_text(HANDLE key, const WCHAR *name, uint16_t *text, size_t capacity)
{
    uint16_t value[TEXT_BYTES / sizeof(uint16_t)];
    ULONG length = 0;
    NTSTATUS status = nt_registry_read(key, name, NT_REGISTRY_STRING, value, sizeof(value), &length);
    if (!NT_SUCCESS(status)) {
        length = 0;
    }
    gpu_copy_text(text, capacity, value, length / sizeof(value[0]));
    return unless_short_of_memory(status);
}

static NTSTATUS read_texts(HANDLE key, struct gpu_inventory *adapter)
{
    uint16_t id[BALLAST_AI_NAME_LENGTH];
    NTSTATUS status = read_text(key, L"DriverDesc", adapter->name, BALLAST_AI_NAME_LENGTH);
    if (NT_SUCCESS(status)) {
        status = read_text(key, L"DriverVersion", adapter->driver_version, BALLAST_AI_SHORT_NAME_LENGTH);
    }
    if (NT_SUCCESS(status)) {
        status = read_text(key, L"DriverDate", adapter->driver_date, BALLAST_AI_SHORT_NAME_LENGTH);
    }
    if (NT_SUCCESS(status)) {
        status = read_text(key, L"MatchingDeviceId", id, BALLAST_AI_NAME_LENGTH);
    }
    if (NT_SUCCESS(status)) {
        bool pci = gpu_parse_matching_id(id, BALLAST_AI_NAME_LENGTH, &adapter->vendor_id, &adapter->device_id);
        adapter->valid = (pci ? BALLAST_AI_ADAPTER_PCI_IDS : 0) | gpu_kind(id, BALLAST_AI_NAME_LENGTH) << 8;
    }
    return status;
}

/* `meaning` is how far it can be relied on, if it is there. */
static NTSTATUS read_memory(HANDLE key, const WCHAR *name, uint64_t meaning, struct gpu_inventory *adapter)
{
    uint64_t value;
    ULONG length = 0;
    NTSTATUS status = nt_registry_read(key, name, NT_REGISTRY_ANY, &value, sizeof(value), &length);
    if (NT_SUCCESS(status) && gpu_parse_memory_size(&value, length, &adapter->dedicated_total_bytes)) {
        adapter->dedicated_total_known = meaning;
    }
    return unless_short_of_memory(status);
}

static NTSTATUS read_adapter(HANDLE key, uint32_t index, struct gpu_inventory *adapter)
{
    RtlZeroMemory(adapter, sizeof(*adapter));
    adapter->index = index;
    NTSTATUS status = read_texts(key, adapter);
    if (NT_SUCCESS(status)) {
        status = read_memory(key, L"HardwareInformation.qwMemorySize", GPU_TOTAL_KNOWN, adapter);
    }
    /* The 32-bit value of old cannot express the cards of today: only if there is no other, and as what it is. */
    if (NT_SUCCESS(status) && adapter->dedicated_total_known == GPU_TOTAL_UNKNOWN) {
        status = read_memory(key, L"HardwareInformation.MemorySize", GPU_TOTAL_32_BITS, adapter);
    }
    return status;
}

/* Subkeys named by four digits are adapters. */
static bool adapter_number(const KEY_BASIC_INFORMATION *information, uint32_t *number)
{
    if (information->NameLength != 4 * sizeof(WCHAR)) {
        return false;
    }
    *number = 0;
    for (size_t i = 0; i < 4; i++) {
        if (information->Name[i] < L'0' || information->Name[i] > L'9') {
            return false;
        }
        *number = *number * 10 + (uint32_t)(information->Name[i] - L'0');
    }
    return true;
}

/* Reads subkey number `position` of the class; NO_MORE_ENTRIES after the last, SUCCESS with *found false if it is none. */
static NTSTATUS read_subkey(HANDLE class_key, ULONG position, struct gpu_inventory *adapter, bool *found)
{
    union {
        KEY_BASIC_INFORMATION information;
        unsigned char room[sizeof(KEY_BASIC_INFORMATION) + 64];
    } buffer;
    ULONG needed;
    uint32_t index;
    HANDLE key;
    *found = false;
    NTSTATUS status = ZwEnumerateKey(class_key, position, KeyBasicInformation, &buffer, sizeof(buffer), &needed);
    if (status == STATUS_BUFFER_OVERFLOW) {
        return STATUS_SUCCESS; /* a long name is no number */
    }
    if (!NT_SUCCESS(status) || !adapter_number(&buffer.information, &index)) {
        return status;
    }
    UNICODE_STRING name = {.Length = (USHORT)buffer.information.NameLength,
                           .MaximumLength = (USHORT)buffer.information.NameLength,
                           .Buffer = buffer.information.Name};
    status = nt_registry_open(class_key, &name, &key);
    if (!NT_SUCCESS(status)) {
        return unless_short_of_memory(status); /* gone meanwhile, or not ours to see */
    }
    status = read_adapter(key, index, adapter);
    (void)ZwClose(key);
    *found = NT_SUCCESS(status);
    return status;
}

static NTSTATUS read_class(struct gpu_inventory *adapters, uint32_t *count)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(CLASS_KEY);
    HANDLE class_key;
    *count = 0;
    NTSTATUS status = nt_registry_open(NULL, &name, &class_key);
    if (!NT_SUCCESS(status)) {
        return status == STATUS_OBJECT_NAME_NOT_FOUND ? STATUS_SUCCESS : status; /* a machine without adapters */
    }
    for (ULONG position = 0; NT_SUCCESS(status) && *count < BALLAST_AI_MAXIMUM_ADAPTERS; position++) {
        bool found;
        status = read_subkey(class_key, position, &adapters[*count], &found);
        *count += NT_SUCCESS(status) && found;
    }
    (void)ZwClose(class_key);
    return status == STATUS_NO_MORE_ENTRIES ? STATUS_SUCCESS : status;
}

bool ai_inventory_read_since(uint32_t time_ms)
{
    return ai_inventory_known() && (int32_t)(__atomic_load_n(&begun_ms, __ATOMIC_RELAXED) - time_ms) > 0;
}

struct found_adapters {
    struct gpu_inventory *adapter;
    uint32_t count;
};

/* An adapter with interfaces of both classes is found twice. */
static NTSTATUS add_adapter(void *context, uint32_t index, HANDLE key)
{
    struct found_adapters *found = context;
    for (uint32_t i = 0; i < found->count; i++) {
        if (found->adapter[i].index == index) {
            return STATUS_SUCCESS;
        }
    }
    if (found->count == BALLAST_AI_MAXIMUM_ADAPTERS) {
        return STATUS_SUCCESS;
    }
    NTSTATUS status = read_adapter(key, index, &found->adapter[found->count]);
    found->count += NT_SUCCESS(status);
    return status;
}

static NTSTATUS read_adapters(struct gpu_inventory *adapters, uint32_t *count)
{
    struct found_adapters found = {.adapter = adapters};
    if (!ai_presence_known()) {
        return read_class(adapters, count);
    }
    NTSTATUS status = ai_presence_list(add_adapter, &found);
    *count = found.count;
    return status;
}

NTSTATUS ai_inventory_refresh(void)
{
    uint32_t now_ms = ai_now_ms();
    uint32_t changes_before = __atomic_load_n(&changes, __ATOMIC_RELAXED);
    size_t size = BALLAST_AI_MAXIMUM_ADAPTERS * sizeof(struct gpu_inventory);
    uint32_t count;
    KIRQL irql;
    struct gpu_inventory *adapters = platform_allocate(PLATFORM_POOL_NONPAGED, size, INVENTORY_TAG_TEMPORARY);
    if (adapters == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    NTSTATUS status = read_adapters(adapters, &count);
    if (NT_SUCCESS(status)) {
        uint64_t now = ai_now_100ns();
        uint64_t system_time = nt_system_time();
        KeAcquireSpinLock(&writers, &irql);
        status = gpu_replace(&table, adapters, count, now, system_time);
        KeReleaseSpinLock(&writers, irql);
    }
    if (NT_SUCCESS(status)) {
        __atomic_store_n(&begun_ms, now_ms, __ATOMIC_RELAXED);
        atomic_add_u64(&ai_driver.counters.inventory_reads, 1);
        __atomic_store_n(&known, changes_before, __ATOMIC_RELEASE);
    }
    platform_free(adapters, size, INVENTORY_TAG_TEMPORARY);
    return status;
}

bool ai_inventory_wants_estimate(void)
{
    return gpu_wants_estimate(&table);
}

ballast_status ai_query_gpus(void *target, struct request *request)
{
    (void)target;
    request->information = gpu_reply(&table, ai_now_100ns(), ai_driver.sample_lifetime_ms, ai_processes_count(),
                                     request->buffer, request->output_length);
    return BALLAST_SUCCESS;
}

void ai_summarize_gpus(struct gpu_summary *summary)
{
    gpu_summarize(&table, ai_now_100ns(), ai_driver.sample_lifetime_ms, ai_processes_count(), summary);
}

static ballast_status push(const struct ballast_ai_sample *sample)
{
    KIRQL irql;
    uint64_t now = ai_now_100ns();
    KeAcquireSpinLock(&writers, &irql);
    ballast_status status = gpu_push(&table, sample, now);
    KeReleaseSpinLock(&writers, irql);
    if (!ballast_failed(status)) {
        atomic_add_u64(&ai_driver.counters.samples_pushed, 1);
    }
    return status;
}

ballast_status ai_push_sample(void *target, struct request *request)
{
    struct ballast_ai_sample sample;
    (void)target;
    RtlCopyMemory(&sample, request->buffer, sizeof(sample));
    return push(&sample);
}

ballast_status ai_push_utilization(uint32_t percent)
{
    struct ballast_ai_sample sample;
    uint32_t index;
    ballast_status status = BALLAST_NOT_FOUND;
    for (size_t i = 0; gpu_adapter_index(&table, i, &index); i++) {
        codex_fill_sample(&sample, index, percent);
        status = push(&sample);
    }
    return status;
}

NTSTATUS ai_inventory_start(void)
{
    KeInitializeSpinLock(&writers);
    __atomic_store_n(&changes, 1, __ATOMIC_RELAXED);
    __atomic_store_n(&known, 0, __ATOMIC_RELAXED);
    gpu_table_initialize(&table);
    return ai_presence_start(ai_driver.object, adapters_changed);
}

void ai_inventory_stop(void)
{
    ai_presence_stop();
    gpu_table_destroy(&table);
}
