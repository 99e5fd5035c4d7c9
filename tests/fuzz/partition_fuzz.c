/* SPDX-License-Identifier: MIT */
/* Fuzzing of partition tables, and of the look at the image that has them. */

#include "core/image/gpt.h"
#include "core/image/look.h"
#include "core/image/mbr.h"
#include "core/image/partition.h"
#include "core/image/table.h"
#include "core/image/volume.h"
#include "tests/fuzz/input.h"

/* More reads than any table of the permitted size needs: two passes over a chain or an array, twice for each sector size. */
#define MAXIMUM_READS 20000u

/* The look may read a table three times, and another one for each place that something may begin at. */
#define MAXIMUM_LOOKS 128u

#define FLAG_WRAP     0x01u /* every sector exists: the image repeats */
#define FLAG_CRC      0x02u /* checksums are made right, so that what they protect is looked at */
#define FLAG_OFFSET   0x04u
#define FLAG_SIZE     0x08u /* the image's size is known */
#define FLAG_HUGE     0x10u /* the offset is near 2^63 */
#define FLAG_STOP     0x20u
#define FLAG_RECORDS  0x40u /* each sector is a boot record */
#define FLAG_GPT      0x80u /* the first one protects a GPT */

#define IMAGE_SECTORS 128u

struct input {
    unsigned char *bytes;
    size_t size;
    unsigned flags;
    unsigned reads;
    unsigned reads_allowed;
    unsigned visits;
    uint32_t number; /* of the last partition */
};

static bool read_input(void *context, uint64_t offset, void *buffer, uint32_t length)
{
    struct input *input = context;
    if (++input->reads > input->reads_allowed || offset > INT64_MAX - (uint64_t)length ||
        length > PARTITION_MAXIMUM_SECTOR || length == 0) {
        abort();
    }
    if ((input->flags & FLAG_WRAP) != 0) {
        for (uint32_t i = 0; i < length; i++) {
            ((unsigned char *)buffer)[i] = input->bytes[(offset + i) % input->size];
        }
        return true;
    }
    if (offset > input->size || input->size - offset < length) {
        return false;
    }
    memcpy(buffer, input->bytes + offset, length);
    return true;
}

static bool visit(void *context, const struct partition *partition)
{
    struct input *input = context;
    input->visits++;
    if (partition->number <= input->number || partition->start_bytes > INT64_MAX ||
        partition->length_bytes > INT64_MAX - partition->start_bytes || mbr_type_name(partition->type) == NULL ||
        (partition->gpt && partition->length_bytes == 0)) {
        abort();
    }
    input->number = partition->number;
    return (input->flags & FLAG_STOP) == 0 || input->visits < 3;
}

static void store_u32(unsigned char *bytes, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        bytes[i] = (unsigned char)(value >> 8 * i);
    }
}

/* Makes the first header's checksums right for what the fuzzer has put there. */
static void repair(struct input *input, uint32_t sector)
{
    unsigned char *header = input->bytes + sector;
    if (input->size < 2u * sector) {
        return;
    }
    uint64_t lba = partition_load_u64(header + 72);
    uint64_t length = (uint64_t)partition_load_u32(header + 80) * partition_load_u32(header + 84);
    uint32_t header_size = partition_load_u32(header + 12);
    memcpy(header, "EFI PART", 8);
    if (lba < input->size / sector && length <= input->size - lba * sector) {
        store_u32(header + 88, gpt_crc32(0, input->bytes + lba * sector, (size_t)length));
    }
    if (header_size <= sector) {
        store_u32(header + 16, 0);
        store_u32(header + 16, gpt_crc32(0, header, header_size));
    }
}

static void probe_volume(const struct input *input)
{
    struct volume_geometry geometry;
    uint64_t offset;
    if (input->size >= VOLUME_BOOT_SECTOR_SIZE && volume_parse_boot_sector(input->bytes, &geometry) &&
        (geometry.bytes_per_sector < 512 || geometry.heads > 255)) {
        abort();
    }
    if (input->size >= VOLUME_ISO9660_DESCRIPTOR) {
        (void)volume_is_iso9660(input->bytes);
    }
    (void)volume_offset_by_extension((const uint16_t *)(const void *)input->bytes, input->size / 2, &offset);
}

/* Each patch: where, how many bytes, the bytes. So short inputs reach all of an image. */
static void patch(struct input *input, const uint8_t *data, size_t size)
{
    while (size >= 3) {
        size_t position = (size_t)data[0] * 512 + (size_t)data[1] * 2;
        size_t length = data[2];
        data += 3;
        size -= 3;
        for (; length != 0 && size != 0; length--, size--, data++, position++) {
            if (position < input->size) {
                input->bytes[position] = *data;
            }
        }
    }
}

