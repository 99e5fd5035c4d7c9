/* SPDX-License-Identifier: MIT */
/* Io: device interfaces, as tests say that there are, and being told of them. */

#include "sim/kernel/pnp.h"

#include "sim/api/pnp.h"
#include "sim/ground/fault.h"
#include "sim/ground/raw_lock.h"
#include "sim/ground/thread.h"
#include "sim/ground/violation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LINKS  64u
#define LENGTH 256u

struct registration {
    GUID class;
    PDRIVER_NOTIFICATION_CALLBACK_ROUTINE callback;
    PVOID context;
    struct registration *next;
};

static struct sim_raw_lock lock;
static char links[LINKS][LENGTH]; /* an empty one is free */
static struct registration *registrations;

static void class_text(const GUID *class, char text[40])
{
    (void)snprintf(text, 40, "{%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x}", (unsigned)class->Data1, class->Data2,
                   class->Data3, class->Data4[0], class->Data4[1], class->Data4[2], class->Data4[3], class->Data4[4],
                   class->Data4[5], class->Data4[6], class->Data4[7]);
}

static bool is_of(const char *link, const GUID *class)
{
    char text[40];
    class_text(class, text);
    size_t length = strlen(link);
    return length > strlen(text) && strcasecmp(link + length - strlen(text), text) == 0;
}

/* The system tells in a thread of its own. */
static void tell(const char *link)
{
    struct registration *told[8];
    size_t count = 0;
    sim_raw_lock(&lock);
    for (struct registration *registration = registrations; registration != NULL; registration = registration->next) {
        if (is_of(link, &registration->class) && count < 8) {
            told[count++] = registration;
        }
    }
    sim_raw_unlock(&lock);
    for (size_t i = 0; i < count; i++) {
        struct sim_entry entry = sim_enter_driver();
        (void)told[i]->callback(NULL, told[i]->context);
        sim_leave_driver("a notification", entry);
    }
}

void sim_interface_add(const char *link)
{
    sim_raw_lock(&lock);
    for (size_t i = 0; i < LINKS; i++) {
        if (strcasecmp(links[i], link) == 0) {
            sim_raw_unlock(&lock);
            return;
        }
    }
    for (size_t i = 0; i < LINKS; i++) {
        if (links[i][0] == 0) {
            (void)snprintf(links[i], LENGTH, "%s", link);
            break;
        }
    }
    sim_raw_unlock(&lock);
    tell(link);
}

void sim_interface_remove(const char *link)
{
    sim_raw_lock(&lock);
    for (size_t i = 0; i < LINKS; i++) {
        if (strcasecmp(links[i], link) == 0) {
            links[i][0] = 0;
        }
    }
    sim_raw_unlock(&lock);
    tell(link);
}

void sim_pnp_reset(void)
{
    memset(links, 0, sizeof(links));
}

void sim_pnp_check_released(void)
{
    if (registrations != NULL) {
        sim_violation("leak", "the driver is still to be told of device interfaces");
    }
}

NTSTATUS IoGetDeviceInterfaces(const GUID *class, PDEVICE_OBJECT device, ULONG flags, PWSTR *list)
{
    size_t characters = 1;
    sim_check_irql("IoGetDeviceInterfaces", PASSIVE_LEVEL);
    if (device != NULL || flags != 0) {
        sim_violation("test", "IoGetDeviceInterfaces: only those that are enabled, of all devices, are simulated");
    }
    if (sim_fault("IoGetDeviceInterfaces")) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    sim_raw_lock(&lock);
    for (size_t i = 0; i < LINKS; i++) {
        characters += is_of(links[i], class) ? strlen(links[i]) + 1 : 0;
    }
    WCHAR *text = malloc(characters * sizeof(*text));
    WCHAR *at = text;
    for (size_t i = 0; i < LINKS; i++) {
        for (size_t j = 0; is_of(links[i], class) && j <= strlen(links[i]); j++) {
            *at++ = (unsigned char)links[i][j];
        }
    }
    *at = 0;
    sim_raw_unlock(&lock);
    /* The driver frees it as pool. */
    *list = ExAllocatePoolWithTag(PagedPool, characters * sizeof(*text), SIM_SYSTEM_TAG);
    if (*list != NULL) {
        memcpy(*list, text, characters * sizeof(*text));
    }
    free(text);
    return *list != NULL ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

NTSTATUS IoRegisterPlugPlayNotification(IO_NOTIFICATION_EVENT_CATEGORY category, ULONG flags, PVOID data,
                                        PDRIVER_OBJECT driver, PDRIVER_NOTIFICATION_CALLBACK_ROUTINE callback,
                                        PVOID context, PVOID *entry)
{
    sim_check_irql("IoRegisterPlugPlayNotification", PASSIVE_LEVEL);
    UNREFERENCED_PARAMETER(driver);
    if (category != EventCategoryDeviceInterfaceChange || flags != 0) {
        sim_violation("test", "IoRegisterPlugPlayNotification: only interfaces from now on are simulated");
    }
    if (sim_fault("IoRegisterPlugPlayNotification")) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    struct registration *registration = calloc(1, sizeof(*registration));
    *registration = (struct registration){.class = *(const GUID *)data, .callback = callback, .context = context};
    sim_raw_lock(&lock);
    registration->next = registrations;
    registrations = registration;
    sim_raw_unlock(&lock);
    *entry = registration;
    return STATUS_SUCCESS;
}

NTSTATUS IoUnregisterPlugPlayNotification(PVOID entry)
{
    sim_check_irql("IoUnregisterPlugPlayNotification", PASSIVE_LEVEL);
    sim_raw_lock(&lock);
    struct registration **link = &registrations;
    while (*link != NULL && *link != entry) {
        link = &(*link)->next;
    }
    bool found = *link != NULL;
    if (found) {
        *link = (*link)->next;
    }
    sim_raw_unlock(&lock);
    if (!found) {
        sim_violation("reference", "IoUnregisterPlugPlayNotification with what is no registration");
    }
    free(entry);
    return STATUS_SUCCESS;
}
