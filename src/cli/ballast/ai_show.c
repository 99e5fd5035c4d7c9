/* SPDX-License-Identifier: MIT */
/* ballast ai ps, sched */

#include "cli/ballast/ai.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>

#include "ballast/latency.h"
#include "cli/ballast/terminal.h"
#include "cli/ballast/top_layout.h"

/* ---- ps ---- */

/* The rule that a process matched; "-" if the rules have changed since the list was made. */
static void rule_of(const struct ballast_ai_process_reply *reply, const struct ballast_ai_rule_reply *rules,
                    uint32_t rule, char text[TEXT_RULE_SIZE])
{
    memcpy(text, "-", 2);
    if (rules != NULL && rules->generation == reply->rules_generation && rule < rules->rules_returned) {
        text_rule(&rules->rule[rule], text);
    }
}

static void print_processes_json(const struct ballast_ai_process_reply *reply,
                                 const struct ballast_ai_rule_reply *rules)
{
    json_open(NULL, '{');
    json_number("processes", reply->processes);
    json_number("threads", reply->threads);
    json_number("handles", reply->handles);
    json_number("cpu_time_100ns", reply->cpu_time_100ns);
    json_number("working_set_bytes", reply->working_set_bytes);
    json_number("system_processes", reply->system_processes);
    json_number("system_threads", reply->system_threads);
    ai_json_time("snapshot_time", reply->snapshot_time);
    json_number("age_ms", reply->age_ms);
    json_number("rules_generation", reply->rules_generation);
    json_open("list", '[');
    for (uint32_t i = 0; i < reply->processes_returned; i++) {
        const struct ballast_ai_process *process = &reply->process[i];
        char name[TEXT_PROCESS_SIZE];
        char rule[TEXT_RULE_SIZE];
        text_process(process, name);
        rule_of(reply, rules, process->rule, rule);
        json_open(NULL, '{');
        json_number("process_id", process->process_id);
        json_number("parent_process_id", process->parent_process_id);
        json_text("name", name);
        json_number("threads", process->threads);
        json_number("handles", process->handles);
        json_number("cpu_time_100ns", process->cpu_time_100ns);
        json_number("working_set_bytes", process->working_set_bytes);
        ai_json_time("create_time", process->create_time);
        json_number("rule", process->rule);
        json_text("rule_text", rule);
        json_close('}');
    }
    json_close(']');
    json_close('}');
    json_end();
}

/* In local time; "-" if the system does not tell. */
static void start_time(uint64_t time, char *text, size_t size)
{
    SYSTEMTIME parts;
    FILETIME local;
    FILETIME utc = {.dwLowDateTime = (DWORD)time, .dwHighDateTime = (DWORD)(time >> 32)};
    if (time == 0 || !FileTimeToLocalFileTime(&utc, &local) || !FileTimeToSystemTime(&local, &parts)) {
        (void)snprintf(text, size, "-");
        return;
    }
    (void)snprintf(text, size, "%04u-%02u-%02u %02u:%02u:%02u", parts.wYear, parts.wMonth, parts.wDay, parts.wHour,
                   parts.wMinute, parts.wSecond);
}

static void add_process(struct table *table, const struct ballast_ai_process_reply *reply,
                        const struct ballast_ai_rule_reply *rules, const struct ballast_ai_process *process)
{
    char(*cells)[TABLE_CELL_SIZE] = table_add(table);
    if (cells == NULL) {
        return;
    }
    (void)snprintf(cells[0], TABLE_CELL_SIZE, "%u", process->process_id);
    (void)snprintf(cells[1], TABLE_CELL_SIZE, "%u", process->parent_process_id);
    text_process(process, cells[2]);
    (void)snprintf(cells[3], TABLE_CELL_SIZE, "%u", process->threads);
    (void)snprintf(cells[4], TABLE_CELL_SIZE, "%u", process->handles);
    text_cpu_time(process->cpu_time_100ns, cells[5]);
    text_number((int64_t)process->working_set_bytes, TEXT_BYTES, cells[6]);
    start_time(process->create_time, cells[7], TABLE_CELL_SIZE);
    rule_of(reply, rules, process->rule, cells[8]);
}

