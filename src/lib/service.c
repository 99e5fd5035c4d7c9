/* SPDX-License-Identifier: MIT */
/* The drivers' services; service.h has the contract. */

#include "lib/service.h"

#include <stdlib.h>
#include <wchar.h>

#include "lib/parameters.h"

#define SERVICES         2 /* names that a driver's may have */
#define DRIVER_DIRECTORY L"\\drivers\\"
#define BINARY(name)     L"\\SystemRoot\\system32\\drivers\\" name L".sys"

static const struct {
    const wchar_t *names[SERVICES]; /* its own first */
    const wchar_t *title;
    const wchar_t *text;
    const wchar_t *file;   /* of its binary */
    const wchar_t *binary; /* as the service manager wants it */
} drivers[BALLAST_DRIVERS] = {
    [BALLAST_DRIVER_DISK] = {{BALLAST_DISK_SERVICE, SERVICE_NAME_IMDISK},
                             L"Ballast virtual disks",
                             L"disk",
                             BALLAST_DISK_SERVICE L".sys",
                             BINARY(BALLAST_DISK_SERVICE)},
    [BALLAST_DRIVER_AI] = {{BALLAST_AI_SERVICE, NULL},
                           L"Ballast AI telemetry",
                           L"AI",
                           BALLAST_AI_SERVICE L".sys",
                           BINARY(BALLAST_AI_SERVICE)},
};

const wchar_t *service_driver_text(ballast_driver which)
{
    return drivers[which].text;
}

void service_file(ballast_driver which, wchar_t path[MAX_PATH])
{
    UINT length = GetSystemDirectoryW(path, MAX_PATH - 32);
    wcscpy(path + length, DRIVER_DIRECTORY);
    wcscat(path, drivers[which].file);
}

/* ---- whose a service is ---- */

/* What the service runs; the caller's to free, NULL if that cannot be found out. */
static QUERY_SERVICE_CONFIGW *read_config(SC_HANDLE manager, const wchar_t *name)
{
    DWORD size = 0;
    QUERY_SERVICE_CONFIGW *config = NULL;
    SC_HANDLE service = OpenServiceW(manager, name, SERVICE_QUERY_CONFIG);
    if (service == NULL) {
        return NULL;
    }
    (void)QueryServiceConfigW(service, NULL, 0, &size);
    config = size != 0 ? calloc(1, size) : NULL;
    if (config != NULL && !QueryServiceConfigW(service, config, size, &size)) {
        free(config);
        config = NULL;
    }
    CloseServiceHandle(service);
    return config;
}

/* Whether the path ends with the name of our file. */
static bool is_our_file(ballast_driver which, const wchar_t *path)
{
    const wchar_t *slash = wcsrchr(path, L'\\');
    return _wcsicmp(slash != NULL ? slash + 1 : path, drivers[which].file) == 0;
}

static bool exists(SC_HANDLE manager, const wchar_t *name)
{
    SC_HANDLE service = OpenServiceW(manager, name, SERVICE_QUERY_STATUS);
    bool missing = service == NULL && GetLastError() == ERROR_SERVICE_DOES_NOT_EXIST;
    if (service != NULL) {
        CloseServiceHandle(service);
    }
    return !missing;
}

/* A driver's own name is its own; another one is if it runs our file. */
static bool is_ours(SC_HANDLE manager, ballast_driver which, size_t name)
{
    if (name == 0) {
        return exists(manager, drivers[which].names[0]);
    }
    QUERY_SERVICE_CONFIGW *config = read_config(manager, drivers[which].names[name]);
    bool ours = config != NULL && config->lpBinaryPathName != NULL && is_our_file(which, config->lpBinaryPathName);
    free(config);
    return ours;
}

/* NULL if it is not installed. */
static const wchar_t *find_name(SC_HANDLE manager, ballast_driver which)
{
    for (size_t i = 0; i < SERVICES && drivers[which].names[i] != NULL; i++) {
        if (is_ours(manager, which, i)) {
            return drivers[which].names[i];
        }
    }
    return NULL;
}

/* ---- opening ---- */

static ballast_result open_manager(DWORD access, SC_HANDLE *manager, ballast_error *error)
{
    *manager = OpenSCManagerW(NULL, NULL, access);
    if (*manager == NULL) {
        DWORD code = GetLastError();
        return error_set(error, result_of(code), code, L"cannot open the service manager");
    }
    return BALLAST_OK;
}

static ballast_result service_error(DWORD code, const wchar_t *what, const wchar_t *name, ballast_error *error)
{
    return error_set(error, result_of(code), code, L"cannot %ls service '%ls'", what, name);
}

ballast_result service_open(ballast_driver which, DWORD access, struct service *service, ballast_error *error)
{
    *service = (struct service){.handle = NULL};
    ballast_result result = open_manager(SC_MANAGER_CONNECT, &service->manager, error);
    if (result != BALLAST_OK) {
        return result;
    }
    service->name = find_name(service->manager, which);
    if (service->name == NULL) {
        return BALLAST_OK;
    }
    service->handle = OpenServiceW(service->manager, service->name, access);
    if (service->handle == NULL) {
        DWORD code = GetLastError();
        result = service_error(code, L"open", service->name, error);
        service_close(service);
    }
    return result;
}

DWORD service_state(SC_HANDLE service)
{
    SERVICE_STATUS status;
    return QueryServiceStatus(service, &status) ? status.dwCurrentState : SERVICE_STOPPED;
}

