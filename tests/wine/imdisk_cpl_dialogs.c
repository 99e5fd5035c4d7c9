/* SPDX-License-Identifier: MIT */
/*
 * The interactive calls of imdisk.cpl: without a display, where they must fail, and with one (Wine's "null" display
 * driver is enough), where a second thread is the user.
 */

#include "lib/imdisk/resource.h"
#include "tests/wine/imdisk_cpl.h"

#include <commctrl.h>
#include <cpl.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define PATIENCE_MS 20000
#define POLL_MS     10
#define FILE_NAME   0x47C /* the name's box in file dialogs */

static bool has_display(void)
{
    HWND window = CreateWindowExW(0, L"STATIC", L"", WS_OVERLAPPED, 0, 0, 10, 10, NULL, NULL, NULL, NULL);
    if (window == NULL) {
        return false;
    }
    DestroyWindow(window);
    return true;
}

static HANDLE open_disk_to_read(DWORD number)
{
    return CALL(ImDiskOpenDeviceByNumber)(number, GENERIC_READ);
}

static void write_sector(DWORD number)
{
    unsigned char sector[512] = {0x5A};
    DWORD done = 0;
    HANDLE disk = CALL(ImDiskOpenDeviceByNumber)(number, GENERIC_READ | GENERIC_WRITE);
    CHECK(WriteFile(disk, sector, sizeof(sector), &done, NULL));
    CloseHandle(disk);
}

static uint64_t disk_size(DWORD number)
{
    static _Alignas(8) unsigned char buffer[4096];
    struct imdisk_create_data *data = (struct imdisk_create_data *)(void *)buffer;
    return CALL(ImDiskQueryDevice)(number, data, sizeof(buffer)) ? (uint64_t)data->size_bytes : 0;
}

/* ---- without display ---- */

void dialogs_need_a_display(void)
{
    char drive[] = "\\\\.\\ImDisk0";
    char image[] = "fat.img";
    wchar_t wide_image[] = L"fat.img";
    CPLINFO info = {0};
    NEWCPLINFOW new_info = {0};
    CHECK_EQUAL(CALL(CPlApplet)(NULL, CPL_INIT, 0, 0), 1);
    CHECK_EQUAL(CALL(CPlApplet)(NULL, CPL_GETCOUNT, 0, 0), 1);
    CHECK_EQUAL(CALL(CPlApplet)(NULL, CPL_INQUIRE, 0, (LPARAM)&info), 0);
    CHECK_EQUAL(info.idName, STRING_NAME);
    CHECK_EQUAL(CALL(CPlApplet)(NULL, CPL_NEWINQUIRE, 0, (LPARAM)&new_info), 0);
    CHECK_EQUAL(new_info.dwSize, sizeof(new_info));
    CHECK(wcscmp(new_info.szName, L"ImDisk Virtual Disks") == 0);
    if (has_display()) {
        test_skip("there is a display");
        return;
    }
    DWORD number = create_memory_disk(MIB, NULL);
    HANDLE disk = open_disk_to_read(number);
    CHECK_EQUAL(number, 0);
    CHECK_EQUAL(CALL(CPlApplet)(NULL, CPL_DBLCLK, 0, 0), 1);
    CALL(RunDLL_MountFile)(NULL, NULL, image, SW_SHOW);
    CALL(RunDLL_MountFileW)(NULL, NULL, wide_image, SW_SHOW);
    CALL(RunDLL_SaveImageFile)(NULL, NULL, drive, SW_SHOW);
    CHECK_FAILS(CALL(ImDiskSaveImageFileInteractive)(disk, NULL, 0, FALSE), ERROR_REQUIRES_INTERACTIVE_WINDOWSTATION);
    CHECK_EQUAL(CALL(ImDiskMsgBoxPrintF)(NULL, MB_YESNO, L"Title", L"%1!u!", 1), 0);
    CloseHandle(disk);
    CHECK_EQUAL(CALL(ImDiskGetDeviceList)(), 1); /* nothing has been created */
    CALL(RunDLL_RemoveDevice)(NULL, NULL, drive, SW_SHOW);
    CHECK_EQUAL(CALL(ImDiskGetDeviceList)(), 0); /* there was nothing to ask */
}

