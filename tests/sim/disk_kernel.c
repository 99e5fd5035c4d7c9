/* SPDX-License-Identifier: MIT */
/*
 * The disk driver where only a kernel can lead it: high IRQL, other drivers' requests, files that do not answer, clients
 * that are killed.
 */

#include "core/disk/storage_abi.h"
#include "tests/behaviour/create_request.h"
#include "tests/sim/disk_client.h"

#include <string.h>
#include <time.h>

#define MIB   (1u << 20)
#define PIECE 4096u

static struct sim_file *disk;
static unsigned char buffers[8][PIECE];

static void begin(void)
{
    struct sim_options options = {.seed = 1};
    disk_begin(&options);
}

static struct sim_request *create_begin(uint32_t flags, const char *image)
{
    static _Alignas(8) unsigned char bytes[256];
    struct imdisk_create_data fields = {.device_number = DISK_NUMBER, .flags = flags, .size_bytes = MIB};
    size_t length = create_request(bytes, sizeof(bytes), &fields, image);
    return sim_ioctl_begin(disk_control, IMDISK_IOCTL_CREATE_DEVICE, bytes, (ULONG)length, NULL, 0);
}

static NTSTATUS create(uint32_t flags, const char *image)
{
    return sim_request_wait(create_begin(flags, image), NULL);
}

static void create_and_open(uint32_t flags, const char *image)
{
    CHECK_EQUAL(create(flags, image), STATUS_SUCCESS);
    CHECK_EQUAL(sim_create_file(disk_process, DISK_DEVICE, GENERIC_READ | GENERIC_WRITE, &disk), STATUS_SUCCESS);
}

static struct sim_request *remove_begin(void)
{
    static uint32_t number = DISK_NUMBER;
    return sim_ioctl_begin(disk_control, IMDISK_IOCTL_REMOVE_DEVICE, &number, sizeof(number), NULL, 0);
}

static unsigned disks(void)
{
    uint32_t list[8] = {0};
    CHECK_EQUAL(sim_ioctl(disk_control, IMDISK_IOCTL_QUERY_DRIVER, NULL, 0, list, sizeof(list), NULL), STATUS_SUCCESS);
    return list[0];
}

static void pause_a_little(void)
{
    struct timespec time = {0, 1000000};
    (void)nanosleep(&time, NULL);
}

/* Until this many transfers are stuck in the volume. */
static void wait_for_stuck(unsigned count)
{
    for (unsigned i = 0; i < 10000 && sim_volume_waiting() < count; i++) {
        pause_a_little();
    }
    CHECK_EQUAL(sim_volume_waiting(), count);
}

/* ---- IRQL ---- */

static void transfers_at_dispatch_level(void)
{
    static const uint32_t types[] = {IMDISK_TYPE_VM, IMDISK_TYPE_FILE, IMDISK_TYPE_FILE | IMDISK_FILE_AWE_ALLOC};
    for (size_t i = 0; i < 3; i++) {
        begin();
        create_and_open(types[i], i == 0 ? NULL : DISK_IMAGE);
        memset(buffers[0], 0x5A, PIECE);
        sim_set_irql(DISPATCH_LEVEL);
        struct sim_request *write = sim_write_begin(disk, 512, buffers[0], PIECE);
        sim_set_irql(PASSIVE_LEVEL);
        CHECK_EQUAL(sim_request_wait(write, NULL), STATUS_SUCCESS);
        sim_set_irql(DISPATCH_LEVEL);
        struct sim_request *read = sim_read_begin(disk, 512, buffers[1], PIECE);
        sim_set_irql(PASSIVE_LEVEL);
        CHECK_EQUAL(sim_request_wait(read, NULL), STATUS_SUCCESS);
        CHECK_BYTES(buffers[1], buffers[0], PIECE);
        disk_end();
    }
}

