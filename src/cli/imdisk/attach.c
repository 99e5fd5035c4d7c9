/* SPDX-License-Identifier: MIT */
/* imdisk -a */

#include "cli/imdisk/imdisk.h"

#include <stdlib.h>
#include <string.h>
#include <winternl.h>

#include "lib/look.h"

#define SHARED_MEMORY_GLOBAL L"\\BaseNamedObjects\\Global"
#define SHARED_MEMORY_LOCAL  L"\\BaseNamedObjects"

enum imdisk_exit resolve_size(const struct arguments *arguments, uint64_t *size)
{
    MEMORYSTATUSEX memory = {.dwLength = sizeof(memory)};
    bool depends = arguments->size.percent || arguments->size.remaining;
    if (depends && !GlobalMemoryStatusEx(&memory)) {
        complain(L"Error: cannot find out how much memory is free.");
        return IMDISK_FATAL;
    }
    if (!size_resolve(&arguments->size, memory.ullAvailPhys, size)) {
        complain(L"Error: only %llu bytes of memory are free.", (unsigned long long)memory.ullAvailPhys);
        return IMDISK_NO_MEMORY;
    }
    return IMDISK_DONE;
}

/* ---- the image's name for the driver ---- */

static bool is_proxy(const struct arguments *arguments, uint32_t subtype)
{
    return (arguments->flags & IMDISK_TYPE_MASK) == IMDISK_TYPE_PROXY &&
           (arguments->flags & IMDISK_SUBTYPE_MASK) == subtype;
}

NTSTATUS NTAPI NtOpenDirectoryObject(HANDLE *directory, ACCESS_MASK access, OBJECT_ATTRIBUTES *attributes);

/* Sessions see global names in a directory of its own; old systems without sessions do not have it. */
static const wchar_t *shared_memory_directory(void)
{
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes;
    HANDLE directory;
    RtlInitUnicodeString(&name, SHARED_MEMORY_GLOBAL);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    if (NtOpenDirectoryObject(&directory, 1 /* DIRECTORY_QUERY */, &attributes) < 0) {
        return SHARED_MEMORY_LOCAL;
    }
    (void)NtClose(directory);
    return SHARED_MEMORY_GLOBAL;
}

static wchar_t *join(const wchar_t *directory, const wchar_t *name)
{
    size_t size = wcslen(directory) + wcslen(name) + 2;
    wchar_t *path = malloc(size * sizeof(wchar_t));
    if (path != NULL) {
        (void)swprintf(path, size, L"%ls\\%ls", directory, name);
    }
    return path;
}

/* *name is the caller's to free. Empty without an image. */
static enum imdisk_exit native_name(const struct arguments *arguments, wchar_t **name)
{
    UNICODE_STRING native;
    *name = NULL;
    if (arguments->file == NULL) {
        *name = calloc(1, sizeof(wchar_t));
    } else if (is_proxy(arguments, PROXY_SHARED_MEMORY) && !arguments->native_path) {
        *name = join(shared_memory_directory(), arguments->file);
    } else if (arguments->native_path || is_proxy(arguments, PROXY_TCP) || is_proxy(arguments, PROXY_COMM)) {
        *name = _wcsdup(arguments->file);
    } else {
        /* Returns a BOOLEAN, whatever the header says. */
        if (!(BOOLEAN)RtlDosPathNameToNtPathName_U(arguments->file, &native, NULL, NULL)) {
            complain(L"Error: '%.200ls' is not a path.", arguments->file);
            return IMDISK_FAILED;
        }
        *name = calloc(native.Length / sizeof(wchar_t) + 1, sizeof(wchar_t));
        if (*name != NULL) {
            memcpy(*name, native.Buffer, native.Length);
        }
        RtlFreeUnicodeString(&native);
    }
    if (*name == NULL) {
        complain(L"Error: not enough memory.");
        return IMDISK_FATAL;
    }
    if (wcslen(*name) * sizeof(wchar_t) > IMDISK_MAXIMUM_FILE_NAME_LENGTH) {
        complain(L"Error: the name of the image is too long.");
        free(*name);
        return IMDISK_FAILED;
    }
    return IMDISK_DONE;
}

/* ---- the request ---- */

