/* SPDX-License-Identifier: MIT */
/* Values, names and footnotes as the AI commands print them. */
#include "cli/ballast/text.h"

#include <stdio.h>
#include <string.h>

#include "cli/ballast/character.h"
#include "cli/ballast/rule_match.h"
#include "cli/ballast/table.h"
#include "tests/harness/test.h"

static bool is(const char *actual, const char *expected)
{
    test_note("'%s', expected '%s'", actual, expected);
    return strcmp(actual, expected) == 0;
}

static void numbers_with_units(void)
{
    static const struct {
        int64_t number;
        enum text_unit unit;
        const char *text;
    } rows[] = {
        {0, TEXT_COUNT, "0"},
        {435, TEXT_PERMILLE, "43.5 %"},
        {0, TEXT_BYTES, "0 bytes"},
        {1023, TEXT_BYTES, "1023 bytes"},
        {4ll << 30, TEXT_BYTES, "4.0 GiB"},
        {INT64_MAX, TEXT_BYTES, "8.0 EiB"},
        {61000, TEXT_MILLICELSIUS, "61.0 C"},
        {-273150, TEXT_MILLICELSIUS, "-273.1 C"},
        {210070, TEXT_MILLIWATTS, "210.1 W"},
        {1800000000, TEXT_HZ, "1.8 GHz"},
        {1200, TEXT_RPM, "1200 rpm"},
        {850, TEXT_NANOSECONDS, "850 ns"},
        {4096, TEXT_NANOSECONDS, "4.1 us"},
        {2500000, TEXT_NANOSECONDS, "2.5 ms"},
        {120, TEXT_PER_SECOND, "120 /s"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char cell[TEXT_CELL_SIZE];
        text_number(rows[i].number, rows[i].unit, cell);
        CHECK(is(cell, rows[i].text));
    }
}

static void what_32_bits_hold_is_at_least_so_much(void)
{
    struct ballast_ai_value value = {
        .value = 0xFFF00000, .state = BALLAST_AI_ESTIMATED, .source = BALLAST_AI_SOURCE_REGISTRY_32};
    struct text_notes notes = {0};
    char lines[TEXT_NOTES][TEXT_NOTE_SIZE];
    char cell[TEXT_CELL_SIZE];
    text_value(&value, TEXT_BYTES, "dedicated total", &notes, cell);
    CHECK(is(cell, ">=4.0 GiB"));
    CHECK_EQUAL(text_footnotes(&notes, lines), 1);
    CHECK(is(lines[0], ">=  recorded in 32 bits, and perhaps shared memory: dedicated total"));
    CHECK(is(text_kind(BALLAST_AI_KIND_GPU_PV << 8 | BALLAST_AI_ADAPTER_PCI_IDS), "gpu_pv"));
    CHECK(is(text_kind(0), "unknown"));
    CHECK(is(text_kind(0xF00), "unknown"));
}

static void times(void)
{
    char cell[TEXT_CELL_SIZE];
    text_age(999, cell);
    CHECK(is(cell, "999 ms"));
    text_age(12000, cell);
    CHECK(is(cell, "12 s"));
    text_age(3600000, cell);
    CHECK(is(cell, "60 min"));
    text_age(UINT64_MAX, cell);
    CHECK(is(cell, "5124095576030 h"));
    text_cpu_time(123000000, cell);
    CHECK(is(cell, "12.3 s"));
    text_cpu_time(37230000000, cell);
    CHECK(is(cell, "1:02:03"));
}

static void values_say_what_they_are(void)
{
    static const struct {
        struct ballast_ai_value value;
        const char *text;
    } rows[] = {
        {{.value = 0, .state = BALLAST_AI_MEASURED, .source = BALLAST_AI_SOURCE_NVML}, "0.0 %"},
        {{.value = 350, .state = BALLAST_AI_ESTIMATED, .source = BALLAST_AI_SOURCE_PROCESS_COUNT}, "~35.0 %"},
        {{.value = 435, .state = BALLAST_AI_STALE, .age_ms = 12000}, "43.5 % (12 s)"},
        {{.value = 0, .state = BALLAST_AI_UNKNOWN, .reason = BALLAST_AI_REASON_NO_SAMPLE}, "-"},
        {{.value = 999, .state = BALLAST_AI_UNKNOWN, .reason = 4711}, "-"},
        {{.value = 999, .state = 200}, "-"}, /* a state of the future */
        {{.value = INT64_MIN / 2048, .state = BALLAST_AI_STALE, .age_ms = UINT32_MAX}, "-450359962737049.6 % (1193 h)"},
    };
    char lines[TEXT_NOTES][TEXT_NOTE_SIZE];
    struct text_notes notes = {0};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char cell[TEXT_CELL_SIZE];
        text_value(&rows[i].value, TEXT_PERMILLE, "utilization", &notes, cell);
        CHECK(is(cell, rows[i].text));
    }
    CHECK_EQUAL(text_footnotes(&notes, lines), 4);
    CHECK(is(lines[0], "~  estimated from the number of AI processes: utilization"));
    CHECK(is(lines[1], "( )  old, measured so long ago: utilization"));
    CHECK(is(lines[2], "-  not known, the driver does not say why: utilization"));
    CHECK(is(lines[3], "-  nobody pushed it, see 'ballast ai push --help': utilization"));
}

