/* SPDX-License-Identifier: MIT */
/* Quantities and samples as collectors write them, and as nobody should. */
#include "cli/ballast/sample.h"

#include <stdio.h>
#include <string.h>

#include "cli/ballast/quantity.h"
#include "cli/ballast/text.h"
#include "tests/harness/test.h"

static void accepts_quantities(void)
{
    static const struct {
        enum quantity_kind kind;
        const char *text;
        int64_t value;
    } rows[] = {
        {QUANTITY_PERMILLE, "0%", 0},
        {QUANTITY_PERMILLE, "43.5%", 435},
        {QUANTITY_PERMILLE, "43 %", 430},
        {QUANTITY_PERMILLE, "43.54%", 435},
        {QUANTITY_PERMILLE, "43.55%", 436}, /* to the nearest */
        {QUANTITY_PERMILLE, "100.04%", 1000},
        {QUANTITY_PERMILLE, "000100%", 1000},
        {QUANTITY_BYTES, "0", 0},
        {QUANTITY_BYTES, "4GiB", 4ll << 30},
        {QUANTITY_BYTES, "4096 MiB", 4ll << 30},
        {QUANTITY_BYTES, "1.5g", 3ll << 29},
        {QUANTITY_BYTES, "64KB", 64000},
        {QUANTITY_BYTES, "9223372036854775807", INT64_MAX},
        {QUANTITY_MILLICELSIUS, "61C", 61000},
        {QUANTITY_MILLICELSIUS, "-5.25 c", -5250},
        {QUANTITY_MILLICELSIUS, "61234mC", 61234},
        {QUANTITY_MILLICELSIUS, "-273.15C", -273150},
        {QUANTITY_MILLIWATTS, "210W", 210000},
        {QUANTITY_MILLIWATTS, "210.07 w", 210070},
        {QUANTITY_MILLIWATTS, "350mW", 350},
        {QUANTITY_MILLIWATTS, "10kW", 10000000},
        {QUANTITY_HZ, "1.8GHz", 1800000000},
        {QUANTITY_HZ, "1800 mhz", 1800000000},
        {QUANTITY_HZ, "0.999999999GHz", 999999999},
        {QUANTITY_HZ, "1000GHz", 1000000000000},
        {QUANTITY_RPM, "1200rpm", 1200},
        {QUANTITY_MILLISECONDS, "250ms", 250},
        {QUANTITY_MILLISECONDS, "1.5 min", 90000},
        {QUANTITY_MILLISECONDS, "86400s", 86400000},
        {QUANTITY_MILLISECONDS, "0.0000000001s", 0}, /* digits beyond the ninth do not count */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t value = -1;
        test_note("'%s'", rows[i].text);
        CHECK_EQUAL(quantity_parse(rows[i].kind, rows[i].text, &value), QUANTITY_OK);
        CHECK_EQUAL(value, rows[i].value);
    }
}

