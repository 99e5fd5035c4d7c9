/* SPDX-License-Identifier: MIT */
/* Values as text. */

#include "cli/ballast/text.h"

#include <stdio.h>
#include <string.h>

#include "cli/ballast/character.h"

/* ---- UTF-16 and UTF-8 ---- */

/* The character at *text, which moves behind it; '?' for half a pair. */
static uint32_t decode_utf16(const uint16_t **text, const uint16_t *end)
{
    uint32_t unit = *(*text)++;
    if ((unit & 0xF800) != 0xD800) {
        return unit;
    }
    if (unit < 0xDC00 && *text < end && (**text & 0xFC00) == 0xDC00) {
        return 0x10000 + ((unit & 0x3FF) << 10) + (uint32_t)(*(*text)++ & 0x3FF);
    }
    return '?';
}

static size_t encode_utf8(uint32_t character, char bytes[4])
{
    static const unsigned char first[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
    size_t count = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    for (size_t i = count - 1; i > 0; i--) {
        bytes[i] = (char)(0x80 | (character & 0x3F));
        character >>= 6;
    }
    bytes[0] = (char)(first[count] | character);
    return count;
}

void text_utf8(const uint16_t *text, size_t length, char *utf8, size_t size)
{
    size_t used = 0;
    const uint16_t *end = text + length;
    while (text < end && *text != 0) {
        char bytes[4];
        uint32_t character = decode_utf16(&text, end);
        size_t count = encode_utf8(character_kind(character) == CHARACTER_HIDDEN ? '?' : character, bytes);
        if (used + count >= size) {
            break;
        }
        memcpy(utf8 + used, bytes, count);
        used += count;
    }
    utf8[used] = 0;
}

/* One character of valid UTF-8; false for anything else: overlong forms, halves of pairs, too large ones. */
static bool decode_utf8(const unsigned char **text, uint32_t *character)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    unsigned char byte = *(*text)++;
    unsigned more = byte < 0x80 ? 0 : byte < 0xC0 ? 4 : byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : byte < 0xF8 ? 3 : 4;
    if (more == 4) {
        return false;
    }
    *character = more == 0 ? byte : byte & (0x3Fu >> more);
    for (unsigned i = 0; i < more; i++, ++*text) {
        if ((**text & 0xC0) != 0x80) {
            return false;
        }
        *character = *character << 6 | (**text & 0x3Fu);
    }
    return *character >= least[more] && *character <= 0x10FFFF && (*character & 0xFFFFF800) != 0xD800;
}

bool text_utf16(const char *utf8, uint16_t *text, size_t length)
{
    size_t used = 0;
    const unsigned char *bytes = (const unsigned char *)utf8;
    memset(text, 0, length * sizeof(*text));
    while (*bytes != 0) {
        uint32_t character;
        if (!decode_utf8(&bytes, &character) || character_kind(character) == CHARACTER_HIDDEN || character >= 0x10000 ||
            used + 1 >= length) {
            memset(text, 0, length * sizeof(*text));
            return false;
        }
        text[used++] = (uint16_t)character;
    }
    return true;
}

uint32_t text_decode(const char **utf8)
{
    uint32_t character;
    const unsigned char *next = (const unsigned char *)*utf8;
    if (!decode_utf8(&next, &character)) {
        next = (const unsigned char *)*utf8 + 1;
        character = TEXT_NO_CHARACTER;
    }
    *utf8 = (const char *)next;
    return character;
}

static size_t columns_of(uint32_t character)
{
    enum character_kind kind = character_kind(character);
    return kind == CHARACTER_HIDDEN ? 1 : (size_t)kind; /* shown as '?' */
}

size_t text_columns(const char *utf8)
{
    size_t columns = 0;
    while (*utf8 != 0) {
        columns += columns_of(text_decode(&utf8));
    }
    return columns;
}

