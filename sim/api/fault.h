/* SPDX-License-Identifier: MIT */
/* For tests: fault injection. */
#ifndef SIM_API_FAULT_H
#define SIM_API_FAULT_H

#include <ntifs.h>

/* The n-th fallible kernel call from now on fails, once; 0: none. */
void sim_fault_at(unsigned long n);

/* Fallible calls since sim_fault_at, and the name of one of them, from 1 on; NULL if there were fewer. */
unsigned long sim_fault_count(void);
const char *sim_fault_name(unsigned long n);

#endif
