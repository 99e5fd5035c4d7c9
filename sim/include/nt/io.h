/* SPDX-License-Identifier: MIT */
/* Io: drivers, devices, requests. */
#ifndef SIM_INCLUDE_NT_IO_H
#define SIM_INCLUDE_NT_IO_H

#include "nt/ke.h"

#define IRP_MJ_CREATE                            0
#define IRP_MJ_CLOSE                             2
#define IRP_MJ_READ                              3
#define IRP_MJ_WRITE                             4
#define IRP_MJ_QUERY_INFORMATION                 5
#define IRP_MJ_SET_INFORMATION                   6
#define IRP_MJ_FLUSH_BUFFERS                     9
#define IRP_MJ_QUERY_VOLUME_INFORMATION          10
#define IRP_MJ_FILE_SYSTEM_CONTROL               13
#define IRP_MJ_DEVICE_CONTROL                    14
#define IRP_MJ_INTERNAL_DEVICE_CONTROL           15
#define IRP_MJ_SHUTDOWN                          16
#define IRP_MJ_CLEANUP                           18
#define IRP_MJ_PNP                               27
#define IRP_MJ_MAXIMUM_FUNCTION                  27

#define IRP_MN_DEVICE_USAGE_NOTIFICATION         0x16

#define IO_NO_INCREMENT                          0
#define IO_DISK_INCREMENT                        1

#define IRP_NOCACHE                              0x00000001u
#define IRP_PAGING_IO                            0x00000002u
#define IRP_SYNCHRONOUS_PAGING_IO                0x00000040u

#define DO_BUFFERED_IO                           0x00000004u
#define DO_DIRECT_IO                             0x00000010u
#define DO_SHUTDOWN_REGISTERED                   0x00000800u
#define DO_DEVICE_INITIALIZING                   0x00000080u

#define SL_PENDING_RETURNED                      0x01 /* in Control */
#define SL_WRITE_THROUGH                         0x04 /* in Flags, of writes */

#define FILE_DEVICE_CD_ROM                       0x00000002u
#define FILE_DEVICE_DISK                         0x00000007u
#define FILE_DEVICE_NULL                         0x00000015u
#define FILE_DEVICE_UNKNOWN                      0x00000022u
#define FILE_REMOVABLE_MEDIA                     0x00000001u
#define FILE_READ_ONLY_DEVICE                    0x00000002u
#define FILE_FLOPPY_DISKETTE                     0x00000004u
#define FILE_DEVICE_SECURE_OPEN                  0x00000100u
#define FILE_DEVICE_ALLOW_APPCONTAINER_TRAVERSAL 0x00020000u

#define FILE_ATTRIBUTE_NORMAL                    0x00000080u
#define FILE_SHARE_READ                          0x00000001u
#define FILE_SHARE_WRITE                         0x00000002u
#define FILE_SHARE_DELETE                        0x00000004u
#define FILE_OPEN                                0x00000001u
#define FILE_OPEN_IF                             0x00000003u
#define FILE_WRITE_THROUGH                       0x00000002u
#define FILE_NO_INTERMEDIATE_BUFFERING           0x00000008u
#define FILE_SYNCHRONOUS_IO_NONALERT             0x00000020u
#define FILE_NON_DIRECTORY_FILE                  0x00000040u
#define FILE_RANDOM_ACCESS                       0x00000800u
#define FILE_OPEN_FOR_BACKUP_INTENT              0x00004000u

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
typedef DRIVER_UNLOAD *PDRIVER_UNLOAD;
typedef void DRIVER_REINITIALIZE(PDRIVER_OBJECT driver, PVOID context, ULONG count);
typedef DRIVER_REINITIALIZE *PDRIVER_REINITIALIZE;
typedef void DRIVER_CANCEL(PDEVICE_OBJECT device, PIRP irp);
typedef DRIVER_CANCEL *PDRIVER_CANCEL;

#define VPB_MOUNTED        0x0001u
#define VPB_LOCKED         0x0002u
#define VPB_REMOVE_PENDING 0x0008u
#define VPB_RAW_MOUNT      0x0010u

typedef struct {
    USHORT Flags;
    PDEVICE_OBJECT RealDevice;
} VPB, *PVPB;

struct _DRIVER_OBJECT {
    PDEVICE_OBJECT DeviceObject;
    DRIVER_UNLOAD *DriverUnload;
    DRIVER_DISPATCH *MajorFunction[IRP_MJ_MAXIMUM_FUNCTION + 1];
};

struct _DEVICE_OBJECT {
    LONG ReferenceCount; /* what is open, or being opened */
    PDRIVER_OBJECT DriverObject;
    PDEVICE_OBJECT NextDevice;
    ULONG Flags, Characteristics;
    PVOID DeviceExtension;
    PVPB Vpb; /* of what can be mounted */
    DEVICE_TYPE DeviceType;
    ULONG AlignmentRequirement;
    USHORT SectorSize;
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
    ACCESS_MASK PreviouslyGrantedAccess;
} ACCESS_STATE, *PACCESS_STATE;

typedef struct {
    PACCESS_STATE AccessState;
    ACCESS_MASK DesiredAccess;
} IO_SECURITY_CONTEXT, *PIO_SECURITY_CONTEXT;

typedef enum {
    EventCategoryDeviceInterfaceChange = 2,
} IO_NOTIFICATION_EVENT_CATEGORY;

typedef NTSTATUS (*PDRIVER_NOTIFICATION_CALLBACK_ROUTINE)(PVOID notification, PVOID context);

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

typedef struct _IO_WORKITEM *PIO_WORKITEM;
typedef void IO_WORKITEM_ROUTINE(PDEVICE_OBJECT device, PVOID context);
typedef IO_WORKITEM_ROUTINE *PIO_WORKITEM_ROUTINE;
typedef enum {
    CriticalWorkQueue,
    DelayedWorkQueue,
} WORK_QUEUE_TYPE;

PIO_WORKITEM IoAllocateWorkItem(PDEVICE_OBJECT device);
void IoQueueWorkItem(PIO_WORKITEM item, PIO_WORKITEM_ROUTINE routine, WORK_QUEUE_TYPE type, PVOID context);
void IoFreeWorkItem(PIO_WORKITEM item);
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

NTSTATUS IoGetDeviceInterfaces(const GUID *interface_class, PDEVICE_OBJECT device, ULONG flags, PWSTR *list);
NTSTATUS IoRegisterPlugPlayNotification(IO_NOTIFICATION_EVENT_CATEGORY category, ULONG flags, PVOID data,
                                        PDRIVER_OBJECT driver, PDRIVER_NOTIFICATION_CALLBACK_ROUTINE callback,
                                        PVOID context, PVOID *entry);
NTSTATUS IoUnregisterPlugPlayNotification(PVOID entry);

#endif
