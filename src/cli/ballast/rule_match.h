/* SPDX-License-Identifier: MIT */
/* The AI driver's rules, tried on a name by the driver's own code. */
#ifndef CLI_BALLAST_RULE_MATCH_H
#define CLI_BALLAST_RULE_MATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "ballast/ai_abi.h"

/*
 * *match is the number of the first rule that matches, or BALLAST_AI_NO_RULE. False: there is no memory, or the driver has rules
 * that this program does not know.
 */
bool rule_match(const struct ballast_ai_rule_reply *rules, const uint16_t *name, size_t length, uint32_t *match);

#endif
