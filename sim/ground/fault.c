/* SPDX-License-Identifier: MIT */
/* Fault points: kernel calls that can be made to fail. */

#include "sim/ground/fault.h"

#include "sim/ground/chance.h"

#define FAULTS_LOGGED 1024

static unsigned long fault_at;
static unsigned long fault_count;
static const char *fault_names[FAULTS_LOGGED];

void sim_fault_at(unsigned long n)
{
    __atomic_store_n(&fault_count, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&fault_at, n, __ATOMIC_RELAXED);
}

bool sim_fault(const char *name)
{
    unsigned long count = __atomic_add_fetch(&fault_count, 1, __ATOMIC_RELAXED);
    __atomic_store_n(&fault_names[(count - 1) % FAULTS_LOGGED], name, __ATOMIC_RELAXED);
    sim_delay();
    return count == __atomic_load_n(&fault_at, __ATOMIC_RELAXED);
}

unsigned long sim_fault_count(void)
{
    return __atomic_load_n(&fault_count, __ATOMIC_RELAXED);
}

const char *sim_fault_name(unsigned long n)
{
    return n == 0 || n > sim_fault_count() ? NULL
                                           : __atomic_load_n(&fault_names[(n - 1) % FAULTS_LOGGED], __ATOMIC_RELAXED);
}
