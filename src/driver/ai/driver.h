/* SPDX-License-Identifier: MIT */
/*
 * ballastai.sys: the IRP shell around core/ai and core/mem.
 *
 *   driver.c      load, unload, opening, closing, parameters
 *   control.c     the table of control codes, dispatch, the service threads
 *   feed.c        the device for who feeds samples
 *   file.c        handles
 *   state.c       what there is once
 *   inventory.c   display adapters from the registry, samples
 *   processes.c   rules, and the list of AI processes
 *   probe.c       wake-up latency
 *   codex.c       the Codex client tables
 *   pool.c        the pinned pool
 *   view.c        its views in clients
 *
 * A request that what is cached can answer is answered in its caller's thread, and on Windows memory is mapped there, too.
 * What has to look at the system first is pended, stage by stage, to threads that do nothing else: one reads the registry,
 * one enumerates processes, one waits for the probe. So what one client asks for holds up nobody who asks for something else.
 * Nothing runs when nobody asks: there is no timer but the probe's, which ends some seconds after the last question.
 */
#ifndef DRIVER_AI_DRIVER_H
#define DRIVER_AI_DRIVER_H

#include "ballast/ai_abi.h"
#include "core/ai/gpu.h"
#include "core/base/atomic.h"
#include "core/base/process_bucket.h"
#include "core/base/request.h"
#include "driver/ai/pool.h"
#include "driver/nt/caller.h"
#include "driver/nt/clock.h"
#include "driver/nt/irp_queue.h"
#include "driver/nt/work.h"

/* A user with processes that have handles: what they may do together. Those with all rights are another user. */
struct ai_user {
    LIST_ENTRY link; /* in ai_driver.users; files_lock, as the next */
    LONG processes;
    LONG pended; /* atomic; requests of all its processes that wait */
    bool may_write;
    struct nt_user name;
};

/* A process with handles, those with write access or those without: what they may do together. */
struct ai_client {
    LIST_ENTRY link; /* of its bucket; files_lock, as the next */
    LONG handles;
    PEPROCESS process; /* which the handles' owners keep */
    bool may_write;    /* the handles were opened so: those that were not cannot use up what these may */
    LONG pended;       /* atomic; requests of all its handles that wait */
    struct ai_user *user;
};

/* What a handle is to the driver: FileObject->FsContext. Referenced by the handle and by each pended request. */
struct ai_file {
    LIST_ENTRY link; /* in ai_driver.files */
    LONG references; /* atomic */
    LONG registered; /* atomic; it called REGISTER_WINAI */
    LONG pended;     /* atomic; its requests that wait */
    bool may_write;  /* it was opened so */
    bool feeds;      /* it is of the feed device */
    struct ai_pool_owner *owner;
    struct ai_client *client;
    struct nt_work ending;
};

struct ai_counters { /* all atomic */
    uint64_t enumerations;
    uint64_t enumeration_retries;
    uint64_t probes;
    uint64_t probe_starts;
    uint64_t samples_pushed;
    uint64_t inventory_reads;
    uint64_t rule_reloads;
    uint64_t priority_boosts;
    LONG registered_runtimes;
};

#define AI_SERVICES        4u
#define AI_SERVICE_THREADS 4u

/* Threads that requests are pended to, for one stage of answering them. */
struct ai_service {
    struct nt_irp_queue queue;
    struct nt_thread thread[AI_SERVICE_THREADS];
};

struct ai_driver {
    PDRIVER_OBJECT object;
    PDEVICE_OBJECT device;
    PDEVICE_OBJECT feed_device;
    uint32_t links;              /* the names that are this driver's, a bit each */
    bool ready;                  /* atomic; requests before that come only in Wine */
    PUNICODE_STRING service_key; /* valid during load */
    UNICODE_STRING parameters;   /* path of the service's key `Parameters` */
    uint64_t clock_offset;       /* 100 ns since 1601 UTC when nt_clock_100ns was 0 */
    uint32_t sample_lifetime_ms;
    struct ai_counters counters;
    KSPIN_LOCK files_lock;
    LIST_ENTRY files;
    LIST_ENTRY clients[PROCESS_BUCKETS];
    LIST_ENTRY users;
    struct nt_work_thread work; /* frees what closed handles leave */
    struct ai_service service[AI_SERVICES];
};

extern struct ai_driver ai_driver;

/* 100 ns since 1601 UTC; never goes back, whatever is done to the clock after the driver has been loaded. Any IRQL. */
static inline uint64_t ai_now_100ns(void)
{
    return ai_driver.clock_offset + nt_clock_100ns();
}

