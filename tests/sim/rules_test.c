/* SPDX-License-Identifier: MIT */
/*
 * Every rule of the simulation catches a driver that breaks it. Each case is a wrong driver: its function below is called
 * for a control request, in a process of its own, which must abort with the rule's name. A right driver passes.
 */

#include "sim/sim.h"
#include "tests/harness/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define CODE 0x00222000u /* FILE_ANY_ACCESS, METHOD_BUFFERED */
#define TAG  0x54736554u

extern PETHREAD PsGetCurrentThread(void);

typedef NTSTATUS act(PIRP irp);

static PDRIVER_OBJECT driver;
static PDEVICE_OBJECT device;
static act *acting;
static KSPIN_LOCK first_lock, second_lock;
static KEVENT event;

static NTSTATUS complete(PIRP irp, NTSTATUS status, ULONG_PTR information)
{
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = information;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

static NTSTATUS good(PIRP irp)
{
    memset(irp->AssociatedIrp.SystemBuffer, 7, 8);
    return complete(irp, STATUS_SUCCESS, 8);
}

/* ---- requests ---- */

static NTSTATUS missed(PIRP irp)
{
    (void)irp;
    return STATUS_SUCCESS;
}

static NTSTATUS twice(PIRP irp)
{
    (void)complete(irp, STATUS_SUCCESS, 0);
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

static NTSTATUS other_status(PIRP irp)
{
    (void)complete(irp, STATUS_INVALID_PARAMETER, 0);
    return STATUS_SUCCESS;
}

static NTSTATUS no_status(PIRP irp)
{
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

static NTSTATUS pending_unmarked(PIRP irp)
{
    (void)complete(irp, STATUS_SUCCESS, 0);
    return STATUS_PENDING;
}

static NTSTATUS pending_not_returned(PIRP irp)
{
    IoMarkIrpPending(irp);
    return complete(irp, STATUS_SUCCESS, 0);
}

static NTSTATUS lost(PIRP irp)
{
    IoMarkIrpPending(irp);
    return STATUS_PENDING;
}

static NTSTATUS too_much_information(PIRP irp)
{
    return complete(irp, STATUS_SUCCESS, 9);
}

static NTSTATUS garbage_returned(PIRP irp)
{
    memset((char *)irp->AssociatedIrp.SystemBuffer + 4, 7, 3); /* input is 4 bytes, output 8 */
    return complete(irp, STATUS_SUCCESS, 8);
}

static NTSTATUS completed_under_lock(PIRP irp)
{
    KIRQL irql;
    KeAcquireSpinLock(&first_lock, &irql);
    (void)complete(irp, STATUS_SUCCESS, 0);
    KeReleaseSpinLock(&first_lock, irql);
    return STATUS_SUCCESS;
}

static void cancel_nothing(PDEVICE_OBJECT object, PIRP irp)
{
    (void)object, (void)irp;
}

static NTSTATUS completed_cancellable(PIRP irp)
{
    (void)IoSetCancelRoutine(irp, cancel_nothing);
    return complete(irp, STATUS_SUCCESS, 0);
}

/* The child cancels requests that are pending. */
static NTSTATUS cancel_keeps_lock(PIRP irp)
{
    IoMarkIrpPending(irp);
    (void)IoSetCancelRoutine(irp, cancel_nothing);
    return STATUS_PENDING;
}

static void cancel_to_wrong_irql(PDEVICE_OBJECT object, PIRP irp)
{
    (void)object, (void)irp;
    IoReleaseCancelSpinLock(APC_LEVEL);
}

static NTSTATUS cancel_leaves_irql(PIRP irp)
{
    IoMarkIrpPending(irp);
    (void)IoSetCancelRoutine(irp, cancel_to_wrong_irql);
    return STATUS_PENDING;
}

static void cancel_completes_locked(PDEVICE_OBJECT object, PIRP irp)
{
    (void)object;
    (void)complete(irp, STATUS_CANCELLED, 0);
    IoReleaseCancelSpinLock(irp->CancelIrql);
}

static NTSTATUS cancelled_under_lock(PIRP irp)
{
    IoMarkIrpPending(irp);
    (void)IoSetCancelRoutine(irp, cancel_completes_locked);
    return STATUS_PENDING;
}

static NTSTATUS cancel_lock_not_held(PIRP irp)
{
    IoReleaseCancelSpinLock(PASSIVE_LEVEL);
    return good(irp);
}

static NTSTATUS used_after_completion(PIRP irp)
{
    (void)complete(irp, STATUS_SUCCESS, 0);
    return irp->IoStatus.Status;
}

static NTSTATUS buffer_used_after_completion(PIRP irp)
{
    volatile char *buffer = irp->AssociatedIrp.SystemBuffer;
    (void)complete(irp, STATUS_SUCCESS, 0);
    buffer[0] = 1;
    return STATUS_SUCCESS;
}

static NTSTATUS buffer_overrun(PIRP irp)
{
    volatile char *buffer = irp->AssociatedIrp.SystemBuffer;
    buffer[8] = 1;
    return good(irp);
}

/* ---- IRQL and locks ---- */

static NTSTATUS irql_left(PIRP irp)
{
    static KIRQL irql;
    KeAcquireSpinLock(&first_lock, &irql);
    return STATUS_PENDING + 0 * (int)irp->Cancel;
}

static NTSTATUS critical_region_left(PIRP irp)
{
    KeEnterCriticalRegion();
    return good(irp);
}

static NTSTATUS critical_region_not_entered(PIRP irp)
{
    KeLeaveCriticalRegion();
    return good(irp);
}

static NTSTATUS mutex_outside_region(PIRP irp)
{
    FAST_MUTEX mutex;
    ExInitializeFastMutex(&mutex);
    ExAcquireFastMutexUnsafe(&mutex);
    return good(irp);
}

static NTSTATUS mutex_left(PIRP irp)
{
    static FAST_MUTEX mutex;
    ExInitializeFastMutex(&mutex);
    KeEnterCriticalRegion();
    ExAcquireFastMutexUnsafe(&mutex);
    KeLeaveCriticalRegion();
    return good(irp);
}

static NTSTATUS recursive(PIRP irp)
{
    KIRQL irql;
    KeAcquireSpinLock(&first_lock, &irql);
    KeAcquireSpinLock(&first_lock, &irql);
    return good(irp);
}

static NTSTATUS not_held(PIRP irp)
{
    KIRQL irql;
    KeAcquireSpinLock(&first_lock, &irql);
    KeReleaseSpinLock(&second_lock, irql);
    return good(irp);
}

static NTSTATUS released_at_passive(PIRP irp)
{
    KeReleaseSpinLock(&first_lock, PASSIVE_LEVEL);
    return good(irp);
}

static NTSTATUS both_orders(PIRP irp)
{
    KIRQL outer;
    KIRQL inner;
    KeAcquireSpinLock(&first_lock, &outer);
    KeAcquireSpinLock(&second_lock, &inner);
    KeReleaseSpinLock(&second_lock, inner);
    KeReleaseSpinLock(&first_lock, outer);
    KeAcquireSpinLock(&second_lock, &outer);
    KeAcquireSpinLock(&first_lock, &inner);
    return good(irp);
}

static NTSTATUS descending(PIRP irp)
{
    static KSPIN_LOCK same[2];
    KIRQL irql[2];
    for (int i = 0; i < 2; i++) {
        KeInitializeSpinLock(&same[i]);
    }
    KeAcquireSpinLock(&same[1], &irql[1]);
    KeAcquireSpinLock(&same[0], &irql[0]);
    KeReleaseSpinLock(&same[0], irql[0]);
    KeReleaseSpinLock(&same[1], irql[1]);
    return good(irp);
}

static NTSTATUS uninitialised_lock(PIRP irp)
{
    KSPIN_LOCK lock = 0;
    KIRQL irql;
    KeAcquireSpinLock(&lock, &irql);
    return good(irp);
}

static NTSTATUS copied_lock(PIRP irp)
{
    KSPIN_LOCK lock = first_lock;
    KIRQL irql;
    KeAcquireSpinLock(&lock, &irql);
    return good(irp);
}

static NTSTATUS lock_freed(PIRP irp)
{
    KIRQL irql;
    KSPIN_LOCK *lock = ExAllocatePoolWithTag(NonPagedPool, sizeof(*lock), TAG);
    KeInitializeSpinLock(lock);
    KeAcquireSpinLock(lock, &irql);
    ExFreePoolWithTag(lock, TAG);
    return good(irp);
}

static NTSTATUS uninitialised_event(PIRP irp)
{
    KEVENT garbage;
    memset(&garbage, 0x5A, sizeof(garbage));
    (void)KeSetEvent(&garbage, IO_NO_INCREMENT, FALSE);
    return good(irp);
}

static NTSTATUS semaphore_overflow(PIRP irp)
{
    KSEMAPHORE semaphore;
    KeInitializeSemaphore(&semaphore, 2, 2);
    (void)KeReleaseSemaphore(&semaphore, IO_NO_INCREMENT, 1, FALSE);
    return good(irp);
}

static NTSTATUS event_with_wait(PIRP irp)
{
    (void)KeSetEvent(&event, IO_NO_INCREMENT, TRUE);
    return good(irp);
}

static NTSTATUS waits_for_ever(PIRP irp)
{
    (void)KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, NULL);
    return good(irp);
}

static NTSTATUS bug_check(PIRP irp)
{
    (void)irp;
    KeBugCheckEx(0xC4, 1, 2, 3, 4);
}

static NTSTATUS deep(PIRP irp)
{
    volatile char large[256 << 10];
    large[0] = 1;
    (void)KeGetCurrentIrql();
    (void)KeSetEvent(&event, IO_NO_INCREMENT, FALSE);
    return large[0] == 1 ? good(irp) : STATUS_SUCCESS;
}

/* ---- memory ---- */

static NTSTATUS paged_at_dispatch(PIRP irp)
{
    KIRQL irql;
    volatile char *block = ExAllocatePoolWithTag(PagedPool, 100, TAG);
    KeAcquireSpinLock(&first_lock, &irql);
    block[99] = 1;
    KeReleaseSpinLock(&first_lock, irql);
    return good(irp);
}

static NTSTATUS paged_copied_at_dispatch(PIRP irp)
{
    KIRQL irql;
    char *block = ExAllocatePoolWithTag(PagedPool, 100, TAG);
    KeAcquireSpinLock(&first_lock, &irql);
    memcpy(irp->AssociatedIrp.SystemBuffer, block, 8);
    KeReleaseSpinLock(&first_lock, irql);
    return good(irp);
}

static NTSTATUS paged_freed_at_dispatch(PIRP irp)
{
    KIRQL irql;
    char *block = ExAllocatePoolWithTag(PagedPool, 100, TAG);
    KeAcquireSpinLock(&first_lock, &irql);
    ExFreePoolWithTag(block, TAG);
    return good(irp);
}

static NTSTATUS pool_leak(PIRP irp)
{
    memset(ExAllocatePoolWithTag(NonPagedPool, 10, TAG), 0, 10);
    return good(irp);
}

static NTSTATUS other_tag(PIRP irp)
{
    ExFreePoolWithTag(ExAllocatePoolWithTag(NonPagedPool, 10, TAG), TAG + 1);
    return good(irp);
}

static NTSTATUS freed_twice(PIRP irp)
{
    void *block = ExAllocatePoolWithTag(NonPagedPool, 10, TAG);
    ExFreePoolWithTag(block, TAG);
    ExFreePoolWithTag(block, TAG);
    return good(irp);
}

static NTSTATUS empty_block(PIRP irp)
{
    (void)ExAllocatePoolWithTag(NonPagedPool, 0, TAG);
    return good(irp);
}

/* Behind the compiler's back, as hardware or an uninstrumented library would. */
__attribute__((no_sanitize("address", "thread"), noinline)) static void poke(volatile char *address)
{
    *address = 1;
}

static NTSTATUS pool_overrun(PIRP irp)
{
    char *block = ExAllocatePoolWithTag(NonPagedPool, 16, TAG);
    poke(block + 16);
    ExFreePoolWithTag(block, TAG);
    return good(irp);
}

static NTSTATUS pool_underrun(PIRP irp)
{
    char *block = ExAllocatePoolWithTag(NonPagedPool, 16, TAG);
    poke(block - 1);
    ExFreePoolWithTag(block, TAG);
    return good(irp);
}

static NTSTATUS pool_used_after_free(PIRP irp)
{
    volatile char *block = ExAllocatePoolWithTag(NonPagedPool, 16, TAG);
    ExFreePoolWithTag((void *)(uintptr_t)block, TAG);
    block[3] = 1;
    return good(irp);
}

static NTSTATUS paged_used_after_free(PIRP irp)
{
    volatile char *block = ExAllocatePoolWithTag(PagedPool, 16, TAG);
    ExFreePoolWithTag((void *)(uintptr_t)block, TAG);
    block[3] = 1;
    return good(irp);
}

static NTSTATUS pool_read_overrun(PIRP irp)
{
    volatile char *block = ExAllocatePoolWithTag(NonPagedPool, 16, TAG);
    irp->IoStatus.Information = (ULONG_PTR)block[16];
    return good(irp);
}

/* ---- objects, threads, security ---- */

static NTSTATUS device_left(PIRP irp)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\Left");
    PDEVICE_OBJECT left;
    (void)IoCreateDevice(driver, 0, &name, FILE_DEVICE_DISK, 0, FALSE, &left);
    return good(irp);
}

static NTSTATUS link_left(PIRP irp)
{
    UNICODE_STRING link = RTL_CONSTANT_STRING(L"\\DosDevices\\Left");
    UNICODE_STRING target = RTL_CONSTANT_STRING(L"\\Device\\Wrong");
    (void)IoCreateSymbolicLink(&link, &target);
    return good(irp);
}

static NTSTATUS deleted_twice(PIRP irp)
{
    IoDeleteDevice(device);
    IoDeleteDevice(device);
    return good(irp);
}

static NTSTATUS create_event(PHANDLE handle, ULONG attributes)
{
    OBJECT_ATTRIBUTES object;
    InitializeObjectAttributes(&object, NULL, attributes, NULL, NULL);
    return ZwCreateEvent(handle, EVENT_ALL_ACCESS, &object, NotificationEvent, FALSE);
}

static NTSTATUS handle_left(PIRP irp)
{
    HANDLE handle;
    (void)create_event(&handle, OBJ_KERNEL_HANDLE);
    return good(irp);
}

static NTSTATUS log_entry_left(PIRP irp)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"IoAllocateErrorLogEntry");
    PVOID address = MmGetSystemRoutineAddress(&name);
    PVOID (*allocate)(PVOID, UCHAR);
    memcpy(&allocate, &address, sizeof(allocate));
    (void)allocate(driver, sizeof(IO_ERROR_LOG_PACKET));
    return good(irp);
}

