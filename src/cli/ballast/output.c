/* SPDX-License-Identifier: MIT */
/* Everything that is printed: text, JSON, progress. UTF-8 on pipes and consoles alike. What only one system has: console.h. */

#include "cli/ballast/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ballast/character.h"
#include "cli/ballast/console.h"
#include "cli/ballast/text.h"

/* Names of files and of processes are others' to choose: nothing of them controls the terminal. */
void print_clean(bool to_error, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *text = length >= 0 ? malloc((size_t)length + 1) : NULL;
    if (to_error) {
        fflush(stdout);
    }
    if (text != NULL) {
        (void)vsnprintf(text, (size_t)length + 1, format, arguments);
        text_clean(text);
        fputs(text, to_error ? stderr : stdout);
    }
    free(text);
    if (to_error) {
        fflush(stderr);
    }
}

void print(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_clean(false, format, arguments);
    va_end(arguments);
}

void print_note(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_clean(true, format, arguments);
    va_end(arguments);
}

/* A few static results, used in turn, so that one print can take several. */
#define RESULTS 4

const char *size_text(uint64_t bytes)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    static char results[RESULTS][32];
    static unsigned next;
    char *result = results[next++ % RESULTS];
    double value = (double)bytes;
    size_t unit = 0;
    while (value >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        value /= 1024;
        unit++;
    }
    (void)snprintf(result, sizeof(results[0]), unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
    return result;
}

const char *rate_text(uint64_t bytes, double seconds)
{
    static char result[32];
    double rate = seconds > 0 ? (double)bytes / seconds : 0;
    if (rate >= 1e9) {
        (void)snprintf(result, sizeof(result), "%.2f GB/s", rate / 1e9);
    } else {
        (void)snprintf(result, sizeof(result), "%.1f MB/s", rate / 1e6);
    }
    return result;
}

void print_table_line(const char *text, void *context)
{
    (void)context;
    print("%s\n", text);
}

/* ---- JSON ---- */

static bool json_needs_comma;

/* What must not reach a terminal is escaped: who reads JSON gets it all the same. */
static void json_escape(uint32_t character)
{
    if (character >= 0x10000) {
        printf("\\u%04x", 0xD7C0 + (character >> 10));
        character = 0xDC00 + (character & 0x3FF);
    }
    printf("\\u%04x", character);
}

static void json_string(const char *text)
{
    putchar('"');
    while (*text != 0) {
        const char *begin = text;
        uint32_t character = text_decode(&text);
        if (character == TEXT_NO_CHARACTER) {
            json_escape(0xFFFD);
        } else if (character_kind(character) == CHARACTER_HIDDEN) {
            json_escape(character);
        } else {
            printf("%s%.*s", character == '"' || character == '\\' ? "\\" : "", (int)(text - begin), begin);
        }
    }
    putchar('"');
}

static void json_name(const char *name)
{
    if (json_needs_comma) {
        putchar(',');
    }
    if (name != NULL) {
        json_string(name);
        putchar(':');
    }
    json_needs_comma = true;
}

void json_open(const char *name, char bracket)
{
    json_name(name);
    putchar(bracket);
    json_needs_comma = false;
}

void json_close(char bracket)
{
    putchar(bracket);
    json_needs_comma = true;
}

void json_text(const char *name, const char *value)
{
    json_name(name);
    json_string(value);
}

void json_text_or_null(const char *name, const char *value)
{
    if (value != NULL) {
        json_text(name, value);
    } else {
        json_null(name);
    }
}

void json_number(const char *name, uint64_t value)
{
    json_name(name);
    print("%llu", (unsigned long long)value);
}

void json_signed(const char *name, int64_t value)
{
    json_name(name);
    print("%lld", (long long)value);
}

void json_real(const char *name, double value)
{
    json_name(name);
    print("%.6g", value);
}

void json_bool(const char *name, bool value)
{
    json_name(name);
    print(value ? "true" : "false");
}

void json_null(const char *name)
{
    json_name(name);
    print("null");
}

void json_end(void)
{
    putchar('\n');
    json_needs_comma = false;
}

/* ---- progress ---- */

#define REDRAW_SECONDS 0.1
#define LINE_PERCENT   25u /* without a terminal: a line each */

void progress_begin(struct progress *progress, const char *verb, bool forced)
{
    interrupt_watch();
    *progress = (struct progress){.verb = verb, .began = now_seconds(), .shown = forced || console_is_terminal()};
}

static void draw(struct progress *progress, uint64_t done, unsigned percent)
{
    double seconds = now_seconds() - progress->began;
    print_note("%s%s %3u %%  %s of %s  %s%s", console_is_terminal() ? "\r" : "", progress->verb, percent,
               size_text(done), size_text(progress->total), rate_text(done, seconds),
               console_is_terminal() ? "   " : "\n");
    progress->printed = now_seconds();
    progress->percent_printed = percent;
}

int progress_step(void *context, uint64_t done, uint64_t total)
{
    struct progress *progress = context;
    unsigned percent = total == 0 ? 100 : (unsigned)((double)done * 100 / (double)total);
    progress->total = total;
    if (interrupt_asked()) {
        return 1;
    }
    if (!progress->shown) {
        return 0;
    }
    bool due = console_is_terminal() ? now_seconds() - progress->printed >= REDRAW_SECONDS
                                     : percent / LINE_PERCENT > progress->percent_printed / LINE_PERCENT;
    if (due || done == total) {
        draw(progress, done, percent);
    }
    return 0;
}

double progress_end(struct progress *progress)
{
    if (progress->shown && console_is_terminal()) {
        print_note("\n");
    }
    return now_seconds() - progress->began;
}
