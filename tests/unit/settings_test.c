/* SPDX-License-Identifier: MIT */
#include "core/disk/settings.h"
#include "tests/harness/test.h"

#include <stdlib.h>
#include <string.h>

static void numbers(void)
{
    static const struct {
        struct setting setting;
        bool ok;
        uint32_t value;
    } rows[] = {
        {{0, NULL, 0}, true, 7},
        {{SETTING_DWORD, "\1\2\3\4", 4}, true, 0x04030201},
        {{SETTING_DWORD, "\1\2\3\4", 3}, false, 7},
        {{SETTING_DWORD, "\1\2\3\4\5", 5}, false, 7},
        {{SETTING_BINARY, "\1\2\3\4", 4}, false, 7},
        {{SETTING_STRING, "1\0\0", 4}, false, 7},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint32_t value = 7;
        test_note("row %u", (unsigned)i);
        CHECK_EQUAL(setting_number(&rows[i].setting, &value), rows[i].ok);
        CHECK_EQUAL(value, rows[i].value);
    }
}

static void letters(void)
{
    static const struct {
        struct setting setting;
        bool ok;
        uint32_t letters;
    } rows[] = {
        {{0, NULL, 0}, true, 99},
        {{SETTING_STRING, "", 0}, true, 0},
        {{SETTING_STRING, "A\0z\0", 4}, true, 1u | 1u << 25},
        {{SETTING_STRING, "A\0z\0B", 5}, true, 1u | 1u << 25}, /* half a character */
        {{SETTING_STRING, "A\0\0\0B\0", 6}, true, 1u},         /* ends at the zero */
        {{SETTING_STRING, "1\0[\0@\0`\0{\0A\1", 12}, true, 0}, /* what is beside the letters, and U+0141 */
        {{SETTING_BINARY, "A\0", 2}, false, 99},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint32_t value = 99;
        test_note("row %u", (unsigned)i);
        CHECK_EQUAL(setting_letters(&rows[i].setting, &value), rows[i].ok);
        CHECK_EQUAL(value, rows[i].letters);
    }
}

/* Builds in a block of exactly the length that is asked for. */
static ballast_status build(const struct setting settings[DISK_SETTINGS], struct imdisk_create_data *copy,
                            size_t *length)
{
    struct imdisk_create_data *data = malloc(settings_request_length(settings));
    ballast_status status = settings_build_request(settings, 12, data, length);
    *copy = *data;
    free(data);
    return status;
}

static void requests(void)
{
    struct setting settings[DISK_SETTINGS] = {{0}};
    struct imdisk_create_data data;
    size_t length;
    CHECK(!settings_describe_disk(settings));
    settings[DISK_SETTING_DRIVE_LETTER] = (struct setting){SETTING_BINARY, "x\0y\0", 4};
    CHECK(settings_describe_disk(settings));
    CHECK_EQUAL(build(settings, &data, &length), BALLAST_SUCCESS);
    CHECK_EQUAL(length, IMDISK_CREATE_DATA_SIZE);
    CHECK_EQUAL(data.device_number, 12);
    CHECK_EQUAL(data.drive_letter, 'x');
    settings[DISK_SETTING_DRIVE_LETTER] = (struct setting){SETTING_STRING, "x", 1};
    settings[DISK_SETTING_FILE_NAME] = (struct setting){SETTING_STRING, "a\0b\0\0\0c\0", 8};
    settings[DISK_SETTING_SIZE] = (struct setting){SETTING_QWORD, "\0\0\0\0\1\0\0\0", 8};
    settings[DISK_SETTING_FLAGS] = (struct setting){SETTING_DWORD, "\1\0\0\0", 4};
    settings[DISK_SETTING_IMAGE_OFFSET] = (struct setting){SETTING_BINARY, "\0\2\0\0\0\0\0\0", 8};
    CHECK_EQUAL(build(settings, &data, &length), BALLAST_SUCCESS);
    CHECK_EQUAL(length, IMDISK_CREATE_DATA_SIZE + 4);
    CHECK_EQUAL(data.drive_letter, 0);
    CHECK_EQUAL(data.file_name_length_bytes, 4);
    CHECK_EQUAL(data.size_bytes, 1ll << 32);
    CHECK_EQUAL(data.flags, 1);
    CHECK_EQUAL(data.image_offset_bytes, 512);
    for (unsigned i = 0; i < DISK_SETTINGS; i++) {
        struct setting wrong[DISK_SETTINGS];
        memcpy(wrong, settings, sizeof(wrong));
        wrong[i].type = 7; /* REG_MULTI_SZ */
        test_note("setting %u", i);
        CHECK_EQUAL(build(wrong, &data, &length),
                    i == DISK_SETTING_DRIVE_LETTER ? BALLAST_SUCCESS : BALLAST_INVALID_PARAMETER);
    }
}

static void names_up_to_the_limit(void)
{
    static unsigned char text[65536];
    struct setting settings[DISK_SETTINGS] = {[DISK_SETTING_FILE_NAME] = {SETTING_STRING, text, 65534}};
    struct imdisk_create_data data;
    size_t length;
    memset(text, 'x', sizeof(text));
    CHECK_EQUAL(build(settings, &data, &length), BALLAST_SUCCESS);
    CHECK_EQUAL(data.file_name_length_bytes, 65534);
    settings[DISK_SETTING_FILE_NAME].length = 65536;
    CHECK_EQUAL(build(settings, &data, &length), BALLAST_INVALID_PARAMETER);
}

TEST_MAIN({"numbers", numbers}, {"letters", letters}, {"requests", requests},
          {"names_up_to_the_limit", names_up_to_the_limit})
