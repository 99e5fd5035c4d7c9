/* SPDX-License-Identifier: MIT */
/*
 * The control interface of ballastai.sys. docs/ai.md explains it for users; ballast.h has it as functions.
 *
 * Object: \Device\BallastAi (\\.\BallastAi). The same device answers the codes of codex_abi.h under its names.
 * \Device\BallastAiFeed (\\.\BallastAiFeed) is for who feeds samples: SYSTEM, administrators and the service "ballastsvc",
 * by its own SID, may open it, and whoever could may push through it.
 *
 * Every request and reply begins with struct ballast_header: version 1 of its structure, flags 0 unless the structure
 * says otherwise, reserved members zero. Requests whose input is optional are answered without one as if all members were
 * zero. Units are in the names; times are 100 ns since 1601 UTC; text is UTF-16LE, zero-terminated within its array.
 *
 * Errors that all codes share: INVALID_DEVICE_REQUEST for an unknown code, INVALID_PARAMETER for a wrong header,
 * reserved member or value, BUFFER_TOO_SMALL for output shorter than the fixed part of the reply, ACCESS_DENIED for a
 * handle without the access that the code carries or a caller without the rights.
 */
#ifndef BALLAST_AI_ABI_H
#define BALLAST_AI_ABI_H

#include "ballast/wire.h"

#define BALLAST_AI_CODE(function, access) \
    BALLAST_CONTROL_CODE(BALLAST_DEVICE_TYPE, function, BALLAST_METHOD_BUFFERED, access)

#define BALLAST_IOCTL_AI_QUERY_GPUS       BALLAST_AI_CODE(0x901, BALLAST_ACCESS_ANY)
#define BALLAST_IOCTL_AI_QUERY_PROCESSES  BALLAST_AI_CODE(0x902, BALLAST_ACCESS_ANY)
#define BALLAST_IOCTL_AI_QUERY_SCHEDULER  BALLAST_AI_CODE(0x903, BALLAST_ACCESS_ANY)
#define BALLAST_IOCTL_AI_QUERY_RULES      BALLAST_AI_CODE(0x904, BALLAST_ACCESS_ANY)
#define BALLAST_IOCTL_AI_QUERY_POOL       BALLAST_AI_CODE(0x905, BALLAST_ACCESS_ANY)
#define BALLAST_IOCTL_AI_QUERY_BLOCKS     BALLAST_AI_CODE(0x906, BALLAST_ACCESS_ANY)
#define BALLAST_IOCTL_AI_QUERY_DRIVER     BALLAST_AI_CODE(0x907, BALLAST_ACCESS_ANY)
#define BALLAST_IOCTL_AI_QUERY_OWNERS     BALLAST_AI_CODE(0x908, BALLAST_ACCESS_ANY)
#define BALLAST_IOCTL_AI_ALLOCATE         BALLAST_AI_CODE(0x910, BALLAST_ACCESS_READ_WRITE)
#define BALLAST_IOCTL_AI_FREE             BALLAST_AI_CODE(0x911, BALLAST_ACCESS_READ_WRITE)
#define BALLAST_IOCTL_AI_GRANT            BALLAST_AI_CODE(0x912, BALLAST_ACCESS_READ_WRITE)
#define BALLAST_IOCTL_AI_MAP              BALLAST_AI_CODE(0x913, BALLAST_ACCESS_READ_WRITE)
#define BALLAST_IOCTL_AI_UNMAP            BALLAST_AI_CODE(0x914, BALLAST_ACCESS_READ_WRITE)
/* Administrators only. */
#define BALLAST_IOCTL_AI_PUSH_SAMPLE      BALLAST_AI_CODE(0x920, BALLAST_ACCESS_READ_WRITE)
#define BALLAST_IOCTL_AI_RELOAD_RULES     BALLAST_AI_CODE(0x921, BALLAST_ACCESS_READ_WRITE)

#define BALLAST_AI_VERSION                1u /* of every structure below */

/*
 * So many requests of one handle, of all of one process, and of all of one user, may be waiting for an answer; more are refused
 * with QUOTA_EXCEEDED. A user's programs with an administrator's rights are another user; in Wine all callers are one.
 */
