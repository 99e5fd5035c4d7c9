/* SPDX-License-Identifier: MIT */
/*
 * The adapters of this machine as the registry lists them, and what was measured of them, which user mode pushes.
 *
 * Readers never wait: everything that is read exists twice, a writer changes the copy that nobody is sent to, sends
 * readers there, and then changes the other; a reader that was overtaken reads again. So a reader may interrupt a writer on
 * its own processor. Adapters' memory is not freed before the table is destroyed.
 *
 * Writers (gpu_replace, gpu_push) exclude each other: the caller's lock. IRQL: gpu_replace and gpu_push <= DISPATCH_LEVEL,
 * readers any if the buffers are resident.
 */
#ifndef CORE_AI_GPU_H
#define CORE_AI_GPU_H

#include "ballast/ai_abi.h"
#include "core/base/status.h"

#include <stdbool.h>

/* What the registry says of one adapter. Begins like struct ballast_ai_adapter. */
struct gpu_inventory {
    uint32_t index; /* of its driver key: its identity, together with the ids */
    uint32_t valid; /* BALLAST_AI_ADAPTER_..., and the kind from bit 8 on */
    uint32_t vendor_id;
    uint32_t device_id;
    uint16_t name[BALLAST_AI_NAME_LENGTH];
    uint16_t driver_version[BALLAST_AI_SHORT_NAME_LENGTH];
    uint16_t driver_date[BALLAST_AI_SHORT_NAME_LENGTH];
    uint64_t dedicated_total_bytes;
    uint64_t dedicated_total_known; /* GPU_TOTAL_... */
};

#define GPU_TOTAL_UNKNOWN 0u
#define GPU_TOTAL_KNOWN   1u
#define GPU_TOTAL_32_BITS 2u /* recorded in 32 bits: at least so much, and perhaps shared */
_Static_assert(offsetof(struct gpu_inventory, dedicated_total_bytes) == offsetof(struct ballast_ai_adapter, engine),
               "the beginning of an adapter's row is copied");

/* What was pushed of one adapter. */
struct gpu_samples {
    int64_t value[BALLAST_AI_GPU_VALUES];
    uint64_t time_100ns[BALLAST_AI_GPU_VALUES]; /* when it was measured */
    uint16_t engine[BALLAST_AI_SHORT_NAME_LENGTH];
    uint8_t source[16];
    uint64_t mask; /* the values that there are */
};
_Static_assert(BALLAST_AI_GPU_VALUES <= 16, "a source for each value");

struct gpu_adapter {
    struct gpu_inventory inventory;
    struct gpu_samples samples;
};

struct gpu_head {
    uint64_t adapters;
    uint64_t inventory_time;  /* as it is answered */
    uint64_t inventory_100ns; /* by the clock of all other times here */
    uint64_t samples_pushed;
};

/* Opaque to callers; resident memory. */
struct gpu_table {
    uint32_t sequence; /* grows with each change; its lowest bit is the copy to read */
    struct gpu_head head[2];
    struct gpu_adapter *adapter[BALLAST_AI_MAXIMUM_ADAPTERS]; /* each two copies; NULL: never needed so far */
};

void gpu_table_initialize(struct gpu_table *table);

/* Nobody may be using it. */
void gpu_table_destroy(struct gpu_table *table);

/* Bytes of memory that the table takes, itself included. For writers. */
size_t gpu_table_size(const struct gpu_table *table);

/*
 * Replaces the inventory, read at `now_100ns`, which is `system_time` to users. Samples stay with an adapter of the same index and ids. More than
 * BALLAST_AI_MAXIMUM_ADAPTERS are ignored. INSUFFICIENT_RESOURCES: no memory, and nothing is changed.
 */
ballast_status gpu_replace(struct gpu_table *table, const struct gpu_inventory *inventory, size_t adapters,
                           uint64_t now_100ns, uint64_t system_time);

/*
 * Takes a sample, of which the caller has checked that all its bytes are there. INVALID_PARAMETER: something in it is
 * wrong (ai_abi.h says what is right); NOT_FOUND: no such adapter.
 */
ballast_status gpu_push(struct gpu_table *table, const struct ballast_ai_sample *sample, uint64_t now_100ns);

/*
 * Writes struct ballast_ai_gpu_reply and as many adapters as fit, and returns the bytes written; 0, and nothing is
 * written, if not even the fixed part fits. `buffer` is aligned to 8 and may be written several times before it is right.
 * Samples older than `lifetime_ms` are stale. Without a sample of it, the utilization of what may be a GPU is estimated from
 * the number of AI processes; -1 if that is not known.
 */
size_t gpu_reply(const struct gpu_table *table, uint64_t now_100ns, uint32_t lifetime_ms, int32_t ai_processes,
                 void *buffer, size_t length);

/* The busiest adapter: measured values before estimated ones, those before stale ones; the first if none is known. Without
 * adapters, which there is nothing to estimate of, all are unknown. */
struct gpu_summary {
    uint32_t adapters;
    uint32_t index;        /* of the busiest, if there are adapters; as all that follows */
    bool hardware_present; /* some adapter is hardware, or a share of one */
    struct ballast_ai_value utilization_permille;
    struct ballast_ai_value dedicated_used_bytes;
    struct ballast_ai_value dedicated_total_bytes;
    struct ballast_ai_value temperature_millicelsius;
};

void gpu_summarize(const struct gpu_table *table, uint64_t now_100ns, uint32_t lifetime_ms, int32_t ai_processes,
                   struct gpu_summary *summary);

/* What the original answers for so many AI processes; unknown if they are not known (-1). */
struct ballast_ai_value gpu_estimate(int32_t ai_processes);

/* Whether some adapter's utilization is to be estimated, because nobody has pushed one. */
bool gpu_wants_estimate(const struct gpu_table *table);

/* The index of the adapter at `position`; false, and nothing is written, if there are not that many. */
bool gpu_adapter_index(const struct gpu_table *table, size_t position, uint32_t *index);

/* ---- text; pure functions, any IRQL ---- */

/* Whether one UTF-16 unit may go to a terminal: no control character, half of a pair, separator or override. */
bool gpu_printable(uint16_t unit);

/*
 * The ids in "PCI\VEN_10DE&DEV_2204", whatever follows them after & or the end; without case. False for anything else,
 * and nothing is written.
 */
bool gpu_parse_matching_id(const uint16_t *text, size_t characters, uint32_t *vendor_id, uint32_t *device_id);

/* BALLAST_AI_KIND_..., by the id that the adapter's driver was chosen by. */
uint32_t gpu_kind(const uint16_t *text, size_t characters);

/*
 * Bytes of memory from HardwareInformation.qwMemorySize or .MemorySize: 4 or 8 bytes, little-endian, of any registry type.
 * False for another length, and for 0 or 2^63 and more, which no adapter has.
 */
bool gpu_parse_memory_size(const void *data, size_t length, uint64_t *bytes);

/*
 * Copies text until a zero into an array of `capacity` units, cut to fit, with zeros after it; units that are not
 * printable become '?'.
 */
void gpu_copy_text(uint16_t *to, size_t capacity, const uint16_t *text, size_t characters);

#endif
