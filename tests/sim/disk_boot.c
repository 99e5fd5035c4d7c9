/* SPDX-License-Identifier: MIT */
/*
 * What the disk driver does when it is loaded: its parameters in the registry, disks created then, failures in the event
 * log; and what the rest of the system sees of disks: the refresh event, volumes, device objects.
 */

#include "ballast/disk_abi.h"
#include "core/disk/storage_abi.h"
#include "driver/nt/events.h"
#include "sim/kernel/device.h"
#include "sim/sim.h"
#include "tests/behaviour/target.h"
#include "tests/harness/test.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define MIB         (1u << 20)
#define IMAGE       "image"
#define PARAMETERS  "\\Registry\\Machine\\SYSTEM\\CurrentControlSet\\Services\\ImDisk\\Parameters"
#define OWN         SIM_SERVICE_KEY "\\Parameters"
#define REFRESH     "\\BaseNamedObjects\\Global\\ImDiskRefresh"
#define REFRESH_OLD "\\BaseNamedObjects\\ImDiskRefresh"
#define TYPE_STRING 1u
#define TYPE_BINARY 3u
#define TYPE_DWORD  4u
#define TYPE_QWORD  11u

DRIVER_INITIALIZE DriverEntry;

static struct sim_process *process;
static struct sim_file *control;

static void begin(void)
{
    struct sim_options options = {.seed = 1};
    sim_reset(&options);
    CHECK(target_image_create(IMAGE, MIB));
}

static void load(void)
{
    CHECK_EQUAL(sim_load(DriverEntry), STATUS_SUCCESS);
    process = sim_process_create(true);
    CHECK_EQUAL(sim_create_file(process, "\\Device\\ImDiskCtl", GENERIC_READ | GENERIC_WRITE, &control),
                STATUS_SUCCESS);
}

static void end(void)
{
    sim_kill_process(process);
    sim_unload();
}

static void set_dword(const char *name, uint32_t value)
{
    sim_registry_set(PARAMETERS, name, TYPE_DWORD, &value, sizeof(value));
}

static void set_qword(const char *name, uint64_t value)
{
    sim_registry_set(PARAMETERS, name, TYPE_QWORD, &value, sizeof(value));
}

static void set_string(const char *key, const char *name, const char *text)
{
    uint16_t string[128] = {0};
    sim_registry_set(key, name, TYPE_STRING, string, (test_widen(text, string) + 1) * 2);
}

static unsigned disks(void)
{
    uint32_t list[16] = {0};
    CHECK_EQUAL(sim_ioctl(control, IMDISK_IOCTL_QUERY_DRIVER, NULL, 0, list, sizeof(list), NULL), STATUS_SUCCESS);
    return list[0];
}

static void pause_a_little(void)
{
    struct timespec time = {0, 1000000};
    (void)nanosleep(&time, NULL);
}

/* Until the disks being created at boot are there, or logged. */
static void wait_for(unsigned count, unsigned long events)
{
    for (unsigned i = 0; i < 10000 && (disks() < count || sim_log_events() < events); i++) {
        pause_a_little();
    }
    CHECK_EQUAL(disks(), count);
    CHECK_EQUAL(sim_log_events(), events);
}

/* That this is what the last event says, in the words of events.mc: %2 is the subject, %3 the status. */
static void check_logged(uint32_t event, const char *subject, NTSTATUS status)
{
    char text[64];
    char expected[64];
    (void)snprintf(expected, sizeof(expected), "%s|0x%08X", subject, (unsigned)status);
    CHECK_EQUAL(sim_log_last(text, sizeof(text)), status);
    CHECK_EQUAL(sim_log_code(), event);
    CHECK(strcmp(text, expected) == 0);
}

static struct imdisk_create_data query(const char *device)
{
    union {
        struct imdisk_create_data data;
        unsigned char bytes[512];
    } reply = {.bytes = {0}};
    struct sim_file *file;
    CHECK_EQUAL(sim_create_file(process, device, FILE_READ_ATTRIBUTES, &file), STATUS_SUCCESS);
    CHECK_EQUAL(sim_ioctl(file, IMDISK_IOCTL_QUERY_DEVICE, NULL, 0, &reply, sizeof(reply), NULL), STATUS_SUCCESS);
    sim_close(file);
    return reply.data;
}

