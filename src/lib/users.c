/* SPDX-License-Identifier: MIT */
/* Who has something open; users.h has the contract. */

#include "lib/users.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <tlhelp32.h>
#include <winternl.h>

/* Of a file, a directory or a volume: FileProcessIdsUsingFileInformation, from Windows Vista on. */
#define PROCESS_IDS_CLASS ((FILE_INFORMATION_CLASS)47)

/* STATUS_INFO_LENGTH_MISMATCH: there are more than there is room for. */
#define TOO_MANY          ((NTSTATUS)0xC0000004)

struct process_ids {
    ULONG count;
    ULONG_PTR id[64];
};

/* What is looked at below the root, and for how long. */
#define MOST_FILES   512u
#define MOST_TIME_MS 2000u

#define PATH_SIZE    1024

struct walk {
    struct users *users;
    unsigned files;
    DWORD began;
    bool told; /* the system answers such questions */
};

void users_add(struct users *users, uint32_t process)
{
    for (uint32_t i = 0; i < users->count; i++) {
        if (users->process[i] == process) {
            return;
        }
    }
    if (process == GetCurrentProcessId()) {
        return;
    }
    if (users->count < USERS_MOST) {
        users->process[users->count++] = process;
    } else {
        users->more = true;
    }
}

static bool is_unknown_class(NTSTATUS status)
{
    return status == (NTSTATUS)0xC0000002 || status == (NTSTATUS)0xC0000003; /* NOT_IMPLEMENTED, INVALID_INFO_CLASS */
}

/* False: the system does not tell. */
static bool add_users_of(HANDLE file, struct users *users)
{
    struct process_ids ids = {.count = 0};
    IO_STATUS_BLOCK io;
    NTSTATUS status = NtQueryInformationFile(file, &io, &ids, sizeof(ids), PROCESS_IDS_CLASS);
    size_t room = sizeof(ids.id) / sizeof(ids.id[0]);
    for (size_t i = 0; status >= 0 && i < ids.count && i < room; i++) {
        users_add(users, (uint32_t)ids.id[i]);
    }
    users->more = users->more || status == TOO_MANY || (status >= 0 && ids.count > room);
    return !is_unknown_class(status);
}

static bool enough(const struct walk *walk)
{
    return !walk->told || walk->users->more || walk->files >= MOST_FILES ||
           GetTickCount() - walk->began >= MOST_TIME_MS;
}

static void look_at_file(struct walk *walk, const wchar_t *path)
{
    HANDLE file = CreateFileW(path, FILE_READ_ATTRIBUTES, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                              OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    walk->files++;
    if (file != INVALID_HANDLE_VALUE) {
        walk->told = add_users_of(file, walk->users);
        CloseHandle(file);
    }
}

static bool is_real_directory(const WIN32_FIND_DATAW *found)
{
    DWORD attributes = found->dwFileAttributes & (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT);
    return attributes == FILE_ATTRIBUTE_DIRECTORY;
}

/* `path` has room for PATH_SIZE units and ends with a backslash; it is as before afterwards. Deep trees have long paths. */
static void walk_directory(struct walk *walk, wchar_t *path)
{
    WIN32_FIND_DATAW found;
    size_t length = wcslen(path);
    wcscpy(path + length, L"*");
    HANDLE search = FindFirstFileW(path, &found);
    path[length] = 0;
    if (search == INVALID_HANDLE_VALUE) {
        return;
    }
    do {
        bool itself = wcscmp(found.cFileName, L".") == 0 || wcscmp(found.cFileName, L"..") == 0;
        if (itself || length + wcslen(found.cFileName) + 3 > PATH_SIZE) {
            continue;
        }
        wcscpy(path + length, found.cFileName);
        look_at_file(walk, path);
        if (is_real_directory(&found) && !enough(walk)) {
            wcscat(path, L"\\");
            walk_directory(walk, path);
        }
        path[length] = 0;
    } while (!enough(walk) && FindNextFileW(search, &found));
    FindClose(search);
}

bool users_of_volume(HANDLE volume, const wchar_t *root, struct users *users)
{
    wchar_t path[PATH_SIZE];
    struct walk walk = {.users = users, .began = GetTickCount(), .told = add_users_of(volume, users)};
    wcscpy(path, root);
    if (!enough(&walk)) {
        look_at_file(&walk, path);
    }
    if (!enough(&walk)) {
        walk_directory(&walk, path);
    }
    return walk.told;
}

/* ---- names ---- */

/* False: there is no such process any more. */
static bool name_of(uint32_t process, wchar_t name[MAX_PATH])
{
    PROCESSENTRY32W entry = {.dwSize = sizeof(entry)};
    bool found = false;
    HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
    for (BOOL more = Process32FirstW(snapshot, &entry); more && !found; more = Process32NextW(snapshot, &entry)) {
        found = entry.th32ProcessID == process;
        wcscpy(name, entry.szExeFile);
    }
    if (snapshot != INVALID_HANDLE_VALUE) {
        CloseHandle(snapshot);
    }
    return found;
}

void users_describe(const struct users *users, wchar_t text[USERS_TEXT_SIZE])
{
    wchar_t name[MAX_PATH];
    size_t used = 0;
    text[0] = 0;
    for (uint32_t i = 0; i < users->count; i++) {
        bool known = name_of(users->process[i], name);
        int length = swprintf(text + used, USERS_TEXT_SIZE - used, L"%ls%.40ls (process %u)", i == 0 ? L"" : L", ",
                              known ? name : L"a program", users->process[i]);
        used += length > 0 ? (size_t)length : 0;
    }
    if (users->more) {
        (void)swprintf(text + used, USERS_TEXT_SIZE - used, users->count == 0 ? L"many programs" : L" and others");
    }
}