#define BALLAST_AI_MAXIMUM_PENDED         64u
#define BALLAST_AI_MAXIMUM_PROCESS_PENDED 256u
#define BALLAST_AI_MAXIMUM_USER_PENDED    1024u

/* ---- values ------------------------------------------------------------------------------------------------------- */

/* ballast_ai_value.state */
#define BALLAST_AI_UNKNOWN                0u /* value and age are 0; reason says why */
#define BALLAST_AI_MEASURED               1u
#define BALLAST_AI_ESTIMATED              2u /* derived from something else; source says from what */
#define BALLAST_AI_STALE                  3u /* measured longer ago than samples live; the last value and its age are still given */

/* ballast_ai_value.source */
#define BALLAST_AI_SOURCE_NONE            0u
#define BALLAST_AI_SOURCE_REGISTRY        1u /* the adapter's driver key */
#define BALLAST_AI_SOURCE_KERNEL          2u /* measured or counted by the driver */
#define BALLAST_AI_SOURCE_PROCESS_COUNT \
    3u /* estimated from the number of AI processes: 0, 1, 2, 3+ are 5, 35, 60, 85 % */
#define BALLAST_AI_SOURCE_D3DKMT       4u /* this and the following: pushed, and where the pusher had it from */
#define BALLAST_AI_SOURCE_PERF_COUNTER 5u
#define BALLAST_AI_SOURCE_NVML         6u
#define BALLAST_AI_SOURCE_VENDOR       7u /* another library of the GPU's vendor */
#define BALLAST_AI_SOURCE_MANUAL       8u /* a person or a script: ballast ai push, SET_GPU_UTIL */
#define BALLAST_AI_SOURCE_FIRST_PUSHED BALLAST_AI_SOURCE_D3DKMT
#define BALLAST_AI_SOURCE_LAST_PUSHED  BALLAST_AI_SOURCE_MANUAL
/*
 * The adapter's driver key has the size of its memory in 32 bits only. Always ESTIMATED: cards of 4 GiB and more have at
 * least that much, and integrated ones write what they share.
 */
#define BALLAST_AI_SOURCE_REGISTRY_32  9u
#define BALLAST_AI_SOURCES             10u

/* ballast_ai_value.reason, if the state is UNKNOWN */
#define BALLAST_AI_REASON_NONE         0u
#define BALLAST_AI_REASON_NO_SAMPLE    1u /* nobody has pushed this value */
#define BALLAST_AI_REASON_NOT_RECORDED 2u /* the adapter's driver does not write it to the registry */
#define BALLAST_AI_REASON_NOT_REPORTED 3u /* this system does not report it */
#define BALLAST_AI_REASON_STARTING     4u /* measuring has just begun: ask again */

struct ballast_ai_value {
    _Alignas(8) int64_t value; /* in the unit of the member or index that has it */
    uint32_t age_ms;           /* since it was measured */
    uint8_t state;
    uint8_t source;
    uint16_t reason;
};
_Static_assert(offsetof(struct ballast_ai_value, state) == 12, "wire layout");
_Static_assert(sizeof(struct ballast_ai_value) == 16, "wire layout");

/* ---- GPUs --------------------------------------------------------------------------------------------------------- */

/* Indices of what is known of an adapter by measurement, and their units; bits of a sample's mask by 1 << index. */
enum ballast_ai_gpu_value {
    BALLAST_AI_GPU_UTILIZATION_PERMILLE, /* of the busiest engine, which is named; 0 ... 1000 */
    BALLAST_AI_GPU_DEDICATED_USED_BYTES,
    BALLAST_AI_GPU_DEDICATED_TOTAL_BYTES,
    BALLAST_AI_GPU_SHARED_USED_BYTES,
    BALLAST_AI_GPU_SHARED_TOTAL_BYTES,
    BALLAST_AI_GPU_TEMPERATURE_MILLICELSIUS, /* -273150 ... 1000000 */
    BALLAST_AI_GPU_POWER_MILLIWATTS,         /* 0 ... 10^7 */
    BALLAST_AI_GPU_CORE_CLOCK_HZ,            /* 0 ... 10^12 */
    BALLAST_AI_GPU_MEMORY_CLOCK_HZ,
    BALLAST_AI_GPU_FAN_RPM, /* 0 ... 10^6 */
    BALLAST_AI_GPU_VALUES
};

