/* SPDX-License-Identifier: MIT */
/* Access control lists for device objects. */
#ifndef DRIVER_NT_SECURITY_H
#define DRIVER_NT_SECURITY_H

#include "driver/nt/nt.h"

/*
 * Replaces the device's DACL: SYSTEM and Administrators get full access, everyone else gets `everyone`; who runs with a
 * restricted token gets at most `restricted` of that. Call before DO_DEVICE_INITIALIZING is cleared, so that nobody has
 * opened the device. PASSIVE_LEVEL.
 *
 * IoCreateDeviceSecure would do this from SDDL text, but needs a static library that the toolchain does not have.
 */
NTSTATUS nt_device_protect(PDEVICE_OBJECT device, ACCESS_MASK everyone, ACCESS_MASK restricted);

/* The same for any object that was opened with WRITE_DAC; `all` is full access to such an object. PASSIVE_LEVEL. */
NTSTATUS nt_handle_protect(HANDLE handle, ACCESS_MASK all, ACCESS_MASK everyone, ACCESS_MASK restricted);

/*
 * Whether the calling thread, or whom it impersonates, is an administrator with all rights. Wine cannot say, and there
 * everybody is. PASSIVE_LEVEL, in the thread that made the request.
 */
bool nt_caller_is_administrator(void);

/*
 * Refuses who has sent a request and may not have `access` to a device, by the device's descriptor. For codes that the I/O manager
 * lets any handle send: the file object does not say what it was opened for, since that is the file system's to note, and
 * not each does. What the kernel itself sends it may; Wine cannot say, and there everybody may. In the dispatch routine;
 * users are refused above PASSIVE_LEVEL.
 */
NTSTATUS nt_check_sender(PDEVICE_OBJECT device, PIRP irp, ACCESS_MASK access);

#endif
