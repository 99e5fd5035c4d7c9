/* SPDX-License-Identifier: MIT */
/* Drivers that call at DISPATCH_LEVEL what must not be called there. rules.h says how they are used. */

#include "tests/sim/rules.h"

#define AT_DISPATCH(name, call)                \
    static NTSTATUS dispatch_##name(PIRP irp)  \
    {                                          \
        KIRQL irql;                            \
        KeAcquireSpinLock(&first_lock, &irql); \
        call;                                  \
        KeReleaseSpinLock(&first_lock, irql);  \
        return good(irp);                      \
    }

AT_DISPATCH(ExAcquireFastMutexUnsafe, ExAcquireFastMutexUnsafe(NULL))
AT_DISPATCH(ExReleaseFastMutexUnsafe, ExReleaseFastMutexUnsafe(NULL))
AT_DISPATCH(IoBuildSynchronousFsdRequest,
            (void)IoBuildSynchronousFsdRequest(IRP_MJ_FLUSH_BUFFERS, NULL, NULL, 0, NULL, NULL, NULL))
AT_DISPATCH(IoCreateDevice, (void)IoCreateDevice(wrong_driver, 0, NULL, 0, 0, FALSE, NULL))
AT_DISPATCH(IoCreateSymbolicLink, (void)IoCreateSymbolicLink(NULL, NULL))
AT_DISPATCH(IoGetDeviceInterfaces, (void)IoGetDeviceInterfaces(NULL, NULL, 0, NULL))
AT_DISPATCH(IoRegisterPlugPlayNotification,
            (void)IoRegisterPlugPlayNotification(EventCategoryDeviceInterfaceChange, 0, NULL, NULL, NULL, NULL, NULL))
