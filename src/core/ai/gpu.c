/* SPDX-License-Identifier: MIT */
/*
 * The table of adapters and their samples; gpu.h has the contract.
 *
 * Ordering: data is stored with release and loaded with acquire, so that a reader who has seen any word of the second pass
 * of a write also sees the sequence that the first pass ended with, and reads again.
 */

#include "core/ai/gpu.h"
#include "core/ai/value.h"
#include "core/base/platform.h"

#define GPU_TAG      PLATFORM_TAG('B', 'a', 'G', 'p')

#define ADAPTER_SIZE (2 * sizeof(struct gpu_adapter))

#define VALUES_MASK  ((1u << BALLAST_AI_GPU_VALUES) - 1)

/* May be whatever the words of a structure are. */
typedef uintptr_t __attribute__((may_alias)) gpu_word;

static void shared_load(void *to, const void *from, size_t size)
{
    const gpu_word *words = from;
    for (size_t i = 0; i < size / sizeof(gpu_word); i++) {
        gpu_word word = __atomic_load_n(&words[i], __ATOMIC_ACQUIRE);
        platform_copy((unsigned char *)to + i * sizeof(word), &word, sizeof(word));
    }
}

/* What is written is read by nobody else but with shared_load. */
static void shared_store(void *to, const void *from, size_t size)
{
    gpu_word *words = to;
    const gpu_word *source = from;
    for (size_t i = 0; i < size / sizeof(gpu_word); i++) {
        __atomic_store_n(&words[i], source[i], __ATOMIC_RELEASE);
    }
}

_Static_assert(sizeof(struct gpu_inventory) % 8 == 0 && sizeof(struct gpu_samples) % 8 == 0, "copied by words");
_Static_assert(sizeof(struct gpu_adapter) == sizeof(struct gpu_inventory) + sizeof(struct gpu_samples), "no padding");

/* ---- the table ---- */

void gpu_table_initialize(struct gpu_table *table)
{
    platform_zero(table, sizeof(*table));
}

void gpu_table_destroy(struct gpu_table *table)
{
    for (size_t i = 0; i < BALLAST_AI_MAXIMUM_ADAPTERS; i++) {
        platform_free(table->adapter[i], ADAPTER_SIZE, GPU_TAG);
        table->adapter[i] = NULL;
    }
    platform_zero(table->head, sizeof(table->head));
}

size_t gpu_table_size(const struct gpu_table *table)
{
    size_t size = sizeof(*table);
    for (size_t i = 0; i < BALLAST_AI_MAXIMUM_ADAPTERS; i++) {
        size += table->adapter[i] != NULL ? ADAPTER_SIZE : 0;
    }
    return size;
}

static bool reserve(struct gpu_table *table, size_t adapters)
{
    for (size_t i = 0; i < adapters; i++) {
        if (table->adapter[i] == NULL) {
            struct gpu_adapter *copies = platform_allocate(PLATFORM_POOL_NONPAGED, ADAPTER_SIZE, GPU_TAG);
            if (copies == NULL) {
                return false;
            }
            platform_zero(copies, ADAPTER_SIZE);
            table->adapter[i] = copies; /* nobody looks before a head says that it is there */
        }
    }
    return true;
}

static bool same_adapter(const struct gpu_inventory *one, const struct gpu_inventory *other)
{
    return one->index == other->index && one->valid == other->valid && one->vendor_id == other->vendor_id &&
           one->device_id == other->device_id;
}

/* The samples of this adapter in the copy that readers see, or none. */
static const struct gpu_samples *find_samples(const struct gpu_table *table, const struct gpu_inventory *inventory)
{
    static const struct gpu_samples none;
    uint32_t current = table->sequence & 1;
    for (size_t i = 0; i < table->head[current].adapters; i++) {
        const struct gpu_adapter *adapter = &table->adapter[i][current];
        if (same_adapter(&adapter->inventory, inventory)) {
            return &adapter->samples;
        }
    }
    return &none;
}

/* Sends readers to the other copy. */
static void publish(struct gpu_table *table)
{
    __atomic_store_n(&table->sequence, table->sequence + 1, __ATOMIC_RELEASE);
}