static NTSTATUS user_handle(PIRP irp)
{
    HANDLE handle;
    (void)create_event(&handle, 0);
    return good(irp);
}

static NTSTATUS closed_twice(PIRP irp)
{
    HANDLE handle;
    (void)create_event(&handle, OBJ_KERNEL_HANDLE);
    (void)ZwClose(handle);
    (void)ZwClose(handle);
    return good(irp);
}

static NTSTATUS handle_of_another_kind(PIRP irp)
{
    HANDLE handle;
    IO_STATUS_BLOCK io;
    FILE_STANDARD_INFORMATION information;
    (void)create_event(&handle, OBJ_KERNEL_HANDLE);
    (void)ZwQueryInformationFile(handle, &io, &information, sizeof(information), FileStandardInformation);
    return good(irp);
}

static NTSTATUS open_file(PHANDLE handle, ULONG options)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\??\\C:\\file");
    OBJECT_ATTRIBUTES object;
    IO_STATUS_BLOCK io;
    InitializeObjectAttributes(&object, &name, OBJ_KERNEL_HANDLE, NULL, NULL);
    return ZwCreateFile(handle, GENERIC_READ, &object, &io, NULL, FILE_ATTRIBUTE_NORMAL, 0, FILE_OPEN_IF, options, NULL,
                        0);
}

