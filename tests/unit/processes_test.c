/* SPDX-License-Identifier: MIT */
#include "core/ai/processes.h"
#include "core/ai/system_processes.h"
#include "core/base/platform_host.h"
#include "tests/harness/test.h"

#include <stdlib.h>
#include <string.h>

/* ---- an answer of the system ---- */

struct answer {
    _Alignas(16) unsigned char bytes[1u << 21];
    size_t length;
    size_t last; /* offset of the last entry */
};

static struct answer answer;

static void start(void)
{
    memset(&answer, 0, sizeof(answer));
}

static struct system_process *process_at(size_t offset)
{
    return (struct system_process *)(void *)(answer.bytes + offset);
}

static struct system_thread *threads_at(size_t offset)
{
    return (struct system_thread *)(void *)(answer.bytes + offset + sizeof(struct system_process));
}

/* Adds a process with its threads, which are zeros, and its name behind them, as the system does. */
static struct system_process *add(uint32_t process_id, const char *name, uint32_t threads)
{
    size_t length = strlen(name);
    size_t offset = answer.length;
    if (offset != 0) {
        process_at(answer.last)->next_entry_offset = (uint32_t)(offset - answer.last);
    }
    struct system_process *process = process_at(offset);
    uint16_t *text = (uint16_t *)(void *)(threads_at(offset) + threads);
    process->process_id = process_id;
    process->threads = threads;
    process->image_name_length = (uint16_t)(length * sizeof(*text));
    process->image_name_maximum_length = (uint16_t)((length + 1) * sizeof(*text));
    process->image_name = length != 0 ? (uintptr_t)text : 0;
    (void)test_widen(name, text);
    answer.last = offset;
    answer.length = (size_t)((unsigned char *)(text + length + 1) - answer.bytes + 7) & ~(size_t)7;
    return process;
}

static struct rules *rules;

static struct process_list *build(void)
{
    struct process_list *list = NULL;
    if (rules == NULL) {
        CHECK_EQUAL(rules_compile_default(&rules), BALLAST_SUCCESS);
    }
    CHECK_EQUAL(process_list_build(answer.bytes, answer.length, rules, &list), BALLAST_SUCCESS);
    return list;
}

/* Frees what a case has made and looks that nothing is left. */
static void finish(struct process_list *list)
{
    uint64_t blocks, bytes;
    process_list_free(list);
    rules_free(rules);
    rules = NULL;
    platform_host_usage(&blocks, &bytes);
    CHECK_EQUAL(blocks, 0);
}

/* Three processes, the second and third with everything filled in and AI processes. */
static void usual(void)
{
    start();
    add(0, "", 2);
    threads_at(0)[0].state = SYSTEM_THREAD_RUNNING;
    for (uint32_t number = 1; number <= 2; number++) {
        struct system_process *process = add(number * 100, number == 1 ? "python.exe" : "my-PyTorch-server", 3);
        process->parent_process_id = 7 + number;
        process->handles = 50 * number;
        process->create_time = 1000 * number;
        process->kernel_time_100ns = 11 * number;
        process->user_time_100ns = 22 * number;
        process->working_set_size = 4096 * number;
        for (uint32_t i = 0; i < 3; i++) {
            struct system_thread *thread = &threads_at(answer.last)[i];
            thread->state = i == 2 ? SYSTEM_THREAD_READY : 5;
            thread->context_switches = 10 * number + i;
        }
    }
    add(300, "svchost.exe", 4);
}

/* ---- cases ---- */

