/* SPDX-License-Identifier: MIT */
/* Matching a rule in a way that is too simple to be wrong: the reference of the rules' test and fuzzer. */
#ifndef TESTS_UNIT_RULES_MODEL_H
#define TESTS_UNIT_RULES_MODEL_H

#include "core/ai/rules.h"
#include "core/base/upcase.h"

#include <string.h>

#define RULES_MODEL_NAME_LENGTH 256u

static inline bool rules_model_glob(const struct ballast_ai_rule *rule, const uint16_t *name, size_t characters)
{
    /* reached[i]: the glob so far can end at character i */
    bool reached[RULES_MODEL_NAME_LENGTH + 1] = {true};
    for (size_t at = 0; at < rule->text_length; at++) {
        bool next[RULES_MODEL_NAME_LENGTH + 1] = {false};
        for (size_t i = 0; i <= characters; i++) {
            if (rule->text[at] == '*') {
                next[i] = reached[i] || (i != 0 && next[i - 1]);
            } else if (i != 0 && reached[i - 1]) {
                next[i] = rule->text[at] == '?' || upcase(rule->text[at]) == upcase(name[i - 1]);
            }
        }
        memcpy(reached, next, sizeof(reached));
    }
    return reached[characters];
}

static inline bool rules_model_letter(uint16_t unit)
{
    return (unit >= 'a' && unit <= 'z') || (unit >= 'A' && unit <= 'Z') || unit >= 0xC0;
}

/* `characters` is at most RULES_MODEL_NAME_LENGTH. */
static inline bool rules_model_matches(const struct ballast_ai_rule *rule, const uint16_t *name, size_t characters)
{
    if (rule->kind == BALLAST_AI_RULE_GLOB) {
        return rules_model_glob(rule, name, characters);
    }
    for (size_t at = 0; at + rule->text_length <= characters; at++) {
        size_t same = 0;
        while (same < rule->text_length && upcase(rule->text[same]) == upcase(name[at + same])) {
            same++;
        }
        bool whole = at == 0 && same == characters;
        bool word = (at == 0 || !rules_model_letter(name[at - 1])) &&
                    (at + same == characters || !rules_model_letter(name[at + same]));
        if (same == rule->text_length &&
            (rule->kind == BALLAST_AI_RULE_SUBSTRING || whole || (rule->kind == BALLAST_AI_RULE_WORD && word))) {
            return true;
        }
    }
    return false;
}

#endif
