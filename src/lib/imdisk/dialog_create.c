/* SPDX-License-Identifier: MIT */
/* The dialog that creates a disk: image, partition in it, size, letter. */

#include "lib/imdisk/internal.h"
#include "lib/imdisk/resource.h"
#include "lib/look.h"

#include <commdlg.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define PATH_SIZE 32768u

/* The kinds of device in the order of their box: that of enum disk_kind; IMDISK_DEVICE_TYPE_* is it times 16. */
static const wchar_t *const kinds[] = {L"Automatic", L"Hard disk", L"Floppy", L"CD or DVD", L"Raw"};

struct creation {
    const wchar_t *image; /* to begin with; NULL: none */
    wchar_t *path;        /* room for PATH_SIZE characters */
    HWND dialog;
    uint64_t base;      /* where the disk begins in the image */
    const char *damage; /* of its partition table; NULL: none */
    DWORD count;
    struct {
        uint64_t start, length;
        bool protected; /* by that damage */
    } partitions[LOOK_PARTITIONS];
};

static void add_text(HWND dialog, int id, const wchar_t *text)
{
    (void)SendDlgItemMessageW(dialog, id, CB_ADDSTRING, 0, (LPARAM)text);
}

static void select_row(HWND dialog, int id, WPARAM row)
{
    (void)SendDlgItemMessageW(dialog, id, CB_SETCURSEL, row, 0);
}

/* Bytes, so that nothing is rounded. */
static void set_number(HWND dialog, int id, uint64_t number)
{
    wchar_t text[32];
    (void)swprintf(text, 32, L"%llu", (unsigned long long)number);
    (void)SetDlgItemTextW(dialog, id, number != 0 ? text : L"");
}

/* ---- what is in the image ---- */

static void add_partition(struct creation *creation, const struct look *look, const struct look_partition *partition)
{
    wchar_t type[64];
    wchar_t size[32];
    wchar_t text[128];
    ImDiskGetPartitionTypeName(partition->entry.type, type, 64);
    format_size(partition->entry.length_bytes, size, 32);
    (void)swprintf(text, 128, L"%u: %ls, %ls", partition->entry.number, type, size);
    add_text(creation->dialog, CREATE_PARTITION, text);
    creation->partitions[creation->count].start = partition->entry.start_bytes;
    creation->partitions[creation->count].length = partition->entry.length_bytes;
    creation->partitions[creation->count].protected = look_protects(look, partition->entry.number);
    creation->count++;
}

static void show_state(HWND dialog, const char *state, bool read_only)
{
    wchar_t text[256];
    (void)swprintf(text, 256, read_only ? L"Read-only: %hs" : L"%hs", state);
    (void)SetDlgItemTextW(dialog, CREATE_TABLE_STATE, text);
    (void)CheckDlgButton(dialog, CREATE_READ_ONLY, read_only ? BST_CHECKED : BST_UNCHECKED);
}

/* The defaults are those of the image's content, whatever its name is. */
static void show_look(struct creation *creation, const struct look *look)
{
    HWND dialog = creation->dialog;
    if (!look->served) {
        wchar_t refusal[512];
        look_refusal(creation->path, look, refusal, sizeof(refusal) / sizeof(refusal[0]));
        (void)SetDlgItemTextW(dialog, CREATE_TABLE_STATE, refusal);
        return;
    }
    creation->base = look->offset;
    select_row(dialog, CREATE_DEVICE, (WPARAM)look->kind);
    for (size_t i = 0; i < look->partition_count && i < LOOK_PARTITIONS; i++) {
        add_partition(creation, look, &look->partitions[i]);
    }
    const struct partition_problem *damage = look_damage(look);
    if (look->kind == DISK_KIND_CD) {
        show_state(dialog, "this is the image of a CD or DVD", true);
    } else if (damage != NULL) {
        creation->damage = partition_result_text(damage->kind);
        show_state(dialog, creation->damage, true);
    } else {
        enum partition_result state = look->problem_count != 0 ? look->problems[0].kind : look->table_result;
        show_state(dialog, state != PARTITION_OK ? partition_result_text(state) : "", false);
    }
}

