/* SPDX-License-Identifier: MIT */
/*
 * Moving data: copy, compare, hash. Disks and files are read and written by overlapped requests of BLOCK_SIZE bytes; a
 * copy reads the next block while the last one is being written.
 */

#include "lib/internal.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wincrypt.h>
#include <winioctl.h>

/* The best size for the driver and for files; also a multiple of every sector size. */
#define BLOCK_SIZE (1u << 20)

/* VirtualAlloc memory is page aligned, as unbuffered I/O wants. */
#define BLOCKS     2

struct stream {
    const ballast_endpoint *endpoint;
    HANDLE handle;
    uint64_t length;
    DWORD sector;          /* transfers must be multiples of this */
    OVERLAPPED overlapped; /* one request at a time */
    int locked;            /* the volume is */
};

static int is_disk(const ballast_endpoint *endpoint)
{
    return endpoint->path == NULL;
}

/* "disk 3" or "'x.img'", for messages. */
static const wchar_t *name_of(const ballast_endpoint *endpoint, wchar_t *text, size_t size)
{
    if (is_disk(endpoint)) {
        (void)swprintf(text, size, L"disk %u", endpoint->disk);
    } else if (swprintf(text, size, L"'%ls'", endpoint->path) < 0) {
        text[size - 1] = 0;
    }
    return text;
}

static ballast_result stream_error(const struct stream *stream, DWORD code, const wchar_t *what, uint64_t offset,
                                   ballast_error *error)
{
    wchar_t name[300];
    return error_set(error, result_of(code), code, L"cannot %ls %ls at offset %llu", what,
                     name_of(stream->endpoint, name, 300), (unsigned long long)offset);
}

/* ---- opening ---- */

static ballast_result open_disk_stream(struct stream *stream, int write, ballast_error *error)
{
    ballast_result result = BALLAST_OK;
    uint32_t number = stream->endpoint->disk;
    ballast_disk_info info = {.struct_size = sizeof(info)};
    result = ballast_disk_query(number, &info, error);
    if (result != BALLAST_OK) {
        return result;
    }
    if (write && (info.flags & BALLAST_DISK_READ_ONLY) != 0) {
        return error_set(error, BALLAST_NO_ACCESS, 0, L"disk %u is read-only", number);
    }
    stream->handle = open_disk(number, write ? OPEN_WRITE : OPEN_READ, &result, error);
    if (stream->handle == INVALID_HANDLE_VALUE) {
        return result;
    }
    stream->length = info.size;
    stream->sector = info.bytes_per_sector != 0 ? info.bytes_per_sector : 1;
    if (write) {
        DWORD code = device_control(stream->handle, FSCTL_LOCK_VOLUME, NULL, 0, NULL, 0, NULL);
        if (code != 0) {
            return error_set(error, BALLAST_BUSY, code, L"disk %u is in use", number);
        }
        stream->locked = 1;
    } else {
        (void)FlushFileBuffers(stream->handle);
    }
    /* Or Windows hides the sectors behind the file system's end. */
    (void)device_control(stream->handle, FSCTL_ALLOW_EXTENDED_DASD_IO, NULL, 0, NULL, 0, NULL);
    return BALLAST_OK;
}

static ballast_result open_file_stream(struct stream *stream, int write, uint32_t flags, ballast_error *error)
{
    const wchar_t *path = stream->endpoint->path;
    DWORD disposition = OPEN_EXISTING;
    DWORD share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE; /* a disk may be using the image */
    LARGE_INTEGER length;
    if (write) {
        share = FILE_SHARE_READ;
        disposition = (flags & BALLAST_COPY_OVERWRITE) != 0 ? CREATE_ALWAYS : CREATE_NEW;
    }
    stream->handle = CreateFileW(path, write ? GENERIC_READ | GENERIC_WRITE : GENERIC_READ, share, NULL, disposition,
                                 FILE_FLAG_OVERLAPPED, NULL);
    if (stream->handle == INVALID_HANDLE_VALUE) {
        DWORD code = GetLastError();
        return error_set(error, result_of(code), code, write ? L"cannot create '%ls'" : L"cannot open '%ls'", path);
    }
    if (!GetFileSizeEx(stream->handle, &length)) {
        DWORD code = GetLastError();
        return error_set(error, result_of(code), code, L"cannot get the size of '%ls'", path);
    }
    stream->length = (uint64_t)length.QuadPart;
    return BALLAST_OK;
}

