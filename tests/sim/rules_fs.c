/* SPDX-License-Identifier: MIT */
/* File systems on a driver's disks, and what they ask of it. The driver here has a disk in memory. rules.h says the rest. */

#include "tests/sim/rules.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#define DISK      "\\Device\\Disk"
#define DISK_SIZE (1u << 20)
#define CODE      0x00222004u /* FILE_ANY_ACCESS, METHOD_BUFFERED */

static unsigned char memory[DISK_SIZE];
static PDEVICE_OBJECT disk_device;
static unsigned paged_in, paged_out; /* requests */
static bool may_write;               /* what the file object of the last control code said */
static unsigned shutdowns;
static unsigned dirty_at_shutdown;

/* ---- the driver ---- */

static pthread_mutex_t memory_lock = PTHREAD_MUTEX_INITIALIZER; /* the test looks, too */

static NTSTATUS transfer(PDEVICE_OBJECT device, PIRP irp)
{
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    ULONG length = stack->Parameters.Read.Length;
    size_t offset = (size_t)stack->Parameters.Read.ByteOffset.QuadPart;
    (void)device;
    if (offset > DISK_SIZE || length > DISK_SIZE - offset) {
        return complete(irp, STATUS_INVALID_PARAMETER, 0);
    }
    if ((irp->Flags & IRP_PAGING_IO) != 0) {
        CHECK_EQUAL(KeGetCurrentIrql(), APC_LEVEL);
        *(stack->MajorFunction == IRP_MJ_READ ? &paged_in : &paged_out) += 1;
    }
    void *buffer = MmGetSystemAddressForMdlSafe(irp->MdlAddress, HighPagePriority);
    (void)pthread_mutex_lock(&memory_lock);
    if (stack->MajorFunction == IRP_MJ_READ) {
        memcpy(buffer, memory + offset, length);
    } else {
        memcpy(memory + offset, buffer, length);
    }
    (void)pthread_mutex_unlock(&memory_lock);
    return complete(irp, STATUS_SUCCESS, length);
}

static NTSTATUS succeed(PDEVICE_OBJECT device, PIRP irp)
{
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    (void)device;
    if (stack->MajorFunction == IRP_MJ_DEVICE_CONTROL) {
        may_write = stack->FileObject->WriteAccess;
    } else if (stack->MajorFunction == IRP_MJ_SHUTDOWN) {
        shutdowns++;
        dirty_at_shutdown = sim_dirty_pages();
    }
    return complete(irp, STATUS_SUCCESS, 0);
}

static void unload(PDRIVER_OBJECT driver)
{
    (void)driver;
    if (disk_device != NULL) {
        IoDeleteDevice(disk_device);
        __atomic_store_n(&disk_device, NULL, __ATOMIC_RELEASE);
    }
}

static NTSTATUS make_disk(PDRIVER_OBJECT driver)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\Disk");
    NTSTATUS status = IoCreateDevice(driver, 0, &name, FILE_DEVICE_DISK, 0, FALSE, &disk_device);
    disk_device->Flags |= DO_DIRECT_IO;
    disk_device->Flags &= ~DO_DEVICE_INITIALIZING;
    return status;
}

static NTSTATUS load(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path)
{
    (void)registry_path;
    for (unsigned i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        driver->MajorFunction[i] = succeed;
    }
    driver->MajorFunction[IRP_MJ_READ] = transfer;
    driver->MajorFunction[IRP_MJ_WRITE] = transfer;
    driver->DriverUnload = unload;
    return make_disk(driver);
}

static struct sim_process *process;

static void begin(enum sim_file_system file_system)
{
    struct sim_options options = {.seed = 1, .watchdog_seconds = 5, .file_system = file_system};
    memset(memory, 0, sizeof(memory));
    paged_in = paged_out = shutdowns = 0;
    sim_reset(&options);
    CHECK_EQUAL(sim_load(load), STATUS_SUCCESS);
    process = sim_process_create(true);
}

static struct sim_file *open_path(const char *path)
{
    struct sim_file *file = NULL;
    CHECK_EQUAL(sim_create_file(process, path, GENERIC_READ | GENERIC_WRITE, &file), STATUS_SUCCESS);
    return file;
}

