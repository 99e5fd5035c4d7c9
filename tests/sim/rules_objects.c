/* SPDX-License-Identifier: MIT */
/* Drivers that do objects, threads and security wrong. rules.h says how they are used. */

#include "tests/sim/rules.h"

#include <string.h>

extern PETHREAD PsGetCurrentThread(void);

static NTSTATUS device_left(PIRP irp)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\Left");
    PDEVICE_OBJECT left;
    (void)IoCreateDevice(wrong_driver, 0, &name, FILE_DEVICE_DISK, 0, FALSE, &left);
    return good(irp);
}

static NTSTATUS still_attached(PIRP irp)
{
    KAPC_STATE state;
    KeStackAttachProcess(IoGetRequestorProcess(irp), &state);
    return good(irp);
}

static NTSTATUS detached_unattached(PIRP irp)
{
    KAPC_STATE state = {NULL};
    KeUnstackDetachProcess(&state);
    return good(irp);
}

static void ignore_process(HANDLE parent_id, HANDLE process_id, BOOLEAN create)
{
    (void)parent_id;
    (void)process_id;
    (void)create;
}

static NTSTATUS notification_left(PIRP irp)
{
    (void)PsSetCreateProcessNotifyRoutine(ignore_process, FALSE);
    return good(irp);
}

static NTSTATUS ignore_device(PVOID what, PVOID context)
{
    (void)what;
    (void)context;
    return STATUS_SUCCESS;
}

static NTSTATUS interface_notification_left(PIRP irp)
{
    static GUID class = {.Data1 = 1};
    PVOID entry;
    (void)IoRegisterPlugPlayNotification(EventCategoryDeviceInterfaceChange, 0, &class, wrong_driver, ignore_device,
                                         NULL, &entry);
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
    IoDeleteDevice(wrong_device);
    IoDeleteDevice(wrong_device);
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
    (void)allocate(wrong_driver, sizeof(IO_ERROR_LOG_PACKET));
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
    (void)KeWaitForSingleObject(&wrong_event, Executive, KernelMode, FALSE, NULL);
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

typedef NTSTATUS create_client_security(PETHREAD, PSECURITY_QUALITY_OF_SERVICE, BOOLEAN, PSECURITY_CLIENT_CONTEXT);
typedef NTSTATUS impersonate_client(PSECURITY_CLIENT_CONTEXT, PETHREAD);

static void take_token(SECURITY_CLIENT_CONTEXT *context)
{
    SECURITY_QUALITY_OF_SERVICE quality = {.Length = sizeof(quality), .ImpersonationLevel = SecurityImpersonation};
    create_client_security *create = (create_client_security *)look_up(L"SeCreateClientSecurity");
    (void)create(PsGetCurrentThread(), &quality, FALSE, context);
}

static NTSTATUS token_left(PIRP irp)
{
    SECURITY_CLIENT_CONTEXT context;
    take_token(&context);
    return good(irp);
}

static NTSTATUS descriptor_left(PIRP irp)
{
    typedef NTSTATUS get_object_security(PVOID, PSECURITY_DESCRIPTOR *, BOOLEAN *);
    get_object_security *get = (get_object_security *)look_up(L"ObGetObjectSecurity");
    PSECURITY_DESCRIPTOR descriptor;
    BOOLEAN allocated;
    (void)get(wrong_device, &descriptor, &allocated);
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
    SECURITY_CLIENT_CONTEXT context;
    impersonate_client *impersonate = (impersonate_client *)look_up(L"SeImpersonateClientEx");
    (void)argument;
    take_token(&context);
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

/* ---- the case ---- */

void rules_objects(void)
{
    static const struct wrong rows[] = {
        ROW(device_left, "leak"),
        ROW(still_attached, "attached"),
        ROW(detached_unattached, "attached"),
        ROW(notification_left, "leak"),
        ROW(interface_notification_left, "leak"),
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
        ROW(descriptor_left, "leak"),
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
    RULES_RUN(rows);
}
