/* SPDX-License-Identifier: MIT */
/*
 * Threads of several processes read, write, flush, trim and resize disks while another thread removes and creates them.
 * The oracle: every request ends, with success or with what a removed disk answers; what is read is what was written
 * there or zeros; and afterwards nothing is left.
 *
 * disk-stress [SECONDS [SEED]]; `disk-stress SECONDS SEED io` is one of the other processes
 */

#include "ballast/disk_abi.h"
#include "core/disk/storage_abi.h"
#include "tests/behaviour/create_request.h"
#include "tests/harness/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#define MIB        (1u << 20)
#define DISKS      3 /* RAM, file, RAM loaded from a file */
#define IO_THREADS 2 /* of each process */
#define PROCESSES  2 /* besides the first */
#define BLOCK      8192u

static unsigned long seconds = 5;
static unsigned long seed = 1;
static volatile LONG stop;
static volatile LONG requests;
static volatile LONG refused; /* by disks that were being removed */
static volatile LONG unexpected;
static volatile LONG corrupt;

static bool removed_status(uint32_t status)
{
    switch (status) {
    case 0xC00002B6u: /* DEVICE_REMOVED */
    case 0xC000000Eu: /* NO_SUCH_DEVICE */
    case 0xC00000A3u: /* DEVICE_NOT_READY: being created */
    case 0xC0000123u: /* FILE_DELETED: Wine, for removed devices */
    case 0xC0000008u: /* INVALID_HANDLE: Wine, while deleting */
        return true;
    default:
        return false;
    }
}

static void account(uint32_t status)
{
    InterlockedIncrement(&requests);
    if (removed_status(status)) {
        InterlockedIncrement(&refused);
    } else if (status != 0 && status != 0xC000000Du /* trims and resizes may collide */) {
        printf("# unexpected status 0x%08x\n", (unsigned)status);
        InterlockedIncrement(&unexpected);
    }
}

/* Either the pattern or zeros, for each 512 bytes. */
static void check_content(uint64_t offset, const unsigned char *data, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (data[i] != 0 && data[i] != target_pattern(offset + i)) {
            printf("# offset %llu holds 0x%02x, not 0x%02x or 0\n", (unsigned long long)(offset + i), data[i],
                   target_pattern(offset + i));
            InterlockedIncrement(&corrupt);
            return;
        }
    }
}

static uint32_t one_request(struct target_handle *disk, struct test_random *random, unsigned char *block)
{
    uint64_t offset = test_random_below(random, MIB / 512) * 512;
    size_t length = (1 + (size_t)test_random_below(random, BLOCK / 512)) * 512;
    size_t done = 0;
    uint32_t status = 0;
    switch (test_random_below(random, 16)) {
    case 0:
        return target_flush(disk);
    case 1: {
        struct {
            struct storage_data_set_attributes attributes;
            uint32_t padding;
            struct storage_data_set_range range;
        } trim = {{28, DATA_SET_ACTION_TRIM, 0, 0, 0, 32, 16}, 0, {(int64_t)offset, length}};
        return target_ioctl(disk, IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES, &trim, sizeof(trim), NULL, 0, NULL);
    }
    case 2: {
        struct ballast_disk_resize resize = {{16, 1, 0}, MIB + test_random_below(random, 4) * 65536};
        return target_ioctl(disk, BALLAST_IOCTL_DISK_RESIZE, &resize, sizeof(resize), NULL, 0, NULL);
    }
    case 3:
    case 4:
    case 5:
    case 6:
    case 7:
        for (size_t i = 0; i < length; i++) {
            block[i] = target_pattern(offset + i);
        }
        return target_write(disk, offset, block, length, &done);
    default:
        status = target_read(disk, offset, block, length, &done);
        if (status == 0) {
            check_content(offset, block, done);
        }
        return status;
    }
}

static DWORD WINAPI io_thread(void *context)
{
    struct test_random random = {(uintptr_t)context};
    unsigned char *block = malloc(BLOCK);
    while (!stop) {
        char name[] = "ImDisk0";
        name[6] = (char)('0' + test_random_below(&random, DISKS));
        struct target_handle *disk = target_open(name, TARGET_READ_WRITE, NULL);
        for (int i = 0; i < 50 && disk != NULL && !stop; i++) {
            uint32_t status = one_request(disk, &random, block);
            account(status);
            if (removed_status(status)) {
                break;
            }
        }
        target_close(disk);
    }
    free(block);
    return 0;
}

static uint32_t create(struct target_handle *control, uint32_t number)
{
    static _Alignas(8) unsigned char bytes[2048];
    static const uint32_t types[DISKS] = {IMDISK_TYPE_VM, IMDISK_TYPE_FILE, IMDISK_TYPE_VM};
    static const char *const images[DISKS] = {NULL, "stress1", "stress2"};
    struct imdisk_create_data fields = {.device_number = number, .flags = types[number], .size_bytes = MIB};
    size_t length = create_request(bytes, sizeof(bytes), &fields, images[number]);
    return target_ioctl(control, IMDISK_IOCTL_CREATE_DEVICE, bytes, length, NULL, 0, NULL);
}

