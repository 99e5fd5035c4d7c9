/* SPDX-License-Identifier: MIT */
/* ballast ai push: from the command line or, a sample a line, from standard input. */

#include "cli/ballast/ai.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "cli/ballast/sample.h"

struct tally {
    uint64_t pushed;
    uint64_t refused;
    ballast_result first_failure;
};

static void count_failure(struct tally *tally, ballast_result result)
{
    tally->refused++;
    if (tally->first_failure == BALLAST_OK) {
        tally->first_failure = result;
    }
}

static void print_tally(const struct tally *tally, bool json)
{
    if (json) {
        json_open(NULL, '{');
        json_number("pushed", tally->pushed);
        json_number("refused", tally->refused);
        if (tally->first_failure != BALLAST_OK) {
            json_failure(tally->first_failure);
        }
        json_close('}');
        json_end();
    } else {
        print("Pushed %llu sample%s", (unsigned long long)tally->pushed, tally->pushed == 1 ? "" : "s");
        if (tally->refused != 0) {
            print("; refused %llu", (unsigned long long)tally->refused);
        }
        print("\n");
    }
}

/* ---- the command line ---- */

static bool parse_words(const struct arguments *arguments, struct sample_parser *parser)
{
    sample_begin(parser);
    for (size_t i = 0; i < arguments->position_count; i++) {
        if (!sample_word(parser, utf8(arguments->positions[i]))) {
            return false;
        }
    }
    return sample_end(parser);
}

static ballast_result push_words(const struct arguments *arguments)
{
    struct sample_parser parser;
    ballast_ai *ai;
    ballast_error error;
    struct tally tally = {0};
    if (!parse_words(arguments, &parser)) {
        print_error("error: %s\n", parser.message);
        return BALLAST_INVALID_ARGUMENT;
    }
    ballast_result result = ballast_ai_open(BALLAST_AI_OPEN_CHANGES, &ai, &error);
    if (result != BALLAST_OK) {
        return fail(result, &error);
    }
    result = ballast_ai_push_sample(ai, &parser.sample, &error);
    ballast_ai_close(ai);
    if (result != BALLAST_OK) {
        return fail(result, &error);
    }
    tally.pushed = 1;
    print_tally(&tally, arguments->json);
    return BALLAST_OK;
}

/* ---- standard input ---- */

enum input {
    INPUT_LINE,
    INPUT_UNUSABLE, /* too long, or with a zero byte: no text */
    INPUT_END,
};

/* The next line without its end. The last one need not have an end. */
static enum input read_line(char line[SAMPLE_LINE_LENGTH + 1])
{
    size_t length = 0;
    bool unusable = false;
    int character = getc(stdin);
    if (character == EOF) {
        return INPUT_END;
    }
    for (; character != EOF && character != '\n'; character = getc(stdin)) {
        if (length == SAMPLE_LINE_LENGTH || character == 0) {
            unusable = true;
        } else {
            line[length++] = (char)character;
        }
    }
    line[length] = 0;
    return unusable ? INPUT_UNUSABLE : INPUT_LINE;
}

/* Windows programs like to begin UTF-8 with this. */
static const char *skip_byte_order_mark(const char *line)
{
    return strncmp(line, "\xEF\xBB\xBF", 3) == 0 ? line + 3 : line;
}

/* Whether a failure concerns one sample only, so that others may succeed. */
static bool is_of_the_sample(ballast_result result)
{
    return result == BALLAST_NOT_FOUND || result == BALLAST_INVALID_ARGUMENT;
}

static ballast_result push_line(ballast_ai *ai, const char *line, uint64_t number, struct tally *tally)
{
    struct sample_parser parser;
    ballast_error error;
    switch (sample_line(&parser, number == 1 ? skip_byte_order_mark(line) : line)) {
    case SAMPLE_LINE_EMPTY:
        return BALLAST_OK;
    case SAMPLE_LINE_WRONG:
        print_error("error: line %llu: %s\n", (unsigned long long)number, parser.message);
        count_failure(tally, BALLAST_INVALID_ARGUMENT);
        return BALLAST_OK;
    default:
        break;
    }
    ballast_result result = ballast_ai_push_sample(ai, &parser.sample, &error);
    if (result == BALLAST_OK) {
        tally->pushed++;
        return result;
    }
    print_error("error: line %llu: %s\n", (unsigned long long)number, error.message);
    count_failure(tally, result);
    return is_of_the_sample(result) ? BALLAST_OK : result;
}

static ballast_result push_input(const struct arguments *arguments)
{
    char line[SAMPLE_LINE_LENGTH + 1];
    ballast_ai *ai;
    ballast_error error;
    enum input input;
    struct tally tally = {0};
    ballast_result result = ballast_ai_open(BALLAST_AI_OPEN_CHANGES, &ai, &error);
    if (result != BALLAST_OK) {
        return fail(result, &error);
    }
    for (uint64_t number = 1; result == BALLAST_OK && (input = read_line(line)) != INPUT_END; number++) {
        if (input == INPUT_UNUSABLE) {
            print_error("error: line %llu: longer than %d bytes, or not text\n", (unsigned long long)number,
                        SAMPLE_LINE_LENGTH);
            count_failure(&tally, BALLAST_INVALID_ARGUMENT);
        } else {
            result = push_line(ai, line, number, &tally);
        }
    }
    ballast_ai_close(ai);
    print_tally(&tally, arguments->json);
    return tally.first_failure;
}

ballast_result ai_push(const struct arguments *arguments)
{
    if (wcscmp(arguments->positions[0], L"-") != 0) {
        return push_words(arguments);
    }
    if (arguments->position_count > 1) {
        print_error("error: '-' reads samples from standard input and takes no other argument\n");
        return BALLAST_INVALID_ARGUMENT;
    }
    return push_input(arguments);
}
