/* SPDX-License-Identifier: MIT */
/* A measured sample as text: "adapter=0 utilization=43.5% engine=3D temperature=61C". */
#ifndef CLI_BALLAST_SAMPLE_H
#define CLI_BALLAST_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>

#include "ballast/ai_abi.h"

#define SAMPLE_MESSAGE_SIZE 256

/* Longest line that collectors may write, without its end. */
#define SAMPLE_LINE_LENGTH  1023

struct sample_parser {
    struct ballast_ai_sample sample; /* without its header */
    uint32_t seen;                   /* keys, by a bit each */
    char message[SAMPLE_MESSAGE_SIZE];
};

void sample_begin(struct sample_parser *parser);

/*
 * One "key=value", in UTF-8. A value of "-", "N/A", "[N/A]", "[Not Supported]", "[Unknown Error]" and the like, with or
 * without a unit, means that it was not measured. False, with parser->message
 * set, if it is wrong: nothing of the sample may be used then.
 */
bool sample_word(struct sample_parser *parser, const char *word);

/* After the last word: whether the words make a sample. */
bool sample_end(struct sample_parser *parser);

enum sample_line {
    SAMPLE_LINE_EMPTY, /* blank, or a comment: # first */
    SAMPLE_LINE_OK,
    SAMPLE_LINE_WRONG, /* parser->message says why */
};

/* A line of such words, separated by blanks; a value may be "in quotes" if it has blanks. */
enum sample_line sample_line(struct sample_parser *parser, const char *line);

#endif
