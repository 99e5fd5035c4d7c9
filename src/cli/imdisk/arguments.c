/* SPDX-License-Identifier: MIT */
/* Parsing of imdisk.exe's command line. No system calls. */

#include "cli/imdisk/arguments.h"

#define BIT(mode)   (1u << (mode))
#define ATTACH      BIT(MODE_ATTACH)
#define EDIT        BIT(MODE_EDIT)
#define REMOVALS    (BIT(MODE_DETACH) | BIT(MODE_FORCE))
#define ANY         0u
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

#define SHOWN_SIZE  60 /* of a wrong word, in characters */

/* What parsing remembers besides the result. */
struct parser {
    struct arguments *arguments;
    uint64_t given; /* switches, by their place in the table */
    wchar_t *message;
};

/* A word that is wrong. `format` has one %ls. */
static enum imdisk_exit wrong_word(struct parser *parser, enum imdisk_exit exit, const wchar_t *format,
                                   const wchar_t *text)
{
    /* A long word is cut, or there would be no room for what is wrong with it. */
    wchar_t shown[SHOWN_SIZE];
    bool cut = wcslen(text) >= SHOWN_SIZE;
    (void)swprintf(shown, SHOWN_SIZE, cut ? L"%.*ls..." : L"%.*ls", cut ? SHOWN_SIZE - 4 : SHOWN_SIZE - 1, text);
    (void)swprintf(parser->message, ARGUMENTS_MESSAGE_SIZE, format, shown);
    return exit;
}

static enum imdisk_exit wrong(struct parser *parser, const wchar_t *format, const wchar_t *text)
{
    return wrong_word(parser, IMDISK_SYNTAX, format, text);
}

/* Words are missing, or are no numbers. ImDisk's exit code is another then. */
static enum imdisk_exit wrong_value(struct parser *parser, const wchar_t *format, const wchar_t *text)
{
    return wrong_word(parser, IMDISK_FAILED, format, text);
}

/* ---- numbers and sizes ---- */

static bool is_digit(wchar_t character)
{
    return character >= L'0' && character <= L'9';
}

/* 16 and more: no digit of any base. */
static unsigned digit_value(wchar_t character)
{
    if (is_digit(character)) {
        return (unsigned)(character - L'0');
    }
    wchar_t lower = (wchar_t)(character | 0x20);
    return lower >= L'a' && lower <= L'f' ? (unsigned)(lower - L'a') + 10 : 16;
}

/*
 * "12", "0x1F", or "017", which is 15 as in C, at *text, which moves behind it. False without a digit; a number of 2^64 and
 * more becomes 2^64 - 1.
 */
static bool parse_digits(const wchar_t **text, uint64_t *value)
{
    unsigned base = 10;
    if ((*text)[0] == L'0' && ((*text)[1] == L'x' || (*text)[1] == L'X') && digit_value((*text)[2]) < 16) {
        base = 16;
        *text += 2;
    } else if ((*text)[0] == L'0') {
        base = 8;
    }
    if (digit_value(**text) >= base) {
        return false;
    }
    for (*value = 0; digit_value(**text) < base; ++*text) {
        if (__builtin_mul_overflow(*value, (uint64_t)base, value) ||
            __builtin_add_overflow(*value, (uint64_t)digit_value(**text), value)) {
            *value = UINT64_MAX;
        }
    }
    return true;
}

/* What follows the number is ignored. */
static bool parse_unsigned(const wchar_t *text, uint32_t *value)
{
    uint64_t wide;
    if (!parse_digits(&text, &wide) || wide > UINT32_MAX) {
        return false;
    }
    *value = (uint32_t)wide;
    return true;
}

