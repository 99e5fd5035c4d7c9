/* SPDX-License-Identifier: MIT */
/* The drivers' services: installing, starting, stopping, asking. */

#include "lib/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define DRIVER_DIRECTORY L"\\drivers\\"

static const struct driver {
    const wchar_t *service;
    const wchar_t *title;  /* of the service */
    const wchar_t *name;   /* in messages: "the disk driver" */
    const wchar_t *binary; /* as the service manager wants it */
    HANDLE (*open)(int for_changes, ballast_result *result, ballast_error *error);
} drivers[BALLAST_DRIVERS] = {
    [BALLAST_DRIVER_DISK] = {BALLAST_DISK_SERVICE, L"Ballast virtual disks", L"disk",
                             L"\\SystemRoot\\system32\\drivers\\" BALLAST_DISK_SERVICE L".sys", open_control},
    [BALLAST_DRIVER_AI] = {BALLAST_AI_SERVICE, L"Ballast AI telemetry", L"AI",
                           L"\\SystemRoot\\system32\\drivers\\" BALLAST_AI_SERVICE L".sys", open_ai},
};

/* How long stopping may take, in steps of STOP_STEP_MS: the driver waits for requests under way. */
#define STOP_STEP_MS  20
#define STOP_STEPS    1500

/* A driver that stops says so after as many of these. */
#define REFUSAL_STEPS 50

/* NULL, and *error, if there is no such driver. */
static const struct driver *find_driver(ballast_driver driver, ballast_error *error)
{
    if ((unsigned)driver >= BALLAST_DRIVERS) {
        (void)error_set(error, BALLAST_INVALID_ARGUMENT, 0, L"there is no driver %u", (unsigned)driver);
        return NULL;
    }
    return &drivers[driver];
}

static ballast_result open_manager(DWORD access, SC_HANDLE *manager, ballast_error *error)
{
    *manager = OpenSCManagerW(NULL, NULL, access);
    if (*manager == NULL) {
        DWORD code = GetLastError();
        return error_set(error, result_of(code), code, L"cannot open the service manager");
    }
    return BALLAST_OK;
}

/* *service is NULL, and the result BALLAST_OK, if it does not exist. */
static ballast_result open_service(const struct driver *driver, DWORD access, SC_HANDLE *manager, SC_HANDLE *service,
                                   ballast_error *error)
{
    ballast_result result = open_manager(SC_MANAGER_CONNECT, manager, error);
    if (result != BALLAST_OK) {
        return result;
    }
    *service = OpenServiceW(*manager, driver->service, access);
    if (*service == NULL && GetLastError() != ERROR_SERVICE_DOES_NOT_EXIST) {
        DWORD code = GetLastError();
        result = error_set(error, result_of(code), code, L"cannot open service '%ls'", driver->service);
        CloseServiceHandle(*manager);
    }
    return result;
}

static void close_service(SC_HANDLE manager, SC_HANDLE service)
{
    if (service != NULL) {
        CloseServiceHandle(service);
    }
    CloseServiceHandle(manager);
}

static void driver_path(const struct driver *driver, wchar_t path[MAX_PATH])
{
    UINT length = GetSystemDirectoryW(path, MAX_PATH - 32);
    wcscpy(path + length, DRIVER_DIRECTORY);
    wcscat(path, driver->service);
    wcscat(path, L".sys");
}

static int control_exists(const struct driver *driver)
{
    ballast_result result;
    HANDLE control = driver->open(0, &result, NULL);
    if (control == INVALID_HANDLE_VALUE) {
        return 0;
    }
    CloseHandle(control);
    return 1;
}

static DWORD service_state(SC_HANDLE service)
{
    SERVICE_STATUS status;
    return QueryServiceStatus(service, &status) ? status.dwCurrentState : SERVICE_STOPPED;
}

static ballast_result not_installed(const struct driver *driver, ballast_error *error)
{
    return error_set(error, BALLAST_DRIVER_UNAVAILABLE, 0,
                     L"the %ls driver is not installed; install it with 'ballast driver install'", driver->name);
}

