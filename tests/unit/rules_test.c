/* SPDX-License-Identifier: MIT */
#include "core/ai/rules.h"
#include "core/base/platform_host.h"
#include "core/base/upcase.h"
#include "tests/harness/test.h"
#include "tests/unit/rules_model.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <wctype.h>

/* ---- a list of rules as the registry holds it ---- */

struct list {
    uint16_t text[32768];
    size_t characters;
};

static void append(struct list *list, const uint16_t *text, size_t characters)
{
    memcpy(list->text + list->characters, text, characters * sizeof(*text));
    list->characters += characters;
    list->text[list->characters++] = 0;
}

static void append_ascii(struct list *list, const char *text)
{
    uint16_t wide[512];
    append(list, wide, test_widen(text, wide));
}

static struct rules *compile(const struct list *list)
{
    struct rules *rules = NULL;
    uint32_t rejected = 0;
    /* A block of its own, so that reading beyond its end is seen. */
    uint16_t *text = malloc(list->characters * sizeof(*text) + 1);
    memcpy(text, list->text, list->characters * sizeof(*text));
    CHECK_EQUAL(rules_compile(text, list->characters, &rules, &rejected), BALLAST_SUCCESS);
    CHECK_EQUAL(rejected, BALLAST_AI_NO_RULE);
    free(text);
    return rules;
}

static struct rules *compile_one(const char *rule)
{
    static struct list list;
    list.characters = 0;
    append_ascii(&list, rule);
    return compile(&list);
}

static void finish(struct rules *rules)
{
    uint64_t blocks, bytes;
    rules_free(rules);
    platform_host_usage(&blocks, &bytes);
    CHECK_EQUAL(blocks, 0);
}

static uint32_t match(const struct rules *rules, const char *name)
{
    uint16_t *wide = malloc(strlen(name) * sizeof(*wide) + 1);
    uint32_t rule = rules_match(rules, wide, test_widen(name, wide));
    free(wide);
    return rule;
}

/* ---- the table ---- */

static void matches_as_documented(void)
{
    static const struct {
        const char *rule;
        const char *name;
        bool matches;
    } rows[] = {
        {"python", "python.exe", true},
        {"python", "PYTHON3.11.EXE", true},
        {"PyThOn", "ipython", true},
        {"python", "pytho", false},
        {"python", "", false},
        {"python", "pythpython", true}, /* falls back in the middle */
        {"aab", "aaaab", true},
        {"substring:a:b", "xa:bx", true},
        {"SubString:abc", "xABCx", true},
        {"exact:python.exe", "Python.exe", true},
        {"exact:python.exe", "python.exe ", false},
        {"exact:python.exe", "xpython.exe", false},
        {"exact:substring:x", "substring:x", true},
        {"glob:python*", "python3.exe", true},
        {"glob:python*", "python", true},
        {"glob:python*", "ipython", false},
        {"glob:*.exe", "a.EXE", true},
        {"glob:*.exe", "a.exe.bak", false},
        {"glob:**py**", "a.py", true},
        {"glob:py", "py", true},
        {"glob:py", "pyx", false},
        {"glob:*", "", true},
        {"glob:*", "anything", true},
        {"glob:?", "", false},
        {"glob:?", "x", true},
        {"glob:?", "xy", false},
        {"glob:?*", "", false},
        {"glob:python?.exe", "python3.exe", true},
        {"glob:python?.exe", "python.exe", false},
        {"glob:py*n*.exe", "python3.exe", true},
        {"glob:a*b*c", "aXbXbXc", true},
        {"glob:a*b*c", "aXbXbXd", false},
        {"glob:a*", "", false},
        {"glob:*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rules *rules = compile_one(rows[i].rule);
        test_note("'%s' and '%s'", rows[i].rule, rows[i].name);
        CHECK_EQUAL(match(rules, rows[i].name), rows[i].matches ? 0 : BALLAST_AI_NO_RULE);
        finish(rules);
    }
}

static void a_name_is_as_long_as_it_is(void)
{
    struct rules *rules = compile_one("exact:abc");
    static const uint16_t name[] = {'a', 'b', 'c', 0, 'd'};
    CHECK_EQUAL(rules_match(rules, name, 3), 0);
    CHECK_EQUAL(rules_match(rules, name, 4), BALLAST_AI_NO_RULE);
    CHECK_EQUAL(rules_match(rules, NULL, 0), BALLAST_AI_NO_RULE);
    finish(rules);
}

static void the_first_rule_wins(void)
{
    static struct list list;
    list.characters = 0;
    append_ascii(&list, "glob:z?");
    append_ascii(&list, "torch");
    append_ascii(&list, "pytorch");
    append_ascii(&list, "exact:pytorch");
    append_ascii(&list, "glob:p*h*");
    append_ascii(&list, "PYTORCH");
    append_ascii(&list, "glob:p*r*h");
    struct rules *rules = compile(&list);
    CHECK_EQUAL(rules_count(rules), 7);
    CHECK_EQUAL(match(rules, "pytorch"), 1);
    CHECK_EQUAL(match(rules, "zz"), 0);
    CHECK_EQUAL(match(rules, "patch"), 4);
    finish(rules);
}

static void the_default_rules_are_words(void)
{
    static const struct {
        const char *name;
        bool ai;
    } rows[] = {
        {"python.exe", true},
        {"python3.exe", true},
        {"python3.12.exe", true},
        {"Pythonw.exe", true},
        {"python_d.exe", true},
        {"ipython.exe", true},
        {"anaconda3.exe", true},
        {"Anaconda-Navigator.exe", true},
        {"conda.exe", true},
        {"miniconda3.exe", true},
        {"torchrun.exe", true},
        {"torch-server.exe", true},
        {"pytorch.exe", true},
        {"tensorflow_model_server", true},
        {"codex.exe", true},
        {"ollama.exe", true},
        {"ollama app.exe", true},
        {"llama-server.exe", true},
        {"llama-cli.exe", true},
        {"LM Studio.exe", true},
        {"vllm", true},
        {"ComfyUI.exe", true},
        {"koboldcpp_cu12.exe", true},
        {"jupyter-lab.exe", true},
        {"secondary.exe", false},
        {"Torchlight2.exe", false},
        {"svchost.exe", false},
        {"anacondor.exe", false},
        {"pythonista.exe", false},
        {"monty python's.exe", true},
        {"torched.exe", false},
        {"microconda.exe", false},
        {"codexes.exe", false},
        {"llamasoft.exe", false},
        {"collamar.exe", false},
        {"", false},
    };
    struct rules *rules = NULL;
    CHECK_EQUAL(rules_compile_default(&rules), BALLAST_SUCCESS);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        test_note("%s", rows[i].name);
        CHECK((match(rules, rows[i].name) != BALLAST_AI_NO_RULE) == rows[i].ai);
    }
    CHECK(rules_size(rules) < 12288);
    finish(rules);
}