static wchar_t status[1024];

static LRESULT CALLBACK status_window(HWND window, UINT message, WPARAM wide, LPARAM parameter)
{
    if (message == WM_SETTEXT && wcslen(status) + wcslen((const wchar_t *)parameter) < 1000) {
        wcscat(status, (const wchar_t *)parameter);
        wcscat(status, L"|");
    }
    return DefWindowProcW(window, message, wide, parameter);
}

/* A window without display is told what is being done; what had to be asked is not done. */
void dialogs_status_and_messages(void)
{
    WNDCLASSW class = {.lpfnWndProc = status_window, .lpszClassName = L"status"};
    DWORD number = 5;
    DISK_GEOMETRY geometry = {.Cylinders.QuadPart = MIB};
    if (has_display()) {
        test_skip("there is a display");
        return;
    }
    CHECK(RegisterClassW(&class) != 0);
    HWND window = CreateWindowExW(0, L"status", L"", 0, 0, 0, 0, 0, HWND_MESSAGE, NULL, NULL, NULL);
    CHECK(window != NULL);
    status[0] = 0;
    CHECK(CALL(ImDiskCreateDeviceEx)(window, &number, &geometry, NULL, 0, NULL, FALSE, NULL));
    CHECK(wcsstr(status, L"Creating virtual disk...|") != NULL);
    write_sector(number);
    status[0] = 0;
    CHECK_FAILS(CALL(ImDiskRemoveDevice)(window, number, NULL), ERROR_CANCELLED);
    CHECK(wcsstr(status, L"Flushing file buffers...|Locking volume...|Dismounting filesystem...|") != NULL);
    CHECK_EQUAL(CALL(ImDiskGetDeviceList)(), 1ull << (number & 63));
    CHECK(CALL(ImDiskChangeFlags)(window, number, NULL, IMDISK_IMAGE_MODIFIED, 0));
    CHECK(wcsstr(status, L"Setting new flags...|") != NULL);
    CHECK_FAILS(CALL(ImDiskCreateDevice)(window, NULL, NULL, 0, L"none.img", FALSE, NULL), ERROR_FILE_NOT_FOUND);
    status[0] = 0;
    CHECK(CALL(ImDiskRemoveDevice)(window, number, NULL));
    CHECK(wcsstr(status, L"Removing device...|Done.|") != NULL);
    DestroyWindow(window);
}

/* ---- the user ---- */

typedef bool user_action(HWND dialog); /* false: something is not as it should be */

struct step {
    const wchar_t *title;
    user_action *act;
};

struct user {
    const struct step *steps;
    size_t count;
    size_t done;
    bool content;
};

static HWND wait_for_window(const wchar_t *title)
{
    for (int waited = 0; waited < PATIENCE_MS; waited += POLL_MS) {
        HWND window = FindWindowW(NULL, title);
        if (window != NULL && IsWindowVisible(window) && IsWindowEnabled(window)) { /* it has been filled */
            return window;
        }
        Sleep(POLL_MS);
    }
    return NULL;
}

static DWORD WINAPI user_thread(LPVOID context)
{
    struct user *user = context;
    user->content = true;
    for (; user->content && user->done < user->count; user->done += user->content) {
        HWND window = wait_for_window(user->steps[user->done].title);
        user->content = window != NULL && user->steps[user->done].act(window);
    }
    if (!user->content) { /* nobody is left to close the dialogs */
        HWND window;
        while ((window = wait_for_window(user->steps[user->done].title)) != NULL) {
            (void)PostMessageW(window, WM_COMMAND, IDCANCEL, 0);
            Sleep(100);
        }
    }
    return 0;
}