static void stream_close(struct stream *stream)
{
    if (stream->handle != INVALID_HANDLE_VALUE) {
        if (stream->locked) {
            /* The file system, if there is one, must read the new content. */
            (void)device_control(stream->handle, FSCTL_DISMOUNT_VOLUME, NULL, 0, NULL, 0, NULL);
            (void)device_control(stream->handle, FSCTL_UNLOCK_VOLUME, NULL, 0, NULL, 0, NULL);
        }
        CloseHandle(stream->handle);
    }
    if (stream->overlapped.hEvent != NULL) {
        CloseHandle(stream->overlapped.hEvent);
    }
}

/* After a failure nothing is left to close. */
static ballast_result stream_open(struct stream *stream, const ballast_endpoint *endpoint, int write, uint32_t flags,
                                  ballast_error *error)
{
    ballast_result result;
    *stream = (struct stream){.endpoint = endpoint, .handle = INVALID_HANDLE_VALUE, .sector = 1};
    stream->overlapped.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (stream->overlapped.hEvent == NULL) {
        result = error_set(error, BALLAST_FAILED, GetLastError(), L"cannot create an event");
    } else if (is_disk(endpoint)) {
        result = open_disk_stream(stream, write, error);
    } else {
        result = open_file_stream(stream, write, flags, error);
    }
    if (result != BALLAST_OK) {
        stream_close(stream);
    }
    return result;
}

/* ---- requests ---- */

static DWORD round_up(DWORD length, DWORD sector)
{
    return (length + sector - 1) / sector * sector;
}

static void set_offset(struct stream *stream, uint64_t offset)
{
    stream->overlapped.Offset = (DWORD)offset;
    stream->overlapped.OffsetHigh = (DWORD)(offset >> 32);
}

static DWORD wait_transfer(struct stream *stream, BOOL done, DWORD length)
{
    DWORD count = 0;
    if (!done && GetLastError() != ERROR_IO_PENDING) {
        return GetLastError();
    }
    if (!GetOverlappedResult(stream->handle, &stream->overlapped, &count, TRUE)) {
        return GetLastError();
    }
    return count >= length ? 0 : ERROR_HANDLE_EOF;
}

/* Buffers have room for whole sectors. A disk whose size is no multiple of its sector is read to its very end. */
static DWORD transfer_length(const struct stream *stream, uint64_t offset, DWORD length)
{
    DWORD rounded = round_up(length, stream->sector);
    return offset + rounded <= stream->length ? rounded : length;
}

static DWORD stream_read(struct stream *stream, uint64_t offset, void *buffer, DWORD length)
{
    set_offset(stream, offset);
    BOOL done = ReadFile(stream->handle, buffer, transfer_length(stream, offset, length), NULL, &stream->overlapped);
    return wait_transfer(stream, done, length);
}

/*
 * The end of a source may lie within a sector of the target: the rest of that sector is read first and written back
 * unchanged.
 */
