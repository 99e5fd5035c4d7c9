/* SPDX-License-Identifier: MIT */
/* Answers about a disk as a device; storage.h has the contract. */

#include "core/disk/storage.h"
#include "core/disk/storage_abi.h"
#include "ballast/version.h"
#include "core/base/disk_name.h"

#define PARTITION_TYPE_FAT16    0x06 /* what GET_PARTITION_INFO reports, too */
#define PHYSICAL_SECTOR_512E    4096u
#define CACHE_LINE              64u
#define TRIM_GRANULARITY        65536u
#define SCSI_TYPE_DIRECT_ACCESS 0
#define SCSI_TYPE_CD            5

#define CD_SECTOR               2048u
#define CD_FRAMES_PER_SECOND    75u
#define CD_SECONDS_PER_MINUTE   60u
#define CD_FIRST_FRAME          150u /* of track 1: two seconds */
#define CD_MAXIMUM_FRAME        (256u * CD_SECONDS_PER_MINUTE * CD_FRAMES_PER_SECOND - 1)
#define CD_DATA_TRACK           0x14 /* control 4: data, copying prohibited; ADR 1: position */

/* ---- geometry, partitions, extents ---- */

static uint32_t mbr_signature(const struct disk *disk)
{
    uint32_t signature;
    platform_copy(&signature, disk->identity.bytes, sizeof(signature));
    return signature;
}

ballast_status disk_control_geometry_ex(void *target, struct request *request)
{
    const struct disk *disk = target;
    struct disk_geometry geometry = disk->geometry;
    geometry.size_bytes = disk_size(disk);
    struct storage_geometry_ex output = {
        .geometry = {.cylinders = (int64_t)geometry_cylinders(&geometry),
                     .media_type = geometry.media_type,
                     .tracks_per_cylinder = geometry.tracks_per_cylinder,
                     .sectors_per_track = geometry.sectors_per_track,
                     .bytes_per_sector = geometry.bytes_per_sector},
        .disk_size = (int64_t)geometry.size_bytes,
        .partition_info_size = GEOMETRY_EX_PARTITION_SIZE,
        .mbr_signature = mbr_signature(disk),
        .detection_info_size = GEOMETRY_EX_DETECTION_SIZE,
    };
    size_t size = request->output_length < sizeof(output) ? request->output_length : sizeof(output);
    return request_reply(request, &output, size);
}

/* As Windows describes a medium without a partition table. */
ballast_status disk_control_drive_layout(void *target, struct request *request)
{
    const struct disk *disk = target;
    struct storage_drive_layout output = {
        .partition_count = 1,
        .mbr_signature = mbr_signature(disk),
        .partition = {.partition_length = (int64_t)disk_size(disk),
                      .partition_number = 1,
                      .mbr_partition_type = PARTITION_TYPE_FAT16},
    };
    return request_reply(request, &output, sizeof(output));
}

static uint32_t storage_number(const struct disk *disk)
{
    return BALLAST_STORAGE_NUMBER_BASE + disk->number;
}

ballast_status disk_control_disk_extents(void *target, struct request *request)
{
    struct storage_disk_extents output = {
        .number_of_extents = 1,
        .disk_number = storage_number(target),
        .extent_length = (int64_t)disk_size(target),
    };
    return request_reply(request, &output, sizeof(output));
}

ballast_status disk_control_device_number(void *target, struct request *request)
{
    const struct disk *disk = target;
    struct storage_device_number output = {
        .device_type = STORAGE_DEVICE_TYPE_DISK,
        .device_number = storage_number(disk),
        .partition_number = disk->kind == DISK_KIND_HARD_DISK ? 1 : 0xFFFFFFFFu,
    };
    if (disk->kind == DISK_KIND_CD) {
        output.device_type = STORAGE_DEVICE_TYPE_CD_ROM;
    } else if (disk->kind == DISK_KIND_RAW) {
        output.device_type = STORAGE_DEVICE_TYPE_UNKNOWN;
    }
    return request_reply(request, &output, sizeof(output));
}

ballast_status disk_control_gpt_attributes(void *target, struct request *request)
{
    const struct disk *disk = target;
    uint64_t attributes = disk_read_only(disk) ? STORAGE_GPT_ATTRIBUTE_READ_ONLY : 0;
    if (disk->volume != 0 && disk->drive_letter == 0) {
        attributes |= STORAGE_GPT_ATTRIBUTE_NO_LETTER; /* or the mount manager would give it one */
    }
    return request_reply(request, &attributes, sizeof(attributes));
}

ballast_status disk_control_is_dynamic(void *target, struct request *request)
{
    uint8_t dynamic = 0;
    (void)target;
    return request_reply(request, &dynamic, sizeof(dynamic));
}

/* ---- properties ---- */

/* As Windows does: as much of a descriptor as there is room for. Its size is at the beginning. */
static ballast_status reply_property(struct request *request, const void *descriptor, size_t size)
{
    if (request->output_length < 2 * sizeof(uint32_t)) {
        return BALLAST_BUFFER_TOO_SMALL;
    }
    return request_reply(request, descriptor, request->output_length < size ? request->output_length : size);
}