/* *request is the caller's to free; *length is what to send and to receive. */
static enum imdisk_exit build_request(const struct arguments *arguments, wchar_t letter,
                                      struct imdisk_create_data **request, DWORD *length)
{
    struct image_place place = {.offset = arguments->offset, .flags = arguments->flags};
    wchar_t *name;
    enum imdisk_exit result = resolve_size(arguments, &place.size);
    if (result == IMDISK_DONE) {
        result = image_resolve(arguments, &place);
    }
    if (result == IMDISK_DONE) {
        result = native_name(arguments, &name);
    }
    if (result != IMDISK_DONE) {
        return result;
    }
    DWORD name_length = (DWORD)(wcslen(name) * sizeof(wchar_t));
    struct imdisk_create_data *data = calloc(1, IMDISK_CREATE_DATA_SIZE + name_length);
    if (data == NULL) {
        free(name);
        complain(L"Error: not enough memory.");
        return IMDISK_FATAL;
    }
    data->device_number = arguments->number;
    data->size_bytes = (int64_t)place.size;
    data->tracks_per_cylinder = arguments->tracks_per_cylinder;
    data->sectors_per_track = arguments->sectors_per_track;
    data->bytes_per_sector = arguments->bytes_per_sector;
    data->image_offset_bytes = (int64_t)place.offset;
    data->flags = place.flags;
    data->drive_letter = letter;
    data->file_name_length_bytes = (uint16_t)name_length;
    /* On the wire names do not end with a zero. NOLINTNEXTLINE(bugprone-not-null-terminated-result) */
    memcpy(data->file_name, name, name_length);
    free(name);
    *request = data;
    *length = IMDISK_CREATE_DATA_SIZE + name_length;
    return IMDISK_DONE;
}

/* Which of the driver's rules the request breaks, as far as that can be told; the driver itself says only that. */
static void explain_parameters(const struct imdisk_create_data *request)
{
    uint32_t sector = request->bytes_per_sector;
    if (request->size_bytes == 0 && request->file_name_length_bytes == 0) {
        complain(L"A disk without an image needs a size.");
    } else if (request->size_bytes != 0 && request->size_bytes <= 65536) {
        complain(L"A disk is larger than 65536 bytes; %lld were asked for.", (long long)request->size_bytes);
    } else if (request->device_number != IMDISK_AUTO_DEVICE_NUMBER &&
               request->device_number >= IMDISK_MAXIMUM_DEVICES) {
        complain(L"The largest number of a disk is %u.", IMDISK_MAXIMUM_DEVICES - 1);
    } else if (sector != 0 && (sector < 512 || sector > 65536 || (sector & (sector - 1)) != 0)) {
        complain(L"A sector has 512, 1024, ... or 65536 bytes, not %u.", sector);
    } else if (request->sectors_per_track > 65535 || request->tracks_per_cylinder > 65535) {
        complain(L"Sectors per track and tracks per cylinder are at most 65535.");
    } else if ((request->flags & IMDISK_OPTION_BYTE_SWAP) != 0 &&
               (request->flags & IMDISK_TYPE_MASK) != IMDISK_TYPE_VM &&
               (request->flags & IMDISK_SUBTYPE_MASK) != IMDISK_FILE_BUFFERED_IO) {
        complain(L"-o bswap needs -t vm, or -o buf.");
    } else if (request->file_name_length_bytes != 0) {
        complain(L"Is the image larger than 65536 bytes, from the offset on?");
    }
}

static bool is_write_protected(const struct arguments *arguments, const struct imdisk_create_data *request, DWORD code)
{
    if (arguments->file == NULL || (request->flags & IMDISK_OPTION_READ_ONLY) != 0) {
        return false;
    }
    HANDLE reading = image_open(arguments);
    bool is_protected = image_denies_writing(code, reading);
    if (reading != INVALID_HANDLE_VALUE) {
        CloseHandle(reading);
    }
    return is_protected;
}

/* What the system's text for the error does not tell. */
static void explain(const struct arguments *arguments, const struct imdisk_create_data *request, DWORD code)
{
    if (code == ERROR_INVALID_PARAMETER) {
        explain_parameters(request);
    } else if (code == ERROR_ALREADY_EXISTS) {
        complain(L"There is a disk %u already.", request->device_number);
    } else if (code == ERROR_SHARING_VIOLATION) {
        complain(L"Another program or disk uses the image; with -o ro or -o shared several can.");
    } else if (is_write_protected(arguments, request, code)) {
        complain(L"The image is write-protected; -o ro leaves it as it is.");
    } else if (code == ERROR_NOT_SUPPORTED && (request->flags & IMDISK_TYPE_MASK) == IMDISK_TYPE_PROXY) {
        complain(L"The driver that is installed has no proxy disks.");
    } else if (code == ERROR_NOT_SUPPORTED && (request->flags & IMDISK_OPTION_BYTE_SWAP) != 0) {
        complain(L"The driver that is installed does not swap bytes.");
    }
}

static enum imdisk_exit send_request(HANDLE control, const struct arguments *arguments,
                                     struct imdisk_create_data *request, DWORD length)
{
    ballast_error error;
    say(L"Creating device...\n"); /* also with -n: scripts take the last line */
    DWORD code = device_control(control, IMDISK_IOCTL_CREATE_DEVICE, request, length, request, length, NULL);
    if (code == 0) {
        return IMDISK_DONE;
    }
    if (arguments->file != NULL) {
        (void)error_set(&error, BALLAST_FAILED, code, L"cannot create virtual disk on '%.200ls'", arguments->file);
    } else {
        (void)error_set(&error, BALLAST_FAILED, code, L"cannot create virtual disk");
    }
    (void)fail(IMDISK_FAILED, &error);
    explain(arguments, request, code);
    return IMDISK_FAILED;
}