void service_close(struct service *service)
{
    if (service->handle != NULL) {
        CloseServiceHandle(service->handle);
    }
    CloseServiceHandle(service->manager);
    *service = (struct service){.handle = NULL};
}

const wchar_t *service_alias(SC_HANDLE manager, const wchar_t *name)
{
    const wchar_t *found = _wcsicmp(name, SERVICE_NAME_IMDISK) == 0 && !exists(manager, name)
                               ? find_name(manager, BALLAST_DRIVER_DISK)
                               : NULL;
    return found != NULL ? found : name;
}

ballast_result service_not_installed(ballast_driver which, ballast_error *error)
{
    return error_set(error, BALLAST_DRIVER_UNAVAILABLE, 0,
                     L"the %ls driver is not installed; install it with 'ballast driver install'", drivers[which].text);
}

ballast_result service_absent(ballast_driver which, ballast_error *error)
{
    SC_HANDLE manager;
    if (open_manager(SC_MANAGER_CONNECT, &manager, NULL) == BALLAST_OK) {
        bool installed = find_name(manager, which) != NULL;
        CloseServiceHandle(manager);
        if (!installed) {
            return service_not_installed(which, error);
        }
    }
    return error_set(error, BALLAST_DRIVER_UNAVAILABLE, 0,
                     L"the %ls driver is not running; start it with 'ballast driver start'", drivers[which].text);
}

/* ---- creating and deleting ---- */

static ballast_result check_name(SC_HANDLE manager, ballast_driver which, size_t wanted, ballast_error *error)
{
    const wchar_t *present = find_name(manager, which);
    const wchar_t *name = drivers[which].names[wanted];
    if (wanted != 0 && present != NULL && present != name) {
        return error_set(error, BALLAST_BUSY, 0,
                         L"cannot install: the %ls driver is installed as service '%ls' already; 'ballast driver "
                         L"uninstall' removes that",
                         drivers[which].text, present);
    }
    if (wanted != 0 && present == NULL && exists(manager, name)) {
        QUERY_SERVICE_CONFIGW *config = read_config(manager, name);
        ballast_result result = error_set(
            error, BALLAST_BUSY, 0, L"cannot install: service '%ls' is another driver's, '%ls'; remove that first",
            name, config != NULL ? config->lpBinaryPathName : L"unknown");
        free(config);
        return result;
    }
    return BALLAST_OK;
}

ballast_result service_check(ballast_driver which, bool as_imdisk, ballast_error *error)
{
    SC_HANDLE manager;
    ballast_result result = open_manager(SC_MANAGER_CONNECT, &manager, error);
    if (result == BALLAST_OK && as_imdisk && drivers[which].names[1] == NULL) {
        result = error_set(error, BALLAST_INVALID_ARGUMENT, 0, L"cannot install: the %ls driver has no other name",
                           drivers[which].text);
        CloseServiceHandle(manager);
    } else if (result == BALLAST_OK) {
        result = check_name(manager, which, as_imdisk ? 1 : 0, error);
        CloseServiceHandle(manager);
    }
    return result;
}

ballast_result service_create(ballast_driver which, bool as_imdisk, ballast_error *error)
{
    SC_HANDLE manager;
    ballast_result result = open_manager(SC_MANAGER_CREATE_SERVICE | SC_MANAGER_CONNECT, &manager, error);
    if (result != BALLAST_OK) {
        return result;
    }
    const wchar_t *name = find_name(manager, which);
    if (name == NULL) {
        name = drivers[which].names[as_imdisk ? 1 : 0];
        SC_HANDLE service = CreateServiceW(manager, name, drivers[which].title, SERVICE_ALL_ACCESS,
                                           SERVICE_KERNEL_DRIVER, SERVICE_DEMAND_START, SERVICE_ERROR_NORMAL,
                                           drivers[which].binary, NULL, NULL, NULL, NULL, NULL);
        if (service == NULL) {
            DWORD code = GetLastError();
            result = service_error(code, L"create", name, error);
        } else {
            CloseServiceHandle(service);
        }
    }
    CloseServiceHandle(manager);
    return result == BALLAST_OK ? event_source_register(name, drivers[which].file, error) : result;
}

static ballast_result delete_opened(struct service *service, ballast_error *error)
{
    ballast_result result = BALLAST_OK;
    if (!DeleteService(service->handle) && GetLastError() != ERROR_SERVICE_MARKED_FOR_DELETE) {
        DWORD code = GetLastError();
        result = service_error(code, L"delete", service->name, error);
    }
    service_close(service);
    return result;
}

/* With the service goes its key in the registry, and what others have stored there. */
static ballast_result delete_imdisk(struct service *service, ballast_error *error)
{
    ballast_result result = parameters_save(error);
    if (result == BALLAST_OK) {
        result = delete_opened(service, error);
    } else {
        service_close(service);
    }
    return result == BALLAST_OK ? parameters_restore(error) : result;
}

ballast_result service_delete(ballast_driver which, ballast_error *error)
{
    struct service service;
    ballast_result result = service_open(which, DELETE, &service, error);
    const wchar_t *name = result == BALLAST_OK ? service.name : NULL;
    if (result != BALLAST_OK) {
        return result;
    }
    if (name == NULL) {
        name = drivers[which].names[0];
        service_close(&service);
        result = which == BALLAST_DRIVER_DISK ? parameters_restore(error) : BALLAST_OK;
    } else if (name == drivers[which].names[0]) {
        result = delete_opened(&service, error);
    } else {
        result = delete_imdisk(&service, error);
    }
    return result == BALLAST_OK ? event_source_unregister(name, error) : result;
}