/* The same in milliseconds, cut to 32 bits: compare by the sign of the difference. */
static inline uint32_t ai_now_ms(void)
{
    return (uint32_t)(ai_now_100ns() / 10000);
}

/* ---- state.c ---- */

/* Opens the service's key `Parameters`. PASSIVE_LEVEL. */
NTSTATUS ai_open_parameters(HANDLE *key);

/* ---- control.c ---- */

NTSTATUS NTAPI ai_dispatch_device_control(PDEVICE_OBJECT object, PIRP irp);

/* The service threads and their queues. PASSIVE_LEVEL. */
NTSTATUS ai_service_start(void);
void ai_service_stop(void);
/* Nobody waits for what this file has pended. */
void ai_service_abandon(const struct ai_file *file);

/* ---- file.c ---- */

/* For the file object that this request opens. PASSIVE_LEVEL. */
NTSTATUS ai_file_open(const DEVICE_OBJECT *device, PIRP irp);
void ai_file_reference(struct ai_file *file);
/*
 * Whether one request more may wait, of the handle, of its process and of its user; counts it. The file is referenced until it
 * ends. Any IRQL.
 */
bool ai_file_begin_pending(struct ai_file *file);
void ai_file_end_pending(struct ai_file *file);
/* <= DISPATCH_LEVEL. At PASSIVE_LEVEL on Windows the last one frees what is left at once, in its own thread. */
void ai_file_release(struct ai_file *file);
/* Of handles that are still open when the driver is unloaded, in Wine. Nothing else runs any more. PASSIVE_LEVEL. */
void ai_file_free_all(void);

/* ---- feed.c ---- */

/* PASSIVE_LEVEL. */
NTSTATUS ai_feed_create(void);
void ai_feed_delete(void);

/* ---- inventory.c ---- */

NTSTATUS ai_inventory_start(void);
void ai_inventory_stop(void);

/* Reads the adapters from the registry. In the service thread. */
NTSTATUS ai_inventory_refresh(void);
/* Whether they have been read after this time, so that requests that wait together cost one reading. Any IRQL. */
bool ai_inventory_read_since(uint32_t time_ms);
bool ai_inventory_known(void);

/* Whether answering needs the number of AI processes, because a utilization has no living sample. Any IRQL. */
bool ai_inventory_wants_estimate(void);

request_handler ai_query_gpus;
request_handler ai_push_sample;

/* A percentage, for all adapters, as SET_GPU_UTIL pushes it. NOT_FOUND: there are none. */
ballast_status ai_push_utilization(uint32_t percent);

/* The busiest adapter. */
void ai_summarize_gpus(struct gpu_summary *summary);

/* ---- processes.c ---- */

/* Compiles the rules of the registry, or the default ones. In load and in the service thread. */
NTSTATUS ai_rules_load(void);
void ai_processes_stop(void);

/* Whether the list is younger than this and made with the rules of now. Any IRQL <= DISPATCH_LEVEL. */
bool ai_processes_fresh(uint32_t maximum_age_ms);

/* Whether the list was made after this time and with the rules of now. */
bool ai_processes_made_since(uint32_t time_ms);

/* Makes the list anew. In the service thread. */
NTSTATUS ai_processes_refresh(void);

/* AI processes in the list, -1 if there is none yet. <= DISPATCH_LEVEL. */
int32_t ai_processes_count(void);

request_handler ai_query_processes;
request_handler ai_query_rules;
request_handler ai_reload_rules;

/* Fills the parts of the reply that come from the list. */
void ai_processes_describe_scheduling(struct ballast_ai_scheduler_reply *reply);

/* ---- probe.c ---- */

NTSTATUS ai_probe_start(void);
void ai_probe_stop(void);

/* Keeps the probe running for a while. <= DISPATCH_LEVEL. */
void ai_probe_want(void);
bool ai_probe_armed(void);
/* Whether there are enough samples to speak of. <= DISPATCH_LEVEL. */
bool ai_probe_has_samples(void);
/* Waits until then, a quarter of a second at most. PASSIVE_LEVEL. */
void ai_probe_wait(void);

/* Fills the parts of the reply that the probe measures. */
void ai_probe_describe(struct ballast_ai_scheduler_reply *reply);

request_handler ai_query_scheduler;

/* ---- codex.c ---- */

request_handler codex_get_stats;
request_handler codex_set_gpu_util;
request_handler codex_boost_priority;
request_handler codex_get_gpu_status;
request_handler codex_get_memory_pool;
request_handler codex_get_scheduler_stats;
request_handler codex_alloc_pinned;
request_handler codex_free_pinned;
request_handler codex_register_winai;
request_handler codex_get_optimized_path;

#endif
