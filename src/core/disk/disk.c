/* SPDX-License-Identifier: MIT */
/*
 * Disk state and transfers; disk.h has the contract.
 *
 * Locks: resize_lock is held while the size changes. Transfers take none: they are inside the epoch, and whoever makes the disk
 * smaller says so first and then lets all leave who may not have heard.
 */

#include "core/disk/disk.h"
#include "core/base/atomic.h"

#define DISK_TAG_NAME PLATFORM_TAG('B', 'd', 'N', 'm')

_Static_assert(DISK_KIND_HARD_DISK == IMDISK_DEVICE_TYPE_HD >> 4, "kinds follow the wire values");
_Static_assert(DISK_KIND_RAW == IMDISK_DEVICE_TYPE_RAW >> 4, "kinds follow the wire values");

/* ---- identity ---- */

/* Finaliser of SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t mix(uint64_t value)
{
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9u;
    value = (value ^ value >> 27) * 0x94D049BB133111EBu;
    return value ^ value >> 31;
}

static void add_to_identity(uint64_t state[2], uint64_t value)
{
    state[0] = mix(state[0] ^ value) + 0x9E3779B97F4A7C15u;
    state[1] = mix(state[1] + value) ^ 0xD1B54A32D192ED03u;
}

struct disk_identity disk_identify(const struct disk_parameters *parameters, uint32_t instance)
{
    struct disk_identity identity;
    uint64_t state[2] = {0x42616C6C61737444u /* "BallastD" */, 0};
    size_t characters = parameters->file_name_length / sizeof(uint16_t);
    add_to_identity(state, instance);
    for (size_t i = 0; i < characters; i++) {
        uint16_t character = parameters->file_name[i];
        add_to_identity(state, character >= 'a' && character <= 'z' ? character - 'a' + 'A' : character);
    }
    add_to_identity(state, characters != 0 ? parameters->image_offset : parameters->number);
    platform_copy(identity.bytes, state, sizeof(identity.bytes));
    /* Version 8 of RFC 9562, "custom"; in the layout of Windows' GUID, whose third member is little-endian. */
    identity.bytes[7] = (unsigned char)((identity.bytes[7] & 0x0F) | 0x80);
    identity.bytes[8] = (unsigned char)((identity.bytes[8] & 0x3F) | 0x80);
    return identity;
}

/* ---- life ---- */

static unsigned lane_count(void)
{
    unsigned processors = platform_processors();
    return processors < DISK_MAXIMUM_LANES ? processors : DISK_MAXIMUM_LANES;
}

size_t disk_lanes_size(void)
{
    return (lane_count() + 1) * sizeof(struct disk_lane); /* one for the alignment */
}

static void open_lanes(struct disk *disk, void *lanes)
{
    size_t alignment = _Alignof(struct disk_lane);
    disk->lanes = (struct disk_lane *)(((uintptr_t)lanes + alignment - 1) & ~(uintptr_t)(alignment - 1));
    disk->lane_count = lane_count();
    platform_zero(disk->lanes, disk->lane_count * sizeof(*disk->lanes));
    epoch_initialize(&disk->epoch, &disk->lanes->epoch, sizeof(*disk->lanes), disk->lane_count);
}

ballast_status disk_initialize(struct disk *disk, const struct disk_parameters *parameters, struct source *source,
                               void *lanes)
{
    uint16_t *file_name = NULL;
    if (parameters->file_name_length != 0) {
        file_name = platform_allocate(PLATFORM_POOL_NONPAGED, parameters->file_name_length, DISK_TAG_NAME);
        if (file_name == NULL) {
            return BALLAST_INSUFFICIENT_RESOURCES;
        }
        platform_copy(file_name, parameters->file_name, parameters->file_name_length);
    }
    *disk = (struct disk){
        .number = parameters->number,
        .volume = disk->volume,
        .identity = disk->identity,
        .flags = parameters->flags,
        .kind = parameters->kind,
        .in_memory = parameters->in_memory,
        .locked_memory = parameters->locked_memory,
        .drive_letter = parameters->drive_letter,
        .file_name_length = parameters->file_name_length,
        .file_name = file_name,
        .image_offset = parameters->image_offset,
        .maximum_size = parameters->maximum_size,
        .geometry = parameters->geometry,
        .source = source,
    };
    platform_mutex_initialize(&disk->resize_lock);
    open_lanes(disk, lanes);
    source_base(source)->epoch = &disk->epoch;
    return BALLAST_SUCCESS;
}