void text_cut(char *utf8, size_t columns)
{
    size_t seen = 0;
    char *end = utf8; /* of what stays */
    const char *next = utf8;
    if (text_columns(utf8) <= columns) {
        return;
    }
    for (;;) {
        seen += columns_of(text_decode(&next));
        if (seen > columns - 3) {
            break;
        }
        end = utf8 + (next - utf8);
    }
    memcpy(end, "...", 4);
}

void text_clean(char *utf8)
{
    char *to = utf8;
    for (const char *from = utf8; *from != 0;) {
        const char *begin = from;
        uint32_t character = text_decode(&from);
        bool hidden = character_kind(character) == CHARACTER_HIDDEN;
        if (hidden && (character == 0 || strchr("\n\r\t", (int)character) == NULL)) {
            *to++ = '?';
        } else {
            memmove(to, begin, (size_t)(from - begin));
            to += from - begin;
        }
    }
    *to = 0;
}

/* ---- numbers ---- */

static void scaled(double number, double step, const char *const *units, char *cell)
{
    size_t unit = 0;
    while ((number >= step || number <= -step) && units[unit + 1] != NULL) {
        number /= step;
        unit++;
    }
    (void)snprintf(cell, TEXT_CELL_SIZE, unit == 0 ? "%.0f %s" : "%.1f %s", number, units[unit]);
}

