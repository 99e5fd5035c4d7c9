/* SPDX-License-Identifier: MIT */
/* Copies to drives and volumes, with the real driver, in the world of copy_world.h. All else is real. */
#include "tests/wine/copy_world.h"

/* ---- the cases ---- */

static wchar_t image[MAX_PATH];
static wchar_t path_of[DISKS][32];
static unsigned char content[SIZE];

static void make_image(const wchar_t *path)
{
    DWORD done = 0;
    HANDLE file = CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    CHECK(file != INVALID_HANDLE_VALUE && WriteFile(file, content, SIZE, &done, NULL) && done == SIZE);
    CloseHandle(file);
}

static void begin(void)
{
    wchar_t directory[MAX_PATH - 32];
    memset(content, 0xA5, sizeof(content));
    CHECK(GetTempPathW(MAX_PATH - 32, directory) != 0);
    (void)swprintf(image, MAX_PATH, L"%lscopied.img", directory);
    make_image(image);
    for (unsigned i = 0; i < DISKS; i++) {
        number_of[i] = NOBODY;
        locked[i] = dismounted[i] = false;
    }
    for (unsigned i = 0; i < DISKS; i++) {
        ballast_disk_options options;
        ballast_disk_options_initialize(&options);
        options.size = SIZE;
        CHECK_EQUAL(ballast_disk_create(&options, &number_of[i], NULL), BALLAST_OK);
        (void)swprintf(path_of[i], 32, L"\\\\.\\ImDisk%u", number_of[i]);
    }
    cached = NOBODY;
    flush_fails = 0;
    asked = 0;
    memset(&world, 0, sizeof(world));
    world.busy = DISKS;
    world.volume = VOLUME;
    lock_tries = updates = slept = lists = opens = 0;
}

static void end(void)
{
    for (unsigned i = 0; i < DISKS; i++) {
        uint32_t number = number_of[i];
        number_of[i] = NOBODY; /* a disk of ours again */
        CHECK_EQUAL(ballast_disk_remove(number, BALLAST_REMOVE_FORCE, NULL), BALLAST_OK);
    }
    (void)DeleteFileW(image);
}

/* While it is written, all that lies on the drive is locked and dismounted, and by handles that are still open. */
static int look_at_locks(void *context, uint64_t done, uint64_t total)
{
    DWORD flags;
    unsigned *steps = context;
    (void)done;
    (void)total;
    *steps += 1;
    CHECK(locked[VOLUME] && dismounted[VOLUME] && GetHandleInformation(locked_by[VOLUME], &flags));
    CHECK(locked[SPANNED] && dismounted[SPANNED] && GetHandleInformation(locked_by[SPANNED], &flags));
    CHECK(!locked[OTHER] && !dismounted[OTHER]);
    return 0;
}

static ballast_result copy(const wchar_t *from, const wchar_t *to, ballast_progress *progress, ballast_error *error)
{
    unsigned steps = 0;
    ballast_endpoint source = {.path = from};
    ballast_endpoint target = {.path = to};
    ballast_result result = ballast_copy(&source, &target, BALLAST_COPY_OVERWRITE, progress, &steps, error);
    CHECK(progress == NULL || result != BALLAST_OK || steps != 0);
    return result;
}

static void refused(const wchar_t *from, const wchar_t *to, ballast_result expected, const char *text)
{
    ballast_error error = {0};
    ballast_hash before;
    ballast_hash after;
    ballast_endpoint target = {.path = to};
    CHECK_EQUAL(ballast_hash_endpoint(&target, NULL, NULL, &before, NULL), BALLAST_OK);
    CHECK_EQUAL(copy(from, to, NULL, &error), expected);
    if (!CHECK(strstr(error.message, text) != NULL)) {
        test_note("it says: %s", error.message);
    }
    CHECK_EQUAL(ballast_hash_endpoint(&target, NULL, NULL, &after, NULL), BALLAST_OK);
    CHECK_BYTES(after.sha256, before.sha256, sizeof(before.sha256));
}

static void volumes_of_a_drive_are_locked(void)
{
    ballast_error error = {0};
    begin();
    CHECK_EQUAL(copy(image, path_of[WHOLE], look_at_locks, &error), BALLAST_OK);
    test_note("%s", error.message);
    end();
}