void disk_destroy(struct disk *disk)
{
    epoch_flush(&disk->epoch);
    disk->source->operations->destroy(disk->source);
    epoch_destroy(&disk->epoch);
    platform_mutex_destroy(&disk->resize_lock);
    platform_free(disk->file_name, disk->file_name_length, DISK_TAG_NAME);
}

/* ---- lanes ---- */

void disk_close(struct disk *disk, struct epoch_item *closed)
{
    epoch_close(&disk->epoch, closed);
}

uint32_t disk_transfers(const struct disk *disk)
{
    uint32_t transfers = 0;
    for (unsigned i = 0; i < disk->lane_count; i++) {
        const struct epoch_lane *lane = &disk->lanes[i].epoch;
        transfers += rundown_users(&lane->readers[0]) + rundown_users(&lane->readers[1]);
    }
    return transfers;
}

struct disk_counters disk_count(const struct disk *disk)
{
    struct disk_counters sum = {0};
    for (unsigned i = 0; i < disk->lane_count; i++) {
        const struct disk_counters *counters = &disk->lanes[i].counters;
        sum.read_requests += atomic_load_u64(&counters->read_requests);
        sum.read_bytes += atomic_load_u64(&counters->read_bytes);
        sum.write_requests += atomic_load_u64(&counters->write_requests);
        sum.written_bytes += atomic_load_u64(&counters->written_bytes);
        sum.flush_requests += atomic_load_u64(&counters->flush_requests);
        sum.trim_requests += atomic_load_u64(&counters->trim_requests);
        sum.failed_requests += atomic_load_u64(&counters->failed_requests);
        sum.trimmed_bytes += atomic_load_u64(&counters->trimmed_bytes);
    }
    return sum;
}

bool disk_usage(struct disk *disk, struct source_usage *usage)
{
    bool known = disk->source->operations->usage(disk->source, usage);
    usage->overhead_bytes += known ? disk_lanes_size() : 0;
    return known;
}

/* ---- what it is ---- */

bool disk_read_only(const struct disk *disk)
{
    return (disk_flags(disk) & IMDISK_OPTION_READ_ONLY) != 0;
}

bool disk_kind_removable(enum disk_kind kind, uint32_t flags)
{
    return kind == DISK_KIND_FLOPPY || kind == DISK_KIND_CD || (flags & IMDISK_OPTION_REMOVABLE) != 0;
}

bool disk_removable(const struct disk *disk)
{
    return disk_kind_removable(disk->kind, disk_flags(disk));
}

static bool within(const struct disk *disk, uint64_t offset, uint64_t length)
{
    uint64_t size = disk_size(disk);
    return offset <= size && length <= size - offset;
}

/* ---- transfers ---- */

/* What becomes of a transfer that is not within the disk. */
static ballast_status beyond_end(const struct disk *disk)
{
    return (disk_flags(disk) & BALLAST_OPTION_STRICT_END) != 0 ? BALLAST_NONEXISTENT_SECTOR : BALLAST_SUCCESS;
}

ballast_status disk_refuse_transfer(const struct disk *disk, int64_t offset, size_t length, bool write)
{
    if (offset < 0) {
        return BALLAST_INVALID_PARAMETER;
    }
    if (write && disk_read_only(disk)) {
        return BALLAST_MEDIA_WRITE_PROTECTED;
    }
    return length == 0 ? BALLAST_SUCCESS : beyond_end(disk);
}