static NTSTATUS asynchronous_without_event(PIRP irp)
{
    HANDLE handle;
    IO_STATUS_BLOCK io;
    LARGE_INTEGER offset = {.QuadPart = 0};
    char byte;
    (void)open_file(&handle, 0);
    (void)ZwReadFile(handle, NULL, NULL, NULL, &io, &byte, 1, &offset, NULL);
    return good(irp);
}

static NTSTATUS waits_for_file(PIRP irp)
{
    HANDLE handle;
    (void)open_file(&handle, 0);
    (void)ZwWaitForSingleObject(handle, FALSE, NULL);
    return good(irp);
}

static void ends(PVOID context)
{
    (void)context;
    (void)PsTerminateSystemThread(STATUS_SUCCESS);
}

static void returns(PVOID context)
{
    (void)context;
}

static NTSTATUS start_thread(PHANDLE handle, void (*routine)(PVOID context))
{
    OBJECT_ATTRIBUTES object;
    InitializeObjectAttributes(&object, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    return PsCreateSystemThread(handle, 0, &object, NULL, NULL, routine, NULL);
}

static NTSTATUS thread_not_waited_for(PIRP irp)
{
    HANDLE handle;
    (void)start_thread(&handle, ends);
    (void)ZwClose(handle);
    return good(irp);
}

static NTSTATUS thread_returns(PIRP irp)
{
    HANDLE handle;
    (void)start_thread(&handle, returns);
    (void)ZwWaitForSingleObject(handle, FALSE, NULL);
    return good(irp);
}

static void sleeps(PVOID context)
{
    (void)context;
    (void)KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, NULL);
    (void)PsTerminateSystemThread(STATUS_SUCCESS);
}