ballast_result ballast_driver_install(ballast_driver which, const wchar_t *sys_path, ballast_error *error)
{
    const struct driver *driver = find_driver(which, error);
    wchar_t target[MAX_PATH];
    SC_HANDLE manager;
    ballast_result result = BALLAST_OK;
    if (driver == NULL) {
        return BALLAST_INVALID_ARGUMENT;
    }
    if (control_exists(driver)) {
        return error_set(error, BALLAST_BUSY, 0,
                         L"cannot install: the %ls driver is running; stop it with 'ballast driver stop'",
                         driver->name);
    }
    driver_path(driver, target);
    if (!CopyFileW(sys_path, target, FALSE)) {
        DWORD code = GetLastError();
        return error_set(error, result_of(code), code, L"cannot copy '%ls' to '%ls'", sys_path, target);
    }
    result = open_manager(SC_MANAGER_CREATE_SERVICE, &manager, error);
    if (result != BALLAST_OK) {
        return result;
    }
    SC_HANDLE service =
        CreateServiceW(manager, driver->service, driver->title, SERVICE_ALL_ACCESS, SERVICE_KERNEL_DRIVER,
                       SERVICE_DEMAND_START, SERVICE_ERROR_NORMAL, driver->binary, NULL, NULL, NULL, NULL, NULL);
    DWORD code = service == NULL ? GetLastError() : 0;
    if (code != 0 && code != ERROR_SERVICE_EXISTS) {
        result = error_set(error, result_of(code), code, L"cannot create service '%ls'", driver->service);
    }
    close_service(manager, service);
    return result == BALLAST_OK ? register_event_source(driver->service, error) : result;
}

ballast_result ballast_driver_uninstall(ballast_driver which, ballast_error *error)
{
    const struct driver *driver = find_driver(which, error);
    wchar_t path[MAX_PATH];
    SC_HANDLE manager;
    SC_HANDLE service;
    if (driver == NULL) {
        return BALLAST_INVALID_ARGUMENT;
    }
    if (control_exists(driver)) {
        return error_set(error, BALLAST_BUSY, 0,
                         L"cannot uninstall: the %ls driver is running; stop it with 'ballast driver stop'",
                         driver->name);
    }
    ballast_result result = open_service(driver, DELETE, &manager, &service, error);
    if (result != BALLAST_OK) {
        return result;
    }
    if (service != NULL && !DeleteService(service) && GetLastError() != ERROR_SERVICE_MARKED_FOR_DELETE) {
        DWORD code = GetLastError();
        result = error_set(error, result_of(code), code, L"cannot delete service '%ls'", driver->service);
    }
    close_service(manager, service);
    if (result == BALLAST_OK) {
        result = unregister_event_source(driver->service, error);
    }
    driver_path(driver, path);
    if (result == BALLAST_OK && !DeleteFileW(path) && GetLastError() != ERROR_FILE_NOT_FOUND) {
        DWORD code = GetLastError();
        result = error_set(error, result_of(code), code, L"cannot delete '%ls'", path);
    }
    return result;
}

ballast_result ballast_driver_start(ballast_driver which, ballast_error *error)
{
    const struct driver *driver = find_driver(which, error);
    SC_HANDLE manager;
    SC_HANDLE service;
    if (driver == NULL) {
        return BALLAST_INVALID_ARGUMENT;
    }
    if (control_exists(driver)) {
        return BALLAST_OK;
    }
    ballast_result result = open_service(driver, SERVICE_START, &manager, &service, error);
    if (result != BALLAST_OK) {
        return result;
    }
    if (service == NULL) {
        result = not_installed(driver, error);
    } else if (!StartServiceW(service, 0, NULL)) {
        DWORD code = GetLastError();
        if (code != ERROR_SERVICE_ALREADY_RUNNING) {
            result = error_set(error, result_of(code), code, L"cannot start the %ls driver", driver->name);
        }
    }
    close_service(manager, service);
    if (result == BALLAST_OK && !control_exists(driver)) {
        result = error_set(error, BALLAST_DRIVER_UNAVAILABLE, 0,
                           L"the %ls driver was started, but its control device does not answer", driver->name);
    }
    return result;
}

static ballast_result refuse_while_disks_exist(ballast_error *error)
{
    size_t count = 0;
    ballast_result result = ballast_disk_list(NULL, 0, &count, error);
    if (result == BALLAST_OK && count != 0) {
        result = error_set(
            error, BALLAST_BUSY, 0, L"cannot stop the disk driver: there %ls still %u disk%ls; remove %ls",
            count == 1 ? L"is" : L"are", (unsigned)count, count == 1 ? L"" : L"s", count == 1 ? L"it" : L"them");
    }
    return result;
}

/* All or none: whatever stands against the removal of one is found before the first is removed. */
static ballast_result lock_disks(const uint32_t *numbers, HANDLE *disks, ballast_error *error)
{
    for (uint32_t i = 0; i < numbers[0]; i++) {
        ballast_result result;
        disks[i] = disk_lock(numbers[1 + i], 0, &result, error);
        if (disks[i] == INVALID_HANDLE_VALUE && result != BALLAST_NOT_FOUND) {
            while (i-- != 0) {
                if (disks[i] != INVALID_HANDLE_VALUE) {
                    CloseHandle(disks[i]); /* which unlocks it */
                }
            }
            return result;
        }
    }
    return BALLAST_OK;
}

