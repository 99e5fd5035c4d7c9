/* SPDX-License-Identifier: MIT */
/* Device control requests as functions of a disk's state; control.h has the contract. */

#include "core/disk/control.h"
#include "core/base/atomic.h"
#include "core/disk/storage_abi.h"

#define PARTITION_TYPE_FAT16 0x06 /* what ImDisk reports for every disk */

ballast_status disk_control_accept(void *target, struct request *request)
{
    (void)target;
    (void)request;
    return BALLAST_SUCCESS;
}

ballast_status disk_control_query_version(void *target, struct request *request)
{
    uint32_t version = IMDISK_VERSION;
    (void)target;
    return request_reply(request, &version, sizeof(version));
}

ballast_status disk_control_hotplug_info(void *target, struct request *request)
{
    uint8_t removable = disk_removable(target);
    struct storage_hotplug_info info = {
        .size = sizeof(info),
        .media_removable = removable,
        .media_hotplug = removable,
        .device_hotplug = removable,
    };
    return request_reply(request, &info, sizeof(info));
}

ballast_status disk_control_is_writable(void *target, struct request *request)
{
    (void)request;
    return disk_read_only(target) ? BALLAST_MEDIA_WRITE_PROTECTED : BALLAST_SUCCESS;
}

ballast_status disk_control_length(void *target, struct request *request)
{
    uint64_t length = disk_size(target);
    return request_reply(request, &length, sizeof(length));
}

ballast_status disk_control_geometry(void *target, struct request *request)
{
    const struct disk *disk = target;
    struct disk_geometry geometry = disk->geometry;
    geometry.size_bytes = disk_size(disk);
    struct storage_geometry output = {
        .cylinders = (int64_t)geometry_cylinders(&geometry),
        .media_type = geometry.media_type,
        .tracks_per_cylinder = geometry.tracks_per_cylinder,
        .sectors_per_track = geometry.sectors_per_track,
        .bytes_per_sector = geometry.bytes_per_sector,
    };
    return request_reply(request, &output, sizeof(output));
}

/* The whole disk is one partition that begins behind a first track that does not exist. */
static struct storage_partition describe_partition(const struct disk *disk)
{
    return (struct storage_partition){
        .starting_offset = (int64_t)((uint64_t)disk->geometry.bytes_per_sector * disk->geometry.sectors_per_track),
        .partition_length = (int64_t)disk_size(disk),
        .hidden_sectors = 1,
        .partition_number = 1,
        .partition_type = PARTITION_TYPE_FAT16,
    };
}

ballast_status disk_control_partition(void *target, struct request *request)
{
    struct storage_partition partition = describe_partition(target);
    return request_reply(request, &partition, sizeof(partition));
}

ballast_status disk_control_partition_ex(void *target, struct request *request)
{
    struct storage_partition partition = describe_partition(target);
    struct storage_partition_ex output = {
        .starting_offset = partition.starting_offset,
        .partition_length = partition.partition_length,
        .partition_number = partition.partition_number,
        .mbr_partition_type = partition.partition_type,
        .mbr_hidden_sectors = partition.hidden_sectors,
    };
    return request_reply(request, &output, sizeof(output));
}

/* ---- ImDisk's own ---- */

uint32_t disk_reported_flags(const struct disk *disk)
{
    uint32_t flags = disk_flags(disk);
    uint32_t subtype = flags & IMDISK_SUBTYPE_MASK;
    uint32_t reported =
        flags & (IMDISK_OPTION_READ_ONLY | IMDISK_DEVICE_TYPE_MASK | IMDISK_TYPE_MASK | IMDISK_IMAGE_MODIFIED |
                 IMDISK_OPTION_SHARED_IMAGE | (BALLAST_OPTION_MASK & ~BALLAST_OPTION_AS_IS));
    if (source_sparse(disk->source)) {
        reported |= IMDISK_OPTION_SPARSE_FILE;
    }
    if (disk_removable(disk)) {
        reported |= IMDISK_OPTION_REMOVABLE;
    }
    if (subtype == IMDISK_FILE_AWE_ALLOC || subtype == IMDISK_FILE_PARALLEL_IO) {
        reported |= subtype;
    }
    return reported;
}

void disk_write_create_data(const struct disk *disk, uint32_t flags, struct imdisk_create_data *data)
{
    *data = (struct imdisk_create_data){
        .device_number = disk->number,
        .size_bytes = (int64_t)disk_size(disk),
        .media_type = disk->geometry.media_type,
        .tracks_per_cylinder = disk->geometry.tracks_per_cylinder,
        .sectors_per_track = disk->geometry.sectors_per_track,
        .bytes_per_sector = disk->geometry.bytes_per_sector,
        .image_offset_bytes = (int64_t)disk->image_offset,
        .flags = flags,
        .drive_letter = disk->drive_letter,
        .file_name_length_bytes = disk->file_name_length,
    };
    if (disk->file_name_length != 0) {
        platform_copy(data->file_name, disk->file_name, disk->file_name_length);
    }
}