static void a_drive_in_use_is_not_written(void)
{
    begin();
    world.busy = SPANNED;
    world.busy_tries = 1000;
    refused(image, path_of[WHOLE], BALLAST_BUSY, "cannot be locked");
    CHECK(slept >= 8000 && slept <= 12000);
    CHECK(locked[VOLUME] && !dismounted[VOLUME]); /* which is as it was */
    CHECK_EQUAL(updates, 0);
    slept = 0;
    refused(image, path_of[SPANNED], BALLAST_BUSY, "is in use");
    CHECK(slept >= 8000 && slept <= 12000);
    end();
}

/* For a moment only, which passes. */
static void a_volume_may_be_busy_for_a_moment(void)
{
    begin();
    world.busy = SPANNED;
    world.busy_tries = 9;
    CHECK_EQUAL(copy(image, path_of[WHOLE], look_at_locks, NULL), BALLAST_OK);
    CHECK(slept >= 9 * 100 && slept <= 9 * 500);
    CHECK_EQUAL(updates, 1);
    world.busy = VOLUME;
    world.busy_tries = 3;
    CHECK_EQUAL(copy(image, path_of[VOLUME], NULL, NULL), BALLAST_OK);
    end();
}

static void waiting_for_a_volume_is_interrupted(void)
{
    begin();
    world.busy = VOLUME;
    world.busy_tries = 1000;
    ballast_interrupt();
    refused(image, path_of[WHOLE], BALLAST_INTERRUPTED, "interrupted");
    refused(image, path_of[VOLUME], BALLAST_INTERRUPTED, "interrupted");
    CHECK(slept < 1000);
    end();
}

/* Where Windows cannot be found, it may be there. */
static void the_system_is_not_overwritten(void)
{
    static const char text[] = "the system runs or starts from it";
    begin();
    world.windows_on_drive = true;
    refused(image, path_of[WHOLE], BALLAST_BUSY, text);
    world.windows_on_drive = false;
    world.windows_unknown = ERROR_NOT_READY;
    refused(image, path_of[WHOLE], BALLAST_BUSY, text);
    world.windows_unknown = 0;
    world.windows_locked = true;
    refused(image, path_of[WHOLE], BALLAST_BUSY, text);
    CHECK_EQUAL(lock_tries, 0);
    end();
}