static ballast_result remove_all_disks(ballast_error *error)
{
    ballast_result result;
    uint32_t *numbers = disk_numbers(&result, error);
    if (numbers == NULL) {
        return result;
    }
    HANDLE *disks = calloc((size_t)numbers[0] + 1, sizeof(*disks));
    result = disks != NULL ? lock_disks(numbers, disks, error)
                           : error_set(error, result_of(ERROR_NOT_ENOUGH_MEMORY), ERROR_NOT_ENOUGH_MEMORY,
                                       L"cannot remove the disks");
    for (uint32_t i = 0; disks != NULL && result == BALLAST_OK && i < numbers[0]; i++) {
        if (disks[i] != INVALID_HANDLE_VALUE) {
            result = disk_eject(disks[i], numbers[1 + i], error);
            disks[i] = INVALID_HANDLE_VALUE;
        }
    }
    free(disks);
    free(numbers);
    return result;
}

/* The service manager may say that it has stopped a driver which has refused that: it runs on then. */
static int goes_on_running(SC_HANDLE service, int step)
{
    return step >= REFUSAL_STEPS && service_state(service) == SERVICE_RUNNING;
}

static ballast_result stop_service(const struct driver *driver, SC_HANDLE service, ballast_error *error)
{
    SERVICE_STATUS status;
    if (!ControlService(service, SERVICE_CONTROL_STOP, &status)) {
        DWORD code = GetLastError();
        return code == ERROR_SERVICE_NOT_ACTIVE
                   ? BALLAST_OK
                   : error_set(error, result_of(code), code, L"cannot stop the %ls driver", driver->name);
    }
    for (int i = 0; i < STOP_STEPS && !goes_on_running(service, i); i++) {
        if (service_state(service) == SERVICE_STOPPED) {
            return BALLAST_OK;
        }
        Sleep(STOP_STEP_MS);
    }
    return error_set(error, BALLAST_BUSY, 0,
                     driver == &drivers[BALLAST_DRIVER_DISK]
                         ? L"the disk driver does not stop; is one of its disks open?"
                         : L"the AI driver does not stop; which program has it open?");
}

ballast_result ballast_driver_stop(ballast_driver which, int remove_disks, ballast_error *error)
{
    const struct driver *driver = find_driver(which, error);
    SC_HANDLE manager;
    SC_HANDLE service;
    ballast_result result = BALLAST_OK;
    if (driver == NULL) {
        return BALLAST_INVALID_ARGUMENT;
    }
    if (which == BALLAST_DRIVER_DISK && control_exists(driver)) {
        result = remove_disks ? remove_all_disks(error) : refuse_while_disks_exist(error);
    }
    if (result == BALLAST_OK) {
        result = open_service(driver, SERVICE_STOP | SERVICE_QUERY_STATUS, &manager, &service, error);
    }
    if (result == BALLAST_OK) {
        if (service != NULL) {
            result = stop_service(driver, service, error);
        }
        close_service(manager, service);
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
    SC_HANDLE manager;
    SC_HANDLE service;
    const struct driver *driver = find_driver(which, error);
    ballast_driver_status answer = {.struct_size = sizeof(answer)};
    if (driver == NULL) {
        return BALLAST_INVALID_ARGUMENT;
    }
    if (status->struct_size != sizeof(*status)) {
        return error_set(error, BALLAST_INVALID_ARGUMENT, 0, L"struct_size is not that of ballast_driver_status");
    }
    ballast_result result = open_service(driver, SERVICE_QUERY_STATUS, &manager, &service, error);
    if (result != BALLAST_OK) {
        return result;
    }
    HANDLE control = driver->open(0, &result, NULL);
    if (control != INVALID_HANDLE_VALUE) {
        answer.state = BALLAST_SERVICE_RUNNING;
        (which == BALLAST_DRIVER_DISK ? read_disk_driver : read_ai_driver)(control, &answer);
        CloseHandle(control);
    } else if (service == NULL) {
        answer.state = BALLAST_SERVICE_NOT_INSTALLED;
    } else {
        answer.state = service_state(service) == SERVICE_RUNNING ? BALLAST_SERVICE_CRASHED : BALLAST_SERVICE_STOPPED;
    }
    close_service(manager, service);
    *status = answer;
    return BALLAST_OK;
}