/* None is 1, b a block of 512; K M G T are powers of 1024, k m g t powers of 1000. 0: no suffix of a size. */
static uint64_t suffix_factor(wchar_t suffix)
{
    static const wchar_t units[] = L"kmgt";
    uint64_t factor = 1;
    if (suffix == 0) {
        return 1;
    }
    if (suffix == L'b') {
        return 512;
    }
    const wchar_t *unit = wcschr(units, (wchar_t)(suffix | 0x20));
    if (unit == NULL) {
        return 0;
    }
    for (const wchar_t *power = units; power <= unit; power++) {
        factor *= (suffix & 0x20) != 0 ? 1000u : 1024u;
    }
    return factor;
}

/* "64M"; of "64MB", the B is ignored. IMDISK_BAD_SIZE for an unknown suffix and for 2^63 bytes and more. */
static enum imdisk_exit parse_bytes(struct parser *parser, const wchar_t *text, uint64_t *value)
{
    const wchar_t *rest = text + (text[0] == L'+' ? 1 : 0);
    if (!parse_digits(&rest, value)) {
        return wrong_value(parser, L"'%ls' is not a size", text);
    }
    uint64_t factor = suffix_factor(rest[0]);
    if (factor == 0) {
        return wrong_word(parser, IMDISK_BAD_SIZE, L"'%ls' is not a suffix of a size; these are: b K M G T k m g t",
                          rest);
    }
    if (__builtin_mul_overflow(*value, factor, value) || *value > INT64_MAX) {
        return wrong_word(parser, IMDISK_BAD_SIZE, L"%ls is too large; it must be below 2^63 bytes", text);
    }
    return IMDISK_DONE;
}

bool size_resolve(const struct size_argument *size, uint64_t available, uint64_t *bytes)
{
    uint64_t value = size->value;
    if (size->percent) {
        value = available / 100 * value + available % 100 * value / 100;
    }
    if (size->remaining) {
        if (value >= available) {
            return false;
        }
        value = available - value;
    }
    *bytes = value;
    return true;
}

void size_describe(uint64_t bytes, wchar_t *text, size_t size)
{
    static const wchar_t *const units[] = {L"bytes", L"KB", L"MB", L"GB", L"TB", L"PB", L"EB"};
    double value = (double)bytes;
    size_t unit = 0;
    while (value >= 1024 && unit + 1 < COUNT(units)) {
        value /= 1024;
        unit++;
    }
    (void)swprintf(text, size, L"%g %ls", value, units[unit]);
}

wchar_t mount_point_letter(const wchar_t *mount_point)
{
    wchar_t upper = (wchar_t)(mount_point[0] & ~0x20);
    wchar_t letter = upper >= L'A' && upper <= L'Z' ? upper : 0;
    if (mount_point[0] == 0 || mount_point[1] == 0) {
        return letter;
    }
    const wchar_t *root = mount_point + 2;
    bool drive = mount_point[1] == L':' && (root[0] == 0 || ((root[0] == L'\\' || root[0] == L'/') && root[1] == 0));
    return !drive ? 0 : mount_point[0] == L'#' ? L'#' : letter;
}

/* ---- -o ---- */

#define TYPE_AND_SUBTYPE (IMDISK_TYPE_MASK | IMDISK_SUBTYPE_MASK)

struct option {
    const wchar_t *name;
    unsigned modes;
    uint32_t mask; /* no two options about the same flags */
    uint32_t value;
};

