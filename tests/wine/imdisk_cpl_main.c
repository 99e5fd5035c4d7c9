/* SPDX-License-Identifier: MIT */
/*
 * The program of the imdisk-cpl test: loads the exports by name, runs the cases, and says which exports they missed.
 *
 * imdisk-cpl-test [--display] [CASE...]: --display runs the cases that need one.
 */

#include "tests/wine/imdisk_cpl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct exports exports;
bool export_called[EXPORT_COUNT];

#define MEMBER(name) #name,
static const char *const export_names[] = {IMDISK_EXPORTS(MEMBER)};
#undef MEMBER

unsigned char *read_file(const wchar_t *path, DWORD *size)
{
    HANDLE file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    *size = 0;
    if (file == INVALID_HANDLE_VALUE) {
        return NULL;
    }
    DWORD length = GetFileSize(file, NULL);
    unsigned char *content = malloc((size_t)length + 1);
    if (content != NULL && !ReadFile(file, content, length, size, NULL)) {
        *size = 0;
    }
    CloseHandle(file);
    return content;
}

void patch_file(const wchar_t *from, const wchar_t *to, LONGLONG offset, const void *bytes, DWORD length)
{
    DWORD done;
    LARGE_INTEGER position = {.QuadPart = offset};
    CHECK(CopyFileW(from, to, FALSE));
    HANDLE file = CreateFileW(to, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    CHECK(file != INVALID_HANDLE_VALUE && SetFilePointerEx(file, position, NULL, FILE_BEGIN) &&
          WriteFile(file, bytes, length, &done, NULL) && done == length);
    CloseHandle(file);
}

DWORD create_memory_disk(LONGLONG size, LPWSTR mount_point)
{
    DWORD number = IMDISK_AUTO_DEVICE_NUMBER;
    DISK_GEOMETRY geometry = {.Cylinders.QuadPart = size};
    CHECK(CALL(ImDiskCreateDeviceEx)(NULL, &number, &geometry, NULL, IMDISK_TYPE_VM, NULL, FALSE, mount_point));
    return number;
}

static void every_export_was_called(void)
{
    for (size_t i = 0; i < EXPORT_COUNT; i++) {
        test_note("%s", export_names[i]);
        CHECK(export_called[i]);
    }
    CHECK_EQUAL(CALL(ImDiskGetDeviceList)(), 0); /* and nothing is left */
}

#define CASE(name)  \
    {               \
#name, name \
    }

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        CASE(versions_services_and_flags),
        CASE(formatted_text),
        CASE(console_messages),
        CASE(paths_become_win32),
        CASE(the_refresh_event_opens),
        CASE(disks_are_listed),
        CASE(disks_are_opened),
        CASE(what_is_not_there_is_not_opened),
        CASE(image_disks_are_created),
        CASE(impossible_disks_are_refused),
        CASE(flags_and_sizes_change),
        CASE(letters_are_mount_points),
        CASE(letters_of_other_disks_stay),
        CASE(directories_are_mount_points),
        CASE(disks_are_saved),
        CASE(empty_parts_are_not_read),
        CASE(what_is_held_is_saved),
        CASE(saving_has_a_buffer),
        CASE(saving_is_cancelled),
        CASE(boot_disks_are_configured),
        CASE(images_partitions_are_those_of_sfdisk),
        CASE(images_partitions_in_eights_and_single),
        CASE(images_offsets),
        CASE(images_damaged_tables),
        CASE(images_readers),
        CASE(images_volumes),
        CASE(images_boot_records),
        CASE(dialogs_need_a_display),
        CASE(dialogs_status_and_messages),
        CASE(every_export_was_called),
    };
    static const struct test_case display_cases[] = {
        CASE(dialogs_create_save_and_remove), CASE(dialogs_list),   CASE(dialogs_look_at_images),
        CASE(dialogs_spare_used_images),      CASE(dialogs_cancel),
    };
    HMODULE library = LoadLibraryA("imdisk.cpl");
    if (library == NULL) {
        printf("# imdisk.cpl cannot be loaded: error %lu\nnot ok 1 - loading\n1..1\n", (unsigned long)GetLastError());
        return 1;
    }
    for (size_t i = 0; i < EXPORT_COUNT; i++) {
        FARPROC address = GetProcAddress(library, export_names[i]);
        if (address == NULL) {
            printf("# there is no export %s\nnot ok 1 - loading\n1..1\n", export_names[i]);
            return 1;
        }
        memcpy((char *)&exports + i * sizeof(address), (const void *)&address, sizeof(address));
    }
    if (argc > 1 && strcmp(argv[1], "--display") == 0) {
        return test_main(display_cases, sizeof(display_cases) / sizeof(display_cases[0]), argc - 1, argv + 1);
    }
    return test_main(cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
}
