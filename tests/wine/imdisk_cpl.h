/* SPDX-License-Identifier: MIT */
/* What the parts of the imdisk-cpl test share: the exports, loaded by name, and which of them have been called. */
#ifndef TESTS_WINE_IMDISK_CPL_H
#define TESTS_WINE_IMDISK_CPL_H

#include "ballast/imdisk.h"
#include "tests/harness/test.h"

#define IMDISK_EXPORTS(X)                   \
    X(CPlApplet)                            \
    X(RunDLL_MountFile)                     \
    X(RunDLL_MountFileW)                    \
    X(RunDLL_RemoveDevice)                  \
    X(RunDLL_SaveImageFile)                 \
    X(ImDiskFlushWindowMessages)            \
    X(ImDiskGetAPIFlags)                    \
    X(ImDiskSetAPIFlags)                    \
    X(ImDiskGetPartitionTypeName)           \
    X(ImDiskGetOffsetByFileExt)             \
    X(ImDiskGetPartitionInformation)        \
    X(ImDiskGetPartitionInformationEx)      \
    X(ImDiskGetSinglePartitionInformation)  \
    X(ImDiskReadFileHandle)                 \
    X(ImDiskGetPartitionInfoIndirect)       \
    X(ImDiskGetPartitionInfoIndirectEx)     \
    X(ImDiskGetSinglePartitionInfoIndirect) \
    X(ImDiskImageContainsISOFS)             \
    X(ImDiskImageContainsISOFSIndirect)     \
    X(ImDiskStartService)                   \
    X(ImDiskCreateMountPoint)               \
    X(ImDiskRemoveMountPoint)               \
    X(ImDiskOpenDeviceByName)               \
    X(ImDiskOpenDeviceByNumber)             \
    X(ImDiskOpenDeviceByMountPoint)         \
    X(ImDiskCheckDriverVersion)             \
    X(ImDiskGetVersion)                     \
    X(ImDiskFindFreeDriveLetter)            \
    X(ImDiskGetDeviceList)                  \
    X(ImDiskGetDeviceListEx)                \
    X(ImDiskQueryDevice)                    \
    X(ImDiskCreateDevice)                   \
    X(ImDiskCreateDeviceEx)                 \
    X(ImDiskForceRemoveDevice)              \
    X(ImDiskRemoveDevice)                   \
    X(ImDiskChangeFlags)                    \
    X(ImDiskExtendDevice)                   \
    X(ImDiskSaveImageFile)                  \
    X(ImDiskGetVolumeSize)                  \
    X(ImDiskGetFormattedGeometry)           \
    X(ImDiskGetFormattedGeometryIndirect)   \
    X(ImDiskBuildMBR)                       \
    X(ImDiskConvertCHSToLBA)                \
    X(ImDiskConvertLBAToCHS)                \
    X(ImDiskAdjustImageFileSize)            \
    X(ImDiskNativePathToWin32)              \
    X(ImDiskSaveImageFileInteractive)       \
    X(ImDiskOpenRefreshEvent)               \
    X(ImDiskSaveRegistrySettings)           \
    X(ImDiskRemoveRegistrySettings)         \
    X(ImDiskGetRegistryAutoLoadDevices)     \
    X(ImDiskNotifyShellDriveLetter)         \
    X(ImDiskNotifyRemovePending)            \
    X(ImDiskConsoleMessageA)                \
    X(ImDiskConsoleMessageW)                \
    X(ImDiskMsgBoxPrintF)                   \
    X(ImDiskAllocPrintF)                    \
    X(ImDiskAllocPrintFA)                   \
    X(ImDiskIsProcessElevated)

#define MEMBER(name) __typeof__(name) *name;
struct exports {
    IMDISK_EXPORTS(MEMBER)
};
#undef MEMBER

#define MEMBER(name) EXPORT_##name,
enum export_index { IMDISK_EXPORTS(MEMBER) EXPORT_COUNT };
#undef MEMBER

extern struct exports exports;
extern bool export_called[EXPORT_COUNT];

/* CALL(ImDiskGetVersion)(&library, &driver) */
#define CALL(name) (export_called[EXPORT_##name] = true, exports.name)

/* Checks that a call failed, and with which error. */
#define CHECK_FAILS(call, code)              \
    do {                                     \
        SetLastError(0xDEAD);                \
        CHECK(!(call));                      \
        CHECK_EQUAL(GetLastError(), (code)); \
    } while (0)

#define MIB (1u << 20)

/* A disk in memory; its number. */
DWORD create_memory_disk(LONGLONG size, LPWSTR mount_point);

/* Reads a whole small file; free() it. NULL if there is none. */
unsigned char *read_file(const wchar_t *path, DWORD *size);

/* Copies a file, and writes `length` bytes at `offset` of the copy, unless 0. */
void patch_file(const wchar_t *from, const wchar_t *to, LONGLONG offset, const void *bytes, DWORD length);

/* The cases. */
void versions_services_and_flags(void);
void formatted_text(void);
void console_messages(void);
void paths_become_win32(void);
void the_refresh_event_opens(void);
void disks_are_listed(void);
void disks_are_opened(void);
void what_is_not_there_is_not_opened(void);
void image_disks_are_created(void);
void impossible_disks_are_refused(void);
void flags_and_sizes_change(void);
void letters_are_mount_points(void);
void letters_of_other_disks_stay(void);
void directories_are_mount_points(void);
void disks_are_saved(void);
void empty_parts_are_not_read(void);
void what_is_held_is_saved(void);
void saving_has_a_buffer(void);
void saving_is_cancelled(void);
void boot_disks_are_configured(void);
void images_partitions_are_those_of_sfdisk(void);
void images_partitions_in_eights_and_single(void);
void images_offsets(void);
void images_damaged_tables(void);
void images_readers(void);
void images_volumes(void);
void images_boot_records(void);
void dialogs_need_a_display(void);
void dialogs_status_and_messages(void);
void dialogs_create_save_and_remove(void);
void dialogs_list(void);
void dialogs_look_at_images(void);
void dialogs_spare_used_images(void);
void dialogs_cancel(void);

#endif
