/* SPDX-License-Identifier: MIT */
/*
 * The rules, and the list of AI processes that they make of the system's. Both are immutable once published and counted
 * by reference, so that readers copy without a lock. Only the service thread makes new ones.
 *
 * Rates are differences to a list that is at least BASELINE_100NS old, whoever asks and how often: processor time is charged
 * by ticks of up to 15.6 ms, and one client's polling must not spoil what another one is told. What has been done since a list
 * that is older than OLDEST_BASELINE_100NS is no rate of now: rates begin anew.
 *
 * IRQL: making and reading PASSIVE_LEVEL, what only looks at the newest list's age or count <= DISPATCH_LEVEL.
 */

#include "core/ai/processes.h"
#include "core/ai/rules.h"
#include "core/ai/value.h"
#include "driver/ai/driver.h"
#include "driver/nt/registry.h"

#define SYSTEM_PROCESS_INFORMATION_CLASS 5
#define FIRST_ROOM                       (64u << 10)
#define SPARE_ROOM                       (16u << 10) /* for processes that start meanwhile */
#define MAXIMUM_ROOM                     (64u << 20)
#define MAXIMUM_TRIES                    8

#define BASELINE_100NS                   5000000u
#define OLDEST_BASELINE_100NS            1200000000u

#define PROCESSES_TAG_ROOM               PLATFORM_TAG('B', 'a', 'P', 'i')
#define PROCESSES_TAG_SNAPSHOT           PLATFORM_TAG('B', 'a', 'P', 'n')
#define PROCESSES_TAG_RULES              PLATFORM_TAG('B', 'a', 'R', 'l')

/* The longest text of MAXIMUM_RULES rules with their kinds. */
#define RULES_TEXT_BYTES                 ((size_t)2 * BALLAST_AI_MAXIMUM_RULES * (BALLAST_AI_RULE_LENGTH + 16u))

NTSYSAPI NTSTATUS NTAPI ZwQuerySystemInformation(ULONG information_class, PVOID information, ULONG length,
                                                 PULONG needed);

struct rule_set {
    LONG references; /* atomic */
    uint32_t generation;
    bool from_registry;
    uint32_t rejected; /* of those in the registry */
    struct rules *rules;
};

struct snapshot {
    LONG references; /* atomic */
    uint32_t generation;
    uint32_t begun_ms;  /* ai_now_ms before the system was asked */
    uint32_t processes; /* as in the list, which is paged and not for use under the lock; as the next */
    uint64_t made_100ns;
    struct process_list *list;
    struct process_delta delta; /* from the baseline of that time */
};

static struct {
    KSPIN_LOCK lock; /* the two pointers */
    struct rule_set *rules;
    struct snapshot *snapshot;
    /* The service thread's, as the following: what rates are differences to, and what will be that once it is old enough. */
    struct snapshot *baseline;
    struct snapshot *next_baseline;
    uint32_t room; /* what the last enumeration took */
} state;

/* ---- references ---- */

static struct rule_set *get_rules(void)
{
    KIRQL irql;
    KeAcquireSpinLock(&state.lock, &irql);
    struct rule_set *set = state.rules;
    __atomic_add_fetch(&set->references, 1, __ATOMIC_RELAXED);
    KeReleaseSpinLock(&state.lock, irql);
    return set;
}

static void put_rules(struct rule_set *set)
{
    if (set != NULL && __atomic_sub_fetch(&set->references, 1, __ATOMIC_ACQ_REL) == 0) {
        rules_free(set->rules);
        platform_free(set, sizeof(*set), PROCESSES_TAG_RULES);
    }
}

static struct snapshot *get_snapshot(void)
{
    KIRQL irql;
    KeAcquireSpinLock(&state.lock, &irql);
    struct snapshot *snapshot = state.snapshot;
    if (snapshot != NULL) {
        __atomic_add_fetch(&snapshot->references, 1, __ATOMIC_RELAXED);
    }
    KeReleaseSpinLock(&state.lock, irql);
    return snapshot;
}

static void put_snapshot(struct snapshot *snapshot)
{
    if (snapshot != NULL && __atomic_sub_fetch(&snapshot->references, 1, __ATOMIC_ACQ_REL) == 0) {
        process_list_free(snapshot->list);
        platform_free(snapshot, sizeof(*snapshot), PROCESSES_TAG_SNAPSHOT);
    }
}

/* ---- rules ---- */

