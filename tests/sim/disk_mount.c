/* SPDX-License-Identifier: MIT */
/* Disks as volumes of the mount manager, which gives letters by itself and knows volumes by their devices' names. */

#include "tests/sim/disk_client.h"

#include "core/disk/storage_abi.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#define VOLUME BALLAST_OPTION_MOUNT_MANAGER

static void begin(void)
{
    struct sim_options options = {.seed = 1};
    disk_begin(&options);
}

/* Where the disk's name leads: to its object. */
static const char *object(void)
{
    static char path[64];
    CHECK(sim_resolve_path(DISK_DEVICE, path, sizeof(path)));
    return path;
}

static bool leads(const char *link)
{
    char path[64];
    return sim_resolve_path(link, path, sizeof(path)) && strcmp(path, object()) == 0;
}

static void the_wished_letter_is_there(void)
{
    struct sim_file *file;
    begin();
    CHECK_EQUAL(disk_create(VOLUME, NULL, 'V'), STATUS_SUCCESS);
    CHECK(leads("\\DosDevices\\V:"));
    CHECK_EQUAL(sim_mount_points(object()), 2); /* and a name of the volume */
    if (CHECK_EQUAL(sim_create_file(disk_process, "\\DosDevices\\V:", FILE_READ_ATTRIBUTES, &file), STATUS_SUCCESS)) {
        sim_close(file);
    }
    CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    disk_end(); /* nothing leads to it any more */
}

/* The mount manager has a letter for it, from an earlier time. */
static void the_wished_letter_replaces_another(void)
{
    unsigned char id[sizeof(sim_mount_manager()->unique_id)];
    begin();
    CHECK_EQUAL(disk_create(VOLUME, NULL, 'V'), STATUS_SUCCESS);
    memcpy(id, sim_mount_manager()->unique_id, sizeof(id));
    CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    sim_mount_remember(id, "\\DosDevices\\W:");
    CHECK_EQUAL(disk_create(VOLUME, NULL, 'V'), STATUS_SUCCESS);
    CHECK(leads("\\DosDevices\\V:") && !leads("\\DosDevices\\W:"));
    CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    disk_end();
}

static uint64_t gpt_attributes(void)
{
    uint64_t attributes = 1;
    struct sim_file *file;
    if (CHECK_EQUAL(sim_create_file(disk_process, DISK_DEVICE, FILE_READ_ATTRIBUTES, &file), STATUS_SUCCESS)) {
        CHECK_EQUAL(sim_ioctl(file, IOCTL_VOLUME_GET_GPT_ATTRIBUTES, NULL, 0, &attributes, 8, NULL), STATUS_SUCCESS);
        sim_close(file);
    }
    return attributes;
}

static void no_letter_without_a_wish(void)
{
    begin();
    CHECK_EQUAL(disk_create(VOLUME, NULL, 'V'), STATUS_SUCCESS);
    CHECK_EQUAL(gpt_attributes(), 0);
    CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    CHECK_EQUAL(disk_create(VOLUME, NULL, 0), STATUS_SUCCESS);
    CHECK_EQUAL(gpt_attributes(), STORAGE_GPT_ATTRIBUTE_NO_LETTER); /* none is given, even for a moment */
    CHECK_EQUAL(sim_mount_points(object()), 1);
    CHECK(!leads("\\DosDevices\\D:"));
    CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    disk_end();
}

/* The name of its object is never used again: it would stand for the volume that was. */
static void numbers_are_used_again(void)
{
    char first[64];
    begin();
    CHECK_EQUAL(disk_create(VOLUME, NULL, 'V'), STATUS_SUCCESS);
    (void)strcpy(first, object());
    CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    CHECK_EQUAL(disk_create(VOLUME, DISK_IMAGE, 'V'), STATUS_SUCCESS);
    CHECK(strcmp(first, object()) != 0);
    CHECK(leads("\\DosDevices\\V:"));
    CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    disk_end();
}

static void *create_loaded(void *flags)
{
    return (void *)(uintptr_t)(uint32_t)disk_create(*(const uint32_t *)flags, DISK_IMAGE, 0);
}

/* Two that are created at the same time: one of them, whichever is a volume, has come too late when its image is loaded. */
static void a_number_is_used_once(void)
{
    static const uint32_t flags[] = {IMDISK_TYPE_VM | VOLUME, IMDISK_TYPE_VM};
    for (size_t i = 0; i < 2; i++) {
        pthread_t thread;
        void *status = NULL;
        uint32_t loaded = flags[i];
        begin();
        sim_volume_hold(true);
        CHECK_EQUAL(pthread_create(&thread, NULL, create_loaded, &loaded), 0);
        for (unsigned n = 0; n < 10000 && sim_volume_waiting() == 0; n++) {
            struct timespec time = {0, 1000000};
            (void)nanosleep(&time, NULL);
        }
        CHECK_EQUAL(disk_create(flags[1 - i], NULL, 0), STATUS_SUCCESS);
        sim_volume_hold(false);
        CHECK_EQUAL(pthread_join(thread, &status), 0);
        CHECK_EQUAL((uint32_t)(uintptr_t)status, (uint32_t)STATUS_OBJECT_NAME_COLLISION);
        CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
        CHECK_EQUAL(disk_remove(), STATUS_OBJECT_NAME_NOT_FOUND);
        disk_end();
    }
}