static NTSTATUS thread_left(PIRP irp)
{
    HANDLE handle;
    (void)start_thread(&handle, sleeps);
    return good(irp);
}

static NTSTATUS terminates_the_caller(PIRP irp)
{
    (void)irp;
    return PsTerminateSystemThread(STATUS_SUCCESS);
}

static void *look_up(PCWSTR name)
{
    UNICODE_STRING string;
    RtlInitUnicodeString(&string, name);
    return MmGetSystemRoutineAddress(&string);
}

static NTSTATUS token_left(PIRP irp)
{
    SECURITY_QUALITY_OF_SERVICE quality = {.Length = sizeof(quality), .ImpersonationLevel = SecurityImpersonation};
    SECURITY_CLIENT_CONTEXT context;
    NTSTATUS(*create)
    (PETHREAD, PSECURITY_QUALITY_OF_SERVICE, BOOLEAN, PSECURITY_CLIENT_CONTEXT) = (NTSTATUS(*)(
        PETHREAD, PSECURITY_QUALITY_OF_SERVICE, BOOLEAN, PSECURITY_CLIENT_CONTEXT))look_up(L"SeCreateClientSecurity");
    (void)create(PsGetCurrentThread(), &quality, FALSE, &context);
    return good(irp);
}

static NTSTATUS reverts_for_nothing(PIRP irp)
{
    void (*revert)(void) = (void (*)(void))look_up(L"PsRevertToSelf");
    revert();
    return good(irp);
}

