/* SPDX-License-Identifier: MIT */
/*
 * The test harness: a program is a list of cases; it prints TAP and exits with 0, 1 (something failed) or 77 (all was
 * skipped). Portable: it runs on Linux, in Wine, and on NT 5.2.
 *
 *   static void adds(void) { CHECK_EQUAL(1 + 1, 2); }
 *   TEST_MAIN({"adds", adds})
 *
 * `program NAME...` runs only the cases whose names begin with one of the arguments.
 */
#ifndef TESTS_HARNESS_TEST_H
#define TESTS_HARNESS_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct test_case {
    const char *name;
    void (*run)(void);
};

/* A failed check prints where and what, marks the case failed, and lets it go on. */
#define CHECK(condition) test_check((condition), __FILE__, __LINE__, #condition)
#define CHECK_EQUAL(actual, expected) \
    test_check_equal((uint64_t)(actual), (uint64_t)(expected), __FILE__, __LINE__, #actual)
#define CHECK_BYTES(actual, expected, size) test_check_bytes((actual), (expected), (size), __FILE__, __LINE__, #actual)

bool test_check(bool condition, const char *file, int line, const char *text);
bool test_check_equal(uint64_t actual, uint64_t expected, const char *file, int line, const char *text);
bool test_check_bytes(const void *actual, const void *expected, size_t size, const char *file, int line,
                      const char *text);

/* Adds a line to the case's output, printed only if it fails: say which row or round it was. */
void test_note(const char *format, ...);

/* Widens text of single bytes to UTF-16, without a zero at its end. Returns how many units that are. */
size_t test_widen(const char *text, uint16_t *units);

/* Whether a check of this case has failed. */
bool test_has_failed(void);

/* Marks the case skipped; it should return. */
void test_skip(const char *reason);

int test_main(const struct test_case *cases, size_t count, int argc, char **argv);

#define TEST_MAIN(...)                                                         \
    int main(int argc, char **argv)                                            \
    {                                                                          \
        static const struct test_case cases[] = {__VA_ARGS__};                 \
        return test_main(cases, sizeof(cases) / sizeof(cases[0]), argc, argv); \
    }

/* ---- pseudo-random numbers: the same everywhere for the same seed ---- */

struct test_random {
    uint64_t state;
};

static inline uint64_t test_random_next(struct test_random *random)
{
    /* SplitMix64 (Steele, Lea, Flood 2014) */
    uint64_t value = random->state += 0x9E3779B97F4A7C15u;
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9u;
    value = (value ^ value >> 27) * 0x94D049BB133111EBu;
    return value ^ value >> 31;
}

static inline uint64_t test_random_below(struct test_random *random, uint64_t bound)
{
    return test_random_next(random) % bound;
}

#endif
