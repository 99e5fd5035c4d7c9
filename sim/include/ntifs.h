/* SPDX-License-Identifier: MIT */
/*
 * The part of NT's kernel interface that our drivers use, for the simulation: they are compiled unmodified against this
 * header instead of the toolchain's. Layouts are not NT's where only the kernel sees them; names, values and meanings are.
 *
 * Compile with -fshort-wchar: WCHAR is 16 bits.
 */
#ifndef SIM_INCLUDE_NTIFS_H
#define SIM_INCLUDE_NTIFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- types ---- */

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
typedef size_t SIZE_T;
typedef void *HANDLE, **PHANDLE;
typedef UCHAR KIRQL;
typedef LONG KPRIORITY;
typedef CCHAR KPROCESSOR_MODE;
typedef ULONG ACCESS_MASK, DEVICE_TYPE;

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

/* ---- statuses ---- */

#define SIM_STATUS(value)             ((NTSTATUS)(uint32_t)(value))
#define NT_SUCCESS(status)            ((NTSTATUS)(status) >= 0)
#define NT_ERROR(status)              ((uint32_t)(status) >> 30 == 3)

#define STATUS_SUCCESS                SIM_STATUS(0x00000000)
#define STATUS_TIMEOUT                SIM_STATUS(0x00000102)
#define STATUS_PENDING                SIM_STATUS(0x00000103)
#define STATUS_BUFFER_OVERFLOW        SIM_STATUS(0x80000005)
#define STATUS_NO_MORE_ENTRIES        SIM_STATUS(0x8000001A)
#define STATUS_UNSUCCESSFUL           SIM_STATUS(0xC0000001)
#define STATUS_INFO_LENGTH_MISMATCH   SIM_STATUS(0xC0000004)
#define STATUS_ACCESS_VIOLATION       SIM_STATUS(0xC0000005)
#define STATUS_INVALID_HANDLE         SIM_STATUS(0xC0000008)
#define STATUS_INVALID_PARAMETER      SIM_STATUS(0xC000000D)
#define STATUS_NO_SUCH_DEVICE         SIM_STATUS(0xC000000E)
#define STATUS_INVALID_DEVICE_REQUEST SIM_STATUS(0xC0000010)
#define STATUS_NO_MEMORY              SIM_STATUS(0xC0000017)
#define STATUS_NOT_MAPPED_VIEW        SIM_STATUS(0xC0000019)
#define STATUS_END_OF_FILE            SIM_STATUS(0xC0000011)
#define STATUS_ACCESS_DENIED          SIM_STATUS(0xC0000022)
#define STATUS_BUFFER_TOO_SMALL       SIM_STATUS(0xC0000023)
#define STATUS_OBJECT_TYPE_MISMATCH   SIM_STATUS(0xC0000024)
#define STATUS_OBJECT_NAME_INVALID    SIM_STATUS(0xC0000033)
#define STATUS_OBJECT_NAME_NOT_FOUND  SIM_STATUS(0xC0000034)
#define STATUS_OBJECT_PATH_NOT_FOUND  SIM_STATUS(0xC000003A)
#define STATUS_OBJECT_NAME_EXISTS     SIM_STATUS(0x40000000)
#define STATUS_OBJECT_NAME_COLLISION  SIM_STATUS(0xC0000035)
#define STATUS_SHARING_VIOLATION      SIM_STATUS(0xC0000043)
#define STATUS_DELETE_PENDING         SIM_STATUS(0xC0000056)
#define STATUS_DISK_FULL              SIM_STATUS(0xC000007F)
#define STATUS_INSUFFICIENT_RESOURCES SIM_STATUS(0xC000009A)
#define STATUS_WORKING_SET_QUOTA      SIM_STATUS(0xC00000A1)
#define STATUS_MEDIA_WRITE_PROTECTED  SIM_STATUS(0xC00000A2)
#define STATUS_DEVICE_NOT_READY       SIM_STATUS(0xC00000A3)
#define STATUS_NAME_TOO_LONG          SIM_STATUS(0xC0000106)
#define STATUS_NOT_FOUND              SIM_STATUS(0xC0000225)
#define STATUS_NOT_SUPPORTED          SIM_STATUS(0xC00000BB)
#define STATUS_PROCESS_IS_TERMINATING SIM_STATUS(0xC000010A)
#define STATUS_CANCELLED              SIM_STATUS(0xC0000120)
#define STATUS_IO_DEVICE_ERROR        SIM_STATUS(0xC0000185)
#define STATUS_DEVICE_REMOVED         SIM_STATUS(0xC00002B6)

