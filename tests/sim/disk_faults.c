/* SPDX-License-Identifier: MIT */
/*
 * Every kernel call of the disk driver that can fail is made to fail, one at a time; faults.h says how.
 *
 * FAULT_AT=list sim-disk-faults create_new_file lists the points of that scenario.
 */

#include "ballast/disk_abi.h"
#include "core/base/status.h"
#include "core/disk/storage_abi.h"
#include "tests/behaviour/create_request.h"
#include "tests/sim/faults.h"

#include <string.h>

#define MIB    (1u << 20)
#define NUMBER 5u
#define IMAGE  "image"

DRIVER_INITIALIZE DriverEntry;

static struct sim_process *process;
static struct sim_file *control;
static struct sim_file *disk;

/* ---- requests ---- */

static NTSTATUS create(uint32_t flags, int64_t size, const char *image, uint16_t letter)
{
    _Alignas(8) unsigned char bytes[IMDISK_CREATE_DATA_SIZE + 128];
    struct imdisk_create_data fields = {
        .device_number = NUMBER, .flags = flags, .size_bytes = size, .drive_letter = letter};
    size_t length = create_request(bytes, sizeof(bytes), &fields, image);
    return sim_ioctl(control, IMDISK_IOCTL_CREATE_DEVICE, bytes, (ULONG)length, bytes, sizeof(bytes), NULL);
}

static NTSTATUS remove_disk(void)
{
    uint32_t number = NUMBER;
    return sim_ioctl(control, IMDISK_IOCTL_REMOVE_DEVICE, &number, sizeof(number), NULL, 0, NULL);
}

static void open_disk(void)
{
    CHECK_EQUAL(sim_create_file(process, "\\Device\\ImDisk5", GENERIC_READ | GENERIC_WRITE, &disk), STATUS_SUCCESS);
}

static void close_disk(void)
{
    if (disk != NULL) {
        sim_close(disk);
        disk = NULL;
    }
}

static unsigned disks(void)
{
    uint32_t list[8] = {0};
    CHECK_EQUAL(sim_ioctl(control, IMDISK_IOCTL_QUERY_DRIVER, NULL, 0, list, sizeof(list), NULL), STATUS_SUCCESS);
    return list[0];
}

static struct ballast_disk_state state(void)
{
    struct ballast_disk_state result = {.valid = 0};
    CHECK_EQUAL(sim_ioctl(disk, BALLAST_IOCTL_DISK_QUERY_STATE, NULL, 0, &result, sizeof(result), NULL),
                STATUS_SUCCESS);
    return result;
}

/* ---- loading ---- */

static void set_up_nothing(void)
{
}

static NTSTATUS operate_load(void)
{
    NTSTATUS status = sim_load(DriverEntry);
    if (NT_SUCCESS(status)) {
        sim_unload();
    }
    return status;
}

/* A disk to be created meanwhile may fail without that: it is logged. One, so that the calls keep their order. */
static void set_up_registry(void)
{
    static const uint16_t name[] = {'\\', '?', '?', '\\', 'C', ':', '\\', 'i', 'm', 'a', 'g', 'e'};
    static const char key[] = SIM_SERVICE_KEY "\\Parameters";
    uint32_t disks_to_load = 1;
    uint64_t size = MIB;
    CHECK(target_image_create(IMAGE, MIB));
    sim_registry_set(key, "LoadDevices", 4, &disks_to_load, sizeof(disks_to_load));
    sim_registry_set(key, "Size0", 11, &size, sizeof(size));
    sim_registry_set(key, "FileName0", 1, name, sizeof(name));
}

static void verify_nothing(NTSTATUS status)
{
    (void)status; /* sim_load has checked that nothing is left */
}

/* ---- creating ---- */

static NTSTATUS operate_create_memory(void)
{
    return create(IMDISK_TYPE_VM, MIB, NULL, 'V');
}

