/* SPDX-License-Identifier: MIT */
/* Values as text: what the AI commands and the screen of `ballast top` share. Includes no system header. */
#ifndef CLI_BALLAST_TEXT_H
#define CLI_BALLAST_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "ballast/ai_abi.h"

/* ---- UTF-16 and UTF-8 ---- */

/*
 * Writes at most `length` characters of UTF-16, up to a zero, as UTF-8. What must not be shown in a line (control and format
 * characters, halves of pairs) becomes '?'. What does not fit is cut at a character.
 */
void text_utf8(const uint16_t *text, size_t length, char *utf8, size_t size);

/*
 * False unless it is valid UTF-8 that fits, with its final zero, without control or format characters and characters that
 * need two units of UTF-16: the driver takes none. The rest of the array is zeroed.
 */
bool text_utf16(const char *utf8, uint16_t *text, size_t length);

/* The character that UTF-8 goes on with, which must be one; TEXT_NO_CHARACTER for a byte that is none. */
#define TEXT_NO_CHARACTER 0xFFFFFFFFu
uint32_t text_decode(const char **utf8);

/* How many columns of a terminal the text takes, once it is clean. */
size_t text_columns(const char *utf8);

/* Cuts what is wider than so many columns, 3 at least; "..." marks the cut, and is within them. */
void text_cut(char *utf8, size_t columns);

/* Replaces, by '?', whatever must not reach a terminal; ends of lines and tabs stay. */
void text_clean(char *utf8);

/* ---- numbers ---- */

#define TEXT_CELL_SIZE 48

enum text_unit {
    TEXT_COUNT,
    TEXT_PERMILLE, /* 43.5 % */
    TEXT_BYTES,    /* 4.0 GiB */
    TEXT_MILLICELSIUS,
    TEXT_MILLIWATTS,
    TEXT_HZ,
    TEXT_RPM,
    TEXT_NANOSECONDS,
    TEXT_PER_SECOND,
};

/* `cell` has TEXT_CELL_SIZE bytes in all of these. */
void text_number(int64_t number, enum text_unit unit, char *cell);

/* "12 s" */
void text_age(uint64_t milliseconds, char *cell);

/* "12.3 s", "1:02:03" */
void text_cpu_time(uint64_t time_100ns, char *cell);

/* ---- measured values and footnotes ---- */

/* Reasons of ballast_ai_value.reason that footnotes tell apart. */
#define TEXT_REASONS    (BALLAST_AI_REASON_STARTING + 1u)
#define TEXT_NOTE_NAMES 16
#define TEXT_NOTE_SIZE  320
#define TEXT_NOTES      (TEXT_REASONS + 3)

/* The values that need a footnote, by why. */
struct text_notes {
    struct text_note {
        const char *names[TEXT_NOTE_NAMES];
        size_t count;
    } unknown[TEXT_REASONS], estimated, at_least, stale;
};

/*
 * The value: "-" if it is unknown, "~35.0 %" if estimated, ">=4.0 GiB" if it is recorded in 32 bits, "43.5 % (12 s)" if
 * stale. It is noted under `name`, a string
 * that lives as long as *notes. notes may be NULL.
 */
void text_value(const struct ballast_ai_value *value, enum text_unit unit, const char *name, struct text_notes *notes,
                char *cell);

/* The footnotes, a line each, without line ends. Returns how many. */
size_t text_footnotes(const struct text_notes *notes, char lines[TEXT_NOTES][TEXT_NOTE_SIZE]);

/* As JSON and messages name them: "measured", "nvml", "no_sample"; "unknown" for a number without a name. */
const char *text_state(uint8_t state);
const char *text_source(uint8_t source);
/* "hardware", "gpu_pv"; of an adapter's `valid`. */
const char *text_kind(uint32_t valid);
const char *text_reason(uint16_t reason);
/* "nobody has pushed it ..." */
const char *text_reason_explained(uint16_t reason);

/* What values of a GPU are called, and their units. */
extern const struct text_gpu_value {
    const char *name; /* "dedicated used" */
    const char *json; /* "dedicated_used_bytes" */
    enum text_unit unit;
} text_gpu_values[BALLAST_AI_GPU_VALUES];

/* "substring:python" */
#define TEXT_RULE_SIZE (16u + 4u * BALLAST_AI_RULE_LENGTH)
void text_rule(const struct ballast_ai_rule *rule, char text[TEXT_RULE_SIZE]);

/* The name of a process, "-" if it has none; "..." ends one that is longer than the driver gives. */
#define TEXT_PROCESS_SIZE (4u * BALLAST_AI_PROCESS_NAME_LENGTH + 4u)
void text_process(const struct ballast_ai_process *process, char text[TEXT_PROCESS_SIZE]);

#endif
