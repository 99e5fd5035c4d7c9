/* SPDX-License-Identifier: MIT */
/* ballast ai ...: opening the driver, and what its commands print alike. */

#include "cli/ballast/ai.h"

#include <stdio.h>
#include <string.h>
#include <windows.h>

#include "cli/ballast/watch.h"

/* For watch_show. */
struct shown {
    ballast_ai *ai;
    ai_show *show;
};

static ballast_result show_once(void *context, const struct arguments *arguments)
{
    const struct shown *shown = context;
    return shown->show(shown->ai, arguments);
}

ballast_result ai_repeat(const struct arguments *arguments, ai_show *show)
{
    struct watch watch;
    struct shown shown = {.show = show};
    ballast_error error;
    if (!watch_parse(arguments, &watch)) {
        return BALLAST_INVALID_ARGUMENT;
    }
    ballast_result result = ballast_ai_open(BALLAST_AI_OPEN_QUERIES, &shown.ai, &error);
    if (result != BALLAST_OK) {
        return fail(result, &error);
    }
    result = watch_show(&watch, arguments, show_once, &shown);
    ballast_ai_close(shown.ai);
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

void ai_print_footnotes(const struct text_notes *notes)
{
    char lines[TEXT_NOTES][TEXT_NOTE_SIZE];
    size_t count = text_footnotes(notes, lines);
    for (size_t i = 0; i < count; i++) {
        print("%s%s\n", i == 0 ? "\n" : "", lines[i]);
    }
}
