/* SPDX-License-Identifier: MIT */
/* `ballast GROUP COMMAND ...`, or `ballast-image COMMAND ...`: finds the command, parses its arguments, prints help. */

#include "cli/ballast/cli.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "ballast/version.h"

static const struct program *program;

static const char exit_codes[] = "Exit codes\n"
                                 "  0  success\n"
                                 "  1  the system refused\n"
                                 "  2  the command line makes no sense\n"
                                 "  3  no such disk, file, GPU or block\n"
                                 "  4  administrator rights are missing, or a file denies access\n"
                                 "  5  a driver is not installed, not running, or of another version\n"
                                 "  6  in use, or already there\n"
                                 "  7  a comparison found a difference\n"
                                 "  8  interrupted\n";

static void for_each_command(void (*visit)(const struct command *command, void *context), void *context)
{
    for (size_t i = 0; i < program->table_count; i++) {
        for (size_t j = 0; j < *program->tables[i].count; j++) {
            visit(&program->tables[i].commands[j], context);
        }
    }
}

struct search {
    const wchar_t *group;
    const wchar_t *name; /* NULL: any */
    const struct command *found;
};

static void match(const struct command *command, void *context)
{
    struct search *search = context;
    if (wcscmp(command->group, search->group) == 0 &&
        (search->name == NULL || wcscmp(command->name, search->name) == 0)) {
        search->found = command;
    }
}

static const struct command *find_command(const wchar_t *group, const wchar_t *name)
{
    struct search search = {group, name, NULL};
    for_each_command(match, &search);
    return search.found;
}

/* "ballast disk create", "ballast-image info"; "top" is a group without further commands. The result is valid until the next call. */
static const char *full_name(const struct command *command)
{
    static char result[64];
    (void)snprintf(result, sizeof(result), "%s%s%s%s%s", program->name, program->group == NULL ? " " : "",
                   program->group == NULL ? utf8(command->group) : "", command->name[0] != 0 ? " " : "",
                   utf8(command->name));
    return result;
}

/* A screen is not for programs; they have the commands of `ballast ai`. */
static bool takes_json(const struct command *command)
{
    return command != program->screen;
}

/* ---- help ---- */

static void print_summary(const struct command *command, void *context)
{
    const wchar_t *group = context;
    if (group == NULL || wcscmp(command->group, group) == 0) {
        print("  %s %-*s%-10s %-13s %s\n", program->name, program->group == NULL ? 7 : 0,
              program->group == NULL ? utf8(command->group) : "", utf8(command->name), command->positions,
              command->summary);
    }
}

static const char *help_name(void)
{
    return program->group == NULL ? "ballast GROUP" : program->name;
}

static void print_help(const wchar_t *group)
{
    print("%s %s: %s\n\nCommands\n", program->name, BALLAST_VERSION_STRING, program->purpose);
    for_each_command(print_summary, (void *)(uintptr_t)group);
    print("\n'%s COMMAND --help' explains one of them. All%s take --json.\n\n%s", help_name(),
          program->group == NULL ? " but 'top'" : "", exit_codes);
}

static void print_command_help(const struct command *command)
{
    print("Usage: %s [options]%s%s\n\n%s.\n", full_name(command), command->positions[0] != 0 ? " " : "",
          command->positions, command->summary);
    if (command->details[0] != 0) {
        print("\n%s", command->details);
    }
    print("\nOptions\n");
    for (const struct option *option = command->options; option->name != NULL; option++) {
        char usage[64];
        (void)snprintf(usage, sizeof(usage), "--%s%s%s", utf8(option->name), option->argument != NULL ? " " : "",
                       option->argument != NULL ? utf8(option->argument) : "");
        print("      %-20s %s\n", usage, option->help);
    }
    print("%s      --help               print this help\n",
          !takes_json(command) ? "" : "      --json               print the result as JSON\n");
}

/* ---- parsing ---- */

static void usage_hint(const struct command *command)
{
    print_error("See '%s --help'.\n", full_name(command));
}

/* The option that `text` ("size" or "size=64M") names; *value is what follows the equals sign, or NULL. */
static const struct option *find_option(const struct command *command, const wchar_t *text, const wchar_t **value)
{
    size_t length = wcscspn(text, L"=");
    *value = text[length] == L'=' ? text + length + 1 : NULL;
    for (const struct option *option = command->options; option->name != NULL; option++) {
        if (wcslen(option->name) == length && wcsncmp(option->name, text, length) == 0) {
            return option;
        }
    }
    return NULL;
}

/* "[SECONDS]": may be left out. */
static bool is_optional(const struct option *option)
{
    return option->argument != NULL && option->argument[0] == L'[';
}