static void the_original_rules_are_a_set(void)
{
    static const char *const names[] = {"python", "pytorch", "tensorflow", "codex", "torch", "conda"};
    static struct list list;
    list.characters = 0;
    append_ascii(&list, "exact:first");
    append_ascii(&list, "Set:Original");
    append_ascii(&list, "last");
    struct rules *rules = compile(&list);
    CHECK_EQUAL(rules_count(rules), 8);
    for (uint32_t i = 0; i < 6; i++) {
        struct ballast_ai_rule rule;
        rules_read(rules, 1 + i, &rule);
        CHECK_EQUAL(rule.kind, BALLAST_AI_RULE_SUBSTRING);
        CHECK_EQUAL(rule.text_length, strlen(names[i]));
        CHECK_EQUAL(match(rules, names[i]), i + 1);
    }
    CHECK_EQUAL(match(rules, "secondary.exe"), 6);
    CHECK_EQUAL(match(rules, "Torchlight2.exe"), 5);
    CHECK_EQUAL(match(rules, "at last"), 7);
    finish(rules);
}

static void words_have_no_letters_around(void)
{
    static struct list list;
    list.characters = 0;
    append_ascii(&list, "word:torch");
    append_ascii(&list, "word:pytorch");
    append_ascii(&list, "WORD:a.b");
    append_ascii(&list, "torching");
    struct rules *rules = compile(&list);
    CHECK_EQUAL(match(rules, "TORCH"), 0);
    CHECK_EQUAL(match(rules, "7torch7"), 0);
    CHECK_EQUAL(match(rules, "_torch-"), 0);
    CHECK_EQUAL(match(rules, "torchtorch torch"), 0);
    CHECK_EQUAL(match(rules, "torchtorch"), BALLAST_AI_NO_RULE);
    CHECK_EQUAL(match(rules, "pytorch"), 1);
    CHECK_EQUAL(match(rules, "xpytorch"), BALLAST_AI_NO_RULE);
    CHECK_EQUAL(match(rules, "pytorch torch"), 0);
    CHECK_EQUAL(match(rules, "torching"), 3);
    CHECK_EQUAL(match(rules, "1A.B2"), 2);
    CHECK_EQUAL(match(rules, "xa.b"), BALLAST_AI_NO_RULE);
    const uint16_t accented[] = {'t', 'o', 'r', 'c', 'h', 0xE9};
    CHECK_EQUAL(rules_match(rules, accented, 6), BALLAST_AI_NO_RULE);
    const uint16_t dashed[] = {0xA0, 't', 'o', 'r', 'c', 'h', 0xB7};
    CHECK_EQUAL(rules_match(rules, dashed, 7), 0);
    finish(rules);
}

