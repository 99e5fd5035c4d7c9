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

#endif
