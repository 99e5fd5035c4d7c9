/* SPDX-License-Identifier: MIT */
/* The real system, for the AI driver's behaviour table. Nothing newer than NT 5.2. */

#include "tests/behaviour/system.h"

#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>
#include <windows.h>

#define PARAMETERS    L"SYSTEM\\CurrentControlSet\\Services\\ballastai\\Parameters"
#define DISPLAY_CLASS L"SYSTEM\\CurrentControlSet\\Control\\Class\\{4d36e968-e325-11ce-bfc1-08002be10318}"
#define ASLEEP        L"--asleep"
#define MAXIMUM_LIST  64u

struct child {
    HANDLE process;
    DWORD id;
    WCHAR path[MAX_PATH];
};

static struct child children[MAXIMUM_LIST];

/* The program is also the process that does nothing. */
__attribute__((constructor)) static void sleep_if_told(void)
{
    if (wcsstr(GetCommandLineW(), ASLEEP) != NULL) {
        Sleep(600000);
        ExitProcess(0);
    }
}

static void path_of(enum system_key key, const char *subkey, WCHAR *path, size_t size)
{
    (void)_snwprintf(path, size, L"%ls%ls%hs", key == SYSTEM_PARAMETERS ? PARAMETERS : DISPLAY_CLASS,
                     subkey != NULL ? L"\\" : L"", subkey != NULL ? subkey : "");
}

bool system_registry_set(enum system_key key, const char *subkey, const char *name, uint32_t type, const void *data,
                         size_t length)
{
    WCHAR path[256];
    HKEY handle;
    path_of(key, subkey, path, 256);
    if (RegCreateKeyExW(HKEY_LOCAL_MACHINE, path, 0, NULL, 0, KEY_SET_VALUE, NULL, &handle, NULL) != ERROR_SUCCESS) {
        return false;
    }
    WCHAR wide[128];
    (void)_snwprintf(wide, 128, L"%hs", name);
    LONG error = RegSetValueExW(handle, wide, 0, type, data, (DWORD)length);
    RegCloseKey(handle);
    return error == ERROR_SUCCESS;
}

void system_registry_delete(enum system_key key, const char *subkey, const char *name)
{
    WCHAR path[256];
    WCHAR wide[128];
    HKEY handle;
    path_of(key, subkey, path, 256);
    if (name == NULL) {
        RegDeleteKeyW(HKEY_LOCAL_MACHINE, path);
    } else if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, path, 0, KEY_SET_VALUE, &handle) == ERROR_SUCCESS) {
        (void)_snwprintf(wide, 128, L"%hs", name);
        RegDeleteValueW(handle, wide);
        RegCloseKey(handle);
    }
}

static void stop(struct child *child)
{
    TerminateProcess(child->process, 0);
    WaitForSingleObject(child->process, 10000);
    CloseHandle(child->process);
    DeleteFileW(child->path);
    child->process = NULL;
}

static void stop_all(void)
{
    for (size_t i = 0; i < MAXIMUM_LIST; i++) {
        if (children[i].process != NULL) {
            stop(&children[i]);
        }
    }
}

uint32_t system_process_start(const char *image)
{
    static bool registered;
    WCHAR own[MAX_PATH];
    WCHAR directory[MAX_PATH];
    WCHAR command[MAX_PATH + 32];
    STARTUPINFOW startup = {.cb = sizeof(startup)};
    PROCESS_INFORMATION information;
    struct child *child = children;
    while (child < children + MAXIMUM_LIST - 1 && child->process != NULL) {
        child++;
    }
    if (!registered) {
        registered = atexit(stop_all) == 0;
    }
    GetModuleFileNameW(NULL, own, MAX_PATH);
    GetTempPathW(MAX_PATH, directory);
    (void)_snwprintf(child->path, MAX_PATH, L"%ls%hs", directory, image);
    (void)_snwprintf(command, MAX_PATH + 32, L"\"%ls\" " ASLEEP, child->path);
    if (!CopyFileW(own, child->path, FALSE) || !CreateProcessW(child->path, command, NULL, NULL, FALSE,
                                                               DETACHED_PROCESS, NULL, NULL, &startup, &information)) {
        return 0;
    }
    CloseHandle(information.hThread);
    child->process = information.hProcess;
    child->id = information.dwProcessId;
    return child->id;
}

void system_process_stop(uint32_t process_id)
{
    for (size_t i = 0; i < MAXIMUM_LIST; i++) {
        if (children[i].process != NULL && children[i].id == process_id) {
            stop(&children[i]);
        }
    }
}

uint32_t system_thread_id(void)
{
    return GetCurrentThreadId();
}

int system_thread_priority(void)
{
    return GetThreadPriority(GetCurrentThread());
}

void system_pause_ms(unsigned milliseconds)
{
    Sleep(milliseconds);
}
