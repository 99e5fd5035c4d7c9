/* SPDX-License-Identifier: MIT */
/*
 * Threads, each a process of its own, do everything at once to a few disks: create and remove them, open and close, read,
 * write, flush, trim, resize, change flags, several requests at a time, also at DISPATCH_LEVEL, cancel, and be killed in
 * the middle. Delays at locks, waits and completions push the threads into each other's way. After each round the driver
 * is unloaded. The oracle: statuses that the race explains, content that was written there or zeros, and the simulation's
 * rules; under ThreadSanitizer, its.
 *
 * sim-disk-stress [SECONDS [SEED]]: the first round has this seed, each following one the next.
 */

#include "ballast/disk_abi.h"
#include "core/disk/storage_abi.h"
#include "tests/behaviour/target.h"
#include "tests/sim/disk_stress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK     8192u
#define CHUNK     65536u
#define IN_FLIGHT 5

void account(const char *what, NTSTATUS status)
{
    static const NTSTATUS explained[] = {
        STATUS_SUCCESS,
        STATUS_CANCELLED,
        STATUS_DEVICE_REMOVED,
        STATUS_DEVICE_NOT_READY,
        STATUS_OBJECT_NAME_NOT_FOUND,  /* no such disk now */
        STATUS_OBJECT_NAME_COLLISION,  /* exists already */
        STATUS_NO_SUCH_DEVICE,         /* it is being created */
        STATUS_MEDIA_WRITE_PROTECTED,  /* somebody changed the flags */
        STATUS_INVALID_PARAMETER,      /* shrunk, or trimmed behind the end */
        STATUS_INVALID_DEVICE_REQUEST, /* flags that cannot be changed */
        STATUS_SHARING_VIOLATION,      /* two disks, one image */
        STATUS_ACCESS_DENIED,          /* somebody has locked the volume, or has files open */
        STATUS_VOLUME_DISMOUNTED,      /* by somebody else */
        STATUS_NONEXISTENT_SECTOR,     /* of a file on a disk that has been shrunk */
    };
    if (!stress_explained(status, explained, sizeof(explained) / sizeof(explained[0]))) {
        stress_complain("%s: unexpected status 0x%08x", what, (unsigned)status);
    }
}

void check_content(uint64_t offset, const unsigned char *data, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (data[i] != 0 && data[i] != target_pattern(offset + i)) {
            stress_complain("offset %llu holds 0x%02x, not 0x%02x or 0", (unsigned long long)(offset + i), data[i],
                            target_pattern(offset + i));
            return;
        }
    }
}

/* ---- the control device ---- */

static void create(struct actor *actor)
{
    static const uint32_t flags[DISKS] = {IMDISK_TYPE_VM, IMDISK_TYPE_FILE | IMDISK_OPTION_SPARSE_FILE, IMDISK_TYPE_VM,
                                          IMDISK_TYPE_FILE | IMDISK_FILE_AWE_ALLOC};
    static const char *const images[DISKS] = {NULL, "file", "loaded", "locked"};
    _Alignas(8) unsigned char bytes[256] = {0};
    struct imdisk_create_data *data = (struct imdisk_create_data *)bytes;
    uint32_t index = (uint32_t)test_random_below(&actor->random, DISKS);
    size_t length = 0;
    if (images[index] != NULL) {
        char name[16];
        WCHAR path[sizeof(name)] = {0};
        length = (size_t)snprintf(name, sizeof(name), "\\??\\C:\\%s", images[index]);
        (void)test_widen(name, path);
        memcpy(data->file_name, path, length * 2);
    }
    data->device_number = index;
    data->flags = flags[index] | files_registration(actor);
    data->size_bytes = MIB;
    data->drive_letter = (uint16_t)('R' + index);
    data->file_name_length_bytes = (uint16_t)(length * 2);
    struct sim_request *request = sim_ioctl_begin(actor->control, IMDISK_IOCTL_CREATE_DEVICE, bytes,
                                                  (ULONG)(IMDISK_CREATE_DATA_SIZE + length * 2), bytes, sizeof(bytes));
    if (test_random_below(&actor->random, 4) == 0) {
        sim_cancel(request);
    }
    account("create", sim_request_wait(request, NULL));
}

