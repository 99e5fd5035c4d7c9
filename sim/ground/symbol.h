/* SPDX-License-Identifier: MIT */
/* Names of functions. */
#ifndef SIM_GROUND_SYMBOL_H
#define SIM_GROUND_SYMBOL_H

/* The function of this program that the address is in, static ones, too; "?" if it is in none. */
const char *sim_symbol(const void *address);

#endif
