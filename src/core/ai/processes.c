/* SPDX-License-Identifier: MIT */
/* Parsing the system's list of processes; processes.h has the contract. */

#include "core/ai/processes.h"
#include "core/ai/system_processes.h"
#include "core/ai/value.h"
#include "core/base/platform.h"

#define PROCESSES_TAG    PLATFORM_TAG('B', 'a', 'P', 'l')

#define INITIAL_CAPACITY 16u
#define INITIAL_THREADS  64u

/* What is known of one process's threads, beyond their number. */
struct thread_totals {
    uint64_t cpu_time_100ns;
    uint64_t context_switches;
    uint32_t state[BALLAST_AI_THREAD_STATES];
};

static size_t size_of(uint32_t capacity)
{
    return sizeof(struct process_list) + capacity * sizeof(struct process_entry);
}

static size_t threads_size(uint32_t capacity)
{
    return capacity * sizeof(struct process_thread);
}

size_t process_list_size(const struct process_list *list)
{
    return size_of(list->capacity) + threads_size(list->thread_capacity);
}

void process_list_free(struct process_list *list)
{
    if (list != NULL) {
        platform_free(list->thread, threads_size(list->thread_capacity), PROCESSES_TAG);
        platform_free(list, size_of(list->capacity), PROCESSES_TAG);
    }
}

static struct process_list *allocate(uint32_t capacity)
{
    struct process_list *list = platform_allocate(PLATFORM_POOL_PAGED, size_of(capacity), PROCESSES_TAG);
    if (list != NULL) {
        platform_zero(list, sizeof(*list));
        list->capacity = capacity;
    }
    return list;
}

/* Makes room for one more entry; *list may move. */
static bool reserve(struct process_list **list)
{
    if ((*list)->listed < (*list)->capacity) {
        return true;
    }
    uint32_t capacity = (*list)->capacity * 2;
    struct process_list *larger = allocate(capacity);
    if (larger == NULL) {
        return false;
    }
    platform_copy(larger, *list, size_of((*list)->capacity));
    larger->capacity = capacity;
    (*list)->thread = NULL; /* the larger one has them */
    (*list)->thread_capacity = 0;
    process_list_free(*list);
    *list = larger;
    return true;
}

/* Makes room for so many more threads, all or none. False if there is no memory. */
static bool reserve_threads(struct process_list *list, uint32_t more)
{
    uint32_t capacity = list->thread_capacity != 0 ? list->thread_capacity : INITIAL_THREADS;
    while (capacity - list->threads_listed < more) {
        capacity *= 2;
    }
    if (capacity == list->thread_capacity) {
        return true;
    }
    struct process_thread *larger = platform_allocate(PLATFORM_POOL_PAGED, threads_size(capacity), PROCESSES_TAG);
    if (larger == NULL) {
        return false;
    }
    if (list->threads_listed != 0) {
        platform_copy(larger, list->thread, threads_size(list->threads_listed));
    }
    platform_free(list->thread, threads_size(list->thread_capacity), PROCESSES_TAG);
    list->thread = larger;
    list->thread_capacity = capacity;
    return true;
}

static uint64_t add_saturated(uint64_t value, uint64_t operand)
{
    return value > UINT64_MAX - operand ? UINT64_MAX : value + operand;
}

/* ---- one entry ---- */

struct entry_view {
    struct system_process process;
    const unsigned char *threads;
    const uint16_t *name;
    size_t name_length; /* characters */
};

static uint32_t load_u32(const unsigned char *bytes)
{
    uint32_t value;
    platform_copy(&value, bytes, sizeof(value));
    return value;
}

static uint64_t load_u64(const unsigned char *bytes)
{
    uint64_t value;
    platform_copy(&value, bytes, sizeof(value));
    return value;
}

/* The name must lie in the answer. */
static bool view_name(const unsigned char *information, size_t length, struct entry_view *view)
{
    size_t bytes = view->process.image_name_length;
    view->name = NULL;
    view->name_length = 0;
    if (bytes == 0) {
        return true;
    }
    uintptr_t offset = view->process.image_name - (uintptr_t)information;
    if (bytes % sizeof(uint16_t) != 0 || view->process.image_name % sizeof(uint16_t) != 0 || offset > length ||
        bytes > length - offset) {
        return false;
    }
    view->name = (const uint16_t *)(const void *)(information + offset);
    view->name_length = bytes / sizeof(uint16_t);
    return true;
}

