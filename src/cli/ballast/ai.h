/* SPDX-License-Identifier: MIT */
/* What the files of the AI commands share. */
#ifndef CLI_BALLAST_AI_H
#define CLI_BALLAST_AI_H

#include "cli/ballast/cli.h"
#include "cli/ballast/table.h"
#include "cli/ballast/text.h"

/* Shows something once. Prints its own messages. */
typedef ballast_result ai_show(ballast_ai *ai, const struct arguments *arguments);

/* Opens the driver for queries and shows it, again and again with --watch. */
ballast_result ai_repeat(const struct arguments *arguments, ai_show *show);

/* An object: value, state, source and age; or null, state and reason. */
void ai_json_value(const char *name, const struct ballast_ai_value *value);
/* UTC, ISO 8601; null for 0. */
void ai_json_time(const char *name, uint64_t time);

void ai_print_footnotes(const struct text_notes *notes);

ballast_result ai_gpu(const struct arguments *arguments);
ballast_result ai_ps(const struct arguments *arguments);
ballast_result ai_sched(const struct arguments *arguments);
ballast_result ai_pool(const struct arguments *arguments);
ballast_result ai_rules(const struct arguments *arguments);
ballast_result ai_push(const struct arguments *arguments);
ballast_result ai_status(const struct arguments *arguments);

#endif
