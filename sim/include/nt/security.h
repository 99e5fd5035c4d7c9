/* SPDX-License-Identifier: MIT */
/* Access rights, security. */
#ifndef SIM_INCLUDE_NT_SECURITY_H
#define SIM_INCLUDE_NT_SECURITY_H

#include "nt/types.h"

#define FILE_READ_DATA               0x00000001u
#define FILE_WRITE_DATA              0x00000002u
#define FILE_TRAVERSE                0x00000020u
#define FILE_READ_ATTRIBUTES         0x00000080u
#define FILE_WRITE_ATTRIBUTES        0x00000100u
#define READ_CONTROL                 0x00020000u
#define WRITE_DAC                    0x00040000u
#define SYNCHRONIZE                  0x00100000u
#define GENERIC_ALL                  0x10000000u
#define GENERIC_EXECUTE              0x20000000u
#define GENERIC_WRITE                0x40000000u
#define GENERIC_READ                 0x80000000u
#define FILE_ALL_ACCESS              0x001F01FFu
#define FILE_GENERIC_READ            0x00120089u
#define FILE_GENERIC_WRITE           0x00120116u
#define FILE_GENERIC_EXECUTE         0x001200A0u
#define EVENT_QUERY_STATE            0x00000001u
#define EVENT_MODIFY_STATE           0x00000002u
#define EVENT_ALL_ACCESS             0x001F0003u
#define KEY_READ                     0x00020019u

#define SECURITY_DESCRIPTOR_REVISION 1
#define SE_DACL_PRESENT              0x0004
#define SE_DACL_PROTECTED            0x1000
#define SE_SELF_RELATIVE             0x8000
#define DACL_SECURITY_INFORMATION    0x00000004u
#define ACL_REVISION                 2
#define ACCESS_ALLOWED_ACE_TYPE      0
#define SID_REVISION                 1
#define SECURITY_WORLD_RID           0
#define SECURITY_LOCAL_SYSTEM_RID    18
#define SECURITY_RESTRICTED_CODE_RID 12
#define SECURITY_BUILTIN_DOMAIN_RID  32
#define DOMAIN_ALIAS_RID_ADMINS      544
#define SECURITY_STATIC_TRACKING     FALSE

typedef struct {
    UCHAR Revision, Sbz1;
    USHORT Control;
    ULONG Owner, Group, Sacl, Dacl;
} SECURITY_DESCRIPTOR_RELATIVE;
typedef void *PSECURITY_DESCRIPTOR;

typedef struct {
    ACCESS_MASK GenericRead, GenericWrite, GenericExecute, GenericAll;
} GENERIC_MAPPING, *PGENERIC_MAPPING;

typedef struct {
    UCHAR AclRevision, Sbz1;
    USHORT AclSize, AceCount, Sbz2;
} ACL;

typedef struct {
    UCHAR AceType, AceFlags;
    USHORT AceSize;
} ACE_HEADER;

typedef enum {
    SecurityAnonymous,
    SecurityIdentification,
    SecurityImpersonation,
    SecurityDelegation,
} SECURITY_IMPERSONATION_LEVEL;

typedef enum {
    TokenPrimary = 1,
    TokenImpersonation,
} TOKEN_TYPE;

typedef struct {
    ULONG Length;
    SECURITY_IMPERSONATION_LEVEL ImpersonationLevel;
    BOOLEAN ContextTrackingMode, EffectiveOnly;
} SECURITY_QUALITY_OF_SERVICE, *PSECURITY_QUALITY_OF_SERVICE;

typedef void *PACCESS_TOKEN;

typedef struct {
    SECURITY_QUALITY_OF_SERVICE SecurityQos;
    PACCESS_TOKEN ClientToken;
} SECURITY_CLIENT_CONTEXT, *PSECURITY_CLIENT_CONTEXT;

typedef struct {
    PACCESS_TOKEN ClientToken;
    SECURITY_IMPERSONATION_LEVEL ImpersonationLevel;
    PACCESS_TOKEN PrimaryToken;
} SECURITY_SUBJECT_CONTEXT, *PSECURITY_SUBJECT_CONTEXT;

typedef void *PSID;

typedef struct {
    PSID Sid;
    ULONG Attributes;
} SID_AND_ATTRIBUTES;

typedef struct {
    SID_AND_ATTRIBUTES User;
} TOKEN_USER, *PTOKEN_USER;

typedef enum {
    TokenUser = 1,
} TOKEN_INFORMATION_CLASS;

#define SeQuerySubjectContextToken(context) \
    ((context)->ClientToken != NULL ? (context)->ClientToken : (context)->PrimaryToken)

#endif
