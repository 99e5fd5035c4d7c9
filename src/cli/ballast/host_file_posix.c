/* SPDX-License-Identifier: MIT */
/* Image files of POSIX systems; host_file.h has the contract. */

#define _GNU_SOURCE /* SEEK_DATA, sync_file_range, getentropy, renameat2 */

#include "cli/ballast/host_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#define SECONDS_OF_2000 946684800

/* What is written goes to the disk in the meantime, so that the flush at the end need not wait for all of it. */
#define WRITE_BEHIND    (32u << 20)

struct host_file {
    struct source source;
    int descriptor;
    uint64_t begun; /* writing behind */
    char *path;     /* of a new file: its place, and where it is */
    char *beside;
    bool replace; /* what is at its place by then */
};

static int last_failure;

static ballast_status failed(int code)
{
    last_failure = code;
    return code == ENOMEM ? BALLAST_INSUFFICIENT_RESOURCES : BALLAST_IO_DEVICE_ERROR;
}

void host_file_failure(ballast_error *error)
{
    error->code = (uint32_t)last_failure;
    (void)snprintf(error->message, sizeof(error->message), "%s", strerror(last_failure));
}

static ballast_result set_error(ballast_error *error, const char *what, const char *path, int code)
{
    error->code = (uint32_t)code;
    (void)snprintf(error->message, sizeof(error->message), "cannot %s '%.300s': %s", what, path, strerror(code));
    switch (code) {
    case ENOENT:
    case ENOTDIR:
        return BALLAST_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return BALLAST_NO_ACCESS;
    case EEXIST:
    case EWOULDBLOCK:
    case EBUSY:
        return BALLAST_BUSY;
    case EISDIR:
        return BALLAST_INVALID_ARGUMENT;
    default:
        return BALLAST_FAILED;
    }
}

static ballast_status file_read(struct source *source, uint64_t offset, void *buffer, size_t length)
{
    const struct host_file *file = (const struct host_file *)source;
    unsigned char *bytes = buffer;
    while (length != 0) {
        ssize_t done = pread(file->descriptor, bytes, length, (off_t)offset);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            return failed(done == 0 ? ENODATA : errno);
        }
        bytes += done;
        offset += (uint64_t)done;
        length -= (size_t)done;
    }
    return BALLAST_SUCCESS;
}

static ballast_status file_write(struct source *source, uint64_t offset, const void *buffer, size_t length)
{
    struct host_file *file = (struct host_file *)source;
    const unsigned char *bytes = buffer;
    while (length != 0) {
        ssize_t done = pwrite(file->descriptor, bytes, length, (off_t)offset);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done < 0) {
            return failed(errno);
        }
        bytes += done;
        offset += (uint64_t)done;
        length -= (size_t)done;
    }
    if (file->beside != NULL && offset >= file->begun + WRITE_BEHIND) {
        (void)sync_file_range(file->descriptor, (off_t)file->begun, (off_t)(offset - file->begun),
                              SYNC_FILE_RANGE_WRITE);
        file->begun = offset;
    }
    return BALLAST_SUCCESS;
}

static ballast_status file_resize(struct source *source, uint64_t size)
{
    const struct host_file *file = (const struct host_file *)source;
    return ftruncate(file->descriptor, (off_t)size) == 0 ? BALLAST_SUCCESS : failed(errno);
}

static ballast_status file_flush(struct source *source)
{
    const struct host_file *file = (const struct host_file *)source;
    return fsync(file->descriptor) == 0 ? BALLAST_SUCCESS : failed(errno);
}

static ballast_status file_trim(struct source *source, uint64_t offset, uint64_t length)
{
    const struct host_file *file = (const struct host_file *)source;
    (void)fallocate(file->descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)length);
    return BALLAST_SUCCESS;
}

static uint64_t file_extent(struct source *source, uint64_t offset, uint64_t length, bool *data)
{
    const struct host_file *file = (const struct host_file *)source;
    off_t next = lseek(file->descriptor, (off_t)offset, SEEK_DATA);
    *data = next == (off_t)offset || (next < 0 && errno != ENXIO);
    if (*data) {
        next = lseek(file->descriptor, (off_t)offset, SEEK_HOLE);
    }
    return next <= (off_t)offset || (uint64_t)next - offset > length ? length : (uint64_t)next - offset;
}

static bool file_usage(struct source *source, struct source_usage *usage)
{
    struct stat status;
    if (fstat(((const struct host_file *)source)->descriptor, &status) != 0) {
        return false;
    }
    *usage = (struct source_usage){.allocated_bytes = (uint64_t)status.st_blocks * 512};
    return true;
}

static void file_destroy(struct source *source)
{
    struct host_file *file = (struct host_file *)source;
    if (file->beside != NULL) {
        (void)unlink(file->beside);
    }
    (void)close(file->descriptor);
    free(file->path);
    free(file->beside);
    free(file);
}

static struct host_file *make(int descriptor)
{
    static const struct source_operations operations = {
        .read = file_read,
        .write = file_write,
        .trim = file_trim,
        .flush = file_flush,
        .resize = file_resize,
        .extent = file_extent,
        .usage = file_usage,
        .destroy = file_destroy,
    };
    struct host_file *file = calloc(1, sizeof(*file));
    if (file != NULL) {
        *file = (struct host_file){.source = {.operations = &operations, .blocks = true}, .descriptor = descriptor};
    }
    return file;
}

