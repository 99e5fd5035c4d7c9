/* SPDX-License-Identifier: MIT */
/* imdisk.cpl on images that sfdisk, mkfs.vfat and genisoimage have made; imdisk_cpl.sh puts them into the current directory. */

#include "tests/wine/imdisk_cpl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <winternl.h>

#define WORK    L"work.img"
#define MAXIMUM 64u

struct list {
    PARTITION_INFORMATION rows[MAXIMUM];
    DWORD count;
    DWORD stop_after;
};

static BOOL WINAPI receive(LPVOID user_data, PPARTITION_INFORMATION partition)
{
    struct list *list = user_data;
    if (list->count < MAXIMUM) {
        list->rows[list->count++] = *partition;
    }
    return list->count != list->stop_after;
}

static int by_start(const void *a, const void *b)
{
    LONGLONG left = ((const PARTITION_INFORMATION *)a)->StartingOffset.QuadPart;
    LONGLONG right = ((const PARTITION_INFORMATION *)b)->StartingOffset.QuadPart;
    return left < right ? -1 : left > right;
}

/* "NAME.txt" has a line "START LENGTH" for each partition, in bytes, by start. */
static void compare_with_sfdisk(const char *name, DWORD sector_size)
{
    struct list list = {.count = 0};
    char path[64];
    wchar_t image[64];
    unsigned long long start;
    unsigned long long length;
    DWORD row = 0;
    test_note("%s", name);
    (void)snprintf(path, sizeof(path), "%s.txt", name);
    (void)_snwprintf(image, 64, L"%hs.img", name);
    FILE *expected = fopen(path, "r");
    CHECK(expected != NULL);
    CHECK(CALL(ImDiskGetPartitionInformationEx)(image, sector_size, NULL, receive, &list));
    for (DWORD i = 0; i < list.count; i++) {
        CHECK_EQUAL(list.rows[i].PartitionNumber, i + 1);
        CHECK(!list.rows[i].RecognizedPartition);
    }
    qsort(list.rows, list.count, sizeof(list.rows[0]), by_start);
    for (; expected != NULL && fscanf(expected, "%llu %llu", &start, &length) == 2; row++) {
        if (row < list.count) {
            CHECK_EQUAL(list.rows[row].StartingOffset.QuadPart, start);
            CHECK_EQUAL(list.rows[row].PartitionLength.QuadPart, length);
        }
    }
    CHECK(row != 0);
    CHECK_EQUAL(list.count, row);
    if (expected != NULL) {
        (void)fclose(expected);
    }
}

void images_partitions_are_those_of_sfdisk(void)
{
    struct list list = {.count = 0};
    compare_with_sfdisk("mbr", 0);
    compare_with_sfdisk("mbr", 512);
    compare_with_sfdisk("gpt", 0);
    compare_with_sfdisk("gpt4k", 0);
    compare_with_sfdisk("gpt4k", 4096);
    compare_with_sfdisk("eight", 0);
    /* The order: containers expanded in place. */
    CHECK(CALL(ImDiskGetPartitionInformationEx)(L"mbr.img", 0, NULL, receive, &list));
    CHECK_EQUAL(list.count, 5);
    CHECK_EQUAL(list.rows[0].PartitionType, 0x0C);
    CHECK(list.rows[0].BootIndicator && !list.rows[1].BootIndicator);
    CHECK_EQUAL(list.rows[1].PartitionType, 0x83); /* logical */
    CHECK_EQUAL(list.rows[2].PartitionType, 0x07);
    CHECK_EQUAL(list.rows[3].PartitionType, 0x82);
    CHECK_EQUAL(list.rows[0].HiddenSectors, 2048);
    CHECK_EQUAL(list.rows[1].HiddenSectors, 2048); /* from its own record */
    list = (struct list){.stop_after = 2};
    CHECK_FAILS(CALL(ImDiskGetPartitionInformationEx)(L"mbr.img", 0, NULL, receive, &list), ERROR_CANCELLED);
    CHECK_EQUAL(list.count, 2);
    list = (struct list){.count = 0};
    CHECK(CALL(ImDiskGetPartitionInformationEx)(L"gpt.img", 0, NULL, receive, &list));
    CHECK_EQUAL(list.rows[0].PartitionType, 0xEF);
    CHECK_EQUAL(list.rows[1].PartitionType, 0x07);
    CHECK_EQUAL(list.rows[2].PartitionType, 0x83);
}

