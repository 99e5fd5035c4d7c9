/* SPDX-License-Identifier: MIT */
/* Devices of the drivers' benchmarks; device.h has the contract. */

#include "bench/device.h"

#include <stdio.h>
#include <stdlib.h>

void bench_die(const char *what)
{
    fprintf(stderr, "%s: %s: error %lu\n", bench_program, what, GetLastError());
    exit(1);
}

HANDLE bench_open_device(const char *path)
{
    HANDLE device = CreateFileA(path, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                                OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
    if (device == INVALID_HANDLE_VALUE) {
        bench_die(path);
    }
    return device;
}
