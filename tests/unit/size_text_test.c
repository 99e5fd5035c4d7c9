/* SPDX-License-Identifier: MIT */
#include "core/base/size_text.h"
#include "tests/harness/test.h"

static void accepts_sizes(void)
{
    static const struct {
        const char *text;
        uint64_t value;
    } rows[] = {
        {"0", 0},
        {"512", 512},
        {"512B", 512},
        {"1k", 1024},
        {"64M", 64ull << 20},
        {"64MiB", 64ull << 20},
        {"64mib", 64ull << 20},
        {"64MB", 64000000},
        {"4GiB", 4ull << 30},
        {"1.5G", 3ull << 29},
        {"0.5k", 512},
        {"1.0000000009k", 1024}, /* digits beyond the ninth do not count */
        {"2T", 2ull << 40},
        {"1P", 1ull << 50},
        {"18446744073709551615", UINT64_MAX},
        {"16383.999999999P", 18446744073708425716ull}, /* 16383 * 2^50 + floor(0.999999999 * 2^50) */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct size_text size = {SIZE_PERCENT, 0};
        test_note("'%s'", rows[i].text);
        CHECK(size_text_parse(rows[i].text, &size));
        CHECK_EQUAL(size.unit, SIZE_BYTES);
        CHECK_EQUAL(size.value, rows[i].value);
    }
}

static void accepts_percentages(void)
{
    struct size_text size;
    CHECK(size_text_parse("1%", &size));
    CHECK(size_text_parse("100%", &size));
    CHECK_EQUAL(size.unit, SIZE_PERCENT);
    CHECK_EQUAL(size.value, 100);
}

static void refuses_everything_else(void)
{
    static const char *const rows[] = {
        "",
        " ",
        "M",
        "-1",
        "+1",
        "1 M",
        "1MM",
        "1X",
        "1.5",
        "1.5B",
        "1.",
        ".5M",
        "1.M",
        "0%",
        "101%",
        "5%%",
        "1.5%",
        "0x10",
        "1e3",
        "1Ki",
        "1iB",
        "1kBB",
        "M1",
        "1,5G",
        "1K ",
        " 1K",
        "16384P",
        "18446744073709551616",
        "99999999999999999999999",
        "20000000T",
        "1\xC3\xA9",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct size_text size;
        test_note("'%s'", rows[i]);
        CHECK(!size_text_parse(rows[i], &size));
    }
}

TEST_MAIN({"accepts_sizes", accepts_sizes}, {"accepts_percentages", accepts_percentages},
          {"refuses_everything_else", refuses_everything_else})
