/* SPDX-License-Identifier: MIT */
/* Drivers that serve requests that page as if memory were never short. rules.h says how they are used. */

#include "sim/world/paging.h"
#include "tests/sim/rules.h"

#include <string.h>

#define LENGTH     8192u
#define NO_EXECUTE 0x40000000u /* MdlMappingNoExecute */

typedef PVOID allocate_address(SIZE_T size, ULONG tag);
typedef void free_address(PVOID address, ULONG tag);
typedef PVOID map_reserved(PVOID address, ULONG tag, PMDL mdl, MEMORY_CACHING_TYPE cache);
typedef void unmap_reserved(PVOID address, ULONG tag, PMDL mdl);

static allocate_address *allocate;
static free_address *free_it;
static map_reserved *map;
static unmap_reserved *unmap;

static PVOID reserved;
static ULONG priority;
static bool by_priority, by_reserve, left_mapped;

static PVOID look_up(PCWSTR name)
{
    UNICODE_STRING string;
    RtlInitUnicodeString(&string, name);
    return MmGetSystemRoutineAddress(&string);
}

/* By priority, by the reserve, or by both: with one when the other fails. */
static NTSTATUS read_disk(PDEVICE_OBJECT device, PIRP irp)
{
    (void)device;
    PVOID by_reserve_address = NULL;
    PVOID buffer = by_priority ? MmGetSystemAddressForMdlSafe(irp->MdlAddress, priority) : NULL;
    if (buffer == NULL && by_reserve) {
        buffer = by_reserve_address = map(reserved, TAG, irp->MdlAddress, MmCached);
    }
    if (buffer == NULL) {
        return complete(irp, STATUS_INSUFFICIENT_RESOURCES, 0);
    }
    ULONG length = IoGetCurrentIrpStackLocation(irp)->Parameters.Read.Length;
    memset(buffer, 7, length);
    if (by_reserve_address != NULL && !left_mapped) {
        unmap(reserved, TAG, irp->MdlAddress);
    }
    return complete(irp, STATUS_SUCCESS, length);
}

static NTSTATUS page(void)
{
    unsigned char bytes[LENGTH] = {0};
    ULONG_PTR information;
    NTSTATUS status = sim_paging_transfer(wrong_device, false, 0, bytes, sizeof(bytes), &information);
    CHECK(!NT_SUCCESS(status) || (information == LENGTH && bytes[LENGTH - 1] == 7));
    return status;
}

static void become_a_disk(bool try_mapping, ULONG mapping_priority, SIZE_T reserve)
{
    *(PVOID *)&allocate = look_up(L"MmAllocateMappingAddress");
    *(PVOID *)&free_it = look_up(L"MmFreeMappingAddress");
    *(PVOID *)&map = look_up(L"MmMapLockedPagesWithReservedMapping");
    *(PVOID *)&unmap = look_up(L"MmUnmapReservedMapping");
    wrong_driver->MajorFunction[IRP_MJ_READ] = read_disk;
    wrong_device->Flags |= DO_DIRECT_IO;
    by_priority = try_mapping;
    priority = mapping_priority;
    by_reserve = reserve != 0;
    left_mapped = false;
    if (by_reserve) {
        reserved = allocate(reserve, TAG);
    }
}

static void end_reserve(void)
{
    by_reserve = false;
    free_it(reserved, TAG);
}

static NTSTATUS normal_priority(PIRP irp)
{
    become_a_disk(true, NormalPagePriority | NO_EXECUTE, 0);
    (void)page();
    return good(irp);
}

/* As ImDisk answers beyond the end. */
static NTSTATUS read_nothing(PDEVICE_OBJECT device, PIRP irp)
{
    (void)device;
    return complete(irp, STATUS_SUCCESS, 0);
}

static NTSTATUS nothing_transferred(PIRP irp)
{
    become_a_disk(false, 0, 0);
    wrong_driver->MajorFunction[IRP_MJ_READ] = read_nothing;
    (void)page();
    return good(irp);
}

static NTSTATUS address_left(PIRP irp)
{
    become_a_disk(false, 0, LENGTH);
    return good(irp);
}

static NTSTATUS mapping_left(PIRP irp)
{
    become_a_disk(false, 0, 2 * LENGTH);
    left_mapped = true;
    (void)page();
    return good(irp);
}

/* Two requests at once have the same address. */
static NTSTATUS read_within(PDEVICE_OBJECT device, PIRP irp)
{
    wrong_driver->MajorFunction[IRP_MJ_READ] = read_disk;
    (void)device;
    (void)map(reserved, TAG, irp->MdlAddress, MmCached);
    (void)page();
    unmap(reserved, TAG, irp->MdlAddress);
    return complete(irp, STATUS_SUCCESS, 0);
}