/* ---- access rights, security ---- */

#define FILE_READ_DATA                0x00000001u
#define FILE_WRITE_DATA               0x00000002u
#define FILE_TRAVERSE                 0x00000020u
#define FILE_READ_ATTRIBUTES          0x00000080u
#define FILE_WRITE_ATTRIBUTES         0x00000100u
#define READ_CONTROL                  0x00020000u
#define WRITE_DAC                     0x00040000u
#define SYNCHRONIZE                   0x00100000u
#define GENERIC_ALL                   0x10000000u
#define GENERIC_EXECUTE               0x20000000u
#define GENERIC_WRITE                 0x40000000u
#define GENERIC_READ                  0x80000000u
#define FILE_ALL_ACCESS               0x001F01FFu
#define FILE_GENERIC_READ             0x00120089u
#define FILE_GENERIC_WRITE            0x00120116u
#define EVENT_QUERY_STATE             0x00000001u
#define EVENT_MODIFY_STATE            0x00000002u
#define EVENT_ALL_ACCESS              0x001F0003u
#define KEY_READ                      0x00020019u

#define SECURITY_DESCRIPTOR_REVISION  1
#define SE_DACL_PRESENT               0x0004
#define SE_DACL_PROTECTED             0x1000
#define SE_SELF_RELATIVE              0x8000
#define DACL_SECURITY_INFORMATION     0x00000004u
#define ACL_REVISION                  2
#define ACCESS_ALLOWED_ACE_TYPE       0
#define SID_REVISION                  1
#define SECURITY_WORLD_RID            0
#define SECURITY_LOCAL_SYSTEM_RID     18
#define SECURITY_BUILTIN_DOMAIN_RID   32
#define DOMAIN_ALIAS_RID_ADMINS       544
#define SECURITY_STATIC_TRACKING      FALSE

typedef struct {
    UCHAR Revision, Sbz1;
    USHORT Control;
    ULONG Owner, Group, Sacl, Dacl;
} SECURITY_DESCRIPTOR_RELATIVE;
typedef void *PSECURITY_DESCRIPTOR;

typedef struct {
    UCHAR AclRevision, Sbz1;
    USHORT AclSize, AceCount, Sbz2;
} ACL;

typedef struct {
    UCHAR AceType, AceFlags;
    USHORT AceSize;
} ACE_HEADER;

typedef enum {
    SecurityAnonymous,
    SecurityIdentification,
    SecurityImpersonation,
    SecurityDelegation,
} SECURITY_IMPERSONATION_LEVEL;

typedef enum {
    TokenPrimary = 1,
    TokenImpersonation,
} TOKEN_TYPE;

typedef struct {
    ULONG Length;
    SECURITY_IMPERSONATION_LEVEL ImpersonationLevel;
    BOOLEAN ContextTrackingMode, EffectiveOnly;
} SECURITY_QUALITY_OF_SERVICE, *PSECURITY_QUALITY_OF_SERVICE;

typedef void *PACCESS_TOKEN;

typedef struct {
    SECURITY_QUALITY_OF_SERVICE SecurityQos;
    PACCESS_TOKEN ClientToken;
} SECURITY_CLIENT_CONTEXT, *PSECURITY_CLIENT_CONTEXT;

typedef struct {
    PACCESS_TOKEN ClientToken;
    SECURITY_IMPERSONATION_LEVEL ImpersonationLevel;
    PACCESS_TOKEN PrimaryToken;
} SECURITY_SUBJECT_CONTEXT, *PSECURITY_SUBJECT_CONTEXT;

#define SeQuerySubjectContextToken(context) \
    ((context)->ClientToken != NULL ? (context)->ClientToken : (context)->PrimaryToken)

/* ---- Ke ---- */

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

/* ---- Ex ---- */

typedef enum {
    NonPagedPool = 0,
    PagedPool = 1,
    NonPagedPoolNx = 512,
} POOL_TYPE;

typedef struct {
    void *object;
} FAST_MUTEX, *PFAST_MUTEX;

