/* SPDX-License-Identifier: MIT */
/*
 * Moving data: copy, compare, hash. Only what holds data is read and written, as far as disks and file systems tell; a copy
 * reads the next block while the last one is being written.
 */

#include "lib/data.h"
#include "lib/stream.h"

#include <string.h>
#include <wchar.h>
#include <wincrypt.h>
#include <winioctl.h>

/* VirtualAlloc memory is page aligned, as unbuffered I/O wants. */
#define BLOCKS     2

/* Where ranges with data are cut, so that whole sectors are transferred. */
#define RANGE_UNIT 65536u

static ballast_result stream_error(const struct stream *stream, DWORD code, const wchar_t *what, uint64_t offset,
                                   ballast_error *error)
{
    wchar_t name[300];
    return error_set(error, result_of(code), code, L"cannot %ls %ls at offset %llu", what,
                     stream_name(stream, name, 300), (unsigned long long)offset);
}

/* Left out where nobody wants to know. */
struct watch {
    ballast_progress *progress;
    void *context;
    uint64_t total;
    const wchar_t *left; /* what an interrupted job leaves behind */
};

static ballast_result report(const struct watch *watch, uint64_t done, ballast_error *error)
{
    if (watch->progress != NULL && watch->progress(watch->context, done, watch->total) != 0) {
        return error_set(error, BALLAST_INTERRUPTED, 0, L"interrupted after %llu of %llu bytes%ls",
                         (unsigned long long)done, (unsigned long long)watch->total, watch->left);
    }
    return BALLAST_OK;
}

static unsigned char *allocate_blocks(ballast_error *error)
{
    unsigned char *blocks = VirtualAlloc(NULL, (SIZE_T)BLOCKS * STREAM_BLOCK, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    if (blocks == NULL) {
        (void)error_set(error, BALLAST_FAILED, GetLastError(), L"cannot allocate buffers");
    }
    return blocks;
}

static void free_blocks(unsigned char *blocks)
{
    if (blocks != NULL) {
        VirtualFree(blocks, 0, MEM_RELEASE);
    }
}

/* ---- pieces: what is transferred at a time ---- */

struct piece {
    uint64_t offset;
    DWORD length; /* 0: the end, which is at `offset` */
};

/* The next block with data at or behind `from`. */
static struct piece next_piece(struct stream *stream, uint64_t from, uint64_t total)
{
    struct ballast_disk_range range = ranges_next(&stream->ranges, from);
    if (range.length_bytes == 0 || range.offset_bytes >= total) {
        return (struct piece){total, 0};
    }
    uint64_t begin = range.offset_bytes / RANGE_UNIT * RANGE_UNIT;
    uint64_t end = (range.offset_bytes + range.length_bytes + RANGE_UNIT - 1) / RANGE_UNIT * RANGE_UNIT;
    begin = begin < from ? from : begin;
    end = end > total ? total : end;
    return (struct piece){begin, end - begin < STREAM_BLOCK ? (DWORD)(end - begin) : STREAM_BLOCK};
}

/* The same of two streams: where at least one has data. */
static struct piece next_of_two(struct stream *a, struct stream *b, uint64_t from, uint64_t total)
{
    struct piece x = next_piece(a, from, total);
    struct piece y = next_piece(b, from, total);
    return x.length == 0 || (y.length != 0 && y.offset < x.offset) ? y : x;
}

static int is_zero(const unsigned char *bytes, size_t length)
{
    return length == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, length - 1) == 0);
}

/* ---- copy ---- */

static ballast_result write_piece(struct stream *to, uint64_t offset, unsigned char *block, DWORD length,
                                  ballast_error *error)
{
    int started;
    DWORD code = stream_start_write(to, offset, block, length, &started);
    if (code == 0) {
        code = stream_end_write(to, started, length);
    }
    return code == 0 ? BALLAST_OK : stream_error(to, code, L"write", offset, error);
}

