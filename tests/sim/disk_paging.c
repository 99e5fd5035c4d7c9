/* SPDX-License-Identifier: MIT */
/* The disk driver under those who trust it with everything: file systems, the cache and memory managers. */

#include "core/disk/storage_abi.h"
#include "sim/kernel/device.h"
#include "tests/behaviour/create_request.h"
#include "tests/sim/disk_client.h"

#include <string.h>

#define MIB (1u << 20)

static struct sim_file *disk;
static unsigned char page[4096];

static void begin(void)
{
    struct sim_options options = {.seed = 1};
    disk_begin(&options);
}

static NTSTATUS create_sized(uint32_t flags, int64_t size, const char *image)
{
    NTSTATUS status = disk_create_sized(flags, size, image, 0);
    if (NT_SUCCESS(status)) {
        CHECK_EQUAL(sim_create_file(disk_process, DISK_DEVICE, GENERIC_READ | GENERIC_WRITE, &disk), STATUS_SUCCESS);
    }
    return status;
}

static NTSTATUS create(uint32_t flags, const char *image)
{
    return create_sized(flags, MIB, image);
}

/* ---- image files ---- */

/* A file that is created has its end far out at once. Zeros up to a write there take minutes if they have to be stored. */
static void images_that_are_created_are_sparse(void)
{
    begin();
    CHECK_EQUAL(create_sized(IMDISK_TYPE_FILE, 100 * (int64_t)MIB, "new"), STATUS_SUCCESS);
    memset(page, 7, sizeof(page));
    CHECK_EQUAL(sim_write(disk, 99 * MIB, page, sizeof(page), NULL), STATUS_SUCCESS);
    CHECK(sim_volume_allocated("new") < MIB);
    disk_end();
}

/* A worker must not wait for dirty pages to become fewer that only it can write. */
static void cached_writes_are_written_through(void)
{
    static const uint32_t flags[] = {IMDISK_TYPE_FILE, IMDISK_TYPE_FILE | IMDISK_FILE_BUFFERED_IO};
    for (size_t i = 0; i < 2; i++) {
        struct sim_options options = {.seed = 1, .sector_size = 4096};
        disk_begin(&options);
        CHECK_EQUAL(create(flags[i], DISK_IMAGE), STATUS_SUCCESS);
        CHECK_EQUAL(sim_write(disk, 512, page, 512, NULL), STATUS_SUCCESS);
        CHECK_EQUAL(sim_volume_unflushed_bytes(), 0);
        disk_end();
    }
}

static struct storage_access_alignment alignment(void)
{
    struct storage_property_query query = {STORAGE_PROPERTY_ACCESS_ALIGNMENT, STORAGE_QUERY_STANDARD};
    struct storage_access_alignment reply = {.version = 0};
    CHECK_EQUAL(sim_ioctl(disk, IOCTL_STORAGE_QUERY_PROPERTY, &query, sizeof(query), &reply, sizeof(reply), NULL),
                STATUS_SUCCESS);
    return reply;
}

/* What the medium under the image reads and writes at a time, which its sectors do not say. */
static void sectors_are_the_hosts(void)
{
    static const struct {
        struct sim_options options;
        uint32_t physical;
    } rows[] = {
        {{.seed = 1}, 512},
        {{.seed = 1, .physical_sector_size = 4096}, 4096},
        {{.seed = 1, .physical_sector_size = 4096, .nt52 = true}, 512}, /* which cannot say */
        {{.seed = 1, .sector_size = 4096}, 4096},
        {{.seed = 1, .sector_size = 4096, .raw_device = true}, 4096},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        test_note("row %u", (unsigned)i);
        disk_begin(&rows[i].options);
        CHECK_EQUAL(create(IMDISK_TYPE_FILE | BALLAST_OPTION_AS_IS, DISK_IMAGE), STATUS_SUCCESS);
        CHECK_EQUAL(alignment().bytes_per_logical_sector, 512);
        CHECK_EQUAL(alignment().bytes_per_physical_sector, rows[i].physical);
        CHECK_EQUAL(sim_read(disk, 512, page, 512, NULL), STATUS_SUCCESS);
        CHECK_EQUAL(page[0], target_pattern(512));
        disk_end();
    }
}

