/* SPDX-License-Identifier: MIT */
/* ballast driver ... */

#include "cli/ballast/cli.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>

#include "lib/remove.h"

static const struct {
    const wchar_t *name; /* for --driver */
    const wchar_t *service;
    const char *title;
} drivers[BALLAST_DRIVERS] = {
    [BALLAST_DRIVER_DISK] = {L"disk", BALLAST_DISK_SERVICE, "disk"},
    [BALLAST_DRIVER_AI] = {L"ai", BALLAST_AI_SERVICE, "AI"},
};

/* ---- which drivers ---- */

struct selection {
    bool chosen[BALLAST_DRIVERS];
    bool by_name; /* --driver disk or ai: this one, whether it is there or not */
};

static bool none(const struct selection *selection)
{
    for (int i = 0; i < BALLAST_DRIVERS; i++) {
        if (selection->chosen[i]) {
            return false;
        }
    }
    return true;
}

/* By --driver; all of them if it is not given. */
static bool read_selection(const struct arguments *arguments, struct selection *selection)
{
    const wchar_t *name = option_value(arguments, L"driver");
    bool all = name == NULL || wcscmp(name, L"all") == 0;
    *selection = (struct selection){.by_name = !all};
    for (int i = 0; i < BALLAST_DRIVERS; i++) {
        selection->chosen[i] = all || wcscmp(name, drivers[i].name) == 0;
    }
    if (none(selection)) {
        print_error("error: --driver is disk, ai or all, not '%s'\n", utf8(name));
        return false;
    }
    return true;
}

/* Without a name: only the drivers that are installed; all if none is, so that the error says so. */
static bool select_installed(const struct arguments *arguments, struct selection *selection)
{
    if (!read_selection(arguments, selection)) {
        return false;
    }
    struct selection installed = *selection;
    for (int i = 0; i < BALLAST_DRIVERS && !selection->by_name; i++) {
        ballast_driver_status answer = {.struct_size = sizeof(answer)};
        installed.chosen[i] = ballast_driver_query((ballast_driver)i, &answer, NULL) != BALLAST_OK ||
                              answer.state != BALLAST_SERVICE_NOT_INSTALLED;
    }
    if (!none(&installed)) {
        *selection = installed;
    }
    return true;
}

static void print_outcome(ballast_driver driver, const char *outcome)
{
    print("The %s driver is %s.\n", drivers[driver].title, outcome);
}

static void print_done(const struct arguments *arguments)
{
    if (arguments->json) {
        json_open(NULL, '{');
        json_bool("ok", true);
        json_close('}');
        json_end();
    }
}

/* The rest is done also after a failure; the first failure is the result. */
static ballast_result for_selected(const struct arguments *arguments, const struct selection *selection,
                                   ballast_result (*act)(ballast_driver driver, const struct arguments *arguments,
                                                         ballast_error *error),
                                   const char *outcome)
{
    ballast_result first = BALLAST_OK;
    for (int i = 0; i < BALLAST_DRIVERS; i++) {
        ballast_error error;
        if (!selection->chosen[i]) {
            continue;
        }
        ballast_result result = act((ballast_driver)i, arguments, &error);
        if (result != BALLAST_OK) {
            (void)fail(result, &error);
            first = first != BALLAST_OK ? first : result;
        } else if (!arguments->json) {
            print_outcome((ballast_driver)i, outcome);
        }
    }
    if (first == BALLAST_OK) {
        print_done(arguments);
    }
    return first;
}

/* ---- install ---- */

/* The driver's file beside this program. */
static bool default_path(ballast_driver driver, wchar_t path[MAX_PATH])
{
    DWORD length = GetModuleFileNameW(NULL, path, MAX_PATH - 32);
    if (length == 0 || length >= MAX_PATH - 32) {
        return false;
    }
    wchar_t *end = wcsrchr(path, L'\\');
    wcscpy(end != NULL ? end + 1 : path, drivers[driver].service);
    wcscat(path, L".sys");
    return true;
}

static ballast_result install_one(ballast_driver driver, const struct arguments *arguments, ballast_error *error)
{
    wchar_t path[MAX_PATH];
    const wchar_t *file = option_value(arguments, L"file");
    if (file == NULL && default_path(driver, path)) {
        file = path;
    }
    bool as_imdisk = driver == BALLAST_DRIVER_DISK && option_given(arguments, L"as-imdisk");
    uint32_t flags = as_imdisk ? BALLAST_INSTALL_AS_IMDISK : 0;
    return ballast_driver_install(driver, file, flags, error);
}