typedef ballast_status write_to_source(struct source *source, uint64_t offset, const void *buffer, size_t length);

__attribute__((always_inline)) static inline ballast_status write_inside(struct disk *disk, struct disk_lane *lane,
                                                                         uint64_t offset, const void *buffer,
                                                                         size_t length, write_to_source *write)
{
    if ((disk_flags(disk) & IMDISK_IMAGE_MODIFIED) == 0) {
        __atomic_or_fetch(&disk->flags, IMDISK_IMAGE_MODIFIED, __ATOMIC_RELAXED);
    }
    ballast_status status = write(disk->source, offset, buffer, length);
    if (status != BALLAST_RETRY) {
        disk_count_transfer(lane, status, &lane->counters.write_requests, &lane->counters.written_bytes, length);
    }
    return status;
}

ballast_status disk_read(struct disk *disk, uint64_t offset, void *buffer, size_t length, size_t *transferred)
{
    struct disk_lane *lane = disk_lane(disk);
    uint32_t *inside = disk_enter(disk, lane);
    ballast_status status = BALLAST_DEVICE_REMOVED;
    *transferred = 0;
    if (inside == NULL) {
        return status;
    }
    if (within(disk, offset, length)) {
        status = disk_read_inside(disk, lane, offset, buffer, length);
        *transferred = ballast_failed(status) ? 0 : length;
    } else {
        status = beyond_end(disk);
    }
    disk_leave_reading(disk, inside);
    return status;
}

ballast_status disk_write_inside(struct disk *disk, struct disk_lane *lane, uint64_t offset, const void *buffer,
                                 size_t length)
{
    return write_inside(disk, lane, offset, buffer, length, disk->source->operations->write);
}

static ballast_status write_by(struct disk *disk, uint64_t offset, const void *buffer, size_t length,
                               size_t *transferred, write_to_source *write)
{
    struct disk_lane *lane = disk_lane(disk);
    ballast_status status = BALLAST_RETRY;
    *transferred = 0;
    while (status == BALLAST_RETRY) {
        uint32_t *inside = disk_enter(disk, lane);
        if (inside == NULL) {
            return BALLAST_DEVICE_REMOVED;
        }
        if (within(disk, offset, length)) {
            status = write_inside(disk, lane, offset, buffer, length, write);
            *transferred = ballast_failed(status) ? 0 : length;
        } else {
            status = beyond_end(disk);
        }
        disk_leave(disk, inside);
        if (status == BALLAST_RETRY) {
            epoch_wait(&disk->epoch);
        }
    }
    return status;
}

ballast_status disk_write(struct disk *disk, uint64_t offset, const void *buffer, size_t length, size_t *transferred)
{
    return write_by(disk, offset, buffer, length, transferred, disk->source->operations->write);
}

ballast_status disk_write_urgent(struct disk *disk, uint64_t offset, const void *buffer, size_t length,
                                 size_t *transferred)
{
    const struct source_operations *operations = disk->source->operations;
    return write_by(disk, offset, buffer, length, transferred,
                    operations->write_urgent != NULL ? operations->write_urgent : operations->write);
}

ballast_status disk_verify(struct disk *disk, uint64_t offset, void *buffer, size_t length)
{
    uint32_t *inside = disk_enter(disk, disk_lane(disk));
    ballast_status status = BALLAST_NONEXISTENT_SECTOR;
    if (inside == NULL) {
        return BALLAST_DEVICE_REMOVED;
    }
    if (within(disk, offset, length)) {
        status = disk->source->operations->read(disk->source, offset, buffer, length);
    }
    disk_leave(disk, inside);
    return status;
}

