/* SPDX-License-Identifier: MIT */
#include "cli/ballast/watch.h"

#include "cli/ballast/terminal.h"

#define WATCH_SECONDS 2.0

bool watch_parse(const struct arguments *arguments, struct watch *watch)
{
    *watch = (struct watch){.again = option_given(arguments, L"watch"), .seconds = WATCH_SECONDS};
    if (!option_seconds(arguments, L"watch", &watch->seconds) || !option_number(arguments, L"count", &watch->count)) {
        return false;
    }
    if (!watch->again && option_given(arguments, L"count")) {
        print_error("error: --count goes with --watch\n");
        return false;
    }
    return true;
}

ballast_result watch_show(const struct watch *watch, const struct arguments *arguments, watch_once *once, void *context)
{
    if (watch->again) {
        terminal_catch_interrupt();
    }
    for (uint32_t turn = 0;;) {
        if (turn != 0 && !arguments->json) {
            terminal_next_page();
        }
        ballast_result result = once(context, arguments);
        terminal_flush();
        turn++;
        if (result != BALLAST_OK || !watch->again || turn == watch->count ||
            terminal_wait(watch->seconds) != TERMINAL_NOTHING) {
            return result;
        }
    }
}
