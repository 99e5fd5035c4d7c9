/* SPDX-License-Identifier: MIT */
/* The terminal: its size, keys, interruption, and full screens. */
#ifndef CLI_BALLAST_TERMINAL_H
#define CLI_BALLAST_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/ballast/top_layout.h"

/* Whether standard output goes to a terminal, also if through a pipe: BALLAST_TERMINAL says so then, as under ./run. */
bool terminal_present(void);

/* From now on Ctrl-C only makes terminal_wait return. */
void terminal_catch_interrupt(void);

enum terminal_event {
    TERMINAL_NOTHING,
    TERMINAL_QUIT,  /* Ctrl-C, or q once terminal_begin has been called */
    TERMINAL_RESIZE /* or another reason to draw again */
};

/* Waits so long, or until something happens. */
enum terminal_event terminal_wait(double seconds);

/* Writes out what has been printed. */
void terminal_flush(void);

/* Before showing something again: clears a terminal, prints an empty line elsewhere. */
void terminal_next_page(void);

/* Full screens, between begin and end, which restores what was there. False if this terminal cannot. */
bool terminal_begin(void);
void terminal_size(size_t *columns, size_t *lines);
void terminal_draw(const struct top_screen *screen);
void terminal_end(void);

#endif