ballast_status gpu_replace(struct gpu_table *table, const struct gpu_inventory *inventory, size_t adapters,
                           uint64_t now_100ns, uint64_t system_time)
{
    uint32_t current = table->sequence & 1;
    uint32_t next = current ^ 1;
    if (adapters > BALLAST_AI_MAXIMUM_ADAPTERS) {
        adapters = BALLAST_AI_MAXIMUM_ADAPTERS;
    }
    if (!reserve(table, adapters)) {
        return BALLAST_INSUFFICIENT_RESOURCES;
    }
    struct gpu_head head = {adapters, system_time, now_100ns, table->head[current].samples_pushed};
    for (size_t i = 0; i < adapters; i++) {
        shared_store(&table->adapter[i][next].inventory, &inventory[i], sizeof(inventory[i]));
        shared_store(&table->adapter[i][next].samples, find_samples(table, &inventory[i]), sizeof(struct gpu_samples));
    }
    shared_store(&table->head[next], &head, sizeof(head));
    publish(table);
    for (size_t i = 0; i < adapters; i++) {
        shared_store(&table->adapter[i][current], &table->adapter[i][next], sizeof(struct gpu_adapter));
    }
    shared_store(&table->head[current], &head, sizeof(head));
    return BALLAST_SUCCESS;
}

/* ---- samples ---- */

static const struct {
    int64_t least;
    int64_t most;
} ranges[BALLAST_AI_GPU_VALUES] = {
    [BALLAST_AI_GPU_UTILIZATION_PERMILLE] = {0, 1000},
    [BALLAST_AI_GPU_DEDICATED_USED_BYTES] = {0, INT64_MAX},
    [BALLAST_AI_GPU_DEDICATED_TOTAL_BYTES] = {0, INT64_MAX},
    [BALLAST_AI_GPU_SHARED_USED_BYTES] = {0, INT64_MAX},
    [BALLAST_AI_GPU_SHARED_TOTAL_BYTES] = {0, INT64_MAX},
    [BALLAST_AI_GPU_TEMPERATURE_MILLICELSIUS] = {-273150, 1000000},
    [BALLAST_AI_GPU_POWER_MILLIWATTS] = {0, 10000000},
    [BALLAST_AI_GPU_CORE_CLOCK_HZ] = {0, 1000000000000},
    [BALLAST_AI_GPU_MEMORY_CLOCK_HZ] = {0, 1000000000000},
    [BALLAST_AI_GPU_FAN_RPM] = {0, 1000000},
};

/* Ended by a zero, printable before it, and nothing after it. */
static bool is_engine(const uint16_t engine[BALLAST_AI_SHORT_NAME_LENGTH])
{
    size_t length = 0;
    while (length < BALLAST_AI_SHORT_NAME_LENGTH && engine[length] != 0) {
        if (!gpu_printable(engine[length])) {
            return false;
        }
        length++;
    }
    return length < BALLAST_AI_SHORT_NAME_LENGTH &&
           platform_is_zero(engine + length, (BALLAST_AI_SHORT_NAME_LENGTH - length) * sizeof(engine[0]));
}

static bool is_sample(const struct ballast_ai_sample *sample)
{
    bool utilization = (sample->mask & 1u << BALLAST_AI_GPU_UTILIZATION_PERMILLE) != 0;
    if (sample->header.size_bytes < sizeof(*sample) || sample->header.version != BALLAST_AI_VERSION ||
        sample->header.flags != 0 || sample->mask == 0 || (sample->mask & ~VALUES_MASK) != 0 ||
        sample->source < BALLAST_AI_SOURCE_FIRST_PUSHED || sample->source > BALLAST_AI_SOURCE_LAST_PUSHED ||
        sample->age_ms > BALLAST_AI_MAXIMUM_SAMPLE_AGE_MS || !is_engine(sample->engine) ||
        (!utilization && sample->engine[0] != 0)) {
        return false;
    }
    for (size_t i = 0; i < BALLAST_AI_GPU_VALUES; i++) {
        bool given = (sample->mask & 1u << i) != 0;
        int64_t value = sample->values[i];
        if (given ? value < ranges[i].least || value > ranges[i].most : value != 0) {
            return false;
        }
    }
    return true;
}