/* Queries that need no paged memory are answered; the others are refused. */
static void control_at_dispatch_level(void)
{
    static const struct {
        uint32_t code;
        NTSTATUS status;
    } rows[] = {
        {IMDISK_IOCTL_QUERY_VERSION, STATUS_SUCCESS},           {IMDISK_IOCTL_QUERY_DEVICE, STATUS_SUCCESS},
        {IOCTL_DISK_GET_DRIVE_GEOMETRY, STATUS_SUCCESS},        {IOCTL_DISK_GET_LENGTH_INFO, STATUS_SUCCESS},
        {BALLAST_IOCTL_DISK_QUERY_STATE, STATUS_ACCESS_DENIED}, {IMDISK_IOCTL_SET_DEVICE_FLAGS, STATUS_ACCESS_DENIED},
    };
    _Alignas(8) unsigned char bytes[512] = {0};
    begin();
    create_and_open(IMDISK_TYPE_VM, NULL);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        test_note("row %u", (unsigned)i);
        sim_set_irql(DISPATCH_LEVEL);
        struct sim_request *request = sim_ioctl_begin(disk, rows[i].code, bytes, 8, bytes, sizeof(bytes));
        sim_set_irql(PASSIVE_LEVEL);
        CHECK_EQUAL(sim_request_wait(request, NULL), rows[i].status);
    }
    sim_set_irql(DISPATCH_LEVEL);
    struct sim_request *creation = create_begin(IMDISK_TYPE_VM, NULL);
    struct sim_request *removal = remove_begin();
    sim_set_irql(PASSIVE_LEVEL);
    CHECK_EQUAL(sim_request_wait(creation, NULL), STATUS_ACCESS_DENIED);
    CHECK_EQUAL(sim_request_wait(removal, NULL), STATUS_SUCCESS);
    disk_end();
}

/* ---- requests of other drivers and of nobody ---- */

static void internal_control_is_control(void)
{
    uint32_t version = 0;
    uint64_t length = 0;
    struct ballast_disk_resize resize = {{16, BALLAST_DISK_RESIZE_VERSION, 0}, 2 * MIB};
    begin();
    create_and_open(IMDISK_TYPE_VM, NULL);
    CHECK_EQUAL(sim_internal_ioctl(disk, IMDISK_IOCTL_QUERY_VERSION, NULL, 0, &version, 4, NULL), STATUS_SUCCESS);
    CHECK_EQUAL(version, 0x0103);
    CHECK_EQUAL(sim_internal_ioctl(disk, BALLAST_IOCTL_DISK_RESIZE, &resize, sizeof(resize), NULL, 0, NULL),
                STATUS_SUCCESS);
    CHECK_EQUAL(sim_ioctl(disk, IOCTL_DISK_GET_LENGTH_INFO, NULL, 0, &length, sizeof(length), NULL), STATUS_SUCCESS);
    CHECK_EQUAL(length, 2 * MIB);
    disk_end();
}

static void other_functions_are_refused(void)
{
    static const UCHAR majors[] = {IRP_MJ_QUERY_INFORMATION, IRP_MJ_SET_INFORMATION, IRP_MJ_QUERY_VOLUME_INFORMATION,
                                   IRP_MJ_SHUTDOWN}; /* classes 0 */
    begin();
    create_and_open(IMDISK_TYPE_VM, NULL);
    for (size_t i = 0; i < sizeof(majors); i++) {
        CHECK_EQUAL(sim_simple_request(disk, majors[i]), STATUS_INVALID_DEVICE_REQUEST);
        CHECK_EQUAL(sim_simple_request(disk_control, majors[i]), STATUS_INVALID_DEVICE_REQUEST);
    }
    CHECK_EQUAL(sim_simple_request(disk, IRP_MJ_PNP), STATUS_NOT_SUPPORTED); /* as it came */
    CHECK_EQUAL(sim_simple_request(disk_control, IRP_MJ_PNP), STATUS_NOT_SUPPORTED);
    CHECK_EQUAL(sim_flush(disk_control), STATUS_INVALID_DEVICE_REQUEST);
    disk_end();
}

