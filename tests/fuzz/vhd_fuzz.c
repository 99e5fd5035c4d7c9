/* SPDX-License-Identifier: MIT */
/*
 * Fuzzing of VHD files: opened with themselves and another one as parents, read, written and resized. Checksums are made right
 * where the input says so. What has opened is a disk: what is written is read, and it opens again.
 */

#include "core/image/vhd.h"
#include "tests/fuzz/input.h"

#define FILE_SIZE  (256u << 10)
#define BUFFER     (64u << 10)
#define OPERATIONS 16u

struct file {
    struct source source;
    unsigned char *bytes;
    uint64_t length;
};

static ballast_status read_file(struct source *source, uint64_t offset, void *buffer, size_t length)
{
    struct file *file = (struct file *)source;
    REQUIRE(offset <= file->length && length <= file->length - offset);
    memcpy(buffer, file->bytes + offset, length);
    return BALLAST_SUCCESS;
}

static ballast_status write_file(struct source *source, uint64_t offset, const void *buffer, size_t length)
{
    struct file *file = (struct file *)source;
    REQUIRE(offset <= file->length && length <= file->length - offset);
    memcpy(file->bytes + offset, buffer, length);
    return BALLAST_SUCCESS;
}

static ballast_status resize_file(struct source *source, uint64_t length)
{
    struct file *file = (struct file *)source;
    if (length > FILE_SIZE) {
        return BALLAST_INSUFFICIENT_RESOURCES;
    }
    if (length > file->length) {
        memset(file->bytes + file->length, 0, (size_t)(length - file->length));
    }
    file->length = length;
    return BALLAST_SUCCESS;
}

static ballast_status flush_file(struct source *source)
{
    (void)source;
    return BALLAST_SUCCESS;
}

static void destroy_file(struct source *source)
{
    (void)source;
}

static const struct source_operations operations = {
    .read = read_file,
    .write = write_file,
    .flush = flush_file,
    .resize = resize_file,
    .destroy = destroy_file,
};

static struct file files[2];

static ballast_status open_parent(void *context, const uint16_t *name, struct vhd_file *file)
{
    (void)context;
    REQUIRE(vhd_name_allowed(name));
    struct file *parent = &files[name[0] % 2];
    *file = (struct vhd_file){&parent->source, parent->length, 1};
    return name[0] % 3 == 0 ? BALLAST_OBJECT_NAME_NOT_FOUND : BALLAST_SUCCESS;
}

static void seal(unsigned char *bytes, size_t length, size_t at)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < length; i++) {
        sum += i >= at && i < at + 4 ? 0 : bytes[i];
    }
    for (unsigned i = 0; i < 4; i++) {
        bytes[at + i] = (unsigned char)(~sum >> (24 - 8 * i));
    }
}

/* A disk that is right, which the input then changes in places. */
static void make(struct file *file, struct fuzz_input *input, uint8_t id, struct vhd *parent)
{
    static const uint16_t names[][8] = {{'a'}, {'b'}, {'d', '/', 'e'}};
    struct vhd_new disk = {.kind = (enum vhd_kind)(VHD_FIXED + fuzz_take_number(input, 1) % 3),
                           .size = (1 + fuzz_take_number(input, 1)) * VHD_SECTOR,
                           .block_size = 4096u << fuzz_take_number(input, 1) % 2,
                           .id = {id},
                           .parent = parent,
                           .parent_modified = 1,
                           .parent_name = names[id % 3]};
    *file = (struct file){.source = {.operations = &operations}, .bytes = file->bytes, .length = 0};
    if (parent == NULL && disk.kind == VHD_DIFFERENCING) {
        disk.kind = VHD_DYNAMIC;
    }
    REQUIRE(vhd_create(&file->source, &disk, NULL) == BALLAST_SUCCESS);
}

