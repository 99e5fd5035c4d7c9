/* SPDX-License-Identifier: MIT */
#include "tests/unit/vhd_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool fails(struct memory_file *file)
{
    return file->fail_after >= 0 && file->fail_after-- == 0;
}

static void record(struct memory_file *file, enum operation_kind kind, uint64_t offset, const void *bytes,
                   size_t length)
{
    if (!file->recording) {
        return;
    }
    if (file->operation_count == file->operation_room) {
        file->operation_room = file->operation_room * 2 + 64;
        file->operations = realloc(file->operations, file->operation_room * sizeof(*file->operations));
        if (file->operations == NULL) {
            abort();
        }
    }
    struct operation *operation = &file->operations[file->operation_count++];
    *operation = (struct operation){.kind = kind, .offset = offset, .length = length, .bytes = NULL};
    if (length != 0) {
        operation->bytes = malloc(length);
        if (operation->bytes == NULL) {
            abort();
        }
        memcpy(operation->bytes, bytes, length);
    }
}

static ballast_status file_read(struct source *source, uint64_t offset, void *buffer, size_t length)
{
    struct memory_file *file = (struct memory_file *)source;
    if (fails(file)) {
        return BALLAST_IO_DEVICE_ERROR;
    }
    if (!CHECK(offset <= file->length && length <= file->length - offset)) {
        abort();
    }
    memcpy(buffer, file->bytes + offset, length);
    return BALLAST_SUCCESS;
}

static ballast_status file_write(struct source *source, uint64_t offset, const void *buffer, size_t length)
{
    struct memory_file *file = (struct memory_file *)source;
    CHECK(!file->read_only);
    if (fails(file)) {
        return BALLAST_IO_DEVICE_ERROR;
    }
    if (!CHECK(offset <= file->length && length <= file->length - offset)) {
        abort();
    }
    record(file, OPERATION_WRITE, offset, buffer, length);
    memcpy(file->bytes + offset, buffer, length);
    return BALLAST_SUCCESS;
}

static void set_length(struct memory_file *file, uint64_t length)
{
    if (length > file->length) {
        memset(file->bytes + file->length, 0, (size_t)(length - file->length));
    }
    file->length = length;
}

static ballast_status file_resize(struct source *source, uint64_t length)
{
    struct memory_file *file = (struct memory_file *)source;
    CHECK(!file->read_only);
    if (fails(file) || length > file->space) {
        return BALLAST_IO_DEVICE_ERROR;
    }
    record(file, OPERATION_RESIZE, length, NULL, 0);
    set_length(file, length);
    return BALLAST_SUCCESS;
}

static ballast_status file_flush(struct source *source)
{
    struct memory_file *file = (struct memory_file *)source;
    if (fails(file) || file->flush_fails) {
        file->flush_failed = true;
        return BALLAST_IO_DEVICE_ERROR;
    }
    record(file, OPERATION_FLUSH, 0, NULL, 0);
    return BALLAST_SUCCESS;
}

static ballast_status file_trim(struct source *source, uint64_t offset, uint64_t length)
{
    memset(((struct memory_file *)source)->bytes + offset, 0, (size_t)length);
    return BALLAST_SUCCESS;
}

static bool file_usage(struct source *source, struct source_usage *usage)
{
    *usage = (struct source_usage){.allocated_bytes = ((struct memory_file *)source)->length};
    return true;
}

static void file_destroy(struct source *source)
{
    (void)source;
}

void memory_file_make(struct memory_file *file)
{
    static const struct source_operations operations = {
        .read = file_read,
        .write = file_write,
        .trim = file_trim,
        .flush = file_flush,
        .resize = file_resize,
        .usage = file_usage,
        .destroy = file_destroy,
    };
    *file = (struct memory_file){.source = {.operations = &operations}, .space = MEMORY_FILE_MAXIMUM, .fail_after = -1};
    file->bytes = malloc(MEMORY_FILE_MAXIMUM);
    if (file->bytes == NULL) {
        abort();
    }
}

void memory_file_release(struct memory_file *file)
{
    for (size_t i = 0; i < file->operation_count; i++) {
        free(file->operations[i].bytes);
    }
    free(file->operations);
    free(file->bytes);
}

ballast_status memory_file_open(struct memory_file *file, const struct vhd_options *options, struct vhd **vhd,
                                enum vhd_problem *problem)
{
    struct vhd_file opened = {.source = &file->source, .length = file->length};
    return vhd_open(&opened, options, vhd, problem);
}