static NTSTATUS create_request(uint32_t number, uint32_t flags, uint16_t letter)
{
    _Alignas(8) unsigned char bytes[IMDISK_CREATE_DATA_SIZE] = {0};
    struct imdisk_create_data *data = (struct imdisk_create_data *)bytes;
    data->device_number = number;
    data->flags = flags;
    data->size_bytes = MIB;
    data->drive_letter = letter;
    return sim_ioctl(control, IMDISK_IOCTL_CREATE_DEVICE, bytes, sizeof(bytes), NULL, 0, NULL);
}

static NTSTATUS create(uint32_t number, uint16_t letter)
{
    return create_request(number, 0, letter);
}

/* Disk 5. */
static NTSTATUS create_with(uint32_t flags, uint16_t letter)
{
    return create_request(5, flags, letter);
}

static NTSTATUS remove_disk(void)
{
    uint32_t number = 5;
    return sim_ioctl(control, IMDISK_IOCTL_REMOVE_DEVICE, &number, sizeof(number), NULL, 0, NULL);
}

/* ---- disks at boot ---- */

static void memory_file_and_offset(void)
{
    uint64_t offset = 4096;
    char path[64];
    begin();
    set_dword("LoadDevices", 4);
    set_qword("Size0", 2 * MIB);
    set_string(PARAMETERS, "DriveLetter0", "r");
    set_string(PARAMETERS, "FileName1", "\\??\\C:\\" IMAGE);
    set_dword("Flags1", IMDISK_OPTION_READ_ONLY | IMDISK_DEVICE_TYPE_CD);
    set_string(PARAMETERS, "FileName3", "\\??\\C:\\" IMAGE);
    set_dword("Flags3", IMDISK_OPTION_READ_ONLY);
    sim_registry_set(PARAMETERS, "ImageOffset3", TYPE_BINARY, &offset, sizeof(offset));
    load();
    wait_for(3, 0); /* 2 is a hole */
    struct imdisk_create_data data = query("\\Device\\ImDisk0");
    CHECK_EQUAL(data.size_bytes, 2 * MIB);
    CHECK_EQUAL(data.drive_letter, 'R');
    CHECK_EQUAL(data.flags, IMDISK_TYPE_VM | IMDISK_DEVICE_TYPE_HD);
    CHECK(sim_resolve_path("\\DosDevices\\R:", path, sizeof(path)) && strcmp(path, "\\Device\\ImDisk0") == 0);
    data = query("\\Device\\ImDisk1");
    CHECK_EQUAL(data.size_bytes, MIB);
    CHECK_EQUAL(data.flags & IMDISK_DEVICE_TYPE_MASK, IMDISK_DEVICE_TYPE_CD);
    data = query("\\Device\\ImDisk3");
    CHECK_EQUAL(data.size_bytes, MIB - 4096);
    CHECK_EQUAL(data.image_offset_bytes, 4096);
    CHECK_EQUAL(create(0xFFFFFFFF, 0), STATUS_SUCCESS);
    (void)query("\\Device\\ImDisk2"); /* the lowest that is free */
    end();
}

/* A failure does not keep the others from being created, and is told. */
/* A driver that the loader has loaded comes before the volumes that its images live on. */
static void boot_drivers_wait_for_volumes(void)
{
    static const uint32_t starts[] = {0, 1, 3};
    for (size_t i = 0; i < 2 * sizeof(starts) / sizeof(starts[0]); i++) {
        struct sim_options options = {.seed = 1, .early = i % 2 == 0};
        uint32_t start = starts[i / 2];
        bool waits = start == 0 && options.early;
        test_note("start %u, early %u", start, options.early);
        sim_reset(&options);
        CHECK(target_image_create(IMAGE, MIB));
        sim_registry_set(SIM_SERVICE_KEY, "Start", TYPE_DWORD, &start, sizeof(start));
        set_dword("LoadDevices", 1);
        set_string(PARAMETERS, "FileName0", "\\??\\C:\\" IMAGE);
        if (!waits) {
            sim_boot_volumes();
        }
        load();
        if (waits) {
            sim_settle();
            CHECK_EQUAL(disks(), 0);
            sim_boot_volumes();
        }
        wait_for(1, 0);
        end();
    }
}

/* It may be unloaded before they come. */
static void boot_drivers_may_go_before_volumes(void)
{
    struct sim_options options = {.seed = 1, .early = true};
    uint32_t start = 0;
    sim_reset(&options);
    sim_registry_set(SIM_SERVICE_KEY, "Start", TYPE_DWORD, &start, sizeof(start));
    set_dword("LoadDevices", 1);
    set_string(PARAMETERS, "FileName0", "\\??\\C:\\" IMAGE);
    load();
    end();
}

