/* SPDX-License-Identifier: MIT */
/* Zw. */
#ifndef SIM_INCLUDE_NT_ZW_H
#define SIM_INCLUDE_NT_ZW_H

#include "nt/io.h"
#include "nt/mm.h"
#include "nt/ob.h"

typedef enum {
    FileFsSizeInformation = 3,
    FileFsSectorSizeInformation = 11,
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

typedef struct {
    ULONG LogicalBytesPerSector, PhysicalBytesPerSectorForAtomicity, PhysicalBytesPerSectorForPerformance;
    ULONG FileSystemEffectivePhysicalBytesPerSectorForAtomicity, Flags;
    ULONG ByteOffsetForSectorAlignment, ByteOffsetForPartitionAlignment;
} FILE_FS_SECTOR_SIZE_INFORMATION;

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

typedef enum {
    ProcessTimes = 4,
} PROCESSINFOCLASS;

typedef struct {
    LARGE_INTEGER CreateTime, ExitTime, KernelTime, UserTime;
} KERNEL_USER_TIMES;

NTSTATUS ZwQueryInformationProcess(HANDLE process, PROCESSINFOCLASS information_class, PVOID information, ULONG length,
                                   PULONG needed);

#endif
