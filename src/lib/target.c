/* SPDX-License-Identifier: MIT */
/* Files that replace others when they are complete; target.h has the contract. */

#include "lib/target.h"

#include <stdlib.h>
#include <wchar.h>
#include <winioctl.h>
#include <winternl.h>

#include "lib/identity.h"

#define SUFFIX_LENGTH 32u
#define NAMES_TRIED   16u
#define ATTRIBUTES    (FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM | FILE_ATTRIBUTE_ARCHIVE)

/* Whether the file goes when its last handle is closed: so it does when the process is killed. */
static void set_temporary(HANDLE file, BOOLEAN temporary)
{
    IO_STATUS_BLOCK io;
    (void)NtSetInformationFile(file, &io, &temporary, sizeof(temporary), FileDispositionInformation);
}

static void close(HANDLE *handle)
{
    if (*handle != INVALID_HANDLE_VALUE) {
        CloseHandle(*handle);
    }
    *handle = INVALID_HANDLE_VALUE;
}

static void end(struct target *target)
{
    close(&target->handle);
    close(&target->old);
    free(target->path);
    free(target->beside);
    target->path = NULL;
    target->beside = NULL;
}

static ballast_result check_old(const struct target *target, int replace, ballast_error *error)
{
    BY_HANDLE_FILE_INFORMATION old;
    if (!replace) {
        return error_set(error, BALLAST_BUSY, ERROR_FILE_EXISTS, L"cannot create '%ls'", target->path);
    }
    if (GetFileInformationByHandle(target->old, &old) && (old.dwFileAttributes & FILE_ATTRIBUTE_READONLY) != 0) {
        return error_set(error, BALLAST_NO_ACCESS, ERROR_ACCESS_DENIED, L"cannot replace '%ls'", target->path);
    }
    return BALLAST_OK;
}

ballast_result target_begin(struct target *target, const wchar_t *path, int replace, ballast_error *error)
{
    *target = (struct target){.handle = INVALID_HANDLE_VALUE, .old = INVALID_HANDLE_VALUE};
    target->path = _wcsdup(path);
    if (target->path == NULL) {
        return error_set(error, BALLAST_FAILED, ERROR_NOT_ENOUGH_MEMORY, L"cannot create '%ls'", path);
    }
    /* Not shared for writing: whoever is about to write it cannot, and who is writing it keeps us out. */
    target->old = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL, OPEN_EXISTING, 0, NULL);
    ballast_result result = BALLAST_OK;
    DWORD code = GetLastError();
    if (target->old != INVALID_HANDLE_VALUE) {
        result = check_old(target, replace, error);
    } else if (code == ERROR_SHARING_VIOLATION) {
        result = error_set(error, BALLAST_BUSY, code, L"cannot replace '%ls': a disk or a program is using it", path);
    } else if (code != ERROR_FILE_NOT_FOUND) {
        result = error_set(error, result_of(code), code, L"cannot create '%ls'", path);
    }
    if (result != BALLAST_OK) {
        end(target);
    }
    return result;
}

ballast_result target_check_unused(HANDLE file, const wchar_t *path, ballast_error *error)
{
    struct identity_layers layers;
    uint32_t number;
    identity_layers(file, &layers);
    switch (identity_is_image(&layers, &number)) {
    case IDENTITY_IS_IMAGE:
        return error_set(error, BALLAST_BUSY, ERROR_BUSY, L"cannot write '%ls': it is the image of disk %u", path,
                         number);
    case IDENTITY_MAY_BE_IMAGE:
        return error_set(error, BALLAST_BUSY, ERROR_BUSY,
                         L"cannot write '%ls': it may be the image of disk %u, and which file that is cannot be told; "
                         L"remove the disk, or write to another file",
                         path, number);
    default:
        return BALLAST_OK;
    }
}

/* Of what is replaced; the caller's to free. NULL: there is nothing, or it does not tell. */
static PSECURITY_DESCRIPTOR rights_of(HANDLE old)
{
    DWORD length = 0;
    if (old == INVALID_HANDLE_VALUE) {
        return NULL;
    }
    (void)GetKernelObjectSecurity(old, DACL_SECURITY_INFORMATION, NULL, 0, &length);
    PSECURITY_DESCRIPTOR rights = malloc((size_t)length + 1);
    if (rights != NULL && !GetKernelObjectSecurity(old, DACL_SECURITY_INFORMATION, rights, length, &length)) {
        free(rights);
        rights = NULL;
    }
    return rights;
}

