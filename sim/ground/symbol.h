/* SPDX-License-Identifier: MIT */
/* Names of functions. */
#ifndef SIM_GROUND_SYMBOL_H
#define SIM_GROUND_SYMBOL_H

#include <stddef.h>

/* The function of this program that the address is in, static ones, too, and how far; "?" and 0 if it is in none. */
const char *sim_symbol(const void *address, size_t *offset);

#endif