void *ExAllocatePoolWithTag(POOL_TYPE type, SIZE_T size, ULONG tag);
void ExFreePoolWithTag(PVOID block, ULONG tag);
void ExInitializeFastMutex(PFAST_MUTEX mutex);
void ExAcquireFastMutexUnsafe(PFAST_MUTEX mutex);
void ExReleaseFastMutexUnsafe(PFAST_MUTEX mutex);

/* ---- Io ---- */

#define IRP_MJ_CREATE                    0
#define IRP_MJ_CLOSE                     2
#define IRP_MJ_READ                      3
#define IRP_MJ_WRITE                     4
#define IRP_MJ_QUERY_INFORMATION         5
#define IRP_MJ_SET_INFORMATION           6
#define IRP_MJ_FLUSH_BUFFERS             9
#define IRP_MJ_QUERY_VOLUME_INFORMATION  10
#define IRP_MJ_DEVICE_CONTROL            14
#define IRP_MJ_INTERNAL_DEVICE_CONTROL   15
#define IRP_MJ_SHUTDOWN                  16
#define IRP_MJ_CLEANUP                   18
#define IRP_MJ_PNP                       27
#define IRP_MJ_MAXIMUM_FUNCTION          27

#define IRP_MN_DEVICE_USAGE_NOTIFICATION 0x16

#define IO_NO_INCREMENT                  0
#define IO_DISK_INCREMENT                1

#define DO_BUFFERED_IO                   0x00000004u
#define DO_DIRECT_IO                     0x00000010u
#define DO_DEVICE_INITIALIZING           0x00000080u

#define SL_PENDING_RETURNED              0x01 /* in Control */
#define SL_WRITE_THROUGH                 0x04 /* in Flags, of writes */

#define FILE_DEVICE_CD_ROM               0x00000002u
#define FILE_DEVICE_DISK                 0x00000007u
#define FILE_DEVICE_UNKNOWN              0x00000022u
#define FILE_REMOVABLE_MEDIA             0x00000001u
#define FILE_READ_ONLY_DEVICE            0x00000002u
#define FILE_FLOPPY_DISKETTE             0x00000004u
#define FILE_DEVICE_SECURE_OPEN          0x00000100u

#define FILE_ATTRIBUTE_NORMAL            0x00000080u
#define FILE_SHARE_READ                  0x00000001u
#define FILE_SHARE_WRITE                 0x00000002u
#define FILE_SHARE_DELETE                0x00000004u
#define FILE_OPEN                        0x00000001u
#define FILE_OPEN_IF                     0x00000003u
#define FILE_NO_INTERMEDIATE_BUFFERING   0x00000008u
#define FILE_SYNCHRONOUS_IO_NONALERT     0x00000020u
#define FILE_NON_DIRECTORY_FILE          0x00000040u
#define FILE_RANDOM_ACCESS               0x00000800u
#define FILE_OPEN_FOR_BACKUP_INTENT      0x00004000u

typedef struct {
    union {
        NTSTATUS Status;
        PVOID Pointer;
    };
    ULONG_PTR Information;
} IO_STATUS_BLOCK, *PIO_STATUS_BLOCK;

typedef struct _DEVICE_OBJECT DEVICE_OBJECT, *PDEVICE_OBJECT;
typedef struct _DRIVER_OBJECT DRIVER_OBJECT, *PDRIVER_OBJECT;
typedef struct _IRP IRP, *PIRP;
typedef struct _MDL MDL, *PMDL;

typedef NTSTATUS DRIVER_INITIALIZE(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path);
typedef NTSTATUS DRIVER_DISPATCH(PDEVICE_OBJECT device, PIRP irp);
typedef void DRIVER_UNLOAD(PDRIVER_OBJECT driver);
typedef void DRIVER_CANCEL(PDEVICE_OBJECT device, PIRP irp);
typedef DRIVER_CANCEL *PDRIVER_CANCEL;

struct _DRIVER_OBJECT {
    PDEVICE_OBJECT DeviceObject;
    DRIVER_UNLOAD *DriverUnload;
    DRIVER_DISPATCH *MajorFunction[IRP_MJ_MAXIMUM_FUNCTION + 1];
};

struct _DEVICE_OBJECT {
    PDRIVER_OBJECT DriverObject;
    PDEVICE_OBJECT NextDevice;
    ULONG Flags, Characteristics;
    PVOID DeviceExtension;
    DEVICE_TYPE DeviceType;
    ULONG AlignmentRequirement;
};