static void print_processes(const struct ballast_ai_process_reply *reply, const struct ballast_ai_rule_reply *rules)
{
    static const struct table_column columns[] = {
        {"PID", true},      {"PARENT", true}, {"NAME", false},    {"THREADS", true}, {"HANDLES", true},
        {"CPU TIME", true}, {"MEMORY", true}, {"STARTED", false}, {"RULE", false},
    };
    char time[TEXT_CELL_SIZE];
    struct table table = {.columns = columns, .column_count = sizeof(columns) / sizeof(columns[0])};
    for (uint32_t i = 0; i < reply->processes_returned; i++) {
        add_process(&table, reply, rules, &reply->process[i]);
    }
    if (reply->processes_returned != 0) {
        table_write(&table, print_table_line, NULL);
        print("\n");
    }
    table_free(&table);
    text_cpu_time(reply->cpu_time_100ns, time);
    print("%u AI process%s of %u: %u threads of %u, %u handles, %s of processor time, %s\n", reply->processes,
          reply->processes == 1 ? "" : "es", reply->system_processes, reply->threads, reply->system_threads,
          reply->handles, time, size_text(reply->working_set_bytes));
    if (reply->processes > reply->processes_returned) {
        print("%u of them are not listed.\n", reply->processes - reply->processes_returned);
    }
}

static ballast_result show_processes(ballast_ai *ai, const struct arguments *arguments)
{
    ballast_error error;
    struct ballast_ai_process_reply *reply;
    struct ballast_ai_rule_reply *rules = NULL;
    ballast_result result = ballast_ai_processes(ai, option_given(arguments, L"fresh") ? 1 : 0, &reply, &error);
    if (result != BALLAST_OK) {
        return fail(result, &error);
    }
    (void)ballast_ai_rules(ai, &rules, NULL); /* without them the processes are still worth showing */
    if (arguments->json) {
        print_processes_json(reply, rules);
    } else {
        print_processes(reply, rules);
    }
    ballast_ai_release(rules);
    ballast_ai_release(reply);
    return BALLAST_OK;
}

ballast_result ai_ps(const struct arguments *arguments)
{
    return ai_repeat(arguments, show_processes);
}

/* ---- sched ---- */

/* As the system numbers thread states. */
static const char *const state_names[BALLAST_AI_THREAD_STATES] = {
    "initialized", "ready",      "running",        "standby",   "terminated",
    "waiting",     "transition", "deferred_ready", "gate_wait", "swapped",
};

static const struct {
    const char *heading;
    const char *json;
    size_t offset;
    enum text_unit unit;
} scheduler_values[] = {
#define ROW(heading, json, member, unit)                                         \
    {                                                                            \
        heading, json, offsetof(struct ballast_ai_scheduler_reply, member), unit \
    }
    ROW("latency p50", "latency_p50_ns", latency_p50_ns, TEXT_NANOSECONDS),
    ROW("latency p90", "latency_p90_ns", latency_p90_ns, TEXT_NANOSECONDS),
    ROW("latency p99", "latency_p99_ns", latency_p99_ns, TEXT_NANOSECONDS),
    ROW("latency max", "latency_max_ns", latency_max_ns, TEXT_NANOSECONDS),
    ROW("latency mean", "latency_mean_ns", latency_mean_ns, TEXT_NANOSECONDS),
    ROW("AI processes", "ai_processes", ai_processes, TEXT_COUNT),
    ROW("AI threads", "ai_threads", ai_threads, TEXT_COUNT),
    ROW("ready", "ai_threads_ready", ai_threads_ready, TEXT_COUNT),
    ROW("switches", "ai_context_switches_per_second", ai_context_switches, TEXT_PER_SECOND),
    ROW("CPU", "ai_cpu_permille", ai_cpu_permille, TEXT_PERMILLE),
#undef ROW
};
#define SCHEDULER_VALUES (sizeof(scheduler_values) / sizeof(scheduler_values[0]))

static const struct ballast_ai_value *scheduler_value(const struct ballast_ai_scheduler_reply *reply, size_t i)
{
    return (const struct ballast_ai_value *)(const void *)((const char *)reply + scheduler_values[i].offset);
}

static void print_scheduler_json(const struct ballast_ai_scheduler_reply *reply)
{
    json_open(NULL, '{');
    json_number("window_ms", reply->window_ms);
    json_number("probe_period_ms", reply->probe_period_ms);
    json_number("samples", reply->samples);
    for (size_t i = 0; i < SCHEDULER_VALUES; i++) {
        ai_json_value(scheduler_values[i].json, scheduler_value(reply, i));
    }
    json_open("ai_threads_by_state", '{');
    for (size_t i = 0; i < BALLAST_AI_THREAD_STATES; i++) {
        ai_json_value(state_names[i], &reply->thread_state[i]);
    }
    json_close('}');
    json_open("histogram", '[');
    for (uint32_t i = 0; i < BALLAST_AI_HISTOGRAM_BUCKETS; i++) {
        if (reply->bucket[i] != 0) {
            json_open(NULL, '{');
            json_number("from_ns", latency_bucket_lower_ns(i));
            json_number("below_ns", latency_bucket_lower_ns(i + 1));
            json_number("count", reply->bucket[i]);
            json_close('}');
        }
    }
    json_close(']');
    json_close('}');
    json_end();
}