/* As Windows that runs from a RAM disk, which is on no drive. After any other error it may be. */
static void a_system_on_no_drive_is_no_hindrance(void)
{
    static const struct {
        DWORD extents, number;
        bool refused;
    } rows[] = {
        {ERROR_INVALID_FUNCTION, ERROR_INVALID_FUNCTION, false},
        {ERROR_NOT_SUPPORTED, ERROR_NOT_SUPPORTED, false},
        {ERROR_INVALID_FUNCTION, ERROR_NOT_SUPPORTED, false},
        {ERROR_NOT_SUPPORTED, ERROR_INVALID_FUNCTION, false},
        {ERROR_INVALID_FUNCTION, ERROR_ACCESS_DENIED, true},
        {ERROR_ACCESS_DENIED, ERROR_INVALID_FUNCTION, true},
        {ERROR_NOT_SUPPORTED, ERROR_NOT_READY, true},
        {ERROR_NOT_READY, ERROR_NOT_SUPPORTED, true},
        {ERROR_SEM_TIMEOUT, ERROR_SEM_TIMEOUT, true},
        {ERROR_INVALID_FUNCTION, ERROR_IO_DEVICE, true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        begin();
        world.windows_unknown = rows[i].extents;
        world.windows_number = rows[i].number;
        test_note("extents: error %lu, number: error %lu", rows[i].extents, rows[i].number);
        if (rows[i].refused) {
            refused(image, path_of[WHOLE], BALLAST_BUSY, "the system runs or starts from it");
        } else {
            CHECK_EQUAL(copy(image, path_of[WHOLE], look_at_locks, NULL), BALLAST_OK);
        }
        end();
    }
}

/* By who uses what lies on it, and is listed nowhere. */
static void a_drive_that_is_locked_by_others_is_not_written(void)
{
    begin();
    world.busy = WHOLE;
    world.busy_tries = 1000;
    refused(image, path_of[WHOLE], BALLAST_BUSY, "is in use");
    CHECK(!dismounted[VOLUME] && !dismounted[SPANNED]);
    end();
}

static void set_system_partition(const wchar_t *value)
{
    HKEY key;
    CHECK_EQUAL(RegCreateKeyW(HKEY_LOCAL_MACHINE, L"SYSTEM\\Setup", &key), ERROR_SUCCESS);
    LSTATUS status = value == NULL ? RegDeleteValueW(key, L"SystemPartition")
                                   : RegSetValueExW(key, L"SystemPartition", 0, REG_SZ, (const BYTE *)value,
                                                    (DWORD)((wcslen(value) + 1) * sizeof(wchar_t)));
    CHECK_EQUAL(status, ERROR_SUCCESS);
    RegCloseKey(key);
}

static void what_the_system_starts_from_is_not_overwritten(void)
{
    static const char text[] = "the system runs or starts from it";
    static wchar_t name[100001];
    begin();
    disk_device_name(number_of[VOLUME], name);
    set_system_partition(name);
    refused(image, path_of[WHOLE], BALLAST_BUSY, text);
    wmemset(name, L'x', 100000);
    set_system_partition(name);
    refused(image, path_of[WHOLE], BALLAST_BUSY, text);
    set_system_partition(L"\\Device\\NoDiskAtAll");
    CHECK_EQUAL(copy(image, path_of[WHOLE], look_at_locks, NULL), BALLAST_OK);
    set_system_partition(NULL);
    end();
}

/* A drive without partitions is a volume, whose handle says that it is the drive. */
static void a_superfloppy_is_locked_by_its_own_handle(void)
{
    ballast_error error = {0};
    begin();
    world.superfloppy = true;
    CHECK_EQUAL(copy(image, path_of[VOLUME], look_at_locks, &error), BALLAST_OK);
    test_note("%s", error.message);
    CHECK_EQUAL(copy(image, path_of[WHOLE], look_at_locks, NULL), BALLAST_OK);
    end();
}

/* The drive of a removable medium answers what volumes do, and is none. */
static void a_removable_drive_is_a_drive(void)
{
    begin();
    world.removable = true;
    CHECK_EQUAL(copy(image, path_of[WHOLE], look_at_locks, NULL), BALLAST_OK);
    end();
}

static void a_volume_that_appears_meanwhile_is_locked(void)
{
    begin();
    world.late = SPANNED;
    CHECK_EQUAL(copy(image, path_of[WHOLE], look_at_locks, NULL), BALLAST_OK);
    end();
}

/* And a volume on it, in both directions; but not the volume of another. */
static void a_drive_has_its_partitions(void)
{
    static const char text[] = "source and target are the same";
    begin();
    refused(path_of[WHOLE], path_of[VOLUME], BALLAST_INVALID_ARGUMENT, text);
    refused(path_of[VOLUME], path_of[WHOLE], BALLAST_INVALID_ARGUMENT, text);
    refused(path_of[WHOLE], path_of[SPANNED], BALLAST_INVALID_ARGUMENT, text);
    CHECK_EQUAL(copy(path_of[WHOLE], path_of[OTHER], NULL, NULL), BALLAST_OK);
    end();
}

static void a_file_lies_on_its_volume(void)
{
    static const char text[] = "one is stored in the other";
    ballast_hash hash;
    ballast_endpoint file = {.path = image};
    begin();
    world.name = L"copied.img";
    refused(image, path_of[WHOLE], BALLAST_INVALID_ARGUMENT, text);
    refused(image, path_of[VOLUME], BALLAST_INVALID_ARGUMENT, text);
    refused(path_of[WHOLE], image, BALLAST_INVALID_ARGUMENT, text);
    CHECK(DeleteFileW(image)); /* what is not there yet */
    CHECK_EQUAL(copy(path_of[VOLUME], image, NULL, NULL), BALLAST_INVALID_ARGUMENT);
    CHECK_EQUAL(ballast_hash_endpoint(&file, NULL, NULL, &hash, NULL), BALLAST_NOT_FOUND);
    make_image(image);
    CHECK_EQUAL(copy(image, path_of[OTHER], NULL, NULL), BALLAST_OK);
    world.volume = SPANNED;
    refused(image, path_of[WHOLE], BALLAST_INVALID_ARGUMENT, text);
    world.many = true; /* on any drive */
    refused(image, path_of[WHOLE], BALLAST_INVALID_ARGUMENT, text);
    end();
}

static uint32_t disk_on;

static void make_disk_on(const wchar_t *path)
{
    ballast_disk_options options;
    ballast_error error = {0};
    ballast_disk_options_initialize(&options);
    options.type = BALLAST_DISK_FILE;
    options.flags = BALLAST_DISK_READ_ONLY | BALLAST_DISK_SHARED;
    options.image = path;
    options.size = SIZE;
    CHECK_EQUAL(ballast_disk_create(&options, &disk_on, &error), BALLAST_OK);
    test_note("%s", error.message);
}

static void remove_disk_on(void)
{
    CHECK_EQUAL(ballast_disk_remove(disk_on, 0, NULL), BALLAST_OK);
}

/* A disk whose image lies on the drive, or is a volume of it. */
static void an_image_is_not_overwritten(void)
{
    wchar_t other[MAX_PATH];
    begin();
    make_disk_on(path_of[VOLUME]);
    refused(image, path_of[WHOLE], BALLAST_BUSY, "is the image of disk");
    remove_disk_on();
    (void)swprintf(other, MAX_PATH, L"%ls.other", image);
    make_image(other);
    make_disk_on(other);
    world.name = L"copied.img.other";
    refused(image, path_of[WHOLE], BALLAST_BUSY, "or that lies on it");
    remove_disk_on();
    (void)DeleteFileW(other);
    end();
}

/* Nobody can tell what its image is. */
static void what_may_be_an_image_is_not_overwritten(void)
{
    wchar_t other[MAX_PATH];
    begin();
    (void)swprintf(other, MAX_PATH, L"%ls.other", image);
    make_image(other);
    make_disk_on(other);
    world.images_locked = true;
    refused(path_of[OTHER], image, BALLAST_BUSY, "may be the image of disk");
    world.images_locked = false;
    CHECK_EQUAL(copy(path_of[OTHER], image, NULL, NULL), BALLAST_OK);
    remove_disk_on();
    (void)DeleteFileW(other);
    end();
}

/* What is still held by a file system is no hole of the disk. */
static void sources_are_flushed_first(void)
{
    wchar_t path[32];
    uint32_t disk = NOBODY;
    ballast_disk_options options;
    ballast_hash empty;
    ballast_hash hash;
    begin();
    ballast_disk_options_initialize(&options);
    options.size = SIZE;
    CHECK_EQUAL(ballast_disk_create(&options, &disk, NULL), BALLAST_OK);
    (void)swprintf(path, 32, L"\\\\.\\ImDisk%u", disk);
    const ballast_endpoint ends[] = {{.disk = disk}, {.path = path}};
    CHECK_EQUAL(ballast_hash_endpoint(&ends[0], NULL, NULL, &empty, NULL), BALLAST_OK);
    for (size_t i = 0; i < 2; i++) {
        cached = disk;
        CHECK_EQUAL(ballast_hash_endpoint(&ends[i], NULL, NULL, &hash, NULL), BALLAST_OK);
        CHECK_EQUAL(cached, NOBODY);
        CHECK(memcmp(hash.sha256, empty.sha256, sizeof(hash.sha256)) != 0);
    }
    CHECK(asked != 0);
    asked = 0; /* where that fails, nobody knows what is a hole */
    flush_fails = ERROR_IO_DEVICE;
    CHECK_EQUAL(ballast_hash_endpoint(&ends[0], NULL, NULL, &hash, NULL), BALLAST_OK);
    CHECK_EQUAL(asked, 0);
    CHECK_EQUAL(ballast_disk_remove(disk, BALLAST_REMOVE_FORCE, NULL), BALLAST_OK);
    end();
}

/* Volumes without a file system refuse flushes: nothing is held there. */
static void targets_need_no_file_system(void)
{
    ballast_error error = {0};
    begin();
    flush_fails = ERROR_INVALID_FUNCTION;
    CHECK_EQUAL(copy(image, path_of[OTHER], NULL, &error), BALLAST_OK);
    test_note("%s", error.message);
    flush_fails = ERROR_IO_DEVICE;
    CHECK_EQUAL(copy(image, path_of[OTHER], NULL, &error), BALLAST_FAILED);
    flush_fails = 0;
    end();
}

/* In words, whichever of them a system answers. */
static void a_server_that_is_not_there_is_said(void)
{
    static const DWORD codes[] = {ERROR_BAD_NETPATH, ERROR_BAD_NET_NAME, ERROR_BAD_DEV_TYPE};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        ballast_error error = {0};
        char bare[64];
        (void)snprintf(bare, sizeof(bare), "image 'a.img': error %lu", codes[i]);
        CHECK_EQUAL(error_set(&error, result_of(codes[i]), codes[i], L"image '%ls'", L"a.img"), BALLAST_NOT_FOUND);
        CHECK_EQUAL(error.code, codes[i]);
        CHECK(strncmp(error.message, "image 'a.img': ", 15) == 0 && strcmp(error.message, bare) != 0);
        test_note("it says: %s", error.message);
    }
}

