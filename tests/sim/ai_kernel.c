/* SPDX-License-Identifier: MIT */
/*
 * The AI driver where only a simulated kernel can lead it: callers without rights, threads in all states, requests that
 * are cancelled or whose process is killed, rules that change under load, unloading with open handles.
 */

#include "ballast/codex_abi.h"
#include "tests/harness/test.h"
#include "tests/sim/ai_client.h"

#include <pthread.h>

#define THREAD 4242u

DRIVER_INITIALIZE DriverEntry;

static struct sim_process *administrator, *user;
static struct sim_file *file, *users;

static void load(void)
{
    CHECK_EQUAL(sim_load(DriverEntry), STATUS_SUCCESS);
    administrator = sim_process_create(true);
    user = sim_process_create(false);
    file = ai_open(administrator);
    users = ai_open(user);
    CHECK(file != NULL && users != NULL);
}

static void reset(bool nt52)
{
    struct sim_options options = {.seed = 1, .nt52 = nt52};
    sim_reset(&options);
    ai_add_process("python3.exe", 100, 2);
    ai_add_process("explorer.exe", 104, 4);
}

static void begin(void)
{
    reset(false);
    load();
}

static void end(void)
{
    sim_kill_process(administrator);
    sim_kill_process(user);
    sim_unload();
}

/* ---- rights ---- */