static void merge(struct gpu_samples *samples, const struct ballast_ai_sample *sample, uint64_t now_100ns)
{
    uint64_t age_100ns = (uint64_t)sample->age_ms * 10000;
    for (size_t i = 0; i < BALLAST_AI_GPU_VALUES; i++) {
        if ((sample->mask & 1u << i) != 0) {
            samples->value[i] = sample->values[i];
            samples->time_100ns[i] = now_100ns > age_100ns ? now_100ns - age_100ns : 0;
            samples->source[i] = (uint8_t)sample->source;
        }
    }
    if ((sample->mask & 1u << BALLAST_AI_GPU_UTILIZATION_PERMILLE) != 0) {
        platform_copy(samples->engine, sample->engine, sizeof(samples->engine));
    }
    samples->mask |= sample->mask;
}

ballast_status gpu_push(struct gpu_table *table, const struct ballast_ai_sample *sample, uint64_t now_100ns)
{
    uint32_t current = table->sequence & 1;
    struct gpu_head head = table->head[current];
    struct gpu_adapter *adapter = NULL;
    if (!is_sample(sample)) {
        return BALLAST_INVALID_PARAMETER;
    }
    for (size_t i = 0; i < head.adapters && adapter == NULL; i++) {
        bool wanted = table->adapter[i][current].inventory.index == sample->adapter_index;
        adapter = wanted ? table->adapter[i] : NULL;
    }
    if (adapter == NULL) {
        return BALLAST_NOT_FOUND;
    }
    struct gpu_samples samples = adapter[current].samples;
    merge(&samples, sample, now_100ns);
    head.samples_pushed++;
    for (uint32_t pass = 0; pass < 2; pass++) {
        uint32_t copy = current ^ 1 ^ pass;
        shared_store(&adapter[copy].samples, &samples, sizeof(samples));
        shared_store(&table->head[copy], &head, sizeof(head));
        if (pass == 0) {
            publish(table);
        }
    }
    return BALLAST_SUCCESS;
}

/* ---- reading ---- */

struct gpu_reader {
    const struct gpu_table *table;
    uint32_t sequence;
    uint64_t now_100ns;
    uint32_t lifetime_ms;
    int32_t ai_processes;
    struct gpu_head head;
};

static void begin_read(struct gpu_reader *reader)
{
    reader->sequence = __atomic_load_n(&reader->table->sequence, __ATOMIC_ACQUIRE);
    shared_load(&reader->head, &reader->table->head[reader->sequence & 1], sizeof(reader->head));
}

/* Whether all that has been read since begin_read belongs together. */
static bool end_read(const struct gpu_reader *reader)
{
    return __atomic_load_n(&reader->table->sequence, __ATOMIC_RELAXED) == reader->sequence;
}

static const struct gpu_adapter *shared_adapter(const struct gpu_reader *reader, size_t position)
{
    return &reader->table->adapter[position][reader->sequence & 1];
}

/* A sample may come for any; without one, these are idle or their load has nothing to do with AI processes. */
static bool is_estimated(uint32_t valid)
{
    uint32_t kind = BALLAST_AI_ADAPTER_KIND(valid);
    return kind == BALLAST_AI_KIND_UNKNOWN || kind == BALLAST_AI_KIND_HARDWARE || kind == BALLAST_AI_KIND_GPU_PV;
}

struct ballast_ai_value gpu_estimate(int32_t ai_processes)
{
    static const int16_t permille[] = {50, 350, 600, 850};
    if (ai_processes < 0) {
        return ai_value_unknown(BALLAST_AI_REASON_NO_SAMPLE);
    }
    return ai_value(permille[ai_processes < 3 ? ai_processes : 3], BALLAST_AI_ESTIMATED,
                    BALLAST_AI_SOURCE_PROCESS_COUNT, 0);
}

static struct ballast_ai_value recorded_total(const struct gpu_reader *reader, const uint64_t total[2])
{
    uint32_t age_ms = ai_age_ms(reader->now_100ns, reader->head.inventory_100ns);
    switch (total[1]) {
    case GPU_TOTAL_KNOWN:
        return ai_value((int64_t)total[0], BALLAST_AI_MEASURED, BALLAST_AI_SOURCE_REGISTRY, age_ms);
    case GPU_TOTAL_32_BITS:
        return ai_value((int64_t)total[0], BALLAST_AI_ESTIMATED, BALLAST_AI_SOURCE_REGISTRY_32, age_ms);
    default:
        return ai_value_unknown(BALLAST_AI_REASON_NOT_RECORDED);
    }
}

