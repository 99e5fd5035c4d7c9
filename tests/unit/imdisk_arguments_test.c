/* SPDX-License-Identifier: MIT */
#include "cli/imdisk/arguments.h"
#include "tests/harness/test.h"

#include <string.h>

#define MAXIMUM_WORDS 48

static struct arguments parsed;
static wchar_t message[ARGUMENTS_MESSAGE_SIZE];

/* Words are separated by blanks; "''" is an empty one. */
static enum imdisk_exit parse(const wchar_t *line)
{
    static wchar_t copy[1024];
    wchar_t *words[MAXIMUM_WORDS];
    int count = 0;
    wchar_t *rest;
    wcscpy(copy, line);
    for (wchar_t *word = wcstok(copy, L" ", &rest); word != NULL; word = wcstok(NULL, L" ", &rest)) {
        words[count++] = wcscmp(word, L"''") == 0 ? word + 2 : word;
    }
    test_note("%ls", line);
    return arguments_parse(count, words, &parsed, message);
}

static void modes(void)
{
    static const struct {
        const wchar_t *line;
        enum imdisk_mode mode;
    } rows[] = {
        {L"", MODE_HELP},
        {L"--help", MODE_HELP},
        {L"-?", MODE_HELP},
        {L"--version", MODE_VERSION},
        {L"-a -s 1", MODE_ATTACH},
        {L"-d -u 1", MODE_DETACH},
        {L"-D -m x", MODE_FORCE},
        {L"-R -u 1", MODE_EMERGENCY},
        {L"-l", MODE_LIST},
        {L"-l -u 3", MODE_LIST},
        {L"-e -u 1 -s 1", MODE_EDIT},
        {L"-n -l", MODE_LIST},
        {L"-u 3 -d", MODE_DETACH},
        {L"-m r: -d -P", MODE_DETACH},
        {L"-n -n -l", MODE_LIST},
        {L"-R -u 0 -P", MODE_EMERGENCY},
        {L"-e -u 0", MODE_EDIT},
        {L"-e -u 0 -s ''", MODE_EDIT},
        {L"-d -m ''", MODE_DETACH},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        CHECK_EQUAL(parse(rows[i].line), IMDISK_DONE);
        CHECK_EQUAL(parsed.mode, rows[i].mode);
    }
}

static void everything_of_attach(void)
{
    CHECK_EQUAL(parse(L"-a -n -t file -o ro,sparse,rem,par,shared,cd -f x.img -s 3b -b 2K -v 8 -S 0x800 -x 32 -y 64 "
                      L"-u 0x10 -m c:\\mnt -p /q -P"),
                IMDISK_DONE);
    CHECK(parsed.numeric && parsed.persistent && parsed.number_given && !parsed.native_path);
    CHECK_EQUAL(parsed.flags, 0x42137);
    CHECK(wcscmp(parsed.file, L"x.img") == 0 && wcscmp(parsed.mount_point, L"c:\\mnt") == 0);
    CHECK(wcscmp(parsed.format, L"/q") == 0);
    CHECK_EQUAL(parsed.size.value, 1536);
    CHECK_EQUAL(parsed.offset, 2048);
    CHECK_EQUAL(parsed.partition, 8);
    CHECK_EQUAL(parsed.bytes_per_sector, 2048);
    CHECK_EQUAL(parsed.sectors_per_track, 32);
    CHECK_EQUAL(parsed.tracks_per_cylinder, 64);
    CHECK_EQUAL(parsed.number, 16);
    CHECK_EQUAL(parse(L"-a -s 1"), IMDISK_DONE);
    CHECK_EQUAL(parsed.number, IMDISK_AUTO_DEVICE_NUMBER);
    CHECK_EQUAL(parsed.flags, 0);
    CHECK(parsed.file == NULL && parsed.mount_point == NULL && parsed.format == NULL && !parsed.number_given);
}