static void verify_created(NTSTATUS status)
{
    CHECK_EQUAL(disks(), NT_SUCCESS(status) ? 1 : 0);
    /* Links can fail without the creation failing; a disk that does not exist has none. */
    if (!NT_SUCCESS(status)) {
        char path[64];
        CHECK(!sim_resolve_path("\\DosDevices\\V:", path, sizeof(path)));
        CHECK(!sim_resolve_path("\\DosDevices\\ImDisk5", path, sizeof(path)));
    }
}

static NTSTATUS operate_create_managed(void)
{
    return create(BALLAST_OPTION_MOUNT_MANAGER, MIB, NULL, 'V');
}

/* One that is merely no volume. */
static NTSTATUS operate_create_preferred(void)
{
    return create(BALLAST_OPTION_PREFER_VOLUME, MIB, NULL, 'V');
}

static void set_up_managed_disk(void)
{
    CHECK_EQUAL(create(BALLAST_OPTION_MOUNT_MANAGER, MIB, NULL, 'V'), STATUS_SUCCESS);
}

/* Its letter is still there from a disk that a crash has taken. */
static void set_up_stale_letter(void)
{
    UNICODE_STRING link = RTL_CONSTANT_STRING(L"\\DosDevices\\Global\\V:");
    UNICODE_STRING target = RTL_CONSTANT_STRING(L"\\Device\\ImDisk77");
    CHECK_EQUAL(IoCreateSymbolicLink(&link, &target), STATUS_SUCCESS);
}

static void verify_created_over_stale_letter(NTSTATUS status)
{
    UNICODE_STRING link = RTL_CONSTANT_STRING(L"\\DosDevices\\Global\\V:");
    char path[64];
    CHECK_EQUAL(disks(), NT_SUCCESS(status) ? 1 : 0);
    if (sim_resolve_path("\\DosDevices\\V:", path, sizeof(path)) && strcmp(path, "\\Device\\ImDisk77") == 0) {
        (void)IoDeleteSymbolicLink(&link); /* not ours to clean up for the driver */
    }
}

static NTSTATUS operate_create_new_file(void)
{
    return create(IMDISK_OPTION_SPARSE_FILE, 3 * MIB, IMAGE, 0);
}

static void set_up_image(void)
{
    CHECK(target_image_create(IMAGE, MIB));
}

static void verify_image(NTSTATUS status)
{
    unsigned char byte = 0;
    verify_created(status);
    CHECK(target_image_read(IMAGE, MIB - 1, &byte, 1));
    CHECK_EQUAL(byte, target_pattern(MIB - 1));
}

/* A sector size that the volume's does not divide: it is opened a second time. */
static NTSTATUS operate_create_odd_file(void)
{
    return create(IMDISK_TYPE_FILE, MIB - 100, IMAGE, 0);
}

static NTSTATUS operate_create_loaded(void)
{
    return create(IMDISK_TYPE_VM, 2 * MIB, IMAGE, 0);
}

static NTSTATUS operate_create_buffered(void)
{
    return create(IMDISK_TYPE_FILE | IMDISK_FILE_BUFFERED_IO, 2 * MIB, IMAGE, 0);
}

static NTSTATUS operate_create_swapped(void)
{
    return create(IMDISK_TYPE_FILE | IMDISK_FILE_BUFFERED_IO | IMDISK_OPTION_BYTE_SWAP, MIB, IMAGE, 0);
}

/* ---- using a disk ---- */

static unsigned char pattern[3 * 65536 + 4096];

static void fill_pattern(unsigned char seed)
{
    for (size_t i = 0; i < sizeof(pattern); i++) {
        pattern[i] = (unsigned char)(i * 7 + i / 4096 + seed) | 1;
    }
}

static void set_up_memory_disk(void)
{
    CHECK_EQUAL(create(IMDISK_TYPE_VM, MIB, NULL, 0), STATUS_SUCCESS);
    open_disk();
    fill_pattern(1);
    CHECK_EQUAL(sim_write(disk, 512, pattern, sizeof(pattern), NULL), STATUS_SUCCESS);
}