static void impersonates(PVOID argument)
{
    SECURITY_QUALITY_OF_SERVICE quality = {.Length = sizeof(quality), .ImpersonationLevel = SecurityImpersonation};
    SECURITY_CLIENT_CONTEXT context;
    NTSTATUS(*create)
    (PETHREAD, PSECURITY_QUALITY_OF_SERVICE, BOOLEAN, PSECURITY_CLIENT_CONTEXT) = (NTSTATUS(*)(
        PETHREAD, PSECURITY_QUALITY_OF_SERVICE, BOOLEAN, PSECURITY_CLIENT_CONTEXT))look_up(L"SeCreateClientSecurity");
    NTSTATUS(*impersonate)
    (PSECURITY_CLIENT_CONTEXT, PETHREAD) =
        (NTSTATUS(*)(PSECURITY_CLIENT_CONTEXT, PETHREAD))look_up(L"SeImpersonateClientEx");
    (void)argument;
    (void)create(PsGetCurrentThread(), &quality, FALSE, &context);
    (void)impersonate(&context, NULL);
    (void)PsTerminateSystemThread(STATUS_SUCCESS);
}

static NTSTATUS impersonation_left(PIRP irp)
{
    HANDLE handle;
    (void)start_thread(&handle, impersonates);
    (void)ZwWaitForSingleObject(handle, FALSE, NULL);
    return good(irp);
}

static KTIMER timer;
static KDPC deferred;

static void deferred_routine(PKDPC dpc, PVOID context, PVOID argument_1, PVOID argument_2)
{
    (void)dpc, (void)context, (void)argument_1, (void)argument_2;
}

static NTSTATUS timer_left(PIRP irp)
{
    LARGE_INTEGER due = {.QuadPart = -100000000};
    KeInitializeTimer(&timer);
    KeInitializeDpc(&deferred, deferred_routine, NULL);
    (void)KeSetTimer(&timer, due, &deferred);
    return good(irp);
}

static NTSTATUS uninitialised_timer(PIRP irp)
{
    static KTIMER garbage;
    LARGE_INTEGER due = {.QuadPart = -1};
    (void)KeSetTimer(&garbage, due, &deferred);
    return good(irp);
}

static NTSTATUS thread_reference_left(PIRP irp)
{
    PETHREAD thread;
    sim_user_thread_set(5, false);
    (void)PsLookupThreadByThreadId((HANDLE)5, &thread);
    return good(irp);
}

static NTSTATUS process_reference_left(PIRP irp)
{
    ObReferenceObject(IoGetRequestorProcess(irp));
    return good(irp);
}

static NTSTATUS process_lookup_left(PIRP irp)
{
    PEPROCESS process;
    (void)PsLookupProcessByProcessId(PsGetProcessId(IoGetRequestorProcess(irp)), &process);
    return good(irp);
}

static NTSTATUS process_dereferenced_twice(PIRP irp)
{
    ObDereferenceObject(IoGetRequestorProcess(irp));
    return good(irp);
}

static HANDLE open_requestor(PIRP irp)
{
    HANDLE handle = NULL;
    (void)ObOpenObjectByPointer(IoGetRequestorProcess(irp), OBJ_KERNEL_HANDLE, NULL, 0, NULL, KernelMode, &handle);
    return handle;
}

static NTSTATUS make_section(HANDLE *section, ULONG attributes_flags)
{
    OBJECT_ATTRIBUTES attributes;
    LARGE_INTEGER size = {.QuadPart = 4096};
    InitializeObjectAttributes(&attributes, NULL, attributes_flags, NULL, NULL);
    return ZwCreateSection(section, 6, &attributes, &size, PAGE_READWRITE, SEC_COMMIT, NULL);
}

