/* SPDX-License-Identifier: MIT */
/* The driver's service: installing, starting, stopping, asking. */

#include "lib/internal.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

#define SERVICE_TITLE  L"Ballast virtual disks"
#define DRIVER_FILE    L"\\drivers\\" BALLAST_DISK_SERVICE L".sys"
#define SERVICE_BINARY L"\\SystemRoot\\system32" DRIVER_FILE

/* How long stopping may take, in steps of STOP_STEP_MS: the driver waits for requests under way. */
#define STOP_STEP_MS   20
#define STOP_STEPS     1500

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
static ballast_result open_service(DWORD access, SC_HANDLE *manager, SC_HANDLE *service, ballast_error *error)
{
    ballast_result result = open_manager(SC_MANAGER_CONNECT, manager, error);
    if (result != BALLAST_OK) {
        return result;
    }
    *service = OpenServiceW(*manager, BALLAST_DISK_SERVICE, access);
    if (*service == NULL && GetLastError() != ERROR_SERVICE_DOES_NOT_EXIST) {
        DWORD code = GetLastError();
        result = error_set(error, result_of(code), code, L"cannot open service '%ls'", BALLAST_DISK_SERVICE);
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

static void driver_path(wchar_t path[MAX_PATH])
{
    UINT length = GetSystemDirectoryW(path, MAX_PATH - 32);
    wcscpy(path + length, DRIVER_FILE);
}

static int control_exists(void)
{
    ballast_result result;
    HANDLE control = open_control(0, &result, NULL);
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

static ballast_result not_installed(ballast_error *error)
{
    return error_set(error, BALLAST_DRIVER_UNAVAILABLE, 0,
                     L"the disk driver is not installed; install it with 'ballast driver install'");
}

ballast_result ballast_driver_install(const wchar_t *sys_path, ballast_error *error)
{
    wchar_t target[MAX_PATH];
    SC_HANDLE manager;
    ballast_result result = BALLAST_OK;
    if (control_exists()) {
        return error_set(error, BALLAST_BUSY, 0,
                         L"cannot install: the driver is running; stop it with 'ballast driver stop'");
    }
    driver_path(target);
    if (!CopyFileW(sys_path, target, FALSE)) {
        DWORD code = GetLastError();
        return error_set(error, result_of(code), code, L"cannot copy '%ls' to '%ls'", sys_path, target);
    }
    result = open_manager(SC_MANAGER_CREATE_SERVICE, &manager, error);
    if (result != BALLAST_OK) {
        return result;
    }
    SC_HANDLE service =
        CreateServiceW(manager, BALLAST_DISK_SERVICE, SERVICE_TITLE, SERVICE_ALL_ACCESS, SERVICE_KERNEL_DRIVER,
                       SERVICE_DEMAND_START, SERVICE_ERROR_NORMAL, SERVICE_BINARY, NULL, NULL, NULL, NULL, NULL);
    DWORD code = service == NULL ? GetLastError() : 0;
    if (code != 0 && code != ERROR_SERVICE_EXISTS) {
        result = error_set(error, result_of(code), code, L"cannot create service '%ls'", BALLAST_DISK_SERVICE);
    }
    close_service(manager, service);
    return result;
}

ballast_result ballast_driver_uninstall(ballast_error *error)
{
    wchar_t path[MAX_PATH];
    SC_HANDLE manager;
    SC_HANDLE service;
    if (control_exists()) {
        return error_set(error, BALLAST_BUSY, 0,
                         L"cannot uninstall: the driver is running; stop it with 'ballast driver stop'");
    }
    ballast_result result = open_service(DELETE, &manager, &service, error);
    if (result != BALLAST_OK) {
        return result;
    }
    if (service != NULL && !DeleteService(service) && GetLastError() != ERROR_SERVICE_MARKED_FOR_DELETE) {
        DWORD code = GetLastError();
        result = error_set(error, result_of(code), code, L"cannot delete service '%ls'", BALLAST_DISK_SERVICE);
    }
    close_service(manager, service);
    driver_path(path);
    if (result == BALLAST_OK && !DeleteFileW(path) && GetLastError() != ERROR_FILE_NOT_FOUND) {
        DWORD code = GetLastError();
        result = error_set(error, result_of(code), code, L"cannot delete '%ls'", path);
    }
    return result;
}

ballast_result ballast_driver_start(ballast_error *error)
{
    SC_HANDLE manager;
    SC_HANDLE service;
    if (control_exists()) {
        return BALLAST_OK;
    }
    ballast_result result = open_service(SERVICE_START, &manager, &service, error);
    if (result != BALLAST_OK) {
        return result;
    }
    if (service == NULL) {
        result = not_installed(error);
    } else if (!StartServiceW(service, 0, NULL)) {
        DWORD code = GetLastError();
        if (code != ERROR_SERVICE_ALREADY_RUNNING) {
            result = error_set(error, result_of(code), code, L"cannot start the disk driver");
        }
    }
    close_service(manager, service);
    if (result == BALLAST_OK && !control_exists()) {
        result = error_set(error, BALLAST_DRIVER_UNAVAILABLE, 0,
                           L"the disk driver was started, but its control device does not answer");
    }
    return result;
}

static ballast_result refuse_while_disks_exist(ballast_error *error)
{
    size_t count = 0;
    ballast_result result = ballast_disk_list(NULL, 0, &count, error);
    if (result == BALLAST_OK && count != 0) {
        result = error_set(error, BALLAST_BUSY, 0, L"cannot stop the driver: there %ls still %u disk%ls; remove %ls",
                           count == 1 ? L"is" : L"are", (unsigned)count, count == 1 ? L"" : L"s",
                           count == 1 ? L"it" : L"them");
    }
    return result;
}

static ballast_result stop_service(SC_HANDLE service, ballast_error *error)
{
    SERVICE_STATUS status;
    if (!ControlService(service, SERVICE_CONTROL_STOP, &status)) {
        DWORD code = GetLastError();
        return code == ERROR_SERVICE_NOT_ACTIVE
                   ? BALLAST_OK
                   : error_set(error, result_of(code), code, L"cannot stop the disk driver");
    }
    for (int i = 0; i < STOP_STEPS; i++) {
        if (service_state(service) == SERVICE_STOPPED) {
            return BALLAST_OK;
        }
        Sleep(STOP_STEP_MS);
    }
    return error_set(error, BALLAST_BUSY, 0, L"the disk driver does not stop; is one of its disks open?");
}

ballast_result ballast_driver_stop(int remove_disks, ballast_error *error)
{
    SC_HANDLE manager;
    SC_HANDLE service;
    ballast_result result = BALLAST_OK;
    if (!remove_disks && control_exists()) {
        result = refuse_while_disks_exist(error);
    }
    if (result == BALLAST_OK) {
        result = open_service(SERVICE_STOP | SERVICE_QUERY_STATUS, &manager, &service, error);
    }
    if (result == BALLAST_OK) {
        if (service != NULL) {
            result = stop_service(service, error);
        }
        close_service(manager, service);
    }
    return result;
}

static void read_driver_state(HANDLE control, ballast_driver_status *status)
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
    for (size_t i = 0; i < BALLAST_DISK_POOL_TAGS && state.pool[i].tag != 0; i++) {
        ballast_pool_tag *row = &status->pool[status->pool_tags++];
        memcpy(row->tag, &state.pool[i].tag, 4);
        row->tag[4] = 0;
        row->blocks = state.pool[i].blocks;
        row->bytes = state.pool[i].bytes;
    }
}

ballast_result ballast_driver_query(ballast_driver_status *status, ballast_error *error)
{
    SC_HANDLE manager;
    SC_HANDLE service;
    ballast_driver_status answer = {.struct_size = sizeof(answer)};
    if (status->struct_size != sizeof(*status)) {
        return error_set(error, BALLAST_INVALID_ARGUMENT, 0, L"struct_size is not that of ballast_driver_status");
    }
    ballast_result result = open_service(SERVICE_QUERY_STATUS, &manager, &service, error);
    if (result != BALLAST_OK) {
        return result;
    }
    HANDLE control = open_control(0, &result, NULL);
    if (control != INVALID_HANDLE_VALUE) {
        answer.state = BALLAST_SERVICE_RUNNING;
        read_driver_state(control, &answer);
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
