/* SPDX-License-Identifier: MIT */
/*
 * imdisk.cpl: the library that ImDisk programs call, over Ballast's driver. Names, parameters and (on x86) stdcall byte
 * counts are ImDisk's, so existing programs need no change; new ones should use ballast.h, whose errors have texts.
 *
 * Conventions
 *   - Text is UTF-16 and ends with a zero, unless a function's name ends in A. Sizes and offsets are bytes.
 *   - BOOL functions return FALSE and set GetLastError(). Outputs are then as before, unless a comment says otherwise.
 *   - Handles that are returned are the caller's, to be closed with CloseHandle.
 *   - A window (`window`) that is not NULL makes a call interactive: its text becomes what is being done, and questions
 *     and errors are shown in message boxes. A question that cannot be shown (there is no display) counts as cancelled.
 *     NULL: silent, nothing is asked.
 *   - A mount point is a drive letter ("X:" or "X:\"), or an empty directory of an NTFS volume, which becomes a junction.
 *   - Optional pointers, which may be NULL, are marked so.
 *   - All functions may be called from any thread.
 */
#ifndef BALLAST_IMDISK_H
#define BALLAST_IMDISK_H

#include <windows.h>
#include <winioctl.h>
#include <winternl.h>

#include "ballast/disk_abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Version of this library, as ImDisk counts: 2.1.2. */
#define IMDISK_LIBRARY_VERSION         0x0212u

#define IMDISK_API_NO_BROADCAST_NOTIFY 0x1u /* the shell and other windows are not told of drive letters */
#define IMDISK_API_FORCE_DISMOUNT      0x2u /* volumes in use are dismounted without asking */

#define IMDISK_REFRESH_EVENT           L"ImDiskRefresh"

/* Reads `length` bytes of an image at `offset` into `buffer`; *done receives how many. FALSE: error. */
typedef BOOL WINAPI ImDiskReadFileProc(HANDLE handle, LPVOID buffer, LARGE_INTEGER offset, DWORD length, LPDWORD done);

/* Receives one partition. FALSE stops; the scan then returns FALSE with ERROR_CANCELLED. */
typedef BOOL WINAPI ImDiskGetPartitionInfoProc(LPVOID user_data, PPARTITION_INFORMATION partition);

/* ---- the library itself -------------------------------------------------------------------------------------------- */

/* IMDISK_API_*, of the whole process. Setting returns the flags before. */
ULONGLONG WINAPI ImDiskGetAPIFlags(void);
ULONGLONG WINAPI ImDiskSetAPIFlags(ULONGLONG flags);

/*
 * *library: IMDISK_LIBRARY_VERSION; *driver: version of the driver's interface, which is started if need be. Both
 * optional. FALSE if the driver does not answer; *library is valid even so.
 */
BOOL WINAPI ImDiskGetVersion(PULONG library, PULONG driver);

/* Whether `device` has the interface version of this library. FALSE with NO_ERROR: ImDisk, but another version. */
BOOL WINAPI ImDiskCheckDriverVersion(HANDLE device);

/*
 * Starts a service or driver by the name of its service. TRUE if it runs already. ERROR_SERVICE_CANNOT_ACCEPT_CTRL while
 * it is stopping. "ImDisk" means Ballast's disk driver where no service has that name.
 */
BOOL WINAPI ImDiskStartService(LPWSTR service);

BOOL WINAPI ImDiskIsProcessElevated(void);

/* Dispatches the messages that wait for a window, or with NULL for all of the thread's windows. */
BOOL WINAPI ImDiskFlushWindowMessages(HWND window);

/*
 * A message of FormatMessage's form ("%1!s!"), with arguments. Alloc...: the text is the caller's, to be freed with
 * LocalFree; NULL on error. MsgBox...: shows it in a message box of `style`; the button that was chosen, 0 if none could.
 */
LPWSTR CDECL ImDiskAllocPrintF(LPCWSTR message, ...);
LPSTR CDECL ImDiskAllocPrintFA(LPCSTR message, ...);
int CDECL ImDiskMsgBoxPrintF(HWND window, UINT style, LPCWSTR title, LPCWSTR message, ...);

