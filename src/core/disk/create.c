/* SPDX-License-Identifier: MIT */
/* Validation and resolution of CREATE_DEVICE; create.h has the contract. */

#include "core/disk/create.h"

#define KNOWN_FLAGS                                                                                            \
    (IMDISK_OPTION_READ_ONLY | IMDISK_OPTION_REMOVABLE | IMDISK_OPTION_SPARSE_FILE | IMDISK_OPTION_BYTE_SWAP | \
     IMDISK_DEVICE_TYPE_MASK | IMDISK_TYPE_MASK | IMDISK_SUBTYPE_MASK | IMDISK_IMAGE_MODIFIED |                \
     IMDISK_OPTION_SHARED_IMAGE | BALLAST_OPTION_MASK)

static ballast_status resolve_drive_letter(uint16_t letter, const struct disk_create_policy *policy, uint16_t *resolved)
{
    if (letter >= 'a' && letter <= 'z') {
        letter = (uint16_t)(letter - 'a' + 'A');
    }
    if (letter != 0) {
        if (letter < 'A' || letter > 'Z') {
            return BALLAST_INVALID_PARAMETER;
        }
        if (policy->disallowed_drive_letters >> (letter - 'A') & 1) {
            return BALLAST_ACCESS_DENIED;
        }
    }
    *resolved = letter;
    return BALLAST_SUCCESS;
}

/* ASCII upper case; enough for what is compared here. */
static uint16_t upper(uint16_t character)
{
    return character >= 'a' && character <= 'z' ? (uint16_t)(character - 'a' + 'A') : character;
}

/* Whether the characters from `at` on are `text`, which is upper case. */
static bool name_has(const struct disk_parameters *parameters, size_t at, const char *text, size_t length)
{
    if (parameters->file_name_length / sizeof(uint16_t) < at + length) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (upper(parameters->file_name[at + i]) != (uint16_t)text[i]) {
            return false;
        }
    }
    return true;
}

/*
 * ImDisk's locked memory is a device whose files are memory, loaded from the file whose path follows the device's. Here
 * it is an option: a name of such a file sets it.
 */
static void resolve_image_name(struct disk_parameters *parameters)
{
#define DEVICE_NAME(text)      \
    {                          \
        text, sizeof(text) - 1 \
    }
    static const struct {
        const char *text;
        size_t length;
    } devices[] = {DEVICE_NAME("\\DEVICE\\AWEALLOC"), DEVICE_NAME("\\??\\AWEALLOC"),
                   DEVICE_NAME("\\DOSDEVICES\\AWEALLOC")};
#undef DEVICE_NAME
    parameters->image_name = parameters->file_name;
    parameters->image_name_length = parameters->file_name_length;
    if ((parameters->flags & IMDISK_TYPE_MASK) != IMDISK_TYPE_FILE) {
        return;
    }
    for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
        size_t length = devices[i].length;
        bool ends = parameters->file_name_length == length * sizeof(uint16_t);
        if (name_has(parameters, 0, devices[i].text, length) && (ends || parameters->file_name[length] == '\\')) {
            parameters->flags = (parameters->flags & ~IMDISK_SUBTYPE_MASK) | IMDISK_FILE_AWE_ALLOC;
            parameters->image_name += length;
            parameters->image_name_length = (uint16_t)(parameters->image_name_length - length * sizeof(uint16_t));
        }
    }
}

