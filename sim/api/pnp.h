/* SPDX-License-Identifier: MIT */
/* For tests: device interfaces that are there, come and go. */
#ifndef SIM_API_PNP_H
#define SIM_API_PNP_H

#include <ntifs.h>

/* "\??\PCI#VEN_...#4&1&0#{class}"; drivers that wait for those of its class are told. Forgotten by sim_reset. */
void sim_interface_add(const char *link);
void sim_interface_remove(const char *link);

#endif