#define BALLAST_AI_NAME_LENGTH         128u
#define BALLAST_AI_SHORT_NAME_LENGTH   32u

/* ballast_ai_adapter.valid: bits, and what kind of adapter it is */
#define BALLAST_AI_ADAPTER_PCI_IDS     0x1u /* vendor_id and device_id */
#define BALLAST_AI_ADAPTER_KIND(valid) ((valid) >> 8 & 0xFu)
#define BALLAST_AI_KIND_UNKNOWN        0u
#define BALLAST_AI_KIND_HARDWARE       1u
#define BALLAST_AI_KIND_SOFTWARE       2u /* the processor draws; its utilization is never estimated, as the next two's */
#define BALLAST_AI_KIND_REMOTE         3u /* of a remote desktop session */
#define BALLAST_AI_KIND_VIRTUAL        4u /* virtual monitors and hypervisors' adapters */
#define BALLAST_AI_KIND_GPU_PV         5u /* a share of the host's GPU in a virtual machine */

#define BALLAST_AI_MAXIMUM_ADAPTERS    32u

/* Input of QUERY_GPUS, optional. header.flags: */
#define BALLAST_AI_GPU_REFRESH         0x0001u /* read the registry again before answering */

struct ballast_ai_gpu_query {
    struct ballast_header header;
};

struct ballast_ai_adapter {
    uint32_t index; /* the number of its driver key, which is also its identity in samples */
    uint32_t valid;
    uint32_t vendor_id; /* PCI; 0x10DE NVIDIA, 0x1002 AMD, 0x8086 Intel */
    uint32_t device_id;
    uint16_t name[BALLAST_AI_NAME_LENGTH];
    uint16_t driver_version[BALLAST_AI_SHORT_NAME_LENGTH]; /* empty: not recorded, as the date */
    uint16_t driver_date[BALLAST_AI_SHORT_NAME_LENGTH];    /* as the driver's INF writes it: month-day-year */
    uint16_t engine[BALLAST_AI_SHORT_NAME_LENGTH];         /* the busiest engine; empty: not known */
    struct ballast_ai_value values[BALLAST_AI_GPU_VALUES];
};
_Static_assert(offsetof(struct ballast_ai_adapter, name) == 16, "wire layout");
_Static_assert(offsetof(struct ballast_ai_adapter, values) == 464, "wire layout");
_Static_assert(sizeof(struct ballast_ai_adapter) == 624, "wire layout");

/* Output of QUERY_GPUS. As many adapters as fit are written; `adapters` says how many there are. */
struct ballast_ai_gpu_reply {
    struct ballast_header header;
    uint32_t adapters;
    uint32_t adapters_returned;
    _Alignas(8) uint64_t inventory_time; /* when the adapters were looked at, by the clock of then */
    uint64_t samples_pushed;             /* since the driver was loaded */
    struct ballast_ai_adapter adapter[];
};
_Static_assert(sizeof(struct ballast_ai_gpu_reply) == 32, "wire layout");

/*
 * Input of PUSH_SAMPLE: what was measured of one adapter at one time. At least one bit of `mask` is set. Values whose bit is
 * not are 0, and what was pushed before stays. `engine` belongs to the utilization and is empty without it; it is printable,
 * ends with a zero, and is zero from there on. The last push of a value counts, however old. NOT_FOUND: no such adapter.
 */
#define BALLAST_AI_MAXIMUM_SAMPLE_AGE_MS 86400000u

struct ballast_ai_sample {
    struct ballast_header header;
    uint32_t adapter_index;
    uint32_t mask;
    uint32_t source; /* BALLAST_AI_SOURCE_FIRST_PUSHED ... BALLAST_AI_SOURCE_LAST_PUSHED */
    uint32_t age_ms; /* how long ago it was measured, at most BALLAST_AI_MAXIMUM_SAMPLE_AGE_MS */
    uint16_t engine[BALLAST_AI_SHORT_NAME_LENGTH];
    _Alignas(8) int64_t values[BALLAST_AI_GPU_VALUES];
};
_Static_assert(offsetof(struct ballast_ai_sample, values) == 88, "wire layout");
_Static_assert(sizeof(struct ballast_ai_sample) == 168, "wire layout");