/*
 * MessageBox on the console: prints to standard error, and reads the answer to a question from standard input. At the end
 * of input the answer is the one that changes least: cancel, no, abort, or OK where that is all there is.
 */
int WINAPI ImDiskConsoleMessageA(HWND window, LPCSTR text, LPCSTR caption, UINT style);
int WINAPI ImDiskConsoleMessageW(HWND window, LPCWSTR text, LPCWSTR caption, UINT style);

/* ---- disks --------------------------------------------------------------------------------------------------------- */

/* Opens a device by its native name, for synchronous I/O, sharing reads and writes. INVALID_HANDLE_VALUE on error. */
HANDLE WINAPI ImDiskOpenDeviceByName(PUNICODE_STRING name, DWORD access);
HANDLE WINAPI ImDiskOpenDeviceByNumber(DWORD number, DWORD access);

/* By mount point, or by "\\?\Name" or "\\.\Name". ERROR_NOT_A_REPARSE_POINT: a directory that is no junction. */
HANDLE WINAPI ImDiskOpenDeviceByMountPoint(LPCWSTR mount_point, DWORD access);

/* Disks 0 ... 63 as bits. 0 with an error if there is a disk with a larger number. */
ULONGLONG WINAPI ImDiskGetDeviceList(void);

/*
 * list[0] = how many disks there are, then their numbers, newest first. `count`: elements of the list, at least 3.
 * ERROR_MORE_DATA: too short; only list[0] is valid.
 */
BOOL WINAPI ImDiskGetDeviceListEx(ULONG count, PULONG list);

/* A disk's creation data with its image's native name, which needs no zero at the end. `size`: of *data, bytes. */
BOOL WINAPI ImDiskQueryDevice(DWORD number, struct imdisk_create_data *data, ULONG size);

/*
 * Creates a disk, starting the driver if need be. *number (optional) is the wanted one or IMDISK_AUTO_DEVICE_NUMBER, and
 * receives the disk's. geometry (optional): Cylinders is the size in bytes, 0 in a member means "decide". offset
 * (optional): where in the image the disk begins. flags: IMDISK_OPTION_*, IMDISK_TYPE_*, IMDISK_DEVICE_TYPE_*. file
 * (optional): path of the image, or its native name if `native`. mount_point (optional): "#:" is replaced by the first
 * free letter. If the mount point cannot be made the disk is removed again.
 */
BOOL WINAPI ImDiskCreateDeviceEx(HWND window, LPDWORD number, PDISK_GEOMETRY geometry, PLARGE_INTEGER offset,
                                 DWORD flags, LPCWSTR file, BOOL native, LPWSTR mount_point);
BOOL WINAPI ImDiskCreateDevice(HWND window, PDISK_GEOMETRY geometry, PLARGE_INTEGER offset, DWORD flags, LPCWSTR file,
                               BOOL native, LPWSTR mount_point);

/*
 * Removes a disk and its mount point (optional; else it is found by number). Flushes, locks and dismounts its file system
 * first; if that is in use: ERROR_ACCESS_DENIED or the like, unless forced by API flag or by the user. Interactive: offers
 * to save a modified RAM disk.
 */
BOOL WINAPI ImDiskRemoveDevice(HWND window, DWORD number, LPCWSTR mount_point);

/* Removes a disk without asking its file system: the one behind `device` (optional), else `number`. */
BOOL WINAPI ImDiskForceRemoveDevice(HANDLE device, DWORD number);

/*
 * Sets the flags in `change` to their values in `values`: IMDISK_OPTION_READ_ONLY, IMDISK_OPTION_REMOVABLE,
 * IMDISK_IMAGE_MODIFIED, IMDISK_OPTION_SPARSE_FILE. The file system is flushed, locked and dismounted before.
 */
BOOL WINAPI ImDiskChangeFlags(HWND window, DWORD number, LPCWSTR mount_point, DWORD change, DWORD values);

/*
 * Enlarges a disk by *bytes, and then its file system. TRUE if the disk is larger; GetLastError() is then the result of
 * the file system, NO_ERROR if it has grown, too.
 */
BOOL WINAPI ImDiskExtendDevice(HWND window, DWORD number, const LARGE_INTEGER *bytes);

