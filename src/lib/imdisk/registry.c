/* SPDX-License-Identifier: MIT */
/* Disks that the driver creates when it is loaded: values of its Parameters key. */

#include "lib/imdisk/internal.h"

#include "lib/boot.h"

static BOOL end(DWORD code)
{
    SetLastError(code);
    return code == 0;
}

BOOL WINAPI ImDiskSaveRegistrySettings(struct imdisk_create_data *data)
{
    if (data == NULL || data->file_name_length_bytes % sizeof(wchar_t) != 0 || data->size_bytes < 0 ||
        data->image_offset_bytes < 0) {
        return fail(ERROR_INVALID_PARAMETER);
    }
    return end(boot_disk_store(data, &data->device_number));
}

BOOL WINAPI ImDiskRemoveRegistrySettings(DWORD number)
{
    return end(boot_disk_delete(number, false));
}

BOOL WINAPI ImDiskGetRegistryAutoLoadDevices(LPDWORD count)
{
    uint32_t found;
    if (count == NULL) {
        return fail(ERROR_INVALID_PARAMETER);
    }
    DWORD code = boot_disks_count(&found);
    if (code == 0) {
        *count = found;
    }
    return end(code);
}