static HANDLE user_begins(struct user *user, const struct step *steps, size_t count)
{
    *user = (struct user){.steps = steps, .count = count};
    return CreateThread(NULL, 0, user_thread, user, 0, NULL);
}

static void user_ends(const struct user *user, HANDLE thread)
{
    (void)WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    test_note("step %u", (unsigned)user->done);
    CHECK(user->content);
    CHECK_EQUAL(user->done, user->count);
}

static bool press(HWND dialog, int id)
{
    return PostMessageW(dialog, WM_COMMAND, (WPARAM)id, (LPARAM)GetDlgItem(dialog, id)) != FALSE;
}

static bool press_ok(HWND dialog)
{
    return press(dialog, IDOK);
}

static bool press_cancel(HWND dialog)
{
    return press(dialog, IDCANCEL);
}

static bool press_no(HWND dialog)
{
    return press(dialog, IDNO);
}

static bool has_gone(HWND dialog)
{
    for (int waited = 0; waited < PATIENCE_MS && IsWindow(dialog); waited += POLL_MS) {
        Sleep(POLL_MS);
    }
    return !IsWindow(dialog);
}

static bool text_is(HWND dialog, int id, const wchar_t *text)
{
    wchar_t present[256] = L"";
    (void)SendMessageW(GetDlgItem(dialog, id), WM_GETTEXT, 256, (LPARAM)present);
    return wcscmp(present, text) == 0;
}

static void choose(HWND dialog, int id, WPARAM row)
{
    (void)SendDlgItemMessageW(dialog, id, CB_SETCURSEL, row, 0);
    (void)SendMessageW(dialog, WM_COMMAND, (WPARAM)id | CBN_SELCHANGE << 16, (LPARAM)GetDlgItem(dialog, id));
}

/* ---- a disk's life in dialogs ---- */

static bool create_of_second_partition(HWND dialog)
{
    bool right = text_is(dialog, CREATE_IMAGE, L"mbr.img") &&
                 SendDlgItemMessageW(dialog, CREATE_PARTITION, CB_GETCOUNT, 0, 0) == 6;
    choose(dialog, CREATE_PARTITION, 1);
    right = right && text_is(dialog, CREATE_OFFSET, L"1048576") && text_is(dialog, CREATE_SIZE, L"8388608");
    choose(dialog, CREATE_LETTER, 0);
    (void)SendDlgItemMessageW(dialog, CREATE_MEMORY, BM_SETCHECK, BST_CHECKED, 0);
    return press_ok(dialog) && has_gone(dialog) && right;
}

static bool name_the_image(HWND dialog)
{
    HWND edit = (HWND)SendDlgItemMessageW(dialog, FILE_NAME, CBEM_GETEDITCONTROL, 0, 0);
    return SendMessageW(edit, WM_SETTEXT, 0, (LPARAM)L"interactive.img") && press_ok(dialog) && has_gone(dialog);
}

void dialogs_create_save_and_remove(void)
{
    static const struct step create[] = {{L"Create a virtual disk", create_of_second_partition}};
    static const struct step save[] = {{L"Save the virtual disk as an image", name_the_image}};
    static const struct step keep[] = {{L"ImDisk", press_cancel}};
    static const struct step discard[] = {{L"ImDisk", press_no}};
    wchar_t command[] = L"\"mbr.img\" ";
    char drive[] = "\\\\.\\ImDisk0";
    struct user user;
    DWORD size;
    if (!has_display()) {
        CHECK(!"there is no display");
        return;
    }
    HANDLE thread = user_begins(&user, create, 1);
    CALL(RunDLL_MountFileW)(NULL, NULL, command, SW_SHOW);
    user_ends(&user, thread);
    CHECK_EQUAL(CALL(ImDiskGetDeviceList)(), 1);
    CHECK_EQUAL(disk_size(0), 8388608);
    write_sector(0);
    thread = user_begins(&user, save, 1);
    (void)DeleteFileW(L"interactive.img");
    CALL(RunDLL_SaveImageFile)(NULL, NULL, drive, SW_SHOW);
    user_ends(&user, thread);
    unsigned char *saved = read_file(L"interactive.img", &size);
    CHECK_EQUAL(size, 8388608);
    CHECK(saved != NULL && saved[0] == 0x5A && saved[1] == 0);
    free(saved);
    write_sector(0); /* changed again: it asks */
    thread = user_begins(&user, keep, 1);
    CALL(RunDLL_RemoveDevice)(NULL, NULL, drive, SW_SHOW);
    user_ends(&user, thread);
    CHECK_EQUAL(CALL(ImDiskGetDeviceList)(), 1);
    thread = user_begins(&user, discard, 1);
    CALL(RunDLL_RemoveDevice)(NULL, NULL, drive, SW_SHOW);
    user_ends(&user, thread);
    CHECK_EQUAL(CALL(ImDiskGetDeviceList)(), 0);
}

