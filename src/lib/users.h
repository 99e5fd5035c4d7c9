/* SPDX-License-Identifier: MIT */
/* Who has something open, as text for messages. */
#ifndef LIB_USERS_H
#define LIB_USERS_H

#include <stdbool.h>

#include "lib/internal.h"

#define USERS_MOST      4u  /* processes that a message names */
#define USERS_TEXT_SIZE 320 /* units, with the zero */

struct users {
    uint32_t count; /* how many are in `process`, each once */
    bool more;      /* there are others */
    uint32_t process[USERS_MOST];
};

/* Adds a process, unless it is there or is this one. */
void users_add(struct users *users, uint32_t process);

/* "notepad.exe (4120), System (4)". */
void users_describe(const struct users *users, wchar_t text[USERS_TEXT_SIZE]);

/*
 * Adds the processes that have files open on a volume: those of `volume`, a handle to it, and of what is found below its
 * root, a path that ends with a backslash. False: the system does not tell, as before Windows Vista, and in Wine. Looks at
 * some hundreds of files at most, and for some seconds.
 */
bool users_of_volume(HANDLE volume, const wchar_t *root, struct users *users);

#endif
