/* SPDX-License-Identifier: MIT */
/*
 * The driver's parameters in the registry, and the disks that it shall create when it is loaded: in DriverEntry, or, if that
 * is before there are volumes, when they are there. PASSIVE_LEVEL.
 */

#include "driver/disk/make/boot.h"
#include "core/disk/settings.h"
#include "driver/disk/device/driver.h"
#include "driver/disk/device/refresh.h"
#include "driver/disk/make/create.h"
#include "driver/nt/late.h"
#include "driver/nt/log.h"
#include "driver/nt/name.h"
#include "driver/nt/registry.h"

#define BOOT_IMDISK L"\\Registry\\Machine\\SYSTEM\\CurrentControlSet\\Services\\ImDisk\\Parameters"

static bool is_missing(NTSTATUS status)
{
    return status == STATUS_OBJECT_NAME_NOT_FOUND || status == STATUS_OBJECT_PATH_NOT_FOUND;
}

/* A failure other than that what was asked for is not there. */
static bool is_failure(NTSTATUS status)
{
    return !NT_SUCCESS(status) && !is_missing(status);
}

static NTSTATUS open_key(const UNICODE_STRING *path, struct disk_boot_key *key)
{
    NTSTATUS status = nt_registry_open(NULL, path, &key->handle);
    if (!NT_SUCCESS(status)) {
        key->handle = NULL;
    }
    return is_missing(status) ? STATUS_SUCCESS : status;
}

/* Whether the driver's own service is called ImDisk: then both keys are one. */
static bool is_imdisk(const UNICODE_STRING *service)
{
    static const WCHAR end[] = L"\\IMDISK";
    size_t length = sizeof(end) / sizeof(WCHAR) - 1;
    if (service->Length / sizeof(WCHAR) < length) {
        return false;
    }
    const WCHAR *last = service->Buffer + service->Length / sizeof(WCHAR) - length;
    for (size_t i = 0; i < length; i++) {
        WCHAR upper = last[i] >= L'a' && last[i] <= L'z' ? (WCHAR)(last[i] - L'a' + L'A') : last[i];
        if (upper != end[i]) {
            return false;
        }
    }
    return true;
}

static NTSTATUS open_keys(const UNICODE_STRING *service, struct disk_boot *boot)
{
    UNICODE_STRING imdisk = RTL_CONSTANT_STRING(BOOT_IMDISK);
    UNICODE_STRING own;
    NTSTATUS status = nt_registry_parameters_path(service, &own);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = open_key(&own, &boot->own);
    nt_registry_path_free(&own);
    return NT_SUCCESS(status) && !is_imdisk(service) ? open_key(&imdisk, &boot->imdisk) : status;
}

static struct setting setting_of(const struct nt_registry_value *value)
{
    return (struct setting){value->type, value->data, value->length};
}

