/* SPDX-License-Identifier: MIT */
/* A terminal of POSIX systems; console.h has the contract. Characters of wchar_t are UTF-32. */

#include "cli/ballast/console.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cli/ballast/text.h"

#define RESULTS     4
#define RESULT_SIZE 4096

static char results[RESULTS][RESULT_SIZE];

static char *next_result(void)
{
    static unsigned next;
    return results[next++ % RESULTS];
}

/* The same as what the system calls a file: main has made sure that it is UTF-8. */
const char *utf8(const wchar_t *text)
{
    char *result = next_result();
    size_t length = wcstombs(result, text, RESULT_SIZE - 1);
    result[length != (size_t)-1 ? length : 0] = 0;
    return result;
}

const char *utf8_of_utf16(const uint16_t *text)
{
    char *result = next_result();
    size_t length = 0;
    while (text[length] != 0) {
        length++;
    }
    text_utf8(text, length, result, RESULT_SIZE);
    return result;
}

double now_seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static volatile sig_atomic_t asked;

static void ask_to_end(int number)
{
    asked = 1;
    (void)signal(number, SIG_DFL);
}

void interrupt_watch(void)
{
    (void)signal(SIGINT, ask_to_end);
    (void)signal(SIGTERM, ask_to_end);
}

bool interrupt_asked(void)
{
    return asked != 0;
}

bool console_is_terminal(void)
{
    return isatty(STDERR_FILENO) != 0 || getenv("BALLAST_TERMINAL") != NULL;
}

uint64_t console_memory(void)
{
    long pages = sysconf(_SC_PHYS_PAGES);
    long size = sysconf(_SC_PAGESIZE);
    return pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : 0;
}