static void check_rights(void)
{
    uint32_t percent = 50;
    union ai_process_list processes;
    union ai_gpu_list gpus;
    union ai_rule_list rules;
    struct ballast_ai_mapping block;
    CHECK_EQUAL(VALUE(ai_get_gpus(users, true, &gpus)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(ai_get_processes(users, 1, &processes)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(ai_allocate(users, 1, &block)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(ai_push(users, 0, 1)), VALUE(STATUS_ACCESS_DENIED));
    CHECK_EQUAL(VALUE(ai_get(users, BALLAST_IOCTL_AI_RELOAD_RULES, &rules, sizeof(rules))),
                VALUE(STATUS_ACCESS_DENIED));
    CHECK_EQUAL(VALUE(sim_ioctl(users, CODEX_IOCTL_SET_GPU_UTIL, &percent, 4, NULL, 0, NULL)),
                VALUE(STATUS_ACCESS_DENIED));
    CHECK_EQUAL(ai_driver_state(file).samples_pushed, 0);
    CHECK_EQUAL(ai_driver_state(file).rule_reloads, 0);
    CHECK_EQUAL(VALUE(ai_push(file, 0, 1)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(ai_get(file, BALLAST_IOCTL_AI_RELOAD_RULES, &rules, sizeof(rules))), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(sim_ioctl(file, CODEX_IOCTL_SET_GPU_UTIL, &percent, 4, NULL, 0, NULL)), STATUS_SUCCESS);
    CHECK_EQUAL(ai_driver_state(file).samples_pushed, 2);
    CHECK_EQUAL(ai_driver_state(file).rule_reloads, 1);
}

static void users_may_query_and_allocate_only(void)
{
    for (unsigned nt52 = 0; nt52 < 2; nt52++) {
        reset(nt52 != 0);
        ai_add_adapter(0, "Card");
        load();
        check_rights();
        end();
    }
}

/* A service that a user calls must not be one's way to an administrator's rights, nor an administrator's to be known. */
static void rights_are_those_of_the_callers_token(void)
{
    reset(false);
    ai_add_adapter(0, "Card");
    load();
    CHECK_EQUAL(VALUE(ai_push(file, 0, 1)), STATUS_SUCCESS);
    sim_process_impersonate(administrator, false, SecurityImpersonation);
    CHECK_EQUAL(VALUE(ai_push(file, 0, 1)), VALUE(STATUS_ACCESS_DENIED));
    sim_process_impersonate(user, true, SecurityIdentification);
    CHECK_EQUAL(VALUE(ai_push(users, 0, 1)), VALUE(STATUS_ACCESS_DENIED));
    sim_process_impersonate(user, true, SecurityImpersonation);
    CHECK_EQUAL(VALUE(ai_push(users, 0, 1)), STATUS_SUCCESS);
    end();
}

static void requests_may_come_cancelled(void)
{
    union ai_process_list processes;
    begin();
    sim_process_cancels_first(user, true);
    CHECK_EQUAL(VALUE(ai_get_processes(users, 1, &processes)), VALUE(STATUS_CANCELLED));
    sim_process_cancels_first(user, false);
    CHECK_EQUAL(VALUE(ai_get_processes(users, 1, &processes)), STATUS_SUCCESS);
    end();
}

/* Codes that change something carry the access that the handle must have. */
static void handles_for_reading_change_nothing(void)
{
    struct sim_file *reader;
    struct ballast_ai_mapping block;
    union ai_rule_list rules;
    begin();
    CHECK_EQUAL(sim_create_file(administrator, "\\Device\\BallastAi", GENERIC_READ, &reader), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(ai_get(reader, BALLAST_IOCTL_AI_QUERY_RULES, &rules, sizeof(rules))), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(ai_allocate(reader, 1, &block)), VALUE(STATUS_ACCESS_DENIED));
    CHECK_EQUAL(VALUE(ai_push(reader, 0, 1)), VALUE(STATUS_ACCESS_DENIED));
    CHECK_EQUAL(VALUE(ai_get(reader, BALLAST_IOCTL_AI_RELOAD_RULES, &rules, sizeof(rules))),
                VALUE(STATUS_ACCESS_DENIED));
    end();
}

static NTSTATUS boost(struct sim_file *by, uint32_t thread)
{
    return sim_ioctl(by, CODEX_IOCTL_BOOST_PRIORITY, &thread, sizeof(thread), NULL, 0, NULL);
}

static void boosting_needs_rights_on_the_thread(void)
{
    begin();
    sim_user_thread_set(THREAD, true);
    CHECK_EQUAL(VALUE(boost(users, THREAD)), VALUE(STATUS_ACCESS_DENIED));
    CHECK_EQUAL(sim_user_thread_priority(), 0);
    CHECK_EQUAL(VALUE(boost(users, THREAD + 4)), VALUE(STATUS_INVALID_PARAMETER));
    CHECK_EQUAL(ai_driver_state(file).priority_boosts, 0);
    CHECK_EQUAL(VALUE(boost(file, THREAD)), STATUS_SUCCESS);
    CHECK_EQUAL(sim_user_thread_priority(), 2);
    CHECK_EQUAL(ai_driver_state(file).priority_boosts, 1);
    sim_user_thread_set(THREAD, false);
    CHECK_EQUAL(VALUE(boost(users, THREAD)), STATUS_SUCCESS);
    end();
}

/* ---- names and functions ---- */

static void all_names_lead_to_the_device(void)
{
    static const char *const names[] = {"\\DosDevices\\BallastAi", "\\DosDevices\\AIDriver", "\\??\\AI_Driver",
                                        "\\??\\CodexAiDriver"};
    struct sim_file *opened;
    begin();
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        CHECK_EQUAL(sim_create_file(user, names[i], GENERIC_READ | GENERIC_WRITE, &opened), STATUS_SUCCESS);
        CHECK(ai_driver_state(opened).version != 0);
    }
    CHECK_EQUAL(VALUE(sim_create_file(user, "\\Device\\BallastAi\\x", GENERIC_READ, &opened)),
                VALUE(STATUS_OBJECT_NAME_NOT_FOUND));
    CHECK_EQUAL(VALUE(sim_create_file(user, "\\Device\\BallastAi", WRITE_DAC, &opened)), VALUE(STATUS_ACCESS_DENIED));
    end();
}

/* Another driver's name stays that, and the driver loads without it. */
static void names_of_others_are_left_alone(void)
{
    UNICODE_STRING link = RTL_CONSTANT_STRING(L"\\DosDevices\\AIDriver");
    UNICODE_STRING target = RTL_CONSTANT_STRING(L"\\Device\\Other");
    struct sim_file *opened;
    reset(false);
    CHECK_EQUAL(IoCreateSymbolicLink(&link, &target), STATUS_SUCCESS);
    load();
    CHECK_EQUAL(sim_create_file(user, "\\DosDevices\\AI_Driver", GENERIC_READ, &opened), STATUS_SUCCESS);
    CHECK(sim_create_file(user, "\\DosDevices\\AIDriver", GENERIC_READ, &opened) != STATUS_SUCCESS);
    sim_kill_process(administrator);
    sim_kill_process(user);
    sim_unload_early();
    CHECK_EQUAL(IoDeleteSymbolicLink(&link), STATUS_SUCCESS); /* still there */
    sim_unload();
}

static void other_functions_are_refused(void)
{
    static const UCHAR majors[] = {IRP_MJ_QUERY_INFORMATION, IRP_MJ_SET_INFORMATION, IRP_MJ_FLUSH_BUFFERS,
                                   IRP_MJ_SHUTDOWN};
    struct ballast_ai_driver_reply reply;
    begin();
    for (size_t i = 0; i < sizeof(majors); i++) {
        CHECK_EQUAL(VALUE(sim_simple_request(file, majors[i])), VALUE(STATUS_INVALID_DEVICE_REQUEST));
    }
    CHECK_EQUAL(VALUE(sim_internal_ioctl(file, BALLAST_IOCTL_AI_QUERY_DRIVER, NULL, 0, &reply, sizeof(reply), NULL)),
                VALUE(STATUS_INVALID_DEVICE_REQUEST));
    end();
}

/* ---- threads ---- */

/* A process whose threads wait, or run, or want to. */
static void set_system(uint32_t state, uint32_t switches, uint64_t cpu)
{
    struct sim_system_process running = {
        .name = "System", .process_id = 4, .threads = 1, .thread_state = 2, .context_switches_per_thread = 1};
    struct sim_system_process python = {.name = "PYTHON.EXE",
                                        .process_id = 100,
                                        .threads = 3,
                                        .thread_state = state,
                                        .context_switches_per_thread = switches,
                                        .create_time = 1,
                                        .cpu_time_100ns = cpu};
    sim_system_clear();
    sim_system_add(&running);
    sim_system_add(&python);
}

static void states_and_differences_of_threads(void)
{
    struct ballast_ai_scheduler_reply reply;
    begin();
    set_system(1, 100, 1000);
    CHECK_EQUAL(VALUE(ai_get_scheduler(file, 1, &reply)), STATUS_SUCCESS);
    CHECK_EQUAL(reply.ai_threads.value, 3);
    CHECK_EQUAL(reply.ai_threads_ready.value, 3);
    CHECK_EQUAL(reply.thread_state[5].value, 0);
    CHECK_EQUAL(reply.thread_state[5].state, BALLAST_AI_MEASURED);
    CHECK_EQUAL(reply.ai_context_switches.state, BALLAST_AI_UNKNOWN); /* nothing to compare with */
    CHECK_EQUAL(reply.ai_context_switches.reason, BALLAST_AI_REASON_STARTING);
    CHECK_EQUAL(reply.ai_cpu_permille.reason, BALLAST_AI_REASON_STARTING);
    ai_pause_ms(600);
    set_system(5, 100 + 1000, 1000 + 1000000); /* 3,000 switches and 100 ms of processor time later */
    CHECK_EQUAL(VALUE(ai_get_scheduler(file, 1, &reply)), STATUS_SUCCESS);
    CHECK_EQUAL(reply.ai_threads_ready.value, 0);
    CHECK_EQUAL(reply.thread_state[5].value, 3);
    CHECK_EQUAL(reply.ai_context_switches.state, BALLAST_AI_MEASURED);
    CHECK(reply.ai_context_switches.value > 0 && reply.ai_context_switches.value <= 5000);
    CHECK(reply.ai_cpu_permille.value > 0 && reply.ai_cpu_permille.value <= 167);
    sim_system_clear();
    ai_add_process("python.exe", 100, 3); /* of a system that reports no states: nothing runs at all */
    ai_pause_ms(3);
    CHECK_EQUAL(VALUE(ai_get_scheduler(file, 1, &reply)), STATUS_SUCCESS);
    CHECK_EQUAL(reply.ai_threads_ready.state, BALLAST_AI_UNKNOWN);
    CHECK_EQUAL(reply.thread_state[5].reason, BALLAST_AI_REASON_NOT_REPORTED);
    end();
}

/* ---- requests that wait ---- */

static const struct ballast_ai_process_query fresh = {{sizeof(fresh), BALLAST_AI_VERSION, 0}, 1, 0};

static struct sim_request *ask(struct sim_file *by, union ai_process_list *list)
{
    return sim_ioctl_begin(by, BALLAST_IOCTL_AI_QUERY_PROCESSES, &fresh, sizeof(fresh), list, sizeof(*list));
}

static void wait_for_held(void)
{
    for (unsigned i = 0; i < 10000 && sim_system_waiting() == 0; i++) {
        ai_pause_ms(1);
    }
    CHECK_EQUAL(sim_system_waiting(), 1); /* only the service thread asks */
}

static void pended_queries_can_be_cancelled(void)
{
    static union ai_process_list lists[4];
    struct sim_request *requests[4];
    begin();
    sim_system_hold(true);
    requests[0] = ask(file, &lists[0]);
    wait_for_held();
    for (unsigned i = 1; i < 4; i++) {
        requests[i] = ask(i == 3 ? users : file, &lists[i]);
        CHECK(!sim_request_done(requests[i]));
    }
    sim_cancel(requests[0]); /* too late */
    sim_cancel(requests[2]);
    CHECK(!sim_request_done(requests[0]));
    CHECK_EQUAL(VALUE(sim_request_wait(requests[2], NULL)), VALUE(STATUS_CANCELLED));
    CHECK(ai_driver_state(file).version != 0); /* what is cached is answered meanwhile */
    sim_system_hold(false);
    CHECK_EQUAL(VALUE(sim_request_wait(requests[0], NULL)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(sim_request_wait(requests[1], NULL)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(sim_request_wait(requests[3], NULL)), STATUS_SUCCESS);
    CHECK_EQUAL(lists[3].head.processes, 1);
    end();
}

/* Nobody can have the answers any more. Other clients' requests, which wait for the same, are let be. */
static void closing_a_handle_ends_what_waits_through_it(void)
{
    static union ai_process_list lists[4];
    struct sim_request *requests[4];
    begin();
    struct sim_file *second = ai_open(user);
    sim_system_hold(true);
    requests[0] = ask(file, &lists[0]);
    wait_for_held();
    requests[1] = ask(second, &lists[1]);
    requests[2] = ask(users, &lists[2]);
    requests[3] = ask(second, &lists[3]);
    sim_close_handle(second);
    CHECK_EQUAL(VALUE(sim_request_wait(requests[1], NULL)), VALUE(STATUS_CANCELLED));
    CHECK_EQUAL(VALUE(sim_request_wait(requests[3], NULL)), VALUE(STATUS_CANCELLED));
    CHECK(!sim_request_done(requests[0]) && !sim_request_done(requests[2]));
    sim_close(second);
    sim_system_hold(false);
    CHECK_EQUAL(VALUE(sim_request_wait(requests[0], NULL)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(sim_request_wait(requests[2], NULL)), STATUS_SUCCESS);
    end();
}

static void *cancel_it(void *context)
{
    sim_cancel(context);
    return NULL;
}

/* As soon as it is told, a client may close its handle, and the driver may go: what cancels may touch nothing of it. */
static void cancellation_ends_with_the_request(void)
{
    static union ai_process_list lists[2];
    pthread_t thread;
    begin();
    sim_system_hold(true);
    struct sim_request *served = ask(file, &lists[0]);
    wait_for_held();
    struct sim_request *waiting = ask(users, &lists[1]);
    sim_cancel_hold(true);
    CHECK_EQUAL(pthread_create(&thread, NULL, cancel_it, waiting), 0);
    CHECK_EQUAL(VALUE(sim_request_wait(waiting, NULL)), VALUE(STATUS_CANCELLED));
    sim_system_hold(false);
    CHECK_EQUAL(VALUE(sim_request_wait(served, NULL)), STATUS_SUCCESS);
    end();
    sim_cancel_hold(false);
    pthread_join(thread, NULL);
}

static void *release_soon(void *context)
{
    ai_pause_ms(20);
    sim_system_hold(false);
    return context;
}

static void killed_processes_leave_nothing(void)
{
    static union ai_process_list lists[4];
    struct ballast_ai_mapping block;
    struct ballast_ai_pool_reply pool = {.blocks = 1};
    uint64_t runtime = 1;
    pthread_t thread;
    begin();
    struct sim_process *victim = sim_process_create(false);
    struct sim_file *his = ai_open(victim);
    CHECK_EQUAL(VALUE(ai_allocate(his, MIB, &block)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(sim_ioctl(his, CODEX2_IOCTL_REGISTER_WINAI, &runtime, 8, NULL, 0, NULL)), STATUS_SUCCESS);
    CHECK_EQUAL(ai_driver_state(file).registered_runtimes, 1);
    sim_system_hold(true);
    (void)ask(his, &lists[0]);
    wait_for_held();
    for (unsigned i = 1; i < 4; i++) {
        (void)ask(his, &lists[i]);
    }
    CHECK_EQUAL(pthread_create(&thread, NULL, release_soon, NULL), 0);
    sim_kill_process(victim);
    pthread_join(thread, NULL);
    for (unsigned i = 0; i < 2000 && (pool.blocks != 0 || ai_driver_state(file).registered_runtimes != 0); i++) {
        CHECK_EQUAL(VALUE(ai_get(file, BALLAST_IOCTL_AI_QUERY_POOL, &pool, sizeof(pool))), STATUS_SUCCESS);
        ai_pause_ms(1);
    }
    CHECK_EQUAL(pool.used_bytes, 0);
    CHECK_EQUAL(ai_driver_state(file).registered_runtimes, 0);
    CHECK_EQUAL(VALUE(ai_get_processes(file, 1, &lists[0])), STATUS_SUCCESS);
    end();
}

/* Wine does it. A request that is being served gets its answer, what waits is told, and nothing is left. */
static void unloading_while_handles_are_open(void)
{
    static union ai_process_list lists[3];
    struct sim_request *requests[3];
    struct ballast_ai_mapping block;
    uint64_t runtime = 1;
    pthread_t thread;
    begin();
    CHECK_EQUAL(VALUE(ai_allocate(users, MIB, &block)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(ai_block(users, BALLAST_IOCTL_AI_GRANT, block.id, sim_process_id(administrator), 2)),
                STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(ai_block(file, BALLAST_IOCTL_AI_MAP, block.id, 0, 2)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(sim_ioctl(users, CODEX2_IOCTL_REGISTER_WINAI, &runtime, 8, NULL, 0, NULL)), STATUS_SUCCESS);
    sim_system_hold(true);
    requests[0] = ask(file, &lists[0]);
    wait_for_held();
    requests[1] = ask(file, &lists[1]);
    requests[2] = ask(users, &lists[2]);
    CHECK_EQUAL(pthread_create(&thread, NULL, release_soon, NULL), 0);
    sim_unload_early();
    pthread_join(thread, NULL);
    CHECK_EQUAL(VALUE(sim_request_wait(requests[0], NULL)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(sim_request_wait(requests[1], NULL)), VALUE(STATUS_DEVICE_REMOVED));
    CHECK_EQUAL(VALUE(sim_request_wait(requests[2], NULL)), VALUE(STATUS_DEVICE_REMOVED));
    CHECK(sim_process_memory(user, block.address, 1, false) == NULL);
    end();
}

/* ---- rules ---- */

#define READERS 4u
#define RELOADS 60u

static bool reloading; /* atomic */

/* Odd generations take alpha (3 processes), even ones beta (2). */
static void check_generation(const union ai_process_list *list)
{
    bool odd = list->head.rules_generation % 2 != 0;
    CHECK_EQUAL(list->head.processes, odd ? 3 : 2);
    for (uint32_t i = 0; i < list->head.processes_returned; i++) {
        CHECK_EQUAL(list->head.process[i].name[0], odd ? 'a' : 'b');
        CHECK_EQUAL(list->head.process[i].rule, odd ? 0 : 1);
    }
}

static void *read_while_rules_change(void *context)
{
    static _Thread_local union ai_process_list list;
    static _Thread_local union ai_rule_list rules;
    struct sim_file *mine = context;
    uint32_t generation = 0;
    while (__atomic_load_n(&reloading, __ATOMIC_RELAXED)) {
        CHECK_EQUAL(VALUE(ai_get(mine, BALLAST_IOCTL_AI_QUERY_RULES, &rules, sizeof(rules))), STATUS_SUCCESS);
        CHECK(rules.head.generation >= generation);
        generation = rules.head.generation;
        CHECK_EQUAL(rules.head.rules, generation % 2 != 0 ? 1 : 2);
        CHECK_EQUAL(VALUE(ai_get_processes(mine, 1000, &list)), STATUS_SUCCESS);
        CHECK(list.head.rules_generation >= generation); /* a list of rules of before is not fresh */
        check_generation(&list);
    }
    return NULL;
}

static void rules_change_under_load(void)
{
    struct sim_options options = {.seed = 5, .delay_percent = 10};
    struct sim_process *processes[READERS];
    pthread_t threads[READERS];
    union ai_rule_list rules;
    sim_reset(&options);
    for (uint32_t i = 0; i < 5; i++) {
        ai_add_process(i < 3 ? "alpha.exe" : "beta.exe", 100 + 4 * i, 2);
    }
    ai_set_rules("alpha");
    load();
    __atomic_store_n(&reloading, true, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < READERS; i++) {
        processes[i] = sim_process_create(false);
        CHECK_EQUAL(pthread_create(&threads[i], NULL, read_while_rules_change, ai_open(processes[i])), 0);
    }
    for (unsigned i = 0; i < RELOADS; i++) {
        ai_set_rules(i % 2 == 0 ? "nothing\nglob:b*" : "alpha");
        CHECK_EQUAL(VALUE(ai_get(file, BALLAST_IOCTL_AI_RELOAD_RULES, &rules, sizeof(rules))), STATUS_SUCCESS);
        CHECK_EQUAL(rules.head.generation, i + 2);
    }
    __atomic_store_n(&reloading, false, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < READERS; i++) {
        pthread_join(threads[i], NULL);
        sim_kill_process(processes[i]);
    }
    CHECK_EQUAL(ai_driver_state(file).rule_reloads, RELOADS);
    end();
}

static void wrong_rules_at_load_leave_the_default_ones(void)
{
    static const uint32_t number = 7;
    union ai_rule_list rules;
    reset(false);
    ai_set_rules("alpha\nbeta\nregex:x");
    load();
    CHECK_EQUAL(VALUE(ai_get(users, BALLAST_IOCTL_AI_QUERY_RULES, &rules, sizeof(rules))), STATUS_SUCCESS);
    CHECK_EQUAL(rules.head.from_registry, 0);
    CHECK_EQUAL(rules.head.rejected_rule, 2);
    CHECK_EQUAL(rules.head.rules, 21);
    ai_set_rules("alpha");
    CHECK_EQUAL(VALUE(ai_get(file, BALLAST_IOCTL_AI_RELOAD_RULES, &rules, sizeof(rules))), STATUS_SUCCESS);
    CHECK_EQUAL(rules.head.rejected_rule, BALLAST_AI_NO_RULE);
    CHECK_EQUAL(rules.head.from_registry, 1);
    ai_set_rules("a*b");
    CHECK_EQUAL(VALUE(ai_get(file, BALLAST_IOCTL_AI_RELOAD_RULES, &rules, sizeof(rules))),
                VALUE(STATUS_INVALID_PARAMETER));
    sim_registry_set(AI_PARAMETERS, "Rules", REGISTRY_DWORD, &number, sizeof(number));
    CHECK_EQUAL(VALUE(ai_get(file, BALLAST_IOCTL_AI_RELOAD_RULES, &rules, sizeof(rules))),
                VALUE(STATUS_INVALID_PARAMETER));
    CHECK_EQUAL(VALUE(ai_get(users, BALLAST_IOCTL_AI_QUERY_RULES, &rules, sizeof(rules))), STATUS_SUCCESS);
    CHECK_EQUAL(rules.head.generation, 2);
    CHECK_EQUAL(rules.head.rules, 1);
    end();
}

TEST_MAIN({"users_may_query_and_allocate_only", users_may_query_and_allocate_only},
          {"rights_are_those_of_the_callers_token", rights_are_those_of_the_callers_token},
          {"requests_may_come_cancelled", requests_may_come_cancelled},
          {"handles_for_reading_change_nothing", handles_for_reading_change_nothing},
          {"boosting_needs_rights_on_the_thread", boosting_needs_rights_on_the_thread},
          {"all_names_lead_to_the_device", all_names_lead_to_the_device},
          {"names_of_others_are_left_alone", names_of_others_are_left_alone},
          {"other_functions_are_refused", other_functions_are_refused},
          {"states_and_differences_of_threads", states_and_differences_of_threads},
          {"pended_queries_can_be_cancelled", pended_queries_can_be_cancelled},
          {"closing_a_handle_ends_what_waits_through_it", closing_a_handle_ends_what_waits_through_it},
          {"cancellation_ends_with_the_request", cancellation_ends_with_the_request},
          {"killed_processes_leave_nothing", killed_processes_leave_nothing},
          {"unloading_while_handles_are_open", unloading_while_handles_are_open},
          {"rules_change_under_load", rules_change_under_load},
          {"wrong_rules_at_load_leave_the_default_ones", wrong_rules_at_load_leave_the_default_ones})