/* Reads a value; without the key there is none. */
static NTSTATUS read_value(const struct disk_boot_key *key, const UNICODE_STRING *name, struct nt_registry_value *value)
{
    if (key->handle == NULL) {
        *value = (struct nt_registry_value){.block = NULL};
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    return nt_registry_value_read(key->handle, name, value);
}

/* Logs what makes no sense; it keeps the driver from loading, as it does ImDisk. */
static NTSTATUS parse_parameter(const WCHAR *text, NTSTATUS status, const struct nt_registry_value *read,
                                bool (*parse)(const struct setting *, uint32_t *), uint32_t *value)
{
    if (!is_failure(status)) {
        struct setting setting = setting_of(read);
        status = parse(&setting, value) ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
    }
    if (!NT_SUCCESS(status)) {
        nt_log_failure(disk_driver.object, NT_EVENT_PARAMETER, text, status);
    }
    return status;
}

/* One of the driver's parameters: of the first key, else of the second, which may be NULL. */
static NTSTATUS read_parameter(const struct disk_boot_key *first, const struct disk_boot_key *second, const WCHAR *text,
                               bool (*parse)(const struct setting *, uint32_t *), uint32_t *value)
{
    UNICODE_STRING name;
    struct nt_registry_value read;
    RtlInitUnicodeString(&name, text);
    NTSTATUS status = read_value(first, &name, &read);
    if (is_missing(status) && second != NULL) {
        nt_registry_value_free(&read);
        status = read_value(second, &name, &read);
    }
    status = parse_parameter(text, status, &read, parse, value);
    nt_registry_value_free(&read);
    return status;
}

/* ---- disks ---- */

/* What a key says of one number. */
struct description {
    struct nt_registry_value values[DISK_SETTINGS];
    struct setting settings[DISK_SETTINGS];
    bool exists; /* it describes a disk */
};

/* *disk is set in any case, and released by free_description. */
static NTSTATUS read_description(const struct disk_boot_key *key, uint32_t number, struct description *disk)
{
    static const WCHAR *const names[DISK_SETTINGS] = {L"FileName", L"Size", L"Flags", L"DriveLetter", L"ImageOffset"};
    struct nt_name name;
    NTSTATUS status = STATUS_SUCCESS;
    *disk = (struct description){.exists = false};
    for (unsigned i = 0; i < DISK_SETTINGS && number < key->disks; i++) {
        nt_name_number(&name, names[i], number);
        NTSTATUS read = read_value(key, &name.string, &disk->values[i]);
        if (is_failure(read)) {
            status = read;
        }
        disk->settings[i] = setting_of(&disk->values[i]);
    }
    disk->exists = NT_SUCCESS(status) && settings_describe_disk(disk->settings);
    return status;
}

static void free_description(struct description *disk)
{
    for (unsigned i = 0; i < DISK_SETTINGS; i++) {
        nt_registry_value_free(&disk->values[i]);
    }
}

/* The request that the values stand for goes to disk_create_at_boot, which owns it then. */
static NTSTATUS request_disk(uint32_t number, const struct setting settings[DISK_SETTINGS])
{
    size_t size = settings_request_length(settings);
    size_t length;
    struct imdisk_create_data *data = disk_create_allocate(size);
    if (data == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    NTSTATUS status = settings_build_request(settings, number, data, &length);
    if (NT_SUCCESS(status)) {
        status = disk_create_at_boot(data, size, (ULONG)length);
    }
    if (!NT_SUCCESS(status)) {
        disk_create_free(data, size);
    }
    return status;
}

static void log_taken_twice(uint32_t number)
{
    struct nt_name name;
    nt_name_number(&name, L"ImDisk", number);
    name.text[name.string.Length / sizeof(WCHAR)] = 0;
    nt_log_failure(disk_driver.object, NT_EVENT_TAKEN_TWICE, name.text, STATUS_OBJECT_NAME_COLLISION);
}

static void create_disk(const struct disk_boot *boot, uint32_t number)
{
    struct description own;
    struct description imdisk;
    NTSTATUS status = read_description(&boot->own, number, &own);
    NTSTATUS second = read_description(&boot->imdisk, number, &imdisk);
    if (own.exists && imdisk.exists) {
        log_taken_twice(number);
    }
    if (own.exists) {
        status = request_disk(number, own.settings);
    } else if (imdisk.exists) {
        status = request_disk(number, imdisk.settings);
    } else if (NT_SUCCESS(status)) {
        status = second;
    }
    free_description(&own);
    free_description(&imdisk);
    if (!NT_SUCCESS(status)) {
        disk_create_report(number, status);
    }
}

static NTSTATUS read_parameters(struct disk_boot *boot)
{
    struct disk_create_policy *policy = &disk_driver.policy;
    NTSTATUS status = read_parameter(&boot->own, &boot->imdisk, L"DisallowedDriveLetters", setting_letters,
                                     &policy->disallowed_drive_letters);
    if (NT_SUCCESS(status)) {
        status = read_parameter(&boot->own, &boot->imdisk, L"MaxDevices", setting_number, &policy->maximum_devices);
    }
    /* Of both: each is about its own key's numbers. */
    if (NT_SUCCESS(status)) {
        status = read_parameter(&boot->own, NULL, L"LoadDevices", setting_number, &boot->own.disks);
    }
    if (NT_SUCCESS(status)) {
        status = read_parameter(&boot->imdisk, NULL, L"LoadDevices", setting_number, &boot->imdisk.disks);
    }
    if (policy->maximum_devices > IMDISK_MAXIMUM_DEVICES) {
        policy->maximum_devices = IMDISK_MAXIMUM_DEVICES;
    }
    return status;
}

NTSTATUS disk_boot_read_parameters(const UNICODE_STRING *service, struct disk_boot *boot)
{
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    *boot = (struct disk_boot){.own = {.handle = NULL}};
    NTSTATUS status = open_keys(service, boot);
    if (NT_SUCCESS(status)) {
        status = read_parameters(boot);
    }
    if (!NT_SUCCESS(status)) {
        disk_boot_end(boot);
    }
    return status;
}

/* No number from this on is to be created. */
static uint32_t end_of_numbers(const struct disk_boot *boot)
{
    return boot->own.disks > boot->imdisk.disks ? boot->own.disks : boot->imdisk.disks;
}

static void create_disks(const struct disk_boot *boot)
{
    for (uint32_t i = 0; i < end_of_numbers(boot) && i < disk_driver.policy.maximum_devices; i++) {
        create_disk(boot, i);
    }
}

static void close_key(struct disk_boot_key *key)
{
    if (key->handle != NULL) {
        (void)ZwClose(key->handle);
        key->handle = NULL;
    }
}

/* Whether the loader has loaded the driver: then there is no volume yet that an image could be on. */
static bool comes_before_volumes(const UNICODE_STRING *service)
{
    HANDLE key;
    uint64_t start = 0;
    if (!disk_refresh_too_early() || !NT_SUCCESS(nt_registry_open(NULL, service, &key))) {
        return false;
    }
    NTSTATUS status = nt_registry_read_number(key, L"Start", &start);
    (void)ZwClose(key);
    return NT_SUCCESS(status) && start == 0 /* SERVICE_BOOT_START */;
}

static void NTAPI go_on(PDRIVER_OBJECT object, PVOID context, ULONG count)
{
    UNREFERENCED_PARAMETER(object);
    UNREFERENCED_PARAMETER(count);
    create_disks(context);
    disk_boot_end(context);
}

void disk_boot_create_disks(const UNICODE_STRING *service, struct disk_boot *boot)
{
    if (end_of_numbers(boot) != 0 && nt_late.register_boot_driver_reinitialization != NULL &&
        comes_before_volumes(service)) {
        nt_late.register_boot_driver_reinitialization(disk_driver.object, go_on, boot);
        return;
    }
    create_disks(boot);
    disk_boot_end(boot);
}

void disk_boot_end(struct disk_boot *boot)
{
    close_key(&boot->own);
    close_key(&boot->imdisk);
}