/* Compiles the value `Rules`; OBJECT_NAME_NOT_FOUND if there is none. */
static NTSTATUS compile_registry(struct rules **rules, uint32_t *rejected)
{
    HANDLE key;
    ULONG length;
    NTSTATUS status = ai_open_parameters(&key);
    if (!NT_SUCCESS(status)) {
        return status == STATUS_INSUFFICIENT_RESOURCES ? status : STATUS_OBJECT_NAME_NOT_FOUND;
    }
    uint16_t *text = platform_allocate(PLATFORM_POOL_PAGED, RULES_TEXT_BYTES, PROCESSES_TAG_ROOM);
    if (text == NULL) {
        status = STATUS_INSUFFICIENT_RESOURCES;
    } else {
        status = nt_registry_read(key, L"Rules", NT_REGISTRY_MULTI, text, RULES_TEXT_BYTES, &length);
    }
    if (NT_SUCCESS(status)) {
        status = rules_compile(text, length / sizeof(*text), rules, rejected);
    }
    platform_free(text, RULES_TEXT_BYTES, PROCESSES_TAG_ROOM);
    (void)ZwClose(key);
    return status;
}

static NTSTATUS publish(struct rules *rules, bool from_registry, uint32_t rejected)
{
    KIRQL irql;
    struct rule_set *set = platform_allocate(PLATFORM_POOL_NONPAGED, sizeof(*set), PROCESSES_TAG_RULES);
    if (set == NULL) {
        rules_free(rules);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    *set = (struct rule_set){.references = 1, .from_registry = from_registry, .rejected = rejected, .rules = rules};
    KeAcquireSpinLock(&state.lock, &irql);
    struct rule_set *old = state.rules;
    set->generation = old != NULL ? old->generation + 1 : 1;
    state.rules = set;
    KeReleaseSpinLock(&state.lock, irql);
    put_rules(old);
    return STATUS_SUCCESS;
}

NTSTATUS ai_rules_load(void)
{
    struct rules *rules = NULL;
    uint32_t rejected = BALLAST_AI_NO_RULE;
    RtlZeroMemory(&state, sizeof(state));
    KeInitializeSpinLock(&state.lock);
    NTSTATUS status = compile_registry(&rules, &rejected);
    bool from_registry = NT_SUCCESS(status);
    if (!from_registry && status != STATUS_INSUFFICIENT_RESOURCES) {
        if (status != STATUS_OBJECT_NAME_NOT_FOUND) {
            DbgPrint("ballastai: the value Rules is refused (0x%08x, rule %u), the default rules hold\n",
                     (unsigned)status, (unsigned)rejected);
        }
        status = rules_compile_default(&rules);
    }
    return NT_SUCCESS(status) ? publish(rules, from_registry, rejected) : status;
}

static void write_rules(const struct rule_set *set, struct request *request)
{
    struct ballast_ai_rule_reply *reply = request->buffer;
    uint32_t count = rules_count(set->rules);
    size_t room = (request->output_length - sizeof(*reply)) / sizeof(reply->rule[0]);
    uint32_t fits = room < count ? (uint32_t)room : count;
    RtlZeroMemory(reply, sizeof(*reply) + fits * sizeof(reply->rule[0]));
    request->information = sizeof(*reply) + fits * sizeof(reply->rule[0]);
    reply->header = (struct ballast_header){(uint32_t)request->information, BALLAST_AI_VERSION, 0};
    reply->rules = count;
    reply->rules_returned = fits;
    reply->generation = set->generation;
    reply->from_registry = set->from_registry;
    reply->rejected_rule = set->rejected;
    for (uint32_t i = 0; i < fits; i++) {
        rules_read(set->rules, i, &reply->rule[i]);
    }
}

ballast_status ai_query_rules(void *target, struct request *request)
{
    struct rule_set *set = get_rules();
    (void)target;
    write_rules(set, request);
    put_rules(set);
    return BALLAST_SUCCESS;
}

ballast_status ai_reload_rules(void *target, struct request *request)
{
    struct rules *rules = NULL;
    uint32_t rejected = BALLAST_AI_NO_RULE;
    NTSTATUS status = compile_registry(&rules, &rejected);
    bool from_registry = NT_SUCCESS(status);
    if (status == STATUS_OBJECT_NAME_NOT_FOUND) {
        status = rules_compile_default(&rules);
    }
    if (NT_SUCCESS(status)) {
        status = publish(rules, from_registry, BALLAST_AI_NO_RULE);
    }
    if (!NT_SUCCESS(status)) {
        return status == STATUS_INSUFFICIENT_RESOURCES ? status : BALLAST_INVALID_PARAMETER;
    }
    atomic_add_u64(&ai_driver.counters.rule_reloads, 1);
    return ai_query_rules(target, request);
}

/* ---- the list ---- */

bool ai_processes_fresh(uint32_t maximum_age_ms)
{
    KIRQL irql;
    KeAcquireSpinLock(&state.lock, &irql);
    const struct snapshot *snapshot = state.snapshot;
    uint64_t now = ai_now_100ns(); /* after the list has been made */
    bool fresh = snapshot != NULL && snapshot->generation == state.rules->generation &&
                 now - snapshot->made_100ns <= (uint64_t)maximum_age_ms * 10000;
    KeReleaseSpinLock(&state.lock, irql);
    return fresh;
}

bool ai_processes_made_since(uint32_t time_ms)
{
    KIRQL irql;
    KeAcquireSpinLock(&state.lock, &irql);
    const struct snapshot *snapshot = state.snapshot;
    bool since = snapshot != NULL && snapshot->generation == state.rules->generation &&
                 (int32_t)(snapshot->begun_ms - time_ms) > 0;
    KeReleaseSpinLock(&state.lock, irql);
    return since;
}

/* All processes of the system, in *room bytes at *information. The list may grow while there is not enough room. */
static NTSTATUS enumerate(void **information, uint32_t *room)
{
    *room = state.room != 0 ? state.room : FIRST_ROOM;
    for (unsigned try = 0; try < MAXIMUM_TRIES; try++) {
        ULONG needed = 0;
        *information = platform_allocate(PLATFORM_POOL_PAGED, *room, PROCESSES_TAG_ROOM);
        if (*information == NULL) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        NTSTATUS status = ZwQuerySystemInformation(SYSTEM_PROCESS_INFORMATION_CLASS, *information, *room, &needed);
        if (NT_SUCCESS(status)) {
            state.room = *room;
            return status;
        }
        platform_free(*information, *room, PROCESSES_TAG_ROOM);
        if (status != STATUS_INFO_LENGTH_MISMATCH) {
            return status;
        }
        atomic_add_u64(&ai_driver.counters.enumeration_retries, 1);
        uint64_t next = needed > *room ? (uint64_t)needed + SPARE_ROOM : (uint64_t)*room * 2;
        if (next > MAXIMUM_ROOM) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        *room = (uint32_t)next;
    }
    return STATUS_INFO_LENGTH_MISMATCH;
}

/* When the system was asked. */
struct begun {
    uint32_t ms;          /* ai_now_ms */
    uint64_t system_time; /* UTC */
};

static NTSTATUS create_snapshot(const void *information, size_t length, const struct begun *begun,
                                struct snapshot **result)
{
    struct snapshot *snapshot = platform_allocate(PLATFORM_POOL_NONPAGED, sizeof(*snapshot), PROCESSES_TAG_SNAPSHOT);
    if (snapshot == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    struct rule_set *set = get_rules();
    *snapshot = (struct snapshot){
        .references = 1, .generation = set->generation, .begun_ms = begun->ms, .made_100ns = ai_now_100ns()};
    NTSTATUS status = process_list_build(information, length, set->rules, &snapshot->list);
    put_rules(set);
    if (!NT_SUCCESS(status)) {
        platform_free(snapshot, sizeof(*snapshot), PROCESSES_TAG_SNAPSHOT);
        return status;
    }
    snapshot->processes = snapshot->list->totals.processes;
    snapshot->list->snapshot_time = begun->system_time;
    snapshot->list->made_100ns = snapshot->made_100ns;
    *result = snapshot;
    return STATUS_SUCCESS;
}

static void reference_snapshot(struct snapshot *snapshot)
{
    __atomic_add_fetch(&snapshot->references, 1, __ATOMIC_RELAXED);
}

/* Whether what happened since this list, which is not the new one, says nothing of now. */
static bool is_past(const struct snapshot *before, const struct snapshot *snapshot)
{
    return before->generation != snapshot->generation || /* other rules, other processes */
           snapshot->made_100ns - before->made_100ns > OLDEST_BASELINE_100NS;
}

/*
 * Compares a new list with one that is old enough. Two are kept: the baseline, and a younger one that takes its place as
 * soon as it is old enough itself, so that the baseline's age stays between one and two times what it must be at least
 * while somebody asks often.
 */
static void compare_with_baseline(struct snapshot *snapshot)
{
    struct snapshot *next = state.next_baseline;
    if (next != NULL && is_past(next, snapshot)) {
        put_snapshot(state.baseline);
        put_snapshot(next);
        state.baseline = next = NULL;
    }
    if (next != NULL && snapshot->made_100ns - next->made_100ns >= BASELINE_100NS) {
        put_snapshot(state.baseline);
        state.baseline = next;
        next = NULL;
    }
    if (next == NULL) {
        reference_snapshot(snapshot);
        next = snapshot;
    }
    state.next_baseline = next;
    if (state.baseline != NULL) {
        process_list_delta(state.baseline->list, snapshot->list, &snapshot->delta);
    }
}

NTSTATUS ai_processes_refresh(void)
{
    struct snapshot *snapshot;
    void *information;
    uint32_t room;
    KIRQL irql;
    struct begun begun = {.ms = ai_now_ms(), .system_time = nt_system_time()};
    NTSTATUS status = enumerate(&information, &room);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = create_snapshot(information, room, &begun, &snapshot);
    platform_free(information, room, PROCESSES_TAG_ROOM);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    compare_with_baseline(snapshot);
    atomic_add_u64(&ai_driver.counters.enumerations, 1);
    KeAcquireSpinLock(&state.lock, &irql);
    struct snapshot *old = state.snapshot;
    state.snapshot = snapshot;
    KeReleaseSpinLock(&state.lock, irql);
    put_snapshot(old);
    return STATUS_SUCCESS;
}

ballast_status ai_query_processes(void *target, struct request *request)
{
    struct snapshot *snapshot = get_snapshot();
    (void)target;
    if (snapshot == NULL) {
        return BALLAST_INSUFFICIENT_RESOURCES;
    }
    request->information = process_list_reply(snapshot->list, ai_now_100ns(), snapshot->generation, request->buffer,
                                              request->output_length);
    put_snapshot(snapshot);
    return BALLAST_SUCCESS;
}

int32_t ai_processes_count(void)
{
    KIRQL irql;
    KeAcquireSpinLock(&state.lock, &irql);
    int32_t count = state.snapshot != NULL ? (int32_t)state.snapshot->processes : -1;
    KeReleaseSpinLock(&state.lock, irql);
    return count;
}

static struct ballast_ai_value counted(int64_t value, uint32_t age_ms)
{
    return ai_value(value, BALLAST_AI_MEASURED, BALLAST_AI_SOURCE_KERNEL, age_ms);
}

static struct ballast_ai_value rate(int64_t value, bool valid, bool first, uint32_t age_ms)
{
    return valid ? counted(value, age_ms)
                 : ai_value_unknown(first ? BALLAST_AI_REASON_STARTING : BALLAST_AI_REASON_NOT_REPORTED);
}

void ai_processes_describe_scheduling(struct ballast_ai_scheduler_reply *reply)
{
    struct snapshot *snapshot = get_snapshot();
    if (snapshot == NULL) {
        return;
    }
    const struct process_totals *totals = &snapshot->list->totals;
    const struct process_delta *delta = &snapshot->delta;
    uint32_t age = ai_age_ms(ai_now_100ns(), snapshot->made_100ns);
    bool first = delta->elapsed_100ns == 0;
    reply->ai_processes = counted(totals->processes, age);
    reply->ai_threads = counted(totals->threads, age);
    for (size_t i = 0; i < BALLAST_AI_THREAD_STATES; i++) {
        reply->thread_state[i] = totals->thread_states_known ? counted(totals->thread_state[i], age)
                                                             : ai_value_unknown(BALLAST_AI_REASON_NOT_REPORTED);
    }
    reply->ai_threads_ready = totals->thread_states_known ? counted(process_totals_ready(totals), age)
                                                          : ai_value_unknown(BALLAST_AI_REASON_NOT_REPORTED);
    reply->ai_cpu_permille = rate(delta->cpu_permille, delta->cpu_valid, first, age);
    reply->ai_context_switches = rate(delta->context_switches_per_second, delta->context_switches_valid,
                                      first && totals->context_switches_known, age);
    put_snapshot(snapshot);
}

void ai_processes_stop(void)
{
    put_snapshot(state.snapshot);
    put_snapshot(state.baseline);
    put_snapshot(state.next_baseline);
    put_rules(state.rules);
    state.snapshot = state.baseline = state.next_baseline = NULL;
    state.rules = NULL;
}
