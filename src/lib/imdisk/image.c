/* SPDX-License-Identifier: MIT */
/* What is in an image: partitions, file systems, addresses. The parsing is the core's. */

#include "core/image/mbr.h"
#include "core/image/partition.h"
#include "core/image/volume.h"
#include "lib/imdisk/internal.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define LISTED 8u /* elements of the caller's array */

/* Where bytes come from: the caller's reader. */
struct source {
    HANDLE handle;
    ImDiskReadFileProc *read;
    DWORD code; /* why the last read failed */
};

static bool read_source(void *context, uint64_t offset, void *buffer, uint32_t length)
{
    struct source *source = context;
    LARGE_INTEGER position = {.QuadPart = (LONGLONG)offset};
    DWORD done = 0;
    SetLastError(NO_ERROR);
    if (!source->read(source->handle, buffer, position, length, &done)) {
        source->code = GetLastError() != NO_ERROR ? GetLastError() : ERROR_READ_FAULT;
        return false;
    }
    source->code = done == length ? NO_ERROR : ERROR_HANDLE_EOF;
    return done == length;
}

static HANDLE open_image(LPCWSTR image)
{
    if (image == NULL || image[0] == 0) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return INVALID_HANDLE_VALUE;
    }
    return CreateFileW(image, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING,
                       0, NULL);
}

/* Closes what a call has opened, and keeps the call's error. */
static BOOL close_image(HANDLE handle, BOOL result)
{
    DWORD code = GetLastError();
    CloseHandle(handle);
    SetLastError(code);
    return result;
}

/* 0: unknown */
static uint64_t image_size(HANDLE handle)
{
    LARGE_INTEGER size;
    LONGLONG length;
    if (GetFileSizeEx(handle, &size) && size.QuadPart > 0) {
        return (uint64_t)size.QuadPart;
    }
    return ImDiskGetVolumeSize(handle, &length) && length > 0 ? (uint64_t)length : 0;
}

static BOOL start_of(const LARGE_INTEGER *offset, uint64_t *start)
{
    if (offset != NULL && offset->QuadPart < 0) {
        return fail(ERROR_INVALID_PARAMETER);
    }
    *start = offset != NULL ? (uint64_t)offset->QuadPart : 0;
    return TRUE;
}

/* ---- partitions ---- */

static DWORD error_of(enum partition_result result, const struct source *source)
{
    switch (result) {
    case PARTITION_OK:
        return NO_ERROR;
    case PARTITION_STOPPED:
        return ERROR_CANCELLED;
    case PARTITION_INVALID_PARAMETER:
        return ERROR_INVALID_PARAMETER;
    case PARTITION_READ_FAILED:
        return source->code;
    default:
        return ERROR_DISK_CORRUPT;
    }
}

static PARTITION_INFORMATION information_of(const struct partition *partition)
{
    return (PARTITION_INFORMATION){
        .StartingOffset.QuadPart = (LONGLONG)partition->start_bytes,
        .PartitionLength.QuadPart = (LONGLONG)partition->length_bytes,
        .HiddenSectors = partition->start_field <= UINT32_MAX ? (DWORD)partition->start_field : UINT32_MAX,
        .PartitionNumber = partition->number,
        .PartitionType = partition->type,
        .BootIndicator = partition->active,
    };
}

struct receiver {
    ImDiskGetPartitionInfoProc *receive;
    LPVOID user_data;
    DWORD count;
};

static bool pass_on(void *context, const struct partition *partition)
{
    struct receiver *receiver = context;
    PARTITION_INFORMATION information = information_of(partition);
    receiver->count++;
    return receiver->receive(receiver->user_data, &information) != FALSE;
}

/* *count: partitions that were received. */
static enum partition_result scan(struct source *source, DWORD sector_size, uint64_t offset, uint64_t size,
                                  ImDiskGetPartitionInfoProc *receive, LPVOID user_data, DWORD *count)
{
    struct receiver receiver = {.receive = receive, .user_data = user_data};
    struct partition_image partitions = {
        .read = read_source, .context = source, .offset = offset, .size = size, .sector_size = sector_size};
    enum partition_result result = partition_scan(&partitions, pass_on, &receiver);
    *count = receiver.count;
    return result;
}