/* ---- the list ---- */

static bool row_says(HWND dialog, WPARAM row, const wchar_t *text)
{
    for (int waited = 0; waited < PATIENCE_MS; waited += POLL_MS) {
        wchar_t present[600] = L"";
        (void)SendDlgItemMessageW(dialog, DISKS_LIST, LB_GETTEXT, row, (LPARAM)present);
        if (wcsstr(present, text) != NULL) {
            return true;
        }
        Sleep(POLL_MS);
    }
    return false;
}

static bool select_second_and_extend(HWND dialog)
{
    bool right = row_says(dialog, 0, L"0\t-\t1 MiB\tmemory") && row_says(dialog, 1, L"1\t-\t2 MiB\tmemory");
    (void)SendDlgItemMessageW(dialog, DISKS_LIST, LB_SETCURSEL, 1, 0);
    (void)SendMessageW(dialog, WM_COMMAND, DISKS_LIST | LBN_SELCHANGE << 16, (LPARAM)GetDlgItem(dialog, DISKS_LIST));
    return press(dialog, DISKS_EXTEND) && right;
}

static bool extend_by_nonsense(HWND dialog)
{
    return SendDlgItemMessageW(dialog, EXTEND_SIZE, WM_SETTEXT, 0, (LPARAM)L"many") && press_ok(dialog);
}

static bool extend_by_two(HWND dialog)
{
    return SendDlgItemMessageW(dialog, EXTEND_SIZE, WM_SETTEXT, 0, (LPARAM)L"2M") && press_ok(dialog) &&
           has_gone(dialog);
}

static bool protect_and_remove(HWND dialog)
{
    bool right = row_says(dialog, 1, L"1\t-\t4 MiB\tmemory") && press(dialog, DISKS_READ_ONLY) &&
                 row_says(dialog, 1, L"read-only") && press(dialog, DISKS_REMOVE);
    for (int waited = 0; waited < PATIENCE_MS && SendDlgItemMessageW(dialog, DISKS_LIST, LB_GETCOUNT, 0, 0) != 1;
         waited += POLL_MS) {
        Sleep(POLL_MS);
    }
    return right && SendDlgItemMessageW(dialog, DISKS_LIST, LB_GETCOUNT, 0, 0) == 1 && press_cancel(dialog) &&
           has_gone(dialog);
}

void dialogs_list(void)
{
    static const struct step steps[] = {
        {L"Virtual disks", select_second_and_extend},
        {L"Extend the virtual disk", extend_by_nonsense},
        {L"ImDisk", press_ok},
        {L"Extend the virtual disk", extend_by_two},
        {L"ImDisk", press_ok}, /* there is no file system to extend */
        {L"Virtual disks", protect_and_remove},
    };
    struct user user;
    if (!has_display()) {
        CHECK(!"there is no display");
        return;
    }
    CHECK_EQUAL(create_memory_disk(MIB, NULL), 0);
    CHECK_EQUAL(create_memory_disk(2 * MIB, NULL), 1);
    HANDLE thread = user_begins(&user, steps, sizeof(steps) / sizeof(steps[0]));
    CHECK_EQUAL(CALL(CPlApplet)(NULL, CPL_DBLCLK, 0, 0), 0);
    user_ends(&user, thread);
    CHECK_EQUAL(CALL(ImDiskGetDeviceList)(), 1);
    CHECK(CALL(ImDiskForceRemoveDevice)(NULL, 0));
}