/* Size of an open disk or volume. */
BOOL WINAPI ImDiskGetVolumeSize(HANDLE device, PLONGLONG size);

/*
 * Event that the driver pulses when disks come, go or change. Wake-ups may be missed or without reason. NULL on error.
 */
HANDLE WINAPI ImDiskOpenRefreshEvent(BOOL inherit);

/* ---- mount points -------------------------------------------------------------------------------------------------- */

/* D ... Z, 0 if there is none. */
WCHAR WINAPI ImDiskFindFreeDriveLetter(void);

/* target: native name of a device, "\Device\ImDisk0". */
BOOL WINAPI ImDiskCreateMountPoint(LPCWSTR mount_point, LPCWSTR target);
BOOL WINAPI ImDiskRemoveMountPoint(LPCWSTR mount_point);

/* Tell the shell and other windows that a letter ("X:") has come, and that one will go. Nothing with NO_BROADCAST. */
BOOL WINAPI ImDiskNotifyShellDriveLetter(HWND window, LPWSTR drive);
BOOL WINAPI ImDiskNotifyRemovePending(HWND window, WCHAR letter);

/* ---- images -------------------------------------------------------------------------------------------------------- */

/* The ImDiskReadFileProc for files and devices, synchronous or overlapped. */
BOOL WINAPI ImDiskReadFileHandle(HANDLE handle, LPVOID buffer, LARGE_INTEGER offset, DWORD length, LPDWORD done);

/* Where the disk begins in images of a known extension. FALSE with ERROR_NOT_SUPPORTED for others. */
BOOL WINAPI ImDiskGetOffsetByFileExt(LPCWSTR path, PLARGE_INTEGER offset);

/* Name of an MBR partition type, shortened to `size` characters with the zero. */
VOID WINAPI ImDiskGetPartitionTypeName(BYTE type, LPWSTR name, DWORD size);

/*
 * Partitions of an image: MBR with logical ones, and GPT. sector_size 0: 512, or 4096 if that makes sense; offset
 * (optional): where the disk begins. StartingOffset is relative to the offset, for all partitions. HiddenSectors is the
 * table's start field, as much as fits; RecognizedPartition is FALSE. Types of GPT partitions are the MBR's that mean the
 * same, EEh if none does. ERROR_DISK_CORRUPT: no table, or a damaged one; no partition has been reported then.
 *
 * The first form fills eight elements, the rest with zeros; more partitions: ERROR_MORE_DATA, the first eight are valid.
 * Single: by number from 1; ERROR_NOT_FOUND.
 */
BOOL WINAPI ImDiskGetPartitionInformation(LPCWSTR image, DWORD sector_size, PLARGE_INTEGER offset,
                                          PPARTITION_INFORMATION partitions);
BOOL WINAPI ImDiskGetPartitionInformationEx(LPCWSTR image, DWORD sector_size, PLARGE_INTEGER offset,
                                            ImDiskGetPartitionInfoProc *receive, LPVOID user_data);
BOOL WINAPI ImDiskGetSinglePartitionInformation(LPCWSTR image, DWORD sector_size, PLARGE_INTEGER offset,
                                                PPARTITION_INFORMATION partition, INT number);

/* The same through the caller's reader. A damaged first GPT can then be replaced only if it says where the second is. */
BOOL WINAPI ImDiskGetPartitionInfoIndirect(HANDLE handle, ImDiskReadFileProc *read, DWORD sector_size,
                                           PLARGE_INTEGER offset, PPARTITION_INFORMATION partitions);
BOOL WINAPI ImDiskGetPartitionInfoIndirectEx(HANDLE handle, ImDiskReadFileProc *read, DWORD sector_size,
                                             PLARGE_INTEGER offset, ImDiskGetPartitionInfoProc *receive,
                                             LPVOID user_data);
BOOL WINAPI ImDiskGetSinglePartitionInfoIndirect(HANDLE handle, ImDiskReadFileProc *read, DWORD sector_size,
                                                 PLARGE_INTEGER offset, PPARTITION_INFORMATION partition, INT number);