/* ---- AI processes ------------------------------------------------------------------------------------------------- */

/* Age that QUERY_PROCESSES and QUERY_SCHEDULER accept if they are not told. */
#define BALLAST_AI_DEFAULT_AGE_MS 1000u
#define BALLAST_AI_MINIMUM_AGE_MS 100u

/* Input of QUERY_PROCESSES, optional. */
struct ballast_ai_process_query {
    struct ballast_header header;
    uint32_t maximum_age_ms; /* an older list is made anew before answering; 0: the default; 1: always anew. Less than
                                BALLAST_AI_MINIMUM_AGE_MS counts as that, unless the caller is an administrator */
    uint32_t reserved;
};
_Static_assert(sizeof(struct ballast_ai_process_query) == 16, "wire layout");

#define BALLAST_AI_PROCESS_NAME_LENGTH 64u

struct ballast_ai_process {
    uint32_t process_id;
    uint32_t parent_process_id;
    uint32_t threads;
    uint32_t handles;
    _Alignas(8) uint64_t cpu_time_100ns; /* kernel and user, of all threads */
    uint64_t working_set_bytes;
    uint64_t create_time;
    uint32_t rule;        /* index of the first rule that matched */
    uint32_t name_length; /* characters of the whole name, which may be longer than the array */
    uint16_t name[BALLAST_AI_PROCESS_NAME_LENGTH]; /* zero-terminated unless it fills the array */
};
_Static_assert(offsetof(struct ballast_ai_process, rule) == 40, "wire layout");
_Static_assert(sizeof(struct ballast_ai_process) == 176, "wire layout");

/* At most so many AI processes are listed; more are only counted. */
#define BALLAST_AI_MAXIMUM_PROCESSES 4096u

/* Output of QUERY_PROCESSES: the AI processes, as many as fit, and totals. */
struct ballast_ai_process_reply {
    struct ballast_header header;
    uint32_t processes; /* AI processes that there are */
    uint32_t processes_returned;
    uint32_t system_processes; /* all processes, and their threads */
    uint32_t system_threads;
    uint32_t threads; /* of AI processes, as the following */
    uint32_t handles;
    _Alignas(8) uint64_t cpu_time_100ns;
    uint64_t working_set_bytes;
    uint64_t snapshot_time;
    uint32_t age_ms;
    uint32_t rules_generation; /* of the rules it was made with */
    struct ballast_ai_process process[];
};
_Static_assert(offsetof(struct ballast_ai_process_reply, cpu_time_100ns) == 32, "wire layout");
_Static_assert(sizeof(struct ballast_ai_process_reply) == 64, "wire layout");

/*
 * Output of QUERY_RULES, and of RELOAD_RULES, which reads the registry value `Rules` (REG_MULTI_SZ) of the service's key
 * Parameters again. A rule is `text` or `substring:text`, `exact:text`, or `glob:text` with * and ?, compared without
 * case to the image name. If one is wrong RELOAD_RULES fails with INVALID_PARAMETER and the old rules stay; the driver
 * loads with the default rules then, and `rejected_rule` says which one it was.
 */
#define BALLAST_AI_MAXIMUM_RULES  256u
#define BALLAST_AI_RULE_LENGTH    64u /* characters of a rule's text, without its kind */
#define BALLAST_AI_NO_RULE        0xFFFFFFFFu

#define BALLAST_AI_RULE_SUBSTRING 0u
#define BALLAST_AI_RULE_EXACT     1u
#define BALLAST_AI_RULE_GLOB      2u
#define BALLAST_AI_RULE_WORD      3u

struct ballast_ai_rule {
    uint16_t kind;
    uint16_t text_length; /* characters */
    uint16_t text[BALLAST_AI_RULE_LENGTH];
};
_Static_assert(sizeof(struct ballast_ai_rule) == 132, "wire layout");

