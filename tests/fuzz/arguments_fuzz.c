/* SPDX-License-Identifier: MIT */
/* Fuzzing of imdisk.exe's command line: the input is its words, each ended by a zero. */

#include "cli/imdisk/arguments.h"
#include "tests/fuzz/input.h"

#define MAXIMUM_WORDS 64

/* What the rest of the program relies on. */
static void check(const struct arguments *arguments)
{
    const uint64_t available = 24ull << 30;
    uint64_t bytes = 0;
    bool disk = arguments->number_given || arguments->mount_point != NULL;
    REQUIRE(arguments->mode != MODE_NONE);
    REQUIRE(arguments->offset <= INT64_MAX && arguments->partition <= 8);
    if (size_resolve(&arguments->size, available, &bytes)) {
        REQUIRE(bytes <= INT64_MAX);
        REQUIRE(bytes <= available || !(arguments->size.percent || arguments->size.remaining));
    }
    if (arguments->mode == MODE_ATTACH) {
        REQUIRE(arguments->file != NULL || arguments->size.given);
        REQUIRE(arguments->file == NULL || arguments->file[0] != 0);
        REQUIRE((arguments->flags & IMDISK_IMAGE_MODIFIED) == 0);
    } else if (arguments->mode == MODE_EDIT) {
        REQUIRE(disk);
        REQUIRE((arguments->flags & ~arguments->changes) == 0);
    } else if (arguments->mode == MODE_DETACH || arguments->mode == MODE_FORCE || arguments->mode == MODE_EMERGENCY) {
        REQUIRE(disk && arguments->flags == 0);
    }
    if (arguments->mount_point != NULL) {
        wchar_t letter = mount_point_letter(arguments->mount_point);
        REQUIRE(letter == 0 || letter == L'#' || (letter >= L'A' && letter <= L'Z'));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arguments arguments;
    wchar_t message[ARGUMENTS_MESSAGE_SIZE];
    wchar_t *words[MAXIMUM_WORDS];
    int count = 0;
    wchar_t *text = calloc(size + 1, sizeof(wchar_t));
    if (text == NULL) {
        return 0;
    }
    for (size_t i = 0, begin = 0; i < size && count < MAXIMUM_WORDS; i++) {
        text[i] = (wchar_t)data[i];
        if (data[i] == 0 || i + 1 == size) {
            words[count++] = text + begin;
            begin = i + 1;
        }
    }
    enum imdisk_exit result = arguments_parse(count, words, &arguments, message);
    if (result == IMDISK_DONE) {
        check(&arguments);
    } else {
        REQUIRE(result == IMDISK_SYNTAX || result == IMDISK_FAILED || result == IMDISK_BAD_SIZE);
        REQUIRE(message[0] != 0 && wcslen(message) < ARGUMENTS_MESSAGE_SIZE);
    }
    free(text);
    return 0;
}