struct vhd *memory_file_opened(struct memory_file *file, bool writable, const struct vhd_opener *opener)
{
    struct vhd_options options = {.writable = writable, .opener = opener};
    struct vhd *vhd = NULL;
    enum vhd_problem problem;
    ballast_status status = memory_file_open(file, &options, &vhd, &problem);
    if (!CHECK_EQUAL(status, BALLAST_SUCCESS)) {
        (void)fprintf(stderr, "# cannot open: %s\n", vhd_problem_text(problem));
        abort();
    }
    return vhd;
}

void memory_file_close(struct vhd *vhd)
{
    struct source *source = vhd_source(vhd);
    source->operations->destroy(source);
}

/* ---- cuts ---- */

/* What lies beyond the length that the file system knows of is not there. */
static void apply_sector(struct memory_file *to, const struct operation *operation, size_t skipped)
{
    uint64_t offset = operation->offset + skipped;
    size_t part = operation->length - skipped < VHD_SECTOR ? operation->length - skipped : VHD_SECTOR;
    if (offset + part <= to->length) {
        memcpy(to->bytes + offset, operation->bytes + skipped, part);
    }
}

/* Every sector with a chance of `percent`. */
static void apply(struct memory_file *to, const struct operation *operation, unsigned percent,
                  struct test_random *random)
{
    if (operation->kind == OPERATION_RESIZE) {
        set_length(to, operation->offset);
    }
    for (size_t skipped = 0; skipped < operation->length; skipped += VHD_SECTOR) {
        if (percent == 100 || test_random_below(random, 100) < percent) {
            apply_sector(to, operation, skipped);
        }
    }
}

/* Writes between two changes of the length, in any order, of which some are lost. */
static void apply_some(const struct operation *operations, size_t count, struct test_random *random,
                       struct memory_file *to)
{
    unsigned char *done = calloc(count + 1, 1);
    for (size_t left = done != NULL ? count : 0; left != 0; left--) {
        size_t i = (size_t)test_random_below(random, count);
        while (done[i] != 0) {
            i = (i + 1) % count;
        }
        done[i] = 1;
        apply(to, &operations[i], (unsigned)test_random_below(random, 3) * 50, random);
    }
    free(done);
}

static void apply_reordered(const struct operation *operations, size_t count, struct test_random *random,
                            struct memory_file *to)
{
    size_t begin = 0;
    bool resizes = true; /* none is lost that one comes after */
    for (size_t i = 0; i <= count; i++) {
        if (i == count || operations[i].kind == OPERATION_RESIZE) {
            apply_some(operations + begin, i - begin, random, to);
            resizes = resizes && test_random_below(random, 4) != 0;
            begin = i + 1;
            if (i < count && resizes) {
                apply(to, &operations[i], 100, random);
            }
        }
    }
}

void memory_file_cut(const struct memory_file *from, size_t count, unsigned how, struct test_random *random,
                     struct memory_file *to)
{
    size_t flushed = count;
    set_length(to, 0);
    while (flushed != 0 && from->operations[flushed - 1].kind != OPERATION_FLUSH) {
        flushed--;
    }
    for (size_t i = 0; i < flushed; i++) {
        apply(to, &from->operations[i], 100, random);
    }
    if (how == 0) {
        for (size_t i = flushed; i < count; i++) {
            apply(to, &from->operations[i], i + 1 == count ? 50 : 100, random);
        }
    } else if (how == 2) {
        apply_reordered(from->operations + flushed, count - flushed, random, to);
    }
}

/* ---- parents ---- */

struct memory_name memory_names[VHD_MAXIMUM_DEPTH + 2];
char memory_names_asked[2048];

static ballast_status open_named(void *context, const uint16_t *name, struct vhd_file *file)
{
    char text[VHD_PARENT_NAME];
    unsigned i = 0;
    (void)context;
    do {
        text[i] = (char)name[i];
    } while (name[i++] != 0);
    if (strlen(memory_names_asked) + strlen(text) + 2 < sizeof(memory_names_asked)) {
        strcat(strcat(memory_names_asked, text), " ");
    }
    for (i = 0; i < sizeof(memory_names) / sizeof(memory_names[0]); i++) {
        const struct memory_name *known = &memory_names[i];
        if (known->name != NULL && strcmp(known->name, text) == 0) {
            if (known->file != NULL) {
                *file = (struct vhd_file){&known->file->source, known->file->length, known->modified};
            }
            return known->status;
        }
    }
    return BALLAST_OBJECT_NAME_NOT_FOUND;
}

const struct vhd_opener memory_names_opener = {open_named, NULL};

void memory_names_forget(void)
{
    memset(memory_names, 0, sizeof(memory_names));
    memory_names_asked[0] = 0;
}
