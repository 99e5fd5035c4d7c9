/* SPDX-License-Identifier: MIT */
/* Client security contexts, impersonation, descriptors. */
#ifndef SIM_KERNEL_SE_H
#define SIM_KERNEL_SE_H

#include <ntifs.h>

void sim_tokens_check_released(void);

/* What drivers look up by name. */
NTSTATUS sim_SeCreateClientSecurity(PETHREAD thread, PSECURITY_QUALITY_OF_SERVICE quality, BOOLEAN remote,
                                    PSECURITY_CLIENT_CONTEXT context);
NTSTATUS sim_SeImpersonateClientEx(PSECURITY_CLIENT_CONTEXT context, PETHREAD thread);
void sim_PsRevertToSelf(void);
TOKEN_TYPE sim_SeTokenType(PACCESS_TOKEN token);
void sim_PsDereferencePrimaryToken(PACCESS_TOKEN token);
void sim_SeCaptureSubjectContext(PSECURITY_SUBJECT_CONTEXT context);
void sim_SeReleaseSubjectContext(PSECURITY_SUBJECT_CONTEXT context);
BOOLEAN sim_SeTokenIsAdmin(PACCESS_TOKEN token);
NTSTATUS sim_SeQueryInformationToken(PACCESS_TOKEN token, TOKEN_INFORMATION_CLASS information_class,
                                     PVOID *information);
NTSTATUS sim_ObGetObjectSecurity(PVOID object, PSECURITY_DESCRIPTOR *descriptor, BOOLEAN *allocated);
void sim_ObReleaseObjectSecurity(PSECURITY_DESCRIPTOR descriptor, BOOLEAN allocated);
BOOLEAN sim_SeAccessCheck(PSECURITY_DESCRIPTOR descriptor, PSECURITY_SUBJECT_CONTEXT subject, BOOLEAN locked,
                          ACCESS_MASK desired, ACCESS_MASK previous, PVOID *privileges, PGENERIC_MAPPING mapping,
                          KPROCESSOR_MODE mode, ACCESS_MASK *granted, NTSTATUS *status);

#endif