static const struct option options[] = {
    {L"ro", ATTACH | EDIT, IMDISK_OPTION_READ_ONLY, IMDISK_OPTION_READ_ONLY},
    {L"rw", ATTACH | EDIT, IMDISK_OPTION_READ_ONLY, 0},
    {L"sparse", ATTACH | EDIT, IMDISK_OPTION_SPARSE_FILE, IMDISK_OPTION_SPARSE_FILE},
    {L"rem", ATTACH | EDIT, IMDISK_OPTION_REMOVABLE, IMDISK_OPTION_REMOVABLE},
    {L"fix", ATTACH | EDIT, IMDISK_OPTION_REMOVABLE, 0},
    {L"saved", EDIT, IMDISK_IMAGE_MODIFIED, 0},
    {L"comm", ATTACH, TYPE_AND_SUBTYPE, IMDISK_TYPE_PROXY | PROXY_COMM},
    {L"ip", ATTACH, TYPE_AND_SUBTYPE, IMDISK_TYPE_PROXY | PROXY_TCP},
    {L"shm", ATTACH, TYPE_AND_SUBTYPE, IMDISK_TYPE_PROXY | PROXY_SHARED_MEMORY},
    {L"awe", ATTACH, TYPE_AND_SUBTYPE, IMDISK_TYPE_FILE | IMDISK_FILE_AWE_ALLOC},
    {L"par", ATTACH, TYPE_AND_SUBTYPE, IMDISK_TYPE_FILE | IMDISK_FILE_PARALLEL_IO},
    {L"buf", ATTACH, TYPE_AND_SUBTYPE, IMDISK_TYPE_FILE | IMDISK_FILE_BUFFERED_IO},
    {L"bswap", ATTACH, IMDISK_OPTION_BYTE_SWAP, IMDISK_OPTION_BYTE_SWAP},
    {L"shared", ATTACH, IMDISK_OPTION_SHARED_IMAGE, IMDISK_OPTION_SHARED_IMAGE},
    {L"hd", ATTACH, IMDISK_DEVICE_TYPE_MASK, IMDISK_DEVICE_TYPE_HD},
    {L"fd", ATTACH, IMDISK_DEVICE_TYPE_MASK, IMDISK_DEVICE_TYPE_FD},
    {L"cd", ATTACH, IMDISK_DEVICE_TYPE_MASK, IMDISK_DEVICE_TYPE_CD},
    {L"raw", ATTACH, IMDISK_DEVICE_TYPE_MASK, IMDISK_DEVICE_TYPE_RAW},
};

/* A way of I/O belongs to a type: files are implied, a proxy has to be asked for first. */
static enum imdisk_exit check_type(struct parser *parser, const struct option *option)
{
    uint32_t type = parser->arguments->flags & IMDISK_TYPE_MASK;
    uint32_t needed = option->value & IMDISK_TYPE_MASK;
    if ((option->mask & IMDISK_TYPE_MASK) == 0) {
        return IMDISK_DONE;
    }
    if (needed == IMDISK_TYPE_PROXY && type != needed) {
        return wrong(parser, L"option '%ls' needs -t proxy before it", option->name);
    }
    if (type != 0 && type != needed) {
        return wrong(parser, L"option '%ls' needs -t file", option->name);
    }
    return IMDISK_DONE;
}

static enum imdisk_exit take_option(struct parser *parser, const wchar_t *name, size_t length)
{
    struct arguments *arguments = parser->arguments;
    for (size_t i = 0; i < COUNT(options); i++) {
        const struct option *option = &options[i];
        if (wcslen(option->name) != length || wcsncmp(option->name, name, length) != 0 ||
            (option->modes & BIT(arguments->mode)) == 0) {
            continue;
        }
        if ((arguments->changes & option->mask) != 0 && (arguments->flags & option->mask) != option->value) {
            return wrong(parser, L"option '%ls' contradicts one before it", option->name);
        }
        enum imdisk_exit result = check_type(parser, option);
        if (result == IMDISK_DONE) {
            arguments->changes |= option->mask;
            arguments->flags |= option->value;
        }
        return result;
    }
    wchar_t unknown[SHOWN_SIZE];
    (void)swprintf(unknown, SHOWN_SIZE, L"%.*ls", (int)(length < SHOWN_SIZE ? length : SHOWN_SIZE - 1), name);
    return wrong(parser,
                 arguments->mode == MODE_EDIT ? L"-e has no option '%ls'; it has: ro rw sparse rem fix saved"
                                              : L"-a has no option '%ls'",
                 unknown);
}

/* Programs put lists together from parts, of which some may be empty or alike. */
static enum imdisk_exit take_options(struct parser *parser, const wchar_t *list)
{
    for (;;) {
        size_t length = wcscspn(list, L",");
        enum imdisk_exit result = length != 0 ? take_option(parser, list, length) : IMDISK_DONE;
        if (result != IMDISK_DONE || list[length] == 0) {
            return result;
        }
        list += length + 1;
    }
}

