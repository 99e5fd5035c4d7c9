/* SPDX-License-Identifier: MIT */
/*
 * File systems on the driver's disks, which api/file_system.h describes. A mounted one holds a reference to its device, as by its
 * stream file, until it is dismounted. What is cached is paged in and out at APC_LEVEL; no lock is held meanwhile.
 */

#include "sim/world/fs.h"

#include "sim/ground/options.h"
#include "sim/ground/raw_lock.h"
#include "sim/ground/thread.h"
#include "sim/ground/violation.h"
#include "sim/kernel/vpb.h"
#include "sim/world/fs_hold.h"
#include "sim/world/paging.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAGE          4096u
#define FILES         8u
#define PAGES_OF_FILE (SIM_FILE_SIZE / PAGE)
#define PAGES         (FILES * PAGES_OF_FILE)
#define FIRST_OFFSET  SIM_FILE_SIZE /* of the first file on the disk */
#define LOST_STATUSES 8u
#define THE_VOLUME    FILES /* instead of a file's number */

struct page {
    bool present, dirty;
    bool busy; /* being read or written: nobody else does so */
    unsigned char bytes[PAGE];
};

struct sim_fs {
    struct sim_device *device;
    bool raw, dismounted;
    bool read;                           /* its directory has been */
    unsigned opens, transfers;           /* transfers: under way */
    const struct sim_fs_open *locked_by; /* NULL: not locked */
    bool stopping;                       /* atomic; of the lazy writer */
    pthread_t lazy_writer;
    struct page *pages;
    struct sim_fs *next;
};

struct sim_fs_open {
    struct sim_fs *fs;
    unsigned file;
};

static pthread_mutex_t mount_mutex = PTHREAD_MUTEX_INITIALIZER; /* one is mounted, or dismounted, at a time */
static struct sim_raw_lock lock;                                /* everything below, and what is in the structures */
static struct sim_fs *mounted;                                  /* and not dismounted */
static struct {
    NTSTATUS status;
    unsigned long pages;
} lost[LOST_STATUSES];
static unsigned locks, lock_refusals;
static unsigned passes; /* atomic; of lazy writers, under way */
static bool held;       /* atomic; the lazy writer */

static void pause_for(long nanoseconds)
{
    struct timespec time = {0, nanoseconds};
    (void)nanosleep(&time, NULL);
}

/* ---- pages ---- */

static uint64_t offset_of(unsigned index)
{
    return FIRST_OFFSET + (uint64_t)index * PAGE;
}

/* Waits until nobody reads or writes the page, and is the one who does. */
static void take_page(struct page *page)
{
    for (;;) {
        sim_raw_lock(&lock);
        bool taken = !page->busy;
        page->busy = true;
        sim_raw_unlock(&lock);
        if (taken) {
            sim_observe(page); /* as after a lock of the file system's */
            return;
        }
        pause_for(50000);
    }
}

static void give_page(struct page *page)
{
    sim_publish(page);
    sim_raw_lock(&lock);
    page->busy = false;
    sim_raw_unlock(&lock);
}

/* Lock held. */
static void lose(NTSTATUS status)
{
    unsigned i = 0;
    while (i < LOST_STATUSES - 1 && lost[i].pages != 0 && lost[i].status != status) {
        i++;
    }
    lost[i].status = status;
    lost[i].pages++;
}

/* What cannot be written is lost, and the next one who reads the page gets what the disk has. */
static NTSTATUS write_page(struct sim_fs *fs, unsigned index)
{
    struct page *page = &fs->pages[index];
    NTSTATUS status = STATUS_SUCCESS;
    take_page(page);
    if (page->dirty) {
        status = sim_paging_transfer(&fs->device->object, true, offset_of(index), page->bytes, PAGE, NULL);
        sim_raw_lock(&lock);
        page->dirty = false;
        page->present = NT_SUCCESS(status);
        if (!NT_SUCCESS(status)) {
            lose(status);
        }
        sim_raw_unlock(&lock);
    }
    give_page(page);
    return status;
}