static void remove_disk(struct actor *actor)
{
    uint32_t number = (uint32_t)test_random_below(&actor->random, DISKS);
    struct sim_request *request =
        sim_ioctl_begin(actor->control, IMDISK_IOCTL_REMOVE_DEVICE, &number, sizeof(number), NULL, 0);
    if (test_random_below(&actor->random, 4) == 0) {
        sim_cancel(request);
    }
    account("remove", sim_request_wait(request, NULL));
}

static void query(struct actor *actor)
{
    uint32_t list[16];
    struct ballast_disk_driver_state state;
    account("query", sim_ioctl(actor->control, IMDISK_IOCTL_QUERY_DRIVER, NULL, 0, list, sizeof(list), NULL));
    account("query",
            sim_ioctl(actor->control, BALLAST_IOCTL_DISK_QUERY_DRIVER_STATE, NULL, 0, &state, sizeof(state), NULL));
}

/* ---- a disk ---- */

struct flight {
    struct sim_request *request;
    const char *what;
    uint64_t offset;
    bool reads;
    union {
        unsigned char block[BLOCK];
        struct {
            struct storage_data_set_attributes attributes;
            uint32_t padding;
            struct storage_data_set_range range;
        } trim;
        struct ballast_disk_resize resize;
        struct storage_grow_partition grow;
        uint32_t flags[2];
        struct ballast_disk_state state;
    };
};

/*
 * Disks do not order requests to the same place, which ThreadSanitizer calls a race of the callers; so what is in flight at
 * the same time goes to different stripes. Trims of whole chunks of a RAM disk touch no bytes and go everywhere.
 */
#define STRIPES (STRESS_THREADS * IN_FLIGHT)

static uint64_t stripe(struct actor *actor, unsigned disk, unsigned index)
{
    uint64_t rows = (MIB - files_end(disk)) / BLOCK / STRIPES;
    return files_end(disk) +
           (test_random_below(&actor->random, rows) * STRIPES + actor->index * IN_FLIGHT + index) * BLOCK;
}

static void begin_trim(struct sim_file *file, struct flight *flight, uint64_t offset, uint64_t length)
{
    flight->what = "trim";
    flight->trim = (__typeof__(flight->trim)){.attributes = {28, DATA_SET_ACTION_TRIM, 0, 0, 0, 32, 16},
                                              .range = {(int64_t)offset, length}};
    flight->request =
        sim_ioctl_begin(file, IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES, &flight->trim, sizeof(flight->trim), NULL, 0);
}

static void begin_write(struct sim_file *file, struct flight *flight, uint64_t offset, ULONG length)
{
    flight->what = "write";
    for (size_t i = 0; i < length; i++) {
        flight->block[i] = target_pattern(offset + i);
    }
    flight->request = sim_write_begin(file, offset, flight->block, length);
}

static void begin_grow(struct sim_file *file, struct flight *flight)
{
    flight->what = "grow";
    flight->grow = (struct storage_grow_partition){.partition_number = 1, .bytes_to_grow = 512};
    flight->request = sim_ioctl_begin(file, IOCTL_DISK_GROW_PARTITION, &flight->grow, sizeof(flight->grow), NULL, 0);
}

static void begin(struct actor *actor, struct sim_file *file, struct flight *flight, uint64_t block)
{
    struct test_random *random = &actor->random;
    ULONG length = (ULONG)(1 + test_random_below(random, BLOCK / 512)) * 512;
    uint64_t offset = block + BLOCK - length;
    flight->offset = offset;
    flight->reads = false;
    switch (test_random_below(random, 20)) {
    case 0:
        if (test_random_below(random, 2) == 0) {
            offset = test_random_below(random, MIB / CHUNK) * CHUNK;
            length = CHUNK;
        }
        begin_trim(file, flight, offset, length);
        break;
    case 1:
        flight->what = "resize";
        flight->resize =
            (struct ballast_disk_resize){{16, BALLAST_DISK_RESIZE_VERSION, BALLAST_DISK_RESIZE_ALLOW_SHRINK},
                                         MIB / 2 + test_random_below(random, 10) * 65536};
        flight->request =
            sim_ioctl_begin(file, BALLAST_IOCTL_DISK_RESIZE, &flight->resize, sizeof(flight->resize), NULL, 0);
        break;
    case 2:
        begin_grow(file, flight);
        break;
    case 3:
        flight->what = "flags";
        flight->flags[0] = IMDISK_OPTION_READ_ONLY | IMDISK_IMAGE_MODIFIED;
        flight->flags[1] = test_random_below(random, 4) == 0 ? IMDISK_OPTION_READ_ONLY : 0;
        flight->request = sim_ioctl_begin(file, IMDISK_IOCTL_SET_DEVICE_FLAGS, flight->flags, 8, flight->flags, 8);
        break;
    case 4:
        flight->what = "state";
        flight->request =
            sim_ioctl_begin(file, BALLAST_IOCTL_DISK_QUERY_STATE, NULL, 0, &flight->state, sizeof(flight->state));
        break;
    case 5:
        if (test_random_below(random, 8) == 0) {
            flight->what = "eject";
            flight->request = sim_ioctl_begin(file, IOCTL_STORAGE_EJECT_MEDIA, NULL, 0, NULL, 0);
            break;
        }
        __attribute__((fallthrough));
    case 6:
    case 7:
    case 8:
    case 9:
    case 10:
        begin_write(file, flight, offset, length);
        break;
    default:
        flight->what = "read";
        flight->reads = true;
        flight->request = sim_read_begin(file, offset, flight->block, length);
        break;
    }
}