static uint32_t bus_type(const struct disk *disk)
{
    return disk->in_memory ? STORAGE_BUS_VIRTUAL : STORAGE_BUS_FILE_BACKED_VIRTUAL;
}

struct device_descriptor {
    struct storage_device_descriptor fixed;
    char vendor[8];
    char product[16];
    char revision[8];
    char serial_number[2 * sizeof(struct disk_identity) + 1];
};

static ballast_status device_property(const struct disk *disk, struct request *request)
{
    static const char digits[] = "0123456789ABCDEF";
    struct device_descriptor output = {
        .fixed = {.version = STORAGE_DEVICE_DESCRIPTOR_VERSION,
                  .size = sizeof(output),
                  .device_type = disk->kind == DISK_KIND_CD ? SCSI_TYPE_CD : SCSI_TYPE_DIRECT_ACCESS,
                  .removable_media = disk_removable(disk),
                  .command_queueing = 1,
                  .vendor_offset = offsetof(struct device_descriptor, vendor),
                  .product_offset = offsetof(struct device_descriptor, product),
                  .revision_offset = offsetof(struct device_descriptor, revision),
                  .serial_number_offset = offsetof(struct device_descriptor, serial_number),
                  .bus_type = bus_type(disk)},
        .vendor = "Ballast",
        .product = "Virtual Disk",
        .revision = BALLAST_VERSION_STRING,
    };
    for (size_t i = 0; i < sizeof(disk->identity.bytes); i++) {
        output.serial_number[2 * i] = digits[disk->identity.bytes[i] >> 4];
        output.serial_number[2 * i + 1] = digits[disk->identity.bytes[i] & 15];
    }
    return reply_property(request, &output, sizeof(output));
}

static ballast_status adapter_property(const struct disk *disk, struct request *request)
{
    struct storage_adapter_descriptor output = {
        .version = sizeof(output),
        .size = sizeof(output),
        .maximum_transfer_length = 0xFFFFFFFFu,
        .maximum_physical_pages = 0xFFFFFFFFu,
        .alignment_mask = disk->source->buffer_alignment_mask,
        .command_queueing = 1,
        .accelerated_transfer = 1,
        .bus_type = (uint8_t)bus_type(disk),
    };
    return reply_property(request, &output, sizeof(output));
}

static uint32_t physical_sector(const struct disk *disk)
{
    uint32_t size = disk->geometry.bytes_per_sector;
    if ((disk_flags(disk) & BALLAST_OPTION_SECTORS_512E) != 0 && size < PHYSICAL_SECTOR_512E) {
        size = PHYSICAL_SECTOR_512E;
    }
    return size < disk->source->block_size ? disk->source->block_size : size;
}

static ballast_status alignment_property(const struct disk *disk, struct request *request)
{
    uint32_t physical = physical_sector(disk);
    struct storage_access_alignment output = {
        .version = sizeof(output),
        .size = sizeof(output),
        .bytes_per_cache_line = CACHE_LINE,
        .bytes_per_logical_sector = disk->geometry.bytes_per_sector,
        .bytes_per_physical_sector = physical,
        .sector_alignment_offset = disk->in_memory ? 0 : (uint32_t)(disk->image_offset % physical),
    };
    return reply_property(request, &output, sizeof(output));
}

static ballast_status flag_property(struct request *request, bool value)
{
    struct storage_flag_descriptor output = {sizeof(output), sizeof(output), value, {0}};
    return reply_property(request, &output, sizeof(output));
}

static bool can_trim(const struct disk *disk)
{
    return !disk_read_only(disk) && (disk->in_memory || source_sparse(disk->source));
}

/* Memory is given back in chunks, image files become holes in what NTFS calls compression units: as large, both. */
static ballast_status provisioning_property(const struct disk *disk, struct request *request)
{
    struct storage_lb_provisioning output = {.version = sizeof(output), .size = sizeof(output)};
    if (can_trim(disk)) {
        uint64_t beyond = disk->in_memory ? 0 : disk->image_offset % TRIM_GRANULARITY;
        output.flags = STORAGE_THIN_PROVISIONED | STORAGE_THIN_READS_ZEROS | STORAGE_UNMAP_ALIGNMENT;
        output.optimal_unmap_granularity = TRIM_GRANULARITY;
        output.unmap_granularity_alignment = (TRIM_GRANULARITY - beyond) % TRIM_GRANULARITY;
    }
    return reply_property(request, &output, sizeof(output));
}

static ballast_status property(const struct disk *disk, uint32_t id, struct request *request)
{
    switch (id) {
    case STORAGE_PROPERTY_DEVICE:
        return device_property(disk, request);
    case STORAGE_PROPERTY_ADAPTER:
        return adapter_property(disk, request);
    case STORAGE_PROPERTY_ACCESS_ALIGNMENT:
        return alignment_property(disk, request);
    case STORAGE_PROPERTY_SEEK_PENALTY: /* what the host's disk is cannot be known through a file of it */
        return disk->in_memory ? flag_property(request, false) : BALLAST_INVALID_DEVICE_REQUEST;
    case STORAGE_PROPERTY_TRIM:
        return flag_property(request, can_trim(disk));
    case STORAGE_PROPERTY_LB_PROVISIONING:
        return provisioning_property(disk, request);
    default:
        return BALLAST_INVALID_DEVICE_REQUEST;
    }
}

