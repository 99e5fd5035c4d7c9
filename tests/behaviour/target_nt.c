/* SPDX-License-Identifier: MIT */
/* Behaviour target: NT's system calls, in Wine and on Windows. Nothing newer than NT 5.2. */

#include "tests/behaviour/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <windows.h>
#include <winternl.h>

#define INVALID_HANDLE_STATUS 0xC0000008u

struct target_handle {
    HANDLE handle;
};

NTSYSAPI NTSTATUS NTAPI NtReadFile(HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG,
                                   PLARGE_INTEGER, PULONG);
NTSYSAPI NTSTATUS NTAPI NtWriteFile(HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG,
                                    PLARGE_INTEGER, PULONG);
NTSYSAPI NTSTATUS NTAPI NtFlushBuffersFile(HANDLE, PIO_STATUS_BLOCK);
NTSYSAPI NTSTATUS NTAPI NtOpenSymbolicLinkObject(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
NTSYSAPI NTSTATUS NTAPI NtQuerySymbolicLinkObject(HANDLE, PUNICODE_STRING, PULONG);

enum target_kind target_kind(void)
{
    return GetProcAddress(GetModuleHandleA("ntdll.dll"), "wine_get_version") != NULL ? TARGET_WINE : TARGET_WINDOWS;
}

bool target_is_nt52(void)
{
    return false;
}

bool target_file_system(void)
{
    return target_kind() == TARGET_WINDOWS;
}

bool target_raw(void)
{
    return target_file_system();
}

/* It is. */
void target_alone(bool on)
{
    (void)on;
}

bool target_kernel_is_64_bit(void)
{
    typedef BOOL WINAPI is_wow64_process(HANDLE process, PBOOL wow64);
    /* Not on every NT 5.2. */
    is_wow64_process *query =
        (is_wow64_process *)(void *)GetProcAddress(GetModuleHandleA("kernel32.dll"), "IsWow64Process");
    BOOL wow64 = FALSE;
    return sizeof(void *) == 8 || (query != NULL && query(GetCurrentProcess(), &wow64) && wow64);
}

struct target_handle *target_open(const char *name, unsigned rights, uint32_t *status)
{
    static const ACCESS_MASK masks[] = {FILE_READ_ATTRIBUTES, GENERIC_READ, GENERIC_WRITE,
                                        GENERIC_READ | GENERIC_WRITE};
    WCHAR path[64];
    UNICODE_STRING string;
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK io;
    HANDLE handle;
    (void)_snwprintf(path, 64, L"\\Device\\%hs", name);
    RtlInitUnicodeString(&string, path);
    InitializeObjectAttributes(&attributes, &string, OBJ_CASE_INSENSITIVE, NULL, NULL);
    NTSTATUS result =
        NtCreateFile(&handle, masks[rights] | SYNCHRONIZE, &attributes, &io, NULL, 0,
                     FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_OPEN, FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
    if (status != NULL) {
        *status = (uint32_t)result;
    }
    if (result < 0) {
        return NULL;
    }
    struct target_handle *opened = malloc(sizeof(*opened));
    opened->handle = handle;
    return opened;
}

void target_close(struct target_handle *handle)
{
    if (handle != NULL) {
        CloseHandle(handle->handle);
        free(handle);
    }
}

bool target_link(const char *name, char *path, size_t size)
{
    WCHAR text[64];
    UNICODE_STRING string;
    UNICODE_STRING target = {.MaximumLength = sizeof(text), .Buffer = text};
    OBJECT_ATTRIBUTES attributes;
    HANDLE handle;
    (void)_snwprintf(text, 64, L"\\DosDevices\\%hs", name);
    RtlInitUnicodeString(&string, text);
    InitializeObjectAttributes(&attributes, &string, OBJ_CASE_INSENSITIVE, NULL, NULL);
    if (NtOpenSymbolicLinkObject(&handle, GENERIC_READ, &attributes) < 0) {
        return false;
    }
    NTSTATUS status = NtQuerySymbolicLinkObject(handle, &target, NULL);
    CloseHandle(handle);
    if (status < 0 || target.Length / sizeof(WCHAR) >= size) {
        return false;
    }
    (void)snprintf(path, size, "%.*ls", (int)(target.Length / sizeof(WCHAR)), text);
    return true;
}

static uint32_t finish(struct target_handle *handle, NTSTATUS status, const IO_STATUS_BLOCK *io, size_t *information)
{
    if (status == STATUS_PENDING) {
        WaitForSingleObject(handle->handle, INFINITE);
        status = io->Status;
    }
    if (information != NULL) {
        *information = NT_ERROR(status) ? 0 : io->Information;
    }
    return (uint32_t)status;
}

uint32_t target_ioctl(struct target_handle *handle, uint32_t code, const void *input, size_t input_length, void *output,
                      size_t output_length, size_t *information)
{
    IO_STATUS_BLOCK io = {{0}, 0};
    if (handle == NULL) {
        return INVALID_HANDLE_STATUS;
    }
    NTSTATUS status = NtDeviceIoControlFile(handle->handle, NULL, NULL, NULL, &io, code, (void *)(uintptr_t)input,
                                            (ULONG)input_length, output, (ULONG)output_length);
    return finish(handle, status, &io, information);
}

uint32_t target_read(struct target_handle *handle, uint64_t offset, void *buffer, size_t length, size_t *information)
{
    IO_STATUS_BLOCK io = {{0}, 0};
    LARGE_INTEGER position = {.QuadPart = (LONGLONG)offset};
    if (handle == NULL) {
        return INVALID_HANDLE_STATUS;
    }
    NTSTATUS status = NtReadFile(handle->handle, NULL, NULL, NULL, &io, buffer, (ULONG)length, &position, NULL);
    return finish(handle, status, &io, information);
}

uint32_t target_write(struct target_handle *handle, uint64_t offset, const void *buffer, size_t length,
                      size_t *information)
{
    IO_STATUS_BLOCK io = {{0}, 0};
    LARGE_INTEGER position = {.QuadPart = (LONGLONG)offset};
    if (handle == NULL) {
        return INVALID_HANDLE_STATUS;
    }
    NTSTATUS status =
        NtWriteFile(handle->handle, NULL, NULL, NULL, &io, (void *)(uintptr_t)buffer, (ULONG)length, &position, NULL);
    return finish(handle, status, &io, information);
}

uint32_t target_flush(struct target_handle *handle)
{
    IO_STATUS_BLOCK io = {{0}, 0};
    if (handle == NULL) {
        return INVALID_HANDLE_STATUS;
    }
    return finish(handle, NtFlushBuffersFile(handle->handle, &io), &io, NULL);
}

void *target_memory(uint64_t address, size_t size)
{
    void *memory = (void *)(uintptr_t)address;
    return IsBadWritePtr(memory, size) ? NULL : memory;
}

/* ---- the refresh event: only who is waiting at that moment sees a pulse ---- */

static DWORD WINAPI wait_for_refresh(void *event)
{
    return WaitForSingleObject(event, 10000);
}

bool target_refreshed_by(void (*act)(void))
{
    DWORD result = WAIT_TIMEOUT;
    HANDLE event = OpenEventW(SYNCHRONIZE, FALSE, L"Global\\ImDiskRefresh");
    HANDLE thread = event != NULL ? CreateThread(NULL, 0, wait_for_refresh, event, 0, NULL) : NULL;
    if (thread != NULL) {
        do {
            act();
        } while (WaitForSingleObject(thread, 100) == WAIT_TIMEOUT);
        (void)GetExitCodeThread(thread, &result);
        CloseHandle(thread);
    }
    if (event != NULL) {
        CloseHandle(event);
    }
    return result == WAIT_OBJECT_0;
}

/* ---- image files: in the directory for temporary files ---- */

static const WCHAR *win32_path(const char *name)
{
    static WCHAR path[MAX_PATH + 64];
    WCHAR directory[MAX_PATH];
    GetTempPathW(MAX_PATH, directory);
    (void)_snwprintf(path, MAX_PATH + 64, L"%lsballast-%lu-%hs", directory, GetCurrentProcessId(), name);
    return path;
}

bool target_sparse_images(void)
{
    WCHAR root[MAX_PATH];
    DWORD flags = 0;
    if (target_kind() == TARGET_WINE) {
        return true; /* it accepts FSCTL_SET_SPARSE, whatever it says of its file systems */
    }
    (void)GetVolumePathNameW(win32_path("any"), root, MAX_PATH);
    return GetVolumeInformationW(root, NULL, 0, NULL, NULL, &flags, NULL, 0) &&
           (flags & FILE_SUPPORTS_SPARSE_FILES) != 0;
}

const uint16_t *target_image_path(const char *name, size_t *length_bytes)
{
    static WCHAR path[MAX_PATH + 80];
    (void)_snwprintf(path, MAX_PATH + 80, L"\\??\\%ls", win32_path(name));
    *length_bytes = wcslen(path) * sizeof(WCHAR);
    return path;
}

static HANDLE open_image(const char *name, DWORD access, DWORD disposition)
{
    return CreateFileW(win32_path(name), access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                       disposition, 0, NULL);
}

static bool seek(HANDLE file, uint64_t offset)
{
    LARGE_INTEGER position = {.QuadPart = (LONGLONG)offset};
    return SetFilePointerEx(file, position, NULL, FILE_BEGIN);
}

bool target_image_create(const char *name, uint64_t size)
{
    unsigned char block[65536];
    HANDLE file = open_image(name, GENERIC_WRITE, CREATE_ALWAYS);
    bool ok = file != INVALID_HANDLE_VALUE;
    for (uint64_t done = 0; done < size && ok;) {
        DWORD length = size - done < sizeof(block) ? (DWORD)(size - done) : (DWORD)sizeof(block);
        DWORD written = 0;
        for (DWORD i = 0; i < length; i++) {
            block[i] = target_pattern(done + i);
        }
        ok = WriteFile(file, block, length, &written, NULL) && written == length;
        done += length;
    }
    if (file != INVALID_HANDLE_VALUE) {
        CloseHandle(file);
    }
    return ok;
}

int64_t target_image_size(const char *name)
{
    LARGE_INTEGER size = {.QuadPart = -1};
    HANDLE file = open_image(name, GENERIC_READ, OPEN_EXISTING);
    if (file != INVALID_HANDLE_VALUE) {
        if (!GetFileSizeEx(file, &size)) {
            size.QuadPart = -1;
        }
        CloseHandle(file);
    }
    return size.QuadPart;
}

bool target_image_read(const char *name, uint64_t offset, void *buffer, size_t length)
{
    DWORD done = 0;
    HANDLE file = open_image(name, GENERIC_READ, OPEN_EXISTING);
    bool ok = file != INVALID_HANDLE_VALUE && seek(file, offset) &&
              ReadFile(file, buffer, (DWORD)length, &done, NULL) && done == length;
    if (file != INVALID_HANDLE_VALUE) {
        CloseHandle(file);
    }
    return ok;
}

bool target_image_write(const char *name, uint64_t offset, const void *buffer, size_t length)
{
    DWORD done = 0;
    HANDLE file = open_image(name, GENERIC_WRITE, OPEN_EXISTING);
    bool ok = file != INVALID_HANDLE_VALUE && seek(file, offset) &&
              WriteFile(file, buffer, (DWORD)length, &done, NULL) && done == length;
    if (file != INVALID_HANDLE_VALUE) {
        CloseHandle(file);
    }
    return ok;
}

bool target_image_truncate(const char *name, uint64_t size)
{
    HANDLE file = open_image(name, GENERIC_WRITE, OPEN_EXISTING);
    bool ok = file != INVALID_HANDLE_VALUE && seek(file, size) && SetEndOfFile(file);
    if (file != INVALID_HANDLE_VALUE) {
        CloseHandle(file);
    }
    return ok;
}

void target_image_delete(const char *name)
{
    DeleteFileW(win32_path(name));
}

struct target_kept *target_image_keep(const char *name)
{
    HANDLE file = open_image(name, GENERIC_READ | GENERIC_WRITE, OPEN_EXISTING);
    return file != INVALID_HANDLE_VALUE ? (struct target_kept *)file : NULL;
}

void target_image_release(struct target_kept *kept)
{
    CloseHandle(kept);
}