void images_partitions_in_eights_and_single(void)
{
    PARTITION_INFORMATION eight[8];
    PARTITION_INFORMATION one = {.PartitionNumber = 0};
    memset(eight, 0xCC, sizeof(eight));
    CHECK(CALL(ImDiskGetPartitionInformation)(L"mbr.img", 0, NULL, eight));
    CHECK_EQUAL(eight[4].PartitionNumber, 5);
    CHECK_EQUAL(eight[5].PartitionNumber, 0);
    CHECK_EQUAL(eight[7].PartitionLength.QuadPart, 0);
    CHECK(CALL(ImDiskGetPartitionInformation)(L"eight.img", 0, NULL, eight)); /* exactly eight are no error */
    CHECK_EQUAL(eight[7].PartitionNumber, 8);
    CHECK_FAILS(CALL(ImDiskGetPartitionInformation)(L"gpt.img", 0, NULL, eight), ERROR_MORE_DATA);
    CHECK_EQUAL(eight[7].PartitionNumber, 8);
    CHECK(CALL(ImDiskGetSinglePartitionInformation)(L"gpt.img", 0, NULL, &one, 10));
    CHECK_EQUAL(one.PartitionNumber, 10);
    CHECK(CALL(ImDiskGetSinglePartitionInformation)(L"mbr.img", 0, NULL, &one, 2));
    CHECK_EQUAL(one.PartitionType, 0x83);
    CHECK_FAILS(CALL(ImDiskGetSinglePartitionInformation)(L"mbr.img", 0, NULL, &one, 6), ERROR_NOT_FOUND);
    CHECK_FAILS(CALL(ImDiskGetSinglePartitionInformation)(L"mbr.img", 0, NULL, &one, 0), ERROR_INVALID_PARAMETER);
    CHECK_EQUAL(one.PartitionNumber, 2);
    CHECK_FAILS(CALL(ImDiskGetPartitionInformation)(L"none.img", 0, NULL, eight), ERROR_FILE_NOT_FOUND);
    CHECK_FAILS(CALL(ImDiskGetPartitionInformation)(NULL, 0, NULL, eight), ERROR_INVALID_PARAMETER);
    CHECK_FAILS(CALL(ImDiskGetPartitionInformation)(L"mbr.img", 513, NULL, eight), ERROR_INVALID_PARAMETER);
    CHECK_FAILS(CALL(ImDiskGetPartitionInformation)(L"mbr.img", 0, NULL, NULL), ERROR_INVALID_PARAMETER);
}

/* The image at 1 MiB of another: all starts are relative to that. */
void images_offsets(void)
{
    PARTITION_INFORMATION plain[8];
    PARTITION_INFORMATION moved[8];
    LARGE_INTEGER offset = {.QuadPart = MIB};
    DWORD size;
    unsigned char *image = read_file(L"mbr.img", &size);
    patch_file(L"mbr.img", WORK, MIB, image, size);
    free(image);
    CHECK(CALL(ImDiskGetPartitionInformation)(L"mbr.img", 0, NULL, plain));
    CHECK(CALL(ImDiskGetPartitionInformation)(WORK, 0, &offset, moved));
    CHECK_BYTES(plain, moved, sizeof(plain));
    static const LONGLONG impossible[] = {-1, INT64_MIN, INT64_MAX, INT64_MAX - 512};
    for (size_t i = 0; i < sizeof(impossible) / sizeof(impossible[0]); i++) {
        DISK_GEOMETRY geometry = {.BytesPerSector = 0};
        offset.QuadPart = impossible[i];
        CHECK_FAILS(CALL(ImDiskGetPartitionInformation)(WORK, 0, &offset, moved), ERROR_INVALID_PARAMETER);
        CHECK_FAILS(CALL(ImDiskImageContainsISOFS)(WORK, &offset), ERROR_INVALID_PARAMETER);
        SetLastError(0);
        CHECK(!CALL(ImDiskGetFormattedGeometry)(WORK, &offset, &geometry) && GetLastError() != 0);
    }
    CHECK(CALL(ImDiskGetOffsetByFileExt)(L"C:\\x.NRG", &offset));
    CHECK_EQUAL(offset.QuadPart, 307200);
    CHECK(CALL(ImDiskGetOffsetByFileExt)(L"x.sdi", &offset));
    CHECK_EQUAL(offset.QuadPart, 4096);
    CHECK(!CALL(ImDiskGetOffsetByFileExt)(L"x.img", &offset));
    CHECK_EQUAL(offset.QuadPart, 4096);
}