/* On the second of its drives. */
static void a_spanned_volume_is_an_image(void)
{
    begin();
    make_disk_on(path_of[WHOLE]);
    refused(image, path_of[SPANNED], BALLAST_BUSY, "is the image of disk");
    remove_disk_on();
    end();
}

static void make_disk_on_drive(void)
{
    make_disk_on(path_of[WHOLE]);
}

/* A disk that is made on it when nobody had looked any more; and what is on the drive stays mounted. */
static void an_image_that_appears_meanwhile_is_not_overwritten(void)
{
    begin();
    world.when_locked = make_disk_on_drive;
    refused(image, path_of[WHOLE], BALLAST_BUSY, "is the image of disk");
    CHECK(locked[VOLUME] && !dismounted[VOLUME]);
    CHECK_EQUAL(updates, 0);
    remove_disk_on();
    end();
}

TEST_MAIN({"sources_are_flushed_first", sources_are_flushed_first},
          {"targets_need_no_file_system", targets_need_no_file_system},
          {"volumes_of_a_drive_are_locked", volumes_of_a_drive_are_locked},
          {"a_drive_in_use_is_not_written", a_drive_in_use_is_not_written},
          {"a_volume_may_be_busy_for_a_moment", a_volume_may_be_busy_for_a_moment},
          {"the_system_is_not_overwritten", the_system_is_not_overwritten},
          {"what_the_system_starts_from_is_not_overwritten", what_the_system_starts_from_is_not_overwritten},
          {"a_superfloppy_is_locked_by_its_own_handle", a_superfloppy_is_locked_by_its_own_handle},
          {"a_removable_drive_is_a_drive", a_removable_drive_is_a_drive},
          {"a_volume_that_appears_meanwhile_is_locked", a_volume_that_appears_meanwhile_is_locked},
          {"a_drive_has_its_partitions", a_drive_has_its_partitions},
          {"a_file_lies_on_its_volume", a_file_lies_on_its_volume},
          {"an_image_is_not_overwritten", an_image_is_not_overwritten},
          {"what_may_be_an_image_is_not_overwritten", what_may_be_an_image_is_not_overwritten},
          {"a_system_on_no_drive_is_no_hindrance", a_system_on_no_drive_is_no_hindrance},
          {"a_drive_that_is_locked_by_others_is_not_written", a_drive_that_is_locked_by_others_is_not_written},
          {"a_server_that_is_not_there_is_said", a_server_that_is_not_there_is_said},
          {"a_spanned_volume_is_an_image", a_spanned_volume_is_an_image},
          {"an_image_that_appears_meanwhile_is_not_overwritten", an_image_that_appears_meanwhile_is_not_overwritten},
          {"waiting_for_a_volume_is_interrupted", waiting_for_a_volume_is_interrupted})