#define HISTOGRAM_ROWS    16
#define HISTOGRAM_COLUMNS 40

static void print_histogram(const struct ballast_ai_scheduler_reply *reply)
{
    struct top_bar bars[HISTOGRAM_ROWS];
    uint64_t largest = 1;
    size_t count = top_histogram(reply->bucket, bars, HISTOGRAM_ROWS);
    for (size_t i = 0; i < count; i++) {
        largest = bars[i].count > largest ? bars[i].count : largest;
    }
    for (size_t i = 0; i < count; i++) {
        char bound[TEXT_CELL_SIZE];
        char text[HISTOGRAM_COLUMNS + 1] = {0};
        size_t length = (size_t)(bars[i].count * HISTOGRAM_COLUMNS / largest);
        memset(text, '#', length == 0 && bars[i].count != 0 ? 1 : length);
        text_number((int64_t)latency_bucket_lower_ns(bars[i].first_bucket), TEXT_NANOSECONDS, bound);
        print("%11s +  %8llu%s%s\n", bound, (unsigned long long)bars[i].count,
              length != 0 || bars[i].count != 0 ? "  " : "", text);
    }
}

static void print_thread_states(const struct ballast_ai_scheduler_reply *reply, struct text_notes *notes)
{
    bool any = false;
    for (size_t i = 0; i < BALLAST_AI_THREAD_STATES; i++) {
        const struct ballast_ai_value *value = &reply->thread_state[i];
        if (value->state == BALLAST_AI_UNKNOWN) {
            char cell[TEXT_CELL_SIZE];
            text_value(value, TEXT_COUNT, "thread states", notes, cell);
        } else if (value->value != 0) {
            print("%s%lld %s", any ? ", " : " (", (long long)value->value, state_names[i]);
            any = true;
        }
    }
    print(any ? ")\n" : "\n");
}

static void print_scheduler(const struct ballast_ai_scheduler_reply *reply)
{
    char cells[SCHEDULER_VALUES][TEXT_CELL_SIZE];
    struct text_notes notes = {0};
    for (size_t i = 0; i < SCHEDULER_VALUES; i++) {
        text_value(scheduler_value(reply, i), scheduler_values[i].unit, scheduler_values[i].heading, &notes, cells[i]);
    }
    print("Wake-up latency:  p50 %s, p90 %s, p99 %s, max %s, mean %s\n", cells[0], cells[1], cells[2], cells[3],
          cells[4]);
    print("Samples:          %llu in %.1f s", (unsigned long long)reply->samples, (double)reply->window_ms / 1000);
    if (reply->probe_period_ms != 0) {
        print(", one every %u ms", reply->probe_period_ms);
    }
    print("\n");
    print_histogram(reply);
    print("AI processes:     %s\n", cells[5]);
    print("AI threads:       %s", cells[6]);
    print_thread_states(reply, &notes);
    print("Ready to run:     %s\n", cells[7]);
    print("Context switches: %s\n", cells[8]);
    print("Processor time:   %s%s\n", cells[9], cells[9][0] != '-' ? " of one processor" : "");
    ai_print_footnotes(&notes);
}

#define WAIT_STEP_SECONDS 0.1
#define WAIT_STEPS        30
#define ENOUGH_SAMPLES    50 /* for a median, and a p99 that is not just the maximum of a few */

/* Whether waiting a little gives better numbers. */
static bool is_starting(const struct ballast_ai_scheduler_reply *reply)
{
    if (reply->latency_p50_ns.state == BALLAST_AI_MEASURED && reply->samples < ENOUGH_SAMPLES) {
        return true;
    }
    for (size_t i = 0; i < SCHEDULER_VALUES; i++) {
        const struct ballast_ai_value *value = scheduler_value(reply, i);
        if (value->state == BALLAST_AI_UNKNOWN && value->reason == BALLAST_AI_REASON_STARTING) {
            return true;
        }
    }
    return false;
}

static ballast_result show_scheduler(ballast_ai *ai, const struct arguments *arguments)
{
    ballast_error error;
    struct ballast_ai_scheduler_reply reply;
    for (int i = 0;; i++) {
        ballast_result result = ballast_ai_scheduler(ai, 0, &reply, &error);
        if (result != BALLAST_OK) {
            return fail(result, &error);
        }
        if (!is_starting(&reply) || i == WAIT_STEPS || option_given(arguments, L"no-wait") ||
            terminal_wait(WAIT_STEP_SECONDS) != TERMINAL_NOTHING) {
            break;
        }
    }
    if (arguments->json) {
        print_scheduler_json(&reply);
    } else {
        print_scheduler(&reply);
    }
    return BALLAST_OK;
}

ballast_result ai_sched(const struct arguments *arguments)
{
    return ai_repeat(arguments, show_scheduler);
}
