/* SPDX-License-Identifier: MIT */
/* The test harness; test.h is its manual. */

#include "tests/harness/test.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool failed;
static bool skipped;
static char skip_reason[256];
static char note[256];

bool test_check(bool condition, const char *file, int line, const char *text)
{
    if (!condition) {
        failed = true;
        printf("# %s:%d: %s is false%s%s\n", file, line, text, note[0] != 0 ? "; " : "", note);
    }
    return condition;
}

bool test_check_equal(uint64_t actual, uint64_t expected, const char *file, int line, const char *text)
{
    if (actual != expected) {
        failed = true;
        printf("# %s:%d: %s is %llu (0x%llx), not %llu (0x%llx)%s%s\n", file, line, text, (unsigned long long)actual,
               (unsigned long long)actual, (unsigned long long)expected, (unsigned long long)expected,
               note[0] != 0 ? "; " : "", note);
    }
    return actual == expected;
}

bool test_check_bytes(const void *actual, const void *expected, size_t size, const char *file, int line,
                      const char *text)
{
    const unsigned char *a = actual;
    const unsigned char *b = expected;
    for (size_t i = 0; i < size; i++) {
        if (a[i] != b[i]) {
            failed = true;
            printf("# %s:%d: %s differs at byte %llu: 0x%02x, not 0x%02x%s%s\n", file, line, text,
                   (unsigned long long)i, a[i], b[i], note[0] != 0 ? "; " : "", note);
            return false;
        }
    }
    return true;
}

size_t test_widen(const char *text, uint16_t *units)
{
    size_t length = strlen(text);
    for (size_t i = 0; i < length; i++) {
        units[i] = (unsigned char)text[i];
    }
    return length;
}

void test_note(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(note, sizeof(note), format, arguments);
    va_end(arguments);
}

void test_skip(const char *reason)
{
    skipped = true;
    (void)snprintf(skip_reason, sizeof(skip_reason), "%s", reason);
}

bool test_has_failed(void)
{
    return failed;
}

static bool selected(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strncmp(name, argv[i], strlen(argv[i])) == 0) {
            return true;
        }
    }
    return argc <= 1;
}

int test_main(const struct test_case *cases, size_t count, int argc, char **argv)
{
    size_t run = 0;
    size_t failures = 0;
    size_t skips = 0;
    for (size_t i = 0; i < count; i++) {
        if (!selected(cases[i].name, argc, argv)) {
            continue;
        }
        failed = false;
        skipped = false;
        note[0] = 0;
        cases[i].run();
        run++;
        failures += failed;
        skips += skipped && !failed;
        printf("%s %u - %s%s%s\n", failed ? "not ok" : "ok", (unsigned)run, cases[i].name,
               skipped && !failed ? " # SKIP " : "", skipped && !failed ? skip_reason : "");
        fflush(stdout);
    }
    printf("1..%u\n", (unsigned)run);
    if (failures != 0 || run == 0) {
        return 1;
    }
    return skips == run ? 77 : 0;
}