static NTSTATUS write_pages(struct sim_fs *fs)
{
    NTSTATUS result = STATUS_SUCCESS;
    for (unsigned i = 0; !fs->raw && i < PAGES; i++) {
        NTSTATUS status = fs->pages[i].dirty || fs->pages[i].busy ? write_page(fs, i) : STATUS_SUCCESS;
        result = NT_SUCCESS(status) ? result : status;
    }
    return result;
}

static NTSTATUS use_page(struct sim_fs *fs, unsigned index, bool write, unsigned offset, unsigned char *bytes,
                         unsigned length)
{
    struct page *page = &fs->pages[index];
    NTSTATUS status = STATUS_SUCCESS;
    take_page(page);
    if (!page->present) {
        status = sim_paging_transfer(&fs->device->object, false, offset_of(index), page->bytes, PAGE, NULL);
        page->present = NT_SUCCESS(status);
    }
    if (NT_SUCCESS(status) && write) {
        memcpy(page->bytes + offset, bytes, length);
        page->dirty = true;
    } else if (NT_SUCCESS(status)) {
        memcpy(bytes, page->bytes + offset, length);
    }
    give_page(page);
    return status;
}

static void *write_lazily(void *context)
{
    struct sim_fs *fs = context;
    while (!__atomic_load_n(&fs->stopping, __ATOMIC_ACQUIRE)) {
        pause_for(1000000);
        __atomic_add_fetch(&passes, 1, __ATOMIC_SEQ_CST);
        if (!__atomic_load_n(&held, __ATOMIC_SEQ_CST)) {
            (void)write_pages(fs);
        }
        __atomic_sub_fetch(&passes, 1, __ATOMIC_SEQ_CST);
    }
    return NULL;
}

/* ---- mounting ---- */

static struct sim_fs *find_mounted(const struct sim_device *device)
{
    struct sim_fs *fs = mounted;
    while (fs != NULL && fs->device != device) {
        fs = fs->next;
    }
    return fs;
}

enum recognised {
    NOTHING, /* a device that does not answer: not even RAW */
    RAW,
    A_FILE_SYSTEM,
};

/* The recognisers read where file systems have their boot records and headers. */
static enum recognised recognise(PDEVICE_OBJECT device)
{
    static const uint64_t offsets[] = {0, 32768, 65536};
    unsigned char page[PAGE];
    enum recognised found = RAW;
    sim_self()->unordered = true;
    for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]) && found != NOTHING; i++) {
        NTSTATUS status = sim_kernel_read(device, offsets[i], page, sizeof(page));
        if (status == STATUS_DEVICE_REMOVED) {
            found = NOTHING;
        } else if (NT_SUCCESS(status)) {
            found = A_FILE_SYSTEM;
        }
    }
    sim_self()->unordered = false;
    return found;
}

/* mount_mutex held. NULL: the device does not let itself be opened. */
static struct sim_fs *mount(struct sim_device *device)
{
    if (!sim_device_open(device)) { /* the stream file */
        return NULL;
    }
    enum recognised recognised = recognise(&device->object);
    if (recognised == NOTHING) {
        sim_device_close(device);
        return NULL;
    }
    sim_fs_hold(device, SIM_HOLD_MOUNTING);
    if (device->deleted && !__atomic_load_n(&device->hangs, __ATOMIC_SEQ_CST)) {
        sim_violation("mounted", "a file system is mounted on a device that has been deleted");
    }
    struct sim_fs *fs = calloc(1, sizeof(*fs));
    fs->device = device;
    fs->raw = recognised == RAW || sim_get_options()->file_system == SIM_RAW;
    (void)sim_vpb_change(&device->object, (USHORT)(VPB_MOUNTED | (fs->raw ? VPB_RAW_MOUNT : 0)), VPB_RAW_MOUNT);
    sim_raw_lock(&lock);
    fs->next = mounted;
    mounted = fs;
    sim_raw_unlock(&lock);
    if (!fs->raw) {
        fs->pages = calloc(PAGES, sizeof(*fs->pages));
        if (pthread_create(&fs->lazy_writer, NULL, write_lazily, fs) != 0) {
            sim_violation("test", "no more threads");
        }
    }
    return fs;
}

