/* SPDX-License-Identifier: MIT */
/*
 * A strict simulation of the NT kernel for drivers compiled on Linux: the user-mode side, and what tests control.
 *
 * Rules of NT that Windows punishes late or never are checked at once; a violation prints its name, what happened and a
 * stack, and aborts. docs/testing.md lists the rules. The kernel side is include/ntifs.h.
 *
 * All functions may be called from any thread. A calling thread acts as a thread of a user process; driver code runs in it
 * as on NT.
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "sim/api/activity.h"
#include "sim/api/boot.h"
#include "sim/api/clock.h"
#include "sim/api/copy.h"
#include "sim/api/event.h"
#include "sim/api/fault.h"
#include "sim/api/file_system.h"
#include "sim/api/log.h"
#include "sim/api/memory.h"
#include "sim/api/mountmgr.h"
#include "sim/api/names.h"
#include "sim/api/options.h"
#include "sim/api/pnp.h"
#include "sim/api/process.h"
#include "sim/api/registry.h"
#include "sim/api/restriction.h"
#include "sim/api/session.h"
#include "sim/api/system.h"
#include "sim/api/thread.h"
#include "sim/api/user.h"
#include "sim/api/user_thread.h"
#include "sim/api/volume.h"

#endif