/* Checks everything in the entry at `offset` that says where something is, or how much of it. */
static bool view_entry(const unsigned char *information, size_t length, size_t offset, struct entry_view *view)
{
    size_t left = length - offset;
    if (left < sizeof(view->process)) {
        return false;
    }
    platform_copy(&view->process, information + offset, sizeof(view->process));
    size_t next = view->process.next_entry_offset;
    if (next > left || (next != 0 && next < sizeof(view->process))) {
        return false;
    }
    size_t room = (next != 0 ? next : left) - sizeof(view->process);
    if (view->process.threads > room / sizeof(struct system_thread)) {
        return false;
    }
    view->threads = information + offset + sizeof(view->process);
    return view_name(information, length, view);
}

/* Looks whether the system reports states and context switches at all, until both are known. */
static void learn(struct process_totals *totals, const struct entry_view *view)
{
    const unsigned char *thread = view->threads;
    for (uint32_t i = 0; i < view->process.threads; i++, thread += sizeof(struct system_thread)) {
        if (totals->thread_states_known && totals->context_switches_known) {
            return;
        }
        totals->thread_states_known |=
            load_u32(thread + offsetof(struct system_thread, state)) == SYSTEM_THREAD_RUNNING;
        totals->context_switches_known |= load_u32(thread + offsetof(struct system_thread, context_switches)) != 0;
    }
}

static void sum_threads(const struct entry_view *view, struct thread_totals *sum)
{
    const unsigned char *thread = view->threads;
    platform_zero(sum, sizeof(*sum));
    for (uint32_t i = 0; i < view->process.threads; i++, thread += sizeof(struct system_thread)) {
        uint32_t state = load_u32(thread + offsetof(struct system_thread, state));
        uint64_t kernel = load_u64(thread + offsetof(struct system_thread, kernel_time_100ns));
        uint64_t user = load_u64(thread + offsetof(struct system_thread, user_time_100ns));
        sum->cpu_time_100ns = add_saturated(sum->cpu_time_100ns, add_saturated(kernel, user));
        sum->context_switches += load_u32(thread + offsetof(struct system_thread, context_switches));
        if (state < BALLAST_AI_THREAD_STATES) {
            sum->state[state]++;
        }
    }
}

static uint64_t load_pointer(const unsigned char *bytes)
{
    uintptr_t value;
    platform_copy(&value, bytes, sizeof(value));
    return value;
}

/* Remembers the threads of a listed process. False if there is no memory. */
static bool list_threads(struct process_list *list, const struct entry_view *view)
{
    const unsigned char *from = view->threads;
    if (view->process.threads > PROCESS_MAXIMUM_THREADS - list->threads_listed) {
        list->threads_complete = false;
        return true;
    }
    if (view->process.threads != 0 && !reserve_threads(list, view->process.threads)) {
        return false;
    }
    for (uint32_t i = 0; i < view->process.threads; i++, from += sizeof(struct system_thread)) {
        uint64_t kernel = load_u64(from + offsetof(struct system_thread, kernel_time_100ns));
        uint64_t user = load_u64(from + offsetof(struct system_thread, user_time_100ns));
        list->thread[list->threads_listed++] = (struct process_thread){
            .id = load_pointer(from + offsetof(struct system_thread, thread_id)),
            .create_time = load_u64(from + offsetof(struct system_thread, create_time)),
            .cpu_time_100ns = add_saturated(kernel, user),
            .context_switches = load_u32(from + offsetof(struct system_thread, context_switches)),
        };
    }
    return true;
}

static void fill_entry(struct process_entry *entry, const struct entry_view *view, uint64_t cpu_time_100ns,
                       uint32_t rule)
{
    size_t shown = view->name_length;
    if (shown > BALLAST_AI_PROCESS_NAME_LENGTH) {
        shown = BALLAST_AI_PROCESS_NAME_LENGTH;
    }
    platform_zero(entry, sizeof(*entry));
    entry->own_cpu_time_100ns = add_saturated(view->process.kernel_time_100ns, view->process.user_time_100ns);
    entry->row.process_id = (uint32_t)view->process.process_id;
    entry->row.parent_process_id = (uint32_t)view->process.parent_process_id;
    entry->row.threads = view->process.threads;
    entry->row.handles = view->process.handles;
    entry->row.cpu_time_100ns = cpu_time_100ns;
    entry->row.working_set_bytes = view->process.working_set_size;
    entry->row.create_time = view->process.create_time;
    entry->row.rule = rule;
    entry->row.name_length = (uint32_t)view->name_length;
    if (shown != 0) {
        platform_copy(entry->row.name, view->name, shown * sizeof(uint16_t));
    }
}