void text_number(int64_t number, enum text_unit unit, char *cell)
{
    static const char *const bytes[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", NULL};
    static const char *const clock[] = {"Hz", "kHz", "MHz", "GHz", NULL};
    static const char *const time[] = {"ns", "us", "ms", "s", NULL};
    switch (unit) {
    case TEXT_PERMILLE:
        (void)snprintf(cell, TEXT_CELL_SIZE, "%.1f %%", (double)number / 10);
        break;
    case TEXT_BYTES:
        scaled((double)number, 1024, bytes, cell);
        break;
    case TEXT_MILLICELSIUS:
        (void)snprintf(cell, TEXT_CELL_SIZE, "%.1f C", (double)number / 1000);
        break;
    case TEXT_MILLIWATTS:
        (void)snprintf(cell, TEXT_CELL_SIZE, "%.1f W", (double)number / 1000);
        break;
    case TEXT_HZ:
        scaled((double)number, 1000, clock, cell);
        break;
    case TEXT_RPM:
        (void)snprintf(cell, TEXT_CELL_SIZE, "%lld rpm", (long long)number);
        break;
    case TEXT_NANOSECONDS:
        scaled((double)number, 1000, time, cell);
        break;
    case TEXT_PER_SECOND:
        (void)snprintf(cell, TEXT_CELL_SIZE, "%lld /s", (long long)number);
        break;
    default:
        (void)snprintf(cell, TEXT_CELL_SIZE, "%lld", (long long)number);
        break;
    }
}

void text_age(uint64_t milliseconds, char *cell)
{
    unsigned long long seconds = milliseconds / 1000;
    if (milliseconds < 1000) {
        (void)snprintf(cell, TEXT_CELL_SIZE, "%llu ms", (unsigned long long)milliseconds);
    } else if (seconds < 120) {
        (void)snprintf(cell, TEXT_CELL_SIZE, "%llu s", seconds);
    } else if (seconds < 7200) {
        (void)snprintf(cell, TEXT_CELL_SIZE, "%llu min", seconds / 60);
    } else {
        (void)snprintf(cell, TEXT_CELL_SIZE, "%llu h", seconds / 3600);
    }
}

void text_cpu_time(uint64_t time_100ns, char *cell)
{
    unsigned long long seconds = time_100ns / 10000000;
    if (seconds < 60) {
        unsigned long long tenths = time_100ns / 1000000;
        (void)snprintf(cell, TEXT_CELL_SIZE, "%llu.%llu s", tenths / 10, tenths % 10);
    } else {
        (void)snprintf(cell, TEXT_CELL_SIZE, "%llu:%02llu:%02llu", seconds / 3600, seconds / 60 % 60, seconds % 60);
    }
}

/* ---- measured values and footnotes ---- */

static void note(struct text_note *note, const char *name)
{
    for (size_t i = 0; i < note->count; i++) {
        if (strcmp(note->names[i], name) == 0) {
            return;
        }
    }
    if (note->count < TEXT_NOTE_NAMES) {
        note->names[note->count++] = name;
    }
}

void text_value(const struct ballast_ai_value *value, enum text_unit unit, const char *name, struct text_notes *notes,
                char *cell)
{
    char number[TEXT_CELL_SIZE];
    char age[TEXT_CELL_SIZE];
    struct text_notes ignored = {0};
    notes = notes != NULL ? notes : &ignored;
    text_number(value->value, unit, number);
    switch (value->state) {
    case BALLAST_AI_MEASURED:
        (void)snprintf(cell, TEXT_CELL_SIZE, "%s", number);
        break;
    case BALLAST_AI_ESTIMATED:
        if (value->source == BALLAST_AI_SOURCE_REGISTRY_32) {
            (void)snprintf(cell, TEXT_CELL_SIZE, ">=%.*s", TEXT_CELL_SIZE - 3, number);
            note(&notes->at_least, name);
        } else {
            (void)snprintf(cell, TEXT_CELL_SIZE, "~%.*s", TEXT_CELL_SIZE - 2, number);
            note(&notes->estimated, name);
        }
        break;
    case BALLAST_AI_STALE:
        text_age(value->age_ms, age);
        (void)snprintf(cell, TEXT_CELL_SIZE, "%.28s (%.14s)", number, age);
        note(&notes->stale, name);
        break;
    default:
        (void)snprintf(cell, TEXT_CELL_SIZE, "-");
        note(&notes->unknown[value->reason < TEXT_REASONS ? value->reason : BALLAST_AI_REASON_NONE], name);
        break;
    }
}

static size_t footnote(const struct text_note *note, const char *mark, const char *why, char line[TEXT_NOTE_SIZE])
{
    if (note->count == 0) {
        return 0;
    }
    size_t used = (size_t)snprintf(line, TEXT_NOTE_SIZE, "%s  %s: ", mark, why);
    for (size_t i = 0; i < note->count && used < TEXT_NOTE_SIZE; i++) {
        used += (size_t)snprintf(line + used, TEXT_NOTE_SIZE - used, "%s%s", i == 0 ? "" : ", ", note->names[i]);
    }
    return 1;
}

size_t text_footnotes(const struct text_notes *notes, char lines[TEXT_NOTES][TEXT_NOTE_SIZE])
{
    size_t count = footnote(&notes->estimated, "~", "estimated from the number of AI processes", lines[0]);
    count += footnote(&notes->at_least, ">=", "recorded in 32 bits, and perhaps shared memory", lines[count]);
    count += footnote(&notes->stale, "( )", "old, measured so long ago", lines[count]);
    for (uint16_t reason = 0; reason < TEXT_REASONS; reason++) {
        count += footnote(&notes->unknown[reason], "-", text_reason_explained(reason), lines[count]);
    }
    return count;
}

const char *text_state(uint8_t state)
{
    static const char *const names[] = {"unknown", "measured", "estimated", "stale"};
    return state < sizeof(names) / sizeof(names[0]) ? names[state] : "unknown";
}

const char *text_source(uint8_t source)
{
    static const char *const names[BALLAST_AI_SOURCES] = {"none",   "registry",       "kernel", "process_count",
                                                          "d3dkmt", "perf_counter",   "nvml",   "vendor",
                                                          "manual", "registry_32_bit"};
    return source < BALLAST_AI_SOURCES ? names[source] : "unknown";
}

const char *text_kind(uint32_t valid)
{
    static const char *const names[] = {"unknown", "hardware", "software", "remote", "virtual", "gpu_pv"};
    uint32_t kind = BALLAST_AI_ADAPTER_KIND(valid);
    return kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "unknown";
}

static const struct {
    const char *name;
    const char *explained;
} reasons[TEXT_REASONS] = {
    [BALLAST_AI_REASON_NONE] = {"none", "not known, the driver does not say why"},
    [BALLAST_AI_REASON_NO_SAMPLE] = {"no_sample", "nobody pushed it, see 'ballast ai push --help'"},
    [BALLAST_AI_REASON_NOT_RECORDED] = {"not_recorded", "the GPU's driver does not record it in the registry"},
    [BALLAST_AI_REASON_NOT_REPORTED] = {"not_reported", "this system does not report it"},
    [BALLAST_AI_REASON_STARTING] = {"starting", "measuring has just begun, ask again"},
};

const char *text_reason(uint16_t reason)
{
    return reason < TEXT_REASONS ? reasons[reason].name : "unknown";
}

const char *text_reason_explained(uint16_t reason)
{
    return reasons[reason < TEXT_REASONS ? reason : BALLAST_AI_REASON_NONE].explained;
}

const struct text_gpu_value text_gpu_values[BALLAST_AI_GPU_VALUES] = {
    [BALLAST_AI_GPU_UTILIZATION_PERMILLE] = {"utilization", "utilization_permille", TEXT_PERMILLE},
    [BALLAST_AI_GPU_DEDICATED_USED_BYTES] = {"dedicated used", "dedicated_used_bytes", TEXT_BYTES},
    [BALLAST_AI_GPU_DEDICATED_TOTAL_BYTES] = {"dedicated total", "dedicated_total_bytes", TEXT_BYTES},
    [BALLAST_AI_GPU_SHARED_USED_BYTES] = {"shared used", "shared_used_bytes", TEXT_BYTES},
    [BALLAST_AI_GPU_SHARED_TOTAL_BYTES] = {"shared total", "shared_total_bytes", TEXT_BYTES},
    [BALLAST_AI_GPU_TEMPERATURE_MILLICELSIUS] = {"temperature", "temperature_millicelsius", TEXT_MILLICELSIUS},
    [BALLAST_AI_GPU_POWER_MILLIWATTS] = {"power", "power_milliwatts", TEXT_MILLIWATTS},
    [BALLAST_AI_GPU_CORE_CLOCK_HZ] = {"core clock", "core_clock_hz", TEXT_HZ},
    [BALLAST_AI_GPU_MEMORY_CLOCK_HZ] = {"memory clock", "memory_clock_hz", TEXT_HZ},
    [BALLAST_AI_GPU_FAN_RPM] = {"fan", "fan_rpm", TEXT_RPM},
};

void text_rule(const struct ballast_ai_rule *rule, char text[TEXT_RULE_SIZE])
{
    static const char *const kinds[] = {"substring:", "exact:", "glob:", "word:"};
    const char *kind = rule->kind <= BALLAST_AI_RULE_WORD ? kinds[rule->kind] : "?:";
    size_t length = rule->text_length < BALLAST_AI_RULE_LENGTH ? rule->text_length : BALLAST_AI_RULE_LENGTH;
    (void)snprintf(text, TEXT_RULE_SIZE, "%s", kind);
    text_utf8(rule->text, length, text + strlen(kind), TEXT_RULE_SIZE - strlen(kind));
}

void text_process(const struct ballast_ai_process *process, char text[TEXT_PROCESS_SIZE])
{
    text_utf8(process->name, BALLAST_AI_PROCESS_NAME_LENGTH, text, TEXT_PROCESS_SIZE - 4);
    if (process->name_length > BALLAST_AI_PROCESS_NAME_LENGTH) {
        memcpy(text + strlen(text), "...", 4);
    } else if (text[0] == 0) {
        memcpy(text, "-", 2);
    }
}