/* ---- what an image is ---- */

static void write_file(const wchar_t *path, const char *text)
{
    DWORD done = 0;
    HANDLE file = CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    CHECK(WriteFile(file, text, (DWORD)strlen(text), &done, NULL));
    CloseHandle(file);
}

static bool is_a_cd(HWND dialog)
{
    bool right = text_is(dialog, CREATE_IMAGE, L"cd.img") &&
                 SendDlgItemMessageW(dialog, CREATE_DEVICE, CB_GETCURSEL, 0, 0) == 3 &&
                 IsDlgButtonChecked(dialog, CREATE_READ_ONLY) == BST_CHECKED &&
                 text_is(dialog, CREATE_TABLE_STATE, L"Read-only: this is the image of a CD or DVD");
    return press_cancel(dialog) && has_gone(dialog) && right;
}

#define CHAIN_DAMAGED L"the extended partition is damaged: what should be a boot record of it is none"

/* The whole of it is, and says why; a partition that nothing is wrong with is not. Another image begins anew. */
static bool is_damaged(HWND dialog)
{
    bool right = IsDlgButtonChecked(dialog, CREATE_READ_ONLY) == BST_CHECKED &&
                 text_is(dialog, CREATE_TABLE_STATE, L"Read-only: " CHAIN_DAMAGED);
    choose(dialog, CREATE_PARTITION, 1);
    right = right && IsDlgButtonChecked(dialog, CREATE_READ_ONLY) == BST_UNCHECKED &&
            text_is(dialog, CREATE_TABLE_STATE, CHAIN_DAMAGED);
    choose(dialog, CREATE_PARTITION, 0);
    right = right && IsDlgButtonChecked(dialog, CREATE_READ_ONLY) == BST_CHECKED;
    (void)SendDlgItemMessageW(dialog, CREATE_IMAGE, WM_SETTEXT, 0, (LPARAM)L"missing.img");
    (void)SendMessageW(dialog, WM_COMMAND, CREATE_IMAGE | EN_KILLFOCUS << 16, (LPARAM)GetDlgItem(dialog, CREATE_IMAGE));
    right = right && IsDlgButtonChecked(dialog, CREATE_READ_ONLY) == BST_UNCHECKED &&
            text_is(dialog, CREATE_TABLE_STATE, L"the image cannot be looked at");
    return press_cancel(dialog) && has_gone(dialog) && right;
}

static bool is_a_floppy(HWND dialog)
{
    bool right = SendDlgItemMessageW(dialog, CREATE_DEVICE, CB_GETCURSEL, 0, 0) == 2 &&
                 IsDlgButtonChecked(dialog, CREATE_READ_ONLY) == BST_UNCHECKED;
    return press_cancel(dialog) && has_gone(dialog) && right;
}

/* A hard disk, whose name says CD. */
static bool is_a_hard_disk(HWND dialog)
{
    bool right = SendDlgItemMessageW(dialog, CREATE_DEVICE, CB_GETCURSEL, 0, 0) == 1 &&
                 SendDlgItemMessageW(dialog, CREATE_PARTITION, CB_GETCOUNT, 0, 0) == 6;
    return press_cancel(dialog) && has_gone(dialog) && right;
}

static bool is_refused(HWND dialog)
{
    wchar_t text[256] = L"";
    (void)SendMessageW(GetDlgItem(dialog, CREATE_TABLE_STATE), WM_GETTEXT, 256, (LPARAM)text);
    return wcsstr(text, L"VHDX") != NULL && press_cancel(dialog) && has_gone(dialog);
}

