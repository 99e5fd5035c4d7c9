/* SPDX-License-Identifier: MIT */
/* Events. */
#ifndef SIM_KERNEL_EVENT_H
#define SIM_KERNEL_EVENT_H

#include "sim/api/event.h"

struct sim_waitable;

void sim_event_handle_closed(struct sim_waitable *event);
void sim_events_reset(void);

#endif