AT_DISPATCH(IoUnregisterPlugPlayNotification, (void)IoUnregisterPlugPlayNotification(NULL))
AT_DISPATCH(KeStackAttachProcess, KeStackAttachProcess(NULL, NULL))
AT_DISPATCH(KeUnstackDetachProcess, KeUnstackDetachProcess(NULL))
AT_DISPATCH(PsSetCreateProcessNotifyRoutine, (void)PsSetCreateProcessNotifyRoutine(NULL, FALSE))
AT_DISPATCH(ZwQueryInformationProcess, (void)ZwQueryInformationProcess(NULL, ProcessTimes, NULL, 0, NULL))
AT_DISPATCH(IoDeleteDevice, IoDeleteDevice(wrong_device))
AT_DISPATCH(IoDeleteSymbolicLink, (void)IoDeleteSymbolicLink(NULL))
AT_DISPATCH(KeDelayExecutionThread, (void)KeDelayExecutionThread(KernelMode, FALSE, NULL))
AT_DISPATCH(KeEnterCriticalRegion, KeEnterCriticalRegion())
AT_DISPATCH(KeFlushQueuedDpcs, KeFlushQueuedDpcs())
AT_DISPATCH(KeLeaveCriticalRegion, KeLeaveCriticalRegion())
AT_DISPATCH(KeSetPriorityThread, (void)KeSetPriorityThread(NULL, 1))
AT_DISPATCH(KeWaitForSingleObject, (void)KeWaitForSingleObject(&wrong_event, Executive, KernelMode, FALSE, NULL))
AT_DISPATCH(MmGetSystemRoutineAddress, (void)MmGetSystemRoutineAddress(NULL))
AT_DISPATCH(ObOpenObjectByPointer, (void)ObOpenObjectByPointer(wrong_device, 0, NULL, 0, NULL, KernelMode, NULL))
AT_DISPATCH(ObReferenceObjectByHandle, (void)ObReferenceObjectByHandle(NULL, 0, NULL, KernelMode, NULL, NULL))
AT_DISPATCH(PsCreateSystemThread, (void)PsCreateSystemThread(NULL, 0, NULL, NULL, NULL, NULL, NULL))
AT_DISPATCH(PsGetVersion, (void)PsGetVersion(NULL, NULL, NULL, NULL))
AT_DISPATCH(PsLookupProcessByProcessId, (void)PsLookupProcessByProcessId(NULL, NULL))
AT_DISPATCH(PsLookupThreadByThreadId, (void)PsLookupThreadByThreadId(NULL, NULL))
AT_DISPATCH(PsTerminateSystemThread, (void)PsTerminateSystemThread(STATUS_SUCCESS))
AT_DISPATCH(RtlAppendUnicodeToString, (void)RtlAppendUnicodeToString(NULL, L""))
AT_DISPATCH(RtlIntegerToUnicodeString, (void)RtlIntegerToUnicodeString(1, 10, NULL))
AT_DISPATCH(ZwCancelIoFile, (void)ZwCancelIoFile(NULL, NULL))
AT_DISPATCH(ZwOpenKey, (void)ZwOpenKey(NULL, 0, NULL))
AT_DISPATCH(ZwPulseEvent, (void)ZwPulseEvent(NULL, NULL))
AT_DISPATCH(ZwQueryValueKey, (void)ZwQueryValueKey(NULL, NULL, KeyValuePartialInformation, NULL, 0, NULL))
AT_DISPATCH(ZwClose, (void)ZwClose(NULL))
AT_DISPATCH(ZwCreateEvent, (void)ZwCreateEvent(NULL, 0, NULL, NotificationEvent, FALSE))
AT_DISPATCH(ZwCreateSection, (void)ZwCreateSection(NULL, 0, NULL, NULL, 0, 0, NULL))
AT_DISPATCH(ZwCreateFile, (void)ZwCreateFile(NULL, 0, NULL, NULL, NULL, 0, 0, 0, 0, NULL, 0))
AT_DISPATCH(ZwDeviceIoControlFile, (void)ZwDeviceIoControlFile(NULL, NULL, NULL, NULL, NULL, 0, NULL, 0, NULL, 0))
AT_DISPATCH(ZwEnumerateKey, (void)ZwEnumerateKey(NULL, 0, KeyBasicInformation, NULL, 0, NULL))
AT_DISPATCH(ZwFsControlFile, (void)ZwFsControlFile(NULL, NULL, NULL, NULL, NULL, 0, NULL, 0, NULL, 0))
AT_DISPATCH(ZwLockVirtualMemory, (void)wrong_lock_memory(NULL, NULL, NULL, 1))
AT_DISPATCH(ZwMapViewOfSection, (void)ZwMapViewOfSection(NULL, NULL, NULL, 0, 0, NULL, NULL, ViewUnmap, 0, 0))
AT_DISPATCH(ZwOpenSymbolicLinkObject, (void)ZwOpenSymbolicLinkObject(NULL, 0, NULL))
AT_DISPATCH(ZwQueryInformationFile, (void)ZwQueryInformationFile(NULL, NULL, NULL, 0, FileStandardInformation))
AT_DISPATCH(ZwQuerySymbolicLinkObject, (void)ZwQuerySymbolicLinkObject(NULL, NULL, NULL))
AT_DISPATCH(ZwQuerySystemInformation, (void)ZwQuerySystemInformation(5, NULL, 0, NULL))
AT_DISPATCH(ZwQueryVolumeInformationFile,
            (void)ZwQueryVolumeInformationFile(NULL, NULL, NULL, 0, FileFsSizeInformation))