static DWORD attributes_of(HANDLE old)
{
    BY_HANDLE_FILE_INFORMATION information;
    return old != INVALID_HANDLE_VALUE && GetFileInformationByHandle(old, &information)
               ? information.dwFileAttributes & ATTRIBUTES
               : 0;
}

/*
 * Who may not read what is replaced must not read the copy, either, not even while it is new: it is created with these rights and
 * attributes, and nothing is changed later by its name, which may be another file's by then.
 */
ballast_result target_create(struct target *target, ballast_error *error)
{
    size_t size = wcslen(target->path) + SUFFIX_LENGTH;
    DWORD code = ERROR_NOT_ENOUGH_MEMORY;
    DWORD attributes = FILE_FLAG_OVERLAPPED | attributes_of(target->old);
    if (target->old != INVALID_HANDLE_VALUE) {
        ballast_result result = target_check_unused(target->old, target->path, error);
        if (result != BALLAST_OK) {
            return result;
        }
    }
    SECURITY_ATTRIBUTES rights = {sizeof(rights), rights_of(target->old), FALSE};
    target->beside = malloc(size * sizeof(wchar_t));
    for (DWORD i = 0; target->beside != NULL && i < NAMES_TRIED && target->handle == INVALID_HANDLE_VALUE; i++) {
        (void)swprintf(target->beside, size, L"%ls.%lx-%lx.partial", target->path, (unsigned long)GetCurrentProcessId(),
                       (unsigned long)(GetTickCount() + i));
        target->handle = CreateFileW(target->beside, GENERIC_READ | GENERIC_WRITE | DELETE,
                                     FILE_SHARE_READ | FILE_SHARE_DELETE, &rights, CREATE_NEW, attributes, NULL);
        code = GetLastError();
        if (target->handle == INVALID_HANDLE_VALUE && code != ERROR_FILE_EXISTS) {
            break;
        }
    }
    free(rights.lpSecurityDescriptor);
    if (target->handle == INVALID_HANDLE_VALUE) {
        return error_set(error, result_of(code), code, L"cannot create '%ls'", target->path);
    }
    set_temporary(target->handle, TRUE); /* from here on Windows opens it for nobody */
    (void)device_control(target->handle, FSCTL_SET_SPARSE, NULL, 0, NULL, 0, NULL);
    return BALLAST_OK;
}

/* Keeps what Windows keeps: access rights, attributes, the time of creation. */
static DWORD replace(struct target *target)
{
    if (ReplaceFileW(target->path, target->beside, NULL, REPLACEFILE_IGNORE_MERGE_ERRORS, NULL, NULL)) {
        return 0;
    }
    /* Some systems do not replace what is open, others not at all. */
    close(&target->old);
    if (ReplaceFileW(target->path, target->beside, NULL, REPLACEFILE_IGNORE_MERGE_ERRORS, NULL, NULL) ||
        MoveFileExW(target->beside, target->path, MOVEFILE_REPLACE_EXISTING)) {
        return 0;
    }
    return GetLastError();
}

ballast_result target_commit(struct target *target, ballast_error *error)
{
    DWORD code = 0;
    ballast_result result = BALLAST_OK;
    set_temporary(target->handle, FALSE);
    close(&target->handle);
    if (target->old != INVALID_HANDLE_VALUE) {
        code = replace(target);
    } else if (!MoveFileExW(target->beside, target->path, 0)) {
        code = GetLastError();
    }
    if (code != 0) {
        result = error_set(error, result_of(code), code, L"cannot put the copy into the place of '%ls'", target->path);
        (void)DeleteFileW(target->beside);
    }
    end(target);
    return result;
}

void target_abandon(struct target *target)
{
    wchar_t *beside = target->handle != INVALID_HANDLE_VALUE ? target->beside : NULL;
    close(&target->handle); /* it goes now; where that does not work: */
    if (beside != NULL) {
        (void)DeleteFileW(beside);
    }
    end(target);
}
