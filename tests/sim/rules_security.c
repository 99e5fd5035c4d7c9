/* SPDX-License-Identifier: MIT */
/* Drivers that lend users the kernel's rights, take others' links, or shut restricted programs out. rules.h says how. */

#include "tests/sim/rules.h"

#include <string.h>

/* ---- passing requests on ---- */

static HANDLE open_file(void)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\??\\C:\\file");
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK io;
    HANDLE handle = NULL;
    CHECK(sim_volume_create("file", NULL, 512));
    InitializeObjectAttributes(&attributes, &name, OBJ_KERNEL_HANDLE, NULL, NULL);
    CHECK_EQUAL(ZwCreateFile(&handle, GENERIC_READ, &attributes, &io, NULL, 0, 0, FILE_OPEN,
                             FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0),
                STATUS_SUCCESS);
    return handle;
}

static NTSTATUS pass(PIRP irp, bool file_system, ULONG code)
{
    IO_STATUS_BLOCK io;
    HANDLE handle = open_file();
    void *input = irp->AssociatedIrp.SystemBuffer;
    if (file_system) {
        (void)ZwFsControlFile(handle, NULL, NULL, NULL, &io, code, input, 4, NULL, 0);
    } else {
        (void)ZwDeviceIoControlFile(handle, NULL, NULL, NULL, &io, code, input, 4, NULL, 0);
    }
    (void)ZwClose(handle);
    return good(irp);
}

static NTSTATUS scsi_pass_through_direct(PIRP irp)
{
    return pass(irp, false, 0x0004D014);
}

static NTSTATUS move_file(PIRP irp)
{
    return pass(irp, true, 0x00090074);
}

static NTSTATUS harmless_codes(PIRP irp)
{
    (void)pass(irp, false, 0x0007405C); /* IOCTL_DISK_GET_LENGTH_INFO */
    return STATUS_SUCCESS;
}

/* ---- links ---- */

static UNICODE_STRING link_name = RTL_CONSTANT_STRING(L"\\DosDevices\\V:");

static NTSTATUS link_of_others_deleted(PIRP irp)
{
    UNICODE_STRING target = RTL_CONSTANT_STRING(L"\\Device\\Other");
    sim_foreign_device("\\Device\\Other");
    (void)IoCreateSymbolicLink(&link_name, &target);
    (void)IoDeleteSymbolicLink(&link_name);
    return good(irp);
}

/* The driver's own, and one that a driver has left which does not exist any more. */
static NTSTATUS links_deleted(PIRP irp)
{
    UNICODE_STRING own = RTL_CONSTANT_STRING(L"\\Device\\Wrong");
    UNICODE_STRING gone = RTL_CONSTANT_STRING(L"\\Device\\Gone");
    CHECK_EQUAL(IoCreateSymbolicLink(&link_name, &own), STATUS_SUCCESS);
    CHECK_EQUAL(IoDeleteSymbolicLink(&link_name), STATUS_SUCCESS);
    CHECK_EQUAL(IoCreateSymbolicLink(&link_name, &gone), STATUS_SUCCESS);
    CHECK_EQUAL(IoDeleteSymbolicLink(&link_name), STATUS_SUCCESS);
    return good(irp);
}

/* ---- restricted programs ---- */

struct ace {
    ACE_HEADER header;
    ACCESS_MASK mask;
    UCHAR revision, count, authority[6];
    ULONG sub_authority[2];
};

/* Everybody, and, if they are to be let in, restricted programs and app containers: may read and traverse. */
static void protect(bool restricted)
{
    static const ACCESS_MASK mask = FILE_READ_DATA | FILE_TRAVERSE;
    struct {
        SECURITY_DESCRIPTOR_RELATIVE head;
        ACL acl;
        struct ace aces[3];
    } descriptor = {
        .head = {SECURITY_DESCRIPTOR_REVISION, 0, SE_DACL_PRESENT | SE_SELF_RELATIVE, 0, 0, 0, sizeof(descriptor.head)},
        .acl = {.AclRevision = ACL_REVISION, .AceCount = restricted ? 3 : 1},
        .aces = {{{ACCESS_ALLOWED_ACE_TYPE, 0, 24}, mask, SID_REVISION, 1, {0, 0, 0, 0, 0, 1}, {SECURITY_WORLD_RID}},
                 {{ACCESS_ALLOWED_ACE_TYPE, 0, 24},
                  mask,
                  SID_REVISION,
                  1,
                  {0, 0, 0, 0, 0, 5},
                  {SECURITY_RESTRICTED_CODE_RID}},
                 {{ACCESS_ALLOWED_ACE_TYPE, 0, 24}, mask, SID_REVISION, 2, {0, 0, 0, 0, 0, 15}, {2, 1}}}};
    HANDLE handle;
    descriptor.acl.AclSize = (USHORT)(sizeof(ACL) + descriptor.acl.AceCount * sizeof(struct ace));
    CHECK_EQUAL(ObOpenObjectByPointer(wrong_device, OBJ_KERNEL_HANDLE, NULL, WRITE_DAC, NULL, KernelMode, &handle),
                STATUS_SUCCESS);
    CHECK_EQUAL(ZwSetSecurityObject(handle, DACL_SECURITY_INFORMATION, &descriptor), STATUS_SUCCESS);
    (void)ZwClose(handle);
}

static NTSTATUS open_as(enum sim_restriction restriction, const char *path)
{
    struct sim_file *file;
    struct sim_process *process = sim_process_create(false);
    sim_process_restrict(process, restriction);
    NTSTATUS status = sim_create_file(process, path, FILE_READ_DATA, &file);
    sim_kill_process(process);
    return status;
}

static NTSTATUS restricted_programs(PIRP irp)
{
    static const char device[] = "\\Device\\Wrong";
    static const char behind[] = "\\Device\\Wrong\\file";
    for (unsigned right = 0; right < 2; right++) {
        NTSTATUS expected = right ? STATUS_SUCCESS : STATUS_ACCESS_DENIED;
        protect(right);
        wrong_device->Characteristics = right ? FILE_DEVICE_ALLOW_APPCONTAINER_TRAVERSAL : 0;
        CHECK_EQUAL(open_as(SIM_UNRESTRICTED, device), STATUS_SUCCESS);
        CHECK_EQUAL(open_as(SIM_UNRESTRICTED, behind), STATUS_SUCCESS);
        CHECK_EQUAL(open_as(SIM_RESTRICTED_TOKEN, device), expected);
        CHECK_EQUAL(open_as(SIM_RESTRICTED_TOKEN, behind), expected);
        CHECK_EQUAL(open_as(SIM_APP_CONTAINER, device), expected);
        CHECK_EQUAL(open_as(SIM_APP_CONTAINER, behind), expected);
    }
    return good(irp);
}

/* ---- the case ---- */

void rules_security(void)
{
    static const struct wrong rows[] = {
        ROW(scsi_pass_through_direct, "pass-through"),
        ROW(move_file, "pass-through"),
        ROW(link_of_others_deleted, "link"),
    };
    RULES_RUN(rows);
    rules_allow(harmless_codes);
    rules_allow(links_deleted);
    rules_allow(restricted_programs);
}