/* A device has no end of file: it is as long as it says, or as its partition is. */
static void devices_have_a_length(void)
{
    for (unsigned i = 0; i < 2; i++) {
        struct sim_options options = {.seed = 1, .raw_device = true, .raw_partition = i != 0};
        uint64_t length = 0;
        disk_begin(&options);
        CHECK_EQUAL(create_sized(IMDISK_TYPE_FILE | BALLAST_OPTION_AS_IS, 0, DISK_IMAGE), STATUS_SUCCESS);
        CHECK_EQUAL(sim_ioctl(disk, IOCTL_DISK_GET_LENGTH_INFO, NULL, 0, &length, sizeof(length), NULL),
                    STATUS_SUCCESS);
        CHECK_EQUAL(length, MIB);
        disk_end();
    }
}

static ULONG buffer_alignment(void)
{
    struct sim_device *device = sim_device_find(DISK_DEVICE);
    ULONG mask = device->object.AlignmentRequirement;
    sim_device_dereference(device);
    return mask;
}

/* Memory takes any buffer; a file's disk what the file takes. */
static void buffers_are_aligned_as_the_host_wants(void)
{
    begin();
    CHECK_EQUAL(create(IMDISK_TYPE_VM, NULL), STATUS_SUCCESS);
    CHECK_EQUAL(buffer_alignment(), 0);
    disk_end();
    begin();
    CHECK_EQUAL(create(IMDISK_TYPE_FILE, DISK_IMAGE), STATUS_SUCCESS);
    CHECK_EQUAL(buffer_alignment(), 1);
    disk_end();
}

static void device_objects_have_the_disks_sectors(void)
{
    static const struct {
        uint32_t flags, sector, expected;
    } rows[] = {
        {IMDISK_TYPE_VM, 512, 512},
        {IMDISK_TYPE_VM, 4096, 4096},
        {IMDISK_TYPE_VM, 65536, 0}, /* that number does not fit */
        {IMDISK_TYPE_VM | IMDISK_DEVICE_TYPE_CD, 2048, 2048},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        _Alignas(8) unsigned char bytes[256];
        struct imdisk_create_data fields = {.device_number = DISK_NUMBER,
                                            .flags = rows[i].flags,
                                            .size_bytes = MIB,
                                            .bytes_per_sector = rows[i].sector};
        size_t length = create_request(bytes, sizeof(bytes), &fields, NULL);
        begin();
        CHECK_EQUAL(sim_ioctl(disk_control, IMDISK_IOCTL_CREATE_DEVICE, bytes, (ULONG)length, NULL, 0, NULL),
                    STATUS_SUCCESS);
        struct sim_device *device = sim_device_find(DISK_DEVICE);
        test_note("row %u", (unsigned)i);
        CHECK_EQUAL(device->object.SectorSize, rows[i].expected);
        sim_device_dereference(device);
        disk_end();
    }
}

/* ---- short of everything ---- */

/* There is no room to map anything but at the addresses that each disk has kept. */
static void paging_needs_no_room_for_mappings(void)
{
    static const uint32_t types[] = {IMDISK_TYPE_VM, IMDISK_TYPE_FILE};
    unsigned char read[sizeof(page)];
    for (size_t i = 0; i < 2; i++) {
        struct sim_options options = {.seed = 1, .no_mappings = true};
        disk_begin(&options);
        CHECK_EQUAL(create(types[i], i == 0 ? NULL : DISK_IMAGE), STATUS_SUCCESS);
        memset(page, 0x5A, sizeof(page));
        CHECK_EQUAL(sim_paging_write(disk, 4096, page, sizeof(page), NULL), STATUS_SUCCESS);
        CHECK_EQUAL(sim_paging_read(disk, 4096, read, sizeof(read), NULL), STATUS_SUCCESS);
        CHECK_BYTES(read, page, sizeof(page));
        CHECK_EQUAL(sim_read(disk, 4096, read, sizeof(read), NULL), STATUS_INSUFFICIENT_RESOURCES);
        disk_end();
    }
}

#define CHUNK (64u << 10)

