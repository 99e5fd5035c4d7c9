/* SPDX-License-Identifier: MIT */
/* For tests: named events. */
#ifndef SIM_API_EVENT_H
#define SIM_API_EVENT_H

#include <ntifs.h>

/* How often the event of this path has been pulsed since sim_reset. */
unsigned long sim_event_pulses(const char *path);

/* Names an object of another kind that is in the way of an event. */
void sim_event_squat(const char *path);

#endif