static void set_up_file_disk(void)
{
    CHECK(sim_volume_create(IMAGE, NULL, MIB));
    CHECK_EQUAL(create(IMDISK_OPTION_SPARSE_FILE, MIB, IMAGE, 0), STATUS_SUCCESS);
    open_disk();
    fill_pattern(1);
    CHECK_EQUAL(sim_write(disk, 512, pattern, sizeof(pattern), NULL), STATUS_SUCCESS);
}

static void set_up_swapped_disk(void)
{
    CHECK(sim_volume_create(IMAGE, NULL, MIB));
    CHECK_EQUAL(operate_create_swapped(), STATUS_SUCCESS);
    open_disk();
    fill_pattern(1);
    CHECK_EQUAL(sim_write(disk, 512, pattern, sizeof(pattern), NULL), STATUS_SUCCESS);
}

static NTSTATUS operate_pass_through(void)
{
    uint32_t code = 0x000900C4; /* FSCTL_SET_SPARSE */
    return sim_ioctl(disk, IMDISK_IOCTL_FSCTL_PASS_THROUGH, &code, sizeof(code), NULL, 0, NULL);
}

static void verify_content(void)
{
    static unsigned char read[sizeof(pattern)];
    CHECK_EQUAL(sim_read(disk, 512, read, sizeof(read), NULL), STATUS_SUCCESS);
    CHECK_BYTES(read, pattern, sizeof(read));
}

static void verify_unchanged(NTSTATUS status)
{
    (void)status;
    verify_content();
}

static NTSTATUS operate_queries(void)
{
    _Alignas(8) unsigned char bytes[512];
    static const uint32_t codes[] = {IMDISK_IOCTL_QUERY_VERSION, IMDISK_IOCTL_QUERY_DEVICE,
                                     BALLAST_IOCTL_DISK_QUERY_STATE, IOCTL_DISK_GET_DRIVE_GEOMETRY,
                                     IOCTL_DISK_GET_LENGTH_INFO};
    NTSTATUS status = STATUS_SUCCESS;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]) && NT_SUCCESS(status); i++) {
        status = sim_ioctl(disk, codes[i], NULL, 0, bytes, sizeof(bytes), NULL);
    }
    if (NT_SUCCESS(status)) {
        status = sim_ioctl(control, IMDISK_IOCTL_QUERY_DRIVER, NULL, 0, bytes, sizeof(bytes), NULL);
    }
    if (NT_SUCCESS(status)) {
        status = sim_ioctl(control, BALLAST_IOCTL_DISK_QUERY_DRIVER_STATE, NULL, 0, bytes, sizeof(bytes), NULL);
    }
    return status;
}

static NTSTATUS operate_read(void)
{
    static unsigned char read[sizeof(pattern)];
    NTSTATUS status = sim_read(disk, 512, read, sizeof(read), NULL);
    if (NT_SUCCESS(status)) {
        CHECK_BYTES(read, pattern, sizeof(read));
    }
    return status;
}

/* To where nothing has been written: memory has to be found. */
static NTSTATUS operate_write(void)
{
    return sim_write(disk, MIB - sizeof(pattern), pattern, sizeof(pattern), NULL);
}

static NTSTATUS operate_paging_read(void)
{
    static unsigned char read[sizeof(pattern)];
    NTSTATUS status = sim_paging_read(disk, 512, read, sizeof(read), NULL);
    if (NT_SUCCESS(status)) {
        CHECK_BYTES(read, pattern, sizeof(read));
    }
    return status;
}

static NTSTATUS operate_paging_write(void)
{
    return sim_paging_write(disk, MIB - sizeof(pattern), pattern, sizeof(pattern), NULL);
}

/* Each piece is the old or the new one, and after success all are new. */
static void verify_written(NTSTATUS status)
{
    static unsigned char read[sizeof(pattern)];
    static const unsigned char zeros[512];
    verify_content();
    CHECK_EQUAL(sim_read(disk, MIB - sizeof(pattern), read, sizeof(read), NULL), STATUS_SUCCESS);
    if (NT_SUCCESS(status)) {
        CHECK_BYTES(read, pattern, sizeof(read));
        return;
    }
    for (size_t i = 0; i < sizeof(read); i += 512) {
        CHECK(memcmp(&read[i], &pattern[i], 512) == 0 || memcmp(&read[i], zeros, 512) == 0);
    }
}

