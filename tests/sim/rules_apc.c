/* SPDX-License-Identifier: MIT */
/* Drivers that special kernel APCs find with a lock held, and regions that keep them off. rules.h says how they are used. */

#include "tests/sim/rules.h"

#include <string.h>

typedef void region(void);

static FAST_MUTEX mutex;
static volatile unsigned reads; /* that have come, each by an APC */
static region *enter, *leave;

static region *look_up(PCWSTR name)
{
    UNICODE_STRING string;
    region *routine;
    RtlInitUnicodeString(&string, name);
    PVOID address = MmGetSystemRoutineAddress(&string);
    memcpy(&routine, &address, sizeof(routine));
    return routine;
}

/* What a store does: its lock, and memory. */
static void use_the_store(unsigned accesses)
{
    KeEnterCriticalRegion();
    ExAcquireFastMutexUnsafe(&mutex);
    for (volatile unsigned i = 0; i < accesses; i = i + 1) {
    }
    ExReleaseFastMutexUnsafe(&mutex);
    KeLeaveCriticalRegion();
}

static NTSTATUS read_disk(PDEVICE_OBJECT device, PIRP irp)
{
    (void)device;
    CHECK_EQUAL(KeGetCurrentIrql(), APC_LEVEL);
    CHECK_EQUAL(irp->Flags & IRP_PAGING_IO, IRP_PAGING_IO);
    reads = reads + 1;
    use_the_store(1);
    return complete(irp, STATUS_DEVICE_NOT_READY, 0);
}

static void become_a_disk(void)
{
    ExInitializeFastMutex(&mutex);
    enter = look_up(L"KeEnterGuardedRegion");
    leave = look_up(L"KeLeaveGuardedRegion");
    wrong_driver->MajorFunction[IRP_MJ_READ] = read_disk;
    wrong_device->Flags |= DO_DIRECT_IO;
    reads = 0;
}

/* A critical region is not enough. */
static NTSTATUS interrupted_with_lock(PIRP irp)
{
    become_a_disk();
    use_the_store(10000);
    return good(irp);
}

static NTSTATUS guarded(PIRP irp)
{
    become_a_disk();
    enter();
    unsigned before = reads;
    use_the_store(10000);
    CHECK_EQUAL(reads, before);
    leave();
    for (volatile unsigned i = 0; i < 10000; i = i + 1) {
    }
    CHECK(reads != before);
    return good(irp);
}

static NTSTATUS guarded_region_left(PIRP irp)
{
    become_a_disk();
    enter();
    return good(irp);
}

static NTSTATUS guarded_region_not_entered(PIRP irp)
{
    become_a_disk();
    leave();
    return good(irp);
}

static NTSTATUS file_in_guarded_region(PIRP irp)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\??\\C:\\file");
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK io;
    HANDLE handle;
    become_a_disk();
    InitializeObjectAttributes(&attributes, &name, OBJ_KERNEL_HANDLE, NULL, NULL);
    enter();
    (void)ZwCreateFile(&handle, GENERIC_READ, &attributes, &io, NULL, 0, 0, FILE_OPEN, 0, NULL, 0);
    leave();
    return good(irp);
}

/* ---- the case ---- */

void rules_special_apcs(void)
{
    static const struct wrong rows[] = {
        ROW(interrupted_with_lock, "lock-recursive"),
        ROW(guarded_region_left, "guarded-region-left"),
        ROW(guarded_region_not_entered, "guarded-region"),
        ROW(file_in_guarded_region, "guarded-region"),
    };
    RULES_RUN(rows);
    rules_allow(guarded);
}