static unsigned remove_and_create(struct target_handle *control)
{
    struct test_random random = {seed + 1000};
    DWORD began = GetTickCount();
    unsigned rounds = 0;
    while (GetTickCount() - began < seconds * 1000) {
        uint32_t number = (uint32_t)test_random_below(&random, DISKS);
        Sleep((DWORD)test_random_below(&random, 20));
        CHECK_EQUAL(target_ioctl(control, IMDISK_IOCTL_REMOVE_DEVICE, &number, 4, NULL, 0, NULL), 0);
        if (!CHECK_EQUAL(create(control, number), 0)) {
            break;
        }
        rounds++;
    }
    return rounds;
}

static void start_threads(HANDLE threads[IO_THREADS], unsigned long first_seed)
{
    for (uintptr_t i = 0; i < IO_THREADS; i++) {
        threads[i] = CreateThread(NULL, 0, io_thread, (void *)(i + first_seed), 0, NULL);
    }
}

static bool threads_end(HANDLE threads[IO_THREADS])
{
    stop = 1;
    return WaitForMultipleObjects(IO_THREADS, threads, TRUE, 30000) == WAIT_OBJECT_0;
}

/* Another process: the same requests, from handles of its own. Exit code 0 if all was well. */
static int io_process(void)
{
    HANDLE threads[IO_THREADS];
    start_threads(threads, seed);
    Sleep(seconds * 1000);
    bool ended = threads_end(threads);
    return ended && unexpected == 0 && corrupt == 0 && requests > 100 ? 0 : 1;
}

static HANDLE start_process(unsigned index)
{
    WCHAR program[MAX_PATH];
    WCHAR line[MAX_PATH + 64];
    STARTUPINFOW startup = {.cb = sizeof(startup)};
    PROCESS_INFORMATION process;
    GetModuleFileNameW(NULL, program, MAX_PATH);
    (void)_snwprintf(line, MAX_PATH + 64, L"\"%ls\" %lu %lu io", program, seconds, seed + 100 * (index + 1));
    if (!CHECK(CreateProcessW(program, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &process))) {
        return NULL;
    }
    CloseHandle(process.hThread);
    return process.hProcess;
}

static void check_process(HANDLE process)
{
    DWORD code = 99;
    CHECK_EQUAL(WaitForSingleObject(process, 60000), WAIT_OBJECT_0);
    CHECK(GetExitCodeProcess(process, &code));
    CHECK_EQUAL(code, 0);
    CloseHandle(process);
}

static void removal_under_load(void)
{
    HANDLE threads[IO_THREADS];
    HANDLE processes[PROCESSES];
    struct ballast_disk_driver_state state;
    struct target_handle *control = target_open("ImDiskCtl", TARGET_READ_WRITE, NULL);
    if (!CHECK(control != NULL)) {
        return;
    }
    CHECK(target_image_create("stress1", MIB));
    CHECK(target_image_create("stress2", MIB));
    for (uint32_t i = 0; i < DISKS; i++) {
        CHECK_EQUAL(create(control, i), 0);
    }
    start_threads(threads, seed);
    for (unsigned i = 0; i < PROCESSES; i++) {
        processes[i] = start_process(i);
    }
    unsigned rounds = remove_and_create(control);
    CHECK(threads_end(threads));
    for (unsigned i = 0; i < PROCESSES; i++) {
        check_process(processes[i]);
    }
    for (uint32_t i = 0; i < DISKS; i++) {
        CHECK_EQUAL(target_ioctl(control, IMDISK_IOCTL_REMOVE_DEVICE, &i, 4, NULL, 0, NULL), 0);
    }
    printf("# %ld requests, %ld of them refused, %u removals, seed %lu\n", requests, refused, rounds, seed);
    CHECK_EQUAL(unexpected, 0);
    CHECK_EQUAL(corrupt, 0);
    CHECK(rounds > 5);
    CHECK(requests > 100);
    CHECK_EQUAL(target_ioctl(control, BALLAST_IOCTL_DISK_QUERY_DRIVER_STATE, NULL, 0, &state, sizeof(state), NULL), 0);
    CHECK_EQUAL(state.disks, 0);
    for (size_t i = 0; i < BALLAST_POOL_TAGS; i++) {
        CHECK_EQUAL(state.pool[i].bytes, 0);
    }
    target_close(control);
    target_image_delete("stress1");
    target_image_delete("stress2");
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {{"removal_under_load", removal_under_load}};
    if (argc > 1) {
        seconds = strtoul(argv[1], NULL, 10);
    }
    if (argc > 2) {
        seed = strtoul(argv[2], NULL, 10);
    }
    if (argc > 3) {
        return io_process();
    }
    return test_main(cases, 1, 1, argv);
}