static DWORD complete_sector(struct stream *stream, uint64_t offset, unsigned char *buffer, DWORD length)
{
    DWORD whole = length / stream->sector * stream->sector;
    unsigned char *sector;
    DWORD code = 0;
    if (whole == length || offset + round_up(length, stream->sector) > stream->length) {
        return 0;
    }
    sector = VirtualAlloc(NULL, stream->sector, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    if (sector == NULL) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    code = stream_read(stream, offset + whole, sector, stream->sector);
    if (code == 0) {
        memcpy(buffer + length, sector + (length - whole), stream->sector - (length - whole));
    }
    VirtualFree(sector, 0, MEM_RELEASE);
    return code;
}

static BOOL start_write(struct stream *stream, uint64_t offset, const void *buffer, DWORD length)
{
    set_offset(stream, offset);
    return WriteFile(stream->handle, buffer, transfer_length(stream, offset, length), NULL, &stream->overlapped);
}

/* ---- the three jobs ---- */

static DWORD block_length(uint64_t total, uint64_t done)
{
    return total - done < BLOCK_SIZE ? (DWORD)(total - done) : BLOCK_SIZE;
}

static ballast_result report(ballast_progress *progress, void *context, uint64_t done, uint64_t total,
                             ballast_error *error)
{
    if (progress != NULL && progress(context, done, total) != 0) {
        return error_set(error, BALLAST_INTERRUPTED, 0, L"interrupted after %llu of %llu bytes",
                         (unsigned long long)done, (unsigned long long)total);
    }
    return BALLAST_OK;
}

static unsigned char *allocate_blocks(ballast_error *error)
{
    unsigned char *blocks = VirtualAlloc(NULL, (SIZE_T)BLOCKS * BLOCK_SIZE, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    if (blocks == NULL) {
        (void)error_set(error, BALLAST_FAILED, GetLastError(), L"cannot allocate buffers");
    }
    return blocks;
}

static ballast_result copy_blocks(struct stream *from, struct stream *to, unsigned char *blocks,
                                  ballast_progress *progress, void *context, ballast_error *error)
{
    uint64_t total = from->length;
    uint64_t done = 0;
    DWORD code = stream_read(from, 0, blocks, block_length(total, 0));
    if (code != 0) {
        return stream_error(from, code, L"read", 0, error);
    }
    for (unsigned turn = 0; done < total; turn ^= 1) {
        unsigned char *block = blocks + (size_t)turn * BLOCK_SIZE;
        DWORD length = block_length(total, done);
        uint64_t next = done + length;
        code = complete_sector(to, done, block, length);
        if (code != 0) {
            return stream_error(to, code, L"read", done, error);
        }
        BOOL started = start_write(to, done, block, length);
        DWORD start_code = GetLastError();
        DWORD read_code =
            next < total ? stream_read(from, next, blocks + (size_t)(turn ^ 1) * BLOCK_SIZE, block_length(total, next))
                         : 0;
        SetLastError(start_code);
        code = wait_transfer(to, started, length);
        if (code != 0) {
            return stream_error(to, code, L"write", done, error);
        }
        if (read_code != 0) {
            return stream_error(from, read_code, L"read", next, error);
        }
        done = next;
        ballast_result result = report(progress, context, done, total, error);
        if (result != BALLAST_OK) {
            return result;
        }
    }
    return BALLAST_OK;
}

static ballast_result finish_copy(struct stream *to, ballast_error *error)
{
    if (!FlushFileBuffers(to->handle)) {
        DWORD code = GetLastError();
        wchar_t name[300];
        return error_set(error, result_of(code), code, L"cannot flush %ls", name_of(to->endpoint, name, 300));
    }
    return BALLAST_OK;
}

static ballast_result check_room(const struct stream *from, const struct stream *to, ballast_error *error)
{
    if (is_disk(to->endpoint) && from->length > to->length) {
        wchar_t name[300];
        return error_set(error, BALLAST_INVALID_ARGUMENT, 0, L"%ls is %llu bytes and does not fit on disk %u of %llu",
                         name_of(from->endpoint, name, 300), (unsigned long long)from->length, to->endpoint->disk,
                         (unsigned long long)to->length);
    }
    return BALLAST_OK;
}

static int same_endpoint(const ballast_endpoint *a, const ballast_endpoint *b)
{
    return is_disk(a) == is_disk(b) && (is_disk(a) ? a->disk == b->disk : _wcsicmp(a->path, b->path) == 0);
}

ballast_result ballast_copy(const ballast_endpoint *from, const ballast_endpoint *to, uint32_t flags,
                            ballast_progress *progress, void *context, ballast_error *error)
{
    struct stream source;
    struct stream target;
    if (same_endpoint(from, to)) {
        return error_set(error, BALLAST_INVALID_ARGUMENT, 0, L"source and target are the same");
    }
    ballast_result result = stream_open(&source, from, 0, flags, error);
    if (result != BALLAST_OK) {
        return result;
    }
    result = stream_open(&target, to, 1, flags, error);
    if (result == BALLAST_OK) {
        unsigned char *blocks = NULL;
        result = check_room(&source, &target, error);
        if (result == BALLAST_OK) {
            blocks = allocate_blocks(error);
            result = blocks == NULL ? BALLAST_FAILED : BALLAST_OK;
        }
        if (!is_disk(to)) {
            target.length = source.length;
        }
        if (result == BALLAST_OK && source.length != 0) {
            result = copy_blocks(&source, &target, blocks, progress, context, error);
        }
        if (result == BALLAST_OK) {
            result = finish_copy(&target, error);
        }
        if (blocks != NULL) {
            VirtualFree(blocks, 0, MEM_RELEASE);
        }
        stream_close(&target);
    }
    stream_close(&source);
    return result;
}

static ballast_result difference(const struct stream *reference, const struct stream *other, uint64_t offset,
                                 unsigned expected, unsigned found, ballast_error *error)
{
    wchar_t first[300];
    wchar_t second[300];
    return error_set(error, BALLAST_DIFFERENT, 0, L"%ls and %ls differ at offset %llu: 0x%02x and 0x%02x",
                     name_of(reference->endpoint, first, 300), name_of(other->endpoint, second, 300),
                     (unsigned long long)offset, expected, found);
}

static ballast_result compare_blocks(struct stream *reference, struct stream *other, unsigned char *blocks,
                                     ballast_progress *progress, void *context, ballast_error *error)
{
    unsigned char *a = blocks;
    unsigned char *b = blocks + BLOCK_SIZE;
    for (uint64_t done = 0; done < reference->length;) {
        DWORD length = block_length(reference->length, done);
        DWORD code = stream_read(reference, done, a, length);
        if (code != 0) {
            return stream_error(reference, code, L"read", done, error);
        }
        code = stream_read(other, done, b, length);
        if (code != 0) {
            return stream_error(other, code, L"read", done, error);
        }
        if (memcmp(a, b, length) != 0) {
            DWORD i = 0;
            while (a[i] == b[i]) {
                i++;
            }
            return difference(reference, other, done + i, a[i], b[i], error);
        }
        done += length;
        ballast_result result = report(progress, context, done, reference->length, error);
        if (result != BALLAST_OK) {
            return result;
        }
    }
    return BALLAST_OK;
}

ballast_result ballast_compare(const ballast_endpoint *reference, const ballast_endpoint *other,
                               ballast_progress *progress, void *context, ballast_error *error)
{
    struct stream a;
    struct stream b;
    ballast_result result = stream_open(&a, reference, 0, 0, error);
    if (result != BALLAST_OK) {
        return result;
    }
    result = stream_open(&b, other, 0, 0, error);
    if (result == BALLAST_OK) {
        unsigned char *blocks = allocate_blocks(error);
        if (blocks == NULL) {
            result = BALLAST_FAILED;
        } else if (a.length > b.length) {
            wchar_t name[300];
            result = error_set(error, BALLAST_DIFFERENT, 0, L"%ls is shorter: %llu of %llu bytes",
                               name_of(other, name, 300), (unsigned long long)b.length, (unsigned long long)a.length);
        } else {
            result = compare_blocks(&a, &b, blocks, progress, context, error);
        }
        if (blocks != NULL) {
            VirtualFree(blocks, 0, MEM_RELEASE);
        }
        stream_close(&b);
    }
    stream_close(&a);
    return result;
}

static ballast_result hash_blocks(struct stream *stream, unsigned char *blocks, HCRYPTHASH crypt_hash,
                                  ballast_progress *progress, void *context, ballast_error *error)
{
    for (uint64_t done = 0; done < stream->length;) {
        DWORD length = block_length(stream->length, done);
        DWORD code = stream_read(stream, done, blocks, length);
        if (code != 0) {
            return stream_error(stream, code, L"read", done, error);
        }
        if (!CryptHashData(crypt_hash, blocks, length, 0)) {
            return error_set(error, BALLAST_FAILED, GetLastError(), L"cannot compute SHA-256");
        }
        done += length;
        ballast_result result = report(progress, context, done, stream->length, error);
        if (result != BALLAST_OK) {
            return result;
        }
    }
    return BALLAST_OK;
}

ballast_result ballast_hash_endpoint(const ballast_endpoint *endpoint, ballast_progress *progress, void *context,
                                     ballast_hash *hash, ballast_error *error)
{
    struct stream stream;
    HCRYPTPROV provider = 0;
    HCRYPTHASH crypt_hash = 0;
    ballast_hash answer;
    DWORD size = sizeof(answer.sha256);
    unsigned char *blocks = NULL;
    ballast_result result = stream_open(&stream, endpoint, 0, 0, error);
    if (result != BALLAST_OK) {
        return result;
    }
    if (!CryptAcquireContextW(&provider, NULL, NULL, PROV_RSA_AES, CRYPT_VERIFYCONTEXT) ||
        !CryptCreateHash(provider, CALG_SHA_256, 0, 0, &crypt_hash)) {
        result = error_set(error, BALLAST_FAILED, GetLastError(), L"the system offers no SHA-256");
        goto out;
    }
    blocks = allocate_blocks(error);
    if (blocks == NULL) {
        result = BALLAST_FAILED;
        goto out;
    }
    result = hash_blocks(&stream, blocks, crypt_hash, progress, context, error);
    if (result == BALLAST_OK && !CryptGetHashParam(crypt_hash, HP_HASHVAL, answer.sha256, &size, 0)) {
        result = error_set(error, BALLAST_FAILED, GetLastError(), L"cannot compute SHA-256");
    }
    if (result == BALLAST_OK) {
        *hash = answer;
    }

out:
    if (blocks != NULL) {
        VirtualFree(blocks, 0, MEM_RELEASE);
    }
    if (crypt_hash != 0) {
        CryptDestroyHash(crypt_hash);
    }
    if (provider != 0) {
        CryptReleaseContext(provider, 0);
    }
    stream_close(&stream);
    return result;
}