static NTSTATUS control(struct sim_file *file, ULONG code)
{
    return sim_fsctl(file, code, NULL, 0, NULL, 0);
}

/* What is mounted would keep the driver from being unloaded. */
static void end(void)
{
    if (sim_is_mounted(DISK)) {
        CHECK_EQUAL(control(open_path(DISK), FSCTL_DISMOUNT_VOLUME), STATUS_SUCCESS);
    }
    sim_kill_process(process);
    CHECK_EQUAL(sim_stop(), STATUS_SUCCESS);
    CHECK_EQUAL(sim_lost_pages(), 0);
    sim_unload();
}

static void write_file(struct sim_file *file)
{
    static const unsigned char bytes[3] = {1, 2, 3};
    CHECK_EQUAL(sim_write(file, 4095, bytes, sizeof(bytes), NULL), STATUS_SUCCESS); /* two pages */
}

static bool on_disk(unsigned number)
{
    static const unsigned char bytes[3] = {1, 2, 3};
    (void)pthread_mutex_lock(&memory_lock);
    bool same = memcmp(memory + (number + 1) * SIM_FILE_SIZE + 4095, bytes, sizeof(bytes)) == 0;
    (void)pthread_mutex_unlock(&memory_lock);
    return same;
}

/* ---- caching ---- */

static void files_are_cached(void)
{
    unsigned char bytes[3] = {0};
    begin(SIM_FILES);
    struct sim_file *file = open_path(DISK "\\2");
    sim_hold_lazy_writer(true);
    CHECK(sim_is_mounted(DISK));
    write_file(file);
    CHECK_EQUAL(paged_in, 3); /* and the directory */
    CHECK_EQUAL(sim_dirty_pages(), 2);
    CHECK(!on_disk(2));
    CHECK_EQUAL(sim_read(file, 4095, bytes, sizeof(bytes), NULL), STATUS_SUCCESS);
    CHECK_EQUAL(bytes[2], 3);
    CHECK_EQUAL(sim_flush(file), STATUS_SUCCESS);
    CHECK_EQUAL(paged_out, 2);
    CHECK(on_disk(2) && sim_dirty_pages() == 0);
    end();
}

static void the_lazy_writer_writes(void)
{
    begin(SIM_FILES);
    write_file(open_path(DISK "\\7"));
    for (unsigned i = 0; i < 5000 && sim_dirty_pages() != 0; i++) {
        struct timespec time = {0, 1000000};
        (void)nanosleep(&time, NULL);
    }
    end(); /* with the lazy writer */
    CHECK(on_disk(7));
}

/* ---- locking and dismounting ---- */

static void locks_want_the_volume_for_themselves(void)
{
    struct sim_file *other;
    begin(SIM_FILES);
    struct sim_file *file = open_path(DISK "\\0");
    struct sim_file *volume = open_path(DISK);
    sim_hold_lazy_writer(true);
    write_file(file);
    CHECK_EQUAL(control(volume, FSCTL_LOCK_VOLUME), STATUS_ACCESS_DENIED);
    CHECK_EQUAL(control(file, FSCTL_LOCK_VOLUME), STATUS_INVALID_PARAMETER);
    sim_close(file);
    CHECK_EQUAL(control(volume, FSCTL_UNLOCK_VOLUME), STATUS_NOT_LOCKED);
    CHECK_EQUAL(control(volume, FSCTL_LOCK_VOLUME), STATUS_SUCCESS);
    CHECK(on_disk(0));
    CHECK_EQUAL(disk_device->Vpb->Flags, VPB_MOUNTED | VPB_LOCKED);
    CHECK_EQUAL(sim_create_file(process, DISK "\\0", GENERIC_READ, &other), STATUS_ACCESS_DENIED);
    CHECK_EQUAL(sim_create_file(process, DISK, FILE_READ_ATTRIBUTES, &other), STATUS_SUCCESS); /* the driver's */
    CHECK_EQUAL(control(volume, FSCTL_DISMOUNT_VOLUME), STATUS_SUCCESS);
    CHECK_EQUAL(disk_device->Vpb->Flags, VPB_LOCKED);
    CHECK_EQUAL(control(volume, FSCTL_IS_VOLUME_MOUNTED), STATUS_VOLUME_DISMOUNTED);
    sim_close(volume);
    CHECK_EQUAL(disk_device->Vpb->Flags, 0);
    CHECK(open_path(DISK "\\0") != NULL); /* mounts it again */
    end();
}

