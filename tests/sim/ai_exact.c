/* SPDX-License-Identifier: MIT */
/*
 * That the AI driver's numbers are right whoever asks, in the simulated kernel: rates beside a client that asks as often as
 * it can, on a system that charges processor time in ticks; threads that end; what the probe's timer really does.
 */

#include "ballast/codex_abi.h"
#include "tests/harness/test.h"
#include "tests/sim/ai_client.h"

#include <pthread.h>

#define PERMILLE 260 /* what the AI process takes of a processor */

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

static void begin_with(unsigned timer_tick_us)
{
    struct sim_options options = {.seed = 1, .timer_tick_us = timer_tick_us};
    sim_reset(&options);
    load();
}

static void begin(void)
{
    begin_with(0);
}

static void end(void)
{
    sim_kill_process(administrator);
    sim_kill_process(user);
    sim_unload();
}

static void set_process(uint32_t threads, uint32_t ended, uint32_t switches, uint32_t permille)
{
    struct sim_system_process running = {
        .name = "System", .process_id = 4, .threads = 1, .thread_state = 2, .context_switches_per_thread = 1};
    struct sim_system_process python = {.name = "python.exe",
                                        .process_id = 100,
                                        .threads = threads,
                                        .threads_ended = ended,
                                        .thread_state = 5,
                                        .context_switches_per_thread = switches,
                                        .create_time = 1,
                                        .cpu_permille = permille};
    sim_system_clear();
    sim_system_add(&running);
    sim_system_add(&python);
}

/* ---- rates ---- */

static bool polling; /* atomic */

static void *poll(void *context)
{
    struct ballast_ai_scheduler_reply reply;
    while (__atomic_load_n(&polling, __ATOMIC_RELAXED)) {
        CHECK_EQUAL(VALUE(ai_get_scheduler(context, 1, &reply)), STATUS_SUCCESS);
        ai_pause_ms(1);
    }
    return NULL;
}

static void check_rates_beside(struct sim_file *poller)
{
    struct ballast_ai_scheduler_reply reply;
    pthread_t thread;
    unsigned known = 0;
    set_process(3, 0, 100, PERMILLE);
    __atomic_store_n(&polling, true, __ATOMIC_RELAXED);
    CHECK_EQUAL(pthread_create(&thread, NULL, poll, poller), 0);
    for (unsigned i = 0; i < 25; i++) {
        CHECK_EQUAL(VALUE(ai_get_scheduler(file, 100, &reply)), STATUS_SUCCESS);
        if (reply.ai_cpu_permille.state == BALLAST_AI_MEASURED) {
            test_note("%d per mille", (int)reply.ai_cpu_permille.value);
            CHECK(reply.ai_cpu_permille.value >= PERMILLE * 7 / 10 &&
                  reply.ai_cpu_permille.value <= PERMILLE * 13 / 10);
            known++;
        } else {
            CHECK_EQUAL(reply.ai_cpu_permille.reason, BALLAST_AI_REASON_STARTING);
        }
        ai_pause_ms(80);
    }
    __atomic_store_n(&polling, false, __ATOMIC_RELAXED);
    pthread_join(thread, NULL);
    CHECK(known >= 10);
}

static void a_poller_does_not_spoil_rates(void)
{
    begin();
    check_rates_beside(users);
    end();
    begin();
    check_rates_beside(file);
    end();
}

/* What has been done in an hour in which nobody asked is no rate of now. Half a second later there is one. */
static void rates_are_not_over_what_is_long_ago(void)
{
    struct ballast_ai_scheduler_reply reply;
    begin();
    set_process(3, 0, 100, PERMILLE);
    for (unsigned i = 0; i < 2; i++) {
        CHECK_EQUAL(VALUE(ai_get_scheduler(file, 1, &reply)), STATUS_SUCCESS);
        CHECK_EQUAL(reply.ai_cpu_permille.state, BALLAST_AI_UNKNOWN);
        CHECK_EQUAL(reply.ai_cpu_permille.reason, BALLAST_AI_REASON_STARTING);
        CHECK_EQUAL(reply.ai_context_switches.reason, BALLAST_AI_REASON_STARTING);
        ai_pause_ms(600);
        CHECK_EQUAL(VALUE(ai_get_scheduler(file, 1, &reply)), STATUS_SUCCESS);
        CHECK_EQUAL(reply.ai_cpu_permille.state, BALLAST_AI_MEASURED);
        CHECK_EQUAL(reply.ai_context_switches.state, BALLAST_AI_MEASURED);
        sim_time_passes(3600);
    }
    end();
}

