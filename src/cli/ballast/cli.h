/* SPDX-License-Identifier: MIT */
/* What the commands of `ballast` share: arguments, output, and the table that main.c dispatches by. */
#ifndef CLI_BALLAST_CLI_H
#define CLI_BALLAST_CLI_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ballast/ballast.h"

/* ---- arguments ---- */

struct option {
    const wchar_t *name;     /* without the dashes */
    const wchar_t *argument; /* what help calls the argument; in brackets: may be left out; NULL: a switch */
    const char *help;
};

#define MAXIMUM_OPTIONS   28
#define MAXIMUM_POSITIONS 512

struct arguments {
    const struct command *command;
    const wchar_t *values[MAXIMUM_OPTIONS]; /* by index into command->options; NULL: not given; L"" for a switch */
    const wchar_t *positions[MAXIMUM_POSITIONS];
    size_t position_count;
    bool json;
};

struct command {
    const wchar_t *group;
    const wchar_t *name;   /* empty: the group is the command */
    const char *positions; /* how help writes them */
    size_t minimum_positions;
    size_t maximum_positions;
    const char *summary;
    const char *details;          /* further help; may be empty */
    const struct option *options; /* ends with a NULL name */
    ballast_result (*run)(const struct arguments *arguments);
};

struct command_table {
    const struct command *commands;
    const size_t *count;
};

struct program {
    const char *name;
    const char *purpose;
    const struct command *screen; /* is not for programs: it takes no --json. NULL: none */
    const wchar_t *group;         /* whose commands are named without it; NULL: there are several */
    const struct command_table *tables;
    size_t table_count;
};

/* Which program this is: before all else. */
void dispatch_begin(const struct program *which);

/* Runs what the command line says. */
ballast_result dispatch(int argc, wchar_t **argv);

/* The mistakes of a command line that asks for JSON are to be JSON, too. */
bool dispatch_asks_for_json(int argc, wchar_t **argv);

/* The value of an option, L"" for a given switch, NULL if it was not given. */
const wchar_t *option_value(const struct arguments *arguments, const wchar_t *name);
bool option_given(const struct arguments *arguments, const wchar_t *name);

/* Parse the option's value; false, with a message printed, if it is wrong. Leave *value alone if it was not given. */
bool option_size(const struct arguments *arguments, const wchar_t *name, uint64_t *value);
bool option_number(const struct arguments *arguments, const wchar_t *name, uint32_t *value);

/* Seconds with an optional fraction, 0.05 ... 3600. */
bool option_seconds(const struct arguments *arguments, const wchar_t *name, double *seconds);

/* A size that is an argument itself. */
bool parse_size(const wchar_t *text, uint64_t *value);

/* ---- output ---- */

/* For the compiler: like printf, of the C library that is linked. */
#ifdef _WIN32
#define PRINTF_LIKE(format_at, arguments_at) __attribute__((format(gnu_printf, format_at, arguments_at)))
#else
#define PRINTF_LIKE(format_at, arguments_at) __attribute__((format(printf, format_at, arguments_at)))
#endif

/*
 * printf for standard output and standard error. Text is UTF-8; %ls works for UTF-16. What must not reach a terminal, in
 * names of files and processes, becomes '?'.
 */
void print(const char *format, ...) PRINTF_LIKE(1, 2);
/* With --json it is kept for the object that says what went wrong. */
void print_error(const char *format, ...) PRINTF_LIKE(1, 2);

/* What is neither a result nor a failure, to standard error. */
void print_note(const char *format, ...) PRINTF_LIKE(1, 2);

void print_clean(bool to_error, const char *format, va_list arguments) PRINTF_LIKE(2, 0);

/* A line of a table, for table_write; context is not used. */
void print_table_line(const char *text, void *context);

/* Converts for printing. The result is valid until the fourth next call. */
const char *utf8(const wchar_t *text);

/* "64.0 MiB". The result is valid until the fourth next call. */
const char *size_text(uint64_t bytes);

/* "1.2 GB/s" */
const char *rate_text(uint64_t bytes, double seconds);

double now_seconds(void);

/* Prints `error: message` and returns `result`. */
ballast_result fail(ballast_result result, const ballast_error *error);

/* A JSON object or array, written as it goes; names and text are escaped. A name is NULL inside an array. */
void json_open(const char *name, char bracket);
void json_close(char bracket);
void json_text(const char *name, const char *value);
void json_text_or_null(const char *name, const char *value);
void json_number(const char *name, uint64_t value);
void json_signed(const char *name, int64_t value);
void json_real(const char *name, double value); /* finite */
void json_bool(const char *name, bool value);
void json_null(const char *name);
/* Ends the line of a finished document. */
void json_end(void);

/* ---- failure ---- */

/* The words of the command line that follow the program's name, and whether --json is among them. */
void failure_begin(bool json, int count, wchar_t **words);

/* With --json prints what went wrong, unless the command has done that, or has nothing to say: its exit code does. */
void failure_end(ballast_result result);

/* The member "error" of a command's own object, with what print_error has got. */
void json_failure(ballast_result result);

/* ---- progress ---- */

/* From now on Ctrl-C does not end the program, but asks the command to do so; a second one does. */
void interrupt_watch(void);
bool interrupt_asked(void);

struct progress {
    const char *verb;
    bool shown; /* at all */
    double began;
    double printed; /* when */
    unsigned percent_printed;
    uint64_t total;
};

/* Shown on a terminal, or anywhere if asked for. */
void progress_begin(struct progress *progress, const char *verb, bool forced);
ballast_progress progress_step;
/* Ends the progress line. Returns the seconds since the beginning. */
double progress_end(struct progress *progress);

/* ---- commands ---- */

extern const struct command disk_commands[];
extern const size_t disk_command_count;
extern const struct command image_commands[];
extern const size_t image_command_count;
extern const struct command driver_commands[];
extern const size_t driver_command_count;
extern const struct command ai_commands[];
extern const size_t ai_command_count;
extern const struct command top_command;

#endif
