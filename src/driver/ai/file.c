/* SPDX-License-Identifier: MIT */
/* What handles are to the driver; driver.h has the contract. */

#include "driver/ai/driver.h"
#include "driver/nt/wine.h"

#define DRIVER_TAG_FILE PLATFORM_TAG('B', 'a', 'F', 'i')

/* ---- processes and users ---- */

/* Lock held. */
static struct ai_client *find_client(PEPROCESS process, bool may_write)
{
    LIST_ENTRY *head = &ai_driver.clients[process_bucket(process)];
    for (LIST_ENTRY *link = head->Flink; link != head; link = link->Flink) {
        struct ai_client *client = CONTAINING_RECORD(link, struct ai_client, link);
        if (client->process == process && client->may_write == may_write) {
            return client;
        }
    }
    return NULL;
}

static bool is_same(const struct ai_user *user, const struct ai_user *other)
{
    const struct nt_user *name = &other->name;
    return user->may_write == other->may_write && user->name.administrator == name->administrator &&
           user->name.length == name->length &&
           RtlCompareMemory(user->name.sid, name->sid, name->length) == name->length;
}

/* The user of one process more, which is `*fresh` if there is none yet. Lock held. */
static struct ai_user *enter_user(struct ai_user **fresh)
{
    LIST_ENTRY *link = ai_driver.users.Flink;
    while (link != &ai_driver.users && !is_same(CONTAINING_RECORD(link, struct ai_user, link), *fresh)) {
        link = link->Flink;
    }
    if (link == &ai_driver.users) {
        link = &(*fresh)->link;
        *fresh = NULL;
        InsertTailList(&ai_driver.users, link);
    }
    struct ai_user *user = CONTAINING_RECORD(link, struct ai_user, link);
    user->processes++;
    return user;
}

/* The current process's, for one handle more. NULL: no memory. */
static struct ai_client *enter_client(const struct nt_user *name, bool may_write)
{
    PEPROCESS process = PsGetCurrentProcess();
    struct ai_client *fresh = platform_allocate(PLATFORM_POOL_NONPAGED, sizeof(*fresh), DRIVER_TAG_FILE);
    struct ai_user *fresh_user = platform_allocate(PLATFORM_POOL_NONPAGED, sizeof(*fresh_user), DRIVER_TAG_FILE);
    struct ai_client *client = NULL;
    KIRQL irql;
    if (fresh != NULL && fresh_user != NULL) {
        *fresh = (struct ai_client){.process = process, .may_write = may_write};
        *fresh_user = (struct ai_user){.name = *name, .may_write = may_write};
        KeAcquireSpinLock(&ai_driver.files_lock, &irql);
        client = find_client(process, may_write);
        if (client == NULL) {
            client = fresh;
            fresh = NULL;
            client->user = enter_user(&fresh_user);
            InsertTailList(&ai_driver.clients[process_bucket(process)], &client->link);
        }
        client->handles++;
        KeReleaseSpinLock(&ai_driver.files_lock, irql);
    }
    platform_free(fresh, sizeof(*fresh), DRIVER_TAG_FILE);
    platform_free(fresh_user, sizeof(*fresh_user), DRIVER_TAG_FILE);
    return client;
}

static void leave_client(struct ai_client *client)
{
    struct ai_user *unused = NULL;
    KIRQL irql;
    KeAcquireSpinLock(&ai_driver.files_lock, &irql);
    bool last = --client->handles == 0;
    if (last) {
        RemoveEntryList(&client->link);
        if (--client->user->processes == 0) {
            unused = client->user;
            RemoveEntryList(&unused->link);
        }
    }
    KeReleaseSpinLock(&ai_driver.files_lock, irql);
    platform_free(unused, sizeof(*unused), DRIVER_TAG_FILE);
    platform_free(last ? client : NULL, sizeof(*client), DRIVER_TAG_FILE);
}

/* ---- handles ---- */

