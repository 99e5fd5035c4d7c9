/* SPDX-License-Identifier: MIT */
/*
 * Fuzzing of rules: their text as the registry gives it, and a name. What is compiled must match as the model does.
 */

#include "core/base/platform_host.h"
#include "tests/fuzz/input.h"
#include "tests/unit/rules_model.h"

static void check_match(const struct rules *rules, const uint16_t *name, size_t characters)
{
    uint32_t expected = 0;
    for (; expected < rules_count(rules); expected++) {
        struct ballast_ai_rule rule;
        rules_read(rules, expected, &rule);
        REQUIRE(rule.kind <= BALLAST_AI_RULE_WORD);
        REQUIRE(rule.text_length >= 1 && rule.text_length <= BALLAST_AI_RULE_LENGTH);
        if (rules_model_matches(&rule, name, characters)) {
            break;
        }
    }
    uint32_t found = rules_match(rules, name, characters);
    REQUIRE(found == (expected < rules_count(rules) ? expected : BALLAST_AI_NO_RULE));
}

/* Input: the length of the name, the name, the rules. A byte is a character, unless it is 0xFF: then two follow. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t blocks, bytes;
    uint32_t rejected = 0;
    struct rules *rules = NULL;
    size_t characters = 0;
    size_t name_length = size != 0 ? data[0] : 0;
    uint16_t *units = malloc((size + 1) * sizeof(*units));
    for (size_t i = 1; i < size; i++) {
        units[characters] = data[i];
        if (data[i] == 0xFF && size - i > 2) {
            units[characters] = (uint16_t)(data[i + 1] | data[i + 2] << 8);
            i += 2;
        }
        characters++;
    }
    name_length = name_length < characters ? name_length : characters;
    size_t text_length = characters - name_length;
    uint16_t *name = fuzz_copy(units, name_length * sizeof(*name));
    uint16_t *text = fuzz_copy(units + name_length, text_length * sizeof(*text));

    ballast_status status = rules_compile(text, text_length, &rules, &rejected);
    if (status == BALLAST_SUCCESS) {
        REQUIRE(rules_count(rules) <= BALLAST_AI_MAXIMUM_RULES && rejected == BALLAST_AI_NO_RULE);
        check_match(rules, name, name_length);
        check_match(rules, name, 0);
    } else {
        REQUIRE(status == BALLAST_INVALID_PARAMETER && rejected <= BALLAST_AI_MAXIMUM_RULES);
    }
    rules_free(rules);
    free(name);
    free(text);
    free(units);
    platform_host_usage(&blocks, &bytes);
    REQUIRE(blocks == 0);
    return 0;
}