typedef struct _FILE_OBJECT {
    PDEVICE_OBJECT DeviceObject;
    PVOID FsContext;
    BOOLEAN ReadAccess, WriteAccess;
    UNICODE_STRING FileName;
    LARGE_INTEGER CurrentByteOffset;
} FILE_OBJECT, *PFILE_OBJECT;

typedef enum {
    DeviceUsageTypeUndefined,
    DeviceUsageTypePaging,
    DeviceUsageTypeHibernation,
    DeviceUsageTypeDumpFile,
} DEVICE_USAGE_NOTIFICATION_TYPE;

typedef enum {
    FileBasicInformation = 4,
    FileStandardInformation = 5,
    FileDispositionInformation = 13,
    FilePositionInformation = 14,
    FileAlignmentInformation = 17,
    FileEndOfFileInformation = 20,
    FileValidDataLengthInformation = 39,
} FILE_INFORMATION_CLASS;

typedef struct {
    ACCESS_MASK DesiredAccess;
} IO_SECURITY_CONTEXT, *PIO_SECURITY_CONTEXT;

typedef struct {
    UCHAR MajorFunction, MinorFunction, Flags, Control;
    union {
        struct {
            PIO_SECURITY_CONTEXT SecurityContext;
        } Create;
        struct {
            ULONG Length, Key;
            LARGE_INTEGER ByteOffset;
        } Read, Write;
        struct {
            ULONG OutputBufferLength, InputBufferLength, IoControlCode;
            PVOID Type3InputBuffer;
        } DeviceIoControl;
        struct {
            ULONG Length;
            FILE_INFORMATION_CLASS FileInformationClass;
        } QueryFile, SetFile;
        struct {
            BOOLEAN InPath;
            DEVICE_USAGE_NOTIFICATION_TYPE Type;
        } UsageNotification;
    } Parameters;
    PDEVICE_OBJECT DeviceObject;
    PFILE_OBJECT FileObject;
} IO_STACK_LOCATION, *PIO_STACK_LOCATION;

struct _IRP {
    PMDL MdlAddress;
    ULONG Flags;
    union {
        PVOID SystemBuffer;
    } AssociatedIrp;
    IO_STATUS_BLOCK IoStatus;
    KPROCESSOR_MODE RequestorMode;
    BOOLEAN PendingReturned, Cancel;
    KIRQL CancelIrql;
    PDRIVER_CANCEL CancelRoutine;
    PVOID UserBuffer;
    PEPROCESS Requestor; /* the simulation's */
    struct {
        struct {
            PVOID DriverContext[4];
            PETHREAD Thread;
            LIST_ENTRY ListEntry;
            PIO_STACK_LOCATION CurrentStackLocation;
            PFILE_OBJECT OriginalFileObject;
        } Overlay;
    } Tail;
};

static inline PIO_STACK_LOCATION IoGetCurrentIrpStackLocation(PIRP irp)
{
    return irp->Tail.Overlay.CurrentStackLocation;
}

/* Requests have one stack location: the next one of a request just built is the current one of its receiver. */
static inline PIO_STACK_LOCATION IoGetNextIrpStackLocation(PIRP irp)
{
    return irp->Tail.Overlay.CurrentStackLocation;
}

static inline void IoMarkIrpPending(PIRP irp)
{
    irp->Tail.Overlay.CurrentStackLocation->Control |= SL_PENDING_RETURNED;
}

static inline PDRIVER_CANCEL IoSetCancelRoutine(PIRP irp, PDRIVER_CANCEL routine)
{
    return __atomic_exchange_n(&irp->CancelRoutine, routine, __ATOMIC_SEQ_CST);
}

NTSTATUS IoCreateDevice(PDRIVER_OBJECT driver, ULONG extension_size, PUNICODE_STRING name, DEVICE_TYPE type,
                        ULONG characteristics, BOOLEAN exclusive, PDEVICE_OBJECT *device);
