/* SPDX-License-Identifier: MIT */
/* Se: client security contexts and impersonation; access control lists of devices. */

#include "sim/kernel/se.h"

#include "sim/ground/fault.h"
#include "sim/ground/handle.h"
#include "sim/ground/thread.h"
#include "sim/ground/violation.h"
#include "sim/kernel/device.h"

#include <stdlib.h>
#include <string.h>

/* A token stands for the thread's rights when it was captured. */
struct token {
    bool administrator;
    uint32_t user;
    unsigned flags;
};

static LONG tokens;      /* atomic */
static LONG descriptors; /* atomic */

struct descriptor {
    const struct sim_device *device;
};

NTSTATUS sim_SeCreateClientSecurity(PETHREAD thread, PSECURITY_QUALITY_OF_SERVICE quality, BOOLEAN remote,
                                    PSECURITY_CLIENT_CONTEXT context)
{
    sim_check_irql("SeCreateClientSecurity", PASSIVE_LEVEL);
    UNREFERENCED_PARAMETER(remote);
    if (thread != sim_self() || quality->Length != sizeof(*quality)) {
        sim_violation("security", "SeCreateClientSecurity with wrong arguments");
    }
    if (sim_fault("SeCreateClientSecurity")) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    struct token *token = malloc(sizeof(*token));
    token->administrator = thread->administrator;
    context->SecurityQos = *quality;
    context->ClientToken = token;
    __atomic_add_fetch(&tokens, 1, __ATOMIC_RELAXED);
    return STATUS_SUCCESS;
}

NTSTATUS sim_SeImpersonateClientEx(PSECURITY_CLIENT_CONTEXT context, PETHREAD thread)
{
    sim_check_irql("SeImpersonateClientEx", PASSIVE_LEVEL);
    struct sim_thread *self = sim_self();
    const struct token *token = context->ClientToken;
    UNREFERENCED_PARAMETER(thread);
    if (self->impersonating || !self->system) {
        sim_violation("security", "SeImpersonateClientEx in a thread that impersonates, or is no system thread");
    }
    if (sim_fault("SeImpersonateClientEx")) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    self->impersonating = true;
    self->administrator = token->administrator;
    return STATUS_SUCCESS;
}

void sim_PsRevertToSelf(void)
{
    sim_check_irql("PsRevertToSelf", PASSIVE_LEVEL);
    struct sim_thread *self = sim_self();
    if (!self->impersonating) {
        sim_violation("security", "PsRevertToSelf in a thread that does not impersonate");
    }
    self->impersonating = false;
    self->administrator = true;
}

TOKEN_TYPE sim_SeTokenType(PACCESS_TOKEN token)
{
    UNREFERENCED_PARAMETER(token);
    return TokenPrimary;
}

void sim_PsDereferencePrimaryToken(PACCESS_TOKEN token)
{
    sim_check_irql("PsDereferencePrimaryToken", PASSIVE_LEVEL);
    __atomic_sub_fetch(&tokens, 1, __ATOMIC_RELAXED);
    free(token);
}

void sim_SeCaptureSubjectContext(PSECURITY_SUBJECT_CONTEXT context)
{
    sim_check_irql("SeCaptureSubjectContext", PASSIVE_LEVEL);
    struct token *token = malloc(sizeof(*token));
    token->administrator = sim_self()->administrator;
    token->user = sim_self()->user;
    token->flags = sim_self()->token_flags;
    *context = (SECURITY_SUBJECT_CONTEXT){.PrimaryToken = token};
    __atomic_add_fetch(&tokens, 1, __ATOMIC_RELAXED);
    if (sim_self()->token_level != 0) {
        struct token *client = malloc(sizeof(*client));
        *client = *token;
        client->administrator = sim_self()->of_administrator;
        context->ClientToken = client;
        context->ImpersonationLevel = (SECURITY_IMPERSONATION_LEVEL)sim_self()->token_level;
    }
}

