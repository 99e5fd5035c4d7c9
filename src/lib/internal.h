/* SPDX-License-Identifier: MIT */
/* What the files of libballast share. */
#ifndef LIB_INTERNAL_H
#define LIB_INTERNAL_H

#include <stdbool.h>
#include <windows.h>

#include "ballast/ballast.h"
#include "ballast/disk_abi.h"

/*
 * Fills *error (if not NULL) with a message of wprintf form (%ls for text). When code is not 0, ": " and the system's text
 * for it are appended. Returns `result`.
 */
ballast_result error_set(ballast_error *error, ballast_result result, DWORD code, const wchar_t *format, ...);

/* The result that fits a Windows error code. */
ballast_result result_of(DWORD code);

/* BALLAST_INVALID_ARGUMENT if there is no such driver. */
ballast_result driver_check(ballast_driver which, ballast_error *error);

/* Whether the driver runs: its device can be opened, and is of our version. */
bool driver_answers(ballast_driver which);

/* The control device, for queries or for changes. INVALID_HANDLE_VALUE and *error on failure. */
HANDLE open_control(int for_changes, ballast_result *result, ballast_error *error);

/* The AI driver's device, checked to be of our version. INVALID_HANDLE_VALUE and *error on failure. */
HANDLE open_ai(int for_changes, ballast_result *result, ballast_error *error);

/* Returns 0 or the Windows error code. */
DWORD query_ai_driver(HANDLE device, struct ballast_ai_driver_reply *reply);

/* Tells the event viewer in which driver's file the texts of this service's events are; and that they are no longer there. */
ballast_result event_source_register(const wchar_t *service, const wchar_t *binary, ballast_error *error);
ballast_result event_source_unregister(const wchar_t *service, ballast_error *error);

#define OPEN_QUERY 0 /* no access to data */
#define OPEN_READ  GENERIC_READ
#define OPEN_WRITE (GENERIC_READ | GENERIC_WRITE)

/* Disk `number`, for overlapped I/O. INVALID_HANDLE_VALUE and *error on failure. */
HANDLE open_disk(uint32_t number, DWORD access, ballast_result *result, ballast_error *error);

/* How many disks there are, and their numbers, newest first; the caller's to free. NULL and *error on failure. */
uint32_t *disk_numbers(ballast_result *result, ballast_error *error);

/* What QUERY_DEVICE says of a disk that is open. Returns 0 or the Windows error code; *data is the caller's to free. */
DWORD query_device(HANDLE disk, struct imdisk_create_data **data);

/* Whether the code says that what was asked does not know such a request. */
static inline bool is_unsupported(DWORD code)
{
    return code == ERROR_INVALID_FUNCTION || code == ERROR_NOT_SUPPORTED;
}

/* A METHOD_BUFFERED control request, waited for. Returns 0 or the Windows error code. */
DWORD device_control(HANDLE device, DWORD code, const void *input, DWORD input_length, void *output,
                     DWORD output_length, DWORD *returned);

/* The same; ends with ERROR_OPERATION_ABORTED when ballast_interrupt is called. */
DWORD device_control_interruptible(HANDLE device, DWORD code, const void *input, DWORD input_length, void *output,
                                   DWORD output_length, DWORD *returned);

/* Whether ballast_interrupt has been called. */
int interrupted(void);

/*
 * The name of a disk's object, which is what letters and directories lead to: a volume's is never used again, and what is left
 * over does not lead to another disk one day.
 */
#define DISK_DEVICE_NAME_SIZE 48 /* units, with the zero */
void disk_device_name(uint32_t number, wchar_t name[DISK_DEVICE_NAME_SIZE]);

/* Whether a letter has a meaning: a link that leads nowhere has none. */
int letter_in_use(wchar_t letter);

/* Held while a free letter is chosen and taken: two programs at once must not choose the same. */
#define LETTER_MUTEX L"Global\\BallastDriveLetter"

/* Waits for a mutex and owns it. NULL, which unlock_mutex takes, if that is not possible: then nothing is exclusive. */
HANDLE lock_mutex(const wchar_t *name);
void unlock_mutex(HANDLE mutex);

/* Size in bytes of a disk that is open. Returns 0 or the Windows error code. */
DWORD disk_length(HANDLE disk, uint64_t *length);

#endif