/* From `begin` to `end` the source has nothing: so shall the target, where it has something. A new file has not. */
static ballast_result write_zeros(struct stream *to, uint64_t begin, uint64_t end, unsigned char *zeros,
                                  ballast_error *error)
{
    ballast_result result = BALLAST_OK;
    while (to->device && begin < end && result == BALLAST_OK) {
        struct piece piece = next_piece(to, begin, end);
        if (piece.length != 0) {
            memset(zeros, 0, piece.length);
            result = write_piece(to, piece.offset, zeros, piece.length, error);
        }
        begin = piece.offset + piece.length;
    }
    return result;
}

/* Two blocks that take turns, and which of them holds the piece that is next. */
struct copying {
    struct stream *from;
    struct stream *to;
    unsigned char *blocks;
    unsigned turn;
    struct piece piece;
    bool *written; /* a device has been, at least in part */
};

static unsigned char *block_of(const struct copying *copying, unsigned turn)
{
    return copying->blocks + (size_t)turn * STREAM_BLOCK;
}

/* Writes the piece that has been read, and reads the one behind it meanwhile. */
static ballast_result copy_piece(struct copying *copying, ballast_error *error)
{
    struct piece piece = copying->piece;
    unsigned char *block = block_of(copying, copying->turn);
    struct piece next = next_piece(copying->from, piece.offset + piece.length, copying->from->length);
    int hole = !copying->to->device && is_zero(block, piece.length);
    int started = 0;
    DWORD read_code = 0;
    DWORD code = hole ? 0 : stream_start_write(copying->to, piece.offset, block, piece.length, &started);
    if (code != 0) {
        return stream_error(copying->to, code, L"write", piece.offset, error);
    }
    if (next.length != 0) {
        read_code = stream_read(copying->from, next.offset, block_of(copying, copying->turn ^ 1), next.length);
    }
    code = hole ? 0 : stream_end_write(copying->to, started, piece.length);
    if (code != 0) {
        return stream_error(copying->to, code, L"write", piece.offset, error);
    }
    if (read_code != 0) {
        return stream_error(copying->from, read_code, L"read", next.offset, error);
    }
    copying->turn ^= 1;
    copying->piece = next;
    return BALLAST_OK;
}

static ballast_result copy_blocks(struct copying *copying, const struct watch *watch, ballast_error *error)
{
    uint64_t done = 0;
    ballast_result result = BALLAST_OK;
    copying->piece = next_piece(copying->from, 0, copying->from->length);
    if (copying->piece.length != 0) {
        DWORD code = stream_read(copying->from, copying->piece.offset, copying->blocks, copying->piece.length);
        result = code == 0 ? BALLAST_OK : stream_error(copying->from, code, L"read", copying->piece.offset, error);
    }
    while (done < watch->total && result == BALLAST_OK) {
        struct piece piece = copying->piece;
        *copying->written = copying->to->device;
        result = write_zeros(copying->to, done, piece.offset, block_of(copying, copying->turn ^ 1), error);
        if (result == BALLAST_OK && piece.length != 0) {
            result = copy_piece(copying, error);
        }
        done = piece.offset + piece.length;
        if (result == BALLAST_OK) {
            result = report(watch, done, error);
        }
    }
    return result;
}

static ballast_result check_room(const struct stream *from, const struct stream *to, ballast_error *error)
{
    wchar_t source[300];
    wchar_t target[300];
    if (!to->device || from->length <= to->length) {
        return BALLAST_OK;
    }
    return error_set(error, BALLAST_INVALID_ARGUMENT, 0, L"%ls is %llu bytes and does not fit on %ls of %llu",
                     stream_name(from, source, 300), (unsigned long long)from->length, stream_name(to, target, 300),
                     (unsigned long long)to->length);
}

/* A new file has its length, and holes, from the beginning. */
static ballast_result set_length(struct stream *to, uint64_t length, ballast_error *error)
{
    LARGE_INTEGER end = {.QuadPart = (LONGLONG)length};
    wchar_t name[300];
    to->length = length;
    if (SetFilePointerEx(to->handle, end, NULL, FILE_BEGIN) && SetEndOfFile(to->handle)) {
        return BALLAST_OK;
    }
    DWORD code = GetLastError();
    return error_set(error, result_of(code), code, L"cannot make %ls %llu bytes long", stream_name(to, name, 300),
                     (unsigned long long)length);
}