static void free_fs(struct sim_fs *fs)
{
    free(fs->pages);
    free(fs);
}

/* mount_mutex held. What is open stays so, and is of no use any more. */
static void dismount(struct sim_fs *fs)
{
    bool busy = true;
    while (busy) {
        sim_raw_lock(&lock);
        fs->dismounted = true;
        busy = fs->transfers != 0;
        sim_raw_unlock(&lock);
        pause_for(busy ? 50000 : 0);
    }
    if (!fs->raw) {
        __atomic_store_n(&fs->stopping, true, __ATOMIC_RELEASE);
        pthread_join(fs->lazy_writer, NULL);
        (void)write_pages(fs);
    }
    sim_raw_lock(&lock);
    struct sim_fs **link = &mounted;
    while (*link != fs) {
        link = &(*link)->next;
    }
    *link = fs->next;
    bool unused = fs->opens == 0;
    sim_raw_unlock(&lock);
    (void)sim_vpb_change(&fs->device->object, 0, VPB_MOUNTED | VPB_RAW_MOUNT);
    sim_device_close(fs->device);
    if (unused) {
        free_fs(fs);
    }
}

/* mount_mutex held. A file system notices that its device is gone when it has nothing else to do. */
static void notice_deletion(struct sim_fs *fs)
{
    if (fs->device->deleted && fs->opens == 0 && !fs->dismounted) {
        dismount(fs);
    }
}

/* ---- handles ---- */

bool sim_fs_is_asked(const struct sim_device *device, const char *name, ACCESS_MASK access)
{
    ACCESS_MASK harmless = FILE_READ_ATTRIBUTES | SYNCHRONIZE | READ_CONTROL | WRITE_DAC;
    unsigned digits = sim_get_options()->file_system_digits;
    return sim_get_options()->file_system != SIM_NO_FILE_SYSTEM && device->object.Vpb != NULL &&
           (digits == 0 || (digits >> device->digit & 1) != 0) && (name[0] != 0 || (access & ~harmless) != 0);
}

/* Once, to open files: none is opened where nothing can be read any more. */
static bool read_directory(struct sim_fs *fs)
{
    if (!fs->raw && !fs->read) {
        unsigned char page[PAGE];
        sim_self()->unordered = true;
        NTSTATUS status = sim_paging_transfer(&fs->device->object, false, 0, page, sizeof(page), NULL);
        sim_self()->unordered = false;
        fs->read = status != STATUS_DEVICE_REMOVED;
    }
    return fs->raw || fs->read;
}

