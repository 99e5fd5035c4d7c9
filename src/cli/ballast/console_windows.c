/* SPDX-License-Identifier: MIT */
/* The console of Windows; console.h has the contract. */

#include "cli/ballast/console.h"

#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

#define RESULTS 4

const char *utf8(const wchar_t *text)
{
    static char results[RESULTS][4 * BALLAST_IMAGE_PATH_SIZE];
    static unsigned next;
    char *result = results[next++ % RESULTS];
    if (WideCharToMultiByte(CP_UTF8, 0, text, -1, result, sizeof(results[0]), NULL, NULL) == 0) {
        (void)snprintf(result, sizeof(results[0]), "(unprintable)");
    }
    return result;
}

const char *utf8_of_utf16(const uint16_t *text)
{
    return utf8((const wchar_t *)text);
}

double now_seconds(void)
{
    LARGE_INTEGER count;
    LARGE_INTEGER frequency;
    QueryPerformanceCounter(&count);
    QueryPerformanceFrequency(&frequency);
    return (double)count.QuadPart / (double)frequency.QuadPart;
}

static volatile LONG asked;

static BOOL WINAPI ask_to_end(DWORD event)
{
    bool first = (event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT) && InterlockedExchange(&asked, 1) == 0;
    if (first) {
        ballast_interrupt();
    }
    return first;
}

void interrupt_watch(void)
{
    (void)SetConsoleCtrlHandler(ask_to_end, TRUE);
}

bool interrupt_asked(void)
{
    return asked != 0;
}

/* BALLAST_TERMINAL says so where standard error is a pipe to a terminal, as under ./run. */
bool console_is_terminal(void)
{
    return _isatty(_fileno(stderr)) != 0 || getenv("BALLAST_TERMINAL") != NULL;
}

uint64_t console_memory(void)
{
    MEMORYSTATUSEX memory = {.dwLength = sizeof(memory)};
    return GlobalMemoryStatusEx(&memory) ? memory.ullTotalPhys : 0;
}