/* A limited user may have a list made ten times a second, an administrator at any time. */
static void limited_users_do_not_demand_lists_at_any_rate(void)
{
    union ai_process_list list;
    begin();
    CHECK_EQUAL(VALUE(ai_get_processes(users, 1, &list)), STATUS_SUCCESS);
    uint64_t before = ai_driver_state(file).enumerations;
    uint64_t began = ai_clock_ms();
    for (unsigned i = 0; i < 50; i++) {
        CHECK_EQUAL(VALUE(ai_get_processes(users, 1, &list)), STATUS_SUCCESS);
        CHECK(list.head.age_ms <= 100);
        ai_pause_ms(2);
    }
    uint64_t took = ai_clock_ms() - began;
    CHECK(ai_driver_state(file).enumerations - before <= took / 100 + 1);
    before = ai_driver_state(file).enumerations;
    for (unsigned i = 0; i < 5; i++) {
        ai_pause_ms(3);
        CHECK_EQUAL(VALUE(ai_get_processes(file, 1, &list)), STATUS_SUCCESS);
    }
    CHECK_EQUAL(ai_driver_state(file).enumerations - before, 5);
    end();
}

/* A thread that ends takes its switches out of the sum; the others' are still differences, and never 0 by accident. */
static void threads_that_end_do_not_hide_what_others_do(void)
{
    struct ballast_ai_scheduler_reply reply;
    begin();
    set_process(4, 0, 100000, 0);
    CHECK_EQUAL(VALUE(ai_get_scheduler(file, 1, &reply)), STATUS_SUCCESS);
    ai_pause_ms(600);
    CHECK_EQUAL(VALUE(ai_get_scheduler(file, 1, &reply)), STATUS_SUCCESS);
    CHECK_EQUAL(reply.ai_context_switches.state, BALLAST_AI_MEASURED);
    CHECK_EQUAL(reply.ai_context_switches.value, 0);
    ai_pause_ms(600);
    set_process(3, 1, 100600, 0); /* three threads did 600 each */
    CHECK_EQUAL(VALUE(ai_get_scheduler(file, 1, &reply)), STATUS_SUCCESS);
    CHECK_EQUAL(reply.ai_context_switches.state, BALLAST_AI_MEASURED);
    test_note("%d", (int)reply.ai_context_switches.value);
    CHECK(reply.ai_context_switches.value > 100 && reply.ai_context_switches.value <= 3600);
    end();
}

static void ready_are_standby_and_deferred_ready_too(void)
{
    static const uint32_t states[] = {1, 3, 7};
    struct ballast_ai_scheduler_reply reply;
    begin();
    for (size_t i = 0; i < 3; i++) {
        set_process(2, 0, 0, 0);
        struct sim_system_process other = {
            .name = "python.exe", .process_id = 200, .threads = 3, .thread_state = states[i], .create_time = 1};
        sim_system_add(&other);
        ai_pause_ms(3);
        CHECK_EQUAL(VALUE(ai_get_scheduler(file, 1, &reply)), STATUS_SUCCESS);
        test_note("state %u", (unsigned)states[i]);
        CHECK_EQUAL(reply.ai_threads_ready.value, 3);
    }
    end();
}

/* What the probe has recorded is in the next answer. */
static void latencies_are_of_now(void)
{
    struct ballast_ai_scheduler_reply first, second;
    begin();
    set_process(1, 0, 0, 0);
    CHECK_EQUAL(VALUE(ai_get_scheduler(file, 1000, &first)), STATUS_SUCCESS);
    for (unsigned i = 0; i < 8; i++) {
        CHECK_EQUAL(VALUE(ai_get_scheduler(file, 1000, &first)), STATUS_SUCCESS);
        uint64_t probes = ai_driver_state(file).probes;
        for (unsigned j = 0; j < 2000 && ai_driver_state(file).probes == probes; j++) {
            ai_pause_ms(1);
        }
        CHECK_EQUAL(VALUE(ai_get_scheduler(file, 1000, &second)), STATUS_SUCCESS);
        CHECK(second.samples > first.samples);
    }
    end();
}

/* ---- times ---- */

/* What the timer does, not what it was asked for. */
static void the_period_of_the_probe_is_measured(void)
{
    struct ballast_ai_scheduler_reply reply;
    begin_with(15625);
    set_process(1, 0, 0, 0);
    CHECK_EQUAL(VALUE(ai_get_scheduler(file, 1000, &reply)), STATUS_SUCCESS);
    ai_pause_ms(500);
    CHECK_EQUAL(VALUE(ai_get_scheduler(file, 1000, &reply)), STATUS_SUCCESS);
    test_note("%u ms", (unsigned)reply.probe_period_ms);
    CHECK(reply.probe_period_ms >= 14);
    end();
}

