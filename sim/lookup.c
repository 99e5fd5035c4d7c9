/* SPDX-License-Identifier: MIT */
/* The functions that drivers look up by name. */

#include "sim/ground/options.h"
#include "sim/ground/thread.h"
#include "sim/kernel/boot.h"
#include "sim/kernel/ke.h"
#include "sim/kernel/log.h"
#include "sim/kernel/mdl.h"
#include "sim/kernel/mm.h"
#include "sim/kernel/processor.h"
#include "sim/kernel/rtl.h"
#include "sim/kernel/se.h"
#include "sim/kernel/shutdown.h"
#include "sim/kernel/user_thread.h"
#include "sim/kernel/vpb.h"
#include "sim/world/file.h"

#include <string.h>

static const struct {
    const char *name;
    void (*routine)(void);
    bool nt52;
} routines[] = {
    {"IoAcquireVpbSpinLock", (void (*)(void))sim_IoAcquireVpbSpinLock, true},
    {"IoRegisterShutdownNotification", (void (*)(void))sim_IoRegisterShutdownNotification, true},
    {"IoReleaseVpbSpinLock", (void (*)(void))sim_IoReleaseVpbSpinLock, true},
    {"IoUnregisterShutdownNotification", (void (*)(void))sim_IoUnregisterShutdownNotification, true},
    {"KeEnterGuardedRegion", sim_KeEnterGuardedRegion, true},
    {"KeLeaveGuardedRegion", sim_KeLeaveGuardedRegion, true},
    {"MmAllocateMappingAddress", (void (*)(void))sim_MmAllocateMappingAddress, true},
    {"MmFreeMappingAddress", (void (*)(void))sim_MmFreeMappingAddress, true},
    {"MmMapLockedPagesWithReservedMapping", (void (*)(void))sim_MmMapLockedPagesWithReservedMapping, true},
    {"MmUnmapReservedMapping", (void (*)(void))sim_MmUnmapReservedMapping, true},
    {"IoRegisterBootDriverReinitialization", (void (*)(void))sim_IoRegisterBootDriverReinitialization, true},
    {"KeGetCurrentProcessorNumberEx", (void (*)(void))sim_KeGetCurrentProcessorNumberEx, false},
    {"KeQueryMaximumProcessorCountEx", (void (*)(void))sim_KeQueryMaximumProcessorCountEx, false},
    {"KeQueryActiveProcessors", (void (*)(void))sim_KeQueryActiveProcessors, true},
    {"ZwFlushBuffersFile", (void (*)(void))sim_ZwFlushBuffersFile, false},
    {"ZwLockVirtualMemory", (void (*)(void))sim_ZwLockVirtualMemory, false},
    {"IoAllocateErrorLogEntry", (void (*)(void))sim_IoAllocateErrorLogEntry, true},
    {"IoWriteErrorLogEntry", (void (*)(void))sim_IoWriteErrorLogEntry, true},
    {"SeCreateClientSecurity", (void (*)(void))sim_SeCreateClientSecurity, true},
    {"SeImpersonateClientEx", (void (*)(void))sim_SeImpersonateClientEx, true},
    {"PsRevertToSelf", (void (*)(void))sim_PsRevertToSelf, true},
    {"SeTokenType", (void (*)(void))sim_SeTokenType, true},
    {"PsDereferencePrimaryToken", (void (*)(void))sim_PsDereferencePrimaryToken, true},
    {"SeCaptureSubjectContext", (void (*)(void))sim_SeCaptureSubjectContext, true},
    {"SeReleaseSubjectContext", (void (*)(void))sim_SeReleaseSubjectContext, true},
    {"SeAccessCheck", (void (*)(void))sim_SeAccessCheck, true},
    {"ObGetObjectSecurity", (void (*)(void))sim_ObGetObjectSecurity, true},
    {"ObReleaseObjectSecurity", (void (*)(void))sim_ObReleaseObjectSecurity, true},
    {"SeTokenIsAdmin", (void (*)(void))sim_SeTokenIsAdmin, true},
    {"SeQueryInformationToken", (void (*)(void))sim_SeQueryInformationToken, true},
    {"MmSecureVirtualMemory", (void (*)(void))sim_MmSecureVirtualMemory, true},
    {"MmUnsecureVirtualMemory", (void (*)(void))sim_MmUnsecureVirtualMemory, true},
    {"PsGetProcessCreateTimeQuadPart", (void (*)(void))sim_PsGetProcessCreateTimeQuadPart, true},
    {"PsGetProcessExitStatus", (void (*)(void))sim_PsGetProcessExitStatus, true},
    {"PsGetProcessExitProcessCalled", (void (*)(void))sim_PsGetProcessExitProcessCalled, true},
};

PVOID MmGetSystemRoutineAddress(PUNICODE_STRING string)
{
    char name[64];
    sim_check_irql("MmGetSystemRoutineAddress", PASSIVE_LEVEL);
    if (!sim_narrow(string, name, sizeof(name))) {
        return NULL;
    }
    if (strcmp(name, "PsThreadType") == 0) {
        return sim_thread_type();
    }
    if (strcmp(name, "PsProcessType") == 0) {
        return sim_process_type();
    }
    for (size_t i = 0; i < sizeof(routines) / sizeof(routines[0]); i++) {
        if (strcmp(routines[i].name, name) == 0 && (routines[i].nt52 || !sim_get_options()->nt52)) {
            PVOID address;
            memcpy(&address, &routines[i].routine, sizeof(address));
            return address;
        }
    }
    return NULL;
}