static void make_records(struct input *input, uint32_t sector)
{
    for (size_t at = 0; at + sector <= input->size; at += sector) {
        input->bytes[at + 510] = 0x55;
        input->bytes[at + 511] = 0xAA;
        for (size_t i = 0; i < 4; i++) {
            input->bytes[at + 446 + i * 16] &= 0x80;
        }
    }
    if ((input->flags & FLAG_GPT) != 0 && input->size >= 512) {
        input->bytes[450] = PARTITION_TYPE_PROTECTIVE;
    }
}

/* A header that makes sense; patches change it. */
static void put_header(struct input *input, uint32_t sector)
{
    unsigned char *header = input->bytes + sector;
    if ((input->flags & FLAG_GPT) == 0 || input->size < 2u * sector) {
        return;
    }
    store_u32(header + 8, 0x00010000);
    store_u32(header + 12, 92);
    store_u32(header + 24, 1);
    store_u32(header + 32, 20);
    store_u32(header + 72, 2);
    store_u32(header + 80, 16);
    store_u32(header + 84, 128);
}

static void note_problem(void *context, const struct partition_problem *problem)
{
    (void)context;
    if (problem->kind == PARTITION_OK || problem->kind == PARTITION_STOPPED || problem->offset > INT64_MAX) {
        abort();
    }
}

/* What is served lies within the image, and its partitions, unless they are damaged, within that. */
static void check_look(struct input *input, uint32_t sector_size)
{
    static struct look look;
    static const uint16_t names[][4] = {{'.', 'n', 'r', 'g'}, {'.', 's', 'd', 'i'}};
    struct image_reader reader = {.read = read_input, .context = input, .length = input->size};
    struct look_options options = {.name = names[input->flags & 1],
                                   .name_length = (input->flags & FLAG_STOP) != 0 ? 4 : 0,
                                   .raw = (input->flags & FLAG_SIZE) == 0,
                                   .ram = (input->flags & FLAG_OFFSET) != 0,
                                   .sector_size = sector_size};
    input->reads = 0;
    input->reads_allowed = MAXIMUM_LOOKS * MAXIMUM_READS;
    if (!look_at_image(&reader, &options, &look) || !look.served) {
        return;
    }
    if (look.offset > input->size || look.length > input->size - look.offset || look.kind == DISK_KIND_AUTOMATIC ||
        look.problem_count > LOOK_PROBLEMS ||
        (look.geometry.bytes_per_sector & (look.geometry.bytes_per_sector - 1)) != 0) {
        abort();
    }
    for (size_t i = 0; i < look.partition_count && i < LOOK_PARTITIONS; i++) {
        const struct partition *entry = &look.partitions[i].entry;
        if (!entry->damaged &&
            (entry->start_bytes > look.length || entry->length_bytes > look.length - entry->start_bytes)) {
            abort();
        }
    }
}

/* Input: flags, sector size, length of the image in 512 bytes, patches. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint32_t sectors[] = {0, 512, 1024, 2048, 4096, 513, 8192, 1};
    if (size < 3) {
        return 0;
    }
    /* Of exactly this size: reading behind it is noticed. */
    struct input input = {
        .size = (data[2] % IMAGE_SECTORS + 1) * 512u, .flags = data[0], .reads_allowed = MAXIMUM_READS};
    struct partition_image image = {
        .read = read_input, .context = &input, .sector_size = sectors[data[1] % 8], .problem = note_problem};
    uint32_t sector = image.sector_size == 4096 ? 4096 : 512;
    input.bytes = calloc(1, input.size);
    if (input.bytes == NULL) {
        return 0;
    }
    put_header(&input, sector);
    patch(&input, data + 3, size - 3);
    image.offset = (input.flags & FLAG_OFFSET) != 0 ? 512 : 0;
    image.offset = (input.flags & FLAG_HUGE) != 0 ? INT64_MAX - (uint64_t)data[1] * 65536 : image.offset;
    image.size = (input.flags & FLAG_SIZE) != 0 ? input.size : 0;
    if ((input.flags & FLAG_RECORDS) != 0) {
        make_records(&input, sector);
    }
    if ((input.flags & FLAG_CRC) != 0) {
        repair(&input, sector);
    }
    probe_volume(&input);
    enum partition_result result = partition_scan(&image, visit, &input);
    bool none =
        result == PARTITION_INVALID_PARAMETER || result == PARTITION_READ_FAILED || result == PARTITION_NO_TABLE;
    if ((none && input.visits != 0) || partition_result_text(result)[0] == 0) {
        abort();
    }
    check_look(&input, image.sector_size);
    free(input.bytes);
    return 0;
}
