/* SPDX-License-Identifier: MIT */
/* Fault points: kernel calls that can be made to fail. */

#include "sim/ground/fault.h"

#include "sim/ground/chance.h"
#include "sim/ground/raw_lock.h"
#include "sim/ground/symbol.h"
#include "sim/ground/violation.h"

#include <execinfo.h>
#include <stdio.h>
#include <string.h>

#define PLACES 256
#define FRAMES 12
#define DEPTH  4 /* callers in a place's name */

static unsigned long fault_at;
static unsigned long fault_count;

static bool watching;                         /* atomic */
static struct sim_raw_lock lock;              /* the rest */
static struct sim_fault_point places[PLACES]; /* `occurrence`: how many */
static size_t place_count;
static struct sim_fault_point failing; /* occurrence 0: none */
static bool hit;

void sim_fault_at(unsigned long n)
{
    __atomic_store_n(&fault_count, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&fault_at, n, __ATOMIC_RELAXED);
}

void sim_fault_watch(const struct sim_fault_point *fails)
{
    sim_raw_lock(&lock);
    place_count = 0;
    hit = false;
    failing.occurrence = 0;
    if (fails != NULL) {
        failing = *fails;
    }
    sim_raw_unlock(&lock);
    __atomic_store_n(&watching, true, __ATOMIC_RELAXED);
}

size_t sim_fault_stop(struct sim_fault_point *points, size_t room)
{
    size_t count = 0;
    __atomic_store_n(&watching, false, __ATOMIC_RELAXED);
    sim_raw_lock(&lock);
    for (size_t i = 0; i < place_count; i++) {
        for (unsigned occurrence = 1; occurrence <= places[i].occurrence; occurrence++) {
            if (count < room) {
                points[count] = places[i];
                points[count].occurrence = occurrence;
            }
            count++;
        }
    }
    sim_raw_unlock(&lock);
    return count;
}

bool sim_fault_hit(void)
{
    return hit;
}

/* Whether a function of the driver sees the frame as the kernel function itself: what it calls it may have a prefix. */
static bool is_named(const char *symbol, const char *name)
{
    return strcmp(symbol, name) == 0 || (strncmp(symbol, "sim_", 4) == 0 && strcmp(symbol + 4, name) == 0);
}

/* A function's calls have the same names, so what lies behind the @ says which they are, in this build. */
static void describe(const char *name, char *place, size_t size)
{
    void *frames[FRAMES];
    size_t offset;
    unsigned calls = 0;
    int count = backtrace(frames, FRAMES);
    int first = 3; /* behind this function, its caller, and what calls sim_fault */
    for (int i = 2; i < count && i < 6; i++) {
        if (is_named(sim_symbol(frames[i], &offset), name)) {
            first = i + 1;
        }
    }
    size_t length = (size_t)snprintf(place, size, "%s", name);
    for (int i = first; i < count && i < first + DEPTH && length < size; i++) {
        length += (size_t)snprintf(place + length, size - length, "<%s", sim_symbol(frames[i], &offset));
        calls = (calls ^ (unsigned)offset) * 0x9E3779B1u;
    }
    if (length < size) {
        length += (size_t)snprintf(place + length, size - length, "@%04x", calls >> 16);
    }
    if (length >= size) {
        sim_violation("test", "the name of a place is too long: %s", place);
    }
}

/* True if the call is the one that shall fail. */
static bool record(const char *name)
{
    struct sim_fault_point call = {.occurrence = 1};
    size_t index = 0;
    describe(name, call.place, sizeof(call.place));
    sim_raw_lock(&lock);
    while (index < place_count && strcmp(places[index].place, call.place) != 0) {
        index++;
    }
    if (index == PLACES) {
        sim_violation("test", "too many places of fallible calls");
    }
    if (index == place_count) {
        places[place_count++] = call;
    } else {
        call.occurrence = ++places[index].occurrence;
    }
    bool fails = call.occurrence == failing.occurrence && strcmp(call.place, failing.place) == 0;
    hit = hit || fails;
    sim_raw_unlock(&lock);
    return fails;
}

bool sim_fault(const char *name)
{
    unsigned long count = __atomic_add_fetch(&fault_count, 1, __ATOMIC_RELAXED);
    bool fails = __atomic_load_n(&watching, __ATOMIC_RELAXED) && record(name);
    sim_delay();
    return fails || count == __atomic_load_n(&fault_at, __ATOMIC_RELAXED);
}