/* Called when the image's name has changed. */
static void list_image(struct creation *creation)
{
    struct look_options options = {.raw = false};
    ballast_error error;
    HWND dialog = creation->dialog;
    struct look *look = malloc(sizeof(*look));
    creation->count = 0;
    creation->base = 0;
    creation->damage = NULL;
    creation->path[0] = 0;
    (void)SendDlgItemMessageW(dialog, CREATE_PARTITION, CB_RESETCONTENT, 0, 0);
    add_text(dialog, CREATE_PARTITION, L"Whole image");
    select_row(dialog, CREATE_PARTITION, 0);
    select_row(dialog, CREATE_DEVICE, DISK_KIND_AUTOMATIC);
    show_state(dialog, "", false);
    bool named = GetDlgItemTextW(dialog, CREATE_IMAGE, creation->path, PATH_SIZE) != 0;
    if (named && look != NULL && look_at_path(creation->path, &options, look, &error) == BALLAST_OK) {
        show_look(creation, look);
    } else if (named) {
        (void)SetDlgItemTextW(dialog, CREATE_TABLE_STATE, L"the image cannot be looked at");
    }
    set_number(dialog, CREATE_OFFSET, creation->base);
    free(look);
}

static void choose_partition(const struct creation *creation)
{
    LRESULT row = SendDlgItemMessageW(creation->dialog, CREATE_PARTITION, CB_GETCURSEL, 0, 0);
    BOOL whole = row < 1 || row > (LRESULT)creation->count;
    set_number(creation->dialog, CREATE_OFFSET, creation->base + (whole ? 0 : creation->partitions[row - 1].start));
    set_number(creation->dialog, CREATE_SIZE, whole ? 0 : creation->partitions[row - 1].length);
    if (creation->damage != NULL) {
        show_state(creation->dialog, creation->damage, whole || creation->partitions[row - 1].protected);
    }
}

/* ---- the rest of the dialog ---- */

static void browse(struct creation *creation)
{
    OPENFILENAMEW request = {
        .lStructSize = sizeof(request),
        .hwndOwner = creation->dialog,
        .lpstrFilter = L"Images\0*.img;*.iso;*.ima;*.raw;*.vfd;*.nrg;*.sdi;*.bin\0All files\0*.*\0",
        .lpstrFile = creation->path,
        .nMaxFile = PATH_SIZE,
        .Flags = OFN_NOCHANGEDIR | OFN_PATHMUSTEXIST | OFN_HIDEREADONLY,
    };
    creation->path[0] = 0;
    if (GetOpenFileNameW(&request)) {
        (void)SetDlgItemTextW(creation->dialog, CREATE_IMAGE, creation->path);
        list_image(creation);
    }
}

static void fill(struct creation *creation, HWND dialog)
{
    creation->dialog = dialog;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        add_text(dialog, CREATE_DEVICE, kinds[i]);
    }
    add_text(dialog, CREATE_LETTER, L"None");
    DWORD used = GetLogicalDrives();
    wchar_t first = ImDiskFindFreeDriveLetter();
    for (wchar_t letter = L'A'; letter <= L'Z'; letter++) {
        if ((used >> (letter - L'A') & 1) == 0) {
            wchar_t text[] = {letter, L':', 0};
            add_text(dialog, CREATE_LETTER, text);
        }
    }
    wchar_t wanted[] = {first, L':', 0};
    if (first == 0 || SendDlgItemMessageW(dialog, CREATE_LETTER, CB_SELECTSTRING, (WPARAM)-1, (LPARAM)wanted) < 0) {
        select_row(dialog, CREATE_LETTER, 0);
    }
    (void)SetDlgItemTextW(dialog, CREATE_IMAGE, creation->image != NULL ? creation->image : L"");
    list_image(creation);
}

/* The number in a field; an empty one is 0. Says so if it is none. */
static BOOL read_number(HWND dialog, int id, uint64_t *number)
{
    wchar_t text[32] = L"";
    (void)GetDlgItemTextW(dialog, id, text, 32);
    *number = 0;
    if (text[0] == 0 || parse_size(text, number)) {
        return TRUE;
    }
    (void)SetFocus(GetDlgItem(dialog, id));
    return fail_shown(dialog, ERROR_INVALID_PARAMETER, L"This is not a size");
}

static BOOL is_checked(HWND dialog, int id)
{
    return IsDlgButtonChecked(dialog, id) == BST_CHECKED;
}

