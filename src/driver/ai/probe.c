/* SPDX-License-Identifier: MIT */
/*
 * Wake-up latency: a timer's DPC notes the time and sets an event; a thread that waits for it notes when it runs. That is
 * what the scheduler takes, without the timer's granularity. The timer is set only while somebody asks, and for
 * BALLAST_AI_PROBE_LINGER_MS after that.
 *
 * IRQL: the DPC and what the queries call <= DISPATCH_LEVEL, the rest PASSIVE_LEVEL.
 */

#include "core/ai/latency.h"
#include "core/ai/value.h"
#include "driver/ai/driver.h"
#include "driver/nt/clock.h"

#define PERIOD_MS       10u /* asked for; the system's timers tick every 1 to 16 ms, and what they did is reported */
#define ENOUGH_SAMPLES  8u
#define LONGEST_WAIT_MS 250u

static struct {
    KTIMER timer;
    KDPC dpc;
    KEVENT wanted; /* auto-reset: somebody asks, or stopping */
    KEVENT fired;  /* auto-reset */
    struct nt_thread thread;
    uint64_t fired_ns;     /* by the DPC, read after `fired` */
    uint64_t before_ns;    /* when it fired the time before; 0: it has just been started. The thread's */
    uint64_t wanted_until; /* atomic; nt_clock_ns */
    uint32_t samples;      /* atomic; since the probe was last started */
    bool armed;            /* atomic */
    bool stopping;         /* atomic */
    KSPIN_LOCK lock;       /* all that follows */
    struct latency_window window;
    uint64_t summed_second; /* when the summary was made, and the window has not moved since; 0: never, or it has */
    struct latency_summary summary;
} probe;

static void NTAPI timer_fired(PKDPC dpc, PVOID context, PVOID argument_1, PVOID argument_2)
{
    UNREFERENCED_PARAMETER(dpc);
    UNREFERENCED_PARAMETER(context);
    UNREFERENCED_PARAMETER(argument_1);
    UNREFERENCED_PARAMETER(argument_2);
    atomic_store_u64(&probe.fired_ns, nt_clock_ns());
    (void)KeSetEvent(&probe.fired, IO_NO_INCREMENT, FALSE);
}

static void probe_once(void)
{
    LARGE_INTEGER due = {.QuadPart = -(LONGLONG)PERIOD_MS * 10000};
    KIRQL irql;
    (void)KeSetTimer(&probe.timer, due, &probe.dpc);
    (void)KeWaitForSingleObject(&probe.fired, Executive, KernelMode, FALSE, NULL);
    uint64_t now = nt_clock_ns();
    (void)KeCancelTimer(&probe.timer); /* it has fired; but Wine deadlocks when a timer is set again without this */
    uint64_t fired = atomic_load_u64(&probe.fired_ns);
    uint64_t before = probe.before_ns;
    probe.before_ns = fired;
    KeAcquireSpinLock(&probe.lock, &irql);
    latency_record(&probe.window, now, now > fired ? now - fired : 0,
                   before != 0 && fired > before ? fired - before : 0);
    probe.summed_second = 0;
    KeReleaseSpinLock(&probe.lock, irql);
    atomic_add_u64(&ai_driver.counters.probes, 1);
    __atomic_add_fetch(&probe.samples, 1, __ATOMIC_RELAXED);
}

static bool stopping(void)
{
    return __atomic_load_n(&probe.stopping, __ATOMIC_RELAXED);
}

static void run(void *context)
{
    UNREFERENCED_PARAMETER(context);
    while (!stopping()) {
        (void)KeWaitForSingleObject(&probe.wanted, Executive, KernelMode, FALSE, NULL);
        if (stopping() || nt_clock_ns() >= atomic_load_u64(&probe.wanted_until)) {
            continue;
        }
        atomic_add_u64(&ai_driver.counters.probe_starts, 1);
        __atomic_store_n(&probe.samples, 0, __ATOMIC_RELAXED);
        probe.before_ns = 0;
        __atomic_store_n(&probe.armed, true, __ATOMIC_RELAXED);
        while (!stopping() && nt_clock_ns() < atomic_load_u64(&probe.wanted_until)) {
            probe_once();
        }
        __atomic_store_n(&probe.armed, false, __ATOMIC_RELAXED);
    }
}

