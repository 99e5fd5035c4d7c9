/* SPDX-License-Identifier: MIT */
/*
 * The stress test's file systems, on every other disk: files whose pages are cached and written back lazily, while their disks are
 * removed, shrunk, locked and dismounted under them. What is written to a file is the pattern of where that is on the disk.
 */

#include "core/disk/storage_abi.h"
#include "ballast/disk_abi.h"
#include "tests/behaviour/target.h"
#include "tests/sim/disk_stress.h"

#include <stdio.h>
#include <string.h>

#define FILES  8u
#define LENGTH 9000u

static unsigned digits; /* of the names of disks with file systems */
static bool volumes;    /* some disks are, and have names with other digits */
static bool unlocking;  /* volumes are locked and not dismounted */

void files_choose(struct sim_options *options, uint64_t round_seed)
{
    digits = round_seed % 2 == 0 ? 0x5555 : 0xAAAA;
    unlocking = round_seed % 4 == 0;
    volumes = round_seed % 3 != 0;
    options->file_system = round_seed % 7 == 0 ? SIM_RAW : SIM_FILES;
    options->file_system_digits = digits;
}

uint32_t files_registration(struct actor *actor)
{
    static const uint32_t registrations[4] = {0, 0, BALLAST_OPTION_PREFER_VOLUME, BALLAST_OPTION_MOUNT_MANAGER};
    return volumes ? registrations[test_random_below(&actor->random, 4)] : 0;
}

uint64_t files_end(unsigned number)
{
    return volumes || (digits >> number & 1) != 0 ? (FILES + 1) * SIM_FILE_SIZE : 0;
}

static bool open_path(struct actor *actor, const char *path, struct sim_file **file)
{
    NTSTATUS status = sim_create_file(actor->process, path, GENERIC_READ | GENERIC_WRITE, file);
    account("open a file", status);
    return NT_SUCCESS(status);
}

static void use_file(struct actor *actor, const char *disk)
{
    unsigned char bytes[LENGTH];
    char path[32];
    struct sim_file *file;
    unsigned number = (unsigned)test_random_below(&actor->random, FILES);
    (void)snprintf(path, sizeof(path), "%s\\%u", disk, number);
    if (!open_path(actor, path, &file)) {
        return;
    }
    for (unsigned i = 0; i < 4; i++) {
        ULONG length = (ULONG)(1 + test_random_below(&actor->random, LENGTH));
        uint64_t offset = test_random_below(&actor->random, SIM_FILE_SIZE - LENGTH);
        uint64_t on_disk = (number + 1) * SIM_FILE_SIZE + offset;
        if (test_random_below(&actor->random, 2) == 0) {
            for (size_t j = 0; j < length; j++) {
                bytes[j] = target_pattern(on_disk + j);
            }
            account("write a file", sim_write(file, offset, bytes, length, NULL));
        } else {
            NTSTATUS status = sim_read(file, offset, bytes, length, NULL);
            account("read a file", status);
            if (status == STATUS_SUCCESS) {
                check_content(on_disk, bytes, length);
            }
        }
    }
    if (test_random_below(&actor->random, 4) == 0) {
        account("flush a file", sim_flush(file));
    }
    sim_close(file);
}

/* As who removes a disk, or checks it. */
static void use_volume(struct actor *actor, const char *disk)
{
    struct sim_file *volume;
    if (!open_path(actor, disk, &volume)) {
        return;
    }
    NTSTATUS status = sim_fsctl(volume, FSCTL_LOCK_VOLUME, NULL, 0, NULL, 0);
    account("lock", status);
    if (NT_SUCCESS(status) ? !unlocking : test_random_below(&actor->random, 4) == 0) {
        account("dismount", sim_fsctl(volume, FSCTL_DISMOUNT_VOLUME, NULL, 0, NULL, 0));
    }
    if (test_random_below(&actor->random, 2) == 0) {
        account("eject", sim_ioctl(volume, IOCTL_STORAGE_EJECT_MEDIA, NULL, 0, NULL, 0, NULL));
    }
    sim_close(volume);
}

void files_use(struct actor *actor)
{
    char disk[] = "\\Device\\ImDisk0";
    unsigned number = (unsigned)test_random_below(&actor->random, DISKS);
    if (!volumes) {
        number = number / 2 * 2 + (digits & 1 ? 0 : 1);
    }
    disk[sizeof(disk) - 2] = (char)('0' + number);
    if (test_random_below(&actor->random, 6) == 0) {
        use_volume(actor, disk);
    } else {
        use_file(actor, disk);
    }
}

void files_end_round(uint64_t round_seed)
{
    struct sim_process *process = sim_process_create(true);
    struct sim_file *control;
    if (round_seed % 3 == 0) {
        sim_shutdown();
    }
    account("open", sim_create_file(process, "\\Device\\ImDiskCtl", GENERIC_READ | GENERIC_WRITE, &control));
    for (uint32_t number = 0; number < DISKS; number++) {
        account("remove", sim_ioctl(control, IMDISK_IOCTL_REMOVE_DEVICE, &number, sizeof(number), NULL, 0, NULL));
    }
    sim_kill_process(process);
    /* Pages of files that are behind the end by now, or on a disk that somebody has made read-only. */
    static const NTSTATUS reasons[] = {STATUS_NONEXISTENT_SECTOR, STATUS_MEDIA_WRITE_PROTECTED};
    unsigned long explained = 0;
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        explained += sim_lost_pages_to(reasons[i]);
    }
    /* Removal waits for who has locked a volume, but not for ever: what others write when he unlocks it comes too late. */
    explained += unlocking ? sim_lost_pages_to(STATUS_DEVICE_REMOVED) : 0;
    if (sim_dirty_pages() != 0 || sim_lost_pages() != explained) {
        stress_complain("%u pages are left; %lu lost without a reason, %lu of them because the disk is gone",
                        sim_dirty_pages(), sim_lost_pages() - explained, sim_lost_pages_to(STATUS_DEVICE_REMOVED));
    }
}
