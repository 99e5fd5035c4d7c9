/* SPDX-License-Identifier: MIT */
/* The library itself: flags, versions, services, rights. */

#include "lib/imdisk/internal.h"

#include <string.h>
#include <wchar.h>

#include "lib/service.h"

HINSTANCE library_instance;

static volatile LONG64 api_flags;

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, LPVOID reserved);

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, LPVOID reserved)
{
    (void)reserved;
    if (reason == DLL_PROCESS_ATTACH) {
        library_instance = instance;
        DisableThreadLibraryCalls(instance);
    }
    return TRUE;
}

/* By compare and exchange: 64 bits at once also on x86, where NT 5.2 has no function for it. */
ULONGLONG WINAPI ImDiskGetAPIFlags(void)
{
    return (ULONGLONG)__sync_val_compare_and_swap(&api_flags, 0, 0);
}

ULONGLONG WINAPI ImDiskSetAPIFlags(ULONGLONG flags)
{
    LONG64 before;
    do {
        before = __sync_val_compare_and_swap(&api_flags, 0, 0);
    } while (!__sync_bool_compare_and_swap(&api_flags, before, (LONG64)flags));
    return (ULONGLONG)before;
}

/* ---- services ---- */

static BOOL is_running(SC_HANDLE service)
{
    SERVICE_STATUS status;
    if (!QueryServiceStatus(service, &status)) {
        return FALSE;
    }
    if (status.dwCurrentState == SERVICE_STOP_PENDING) {
        return fail(ERROR_SERVICE_CANNOT_ACCEPT_CTRL);
    }
    return status.dwCurrentState == SERVICE_RUNNING || fail(ERROR_SERVICE_NOT_ACTIVE);
}

static BOOL start_service(SC_HANDLE manager, LPCWSTR name)
{
    SC_HANDLE service = OpenServiceW(manager, name, SERVICE_START | SERVICE_QUERY_STATUS);
    if (service == NULL) {
        /* Who may not start it may still find it running. */
        DWORD code = GetLastError();
        service = code == ERROR_ACCESS_DENIED ? OpenServiceW(manager, name, SERVICE_QUERY_STATUS) : NULL;
        if (service == NULL) {
            return fail(code);
        }
        BOOL running = is_running(service);
        CloseServiceHandle(service);
        return running || fail(code);
    }
    BOOL running = is_running(service);
    DWORD code = running ? NO_ERROR : GetLastError();
    if (!running && code != ERROR_SERVICE_CANNOT_ACCEPT_CTRL) {
        running = StartServiceW(service, 0, NULL) || GetLastError() == ERROR_SERVICE_ALREADY_RUNNING;
        code = running ? NO_ERROR : GetLastError();
    }
    CloseServiceHandle(service);
    SetLastError(code);
    return running;
}

BOOL WINAPI ImDiskStartService(LPWSTR service)
{
    if (service == NULL || service[0] == 0) {
        return fail(ERROR_INVALID_PARAMETER);
    }
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
    if (manager == NULL) {
        return FALSE;
    }
    BOOL started = start_service(manager, service_alias(manager, service));
    DWORD code = GetLastError();
    CloseServiceHandle(manager);
    return started || fail(code);
}

HANDLE open_started_control(DWORD access)
{
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, CONTROL_DEVICE);
    HANDLE control = ImDiskOpenDeviceByName(&name, access);
    if (control == INVALID_HANDLE_VALUE && result_of(GetLastError()) == BALLAST_NOT_FOUND) {
        wchar_t service[] = SERVICE_NAME_IMDISK;
        if (!ImDiskStartService(service)) {
            return INVALID_HANDLE_VALUE;
        }
        control = ImDiskOpenDeviceByName(&name, access);
    }
    if (control != INVALID_HANDLE_VALUE && !ImDiskCheckDriverVersion(control)) {
        DWORD code = GetLastError() != NO_ERROR ? GetLastError() : ERROR_REVISION_MISMATCH;
        CloseHandle(control);
        SetLastError(code);
        return INVALID_HANDLE_VALUE;
    }
    return control;
}

/* ---- versions and rights ---- */

BOOL WINAPI ImDiskGetVersion(PULONG library, PULONG driver)
{
    wchar_t service[] = SERVICE_NAME_IMDISK;
    UNICODE_STRING name;
    uint32_t version = 0;
    DWORD returned = 0;
    if (library != NULL) {
        *library = IMDISK_LIBRARY_VERSION;
    }
    RtlInitUnicodeString(&name, CONTROL_DEVICE);
    HANDLE control = ImDiskOpenDeviceByName(&name, QUERY_ACCESS);
    if (control == INVALID_HANDLE_VALUE && ImDiskStartService(service)) {
        control = ImDiskOpenDeviceByName(&name, QUERY_ACCESS);
    }
    if (control == INVALID_HANDLE_VALUE) {
        return FALSE;
    }
    DWORD code = device_control(control, IMDISK_IOCTL_QUERY_VERSION, NULL, 0, &version, sizeof(version), &returned);
    CloseHandle(control);
    if (code != 0 || returned < sizeof(version)) {
        return fail(code != 0 ? code : ERROR_INVALID_FUNCTION);
    }
    if (driver != NULL) {
        *driver = version;
    }
    return TRUE;
}

/* Before there was elevation: whether the user is an administrator. */
static BOOL is_administrator(void)
{
    SID_IDENTIFIER_AUTHORITY authority = SECURITY_NT_AUTHORITY;
    PSID group;
    BOOL member = FALSE;
    if (!AllocateAndInitializeSid(&authority, 2, SECURITY_BUILTIN_DOMAIN_RID, DOMAIN_ALIAS_RID_ADMINS, 0, 0, 0, 0, 0, 0,
                                  &group)) {
        return FALSE;
    }
    BOOL known = CheckTokenMembership(NULL, group, &member);
    FreeSid(group);
    return known && member;
}

BOOL WINAPI ImDiskIsProcessElevated(void)
{
    const TOKEN_INFORMATION_CLASS elevation = (TOKEN_INFORMATION_CLASS)20; /* TokenElevation, NT 6.0 */
    HANDLE token;
    DWORD elevated = 0;
    DWORD length = 0;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)) {
        return FALSE;
    }
    BOOL known = GetTokenInformation(token, elevation, &elevated, sizeof(elevated), &length);
    CloseHandle(token);
    return known ? elevated != 0 : is_administrator();
}

/* ---- the refresh event ---- */

static HANDLE open_event(LPCWSTR name, BOOL inherit)
{
    SECURITY_ATTRIBUTES attributes = {.nLength = sizeof(attributes), .bInheritHandle = inherit};
    HANDLE event = OpenEventW(SYNCHRONIZE, inherit, name);
    if (event == NULL && GetLastError() == ERROR_FILE_NOT_FOUND) {
        event = CreateEventW(&attributes, FALSE, FALSE, name); /* the driver will open it when it comes */
    }
    return event;
}

HANDLE WINAPI ImDiskOpenRefreshEvent(BOOL inherit)
{
    HANDLE event = open_event(L"Global\\" IMDISK_REFRESH_EVENT, inherit);
    DWORD code = GetLastError();
    if (event == NULL && (code == ERROR_PATH_NOT_FOUND || code == ERROR_INVALID_NAME)) {
        event = open_event(IMDISK_REFRESH_EVENT, inherit); /* a system without sessions */
        code = GetLastError();
    }
    SetLastError(event != NULL ? NO_ERROR : code);
    return event;
}