static void file_information(void)
{
    static const struct {
        FILE_INFORMATION_CLASS information_class;
        NTSTATUS status;
    } sets[] = {
        {FileBasicInformation, STATUS_SUCCESS},
        {FileDispositionInformation, STATUS_SUCCESS},
        {FileValidDataLengthInformation, STATUS_SUCCESS},
        {FileEndOfFileInformation, STATUS_INVALID_DEVICE_REQUEST},
        {FileStandardInformation, STATUS_INVALID_DEVICE_REQUEST},
    };
    FILE_STANDARD_INFORMATION standard;
    FILE_POSITION_INFORMATION position = {.CurrentByteOffset.QuadPart = 12345};
    unsigned char buffer[40] = {0};
    ULONG_PTR information = 0;
    begin();
    create_and_open(IMDISK_TYPE_VM, NULL);
    CHECK_EQUAL(sim_query_information(disk, FileStandardInformation, &standard, sizeof(standard) - 1, NULL),
                STATUS_BUFFER_TOO_SMALL);
    CHECK_EQUAL(sim_query_information(disk, FileStandardInformation, &standard, sizeof(standard), &information),
                STATUS_SUCCESS);
    CHECK_EQUAL(information, sizeof(standard));
    CHECK_EQUAL(standard.EndOfFile.QuadPart, MIB);
    CHECK_EQUAL(standard.Directory, FALSE);
    CHECK_EQUAL(sim_set_information(disk, FilePositionInformation, &position, 7), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(sim_set_information(disk, FilePositionInformation, &position, 8), STATUS_SUCCESS);
    position.CurrentByteOffset.QuadPart = -1;
    CHECK_EQUAL(sim_set_information(disk, FilePositionInformation, &position, 8), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(sim_query_information(disk, FilePositionInformation, &position, 7, NULL), STATUS_BUFFER_TOO_SMALL);
    CHECK_EQUAL(sim_query_information(disk, FilePositionInformation, &position, 8, NULL), STATUS_SUCCESS);
    CHECK_EQUAL(position.CurrentByteOffset.QuadPart, 12345);
    CHECK_EQUAL(sim_query_information(disk, FileAlignmentInformation, buffer, 40, NULL), STATUS_INVALID_DEVICE_REQUEST);
    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        CHECK_EQUAL(sim_set_information(disk, sets[i].information_class, buffer, sizeof(buffer)), sets[i].status);
    }
    CHECK_EQUAL(sim_query_information(disk_control, FileStandardInformation, &standard, sizeof(standard), NULL),
                STATUS_INVALID_DEVICE_REQUEST); /* ImDisk does not complete it */
    CHECK_EQUAL(sim_request_wait(remove_begin(), NULL), STATUS_SUCCESS);
    CHECK_EQUAL(sim_query_information(disk, FileStandardInformation, &standard, sizeof(standard), NULL),
                STATUS_DEVICE_REMOVED);
    disk_end();
}

/* No disk has what those files need, so nothing lives there that keeps one from going. */
static void page_files(void)
{
    static const uint32_t types[] = {IMDISK_TYPE_VM, IMDISK_TYPE_FILE, IMDISK_TYPE_FILE | IMDISK_FILE_AWE_ALLOC};
    static const DEVICE_USAGE_NOTIFICATION_TYPE uses[] = {DeviceUsageTypePaging, DeviceUsageTypeDumpFile,
                                                          DeviceUsageTypeHibernation};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        begin();
        create_and_open(types[i], types[i] == IMDISK_TYPE_FILE ? DISK_IMAGE : NULL);
        for (size_t j = 0; j < sizeof(uses) / sizeof(uses[0]); j++) {
            test_note("type 0x%x, use %u", types[i], (unsigned)uses[j]);
            CHECK_EQUAL(sim_usage_notification(disk, uses[j], true), STATUS_NOT_SUPPORTED);
            CHECK_EQUAL(sim_usage_notification(disk, uses[j], false), STATUS_NOT_SUPPORTED);
            CHECK_EQUAL(sim_usage_notification(disk_control, uses[j], true), STATUS_NOT_SUPPORTED);
        }
        CHECK_EQUAL(sim_request_wait(remove_begin(), NULL), STATUS_SUCCESS);
        disk_end();
    }
}