struct ballast_ai_rule_reply {
    struct ballast_header header;
    uint32_t rules;
    uint32_t rules_returned;
    uint32_t generation;    /* grows with each reload */
    uint32_t from_registry; /* 0: the default rules */
    uint32_t rejected_rule; /* index of the rule for which those of the registry were refused at load, or NO_RULE */
    uint32_t reserved;
    struct ballast_ai_rule rule[];
};
_Static_assert(sizeof(struct ballast_ai_rule_reply) == 32, "wire layout");

/* ---- scheduler ---------------------------------------------------------------------------------------------------- */

/* Indices of thread states, as the system numbers them. */
#define BALLAST_AI_THREAD_STATES     10u

/*
 * Output of QUERY_SCHEDULER. Wake-up latency is measured by a probe: a timer's DPC sets an event, and a thread that waits
 * for it looks how long that took. It runs while somebody asks, and for BALLAST_AI_PROBE_LINGER_MS after. All values are of
 * the last window_ms. The input is that of QUERY_PROCESSES: thread states come from the same enumeration.
 */
#define BALLAST_AI_PROBE_LINGER_MS   10000u

#define BALLAST_AI_HISTOGRAM_BUCKETS 96u

struct ballast_ai_scheduler_reply {
    struct ballast_header header;
    uint32_t window_ms;       /* how much of the past the histogram covers */
    uint32_t probe_period_ms; /* mean time between two probes, as the system's timer did it; 0: not known yet */
    struct ballast_ai_value latency_p50_ns;
    struct ballast_ai_value latency_p90_ns;
    struct ballast_ai_value latency_p99_ns;
    struct ballast_ai_value latency_max_ns;
    struct ballast_ai_value latency_mean_ns;
    struct ballast_ai_value ai_processes;
    struct ballast_ai_value ai_threads;
    struct ballast_ai_value ai_threads_ready; /* runnable and waiting for a processor: ready, deferred ready, standby */
    struct ballast_ai_value
        ai_context_switches;                 /* of threads of AI processes that have not ended, per second; as the */
    struct ballast_ai_value ai_cpu_permille; /* next, of one processor, since a list that is at least 500 ms older, and
                                                120.5 s at most */
    struct ballast_ai_value thread_state[BALLAST_AI_THREAD_STATES]; /* AI threads by state */
    uint64_t samples;                                               /* in the histogram */
    uint32_t bucket[BALLAST_AI_HISTOGRAM_BUCKETS];                  /* ballast/latency.h says what each counts */
};
_Static_assert(offsetof(struct ballast_ai_scheduler_reply, samples) == 336, "wire layout");
_Static_assert(sizeof(struct ballast_ai_scheduler_reply) == 728, "wire layout");

/* ---- pinned pool -------------------------------------------------------------------------------------------------- */

/*
 * Blocks belong to the handle through which they were allocated and are freed when it closes, however that happens. Each
 * block is a section of its own, zeroed by the system, mapped into the allocating process; another process may map it
 * once the owner has granted that. Ids are not secret and never reused soon.
 */
#define BALLAST_AI_POOL_UNIT          4096u /* sizes are rounded up to it */
#define BALLAST_AI_MAXIMUM_ALIGNMENT  65536u
#define BALLAST_AI_DEFAULT_POOL_BYTES (256u << 20)

/* ballast_ai_allocate.header.flags and ballast_ai_map.header.flags */
#define BALLAST_AI_LOCK               0x0001u /* lock the pages in memory, or fail */
#define BALLAST_AI_LOCK_IF_POSSIBLE   0x0002u /* lock them if the system lets us */

/*
 * Input of ALLOCATE. INSUFFICIENT_RESOURCES: a quota, of the pool, the caller's process or its user, or memory is exhausted;
 * QUERY_POOL says which. A handle that was not opened for writing, which only the codes of codex_abi.h can allocate through,
 * is of an owner with small quotas. A quota is of the process that opened the handle, whoever maps the block.
 */
struct ballast_ai_allocate {
    struct ballast_header header;
    _Alignas(8) uint64_t size_bytes; /* 1 ... the quota */
    uint32_t alignment_bytes;        /* of the address: a power of two to MAXIMUM_ALIGNMENT; 0: any */
    uint32_t reserved;
};
_Static_assert(sizeof(struct ballast_ai_allocate) == 24, "wire layout");