/* ---- refusals ---- */

static uint32_t flags_of_disk(void)
{
    struct imdisk_create_data data = {.flags = 0};
    struct sim_file *file;
    if (CHECK_EQUAL(sim_create_file(disk_process, DISK_DEVICE, FILE_READ_ATTRIBUTES, &file), STATUS_SUCCESS)) {
        unsigned char reply[256];
        CHECK_EQUAL(sim_ioctl(file, IMDISK_IOCTL_QUERY_DEVICE, NULL, 0, reply, sizeof(reply), NULL), STATUS_SUCCESS);
        memcpy(&data, reply, sizeof(data));
        sim_close(file);
    }
    return data.flags & BALLAST_OPTION_MASK;
}

static void preferred_and_registered(void)
{
    begin();
    CHECK_EQUAL(disk_create(BALLAST_OPTION_PREFER_VOLUME, NULL, 'V'), STATUS_SUCCESS);
    CHECK_EQUAL(flags_of_disk(), BALLAST_OPTION_PREFER_VOLUME | VOLUME);
    CHECK_EQUAL(sim_mount_points(object()), 2);
    CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    disk_end();
}

/* It has a letter all the same, and says that it is no volume. */
static void preferred_and_refused(void)
{
    begin();
    sim_mount_manager()->refusal = STATUS_NOT_SUPPORTED;
    CHECK_EQUAL(disk_create(BALLAST_OPTION_PREFER_VOLUME, NULL, 'V'), STATUS_SUCCESS);
    CHECK_EQUAL(flags_of_disk(), BALLAST_OPTION_PREFER_VOLUME);
    CHECK(leads("\\DosDevices\\V:"));
    CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    CHECK_EQUAL(disk_create(BALLAST_OPTION_PREFER_VOLUME, NULL, 0), STATUS_SUCCESS);
    CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    CHECK_EQUAL(disk_create(VOLUME, NULL, 'V'), STATUS_NOT_SUPPORTED);
    disk_end();
}

static void make_link(PUNICODE_STRING link, PUNICODE_STRING target)
{
    CHECK_EQUAL(IoCreateSymbolicLink(link, target), STATUS_SUCCESS);
}

/* Somebody else's letter: who insists on a volume has none, who prefers one has a disk. */
static void the_wished_letter_is_taken(void)
{
    UNICODE_STRING link = RTL_CONSTANT_STRING(L"\\DosDevices\\V:");
    UNICODE_STRING target = RTL_CONSTANT_STRING(L"\\Device\\Harddisk7");
    begin();
    sim_foreign_device("\\Device\\Harddisk7");
    make_link(&link, &target);
    CHECK_EQUAL(disk_create(VOLUME, NULL, 'V'), STATUS_OBJECT_NAME_COLLISION);
    CHECK_EQUAL(disk_create(BALLAST_OPTION_PREFER_VOLUME, NULL, 'V'), STATUS_SUCCESS);
    CHECK_EQUAL(flags_of_disk(), BALLAST_OPTION_PREFER_VOLUME);
    CHECK_EQUAL(sim_mount_points(object()), 0);
    CHECK(!leads("\\DosDevices\\V:"));
    CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    CHECK_EQUAL(IoDeleteSymbolicLink(&link), STATUS_SUCCESS);
    disk_end();
}

/* ---- many links, and old ones ---- */

/* More than there is room for at first; letters among them are not wanted. */
static void many_links(void)
{
    unsigned char id[sizeof(sim_mount_manager()->unique_id)];
    char name[] = "\\??\\Volume{00000000-0000-0000-0000-000000000000}";
    begin();
    CHECK_EQUAL(disk_create(VOLUME, NULL, 'V'), STATUS_SUCCESS);
    memcpy(id, sim_mount_manager()->unique_id, sizeof(id));
    CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    for (unsigned i = 0; i < 24; i++) {
        name[11] = (char)('a' + i);
        sim_mount_remember(id, name);
    }
    sim_mount_remember(id, "\\DosDevices\\W:");
    sim_mount_remember(id, "\\DosDevices\\Y:");
    CHECK_EQUAL(disk_create(VOLUME, NULL, 0), STATUS_SUCCESS);
    CHECK_EQUAL(sim_mount_points(object()), 24);
    CHECK(!leads("\\DosDevices\\W:") && !leads("\\DosDevices\\Y:"));
    CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    disk_end();
}