static void passed_through(void)
{
    uint32_t compression[2] = {0x0009003C, 0xCCCCCCCC};
    static uint32_t oplock = 0x00090000;
    ULONG_PTR information = 0;
    begin();
    create_and_open(IMDISK_TYPE_FILE, DISK_IMAGE);
    CHECK_EQUAL(sim_ioctl(disk, IMDISK_IOCTL_FSCTL_PASS_THROUGH, compression, 4, compression, 8, &information),
                STATUS_SUCCESS);
    CHECK_EQUAL(information, 2);
    CHECK_EQUAL(compression[0], 0x00090000); /* its low half is the answer, 0 */
    /* What never ends by itself does when nobody waits for it any more, or when the disk is removed. */
    sim_volume_oplocks(true);
    struct sim_request *request = sim_ioctl_begin(disk, IMDISK_IOCTL_FSCTL_PASS_THROUGH, &oplock, 4, NULL, 0);
    pause_a_little();
    sim_cancel(request);
    CHECK_EQUAL(sim_request_wait(request, NULL), STATUS_CANCELLED);
    request = sim_ioctl_begin(disk, IMDISK_IOCTL_FSCTL_PASS_THROUGH, &oplock, 4, NULL, 0);
    for (unsigned i = 0; i < 100; i++) {
        pause_a_little();
    }
    CHECK(!sim_request_done(request));
    CHECK_EQUAL(sim_request_wait(remove_begin(), NULL), STATUS_SUCCESS);
    CHECK_EQUAL(sim_request_wait(request, NULL), STATUS_CANCELLED);
    disk_end();
}

static void write_through_reaches_the_file(void)
{
    begin();
    create_and_open(IMDISK_TYPE_FILE, DISK_IMAGE);
    CHECK_EQUAL(sim_write(disk, 0, buffers[0], PIECE, NULL), STATUS_SUCCESS);
    CHECK_EQUAL(sim_volume_unflushed_bytes(), PIECE);
    sim_file_write_through(disk);
    CHECK_EQUAL(sim_write(disk, 0, buffers[0], PIECE, NULL), STATUS_SUCCESS);
    CHECK_EQUAL(sim_volume_unflushed_bytes(), 0);
    disk_end();
}

/* ---- files that do not answer ---- */

static unsigned in_flight(void)
{
    struct ballast_disk_state state = {.valid = 0};
    CHECK_EQUAL(sim_ioctl(disk, BALLAST_IOCTL_DISK_QUERY_STATE, NULL, 0, &state, sizeof(state), NULL), STATUS_SUCCESS);
    return state.requests_in_flight - 1; /* without this one */
}

static void queued_requests_can_be_cancelled(void)
{
    struct sim_request *requests[8];
    unsigned cancelled = 0;
    begin();
    sim_hold_apcs(true); /* whose reads may be in flight, too */
    create_and_open(IMDISK_TYPE_FILE, DISK_IMAGE);
    sim_volume_hold(true);
    for (unsigned i = 0; i < 8; i++) {
        requests[i] = sim_read_begin(disk, i * PIECE, buffers[i], PIECE);
    }
    wait_for_stuck(4); /* one for each worker */
    CHECK_EQUAL(in_flight(), 8);
    for (unsigned i = 0; i < 8; i++) {
        sim_cancel(requests[i]);
        cancelled += sim_request_done(requests[i]);
    }
    CHECK_EQUAL(cancelled, 4);
    CHECK_EQUAL(in_flight(), 4);
    sim_volume_hold(false);
    for (unsigned i = 0; i < 8; i++) {
        NTSTATUS status = sim_request_wait(requests[i], NULL);
        CHECK_EQUAL(status, i < 4 ? STATUS_SUCCESS : STATUS_CANCELLED);
    }
    sim_settle();
    CHECK_EQUAL(in_flight(), 0);
    sim_hold_apcs(false);
    disk_end();
}

static void requests_may_come_cancelled(void)
{
    begin();
    create_and_open(IMDISK_TYPE_FILE, DISK_IMAGE);
    sim_process_cancels_first(disk_process, true);
    CHECK_EQUAL(sim_read(disk, 0, buffers[0], PIECE, NULL), STATUS_CANCELLED);
    CHECK_EQUAL(sim_flush(disk), STATUS_CANCELLED);
    sim_process_cancels_first(disk_process, false);
    CHECK_EQUAL(sim_read(disk, 0, buffers[0], PIECE, NULL), STATUS_SUCCESS);
    disk_end();
}

