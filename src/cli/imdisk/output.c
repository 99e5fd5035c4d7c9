/* SPDX-License-Identifier: MIT */
/* What imdisk.exe prints: wide text on a console, else bytes in the console's code page. */

#include "cli/imdisk/imdisk.h"

#include <stdarg.h>
#include <stdio.h>

#define PIECE_SIZE 4096 /* a longer piece of text is cut */

static void emit(FILE *stream, DWORD device, const wchar_t *text)
{
    char bytes[4 * PIECE_SIZE];
    HANDLE handle = GetStdHandle(device);
    DWORD mode;
    DWORD written;
    fflush(stream);
    if (GetConsoleMode(handle, &mode)) {
        (void)WriteConsoleW(handle, text, (DWORD)wcslen(text), &written, NULL);
        return;
    }
    UINT page = GetConsoleOutputCP();
    if (WideCharToMultiByte(page != 0 ? page : CP_OEMCP, 0, text, -1, bytes, sizeof(bytes), NULL, NULL) != 0) {
        (void)fputs(bytes, stream); /* text mode: lines end as programs here expect it */
    }
    fflush(stream);
}

static void format_and_emit(FILE *stream, DWORD device, const wchar_t *end, const wchar_t *format, va_list arguments)
{
    wchar_t text[PIECE_SIZE];
    if (vswprintf(text, PIECE_SIZE - 2, format, arguments) < 0) {
        text[PIECE_SIZE - 3] = 0;
    }
    wcscat(text, end);
    emit(stream, device, text);
}

void say(const wchar_t *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    format_and_emit(stdout, STD_OUTPUT_HANDLE, L"", format, arguments);
    va_end(arguments);
}

void complain(const wchar_t *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    format_and_emit(stderr, STD_ERROR_HANDLE, L"\n", format, arguments);
    va_end(arguments);
}

static void print_error(const wchar_t *kind, const ballast_error *error)
{
    wchar_t message[BALLAST_MESSAGE_SIZE];
    if (MultiByteToWideChar(CP_UTF8, 0, error->message, -1, message, BALLAST_MESSAGE_SIZE) == 0) {
        wcscpy(message, L"unknown error");
    }
    complain(L"%ls: %ls.", kind, message);
}

enum imdisk_exit fail(enum imdisk_exit exit, const ballast_error *error)
{
    print_error(L"Error", error);
    return exit;
}

void warn(const ballast_error *error)
{
    print_error(L"Warning", error);
}

static const wchar_t *const help[] = {
    L"Virtual disks, with ImDisk's command line.\n"
    L"\n"
    L"imdisk -a [-t file|vm|proxy] [-n] [-o OPTION,...] [-f FILE | -F NATIVE_PATH] [-s SIZE]\n"
    L"       [-b OFFSET|auto] [-v PARTITION] [-S SECTOR_SIZE] [-x SECTORS_PER_TRACK]\n"
    L"       [-y TRACKS_PER_CYLINDER] [-u UNIT] [-m MOUNT_POINT] [-p \"FORMAT_PARAMETERS\"] [-P]\n"
    L"imdisk -d | -D  -u UNIT | -m MOUNT_POINT  [-P]\n"
    L"imdisk -R -u UNIT\n"
    L"imdisk -l [-u UNIT | -m MOUNT_POINT] [-n]\n"
    L"imdisk -e  -u UNIT | -m MOUNT_POINT  [-s SIZE] [-o OPTION,...]\n"
    L"imdisk --version\n"
    L"\n",
    L"-a  Create a disk.\n"
    L"-d  Remove a disk. Fails if files on it are open.\n"
    L"-D  Remove a disk although files on it are open; what is not yet written to it is lost.\n"
    L"-R  Remove a disk that does not answer, without telling anybody.\n"
    L"-l  List the disks, or show one. The exit code of the list is 1, as with ImDisk.\n"
    L"-e  Change a disk: its options, or its size by adding to it.\n"
    L"\n"
    L"-t  file: on an image file. vm: in memory; an image is loaded. proxy: served by another program.\n"
    L"    Without it: file if there is an image, else vm.\n"
    L"-f  The image. It is created if there is none and a size is given.\n"
    L"-F  The image as a native path, such as \\Device\\HarddiskVolume1\\DISK.IMG.\n"
    L"-s  Size in bytes. Suffixes: b blocks of 512 bytes; K M G T powers of 1024; k m g t powers of\n"
    L"    1000; % of the free memory. A negative size is that much less than the free memory.\n"
    L"    With -e what is added.\n",
    L"-b  Where the disk begins in the image, suffixes as above but %. auto: from the image.\n"
    L"-v  The disk is this partition of the image, 1 ... 8.\n"
    L"-o  ro rw read-only or not; rem fix removable or fixed media; sparse the image becomes a sparse\n"
    L"    file. With -e also saved: not modified since now. With -a also:\n"
    L"    hd fd cd raw kind of device; shared others may write the image; bswap swap bytes in pairs;\n"
    L"    awe in physical memory, par buf ways of I/O of -t file; ip comm shm ways to a proxy.\n"
    L"-m  R: or a directory on NTFS that is empty; #: is the first letter that is free.\n"
    L"-u  Number of the disk.\n"
    L"-p  Format the disk with these parameters of the format command, such as \"/fs:ntfs /q /y\".\n"
    L"-P  Also create the disk whenever the driver is started; with -d and -D no more.\n"
    L"-n  Print only numbers.\n"
    L"\n",
    L"Exit codes: 0 done, 1 no such disk, 2 disk not accessible, 3 cannot create or change, or a wrong\n"
    L"number, 4 driver not installed, 5 driver of another version or another's disk, 6 driver not\n"
    L"accessible, 7 service not accessible, 8 format failed, 9 bad mount point, 10 bad size, 11 not enough\n"
    L"memory, 12 no such partition, 14 no free drive letter, -1 wrong command line.\n",
};

void print_help(void)
{
    for (size_t i = 0; i < sizeof(help) / sizeof(help[0]); i++) {
        emit(stderr, STD_ERROR_HANDLE, help[i]);
    }
}
