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

/* Of the key with the parameters: the driver's own, else ImDisk's, where its programs write. */
static NTSTATUS open_parameters(const UNICODE_STRING *service, HANDLE *key)
{
    UNICODE_STRING imdisk = RTL_CONSTANT_STRING(BOOT_IMDISK);
    UNICODE_STRING own;
    NTSTATUS status = nt_registry_parameters_path(service, &own);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = nt_registry_open(NULL, &own, key);
    nt_registry_path_free(&own);
    return is_missing(status) ? nt_registry_open(NULL, &imdisk, key) : status;
}

static struct setting setting_of(const struct nt_registry_value *value)
{
    return (struct setting){value->type, value->data, value->length};
}

/* Reads one of the driver's parameters. What makes no sense keeps the driver from loading, as it does ImDisk. */
static NTSTATUS read_parameter(HANDLE key, const WCHAR *text, bool (*parse)(const struct setting *, uint32_t *),
                               uint32_t *value)
{
    UNICODE_STRING name;
    struct nt_registry_value read;
    RtlInitUnicodeString(&name, text);
    NTSTATUS status = nt_registry_value_read(key, &name, &read);
    if (!is_failure(status)) {
        struct setting setting = setting_of(&read);
        status = parse(&setting, value) ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
    }
    nt_registry_value_free(&read);
    if (!NT_SUCCESS(status)) {
        nt_log_failure(disk_driver.object, NT_EVENT_PARAMETER, text, status);
    }
    return status;
}

/* ---- disks ---- */

static NTSTATUS read_disk(HANDLE key, uint32_t number, struct nt_registry_value values[DISK_SETTINGS])
{
    static const WCHAR *const names[DISK_SETTINGS] = {L"FileName", L"Size", L"Flags", L"DriveLetter", L"ImageOffset"};
    struct nt_name name;
    NTSTATUS status = STATUS_SUCCESS;
    for (unsigned i = 0; i < DISK_SETTINGS; i++) {
        nt_name_number(&name, names[i], number);
        NTSTATUS read = nt_registry_value_read(key, &name.string, &values[i]);
        if (is_failure(read)) {
            status = read;
        }
    }
    return status;
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

static void create_disk(HANDLE key, uint32_t number)
{
    struct nt_registry_value values[DISK_SETTINGS];
    struct setting settings[DISK_SETTINGS];
    NTSTATUS status = read_disk(key, number, values);
    for (unsigned i = 0; i < DISK_SETTINGS; i++) {
        settings[i] = setting_of(&values[i]);
    }
    if (NT_SUCCESS(status) && settings_describe_disk(settings)) {
        status = request_disk(number, settings);
    }
    for (unsigned i = 0; i < DISK_SETTINGS; i++) {
        nt_registry_value_free(&values[i]);
    }
    if (!NT_SUCCESS(status)) {
        disk_create_report(number, status);
    }
}

NTSTATUS disk_boot_read_parameters(const UNICODE_STRING *service, struct disk_boot *boot)
{
    struct disk_create_policy *policy = &disk_driver.policy;
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    *boot = (struct disk_boot){.key = NULL};
    NTSTATUS status = open_parameters(service, &boot->key);
    if (!NT_SUCCESS(status)) {
        boot->key = NULL;
        return is_failure(status) ? status : STATUS_SUCCESS;
    }
    status = read_parameter(boot->key, L"DisallowedDriveLetters", setting_letters, &policy->disallowed_drive_letters);
    if (NT_SUCCESS(status)) {
        status = read_parameter(boot->key, L"LoadDevices", setting_number, &boot->disks);
    }
    if (NT_SUCCESS(status)) {
        status = read_parameter(boot->key, L"MaxDevices", setting_number, &policy->maximum_devices);
    }
    if (policy->maximum_devices > IMDISK_MAXIMUM_DEVICES) {
        policy->maximum_devices = IMDISK_MAXIMUM_DEVICES;
    }
    if (boot->disks > policy->maximum_devices) {
        boot->disks = policy->maximum_devices;
    }
    if (!NT_SUCCESS(status)) {
        disk_boot_end(boot);
    }
    return status;
}

static void create_disks(const struct disk_boot *boot)
{
    for (uint32_t i = 0; i < boot->disks; i++) {
        create_disk(boot->key, i);
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
    if (boot->disks != 0 && nt_late.register_boot_driver_reinitialization != NULL && comes_before_volumes(service)) {
        nt_late.register_boot_driver_reinitialization(disk_driver.object, go_on, boot);
        return;
    }
    create_disks(boot);
    disk_boot_end(boot);
}

void disk_boot_end(struct disk_boot *boot)
{
    if (boot->key != NULL) {
        (void)ZwClose(boot->key);
        boot->key = NULL;
    }
}