/* Without --driver, a file that is named tells by its name, and else those are meant that lie beside this program. */
static bool select_by_files(const wchar_t *file, struct selection *selection)
{
    wchar_t path[MAX_PATH];
    struct selection found = {0};
    for (int i = 0; i < BALLAST_DRIVERS; i++) {
        if (file != NULL) {
            const wchar_t *slash = wcspbrk(file, L"\\/");
            const wchar_t *name = file;
            while (slash != NULL) {
                name = slash + 1;
                slash = wcspbrk(name, L"\\/");
            }
            found.chosen[i] = _wcsnicmp(name, drivers[i].service, wcslen(drivers[i].service)) == 0;
        } else if (!default_path((ballast_driver)i, path)) {
            print_error("error: cannot tell where this program is; say --file\n");
            return false;
        } else {
            found.chosen[i] = GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES;
        }
    }
    if (none(&found)) {
        print_error(file != NULL ? "error: '%s' is named like none of the drivers; say which it is with --driver\n"
                                 : "error: there is no driver file beside this program; say --file\n",
                    file != NULL ? utf8(file) : "");
        return false;
    }
    *selection = found;
    return true;
}

static ballast_result install(const struct arguments *arguments)
{
    struct selection selection;
    if (!read_selection(arguments, &selection) ||
        (!selection.by_name && !select_by_files(option_value(arguments, L"file"), &selection))) {
        return BALLAST_INVALID_ARGUMENT;
    }
    if (option_given(arguments, L"as-imdisk") && !selection.chosen[BALLAST_DRIVER_DISK]) {
        print_error("error: --as-imdisk is about the disk driver\n");
        return BALLAST_INVALID_ARGUMENT;
    }
    return for_selected(arguments, &selection, install_one, "installed");
}

/* ---- uninstall, start, stop ---- */

static ballast_result uninstall_one(ballast_driver driver, const struct arguments *arguments, ballast_error *error)
{
    (void)arguments;
    return ballast_driver_uninstall(driver, error);
}

static ballast_result start_one(ballast_driver driver, const struct arguments *arguments, ballast_error *error)
{
    (void)arguments;
    return ballast_driver_start(driver, error);
}

static ballast_result uninstall(const struct arguments *arguments)
{
    struct selection selection;
    if (!select_installed(arguments, &selection)) {
        return BALLAST_INVALID_ARGUMENT;
    }
    return for_selected(arguments, &selection, uninstall_one, "not installed any more");
}

static ballast_result start(const struct arguments *arguments)
{
    struct selection selection;
    if (!select_installed(arguments, &selection)) {
        return BALLAST_INVALID_ARGUMENT;
    }
    return for_selected(arguments, &selection, start_one, "running");
}

static ballast_result stop(const struct arguments *arguments)
{
    struct selection selection;
    if (!select_installed(arguments, &selection)) {
        return BALLAST_INVALID_ARGUMENT;
    }
    uint32_t wanted = 0;
    uint32_t stopped = 0;
    ballast_error error;
    for (int i = 0; i < BALLAST_DRIVERS; i++) {
        wanted |= selection.chosen[i] ? 1u << i : 0;
    }
    leave_current_directory();
    ballast_result result = ballast_drivers_stop(wanted, option_given(arguments, L"force"), &stopped, &error);
    for (int i = 0; i < BALLAST_DRIVERS && !arguments->json; i++) {
        if ((stopped >> i & 1) != 0) {
            print_outcome((ballast_driver)i, "stopped");
        }
    }
    if (result != BALLAST_OK) {
        return fail(result, &error);
    }
    print_done(arguments);
    return result;
}

/* ---- status ---- */

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

