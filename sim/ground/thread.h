/* SPDX-License-Identifier: MIT */
/* What the simulation knows of each thread. */
#ifndef SIM_GROUND_THREAD_H
#define SIM_GROUND_THREAD_H

#include "sim/api/thread.h"

#define SIM_HELD_MAXIMUM 16

struct sim_lock;
struct sim_device;

struct sim_thread {
    KIRQL irql;
    unsigned critical_regions;
    unsigned guarded_regions;
    unsigned kernel_depth;     /* > 0 while driver code runs in this thread */
    struct sim_device *device; /* whose dispatch routine runs in this thread, if it is one of the driver's */
    bool system;               /* made by PsCreateSystemThread */
    bool unordered;            /* it reads what others may be writing, and believes nothing of it */
    bool impersonating;
    bool administrator;                      /* of the process or, impersonating, of the client */
    uint32_t user;                           /* of the process */
    unsigned token_flags;                    /* of the process, SIM_TOKEN_... */
    bool of_administrator;                   /* in user mode it has an administrator's token, of ... */
    unsigned token_level;                    /* ... this SECURITY_IMPERSONATION_LEVEL; 0: it has none */
    PEPROCESS process;                       /* NULL: of none, as yet; what system threads have is elsewhere */
    PEPROCESS attached;                      /* NULL: to none */
    const void *cancelling;                  /* the request whose cancel routine it runs */
    bool completed_cancelled;                /* the request whose cancel routine it runs is completed */
    struct sim_lock *held[SIM_HELD_MAXIMUM]; /* oldest first */
    unsigned held_count;
    unsigned spin_locks;    /* taken so far */
    const char *stack_base; /* where driver code began */
    uint64_t
        looked; /* how many volumes had been unlocked when it looked at what is mounted, and one; 0: it has waited since */
    uint64_t random;
};

struct sim_thread *sim_self(void);

/* The process that the calling thread is in; NULL: the system's. */
PEPROCESS sim_current_process(void);

/* Checks every kernel function begins with. */
void sim_check_irql(const char *function, KIRQL maximum);

/* I/O ends by a special kernel APC in the thread that has begun it: none may be held off. */
void sim_check_apcs(const char *function);

/* Entering and leaving driver code, with the checks on what it must leave as it was. */
struct sim_entry {
    KIRQL irql;
    unsigned critical_regions;
    unsigned guarded_regions;
    unsigned held_count;
};
struct sim_entry sim_enter_driver(void);
void sim_leave_driver(const char *what, struct sim_entry entry);

#endif