static LONGLONG extended_start(void)
{
    DWORD size;
    unsigned char *image = read_file(L"mbr.img", &size);
    LONGLONG start = 0;
    for (unsigned i = 0; image != NULL && i < 4; i++) {
        uint32_t sector;
        memcpy(&sector, image + 446 + (size_t)i * 16 + 8, 4);
        start = image[446 + i * 16 + 4] == 0x05 || image[446 + i * 16 + 4] == 0x0F ? sector * 512ll : start;
    }
    free(image);
    return start;
}

void images_damaged_tables(void)
{
    static const unsigned char to_itself[16] = {0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 1};
    static const unsigned char absurd[4] = {0xFF, 0xFF, 0xFF, 0xFF};
    PARTITION_INFORMATION eight[8];
    LONGLONG extended = extended_start();
    memset(eight, 0, sizeof(eight));
    CHECK(extended != 0);
    patch_file(L"mbr.img", WORK, extended + 446 + 16, to_itself, 16);
    SetLastError(0);
    CHECK(CALL(ImDiskGetPartitionInformation)(WORK, 0, NULL, eight)); /* what is intact is listed, and it says so */
    CHECK_EQUAL(GetLastError(), ERROR_DISK_CORRUPT);
    CHECK_EQUAL(eight[0].PartitionNumber, 1);
    CHECK_EQUAL(eight[3].PartitionType, 0x83); /* behind the container: one of its two has gone */
    CHECK_EQUAL(eight[4].PartitionNumber, 0);
    CHECK_FAILS(CALL(ImDiskGetSinglePartitionInformation)(WORK, 0, NULL, eight, 5), ERROR_DISK_CORRUPT);
    /* Each field of the first GPT header: the second one is used. */
    for (LONGLONG field = 0; field < 92; field += 4) {
        test_note("header byte %d", (int)field);
        patch_file(L"eight.img", WORK, 512 + field, absurd, 4);
        CHECK(CALL(ImDiskGetPartitionInformation)(WORK, 0, NULL, eight));
        CHECK_EQUAL(eight[7].PartitionNumber, 8);
    }
    DWORD size;
    free(read_file(L"eight.img", &size));
    patch_file(L"eight.img", WORK, 512 + 80, absurd, 4);
    patch_file(WORK, L"work2.img", (LONGLONG)size - 512 + 80, absurd, 4);
    CHECK_FAILS(CALL(ImDiskGetPartitionInformation)(L"work2.img", 0, NULL, eight), ERROR_DISK_CORRUPT);
    CHECK_FAILS(CALL(ImDiskGetPartitionInformation)(L"fat.img", 0, NULL, NULL), ERROR_INVALID_PARAMETER);
    patch_file(L"mbr.img", WORK, 510, absurd, 2);
    CHECK_FAILS(CALL(ImDiskGetPartitionInformation)(WORK, 0, NULL, eight), ERROR_DISK_CORRUPT);
    CHECK_FAILS(CALL(ImDiskGetPartitionInformation)(L"short.img", 0, NULL, eight), ERROR_HANDLE_EOF);
}

/* ---- readers ---- */

static unsigned reader_calls;

static BOOL WINAPI counting_reader(HANDLE handle, LPVOID buffer, LARGE_INTEGER offset, DWORD length, LPDWORD done)
{
    reader_calls++;
    return CALL(ImDiskReadFileHandle)(handle, buffer, offset, length, done);
}

