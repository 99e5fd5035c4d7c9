/* SPDX-License-Identifier: MIT */
/*
 * Stands in for the system's format.com, which Wine lacks: format X: parameters. Shows how it was called, writes to the
 * disk behind the letter so that the test sees which one that is, and ends with the status that /fail:N asks for. With the
 * label "wait" it formats until it is interrupted.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#define SECTOR 512

static int write_mark(const char *drive)
{
    char path[] = "\\\\.\\X:";
    char sector[SECTOR] = "formatted";
    DWORD done = 0;
    path[4] = drive[0];
    HANDLE disk = CreateFileA(path, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                              OPEN_EXISTING, 0, NULL);
    if (disk == INVALID_HANDLE_VALUE) {
        printf("format: cannot open %s, error %lu\n", path, GetLastError());
        return 0;
    }
    int written = WriteFile(disk, sector, SECTOR, &done, NULL) && done == SECTOR;
    CloseHandle(disk);
    return written;
}

/* Whoever formats holds ImDisk's mutex, so that others wait. */
static int is_alone(void)
{
    HANDLE mutex = OpenMutexA(SYNCHRONIZE, FALSE, "ImDiskFormat");
    int held = mutex != NULL && WaitForSingleObject(mutex, 0) == WAIT_TIMEOUT;
    if (!held) {
        printf("format: the mutex ImDiskFormat is not held\n");
    }
    return held;
}

int main(int argc, char **argv)
{
    int status = 0;
    printf("format:");
    for (int i = 1; i < argc; i++) {
        printf(" [%s]", argv[i]);
        if (strncmp(argv[i], "/fail:", 6) == 0) {
            status = atoi(argv[i] + 6);
        }
        if (strcmp(argv[i], "/v:wait") == 0) {
            printf(" waits");
            (void)fflush(stdout);
            Sleep(60000);
            status = 1;
        }
    }
    printf("\n");
    if (argc < 2 || !is_alone() || (status == 0 && !write_mark(argv[1]))) {
        return 1;
    }
    return status;
}