static void options(void)
{
    static const struct {
        const wchar_t *line;
        uint32_t flags;
        uint32_t changes;
    } rows[] = {
        {L"-a -s 1 -o ro", 0x1, 0x1},
        {L"-a -s 1 -o rw", 0, 0x1},
        {L"-a -s 1 -o rem", 0x2, 0x2},
        {L"-a -s 1 -o fix", 0, 0x2},
        {L"-a -s 1 -o sparse", 0x4, 0x4},
        {L"-a -s 1 -o bswap", 0x8, 0x8},
        {L"-a -s 1 -o shared", 0x40000, 0x40000},
        {L"-a -s 1 -o hd", 0x10, 0xF0},
        {L"-a -s 1 -o fd", 0x20, 0xF0},
        {L"-a -s 1 -o cd", 0x30, 0xF0},
        {L"-a -s 1 -o raw", 0x40, 0xF0},
        {L"-a -s 1 -o awe", 0x1100, 0xFF00},
        {L"-a -f x -o par", 0x2100, 0xFF00},
        {L"-a -f x -o buf", 0x3100, 0xFF00},
        {L"-a -f x -o buf -t file", 0x3100, 0xFF00},
        {L"-a -f x -t proxy", 0x300, 0},
        {L"-a -f x -t proxy -o comm", 0x1300, 0xFF00},
        {L"-a -f x -t proxy -o ip", 0x2300, 0xFF00},
        {L"-a -f x -t proxy -o shm", 0x3300, 0xFF00},
        {L"-a -t vm -f x -o fd,rem", 0x222, 0xF2},
        {L"-e -u 0 -o ro,rem,sparse,saved", 0x7, 0x10007},
        {L"-e -u 0 -o rw,fix", 0, 0x3},
        {L"-a -s 1 -o awe -o rem", 0x1102, 0xFF02},
        {L"-a -s 1 -o rem,rem -o rem", 0x2, 0x2},
        {L"-a -s 1 -o ,rem,,ro,", 0x3, 0x3},
        {L"-a -s 1 -o ''", 0, 0},
        {L"-a -s 1 -o , -o fix", 0, 0x2},
        {L"-a -f x -t proxy -o ip,ip", 0x2300, 0xFF00},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        CHECK_EQUAL(parse(rows[i].line), IMDISK_DONE);
        CHECK_EQUAL(parsed.flags, rows[i].flags);
        CHECK_EQUAL(parsed.changes, rows[i].changes);
    }
}

static void sizes(void)
{
    static const struct {
        const wchar_t *text;
        uint64_t value;
    } rows[] = {
        {L"0", 0},
        {L"1", 1},
        {L"007", 7},
        {L"0x10", 16},
        {L"0X1f", 31},
        {L"1b", 512},
        {L"0x1b", 27}, /* b is a digit here */
        {L"010", 8},
        {L"010K", 8192},
        {L"+16M", 16ull << 20},
        {L"2Gb", 2ull << 30},
        {L"16MB", 16ull << 20},
        {L"3bytes", 1536},
        {L"1m?", 1000000},
        {L"1K", 1024},
        {L"3M", 3ull << 20},
        {L"2G", 2ull << 30},
        {L"1T", 1ull << 40},
        {L"1k", 1000},
        {L"3m", 3000000},
        {L"2g", 2000000000},
        {L"1t", 1000000000000},
        {L"9223372036854775807", INT64_MAX},
        {L"8388607T", 8388607ull << 40},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        wchar_t line[64];
        uint64_t bytes = 1;
        (void)swprintf(line, 64, L"-a -f x -s %ls", rows[i].text);
        CHECK_EQUAL(parse(line), IMDISK_DONE);
        CHECK(size_resolve(&parsed.size, 0, &bytes));
        CHECK_EQUAL(bytes, rows[i].value);
        (void)swprintf(line, 64, L"-a -f x -b %ls", rows[i].text);
        CHECK_EQUAL(parse(line), IMDISK_DONE);
        CHECK_EQUAL(parsed.offset, rows[i].value);
    }
}

static void sizes_of_memory(void)
{
    static const struct {
        const wchar_t *text;
        uint64_t available;
        bool enough;
        uint64_t bytes;
    } rows[] = {
        {L"50%", 1000, true, 500},  {L"1%", 99, true, 0},       {L"99%", 1ull << 40, true, 1088516511498},
        {L"33%", 101, true, 33},    {L"-100", 1000, true, 900}, {L"-1000", 1000, false, 0},
        {L"-1K", 1000, false, 0},   {L"-0", 1000, true, 1000},  {L"-25%", 1000, true, 750},
        {L"25%%", 1000, true, 250}, {L"-1Kb", 2000, true, 976}, {L"99%", UINT64_MAX, true, 18262276632972456098ull},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        wchar_t line[64];
        uint64_t bytes = 0;
        (void)swprintf(line, 64, L"-a -s %ls", rows[i].text);
        CHECK_EQUAL(parse(line), IMDISK_DONE);
        CHECK(size_resolve(&parsed.size, rows[i].available, &bytes) == rows[i].enough);
        CHECK_EQUAL(bytes, rows[i].bytes);
    }
}

static void bad_sizes(void)
{
    static const wchar_t *const rows[] = {
        L"-a -s 1x",      L"-a -s 1xM",     L"-a -s 1P",
        L"-a -s 1B",      L"-a -s 08",      L"-a -s 0%",
        L"-a -s 100%",    L"-a -s 0xK",     L"-a -s 9999999999999999999999%",
        L"-a -s -5x",     L"-a -s 1.5G",    L"-a -s 9223372036854775808",
        L"-a -f x -b 5%", L"-a -f x -b 1z", L"-a -s 8388608T",
        L"-e -u 0 -s 1q", L"-a -s 0 -s 1q", L"-a -s 99999999999999999999",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        CHECK_EQUAL(parse(rows[i]), IMDISK_BAD_SIZE);
        CHECK(message[0] != 0);
    }
}

