/* SPDX-License-Identifier: MIT */
/* Adapters by their interfaces; presence.h has the contract. */

#include "driver/ai/presence.h"
#include "core/ai/gpu_link.h"
#include "driver/nt/late.h"
#include "driver/nt/registry.h"
#include "driver/nt/wine.h"

#define CONTROL_SET       L"\\Registry\\Machine\\SYSTEM\\CurrentControlSet\\"
#define PATH_CHARACTERS   320u
#define DRIVER_CHARACTERS 64u

/* GUID_DISPLAY_DEVICE_ARRIVAL, GUID_COMPUTE_DEVICE_ARRIVAL: what draws, and what only computes; most do both. */
static const GUID classes[] = {
    {0x1CA05180, 0xA699, 0x450A, {0x9A, 0x0C, 0xDE, 0x4F, 0xBE, 0x3D, 0xDD, 0x89}},
    {0x1024E4C9, 0x47C9, 0x48D3, {0xB4, 0xA8, 0xF9, 0xDF, 0x78, 0x52, 0x3B, 0x53}},
};
#define CLASSES (sizeof(classes) / sizeof(classes[0]))

static struct {
    PVOID entry[CLASSES];
    void (*changed)(void);
} notification;

bool ai_presence_known(void)
{
    return !nt_in_wine && !nt_late.before_nt_6;
}

/* ---- being told ---- */

static NTSTATUS NTAPI notify(PVOID what, PVOID context)
{
    UNREFERENCED_PARAMETER(what);
    UNREFERENCED_PARAMETER(context);
    notification.changed();
    return STATUS_SUCCESS;
}

void ai_presence_stop(void)
{
    for (size_t i = 0; i < CLASSES; i++) {
        if (notification.entry[i] != NULL) {
            (void)IoUnregisterPlugPlayNotification(notification.entry[i]); /* waits for those that are running */
            notification.entry[i] = NULL;
        }
    }
}

NTSTATUS ai_presence_start(PDRIVER_OBJECT driver, void (*changed)(void))
{
    NTSTATUS status = STATUS_SUCCESS;
    notification.changed = changed;
    for (size_t i = 0; i < CLASSES && ai_presence_known() && NT_SUCCESS(status); i++) {
        status = IoRegisterPlugPlayNotification(EventCategoryDeviceInterfaceChange, 0, (PVOID)(ULONG_PTR)&classes[i],
                                                driver, notify, NULL, &notification.entry[i]);
        notification.entry[i] = NT_SUCCESS(status) ? notification.entry[i] : NULL;
    }
    if (!NT_SUCCESS(status)) {
        ai_presence_stop();
    }
    return status;
}

/* ---- listing ---- */

struct path {
    WCHAR text[PATH_CHARACTERS];
    UNICODE_STRING string;
};

static void begin_path(struct path *path, const WCHAR *beginning)
{
    path->string = (UNICODE_STRING){.MaximumLength = sizeof(path->text), .Buffer = path->text};
    (void)RtlAppendUnicodeToString(&path->string, CONTROL_SET);
    (void)RtlAppendUnicodeToString(&path->string, beginning);
}

/* The device's value `Driver`, which names its driver's key. `path` is of the device's key. */
static NTSTATUS read_driver(const struct path *path, WCHAR driver[DRIVER_CHARACTERS])
{
    HANDLE key;
    ULONG length = 0;
    NTSTATUS status = nt_registry_open(NULL, &path->string, &key);
    if (NT_SUCCESS(status)) {
        status = nt_registry_read(key, L"Driver", NT_REGISTRY_STRING, driver, (DRIVER_CHARACTERS - 1) * sizeof(WCHAR),
                                  &length);
        (void)ZwClose(key);
    }
    driver[NT_SUCCESS(status) ? length / sizeof(WCHAR) : 0] = 0;
    return status;
}

/* An interface that leads to no adapter is left out: the device may just be leaving. Want of memory is an error. */
static NTSTATUS list_link(const WCHAR *link, size_t characters,
                          NTSTATUS (*found)(void *context, uint32_t index, HANDLE key), void *context)
{
    WCHAR driver[DRIVER_CHARACTERS];
    struct path path;
    uint32_t index;
    HANDLE key;
    begin_path(&path, L"Enum\\");
    size_t used = path.string.Length / sizeof(WCHAR);
    size_t length =
        gpu_instance_of_link((const uint16_t *)link, characters, (uint16_t *)path.text + used, PATH_CHARACTERS - used);
    if (length == 0) {
        return STATUS_SUCCESS;
    }
    path.string.Length = (USHORT)((used + length) * sizeof(WCHAR));
    NTSTATUS status = read_driver(&path, driver);
    if (NT_SUCCESS(status) && gpu_index_of_driver((const uint16_t *)driver, DRIVER_CHARACTERS, &index)) {
        begin_path(&path, L"Control\\Class\\");
        (void)RtlAppendUnicodeToString(&path.string, driver);
        status = nt_registry_open(NULL, &path.string, &key);
        if (NT_SUCCESS(status)) {
            status = found(context, index, key);
            (void)ZwClose(key);
            return status;
        }
    }
    return status == STATUS_INSUFFICIENT_RESOURCES ? status : STATUS_SUCCESS;
}

static NTSTATUS list_class(const GUID *class, NTSTATUS (*found)(void *context, uint32_t index, HANDLE key),
                           void *context)
{
    PWSTR list;
    NTSTATUS status = IoGetDeviceInterfaces(class, NULL, 0, &list);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    for (const WCHAR *link = list; *link != 0 && NT_SUCCESS(status);) {
        size_t characters = 0;
        while (link[characters] != 0) {
            characters++;
        }
        status = list_link(link, characters, found, context);
        link += characters + 1;
    }
    ExFreePool(list);
    return status;
}

NTSTATUS ai_presence_list(NTSTATUS (*found)(void *context, uint32_t index, HANDLE key), void *context)
{
    NTSTATUS status = STATUS_SUCCESS;
    for (size_t i = 0; i < CLASSES && NT_SUCCESS(status); i++) {
        status = list_class(&classes[i], found, context);
    }
    return status;
}
