/* SPDX-License-Identifier: MIT */
/*
 * Rules that say which processes are AI processes, compiled once and matched in one pass over a name.
 *
 * A rule is `text` or `substring:text`, `exact:text`, `word:text`, which has no letter before and behind it (a letter is A
 * to Z, or any unit from U+00C0 on), or `glob:text` with * (any characters, or none) and ? (one UTF-16 unit). The string
 * `set:original` stands for the six substrings of the original driver: python, pytorch, tensorflow, codex, torch, conda.
 * Kinds and texts are compared without case (core/base/upcase.h says of which scripts). Wrong are: no text, one
 * longer than BALLAST_AI_RULE_LENGTH, a control character, another kind, and * or ? outside a glob, which no image name
 * has. After a kind, the text may contain colons.
 *
 * Compiled rules never change, so any number of threads may match; their memory is resident. Compiling and freeing:
 * IRQL <= APC_LEVEL. Everything else: any IRQL.
 */
#ifndef CORE_AI_RULES_H
#define CORE_AI_RULES_H

#include "ballast/ai_abi.h"
#include "core/base/status.h"

struct rules;

/*
 * `text` is what a REG_MULTI_SZ value holds: strings, each ended by a zero; an empty one or the end of the data ends the
 * list. No string at all is a list that matches nothing. INVALID_PARAMETER: *rejected is the index of the first string
 * that is wrong or too many; otherwise it is BALLAST_AI_NO_RULE. INSUFFICIENT_RESOURCES: no memory. *rules is set on success
 * only and belongs to the caller: rules_free.
 */
ballast_status rules_compile(const uint16_t *text, size_t characters, struct rules **rules, uint32_t *rejected);

/* Interpreters and servers of AI programs, as words. docs/ai.md lists them. */
ballast_status rules_compile_default(struct rules **rules);

/* NULL is accepted. */
void rules_free(struct rules *rules);

uint32_t rules_count(const struct rules *rules);

/* The rule as it was written, without its kind. `index` must be less than rules_count. */
void rules_read(const struct rules *rules, uint32_t index, struct ballast_ai_rule *rule);

/* Bytes of memory that the compiled rules take. */
size_t rules_size(const struct rules *rules);

/*
 * The lowest index of a rule that matches, or BALLAST_AI_NO_RULE. One step a character for all rules together, except
 * globs that contain ? or an inner *, of which each may cost the product of both lengths.
 */
uint32_t rules_match(const struct rules *rules, const uint16_t *name, size_t characters);

#endif