/* A cancelled flush must not hold up what came after it. */
static void cancelled_barriers_let_others_go_on(void)
{
    begin();
    create_and_open(IMDISK_TYPE_FILE, DISK_IMAGE);
    sim_volume_hold(true);
    struct sim_request *first = sim_write_begin(disk, 0, buffers[0], PIECE);
    wait_for_stuck(1);
    uint32_t flags[2] = {IMDISK_OPTION_REMOVABLE, IMDISK_OPTION_REMOVABLE};
    struct sim_request *barrier = sim_ioctl_begin(disk, IMDISK_IOCTL_SET_DEVICE_FLAGS, flags, 8, NULL, 0);
    struct sim_request *second = sim_read_begin(disk, PIECE, buffers[1], PIECE);
    pause_a_little();
    CHECK_EQUAL(sim_volume_waiting(), 1); /* it waits for the barrier */
    sim_cancel(barrier);
    CHECK_EQUAL(sim_request_wait(barrier, NULL), STATUS_CANCELLED);
    wait_for_stuck(2);
    sim_volume_hold(false);
    CHECK_EQUAL(sim_request_wait(first, NULL), STATUS_SUCCESS);
    CHECK_EQUAL(sim_request_wait(second, NULL), STATUS_SUCCESS);
    disk_end();
}

static void flushes_follow_writes(void)
{
    begin();
    create_and_open(IMDISK_TYPE_FILE, DISK_IMAGE);
    struct sim_file *other;
    CHECK_EQUAL(sim_create_file(disk_process, DISK_DEVICE, GENERIC_READ | GENERIC_WRITE, &other), STATUS_SUCCESS);
    for (unsigned i = 0; i < 50; i++) {
        struct sim_request *write = sim_write_begin(disk, 0, buffers[0], PIECE);
        CHECK_EQUAL(sim_flush(other), STATUS_SUCCESS);
        CHECK_EQUAL(sim_volume_unflushed_bytes(), 0);
        CHECK_EQUAL(sim_request_wait(write, NULL), STATUS_SUCCESS);
    }
    disk_end();
}

static void clients_die_in_the_middle(void)
{
    struct sim_file *file;
    begin();
    create_and_open(IMDISK_TYPE_FILE, DISK_IMAGE);
    struct sim_process *client = sim_process_create(true);
    CHECK_EQUAL(sim_create_file(client, DISK_DEVICE, GENERIC_READ | GENERIC_WRITE, &file), STATUS_SUCCESS);
    sim_volume_hold(true);
    for (unsigned i = 0; i < 8; i++) {
        (void)sim_write_begin(file, i * PIECE, buffers[i], PIECE);
    }
    wait_for_stuck(4);
    sim_volume_hold(false);
    sim_kill_process(client);
    CHECK_EQUAL(sim_read(disk, 0, buffers[0], PIECE, NULL), STATUS_SUCCESS);
    disk_end();
}

static void creation_can_be_cancelled_while_loading(void)
{
    begin();
    CHECK(target_image_create(DISK_IMAGE, 8 * MIB)); /* of which the first block decides nothing */
    sim_volume_hold(true);
    struct sim_request *creation = create_begin(IMDISK_TYPE_VM, DISK_IMAGE);
    wait_for_stuck(1);
    sim_cancel(creation);
    sim_volume_hold(false);
    CHECK_EQUAL(sim_request_wait(creation, NULL), STATUS_CANCELLED);
    CHECK_EQUAL(disks(), 0);
    disk_end();
}

/* ---- removal under load ---- */

static void removal_waits_for_transfers(void)
{
    struct sim_request *requests[6];
    begin();
    create_and_open(IMDISK_TYPE_FILE, DISK_IMAGE);
    sim_volume_hold(true);
    for (unsigned i = 0; i < 6; i++) {
        requests[i] = sim_read_begin(disk, i * PIECE, buffers[i], PIECE);
    }
    wait_for_stuck(4);
    struct sim_request *removal = remove_begin();
    CHECK_EQUAL(sim_request_wait(requests[4], NULL), STATUS_DEVICE_REMOVED); /* not begun yet */
    CHECK_EQUAL(sim_request_wait(requests[5], NULL), STATUS_DEVICE_REMOVED);
    CHECK(!sim_request_done(removal));
    CHECK_EQUAL(sim_read(disk, 0, buffers[6], PIECE, NULL), STATUS_DEVICE_REMOVED);
    sim_volume_hold(false);
    CHECK_EQUAL(sim_request_wait(removal, NULL), STATUS_SUCCESS);
    for (unsigned i = 0; i < 4; i++) {
        CHECK_EQUAL(sim_request_wait(requests[i], NULL), STATUS_SUCCESS);
    }
    CHECK_EQUAL(disks(), 0);
    CHECK_EQUAL(create(IMDISK_TYPE_VM, NULL), STATUS_SUCCESS); /* the number is free though a handle is open */
    disk_end();
}