void dialogs_look_at_images(void)
{
    static const struct {
        char name[16];
        struct step step;
    } rows[] = {
        {"cd.img", {L"Create a virtual disk", is_a_cd}},         {"fat.img", {L"Create a virtual disk", is_a_floppy}},
        {"mbr.iso", {L"Create a virtual disk", is_a_hard_disk}}, {"vm.img", {L"Create a virtual disk", is_refused}},
        {"broken.img", {L"Create a virtual disk", is_damaged}},
    };
    if (!has_display()) {
        CHECK(!"there is no display");
        return;
    }
    CHECK(CopyFileW(L"mbr.img", L"mbr.iso", FALSE));
    patch_file(L"mbr.img", L"broken.img", 20480 * 512 + 510, "no", 2); /* the first record of the container */
    write_file(L"vm.img", "vhdxfile........................................................");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char name[16];
        struct user user;
        test_note("%s", rows[i].name);
        memcpy(name, rows[i].name, sizeof(name));
        HANDLE thread = user_begins(&user, &rows[i].step, 1);
        CALL(RunDLL_MountFile)(NULL, NULL, name, SW_SHOW);
        user_ends(&user, thread);
    }
    CHECK_EQUAL(CALL(ImDiskGetDeviceList)(), 0);
    (void)DeleteFileW(L"mbr.iso");
    (void)DeleteFileW(L"broken.img");
}

/* ---- cancelling ---- */

/* The dialog for names asks whether to replace it. */
static bool name_an_old_image(HWND dialog)
{
    HWND edit = (HWND)SendDlgItemMessageW(dialog, FILE_NAME, CBEM_GETEDITCONTROL, 0, 0);
    return SendMessageW(edit, WM_SETTEXT, 0, (LPARAM)L"interactive.img") && press_ok(dialog);
}

/* In a window of the same title, which may not be there yet. */
static bool press_yes(HWND dialog)
{
    wchar_t title[64] = L"";
    (void)GetWindowTextW(dialog, title, 64);
    for (int waited = 0; waited < PATIENCE_MS; waited += POLL_MS) {
        HWND box = FindWindowW(NULL, title);
        if (box != NULL && GetDlgItem(box, IDYES) != NULL) {
            return press(box, IDYES);
        }
        Sleep(POLL_MS);
    }
    return false;
}

/* What a save writes beside its target. */
static unsigned files_beside(void)
{
    WIN32_FIND_DATAW found;
    unsigned count = 0;
    HANDLE search = FindFirstFileW(L"*.partial", &found);
    for (BOOL more = search != INVALID_HANDLE_VALUE; more; more = FindNextFileW(search, &found)) {
        count++;
    }
    if (search != INVALID_HANDLE_VALUE) {
        FindClose(search);
    }
    return count;
}

/* A disk only reads it, so that it could be replaced; the disk would have what is there no more. */
void dialogs_spare_used_images(void)
{
    static const struct step steps[] = {{L"Save the virtual disk as an image", name_an_old_image},
                                        {L"Save the virtual disk as an image", press_yes}};
    struct user user;
    DWORD size;
    DWORD image_size;
    DWORD reader = IMDISK_AUTO_DEVICE_NUMBER;
    DISK_GEOMETRY geometry = {0};
    if (!has_display()) {
        CHECK(!"there is no display");
        return;
    }
    DWORD number = create_memory_disk(MIB, NULL);
    HANDLE disk = open_disk_to_read(number);
    CHECK(CopyFileW(L"fat.img", L"interactive.img", FALSE));
    CHECK(CALL(ImDiskCreateDeviceEx)(NULL, &reader, &geometry, NULL, IMDISK_TYPE_FILE | IMDISK_OPTION_READ_ONLY,
                                     L"interactive.img", FALSE, NULL));
    HANDLE thread = user_begins(&user, steps, 2);
    CHECK_FAILS(CALL(ImDiskSaveImageFileInteractive)(disk, NULL, 0, FALSE), ERROR_BUSY);
    user_ends(&user, thread);
    CloseHandle(disk);
    CHECK(CALL(ImDiskForceRemoveDevice)(NULL, reader));
    CHECK(CALL(ImDiskForceRemoveDevice)(NULL, number));
    unsigned char *image = read_file(L"fat.img", &image_size);
    unsigned char *kept = read_file(L"interactive.img", &size);
    CHECK(image != NULL && kept != NULL && size == image_size && memcmp(kept, image, size) == 0);
    free(image);
    free(kept);
    CHECK_EQUAL(files_beside(), 0);
    (void)DeleteFileW(L"interactive.img");
}