static void refuses_quantities(void)
{
    static const struct {
        enum quantity_kind kind;
        const char *text;
        enum quantity_result result;
    } rows[] = {
        {QUANTITY_PERMILLE, "", QUANTITY_MALFORMED},
        {QUANTITY_PERMILLE, "%", QUANTITY_MALFORMED},
        {QUANTITY_PERMILLE, "43,5%", QUANTITY_MALFORMED}, /* whatever the locale */
        {QUANTITY_PERMILLE, "43.%", QUANTITY_MALFORMED},
        {QUANTITY_PERMILLE, ".5%", QUANTITY_MALFORMED},
        {QUANTITY_PERMILLE, "+5%", QUANTITY_MALFORMED},
        {QUANTITY_PERMILLE, "--5%", QUANTITY_MALFORMED},
        {QUANTITY_PERMILLE, " 5%", QUANTITY_MALFORMED},
        {QUANTITY_PERMILLE, "1.2.3%", QUANTITY_MALFORMED},
        {QUANTITY_PERMILLE, "nan%", QUANTITY_MALFORMED},
        {QUANTITY_PERMILLE, "inf%", QUANTITY_MALFORMED},
        {QUANTITY_PERMILLE, "5", QUANTITY_UNIT},
        {QUANTITY_PERMILLE, "5%%", QUANTITY_UNIT},
        {QUANTITY_PERMILLE, "5% ", QUANTITY_UNIT},
        {QUANTITY_PERMILLE, "0x10%", QUANTITY_UNIT},
        {QUANTITY_PERMILLE, "1e3%", QUANTITY_UNIT},
        {QUANTITY_PERMILLE, "\xEF\xBC\x95%", QUANTITY_MALFORMED}, /* a fullwidth 5 */
        {QUANTITY_PERMILLE, "100.06%", QUANTITY_RANGE},
        {QUANTITY_PERMILLE, "-0.1%", QUANTITY_RANGE},
        {QUANTITY_PERMILLE, "18446744073709551616%", QUANTITY_RANGE},
        {QUANTITY_PERMILLE, "99999999999999999999999999999999999999999999%", QUANTITY_RANGE},
        {QUANTITY_PERMILLE, "1844674407370955162%", QUANTITY_RANGE}, /* times 10 it is just over 2^64 */
        {QUANTITY_BYTES, "50%", QUANTITY_UNIT},
        {QUANTITY_BYTES, "4Q", QUANTITY_UNIT},
        {QUANTITY_BYTES, "1.5", QUANTITY_UNIT},
        {QUANTITY_BYTES, "-1", QUANTITY_RANGE},
        {QUANTITY_BYTES, "9223372036854775808", QUANTITY_RANGE},
        {QUANTITY_BYTES, "8192P", QUANTITY_RANGE},
        {QUANTITY_BYTES, "99999999999999999999G", QUANTITY_RANGE},
        {QUANTITY_BYTES, "1000000000000000000000000000000000000000000000000000000000000000", QUANTITY_MALFORMED},
        {QUANTITY_MILLICELSIUS, "61", QUANTITY_UNIT},
        {QUANTITY_MILLICELSIUS, "61F", QUANTITY_UNIT},
        {QUANTITY_MILLICELSIUS, "61MC", QUANTITY_UNIT},
        {QUANTITY_MILLICELSIUS, "-273.151C", QUANTITY_RANGE},
        {QUANTITY_MILLICELSIUS, "1000.001C", QUANTITY_RANGE},
        {QUANTITY_MILLIWATTS, "1MW", QUANTITY_UNIT}, /* not a milliwatt */
        {QUANTITY_MILLIWATTS, "10000.001W", QUANTITY_RANGE},
        {QUANTITY_HZ, "1800", QUANTITY_UNIT},
        {QUANTITY_HZ, "1THz", QUANTITY_UNIT},
        {QUANTITY_HZ, "1000.000000001GHz", QUANTITY_RANGE},
        {QUANTITY_HZ, "18446744073.709551617GHz", QUANTITY_RANGE},
        {QUANTITY_RPM, "1000001rpm", QUANTITY_RANGE},
        {QUANTITY_MILLISECONDS, "86400001ms", QUANTITY_RANGE},
        {QUANTITY_MILLISECONDS, "-1s", QUANTITY_RANGE},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t value = 77;
        test_note("'%s'", rows[i].text);
        CHECK_EQUAL(quantity_parse(rows[i].kind, rows[i].text, &value), rows[i].result);
        CHECK_EQUAL(value, 77);
    }
}

static void reads_a_whole_line(void)
{
    struct sample_parser parser;
    CHECK_EQUAL(sample_line(&parser,
                            "\tadapter=3 utilization=43.5%  engine=\"Video Decode\" dedicated-used=4GiB "
                            "dedicated-total=\"24 GiB\" shared-used=1G shared-total=2G temperature=61C "
                            "power=210W core-clock=1.8GHz memory-clock=10GHz fan=1200rpm source=nvml age=2s\r\n"),
                SAMPLE_LINE_OK);
    static const uint16_t engine[] = {'V', 'i', 'd', 'e', 'o', ' ', 'D', 'e', 'c', 'o', 'd', 'e', 0};
    static const int64_t values[BALLAST_AI_GPU_VALUES] = {435,   4ll << 30, 24ll << 30, 1ll << 30,   2ll << 30,
                                                          61000, 210000,    1800000000, 10000000000, 1200};
    CHECK_EQUAL(parser.sample.adapter_index, 3);
    CHECK_EQUAL(parser.sample.mask, (1u << BALLAST_AI_GPU_VALUES) - 1);
    CHECK_EQUAL(parser.sample.source, BALLAST_AI_SOURCE_NVML);
    CHECK_EQUAL(parser.sample.age_ms, 2000);
    CHECK_BYTES(parser.sample.engine, engine, sizeof(engine));
    CHECK_BYTES(parser.sample.values, values, sizeof(values));
}