void sim_SeReleaseSubjectContext(PSECURITY_SUBJECT_CONTEXT context)
{
    sim_check_irql("SeReleaseSubjectContext", PASSIVE_LEVEL);
    __atomic_sub_fetch(&tokens, 1, __ATOMIC_RELAXED);
    free(context->PrimaryToken);
    free(context->ClientToken);
}

BOOLEAN sim_SeTokenIsAdmin(PACCESS_TOKEN token)
{
    return ((const struct token *)token)->administrator;
}

struct user_sid {
    TOKEN_USER user;
    UCHAR sid[16];
};

/* S-1-5-21-<user>; the caller frees it as pool. */
NTSTATUS sim_SeQueryInformationToken(PACCESS_TOKEN token, TOKEN_INFORMATION_CLASS information_class, PVOID *information)
{
    const UCHAR sid[] = {1, 2, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0};
    sim_check_irql("SeQueryInformationToken", PASSIVE_LEVEL);
    if (information_class != TokenUser) {
        sim_violation("test", "SeQueryInformationToken: only the user is simulated");
    }
    if (sim_fault("SeQueryInformationToken")) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    struct user_sid *answer = ExAllocatePoolWithTag(PagedPool, sizeof(*answer), SIM_SYSTEM_TAG);
    if (answer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    memcpy(answer->sid, sid, sizeof(sid));
    memcpy(answer->sid + sizeof(sid), &((const struct token *)token)->user, sizeof(uint32_t));
    answer->user = (TOKEN_USER){{answer->sid, 0}};
    *information = answer;
    return STATUS_SUCCESS;
}

/* A device's; it says what its device grants now. */
NTSTATUS sim_ObGetObjectSecurity(PVOID object, PSECURITY_DESCRIPTOR *descriptor, BOOLEAN *allocated)
{
    sim_check_irql("ObGetObjectSecurity", PASSIVE_LEVEL);
    if (sim_fault("ObGetObjectSecurity")) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    struct descriptor *copy = malloc(sizeof(*copy));
    copy->device = object;
    *descriptor = copy;
    *allocated = TRUE;
    __atomic_add_fetch(&descriptors, 1, __ATOMIC_RELAXED);
    return STATUS_SUCCESS;
}

void sim_ObReleaseObjectSecurity(PSECURITY_DESCRIPTOR descriptor, BOOLEAN allocated)
{
    sim_check_irql("ObReleaseObjectSecurity", PASSIVE_LEVEL);
    if (!allocated) {
        sim_violation("security", "ObReleaseObjectSecurity is not told what ObGetObjectSecurity said");
    }
    __atomic_sub_fetch(&descriptors, 1, __ATOMIC_RELAXED);
    free(descriptor);
}

BOOLEAN sim_SeAccessCheck(PSECURITY_DESCRIPTOR descriptor, PSECURITY_SUBJECT_CONTEXT subject, BOOLEAN locked,
                          ACCESS_MASK desired, ACCESS_MASK previous, PVOID *privileges, PGENERIC_MAPPING mapping,
                          KPROCESSOR_MODE mode, ACCESS_MASK *granted, NTSTATUS *status)
{
    sim_check_irql("SeAccessCheck", PASSIVE_LEVEL);
    const struct token *token = SeQuerySubjectContextToken(subject);
    UNREFERENCED_PARAMETER(privileges);
    if (mode != UserMode || locked || mapping == NULL) {
        sim_violation("security", "SeAccessCheck that allows everything, or with a lock that nobody holds");
    }
    const struct sim_device *device = ((const struct descriptor *)descriptor)->device;
    if (subject->ClientToken != NULL && subject->ImpersonationLevel < SecurityImpersonation) {
        *granted = 0;
        *status = STATUS_BAD_IMPERSONATION_LEVEL;
        return FALSE;
    }
    *granted = sim_device_granted(device, token->administrator, SIM_UNRESTRICTED, token->flags) & desired;
    *granted |= previous;
    *status = *granted == (desired | previous) ? STATUS_SUCCESS : STATUS_ACCESS_DENIED;
    return NT_SUCCESS(*status);
}

void sim_tokens_check_released(void)
{
    if (__atomic_load_n(&descriptors, __ATOMIC_RELAXED) != 0) {
        sim_violation("leak", "an object's security descriptor is left");
    }
    if (__atomic_load_n(&tokens, __ATOMIC_RELAXED) != 0) {
        sim_violation("leak", "a client's token is left");
    }
}

/* ---- descriptors ---- */

struct sid {
    UCHAR revision, count, authority[6];
    ULONG sub_authority[6]; /* as many as are looked at */
};

/* S-1-5-80-..., made of the name of a service: the SHA-1 of "BALLASTSVC" in UTF-16. */
static const ULONG service_hash[5] = {1922388644u, 3692147508u, 2366317304u, 664782575u, 3232739642u};

/* `device` is NULL for other objects, of which nobody asks what their descriptor allows. */
static void grant(struct sim_device *device, const struct sid *sid, ACCESS_MASK mask)
{
    struct sim_device other = {.references = 0};
    device = device != NULL ? device : &other;
    if (sid->authority[5] == 1 && sid->sub_authority[0] == SECURITY_WORLD_RID) {
        device->everyone |= mask;
    } else if (sid->authority[5] == 5 && sid->sub_authority[0] == SECURITY_LOCAL_SYSTEM_RID) {
        device->system |= mask;
    } else if (sid->authority[5] == 5 && sid->count == 2 && sid->sub_authority[1] == DOMAIN_ALIAS_RID_ADMINS) {
        device->administrators |= mask;
    } else if (sid->authority[5] == 5 && sid->sub_authority[0] == SECURITY_RESTRICTED_CODE_RID) {
        device->restricted |= mask;
    } else if (sid->authority[5] == 15 && sid->count == 2 && sid->sub_authority[0] == 2 && sid->sub_authority[1] == 1) {
        device->packages |= mask;
    } else if (sid->authority[5] == 5 && sid->count == 6 && sid->sub_authority[0] == 80 &&
               memcmp(sid->sub_authority + 1, service_hash, sizeof(service_hash)) == 0) {
        device->service |= mask;
    } else {
        sim_violation("security", "an access control entry for somebody unknown");
    }
}

NTSTATUS ZwSetSecurityObject(HANDLE handle, ULONG information, PSECURITY_DESCRIPTOR descriptor)
{
    sim_check_irql("ZwSetSecurityObject", PASSIVE_LEVEL);
    struct sim_device *device = NULL;
    if (sim_handle_kind(handle, "ZwSetSecurityObject") != SIM_HANDLE_EVENT) {
        device = sim_handle_object(handle, SIM_HANDLE_DEVICE, "ZwSetSecurityObject");
    }
    const SECURITY_DESCRIPTOR_RELATIVE *relative = descriptor;
    if (information != DACL_SECURITY_INFORMATION || (relative->Control & SE_SELF_RELATIVE) == 0 ||
        (relative->Control & SE_DACL_PRESENT) == 0) {
        sim_violation("security", "only self-relative descriptors with a DACL are simulated");
    }
    if (sim_fault("ZwSetSecurityObject")) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    const ACL *acl = (const ACL *)((const char *)descriptor + relative->Dacl);
    const char *entry = (const char *)(acl + 1);
    if (device != NULL) {
        device->has_dacl = true;
        device->system = device->administrators = device->everyone = device->service = 0;
        device->restricted = device->packages = 0;
    }
    for (unsigned i = 0; i < acl->AceCount; i++) {
        const ACE_HEADER *header = (const ACE_HEADER *)entry;
        ACCESS_MASK mask;
        struct sid sid = {.count = 0};
        memcpy(&mask, entry + sizeof(*header), sizeof(mask));
        memcpy(&sid, entry + sizeof(*header) + sizeof(mask), header->AceSize - sizeof(*header) - sizeof(mask));
        grant(device, &sid, mask);
        entry += header->AceSize;
    }
    if (entry != (const char *)acl + acl->AclSize) {
        sim_violation("security", "the size of an access control list is not that of its entries");
    }
    return STATUS_SUCCESS;
}
