/* SPDX-License-Identifier: MIT */
/* `ballast GROUP COMMAND ...`: the program of Windows, with all commands. */

#include "cli/ballast/cli.h"

#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <windows.h>

static const size_t one = 1;

static const struct command_table tables[] = {
    {disk_commands, &disk_command_count},     {image_commands, &image_command_count},
    {ai_commands, &ai_command_count},         {&top_command, &one},
    {driver_commands, &driver_command_count},
};

static const struct program program = {
    .name = "ballast",
    .purpose = "virtual disks and AI telemetry",
    .screen = &top_command,
    .tables = tables,
    .table_count = sizeof(tables) / sizeof(tables[0]),
};

int wmain(int argc, wchar_t **argv);

int wmain(int argc, wchar_t **argv)
{
    UINT code_page = GetConsoleOutputCP();
    (void)_setmode(_fileno(stdout), _O_BINARY);
    (void)_setmode(_fileno(stderr), _O_BINARY);
    (void)SetConsoleOutputCP(CP_UTF8);
    dispatch_begin(&program);
    failure_begin(dispatch_asks_for_json(argc, argv), argc - 1, argv + 1);
    ballast_result result = dispatch(argc, argv);
    failure_end(result);
    fflush(stdout);
    (void)SetConsoleOutputCP(code_page);
    return (int)result;
}
