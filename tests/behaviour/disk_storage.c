/* SPDX-License-Identifier: MIT */
/* The disk driver's behaviour table, 2.12 - 2.14: the storage interface, trims, transfers. */

#include "core/disk/storage_abi.h"
#include "tests/behaviour/disk_table.h"

#include <string.h>

/* ---- 2.12 the storage interface ---- */

void storage_lengths(void)
{
    static const struct row rows[] = {
        {IOCTL_DISK_GET_LENGTH_INFO, 0, 7, BUFFER_TOO_SMALL, 0},
        {IOCTL_DISK_GET_LENGTH_INFO, 0, 8, SUCCESS, 8},
        {IOCTL_DISK_GET_DRIVE_GEOMETRY, 0, 23, BUFFER_TOO_SMALL, 0},
        {IOCTL_DISK_GET_DRIVE_GEOMETRY, 0, 24, SUCCESS, 24},
        {IOCTL_CDROM_GET_DRIVE_GEOMETRY, 0, 24, SUCCESS, 24},
        {IOCTL_DISK_GET_MEDIA_TYPES, 0, 23, BUFFER_TOO_SMALL, 0},
        {IOCTL_DISK_GET_MEDIA_TYPES, 0, 24, SUCCESS, 24},
        {IOCTL_STORAGE_GET_MEDIA_TYPES, 0, 100, SUCCESS, 24},
        {IOCTL_DISK_UPDATE_DRIVE_SIZE, 0, 24, SUCCESS, 24},
        {IOCTL_DISK_GET_PARTITION_INFO, 0, 31, BUFFER_TOO_SMALL, 0},
        {IOCTL_DISK_GET_PARTITION_INFO, 0, 32, SUCCESS, 32},
        {IOCTL_DISK_GET_PARTITION_INFO_EX, 0, 143, BUFFER_TOO_SMALL, 0},
        {IOCTL_DISK_GET_PARTITION_INFO_EX, 0, 144, SUCCESS, 144},
        {IOCTL_STORAGE_GET_HOTPLUG_INFO, 0, 7, INVALID_PARAMETER, 0},
        {IOCTL_STORAGE_GET_HOTPLUG_INFO, 0, 8, SUCCESS, 8},
        {IOCTL_DISK_IS_WRITABLE, 0, 0, SUCCESS, 0},
        {IOCTL_DISK_CHECK_VERIFY, 0, 0, SUCCESS, 0},
        {IOCTL_DISK_CHECK_VERIFY, 0, 3, SUCCESS, 0},
        {IOCTL_STORAGE_CHECK_VERIFY, 0, 4, SUCCESS, 4},
        {IOCTL_STORAGE_CHECK_VERIFY2, 0, 8, SUCCESS, 4},
        {IOCTL_CDROM_CHECK_VERIFY, 0, 0, SUCCESS, 0},
        {IOCTL_DISK_MEDIA_REMOVAL, 1, 0, SUCCESS, 0},
        {IOCTL_STORAGE_MEDIA_REMOVAL, 1, 0, SUCCESS, 0},
        {IOCTL_DISK_UPDATE_PROPERTIES, 0, 0, SUCCESS, 0},
        {IOCTL_DISK_GROW_PARTITION, 12, 0, BUFFER_TOO_SMALL, 0},
        {IOCTL_DISK_GROW_PARTITION, 15, 0, BUFFER_TOO_SMALL, 0},
        {IOCTL_DISK_GROW_PARTITION, 16, 0, INVALID_PARAMETER, 0}, /* partition 0 */
        {IOCTL_DISK_GROW_PARTITION, 24, 0, BUFFER_TOO_SMALL, 0},
        {IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES, 27, 0, INVALID_PARAMETER, 0},
        {IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES, 28, 0, INVALID_DEVICE_REQUEST, 0}, /* action 0 */
        {BALLAST_IOCTL_DISK_QUERY_STATE, 0, 127, BUFFER_TOO_SMALL, 0},
        {BALLAST_IOCTL_DISK_QUERY_STATE, 0, 128, SUCCESS, 128},
        {BALLAST_IOCTL_DISK_RESIZE, 15, 0, INVALID_PARAMETER, 0},
        {BALLAST_IOCTL_DISK_RESIZE, 16, 0, INVALID_PARAMETER, 0}, /* header of zeros */
    };
    uint32_t number = create_ram(0, MIB);
    struct target_handle *disk = open_disk(number);
    RUN(disk, rows);
    target_close(disk);
    remove_disk(number);
}

