/* SPDX-License-Identifier: MIT */
/* Parsing of samples. The text comes from collectors and scripts: anything may be in it. */

#include "cli/ballast/sample.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/ballast/quantity.h"
#include "cli/ballast/text.h"

#define KEYS_TEXT                                                                                                    \
    "adapter, utilization, engine, dedicated-used, dedicated-total, shared-used, shared-total, temperature, power, " \
    "core-clock, memory-clock, fan, source, age"

static const struct {
    const char *name;
    enum quantity_kind kind;
    enum ballast_ai_gpu_value index;
} measured[] = {
    {"utilization", QUANTITY_PERMILLE, BALLAST_AI_GPU_UTILIZATION_PERMILLE},
    {"dedicated-used", QUANTITY_BYTES, BALLAST_AI_GPU_DEDICATED_USED_BYTES},
    {"dedicated-total", QUANTITY_BYTES, BALLAST_AI_GPU_DEDICATED_TOTAL_BYTES},
    {"shared-used", QUANTITY_BYTES, BALLAST_AI_GPU_SHARED_USED_BYTES},
    {"shared-total", QUANTITY_BYTES, BALLAST_AI_GPU_SHARED_TOTAL_BYTES},
    {"temperature", QUANTITY_MILLICELSIUS, BALLAST_AI_GPU_TEMPERATURE_MILLICELSIUS},
    {"power", QUANTITY_MILLIWATTS, BALLAST_AI_GPU_POWER_MILLIWATTS},
    {"core-clock", QUANTITY_HZ, BALLAST_AI_GPU_CORE_CLOCK_HZ},
    {"memory-clock", QUANTITY_HZ, BALLAST_AI_GPU_MEMORY_CLOCK_HZ},
    {"fan", QUANTITY_RPM, BALLAST_AI_GPU_FAN_RPM},
};
#define MEASURED (sizeof(measured) / sizeof(measured[0]))
_Static_assert(MEASURED == BALLAST_AI_GPU_VALUES, "every value can be pushed");

/* Bits of sample_parser.seen: the rows above, and then these. */
enum { KEY_ADAPTER = MEASURED, KEY_ENGINE, KEY_SOURCE, KEY_AGE };

static const struct {
    const char *name;
    uint32_t source;
} sources[] = {
    {"d3dkmt", BALLAST_AI_SOURCE_D3DKMT}, {"perf-counter", BALLAST_AI_SOURCE_PERF_COUNTER},
    {"nvml", BALLAST_AI_SOURCE_NVML},     {"vendor", BALLAST_AI_SOURCE_VENDOR},
    {"manual", BALLAST_AI_SOURCE_MANUAL},
};
#define SOURCES (sizeof(sources) / sizeof(sources[0]))
_Static_assert(SOURCES == BALLAST_AI_SOURCE_LAST_PUSHED - BALLAST_AI_SOURCE_FIRST_PUSHED + 1,
               "every pushed source has a name");

__attribute__((format(printf, 2, 3))) static bool wrong(struct sample_parser *parser, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(parser->message, sizeof(parser->message), format, arguments);
    va_end(arguments);
    return false;
}

void sample_begin(struct sample_parser *parser)
{
    *parser = (struct sample_parser){.sample.source = BALLAST_AI_SOURCE_MANUAL};
}

/*
 * What collectors write instead of a number, such as nvidia-smi, perhaps with the unit that their script puts behind it.
 */
static bool is_not_measured(const char *value)
{
    static const char *const words[] = {
        "N/A",           "[N/A]", "[Not Supported]", "[Not Found]", "[Unknown Error]", "[Insufficient Permissions]",
        "[GPU is lost]",
    };
    if (strcmp(value, "-") == 0) {
        return true;
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t length = strlen(words[i]);
        if (strncmp(value, words[i], length) == 0) {
            const char *unit = value + length;
            unit += strspn(unit, " ");
            return unit[strspn(unit, "%abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")] == 0;
        }
    }
    return false;
}

static bool parse_quantity(struct sample_parser *parser, const char *key, enum quantity_kind kind, const char *value,
                           int64_t *result)
{
    switch (quantity_parse(kind, value, result)) {
    case QUANTITY_OK:
        return true;
    case QUANTITY_RANGE:
        return wrong(parser, "%s=%.40s is out of range: %s", key, value, quantity_range(kind));
    default:
        return wrong(parser, "%s=%.40s is wrong; write %s", key, value, quantity_example(kind));
    }
}

static bool parse_adapter(struct sample_parser *parser, const char *value)
{
    uint32_t number = 0;
    size_t length = strlen(value);
    for (size_t i = 0; i < length && length <= 5; i++) {
        if (value[i] < '0' || value[i] > '9') {
            length = 0;
        } else {
            number = number * 10 + (uint32_t)(value[i] - '0');
        }
    }
    if (length == 0 || length > 5) { /* the registry numbers drivers with four digits, of each class */
        return wrong(parser, "adapter=%.40s is wrong; write the number that 'ballast ai gpu' shows", value);
    }
    parser->sample.adapter_index = number;
    return true;
}

static bool parse_source(struct sample_parser *parser, const char *value)
{
    for (size_t i = 0; i < SOURCES; i++) {
        if (strcmp(value, sources[i].name) == 0) {
            parser->sample.source = sources[i].source;
            return true;
        }
    }
    return wrong(parser, "source=%.40s is wrong; write d3dkmt, perf-counter, nvml, vendor or manual", value);
}