/* Adds an AI process. False if there is no memory. */
static bool add_process(struct process_list **list, const struct entry_view *view, uint32_t rule)
{
    struct thread_totals sum;
    sum_threads(view, &sum);
    /* Wine rounds the times of a process down to 0 that its threads have; those of ended threads only the process has. */
    uint64_t cpu_time_100ns = add_saturated(view->process.kernel_time_100ns, view->process.user_time_100ns);
    cpu_time_100ns = cpu_time_100ns > sum.cpu_time_100ns ? cpu_time_100ns : sum.cpu_time_100ns;
    if ((*list)->listed < BALLAST_AI_MAXIMUM_PROCESSES) {
        if (!reserve(list) || !list_threads(*list, view)) {
            return false;
        }
        fill_entry(&(*list)->entry[(*list)->listed++], view, cpu_time_100ns, rule);
    } else {
        (*list)->threads_complete = false;
    }
    struct process_totals *totals = &(*list)->totals;
    totals->processes++;
    totals->threads += view->process.threads;
    totals->handles += view->process.handles;
    totals->cpu_time_100ns = add_saturated(totals->cpu_time_100ns, cpu_time_100ns);
    totals->working_set_bytes = add_saturated(totals->working_set_bytes, view->process.working_set_size);
    totals->context_switches += sum.context_switches;
    for (size_t i = 0; i < BALLAST_AI_THREAD_STATES; i++) {
        totals->thread_state[i] += sum.state[i];
    }
    return true;
}

uint32_t process_totals_ready(const struct process_totals *totals)
{
    return totals->thread_state[SYSTEM_THREAD_READY] + totals->thread_state[SYSTEM_THREAD_STANDBY] +
           totals->thread_state[SYSTEM_THREAD_DEFERRED_READY];
}

/* ---- all of them ---- */

ballast_status process_list_build(const void *information, size_t length, const struct rules *rules,
                                  struct process_list **list)
{
    const unsigned char *bytes = information;
    ballast_status status = BALLAST_SUCCESS;
    struct entry_view view;
    struct process_list *built = allocate(INITIAL_CAPACITY);
    if (built == NULL) {
        return BALLAST_INSUFFICIENT_RESOURCES;
    }
    built->threads_complete = true;
    for (size_t offset = 0;; offset += view.process.next_entry_offset) {
        if (!view_entry(bytes, length, offset, &view)) {
            status = BALLAST_INVALID_PARAMETER;
            break;
        }
        built->totals.system_processes++;
        built->totals.system_threads += view.process.threads;
        learn(&built->totals, &view);
        uint32_t rule = rules_match(rules, view.name, view.name_length);
        if (rule != BALLAST_AI_NO_RULE && !add_process(&built, &view, rule)) {
            status = BALLAST_INSUFFICIENT_RESOURCES;
            break;
        }
        if (view.process.next_entry_offset == 0) {
            break;
        }
    }
    if (status != BALLAST_SUCCESS) {
        process_list_free(built);
        return status;
    }
    process_list_sort_threads(built->thread, built->threads_listed);
    *list = built;
    return BALLAST_SUCCESS;
}

size_t process_list_reply(const struct process_list *list, uint64_t now_100ns, uint32_t rules_generation, void *buffer,
                          size_t length)
{
    struct ballast_ai_process_reply *reply = buffer;
    if (length < sizeof(*reply)) {
        return 0;
    }
    size_t rows = (length - sizeof(*reply)) / sizeof(reply->process[0]);
    rows = rows < list->listed ? rows : list->listed;
    size_t written = sizeof(*reply) + rows * sizeof(reply->process[0]);
    struct ballast_ai_process_reply head = {
        .header = {(uint32_t)written, BALLAST_AI_VERSION, 0},
        .processes = list->totals.processes,
        .processes_returned = (uint32_t)rows,
        .system_processes = list->totals.system_processes,
        .system_threads = list->totals.system_threads,
        .threads = list->totals.threads,
        .handles = list->totals.handles,
        .cpu_time_100ns = list->totals.cpu_time_100ns,
        .working_set_bytes = list->totals.working_set_bytes,
        .snapshot_time = list->snapshot_time,
        .age_ms = ai_age_ms(now_100ns, list->made_100ns),
        .rules_generation = rules_generation,
    };
    platform_copy(reply, &head, sizeof(head));
    for (size_t i = 0; i < rows; i++) {
        platform_copy(&reply->process[i], &list->entry[i].row, sizeof(reply->process[0]));
    }
    return written;
}