static void footnotes_name_values_once(void)
{
    static const char *const names[] = {"power", "temperature", "power", "fan"};
    struct ballast_ai_value value = {.reason = BALLAST_AI_REASON_NOT_REPORTED};
    struct text_notes notes = {0};
    char lines[TEXT_NOTES][TEXT_NOTE_SIZE];
    CHECK_EQUAL(text_footnotes(&notes, lines), 0);
    for (size_t i = 0; i < 4; i++) {
        char cell[TEXT_CELL_SIZE];
        text_value(&value, TEXT_COUNT, names[i], &notes, cell);
    }
    CHECK_EQUAL(text_footnotes(&notes, lines), 1);
    CHECK(is(lines[0], "-  this system does not report it: power, temperature, fan"));
}

static void names_cannot_disturb_a_terminal(void)
{
    static const uint16_t hostile[] = {'a', 0x1B, '[', '2', 'J', 0x9B, 0x202E, 0xD800, 'b', 0xDC00, 0xFFFF, 0};
    static const uint16_t fine[] = {0xE9, 0x4E2D, 0xD83C, 0xDFAE, 0}; /* e acute, a Chinese character, a gamepad */
    static const uint16_t unended[] = {'x', 'y', 0xD83C};
    char text[64];
    char small[6];
    text_utf8(hostile, 12, text, sizeof(text));
    CHECK(is(text, "a?[2J???b??"));
    text_utf8(fine, 5, text, sizeof(text));
    CHECK(is(text, "\xC3\xA9\xE4\xB8\xAD\xF0\x9F\x8E\xAE"));
    CHECK_EQUAL(text_columns(text), 5);
    text_utf8(fine, 5, small, sizeof(small)); /* cut between characters */
    CHECK(is(small, "\xC3\xA9\xE4\xB8\xAD"));
    text_utf8(unended, 3, text, sizeof(text));
    CHECK(is(text, "xy?"));
}

/* What no terminal may see, of each kind: controls, marks and overrides of direction, joiners, tags, what is no character. */
static void format_characters_are_hidden(void)
{
    static const uint32_t hidden[] = {0,       0x1B,    0x7F,    0x9B,    0xAD,    0x61C,    0x180E,
                                      0x200B,  0x200D,  0x200E,  0x2028,  0x202E,  0x2060,   0x2066,
                                      0x2069,  0xFE0F,  0xFEFF,  0xFFF9,  0xFFFF,  0xD800,   0x110BD,
                                      0x1D173, 0xE0001, 0xE0041, 0xE01EF, 0x1FFFE, 0x10FFFF, 0x110000};
    static const uint32_t shown[] = {' ',   '~',    0xA0,   0xE9,   0x5D0,   0x627,
                                     0x905, 0x3042, 0xAC00, 0xFFFD, 0x1F600, 0x10FFFD};
    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
        test_note("U+%04X", (unsigned)hidden[i]);
        CHECK_EQUAL(character_kind(hidden[i]), CHARACTER_HIDDEN);
    }
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
        test_note("U+%04X", (unsigned)shown[i]);
        CHECK(character_kind(shown[i]) != CHARACTER_HIDDEN);
    }
    char text[] = "a\x1B[2J\tb\xE2\x80\xAE\xC2\x9B\n\xFF\xE4\xB8";
    text_clean(text);
    CHECK(is(text, "a?[2J\tb??\n???"));
}

