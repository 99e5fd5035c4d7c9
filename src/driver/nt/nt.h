/* SPDX-License-Identifier: MIT */
/*
 * The one place where drivers include the kernel's headers, and small things that every driver file uses.
 *
 * IRQL is written down with the macros below. A checked build (NT_CHECKED) verifies them; a release build drops them.
 */
#ifndef DRIVER_NT_NT_H
#define DRIVER_NT_NT_H

/* mingw's inline version reads the processor control region, which Wine does not have; the exported one works on both. */
#define PsGetCurrentThread nt_unused_PsGetCurrentThread
#include <ntifs.h>
#undef PsGetCurrentThread
NTKERNELAPI PETHREAD NTAPI PsGetCurrentThread(VOID);

#include "core/base/platform.h"
#include "core/base/request.h"
#include "core/base/status.h"

#ifdef NT_CHECKED
#define NT_IRQL_AT_MOST(level)                                                                                     \
    do {                                                                                                           \
        if (KeGetCurrentIrql() > (level)) {                                                                        \
            KeBugCheckEx(0x0A /* IRQL_NOT_LESS_OR_EQUAL */, (ULONG_PTR) __func__, KeGetCurrentIrql(), (level), 0); \
        }                                                                                                          \
    } while (0)
#else
#define NT_IRQL_AT_MOST(level) ((void)0)
#endif

/* Ends a request that this driver owns. Returns `status`, for the dispatch routine to return. IRQL <= DISPATCH_LEVEL. */
static inline NTSTATUS nt_complete(PIRP irp, NTSTATUS status, ULONG_PTR information)
{
    NT_IRQL_AT_MOST(DISPATCH_LEVEL);
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = information;
    IoCompleteRequest(irp, NT_SUCCESS(status) && information != 0 ? IO_DISK_INCREMENT : IO_NO_INCREMENT);
    return status;
}

/*
 * What a METHOD_BUFFERED device control request asks for. Its buffer is the I/O manager's, until the request is completed;
 * `cancelled` and `information` are left to the caller. Cannot fail: lengths are the table's to check. IRQL <=
 * DISPATCH_LEVEL.
 */
struct request nt_request(PIRP irp);

#endif