static void who_waits_for_removal_may_give_up(void)
{
    begin();
    create_and_open(IMDISK_TYPE_FILE, DISK_IMAGE);
    sim_volume_hold(true);
    struct sim_request *read = sim_read_begin(disk, 0, buffers[0], PIECE);
    wait_for_stuck(1);
    struct sim_request *first = remove_begin();
    CHECK_EQUAL(sim_request_wait(remove_begin(), NULL), STATUS_OBJECT_NAME_NOT_FOUND); /* is being removed */
    sim_cancel(first);
    CHECK_EQUAL(sim_request_wait(first, NULL), STATUS_CANCELLED);
    sim_volume_hold(false);
    CHECK_EQUAL(sim_request_wait(read, NULL), STATUS_SUCCESS);
    for (unsigned i = 0; i < 1000 && disks() != 0; i++) {
        pause_a_little();
    }
    CHECK_EQUAL(disks(), 0); /* it is removed all the same */
    disk_end();
}

static void unloading_takes_disks_along(void)
{
    begin();
    CHECK_EQUAL(create(IMDISK_TYPE_FILE, DISK_IMAGE), STATUS_SUCCESS);
    disk_end(); /* with the simulation's checks for what is left */
}

/* ---- errors, holes, sectors ---- */

static void io_errors_are_the_requests(void)
{
    struct ballast_disk_state state;
    begin();
    sim_hold_apcs(true);
    create_and_open(IMDISK_TYPE_FILE, DISK_IMAGE);
    sim_volume_fail(STATUS_IO_DEVICE_ERROR);
    CHECK_EQUAL(sim_read(disk, 0, buffers[0], PIECE, NULL), STATUS_IO_DEVICE_ERROR);
    CHECK_EQUAL(sim_write(disk, 0, buffers[0], PIECE, NULL), STATUS_IO_DEVICE_ERROR);
    CHECK_EQUAL(sim_flush(disk), STATUS_IO_DEVICE_ERROR);
    sim_volume_fail(STATUS_SUCCESS);
    CHECK_EQUAL(sim_read(disk, 0, buffers[0], PIECE, NULL), STATUS_SUCCESS);
    CHECK_EQUAL(sim_ioctl(disk, BALLAST_IOCTL_DISK_QUERY_STATE, NULL, 0, &state, sizeof(state), NULL), STATUS_SUCCESS);
    CHECK_EQUAL(state.failed_requests, 3);
    sim_hold_apcs(false);
    sim_close(disk);
    CHECK_EQUAL(sim_request_wait(remove_begin(), NULL), STATUS_SUCCESS);
    sim_volume_fail(STATUS_IO_DEVICE_ERROR);
    CHECK_EQUAL(create(IMDISK_TYPE_FILE, DISK_IMAGE), STATUS_IO_DEVICE_ERROR); /* not even its first sector */
    CHECK_EQUAL(create(IMDISK_TYPE_VM, DISK_IMAGE), STATUS_IO_DEVICE_ERROR);
    CHECK_EQUAL(disks(), 0);
    disk_end();
}

/* Where the disk says that it holds data. */
static void check_only_range(uint64_t offset, uint64_t length)
{
    struct ballast_disk_range_query query = {{sizeof(query), BALLAST_DISK_RANGES_VERSION, 0}, 0, MIB};
    union {
        struct ballast_disk_ranges reply;
        unsigned char room[sizeof(struct ballast_disk_ranges) + 4 * sizeof(struct ballast_disk_range)];
    } found;
    CHECK_EQUAL(sim_ioctl(disk, BALLAST_IOCTL_DISK_QUERY_RANGES, &query, 24, &found, sizeof(found), NULL), 0);
    CHECK_EQUAL(found.reply.count, 1);
    CHECK_EQUAL(found.reply.ranges[0].offset_bytes, offset);
    CHECK_EQUAL(found.reply.ranges[0].length_bytes, length);
}

