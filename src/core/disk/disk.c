/* SPDX-License-Identifier: MIT */
/*
 * Disk state and transfers; disk.h has the contract.
 *
 * Locks: resize_lock is held shared around every transfer, so that the size checked is the size the source sees, and
 * exclusive while the size changes.
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

ballast_status disk_initialize(struct disk *disk, const struct disk_parameters *parameters, struct source *source)
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
    rwlock_initialize(&disk->resize_lock);
    return BALLAST_SUCCESS;
}

void disk_destroy(struct disk *disk)
{
    disk->source->operations->destroy(disk->source);
    rwlock_destroy(&disk->resize_lock);
    platform_free(disk->file_name, disk->file_name_length, DISK_TAG_NAME);
}

uint64_t disk_size(const struct disk *disk)
{
    return atomic_load_u64(&disk->geometry.size_bytes);
}

uint32_t disk_flags(const struct disk *disk)
{
    return __atomic_load_n(&disk->flags, __ATOMIC_RELAXED);
}

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

static ballast_status count(struct disk *disk, ballast_status status, uint64_t *requests, uint64_t *bytes,
                            uint64_t length)
{
    if (ballast_failed(status)) {
        atomic_add_u64(&disk->counters.failed_requests, 1);
    } else {
        atomic_add_u64(requests, 1);
        if (bytes != NULL) {
            atomic_add_u64(bytes, length);
        }
    }
    return status;
}

/* What becomes of a transfer that is not within the disk. */
static ballast_status beyond_end(const struct disk *disk)
{
    return (disk_flags(disk) & BALLAST_OPTION_STRICT_END) != 0 ? BALLAST_NONEXISTENT_SECTOR : BALLAST_SUCCESS;
}

ballast_status disk_check_transfer(const struct disk *disk, int64_t offset, size_t length, bool write)
{
    if (offset < 0) {
        return BALLAST_INVALID_PARAMETER;
    }
    if (write && disk_read_only(disk)) {
        return BALLAST_MEDIA_WRITE_PROTECTED;
    }
    if (length == 0) {
        return BALLAST_SUCCESS;
    }
    return within(disk, (uint64_t)offset, length) ? BALLAST_PENDING : beyond_end(disk);
}

ballast_status disk_read(struct disk *disk, uint64_t offset, void *buffer, size_t length, size_t *transferred)
{
    ballast_status status = beyond_end(disk);
    *transferred = 0;
    rwlock_lock_shared(&disk->resize_lock);
    if (within(disk, offset, length)) {
        status = disk->source->operations->read(disk->source, offset, buffer, length);
        *transferred = ballast_failed(status) ? 0 : length;
    }
    rwlock_unlock_shared(&disk->resize_lock);
    return count(disk, status, &disk->counters.read_requests, &disk->counters.read_bytes, *transferred);
}

ballast_status disk_verify(struct disk *disk, uint64_t offset, void *buffer, size_t length)
{
    ballast_status status = BALLAST_NONEXISTENT_SECTOR;
    rwlock_lock_shared(&disk->resize_lock);
    if (within(disk, offset, length)) {
        status = disk->source->operations->read(disk->source, offset, buffer, length);
    }
    rwlock_unlock_shared(&disk->resize_lock);
    return status;
}

ballast_status disk_write(struct disk *disk, uint64_t offset, const void *buffer, size_t length, size_t *transferred)
{
    ballast_status status = beyond_end(disk);
    *transferred = 0;
    rwlock_lock_shared(&disk->resize_lock);
    if (within(disk, offset, length)) {
        if ((disk_flags(disk) & IMDISK_IMAGE_MODIFIED) == 0) {
            __atomic_or_fetch(&disk->flags, IMDISK_IMAGE_MODIFIED, __ATOMIC_RELAXED);
        }
        status = disk->source->operations->write(disk->source, offset, buffer, length);
        *transferred = ballast_failed(status) ? 0 : length;
    }
    rwlock_unlock_shared(&disk->resize_lock);
    return count(disk, status, &disk->counters.write_requests, &disk->counters.written_bytes, *transferred);
}

ballast_status disk_flush(struct disk *disk)
{
    /* Also if the disk is read-only by now: it need not have been when it was written. */
    ballast_status status = disk->source->operations->flush(disk->source);
    return count(disk, status, &disk->counters.flush_requests, NULL, 0);
}

ballast_status disk_trim(struct disk *disk, uint64_t offset, uint64_t length)
{
    ballast_status status = BALLAST_INVALID_PARAMETER;
    rwlock_lock_shared(&disk->resize_lock);
    if (within(disk, offset, length)) {
        status = length == 0 ? BALLAST_SUCCESS : disk->source->operations->trim(disk->source, offset, length);
    }
    rwlock_unlock_shared(&disk->resize_lock);
    return count(disk, status, &disk->counters.trim_requests, &disk->counters.trimmed_bytes, length);
}

uint64_t disk_extent(struct disk *disk, uint64_t offset, uint64_t length, bool *data)
{
    uint64_t extent = 0;
    *data = true;
    rwlock_lock_shared(&disk->resize_lock);
    uint64_t size = disk_size(disk);
    if (offset < size && length != 0) {
        length = length < size - offset ? length : size - offset;
        extent = disk->source->operations->extent != NULL
                     ? disk->source->operations->extent(disk->source, offset, length, data)
                     : length;
    }
    rwlock_unlock_shared(&disk->resize_lock);
    return extent;
}

/* resize_lock held exclusive. */
static ballast_status resize_locked(struct disk *disk, uint64_t size, bool allow_shrink)
{
    uint64_t old_size = disk_size(disk);
    if (size <= DISK_MINIMUM_EXCLUSIVE || size > disk->maximum_size || (size < old_size && !allow_shrink)) {
        return BALLAST_INVALID_PARAMETER;
    }
    ballast_status status = BALLAST_SUCCESS;
    if (size != old_size) {
        status = disk->source->operations->resize(disk->source, size);
    }
    if (!ballast_failed(status)) {
        atomic_store_u64(&disk->geometry.size_bytes, size);
    }
    return status;
}

ballast_status disk_resize(struct disk *disk, uint64_t size, bool allow_shrink)
{
    rwlock_lock_exclusive(&disk->resize_lock);
    ballast_status status = resize_locked(disk, size, allow_shrink);
    rwlock_unlock_exclusive(&disk->resize_lock);
    return status;
}

ballast_status disk_grow(struct disk *disk, uint64_t bytes)
{
    uint64_t size;
    rwlock_lock_exclusive(&disk->resize_lock);
    ballast_status status = __builtin_add_overflow(disk_size(disk), bytes, &size) ? BALLAST_INVALID_PARAMETER
                                                                                  : resize_locked(disk, size, false);
    rwlock_unlock_exclusive(&disk->resize_lock);
    return status;
}