static ballast_status resolve_backing(struct disk_parameters *parameters)
{
    if ((parameters->flags & IMDISK_TYPE_MASK) == 0) {
        parameters->flags |= parameters->file_name_length == 0 ? IMDISK_TYPE_VM : IMDISK_TYPE_FILE;
    }
    resolve_image_name(parameters);
    parameters->byte_swap = (parameters->flags & IMDISK_OPTION_BYTE_SWAP) != 0;
    switch (parameters->flags & IMDISK_TYPE_MASK) {
    case IMDISK_TYPE_VM:
        parameters->flags &= ~IMDISK_SUBTYPE_MASK;
        parameters->in_memory = true;
        return BALLAST_SUCCESS;
    case IMDISK_TYPE_FILE:
        if ((parameters->flags & IMDISK_SUBTYPE_MASK) > IMDISK_FILE_BUFFERED_IO) {
            return BALLAST_INVALID_PARAMETER;
        }
        /* As ImDisk; and only the cache lets single bytes be written. */
        if (parameters->byte_swap && (parameters->flags & IMDISK_SUBTYPE_MASK) != IMDISK_FILE_BUFFERED_IO) {
            return BALLAST_INVALID_PARAMETER;
        }
        parameters->locked_memory = (parameters->flags & IMDISK_SUBTYPE_MASK) == IMDISK_FILE_AWE_ALLOC;
        parameters->in_memory = parameters->locked_memory;
        return BALLAST_SUCCESS;
    case IMDISK_TYPE_PROXY:
        return BALLAST_NOT_SUPPORTED;
    default:
        return BALLAST_INVALID_PARAMETER;
    }
}

static bool name_ends_with(const struct disk_parameters *parameters, const char *suffix, size_t length)
{
    size_t characters = parameters->file_name_length / sizeof(uint16_t);
    return characters >= length && name_has(parameters, characters - length, suffix, length);
}

static ballast_status resolve_kind(struct disk_parameters *parameters)
{
    uint32_t device_type = parameters->flags & IMDISK_DEVICE_TYPE_MASK;
    if (device_type > IMDISK_DEVICE_TYPE_RAW) {
        return BALLAST_INVALID_PARAMETER;
    }
    parameters->kind = (enum disk_kind)(device_type >> 4);
    parameters->named_cd = parameters->kind == DISK_KIND_AUTOMATIC &&
                           (name_ends_with(parameters, ".ISO", 4) || name_ends_with(parameters, ".NRG", 4) ||
                            name_ends_with(parameters, ".BIN", 4));
    if (parameters->kind == DISK_KIND_CD) {
        parameters->flags |= IMDISK_OPTION_READ_ONLY;
    }
    return BALLAST_SUCCESS;
}

ballast_status disk_parameters_parse(const void *input, size_t input_length, const struct disk_create_policy *policy,
                                     struct disk_parameters *parameters)
{
    const struct imdisk_create_data *data = input;
    if (input_length < IMDISK_CREATE_DATA_MINIMUM ||
        input_length < IMDISK_CREATE_DATA_MINIMUM + (size_t)data->file_name_length_bytes) {
        return BALLAST_INVALID_PARAMETER;
    }
    *parameters = (struct disk_parameters){
        .number = data->device_number,
        .flags = data->flags & ~IMDISK_IMAGE_MODIFIED,
        .file_name = data->file_name,
        .file_name_length = data->file_name_length_bytes,
        .geometry = {.media_type = data->media_type,
                     .tracks_per_cylinder = data->tracks_per_cylinder,
                     .sectors_per_track = data->sectors_per_track,
                     .bytes_per_sector = data->bytes_per_sector},
    };
    ballast_status status = resolve_drive_letter(data->drive_letter, policy, &parameters->drive_letter);
    if (ballast_failed(status)) {
        return status;
    }
    if ((data->flags & ~KNOWN_FLAGS) != 0 || data->file_name_length_bytes % sizeof(uint16_t) != 0 ||
        data->size_bytes < 0 || data->image_offset_bytes < 0 ||
        data->image_offset_bytes > INT64_MAX - data->size_bytes || !geometry_valid(&parameters->geometry)) {
        return BALLAST_INVALID_PARAMETER;
    }
    parameters->requested_size = (uint64_t)data->size_bytes;
    parameters->image_offset = (uint64_t)data->image_offset_bytes;