/* What cannot be paged out when memory is short is lost: no single failure may make the request fail. */
static void verify_paged(NTSTATUS status)
{
    CHECK(NT_SUCCESS(status));
    verify_content();
}

static void verify_paged_out(NTSTATUS status)
{
    verify_paged(status);
    verify_written(status);
}

static NTSTATUS operate_flush(void)
{
    return sim_flush(disk);
}

static void verify_flushed(NTSTATUS status)
{
    CHECK(!NT_SUCCESS(status) || sim_volume_unflushed_bytes() == 0);
    verify_content();
}

static NTSTATUS operate_trim(void)
{
    struct {
        struct storage_data_set_attributes attributes;
        _Alignas(8) struct storage_data_set_range ranges[2];
    } trim = {.attributes = {.size = sizeof(trim.attributes),
                             .action = DATA_SET_ACTION_TRIM,
                             .data_set_ranges_offset = offsetof(__typeof__(trim), ranges),
                             .data_set_ranges_length = sizeof(trim.ranges)},
              .ranges = {{512, 512}, {MIB / 2, MIB / 2}}};
    return sim_ioctl(disk, IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES, &trim, sizeof(trim), NULL, 0, NULL);
}

/* A trim only says what is not needed: what is outside must stay. */
static void verify_trimmed(NTSTATUS status)
{
    static unsigned char read[sizeof(pattern) - 512];
    (void)status;
    CHECK_EQUAL(sim_read(disk, 1024, read, sizeof(read), NULL), STATUS_SUCCESS);
    CHECK_BYTES(read, pattern + 512, sizeof(read));
}

static NTSTATUS operate_grow(void)
{
    struct ballast_disk_resize resize = {{sizeof(resize), BALLAST_DISK_RESIZE_VERSION, 0}, 64ull * MIB};
    return sim_ioctl(disk, BALLAST_IOCTL_DISK_RESIZE, &resize, sizeof(resize), NULL, 0, NULL);
}

static void verify_grown(NTSTATUS status)
{
    verify_content();
    CHECK_EQUAL(state().size_bytes, NT_SUCCESS(status) ? 64ull * MIB : MIB);
    if (!NT_SUCCESS(status) && sim_volume_size(IMAGE) >= 0) {
        CHECK_EQUAL(sim_volume_size(IMAGE), MIB);
    }
}

static NTSTATUS operate_shrink(void)
{
    struct ballast_disk_resize resize = {
        {sizeof(resize), BALLAST_DISK_RESIZE_VERSION, BALLAST_DISK_RESIZE_ALLOW_SHRINK}, MIB / 2};
    return sim_ioctl(disk, BALLAST_IOCTL_DISK_RESIZE, &resize, sizeof(resize), NULL, 0, NULL);
}

static void verify_shrunk(NTSTATUS status)
{
    verify_content();
    CHECK_EQUAL(state().size_bytes, NT_SUCCESS(status) ? MIB / 2 : MIB);
}

static NTSTATUS operate_set_flags(void)
{
    uint32_t flags[2] = {IMDISK_OPTION_REMOVABLE | IMDISK_OPTION_READ_ONLY,
                         IMDISK_OPTION_REMOVABLE | IMDISK_OPTION_READ_ONLY};
    return sim_ioctl(disk, IMDISK_IOCTL_SET_DEVICE_FLAGS, flags, sizeof(flags), flags, sizeof(flags), NULL);
}