/*
 * `size` of the image, 0 if unknown. Of a damaged table what is intact is received: TRUE if anything is, and the last error
 * is ERROR_DISK_CORRUPT all the same.
 */
static BOOL scan_all(HANDLE handle, ImDiskReadFileProc *read, DWORD sector_size, const LARGE_INTEGER *offset,
                     uint64_t size, ImDiskGetPartitionInfoProc *receive, LPVOID user_data)
{
    struct source source = {.handle = handle, .read = read};
    uint64_t start;
    DWORD count = 0;
    if (read == NULL || receive == NULL) {
        return fail(ERROR_INVALID_PARAMETER);
    }
    if (!start_of(offset, &start)) {
        return FALSE;
    }
    enum partition_result result = scan(&source, sector_size, start, size, receive, user_data, &count);
    SetLastError(error_of(result, &source));
    return result == PARTITION_OK || (result != PARTITION_STOPPED && count != 0);
}

/* Collects the first eight. */
struct collected {
    PARTITION_INFORMATION *partitions;
    DWORD count;
};

static BOOL WINAPI collect(LPVOID user_data, PPARTITION_INFORMATION partition)
{
    struct collected *collected = user_data;
    if (collected->count == LISTED) {
        return FALSE;
    }
    collected->partitions[collected->count++] = *partition;
    return TRUE;
}

static BOOL list_eight(HANDLE handle, ImDiskReadFileProc *read, DWORD sector_size, const LARGE_INTEGER *offset,
                       uint64_t size, PPARTITION_INFORMATION partitions)
{
    PARTITION_INFORMATION found[LISTED];
    struct collected collected = {.partitions = found};
    if (partitions == NULL) {
        return fail(ERROR_INVALID_PARAMETER);
    }
    memset(found, 0, sizeof(found));
    BOOL all = scan_all(handle, read, sector_size, offset, size, collect, &collected);
    if (!all && GetLastError() == ERROR_CANCELLED) {
        SetLastError(ERROR_MORE_DATA);
    }
    if (all || GetLastError() == ERROR_MORE_DATA) {
        memcpy(partitions, found, sizeof(found));
    }
    return all;
}

struct wanted {
    INT number;
    BOOL found;
    PARTITION_INFORMATION partition;
};

static BOOL WINAPI find_number(LPVOID user_data, PPARTITION_INFORMATION partition)
{
    struct wanted *wanted = user_data;
    if ((INT)partition->PartitionNumber != wanted->number) {
        return TRUE;
    }
    wanted->partition = *partition;
    wanted->found = TRUE;
    return FALSE;
}

static BOOL find_single(HANDLE handle, ImDiskReadFileProc *read, DWORD sector_size, const LARGE_INTEGER *offset,
                        uint64_t size, PPARTITION_INFORMATION partition, INT number)
{
    struct wanted wanted = {.number = number};
    if (partition == NULL || number < 1) {
        return fail(ERROR_INVALID_PARAMETER);
    }
    if (scan_all(handle, read, sector_size, offset, size, find_number, &wanted)) {
        return fail(GetLastError() == NO_ERROR ? ERROR_NOT_FOUND : GetLastError());
    }
    if (!wanted.found) {
        return FALSE;
    }
    *partition = wanted.partition;
    SetLastError(NO_ERROR);
    return TRUE;
}

BOOL WINAPI ImDiskGetPartitionInfoIndirectEx(HANDLE handle, ImDiskReadFileProc *read, DWORD sector_size,
                                             PLARGE_INTEGER offset, ImDiskGetPartitionInfoProc *receive,
                                             LPVOID user_data)
{
    return scan_all(handle, read, sector_size, offset, 0, receive, user_data);
}

BOOL WINAPI ImDiskGetPartitionInfoIndirect(HANDLE handle, ImDiskReadFileProc *read, DWORD sector_size,
                                           PLARGE_INTEGER offset, PPARTITION_INFORMATION partitions)
{
    return list_eight(handle, read, sector_size, offset, 0, partitions);
}