/* Words that are missing, or no numbers. */
static void bad_values(void)
{
    static const wchar_t *const rows[] = {
        L"-a",
        L"-a -s ''",
        L"-a -s",
        L"-a -f",
        L"-l -u",
        L"-l -m",
        L"-a -s 1 -p",
        L"-a -s x",
        L"-a -s -",
        L"-a -s %",
        L"-a -s --5",
        L"-a -s -+5",
        L"-a -s ++5",
        L"-a -t file",
        L"-a -t file -s 1",
        L"-a -t vm",
        L"-a -t proxy -s 1",
        L"-a -o awe",
        L"-a -s 1 -o par",
        L"-a -s 1 -S x",
        L"-a -s 1 -x ''",
        L"-a -s 1 -y -1",
        L"-a -s 1 -u 4294967296",
        L"-a -s 1 -u +1",
        L"-a -s 1 -x 99999999999999999999999",
        L"-a -f x -v 0",
        L"-a -f x -v 9",
        L"-a -f x -v 12",
        L"-a -f x -v a",
        L"-a -f x -v ''",
        L"-a -f x -b AUTO",
        L"-a -f x -b -1",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        CHECK_EQUAL(parse(rows[i]), IMDISK_FAILED);
        CHECK(message[0] != 0);
    }
}

/* What a switch says may be said again if it was nothing; what follows a number is ignored. */
static void forgiving(void)
{
    CHECK_EQUAL(parse(L"-a -s 0 -s 2M -S 0 -S 512x -x 0 -x 63 -y 0 -y 255 -b 0 -b 1K -m '' -m X: -n -n -P -P -u 010"),
                IMDISK_DONE);
    CHECK(parsed.size.given && parsed.numeric && parsed.persistent);
    CHECK_EQUAL(parsed.size.value, 2 << 20);
    CHECK_EQUAL(parsed.offset, 1024);
    CHECK_EQUAL(parsed.bytes_per_sector, 512);
    CHECK_EQUAL(parsed.sectors_per_track, 63);
    CHECK_EQUAL(parsed.tracks_per_cylinder, 255);
    CHECK_EQUAL(parsed.number, 8);
    CHECK(wcscmp(parsed.mount_point, L"X:") == 0);
    CHECK_EQUAL(parse(L"-a -s 1 -u 08 -m ''"), IMDISK_DONE);
    CHECK_EQUAL(parsed.number, 0);
    CHECK(parsed.mount_point != NULL && parsed.mount_point[0] == 0);
    CHECK_EQUAL(parse(L"-a -s '' -b '' -f x"), IMDISK_DONE);
    CHECK(!parsed.size.given && parsed.offset == 0 && !parsed.offset_automatic);
    CHECK_EQUAL(parse(L"-a -b '' -b 1K -f x"), IMDISK_DONE);
    CHECK_EQUAL(parsed.offset, 1024);
}

static const wchar_t *const syntax_errors[] = {
    L"-x",
    L"a",
    L"/a",
    L"-ab",
    L"-",
    L"''",
    L"--version -l",
    L"-l --help",
    L"-n",
    L"-u 0",
    L"-a -d",
    L"-a -a -s 1",
    L"-s 1 -a",
    L"-P -d -u 1",
    L"-t vm -a",
    L"-o ro -a",
    L"-f x -a",
    L"-a -s 1 -s 1",
    L"-a -s 1 -s 0",
    L"-a -s 5% -s 1",
    L"-a -s 1 -S 512 -S 512",
    L"-a -s 1 -m X: -m Y:",
    L"-a -f x -b auto -b 1",
    L"-l -u 0 -u 0",
    L"-a -s 1 -o ro -o rw",
    L"-a -f ''",
    L"-a -f x -F y",
    L"-a -F x -f y",
    L"-a -t x -s 1",
    L"-a -t FILE -f x",
    L"-a -s 1 -o x",
    L"-a -s 1 -o r",
    L"-a -s 1 -o roo",
    L"-a -s 1 -o ro,rw",
    L"-a -s 1 -o fix,rem",
    L"-a -s 1 -o hd,fd",
    L"-a -s 1 -o saved",
    L"-a -f x -o par,buf",
    L"-a -s 1 -t vm -o awe",
    L"-a -s 1 -o awe -t vm",
    L"-a -f x -o par -t proxy",
    L"-a -f x -o ip",
    L"-a -f x -o ip -t proxy",
    L"-a -f x -t file -o shm",
    L"-a -f x -t proxy -o awe",
    L"-a -f x -t proxy -o ip,shm",
    L"-a -s 1 -v 1",
    L"-a -s 1 -b auto",
    L"-a -f x -t proxy -v 1",
    L"-d",
    L"-D",
    L"-D -P",
    L"-d -u 0 -m x",
    L"-d -u 0 -s 1",
    L"-d -u 0 -o ro",
    L"-d -u 0 -f x",
    L"-R",
    L"-R -m x",
    L"-R -u 0 -m x",
    L"-l -u 0 -m x",
    L"-l -P",
    L"-l -s 1",
    L"-l -o ro",
    L"-e",
    L"-e -s 1",
    L"-e -u 0 -m x -s 1",
    L"-e -u 0 -o hd",
    L"-e -u 0 -o awe",
    L"-e -u 0 -P",
    L"-e -u 0 -o shared",
    L"-e -u 0 -b 1",
    L"-e -u 0 -p x",
    L"-a -s 1 extra",
    L"-l -a",
};