static BOOL create(struct creation *creation)
{
    HWND dialog = creation->dialog;
    DISK_GEOMETRY geometry = {.Cylinders.QuadPart = 0};
    LARGE_INTEGER offset;
    uint64_t size;
    uint64_t start;
    wchar_t mount_point[8] = L"";
    if (!read_number(dialog, CREATE_SIZE, &size) || !read_number(dialog, CREATE_OFFSET, &start)) {
        return FALSE;
    }
    creation->path[0] = 0;
    (void)GetDlgItemTextW(dialog, CREATE_IMAGE, creation->path, PATH_SIZE);
    LRESULT kind = SendDlgItemMessageW(dialog, CREATE_DEVICE, CB_GETCURSEL, 0, 0);
    DWORD flags = kind > 0 ? (DWORD)kind << 4 : 0;
    BOOL memory = creation->path[0] == 0 || is_checked(dialog, CREATE_MEMORY);
    flags |= memory ? IMDISK_TYPE_VM : IMDISK_TYPE_FILE;
    flags |= is_checked(dialog, CREATE_READ_ONLY) ? IMDISK_OPTION_READ_ONLY : 0;
    flags |= is_checked(dialog, CREATE_REMOVABLE) ? IMDISK_OPTION_REMOVABLE : 0;
    if (SendDlgItemMessageW(dialog, CREATE_LETTER, CB_GETCURSEL, 0, 0) > 0) {
        (void)GetDlgItemTextW(dialog, CREATE_LETTER, mount_point, 8);
    }
    geometry.Cylinders.QuadPart = (LONGLONG)size;
    offset.QuadPart = (LONGLONG)start;
    (void)SetDlgItemTextW(dialog, CREATE_STATUS, L"Creating the virtual disk...");
    BOOL created = ImDiskCreateDevice(dialog, &geometry, &offset, flags, creation->path[0] != 0 ? creation->path : NULL,
                                      FALSE, mount_point[0] != 0 ? mount_point : NULL);
    (void)SetDlgItemTextW(dialog, CREATE_STATUS, L"");
    (void)SetWindowTextW(dialog, L"Create a virtual disk");
    return created;
}

static BOOL command(struct creation *creation, int id, int event)
{
    switch (id) {
    case IDOK:
        if (create(creation)) {
            (void)EndDialog(creation->dialog, IDOK);
        }
        return TRUE;
    case IDCANCEL:
        (void)EndDialog(creation->dialog, IDCANCEL);
        return TRUE;
    case CREATE_BROWSE:
        browse(creation);
        return TRUE;
    case CREATE_IMAGE:
        if (event == EN_KILLFOCUS) {
            wchar_t *before = _wcsdup(creation->path);
            (void)GetDlgItemTextW(creation->dialog, CREATE_IMAGE, creation->path, PATH_SIZE);
            if (before == NULL || wcscmp(before, creation->path) != 0) {
                list_image(creation);
            }
            free(before);
        }
        return TRUE;
    case CREATE_PARTITION:
        if (event == CBN_SELCHANGE) {
            choose_partition(creation);
        }
        return TRUE;
    default:
        return FALSE;
    }
}

static INT_PTR CALLBACK create_procedure(HWND dialog, UINT message, WPARAM wide, LPARAM parameter)
{
    struct creation *creation = (struct creation *)GetWindowLongPtrW(dialog, DWLP_USER);
    switch (message) {
    case WM_INITDIALOG:
        (void)SetWindowLongPtrW(dialog, DWLP_USER, parameter);
        fill((struct creation *)parameter, dialog);
        return TRUE;
    case WM_COMMAND:
        return creation != NULL && command(creation, LOWORD(wide), HIWORD(wide));
    default:
        return FALSE;
    }
}

BOOL create_dialog(HWND window, LPCWSTR image)
{
    struct creation *creation = calloc(1, sizeof(*creation));
    wchar_t *path = calloc(PATH_SIZE, sizeof(*path));
    INT_PTR result = -1;
    if (creation == NULL || path == NULL) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
    } else {
        creation->image = image;
        creation->path = path;
        result = run_dialog(window, DIALOG_CREATE, create_procedure, creation);
    }
    DWORD code = result == IDCANCEL ? ERROR_CANCELLED : GetLastError();
    free(path);
    free(creation);
    SetLastError(result == IDOK ? NO_ERROR : code);
    return result == IDOK;
}