static NTSTATUS process_handle_left(PIRP irp)
{
    (void)open_requestor(irp);
    return good(irp);
}

static NTSTATUS section_left(PIRP irp)
{
    HANDLE section;
    (void)make_section(&section, OBJ_KERNEL_HANDLE);
    return good(irp);
}

static NTSTATUS user_section(PIRP irp)
{
    HANDLE section;
    (void)make_section(&section, 0);
    return good(irp);
}

static NTSTATUS map_protected(PIRP irp, HANDLE section, HANDLE process, SIZE_T size, ULONG protection)
{
    PVOID base = NULL;
    (void)ZwMapViewOfSection(section, process, &base, 0, 0, NULL, &size, ViewUnmap, 0, protection);
    return good(irp);
}

static NTSTATUS map(PIRP irp, HANDLE section, HANDLE process, SIZE_T size)
{
    return map_protected(irp, section, process, size, PAGE_READWRITE);
}

static NTSTATUS part_of_a_view(PIRP irp)
{
    HANDLE section;
    (void)make_section(&section, OBJ_KERNEL_HANDLE);
    return map(irp, section, open_requestor(irp), 100);
}

static NTSTATUS read_only_for_now(PIRP irp)
{
    HANDLE section;
    (void)make_section(&section, OBJ_KERNEL_HANDLE);
    return map_protected(irp, section, open_requestor(irp), 4096, PAGE_READONLY);
}

static NTSTATUS section_for_process(PIRP irp)
{
    HANDLE section;
    (void)make_section(&section, OBJ_KERNEL_HANDLE);
    return map(irp, section, section, 4096);
}

/* Of a process that goes on; the one that asks is killed before the driver is unloaded. */
static NTSTATUS view_left(PIRP irp)
{
    struct sim_process *other = sim_process_create(false);
    PEPROCESS process;
    HANDLE handle;
    HANDLE section;
    (void)PsLookupProcessByProcessId((HANDLE)(uintptr_t)sim_process_id(other), &process);
    (void)ObOpenObjectByPointer(process, OBJ_KERNEL_HANDLE, NULL, 0, NULL, KernelMode, &handle);
    (void)make_section(&section, OBJ_KERNEL_HANDLE);
    (void)map(irp, section, handle, 4096);
    (void)ZwClose(section);
    (void)ZwClose(handle);
    ObDereferenceObject(process);
    return STATUS_SUCCESS;
}

/* ---- functions that must not be called at DISPATCH_LEVEL ---- */

typedef NTSTATUS lock_virtual_memory(HANDLE process, PVOID *base, SIZE_T *size, ULONG type);

static lock_virtual_memory *lock_memory; /* looked up while that may be done */

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
AT_DISPATCH(IoCreateDevice, (void)IoCreateDevice(driver, 0, NULL, 0, 0, FALSE, NULL))
AT_DISPATCH(IoCreateSymbolicLink, (void)IoCreateSymbolicLink(NULL, NULL))
AT_DISPATCH(IoDeleteDevice, IoDeleteDevice(device))
AT_DISPATCH(IoDeleteSymbolicLink, (void)IoDeleteSymbolicLink(NULL))
AT_DISPATCH(KeDelayExecutionThread, (void)KeDelayExecutionThread(KernelMode, FALSE, NULL))
AT_DISPATCH(KeEnterCriticalRegion, KeEnterCriticalRegion())
AT_DISPATCH(KeFlushQueuedDpcs, KeFlushQueuedDpcs())
AT_DISPATCH(KeLeaveCriticalRegion, KeLeaveCriticalRegion())
AT_DISPATCH(KeSetPriorityThread, (void)KeSetPriorityThread(NULL, 1))
AT_DISPATCH(KeWaitForSingleObject, (void)KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, NULL))
AT_DISPATCH(MmGetSystemRoutineAddress, (void)MmGetSystemRoutineAddress(NULL))
AT_DISPATCH(ObOpenObjectByPointer, (void)ObOpenObjectByPointer(device, 0, NULL, 0, NULL, KernelMode, NULL))
AT_DISPATCH(ObReferenceObjectByHandle, (void)ObReferenceObjectByHandle(NULL, 0, NULL, KernelMode, NULL, NULL))
AT_DISPATCH(PsCreateSystemThread, (void)PsCreateSystemThread(NULL, 0, NULL, NULL, NULL, ends, NULL))
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
AT_DISPATCH(ZwLockVirtualMemory, (void)lock_memory(NULL, NULL, NULL, 1))
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

/* ---- the wrong driver ---- */