static void lists_ai_processes_and_totals(void)
{
    usual();
    struct process_list *list = build();
    const struct process_totals *totals = &list->totals;
    CHECK_EQUAL(totals->system_processes, 4);
    CHECK_EQUAL(totals->system_threads, 12);
    CHECK_EQUAL(totals->processes, 2);
    CHECK_EQUAL(list->listed, 2);
    CHECK_EQUAL(totals->threads, 6);
    CHECK_EQUAL(totals->handles, 150);
    CHECK_EQUAL(totals->cpu_time_100ns, 99);
    CHECK_EQUAL(totals->working_set_bytes, 3 * 4096);
    CHECK_EQUAL(totals->context_switches, 33 + 63);
    CHECK_EQUAL(totals->thread_state[1], 2);
    CHECK_EQUAL(totals->thread_state[5], 4);
    CHECK(totals->thread_states_known);
    CHECK(totals->context_switches_known);
    const struct ballast_ai_process *row = &list->entry[1].row;
    CHECK_EQUAL(row->process_id, 200);
    CHECK_EQUAL(row->parent_process_id, 9);
    CHECK_EQUAL(row->threads, 3);
    CHECK_EQUAL(row->handles, 100);
    CHECK_EQUAL(row->cpu_time_100ns, 66);
    CHECK_EQUAL(row->working_set_bytes, 8192);
    CHECK_EQUAL(row->create_time, 2000);
    CHECK_EQUAL(row->rule, 3); /* word:pytorch */
    CHECK_EQUAL(row->name_length, 17);
    CHECK_BYTES(row->name, u"my-PyTorch-server", 36);
    CHECK(process_list_size(list) < 8192);
    finish(list);
}

static void what_the_system_does_not_report_is_unknown(void)
{
    usual();
    threads_at(0)[0].state = 0;
    struct process_list *list = build();
    CHECK(!list->totals.thread_states_known);
    CHECK(list->totals.context_switches_known);
    process_list_free(list);
    start();
    add(1, "python", 3);
    threads_at(0)[2].state = SYSTEM_THREAD_RUNNING;
    threads_at(0)[1].state = BALLAST_AI_THREAD_STATES; /* one that nobody knows */
    list = build();
    CHECK(list->totals.thread_states_known);
    CHECK(!list->totals.context_switches_known);
    CHECK_EQUAL(list->totals.thread_state[SYSTEM_THREAD_RUNNING], 1);
    CHECK_EQUAL(list->totals.thread_state[0], 1);
    finish(list);
}

/* Wine gives times of 0 for some processes whose threads have more. */
static void cpu_time_is_the_greater_of_process_and_threads(void)
{
    start();
    add(1, "python", 2)->user_time_100ns = 5;
    threads_at(0)[0].kernel_time_100ns = 3;
    threads_at(0)[1].user_time_100ns = 4;
    struct process_list *list = build();
    CHECK_EQUAL(list->entry[0].row.cpu_time_100ns, 7);
    process_list_free(list);
    process_at(0)->kernel_time_100ns = 8;
    list = build();
    CHECK_EQUAL(list->entry[0].row.cpu_time_100ns, 13);
    process_list_free(list);
    process_at(0)->kernel_time_100ns = UINT64_MAX;
    list = build();
    CHECK_EQUAL(list->entry[0].row.cpu_time_100ns, UINT64_MAX);
    CHECK_EQUAL(list->totals.cpu_time_100ns, UINT64_MAX);
    finish(list);
}

static void long_names_are_cut_but_matched_whole(void)
{
    char name[201];
    memset(name, 'x', sizeof(name));
    memcpy(name + 189, "-python", 8);
    start();
    add(1, name, 1);
    struct process_list *list = build();
    CHECK_EQUAL(list->listed, 1);
    CHECK_EQUAL(list->entry[0].row.name_length, 196);
    CHECK_EQUAL(list->entry[0].row.name[BALLAST_AI_PROCESS_NAME_LENGTH - 1], 'x');
    finish(list);
}

static void more_than_the_maximum_are_only_counted(void)
{
    start();
    uint32_t processes = BALLAST_AI_MAXIMUM_PROCESSES + 3;
    for (uint32_t i = 0; i < processes; i++) {
        add(i, "python", 1)->handles = 1;
    }
    struct process_list *list = build();
    CHECK_EQUAL(list->listed, BALLAST_AI_MAXIMUM_PROCESSES);
    CHECK_EQUAL(list->totals.processes, processes);
    CHECK_EQUAL(list->totals.handles, processes);
    CHECK_EQUAL(list->entry[BALLAST_AI_MAXIMUM_PROCESSES - 1].row.process_id, BALLAST_AI_MAXIMUM_PROCESSES - 1);
    finish(list);
}

