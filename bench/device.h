/* SPDX-License-Identifier: MIT */
/* What the benchmarks of the drivers share on Windows: opening a device, and giving up. */
#ifndef BENCH_DEVICE_H
#define BENCH_DEVICE_H

#include <windows.h>

/* The name of the program, which each has. */
extern const char bench_program[];

/* Says what has failed with the thread's last error, and ends the program with status 1. */
__attribute__((noreturn)) void bench_die(const char *what);

/* Opens a device for reading and writing, overlapped; the program ends if that fails. */
HANDLE bench_open_device(const char *path);

#endif