/* Looking, verifying, and formatting the disk's last cylinder, which set_up has not written. */
static NTSTATUS operate_medium(void)
{
    struct storage_verify verify = {0, MIB, 0};
    struct storage_format_tracks tracks = {0, 32, 32, 0, 0};
    NTSTATUS status = sim_ioctl(disk, IOCTL_DISK_CHECK_VERIFY, NULL, 0, NULL, 0, NULL);
    if (NT_SUCCESS(status)) {
        status = sim_ioctl(disk, IOCTL_DISK_VERIFY, &verify, sizeof(verify), NULL, 0, NULL);
    }
    if (NT_SUCCESS(status)) {
        status = sim_ioctl(disk, IOCTL_DISK_FORMAT_TRACKS, &tracks, sizeof(tracks), NULL, 0, NULL);
    }
    /* What becomes of an image that cannot be read, for want of memory or not, is not told apart. */
    return status == (NTSTATUS)BALLAST_DEVICE_DOES_NOT_EXIST ? STATUS_INSUFFICIENT_RESOURCES : status;
}

/* ---- several at once: further workers are started ---- */

#define PARALLEL 8

static NTSTATUS operate_parallel_reads(void)
{
    static unsigned char buffers[PARALLEL][4096];
    struct sim_request *requests[PARALLEL];
    NTSTATUS result = STATUS_SUCCESS;
    for (unsigned i = 0; i < PARALLEL; i++) {
        requests[i] = sim_read_begin(disk, 512 + i * 4096, buffers[i], 4096);
    }
    for (unsigned i = 0; i < PARALLEL; i++) {
        NTSTATUS status = sim_request_wait(requests[i], NULL);
        if (!NT_SUCCESS(status)) {
            result = status;
        } else {
            CHECK_BYTES(buffers[i], pattern + i * 4096, 4096);
        }
    }
    return result;
}

/* ---- removal ---- */

static NTSTATUS operate_remove(void)
{
    return remove_disk();
}

static NTSTATUS operate_eject(void)
{
    return sim_ioctl(disk, IOCTL_STORAGE_EJECT_MEDIA, NULL, 0, NULL, 0, NULL);
}

/* A removal that is refused changes nothing. */
static void verify_removed(NTSTATUS status)
{
    CHECK_EQUAL(disks(), NT_SUCCESS(status) ? 0 : 1);
}

/* Unloading takes disks with it. The runner unloads, without faults, what this leaves. */
static NTSTATUS operate_unload(void)
{
    close_disk();
    sim_close(control);
    control = NULL;
    sim_unload();
    return STATUS_SUCCESS;
}

/* ---- running ---- */

static void begin(const struct sim_options *options, bool load)
{
    control = NULL;
    disk = NULL;
    sim_reset(options);
    process = sim_process_create(true);
    if (load) {
        CHECK_EQUAL(sim_load(DriverEntry), STATUS_SUCCESS);
        CHECK_EQUAL(sim_create_file(process, "\\Device\\ImDiskCtl", GENERIC_READ | GENERIC_WRITE, &control),
                    STATUS_SUCCESS);
    }
}

static void end(void)
{
    close_disk();
    bool loaded = control != NULL;
    sim_kill_process(process);
    if (loaded) {
        sim_unload();
    }
}

static bool explain(const char *name, NTSTATUS status)
{
    (void)name;
    return status == STATUS_INSUFFICIENT_RESOURCES || status == STATUS_DISK_FULL;
}

static const struct faults faults = {begin, end, explain};