static void print_status_json(ballast_driver driver, const ballast_driver_status *status)
{
    json_open(NULL, '{');
    json_text("driver", utf8(drivers[driver].service));
    json_text("state", state_text(status->state));
    if (status->service[0] != 0) {
        json_text("service", utf8(status->service));
    } else {
        json_null("service");
    }
    if (status->state == BALLAST_SERVICE_RUNNING) {
        char version[32];
        (void)snprintf(version, sizeof(version), "%u.%u.%u", status->version >> 16, status->version >> 8 & 255,
                       status->version & 255);
        json_text("version", version);
        json_number("interface_version", status->interface_version);
        if (driver == BALLAST_DRIVER_DISK) {
            json_number("disks", status->disks);
        }
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
}

static void print_status(ballast_driver driver, const ballast_driver_status *status)
{
    bool other_name = status->service[0] != 0 && wcscmp(status->service, drivers[driver].service) != 0;
    print(other_name ? "Driver:     %s, as service %s\n" : "Driver:     %s\n", utf8(drivers[driver].service),
          utf8(status->service));
    print("State:      %s\n", state_text(status->state));
    if (status->state == BALLAST_SERVICE_CRASHED) {
        print("            'ballast driver start' starts it again; its %s are lost\n",
              driver == BALLAST_DRIVER_DISK ? "disks" : "pinned blocks");
    }
    if (status->state != BALLAST_SERVICE_RUNNING) {
        return;
    }
    print("Version:    %u.%u.%u\n", status->version >> 16, status->version >> 8 & 255, status->version & 255);
    print("Interface:  0x%04x\n", status->interface_version);
    if (driver == BALLAST_DRIVER_DISK) {
        print("Disks:      %u\n", status->disks);
    }
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
    struct selection selection;
    ballast_driver_status statuses[BALLAST_DRIVERS];
    ballast_result running = BALLAST_OK;
    bool first = true;
    if (!select_installed(arguments, &selection)) {
        return BALLAST_INVALID_ARGUMENT;
    }
    for (int i = 0; i < BALLAST_DRIVERS; i++) {
        ballast_error error;
        statuses[i] = (ballast_driver_status){.struct_size = sizeof(statuses[i])};
        ballast_result result =
            selection.chosen[i] ? ballast_driver_query((ballast_driver)i, &statuses[i], &error) : BALLAST_OK;
        if (result != BALLAST_OK) {
            return fail(result, &error);
        }
    }
    if (arguments->json) {
        json_open(NULL, '[');
    }
    for (int i = 0; i < BALLAST_DRIVERS; i++) {
        if (!selection.chosen[i]) {
            continue;
        }
        if (arguments->json) {
            print_status_json((ballast_driver)i, &statuses[i]);
        } else {
            print(first ? "" : "\n");
            print_status((ballast_driver)i, &statuses[i]);
        }
        first = false;
        if (statuses[i].state != BALLAST_SERVICE_RUNNING) {
            running = BALLAST_DRIVER_UNAVAILABLE;
        }
    }
    if (arguments->json) {
        json_close(']');
        json_end();
    }
    return running;
}

#define DRIVER_OPTION                                                         \
    {                                                                         \
        L"driver", L"WHICH", "disk, ai or all; without it all that are there" \
    }

static const struct option driver_options[] = {DRIVER_OPTION, {NULL, NULL, NULL}};

static const struct option install_options[] = {
    DRIVER_OPTION,
    {L"file", L"PATH", "the driver's file; otherwise ballastdisk.sys and ballastai.sys beside this program"},
    {L"as-imdisk", NULL, "the disk driver's service is called ImDisk, as scripts expect that query or start it"},
    {NULL, NULL, NULL},
};

static const struct option stop_options[] = {
    DRIVER_OPTION,
    {L"force", NULL, "remove all disks first, unless one is in use; what RAM disks hold is lost"},
    {NULL, NULL, NULL},
};

const struct command driver_commands[] = {
    {L"driver", L"install", "", 0, 0, "Install the drivers, or replace them by another version", "", install_options,
     install},
    {L"driver", L"start", "", 0, 0, "Start the drivers", "", driver_options, start},
    {L"driver", L"stop", "", 0, 0, "Stop the drivers", "", stop_options, stop},
    {L"driver", L"status", "", 0, 0, "Tell whether the drivers run, and what memory they use",
     "The exit code is 0 if all that are installed run, and 5 if not.\n", driver_options, status},
    {L"driver", L"uninstall", "", 0, 0, "Remove the drivers from the system", "", driver_options, uninstall},
};
const size_t driver_command_count = sizeof(driver_commands) / sizeof(driver_commands[0]);
