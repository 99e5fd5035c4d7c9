/* SPDX-License-Identifier: MIT */
/* Symbolic links of control devices. PASSIVE_LEVEL. */
#ifndef DRIVER_NT_LINK_H
#define DRIVER_NT_LINK_H

#include "driver/nt/nt.h"

/* A link that is there already is another driver's; in Wine a driver's process that crashed has left it: it is replaced. */
NTSTATUS nt_link_create(PUNICODE_STRING link, PUNICODE_STRING target);

#endif