void IoDeleteDevice(PDEVICE_OBJECT device);
NTSTATUS IoCreateSymbolicLink(PUNICODE_STRING link, PUNICODE_STRING target);
NTSTATUS IoDeleteSymbolicLink(PUNICODE_STRING link);
void IoCompleteRequest(PIRP irp, CCHAR boost);
NTSTATUS IoCallDriver(PDEVICE_OBJECT device, PIRP irp);
void IoReleaseCancelSpinLock(KIRQL irql);
PEPROCESS IoGetRequestorProcess(PIRP irp);
BOOLEAN IoIs32bitProcess(PIRP irp);
PDEVICE_OBJECT IoGetRelatedDeviceObject(PFILE_OBJECT file);
PIRP IoBuildSynchronousFsdRequest(ULONG major, PDEVICE_OBJECT device, PVOID buffer, ULONG length, PLARGE_INTEGER offset,
                                  PKEVENT event, PIO_STATUS_BLOCK io);

#define ERROR_LOG_MAXIMUM_SIZE 152 /* of the oldest kernels */

typedef struct {
    UCHAR MajorFunctionCode, RetryCount;
    USHORT DumpDataSize, NumberOfStrings, StringOffset, EventCategory;
    NTSTATUS ErrorCode;
    ULONG UniqueErrorValue;
    NTSTATUS FinalStatus;
    ULONG SequenceNumber, IoControlCode;
    LARGE_INTEGER DeviceOffset;
    ULONG DumpData[1];
} IO_ERROR_LOG_PACKET;

/* ---- Mm ---- */

typedef enum {
    LowPagePriority = 0,
    NormalPagePriority = 16,
    HighPagePriority = 32,
} MM_PAGE_PRIORITY;

#define PAGE_READONLY  0x02u
#define PAGE_READWRITE 0x04u
#define SEC_NO_CHANGE  0x00400000u
#define SEC_COMMIT     0x08000000u

typedef enum {
    ViewShare = 1,
    ViewUnmap = 2,
} SECTION_INHERIT;

PVOID MmGetSystemRoutineAddress(PUNICODE_STRING name);
PVOID MmGetSystemAddressForMdlSafe(PMDL mdl, ULONG priority);

/* ---- Ob, Ps, Se ---- */

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

/* ---- Rtl ---- */

#define RtlZeroMemory(block, size)    __builtin_memset((block), 0, (size))
#define RtlCopyMemory(to, from, size) __builtin_memcpy((to), (from), (size))

SIZE_T RtlCompareMemory(const void *a, const void *b, SIZE_T size);
void RtlInitUnicodeString(PUNICODE_STRING string, PCWSTR text);
NTSTATUS RtlAppendUnicodeToString(PUNICODE_STRING string, PCWSTR text);
NTSTATUS RtlIntegerToUnicodeString(ULONG value, ULONG base, PUNICODE_STRING string);
ULONG DbgPrint(const char *format, ...);

/* ---- Zw ---- */

typedef enum {
    FileFsSizeInformation = 3,
} FS_INFORMATION_CLASS;

typedef struct {
    LARGE_INTEGER AllocationSize, EndOfFile;
    ULONG NumberOfLinks;
    BOOLEAN DeletePending, Directory;
} FILE_STANDARD_INFORMATION;

typedef struct {
    LARGE_INTEGER CurrentByteOffset;
} FILE_POSITION_INFORMATION;

typedef struct {
    LARGE_INTEGER EndOfFile;
} FILE_END_OF_FILE_INFORMATION;

typedef struct {
    ULONG AlignmentRequirement;
} FILE_ALIGNMENT_INFORMATION;

typedef struct {
    LARGE_INTEGER TotalAllocationUnits, AvailableAllocationUnits;
    ULONG SectorsPerAllocationUnit, BytesPerSector;
} FILE_FS_SIZE_INFORMATION;

typedef enum {
    ThreadBasePriority = 3,
} THREADINFOCLASS;

typedef enum {
    KeyBasicInformation = 0,
} KEY_INFORMATION_CLASS;

typedef enum {
    KeyValuePartialInformation = 2,
} KEY_VALUE_INFORMATION_CLASS;

typedef struct {
    LARGE_INTEGER LastWriteTime;
    ULONG TitleIndex, NameLength;
    WCHAR Name[1];
} KEY_BASIC_INFORMATION;

typedef struct {
    ULONG TitleIndex, Type, DataLength;
    UCHAR Data[1];
} KEY_VALUE_PARTIAL_INFORMATION;

typedef void (*PIO_APC_ROUTINE)(PVOID context, PIO_STATUS_BLOCK io, ULONG reserved);