ballast_status disk_control_query_device(void *target, struct request *request)
{
    const struct disk *disk = target;
    if (request->output_length < IMDISK_QUERY_DEVICE_MINIMUM + (size_t)disk->file_name_length) {
        return BALLAST_BUFFER_TOO_SMALL;
    }
    request->information = IMDISK_CREATE_DATA_MINIMUM + (size_t)disk->file_name_length;
    platform_zero(request->buffer, request->information);
    disk_write_create_data(disk, disk_reported_flags(disk), request->buffer);
    return BALLAST_SUCCESS;
}

uint32_t disk_change_flags(struct disk *disk, uint32_t flags_to_change, uint32_t values)
{
    bool disk_device = disk->kind == DISK_KIND_HARD_DISK || disk->kind == DISK_KIND_FLOPPY;
    bool make_read_only = (values & IMDISK_OPTION_READ_ONLY) != 0;
    uint32_t allowed = IMDISK_IMAGE_MODIFIED;
    if (disk_device) {
        allowed |= IMDISK_OPTION_REMOVABLE;
        if (make_read_only || disk->in_memory) {
            allowed |= IMDISK_OPTION_READ_ONLY;
        }
    }
    uint32_t change = flags_to_change & allowed;
    __atomic_or_fetch(&disk->flags, change & values, __ATOMIC_RELAXED);
    __atomic_and_fetch(&disk->flags, ~(change & ~values), __ATOMIC_RELAXED);
    return flags_to_change & ~change;
}

static ballast_status query_driver_bitmap(const uint32_t *numbers, size_t count, size_t bits, struct request *request)
{
    uint64_t bitmap = 0;
    for (size_t i = 0; i < count; i++) {
        if (numbers[i] >= bits) {
            return BALLAST_INVALID_PARAMETER;
        }
        bitmap |= 1ull << numbers[i];
    }
    return request_reply(request, &bitmap, bits / 8); /* little-endian: the low half comes first */
}

ballast_status disk_query_driver(const uint32_t *numbers, size_t count, struct request *request)
{
    if (request->output_length < sizeof(uint32_t)) {
        return BALLAST_INVALID_PARAMETER;
    }
    if (request->output_length <= sizeof(uint64_t)) {
        return query_driver_bitmap(numbers, count, request->output_length == sizeof(uint64_t) ? 64 : 32, request);
    }
    uint32_t *output = request->buffer;
    bool room = count < request->output_length / sizeof(uint32_t);
    output[0] = (uint32_t)count;
    if (room && count != 0) {
        platform_copy(output + 1, numbers, count * sizeof(uint32_t));
    }
    request->information = sizeof(uint32_t) * (room ? count + 1 : 1);
    return BALLAST_SUCCESS;
}

/* ---- Ballast's own, and what changes the disk ---- */

ballast_status disk_control_query_state(void *target, struct request *request)
{
    struct disk *disk = target;
    struct disk_counters counters = disk_count(disk);
    struct source_usage usage = {0, 0};
    struct ballast_disk_state state = {
        .header = {.size_bytes = sizeof(state), .version = BALLAST_DISK_STATE_VERSION},
        .device_number = disk->number,
        .flags = disk_reported_flags(disk),
        .bytes_per_sector = disk->geometry.bytes_per_sector,
        .size_bytes = disk_size(disk),
        .image_offset_bytes = disk->image_offset,
        .read_requests = counters.read_requests,
        .write_requests = counters.write_requests,
        .flush_requests = counters.flush_requests,
        .trim_requests = counters.trim_requests,
        .failed_requests = counters.failed_requests,
        .read_bytes = counters.read_bytes,
        .written_bytes = counters.written_bytes,
        .trimmed_bytes = counters.trimmed_bytes,
    };
    if (disk_usage(disk, &usage)) {
        state.valid |= BALLAST_DISK_VALID_MEMORY;
        state.allocated_bytes = usage.allocated_bytes;
        state.overhead_bytes = usage.overhead_bytes;
    }
    return request_reply(request, &state, sizeof(state));
}

ballast_status disk_control_resize(void *target, struct request *request)
{
    struct ballast_disk_resize resize;
    platform_copy(&resize, request->buffer, sizeof(resize));
    if (resize.header.size_bytes < sizeof(resize) || resize.header.version != BALLAST_DISK_RESIZE_VERSION ||
        (resize.header.flags & ~BALLAST_DISK_RESIZE_ALLOW_SHRINK) != 0) {
        return BALLAST_INVALID_PARAMETER;
    }
    if (disk_read_only(target)) {
        return BALLAST_MEDIA_WRITE_PROTECTED;
    }
    return disk_resize(target, resize.size_bytes, (resize.header.flags & BALLAST_DISK_RESIZE_ALLOW_SHRINK) != 0);
}