BOOL WINAPI ImDiskGetSinglePartitionInfoIndirect(HANDLE handle, ImDiskReadFileProc *read, DWORD sector_size,
                                                 PLARGE_INTEGER offset, PPARTITION_INFORMATION partition, INT number)
{
    return find_single(handle, read, sector_size, offset, 0, partition, number);
}

BOOL WINAPI ImDiskGetPartitionInformationEx(LPCWSTR image, DWORD sector_size, PLARGE_INTEGER offset,
                                            ImDiskGetPartitionInfoProc *receive, LPVOID user_data)
{
    HANDLE handle = open_image(image);
    return handle != INVALID_HANDLE_VALUE &&
           close_image(handle, scan_all(handle, ImDiskReadFileHandle, sector_size, offset, image_size(handle), receive,
                                        user_data));
}

BOOL WINAPI ImDiskGetPartitionInformation(LPCWSTR image, DWORD sector_size, PLARGE_INTEGER offset,
                                          PPARTITION_INFORMATION partitions)
{
    HANDLE handle = open_image(image);
    return handle != INVALID_HANDLE_VALUE && close_image(handle, list_eight(handle, ImDiskReadFileHandle, sector_size,
                                                                            offset, image_size(handle), partitions));
}

BOOL WINAPI ImDiskGetSinglePartitionInformation(LPCWSTR image, DWORD sector_size, PLARGE_INTEGER offset,
                                                PPARTITION_INFORMATION partition, INT number)
{
    HANDLE handle = open_image(image);
    return handle != INVALID_HANDLE_VALUE &&
           close_image(handle, find_single(handle, ImDiskReadFileHandle, sector_size, offset, image_size(handle),
                                           partition, number));
}

VOID WINAPI ImDiskGetPartitionTypeName(BYTE type, LPWSTR name, DWORD size)
{
    const char *text = mbr_type_name(type);
    DWORD i = 0;
    if (name == NULL || size == 0) {
        return;
    }
    for (; i < size - 1 && text[i] != 0; i++) {
        name[i] = (wchar_t)text[i];
    }
    name[i] = 0;
}

/* ---- volumes ---- */

/* Reads at the disk's beginning plus `where`. */
static BOOL read_at(HANDLE handle, ImDiskReadFileProc *read, const LARGE_INTEGER *offset, uint32_t where, void *buffer,
                    uint32_t length)
{
    struct source source = {.handle = handle, .read = read};
    uint64_t start;
    if (read == NULL) {
        return fail(ERROR_INVALID_PARAMETER);
    }
    if (!start_of(offset, &start)) {
        return FALSE;
    }
    if (start > (uint64_t)INT64_MAX - where - length) {
        return fail(ERROR_INVALID_PARAMETER);
    }
    return read_source(&source, start + where, buffer, length) || fail(source.code);
}

BOOL WINAPI ImDiskImageContainsISOFSIndirect(HANDLE handle, ImDiskReadFileProc *read, PLARGE_INTEGER offset)
{
    unsigned char descriptor[VOLUME_ISO9660_DESCRIPTOR];
    if (!read_at(handle, read, offset, VOLUME_ISO9660_OFFSET, descriptor, sizeof(descriptor))) {
        /* Too short an image holds none. */
        SetLastError(GetLastError() == ERROR_HANDLE_EOF ? NO_ERROR : GetLastError());
        return FALSE;
    }
    SetLastError(NO_ERROR);
    return volume_is_iso9660(descriptor);
}

BOOL WINAPI ImDiskImageContainsISOFS(LPCWSTR image, PLARGE_INTEGER offset)
{
    HANDLE handle = open_image(image);
    return handle != INVALID_HANDLE_VALUE &&
           close_image(handle, ImDiskImageContainsISOFSIndirect(handle, ImDiskReadFileHandle, offset));
}