NTSTATUS ZwCancelIoFile(HANDLE file, PIO_STATUS_BLOCK io);
NTSTATUS ZwClose(HANDLE handle);
NTSTATUS ZwCreateEvent(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes, EVENT_TYPE type,
                       BOOLEAN signalled);
NTSTATUS ZwWaitForSingleObject(HANDLE handle, BOOLEAN alertable, PLARGE_INTEGER timeout);
NTSTATUS ZwPulseEvent(HANDLE event, LONG *previous);
NTSTATUS ZwOpenKey(PHANDLE key, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes);
NTSTATUS ZwQueryValueKey(HANDLE key, PUNICODE_STRING name, KEY_VALUE_INFORMATION_CLASS information_class,
                         PVOID information, ULONG length, PULONG needed);
NTSTATUS ZwCreateFile(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes, PIO_STATUS_BLOCK io,
                      PLARGE_INTEGER allocation_size, ULONG file_attributes, ULONG share, ULONG disposition,
                      ULONG options, PVOID extended_attributes, ULONG extended_length);
NTSTATUS ZwReadFile(HANDLE file, HANDLE event, PIO_APC_ROUTINE apc, PVOID apc_context, PIO_STATUS_BLOCK io,
                    PVOID buffer, ULONG length, PLARGE_INTEGER offset, PULONG key);
NTSTATUS ZwWriteFile(HANDLE file, HANDLE event, PIO_APC_ROUTINE apc, PVOID apc_context, PIO_STATUS_BLOCK io,
                     PVOID buffer, ULONG length, PLARGE_INTEGER offset, PULONG key);
NTSTATUS ZwDeviceIoControlFile(HANDLE file, HANDLE event, PIO_APC_ROUTINE apc, PVOID apc_context, PIO_STATUS_BLOCK io,
                               ULONG code, PVOID input, ULONG input_length, PVOID output, ULONG output_length);
NTSTATUS ZwFsControlFile(HANDLE file, HANDLE event, PIO_APC_ROUTINE apc, PVOID apc_context, PIO_STATUS_BLOCK io,
                         ULONG code, PVOID input, ULONG input_length, PVOID output, ULONG output_length);
NTSTATUS ZwQueryInformationFile(HANDLE file, PIO_STATUS_BLOCK io, PVOID information, ULONG length,
                                FILE_INFORMATION_CLASS information_class);
NTSTATUS ZwSetInformationFile(HANDLE file, PIO_STATUS_BLOCK io, PVOID information, ULONG length,
                              FILE_INFORMATION_CLASS information_class);
NTSTATUS ZwQueryVolumeInformationFile(HANDLE file, PIO_STATUS_BLOCK io, PVOID information, ULONG length,
                                      FS_INFORMATION_CLASS information_class);
NTSTATUS ZwOpenSymbolicLinkObject(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes);
NTSTATUS ZwQuerySymbolicLinkObject(HANDLE handle, PUNICODE_STRING target, PULONG length);
NTSTATUS ZwSetSecurityObject(HANDLE handle, ULONG information, PSECURITY_DESCRIPTOR descriptor);
NTSTATUS ZwYieldExecution(void);
NTSTATUS ZwCreateSection(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes, PLARGE_INTEGER size,
                         ULONG protection, ULONG allocation, HANDLE file);
NTSTATUS ZwMapViewOfSection(HANDLE section, HANDLE process, PVOID *base, ULONG_PTR zero_bits, SIZE_T commit,
                            PLARGE_INTEGER offset, SIZE_T *size, SECTION_INHERIT inherit, ULONG allocation,
                            ULONG protection);
NTSTATUS ZwUnmapViewOfSection(HANDLE process, PVOID base);
NTSTATUS ZwOpenKey(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes);
NTSTATUS ZwQueryValueKey(HANDLE handle, PUNICODE_STRING name, KEY_VALUE_INFORMATION_CLASS information_class,
                         PVOID information, ULONG length, PULONG needed);
NTSTATUS ZwEnumerateKey(HANDLE handle, ULONG position, KEY_INFORMATION_CLASS information_class, PVOID information,
                        ULONG length, PULONG needed);
NTSTATUS ZwQuerySystemInformation(ULONG information_class, PVOID information, ULONG length, PULONG needed);
NTSTATUS ZwSetInformationThread(HANDLE handle, THREADINFOCLASS information_class, PVOID information, ULONG length);

#endif