/* ---- the other switches ---- */

static enum imdisk_exit take_mode(struct parser *parser, enum imdisk_mode mode)
{
    if (parser->arguments->mode != MODE_NONE) {
        return wrong(parser, L"only one of -a -d -D -R -l -e can be asked for%ls", L"");
    }
    parser->arguments->mode = mode;
    return IMDISK_DONE;
}

static enum imdisk_exit take_type(struct parser *parser, const wchar_t *word)
{
    static const struct {
        const wchar_t *name;
        uint32_t value;
    } types[] = {{L"file", IMDISK_TYPE_FILE}, {L"vm", IMDISK_TYPE_VM}, {L"proxy", IMDISK_TYPE_PROXY}};
    struct arguments *arguments = parser->arguments;
    uint32_t present = arguments->flags & IMDISK_TYPE_MASK;
    for (size_t i = 0; i < COUNT(types); i++) {
        if (wcscmp(types[i].name, word) == 0) {
            if (present != 0 && present != types[i].value) {
                return wrong(parser, L"-t %ls contradicts an option before it", word);
            }
            arguments->flags |= types[i].value;
            return IMDISK_DONE;
        }
    }
    return wrong(parser, L"-t takes file, vm or proxy, not '%ls'", word);
}

static enum imdisk_exit take_size(struct parser *parser, const wchar_t *word)
{
    struct size_argument *size = &parser->arguments->size;
    if (word[0] == 0) {
        return IMDISK_DONE; /* as if it was not given */
    }
    size->given = true;
    size->remaining = word[0] == L'-';
    word += size->remaining ? 1 : 0;
    const wchar_t *rest = word;
    if (parse_digits(&rest, &size->value) && rest[0] == L'%') {
        size->percent = true;
        return size->value >= 1 && size->value <= 99
                   ? IMDISK_DONE
                   : wrong_word(parser, IMDISK_BAD_SIZE, L"-s takes 1%% ... 99%% of the free memory, not '%ls'", word);
    }
    return size->remaining && word[0] == L'+' ? wrong_value(parser, L"'%ls' is not a size", word)
                                              : parse_bytes(parser, word, &size->value);
}

static enum imdisk_exit take_offset(struct parser *parser, const wchar_t *word)
{
    if (word[0] == 0) {
        return IMDISK_DONE; /* as if it was not given */
    }
    parser->arguments->offset_automatic = wcscmp(word, L"auto") == 0;
    return parser->arguments->offset_automatic ? IMDISK_DONE : parse_bytes(parser, word, &parser->arguments->offset);
}

static enum imdisk_exit take_partition(struct parser *parser, const wchar_t *word)
{
    if (word[0] < L'1' || word[0] > L'8' || word[1] != 0) {
        return wrong_value(parser, L"-v takes the number of a partition, 1 ... 8, not '%ls'", word);
    }
    parser->arguments->partition = (unsigned)(word[0] - L'0');
    return IMDISK_DONE;
}

static enum imdisk_exit take_text(struct parser *parser, const wchar_t **value, const wchar_t *word,
                                  const wchar_t *complaint)
{
    if (word[0] == 0) {
        return wrong(parser, L"%ls", complaint);
    }
    *value = word;
    return IMDISK_DONE;
}

static enum imdisk_exit take_number(struct parser *parser, uint32_t *value, const wchar_t *word)
{
    return parse_unsigned(word, value) ? IMDISK_DONE : wrong_value(parser, L"'%ls' is not a number", word);
}

