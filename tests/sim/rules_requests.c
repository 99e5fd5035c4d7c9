/* SPDX-License-Identifier: MIT */
/* Drivers that complete and cancel requests wrongly. rules.h says how they are used. */

#include "sim/kernel/irp.h"
#include "tests/sim/rules.h"

#include <string.h>

static NTSTATUS missed(PIRP irp)
{
    (void)irp;
    return STATUS_SUCCESS;
}

static NTSTATUS twice(PIRP irp)
{
    (void)complete(irp, STATUS_SUCCESS, 0);
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

static NTSTATUS other_status(PIRP irp)
{
    (void)complete(irp, STATUS_INVALID_PARAMETER, 0);
    return STATUS_SUCCESS;
}

static NTSTATUS no_status(PIRP irp)
{
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

static NTSTATUS pending_unmarked(PIRP irp)
{
    (void)complete(irp, STATUS_SUCCESS, 0);
    return STATUS_PENDING;
}

static NTSTATUS pending_not_returned(PIRP irp)
{
    IoMarkIrpPending(irp);
    return complete(irp, STATUS_SUCCESS, 0);
}

static NTSTATUS lost(PIRP irp)
{
    IoMarkIrpPending(irp);
    return STATUS_PENDING;
}

static NTSTATUS too_much_information(PIRP irp)
{
    return complete(irp, STATUS_SUCCESS, 9);
}

static NTSTATUS garbage_returned(PIRP irp)
{
    memset((char *)irp->AssociatedIrp.SystemBuffer + 4, 7, 3); /* input is 4 bytes, output 8 */
    return complete(irp, STATUS_SUCCESS, 8);
}

static NTSTATUS completed_under_lock(PIRP irp)
{
    KIRQL irql;
    KeAcquireSpinLock(&first_lock, &irql);
    (void)complete(irp, STATUS_SUCCESS, 0);
    KeReleaseSpinLock(&first_lock, irql);
    return STATUS_SUCCESS;
}

static void cancel_nothing(PDEVICE_OBJECT object, PIRP irp)
{
    (void)object, (void)irp;
}

static NTSTATUS completed_cancellable(PIRP irp)
{
    (void)IoSetCancelRoutine(irp, cancel_nothing);
    return complete(irp, STATUS_SUCCESS, 0);
}

/* The child cancels requests that are pending. */
static NTSTATUS cancel_keeps_lock(PIRP irp)
{
    IoMarkIrpPending(irp);
    (void)IoSetCancelRoutine(irp, cancel_nothing);
    return STATUS_PENDING;
}

static void cancel_to_wrong_irql(PDEVICE_OBJECT object, PIRP irp)
{
    (void)object, (void)irp;
    IoReleaseCancelSpinLock(APC_LEVEL);
}

static NTSTATUS cancel_leaves_irql(PIRP irp)
{
    IoMarkIrpPending(irp);
    (void)IoSetCancelRoutine(irp, cancel_to_wrong_irql);
    return STATUS_PENDING;
}

static void cancel_completes_locked(PDEVICE_OBJECT object, PIRP irp)
{
    (void)object;
    (void)complete(irp, STATUS_CANCELLED, 0);
    IoReleaseCancelSpinLock(irp->CancelIrql);
}

static NTSTATUS cancelled_under_lock(PIRP irp)
{
    IoMarkIrpPending(irp);
    (void)IoSetCancelRoutine(irp, cancel_completes_locked);
    return STATUS_PENDING;
}

/* The driver may be unloaded as soon as its last request is completed. */
static void cancel_completes_and_goes_on(PDEVICE_OBJECT object, PIRP irp)
{
    (void)object;
    IoReleaseCancelSpinLock(irp->CancelIrql);
    (void)complete(irp, STATUS_CANCELLED, 0);
    (void)KeSetEvent(&wrong_event, IO_NO_INCREMENT, FALSE);
}

static NTSTATUS cancelled_and_gone_on(PIRP irp)
{
    IoMarkIrpPending(irp);
    (void)IoSetCancelRoutine(irp, cancel_completes_and_goes_on);
    return STATUS_PENDING;
}

static NTSTATUS cancel_lock_not_held(PIRP irp)
{
    IoReleaseCancelSpinLock(PASSIVE_LEVEL);
    return good(irp);
}

static void forget(PIRP irp, void *context)
{
    (void)irp;
    (void)context;
}

static NTSTATUS fail_plug_and_play(PDEVICE_OBJECT device, PIRP irp)
{
    (void)device;
    return complete(irp, STATUS_INVALID_DEVICE_REQUEST, 0);
}

static NTSTATUS plug_and_play_failed(PIRP irp)
{
    wrong_driver->MajorFunction[IRP_MJ_PNP] = fail_plug_and_play;
    PIRP other = sim_irp_create(wrong_device, IRP_MJ_PNP, forget, NULL);
    (void)sim_irp_dispatch(wrong_device, other);
    return good(irp);
}

/* ---- cases ---- */

void rules_requests(void)
{
    static const struct wrong rows[] = {
        ROW(missed, "irp-missed"),
        ROW(twice, "irp-twice"),
        ROW(other_status, "irp-status"),
        ROW(no_status, "irp-status"),
        ROW(pending_unmarked, "irp-pending"),
        ROW(pending_not_returned, "irp-pending"),
        ROW(lost, "hang"),
        ROW(too_much_information, "information"),
        ROW(garbage_returned, "information"),
        ROW(completed_under_lock, "irp-locked"),
        ROW(plug_and_play_failed, "irp-pnp"),
    };
    RULES_RUN(rows);
}

void rules_cancellation(void)
{
    static const struct wrong rows[] = {
        ROW(completed_cancellable, "irp-cancel"), ROW(cancel_keeps_lock, "irp-cancel"),
        ROW(cancel_leaves_irql, "irql"),          ROW(cancelled_under_lock, "irp-locked"),
        ROW(cancelled_and_gone_on, "irp-cancel"), ROW(cancel_lock_not_held, "lock-not-held"),
    };
    RULES_RUN(rows);
}