ballast_status disk_control_property(void *target, struct request *request)
{
    struct storage_property_query query;
    _Alignas(8) unsigned char nowhere[128];
    struct request probe = {.buffer = nowhere, .output_length = sizeof(nowhere)};
    _Static_assert(sizeof(struct device_descriptor) <= sizeof(nowhere), "the longest descriptor");
    platform_copy(&query, request->buffer, sizeof(query));
    switch (query.type) {
    case STORAGE_QUERY_STANDARD:
        return property(target, query.property, request);
    case STORAGE_QUERY_EXISTS:
        return property(target, query.property, &probe);
    default:
        return BALLAST_INVALID_PARAMETER;
    }
}

/* ---- CDs ---- */

static struct storage_toc_track track_at(uint8_t number, uint64_t frame)
{
    uint32_t position = (uint32_t)(frame < CD_MAXIMUM_FRAME ? frame : CD_MAXIMUM_FRAME);
    return (struct storage_toc_track){
        .control_and_adr = CD_DATA_TRACK,
        .track_number = number,
        .address = {0, (uint8_t)(position / CD_FRAMES_PER_SECOND / CD_SECONDS_PER_MINUTE),
                    (uint8_t)(position / CD_FRAMES_PER_SECOND % CD_SECONDS_PER_MINUTE),
                    (uint8_t)(position % CD_FRAMES_PER_SECOND)},
    };
}

ballast_status disk_control_read_toc(void *target, struct request *request)
{
    const struct disk *disk = target;
    struct storage_toc *toc = request->buffer;
    if (disk->kind != DISK_KIND_CD) {
        return BALLAST_INVALID_DEVICE_REQUEST;
    }
    if (request->output_length < sizeof(*toc)) {
        return BALLAST_BUFFER_TOO_SMALL;
    }
    platform_zero(toc, sizeof(*toc));
    toc->length[1] = 2 + 2 * sizeof(toc->tracks[0]);
    toc->first_track = 1;
    toc->last_track = 1;
    toc->tracks[0] = track_at(1, CD_FIRST_FRAME);
    toc->tracks[1] = track_at(STORAGE_TOC_LEAD_OUT, CD_FIRST_FRAME + disk_size(disk) / CD_SECTOR);
    request->information = sizeof(*toc);
    return BALLAST_SUCCESS;
}

/* ---- the mount manager ---- */

/* A length and so many bytes. Without room for them the length alone, so that the caller can come again. */
static ballast_status reply_counted(struct request *request, size_t head, const void *data, uint16_t length)
{
    unsigned char *output = request->buffer;
    bool room = request->output_length >= head + length;
    size_t length_at = head - sizeof(length);
    request->information = room ? head + length : head + sizeof(length);
    platform_zero(output, head + sizeof(length));
    platform_copy(output + length_at, &length, sizeof(length));
    if (room) {
        platform_copy(output + head, data, length);
    }
    return room ? BALLAST_SUCCESS : BALLAST_BUFFER_OVERFLOW;
}

ballast_status disk_control_unique_id(void *target, struct request *request)
{
    const struct disk *disk = target;
    return reply_counted(request, sizeof(uint16_t), &disk->identity, sizeof(disk->identity));
}

ballast_status disk_control_stable_guid(void *target, struct request *request)
{
    const struct disk *disk = target;
    return request_reply(request, &disk->identity, sizeof(disk->identity));
}

ballast_status disk_control_device_name(void *target, struct request *request)
{
    const struct disk *disk = target;
    const struct disk_name name_of = {.number = disk->number, .volume = disk->volume};
    uint16_t name[DISK_NAME_UNITS];
    uint16_t length = disk_name_write(&name_of, name);
    return reply_counted(request, sizeof(uint16_t), name, (uint16_t)(length * sizeof(name[0])));
}

ballast_status disk_control_suggested_link_name(void *target, struct request *request)
{
    static const char prefix[] = "\\DosDevices\\";
    const struct disk *disk = target;
    uint16_t name[sizeof(prefix) + 2];
    uint16_t length = 0;
    if (disk->drive_letter == 0) {
        return BALLAST_OBJECT_NAME_NOT_FOUND;
    }
    while (prefix[length] != 0) {
        name[length] = (uint16_t)prefix[length];
        length++;
    }
    name[length++] = disk->drive_letter;
    name[length++] = ':';
    return reply_counted(request, offsetof(struct mountdev_suggested_name, name), name,
                         (uint16_t)(length * sizeof(name[0])));
}

/* The mount manager tells of links that it has made and deleted. They are its own. */
ballast_status disk_control_link_changed(void *target, struct request *request)
{
    uint16_t length;
    (void)target;
    platform_copy(&length, request->buffer, sizeof(length));
    return request->input_length - sizeof(length) < length ? BALLAST_INVALID_PARAMETER : BALLAST_SUCCESS;
}
