/* SPDX-License-Identifier: MIT */
/* Processes and users; caller.h has the contract. */

#include "driver/nt/caller.h"
#include "driver/nt/late.h"
#include "driver/nt/wine.h"

#define PROCESS_QUERY 0x0400u /* PROCESS_QUERY_INFORMATION */

static NTSTATUS read_sid(PACCESS_TOKEN token, struct nt_user *user)
{
    PVOID information;
    NTSTATUS status = nt_late.query_information_token(token, TokenUser, &information);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    const uint8_t *sid = ((const TOKEN_USER *)information)->User.Sid;
    user->length = 8 + 4u * sid[1]; /* as many parts as its second byte says */
    if (user->length <= NT_USER_BYTES) {
        RtlCopyMemory(user->sid, sid, user->length);
    } else {
        status = STATUS_UNSUCCESSFUL;
    }
    ExFreePool(information);
    return status;
}

NTSTATUS nt_caller_user(struct nt_user *user)
{
    SECURITY_SUBJECT_CONTEXT subject;
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    RtlZeroMemory(user, sizeof(*user));
    if (nt_late.token_is_admin == NULL || nt_late.query_information_token == NULL) {
        user->administrator = nt_in_wine;
        return STATUS_SUCCESS;
    }
    nt_late.capture_subject_context(&subject);
    user->administrator = nt_late.token_is_admin(subject.PrimaryToken);
    NTSTATUS status = read_sid(subject.PrimaryToken, user);
    nt_late.release_subject_context(&subject);
    return status;
}

/* What Wine's process tells of itself. */
static uint64_t ask_for_create_time(PEPROCESS process)
{
    KERNEL_USER_TIMES times;
    HANDLE handle;
    uint64_t time = 0;
    if (NT_SUCCESS(ObOpenObjectByPointer(process, OBJ_KERNEL_HANDLE, NULL, PROCESS_QUERY, NULL, KernelMode, &handle))) {
        if (NT_SUCCESS(ZwQueryInformationProcess(handle, ProcessTimes, &times, sizeof(times), NULL))) {
            time = (uint64_t)times.CreateTime.QuadPart;
        }
        (void)ZwClose(handle);
    }
    return time;
}

bool nt_process_has_exited(PEPROCESS process)
{
    NT_IRQL_AT_MOST(APC_LEVEL);
    if (nt_late.process_exit_status != NULL && nt_late.process_exit_status(process) != STATUS_PENDING) {
        return true;
    }
    /* Its threads have all begun to end: what STATUS_PENDING as an exit code, which programs may choose, does not hide. */
    return nt_late.process_exit_called != NULL && nt_late.process_exit_called(process);
}

uint64_t nt_process_create_time(PEPROCESS process)
{
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    return nt_late.process_create_time != NULL ? (uint64_t)nt_late.process_create_time(process)
                                               : ask_for_create_time(process);
}