/* Fills chunks from *chunk on, by programs or by the memory manager, until there is no memory. Returns how many. */
static unsigned fill(unsigned *chunk, bool paging)
{
    unsigned count = 0;
    NTSTATUS status = STATUS_SUCCESS;
    while (NT_SUCCESS(status) && *chunk < 200) {
        memset(page, (int)*chunk, sizeof(page));
        status = paging ? sim_paging_write(disk, (uint64_t)*chunk * CHUNK, page, sizeof(page), NULL)
                        : sim_write(disk, (uint64_t)*chunk * CHUNK, page, sizeof(page), NULL);
        count += NT_SUCCESS(status);
        *chunk += NT_SUCCESS(status);
    }
    CHECK_EQUAL(status, STATUS_INSUFFICIENT_RESOURCES);
    return count;
}

/* Memory that programs cannot get: what is paged out has some of its own, which is kept again when there is some. */
static void paging_has_a_reserve(void)
{
    struct sim_options options = {.seed = 1, .hurry = 1000, .pool_limit = 4 * MIB};
    unsigned char read[sizeof(page)];
    disk_begin(&options);
    CHECK_EQUAL(create_sized(IMDISK_TYPE_VM, 16 * MIB, NULL), STATUS_SUCCESS);
    for (unsigned round = 0; round < 2; round++) {
        unsigned chunk = 1;
        test_note("round %u", round);
        CHECK(fill(&chunk, false) > 16);
        CHECK_EQUAL(fill(&chunk, true), 16);
        for (unsigned i = 1; i < chunk; i++) {
            CHECK_EQUAL(sim_paging_read(disk, (uint64_t)i * CHUNK, read, sizeof(read), NULL), STATUS_SUCCESS);
            memset(page, (int)i, sizeof(page));
            CHECK_BYTES(read, page, sizeof(page));
        }
        static const unsigned char zeros[CHUNK];
        for (unsigned i = 1; i < chunk; i++) { /* gives all back */
            CHECK_EQUAL(sim_write(disk, (uint64_t)i * CHUNK, zeros, sizeof(zeros), NULL), STATUS_SUCCESS);
        }
    }
    disk_end();
}

/* ---- the end ---- */

/* Programs find the end by reading nothing; file systems and the memory manager believe that their data is safe. */
static void the_kernel_is_told_of_the_end(void)
{
    ULONG_PTR done = 9;
    begin();
    CHECK_EQUAL(create(IMDISK_TYPE_VM, NULL), STATUS_SUCCESS);
    CHECK_EQUAL(sim_write(disk, MIB - 512, page, sizeof(page), &done), STATUS_SUCCESS);
    CHECK_EQUAL(done, 0);
    CHECK_EQUAL(sim_paging_write(disk, MIB - 512, page, sizeof(page), NULL), STATUS_NONEXISTENT_SECTOR);
    CHECK_EQUAL(sim_paging_read(disk, MIB, page, sizeof(page), NULL), STATUS_NONEXISTENT_SECTOR);
    sim_file_of_kernel(disk);
    CHECK_EQUAL(sim_write(disk, MIB, page, sizeof(page), NULL), STATUS_NONEXISTENT_SECTOR);
    CHECK_EQUAL(sim_read(disk, MIB - 512, page, sizeof(page), NULL), STATUS_NONEXISTENT_SECTOR);
    CHECK_EQUAL(sim_read(disk, MIB - 512, page, 512, &done), STATUS_SUCCESS);
    CHECK_EQUAL(done, 512);
    CHECK_EQUAL(sim_read(disk, MIB, page, 0, NULL), STATUS_SUCCESS);
    disk_end();
}

TEST_MAIN({"paging_needs_no_room_for_mappings", paging_needs_no_room_for_mappings},
          {"paging_has_a_reserve", paging_has_a_reserve},
          {"images_that_are_created_are_sparse", images_that_are_created_are_sparse},
          {"cached_writes_are_written_through", cached_writes_are_written_through},
          {"sectors_are_the_hosts", sectors_are_the_hosts}, {"devices_have_a_length", devices_have_a_length},
          {"buffers_are_aligned_as_the_host_wants", buffers_are_aligned_as_the_host_wants},
          {"device_objects_have_the_disks_sectors", device_objects_have_the_disks_sectors},
          {"the_kernel_is_told_of_the_end", the_kernel_is_told_of_the_end})