static void failures_are_logged(void)
{
    static const struct {
        const char *name;
        uint32_t type;
        NTSTATUS status;
    } rows[] = {
        {"Size1", TYPE_DWORD, STATUS_INVALID_PARAMETER},
        {"Flags1", TYPE_QWORD, STATUS_INVALID_PARAMETER},
        {"FileName1", TYPE_BINARY, STATUS_INVALID_PARAMETER},
        {"ImageOffset1", TYPE_DWORD, STATUS_INVALID_PARAMETER},
        {"FileName1", TYPE_STRING, STATUS_OBJECT_NAME_NOT_FOUND},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        static const uint16_t value[8] = {'\\', '?', '?', '\\', 'C', ':', '\\', 'x'};
        test_note("row %u", (unsigned)i);
        begin();
        set_dword("LoadDevices", 3);
        set_qword("Size0", MIB);
        set_qword("Size2", MIB);
        sim_registry_set(PARAMETERS, rows[i].name, rows[i].type, value, rows[i].type == TYPE_DWORD ? 4 : 16);
        load();
        wait_for(2, 1);
        check_logged(NT_EVENT_BOOT_DISK, "ImDisk1", rows[i].status);
        end();
    }
}

static void numbers_and_letters_are_limited(void)
{
    begin();
    set_dword("LoadDevices", 100000);
    set_dword("MaxDevices", 3);
    for (unsigned i = 0; i < 5; i++) {
        char name[] = "Size0";
        name[4] = (char)('0' + i);
        set_qword(name, MIB);
    }
    set_string(PARAMETERS, "DisallowedDriveLetters", "ABCDEFGqr");
    set_string(PARAMETERS, "DriveLetter0", "Q"); /* users may not, the configuration may */
    load();
    wait_for(3, 0);
    CHECK_EQUAL(query("\\Device\\ImDisk0").drive_letter, 'Q');
    CHECK_EQUAL(create(0xFFFFFFFF, 0), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(create(3, 0), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(create(0, 'R'), STATUS_ACCESS_DENIED);
    CHECK_EQUAL(create(0, 'r'), STATUS_ACCESS_DENIED);
    CHECK_EQUAL(create(0, 'G'), STATUS_ACCESS_DENIED); /* ImDisk reads three letters at most */
    CHECK_EQUAL(create(0, 'H'), STATUS_OBJECT_NAME_COLLISION);
    end();
}

static void more_than_there_can_be(void)
{
    begin();
    set_dword("MaxDevices", 0xFFFFFFFF);
    load();
    CHECK_EQUAL(create(64000, 0), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(create(63999, 0), STATUS_SUCCESS);
    end();
}

static void wrong_parameters_keep_it_from_loading(void)
{
    static const struct {
        const char *name;
        uint32_t type;
        size_t length;
    } rows[] = {
        {"LoadDevices", TYPE_STRING, 4}, {"LoadDevices", TYPE_DWORD, 2}, {"LoadDevices", TYPE_QWORD, 8},
        {"MaxDevices", TYPE_BINARY, 4},  {"MaxDevices", TYPE_DWORD, 0},  {"DisallowedDriveLetters", TYPE_DWORD, 4},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        test_note("row %u", (unsigned)i);
        begin();
        sim_registry_set(PARAMETERS, rows[i].name, rows[i].type, "\1\0\0\0\0\0\0\0", rows[i].length);
        CHECK_EQUAL(sim_load(DriverEntry), STATUS_INVALID_PARAMETER);
        CHECK_EQUAL(sim_log_events(), 1);
        check_logged(NT_EVENT_PARAMETER, rows[i].name, STATUS_INVALID_PARAMETER);
    }
}

static void set_own(const char *name, uint64_t value)
{
    sim_registry_set(OWN, name, TYPE_QWORD, &value, sizeof(value));
}

static void set_own_dword(const char *name, uint32_t value)
{
    sim_registry_set(OWN, name, TYPE_DWORD, &value, sizeof(value));
}

static uint64_t size_of(const char *device)
{
    return (uint64_t)query(device).size_bytes;
}

/* ImDisk's programs write ImDisk's key; a driver that has one of its own reads both. Each number is one key's, whole. */
static void its_own_key_comes_first(void)
{
    begin();
    set_dword("LoadDevices", 4);
    set_qword("Size0", 5 * MIB);
    set_string(PARAMETERS, "FileName0", "\\??\\missing"); /* must not be mixed into the own disk 0 */
    set_qword("Size1", 5 * MIB);
    set_qword("Size2", 6 * MIB);
    set_own_dword("LoadDevices", 3);
    set_own("Size0", 2 * MIB);
    set_own("Size2", 3 * MIB);
    set_own("Size3", 4 * MIB); /* beyond what this key asks for */
    load();
    wait_for(3, 2);
    check_logged(NT_EVENT_TAKEN_TWICE, "ImDisk2", STATUS_OBJECT_NAME_COLLISION);
    CHECK_EQUAL(size_of("\\Device\\ImDisk0"), 2 * MIB);
    CHECK_EQUAL(size_of("\\Device\\ImDisk1"), 5 * MIB);
    CHECK_EQUAL(size_of("\\Device\\ImDisk2"), 3 * MIB);
    end();
}

/* A service called ImDisk has that key for its own. No disk is described twice then. */
static void an_own_key_that_is_imdisks_is_read_once(void)
{
    struct sim_options options = {.seed = 1, .as_imdisk = true};
    sim_reset(&options);
    set_dword("LoadDevices", 2);
    set_qword("Size0", 5 * MIB);
    set_qword("Size1", 6 * MIB);
    load();
    wait_for(2, 0);
    end();
}

/* A setting of ours alone takes nothing away from ImDisk's disks. */
static void an_own_setting_keeps_the_disks_of_imdisk(void)
{
    begin();
    set_dword("LoadDevices", 3);
    set_dword("MaxDevices", 1);
    set_qword("Size0", 5 * MIB);
    set_qword("Size1", 6 * MIB);
    set_qword("Size2", 7 * MIB);
    set_own_dword("MaxDevices", 2);
    load();
    wait_for(2, 0);
    CHECK_EQUAL(size_of("\\Device\\ImDisk1"), 6 * MIB);
    end();
}

/* Of each parameter that both have, the own one counts, though the other makes no sense. */
static void a_wrong_parameter_of_imdisk_may_be_overridden(void)
{
    begin();
    set_string(PARAMETERS, "MaxDevices", "many");
    CHECK_EQUAL(sim_load(DriverEntry), STATUS_INVALID_PARAMETER);
    begin();
    set_string(PARAMETERS, "MaxDevices", "many");
    set_own_dword("MaxDevices", 2);
    load();
    end();
}

static void long_names_and_values(void)
{
    static uint16_t name[70000];
    char text[64];
    for (size_t i = 0; i < sizeof(name) / 2; i++) {
        name[i] = 'x';
    }
    begin();
    set_dword("LoadDevices", 3);
    sim_registry_set(PARAMETERS, "FileName0", TYPE_STRING, name, 2 * 32767);
    sim_registry_set(PARAMETERS, "FileName1", TYPE_STRING, name, 2 * 32768);
    sim_registry_set(PARAMETERS, "FileName2", TYPE_STRING, name, 140000);
    load();
    wait_for(0, 3); /* the first is only not found */
    CHECK(!NT_SUCCESS(sim_log_last(text, sizeof(text))));
    end();
}

static void unloading_while_disks_are_created(void)
{
    begin();
    set_dword("LoadDevices", 2);
    for (unsigned i = 0; i < 2; i++) {
        set_string(PARAMETERS, i == 0 ? "FileName0" : "FileName1", "\\??\\C:\\" IMAGE);
        set_dword(i == 0 ? "Flags0" : "Flags1", IMDISK_TYPE_VM);
    }
    for (unsigned i = 0; i < 20; i++) {
        load();
        if (i % 2 != 0) {
            pause_a_little();
        }
        end(); /* with the simulation's checks for what is left */
    }
}

/* ---- the refresh event ---- */

static void wait_for_pulses(const char *path, unsigned long count)
{
    for (unsigned i = 0; i < 10000 && sim_event_pulses(path) < count; i++) {
        pause_a_little();
    }
    CHECK_EQUAL(sim_event_pulses(path), count);
}

static unsigned long wait_for_more_pulses(const char *path, unsigned long count)
{
    for (unsigned i = 0; i < 10000 && sim_event_pulses(path) <= count; i++) {
        pause_a_little();
    }
    CHECK(sim_event_pulses(path) > count);
    return sim_event_pulses(path);
}

static void changes_pulse_the_event(void)
{
    uint32_t flags[2] = {IMDISK_OPTION_REMOVABLE, IMDISK_OPTION_REMOVABLE};
    struct ballast_disk_resize resize = {{16, BALLAST_DISK_RESIZE_VERSION, 0}, 2 * MIB};
    struct storage_grow_partition grow = {.partition_number = 1, .bytes_to_grow = MIB};
    unsigned char sector[512] = {1};
    struct sim_file *disk;
    begin();
    load();
    CHECK_EQUAL(sim_event_pulses(REFRESH), 0);
    CHECK_EQUAL(create(5, 0), STATUS_SUCCESS);
    wait_for_pulses(REFRESH, 1);
    CHECK_EQUAL(sim_create_file(process, "\\Device\\ImDisk5", GENERIC_READ | GENERIC_WRITE, &disk), STATUS_SUCCESS);
    CHECK_EQUAL(sim_ioctl(disk, IMDISK_IOCTL_SET_DEVICE_FLAGS, flags, 8, NULL, 0, NULL), STATUS_SUCCESS);
    wait_for_pulses(REFRESH, 2);
    CHECK_EQUAL(sim_ioctl(disk, BALLAST_IOCTL_DISK_RESIZE, &resize, sizeof(resize), NULL, 0, NULL), STATUS_SUCCESS);
    wait_for_pulses(REFRESH, 3);
    CHECK_EQUAL(sim_ioctl(disk, IOCTL_DISK_GROW_PARTITION, &grow, sizeof(grow), NULL, 0, NULL), STATUS_SUCCESS);
    wait_for_pulses(REFRESH, 4);
    CHECK_EQUAL(sim_write(disk, 0, sector, sizeof(sector), NULL), STATUS_SUCCESS);
    wait_for_pulses(REFRESH, 5);
    CHECK_EQUAL(sim_write(disk, 0, sector, sizeof(sector), NULL), STATUS_SUCCESS); /* no longer the first */
    CHECK_EQUAL(sim_read(disk, 0, sector, sizeof(sector), NULL), STATUS_SUCCESS);
    CHECK_EQUAL(remove_disk(), STATUS_SUCCESS);
    wait_for_pulses(REFRESH, 6);
    end();
    CHECK_EQUAL(sim_event_pulses(REFRESH), 7);
}

static void without_sessions_the_event_has_its_old_name(void)
{
    struct sim_options options = {.seed = 1, .nt52 = true};
    sim_reset(&options);
    load();
    CHECK_EQUAL(create(5, 0), STATUS_SUCCESS);
    wait_for_pulses(REFRESH_OLD, 1);
    end();
}

/* Whoever comes when sessions do finds it, and is told of what has changed before. */
static void the_event_comes_with_its_directory(void)
{
    struct sim_options options = {.seed = 1, .early = true};
    sim_reset(&options);
    load();
    CHECK_EQUAL(create(5, 0), STATUS_SUCCESS);
    CHECK_EQUAL(sim_log_events(), 0);
    sim_boot_directory();                                    /* the driver may see it before \Global is there */
    unsigned long pulses = wait_for_more_pulses(REFRESH, 0); /* who finds the event first, and who waited for it */
    sim_boot_sessions();
    CHECK_EQUAL(remove_disk(), STATUS_SUCCESS);
    (void)wait_for_more_pulses(REFRESH, pulses);
    end();
}

/* Not once more by who has been waiting for the directory, if a change has come before him. */
static void the_event_is_made_once(void)
{
    struct sim_options options = {.seed = 1, .early = true};
    struct timespec idle = {1, 500000000}; /* longer than the work thread waits between two looks */
    sim_reset(&options);
    load();
    CHECK_EQUAL(create(5, 0), STATUS_SUCCESS);
    sim_settle(); /* it waits for the directory now */
    sim_boot_directory();
    sim_boot_sessions();
    CHECK_EQUAL(remove_disk(), STATUS_SUCCESS);
    (void)wait_for_more_pulses(REFRESH, 0);
    (void)nanosleep(&idle, NULL);
    end(); /* all handles are closed */
}

/* Somebody's mutex of that name must not keep disks away. */
static void without_the_event_disks_work(void)
{
    begin();
    sim_event_squat(REFRESH);
    load();
    check_logged(NT_EVENT_REFRESH, "ImDiskRefresh", STATUS_OBJECT_TYPE_MISMATCH);
    CHECK_EQUAL(create(5, 0), STATUS_SUCCESS);
    CHECK_EQUAL(disks(), 1);
    end();
}

/* ---- device objects ---- */

static void device_objects(void)
{
    static const struct {
        uint32_t flags;
        DEVICE_TYPE type;
        ULONG characteristics;
    } rows[] = {
        {IMDISK_DEVICE_TYPE_HD, FILE_DEVICE_DISK, 0},
        {IMDISK_DEVICE_TYPE_HD | IMDISK_OPTION_REMOVABLE, FILE_DEVICE_DISK, FILE_REMOVABLE_MEDIA},
        {IMDISK_DEVICE_TYPE_FD, FILE_DEVICE_DISK, FILE_REMOVABLE_MEDIA | FILE_FLOPPY_DISKETTE},
        {IMDISK_DEVICE_TYPE_CD, FILE_DEVICE_CD_ROM, FILE_REMOVABLE_MEDIA | FILE_READ_ONLY_DEVICE},
        {IMDISK_DEVICE_TYPE_RAW, FILE_DEVICE_UNKNOWN, 0},
    };
    begin();
    load();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        test_note("row %u", (unsigned)i);
        CHECK_EQUAL(create_with(rows[i].flags, 0), STATUS_SUCCESS);
        struct sim_device *device = sim_device_find("\\Device\\ImDisk5");
        CHECK_EQUAL(device->object.DeviceType, rows[i].type);
        CHECK_EQUAL(device->object.Characteristics,
                    rows[i].characteristics | FILE_DEVICE_SECURE_OPEN | FILE_DEVICE_ALLOW_APPCONTAINER_TRAVERSAL);
        sim_device_dereference(device);
        CHECK_EQUAL(remove_disk(), STATUS_SUCCESS);
    }
    struct sim_device *device = sim_device_find("\\Device\\ImDiskCtl");
    CHECK_EQUAL(device->object.DeviceType, 0x8372);
    CHECK_EQUAL(device->object.Characteristics, FILE_DEVICE_SECURE_OPEN);
    sim_device_dereference(device);
    end();
}

/* Nobody has the driver open while its disks are created: DriverUnload is there when it is called. */
static void stopping_while_disks_are_created(void)
{
    for (unsigned seed = 1; seed <= 600; seed++) {
        struct sim_options options = {.seed = seed, .delay_percent = 50};
        sim_reset(&options);
        set_dword("LoadDevices", 3);
        set_qword("Size0", MIB);
        set_qword("Size1", MIB);
        set_qword("Size2", MIB);
        CHECK_EQUAL(sim_load(DriverEntry), STATUS_SUCCESS);
        for (volatile unsigned i = 0; i < seed % 300 * 300; i = i + 1) { /* another moment each time */
        }
        NTSTATUS stopped = sim_stop();
        CHECK(stopped == STATUS_SUCCESS || stopped == STATUS_PENDING || stopped == STATUS_INVALID_DEVICE_REQUEST);
        sim_settle();
        sim_unload();
    }
}

TEST_MAIN({"memory_file_and_offset", memory_file_and_offset}, {"failures_are_logged", failures_are_logged},
          {"boot_drivers_wait_for_volumes", boot_drivers_wait_for_volumes},
          {"boot_drivers_may_go_before_volumes", boot_drivers_may_go_before_volumes},
          {"numbers_and_letters_are_limited", numbers_and_letters_are_limited},
          {"more_than_there_can_be", more_than_there_can_be},
          {"wrong_parameters_keep_it_from_loading", wrong_parameters_keep_it_from_loading},
          {"its_own_key_comes_first", its_own_key_comes_first},
          {"an_own_key_that_is_imdisks_is_read_once", an_own_key_that_is_imdisks_is_read_once},
          {"an_own_setting_keeps_the_disks_of_imdisk", an_own_setting_keeps_the_disks_of_imdisk},
          {"a_wrong_parameter_of_imdisk_may_be_overridden", a_wrong_parameter_of_imdisk_may_be_overridden},
          {"long_names_and_values", long_names_and_values},
          {"unloading_while_disks_are_created", unloading_while_disks_are_created},
          {"stopping_while_disks_are_created", stopping_while_disks_are_created},
          {"changes_pulse_the_event", changes_pulse_the_event},
          {"without_sessions_the_event_has_its_old_name", without_sessions_the_event_has_its_old_name},
          {"the_event_comes_with_its_directory", the_event_comes_with_its_directory},
          {"the_event_is_made_once", the_event_is_made_once},
          {"without_the_event_disks_work", without_the_event_disks_work}, {"device_objects", device_objects})
