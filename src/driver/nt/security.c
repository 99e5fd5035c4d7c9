/* SPDX-License-Identifier: MIT */
/* Device security descriptors in self-relative form, laid out as structures. */

#include "driver/nt/security.h"
#include "driver/nt/late.h"
#include "driver/nt/wine.h"

struct sid_1 {
    UCHAR revision, sub_authorities, authority[6];
    ULONG sub_authority[1];
};

struct sid_2 {
    UCHAR revision, sub_authorities, authority[6];
    ULONG sub_authority[2];
};

struct ace_1 {
    ACE_HEADER header;
    ACCESS_MASK mask;
    struct sid_1 sid;
};

struct ace_2 {
    ACE_HEADER header;
    ACCESS_MASK mask;
    struct sid_2 sid;
};

struct device_security {
    SECURITY_DESCRIPTOR_RELATIVE descriptor;
    ACL dacl;
    struct ace_1 system;
    struct ace_2 administrators;
    struct ace_1 everyone;
    struct ace_1 restricted;
};
_Static_assert(sizeof(struct device_security) == 20 + 8 + 20 + 24 + 20 + 20, "no padding: the layout is the kernel's");

#define NT_AUTHORITY     \
    {                    \
        0, 0, 0, 0, 0, 5 \
    }
#define WORLD_AUTHORITY  \
    {                    \
        0, 0, 0, 0, 0, 1 \
    }
#define ACE(type)                                \
    {                                            \
        ACCESS_ALLOWED_ACE_TYPE, 0, sizeof(type) \
    }

/* D:P(A;;<all>;;;SY)(A;;<all>;;;BA)(A;;<everyone>;;;WD)(A;;<restricted>;;;RC) */
static struct device_security describe(ACCESS_MASK all, ACCESS_MASK everyone, ACCESS_MASK restricted)
{
    return (struct device_security){
        .descriptor = {.Revision = SECURITY_DESCRIPTOR_REVISION,
                       .Control = SE_SELF_RELATIVE | SE_DACL_PRESENT | SE_DACL_PROTECTED,
                       .Dacl = FIELD_OFFSET(struct device_security, dacl)},
        .dacl = {.AclRevision = ACL_REVISION,
                 .AclSize = sizeof(struct device_security) - FIELD_OFFSET(struct device_security, dacl),
                 .AceCount = 4},
        .system = {ACE(struct ace_1), all, {SID_REVISION, 1, NT_AUTHORITY, {SECURITY_LOCAL_SYSTEM_RID}}},
        .administrators = {ACE(struct ace_2),
                           all,
                           {SID_REVISION, 2, NT_AUTHORITY, {SECURITY_BUILTIN_DOMAIN_RID, DOMAIN_ALIAS_RID_ADMINS}}},
        .everyone = {ACE(struct ace_1), everyone, {SID_REVISION, 1, WORLD_AUTHORITY, {SECURITY_WORLD_RID}}},
        .restricted = {ACE(struct ace_1), restricted, {SID_REVISION, 1, NT_AUTHORITY, {SECURITY_RESTRICTED_CODE_RID}}},
    };
}

NTSTATUS nt_handle_protect(HANDLE handle, ACCESS_MASK all, ACCESS_MASK everyone, ACCESS_MASK restricted)
{
    struct device_security security = describe(all, everyone, restricted);
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    return ZwSetSecurityObject(handle, DACL_SECURITY_INFORMATION, (PSECURITY_DESCRIPTOR)&security);
}

NTSTATUS nt_device_protect(PDEVICE_OBJECT device, ACCESS_MASK everyone, ACCESS_MASK restricted)
{
    HANDLE handle;
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    NTSTATUS status = ObOpenObjectByPointer(device, OBJ_KERNEL_HANDLE, NULL, WRITE_DAC, NULL, KernelMode, &handle);
    if (NT_SUCCESS(status)) {
        status = nt_handle_protect(handle, FILE_ALL_ACCESS, everyone, restricted);
        (void)ZwClose(handle);
    }
    return status;
}

bool nt_caller_is_administrator(void)
{
    SECURITY_SUBJECT_CONTEXT subject;
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    if (nt_late.token_is_admin == NULL) {
        return nt_in_wine;
    }
    nt_late.capture_subject_context(&subject);
    /* Whoever only identifies an administrator is none. */
    bool administrator = (subject.ClientToken == NULL || subject.ImpersonationLevel >= SecurityImpersonation) &&
                         nt_late.token_is_admin(SeQuerySubjectContextToken(&subject));
    nt_late.release_subject_context(&subject);
    return administrator;
}

/* Wine has all of these as stubs, and there late.c has not looked them up. */
static bool can_check_access(void)
{
    return nt_late.access_check != NULL && nt_late.capture_subject_context != NULL &&
           nt_late.release_subject_context != NULL && nt_late.get_object_security != NULL &&
           nt_late.release_object_security != NULL;
}

static NTSTATUS check_caller(PDEVICE_OBJECT device, ACCESS_MASK access)
{
    GENERIC_MAPPING mapping = {FILE_GENERIC_READ, FILE_GENERIC_WRITE, FILE_GENERIC_EXECUTE, FILE_ALL_ACCESS};
    SECURITY_SUBJECT_CONTEXT subject;
    PSECURITY_DESCRIPTOR descriptor;
    BOOLEAN allocated;
    ACCESS_MASK granted;
    NTSTATUS status = nt_late.get_object_security(device, &descriptor, &allocated);
    if (NT_SUCCESS(status)) {
        nt_late.capture_subject_context(&subject);
        (void)nt_late.access_check(descriptor, &subject, FALSE, access, 0, NULL, &mapping, UserMode, &granted, &status);
        nt_late.release_subject_context(&subject);
        nt_late.release_object_security(descriptor, allocated);
    }
    return status;
}

NTSTATUS nt_check_sender(PDEVICE_OBJECT device, PIRP irp, ACCESS_MASK access)
{
    if (nt_in_wine || irp->RequestorMode == KernelMode) {
        return STATUS_SUCCESS;
    }
    /* In another thread than the sender's the caller would be somebody else. */
    if (nt_irql() > PASSIVE_LEVEL || irp->Tail.Overlay.Thread != PsGetCurrentThread() || !can_check_access()) {
        return STATUS_ACCESS_DENIED;
    }
    return check_caller(device, access);
}
