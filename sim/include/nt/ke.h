/* SPDX-License-Identifier: MIT */
/* Ke. */
#ifndef SIM_INCLUDE_NT_KE_H
#define SIM_INCLUDE_NT_KE_H

#include "nt/types.h"

#define PASSIVE_LEVEL                      0
#define APC_LEVEL                          1
#define DISPATCH_LEVEL                     2
#define LOW_REALTIME_PRIORITY              16

#define IRQL_NOT_LESS_OR_EQUAL             0x0Au
#define DRIVER_VERIFIER_DETECTED_VIOLATION 0xC4u
#define DRIVER_CORRUPTED_EXPOOL            0xC5u

typedef enum {
    NotificationEvent,
    SynchronizationEvent,
} EVENT_TYPE;

typedef enum {
    Executive,
} KWAIT_REASON;

enum { KernelMode, UserMode };

/* What waiting works on: both begin alike. `object` is the simulation's. */
typedef struct {
    ULONG kind;
    void *object;
} DISPATCHER_HEADER;

typedef struct {
    DISPATCHER_HEADER Header;
} KEVENT, *PKEVENT;

typedef struct {
    DISPATCHER_HEADER Header;
} KSEMAPHORE, *PKSEMAPHORE;

typedef struct {
    void *object;
    void *setting;
} KTIMER, *PKTIMER;

typedef struct _KDPC KDPC, *PKDPC;
typedef void KDEFERRED_ROUTINE(PKDPC dpc, PVOID context, PVOID argument_1, PVOID argument_2);

struct _KDPC {
    KDEFERRED_ROUTINE *routine;
    PVOID context;
};

typedef struct sim_eprocess *PEPROCESS;
typedef struct sim_thread *PETHREAD, *PKTHREAD;

KIRQL KeGetCurrentIrql(void);
void KeInitializeSpinLock(KSPIN_LOCK *lock);
void sim_acquire_spin_lock(KSPIN_LOCK *lock, KIRQL *irql);
#define KeAcquireSpinLock(lock, irql) sim_acquire_spin_lock((lock), (irql))
void KeReleaseSpinLock(KSPIN_LOCK *lock, KIRQL irql);
void KeInitializeEvent(PKEVENT event, EVENT_TYPE type, BOOLEAN signalled);
LONG KeSetEvent(PKEVENT event, KPRIORITY increment, BOOLEAN wait);
void KeClearEvent(PKEVENT event);
void KeInitializeSemaphore(PKSEMAPHORE semaphore, LONG count, LONG limit);
LONG KeReleaseSemaphore(PKSEMAPHORE semaphore, KPRIORITY increment, LONG adjustment, BOOLEAN wait);
NTSTATUS KeWaitForSingleObject(PVOID object, KWAIT_REASON reason, KPROCESSOR_MODE mode, BOOLEAN alertable,
                               PLARGE_INTEGER timeout);
void KeInitializeTimer(PKTIMER timer);
void KeInitializeDpc(PKDPC dpc, KDEFERRED_ROUTINE *routine, PVOID context);
BOOLEAN KeSetTimer(PKTIMER timer, LARGE_INTEGER due, PKDPC dpc);
BOOLEAN KeCancelTimer(PKTIMER timer);
void KeFlushQueuedDpcs(void);
NTSTATUS KeDelayExecutionThread(KPROCESSOR_MODE mode, BOOLEAN alertable, PLARGE_INTEGER interval);
void KeQuerySystemTime(PLARGE_INTEGER time);
void KeEnterCriticalRegion(void);
void KeLeaveCriticalRegion(void);
KPRIORITY KeSetPriorityThread(PKTHREAD thread, KPRIORITY priority);
LARGE_INTEGER KeQueryPerformanceCounter(PLARGE_INTEGER frequency);
_Noreturn void KeBugCheckEx(ULONG code, ULONG_PTR a, ULONG_PTR b, ULONG_PTR c, ULONG_PTR d);

#endif
