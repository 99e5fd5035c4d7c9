/* SPDX-License-Identifier: MIT */
/* The driver object and its devices. */
#ifndef SIM_KERNEL_DEVICE_H
#define SIM_KERNEL_DEVICE_H

#include "sim/api/restriction.h"

struct sim_device {
    DEVICE_OBJECT object; /* first */
    char *name;           /* "\Device\X", NULL: has none any more */
    unsigned digit;       /* the last one of its name */
    ULONG extension_size;
    LONG references;   /* its existence, handles, file objects */
    LONG opens;        /* what is open on it, or mounted */
    unsigned shutdown; /* when it has asked to be told of the shutdown; 0: it has not */
    VPB vpb;
    uint64_t unlocked; /* which of all unlocks has unlocked what is mounted; 0: none */
    bool deleted;
    bool hangs; /* atomic; what is mounted did not answer */
    bool unload_pending;
    bool has_dacl;
    ACCESS_MASK system, administrators, everyone, restricted, packages, service;
    struct sim_device *next;
};

struct sim_device *sim_device_find(const char *path);
bool sim_is_device(const void *object); /* that is still referenced */
void sim_device_reference(struct sim_device *device);
void sim_device_dereference(struct sim_device *device);
/* What is opened, or mounted; false: the device is being deleted or its driver unloaded. */
bool sim_device_open(struct sim_device *device);
/* Lets a driver go that is to be unloaded, if this is the last. */
void sim_device_close(struct sim_device *device);

/* To be told of the shutdown, or not any more. */
void sim_device_ask_for_shutdown(struct sim_device *device, bool on);
/* Who has asked for it last, referenced, and is told now; NULL: nobody is left. */
struct sim_device *sim_device_next_for_shutdown(void);

/* All devices refuse to be opened from now on; the driver is unloaded when nothing is open any more. */
void sim_devices_unload(void);

/* `flags` are SIM_TOKEN_.... */
ACCESS_MASK sim_device_granted(const struct sim_device *device, bool administrator, enum sim_restriction restriction,
                               unsigned flags);

void sim_devices_check_empty(void);

#endif