/* What there is of an adapter besides its texts. */
struct adapter_data {
    uint32_t ids[4];   /* index, valid, vendor, device */
    uint64_t total[2]; /* the two members of the inventory */
    struct gpu_samples samples;
};

static void load_adapter(const struct gpu_adapter *shared, struct adapter_data *data)
{
    shared_load(data->ids, &shared->inventory, sizeof(data->ids));
    shared_load(data->total, &shared->inventory.dedicated_total_bytes, sizeof(data->total));
    shared_load(&data->samples, &shared->samples, sizeof(data->samples));
}

/* A value from its sample, or from what stands in for one. */
static struct ballast_ai_value read_value(const struct gpu_reader *reader, const struct adapter_data *data,
                                          size_t index)
{
    const struct gpu_samples *samples = &data->samples;
    if ((samples->mask & 1u << index) != 0) {
        uint32_t age_ms = ai_age_ms(reader->now_100ns, samples->time_100ns[index]);
        uint8_t state = age_ms <= reader->lifetime_ms ? BALLAST_AI_MEASURED : BALLAST_AI_STALE;
        return ai_value(samples->value[index], state, samples->source[index], age_ms);
    }
    if (index == BALLAST_AI_GPU_UTILIZATION_PERMILLE) {
        return is_estimated(data->ids[1]) ? gpu_estimate(reader->ai_processes)
                                          : ai_value_unknown(BALLAST_AI_REASON_NO_SAMPLE);
    }
    if (index == BALLAST_AI_GPU_DEDICATED_TOTAL_BYTES) {
        return recorded_total(reader, data->total);
    }
    return ai_value_unknown(BALLAST_AI_REASON_NO_SAMPLE);
}

static void read_adapter(const struct gpu_reader *reader, size_t position, struct ballast_ai_adapter *row)
{
    const struct gpu_adapter *shared = shared_adapter(reader, position);
    struct adapter_data data;
    shared_load(row, &shared->inventory, offsetof(struct gpu_inventory, dedicated_total_bytes));
    load_adapter(shared, &data);
    platform_copy(row->engine, data.samples.engine, sizeof(row->engine));
    for (size_t i = 0; i < BALLAST_AI_GPU_VALUES; i++) {
        row->values[i] = read_value(reader, &data, i);
    }
}

size_t gpu_reply(const struct gpu_table *table, uint64_t now_100ns, uint32_t lifetime_ms, int32_t ai_processes,
                 void *buffer, size_t length)
{
    struct gpu_reader reader = {
        .table = table, .now_100ns = now_100ns, .lifetime_ms = lifetime_ms, .ai_processes = ai_processes};
    struct ballast_ai_gpu_reply *reply = buffer;
    size_t written;
    if (length < sizeof(*reply)) {
        return 0;
    }
    size_t room = (length - sizeof(*reply)) / sizeof(reply->adapter[0]);
    do {
        begin_read(&reader);
        size_t rows = room < reader.head.adapters ? room : (size_t)reader.head.adapters;
        for (size_t i = 0; i < rows; i++) {
            read_adapter(&reader, i, &reply->adapter[i]);
        }
        written = sizeof(*reply) + rows * sizeof(reply->adapter[0]);
        struct ballast_ai_gpu_reply head = {
            .header = {(uint32_t)written, BALLAST_AI_VERSION, 0},
            .adapters = (uint32_t)reader.head.adapters,
            .adapters_returned = (uint32_t)rows,
            .inventory_time = reader.head.inventory_time,
            .samples_pushed = reader.head.samples_pushed,
        };
        platform_copy(reply, &head, sizeof(head));
    } while (!end_read(&reader));
    return written;
}

/* ---- the busiest ---- */

static bool is_hardware(uint32_t valid)
{
    uint32_t kind = BALLAST_AI_ADAPTER_KIND(valid);
    return kind == BALLAST_AI_KIND_HARDWARE || kind == BALLAST_AI_KIND_GPU_PV;
}

