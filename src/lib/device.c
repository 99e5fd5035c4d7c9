/* SPDX-License-Identifier: MIT */
/* Opening the driver's devices and talking to them. */

#include "lib/internal.h"
#include "lib/service.h"

#include <wchar.h>

#define CONTROL_PATH L"\\\\.\\ImDiskCtl"

HANDLE open_control(int for_changes, ballast_result *result, ballast_error *error)
{
    DWORD access = for_changes ? GENERIC_READ | GENERIC_WRITE : 0;
    HANDLE control = CreateFileW(CONTROL_PATH, access, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING,
                                 FILE_FLAG_OVERLAPPED, NULL);
    uint32_t version = 0;
    DWORD returned = 0;
    if (control == INVALID_HANDLE_VALUE) {
        DWORD code = GetLastError();
        if (result_of(code) == BALLAST_NOT_FOUND) {
            *result = service_absent(BALLAST_DRIVER_DISK, error);
        } else if (code == ERROR_ACCESS_DENIED) {
            *result = error_set(error, BALLAST_NO_ACCESS, code,
                                L"cannot open the disk driver; changing disks needs administrator rights");
        } else {
            *result = error_set(error, result_of(code), code, L"cannot open the disk driver");
        }
        return INVALID_HANDLE_VALUE;
    }
    DWORD code = device_control(control, IMDISK_IOCTL_QUERY_VERSION, NULL, 0, &version, sizeof(version), &returned);
    if (code != 0 || returned < sizeof(version) || version != IMDISK_VERSION) {
        *result = error_set(error, BALLAST_DRIVER_UNAVAILABLE, code,
                            L"the disk driver has interface version 0x%04x, this program needs 0x%04x", version,
                            IMDISK_VERSION);
        CloseHandle(control);
        return INVALID_HANDLE_VALUE;
    }
    return control;
}

HANDLE open_disk(uint32_t number, DWORD access, ballast_result *result, ballast_error *error)
{
    wchar_t path[32];
    (void)swprintf(path, sizeof(path) / sizeof(path[0]), L"\\\\.\\ImDisk%u", number);
    HANDLE disk = CreateFileW(path, access, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING,
                              FILE_FLAG_OVERLAPPED | (access != 0 ? FILE_FLAG_NO_BUFFERING : 0), NULL);
    if (disk == INVALID_HANDLE_VALUE) {
        DWORD code = GetLastError();
        if (result_of(code) == BALLAST_NOT_FOUND) {
            *result = error_set(error, BALLAST_NOT_FOUND, 0, L"there is no disk %u", number);
        } else if (code == ERROR_ACCESS_DENIED) {
            *result = error_set(error, BALLAST_NO_ACCESS, code, L"cannot open disk %u; it needs administrator rights",
                                number);
        } else {
            *result = error_set(error, result_of(code), code, L"cannot open disk %u", number);
        }
    }
    return disk;
}

/* ---- requests ---- */

static volatile LONG interruption; /* 1: asked for */
static HANDLE interruption_event;  /* made on first use, kept */

/* NULL without memory: then nothing can be interrupted. */
static HANDLE event_of_interruption(void)
{
    HANDLE made = InterlockedCompareExchangePointer(&interruption_event, NULL, NULL);
    if (made == NULL) {
        made = CreateEventW(NULL, TRUE, FALSE, NULL);
        HANDLE other = InterlockedCompareExchangePointer(&interruption_event, made, NULL);
        if (other != NULL) {
            CloseHandle(made);
            made = other;
        }
    }
    return made;
}

void ballast_interrupt(void)
{
    HANDLE event = event_of_interruption();
    InterlockedExchange(&interruption, 1);
    if (event != NULL) {
        SetEvent(event);
    }
}

int interrupted(void)
{
    return interruption != 0;
}

/* Until the request has ended, or is cancelled because of an interruption. */
static void wait_interruptibly(HANDLE device, HANDLE done)
{
    HANDLE events[] = {done, event_of_interruption()};
    if (events[1] != NULL && WaitForMultipleObjects(2, events, FALSE, INFINITE) == WAIT_OBJECT_0 + 1) {
        (void)CancelIo(device); /* this thread has nothing else under way there */
    }
}

static DWORD send_request(HANDLE device, DWORD code, const void *input, DWORD input_length, void *output,
                          DWORD output_length, DWORD *returned, int interruptible)
{
    DWORD count = 0;
    DWORD failure = 0;
    OVERLAPPED overlapped = {.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL)};
    if (overlapped.hEvent == NULL) {
        return GetLastError();
    }
    if (!DeviceIoControl(device, code, (void *)(uintptr_t)input, input_length, output, output_length, &count,
                         &overlapped)) {
        failure = GetLastError();
        if (failure == ERROR_IO_PENDING) {
            if (interruptible) {
                wait_interruptibly(device, overlapped.hEvent);
            }
            failure = GetOverlappedResult(device, &overlapped, &count, TRUE) ? 0 : GetLastError();
        }
    }
    CloseHandle(overlapped.hEvent);
    if (returned != NULL) {
        *returned = count;
    }
    return failure;
}

DWORD device_control(HANDLE device, DWORD code, const void *input, DWORD input_length, void *output,
                     DWORD output_length, DWORD *returned)
{
    return send_request(device, code, input, input_length, output, output_length, returned, 0);
}

DWORD device_control_interruptible(HANDLE device, DWORD code, const void *input, DWORD input_length, void *output,
                                   DWORD output_length, DWORD *returned)
{
    return send_request(device, code, input, input_length, output, output_length, returned, 1);
}

DWORD disk_length(HANDLE disk, uint64_t *length)
{
    DWORD returned = 0;
    struct ballast_disk_state state;
    DWORD code = device_control(disk, BALLAST_IOCTL_DISK_QUERY_STATE, NULL, 0, &state, sizeof(state), &returned);
    if (code == 0 && returned != sizeof(state)) {
        code = ERROR_INVALID_DATA;
    }
    if (code == 0) {
        *length = state.size_bytes;
    }
    return code;
}

HANDLE lock_mutex(const wchar_t *name)
{
    HANDLE mutex = CreateMutexW(NULL, FALSE, name);
    if (mutex != NULL) {
        (void)WaitForSingleObject(mutex, INFINITE); /* abandoned is ours, too */
    }
    return mutex;
}

void unlock_mutex(HANDLE mutex)
{
    if (mutex != NULL) {
        (void)ReleaseMutex(mutex);
        CloseHandle(mutex);
    }
}
