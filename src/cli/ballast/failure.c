/* SPDX-License-Identifier: MIT */
/* What went wrong: text on standard error or, with --json, an object on standard output. */

#include "cli/ballast/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MESSAGE_SIZE 2048 /* what is longer is cut */

static struct {
    bool json;
    bool printed; /* as JSON */
    int word_count;
    wchar_t **words;
    uint32_t system_error;
    char message[MESSAGE_SIZE];
} failure;

void failure_begin(bool json, int count, wchar_t **words)
{
    failure.json = json;
    failure.word_count = count;
    failure.words = words;
}

/* A message that was cut shall not end within a character. */
static void cut_character(char *text)
{
    size_t length = strlen(text);
    size_t lead = length;
    while (lead > 0 && ((unsigned char)text[lead - 1] & 0xC0) == 0x80) {
        lead--;
    }
    if (lead > 0 && (unsigned char)text[lead - 1] >= 0xC0) {
        unsigned char first = (unsigned char)text[lead - 1];
        size_t needed = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
        if (length - (lead - 1) < needed) {
            text[lead - 1] = 0;
        }
    }
}

/* Of several messages, each has its line. */
static void remember(const char *text)
{
    static const char prefix[] = "error: ";
    size_t used = strlen(failure.message);
    text += strncmp(text, prefix, sizeof(prefix) - 1) == 0 ? sizeof(prefix) - 1 : 0;
    (void)snprintf(failure.message + used, MESSAGE_SIZE - used, "%s%s", used != 0 ? "\n" : "", text);
    used = strlen(failure.message);
    if (used != 0 && failure.message[used - 1] == '\n') {
        failure.message[used - 1] = 0;
    }
    cut_character(failure.message);
}

void print_error(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (failure.json) {
        char text[MESSAGE_SIZE];
        (void)vsnprintf(text, MESSAGE_SIZE, format, arguments);
        remember(text);
    } else {
        print_clean(true, format, arguments);
    }
    va_end(arguments);
}

ballast_result fail(ballast_result result, const ballast_error *error)
{
    failure.system_error = failure.message[0] == 0 ? error->code : failure.system_error;
    print_error("error: %s\n", error->message);
    return result;
}

void json_failure(ballast_result result)
{
    static const char *const names[] = {
        "ok",   "failed",    "invalid_argument", "not_found", "no_access", "driver_unavailable",
        "busy", "different", "interrupted",
    };
    json_open("error", '{');
    json_number("code", (uint64_t)result);
    json_text("name", (size_t)result < sizeof(names) / sizeof(names[0]) ? names[result] : "failed");
    json_text("message", failure.message);
    if (failure.system_error != 0) {
        json_number("system_error", failure.system_error);
    } else {
        json_null("system_error");
    }
    json_open("tried", '[');
    for (int i = 0; i < failure.word_count; i++) {
        json_text(NULL, utf8(failure.words[i]));
    }
    json_close(']');
    json_close('}');
    failure.printed = true;
}

void failure_end(ballast_result result)
{
    if (failure.json && result != BALLAST_OK && failure.message[0] != 0 && !failure.printed) {
        json_open(NULL, '{');
        json_failure(result);
        json_close('}');
        json_end();
    }
}