static void dismounting_does_not_wait(void)
{
    unsigned char byte = 1;
    begin(SIM_FILES);
    struct sim_file *file = open_path(DISK "\\0");
    struct sim_file *volume = open_path(DISK);
    sim_hold_lazy_writer(true);
    write_file(file);
    CHECK_EQUAL(control(volume, FSCTL_DISMOUNT_VOLUME), STATUS_SUCCESS);
    CHECK(on_disk(0));
    CHECK_EQUAL(sim_write(file, 0, &byte, 1, NULL), STATUS_VOLUME_DISMOUNTED);
    CHECK(!sim_is_mounted(DISK));
    end();
}

static PVOID look_up(PCWSTR name)
{
    UNICODE_STRING string;
    RtlInitUnicodeString(&string, name);
    return MmGetSystemRoutineAddress(&string);
}

/* As a driver does it with its own disk. */
static void the_kernel_may_dismount(void)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\Disk");
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK io;
    HANDLE handle = NULL;
    void (*acquire)(PKIRQL);
    void (*release)(KIRQL);
    KIRQL irql;
    begin(SIM_FILES);
    *(PVOID *)&acquire = look_up(L"IoAcquireVpbSpinLock");
    *(PVOID *)&release = look_up(L"IoReleaseVpbSpinLock");
    sim_close(open_path(DISK "\\5"));
    InitializeObjectAttributes(&attributes, &name, OBJ_KERNEL_HANDLE, NULL, NULL);
    CHECK_EQUAL(ZwCreateFile(&handle, GENERIC_READ, &attributes, &io, NULL, 0, 0, FILE_OPEN,
                             FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0),
                STATUS_SUCCESS);
    CHECK_EQUAL(ZwFsControlFile(handle, NULL, NULL, NULL, &io, FSCTL_LOCK_VOLUME, NULL, 0, NULL, 0), STATUS_SUCCESS);
    acquire(&irql);
    CHECK_EQUAL(disk_device->Vpb->Flags, VPB_MOUNTED | VPB_LOCKED);
    release(irql);
    CHECK_EQUAL(ZwFsControlFile(handle, NULL, NULL, NULL, &io, FSCTL_DISMOUNT_VOLUME, NULL, 0, NULL, 0),
                STATUS_SUCCESS);
    CHECK_EQUAL(ZwClose(handle), STATUS_SUCCESS);
    CHECK(!sim_is_mounted(DISK));
    end();
}

/* ---- RAW, and what file objects say ---- */