    if ((parameters->flags & BALLAST_OPTION_PREFER_VOLUME) != 0) {
        parameters->flags |= BALLAST_OPTION_MOUNT_MANAGER;
    }
    status = resolve_backing(parameters);
    if (ballast_failed(status)) {
        return status;
    }
    bool blank = parameters->image_name_length == 0;
    if (blank && (!parameters->in_memory || parameters->requested_size <= DISK_MINIMUM_EXCLUSIVE)) {
        return BALLAST_INVALID_PARAMETER;
    }
    if (parameters->number != IMDISK_AUTO_DEVICE_NUMBER && parameters->number >= policy->maximum_devices) {
        return BALLAST_INVALID_PARAMETER;
    }
    parameters->maximum_size =
        parameters->in_memory ? policy->maximum_memory_disk_bytes : INT64_MAX - parameters->image_offset;
    return resolve_kind(parameters);
}

bool disk_parameters_wants_look(const struct disk_parameters *parameters)
{
    bool again = (parameters->flags & BALLAST_OPTION_AS_IS) != 0;
    return parameters->image_name_length != 0 && parameters->kind != DISK_KIND_RAW &&
           (!again || (parameters->requested_size != 0 && !parameters->in_memory));
}

static void end_with_data(struct disk_parameters *parameters, uint64_t data_bytes)
{
    if (data_bytes > parameters->image_offset) {
        parameters->image_end = data_bytes;
        parameters->maximum_size = data_bytes - parameters->image_offset;
    }
}

ballast_status disk_parameters_looked(struct disk_parameters *parameters, const struct disk_image_look *look)
{
    if ((parameters->flags & BALLAST_OPTION_AS_IS) != 0) { /* a footer within the disk could be anybody's */
        if (parameters->image_offset + parameters->requested_size <= look->data_bytes) {
            end_with_data(parameters, look->data_bytes);
        }
        return BALLAST_SUCCESS;
    }
    if (look->refused && parameters->image_offset == 0) { /* who says where the disk begins knows the format */
        return BALLAST_UNRECOGNIZED_MEDIA;
    }
    parameters->flags |= BALLAST_OPTION_AS_IS;
    if (parameters->kind == DISK_KIND_AUTOMATIC && (look->cd || (parameters->named_cd && !look->other))) {
        parameters->kind = DISK_KIND_CD;
    }
    if (parameters->kind == DISK_KIND_CD || (look->read_only && parameters->image_offset == 0)) {
        parameters->flags |= IMDISK_OPTION_READ_ONLY;
    }
    end_with_data(parameters, look->data_bytes);
    return BALLAST_SUCCESS;
}

ballast_status disk_parameters_resolve_size(struct disk_parameters *parameters, uint64_t image_length,
                                            uint64_t *required_image_length)
{
    uint64_t size = parameters->requested_size;
    if (parameters->image_end != 0 && image_length > parameters->image_end) {
        image_length = parameters->image_end;
    }
    if (size == 0 && image_length > parameters->image_offset) {
        size = image_length - parameters->image_offset;
    }
    if (size <= DISK_MINIMUM_EXCLUSIVE || size > parameters->maximum_size) {
        return BALLAST_INVALID_PARAMETER;
    }
    parameters->geometry.size_bytes = size;
    *required_image_length = image_length;
    bool writes_image = !parameters->in_memory && (parameters->flags & IMDISK_OPTION_READ_ONLY) == 0;
    if (writes_image && parameters->image_offset + size > image_length) {
        *required_image_length = parameters->image_offset + size;
    }
    return BALLAST_SUCCESS;
}

void disk_parameters_resolve_geometry(struct disk_parameters *parameters, const unsigned char sector[GEOMETRY_BPB_SIZE])
{
    if (sector != NULL && geometry_incomplete(&parameters->geometry)) {
        geometry_probe_bpb(&parameters->geometry, &parameters->kind, sector);
    }
    geometry_complete(&parameters->geometry, &parameters->kind);
    parameters->flags = (parameters->flags & ~IMDISK_DEVICE_TYPE_MASK) | (uint32_t)parameters->kind << 4;
}
