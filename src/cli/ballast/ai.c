/* SPDX-License-Identifier: MIT */
/* ballast ai ...: repeating, and what its commands print alike. */

#include "cli/ballast/ai.h"

#include <stdio.h>
#include <string.h>
#include <windows.h>

#include "cli/ballast/terminal.h"

#define WATCH_SECONDS 2.0

ballast_result ai_repeat(const struct arguments *arguments, ai_show *show)
{
    double seconds = WATCH_SECONDS;
    uint32_t count = 0;
    ballast_ai *ai;
    ballast_error error;
    bool watch = option_given(arguments, L"watch");
    if (!option_seconds(arguments, L"watch", &seconds) || !option_number(arguments, L"count", &count)) {
        return BALLAST_INVALID_ARGUMENT;
    }
    if (!watch && option_given(arguments, L"count")) {
        print_error("error: --count goes with --watch\n");
        return BALLAST_INVALID_ARGUMENT;
    }
    ballast_result result = ballast_ai_open(BALLAST_AI_OPEN_QUERIES, &ai, &error);
    if (result != BALLAST_OK) {
        return fail(result, &error);
    }
    if (watch) {
        terminal_catch_interrupt();
    }
    for (uint32_t turn = 0;;) {
        if (turn != 0 && !arguments->json) {
            terminal_next_page();
        }
        result = show(ai, arguments);
        terminal_flush();
        turn++;
        if (result != BALLAST_OK || !watch || turn == count || terminal_wait(seconds) != TERMINAL_NOTHING) {
            break;
        }
    }
    ballast_ai_close(ai);
    return result;
}

void ai_json_value(const char *name, const struct ballast_ai_value *value)
{
    json_open(name, '{');
    if (value->state == BALLAST_AI_UNKNOWN) {
        json_null("value");
        json_text("state", text_state(value->state));
        json_text("reason", text_reason(value->reason));
    } else {
        json_signed("value", value->value);
        json_text("state", text_state(value->state));
        json_text("source", text_source(value->source));
        json_number("age_ms", value->age_ms);
    }
    json_close('}');
}

void ai_json_time(const char *name, uint64_t time)
{
    char text[32];
    SYSTEMTIME parts;
    FILETIME file_time = {.dwLowDateTime = (DWORD)time, .dwHighDateTime = (DWORD)(time >> 32)};
    if (time == 0 || !FileTimeToSystemTime(&file_time, &parts)) {
        json_null(name);
        return;
    }
    (void)snprintf(text, sizeof(text), "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", parts.wYear, parts.wMonth, parts.wDay,
                   parts.wHour, parts.wMinute, parts.wSecond, parts.wMilliseconds);
    json_text(name, text);
}

void ai_print_line(const char *text, void *context)
{
    (void)context;
    print("%s\n", text);
}

void ai_print_footnotes(const struct text_notes *notes)
{
    char lines[TEXT_NOTES][TEXT_NOTE_SIZE];
    size_t count = text_footnotes(notes, lines);
    for (size_t i = 0; i < count; i++) {
        print("%s%s\n", i == 0 ? "\n" : "", lines[i]);
    }
}