static void names_of_any_script_have_their_width(void)
{
    static const struct {
        const char *text;
        size_t columns;
    } rows[] = {
        {"", 0},
        {"abc", 3},
        {"\xC3\xA9", 1},                             /* e acute */
        {"e\xCC\x81", 1},                            /* the same of two characters */
        {"\xE6\xA8\xA1\xE5\x9E\x8B.exe", 8},         /* Chinese */
        {"\xEF\xBC\xA1", 2},                         /* a wide A */
        {"\xEF\xBD\xB1", 1},                         /* a narrow katakana */
        {"\xED\x95\x9C\xEA\xB8\x80", 4},             /* Korean */
        {"\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB", 2}, /* one syllable of it in three pieces */
        {"\xE0\xB8\x99\xE0\xB9\x89\xE0\xB8\xB3", 2}, /* Thai, with a tone above */
        {"\xD7\xA9\xD6\xB8\xD7\x9C", 2},             /* Hebrew, with a vowel below */
        {"\xF0\x9F\x8E\xAE", 2},                     /* a gamepad */
        {"\xF0\xA0\x80\x80", 2},                     /* beyond 16 bits */
        {"\xE2\x80\x8D", 1},                         /* shown as a question mark */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        test_note("row %u", (unsigned)i);
        CHECK_EQUAL(text_columns(rows[i].text), rows[i].columns);
    }
}

static void what_is_cut_is_marked(void)
{
    static const struct {
        const char *text;
        size_t columns;
        const char *cut;
    } rows[] = {
        {"python.exe", 10, "python.exe"},
        {"python.exe", 9, "python..."},
        {"python.exe", 3, "..."},
        {"\xE6\xA8\xA1\xE5\x9E\x8B\xE6\xA8\xA1", 6, "\xE6\xA8\xA1\xE5\x9E\x8B\xE6\xA8\xA1"},
        {"\xE6\xA8\xA1\xE5\x9E\x8B\xE6\xA8\xA1", 5, "\xE6\xA8\xA1..."},
        {"\xE6\xA8\xA1\xE5\x9E\x8B\xE6\xA8\xA1", 4, "..."}, /* half a character cannot stay */
        {"e\xCC\x81xyzw", 4, "e\xCC\x81..."},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[32];
        (void)snprintf(text, sizeof(text), "%s", rows[i].text);
        text_cut(text, rows[i].columns);
        CHECK(is(text, rows[i].cut));
        CHECK(text_columns(text) <= rows[i].columns);
    }
}

static void rules_are_tried_as_the_driver_does(void)
{
    static const uint16_t name[] = u"python3.12.exe";
    _Alignas(8) unsigned char bytes[sizeof(struct ballast_ai_rule_reply) + 4 * sizeof(struct ballast_ai_rule)] = {0};
    struct ballast_ai_rule_reply *reply = (struct ballast_ai_rule_reply *)bytes;
    uint32_t match = 0;
    CHECK(rule_match(reply, name, 14, &match)); /* there are none */
    CHECK_EQUAL(match, BALLAST_AI_NO_RULE);
    reply->rules_returned = 4;
    for (uint32_t i = 0; i < 4; i++) {
        static const uint16_t kinds[] = {BALLAST_AI_RULE_EXACT, BALLAST_AI_RULE_GLOB, BALLAST_AI_RULE_WORD,
                                         BALLAST_AI_RULE_SUBSTRING};
        reply->rule[i] = (struct ballast_ai_rule){.kind = kinds[i], .text_length = 6};
        memcpy(reply->rule[i].text, u"python", 12);
    }
    CHECK(rule_match(reply, name, 14, &match));
    CHECK_EQUAL(match, 2);
    CHECK(rule_match(reply, name, 6, &match));
    CHECK_EQUAL(match, 0);
    reply->rule[1].kind = 9;
    CHECK(!rule_match(reply, name, 14, &match));
    reply->rule[1].kind = BALLAST_AI_RULE_GLOB;
    reply->rule[3].text_length = BALLAST_AI_RULE_LENGTH + 1;
    CHECK(!rule_match(reply, name, 14, &match));
}