/* Of a file or a block device. */
static int measure(int descriptor, struct vhd_file *opened)
{
    struct stat status;
    if (fstat(descriptor, &status) != 0) {
        return errno;
    }
    if (S_ISDIR(status.st_mode)) {
        return EISDIR;
    }
    if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode)) {
        return ENOTSUP;
    }
    off_t end = lseek(descriptor, 0, SEEK_END);
    if (end < 0) {
        return errno;
    }
    opened->length = (uint64_t)end;
    int64_t seconds = (int64_t)status.st_mtime - SECONDS_OF_2000;
    opened->modified = seconds > 0 && seconds <= UINT32_MAX ? (uint32_t)seconds : 0;
    return 0;
}

ballast_result host_file_open(const wchar_t *path, bool writable, struct vhd_file *opened, ballast_error *error)
{
    char name[PATH_MAX];
    (void)snprintf(name, sizeof(name), "%s", utf8(path));
    int descriptor = open(name, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK); /* no pipe is waited for */
    int code = descriptor < 0 ? errno : measure(descriptor, opened);
    if (code == 0 && flock(descriptor, (writable ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        code = EBUSY;
    }
    struct host_file *file = code == 0 ? make(descriptor) : NULL;
    if (file == NULL) {
        if (descriptor >= 0) {
            (void)close(descriptor);
        }
        return set_error(error, "open", name, code != 0 ? code : ENOMEM);
    }
    opened->source = &file->source;
    return BALLAST_OK;
}

/* With the rights of what is to be replaced, or those that a new file gets. */
static void set_rights(int descriptor, const char *path)
{
    struct stat status;
    mode_t mask = umask(0);
    (void)umask(mask);
    mode_t mode = stat(path, &status) == 0 ? status.st_mode & 0777 : 0666 & ~mask;
    (void)fchmod(descriptor, mode);
}

/* What may be replaced: a file. 0 or the error; what there is not may be. */
static int check_place(const char *place, bool replace)
{
    struct stat status;
    if (stat(place, &status) != 0) {
        return errno == ENOENT ? 0 : errno;
    }
    if (!replace) {
        return EEXIST;
    }
    return S_ISREG(status.st_mode) ? 0 : S_ISDIR(status.st_mode) ? EISDIR : ENOTSUP;
}

/* Where a link leads, so that it stays and the file is replaced; the caller's to free. NULL: no memory. */
static char *place_of(const char *name)
{
    char *place = realpath(name, NULL);
    return place != NULL ? place : strdup(name);
}

ballast_result host_file_create(const wchar_t *path, bool replace, struct vhd_file *created, ballast_error *error)
{
    struct host_file *file = make(-1);
    char *place = place_of(utf8(path));
    size_t size = (place != NULL ? strlen(place) : 0) + sizeof(".XXXXXX.partial");
    char *beside = malloc(size);
    int code = file == NULL || beside == NULL || place == NULL ? ENOMEM : check_place(place, replace);
    if (code == 0) {
        (void)snprintf(beside, size, "%s.XXXXXX.partial", place);
        file->descriptor = mkstemps(beside, sizeof(".partial") - 1);
        code = file->descriptor < 0 ? errno : 0;
    }
    if (code != 0) {
        ballast_result result = set_error(error, "create", utf8(path), code);
        free(file);
        free(beside);
        free(place);
        return result;
    }
    set_rights(file->descriptor, place);
    file->path = place;
    file->beside = beside;
    file->replace = replace;
    *created = (struct vhd_file){.source = &file->source};
    return BALLAST_OK;
}

/* The directory's entry is durable, too. */
static void flush_directory(const char *path)
{
    char directory[PATH_MAX];
    (void)snprintf(directory, sizeof(directory), "%s", path);
    char *last = strrchr(directory, '/');
    if (last != NULL) {
        last[last == directory] = 0;
    }
    int descriptor = open(last != NULL ? directory : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor >= 0) {
        (void)fsync(descriptor);
        (void)close(descriptor);
    }
}

/* 0 or the error. Not every file system can rename to a name that is free only; those have links, which need one. */
static int put_into_place(const struct host_file *file)
{
    if (file->replace) {
        return rename(file->beside, file->path) == 0 ? 0 : errno;
    }
    if (renameat2(AT_FDCWD, file->beside, AT_FDCWD, file->path, RENAME_NOREPLACE) == 0) {
        return 0;
    }
    if (errno != EINVAL && errno != ENOSYS) {
        return errno;
    }
    if (link(file->beside, file->path) != 0) {
        return errno;
    }
    (void)unlink(file->beside);
    return 0;
}

ballast_result host_file_commit(struct source *source, ballast_error *error)
{
    struct host_file *file = (struct host_file *)source;
    int code = fsync(file->descriptor) == 0 ? put_into_place(file) : errno;
    ballast_result result = BALLAST_OK;
    if (code == 0) {
        flush_directory(file->path);
        free(file->beside);
        file->beside = NULL;
    } else {
        result = set_error(error, "create", file->path, code);
    }
    source->operations->destroy(source);
    return result;
}

bool host_file_same(const wchar_t *one, const wchar_t *other)
{
    struct stat first, second;
    return stat(utf8(one), &first) == 0 && stat(utf8(other), &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

uint32_t host_time(void)
{
    return (uint32_t)(time(NULL) - SECONDS_OF_2000);
}

bool host_unique(uint8_t id[16])
{
    return getentropy(id, 16) == 0;
}

const wchar_t *host_last_separator(const wchar_t *path)
{
    return wcsrchr(path, L'/');
}