static NTSTATUS dispatch(PDEVICE_OBJECT object, PIRP irp)
{
    (void)object;
    return IoGetCurrentIrpStackLocation(irp)->MajorFunction == IRP_MJ_DEVICE_CONTROL ? acting(irp)
                                                                                     : complete(irp, STATUS_SUCCESS, 0);
}

static void unload(PDRIVER_OBJECT object)
{
    (void)object;
    IoDeleteDevice(device);
}

static NTSTATUS load(PDRIVER_OBJECT object, PUNICODE_STRING registry_path)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\Wrong");
    (void)registry_path;
    driver = object;
    for (unsigned i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        object->MajorFunction[i] = dispatch;
    }
    object->DriverUnload = unload;
    KeInitializeSpinLock(&first_lock);
    KeInitializeSpinLock(&second_lock);
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    UNICODE_STRING routine = RTL_CONSTANT_STRING(L"ZwLockVirtualMemory");
    *(PVOID *)&lock_memory = MmGetSystemRoutineAddress(&routine);
    return IoCreateDevice(object, 0, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
}

static void run_driver(act *routine)
{
    struct sim_options options = {.seed = 1, .watchdog_seconds = 1};
    struct sim_file *file;
    char input[4] = {1, 2, 3, 4};
    char output[8];
    acting = routine;
    sim_reset(&options);
    (void)sim_load(load);
    struct sim_process *process = sim_process_create(true);
    (void)sim_create_file(process, "\\Device\\Wrong", GENERIC_READ, &file);
    struct sim_request *request = sim_ioctl_begin(file, CODE, input, sizeof(input), output, sizeof(output));
    sim_cancel(request);
    (void)sim_request_wait(request, NULL);
    sim_kill_process(process);
    sim_unload();
}

/* Runs it in a child. *output is what it wrote to standard error. */
static int run_child(act *routine, char *output, size_t size)
{
    int pipes[2];
    int status = 0;
    size_t used = 0;
    ssize_t count;
    fflush(stdout);
    if (pipe(pipes) != 0) {
        return -1;
    }
    pid_t child = fork();
    if (child == 0) {
        struct rlimit none = {0, 0};
        (void)setrlimit(RLIMIT_CORE, &none);
        (void)dup2(pipes[1], STDERR_FILENO);
        close(pipes[0]);
        close(pipes[1]);
        run_driver(routine);
        _exit(0);
    }
    close(pipes[1]);
    while ((count = read(pipes[0], output + used, size - 1 - used)) > 0) {
        used += (size_t)count;
        if (used == size - 1) { /* the rest does not matter */
            used = size / 2;
        }
    }
    output[used] = 0;
    close(pipes[0]);
    (void)waitpid(child, &status, 0);
    return status;
}

struct wrong {
    const char *name;
    act *routine;
    const char *expected; /* a rule, or NULL: only AddressSanitizer sees it */
};

static void check(const struct wrong *rows, size_t count)
{
    static char output[1 << 16];
    char expected[64];
    for (size_t i = 0; i < count; i++) {
        test_note("%s", rows[i].name);
        (void)snprintf(expected, sizeof(expected), "sim: %s: ", rows[i].expected != NULL ? rows[i].expected : "");
        int status = run_child(rows[i].routine, output, sizeof(output));
        if (rows[i].expected != NULL) {
            CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
            if (!CHECK(strstr(output, expected) != NULL)) {
                printf("# %.300s\n", output);
            }
        } else {
            CHECK(status != 0 && strstr(output, "AddressSanitizer") != NULL);
        }
    }
}

#define ROW(name, rule)   \
    {                     \
#name, name, rule \
    }
#define RUN(rows) check((rows), sizeof(rows) / sizeof((rows)[0]))

static void a_right_driver_passes(void)
{
    static char output[1 << 16];
    CHECK_EQUAL(run_child(good, output, sizeof(output)), 0);
    CHECK(output[0] == 0);
}

static void requests(void)
{
    static const struct wrong rows[] = {
        ROW(missed, "irp-missed"),
        ROW(twice, "irp-twice"),
        ROW(other_status, "irp-status"),
        ROW(no_status, "irp-status"),
        ROW(pending_unmarked, "irp-pending"),
        ROW(pending_not_returned, "irp-pending"),
        ROW(lost, "hang"),
        ROW(too_much_information, "information"),
        ROW(garbage_returned, "information"),
        ROW(completed_under_lock, "irp-locked"),
    };
    RUN(rows);
}

static void cancellation(void)
{
    static const struct wrong rows[] = {
        ROW(completed_cancellable, "irp-cancel"),
        ROW(cancel_keeps_lock, "irp-cancel"),
        ROW(cancel_leaves_irql, "irql"),
        ROW(cancelled_under_lock, "irp-locked"),
        ROW(cancel_lock_not_held, "lock-not-held"),
    };
    RUN(rows);
}

