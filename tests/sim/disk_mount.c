/* SPDX-License-Identifier: MIT */
/* Disks as volumes of the mount manager, which gives letters by itself and knows volumes by their devices' names. */

#include "tests/sim/disk_client.h"

#include <string.h>

#define VOLUME BALLAST_OPTION_MOUNT_MANAGER

static bool begin(void)
{
    struct sim_options options = {.seed = 1};
    return disk_begin(SIM_RULE_MOUNT, &options);
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
    if (!begin()) {
        return;
    }
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
    if (!begin()) {
        return;
    }
    CHECK_EQUAL(disk_create(VOLUME, NULL, 'V'), STATUS_SUCCESS);
    memcpy(id, sim_mount_manager()->unique_id, sizeof(id));
    CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    sim_mount_remember(id, "\\DosDevices\\W:");
    CHECK_EQUAL(disk_create(VOLUME, NULL, 'V'), STATUS_SUCCESS);
    CHECK(leads("\\DosDevices\\V:") && !leads("\\DosDevices\\W:"));
    CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    disk_end();
}

static void no_letter_without_a_wish(void)
{
    if (!begin()) {
        return;
    }
    CHECK_EQUAL(disk_create(VOLUME, NULL, 0), STATUS_SUCCESS);
    CHECK_EQUAL(sim_mount_points(object()), 1);
    CHECK(!leads("\\DosDevices\\D:"));
    CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    disk_end();
}

/* The name of its object is never used again: it would stand for the volume that was. */
static void numbers_are_used_again(void)
{
    char first[64];
    if (!begin()) {
        return;
    }
    CHECK_EQUAL(disk_create(VOLUME, NULL, 'V'), STATUS_SUCCESS);
    (void)strcpy(first, object());
    CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    CHECK_EQUAL(disk_create(VOLUME, DISK_IMAGE, 'V'), STATUS_SUCCESS);
    CHECK(strcmp(first, object()) != 0);
    CHECK(leads("\\DosDevices\\V:"));
    CHECK_EQUAL(disk_remove(), STATUS_SUCCESS);
    disk_end();
}

TEST_MAIN({"the_wished_letter_is_there", the_wished_letter_is_there},
          {"the_wished_letter_replaces_another", the_wished_letter_replaces_another},
          {"no_letter_without_a_wish", no_letter_without_a_wish}, {"numbers_are_used_again", numbers_are_used_again})