static const struct {
    wchar_t letter;
    bool argument;
    unsigned modes; /* that must have been chosen before */
} switches[] = {
    {L'a', false, ANY},          {L'd', false, ANY},
    {L'D', false, ANY},          {L'R', false, ANY},
    {L'l', false, ANY},          {L'e', false, ANY},
    {L'n', false, ANY},          {L'P', false, ATTACH | REMOVALS | BIT(MODE_EMERGENCY)},
    {L'u', true, ANY},           {L'm', true, ANY},
    {L't', true, ATTACH},        {L'o', true, ATTACH | EDIT},
    {L'f', true, ATTACH},        {L'F', true, ATTACH},
    {L's', true, ATTACH | EDIT}, {L'b', true, ATTACH},
    {L'v', true, ATTACH},        {L'S', true, ATTACH},
    {L'x', true, ATTACH},        {L'y', true, ATTACH},
    {L'p', true, ATTACH},
};

static enum imdisk_exit take_plain_switch(struct parser *parser, wchar_t letter)
{
    struct arguments *arguments = parser->arguments;
    switch (letter) {
    case L'a':
        return take_mode(parser, MODE_ATTACH);
    case L'd':
        return take_mode(parser, MODE_DETACH);
    case L'D':
        return take_mode(parser, MODE_FORCE);
    case L'R':
        return take_mode(parser, MODE_EMERGENCY);
    case L'l':
        return take_mode(parser, MODE_LIST);
    case L'e':
        return take_mode(parser, MODE_EDIT);
    case L'n':
        arguments->numeric = true;
        return IMDISK_DONE;
    default:
        arguments->persistent = true;
        return IMDISK_DONE;
    }
}

static enum imdisk_exit take_file(struct parser *parser, const wchar_t *word, bool native)
{
    struct arguments *arguments = parser->arguments;
    if (arguments->file != NULL) {
        return wrong(parser, L"only one of -f and -F can name the image%ls", L"");
    }
    arguments->native_path = native;
    return take_text(parser, &arguments->file, word, L"the name of the image is empty");
}

static enum imdisk_exit take_argument(struct parser *parser, wchar_t letter, wchar_t *word)
{
    struct arguments *arguments = parser->arguments;
    switch (letter) {
    case L'u':
        arguments->number_given = true;
        return take_number(parser, &arguments->number, word);
    case L'm':
        arguments->mount_point = word;
        return IMDISK_DONE;
    case L't':
        return take_type(parser, word);
    case L'o':
        return take_options(parser, word);
    case L'f':
    case L'F':
        return take_file(parser, word, letter == L'F');
    case L's':
        return take_size(parser, word);
    case L'b':
        return take_offset(parser, word);
    case L'v':
        return take_partition(parser, word);
    case L'S':
        return take_number(parser, &arguments->bytes_per_sector, word);
    case L'x':
        return take_number(parser, &arguments->sectors_per_track, word);
    case L'y':
        return take_number(parser, &arguments->tracks_per_cylinder, word);
    default:
        arguments->format = word;
        return IMDISK_DONE;
    }
}

/* Whether what was given before is as if it was not: programs give what is empty or 0 before what they mean. */
static bool may_repeat(const struct arguments *arguments, wchar_t letter)
{
    switch (letter) {
    case L'n':
    case L'P':
    case L'o':
        return true;
    case L's':
        return !arguments->size.percent && !arguments->size.remaining && arguments->size.value == 0;
    case L'b':
        return !arguments->offset_automatic && arguments->offset == 0;
    case L'm':
        return arguments->mount_point[0] == 0;
    case L'S':
        return arguments->bytes_per_sector == 0;
    case L'x':
        return arguments->sectors_per_track == 0;
    case L'y':
        return arguments->tracks_per_cylinder == 0;
    default:
        return false;
    }
}