/* Returns false if the process was killed. */
static bool use_disk(struct actor *actor, struct flight *flights)
{
    struct sim_file *file;
    char path[] = "\\Device\\ImDisk0";
    unsigned disk = (unsigned)test_random_below(&actor->random, DISKS);
    path[14] = (char)('0' + disk);
    NTSTATUS status = sim_create_file(actor->process, path, GENERIC_READ | GENERIC_WRITE, &file);
    account("open", status);
    if (!NT_SUCCESS(status)) {
        return true;
    }
    for (unsigned i = 0; i < IN_FLIGHT; i++) {
        if (test_random_below(&actor->random, 8) == 0) {
            sim_set_irql(DISPATCH_LEVEL);
            flights[i].what = "read at DISPATCH_LEVEL";
            flights[i].reads = true;
            flights[i].offset = stripe(actor, disk, i);
            flights[i].request = sim_read_begin(file, flights[i].offset, flights[i].block, BLOCK);
            sim_set_irql(PASSIVE_LEVEL);
        } else {
            begin(actor, file, &flights[i], stripe(actor, disk, i));
        }
    }
    if (test_random_below(&actor->random, 100) == 0) {
        sim_kill_process(actor->process);
        return false;
    }
    for (unsigned i = 0; i < IN_FLIGHT; i++) {
        ULONG_PTR information;
        if (test_random_below(&actor->random, 4) == 0) {
            sim_cancel(flights[i].request);
        }
        status = sim_request_wait(flights[i].request, &information);
        account(flights[i].what, status);
        if (status == STATUS_SUCCESS && flights[i].reads) {
            check_content(flights[i].offset, flights[i].block, information);
        }
    }
    if (test_random_below(&actor->random, 4) == 0) {
        account("flush", sim_flush(file));
    }
    sim_close(file);
    return true;
}

static void act(struct test_random random, uint64_t index)
{
    struct actor actor = {.random = random, .index = index};
    struct flight *flights = calloc(IN_FLIGHT, sizeof(*flights));
    actor.process = sim_process_create(true);
    bool alive = sim_create_file(actor.process, "\\Device\\ImDiskCtl", GENERIC_READ | GENERIC_WRITE, &actor.control) ==
                 STATUS_SUCCESS;
    for (unsigned i = 0; i < STRESS_STEPS && alive; i++) {
        switch (test_random_below(&actor.random, 10)) {
        case 0:
        case 1:
            create(&actor);
            break;
        case 2:
            remove_disk(&actor);
            break;
        case 3:
            query(&actor);
            break;
        case 4:
        case 5:
            files_use(&actor);
            break;
        default:
            alive = use_disk(&actor, flights);
            break;
        }
    }
    if (alive) {
        sim_kill_process(actor.process);
    }
    free(flights);
}

static void set_up(void)
{
    CHECK(target_image_create("file", MIB));
    CHECK(target_image_create("loaded", MIB));
    CHECK(target_image_create("locked", MIB));
}

int main(int argc, char **argv)
{
    static const struct stress stress = {
        .hurry = 20, .set_up = set_up, .choose = files_choose, .act = act, .tear_down = files_end_round};
    return stress_main(&stress, argc, argv);
}