static NTSTATUS address_shared(PIRP irp)
{
    become_a_disk(false, 0, 2 * LENGTH);
    wrong_driver->MajorFunction[IRP_MJ_READ] = read_within;
    (void)page();
    return good(irp);
}

static NTSTATUS wrong_tag(PIRP irp)
{
    become_a_disk(false, 0, LENGTH);
    free_it(reserved, TAG + 1);
    return good(irp);
}

static NTSTATUS reserve_without_size(PIRP irp)
{
    become_a_disk(false, 0, LENGTH);
    (void)allocate(0, TAG);
    return good(irp);
}

/* Any single call may fail, and the request succeeds. */
static NTSTATUS with_a_reserve(PIRP irp)
{
    struct sim_fault_point points[8];
    become_a_disk(true, HighPagePriority | NO_EXECUTE, LENGTH + 4096);
    sim_fault_watch(NULL);
    CHECK_EQUAL(page(), STATUS_SUCCESS);
    size_t count = sim_fault_stop(points, 8);
    CHECK_EQUAL(count, 1);
    for (size_t i = 0; i < count; i++) {
        sim_fault_watch(&points[i]);
        CHECK_EQUAL(page(), STATUS_SUCCESS);
        CHECK(sim_fault_hit());
        (void)sim_fault_stop(NULL, 0);
    }
    end_reserve();
    return good(irp);
}

static NTSTATUS with_too_small_a_reserve(PIRP irp)
{
    become_a_disk(false, 0, LENGTH / 2);
    CHECK_EQUAL(page(), STATUS_INSUFFICIENT_RESOURCES);
    end_reserve();
    return good(irp);
}

/* ---- image files ---- */

static HANDLE create_file(ULONG options)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\??\\C:\\file");
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK io;
    HANDLE handle = NULL;
    InitializeObjectAttributes(&attributes, &name, OBJ_KERNEL_HANDLE, NULL, NULL);
    (void)ZwCreateFile(&handle, GENERIC_WRITE, &attributes, &io, NULL, 0, 0, FILE_OPEN_IF,
                       options | FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
    return handle;
}

static NTSTATUS write_file(PIRP irp, HANDLE handle, LONGLONG where)
{
    static unsigned char sector[512];
    FILE_END_OF_FILE_INFORMATION end = {.EndOfFile.QuadPart = 1 << 30};
    LARGE_INTEGER offset = {.QuadPart = where};
    IO_STATUS_BLOCK io;
    (void)ZwSetInformationFile(handle, &io, &end, sizeof(end), FileEndOfFileInformation);
    (void)ZwWriteFile(handle, NULL, NULL, NULL, &io, sector, sizeof(sector), &offset, NULL);
    (void)ZwClose(handle);
    return good(irp);
}

static NTSTATUS cached_write(PIRP irp)
{
    return write_file(irp, create_file(0), 0);
}

static NTSTATUS write_far_out(PIRP irp)
{
    return write_file(irp, create_file(FILE_NO_INTERMEDIATE_BUFFERING), 1 << 29);
}

static NTSTATUS write_through(PIRP irp)
{
    return write_file(irp, create_file(FILE_WRITE_THROUGH), 512);
}

static NTSTATUS write_far_out_of_sparse_file(PIRP irp)
{
    IO_STATUS_BLOCK io;
    HANDLE handle = create_file(FILE_WRITE_THROUGH);
    (void)ZwFsControlFile(handle, NULL, NULL, NULL, &io, 0x000900C4 /* FSCTL_SET_SPARSE */, NULL, 0, NULL, 0);
    return write_file(irp, handle, 1 << 29);
}

/* ---- the case ---- */

void rules_paging(void)
{
    static const struct wrong rows[] = {
        ROW(normal_priority, "paging"), ROW(address_left, "leak"),         ROW(mapping_left, "mapping"),
        ROW(address_shared, "mapping"), ROW(nothing_transferred, "short"), ROW(cached_write, "throttle"),
        ROW(write_far_out, "zeroing"),  ROW(wrong_tag, "mapping"),         ROW(reserve_without_size, "mapping"),
    };
    RULES_RUN(rows);
    rules_allow(with_a_reserve);
    rules_allow(with_too_small_a_reserve);
    rules_allow(write_through);
    rules_allow(write_far_out_of_sparse_file);
}
