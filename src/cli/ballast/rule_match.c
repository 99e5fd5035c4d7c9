/* SPDX-License-Identifier: MIT */
/* Rules tried on a name; rule_match.h has the contract. Apart from the commands: core/base/status.h has other values. */

#include "cli/ballast/rule_match.h"

#include <stdlib.h>
#include <string.h>

#include "core/ai/rules.h"

#define KIND_UNITS 10u /* of the longest, "substring:" */
#define RULE_UNITS (KIND_UNITS + BALLAST_AI_RULE_LENGTH + 1)

/* A rule as it is written in the registry. Returns its length with the zero; 0: it is of a kind that is not known. */
static size_t write_rule(const struct ballast_ai_rule *rule, uint16_t *text)
{
    static const char *const kinds[] = {"substring:", "exact:", "glob:", "word:"};
    size_t used = 0;
    if (rule->kind > BALLAST_AI_RULE_WORD || rule->text_length > BALLAST_AI_RULE_LENGTH) {
        return 0;
    }
    for (const char *kind = kinds[rule->kind]; *kind != 0; kind++) {
        text[used++] = (uint16_t)*kind;
    }
    memcpy(text + used, rule->text, rule->text_length * sizeof(*text));
    used += rule->text_length;
    text[used] = 0;
    return used + 1;
}

static bool compile(const struct ballast_ai_rule_reply *reply, uint16_t *text, struct rules **rules)
{
    size_t used = 0;
    uint32_t rejected;
    for (uint32_t i = 0; i < reply->rules_returned; i++) {
        size_t length = write_rule(&reply->rule[i], text + used);
        if (length == 0) {
            return false;
        }
        used += length;
    }
    return rules_compile(text, used, rules, &rejected) == BALLAST_SUCCESS;
}

bool rule_match(const struct ballast_ai_rule_reply *reply, const uint16_t *name, size_t length, uint32_t *match)
{
    struct rules *rules = NULL;
    uint16_t *text = malloc(((size_t)reply->rules_returned * RULE_UNITS + 1) * sizeof(*text));
    bool compiled = text != NULL && compile(reply, text, &rules);
    if (compiled) {
        *match = rules_match(rules, name, length);
        rules_free(rules);
    }
    free(text);
    return compiled;
}