/* Takes the switch words[0], and its argument. *taken is how many words that were. */
static enum imdisk_exit take_switch(struct parser *parser, int count, wchar_t **words, int *taken)
{
    const wchar_t *word = words[0];
    size_t i = 0;
    while (i < COUNT(switches) && (word[0] != L'-' || word[1] != switches[i].letter || word[2] != 0)) {
        i++;
    }
    if (i == COUNT(switches)) {
        return wrong(parser, L"'%ls' is not a switch", word);
    }
    if ((parser->given >> i & 1) != 0 && !may_repeat(parser->arguments, switches[i].letter)) {
        return wrong(parser, L"%ls is given twice", word);
    }
    parser->given |= 1ull << i;
    if (switches[i].modes != ANY && (switches[i].modes & BIT(parser->arguments->mode)) == 0) {
        return wrong(parser,
                     parser->arguments->mode == MODE_NONE ? L"%ls must come after what it belongs to: -a -d -D -R -l -e"
                                                          : L"%ls does not belong to what is asked for",
                     word);
    }
    *taken = switches[i].argument ? 2 : 1;
    if (*taken > count) {
        return wrong_value(parser, L"%ls needs an argument", word);
    }
    return switches[i].argument ? take_argument(parser, switches[i].letter, words[1])
                                : take_plain_switch(parser, switches[i].letter);
}

/* ---- what must be together ---- */

static enum imdisk_exit check_attach(struct parser *parser)
{
    const struct arguments *arguments = parser->arguments;
    uint32_t type = arguments->flags & IMDISK_TYPE_MASK;
    bool locked_memory = (arguments->flags & TYPE_AND_SUBTYPE) == (IMDISK_TYPE_FILE | IMDISK_FILE_AWE_ALLOC);
    if (arguments->file == NULL) {
        if (type == IMDISK_TYPE_PROXY || (type == IMDISK_TYPE_FILE && !locked_memory)) {
            return wrong_value(parser, L"-t %ls needs -f or -F", type == IMDISK_TYPE_PROXY ? L"proxy" : L"file");
        }
        if (!arguments->size.given) {
            return wrong_value(parser, L"-a needs a size (-s) or an image (-f or -F)%ls", L"");
        }
    }
    if ((arguments->offset_automatic || arguments->partition != 0) &&
        (arguments->file == NULL || type == IMDISK_TYPE_PROXY)) {
        return wrong(parser, L"%ls looks into an image file, and there is none",
                     arguments->partition != 0 ? L"-v" : L"-b auto");
    }
    return IMDISK_DONE;
}

static enum imdisk_exit check_target(struct parser *parser)
{
    const struct arguments *arguments = parser->arguments;
    bool mount_point = arguments->mount_point != NULL;
    if (arguments->mode == MODE_EMERGENCY) {
        return arguments->number_given && !mount_point ? IMDISK_DONE : wrong(parser, L"-R needs -u%ls", L"");
    }
    if (arguments->number_given && mount_point) {
        return wrong(parser, L"-u and -m exclude each other%ls", L"");
    }
    if (arguments->mode != MODE_LIST && !arguments->number_given && !mount_point) {
        return wrong(parser, L"-u or -m must say which disk%ls", L"");
    }
    return IMDISK_DONE;
}

enum imdisk_exit arguments_parse(int count, wchar_t **words, struct arguments *arguments,
                                 wchar_t message[ARGUMENTS_MESSAGE_SIZE])
{
    struct parser parser = {.arguments = arguments, .message = message};
    *arguments = (struct arguments){.number = IMDISK_AUTO_DEVICE_NUMBER};
    message[0] = 0;
    if (count == 0 || (count == 1 && (wcscmp(words[0], L"--help") == 0 || wcscmp(words[0], L"-?") == 0 ||
                                      wcscmp(words[0], L"/?") == 0))) {
        arguments->mode = MODE_HELP;
        return IMDISK_DONE;
    }
    if (count == 1 && wcscmp(words[0], L"--version") == 0) {
        arguments->mode = MODE_VERSION;
        return IMDISK_DONE;
    }
    for (int i = 0, taken = 0; i < count; i += taken) {
        enum imdisk_exit result = take_switch(&parser, count - i, words + i, &taken);
        if (result != IMDISK_DONE) {
            return result;
        }
    }
    if (arguments->mode == MODE_NONE) {
        return wrong(&parser, L"one of -a -d -D -R -l -e is needed%ls", L"");
    }
    return arguments->mode == MODE_ATTACH ? check_attach(&parser) : check_target(&parser);
}
