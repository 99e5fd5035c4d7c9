/* SPDX-License-Identifier: MIT */
/*
 * What the drivers write to the system's event log. The texts are in events.mc, which is a message table in each driver;
 * tests/audit/layout.c compares the two.
 */
#ifndef DRIVER_NT_EVENTS_H
#define DRIVER_NT_EVENTS_H

/* An error (0xC...) or a warning (0x8...), of a vendor (0x2...), about input and output (facility 4). */
#define NT_EVENT_PARAMETER      0xE0040001u
#define NT_EVENT_BOOT_DISK      0xE0040002u
#define NT_EVENT_REFRESH        0xA0040003u
#define NT_EVENT_TAKEN_TWICE    0xA0040004u
#define NT_EVENT_NOT_DISMOUNTED 0xE0040005u
#define NT_EVENT_NOT_CLOSED     0xA0040006u

#endif