void dialogs_cancel(void)
{
    static const struct step no_name[] = {{L"Save the virtual disk as an image", press_cancel}};
    static const struct step stop[] = {{L"Save the virtual disk as an image", name_the_image},
                                       {L"Saving the virtual disk", press_cancel}};
    static const struct step replace[] = {{L"Save the virtual disk as an image", name_an_old_image},
                                          {L"Save the virtual disk as an image", press_yes},
                                          {L"Saving the virtual disk", press_cancel}};
    static const struct step no_disk[] = {{L"Create a virtual disk", press_cancel}};
    static const struct step yes[] = {{L"Title", press_ok}};
    char image[] = "fat.img";
    struct user user;
    if (!has_display()) {
        CHECK(!"there is no display");
        return;
    }
    /* Of a file in Wine all is read, which takes long enough to be cancelled. */
    DWORD number = IMDISK_AUTO_DEVICE_NUMBER;
    DISK_GEOMETRY geometry = {.Cylinders.QuadPart = 1024ll * MIB};
    CHECK(CALL(ImDiskCreateDeviceEx)(NULL, &number, &geometry, NULL, IMDISK_TYPE_FILE, L"large.img", FALSE, NULL));
    HANDLE disk = open_disk_to_read(number);
    HANDLE thread = user_begins(&user, no_name, 1);
    CHECK_FAILS(CALL(ImDiskSaveImageFileInteractive)(disk, NULL, 0, TRUE), ERROR_CANCELLED);
    user_ends(&user, thread);
    (void)DeleteFileW(L"interactive.img");
    thread = user_begins(&user, stop, 2);
    CHECK_FAILS(CALL(ImDiskSaveImageFileInteractive)(disk, NULL, 1, FALSE), ERROR_CANCELLED);
    user_ends(&user, thread);
    CHECK(GetFileAttributesW(L"interactive.img") == INVALID_FILE_ATTRIBUTES); /* no half image */
    CHECK_EQUAL(files_beside(), 0);
    write_file(L"interactive.img", "old");
    thread = user_begins(&user, replace, 3);
    CHECK_FAILS(CALL(ImDiskSaveImageFileInteractive)(disk, NULL, 1, FALSE), ERROR_CANCELLED);
    user_ends(&user, thread);
    DWORD size;
    unsigned char *old = read_file(L"interactive.img", &size);
    CHECK(old != NULL && size == 3 && memcmp(old, "old", 3) == 0); /* nor half of another's */
    free(old);
    CHECK_EQUAL(files_beside(), 0);
    (void)DeleteFileW(L"interactive.img");
    CloseHandle(disk);
    thread = user_begins(&user, no_disk, 1);
    CALL(RunDLL_MountFile)(NULL, NULL, image, SW_SHOW);
    user_ends(&user, thread);
    CHECK_EQUAL(CALL(ImDiskGetDeviceList)(), 1ull << (number & 63));
    thread = user_begins(&user, yes, 1);
    CHECK_EQUAL(CALL(ImDiskMsgBoxPrintF)(NULL, MB_OK, L"Title", L"%1!u!", 1), IDOK);
    user_ends(&user, thread);
    CHECK(CALL(ImDiskForceRemoveDevice)(NULL, number));
    (void)DeleteFileW(L"large.img");
}
