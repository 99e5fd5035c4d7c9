/* SPDX-License-Identifier: MIT */
/* `ballast-image COMMAND ...`: what `ballast image` does, for POSIX systems. Arguments are UTF-8. */

#include "cli/ballast/cli.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct command_table table = {image_commands, &image_command_count};

static const struct program program = {
    .name = "ballast-image",
    .purpose = "disk images: raw, and fixed, dynamic and differencing VHD",
    .group = L"image",
    .tables = &table,
    .table_count = 1,
};

/* All words of the command line, which last as long as the program. False: one is not UTF-8. */
static bool widen(int argc, char **argv, wchar_t **words)
{
    for (int i = 0; i < argc; i++) {
        size_t length = strlen(argv[i]) + 1;
        words[i] = calloc(length, sizeof(wchar_t));
        if (words[i] == NULL || mbstowcs(words[i], argv[i], length) == (size_t)-1) {
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    if (setlocale(LC_CTYPE, "C.UTF-8") == NULL) {
        (void)fputs("error: this system has no locale C.UTF-8\n", stderr);
        return BALLAST_FAILED;
    }
    wchar_t **words = calloc((size_t)argc + 1, sizeof(*words));
    ballast_result result = BALLAST_INVALID_ARGUMENT;
    if (words == NULL) {
        return BALLAST_FAILED;
    }
    dispatch_begin(&program);
    if (widen(argc, argv, words)) {
        failure_begin(dispatch_asks_for_json(argc, words), argc - 1, words + 1);
        result = dispatch(argc, words);
        failure_end(result);
    } else {
        (void)fputs("error: an argument is not UTF-8\n", stderr);
    }
    for (int i = 0; i < argc; i++) {
        free(words[i]);
    }
    free(words);
    return (int)result;
}