static void zeros_and_trims_become_holes(void)
{
    struct {
        struct storage_data_set_attributes attributes;
        uint32_t padding;
        struct storage_data_set_range range;
    } trim = {{28, DATA_SET_ACTION_TRIM, 0, 0, 0, 32, 16}, 0, {MIB / 2, MIB / 2}};
    static unsigned char zeros[MIB / 4];
    static unsigned char read[MIB / 4];
    begin();
    create_and_open(IMDISK_TYPE_FILE | IMDISK_OPTION_SPARSE_FILE, DISK_IMAGE);
    CHECK_EQUAL(sim_volume_allocated(DISK_IMAGE), MIB);
    CHECK_EQUAL(sim_ioctl(disk, IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES, &trim, sizeof(trim), NULL, 0, NULL),
                STATUS_SUCCESS);
    CHECK_EQUAL(sim_volume_allocated(DISK_IMAGE), MIB / 2);
    CHECK_EQUAL(sim_write(disk, 0, zeros, sizeof(zeros), NULL), STATUS_SUCCESS);
    CHECK_EQUAL(sim_volume_allocated(DISK_IMAGE), MIB / 4);
    CHECK_EQUAL(sim_read(disk, 0, read, sizeof(read), NULL), STATUS_SUCCESS);
    CHECK_BYTES(read, zeros, sizeof(read));
    CHECK_EQUAL(sim_read(disk, MIB / 4, read, sizeof(read), NULL), STATUS_SUCCESS);
    CHECK_EQUAL(read[1], target_pattern(MIB / 4 + 1));
    check_only_range(MIB / 4, MIB / 4);
    disk_end();

    begin(); /* without the option a trim does nothing */
    create_and_open(IMDISK_TYPE_FILE, DISK_IMAGE);
    CHECK_EQUAL(sim_ioctl(disk, IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES, &trim, sizeof(trim), NULL, 0, NULL),
                STATUS_SUCCESS);
    CHECK_EQUAL(sim_volume_allocated(DISK_IMAGE), MIB);
    check_only_range(0, MIB);
    disk_end();
}

/* The volume has larger sectors than the disk: its cache is needed to reach single ones. */
static void volumes_with_large_sectors(void)
{
    struct sim_options options = {.seed = 1, .sector_size = 4096};
    disk_begin(&options);
    create_and_open(IMDISK_TYPE_FILE, DISK_IMAGE);
    memset(buffers[0], 0x77, 512);
    CHECK_EQUAL(sim_write(disk, 512, buffers[0], 512, NULL), STATUS_SUCCESS);
    CHECK_EQUAL(sim_read(disk, 0, buffers[1], 2048, NULL), STATUS_SUCCESS);
    CHECK_EQUAL(buffers[1][511], target_pattern(511));
    CHECK_BYTES(buffers[1] + 512, buffers[0], 512);
    CHECK_EQUAL(buffers[1][1024], target_pattern(1024));
    disk_end();
}

TEST_MAIN({"transfers_at_dispatch_level", transfers_at_dispatch_level},
          {"control_at_dispatch_level", control_at_dispatch_level},
          {"internal_control_is_control", internal_control_is_control},
          {"other_functions_are_refused", other_functions_are_refused}, {"file_information", file_information},
          {"page_files", page_files}, {"passed_through", passed_through},
          {"write_through_reaches_the_file", write_through_reaches_the_file},
          {"queued_requests_can_be_cancelled", queued_requests_can_be_cancelled},
          {"requests_may_come_cancelled", requests_may_come_cancelled},
          {"cancelled_barriers_let_others_go_on", cancelled_barriers_let_others_go_on},
          {"flushes_follow_writes", flushes_follow_writes}, {"clients_die_in_the_middle", clients_die_in_the_middle},
          {"creation_can_be_cancelled_while_loading", creation_can_be_cancelled_while_loading},
          {"removal_waits_for_transfers", removal_waits_for_transfers},
          {"who_waits_for_removal_may_give_up", who_waits_for_removal_may_give_up},
          {"unloading_takes_disks_along", unloading_takes_disks_along},
          {"io_errors_are_the_requests", io_errors_are_the_requests},
          {"zeros_and_trims_become_holes", zeros_and_trims_become_holes},
          {"volumes_with_large_sectors", volumes_with_large_sectors})
