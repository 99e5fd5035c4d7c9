/* SPDX-License-Identifier: MIT */
/* Ob, Ps. */
#ifndef SIM_INCLUDE_NT_OB_H
#define SIM_INCLUDE_NT_OB_H

#include "nt/security.h"
#include "nt/ke.h"

#define OBJ_CASE_INSENSITIVE   0x00000040u
#define OBJ_KERNEL_HANDLE      0x00000200u
#define OBJ_FORCE_ACCESS_CHECK 0x00000400u
#define OBJ_OPENIF             0x00000080u

typedef struct {
    HANDLE RootDirectory;
    PUNICODE_STRING ObjectName;
    ULONG Attributes;
} OBJECT_ATTRIBUTES, *POBJECT_ATTRIBUTES;

typedef struct sim_object_type *POBJECT_TYPE;

static inline void InitializeObjectAttributes(POBJECT_ATTRIBUTES attributes, PUNICODE_STRING name, ULONG flags,
                                              HANDLE root, PVOID security)
{
    UNREFERENCED_PARAMETER(security);
    attributes->RootDirectory = root;
    attributes->ObjectName = name;
    attributes->Attributes = flags;
}

NTSTATUS ObOpenObjectByPointer(PVOID object, ULONG attributes, PVOID access_state, ACCESS_MASK access,
                               POBJECT_TYPE type, KPROCESSOR_MODE mode, PHANDLE handle);
NTSTATUS ObReferenceObjectByHandle(HANDLE handle, ACCESS_MASK access, POBJECT_TYPE type, KPROCESSOR_MODE mode,
                                   PVOID *object, PVOID information);
void ObReferenceObject(PVOID object);
void ObDereferenceObject(PVOID object);

NTSTATUS PsCreateSystemThread(PHANDLE thread, ULONG access, POBJECT_ATTRIBUTES attributes, HANDLE process,
                              PVOID client_id, void (*routine)(PVOID context), PVOID context);
NTSTATUS PsTerminateSystemThread(NTSTATUS status);
NTSTATUS PsLookupProcessByProcessId(HANDLE id, PEPROCESS *process);
HANDLE PsGetProcessId(PEPROCESS process);
NTSTATUS PsLookupThreadByThreadId(HANDLE id, PETHREAD *thread);
BOOLEAN PsGetVersion(PULONG major, PULONG minor, PULONG build, PUNICODE_STRING service_pack);

PEPROCESS IoGetCurrentProcess(void);
#define PsGetCurrentProcess IoGetCurrentProcess
#define ZwCurrentProcess()  ((HANDLE)(intptr_t)-1)

typedef PEPROCESS PKPROCESS;
typedef struct {
    PEPROCESS before;
} KAPC_STATE, *PKAPC_STATE;

void KeStackAttachProcess(PKPROCESS process, PKAPC_STATE state);
void KeUnstackDetachProcess(PKAPC_STATE state);

typedef void (*PCREATE_PROCESS_NOTIFY_ROUTINE)(HANDLE parent_id, HANDLE process_id, BOOLEAN create);
NTSTATUS PsSetCreateProcessNotifyRoutine(PCREATE_PROCESS_NOTIFY_ROUTINE routine, BOOLEAN remove);

#endif