static void locks(void)
{
    static const struct wrong rows[] = {
        ROW(irql_left, "lock-left"),
        ROW(critical_region_left, "critical-region-left"),
        ROW(critical_region_not_entered, "critical-region"),
        ROW(mutex_outside_region, "critical-region"),
        ROW(mutex_left, "lock-left"),
        ROW(recursive, "lock-recursive"),
        ROW(not_held, "lock-not-held"),
        ROW(released_at_passive, "irql"),
        ROW(both_orders, "lock-order"),
        ROW(descending, "lock-order"),
        ROW(uninitialised_lock, "lock-uninitialised"),
        ROW(copied_lock, "lock-uninitialised"),
        ROW(lock_freed, "lock-freed"),
        ROW(uninitialised_event, "object-uninitialised"),
        ROW(semaphore_overflow, "semaphore"),
        ROW(event_with_wait, "event"),
        ROW(waits_for_ever, "hang"),
        ROW(bug_check, "bugcheck"),
        ROW(timer_left, "timer"),
        ROW(uninitialised_timer, "object-uninitialised"),
        ROW(deep, "stack"),
    };
    RUN(rows);
}

static void memory(void)
{
    static const struct wrong rows[] = {
        ROW(paged_at_dispatch, "paged"),
        ROW(paged_copied_at_dispatch, "paged"),
        ROW(paged_freed_at_dispatch, "irql"),
        ROW(pool_leak, "leak"),
        ROW(other_tag, "pool-free"),
        ROW(freed_twice, "pool-free"),
        ROW(empty_block, "pool"),
        ROW(pool_overrun, "pool-overrun"),
        ROW(pool_underrun, "pool-overrun"),
    };
    RUN(rows);
}

static void memory_under_address_sanitizer(void)
{
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
    static const struct wrong rows[] = {
        ROW(pool_used_after_free, NULL),  ROW(paged_used_after_free, NULL), ROW(pool_read_overrun, NULL),
        ROW(used_after_completion, NULL), ROW(buffer_overrun, NULL),        ROW(buffer_used_after_completion, NULL),
    };
    RUN(rows);
    return;
#endif
#endif
    (void)pool_used_after_free, (void)paged_used_after_free, (void)pool_read_overrun;
    (void)used_after_completion, (void)buffer_overrun, (void)buffer_used_after_completion;
    test_skip("needs AddressSanitizer");
}

static void objects(void)
{
    static const struct wrong rows[] = {
        ROW(device_left, "leak"),
        ROW(link_left, "leak"),
        ROW(deleted_twice, "device"),
        ROW(handle_left, "leak"),
        ROW(log_entry_left, "leak"),
        ROW(user_handle, "handle"),
        ROW(closed_twice, "handle"),
        ROW(handle_of_another_kind, "handle"),
        ROW(asynchronous_without_event, "file"),
        ROW(waits_for_file, "handle"),
        ROW(thread_not_waited_for, "thread"),
        ROW(thread_returns, "thread"),
        ROW(thread_left, "leak"),
        ROW(terminates_the_caller, "thread"),
        ROW(token_left, "leak"),
        ROW(thread_reference_left, "leak"),
        ROW(process_reference_left, "leak"),
        ROW(process_lookup_left, "leak"),
        ROW(process_dereferenced_twice, "reference"),
        ROW(process_handle_left, "leak"),
        ROW(section_left, "leak"),
        ROW(user_section, "handle"),
        ROW(part_of_a_view, "section"),
        ROW(read_only_for_now, "section"),
        ROW(section_for_process, "handle"),
        ROW(view_left, "leak"),
        ROW(reverts_for_nothing, "security"),
        ROW(impersonation_left, "impersonation-left"),
    };
    RUN(rows);
}

#define DISPATCH(name)                 \
    {                                  \
#name, dispatch_##name, "irql" \
    }

static void functions_at_dispatch_level(void)
{
    static const struct wrong rows[] = {
        DISPATCH(ExAcquireFastMutexUnsafe),
        DISPATCH(ExReleaseFastMutexUnsafe),
        DISPATCH(IoBuildSynchronousFsdRequest),
        DISPATCH(IoCreateDevice),
        DISPATCH(IoCreateSymbolicLink),
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
    RUN(rows);
}

TEST_MAIN({"a_right_driver_passes", a_right_driver_passes}, {"requests", requests}, {"cancellation", cancellation},
          {"locks", locks}, {"memory", memory}, {"memory_under_address_sanitizer", memory_under_address_sanitizer},
          {"objects", objects}, {"functions_at_dispatch_level", functions_at_dispatch_level})