static void rules_are_read_as_they_were_written(void)
{
    struct ballast_ai_rule rule;
    struct rules *rules = compile_one("Glob:Py*?.EXE");
    uint16_t wide[BALLAST_AI_RULE_LENGTH] = {0};
    size_t length = test_widen("Py*?.EXE", wide);
    memset(&rule, 0xFF, sizeof(rule));
    rules_read(rules, 0, &rule);
    CHECK_EQUAL(rule.kind, BALLAST_AI_RULE_GLOB);
    CHECK_EQUAL(rule.text_length, length);
    CHECK_BYTES(rule.text, wide, sizeof(wide));
    finish(rules);
}

static void refuse(const struct list *list, uint32_t index)
{
    struct rules *rules = NULL;
    uint32_t rejected = 12345;
    CHECK_EQUAL(rules_compile(list->text, list->characters, &rules, &rejected), BALLAST_INVALID_PARAMETER);
    CHECK_EQUAL(rejected, index);
    CHECK(rules == NULL);
}

static void refuses_wrong_rules_and_says_which(void)
{
    static const char *const rows[] = {
        "glob:",
        "exact:",
        "substring:",
        "foo:bar",
        ":",
        "a*",
        "exact:a?",
        "a\tb",
        "a\x7F",
        "12345678901234567890123456789012345678901234567890123456789012345",
        "exact:12345678901234567890123456789012345678901234567890123456789012345",
    };
    static struct list list;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        test_note("'%s'", rows[i]);
        list.characters = 0;
        append_ascii(&list, "good");
        append_ascii(&list, "glob:go?d");
        append_ascii(&list, rows[i]);
        append_ascii(&list, "good");
        refuse(&list, 2);
    }
}

static void the_limits_are_what_is_said(void)
{
    static struct list list;
    list.characters = 0;
    for (uint32_t i = 0; i < BALLAST_AI_MAXIMUM_RULES; i++) {
        uint16_t text[BALLAST_AI_RULE_LENGTH];
        for (size_t at = 0; at < BALLAST_AI_RULE_LENGTH; at++) {
            text[at] =
                (uint16_t)(0x3000 + i * BALLAST_AI_RULE_LENGTH + at); /* all different: as many states as can be */
        }
        append(&list, text, BALLAST_AI_RULE_LENGTH);
    }
    struct rules *rules = compile(&list);
    CHECK_EQUAL(rules_count(rules), BALLAST_AI_MAXIMUM_RULES);
    CHECK_EQUAL(rules_match(rules, list.text + 255 * 65, 64), 255);
    CHECK_EQUAL(rules_match(rules, list.text + 255 * 65, 63), BALLAST_AI_NO_RULE);
    finish(rules);
    append_ascii(&list, "one too many");
    refuse(&list, BALLAST_AI_MAXIMUM_RULES);
}

static void the_list_ends_where_it_ends(void)
{
    static const uint16_t text[] = {'a', 0, 'b', 0, 0, 'c', 0};
    struct list list = {.characters = 0};
    struct rules *rules = compile(&list);
    CHECK_EQUAL(rules_count(rules), 0);
    CHECK_EQUAL(match(rules, "anything"), BALLAST_AI_NO_RULE);
    CHECK_EQUAL(match(rules, ""), BALLAST_AI_NO_RULE);
    finish(rules);
    static const struct {
        size_t characters;
        uint32_t rules;
    } rows[] = {{1, 1}, {2, 1}, {3, 2}, {4, 2}, {5, 2}, {7, 2}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        memcpy(list.text, text, sizeof(text));
        list.characters = rows[i].characters;
        rules = compile(&list);
        CHECK_EQUAL(rules_count(rules), rows[i].rules);
        CHECK_EQUAL(match(rules, "c"), BALLAST_AI_NO_RULE);
        finish(rules);
    }
}

static void fails_without_memory(void)
{
    for (int64_t countdown = 0; countdown < 2; countdown++) {
        struct rules *rules = NULL;
        platform_host_fail_allocation(countdown);
        CHECK_EQUAL(rules_compile_default(&rules), BALLAST_INSUFFICIENT_RESOURCES);
        CHECK(rules == NULL);
        platform_host_fail_allocation(-1);
        finish(NULL);
    }
}

/* ---- case ---- */

static void upper_case_is_unicodes(void)
{
    if (setlocale(LC_CTYPE, "C.UTF-8") == NULL) {
        test_skip("there is no locale C.UTF-8 to compare with");
        return;
    }
    for (uint32_t unit = 0; unit < 0x10000; unit++) {
        uint32_t upper = upcase((uint16_t)unit);
        bool covered = unit < 0x180 || (unit >= 0x3AC && unit <= 0x3CE) || (unit >= 0x400 && unit < UPCASE_LIMIT);
        bool excepted = unit == 0xB5 || unit == 0x131 || unit == 0x17F; /* their capitals are of other scripts */
        uint32_t expected = covered && !excepted ? (uint32_t)towupper((wint_t)unit) : unit;
        test_note("U+%04X", (unsigned)unit);
        if (upper != expected) {
            CHECK_EQUAL(upper, expected);
            return;
        }
        CHECK(upper == unit || unit < UPCASE_LIMIT);
    }
}