static NTSTATUS open_mounted(struct sim_device *device, unsigned file, struct sim_fs_open **opened)
{
    if ((device->vpb.Flags & VPB_LOCKED) != 0) {
        lock_refusals++;
        return STATUS_ACCESS_DENIED;
    }
    struct sim_fs *fs = find_mounted(device);
    fs = fs != NULL ? fs : mount(device);
    if (fs == NULL) {
        return STATUS_NO_SUCH_DEVICE;
    }
    if ((file != THE_VOLUME && !read_directory(fs)) || !sim_device_open(device)) {
        notice_deletion(fs);
        return STATUS_NO_SUCH_DEVICE;
    }
    if (file > THE_VOLUME || (fs->raw && file != THE_VOLUME)) {
        sim_device_close(device);
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    *opened = calloc(1, sizeof(**opened));
    **opened = (struct sim_fs_open){fs, file};
    sim_raw_lock(&lock);
    fs->opens++;
    sim_raw_unlock(&lock);
    return STATUS_SUCCESS;
}

NTSTATUS sim_fs_open(struct sim_device *device, const char *name, PFILE_OBJECT file, ACCESS_MASK access,
                     struct sim_fs_open **opened)
{
    unsigned number = THE_VOLUME;
    if (name[0] != 0) {
        number = strlen(name) == 2 && name[1] >= '0' && name[1] <= '7' ? (unsigned)(name[1] - '0') : FILES + 1;
    }
    pthread_mutex_lock(&mount_mutex);
    NTSTATUS status = open_mounted(device, number, opened);
    pthread_mutex_unlock(&mount_mutex);
    if (NT_SUCCESS(status) && !(*opened)->fs->raw) {
        file->ReadAccess = (access & FILE_READ_DATA) != 0;
        file->WriteAccess = (access & FILE_WRITE_DATA) != 0;
    }
    return status;
}

static void unlock(struct sim_fs *fs)
{
    fs->locked_by = NULL;
    (void)sim_vpb_change(&fs->device->object, 0, VPB_LOCKED);
}

void sim_fs_close(struct sim_fs_open *opened)
{
    struct sim_fs *fs = opened->fs;
    struct sim_device *device = fs->device;
    pthread_mutex_lock(&mount_mutex);
    bool locks_it = fs->locked_by == opened;
    pthread_mutex_unlock(&mount_mutex);
    if (locks_it) {
        sim_fs_hold(device, SIM_HOLD_CLOSING);
    }
    pthread_mutex_lock(&mount_mutex);
    if (fs->locked_by == opened) {
        unlock(fs);
    }
    sim_raw_lock(&lock);
    bool unused = --fs->opens == 0 && fs->dismounted;
    sim_raw_unlock(&lock);
    if (unused) {
        free_fs(fs);
    } else {
        notice_deletion(fs);
    }
    pthread_mutex_unlock(&mount_mutex);
    sim_device_close(device);
    free(opened);
}

bool sim_fs_is_volume(const struct sim_fs_open *opened)
{
    return opened->file == THE_VOLUME;
}

bool sim_fs_is_raw(const struct sim_fs_open *opened)
{
    return opened->fs->raw;
}

static NTSTATUS use_file(const struct sim_fs_open *opened, bool write, uint64_t offset, void *buffer, ULONG length,
                         ULONG_PTR *information)
{
    unsigned char *bytes = buffer;
    NTSTATUS status = STATUS_SUCCESS;
    if (offset >= SIM_FILE_SIZE || length > SIM_FILE_SIZE - offset) {
        return write ? STATUS_DISK_FULL : STATUS_END_OF_FILE;
    }
    while (length != 0 && NT_SUCCESS(status)) {
        unsigned start = (unsigned)(offset % PAGE);
        unsigned part = length < PAGE - start ? length : PAGE - start;
        unsigned index = opened->file * PAGES_OF_FILE + (unsigned)(offset / PAGE);
        status = use_page(opened->fs, index, write, start, bytes, part);
        *information += NT_SUCCESS(status) ? part : 0;
        offset += part;
        bytes += part;
        length -= part;
    }
    return status;
}

NTSTATUS sim_fs_transfer(struct sim_fs_open *opened, bool write, uint64_t offset, void *buffer, ULONG length,
                         ULONG_PTR *information)
{
    struct sim_fs *fs = opened->fs;
    *information = 0;
    sim_raw_lock(&lock);
    bool dismounted = fs->dismounted;
    fs->transfers += !dismounted;
    sim_raw_unlock(&lock);
    if (dismounted) {
        return STATUS_VOLUME_DISMOUNTED;
    }
    NTSTATUS status = use_file(opened, write, offset, buffer, length, information);
    sim_raw_lock(&lock);
    fs->transfers--;
    sim_raw_unlock(&lock);
    return status;
}

NTSTATUS sim_fs_flush(struct sim_fs_open *opened)
{
    return opened->fs->dismounted ? STATUS_VOLUME_DISMOUNTED : write_pages(opened->fs);
}

/* mount_mutex held. */
static NTSTATUS take_lock(struct sim_fs_open *opened)
{
    struct sim_fs *fs = opened->fs;
    if (fs->dismounted) {
        return STATUS_VOLUME_DISMOUNTED;
    }
    if (fs->locked_by != NULL || fs->opens != 1) {
        lock_refusals++;
        return STATUS_ACCESS_DENIED;
    }
    locks++;
    fs->locked_by = opened;
    (void)sim_vpb_change(&fs->device->object, VPB_LOCKED, 0);
    return write_pages(fs);
}

static NTSTATUS control_volume(struct sim_fs_open *opened, ULONG code)
{
    struct sim_fs *fs = opened->fs;
    switch (code) {
    case FSCTL_LOCK_VOLUME:
        return take_lock(opened);
    case FSCTL_UNLOCK_VOLUME:
        if (fs->locked_by != opened) {
            return STATUS_NOT_LOCKED;
        }
        unlock(fs);
        return STATUS_SUCCESS;
    case FSCTL_DISMOUNT_VOLUME:
        if (fs->dismounted) {
            return STATUS_VOLUME_DISMOUNTED;
        }
        if (fs->locked_by != NULL && fs->locked_by != opened) {
            return STATUS_ACCESS_DENIED;
        }
        dismount(fs);
        return STATUS_SUCCESS;
    case FSCTL_IS_VOLUME_MOUNTED:
        return fs->dismounted ? STATUS_VOLUME_DISMOUNTED : STATUS_SUCCESS;
    default:
        return STATUS_INVALID_DEVICE_REQUEST;
    }
}

NTSTATUS sim_fs_control(struct sim_fs_open *opened, ULONG code)
{
    if (opened->file != THE_VOLUME) {
        return STATUS_INVALID_PARAMETER;
    }
    if (code == FSCTL_LOCK_VOLUME || code == FSCTL_DISMOUNT_VOLUME) {
        sim_fs_hold(opened->fs->device, code == FSCTL_LOCK_VOLUME ? SIM_HOLD_LOCKING : SIM_HOLD_DISMOUNTING);
    }
    pthread_mutex_lock(&mount_mutex);
    NTSTATUS status = control_volume(opened, code);
    pthread_mutex_unlock(&mount_mutex);
    return status;
}

/* ---- the system's end; what tests ask ---- */

void sim_fs_shutdown(void)
{
    pthread_mutex_lock(&mount_mutex);
    for (struct sim_fs *fs = mounted; fs != NULL; fs = fs->next) {
        (void)write_pages(fs);
    }
    pthread_mutex_unlock(&mount_mutex);
}

void sim_fs_reset(void)
{
    if (mounted != NULL) {
        sim_violation("test", "reset with a file system mounted");
    }
    memset(lost, 0, sizeof(lost));
    locks = lock_refusals = 0;
    held = false;
    sim_fs_hold_reset();
}

bool sim_is_mounted(const char *path)
{
    struct sim_device *device = sim_device_find(path);
    bool is = device != NULL && (device->vpb.Flags & VPB_MOUNTED) != 0;
    if (device != NULL) {
        sim_device_dereference(device);
    }
    return is;
}

unsigned sim_dirty_pages(void)
{
    unsigned count = 0;
    sim_raw_lock(&lock);
    for (const struct sim_fs *fs = mounted; fs != NULL; fs = fs->next) {
        for (unsigned i = 0; fs->pages != NULL && i < PAGES; i++) {
            count += fs->pages[i].dirty;
        }
    }
    sim_raw_unlock(&lock);
    return count;
}

unsigned long sim_lost_pages(void)
{
    unsigned long sum = 0;
    for (unsigned i = 0; i < LOST_STATUSES; i++) {
        sum += lost[i].pages;
    }
    return sum;
}

unsigned long sim_lost_pages_to(NTSTATUS status)
{
    unsigned long sum = 0;
    for (unsigned i = 0; i < LOST_STATUSES; i++) {
        sum += lost[i].status == status ? lost[i].pages : 0;
    }
    return sum;
}

unsigned sim_volume_locks(void)
{
    return locks;
}

unsigned sim_volume_lock_refusals(void)
{
    return lock_refusals;
}

void sim_hold_lazy_writer(bool on)
{
    __atomic_store_n(&held, on, __ATOMIC_SEQ_CST);
    while (on && __atomic_load_n(&passes, __ATOMIC_SEQ_CST) != 0) {
        pause_for(50000);
    }
}