/* Somebody corrects the clock: what is stamped from then on has the new time, and ages do not jump. */
static void stamps_follow_the_clock_and_ages_do_not(void)
{
    union ai_process_list list;
    begin();
    CHECK_EQUAL(VALUE(ai_get_processes(file, 1, &list)), STATUS_SUCCESS);
    uint64_t before = list.head.snapshot_time;
    sim_system_time_shift(3600ll * 10000000);
    CHECK_EQUAL(VALUE(ai_get_processes(file, 60000, &list)), STATUS_SUCCESS);
    CHECK(list.head.age_ms < 10000);
    ai_pause_ms(3);
    CHECK_EQUAL(VALUE(ai_get_processes(file, 1, &list)), STATUS_SUCCESS);
    CHECK(list.head.age_ms < 10000);
    CHECK(list.head.snapshot_time >= before + 3600ull * 10000000 &&
          list.head.snapshot_time < before + 3660ull * 10000000);
    sim_system_time_shift(0);
    end();
}

/* ---- what is too old ---- */

static uint32_t utilization_in_stats(void)
{
    struct codex_driver_stats stats = {.gpu_utilization = 1};
    CHECK_EQUAL(VALUE(ai_get(file, CODEX_IOCTL_GET_STATS, &stats, sizeof(stats))), STATUS_SUCCESS);
    return stats.gpu_utilization;
}

/* Of what nobody has measured lately it is said so; where there is no way to, the estimate is given, not an idle GPU. */
static void stale_is_not_idle(void)
{
    struct sim_options options = {.seed = 1};
    union ai_gpu_list gpus;
    sim_reset(&options);
    ai_add_adapter(0, "Card");
    ai_set_number("SampleLifetimeMs", 300);
    set_process(1, 0, 0, 0);
    load();
    const struct ballast_ai_value *value = &gpus.head.adapter[0].values[BALLAST_AI_GPU_UTILIZATION_PERMILLE];
    CHECK_EQUAL(VALUE(ai_push(file, 0, 900)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(ai_get_gpus(file, false, &gpus)), STATUS_SUCCESS);
    CHECK(value->state == BALLAST_AI_MEASURED || value->age_ms > 300); /* which a busy machine may need */
    CHECK_EQUAL(value->value, 900);
    ai_pause_ms(310);
    CHECK_EQUAL(VALUE(ai_get_gpus(file, false, &gpus)), STATUS_SUCCESS);
    CHECK_EQUAL(value->state, BALLAST_AI_STALE);
    CHECK_EQUAL(value->value, 900);
    CHECK_EQUAL(utilization_in_stats(), 35);
    CHECK_EQUAL(VALUE(ai_push(file, 0, 0)), STATUS_SUCCESS);
    uint32_t fresh = utilization_in_stats();
    CHECK_EQUAL(VALUE(ai_get_gpus(file, false, &gpus)), STATUS_SUCCESS);
    CHECK(fresh == 0 || value->state == BALLAST_AI_STALE); /* unless this took so long */
    end();
}

/* ---- what they cost ---- */

/* Lists are read in threads that may wait for the page file. */
static void lists_are_not_resident(void)
{
    union ai_process_list list;
    begin();
    CHECK_EQUAL(VALUE(ai_get_processes(file, 1, &list)), STATUS_SUCCESS);
    size_t before = sim_pool_resident();
    for (uint32_t i = 0; i < BALLAST_AI_MAXIMUM_PROCESSES; i++) {
        ai_add_process("python.exe", 1000 + 4 * i, 1);
    }
    ai_pause_ms(3);
    CHECK_EQUAL(VALUE(ai_get_processes(file, 1, &list)), STATUS_SUCCESS);
    CHECK_EQUAL(list.head.processes, BALLAST_AI_MAXIMUM_PROCESSES);
    CHECK(before != 0 && sim_pool_resident() < before + 4096);
    end();
}

TEST_MAIN({"a_poller_does_not_spoil_rates", a_poller_does_not_spoil_rates},
          {"rates_are_not_over_what_is_long_ago", rates_are_not_over_what_is_long_ago},
          {"limited_users_do_not_demand_lists_at_any_rate", limited_users_do_not_demand_lists_at_any_rate},
          {"threads_that_end_do_not_hide_what_others_do", threads_that_end_do_not_hide_what_others_do},
          {"ready_are_standby_and_deferred_ready_too", ready_are_standby_and_deferred_ready_too},
          {"latencies_are_of_now", latencies_are_of_now},
          {"the_period_of_the_probe_is_measured", the_period_of_the_probe_is_measured},
          {"stamps_follow_the_clock_and_ages_do_not", stamps_follow_the_clock_and_ages_do_not},
          {"stale_is_not_idle", stale_is_not_idle}, {"lists_are_not_resident", lists_are_not_resident})
