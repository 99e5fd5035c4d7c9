/* SPDX-License-Identifier: MIT */
/* What handles are to the driver; driver.h has the contract. */

#include "driver/ai/driver.h"

#define DRIVER_TAG_FILE PLATFORM_TAG('B', 'a', 'F', 'i')

static void free_file(struct nt_work *work)
{
    struct ai_file *file = CONTAINING_RECORD(work, struct ai_file, ending);
    KIRQL irql;
    ai_pool_owner_destroy(file->owner);
    if (__atomic_load_n(&file->registered, __ATOMIC_RELAXED) != 0) {
        __atomic_sub_fetch(&ai_driver.counters.registered_runtimes, 1, __ATOMIC_RELAXED);
    }
    KeAcquireSpinLock(&ai_driver.files_lock, &irql);
    RemoveEntryList(&file->link);
    KeReleaseSpinLock(&ai_driver.files_lock, irql);
    platform_free(file, sizeof(*file), DRIVER_TAG_FILE);
}

void ai_file_reference(struct ai_file *file)
{
    __atomic_add_fetch(&file->references, 1, __ATOMIC_RELAXED);
}

void ai_file_release(struct ai_file *file)
{
    if (file != NULL && __atomic_sub_fetch(&file->references, 1, __ATOMIC_ACQ_REL) == 0) {
        nt_work_post(&ai_driver.work, &file->ending, free_file);
    }
}

NTSTATUS ai_file_open(PIRP irp)
{
    PFILE_OBJECT object = IoGetCurrentIrpStackLocation(irp)->FileObject;
    KIRQL irql;
    if (object == NULL || object->FileName.Length != 0) {
        return STATUS_OBJECT_NAME_NOT_FOUND; /* the name behind the device's: nothing lives there */
    }
    struct ai_file *file = platform_allocate(PLATFORM_POOL_NONPAGED, sizeof(*file), DRIVER_TAG_FILE);
    if (file == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlZeroMemory(file, sizeof(*file));
    file->references = 1;
    file->owner = ai_pool_owner_create(irp);
    if (file->owner == NULL) {
        platform_free(file, sizeof(*file), DRIVER_TAG_FILE);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    KeAcquireSpinLock(&ai_driver.files_lock, &irql);
    InsertTailList(&ai_driver.files, &file->link);
    KeReleaseSpinLock(&ai_driver.files_lock, irql);
    object->FsContext = file;
    return STATUS_SUCCESS;
}

void ai_file_free_all(void)
{
    while (!IsListEmpty(&ai_driver.files)) {
        free_file(&CONTAINING_RECORD(ai_driver.files.Flink, struct ai_file, link)->ending);
    }
}