BOOL WINAPI ImDiskGetFormattedGeometryIndirect(HANDLE handle, ImDiskReadFileProc *read, PLARGE_INTEGER offset,
                                               PDISK_GEOMETRY geometry)
{
    unsigned char sector[VOLUME_BOOT_SECTOR_SIZE];
    struct volume_geometry found;
    if (geometry == NULL) {
        return fail(ERROR_INVALID_PARAMETER);
    }
    if (!read_at(handle, read, offset, 0, sector, sizeof(sector))) {
        return FALSE;
    }
    if (!volume_parse_boot_sector(sector, &found)) {
        return fail(ERROR_UNRECOGNIZED_VOLUME);
    }
    *geometry = (DISK_GEOMETRY){
        .MediaType = (MEDIA_TYPE)found.media_descriptor,
        .TracksPerCylinder = found.heads,
        .SectorsPerTrack = found.sectors_per_track,
        .BytesPerSector = found.bytes_per_sector,
    };
    return TRUE;
}

BOOL WINAPI ImDiskGetFormattedGeometry(LPCWSTR image, PLARGE_INTEGER offset, PDISK_GEOMETRY geometry)
{
    HANDLE handle = open_image(image);
    return handle != INVALID_HANDLE_VALUE &&
           close_image(handle, ImDiskGetFormattedGeometryIndirect(handle, ImDiskReadFileHandle, offset, geometry));
}

BOOL WINAPI ImDiskGetOffsetByFileExt(LPCWSTR path, PLARGE_INTEGER offset)
{
    uint64_t found;
    if (path == NULL || offset == NULL) {
        return fail(ERROR_INVALID_PARAMETER);
    }
    if (!volume_offset_by_extension((const uint16_t *)path, wcslen(path), &found)) {
        return fail(ERROR_NOT_SUPPORTED);
    }
    offset->QuadPart = (LONGLONG)found;
    return TRUE;
}

/* ---- master boot records ---- */

static struct mbr_geometry geometry_of(const DISK_GEOMETRY *geometry)
{
    if (geometry == NULL) {
        return (struct mbr_geometry){.heads = 255, .sectors_per_track = 63, .bytes_per_sector = 512};
    }
    return (struct mbr_geometry){.heads = geometry->TracksPerCylinder,
                                 .sectors_per_track = geometry->SectorsPerTrack,
                                 .bytes_per_sector = geometry->BytesPerSector};
}

BOOL WINAPI ImDiskBuildMBR(PDISK_GEOMETRY geometry, PPARTITION_INFORMATION partitions, BYTE count, LPBYTE mbr,
                           DWORD_PTR size)
{
    struct mbr_partition entries[MBR_PARTITIONS];
    struct mbr_geometry shape = geometry_of(geometry);
    if (mbr == NULL || size < MBR_SIZE || count > MBR_PARTITIONS || (partitions == NULL && count != 0)) {
        return fail(ERROR_INVALID_PARAMETER);
    }
    for (BYTE i = 0; i < count; i++) {
        if (partitions[i].StartingOffset.QuadPart < 0 || partitions[i].PartitionLength.QuadPart < 0) {
            return fail(ERROR_INVALID_PARAMETER);
        }
        entries[i] = (struct mbr_partition){
            .start_bytes = (uint64_t)partitions[i].StartingOffset.QuadPart,
            .length_bytes = (uint64_t)partitions[i].PartitionLength.QuadPart,
            .type = partitions[i].PartitionType,
            .active = partitions[i].BootIndicator != FALSE,
        };
    }
    return mbr_build(&shape, entries, count, mbr) || fail(ERROR_INVALID_PARAMETER);
}

DWORD WINAPI ImDiskConvertCHSToLBA(PDISK_GEOMETRY geometry, LPBYTE chs)
{
    struct mbr_geometry shape = geometry_of(geometry);
    return chs != NULL ? mbr_lba_from_chs(&shape, (struct mbr_chs){{chs[0], chs[1], chs[2]}}) : 0;
}

DWORD WINAPI ImDiskConvertLBAToCHS(PDISK_GEOMETRY geometry, DWORD lba)
{
    struct mbr_geometry shape = geometry_of(geometry);
    struct mbr_chs chs = mbr_chs_from_lba(&shape, lba);
    return chs.bytes[0] | (DWORD)chs.bytes[1] << 8 | (DWORD)chs.bytes[2] << 16;
}
