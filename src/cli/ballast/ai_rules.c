/* SPDX-License-Identifier: MIT */
/* ballast ai rules */

#include "cli/ballast/ai.h"

#include <string.h>
#include <wchar.h>

#include "cli/ballast/rule_match.h"

/* The caller's to release; NULL, and said why, if there are none. */
static struct ballast_ai_rule_reply *read_rules(bool reload, ballast_result *result)
{
    ballast_error error;
    ballast_ai *ai;
    struct ballast_ai_rule_reply *reply = NULL;
    *result = ballast_ai_open(reload ? BALLAST_AI_OPEN_CHANGES : BALLAST_AI_OPEN_QUERIES, &ai, &error);
    if (*result == BALLAST_OK) {
        *result = reload ? ballast_ai_reload_rules(ai, &reply, &error) : ballast_ai_rules(ai, &reply, &error);
        ballast_ai_close(ai);
    }
    if (*result != BALLAST_OK) {
        *result = fail(*result, &error);
        return NULL;
    }
    return reply;
}

/* ---- showing them ---- */

static void json_rule(const struct ballast_ai_rule *rule)
{
    static const char *const kinds[] = {"substring", "exact", "glob", "word"};
    char text[TEXT_RULE_SIZE];
    text_rule(rule, text);
    json_text("kind", rule->kind <= BALLAST_AI_RULE_WORD ? kinds[rule->kind] : "unknown");
    json_text("text", strchr(text, ':') + 1);
}

static void print_rules_json(const struct ballast_ai_rule_reply *reply)
{
    json_open(NULL, '{');
    json_number("generation", reply->generation);
    json_bool("from_registry", reply->from_registry != 0);
    if (reply->rejected_rule != BALLAST_AI_NO_RULE) {
        json_number("rejected_rule", reply->rejected_rule);
    } else {
        json_null("rejected_rule");
    }
    json_open("rules", '[');
    for (uint32_t i = 0; i < reply->rules_returned; i++) {
        json_open(NULL, '{');
        json_rule(&reply->rule[i]);
        json_close('}');
    }
    json_close(']');
    json_close('}');
    json_end();
}

static void print_rules(const struct ballast_ai_rule_reply *reply)
{
    for (uint32_t i = 0; i < reply->rules_returned; i++) {
        char text[TEXT_RULE_SIZE];
        text_rule(&reply->rule[i], text);
        print("%3u  %s\n", i, text);
    }
    print("%u rule%s, %s, generation %u\n", reply->rules, reply->rules == 1 ? "" : "s",
          reply->from_registry != 0 ? "from the registry" : "the default ones", reply->generation);
    if (reply->rejected_rule != BALLAST_AI_NO_RULE) {
        print("The rules in the registry were refused when the driver was loaded: rule %u is wrong.\n",
              reply->rejected_rule);
    }
}

static ballast_result show_rules(bool reload, bool json)
{
    ballast_result result;
    struct ballast_ai_rule_reply *reply = read_rules(reload, &result);
    if (reply == NULL) {
        return result;
    }
    if (json) {
        print_rules_json(reply);
    } else {
        print_rules(reply);
    }
    ballast_ai_release(reply);
    return BALLAST_OK;
}

/* ---- trying them on a name ---- */

static void print_match(const struct ballast_ai_rule_reply *reply, const wchar_t *name, uint32_t match, bool json)
{
    if (json) {
        json_open(NULL, '{');
        json_text("name", utf8(name));
        json_open("match", '{');
        json_number("rule", match);
        json_rule(&reply->rule[match]);
        json_close('}');
        json_close('}');
        json_end();
    } else {
        char text[TEXT_RULE_SIZE];
        text_rule(&reply->rule[match], text);
        print("'%s' is an AI process by rule %u, %s\n", utf8(name), match, text);
    }
}

static ballast_result test_name(const wchar_t *name, bool json)
{
    ballast_result result;
    struct ballast_ai_rule_reply *reply = read_rules(false, &result);
    if (reply == NULL) {
        return result;
    }
    uint32_t match;
    if (!rule_match(reply, (const uint16_t *)name, wcslen(name), &match)) {
        print_error("error: the driver's rules cannot be tried: there is no memory, or they are of a newer driver\n");
        result = BALLAST_FAILED;
    } else if (match != BALLAST_AI_NO_RULE) {
        print_match(reply, name, match, json);
    } else {
        print_error("no rule matches '%s'\n", utf8(name));
        result = BALLAST_NOT_FOUND;
    }
    ballast_ai_release(reply);
    return result;
}

ballast_result ai_rules(const struct arguments *arguments)
{
    const wchar_t *what = arguments->position_count != 0 ? arguments->positions[0] : L"";
    bool test = wcscmp(what, L"test") == 0;
    if (what[0] != 0 && !test && wcscmp(what, L"reload") != 0) {
        print_error("error: 'ballast ai rules' takes reload or test NAME, not '%s'\n", utf8(what));
        return BALLAST_INVALID_ARGUMENT;
    }
    if (arguments->position_count != (test ? 2u : what[0] != 0 ? 1u : 0u)) {
        print_error(test ? "error: 'ballast ai rules test' needs the name of a program, such as python.exe\n"
                         : "error: 'ballast ai rules reload' takes nothing else\n");
        return BALLAST_INVALID_ARGUMENT;
    }
    return test ? test_name(arguments->positions[1], arguments->json) : show_rules(what[0] != 0, arguments->json);
}