static void free_file(struct nt_work *work)
{
    struct ai_file *file = CONTAINING_RECORD(work, struct ai_file, ending);
    KIRQL irql;
    leave_client(file->client); /* before its process may go */
    ai_pool_owner_destroy(file->owner);
    if (__atomic_load_n(&file->registered, __ATOMIC_RELAXED) != 0) {
        __atomic_sub_fetch(&ai_driver.counters.registered_runtimes, 1, __ATOMIC_RELAXED);
    }
    KeAcquireSpinLock(&ai_driver.files_lock, &irql);
    RemoveEntryList(&file->link);
    KeReleaseSpinLock(&ai_driver.files_lock, irql);
    platform_free(file, sizeof(*file), DRIVER_TAG_FILE);
}

static bool count_pended(LONG *pended, uint32_t most)
{
    if (__atomic_add_fetch(pended, 1, __ATOMIC_RELAXED) > (LONG)most) {
        __atomic_sub_fetch(pended, 1, __ATOMIC_RELAXED);
        return false;
    }
    return true;
}

bool ai_file_begin_pending(struct ai_file *file)
{
    if (!count_pended(&file->pended, BALLAST_AI_MAXIMUM_PENDED)) {
        return false;
    }
    if (!count_pended(&file->client->pended, BALLAST_AI_MAXIMUM_PROCESS_PENDED)) {
        __atomic_sub_fetch(&file->pended, 1, __ATOMIC_RELAXED);
        return false;
    }
    if (!count_pended(&file->client->user->pended, BALLAST_AI_MAXIMUM_USER_PENDED)) {
        __atomic_sub_fetch(&file->client->pended, 1, __ATOMIC_RELAXED);
        __atomic_sub_fetch(&file->pended, 1, __ATOMIC_RELAXED);
        return false;
    }
    return true;
}

void ai_file_end_pending(struct ai_file *file)
{
    __atomic_sub_fetch(&file->client->user->pended, 1, __ATOMIC_RELAXED);
    __atomic_sub_fetch(&file->client->pended, 1, __ATOMIC_RELAXED);
    __atomic_sub_fetch(&file->pended, 1, __ATOMIC_RELAXED);
}

void ai_file_reference(struct ai_file *file)
{
    __atomic_add_fetch(&file->references, 1, __ATOMIC_RELAXED);
}

void ai_file_release(struct ai_file *file)
{
    if (file == NULL || __atomic_sub_fetch(&file->references, 1, __ATOMIC_ACQ_REL) != 0) {
        return;
    }
    /* Unmapping may have to wait for the process: Wine dispatches on one thread, on Windows it is who closes that waits. */
    if (nt_in_wine || KeGetCurrentIrql() != PASSIVE_LEVEL) {
        nt_work_post(&ai_driver.work, &file->ending, free_file);
    } else {
        free_file(&file->ending);
    }
}

/* Whether the handle may write. Nobody else says it of a device without a file system; Wine does not at all. */
static bool opened_for_writing(PIRP irp)
{
    const IO_SECURITY_CONTEXT *security = IoGetCurrentIrpStackLocation(irp)->Parameters.Create.SecurityContext;
    if (security == NULL) {
        return nt_in_wine;
    }
    ACCESS_MASK access = security->DesiredAccess;
    access |= security->AccessState != NULL ? security->AccessState->PreviouslyGrantedAccess : 0;
    return (access & FILE_WRITE_DATA) != 0;
}

NTSTATUS ai_file_open(const DEVICE_OBJECT *device, PIRP irp)
{
    PFILE_OBJECT object = IoGetCurrentIrpStackLocation(irp)->FileObject;
    struct nt_user user;
    KIRQL irql;
    if (object == NULL || object->FileName.Length != 0) {
        return STATUS_OBJECT_NAME_NOT_FOUND; /* the name behind the device's: nothing lives there */
    }
    struct ai_file *file = NT_SUCCESS(nt_caller_user(&user))
                               ? platform_allocate(PLATFORM_POOL_NONPAGED, sizeof(*file), DRIVER_TAG_FILE)
                               : NULL;
    if (file == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlZeroMemory(file, sizeof(*file));
    file->references = 1;
    file->may_write = opened_for_writing(irp);
    file->feeds = device == ai_driver.feed_device;
    file->owner = ai_pool_owner_create(&user, !file->may_write);
    file->client = file->owner != NULL ? enter_client(&user, file->may_write) : NULL;
    if (file->client == NULL) {
        ai_pool_owner_destroy(file->owner);
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