static void scripts_with_case_are_matched_without_it(void)
{
    static const uint16_t rule[] = u"\u00E9\u03C3\u044F\u0153";
    static const uint16_t name[] = u"x\u00C9\u03A3\u042F\u0152x";
    static const uint16_t final_sigma[] = u"\u00C9\u03C2\u042F\u0152";
    static struct list list;
    list.characters = 0;
    append(&list, rule, 4);
    struct rules *rules = compile(&list);
    CHECK_EQUAL(rules_match(rules, rule, 4), 0);
    CHECK_EQUAL(rules_match(rules, name, 6), 0);
    CHECK_EQUAL(rules_match(rules, final_sigma, 4), 0);
    finish(rules);
}

/* ---- against a matcher that is too simple to be wrong ---- */

static uint16_t random_letter(struct test_random *random, uint64_t letters)
{
    static const uint16_t units[] = {'a',   'A',   'b',    'B',    0xE9, 0xC9, 0x3C3,
                                     0x3C2, 0x3A3, 0xD83D, 0xFFFF, '.',  'c',  'd'};
    return units[test_random_below(random, letters)];
}

static void random_rule(struct test_random *random, uint64_t letters, struct list *list, struct ballast_ai_rule *rule)
{
    static const char *const names[] = {"substring:", "exact:", "glob:", "word:", ""};
    uint16_t text[80];
    size_t name = test_random_below(random, 5);
    size_t prefix = test_widen(names[name], text);
    rule->kind = name == 4 ? BALLAST_AI_RULE_SUBSTRING : (uint16_t)name;
    rule->text_length = (uint16_t)(1 + test_random_below(random, 6));
    for (size_t i = 0; i < rule->text_length; i++) {
        uint64_t wildcard = rule->kind == BALLAST_AI_RULE_GLOB ? test_random_below(random, 4) : 3;
        rule->text[i] = wildcard == 0 ? '*' : wildcard == 1 ? '?' : random_letter(random, letters);
        text[prefix + i] = rule->text[i];
    }
    append(list, text, prefix + rule->text_length);
}

static void agrees_with_a_naive_matcher(void)
{
    static struct list list;
    static struct ballast_ai_rule model[BALLAST_AI_MAXIMUM_RULES];
    struct test_random random = {42};
    for (unsigned round = 0; round < 1500; round++) {
        uint64_t letters = 2 + test_random_below(&random, 13);
        size_t count = test_random_below(&random, round % 50 == 0 ? 257 : 12);
        list.characters = 0;
        for (size_t i = 0; i < count; i++) {
            random_rule(&random, letters, &list, &model[i]);
        }
        struct rules *rules = compile(&list);
        for (unsigned names = 0; names < 100; names++) {
            size_t characters = test_random_below(&random, names % 10 == 0 ? 65 : 12);
            uint16_t *name = malloc(characters * sizeof(*name) + 1);
            for (size_t i = 0; i < characters; i++) {
                name[i] = random_letter(&random, letters);
            }
            uint32_t expected = 0;
            while (expected < count && !rules_model_matches(&model[expected], name, characters)) {
                expected++;
            }
            test_note("round %u, name %u", round, names);
            CHECK_EQUAL(rules_match(rules, name, characters), expected == count ? BALLAST_AI_NO_RULE : expected);
            free(name);
        }
        finish(rules);
    }
}

TEST_MAIN({"matches_as_documented", matches_as_documented}, {"a_name_is_as_long_as_it_is", a_name_is_as_long_as_it_is},
          {"the_first_rule_wins", the_first_rule_wins}, {"the_default_rules_are_words", the_default_rules_are_words},
          {"the_original_rules_are_a_set", the_original_rules_are_a_set},
          {"words_have_no_letters_around", words_have_no_letters_around},
          {"rules_are_read_as_they_were_written", rules_are_read_as_they_were_written},
          {"refuses_wrong_rules_and_says_which", refuses_wrong_rules_and_says_which},
          {"the_limits_are_what_is_said", the_limits_are_what_is_said},
          {"the_list_ends_where_it_ends", the_list_ends_where_it_ends}, {"fails_without_memory", fails_without_memory},
          {"upper_case_is_unicodes", upper_case_is_unicodes},
          {"scripts_with_case_are_matched_without_it", scripts_with_case_are_matched_without_it},
          {"agrees_with_a_naive_matcher", agrees_with_a_naive_matcher})
