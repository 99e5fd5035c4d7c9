/* SPDX-License-Identifier: MIT */
/* The drivers: installing, starting, asking. */

#include "lib/internal.h"
#include "lib/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

typedef HANDLE open_function(int for_changes, ballast_result *result, ballast_error *error);

static open_function *const open_functions[BALLAST_DRIVERS] = {
    [BALLAST_DRIVER_DISK] = open_control,
    [BALLAST_DRIVER_AI] = open_ai,
};

ballast_result driver_check(ballast_driver which, ballast_error *error)
{
    return (unsigned)which < BALLAST_DRIVERS
               ? BALLAST_OK
               : error_set(error, BALLAST_INVALID_ARGUMENT, 0, L"there is no driver %u", (unsigned)which);
}

bool driver_answers(ballast_driver which)
{
    ballast_result result;
    HANDLE control = open_functions[which](0, &result, NULL);
    if (control == INVALID_HANDLE_VALUE) {
        return false;
    }
    CloseHandle(control);
    return true;
}

static ballast_result check_stopped(ballast_driver which, const wchar_t *what, ballast_error *error)
{
    return driver_answers(which)
               ? error_set(error, BALLAST_BUSY, 0,
                           L"cannot %ls: the %ls driver is running; stop it with 'ballast driver stop'", what,
                           service_driver_text(which))
               : BALLAST_OK;
}

ballast_result ballast_driver_install(ballast_driver which, const wchar_t *sys_path, uint32_t flags,
                                      ballast_error *error)
{
    wchar_t target[MAX_PATH];
    bool as_imdisk = (flags & BALLAST_INSTALL_AS_IMDISK) != 0;
    ballast_result result = driver_check(which, error);
    if (result == BALLAST_OK && (flags & ~BALLAST_INSTALL_AS_IMDISK) != 0) {
        result = error_set(error, BALLAST_INVALID_ARGUMENT, 0, L"cannot install: unknown flags 0x%x", flags);
    }
    if (result == BALLAST_OK) {
        result = service_check(which, as_imdisk, error);
    }
    if (result == BALLAST_OK) {
        result = check_stopped(which, L"install", error);
    }
    if (result != BALLAST_OK) {
        return result;
    }
    service_file(which, target);
    if (!CopyFileW(sys_path, target, FALSE)) {
        DWORD code = GetLastError();
        return error_set(error, result_of(code), code, L"cannot copy '%ls' to '%ls'", sys_path, target);
    }
    return service_create(which, as_imdisk, error);
}

ballast_result ballast_driver_uninstall(ballast_driver which, ballast_error *error)
{
    wchar_t path[MAX_PATH];
    ballast_result result = driver_check(which, error);
    if (result == BALLAST_OK) {
        result = check_stopped(which, L"uninstall", error);
    }
    if (result == BALLAST_OK) {
        result = service_delete(which, error);
    }
    if (result != BALLAST_OK) {
        return result;
    }
    service_file(which, path);
    if (!DeleteFileW(path) && GetLastError() != ERROR_FILE_NOT_FOUND) {
        DWORD code = GetLastError();
        result = error_set(error, result_of(code), code, L"cannot delete '%ls'", path);
    }
    return result;
}

ballast_result ballast_driver_start(ballast_driver which, ballast_error *error)
{
    struct service service;
    ballast_result result = driver_check(which, error);
    if (result != BALLAST_OK || driver_answers(which)) {
        return result;
    }
    result = service_open(which, SERVICE_START, &service, error);
    if (result != BALLAST_OK) {
        return result;
    }
    if (service.handle == NULL) {
        result = service_not_installed(which, error);
    } else if (!StartServiceW(service.handle, 0, NULL)) {
        DWORD code = GetLastError();
        if (code != ERROR_SERVICE_ALREADY_RUNNING) {
            result =
                error_set(error, result_of(code), code, L"cannot start the %ls driver", service_driver_text(which));
        }
    }
    service_close(&service);
    if (result == BALLAST_OK && !driver_answers(which)) {
        result = error_set(error, BALLAST_DRIVER_UNAVAILABLE, 0,
                           L"the %ls driver was started, but its control device does not answer",
                           service_driver_text(which));
    }
    return result;
}

static void add_pool_tags(ballast_driver_status *status, const struct ballast_pool_usage usage[BALLAST_POOL_TAGS])
{
    for (size_t i = 0; i < BALLAST_POOL_TAGS; i++) {
        if (usage[i].tag != 0 && status->pool_tags < sizeof(status->pool) / sizeof(status->pool[0])) {
            ballast_pool_tag *row = &status->pool[status->pool_tags++];
            memcpy(row->tag, &usage[i].tag, 4);
            row->tag[4] = 0;
            row->blocks = usage[i].blocks;
            row->bytes = usage[i].bytes;
        }
    }
}

static void read_disk_driver(HANDLE control, ballast_driver_status *status)
{
    struct ballast_disk_driver_state state;
    DWORD returned = 0;
    status->interface_version = IMDISK_VERSION; /* open_control has checked it */
    if (device_control(control, BALLAST_IOCTL_DISK_QUERY_DRIVER_STATE, NULL, 0, &state, sizeof(state), &returned) !=
            0 ||
        returned != sizeof(state)) {
        return; /* an ImDisk driver, not ours */
    }
    status->version = state.version;
    status->disks = state.disks;
    add_pool_tags(status, state.pool);
}

static void read_ai_driver(HANDLE device, ballast_driver_status *status)
{
    struct ballast_ai_driver_reply reply;
    if (query_ai_driver(device, &reply) != 0) {
        return; /* it has gone between open and now */
    }
    status->interface_version = BALLAST_AI_VERSION;
    status->version = reply.version;
    add_pool_tags(status, reply.pool);
}

ballast_result ballast_driver_query(ballast_driver which, ballast_driver_status *status, ballast_error *error)
{
    struct service service;
    ballast_driver_status answer = {.struct_size = sizeof(answer)};
    ballast_result result = driver_check(which, error);
    if (result == BALLAST_OK && status->struct_size != sizeof(*status)) {
        result = error_set(error, BALLAST_INVALID_ARGUMENT, 0, L"struct_size is not that of ballast_driver_status");
    }
    if (result == BALLAST_OK) {
        result = service_open(which, SERVICE_QUERY_STATUS, &service, error);
    }
    if (result != BALLAST_OK) {
        return result;
    }
    if (service.name != NULL) {
        wcscpy(answer.service, service.name);
    }
    HANDLE control = open_functions[which](0, &result, NULL);
    if (control != INVALID_HANDLE_VALUE) {
        answer.state = BALLAST_SERVICE_RUNNING;
        (which == BALLAST_DRIVER_DISK ? read_disk_driver : read_ai_driver)(control, &answer);
        CloseHandle(control);
    } else if (service.handle == NULL) {
        answer.state = BALLAST_SERVICE_NOT_INSTALLED;
    } else {
        answer.state =
            service_state(service.handle) == SERVICE_RUNNING ? BALLAST_SERVICE_CRASHED : BALLAST_SERVICE_STOPPED;
    }
    service_close(&service);
    *status = answer;
    return BALLAST_OK;
}