static void fails_without_memory(void)
{
    start();
    for (uint32_t i = 0; i < 100; i++) {
        add(i, "python", 1);
    }
    finish(build());
    CHECK_EQUAL(rules_compile_default(&rules), BALLAST_SUCCESS);
    for (int64_t countdown = 0; countdown < 6; countdown++) {
        struct process_list *list = NULL;
        platform_host_fail_allocation(countdown);
        CHECK_EQUAL(process_list_build(answer.bytes, answer.length, rules, &list), BALLAST_INSUFFICIENT_RESOURCES);
        CHECK(list == NULL);
        platform_host_fail_allocation(-1);
    }
    finish(NULL);
}

/* ---- hostile answers ---- */

static ballast_status parse(const void *bytes, size_t length)
{
    struct process_list *list = NULL;
    if (rules == NULL) {
        CHECK_EQUAL(rules_compile_default(&rules), BALLAST_SUCCESS);
    }
    ballast_status status = process_list_build(bytes, length, rules, &list);
    CHECK((list != NULL) == (status == BALLAST_SUCCESS));
    process_list_free(list);
    return status;
}

/* Cut anywhere, in a block of its own whose end is watched; names point to where they are then. */
static void every_truncation_is_noticed(void)
{
    usual();
    size_t end = (size_t)(process_at(answer.last)->image_name - (uintptr_t)answer.bytes) + 22;
    for (size_t length = 0; length <= answer.length; length++) {
        unsigned char *copy = malloc(length != 0 ? length : 1);
        memcpy(copy, answer.bytes, length);
        for (size_t offset = 0; offset + sizeof(struct system_process) <= length;) {
            struct system_process *process = (struct system_process *)(void *)(copy + offset);
            if (process->image_name != 0) {
                process->image_name += (uintptr_t)copy - (uintptr_t)answer.bytes;
            }
            offset += process->next_entry_offset;
            if (process->next_entry_offset == 0) {
                break;
            }
        }
        test_note("length %zu", length);
        CHECK_EQUAL(parse(copy, length), length < end ? BALLAST_INVALID_PARAMETER : BALLAST_SUCCESS);
        free(copy);
    }
    finish(NULL);
}

static void offsets_and_counts_must_stay_inside(void)
{
    static const uint32_t offsets[] = {1, 8, sizeof(struct system_process) - 1, 0x7FFFFFFF, 0xFFFFFFFF, 1u << 21};
    for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        usual();
        test_note("offset %u", (unsigned)offsets[i]);
        process_at(0)->next_entry_offset = offsets[i];
        CHECK_EQUAL(parse(answer.bytes, answer.length), BALLAST_INVALID_PARAMETER);
    }
    static const uint32_t counts[] = {3, 1000, 0x80000000, 0xFFFFFFFF, 0x03333334};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        usual();
        test_note("%u threads", (unsigned)counts[i]);
        process_at(0)->threads = counts[i];
        CHECK_EQUAL(parse(answer.bytes, answer.length), BALLAST_INVALID_PARAMETER);
    }
    finish(NULL);
}