ballast_status disk_control_grow(void *target, struct request *request)
{
    struct storage_grow_partition grow;
    platform_copy(&grow, request->buffer, sizeof(grow));
    if (disk_read_only(target)) {
        return BALLAST_MEDIA_WRITE_PROTECTED;
    }
    if (grow.partition_number != 1 || grow.bytes_to_grow < 0) {
        return BALLAST_INVALID_PARAMETER;
    }
    return disk_grow(target, (uint64_t)grow.bytes_to_grow);
}

/* How much of a disk one request looks at, and one call of its source, which others may have to wait for. */
#define RANGES_OF_REQUEST (4ull << 30)
#define RANGES_OF_CALL    (1ull << 30)

/* Adds a range, or makes the last one longer. False: there is no room. */
static bool add_range(struct ballast_disk_ranges *reply, size_t capacity, uint64_t offset, uint64_t length)
{
    struct ballast_disk_range *last = reply->count != 0 ? &reply->ranges[reply->count - 1] : NULL;
    if (last != NULL && last->offset_bytes + last->length_bytes == offset) {
        last->length_bytes += length;
        return true;
    }
    if (reply->count == capacity) {
        return false;
    }
    reply->ranges[reply->count++] = (struct ballast_disk_range){offset, length};
    return true;
}

ballast_status disk_control_query_ranges(void *target, struct request *request)
{
    struct ballast_disk_range_query query;
    struct ballast_disk_ranges *reply = request->buffer;
    size_t capacity = (request->output_length - sizeof(*reply)) / sizeof(reply->ranges[0]);
    platform_copy(&query, request->buffer, sizeof(query));
    if (query.header.size_bytes < sizeof(query) || query.header.version != BALLAST_DISK_RANGES_VERSION ||
        query.header.flags != 0 || query.offset_bytes > INT64_MAX || capacity == 0) {
        return BALLAST_INVALID_PARAMETER;
    }
    platform_zero(reply, sizeof(*reply));
    uint64_t left = query.length_bytes < RANGES_OF_REQUEST ? query.length_bytes : RANGES_OF_REQUEST;
    uint64_t offset = query.offset_bytes;
    while (left != 0 && !request_cancelled(request)) {
        bool data;
        uint64_t extent = disk_extent(target, offset, left < RANGES_OF_CALL ? left : RANGES_OF_CALL, &data);
        if (extent == 0 || (data && !add_range(reply, capacity, offset, extent))) {
            break;
        }
        offset += extent;
        left -= extent;
    }
    reply->header.size_bytes = sizeof(*reply);
    reply->header.version = BALLAST_DISK_RANGES_VERSION;
    reply->next_offset_bytes = offset;
    request->information = sizeof(*reply) + reply->count * sizeof(reply->ranges[0]);
    return BALLAST_SUCCESS;
}

/* All ranges are checked before the first one is trimmed. */
static ballast_status trim_ranges(struct disk *disk, const unsigned char *ranges, size_t count)
{
    struct storage_data_set_range range;
    uint64_t size = disk_size(disk);
    for (size_t i = 0; i < count; i++) {
        platform_copy(&range, ranges + i * sizeof(range), sizeof(range));
        if (range.starting_offset < 0 || (uint64_t)range.starting_offset > size ||
            range.length_bytes > size - (uint64_t)range.starting_offset) {
            return BALLAST_INVALID_PARAMETER;
        }
    }
    ballast_status status = BALLAST_SUCCESS;
    for (size_t i = 0; i < count && !ballast_failed(status); i++) {
        platform_copy(&range, ranges + i * sizeof(range), sizeof(range));
        status = disk_trim(disk, (uint64_t)range.starting_offset, range.length_bytes);
    }
    return status;
}

ballast_status disk_control_trim(void *target, struct request *request)
{
    struct storage_data_set_attributes attributes;
    platform_copy(&attributes, request->buffer, sizeof(attributes));
    if ((uint64_t)attributes.data_set_ranges_offset + attributes.data_set_ranges_length > request->input_length) {
        return BALLAST_INVALID_PARAMETER;
    }
    if (attributes.action != DATA_SET_ACTION_TRIM) {
        return BALLAST_INVALID_DEVICE_REQUEST;
    }
    if (disk_read_only(target)) {
        return BALLAST_MEDIA_WRITE_PROTECTED;
    }
    if ((attributes.flags & DATA_SET_FLAG_ENTIRE_RANGE) != 0) {
        return disk_trim(target, 0, disk_size(target));
    }
    return trim_ranges(target, (const unsigned char *)request->buffer + attributes.data_set_ranges_offset,
                       attributes.data_set_ranges_length / sizeof(struct storage_data_set_range));
}