#define BALLAST_AI_ACCESS_NONE  0u
#define BALLAST_AI_ACCESS_READ  1u
#define BALLAST_AI_ACCESS_WRITE 2u /* read and write */

/*
 * Input of FREE (owner only; access and process_id 0), GRANT (owner only), MAP (process_id 0) and UNMAP (both 0). NOT_FOUND: no
 * such block, or for FREE and GRANT not this handle's, for MAP not granted to the caller, for UNMAP not mapped: no answer says
 * which ids others' blocks have. ACCESS_DENIED: MAP for writing what is granted for reading.
 */
struct ballast_ai_block_request {
    struct ballast_header header;
    _Alignas(8) uint64_t id;
    uint32_t process_id; /* GRANT: to whom, see below */
    uint32_t access;     /* GRANT: NONE takes it back and unmaps; MAP: READ or WRITE */
};
_Static_assert(sizeof(struct ballast_ai_block_request) == 24, "wire layout");

/*
 * Input of GRANT, which begins as the above, and may be that: the process is then the one that has this id now, which is
 * another one's soon after a process has ended. So say when it was created, or give a handle to it that was opened with
 * PROCESS_QUERY_LIMITED_INFORMATION (PROCESS_QUERY_INFORMATION before NT 6). With a handle, process_id may be 0; without,
 * the caller must have that right on the process, but for taking back. NOT_FOUND: no such process, or not the caller's
 * block; ACCESS_DENIED: no right on the process; NOT_SUPPORTED: this system does not let drivers use a client's handles (Wine, which checks
 * no rights). A grant ends with the process.
 */
struct ballast_ai_grant {
    struct ballast_header header;
    _Alignas(8) uint64_t id;
    uint32_t process_id;
    uint32_t access;
    uint64_t create_time;    /* 0: any */
    uint64_t process_handle; /* 0: none */
};
_Static_assert(offsetof(struct ballast_ai_grant, create_time) == sizeof(struct ballast_ai_block_request),
               "wire layout");
_Static_assert(sizeof(struct ballast_ai_grant) == 40, "wire layout");

/*
 * ballast_ai_mapping.state and ballast_ai_block.state: as the system said when it was last asked to lock, by ALLOCATE or MAP. A
 * process may unlock its own views, and no one is told: MAP with a flag asks again, and corrects what queries say.
 */
#define BALLAST_AI_BLOCK_LOCKED 0x1u

/* Output of ALLOCATE and MAP: where the block is in the caller. */
struct ballast_ai_mapping {
    struct ballast_header header;
    _Alignas(8) uint64_t id;
    uint64_t address;    /* in the calling process */
    uint64_t size_bytes; /* rounded up to BALLAST_AI_POOL_UNIT */
    uint32_t state;
    uint32_t lock_status; /* NTSTATUS of locking, if it was asked for; 0 otherwise */
};
_Static_assert(sizeof(struct ballast_ai_mapping) == 40, "wire layout");

/* Size classes of QUERY_POOL: up to 64 KiB, up to 1 MiB, larger. */
#define BALLAST_AI_SIZE_CLASSES     3u

/*
 * Output of QUERY_POOL. With room for less than all, but for the 152 bytes that version 1.0 had, it is those, and its header
 * says so.
 */
#define BALLAST_AI_POOL_REPLY_SHORT 152u