void driver_state_lengths(void)
{
    static const struct row rows[] = {
        {BALLAST_IOCTL_DISK_QUERY_DRIVER_STATE, 0, 399, BUFFER_TOO_SMALL, 0},
        {BALLAST_IOCTL_DISK_QUERY_DRIVER_STATE, 0, 400, SUCCESS, 400},
        {BALLAST_IOCTL_DISK_QUERY_DRIVER_STATE, 0, 4096, SUCCESS, 400},
    };
    RUN(control_device(), rows);
}

/* Ballast's own: where a disk holds data. */
void ranges_with_data(void)
{
    union {
        struct ballast_disk_ranges reply;
        unsigned char room[sizeof(struct ballast_disk_ranges) + 4 * sizeof(struct ballast_disk_range)];
    } found;
    struct ballast_disk_range_query query = {{sizeof(query), BALLAST_DISK_RANGES_VERSION, 0}, 0, 8 * MIB};
    static const unsigned char sector[512] = "data of a sector";
    uint32_t number = create_ram(0, 8 * MIB);
    struct target_handle *disk = open_disk(number);
    size_t returned = 0;
    const struct row rows[] = {
        {BALLAST_IOCTL_DISK_QUERY_RANGES, sizeof(query) - 1, sizeof(found), INVALID_PARAMETER, 0},
        {BALLAST_IOCTL_DISK_QUERY_RANGES, sizeof(query), sizeof(found.reply) - 1, BUFFER_TOO_SMALL, 0},
        {BALLAST_IOCTL_DISK_QUERY_RANGES, sizeof(query), sizeof(found), INVALID_PARAMETER, 0}, /* all zeros */
    };
    RUN(disk, rows);
    CHECK_EQUAL(target_write(disk, 3 * MIB + 512, sector, sizeof(sector), NULL), SUCCESS);
    CHECK_EQUAL(
        target_ioctl(disk, BALLAST_IOCTL_DISK_QUERY_RANGES, &query, sizeof(query), &found, sizeof(found), &returned),
        SUCCESS);
    CHECK_EQUAL(returned, sizeof(found.reply) + sizeof(found.reply.ranges[0]));
    CHECK_EQUAL(found.reply.count, 1);
    CHECK_EQUAL(found.reply.ranges[0].offset_bytes, 3 * MIB);
    CHECK_EQUAL(found.reply.ranges[0].length_bytes, CHUNK);
    CHECK_EQUAL(found.reply.next_offset_bytes, 8 * MIB);
    target_close(disk);
    remove_disk(number);
}