ballast_status disk_flush(struct disk *disk)
{
    struct disk_lane *lane = disk_lane(disk);
    /* Also if the disk is read-only by now: it need not have been when it was written. */
    ballast_status status = disk->source->operations->flush(disk->source);
    atomic_add_u64(ballast_failed(status) ? &lane->counters.failed_requests : &lane->counters.flush_requests, 1);
    return status;
}

ballast_status disk_trim(struct disk *disk, uint64_t offset, uint64_t length)
{
    struct disk_lane *lane = disk_lane(disk);
    uint32_t *inside = disk_enter(disk, lane);
    ballast_status status = BALLAST_INVALID_PARAMETER;
    if (inside == NULL) {
        return BALLAST_DEVICE_REMOVED;
    }
    if (within(disk, offset, length)) {
        status = length == 0 ? BALLAST_SUCCESS : disk->source->operations->trim(disk->source, offset, length);
    }
    disk_leave(disk, inside);
    disk_count_transfer(lane, status, &lane->counters.trim_requests, &lane->counters.trimmed_bytes, length);
    return status;
}

uint64_t disk_extent(struct disk *disk, uint64_t offset, uint64_t length, bool *data)
{
    uint32_t *inside = disk_enter(disk, disk_lane(disk));
    uint64_t extent = 0;
    *data = true;
    if (inside == NULL) {
        return 0;
    }
    uint64_t size = disk_size(disk);
    if (offset < size && length != 0) {
        length = length < size - offset ? length : size - offset;
        extent = disk->source->operations->extent != NULL
                     ? disk->source->operations->extent(disk->source, offset, length, data)
                     : length;
    }
    disk_leave(disk, inside);
    return extent;
}

/* ---- resizing ---- */

static ballast_status resize_source(struct disk *disk, uint64_t size)
{
    uint32_t *inside = disk_enter(disk, disk_lane(disk));
    if (inside == NULL) {
        return BALLAST_DEVICE_REMOVED;
    }
    ballast_status status = disk->source->operations->resize(disk->source, size);
    disk_leave(disk, inside);
    return status;
}

/* Nobody transfers behind the new end any more when the source hears of it. */
static ballast_status shrink(struct disk *disk, uint64_t old_size, uint64_t size)
{
    atomic_store_u64(&disk->geometry.size_bytes, size);
    epoch_wait(&disk->epoch);
    ballast_status status = resize_source(disk, size);
    if (ballast_failed(status)) {
        atomic_store_u64(&disk->geometry.size_bytes, old_size);
    }
    return status;
}

static ballast_status extend(struct disk *disk, uint64_t size)
{
    ballast_status status = resize_source(disk, size);
    if (!ballast_failed(status)) {
        atomic_store_release_u64(&disk->geometry.size_bytes, size);
    }
    return status;
}

/* resize_lock held. */
static ballast_status resize_locked(struct disk *disk, uint64_t size, bool allow_shrink)
{
    uint64_t old_size = disk_size(disk);
    if (size <= DISK_MINIMUM_EXCLUSIVE || size > disk->maximum_size || (size < old_size && !allow_shrink)) {
        return BALLAST_INVALID_PARAMETER;
    }
    if (size == old_size) {
        return BALLAST_SUCCESS;
    }
    return size < old_size ? shrink(disk, old_size, size) : extend(disk, size);
}

ballast_status disk_resize(struct disk *disk, uint64_t size, bool allow_shrink)
{
    platform_mutex_lock(&disk->resize_lock);
    ballast_status status = resize_locked(disk, size, allow_shrink);
    platform_mutex_unlock(&disk->resize_lock);
    return status;
}

ballast_status disk_grow(struct disk *disk, uint64_t bytes)
{
    uint64_t size;
    platform_mutex_lock(&disk->resize_lock);
    ballast_status status = __builtin_add_overflow(disk_size(disk), bytes, &size) ? BALLAST_INVALID_PARAMETER
                                                                                  : resize_locked(disk, size, false);
    platform_mutex_unlock(&disk->resize_lock);
    return status;
}