static void what_is_not_given_is_not_pushed(void)
{
    struct sample_parser parser;
    CHECK_EQUAL(sample_line(&parser, "adapter=0 utilization=- engine=3D temperature=0C power=N/A fan=[N/A]"),
                SAMPLE_LINE_OK);
    CHECK_EQUAL(parser.sample.mask, 1u << BALLAST_AI_GPU_TEMPERATURE_MILLICELSIUS);
    CHECK_EQUAL(parser.sample.source, BALLAST_AI_SOURCE_MANUAL);
    CHECK_EQUAL(parser.sample.engine[0], 0); /* the utilization that it belongs to is not known */
    for (size_t i = 0; i < BALLAST_AI_GPU_VALUES; i++) {
        CHECK_EQUAL(parser.sample.values[i], 0);
    }
}

/* One field that a collector could not have must not cost the rest of its line. */
static void fields_that_collectors_could_not_have(void)
{
    static const char *const rows[] = {
        "[N/A]",
        "[N/A]%",
        "[N/A] %",
        "N/A%",
        "[Not Supported]",
        "[Not Supported]%",
        "[Unknown Error] %",
        "[Unknown Error]%",
        "[Insufficient Permissions]",
        "[GPU is lost]%",
        "\"[Not Supported]\"",
        "\"[Not Supported] %\"",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char line[256];
        struct sample_parser parser;
        (void)snprintf(line, sizeof(line),
                       "adapter=2 utilization=%s engine=Compute power=[Not Supported]W temperature=61C", rows[i]);
        bool blank = strstr(rows[i], "] %") != NULL && rows[i][0] != '"'; /* an own word, which is no key=value */
        test_note("%s: %s", line, parser.message);
        if (CHECK_EQUAL(sample_line(&parser, line), blank ? SAMPLE_LINE_WRONG : SAMPLE_LINE_OK) && !blank) {
            CHECK_EQUAL(parser.sample.mask, 1u << BALLAST_AI_GPU_TEMPERATURE_MILLICELSIUS);
            CHECK_EQUAL(parser.sample.values[BALLAST_AI_GPU_TEMPERATURE_MILLICELSIUS], 61000);
        }
    }
    static const char *const wrong[] = {"[N/A]5", "[Not supported", "[43.5]%", "[N/A]=", "N/A 5"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char line[256];
        struct sample_parser parser;
        (void)snprintf(line, sizeof(line), "adapter=2 temperature=61C utilization=%s", wrong[i]);
        test_note("%s", line);
        CHECK_EQUAL(sample_line(&parser, line), SAMPLE_LINE_WRONG);
    }
}

static void skips_empty_lines_and_comments(void)
{
    static const char *const rows[] = {"", "   \t", "\r\n", "# adapter=0 fan=nonsense", "   #"};
    struct sample_parser parser;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        test_note("'%s'", rows[i]);
        CHECK_EQUAL(sample_line(&parser, rows[i]), SAMPLE_LINE_EMPTY);
    }
}

static void says_what_is_wrong(void)
{
    static const struct {
        const char *line;
        const char *message; /* begins so */
    } rows[] = {
        {"utilization=5%", "which adapter?"},
        {"adapter=0", "there is no measured value"},
        {"adapter=0 power=-", "there is no measured value"},
        {"adapter=0 adapter=0 power=1W", "adapter is given twice"},
        {"adapter=0 power=1W power=-", "power is given twice"},
        {"adapter=-1 power=1W", "adapter=-1 is wrong"},
        {"adapter=0x1 power=1W", "adapter=0x1 is wrong"},
        {"adapter=100000 power=1W", "adapter=100000 is wrong"},
        {"adapter=4294967296 power=1W", "adapter=4294967296 is wrong"},
        {"adapter= power=1W", "adapter= is wrong"},
        {"adapter=0 power=1", "power=1 is wrong; write a power such as"},
        {"adapter=0 power=99kW", "power=99kW is out of range: 0W ... 10kW"},
        {"adapter=0 power=1W engine=3D", "engine names what is utilized"},
        {"adapter=0 utilization=5% engine=", "the name of the engine"},
        {"adapter=0 utilization=5% engine=0123456789012345678901234567890X", "the name of the engine"},
        {"adapter=0 utilization=5% engine=a\x1b[2J", "the name of the engine"},
        {"adapter=0 utilization=5% engine=\xC3", "the name of the engine"},
        {"adapter=0 utilization=5% engine=\xC0\x80", "the name of the engine"},
        {"adapter=0 utilization=5% engine=\xED\xA0\x80", "the name of the engine"},
        {"adapter=0 utilization=5% engine=\xF0\x9F\x8E\xAE", "the name of the engine"},
        {"adapter=0 power=1W source=guess", "source=guess is wrong"},
        {"adapter=0 power=1W source=process_count", "source=process_count is wrong"},
        {"adapter=0 power=1W age=1d", "age=1d is wrong"},
        {"adapter=0 power=1W age=25h", "age=25h is wrong"},
        {"adapter=0 nonsense=1", "there is no key 'nonsense'; the keys are adapter,"},
        {"adapter=0 power", "'power' is not key=value"},
        {"=5", "'=5' is not key=value"},
        {"adapter=0 averyveryveryveryveryverylongkey=1", "'averyvery"},
        {"adapter=0 power=\"1W", "a quote is not closed"},
        {"adapter=0 %s%n=1", "there is no key '%s%n'"},
    };
    struct sample_parser parser;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        test_note("'%s': %s", rows[i].line, parser.message);
        CHECK_EQUAL(sample_line(&parser, rows[i].line), SAMPLE_LINE_WRONG);
        CHECK(strncmp(parser.message, rows[i].message, strlen(rows[i].message)) == 0);
    }
}