static ballast_result copy(struct stream *from, struct stream *to, const struct watch *watch, bool *written,
                           ballast_error *error)
{
    ballast_result result = to->device ? BALLAST_OK : set_length(to, from->length, error);
    if (result != BALLAST_OK) {
        return result;
    }
    struct copying copying = {.from = from, .to = to, .blocks = allocate_blocks(error), .written = written};
    result = copying.blocks != NULL ? copy_blocks(&copying, watch, error) : BALLAST_FAILED;
    free_blocks(copying.blocks);
    return result;
}

ballast_result copy_endpoint(const ballast_endpoint *from, const ballast_endpoint *to, uint32_t flags,
                             ballast_progress *progress, void *context, struct copy_done *done, ballast_error *error)
{
    struct stream source;
    struct stream target;
    *done = (struct copy_done){.locked = false};
    ballast_result result = stream_open(&source, from, error);
    if (result != BALLAST_OK) {
        return result;
    }
    result = stream_open_target(&target, to, flags, &source, error);
    if (result == BALLAST_OK) {
        *done = (struct copy_done){target.locked, target.dismounted, .volumes = target.volumes.count};
        struct watch watch = {progress, context, source.length,
                              target.device ? L"; the target holds a part of the new data, and the rest of the old"
                                            : L"; the target is as it was"};
        result = check_room(&source, &target, error);
        if (result == BALLAST_OK) {
            result = copy(&source, &target, &watch, &done->written, error);
        }
        if (result == BALLAST_OK) {
            result = stream_commit(&target, error);
        } else {
            stream_close(&target);
        }
    }
    stream_close(&source);
    return result;
}

ballast_result ballast_copy(const ballast_endpoint *from, const ballast_endpoint *to, uint32_t flags,
                            ballast_progress *progress, void *context, ballast_error *error)
{
    struct copy_done done;
    return copy_endpoint(from, to, flags, progress, context, &done, error);
}

/* ---- compare ---- */

static ballast_result difference(const struct stream *reference, const struct stream *other, uint64_t offset,
                                 unsigned expected, unsigned found, ballast_error *error)
{
    wchar_t first[300];
    wchar_t second[300];
    return error_set(error, BALLAST_DIFFERENT, 0, L"%ls and %ls differ at offset %llu: 0x%02x and 0x%02x",
                     stream_name(reference, first, 300), stream_name(other, second, 300), (unsigned long long)offset,
                     expected, found);
}

static ballast_result compare_blocks(struct stream *reference, struct stream *other, unsigned char *blocks,
                                     const struct watch *watch, ballast_error *error)
{
    unsigned char *a = blocks;
    unsigned char *b = blocks + STREAM_BLOCK;
    ballast_result result = BALLAST_OK;
    for (uint64_t done = 0; done < watch->total && result == BALLAST_OK;) {
        struct piece piece = next_of_two(reference, other, done, watch->total);
        DWORD code = piece.length != 0 ? stream_read(reference, piece.offset, a, piece.length) : 0;
        if (code != 0) {
            return stream_error(reference, code, L"read", piece.offset, error);
        }
        code = piece.length != 0 ? stream_read(other, piece.offset, b, piece.length) : 0;
        if (code != 0) {
            return stream_error(other, code, L"read", piece.offset, error);
        }
        if (memcmp(a, b, piece.length) != 0) {
            DWORD i = 0;
            while (a[i] == b[i]) {
                i++;
            }
            return difference(reference, other, piece.offset + i, a[i], b[i], error);
        }
        done = piece.offset + piece.length;
        result = report(watch, done, error);
    }
    return result;
}

