/* SPDX-License-Identifier: MIT */
/* ballast driver ... */

#include "cli/ballast/cli.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>

static const struct option no_options[] = {{NULL, NULL, NULL}};

static ballast_result done(const struct arguments *arguments, ballast_result result, const ballast_error *error,
                           const char *message)
{
    if (result != BALLAST_OK) {
        return fail(result, error);
    }
    if (arguments->json) {
        json_open(NULL, '{');
        json_bool("ok", true);
        json_close('}');
        json_end();
    } else {
        print("%s\n", message);
    }
    return BALLAST_OK;
}

/* ballastdisk.sys beside this program. */
static bool default_path(wchar_t path[MAX_PATH])
{
    DWORD length = GetModuleFileNameW(NULL, path, MAX_PATH - 32);
    if (length == 0 || length >= MAX_PATH - 32) {
        return false;
    }
    wchar_t *end = wcsrchr(path, L'\\');
    wcscpy(end != NULL ? end + 1 : path, BALLAST_DISK_SERVICE L".sys");
    return true;
}

static ballast_result install(const struct arguments *arguments)
{
    wchar_t path[MAX_PATH];
    ballast_error error;
    const wchar_t *file = option_value(arguments, L"file");
    if (file == NULL && default_path(path)) {
        file = path;
    }
    if (file == NULL) {
        print_error("error: cannot tell where this program is; say --file\n");
        return BALLAST_FAILED;
    }
    return done(arguments, ballast_driver_install(file, &error), &error, "The disk driver is installed.");
}

static ballast_result uninstall(const struct arguments *arguments)
{
    ballast_error error;
    return done(arguments, ballast_driver_uninstall(&error), &error, "The disk driver is not installed any more.");
}

static ballast_result start(const struct arguments *arguments)
{
    ballast_error error;
    return done(arguments, ballast_driver_start(&error), &error, "The disk driver is running.");
}

static ballast_result stop(const struct arguments *arguments)
{
    ballast_error error;
    int force = option_given(arguments, L"force");
    return done(arguments, ballast_driver_stop(force, &error), &error, "The disk driver is stopped.");
}

static const char *state_text(ballast_service_state state)
{
    switch (state) {
    case BALLAST_SERVICE_NOT_INSTALLED:
        return "not installed";
    case BALLAST_SERVICE_STOPPED:
        return "stopped";
    case BALLAST_SERVICE_RUNNING:
        return "running";
    case BALLAST_SERVICE_CRASHED:
        return "crashed";
    default:
        return "unknown";
    }
}

static void print_status_json(const ballast_driver_status *status)
{
    json_open(NULL, '{');
    json_text("state", state_text(status->state));
    if (status->state == BALLAST_SERVICE_RUNNING) {
        char version[32];
        (void)snprintf(version, sizeof(version), "%u.%u.%u", status->version >> 16, status->version >> 8 & 255,
                       status->version & 255);
        json_text("version", version);
        json_number("interface_version", status->interface_version);
        json_number("disks", status->disks);
        json_open("pool", '[');
        for (uint32_t i = 0; i < status->pool_tags; i++) {
            json_open(NULL, '{');
            json_text("tag", status->pool[i].tag);
            json_number("blocks", status->pool[i].blocks);
            json_number("bytes", status->pool[i].bytes);
            json_close('}');
        }
        json_close(']');
    }
    json_close('}');
    json_end();
}

static void print_status(const ballast_driver_status *status)
{
    print("State:      %s\n", state_text(status->state));
    if (status->state == BALLAST_SERVICE_CRASHED) {
        print("            'ballast driver start' starts it again; its disks are lost\n");
    }
    if (status->state != BALLAST_SERVICE_RUNNING) {
        return;
    }
    print("Version:    %u.%u.%u\n", status->version >> 16, status->version >> 8 & 255, status->version & 255);
    print("Interface:  0x%04x\n", status->interface_version);
    print("Disks:      %u\n", status->disks);
    uint64_t blocks = 0;
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < status->pool_tags; i++) {
        blocks += status->pool[i].blocks;
        bytes += status->pool[i].bytes;
    }
    print("Memory:     %s in %llu blocks\n", size_text(bytes), (unsigned long long)blocks);
}

static ballast_result status(const struct arguments *arguments)
{
    ballast_error error;
    ballast_driver_status driver = {.struct_size = sizeof(driver)};
    ballast_result result = ballast_driver_query(&driver, &error);
    if (result != BALLAST_OK) {
        return fail(result, &error);
    }
    if (arguments->json) {
        print_status_json(&driver);
    } else {
        print_status(&driver);
    }
    return driver.state == BALLAST_SERVICE_RUNNING ? BALLAST_OK : BALLAST_DRIVER_UNAVAILABLE;
}

static const struct option install_options[] = {
    {L"file", L"PATH", "the driver's file; otherwise ballastdisk.sys beside this program"},
    {NULL, NULL, NULL},
};

static const struct option stop_options[] = {
    {L"force", NULL, "remove all disks first; what RAM disks hold is lost"},
    {NULL, NULL, NULL},
};

const struct command driver_commands[] = {
    {L"driver", L"install", "", 0, 0, "Install the disk driver, or replace it by another version", "", install_options,
     install},
    {L"driver", L"start", "", 0, 0, "Start the disk driver", "", no_options, start},
    {L"driver", L"stop", "", 0, 0, "Stop the disk driver", "", stop_options, stop},
    {L"driver", L"status", "", 0, 0, "Tell whether the disk driver runs, and what memory it uses",
     "The exit code is 0 if it runs and 5 if it does not.\n", no_options, status},
    {L"driver", L"uninstall", "", 0, 0, "Remove the disk driver from the system", "", no_options, uninstall},
};
const size_t driver_command_count = sizeof(driver_commands) / sizeof(driver_commands[0]);