static void raw_passes_on_what_is_aligned(void)
{
    unsigned char bytes[512] = {9};
    struct sim_file *file;
    begin(SIM_RAW);
    struct sim_file *volume = open_path(DISK);
    CHECK_EQUAL(sim_write(volume, 512, bytes, sizeof(bytes), NULL), STATUS_SUCCESS);
    CHECK_EQUAL(memory[512], 9);
    CHECK_EQUAL(sim_write(volume, 1, bytes, sizeof(bytes), NULL), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(sim_flush(volume), STATUS_INVALID_DEVICE_REQUEST);
    CHECK_EQUAL(control(volume, 0x000900C4), STATUS_INVALID_DEVICE_REQUEST);
    CHECK_EQUAL(sim_create_file(process, DISK "\\0", GENERIC_READ, &file), STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_EQUAL(disk_device->Vpb->Flags, VPB_MOUNTED | VPB_RAW_MOUNT);
    CHECK_EQUAL(control(volume, FSCTL_LOCK_VOLUME), STATUS_SUCCESS);
    CHECK_EQUAL(control(volume, FSCTL_UNLOCK_VOLUME), STATUS_SUCCESS);
    end();
}

static void access_is_recorded_by_the_file_system(void)
{
    for (enum sim_file_system file_system = SIM_RAW; file_system <= SIM_FILES; file_system++) {
        begin(file_system);
        CHECK_EQUAL(sim_ioctl(open_path(DISK), CODE, NULL, 0, NULL, 0, NULL), STATUS_SUCCESS);
        CHECK_EQUAL(may_write, file_system == SIM_FILES);
        end();
    }
}

/* ---- the driver's end, the system's end ---- */

static void a_mounted_disk_keeps_its_driver(void)
{
    struct sim_file *file;
    begin(SIM_FILES);
    struct sim_file *volume = open_path(DISK);
    CHECK_EQUAL(sim_stop(), STATUS_PENDING);
    CHECK_EQUAL(sim_create_file(process, DISK "\\0", GENERIC_READ, &file), STATUS_NO_SUCH_DEVICE);
    CHECK_EQUAL(control(volume, FSCTL_DISMOUNT_VOLUME), STATUS_SUCCESS);
    sim_settle();
    CHECK(__atomic_load_n(&disk_device, __ATOMIC_ACQUIRE) != NULL); /* the handle */
    sim_close(volume);
    sim_settle();
    CHECK(__atomic_load_n(&disk_device, __ATOMIC_ACQUIRE) == NULL);
    sim_kill_process(process);
    sim_unload();
}

static void the_driver_hears_of_the_shutdown_first(void)
{
    NTSTATUS (*ask)(PDEVICE_OBJECT);
    begin(SIM_FILES);
    *(PVOID *)&ask = look_up(L"IoRegisterShutdownNotification");
    CHECK_EQUAL(ask(disk_device), STATUS_SUCCESS);
    sim_hold_lazy_writer(true);
    write_file(open_path(DISK "\\1"));
    sim_shutdown();
    CHECK_EQUAL(shutdowns, 1);
    CHECK_EQUAL(dirty_at_shutdown, 2);
    CHECK(on_disk(1));
    end();
}

/* ---- wrong drivers ---- */

static NTSTATUS deleted_while_mounted(PIRP irp)
{
    struct sim_file *file;
    CHECK_EQUAL(make_disk(wrong_driver), STATUS_SUCCESS);
    wrong_driver->MajorFunction[IRP_MJ_READ] = transfer;
    CHECK_EQUAL(sim_create_file(sim_process_create(true), DISK, GENERIC_READ, &file), STATUS_SUCCESS);
    IoDeleteDevice(disk_device);
    return good(irp);
}

static NTSTATUS image_written_after_shutdown(PIRP irp)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\??\\C:\\file");
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK io;
    HANDLE handle = NULL;
    LARGE_INTEGER offset = {.QuadPart = 0};
    _Alignas(8) char bytes[512] = {0};
    CHECK(sim_volume_create("file", NULL, 512));
    InitializeObjectAttributes(&attributes, &name, OBJ_KERNEL_HANDLE, NULL, NULL);
    CHECK_EQUAL(ZwCreateFile(&handle, GENERIC_WRITE, &attributes, &io, NULL, 0, 0, FILE_OPEN,
                             FILE_SYNCHRONOUS_IO_NONALERT | FILE_NO_INTERMEDIATE_BUFFERING, NULL, 0),
                STATUS_SUCCESS);
    sim_shutdown();
    (void)ZwWriteFile(handle, NULL, NULL, NULL, &io, bytes, sizeof(bytes), &offset, NULL);
    return good(irp);
}

static NTSTATUS vpb_lock_twice(PIRP irp)
{
    void (*acquire)(PKIRQL);
    KIRQL irql;
    *(PVOID *)&acquire = look_up(L"IoAcquireVpbSpinLock");
    acquire(&irql);
    acquire(&irql);
    return good(irp);
}

void rules_file_systems(void)
{
    static const struct wrong rows[] = {
        ROW(deleted_while_mounted, "mounted"),
        ROW(image_written_after_shutdown, "shutdown"),
        ROW(vpb_lock_twice, "lock-recursive"),
    };
    RULES_RUN(rows);
    rules_apart(files_are_cached);
    rules_apart(the_lazy_writer_writes);
    rules_apart(locks_want_the_volume_for_themselves);
    rules_apart(dismounting_does_not_wait);
    rules_apart(the_kernel_may_dismount);
    rules_apart(raw_passes_on_what_is_aligned);
    rules_apart(access_is_recorded_by_the_file_system);
    rules_apart(a_mounted_disk_keeps_its_driver);
    rules_apart(the_driver_hears_of_the_shutdown_first);
}