static void wrong_lines(void)
{
    for (size_t i = 0; i < sizeof(syntax_errors) / sizeof(syntax_errors[0]); i++) {
        CHECK_EQUAL(parse(syntax_errors[i]), IMDISK_SYNTAX);
        CHECK(message[0] != 0);
    }
}

static void long_words_are_cut(void)
{
    wchar_t word[1000];
    wchar_t *words[] = {word};
    for (size_t i = 0; i < 999; i++) {
        word[i] = L'x';
    }
    word[999] = 0;
    CHECK_EQUAL(arguments_parse(1, words, &parsed, message), IMDISK_SYNTAX);
    CHECK(wcslen(message) < ARGUMENTS_MESSAGE_SIZE);
    wchar_t a[] = L"-a";
    wchar_t o[] = L"-o";
    wchar_t *more[] = {a, o, word};
    CHECK_EQUAL(arguments_parse(3, more, &parsed, message), IMDISK_SYNTAX);
    CHECK(wcslen(message) < 100);
}

static void mount_points(void)
{
    CHECK_EQUAL(mount_point_letter(L"R:"), L'R');
    CHECK_EQUAL(mount_point_letter(L"r:\\"), L'R');
    CHECK_EQUAL(mount_point_letter(L"r:/"), L'R');
    CHECK_EQUAL(mount_point_letter(L"z"), L'Z');
    CHECK_EQUAL(mount_point_letter(L"C:\\\\"), 0);
    CHECK_EQUAL(mount_point_letter(L"#:"), L'#');
    CHECK_EQUAL(mount_point_letter(L"#:\\"), L'#');
    CHECK_EQUAL(mount_point_letter(L"#:/"), L'#');
    CHECK_EQUAL(mount_point_letter(L"#:x"), 0);
    CHECK_EQUAL(mount_point_letter(L"#"), 0);
    CHECK_EQUAL(mount_point_letter(L"1:"), 0);
    CHECK_EQUAL(mount_point_letter(L"[:"), 0);
    CHECK_EQUAL(mount_point_letter(L"@:"), 0);
    CHECK_EQUAL(mount_point_letter(L"C:\\mnt"), 0);
    CHECK_EQUAL(mount_point_letter(L"C:mnt"), 0);
    CHECK_EQUAL(mount_point_letter(L"mnt"), 0);
    CHECK_EQUAL(mount_point_letter(L""), 0);
    CHECK_EQUAL(mount_point_letter(L"\x172:"), 0); /* not 'r' cut to eight bits */
}

static void descriptions(void)
{
    static const struct {
        uint64_t bytes;
        const wchar_t *text;
    } rows[] = {
        {1, L"1 bytes"},         {1023, L"1023 bytes"},   {1024, L"1 KB"},       {1474560, L"1.40625 MB"},
        {64ull << 20, L"64 MB"}, {3ull << 29, L"1.5 GB"}, {1ull << 40, L"1 TB"}, {1ull << 50, L"1 PB"},
        {1ull << 60, L"1 EB"},   {UINT64_MAX, L"16 EB"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        wchar_t text[32];
        size_describe(rows[i].bytes, text, 32);
        test_note("%ls", text);
        CHECK(wcscmp(text, rows[i].text) == 0);
    }
}

TEST_MAIN({"modes", modes}, {"everything_of_attach", everything_of_attach}, {"options", options}, {"sizes", sizes},
          {"sizes_of_memory", sizes_of_memory}, {"bad_sizes", bad_sizes}, {"bad_values", bad_values},
          {"forgiving", forgiving}, {"wrong_lines", wrong_lines}, {"long_words_are_cut", long_words_are_cut},
          {"mount_points", mount_points}, {"descriptions", descriptions})