_Static_assert(offsetof(struct gpu_inventory, name) == 16 && offsetof(struct gpu_inventory, vendor_id) == 8, "ids");

/* The greater, the more it says: how well it is known, how busy, and whether there is a device behind it. */
static uint32_t rank(const struct ballast_ai_value *utilization, bool hardware)
{
    static const uint8_t certainty[] = {
        [BALLAST_AI_UNKNOWN] = 0, [BALLAST_AI_STALE] = 1, [BALLAST_AI_ESTIMATED] = 2, [BALLAST_AI_MEASURED] = 3};
    return (uint32_t)certainty[utilization->state] << 16 | (uint32_t)utilization->value << 1 | (uint32_t)hardware;
}

static void summarize_adapter(const struct gpu_reader *reader, size_t position, struct gpu_summary *summary,
                              uint32_t *best)
{
    const struct gpu_adapter *shared = shared_adapter(reader, position);
    struct adapter_data data;
    load_adapter(shared, &data);
    struct ballast_ai_value utilization = read_value(reader, &data, BALLAST_AI_GPU_UTILIZATION_PERMILLE);
    bool hardware = is_hardware(data.ids[1]);
    summary->hardware_present |= hardware;
    if (position != 0 && rank(&utilization, hardware) <= *best) {
        return;
    }
    *best = rank(&utilization, hardware);
    summary->index = data.ids[0];
    summary->utilization_permille = utilization;
    summary->dedicated_used_bytes = read_value(reader, &data, BALLAST_AI_GPU_DEDICATED_USED_BYTES);
    summary->dedicated_total_bytes = read_value(reader, &data, BALLAST_AI_GPU_DEDICATED_TOTAL_BYTES);
    summary->temperature_millicelsius = read_value(reader, &data, BALLAST_AI_GPU_TEMPERATURE_MILLICELSIUS);
}

void gpu_summarize(const struct gpu_table *table, uint64_t now_100ns, uint32_t lifetime_ms, int32_t ai_processes,
                   struct gpu_summary *summary)
{
    struct gpu_reader reader = {
        .table = table, .now_100ns = now_100ns, .lifetime_ms = lifetime_ms, .ai_processes = ai_processes};
    do {
        uint32_t best = 0;
        begin_read(&reader);
        platform_zero(summary, sizeof(*summary));
        summary->adapters = (uint32_t)reader.head.adapters;
        summary->utilization_permille = ai_value_unknown(BALLAST_AI_REASON_NO_SAMPLE);
        summary->dedicated_used_bytes = ai_value_unknown(BALLAST_AI_REASON_NO_SAMPLE);
        summary->dedicated_total_bytes = ai_value_unknown(BALLAST_AI_REASON_NOT_RECORDED);
        summary->temperature_millicelsius = ai_value_unknown(BALLAST_AI_REASON_NO_SAMPLE);
        for (size_t i = 0; i < summary->adapters; i++) {
            summarize_adapter(&reader, i, summary, &best);
        }
    } while (!end_read(&reader));
}

bool gpu_wants_estimate(const struct gpu_table *table)
{
    struct gpu_reader reader = {.table = table};
    bool wanted;
    do {
        begin_read(&reader);
        wanted = false;
        for (size_t i = 0; i < reader.head.adapters; i++) {
            struct adapter_data data;
            load_adapter(shared_adapter(&reader, i), &data);
            wanted |= (data.samples.mask & 1u << BALLAST_AI_GPU_UTILIZATION_PERMILLE) == 0 && is_estimated(data.ids[1]);
        }
    } while (!end_read(&reader));
    return wanted;
}

bool gpu_adapter_index(const struct gpu_table *table, size_t position, uint32_t *index)
{
    struct gpu_reader reader = {.table = table};
    uint32_t ids[4];
    bool there;
    do {
        begin_read(&reader);
        there = position < reader.head.adapters;
        if (there) {
            shared_load(ids, &shared_adapter(&reader, position)->inventory, sizeof(ids));
        }
    } while (!end_read(&reader));
    if (there) {
        *index = ids[0];
    }
    return there;
}
