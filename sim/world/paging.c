/* SPDX-License-Identifier: MIT */
/* Reads and writes of the kernel. */

#include "sim/world/paging.h"

#include "sim/ground/thread.h"
#include "sim/ground/violation.h"
#include "sim/ground/waitable.h"
#include "sim/kernel/irp.h"
#include "sim/kernel/mdl.h"

struct paging {
    struct sim_waitable *done;
    IO_STATUS_BLOCK io;
};

static void completed(PIRP irp, void *context)
{
    struct paging *paging = context;
    paging->io = irp->IoStatus;
    sim_waitable_signal(paging->done, 1);
}

static NTSTATUS transfer(PDEVICE_OBJECT device, bool write, bool is_paging, uint64_t offset, void *buffer, ULONG length,
                         ULONG_PTR *information)
{
    struct sim_thread *self = sim_self();
    KIRQL irql = self->irql;
    const char *stack_base = self->stack_base;
    struct paging paging = {.done = sim_waitable_create(0, 1, false)};
    PIRP irp = sim_irp_create(device, write ? IRP_MJ_WRITE : IRP_MJ_READ, completed, &paging);
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    irp->RequestorMode = KernelMode;
    irp->MdlAddress = sim_mdl_create(buffer, length, !write);
    stack->Parameters.Read.Length = length;
    stack->Parameters.Read.ByteOffset.QuadPart = (LONGLONG)offset;
    if (is_paging) {
        irp->Flags = IRP_NOCACHE | IRP_PAGING_IO | IRP_SYNCHRONOUS_PAGING_IO;
        sim_mdl_set_paging(irp->MdlAddress);
        self->irql = APC_LEVEL;
    }
    self->stack_base = (const char *)__builtin_frame_address(0); /* what is below is not the driver's share */
    (void)sim_irp_dispatch(device, irp);
    (void)sim_waitable_wait(paging.done, NULL);
    self->stack_base = stack_base;
    self->irql = irql;
    sim_waitable_free(paging.done);
    if (NT_SUCCESS(paging.io.Status) && paging.io.Information != length) {
        sim_violation("short", "%zu of %u bytes of a page are transferred, and that is called a success",
                      (size_t)paging.io.Information, length);
    }
    if (information != NULL) {
        *information = NT_SUCCESS(paging.io.Status) ? paging.io.Information : 0;
    }
    return paging.io.Status;
}

NTSTATUS sim_paging_transfer(PDEVICE_OBJECT device, bool write, uint64_t offset, void *buffer, ULONG length,
                             ULONG_PTR *information)
{
    return transfer(device, write, true, offset, buffer, length, information);
}

NTSTATUS sim_kernel_read(PDEVICE_OBJECT device, uint64_t offset, void *buffer, ULONG length)
{
    return transfer(device, false, false, offset, buffer, length, NULL);
}

NTSTATUS sim_kernel_write(PDEVICE_OBJECT device, uint64_t offset, void *buffer, ULONG length)
{
    return transfer(device, true, false, offset, buffer, length, NULL);
}