static void bounds_what_it_copies(void)
{
    static char line[3 * SAMPLE_LINE_LENGTH];
    struct sample_parser parser;
    memset(line, 'x', sizeof(line) - 1);
    CHECK_EQUAL(sample_line(&parser, line), SAMPLE_LINE_WRONG);
    CHECK(strstr(parser.message, "longer than 1023") != NULL);
    line[SAMPLE_LINE_LENGTH] = 0; /* just fits, as one word */
    CHECK_EQUAL(sample_line(&parser, line), SAMPLE_LINE_WRONG);
    CHECK(strlen(parser.message) < SAMPLE_MESSAGE_SIZE);
    memcpy(line, "engine=", 7);
    CHECK_EQUAL(sample_line(&parser, line), SAMPLE_LINE_WRONG);
    memset(line, '"', SAMPLE_LINE_LENGTH - 1);
    line[SAMPLE_LINE_LENGTH - 1] = 0; /* an even number: an empty word */
    CHECK_EQUAL(sample_line(&parser, line), SAMPLE_LINE_WRONG);
}

/* Anything at all: it must not crash, and what it takes must be in range. */
static void survives_random_lines(void)
{
    static const char *const pieces[] = {"adapter=",
                                         "utilization=",
                                         "engine=",
                                         "power=",
                                         "temperature=",
                                         "core-clock=",
                                         "age=",
                                         "source=",
                                         "nvml",
                                         "0",
                                         "9",
                                         "43.5",
                                         "%",
                                         "W",
                                         "C",
                                         "GHz",
                                         "-",
                                         " ",
                                         "\"",
                                         "[Not Supported]",
                                         "[",
                                         "#",
                                         "\xC3\xA9",
                                         "\xFF",
                                         "=",
                                         "99999999999999999999"};
    struct test_random random = {11};
    for (int round = 0; round < 200000; round++) {
        char line[256] = {0};
        struct sample_parser parser;
        for (uint64_t i = test_random_below(&random, 12); i > 0; i--) {
            strcat(line, pieces[test_random_below(&random, sizeof(pieces) / sizeof(pieces[0]))]);
        }
        enum sample_line result = sample_line(&parser, line);
        if (result == SAMPLE_LINE_OK) {
            test_note("'%s'", line);
            CHECK(parser.sample.mask != 0 && parser.sample.mask < 1u << BALLAST_AI_GPU_VALUES);
            CHECK(parser.sample.adapter_index <= 99999);
            CHECK(parser.sample.values[BALLAST_AI_GPU_UTILIZATION_PERMILLE] <= 1000);
            CHECK(parser.sample.values[BALLAST_AI_GPU_POWER_MILLIWATTS] <= 10000000);
        }
    }
}

TEST_MAIN({"accepts_quantities", accepts_quantities}, {"refuses_quantities", refuses_quantities},
          {"reads_a_whole_line", reads_a_whole_line},
          {"what_is_not_given_is_not_pushed", what_is_not_given_is_not_pushed},
          {"fields_that_collectors_could_not_have", fields_that_collectors_could_not_have},
          {"skips_empty_lines_and_comments", skips_empty_lines_and_comments},
          {"says_what_is_wrong", says_what_is_wrong}, {"bounds_what_it_copies", bounds_what_it_copies},
          {"survives_random_lines", survives_random_lines})