static void rules_and_processes(void)
{
    char rule_text[TEXT_RULE_SIZE];
    char name[TEXT_PROCESS_SIZE];
    struct ballast_ai_rule rule = {.kind = BALLAST_AI_RULE_GLOB, .text_length = 3, .text = {'p', 'y', '*', 'x'}};
    struct ballast_ai_process process = {.name_length = 70};
    text_rule(&rule, rule_text);
    CHECK(is(rule_text, "glob:py*"));
    rule.kind = 9;
    rule.text_length = 60000;
    text_rule(&rule, rule_text);
    CHECK(is(rule_text, "?:py*x"));
    for (size_t i = 0; i < BALLAST_AI_PROCESS_NAME_LENGTH; i++) {
        process.name[i] = 0x4E2D;
        rule.text[i % BALLAST_AI_RULE_LENGTH] = 0x4E2D;
    }
    text_process(&process, name);
    CHECK_EQUAL(strlen(name), 3 * BALLAST_AI_PROCESS_NAME_LENGTH + 3);
    CHECK(strcmp(name + strlen(name) - 3, "...") == 0);
    text_rule(&rule, rule_text);
    CHECK_EQUAL(text_columns(rule_text), 2 + 2 * BALLAST_AI_RULE_LENGTH);
    process = (struct ballast_ai_process){.name_length = 0};
    text_process(&process, name);
    CHECK(is(name, "-"));
}

static void collect(const char *text, void *context)
{
    char *all = context;
    strcat(all, text);
    strcat(all, "\n");
}

static void tables_are_as_wide_as_they_must(void)
{
    static const struct table_column columns[] = {{"N", true}, {"NAME", false}, {"VALUE", true}};
    char all[512] = {0};
    struct table table = {.columns = columns, .column_count = 3};
    for (int i = 0; i < 2; i++) {
        char(*cells)[TABLE_CELL_SIZE] = table_add(&table);
        CHECK(cells != NULL);
        strcpy(cells[0], i == 0 ? "1" : "100");
        strcpy(cells[1], i == 0 ? "\xC3\xA9t\xC3\xA9" : "longer");
        strcpy(cells[2], i == 0 ? "-" : "");
    }
    table_write(&table, collect, all);
    CHECK(is(all, "  N  NAME    VALUE\n"
                  "  1  \xC3\xA9t\xC3\xA9         -\n"
                  "100  longer\n"));
    table_free(&table);
}

TEST_MAIN({"what_32_bits_hold_is_at_least_so_much", what_32_bits_hold_is_at_least_so_much},
          {"numbers_with_units", numbers_with_units}, {"times", times},
          {"values_say_what_they_are", values_say_what_they_are},
          {"footnotes_name_values_once", footnotes_name_values_once},
          {"names_cannot_disturb_a_terminal", names_cannot_disturb_a_terminal},
          {"format_characters_are_hidden", format_characters_are_hidden},
          {"names_of_any_script_have_their_width", names_of_any_script_have_their_width},
          {"what_is_cut_is_marked", what_is_cut_is_marked},
          {"rules_are_tried_as_the_driver_does", rules_are_tried_as_the_driver_does},
          {"rules_and_processes", rules_and_processes},
          {"tables_are_as_wide_as_they_must", tables_are_as_wide_as_they_must})
