/* SPDX-License-Identifier: MIT */
/*
 * Wrong drivers, which the simulation must catch, in rules_*.c: each is a function that is called for a control request
 * of 4 bytes of input and 8 of output, in a process of its own, which must abort with the rule's name. rules_test.c runs
 * them; the request is cancelled if it is pending.
 */
#ifndef TESTS_SIM_RULES_H
#define TESTS_SIM_RULES_H

#include "sim/sim.h"
#include "tests/harness/test.h"

#define TAG 0x54736554u

typedef NTSTATUS act(PIRP irp);

struct wrong {
    const char *name;
    act *routine;
    const char *expected; /* a rule, or NULL: only AddressSanitizer sees it */
};

void rules_check(const struct wrong *rows, size_t count);
/* Runs a right driver, whose checks count. */
void rules_allow(act *routine);
/* In a process of its own, as all of them: no thread of an earlier one is there when the next is forked. */
void rules_apart(void (*body)(void));

#define ROW(name, rule)   \
    {                     \
#name, name, rule \
    }
#define RULES_RUN(rows) rules_check((rows), sizeof(rows) / sizeof((rows)[0]))

/* Loads the driver, without a request for it; sim_unload follows. */
struct sim_process *rules_load(void);

/* ---- the driver as it is loaded ---- */

typedef NTSTATUS lock_virtual_memory(HANDLE process, PVOID *base, SIZE_T *size, ULONG type);

extern PDRIVER_OBJECT wrong_driver;
extern PDEVICE_OBJECT wrong_device;
extern KSPIN_LOCK first_lock, second_lock;
extern KEVENT wrong_event;                     /* never set */
extern lock_virtual_memory *wrong_lock_memory; /* ZwLockVirtualMemory, looked up while that may be done */

NTSTATUS complete(PIRP irp, NTSTATUS status, ULONG_PTR information);
/* What a right driver does. */
NTSTATUS good(PIRP irp);

/* ---- test cases ---- */

void rules_requests(void);
void rules_cancellation(void);
void rules_locks(void);
void rules_memory(void);
void rules_memory_under_address_sanitizer(void);
void rules_objects(void);
void rules_fault_points(void);
void rules_special_apcs(void);
void rules_paging(void);
void rules_security(void);
void rules_stop(void);
void rules_file_systems(void);
void rules_mount(void);
void rules_functions_at_dispatch_level(void);

#endif