static bool parse_engine(struct sample_parser *parser, const char *value)
{
    if (value[0] == 0 || !text_utf16(value, parser->sample.engine, BALLAST_AI_SHORT_NAME_LENGTH)) {
        return wrong(parser, "the name of the engine must be 1 to %u characters of printable UTF-8",
                     BALLAST_AI_SHORT_NAME_LENGTH - 1);
    }
    return true;
}

/* False if the key has been given before. */
static bool first_time(struct sample_parser *parser, size_t key, const char *name)
{
    if ((parser->seen >> key & 1) != 0) {
        return wrong(parser, "%s is given twice", name);
    }
    parser->seen |= 1u << key;
    return true;
}

static bool take_measured(struct sample_parser *parser, size_t row, const char *value)
{
    enum ballast_ai_gpu_value index = measured[row].index;
    if (!first_time(parser, row, measured[row].name)) {
        return false;
    }
    if (is_not_measured(value)) {
        return true;
    }
    if (!parse_quantity(parser, measured[row].name, measured[row].kind, value, &parser->sample.values[index])) {
        return false;
    }
    parser->sample.mask |= 1u << index;
    return true;
}

static bool take_other(struct sample_parser *parser, const char *key, const char *value)
{
    int64_t age = 0;
    if (strcmp(key, "adapter") == 0) {
        return first_time(parser, KEY_ADAPTER, key) && parse_adapter(parser, value);
    }
    if (strcmp(key, "source") == 0) {
        return first_time(parser, KEY_SOURCE, key) && parse_source(parser, value);
    }
    if (strcmp(key, "engine") == 0) {
        return first_time(parser, KEY_ENGINE, key) && (is_not_measured(value) || parse_engine(parser, value));
    }
    if (strcmp(key, "age") == 0) {
        if (!first_time(parser, KEY_AGE, key) || !parse_quantity(parser, key, QUANTITY_MILLISECONDS, value, &age)) {
            return false;
        }
        parser->sample.age_ms = (uint32_t)age;
        return true;
    }
    return wrong(parser, "there is no key '%.40s'; the keys are " KEYS_TEXT, key);
}

bool sample_word(struct sample_parser *parser, const char *word)
{
    char key[32];
    size_t length = strcspn(word, "=");
    if (word[length] == 0 || length == 0 || length >= sizeof(key)) {
        return wrong(parser, "'%.40s' is not key=value; the keys are " KEYS_TEXT, word);
    }
    memcpy(key, word, length);
    key[length] = 0;
    const char *value = word + length + 1;
    for (size_t i = 0; i < MEASURED; i++) {
        if (strcmp(key, measured[i].name) == 0) {
            return take_measured(parser, i, value);
        }
    }
    return take_other(parser, key, value);
}

bool sample_end(struct sample_parser *parser)
{
    struct ballast_ai_sample *sample = &parser->sample;
    if ((parser->seen >> KEY_ADAPTER & 1) == 0) {
        return wrong(parser, "which adapter? write adapter=N; 'ballast ai gpu' shows the numbers");
    }
    if (sample->mask == 0) {
        return wrong(parser, "there is no measured value, such as utilization=43.5%%");
    }
    if ((sample->mask >> BALLAST_AI_GPU_UTILIZATION_PERMILLE & 1) == 0) {
        if (sample->engine[0] != 0 && (parser->seen & 1) == 0) {
            return wrong(parser, "engine names what is utilized; it needs utilization");
        }
        memset(sample->engine, 0, sizeof(sample->engine));
    }
    return true;
}

/* ---- lines ---- */

static bool is_blank(char character)
{
    return character == ' ' || character == '\t' || character == '\r' || character == '\n';
}

/*
 * Copies the next word without its quotes and moves behind it. A value that begins with a bracket goes on to its end, as
 * "[Not Supported]" does. False if a quote is not closed.
 */
static bool next_word(const char **text, char word[SAMPLE_LINE_LENGTH + 1])
{
    bool quoted = false;
    bool bracketed = false;
    size_t length = 0;
    for (; **text != 0 && (quoted || bracketed || !is_blank(**text)); ++*text) {
        if (**text == '"') {
            quoted = !quoted;
            continue;
        }
        bracketed = bracketed ? **text != ']' : **text == '[' && length != 0 && word[length - 1] == '=';
        if (length < SAMPLE_LINE_LENGTH) {
            word[length++] = **text;
        }
    }
    word[length] = 0;
    return !quoted;
}

enum sample_line sample_line(struct sample_parser *parser, const char *line)
{
    char word[SAMPLE_LINE_LENGTH + 1];
    bool any = false;
    sample_begin(parser);
    if (strlen(line) > SAMPLE_LINE_LENGTH) {
        (void)wrong(parser, "the line is longer than %d bytes", SAMPLE_LINE_LENGTH);
        return SAMPLE_LINE_WRONG;
    }
    for (;;) {
        while (is_blank(*line)) {
            line++;
        }
        if (*line == 0 || (*line == '#' && !any)) {
            break;
        }
        any = true;
        if (!next_word(&line, word)) {
            (void)wrong(parser, "a quote is not closed");
            return SAMPLE_LINE_WRONG;
        }
        if (!sample_word(parser, word)) {
            return SAMPLE_LINE_WRONG;
        }
    }
    if (!any) {
        return SAMPLE_LINE_EMPTY;
    }
    return sample_end(parser) ? SAMPLE_LINE_OK : SAMPLE_LINE_WRONG;
}