/* What a driver that crashed has left: in Wine the name of a number, and letters. */
static void links_to_volumes_that_were(void)
{
    UNICODE_STRING number = RTL_CONSTANT_STRING(L"\\Device\\ImDisk5");
    UNICODE_STRING letter = RTL_CONSTANT_STRING(L"\\DosDevices\\Global\\V:");
    UNICODE_STRING was = RTL_CONSTANT_STRING(L"\\Device\\BallastVolume1F");
    static const uint32_t kinds[] = {0, VOLUME};
    begin();
    for (unsigned i = 0; i < 2; i++) {
        make_link(&number, &was);
        CHECK_EQUAL(disk_create(kinds[i], NULL, 'W'), STATUS_SUCCESS);
        CHECK(leads("\\DosDevices\\W:"));
        CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    }
    make_link(&letter, &was);
    CHECK_EQUAL(disk_create(0, NULL, 'V'), STATUS_SUCCESS);
    CHECK(leads("\\DosDevices\\V:"));
    CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    disk_end();
}

/* Something else is called as the disk would be: there is no disk. */
static void the_name_of_the_number_is_taken(void)
{
    UNICODE_STRING number = RTL_CONSTANT_STRING(L"\\Device\\ImDisk5");
    UNICODE_STRING other = RTL_CONSTANT_STRING(L"\\Device\\Harddisk7");
    begin();
    sim_foreign_device("\\Device\\Harddisk7");
    make_link(&number, &other);
    CHECK_EQUAL(disk_create(0, NULL, 'V'), STATUS_OBJECT_NAME_COLLISION);
    CHECK_EQUAL(disk_create(VOLUME, NULL, 'V'), STATUS_OBJECT_NAME_COLLISION);
    CHECK_EQUAL(disk_create(BALLAST_OPTION_PREFER_VOLUME, NULL, 'V'), STATUS_OBJECT_NAME_COLLISION);
    CHECK_EQUAL(IoDeleteSymbolicLink(&number), STATUS_SUCCESS);
    disk_end();
}

static unsigned disks(void)
{
    uint32_t list[16] = {0};
    CHECK_EQUAL(sim_ioctl(disk_control, IMDISK_IOCTL_QUERY_DRIVER, NULL, 0, list, sizeof(list), NULL), STATUS_SUCCESS);
    return list[0];
}

static void volumes_are_registered_if_asked(void)
{
    char path[64];
    char device[64];
    unsigned char unique_id[18];
    begin();
    CHECK_EQUAL(disk_create(0, NULL, 0), STATUS_SUCCESS);
    CHECK_EQUAL(sim_mount_manager()->volumes, 0); /* some users want none of it */
    CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    CHECK_EQUAL(disk_create(VOLUME, NULL, 'V'), STATUS_SUCCESS);
    CHECK_EQUAL(sim_mount_manager()->volumes, 1);
    memcpy(unique_id, sim_mount_manager()->unique_id, sizeof(unique_id));
    CHECK(sim_resolve_path("\\DosDevices\\V:", path, sizeof(path)) &&
          sim_resolve_path(DISK_DEVICE, device, sizeof(device)));
    CHECK(strcmp(path, device) == 0);
    CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    CHECK(!sim_resolve_path("\\DosDevices\\V:", path, sizeof(path)));
    CHECK_EQUAL(disk_create(VOLUME, NULL, 0), STATUS_SUCCESS);
    CHECK_EQUAL(sim_mount_manager()->volumes, 2);
    CHECK_BYTES(unique_id, sim_mount_manager()->unique_id, sizeof(unique_id)); /* known again */
    CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    disk_end();
}

static void refused_volumes_are_not_created(void)
{
    begin();
    sim_mount_manager()->refusal = STATUS_NOT_SUPPORTED;
    for (unsigned i = 0; i < 10; i++) {
        CHECK_EQUAL(disk_create(VOLUME, NULL, 'V'), STATUS_NOT_SUPPORTED);
        CHECK_EQUAL(disks(), 0); /* and its number is free */
    }
    sim_mount_manager()->refusal = STATUS_SUCCESS;
    CHECK_EQUAL(disk_create(VOLUME, NULL, 'V'), STATUS_SUCCESS);
    disk_end();
}

TEST_MAIN({"the_wished_letter_is_there", the_wished_letter_is_there},
          {"the_wished_letter_replaces_another", the_wished_letter_replaces_another},
          {"no_letter_without_a_wish", no_letter_without_a_wish}, {"numbers_are_used_again", numbers_are_used_again},
          {"a_number_is_used_once", a_number_is_used_once}, {"preferred_and_registered", preferred_and_registered},
          {"preferred_and_refused", preferred_and_refused}, {"the_wished_letter_is_taken", the_wished_letter_is_taken},
          {"many_links", many_links}, {"links_to_volumes_that_were", links_to_volumes_that_were},
          {"the_name_of_the_number_is_taken", the_name_of_the_number_is_taken},
          {"volumes_are_registered_if_asked", volumes_are_registered_if_asked},
          {"refused_volumes_are_not_created", refused_volumes_are_not_created})
