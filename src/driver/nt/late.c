/* SPDX-License-Identifier: MIT */
/* Looks up what not every supported kernel exports; late.h says what and why. */

#include "driver/nt/late.h"
#include "driver/nt/wine.h"

struct nt_late nt_late;

/* Stored through a void pointer: the caller names a member of the right type. */
static void resolve(const WCHAR *name, void *member)
{
    UNICODE_STRING string;
    RtlInitUnicodeString(&string, name);
    *(PVOID *)member = MmGetSystemRoutineAddress(&string);
}

/*
 * Before Windows 7, where only macros know the number, and in Wine, which makes a system call for it, threads are told apart by
 * their stacks.
 */
static ULONG NTAPI processor_by_stack(PVOID number)
{
    UNREFERENCED_PARAMETER(number);
    return (ULONG)(((uint64_t)(uintptr_t)__builtin_frame_address(0) >> 16) * 0x9E3779B97F4A7C15u >> 48);
}

/* From Windows 7 on. */
static void resolve_processor(void)
{
    PVOID routine;
    resolve(L"KeGetCurrentProcessorNumberEx", &routine);
    if (routine != NULL) {
        *(PVOID *)&nt_late.current_processor = routine;
    }
}

/* Both or none. */
static void resolve_guarded_regions(void)
{
    void(NTAPI * enter)(void);
    void(NTAPI * leave)(void);
    resolve(L"KeEnterGuardedRegion", &enter);
    resolve(L"KeLeaveGuardedRegion", &leave);
    if (enter != NULL && leave != NULL) {
        nt_late.enter_guarded_region = enter;
        nt_late.leave_guarded_region = leave;
    }
}

void nt_late_resolve(void)
{
    ULONG major = 0;
    ULONG minor = 0;
    PsGetVersion(&major, &minor, NULL, NULL);
    nt_late = (struct nt_late){.no_execute = major > 6 || (major == 6 && minor >= 2), .before_nt_6 = major < 6};
    nt_late.app_container_traversal =
        nt_late.no_execute ? 0x00020000u /* FILE_DEVICE_ALLOW_APPCONTAINER_TRAVERSAL */ : 0;
    resolve(L"ZwFlushBuffersFile", &nt_late.flush_buffers_file);
    resolve(L"ZwLockVirtualMemory", &nt_late.lock_virtual_memory);
    nt_late.mapping_priority = NormalPagePriority | (nt_late.no_execute ? 0x40000000u /* MdlMappingNoExecute */ : 0);
    nt_late.current_processor = processor_by_stack;
    nt_late.enter_guarded_region = KeEnterCriticalRegion;
    nt_late.leave_guarded_region = KeLeaveCriticalRegion;
    resolve(L"KeQueryMaximumProcessorCountEx", &nt_late.maximum_processors);
    resolve(L"KeQueryActiveProcessors", &nt_late.active_processors);
    if (!nt_in_wine) { /* there the lookup finds stubs that abort when called */
        resolve_guarded_regions();
        resolve_processor();
        resolve(L"IoRegisterBootDriverReinitialization", &nt_late.register_boot_driver_reinitialization);
        resolve(L"IoRegisterShutdownNotification", &nt_late.register_shutdown_notification);
        resolve(L"IoUnregisterShutdownNotification", &nt_late.unregister_shutdown_notification);
        resolve(L"MmAllocateMappingAddress", &nt_late.allocate_mapping_address);
        resolve(L"MmFreeMappingAddress", &nt_late.free_mapping_address);
        resolve(L"MmMapLockedPagesWithReservedMapping", &nt_late.map_reserved);
        resolve(L"MmUnmapReservedMapping", &nt_late.unmap_reserved);
        resolve(L"IoAllocateErrorLogEntry", &nt_late.allocate_error_log_entry);
        resolve(L"IoWriteErrorLogEntry", &nt_late.write_error_log_entry);
        resolve(L"IoAcquireVpbSpinLock", &nt_late.acquire_vpb_spin_lock);
        resolve(L"IoReleaseVpbSpinLock", &nt_late.release_vpb_spin_lock);
        resolve(L"SeCreateClientSecurity", &nt_late.create_client_security);
        resolve(L"SeImpersonateClientEx", &nt_late.impersonate_client);
        resolve(L"PsRevertToSelf", &nt_late.revert_to_self);
        resolve(L"SeTokenType", &nt_late.token_type);
        resolve(L"PsDereferencePrimaryToken", &nt_late.dereference_primary_token);
        POBJECT_TYPE *type;
        resolve(L"PsThreadType", &type); /* the import library does not have the variable */
        nt_late.thread_type = type != NULL ? *type : NULL;
        resolve(L"PsProcessType", &type);
        nt_late.process_type = type != NULL ? *type : NULL;
        resolve(L"PsGetProcessCreateTimeQuadPart", &nt_late.process_create_time);
        resolve(L"PsGetProcessExitStatus", &nt_late.process_exit_status);
        resolve(L"PsGetProcessExitProcessCalled", &nt_late.process_exit_called);
        resolve(L"SeQueryInformationToken", &nt_late.query_information_token);
        resolve(L"MmSecureVirtualMemory", &nt_late.secure_virtual_memory);
        resolve(L"MmUnsecureVirtualMemory", &nt_late.unsecure_virtual_memory);
        resolve(L"SeCaptureSubjectContext", &nt_late.capture_subject_context);
        resolve(L"SeReleaseSubjectContext", &nt_late.release_subject_context);
        resolve(L"SeTokenIsAdmin", &nt_late.token_is_admin);
        resolve(L"ObGetObjectSecurity", &nt_late.get_object_security);
        resolve(L"ObReleaseObjectSecurity", &nt_late.release_object_security);
        resolve(L"SeAccessCheck", &nt_late.access_check);
    }
}