struct ballast_ai_pool_reply {
    struct ballast_header header;
    uint32_t blocks;
    uint32_t owners;                  /* handles that own blocks */
    _Alignas(8) uint64_t total_bytes; /* the quota */
    uint64_t owner_quota_bytes;       /* what the caller's process may have; OwnerPoolBytes in the registry */
    uint64_t used_bytes;              /* rounded sizes of all blocks */
    uint64_t free_bytes;
    uint64_t requested_bytes;    /* before rounding */
    uint64_t largest_free_bytes; /* the largest block that the caller could allocate now: what is free for it */
    uint64_t peak_bytes;         /* of used_bytes, since load */
    uint64_t locked_bytes;       /* blocks that at least one process has locked; see BALLAST_AI_BLOCK_LOCKED */
    uint64_t allocations;        /* successful ones since load */
    uint64_t frees;
    uint64_t failures;               /* allocations refused since load */
    uint32_t unit_bytes;             /* BALLAST_AI_POOL_UNIT */
    uint32_t fragmentation_permille; /* how much of what is free is not in one piece: 0 */
    uint32_t class_blocks[BALLAST_AI_SIZE_CLASSES];
    uint32_t reserved;
    uint64_t class_bytes[BALLAST_AI_SIZE_CLASSES];
    uint64_t owner_used_bytes; /* by the caller's process */
    uint64_t user_quota_bytes; /* what all processes of the caller's user may have; UserPoolBytes in the registry */
    uint64_t user_used_bytes;
    uint64_t reserve_bytes; /* which administrators' processes have alone; ReservePoolBytes in the registry */
    uint32_t limited;       /* 1: the caller's process is none of them */
    uint32_t reserved_2;
};
_Static_assert(offsetof(struct ballast_ai_pool_reply, unit_bytes) == 104, "wire layout");
_Static_assert(offsetof(struct ballast_ai_pool_reply, owner_used_bytes) == BALLAST_AI_POOL_REPLY_SHORT, "wire layout");
_Static_assert(sizeof(struct ballast_ai_pool_reply) == 192, "wire layout");

/* ballast_ai_owner.flags */
#define BALLAST_AI_OWNER_ADMINISTRATOR 0x1u
#define BALLAST_AI_OWNER_SMALL         0x2u /* its handles were opened without write access */

/* A process that has the driver open. One with handles of both kinds is there twice. */
struct ballast_ai_owner {
    _Alignas(8) uint64_t create_time; /* of the process, with the id its identity */
    uint64_t used_bytes;
    uint64_t quota_bytes;
    uint32_t process_id;
    uint32_t blocks;
    uint32_t handles;
    uint32_t flags;
};
_Static_assert(sizeof(struct ballast_ai_owner) == 40, "wire layout");

/* Output of QUERY_OWNERS: as many as fit, in no order; all for administrators, for others those of their own
 * user, without his elevated programs. */
struct ballast_ai_owner_reply {
    struct ballast_header header;
    uint32_t owners;
    uint32_t owners_returned;
    struct ballast_ai_owner owner[];
};
_Static_assert(sizeof(struct ballast_ai_owner_reply) == 16, "wire layout");

struct ballast_ai_block {
    _Alignas(8) uint64_t id;
    uint64_t size_bytes;
    uint32_t owner_process_id;
    uint32_t state;    /* LOCKED: at least one view is */
    uint32_t mappings; /* its views, the owner's included */
    uint32_t grants;
};
_Static_assert(sizeof(struct ballast_ai_block) == 32, "wire layout");

/*
 * Output of QUERY_BLOCKS: as many as fit, in the order of their ids; all for administrators, for others those of their
 * own user, without his elevated programs.
 */
struct ballast_ai_block_reply {
    struct ballast_header header;
    uint32_t blocks;
    uint32_t blocks_returned;
    struct ballast_ai_block block[];
};
_Static_assert(sizeof(struct ballast_ai_block_reply) == 16, "wire layout");

/* ---- the driver --------------------------------------------------------------------------------------------------- */

/* Output of QUERY_DRIVER. Counters are since load. */
struct ballast_ai_driver_reply {
    struct ballast_header header;
    uint32_t version; /* BALLAST_VERSION_NUMBER */
    uint32_t sample_lifetime_ms;
    uint32_t probe_armed;         /* 1: the probe's timer is set */
    uint32_t registered_runtimes; /* handles that called REGISTER_WINAI */
    _Alignas(8) uint64_t enumerations;
    uint64_t enumeration_retries; /* because the list grew meanwhile */
    uint64_t probes;
    uint64_t probe_starts;
    uint64_t samples_pushed;
    uint64_t inventory_reads;
    uint64_t rule_reloads;
    uint64_t priority_boosts;
    struct ballast_pool_usage pool[BALLAST_POOL_TAGS];
};
_Static_assert(offsetof(struct ballast_ai_driver_reply, enumerations) == 24, "wire layout");
_Static_assert(sizeof(struct ballast_ai_driver_reply) == 472, "wire layout");

#endif
