/* SPDX-License-Identifier: MIT */
/*
 * The device for who feeds samples. A service that does nothing but measure need not be an administrator: its own SID, which
 * the system derives from its name and puts into the token of its process, opens this device. PASSIVE_LEVEL.
 */

#include "driver/ai/driver.h"
#include "driver/nt/link.h"
#include "driver/nt/pool.h"

#define DEVICE_NAME L"\\Device\\BallastAiFeed"
#define LINK_NAME   L"\\DosDevices\\BallastAiFeed"

struct sid {
    UCHAR revision, sub_authorities, authority[6];
    ULONG sub_authority[6];
};

#define SID_BYTES(parts) (FIELD_OFFSET(struct sid, sub_authority) + (parts) * sizeof(ULONG))
#define NT_AUTHORITY     \
    {                    \
        0, 0, 0, 0, 0, 5 \
    }

/* Everybody who may; nobody else. */
static const struct sid allowed[] = {
    {SID_REVISION, 1, NT_AUTHORITY, {SECURITY_LOCAL_SYSTEM_RID}},
    {SID_REVISION, 2, NT_AUTHORITY, {SECURITY_BUILTIN_DOMAIN_RID, DOMAIN_ALIAS_RID_ADMINS}},
    /* S-1-5-80-...: the SHA-1 of "BALLASTSVC" in UTF-16. */
    {SID_REVISION, 6, NT_AUTHORITY, {80, 1922388644u, 3692147508u, 2366317304u, 664782575u, 3232739642u}},
};
#define ACCESS_ALLOWED (FILE_GENERIC_READ | FILE_GENERIC_WRITE)
#define ALLOWED        (sizeof(allowed) / sizeof(allowed[0]))

struct descriptor {
    SECURITY_DESCRIPTOR_RELATIVE head;
    ACL dacl;
    UCHAR entries[ALLOWED * (sizeof(ACE_HEADER) + sizeof(ACCESS_MASK) + sizeof(struct sid))];
};

static void describe(struct descriptor *descriptor)
{
    UCHAR *at = descriptor->entries;
    descriptor->head.Revision = SECURITY_DESCRIPTOR_REVISION;
    descriptor->head.Control = SE_SELF_RELATIVE | SE_DACL_PRESENT | SE_DACL_PROTECTED;
    descriptor->head.Dacl = FIELD_OFFSET(struct descriptor, dacl);
    for (size_t i = 0; i < ALLOWED; i++) {
        USHORT sid = (USHORT)SID_BYTES(allowed[i].sub_authorities);
        const ACCESS_MASK mask = ACCESS_ALLOWED;
        const ACE_HEADER header = {ACCESS_ALLOWED_ACE_TYPE, 0, (USHORT)(sizeof(header) + sizeof(mask) + sid)};
        RtlCopyMemory(at, &header, sizeof(header));
        RtlCopyMemory(at + sizeof(header), &mask, sizeof(mask));
        RtlCopyMemory(at + sizeof(header) + sizeof(mask), &allowed[i], sid);
        at += header.AceSize;
    }
    descriptor->dacl.AceCount = ALLOWED;
    descriptor->dacl.AclSize = (USHORT)((ULONG_PTR)at - (ULONG_PTR)&descriptor->dacl);
}

static NTSTATUS protect(PDEVICE_OBJECT device)
{
    struct descriptor descriptor = {.dacl = {.AclRevision = ACL_REVISION}};
    HANDLE handle;
    NTSTATUS status = ObOpenObjectByPointer(device, OBJ_KERNEL_HANDLE, NULL, WRITE_DAC, NULL, KernelMode, &handle);
    if (NT_SUCCESS(status)) {
        describe(&descriptor);
        status = ZwSetSecurityObject(handle, DACL_SECURITY_INFORMATION, (PSECURITY_DESCRIPTOR)&descriptor);
        (void)ZwClose(handle);
    }
    return status;
}

NTSTATUS ai_feed_create(void)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(DEVICE_NAME);
    UNICODE_STRING link = RTL_CONSTANT_STRING(LINK_NAME);
    PDEVICE_OBJECT device;
    NTSTATUS status =
        IoCreateDevice(ai_driver.object, 0, &name, FILE_DEVICE_UNKNOWN, FILE_DEVICE_SECURE_OPEN, FALSE, &device);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = protect(device);
    if (NT_SUCCESS(status)) {
        status = nt_link_create(&link, &name);
    }
    if (!NT_SUCCESS(status)) {
        IoDeleteDevice(device);
        return status;
    }
    ai_driver.feed_device = device;
    device->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
    return status;
}

void ai_feed_delete(void)
{
    UNICODE_STRING link = RTL_CONSTANT_STRING(LINK_NAME);
    (void)IoDeleteSymbolicLink(&link);
    IoDeleteDevice(ai_driver.feed_device);
}