/* ---- what follows the creation ---- */

static void print_created(const struct arguments *arguments, const struct imdisk_create_data *data)
{
    bool mounted = arguments->mount_point != NULL && arguments->mount_point[0] != 0;
    if (arguments->numeric) {
        say(L"%u\n", data->device_number);
        return;
    }
    say(L"Created device %u: %ls -> %ls\n", data->device_number, mounted ? arguments->mount_point : L"No mountpoint",
        arguments->file != NULL ? arguments->file : L"Image in memory");
}

/* Returns the letter that leads to the disk now, 0 if none. */
static wchar_t mount(const struct arguments *arguments, const struct imdisk_create_data *data, wchar_t letter)
{
    ballast_error error;
    if (letter != 0) {
        if (ballast_letter_leads_to(letter, data->device_number)) {
            return letter;
        }
        complain(L"Warning: the device was created without mount point; drive letter %lc: leads elsewhere.", letter);
    } else if (arguments->mount_point != NULL &&
               ballast_mount_point_create(arguments->mount_point, data->device_number, &error) != BALLAST_OK) {
        warn(&error);
        complain(L"Warning: the device was created without mount point.");
    }
    return 0;
}

static enum imdisk_exit format(const struct arguments *arguments, uint32_t number, wchar_t letter)
{
    ballast_error error;
    if (!arguments->numeric && letter != 0) {
        say(L"Formatting disk %lc:...\n", (wint_t)letter);
    } else if (!arguments->numeric) {
        say(L"Formatting disk %u...\n", number);
    }
    /* With -n standard output has the number alone. */
    ballast_result result =
        ballast_disk_format(number, letter, arguments->format, arguments->numeric ? BALLAST_FORMAT_QUIET : 0, &error);
    return result == BALLAST_OK     ? IMDISK_DONE
           : result == BALLAST_BUSY ? fail(IMDISK_NO_LETTER, &error)
                                    : fail(IMDISK_FORMAT_FAILED, &error);
}

static enum imdisk_exit finish(const struct arguments *arguments, const struct imdisk_create_data *data, wchar_t letter)
{
    ballast_error error;
    bool verbose = !arguments->numeric;
    if (arguments->persistent) {
        if (verbose) {
            say(L"Saving registry settings...\n");
        }
        if (ballast_boot_disk_save(data, &error) != BALLAST_OK) {
            warn(&error);
            complain(L"Warning: Registry edit failed.");
        }
    }
    if (arguments->format != NULL) {
        enum imdisk_exit result = format(arguments, data->device_number, letter);
        if (result != IMDISK_DONE) {
            return result;
        }
    }
    if (letter != 0) {
        if (verbose) {
            say(L"Notifying applications...\n");
        }
        ballast_letter_notify(letter, BALLAST_LETTER_ARRIVED);
    }
    if (verbose) {
        say(L"Done.\n");
    }
    return IMDISK_DONE;
}

/* "#:" becomes the first letter that is free. */
static enum imdisk_exit resolve_letter(struct arguments *arguments, wchar_t *letter)
{
    static wchar_t drive[] = L"#:";
    *letter = arguments->mount_point != NULL ? mount_point_letter(arguments->mount_point) : 0;
    if (*letter == L'#') {
        *letter = ballast_letter_free();
        if (*letter == 0) {
            complain(L"Error: no drive letter is free.");
            return IMDISK_NO_LETTER;
        }
    }
    if (*letter != 0) {
        drive[0] = *letter;
        arguments->mount_point = drive;
    }
    return IMDISK_DONE;
}

static enum imdisk_exit create(HANDLE control, struct arguments *arguments, struct imdisk_create_data **data,
                               wchar_t *letter)
{
    DWORD length = 0;
    enum imdisk_exit result = resolve_letter(arguments, letter);
    if (result == IMDISK_DONE) {
        result = build_request(arguments, *letter, data, &length);
    }
    if (result == IMDISK_DONE) {
        result = send_request(control, arguments, *data, length);
    }
    return result;
}

enum imdisk_exit attach(struct arguments *arguments)
{
    HANDLE control;
    struct imdisk_create_data *data = NULL;
    wchar_t letter;
    enum imdisk_exit result = driver_open(true, &control);
    if (result != IMDISK_DONE) {
        return result;
    }
    /* Not for others: loading an image may take minutes. */
    bool automatic = arguments->mount_point != NULL && mount_point_letter(arguments->mount_point) == L'#';
    HANDLE lock = automatic ? lock_mutex(LETTER_MUTEX) : NULL;
    result = create(control, arguments, &data, &letter);
    unlock_mutex(lock);
    CloseHandle(control);
    if (result == IMDISK_DONE) {
        print_created(arguments, data);
        letter = mount(arguments, data, letter);
        result = finish(arguments, data, letter);
    }
    free(data);
    return result;
}