SCENARIO_OF(load, set_up_nothing, operate_load, verify_nothing, true)
SCENARIO_OF(load_with_disks, set_up_registry, operate_load, verify_nothing, true)
SCENARIO(create_memory, set_up_nothing, operate_create_memory, verify_created)
SCENARIO(create_managed, set_up_nothing, operate_create_managed, verify_created)
SCENARIO(create_preferred, set_up_nothing, operate_create_preferred, verify_created)
SCENARIO(remove_managed, set_up_managed_disk, operate_remove, verify_removed)
SCENARIO(create_with_stale_letter, set_up_stale_letter, operate_create_memory, verify_created_over_stale_letter)
SCENARIO(create_new_file, set_up_nothing, operate_create_new_file, verify_created)
SCENARIO(create_odd_file, set_up_image, operate_create_odd_file, verify_image)
SCENARIO(create_buffered, set_up_image, operate_create_buffered, verify_image)
SCENARIO(create_loaded, set_up_image, operate_create_loaded, verify_image)
SCENARIO(create_swapped, set_up_image, operate_create_swapped, verify_image)
SCENARIO(write_swapped, set_up_swapped_disk, operate_write, verify_written)
SCENARIO(pass_through, set_up_file_disk, operate_pass_through, verify_unchanged)
SCENARIO(query, set_up_memory_disk, operate_queries, verify_unchanged)
SCENARIO(read_memory, set_up_memory_disk, operate_read, verify_unchanged)
SCENARIO(read_file, set_up_file_disk, operate_read, verify_unchanged)
SCENARIO(write_memory, set_up_memory_disk, operate_write, verify_written)
SCENARIO(write_file, set_up_file_disk, operate_write, verify_written)
SCENARIO(paging_read_memory, set_up_memory_disk, operate_paging_read, verify_paged)
SCENARIO(paging_read_file, set_up_file_disk, operate_paging_read, verify_paged)
SCENARIO(paging_write_memory, set_up_memory_disk, operate_paging_write, verify_paged_out)
SCENARIO(paging_write_file, set_up_file_disk, operate_paging_write, verify_paged_out)
SCENARIO(paging_write_swapped, set_up_swapped_disk, operate_paging_write, verify_paged_out)
SCENARIO(flush_memory, set_up_memory_disk, operate_flush, verify_unchanged)
SCENARIO(flush_file, set_up_file_disk, operate_flush, verify_flushed)
SCENARIO(trim_memory, set_up_memory_disk, operate_trim, verify_trimmed)
SCENARIO(trim_file, set_up_file_disk, operate_trim, verify_trimmed)
SCENARIO(grow_memory, set_up_memory_disk, operate_grow, verify_grown)
SCENARIO(grow_file, set_up_file_disk, operate_grow, verify_grown)
SCENARIO(shrink_memory, set_up_memory_disk, operate_shrink, verify_shrunk)
SCENARIO(set_flags, set_up_memory_disk, operate_set_flags, verify_unchanged)
SCENARIO(medium_memory, set_up_memory_disk, operate_medium, verify_unchanged)
SCENARIO(medium_file, set_up_file_disk, operate_medium, verify_unchanged)
SCENARIO(parallel_reads, set_up_file_disk, operate_parallel_reads, verify_unchanged)
SCENARIO(remove_memory, set_up_memory_disk, operate_remove, verify_removed)
SCENARIO(remove_file, set_up_file_disk, operate_remove, verify_removed)
SCENARIO(eject, set_up_file_disk, operate_eject, verify_removed)
SCENARIO(unload, set_up_file_disk, operate_unload, verify_nothing)

TEST_MAIN({"load", load}, {"load_with_disks", load_with_disks}, {"create_memory", create_memory},
          {"create_managed", create_managed}, {"create_preferred", create_preferred},
          {"remove_managed", remove_managed}, {"create_with_stale_letter", create_with_stale_letter},
          {"create_new_file", create_new_file}, {"create_odd_file", create_odd_file},
          {"create_buffered", create_buffered}, {"create_loaded", create_loaded}, {"create_swapped", create_swapped},
          {"write_swapped", write_swapped}, {"pass_through", pass_through}, {"query", query},
          {"read_memory", read_memory}, {"read_file", read_file}, {"write_memory", write_memory},
          {"write_file", write_file}, {"paging_read_memory", paging_read_memory},
          {"paging_read_file", paging_read_file}, {"paging_write_memory", paging_write_memory},
          {"paging_write_file", paging_write_file}, {"paging_write_swapped", paging_write_swapped},
          {"flush_memory", flush_memory}, {"flush_file", flush_file}, {"trim_memory", trim_memory},
          {"trim_file", trim_file}, {"grow_memory", grow_memory}, {"grow_file", grow_file},
          {"shrink_memory", shrink_memory}, {"set_flags", set_flags}, {"medium_memory", medium_memory},
          {"medium_file", medium_file}, {"parallel_reads", parallel_reads}, {"remove_memory", remove_memory},
          {"remove_file", remove_file}, {"eject", eject}, {"unload", unload}, {"all_were_failed", faults_report})
