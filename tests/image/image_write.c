/* SPDX-License-Identifier: MIT */
/*
 * image_write VHD RAW SEED: writes at random into a VHD, whose parents lie beside it, and the same into a raw image of
 * the same size; flushes, and ends without closing anything.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/image/vhd.h"
#include "tests/harness/test.h"

#define WRITES  60u
#define LONGEST (192u << 10)

struct file {
    struct source source;
    FILE *stream;
};

static ballast_status read_file(struct source *source, uint64_t offset, void *buffer, size_t length)
{
    FILE *stream = ((struct file *)source)->stream;
    return fseeko(stream, (off_t)offset, SEEK_SET) == 0 && fread(buffer, 1, length, stream) == length
               ? BALLAST_SUCCESS
               : BALLAST_IO_DEVICE_ERROR;
}

static ballast_status write_file(struct source *source, uint64_t offset, const void *buffer, size_t length)
{
    FILE *stream = ((struct file *)source)->stream;
    return fseeko(stream, (off_t)offset, SEEK_SET) == 0 && fwrite(buffer, 1, length, stream) == length
               ? BALLAST_SUCCESS
               : BALLAST_IO_DEVICE_ERROR;
}

static ballast_status flush_file(struct source *source)
{
    return fflush(((struct file *)source)->stream) == 0 ? BALLAST_SUCCESS : BALLAST_IO_DEVICE_ERROR;
}

static ballast_status resize_file(struct source *source, uint64_t length)
{
    FILE *stream = ((struct file *)source)->stream;
    return fflush(stream) == 0 && ftruncate(fileno(stream), (off_t)length) == 0 ? BALLAST_SUCCESS
                                                                                : BALLAST_IO_DEVICE_ERROR;
}

static void destroy_file(struct source *source)
{
    (void)fclose(((struct file *)source)->stream);
    free(source);
}

static bool open_file(const char *name, const char *mode, struct vhd_file *opened)
{
    static const struct source_operations operations = {
        .read = read_file,
        .write = write_file,
        .flush = flush_file,
        .resize = resize_file,
        .destroy = destroy_file,
    };
    FILE *stream = fopen(name, mode);
    if (stream == NULL) {
        return false;
    }
    struct file *file = calloc(1, sizeof(*file));
    if (file == NULL) {
        (void)fclose(stream);
        return false;
    }
    *file = (struct file){.source = {.operations = &operations}, .stream = stream};
    (void)fseeko(stream, 0, SEEK_END);
    *opened = (struct vhd_file){&file->source, (uint64_t)ftello(stream), 0};
    /* cppcheck-suppress memleak ; destroying its source frees it */
    return true;
}

static ballast_status open_parent(void *context, const uint16_t *name, struct vhd_file *file)
{
    char text[VHD_PARENT_NAME];
    size_t i = 0;
    (void)context;
    do {
        text[i] = (char)name[i];
    } while (name[i++] != 0);
    return open_file(text, "rb", file) ? BALLAST_SUCCESS : BALLAST_OBJECT_NAME_NOT_FOUND;
}

static bool write_both(struct source *vhd, struct source *raw, uint64_t size, struct test_random *random)
{
    static unsigned char bytes[LONGEST];
    uint64_t offset = test_random_below(random, size);
    size_t length = (size_t)(1 + test_random_below(random, size - offset < LONGEST ? size - offset : LONGEST));
    for (size_t i = 0; i < length; i++) {
        bytes[i] = (unsigned char)test_random_next(random);
    }
    return vhd->operations->write(vhd, offset, bytes, length) == BALLAST_SUCCESS &&
           raw->operations->write(raw, offset, bytes, length) == BALLAST_SUCCESS;
}

int main(int argc, char **argv)
{
    struct vhd_opener opener = {open_parent, NULL};
    struct vhd_options options = {.writable = true, .any_time = true, .opener = &opener};
    struct vhd_information information;
    struct vhd_file file, raw;
    struct vhd *vhd;
    enum vhd_problem problem;
    if (argc != 4 || !open_file(argv[1], "r+b", &file) || !open_file(argv[2], "r+b", &raw)) {
        return 2;
    }
    if (vhd_open(&file, &options, &vhd, &problem) != BALLAST_SUCCESS) {
        (void)fprintf(stderr, "%s: %s\n", argv[1], vhd_problem_text(problem));
        return 1;
    }
    struct test_random random = {strtoull(argv[3], NULL, 10)};
    vhd_information(vhd, &information);
    struct source *source = vhd_source(vhd);
    for (unsigned i = 0; i < WRITES; i++) {
        if (!write_both(source, raw.source, information.size, &random)) {
            return 1;
        }
    }
    bool flushed = !ballast_failed(source->operations->flush(source)) && !ballast_failed(flush_file(raw.source));
    _exit(flushed ? 0 : 1);
}
