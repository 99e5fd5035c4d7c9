/* SPDX-License-Identifier: MIT */
/* A driver's life: everything is as on the first day, it is loaded, it is unloaded and has left nothing. */

#include "sim/api/session.h"

#include "sim/ground/fault.h"
#include "sim/ground/handle.h"
#include "sim/ground/lock.h"
#include "sim/ground/options.h"
#include "sim/ground/thread.h"
#include "sim/ground/violation.h"
#include "sim/kernel/boot.h"
#include "sim/kernel/cm.h"
#include "sim/kernel/device.h"
#include "sim/kernel/driver.h"
#include "sim/kernel/event.h"
#include "sim/kernel/log.h"
#include "sim/kernel/mdl.h"
#include "sim/kernel/memory.h"
#include "sim/kernel/mm.h"
#include "sim/kernel/names.h"
#include "sim/kernel/pnp.h"
#include "sim/kernel/process.h"
#include "sim/kernel/ps.h"
#include "sim/kernel/se.h"
#include "sim/kernel/shutdown.h"
#include "sim/kernel/system.h"
#include "sim/kernel/timer.h"
#include "sim/kernel/user_thread.h"
#include "sim/kernel/work.h"
#include "sim/world/fs.h"
#include "sim/world/mountmgr.h"
#include "sim/world/volume.h"

static bool loaded;

void sim_reset(const struct sim_options *new_options)
{
    if (loaded) {
        sim_violation("test", "sim_reset while a driver is loaded");
    }
    sim_set_options(new_options);
    sim_boot_reset();
    sim_fault_at(0);
    (void)sim_fault_stop(NULL, 0);
    sim_memory_reset();
    sim_fs_reset();
    sim_threads_reset();
    sim_volume_reset();
    sim_events_reset();
    sim_log_reset();
    sim_mount_reset();
    sim_names_reset();
    sim_registry_reset();
    sim_system_reset();
    sim_pnp_reset();
}

static NTSTATUS unhandled(PDEVICE_OBJECT device, PIRP irp)
{
    UNREFERENCED_PARAMETER(device);
    NTSTATUS status = STATUS_INVALID_DEVICE_REQUEST;
    if (IoGetCurrentIrpStackLocation(irp)->MajorFunction == IRP_MJ_PNP) { /* nobody sends any to such a driver */
        status = irp->IoStatus.Status;
    }
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = 0;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

static void check_nothing_left(void)
{
    sim_threads_check_joined();
    sim_work_check_freed();
    sim_timers_check_idle();
    sim_tokens_check_released();
    sim_pnp_check_released();
    sim_process_notify_check_released();
    sim_user_thread_check_released();
    sim_mm_check_released();
    sim_devices_check_empty();
    sim_names_check_empty();
    sim_handles_check_closed();
    sim_log_check_written();
    sim_mappings_check_freed();
    sim_memory_check_leaks();
    sim_objects_forget_all();
}

static void refuse_everything(void)
{
    for (unsigned i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        sim_driver()->MajorFunction[i] = unhandled;
    }
}

NTSTATUS sim_load(DRIVER_INITIALIZE *entry)
{
    static WCHAR texts[][sizeof(SIM_SERVICE_KEY)] = {L"" SIM_SERVICE_KEY, L"" SIM_SERVICE_IMDISK};
    UNICODE_STRING path = {sizeof(texts[0]) - sizeof(WCHAR), sizeof(texts[0]),
                           texts[sim_get_options()->as_imdisk ? 1 : 0]};
    sim_driver_reset();
    refuse_everything();
    struct sim_entry state = sim_enter_driver();
    NTSTATUS status = entry(sim_driver(), &path);
    sim_leave_driver("DriverEntry", state);
    if (NT_SUCCESS(status)) {
        loaded = true;
        sim_driver_note();
        /* NT does this for the devices that DriverEntry has made. */
        for (PDEVICE_OBJECT device = sim_driver()->DeviceObject; device != NULL; device = device->NextDevice) {
            device->Flags &= ~DO_DEVICE_INITIALIZING;
        }
    } else {
        sim_boot_forget();
        check_nothing_left();
    }
    return status;
}

NTSTATUS sim_stop(void)
{
    if (!loaded) {
        sim_violation("test", "sim_stop without a driver");
    }
    if (sim_driver()->DriverUnload == NULL) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    sim_devices_unload();
    return sim_driver_unload_wait() ? STATUS_SUCCESS : STATUS_PENDING;
}

void sim_shutdown(void)
{
    sim_shutdown_notify();
    sim_volume_shut_down();
    sim_fs_shutdown();
}

void sim_unload_early(void)
{
    sim_driver_unload();
    refuse_everything();
}

void sim_unload(void)
{
    if (!loaded) {
        sim_violation("test", "sim_unload without a driver");
    }
    if (!sim_driver_unload_wait()) {
        sim_driver_unload();
    }
    loaded = false;
    check_nothing_left();
}