void ai_probe_want(void)
{
    atomic_store_u64(&probe.wanted_until, nt_clock_ns() + BALLAST_AI_PROBE_LINGER_MS * (uint64_t)1000000);
    if (!ai_probe_armed()) {
        (void)KeSetEvent(&probe.wanted, IO_NO_INCREMENT, FALSE);
    }
}

bool ai_probe_armed(void)
{
    return __atomic_load_n(&probe.armed, __ATOMIC_RELAXED);
}

bool ai_probe_has_samples(void)
{
    return ai_probe_armed() && __atomic_load_n(&probe.samples, __ATOMIC_RELAXED) >= ENOUGH_SAMPLES;
}

void ai_probe_wait(void)
{
    LARGE_INTEGER pause = {.QuadPart = -(LONGLONG)PERIOD_MS * 10000};
    for (unsigned waited = 0; waited < LONGEST_WAIT_MS && !ai_probe_has_samples(); waited += PERIOD_MS) {
        ai_probe_want();
        (void)KeDelayExecutionThread(KernelMode, FALSE, &pause);
    }
}

static struct ballast_ai_value measured(uint64_t nanoseconds, bool known)
{
    return known ? ai_value((int64_t)nanoseconds, BALLAST_AI_MEASURED, BALLAST_AI_SOURCE_KERNEL, 0)
                 : ai_value_unknown(BALLAST_AI_REASON_STARTING);
}

/* The probe records a hundred times a second; who asks more often is told what has been summed up already. */
static struct latency_summary summarize(void)
{
    KIRQL irql;
    KeAcquireSpinLock(&probe.lock, &irql);
    uint64_t now = nt_clock_ns();
    uint64_t second = now / LATENCY_SLOT_NS + 1;
    if (probe.summed_second != second) {
        latency_summarize(&probe.window, now, &probe.summary);
        probe.summed_second = second;
    }
    struct latency_summary summary = probe.summary;
    KeReleaseSpinLock(&probe.lock, irql);
    return summary;
}

void ai_probe_describe(struct ballast_ai_scheduler_reply *reply)
{
    struct latency_summary summary = summarize();
    bool known = summary.count != 0;
    reply->window_ms = LATENCY_WINDOW_MS;
    reply->probe_period_ms = (uint32_t)((summary.period_ns + 500000) / 1000000);
    reply->samples = summary.count;
    reply->latency_p50_ns = measured(summary.p50_ns, known);
    reply->latency_p90_ns = measured(summary.p90_ns, known);
    reply->latency_p99_ns = measured(summary.p99_ns, known);
    reply->latency_max_ns = measured(summary.max_ns, known);
    reply->latency_mean_ns = measured(summary.mean_ns, known);
    RtlCopyMemory(reply->bucket, summary.bucket, sizeof(reply->bucket));
}

ballast_status ai_query_scheduler(void *target, struct request *request)
{
    struct ballast_ai_scheduler_reply *reply = request->buffer;
    (void)target;
    RtlZeroMemory(reply, sizeof(*reply));
    reply->header = (struct ballast_header){sizeof(*reply), BALLAST_AI_VERSION, 0};
    ai_probe_describe(reply);
    ai_processes_describe_scheduling(reply);
    request->information = sizeof(*reply);
    return BALLAST_SUCCESS;
}

NTSTATUS ai_probe_start(void)
{
    RtlZeroMemory(&probe, sizeof(probe));
    KeInitializeTimer(&probe.timer);
    KeInitializeDpc(&probe.dpc, timer_fired, NULL);
    KeInitializeEvent(&probe.wanted, SynchronizationEvent, FALSE);
    KeInitializeEvent(&probe.fired, SynchronizationEvent, FALSE);
    KeInitializeSpinLock(&probe.lock);
    latency_window_initialize(&probe.window);
    return nt_thread_create(&probe.thread, run, NULL);
}

void ai_probe_stop(void)
{
    __atomic_store_n(&probe.stopping, true, __ATOMIC_RELAXED);
    (void)KeSetEvent(&probe.wanted, IO_NO_INCREMENT, FALSE);
    nt_thread_join(&probe.thread);
    KeFlushQueuedDpcs(); /* the last one may still be on its way out */
}