AT_DISPATCH(ZwReadFile, (void)ZwReadFile(NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL))
AT_DISPATCH(ZwSetInformationFile, (void)ZwSetInformationFile(NULL, NULL, NULL, 0, FileEndOfFileInformation))
AT_DISPATCH(ZwSetInformationThread, (void)ZwSetInformationThread(NULL, ThreadBasePriority, NULL, 0))
AT_DISPATCH(ZwSetSecurityObject, (void)ZwSetSecurityObject(NULL, 0, NULL))
AT_DISPATCH(ZwUnmapViewOfSection, (void)ZwUnmapViewOfSection(NULL, NULL))
AT_DISPATCH(ZwWaitForSingleObject, (void)ZwWaitForSingleObject(NULL, FALSE, NULL))
AT_DISPATCH(ZwWriteFile, (void)ZwWriteFile(NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL))
AT_DISPATCH(ZwYieldExecution, (void)ZwYieldExecution())
AT_DISPATCH(paged_pool, (void)ExAllocatePoolWithTag(PagedPool, 10, TAG))

/* ---- the case ---- */

#define DISPATCH(name)                 \
    {                                  \
#name, dispatch_##name, "irql" \
    }

static const struct wrong at_dispatch_level[] = {
    DISPATCH(ExAcquireFastMutexUnsafe),
    DISPATCH(ExReleaseFastMutexUnsafe),
    DISPATCH(IoBuildSynchronousFsdRequest),
    DISPATCH(IoCreateDevice),
    DISPATCH(IoCreateSymbolicLink),
    DISPATCH(IoGetDeviceInterfaces),
    DISPATCH(IoRegisterPlugPlayNotification),
    DISPATCH(IoUnregisterPlugPlayNotification),
    DISPATCH(KeStackAttachProcess),
    DISPATCH(KeUnstackDetachProcess),
    DISPATCH(PsSetCreateProcessNotifyRoutine),
    DISPATCH(ZwQueryInformationProcess),
    DISPATCH(IoDeleteDevice),
    DISPATCH(IoDeleteSymbolicLink),
    DISPATCH(KeDelayExecutionThread),
    DISPATCH(KeEnterCriticalRegion),
    DISPATCH(KeFlushQueuedDpcs),
    DISPATCH(KeLeaveCriticalRegion),
    DISPATCH(KeSetPriorityThread),
    DISPATCH(KeWaitForSingleObject),
    DISPATCH(MmGetSystemRoutineAddress),
    DISPATCH(ObOpenObjectByPointer),
    DISPATCH(ObReferenceObjectByHandle),
    DISPATCH(PsCreateSystemThread),
    DISPATCH(PsGetVersion),
    DISPATCH(PsLookupProcessByProcessId),
    DISPATCH(PsLookupThreadByThreadId),
    DISPATCH(PsTerminateSystemThread),
    DISPATCH(RtlAppendUnicodeToString),
    DISPATCH(RtlIntegerToUnicodeString),
    DISPATCH(ZwCancelIoFile),
    DISPATCH(ZwOpenKey),
    DISPATCH(ZwPulseEvent),
    DISPATCH(ZwQueryValueKey),
    DISPATCH(ZwClose),
    DISPATCH(ZwCreateEvent),
    DISPATCH(ZwCreateFile),
    DISPATCH(ZwCreateSection),
    DISPATCH(ZwDeviceIoControlFile),
    DISPATCH(ZwEnumerateKey),
    DISPATCH(ZwFsControlFile),
    DISPATCH(ZwLockVirtualMemory),
    DISPATCH(ZwMapViewOfSection),
    DISPATCH(ZwOpenSymbolicLinkObject),
    DISPATCH(ZwQueryInformationFile),
    DISPATCH(ZwQuerySymbolicLinkObject),
    DISPATCH(ZwQuerySystemInformation),
    DISPATCH(ZwQueryVolumeInformationFile),
    DISPATCH(ZwReadFile),
    DISPATCH(ZwSetInformationFile),
    DISPATCH(ZwSetInformationThread),
    DISPATCH(ZwSetSecurityObject),
    DISPATCH(ZwUnmapViewOfSection),
    DISPATCH(ZwWaitForSingleObject),
    DISPATCH(ZwWriteFile),
    DISPATCH(ZwYieldExecution),
    DISPATCH(paged_pool),
};

void rules_functions_at_dispatch_level(void)
{
    RULES_RUN(at_dispatch_level);
}
