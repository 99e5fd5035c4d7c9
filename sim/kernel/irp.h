/* SPDX-License-Identifier: MIT */
/* Requests. */
#ifndef SIM_KERNEL_IRP_H
#define SIM_KERNEL_IRP_H

#include <ntifs.h>

/* Called when a request is completed, in the completing thread; the IRP is still valid. */
typedef void sim_completion(PIRP irp, void *context);

/* Builds a request with one stack location. It is freed when it is completed and nobody holds it. */
PIRP sim_irp_create(PDEVICE_OBJECT device, UCHAR major, sim_completion *completion, void *context);
void sim_irp_hold(PIRP irp);
void sim_irp_release(PIRP irp);
NTSTATUS sim_irp_dispatch(PDEVICE_OBJECT device, PIRP irp);
void sim_irp_cancel(PIRP irp);
/* Whoever cancels waits, while this is on, when the request has been completed. */
void sim_irp_cancel_hold(bool on);

#endif