ballast_result ballast_compare(const ballast_endpoint *reference, const ballast_endpoint *other,
                               ballast_progress *progress, void *context, ballast_error *error)
{
    struct stream a;
    struct stream b;
    ballast_result result = stream_open(&a, reference, error);
    if (result != BALLAST_OK) {
        return result;
    }
    result = stream_open(&b, other, error);
    if (result == BALLAST_OK) {
        unsigned char *blocks = allocate_blocks(error);
        if (blocks == NULL) {
            result = BALLAST_FAILED;
        } else if (a.length > b.length) {
            wchar_t name[300];
            result = error_set(error, BALLAST_DIFFERENT, 0, L"%ls is shorter: %llu of %llu bytes",
                               stream_name(&b, name, 300), (unsigned long long)b.length, (unsigned long long)a.length);
        } else {
            struct watch watch = {progress, context, a.length, L""};
            result = compare_blocks(&a, &b, blocks, &watch, error);
        }
        free_blocks(blocks);
        stream_close(&b);
    }
    stream_close(&a);
    return result;
}

/* ---- hash ---- */

/* What is not stored counts as the zeros that it reads as. */
static ballast_result hash_zeros(HCRYPTHASH hash, uint64_t length, unsigned char *zeros, ballast_error *error)
{
    memset(zeros, 0, length < STREAM_BLOCK ? (size_t)length : STREAM_BLOCK);
    while (length != 0) {
        DWORD part = length < STREAM_BLOCK ? (DWORD)length : STREAM_BLOCK;
        if (!CryptHashData(hash, zeros, part, 0)) {
            return error_set(error, BALLAST_FAILED, GetLastError(), L"cannot compute SHA-256");
        }
        length -= part;
    }
    return BALLAST_OK;
}

#define HASH_STEP (64ull * STREAM_BLOCK)

/* Holes are hashed in steps, too, so that progress is seen. */
static struct piece next_step(struct stream *stream, uint64_t done, uint64_t *hole)
{
    struct piece piece = next_piece(stream, done, stream->length);
    *hole = piece.offset - done;
    if (*hole > HASH_STEP) {
        *hole = HASH_STEP;
        piece = (struct piece){done + *hole, 0};
    }
    return piece;
}

static ballast_result hash_blocks(struct stream *stream, unsigned char *blocks, HCRYPTHASH hash,
                                  const struct watch *watch, ballast_error *error)
{
    ballast_result result = BALLAST_OK;
    for (uint64_t done = 0; done < watch->total && result == BALLAST_OK;) {
        uint64_t hole;
        struct piece piece = next_step(stream, done, &hole);
        result = hash_zeros(hash, hole, blocks, error);
        DWORD code = piece.length != 0 ? stream_read(stream, piece.offset, blocks, piece.length) : 0;
        if (result == BALLAST_OK && code != 0) {
            return stream_error(stream, code, L"read", piece.offset, error);
        }
        if (result == BALLAST_OK && piece.length != 0 && !CryptHashData(hash, blocks, piece.length, 0)) {
            return error_set(error, BALLAST_FAILED, GetLastError(), L"cannot compute SHA-256");
        }
        done = piece.offset + piece.length;
        if (result == BALLAST_OK) {
            result = report(watch, done, error);
        }
    }
    return result;
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
    ballast_result result = stream_open(&stream, endpoint, error);
    if (result != BALLAST_OK) {
        return result;
    }
    struct watch watch = {progress, context, stream.length, L""};
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
    result = hash_blocks(&stream, blocks, crypt_hash, &watch, error);
    if (result == BALLAST_OK && !CryptGetHashParam(crypt_hash, HP_HASHVAL, answer.sha256, &size, 0)) {
        result = error_set(error, BALLAST_FAILED, GetLastError(), L"cannot compute SHA-256");
    }
    if (result == BALLAST_OK) {
        *hash = answer;
    }

out:
    free_blocks(blocks);
    if (crypt_hash != 0) {
        CryptDestroyHash(crypt_hash);
    }
    if (provider != 0) {
        CryptReleaseContext(provider, 0);
    }
    stream_close(&stream);
    return result;
}
