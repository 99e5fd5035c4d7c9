/* SPDX-License-Identifier: MIT */
/* Registry values of the disk driver; settings.h has the contract. */

#include "core/disk/settings.h"
#include "core/base/platform.h"

bool setting_number(const struct setting *setting, uint32_t *value)
{
    if (setting->data == NULL) {
        return true;
    }
    if (setting->type != SETTING_DWORD || setting->length != sizeof(*value)) {
        return false;
    }
    platform_copy(value, setting->data, sizeof(*value));
    return true;
}

/* Sizes are numbers of 64 bits, or as many bytes of no type. */
static bool setting_size(const struct setting *setting, int64_t *value)
{
    if (setting->data == NULL) {
        return true;
    }
    if ((setting->type != SETTING_QWORD && setting->type != SETTING_BINARY) || setting->length != sizeof(*value)) {
        return false;
    }
    platform_copy(value, setting->data, sizeof(*value));
    return true;
}

static uint16_t character_at(const struct setting *setting, size_t index)
{
    uint16_t character;
    platform_copy(&character, (const unsigned char *)setting->data + index * sizeof(character), sizeof(character));
    return character;
}

/* Characters before the first zero. */
static size_t string_length(const struct setting *setting)
{
    size_t characters = setting->length / sizeof(uint16_t);
    size_t length = 0;
    while (length < characters && character_at(setting, length) != 0) {
        length++;
    }
    return length;
}

bool setting_letters(const struct setting *setting, uint32_t *letters)
{
    if (setting->data == NULL) {
        return true;
    }
    if (setting->type != SETTING_STRING) {
        return false;
    }
    *letters = 0;
    size_t length = string_length(setting);
    for (size_t i = 0; i < length; i++) {
        uint32_t letter = character_at(setting, i) & ~(uint32_t)('a' - 'A');
        if (letter >= 'A' && letter <= 'Z') {
            *letters |= 1u << (letter - 'A');
        }
    }
    return true;
}

bool settings_describe_disk(const struct setting settings[DISK_SETTINGS])
{
    for (unsigned i = 0; i < DISK_SETTINGS; i++) {
        if (settings[i].data != NULL) {
            return true;
        }
    }
    return false;
}

size_t settings_request_length(const struct setting settings[DISK_SETTINGS])
{
    const struct setting *name = &settings[DISK_SETTING_FILE_NAME];
    return IMDISK_CREATE_DATA_SIZE + (name->data != NULL ? name->length : 0);
}

static bool copy_name(const struct setting *name, struct imdisk_create_data *data)
{
    if (name->data == NULL) {
        return true;
    }
    size_t bytes = string_length(name) * sizeof(uint16_t);
    if (name->type != SETTING_STRING || bytes > IMDISK_MAXIMUM_FILE_NAME_LENGTH) {
        return false;
    }
    data->file_name_length_bytes = (uint16_t)bytes;
    if (bytes != 0) {
        platform_copy(data->file_name, name->data, bytes);
    }
    return true;
}

ballast_status settings_build_request(const struct setting settings[DISK_SETTINGS], uint32_t number,
                                      struct imdisk_create_data *data, size_t *length)
{
    const struct setting *letter = &settings[DISK_SETTING_DRIVE_LETTER]; /* of any type */
    platform_zero(data, settings_request_length(settings));
    data->device_number = number;
    if (letter->data != NULL && letter->length >= sizeof(uint16_t)) {
        data->drive_letter = character_at(letter, 0);
    }
    if (!copy_name(&settings[DISK_SETTING_FILE_NAME], data) ||
        !setting_size(&settings[DISK_SETTING_SIZE], &data->size_bytes) ||
        !setting_number(&settings[DISK_SETTING_FLAGS], &data->flags) ||
        !setting_size(&settings[DISK_SETTING_IMAGE_OFFSET], &data->image_offset_bytes)) {
        return BALLAST_INVALID_PARAMETER;
    }
    *length = IMDISK_CREATE_DATA_SIZE + (size_t)data->file_name_length_bytes;
    return BALLAST_SUCCESS;
}