static void names_must_be_inside(void)
{
    uintptr_t begin = (uintptr_t)answer.bytes;
    usual();
    uintptr_t end = begin + answer.length;
    const struct {
        uintptr_t address;
        uint16_t bytes;
        bool valid;
    } rows[] = {
        {0, 0, true},           {1, 0, true}, /* no name: where it is does not matter */
        {0, 2, false},          {begin - 2, 4, false},
        {begin, 20, true},      {begin + 1, 20, false},
        {begin, 21, false},     {end - 20, 20, true},
        {end - 18, 20, false},  {end, 2, false},
        {end + 2, 2, false},    {UINTPTR_MAX - 1, 2, false},
        {begin, 0xFFFE, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        usual();
        test_note("row %zu", i);
        process_at(answer.last)->image_name = rows[i].address;
        process_at(answer.last)->image_name_length = rows[i].bytes;
        CHECK_EQUAL(parse(answer.bytes, answer.length), rows[i].valid ? BALLAST_SUCCESS : BALLAST_INVALID_PARAMETER);
    }
    finish(NULL);
}

/* ---- replies ---- */

static void a_reply_has_as_many_rows_as_fit(void)
{
    usual();
    struct process_list *list = build();
    list->snapshot_time = 1000000;
    list->made_100ns = 2000000;
    const size_t row = sizeof(struct ballast_ai_process);
    const size_t head = sizeof(struct ballast_ai_process_reply);
    for (size_t length = 0; length < head + 3 * row; length++) {
        struct ballast_ai_process_reply *reply = malloc(length + 1);
        size_t rows = length < head ? 0 : (length - head) / row;
        if (rows > 2) {
            rows = 2;
        }
        memset(reply, 0xA5, length + 1);
        size_t written = process_list_reply(list, 2000000 + 15 * 10000, 3, reply, length);
        CHECK_EQUAL(written, length < head ? 0 : head + rows * row);
        CHECK_EQUAL(((unsigned char *)reply)[length], 0xA5);
        if (written != 0) {
            CHECK_EQUAL(reply->header.size_bytes, written);
            CHECK_EQUAL(reply->header.version, BALLAST_AI_VERSION);
            CHECK_EQUAL(reply->processes, 2);
            CHECK_EQUAL(reply->processes_returned, rows);
            CHECK_EQUAL(reply->system_processes, 4);
            CHECK_EQUAL(reply->system_threads, 12);
            CHECK_EQUAL(reply->snapshot_time, 1000000);
            CHECK_EQUAL(reply->age_ms, 15);
            CHECK_EQUAL(reply->rules_generation, 3);
            for (size_t i = 0; i < rows; i++) {
                CHECK_BYTES(&reply->process[i], &list->entry[i].row, row);
            }
        }
        free(reply);
    }
    struct ballast_ai_process_reply reply;
    (void)process_list_reply(list, 0, 3, &reply, sizeof(reply)); /* the clock was set back */
    CHECK_EQUAL(reply.age_ms, 0);
    (void)process_list_reply(list, UINT64_MAX, 3, &reply, sizeof(reply));
    CHECK_EQUAL(reply.age_ms, UINT32_MAX);
    finish(list);
}

/* ---- two lists ---- */

#define SECOND 10000000u

/* A list of python processes: pid, create time, CPU time, context switches; ends with pid 0. */
static struct process_list *snapshot(uint64_t time, const uint32_t rows[][4])
{
    start();
    add(4, "System", 1);
    for (size_t i = 0; rows[i][0] != 0; i++) {
        struct system_process *process = add(rows[i][0], "python", 1);
        process->create_time = rows[i][1];
        process->user_time_100ns = rows[i][2];
        threads_at(answer.last)->context_switches = rows[i][3];
        threads_at(answer.last)->thread_id = rows[i][0] + 1;
        threads_at(answer.last)->create_time = rows[i][1];
    }
    threads_at(0)->context_switches = 1;
    struct process_list *list = build();
    list->snapshot_time = time;
    list->made_100ns = time + 5;
    return list;
}

static void check_delta(const uint32_t before[][4], const uint32_t after[][4], int64_t permille, int64_t switches)
{
    struct process_delta delta;
    struct process_list *old = snapshot(100 * (uint64_t)SECOND, before);
    struct process_list *new = snapshot(102 * (uint64_t)SECOND, after);
    process_list_delta(old, new, &delta);
    CHECK(delta.cpu_valid);
    CHECK(delta.context_switches_valid);
    CHECK_EQUAL(delta.elapsed_100ns, 2 * SECOND);
    CHECK_EQUAL(delta.cpu_permille, permille);
    CHECK_EQUAL(delta.context_switches_per_second, switches);
    process_list_free(old);
    process_list_free(new);
}

static void a_delta_counts_what_the_same_processes_did(void)
{
    static const uint32_t none[][4] = {{0}};
    static const uint32_t two[][4] = {{10, 1, SECOND, 100}, {20, 2, 0, 50}, {0}};
    static const uint32_t more[][4] = {{10, 1, 2 * SECOND, 150}, {20, 2, SECOND, 60}, {0}};
    static const uint32_t reordered[][4] = {{20, 2, SECOND, 60}, {10, 1, 2 * SECOND, 150}, {0}};
    static const uint32_t ended[][4] = {{20, 2, SECOND, 60}, {0}};
    static const uint32_t less[][4] = {{10, 1, 0, 10}, {20, 2, SECOND, 60}, {0}};
    static const uint32_t reused[][4] = {{10, 1010000000, SECOND / 2, 30}, {20, 2, SECOND, 60}, {0}};
    static const uint32_t unlisted[][4] = {{10, 3, SECOND / 2, 30}, {20, 2, SECOND, 60}, {0}};
    check_delta(two, more, 1000, 30);
    check_delta(two, two, 0, 0);
    check_delta(two, reordered, 1000, 30);
    check_delta(two, ended, 500, 5);
    check_delta(two, none, 0, 0);
    check_delta(none, none, 0, 0);
    check_delta(two, less, 500, (int64_t)((UINT32_MAX - 89ull + 10) / 2)); /* counters wrap and do not go back */
    check_delta(two, reused, 750, 20);
    check_delta(two, unlisted, 500, 5);
    finish(NULL);
}

static void a_delta_without_time_or_counts_is_unknown(void)
{
    static const uint32_t rows[][4] = {{10, 1, 5, 5}, {0}};
    struct process_delta delta;
    struct process_list *one = snapshot(500, rows);
    struct process_list *other = snapshot(500, rows);
    process_list_delta(one, other, &delta);
    CHECK(!delta.cpu_valid && !delta.context_switches_valid);
    other->made_100ns = one->made_100ns - 1;
    process_list_delta(one, other, &delta);
    CHECK(!delta.cpu_valid && !delta.context_switches_valid);
    other->made_100ns = one->made_100ns + 1;
    other->totals.context_switches_known = false;
    process_list_delta(one, other, &delta);
    CHECK(delta.cpu_valid && !delta.context_switches_valid);
    other->entry[0].own_cpu_time_100ns = UINT64_MAX; /* no overflow */
    process_list_delta(one, other, &delta);
    CHECK_EQUAL(delta.cpu_permille, INT64_MAX);
    other->made_100ns = UINT64_MAX;
    process_list_delta(one, other, &delta);
    CHECK_EQUAL(delta.cpu_permille, 1000);
    other->totals.context_switches_known = true;
    other->threads_complete = false;
    process_list_delta(one, other, &delta);
    CHECK(delta.cpu_valid && !delta.context_switches_valid);
    process_list_free(one);
    finish(other);
}

/* One process, whose threads are given: id, creation, processor time, context switches; ends with id 0. */
static struct process_list *with_threads(uint64_t time, const uint32_t rows[][4])
{
    uint32_t count = 0;
    while (rows[count][0] != 0) {
        count++;
    }
    start();
    add(10, "python", count)->create_time = 1;
    for (uint32_t i = 0; i < count; i++) {
        struct system_thread *thread = &threads_at(0)[i];
        thread->thread_id = rows[i][0];
        thread->create_time = rows[i][1];
        thread->user_time_100ns = rows[i][2];
        thread->context_switches = rows[i][3];
    }
    struct process_list *list = build();
    list->snapshot_time = time;
    list->made_100ns = time;
    return list;
}

/* What ended threads have done does not make the others' go back; whose id is used again is another thread. */
static void threads_are_compared_one_by_one(void)
{
    static const uint32_t before[][4] = {{30, 1, SECOND, 1000}, {20, 2, 0, 500}, {40, 3, 0, 7}, {0}};
    static const struct {
        uint32_t rows[4][4];
        int64_t switches, permille;
    } after[] = {
        {{{30, 1, SECOND, 1000}, {20, 2, 0, 500}, {40, 3, 0, 7}, {0}}, 0, 0},
        {{{20, 2, SECOND, 560}, {40, 3, SECOND, 27}, {0}}, 40, 1000},               /* 30 has ended */
        {{{20, 2, 0, 560}, {30, 1010000000, 0, 40}, {0}}, 50, 0},                   /* a new one with its number */
        {{{20, 2, 0, 500}, {25, 1010000000, 0, 100}, {26, 5, 0, 900}, {0}}, 50, 0}, /* 26 was of no AI process then */
        {{{0}}, 0, 0},
    };
    for (size_t i = 0; i < sizeof(after) / sizeof(after[0]); i++) {
        struct process_delta delta;
        struct process_list *old = with_threads(100 * (uint64_t)SECOND, before);
        struct process_list *new = with_threads(102 * (uint64_t)SECOND, after[i].rows);
        new->totals.context_switches_known = true;
        test_note("row %zu", i);
        process_list_delta(old, new, &delta);
        CHECK_EQUAL(delta.context_switches_per_second, after[i].switches);
        CHECK_EQUAL(delta.cpu_permille, after[i].permille);
        process_list_free(old);
        process_list_free(new);
    }
    finish(NULL);
}

static void threads_are_sorted(void)
{
    static struct process_thread threads[1000];
    uint64_t random = 7;
    for (uint32_t count = 0; count < 1000; count += 1 + count / 3) {
        uint64_t sum = 0;
        for (uint32_t i = 0; i < count; i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            threads[i] = (struct process_thread){.id = random >> 60, .create_time = random >> 40 & 15};
            sum += threads[i].id * 16 + threads[i].create_time;
        }
        process_list_sort_threads(threads, count);
        for (uint32_t i = 0; i < count; i++) {
            sum -= threads[i].id * 16 + threads[i].create_time;
            CHECK(i == 0 ||
                  threads[i - 1].id * 16 + threads[i - 1].create_time <= threads[i].id * 16 + threads[i].create_time);
        }
        CHECK_EQUAL(sum, 0);
    }
}

static void ready_are_all_that_wait_for_a_processor(void)
{
    start();
    add(1, "python", 10);
    for (uint32_t i = 0; i < 10; i++) {
        threads_at(0)[i].state = i;
    }
    struct process_list *list = build();
    CHECK_EQUAL(process_totals_ready(&list->totals), 3); /* ready, standby, deferred ready */
    finish(list);
}

TEST_MAIN({"lists_ai_processes_and_totals", lists_ai_processes_and_totals},
          {"what_the_system_does_not_report_is_unknown", what_the_system_does_not_report_is_unknown},
          {"cpu_time_is_the_greater_of_process_and_threads", cpu_time_is_the_greater_of_process_and_threads},
          {"long_names_are_cut_but_matched_whole", long_names_are_cut_but_matched_whole},
          {"more_than_the_maximum_are_only_counted", more_than_the_maximum_are_only_counted},
          {"fails_without_memory", fails_without_memory}, {"every_truncation_is_noticed", every_truncation_is_noticed},
          {"offsets_and_counts_must_stay_inside", offsets_and_counts_must_stay_inside},
          {"names_must_be_inside", names_must_be_inside},
          {"a_reply_has_as_many_rows_as_fit", a_reply_has_as_many_rows_as_fit},
          {"a_delta_counts_what_the_same_processes_did", a_delta_counts_what_the_same_processes_did},
          {"a_delta_without_time_or_counts_is_unknown", a_delta_without_time_or_counts_is_unknown},
          {"threads_are_compared_one_by_one", threads_are_compared_one_by_one},
          {"threads_are_sorted", threads_are_sorted},
          {"ready_are_all_that_wait_for_a_processor", ready_are_all_that_wait_for_a_processor})
