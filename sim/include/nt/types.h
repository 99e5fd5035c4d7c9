/* SPDX-License-Identifier: MIT */
/* Types, lists, and what else has nothing to do with a kernel. */
#ifndef SIM_INCLUDE_NT_TYPES_H
#define SIM_INCLUDE_NT_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef void VOID, *PVOID;
typedef uint8_t UCHAR, BOOLEAN;
typedef char CHAR, CCHAR;
typedef uint16_t USHORT, WCHAR, *PWSTR, *PWCH;
typedef const WCHAR *PCWSTR;
typedef int16_t SHORT;
typedef int32_t LONG, NTSTATUS;
typedef uint32_t ULONG, *PULONG;
typedef int64_t LONGLONG;
typedef uint64_t ULONGLONG;
typedef uintptr_t ULONG_PTR, KSPIN_LOCK;
typedef uintptr_t KAFFINITY;
typedef size_t SIZE_T;
typedef void *HANDLE, **PHANDLE;
typedef UCHAR KIRQL, *PKIRQL;
typedef LONG KPRIORITY;
typedef CCHAR KPROCESSOR_MODE;
typedef ULONG ACCESS_MASK, DEVICE_TYPE;

typedef struct {
    ULONG Data1;
    USHORT Data2, Data3;
    UCHAR Data4[8];
} GUID;

typedef union {
    LONGLONG QuadPart;
} LARGE_INTEGER, *PLARGE_INTEGER;

typedef struct _LIST_ENTRY {
    struct _LIST_ENTRY *Flink, *Blink;
} LIST_ENTRY;

typedef struct {
    USHORT Length, MaximumLength;
    PWCH Buffer;
} UNICODE_STRING, *PUNICODE_STRING;
typedef const UNICODE_STRING *PCUNICODE_STRING;

#define NTAPI
#define NTKERNELAPI
#define NTSYSAPI
#define TRUE                                     1
#define FALSE                                    0
#define MAXLONG                                  INT32_MAX

#define UNREFERENCED_PARAMETER(parameter)        ((void)(parameter))
#define FIELD_OFFSET(type, member)               ((ULONG)offsetof(type, member))
#define CONTAINING_RECORD(address, type, member) ((type *)(void *)((char *)(uintptr_t)(address)-offsetof(type, member)))
#define RTL_CONSTANT_STRING(text)                                           \
    {                                                                       \
        sizeof(text) - sizeof(WCHAR), sizeof(text), (PWCH)(uintptr_t)(text) \
    }

static inline void InitializeListHead(LIST_ENTRY *head)
{
    head->Flink = head->Blink = head;
}

static inline BOOLEAN IsListEmpty(const LIST_ENTRY *head)
{
    return head->Flink == head;
}

static inline BOOLEAN RemoveEntryList(LIST_ENTRY *entry)
{
    entry->Blink->Flink = entry->Flink;
    entry->Flink->Blink = entry->Blink;
    return entry->Flink == entry->Blink;
}

static inline LIST_ENTRY *RemoveHeadList(LIST_ENTRY *head)
{
    LIST_ENTRY *entry = head->Flink;
    (void)RemoveEntryList(entry);
    return entry;
}

static inline void InsertTailList(LIST_ENTRY *head, LIST_ENTRY *entry)
{
    entry->Flink = head;
    entry->Blink = head->Blink;
    head->Blink->Flink = entry;
    head->Blink = entry;
}

static inline void InsertHeadList(LIST_ENTRY *head, LIST_ENTRY *entry)
{
    entry->Flink = head->Flink;
    entry->Blink = head;
    head->Flink->Blink = entry;
    head->Flink = entry;
}

#endif