void growing(void)
{
    struct storage_grow_partition grow = {.partition_number = 1, .bytes_to_grow = MIB};
    uint64_t length = 0;
    char sector[512];
    static const char zeros[512];
    uint32_t number = create_ram(0, MIB);
    struct target_handle *disk = open_disk(number);
    CHECK_EQUAL(target_ioctl(disk, IOCTL_DISK_GROW_PARTITION, &grow, sizeof(grow), NULL, 0, NULL), SUCCESS);
    CHECK_EQUAL(target_ioctl(disk, IOCTL_DISK_GET_LENGTH_INFO, NULL, 0, &length, 8, NULL), SUCCESS);
    CHECK_EQUAL(length, 2 * MIB);
    CHECK_EQUAL(target_read(disk, 2 * MIB - 512, sector, sizeof(sector), NULL), SUCCESS);
    CHECK_BYTES(sector, zeros, sizeof(sector));
    target_close(disk);
    remove_disk(number);

    CHECK(target_image_create("grow", MIB));
    number = create_disk((struct create){.number = AUTOMATIC, .image = "grow"});
    disk = open_disk(number);
    CHECK_EQUAL(target_ioctl(disk, IOCTL_DISK_GROW_PARTITION, &grow, sizeof(grow), NULL, 0, NULL), SUCCESS);
    CHECK_EQUAL(target_image_size("grow"), 2 * MIB);
    target_close(disk);
    remove_disk(number);
    number = create_disk((struct create){.number = AUTOMATIC, .offset = 512, .image = "grow"});
    disk = open_disk(number);
    CHECK_EQUAL(target_ioctl(disk, IOCTL_DISK_GROW_PARTITION, &grow, sizeof(grow), NULL, 0, NULL),
                INVALID_DEVICE_REQUEST);
    target_close(disk);
    remove_disk(number);
    number = create_disk((struct create){.number = AUTOMATIC, .flags = IMDISK_OPTION_READ_ONLY, .image = "grow"});
    disk = open_disk(number);
    CHECK_EQUAL(target_ioctl(disk, IOCTL_DISK_GROW_PARTITION, &grow, sizeof(grow), NULL, 0, NULL), WRITE_PROTECTED);
    target_close(disk);
    remove_disk(number);
    target_image_delete("grow");
}

uint64_t allocated(struct target_handle *disk)
{
    struct ballast_disk_state state = {.valid = 0};
    CHECK_EQUAL(target_ioctl(disk, BALLAST_IOCTL_DISK_QUERY_STATE, NULL, 0, &state, sizeof(state), NULL), SUCCESS);
    CHECK(state.valid & BALLAST_DISK_VALID_MEMORY);
    return state.allocated_bytes;
}

void trimming_gives_memory_back(void)
{
    static unsigned char block[MIB];
    struct {
        struct storage_data_set_attributes attributes;
        uint32_t padding;
        struct storage_data_set_range range;
    } trim = {{28, DATA_SET_ACTION_TRIM, 0, 0, 0, 32, 16}, 0, {CHUNK, 4 * CHUNK}};
    uint32_t number = create_ram(0, MIB);
    struct target_handle *disk = open_disk(number);
    memset(block, 0xAA, sizeof(block));
    CHECK_EQUAL(allocated(disk), 0);
    CHECK_EQUAL(target_write(disk, 0, block, sizeof(block), NULL), SUCCESS);
    CHECK_EQUAL(allocated(disk), MIB);
    CHECK_EQUAL(target_ioctl(disk, IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES, &trim, sizeof(trim), NULL, 0, NULL),
                SUCCESS);
    CHECK_EQUAL(allocated(disk), MIB - 4 * CHUNK);
    memset(block, 0, sizeof(block));
    CHECK_EQUAL(target_write(disk, 0, block, sizeof(block), NULL), SUCCESS);
    CHECK_EQUAL(allocated(disk), 0);
    trim.range.length_bytes = MIB;
    CHECK_EQUAL(target_ioctl(disk, IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES, &trim, sizeof(trim), NULL, 0, NULL),
                INVALID_PARAMETER);
    target_close(disk);
    remove_disk(number);
}

/* ---- 2.14 transfers ---- */