/* Takes one option and, if it has one, its argument. Returns how many words that were; 0 after a message. */
static int take_option(struct arguments *arguments, wchar_t **words, int count)
{
    const wchar_t *value;
    const struct command *command = arguments->command;
    const struct option *option = find_option(command, words[0] + 2, &value);
    int taken = 1;
    if (option == NULL) {
        print_error("error: '%s' has no option '%s'\n", full_name(command), utf8(words[0]));
        return 0;
    }
    if (is_optional(option) && value == NULL) {
        if (count >= 2 && words[1][0] >= L'0' && words[1][0] <= L'9') {
            value = words[1];
            taken = 2;
        }
    } else if (option->argument != NULL && value == NULL) {
        if (count < 2) {
            print_error("error: option '%s' needs an argument: %s\n", utf8(words[0]), utf8(option->argument));
            return 0;
        }
        value = words[1];
        taken = 2;
    } else if (option->argument == NULL && value != NULL) {
        print_error("error: option '--%s' takes no argument\n", utf8(option->name));
        return 0;
    }
    size_t index = (size_t)(option - command->options);
    if (arguments->values[index] != NULL) {
        print_error("error: option '--%s' is given twice\n", utf8(option->name));
        return 0;
    }
    arguments->values[index] = option->argument != NULL && value != NULL ? value : L"";
    return taken;
}

static bool take_position(struct arguments *arguments, const wchar_t *word)
{
    if (arguments->position_count == arguments->command->maximum_positions) {
        print_error("error: '%s' is one argument too many\n", utf8(word));
        return false;
    }
    arguments->positions[arguments->position_count++] = word;
    return true;
}

/* Returns false after a message, or when help was asked for; *help tells. */
static bool parse(struct arguments *arguments, wchar_t **words, int count, bool *help)
{
    for (int i = 0; i < count;) {
        int taken = 1;
        if (wcscmp(words[i], L"--help") == 0 || wcscmp(words[i], L"-h") == 0) {
            *help = true;
            return false;
        } else if (wcscmp(words[i], L"--json") == 0 && takes_json(arguments->command)) {
            arguments->json = true;
        } else if (wcsncmp(words[i], L"--", 2) == 0) {
            taken = take_option(arguments, words + i, count - i);
        } else if (!take_position(arguments, words[i])) {
            taken = 0;
        }
        if (taken == 0) {
            return false;
        }
        i += taken;
    }
    if (arguments->position_count < arguments->command->minimum_positions) {
        print_error("error: '%s' needs %s\n", full_name(arguments->command), arguments->command->positions);
        return false;
    }
    return true;
}

static ballast_result run_command(const struct command *command, wchar_t **words, int count)
{
    struct arguments arguments = {.command = command};
    bool help = false;
    if (parse(&arguments, words, count, &help)) {
        return command->run(&arguments);
    }
    if (help) {
        print_command_help(command);
        return BALLAST_OK;
    }
    usage_hint(command);
    return BALLAST_INVALID_ARGUMENT;
}

static bool is_word(const wchar_t *text, const wchar_t *a, const wchar_t *b)
{
    return wcscmp(text, a) == 0 || wcscmp(text, b) == 0;
}

/* The words that follow a group's name. */
static ballast_result run_group(const wchar_t *group, wchar_t **words, int count)
{
    if (count == 0 || is_word(words[0], L"--help", L"-h")) {
        print_help(group);
        return count == 0 ? BALLAST_INVALID_ARGUMENT : BALLAST_OK;
    }
    const struct command *command = find_command(group, words[0]);
    if (command != NULL) {
        return run_command(command, words + 1, count - 1);
    }
    print_error("error: there is no command '%s%s%s'; see '%s%s%s --help'\n", program->group == NULL ? utf8(group) : "",
                program->group == NULL ? " " : "", utf8(words[0]), program->name, program->group == NULL ? " " : "",
                program->group == NULL ? utf8(group) : "");
    return BALLAST_INVALID_ARGUMENT;
}

ballast_result dispatch(int argc, wchar_t **argv)
{
    if (argc < 2) {
        print_help(NULL);
        return BALLAST_INVALID_ARGUMENT;
    }
    if (is_word(argv[1], L"--help", L"help") || is_word(argv[1], L"-h", L"/?")) {
        print_help(NULL);
        return BALLAST_OK;
    }
    if (is_word(argv[1], L"--version", L"version")) {
        print("%s %s\n", program->name, BALLAST_VERSION_STRING);
        return BALLAST_OK;
    }
    if (program->group != NULL) {
        return run_group(program->group, argv + 1, argc - 1);
    }
    if (find_command(argv[1], NULL) == NULL) {
        print_error("error: there is no command '%s'; see 'ballast --help'\n", utf8(argv[1]));
        return BALLAST_INVALID_ARGUMENT;
    }
    const struct command *command = find_command(argv[1], L"");
    return command != NULL ? run_command(command, argv + 2, argc - 2) : run_group(argv[1], argv + 2, argc - 2);
}

bool dispatch_asks_for_json(int argc, wchar_t **argv)
{
    bool asked = false;
    for (int i = 2; i < argc; i++) {
        asked = asked || wcscmp(argv[i], L"--json") == 0;
    }
    const struct command *command = asked ? find_command(argv[1], L"") : NULL;
    return asked && (command == NULL || takes_json(command));
}

void dispatch_begin(const struct program *which)
{
    program = which;
}