/* Whether an image holds ISO 9660. FALSE with NO_ERROR: it does not. */
BOOL WINAPI ImDiskImageContainsISOFS(LPCWSTR image, PLARGE_INTEGER offset);
BOOL WINAPI ImDiskImageContainsISOFSIndirect(HANDLE handle, ImDiskReadFileProc *read, PLARGE_INTEGER offset);

/*
 * What the boot sector of a volume says: BytesPerSector, SectorsPerTrack, TracksPerCylinder; Cylinders is 0 and MediaType
 * the media descriptor byte. ERROR_UNRECOGNIZED_VOLUME: it has no plausible BIOS parameter block.
 */
BOOL WINAPI ImDiskGetFormattedGeometry(LPCWSTR image, PLARGE_INTEGER offset, PDISK_GEOMETRY geometry);
BOOL WINAPI ImDiskGetFormattedGeometryIndirect(HANDLE handle, ImDiskReadFileProc *read, PLARGE_INTEGER offset,
                                               PDISK_GEOMETRY geometry);

/*
 * Writes a master boot record with `count` <= 4 partitions into `mbr` of `size` >= 512 bytes. geometry (optional): 255
 * heads, 63 sectors of 512 bytes. ERROR_INVALID_PARAMETER if a partition is not of whole sectors or needs more than 32
 * bits for their number.
 */
BOOL WINAPI ImDiskBuildMBR(PDISK_GEOMETRY geometry, PPARTITION_INFORMATION partitions, BYTE count, LPBYTE mbr,
                           DWORD_PTR size);

/* The three address bytes of a partition table entry: in memory, and as the lowest three bytes of the result. */
DWORD WINAPI ImDiskConvertCHSToLBA(PDISK_GEOMETRY geometry, LPBYTE chs);
DWORD WINAPI ImDiskConvertLBAToCHS(PDISK_GEOMETRY geometry, DWORD lba);

/*
 * Copies an open disk to an open file, and clears the disk's IMAGE_MODIFIED. buffer_size: bytes, 0: 512 KiB. *cancel
 * (optional) is looked at between buffers, and the thread's window messages are dispatched: ERROR_CANCELLED.
 */
BOOL WINAPI ImDiskSaveImageFile(HANDLE device, HANDLE file, DWORD buffer_size, LPBOOL cancel);

/* Asks for a file name and saves with a progress dialog. */
BOOL WINAPI ImDiskSaveImageFileInteractive(HANDLE device, HWND window, DWORD buffer_size, BOOL is_cd);

/* Cuts a file that is longer than *size. ERROR_DISK_OPERATION_FAILED: it is shorter. */
BOOL WINAPI ImDiskAdjustImageFileSize(HANDLE file, const LARGE_INTEGER *size);

/* Makes a Win32 path of a native one, in place: *path may move forward within the text. */
VOID WINAPI ImDiskNativePathToWin32(LPWSTR *path);

/* ---- disks at boot ------------------------------------------------------------------------------------------------- */

/* Makes the driver create this disk when it is loaded; an automatic number becomes the next one, in *data too. */
BOOL WINAPI ImDiskSaveRegistrySettings(struct imdisk_create_data *data);
BOOL WINAPI ImDiskRemoveRegistrySettings(DWORD number);

/* How many numbers, from 0, the driver looks at when it is loaded. */
BOOL WINAPI ImDiskGetRegistryAutoLoadDevices(LPDWORD count);

/* ---- dialogs ------------------------------------------------------------------------------------------------------- */

/* Control panel: the list of disks. */
LONG CALLBACK CPlApplet(HWND window, UINT message, LPARAM parameter1, LPARAM parameter2);

/* For rundll32: `command` is a path. Create a disk of an image; remove a disk; save it to an image. */
VOID CALLBACK RunDLL_MountFile(HWND window, HINSTANCE instance, LPSTR command, int show);
VOID CALLBACK RunDLL_MountFileW(HWND window, HINSTANCE instance, LPWSTR command, int show);
VOID CALLBACK RunDLL_RemoveDevice(HWND window, HINSTANCE instance, LPSTR command, int show);
VOID CALLBACK RunDLL_SaveImageFile(HWND window, HINSTANCE instance, LPSTR command, int show);

#ifdef __cplusplus
}
#endif

#endif