static BOOL WINAPI failing_reader(HANDLE handle, LPVOID buffer, LARGE_INTEGER offset, DWORD length, LPDWORD done)
{
    (void)handle;
    (void)buffer;
    (void)offset;
    (void)length;
    (void)done;
    SetLastError(ERROR_CRC);
    return FALSE;
}

/* Says it succeeded, and has read nothing. */
static BOOL WINAPI lying_reader(HANDLE handle, LPVOID buffer, LARGE_INTEGER offset, DWORD length, LPDWORD done)
{
    (void)handle;
    (void)buffer;
    (void)offset;
    *done = length * 2;
    return TRUE;
}

void images_readers(void)
{
    struct list list = {.count = 0};
    PARTITION_INFORMATION eight[8];
    PARTITION_INFORMATION one = {.PartitionNumber = 0};
    LARGE_INTEGER offset = {.QuadPart = 510};
    unsigned char bytes[2] = {0};
    DWORD done = 0;
    HANDLE image = CreateFileW(L"mbr.img", GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    HANDLE overlapped =
        CreateFileW(L"mbr.img", GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
    HANDLE handles[] = {image, overlapped};
    for (unsigned i = 0; i < 2; i++) {
        CHECK(CALL(ImDiskReadFileHandle)(handles[i], bytes, offset, 2, &done));
        CHECK_EQUAL(done, 2);
        CHECK_EQUAL(bytes[0] | bytes[1] << 8, 0xAA55);
        CHECK(CALL(ImDiskGetPartitionInfoIndirect)(handles[i], exports.ImDiskReadFileHandle, 0, NULL, eight));
        CHECK_EQUAL(eight[4].PartitionNumber, 5);
    }
    CHECK(CALL(ImDiskGetPartitionInfoIndirectEx)(image, counting_reader, 0, NULL, receive, &list));
    CHECK_EQUAL(list.count, 5);
    CHECK(reader_calls != 0);
    CHECK(CALL(ImDiskGetSinglePartitionInfoIndirect)(image, counting_reader, 512, NULL, &one, 3));
    CHECK_EQUAL(one.PartitionType, 0x07);
    CHECK_FAILS(CALL(ImDiskGetPartitionInfoIndirect)(image, failing_reader, 0, NULL, eight), ERROR_CRC);
    CHECK_FAILS(CALL(ImDiskGetPartitionInfoIndirect)(image, lying_reader, 0, NULL, eight), ERROR_HANDLE_EOF);
    CHECK_FAILS(CALL(ImDiskGetPartitionInfoIndirect)(image, NULL, 0, NULL, eight), ERROR_INVALID_PARAMETER);
    offset.QuadPart = -1;
    CHECK_FAILS(CALL(ImDiskReadFileHandle)(image, bytes, offset, 2, &done), ERROR_INVALID_PARAMETER);
    offset.QuadPart = INT64_MAX;
    SetLastError(0);
    CHECK(!CALL(ImDiskReadFileHandle)(image, bytes, offset, 2, &done) && GetLastError() != 0);
    CloseHandle(image);
    CloseHandle(overlapped);
}

void images_volumes(void)
{
    DISK_GEOMETRY geometry = {.BytesPerSector = 0};
    LARGE_INTEGER offset = {.QuadPart = 2048 * 512};
    static const unsigned char absurd[2] = {0xFF, 0xFF};
    CHECK(CALL(ImDiskImageContainsISOFS)(L"cd.img", NULL));
    CHECK_FAILS(CALL(ImDiskImageContainsISOFS)(L"fat.img", NULL), NO_ERROR);
    CHECK_FAILS(CALL(ImDiskImageContainsISOFS)(L"short.img", NULL), NO_ERROR);
    CHECK_FAILS(CALL(ImDiskImageContainsISOFS)(L"none.img", NULL), ERROR_FILE_NOT_FOUND);
    CHECK(CALL(ImDiskGetFormattedGeometry)(L"fat.img", NULL, &geometry));
    CHECK_EQUAL(geometry.BytesPerSector, 512);
    CHECK_EQUAL(geometry.SectorsPerTrack, 18);
    CHECK_EQUAL(geometry.TracksPerCylinder, 2);
    CHECK_EQUAL(geometry.MediaType, 0xF0);
    CHECK_EQUAL(geometry.Cylinders.QuadPart, 0);
    CHECK(CALL(ImDiskGetFormattedGeometry)(L"mbr.img", &offset, &geometry)); /* the FAT in the first partition */
    CHECK_EQUAL(geometry.MediaType, 0xF8);
    CHECK_FAILS(CALL(ImDiskGetFormattedGeometry)(L"cd.img", NULL, &geometry), ERROR_UNRECOGNIZED_VOLUME);
    for (LONGLONG field = 11; field < 27; field += field == 11 ? 13 : 2) {
        test_note("byte %d", (int)field);
        patch_file(L"fat.img", WORK, field, absurd, 2);
        CHECK_FAILS(CALL(ImDiskGetFormattedGeometry)(WORK, NULL, &geometry), ERROR_UNRECOGNIZED_VOLUME);
    }
    HANDLE cd = CreateFileW(L"cd.img", GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    HANDLE fat = CreateFileW(L"fat.img", GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    CHECK(CALL(ImDiskImageContainsISOFSIndirect)(cd, exports.ImDiskReadFileHandle, NULL));
    CHECK_FAILS(CALL(ImDiskImageContainsISOFSIndirect)(cd, failing_reader, NULL), ERROR_CRC);
    CHECK(CALL(ImDiskGetFormattedGeometryIndirect)(fat, exports.ImDiskReadFileHandle, NULL, &geometry));
    CHECK_EQUAL(geometry.SectorsPerTrack, 18);
    CHECK_FAILS(CALL(ImDiskGetFormattedGeometryIndirect)(fat, NULL, NULL, &geometry), ERROR_INVALID_PARAMETER);
    CloseHandle(cd);
    CloseHandle(fat);
}

/* Writes our MBR where sfdisk's was; imdisk_cpl.sh lets sfdisk judge built.img. */
void images_boot_records(void)
{
    PARTITION_INFORMATION partitions[4];
    unsigned char mbr[512];
    DISK_GEOMETRY geometry = {.TracksPerCylinder = 16, .SectorsPerTrack = 63, .BytesPerSector = 512};
    wchar_t name[8] = L"";
    BYTE chs[3];
    memset(partitions, 0, sizeof(partitions));
    partitions[0] = (PARTITION_INFORMATION){.StartingOffset.QuadPart = MIB,
                                            .PartitionLength.QuadPart = 8 * MIB,
                                            .PartitionType = 0x0C,
                                            .BootIndicator = TRUE};
    partitions[1] = (PARTITION_INFORMATION){
        .StartingOffset.QuadPart = 16 * MIB, .PartitionLength.QuadPart = 4 * MIB, .PartitionType = 0x83};
    CHECK(CALL(ImDiskBuildMBR)(NULL, partitions, 2, mbr, sizeof(mbr)));
    patch_file(L"blank.img", L"built.img", 0, mbr, sizeof(mbr));
    CHECK_FAILS(CALL(ImDiskBuildMBR)(NULL, partitions, 5, mbr, sizeof(mbr)), ERROR_INVALID_PARAMETER);
    CHECK_FAILS(CALL(ImDiskBuildMBR)(NULL, partitions, 2, mbr, 511), ERROR_INVALID_PARAMETER);
    partitions[1].StartingOffset.QuadPart = 512ll << 32;
    CHECK_FAILS(CALL(ImDiskBuildMBR)(NULL, partitions, 2, mbr, sizeof(mbr)), ERROR_INVALID_PARAMETER);
    partitions[1].StartingOffset.QuadPart = -512;
    CHECK_FAILS(CALL(ImDiskBuildMBR)(&geometry, partitions, 2, mbr, sizeof(mbr)), ERROR_INVALID_PARAMETER);
    DWORD packed = CALL(ImDiskConvertLBAToCHS)(&geometry, 2048);
    memcpy(chs, &packed, 3);
    CHECK_EQUAL(CALL(ImDiskConvertCHSToLBA)(&geometry, chs), 2048);
    CHECK_EQUAL(CALL(ImDiskConvertLBAToCHS)(&geometry, UINT32_MAX), 0xFFFFFE);
    CALL(ImDiskGetPartitionTypeName)(0x83, name, 8);
    CHECK(wcscmp(name, L"Linux") == 0);
    CALL(ImDiskGetPartitionTypeName)(0x83, name, 3);
    CHECK(wcscmp(name, L"Li") == 0);
    CALL(ImDiskGetPartitionTypeName)(0x83, name, 0);
}

/* ---- saving ---- */

static struct ballast_disk_state state_of(HANDLE disk)
{
    struct ballast_disk_state state = {.read_bytes = 0};
    DWORD returned;
    CHECK(DeviceIoControl(disk, BALLAST_IOCTL_DISK_QUERY_STATE, NULL, 0, &state, sizeof(state), &returned, NULL));
    return state;
}

static uint64_t bytes_read_of(HANDLE disk)
{
    return state_of(disk).read_bytes;
}

/* 512 KiB at a time, unless the caller says otherwise. */
void saving_has_a_buffer(void)
{
    static const struct {
        DWORD buffer, requests;
    } rows[] = {{0, 8}, {512u << 10, 8}, {64u << 10, 64}, {4u << 20, 1}};
    static unsigned char data[4 * MIB];
    DISK_GEOMETRY geometry = {.Cylinders.QuadPart = sizeof(data)};
    DWORD done;
    CHECK(CALL(ImDiskCreateDevice)(NULL, &geometry, NULL, IMDISK_TYPE_VM, NULL, FALSE, NULL));
    HANDLE disk = CALL(ImDiskOpenDeviceByNumber)(0, GENERIC_READ | GENERIC_WRITE);
    memset(data, 0x5A, sizeof(data));
    CHECK(WriteFile(disk, data, sizeof(data), &done, NULL));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        test_note("buffer of %lu bytes", (unsigned long)rows[i].buffer);
        HANDLE file = CreateFileW(L"saved.img", GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
        uint64_t before = state_of(disk).read_requests;
        CHECK(CALL(ImDiskSaveImageFile)(disk, file, rows[i].buffer, NULL));
        CHECK_EQUAL(state_of(disk).read_requests - before, rows[i].requests);
        CloseHandle(file);
    }
    (void)DeleteFileW(L"saved.img");
    CHECK(CALL(ImDiskForceRemoveDevice)(disk, 0));
    CloseHandle(disk);
}

/* What holds nothing is not read; in a new file it need not be written, in another it is zeros. */
void empty_parts_are_not_read(void)
{
    DISK_GEOMETRY geometry = {.Cylinders.QuadPart = 64 * MIB};
    unsigned char byte = 1;
    unsigned char sector[512];
    DWORD done;
    CHECK(CALL(ImDiskCreateDevice)(NULL, &geometry, NULL, IMDISK_TYPE_VM, NULL, FALSE, NULL));
    HANDLE disk = CALL(ImDiskOpenDeviceByNumber)(0, GENERIC_READ | GENERIC_WRITE);
    memset(sector, 0x5A, sizeof(sector));
    CHECK(WriteFile(disk, sector, sizeof(sector), &done, NULL));
    HANDLE file = CreateFileW(L"saved.img", GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    uint64_t before = bytes_read_of(disk);
    CHECK(CALL(ImDiskSaveImageFile)(disk, file, 0, NULL));
    CHECK(bytes_read_of(disk) - before <= MIB);
    CHECK_EQUAL(GetFileSize(file, NULL), 64 * MIB);
    CHECK(ReadFile(file, &byte, 1, &done, NULL) && done == 0); /* it stands at the end */
    (void)SetFilePointer(file, 32 * MIB, NULL, FILE_BEGIN);
    CHECK(WriteFile(file, "x", 1, &done, NULL));
    (void)SetFilePointer(file, 0, NULL, FILE_BEGIN);
    CHECK(CALL(ImDiskSaveImageFile)(disk, file, 0, NULL));
    (void)SetFilePointer(file, 32 * MIB, NULL, FILE_BEGIN);
    CHECK(ReadFile(file, &byte, 1, &done, NULL) && done == 1);
    CHECK_EQUAL(byte, 0);
    (void)SetFilePointer(file, 0, NULL, FILE_BEGIN);
    CHECK(ReadFile(file, &byte, 1, &done, NULL));
    CHECK_EQUAL(byte, 0x5A);
    CloseHandle(file);
    (void)DeleteFileW(L"saved.img");
    CHECK(CALL(ImDiskForceRemoveDevice)(disk, 0));
    CloseHandle(disk);
}

/* ---- a file system that holds something ---- */

static bool held;

/* As Windows: who only reads may not flush. */
static BOOL WINAPI flush(HANDLE disk)
{
    PUBLIC_OBJECT_BASIC_INFORMATION basic = {0};
    if (NtQueryObject(disk, ObjectBasicInformation, &basic, sizeof(basic), NULL) < 0 ||
        (basic.GrantedAccess & FILE_WRITE_DATA) == 0) {
        SetLastError(ERROR_ACCESS_DENIED);
        return FALSE;
    }
    if (held) {
        unsigned char sector[512];
        DWORD done;
        held = false;
        memset(sector, 0x5A, sizeof(sector));
        HANDLE writing = CALL(ImDiskOpenDeviceByNumber)(0, GENERIC_READ | GENERIC_WRITE);
        OVERLAPPED place = {.Offset = 32 * MIB};
        CHECK(WriteFile(writing, sector, sizeof(sector), &done, &place));
        CloseHandle(writing);
    }
    return TRUE;
}

/* Where the library has the address of a system function. */
static void **imported(HMODULE library, const void *function)
{
    unsigned char *base = (unsigned char *)library;
    const IMAGE_NT_HEADERS *headers = (const void *)(base + ((const IMAGE_DOS_HEADER *)library)->e_lfanew);
    const IMAGE_DATA_DIRECTORY *imports = &headers->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT];
    const IMAGE_IMPORT_DESCRIPTOR *import = (const void *)(base + imports->VirtualAddress);
    for (; import->Name != 0; import++) {
        for (void **slot = (void **)(base + import->FirstThunk); *slot != NULL; slot++) {
            if (*slot == function) {
                return slot;
            }
        }
    }
    return NULL;
}

static void replace(void **slot, void *function)
{
    DWORD old;
    CHECK(VirtualProtect(slot, sizeof(*slot), PAGE_READWRITE, &old));
    *slot = function;
    CHECK(VirtualProtect(slot, sizeof(*slot), old, &old));
}

/* What is still held by a file system is no hole of the disk. */
void what_is_held_is_saved(void)
{
    DISK_GEOMETRY geometry = {.Cylinders.QuadPart = 64 * MIB};
    unsigned char byte = 0;
    DWORD done;
    void *real = (void *)GetProcAddress(GetModuleHandleA("kernel32.dll"), "FlushFileBuffers");
    void **slot = imported(GetModuleHandleA("imdisk.cpl"), real);
    if (!CHECK(slot != NULL)) {
        return;
    }
    CHECK(CALL(ImDiskCreateDevice)(NULL, &geometry, NULL, IMDISK_TYPE_VM, NULL, FALSE, NULL));
    HANDLE disk = CALL(ImDiskOpenDeviceByNumber)(0, GENERIC_READ);
    HANDLE file = CreateFileW(L"saved.img", GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    replace(slot, (void *)flush);
    held = true;
    CHECK(CALL(ImDiskSaveImageFile)(disk, file, 0, NULL));
    CHECK(!held);
    replace(slot, real);
    (void)SetFilePointer(file, 32 * MIB, NULL, FILE_BEGIN);
    CHECK(ReadFile(file, &byte, 1, &done, NULL) && done == 1);
    CHECK_EQUAL(byte, 0x5A);
    CloseHandle(file);
    (void)DeleteFileW(L"saved.img");
    CHECK(CALL(ImDiskForceRemoveDevice)(disk, 0));
    CloseHandle(disk);
}
