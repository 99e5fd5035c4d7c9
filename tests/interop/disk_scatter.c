/* SPDX-License-Identifier: MIT */
/*
 * Writes a file to a disk through the driver, as a file system would and a copy program would not: in pieces of all
 * lengths, in no order, from several threads. Then reads it in other pieces and compares.
 *
 * disk-scatter NUMBER FILE SEED
 */

#include "tests/behaviour/target.h"
#include "tests/harness/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#define THREADS       3
#define SECTOR        512u
#define MAXIMUM_PIECE 128u /* sectors */

struct piece {
    uint64_t offset;
    size_t length;
};

static char name[32];
static unsigned char *content;
static uint64_t size;
static struct piece *pieces;
static size_t piece_count;
static volatile LONG next_piece;
static volatile LONG failures;
static bool writing;

static bool load(const char *path)
{
    LARGE_INTEGER length;
    DWORD done = 0;
    HANDLE file = CreateFileA(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE || !GetFileSizeEx(file, &length) || length.QuadPart > INT32_MAX) {
        return false;
    }
    size = (uint64_t)length.QuadPart;
    content = malloc((size_t)size);
    bool ok = content != NULL && ReadFile(file, content, (DWORD)size, &done, NULL) && done == size;
    CloseHandle(file);
    return ok;
}

/* Cuts the disk into pieces of random length, and shuffles them. */
static void cut(struct test_random *random)
{
    piece_count = 0;
    for (uint64_t offset = 0; offset < size;) {
        uint64_t length = (1 + test_random_below(random, MAXIMUM_PIECE)) * SECTOR;
        length = length < size - offset ? length : size - offset;
        pieces[piece_count++] = (struct piece){offset, (size_t)length};
        offset += length;
    }
    for (size_t i = piece_count; i > 1; i--) {
        size_t other = (size_t)test_random_below(random, i);
        struct piece piece = pieces[i - 1];
        pieces[i - 1] = pieces[other];
        pieces[other] = piece;
    }
}

static DWORD WINAPI work(void *context)
{
    struct target_handle *disk = target_open(name, TARGET_READ_WRITE, NULL);
    unsigned char *buffer = malloc((size_t)MAXIMUM_PIECE * SECTOR);
    size_t index;
    (void)context;
    while ((index = (size_t)InterlockedIncrement(&next_piece) - 1) < piece_count) {
        const struct piece *piece = &pieces[index];
        size_t done = 0;
        uint32_t status;
        if (writing) {
            status = target_write(disk, piece->offset, content + piece->offset, piece->length, &done);
        } else {
            status = target_read(disk, piece->offset, buffer, piece->length, &done);
        }
        if (status != 0 || done != piece->length ||
            (!writing && memcmp(buffer, content + piece->offset, piece->length) != 0)) {
            InterlockedIncrement(&failures);
        }
        if (writing && index % 50 == 0 && target_flush(disk) != 0) {
            InterlockedIncrement(&failures);
        }
    }
    free(buffer);
    target_close(disk);
    return 0;
}

static bool run(bool write, struct test_random *random)
{
    HANDLE threads[THREADS];
    cut(random);
    writing = write;
    next_piece = 0;
    for (unsigned i = 0; i < THREADS; i++) {
        threads[i] = CreateThread(NULL, 0, work, NULL, 0, NULL);
    }
    return WaitForMultipleObjects(THREADS, threads, TRUE, 120000) == WAIT_OBJECT_0 && failures == 0;
}

int main(int argc, char **argv)
{
    if (argc != 4 || !load(argv[2])) {
        fprintf(stderr, "usage: disk-scatter NUMBER FILE SEED\n");
        return 2;
    }
    struct test_random random = {strtoul(argv[3], NULL, 10)};
    (void)snprintf(name, sizeof(name), "ImDisk%lu", strtoul(argv[1], NULL, 10));
    pieces = malloc((size_t)(size / SECTOR + 1) * sizeof(*pieces));
    bool ok = run(true, &random) && run(false, &random);
    printf("%u pieces, %ld failures\n", (unsigned)piece_count, failures);
    return ok ? 0 : 1;
}