void transfer_boundaries(void)
{
    static const struct {
        uint64_t offset;
        size_t length;
        size_t transferred;
    } rows[] = {
        {0, 0, 0},
        {0, 512, 512},
        {0, 1, 1}, /* no alignment is asked for */
        {511, 3, 3},
        {MIB - 512, 512, 512},
        {MIB - 1, 1, 1},
        {MIB - 511, 512, 0}, /* never a part, and no error */
        {MIB, 512, 0},
        {MIB, 0, 0},
        {1ull << 40, 512, 0},
        {INT64_MAX - 511, 512, 0},
        {0, MIB, MIB},
    };
    static unsigned char buffer[MIB + 1];
    uint32_t number = create_ram(0, MIB);
    struct target_handle *disk = open_disk(number);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t done = 99;
        test_note("row %u", (unsigned)i);
        memset(buffer, (int)(i + 1), sizeof(buffer));
        uint32_t status = transfer_status(rows[i].offset, rows[i].length, SUCCESS);
        size_t transferred = status == SUCCESS ? rows[i].transferred : 0;
        CHECK_EQUAL(target_write(disk, rows[i].offset, buffer, rows[i].length, &done), status);
        CHECK_EQUAL(status == SUCCESS ? done : 0, transferred);
        memset(buffer, 0, sizeof(buffer));
        CHECK_EQUAL(target_read(disk, rows[i].offset, buffer, rows[i].length, &done), status);
        CHECK_EQUAL(status == SUCCESS ? done : 0, transferred);
        done = transferred;
        for (size_t j = 0; j < done; j++) {
            if (!CHECK_EQUAL(buffer[j], i + 1)) {
                break;
            }
        }
    }
    target_close(disk);
    remove_disk(number);
}

void large_disks_cost_nothing(void)
{
    char sector[512] = {1};
    if (!target_kernel_is_64_bit()) { /* as with ImDisk, RAM disks are below 2 GiB there */
        CHECK_EQUAL(create_status((struct create){.number = AUTOMATIC, .size = 1ll << 31}), INVALID_PARAMETER);
        remove_disk(create_ram(0, (1ll << 31) - 512));
        return;
    }
    uint32_t number = create_ram(0, 16ll << 30);
    struct target_handle *disk = open_disk(number);
    CHECK_EQUAL(allocated(disk), 0);
    CHECK_EQUAL(target_write(disk, (16ull << 30) - 512, sector, sizeof(sector), NULL), SUCCESS);
    CHECK_EQUAL(allocated(disk), CHUNK);
    target_close(disk);
    remove_disk(number);
}

void statistics(void)
{
    struct ballast_disk_state state;
    struct ballast_disk_state before;
    static char buffer[8192] = {1};
    uint32_t number = create_ram(0, MIB);
    target_alone(true);
    struct target_handle *disk = open_disk(number);
    CHECK_EQUAL(target_ioctl(disk, BALLAST_IOCTL_DISK_QUERY_STATE, NULL, 0, &before, sizeof(before), NULL), SUCCESS);
    CHECK(target_file_system() || before.read_requests == 0);
    CHECK_EQUAL(target_write(disk, 0, buffer, 8192, NULL), SUCCESS);
    CHECK_EQUAL(target_read(disk, 0, buffer, 4096, NULL), SUCCESS);
    CHECK_EQUAL(target_read(disk, MIB, buffer, 4096, NULL), SUCCESS); /* beyond the end: nothing is read */
    CHECK_EQUAL(target_flush(disk), flush_status());
    CHECK_EQUAL(target_ioctl(disk, BALLAST_IOCTL_DISK_QUERY_STATE, NULL, 0, &state, sizeof(state), NULL), SUCCESS);
    CHECK_EQUAL(state.write_requests - before.write_requests, 1);
    CHECK_EQUAL(state.written_bytes - before.written_bytes, 8192);
    CHECK_EQUAL(state.read_requests - before.read_requests, 1);
    CHECK_EQUAL(state.read_bytes - before.read_bytes, 4096);
    CHECK_EQUAL(state.flush_requests, target_raw() ? 0 : 1);
    CHECK_EQUAL(state.failed_requests, before.failed_requests);
    CHECK_EQUAL(state.requests_in_flight, 1);
    CHECK_EQUAL(state.device_number, number);
    CHECK_EQUAL(state.size_bytes, MIB);
    target_alone(false);
    target_close(disk);
    remove_disk(number);
}