static void damage(struct file *file, struct fuzz_input *input)
{
    unsigned changes = (unsigned)fuzz_take_number(input, 1) % 16;
    for (unsigned i = 0; i < changes; i++) {
        uint64_t offset = fuzz_take_number(input, 2);
        uint64_t from = fuzz_take_number(input, 1) % 2 == 0 ? 0 : file->length - VHD_SECTOR;
        uint64_t value = fuzz_take_number(input, 4);
        if (from + offset % 2560 + 4 <= file->length) {
            memcpy(file->bytes + from + offset % 2560, &value, 4);
        }
    }
    if (fuzz_take_number(input, 1) % 4 != 0) {
        seal(file->bytes, VHD_SECTOR, 64);
        seal(file->bytes + file->length - VHD_SECTOR, VHD_SECTOR, 64);
        if (file->length > 1536) {
            seal(file->bytes + VHD_SECTOR, 1024, 36);
        }
    }
    uint64_t length = fuzz_take_number(input, 1) % 8 == 0 ? fuzz_take_number(input, 2) : file->length;
    REQUIRE(resize_file(&file->source, length) == BALLAST_SUCCESS);
}

static const struct vhd_opener opener = {open_parent, NULL};

static void operate(struct vhd *vhd, struct fuzz_input *input)
{
    static unsigned char written[BUFFER];
    static unsigned char found[BUFFER];
    struct source *source = vhd_source(vhd);
    struct vhd_information information;
    vhd_information(vhd, &information);
    uint64_t offset = fuzz_take_number(input, 3) * (fuzz_take_number(input, 1) % 2 != 0 ? 1 : VHD_SECTOR);
    size_t length = (size_t)fuzz_take_number(input, 2);
    offset %= information.size;
    length = length > information.size - offset ? (size_t)(information.size - offset) : length;
    uint8_t what = (uint8_t)fuzz_take_number(input, 1);
    if (what % 8 == 0) {
        (void)source->operations->flush(source);
    } else if (what % 8 == 1) {
        (void)source->operations->resize(source, fuzz_take_number(input, 2) * VHD_SECTOR);
    } else if (what % 8 < 4) {
        bool data;
        (void)source->operations->read(source, offset, found, length);
        uint64_t run = length == 0 ? 1 : source->operations->extent(source, offset, length, &data);
        REQUIRE(run != 0 && (run <= length || length == 0));
    } else {
        memset(written, what, length);
        if (source->operations->write(source, offset, written, length) == BALLAST_SUCCESS) {
            REQUIRE(source->operations->read(source, offset, found, length) == BALLAST_SUCCESS);
            REQUIRE(memcmp(written, found, length) == 0);
        }
    }
}

static void tell(void *context, enum vhd_problem problem)
{
    (void)context;
    REQUIRE(vhd_problem_harmless(problem));
}

/* Files are in memory for the whole run. */
static void use(struct fuzz_input *input)
{
    struct vhd_options options = {.writable = true, .any_time = fuzz_take_number(input, 1) % 2 != 0, .opener = &opener};
    struct vhd_file file = {&files[0].source, files[0].length, 0};
    struct vhd *vhd = NULL;
    enum vhd_problem problem;
    if (vhd_open(&file, &options, &vhd, &problem) != BALLAST_SUCCESS) {
        REQUIRE(!vhd_problem_harmless(problem));
        return;
    }
    vhd_check(vhd, tell, NULL);
    for (unsigned i = 0; i < OPERATIONS && input->left != 0; i++) {
        operate(vhd, input);
    }
    struct source *source = vhd_source(vhd);
    bool flushed = source->operations->flush(source) == BALLAST_SUCCESS;
    source->operations->destroy(source);
    file.length = files[0].length;
    if (flushed && vhd_open(&file, &options, &vhd, &problem) == BALLAST_SUCCESS) {
        source = vhd_source(vhd);
        source->operations->destroy(source);
    } else {
        REQUIRE(!flushed || (problem >= VHD_PARENT_MISSING && problem <= VHD_TOO_MANY_PARENTS));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    struct vhd_options options = {.writable = false};
    struct vhd *parent = NULL;
    enum vhd_problem problem;
    for (unsigned i = 0; i < 2; i++) {
        if (files[i].bytes == NULL) {
            files[i].bytes = malloc(FILE_SIZE);
            REQUIRE(files[i].bytes != NULL);
        }
    }
    make(&files[1], &input, 2, NULL);
    struct vhd_file file = {&files[1].source, files[1].length, 1};
    REQUIRE(vhd_open(&file, &options, &parent, &problem) == BALLAST_SUCCESS);
    make(&files[0], &input, 1, parent);
    vhd_source(parent)->operations->destroy(vhd_source(parent));
    damage(&files[0], &input);
    if (fuzz_take_number(&input, 1) % 4 == 0) {
        damage(&files[1], &input);
    }
    use(&input);
    return 0;
}
