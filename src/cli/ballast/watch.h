/* SPDX-License-Identifier: MIT */
/* Showing something again and again: --watch and --count. */
#ifndef CLI_BALLAST_WATCH_H
#define CLI_BALLAST_WATCH_H

#include "cli/ballast/cli.h"

/* The options that watch_parse reads. */
#define WATCH_OPTIONS                                                                                         \
    {L"watch", L"[SECONDS]", "show it again every SECONDS (2), until Ctrl-C; with --json one object a line"}, \
    {                                                                                                         \
        L"count", L"N", "with --watch: so many times"                                                         \
    }

struct watch {
    bool again;
    double seconds;
    uint32_t count; /* 0: until Ctrl-C */
};

/* False, with a message printed, if the options are wrong. */
bool watch_parse(const struct arguments *arguments, struct watch *watch);

/* Shows something once. Prints its own messages. */
typedef ballast_result watch_once(void *context, const struct arguments *arguments);

/* Calls `once` as often as the options say, or until it fails. */
ballast_result watch_show(const struct watch *watch, const struct arguments *arguments, watch_once *once,
                          void *context);

#endif
