/* SPDX-License-Identifier: MIT */
/* One look at an image; look.h has the contract. */

#include "core/image/look.h"
#include "core/image/table.h"

#include <string.h>

#define NRG_OFFSET       307200u /* 150 sectors of 2048 bytes: where the first track usually begins */
#define NRG_CHUNKS       256u    /* that are looked at */
#define NRG_TRACKS       100u    /* in all of them: a CD has 99 */
#define SDI_OFFSET       4096u
#define SDI_TABLE_OFFSET 0x400u
#define SDI_ENTRIES      8u
#define SDI_ENTRY_SIZE   64u
#define SHEET_MAXIMUM    65536u /* a disk is larger */

struct looking {
    const struct image_reader *reader;
    const struct look_options *options;
    struct look *look;
};

static bool read_at(const struct image_reader *reader, uint64_t offset, void *buffer, uint32_t length)
{
    return offset <= INT64_MAX - (uint64_t)length &&
           (reader->length == 0 || (reader->length >= length && offset <= reader->length - length)) &&
           reader->read(reader->context, offset, buffer, length);
}

static bool name_ends_with(const struct look_options *options, const char *extension)
{
    size_t length = strlen(extension);
    if (options->name == NULL || options->name_length < length) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        uint16_t unit = options->name[options->name_length - length + i];
        unit = unit >= 'A' && unit <= 'Z' ? (uint16_t)(unit - 'A' + 'a') : unit;
        if (unit != (unsigned char)extension[i]) {
            return false;
        }
    }
    return true;
}

/* ---- where the data begins ---- */

static bool ignore(void *context, const struct partition *partition)
{
    bool *any = context;
    *any = *any || !partition->damaged;
    return true;
}

/* Whether something is there that a disk could begin with. */
static bool content_agrees(const struct image_reader *reader, uint64_t offset)
{
    bool any = false;
    if (offset >= reader->length) {
        return false;
    }
    struct partition_image disk = {
        .read = reader->read, .context = reader->context, .offset = offset, .size = reader->length};
    if (volume_identify(reader, offset, reader->length - offset) != VOLUME_UNKNOWN) {
        return true;
    }
    return partition_scan(&disk, ignore, &any) != PARTITION_INVALID_PARAMETER && any;
}

static uint64_t big(const unsigned char *bytes, unsigned count)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < count; i++) {
        value = value << 8 | bytes[i];
    }
    return value;
}

/* What an NRG's chunk says of tracks: `header` bytes, then for each track `size`, in which the offset is at `at`. */
struct nrg_chunk {
    char id[5];
    uint32_t header;
    uint32_t size;
    uint32_t at;
    uint32_t width;
};

static const struct nrg_chunk nrg_chunks[] = {
    {"DAOX", 22, 42, 26, 8}, /* the second of three offsets: where the data begins behind its pregap */
    {"DAOI", 22, 30, 22, 4},
    {"ETN2", 0, 32, 0, 8},
    {"ETNF", 0, 20, 0, 4},
};

/* A track of data is a file system: a partition table is not looked for in each of many. */
static bool is_data_track(const struct image_reader *reader, uint64_t offset)
{
    return offset < reader->length && volume_identify(reader, offset, reader->length - offset) != VOLUME_UNKNOWN;
}

/* *tracks: that may still be looked at */
static bool find_in_chunk(const struct image_reader *reader, uint64_t at, uint32_t length,
                          const struct nrg_chunk *chunk, uint32_t *tracks, uint64_t *offset)
{
    unsigned char number[8];
    for (uint64_t position = chunk->header; *tracks != 0 && position + chunk->size <= length;
         position += chunk->size, (*tracks)--) {
        if (!read_at(reader, at + position + chunk->at, number, chunk->width)) {
            return false;
        }
        *offset = big(number, chunk->width);
        if (is_data_track(reader, *offset)) {
            return true;
        }
    }
    return false;
}

static const struct nrg_chunk *nrg_chunk_of(const unsigned char *id)
{
    for (size_t i = 0; i < sizeof(nrg_chunks) / sizeof(nrg_chunks[0]); i++) {
        if (memcmp(id, nrg_chunks[i].id, 4) == 0) {
            return &nrg_chunks[i];
        }
    }
    return NULL;
}

/* The first data track that the table of an NRG leads to. The table is at the end, its offset the very last number. */
static bool find_in_nrg_table(const struct image_reader *reader, uint64_t *offset)
{
    unsigned char end[12];
    unsigned char head[8];
    uint32_t tracks = NRG_TRACKS;
    if (reader->length < sizeof(end) || !read_at(reader, reader->length - sizeof(end), end, sizeof(end))) {
        return false;
    }
    uint64_t at = memcmp(end, "NER5", 4) == 0 ? big(end + 4, 8) : big(end + 8, 4);
    for (unsigned i = 0; i < NRG_CHUNKS && read_at(reader, at, head, sizeof(head)); i++) {
        uint32_t length = (uint32_t)big(head + 4, 4);
        const struct nrg_chunk *chunk = nrg_chunk_of(head);
        at += sizeof(head);
        if (chunk != NULL && find_in_chunk(reader, at, length, chunk, &tracks, offset)) {
            return true;
        }
        at += length;
    }
    return false;
}

static bool find_in_sdi_table(const struct image_reader *reader, uint64_t *offset)
{
    unsigned char entry[SDI_ENTRY_SIZE];
    for (uint32_t i = 0; i < SDI_ENTRIES; i++) {
        if (!read_at(reader, SDI_TABLE_OFFSET + (uint64_t)i * SDI_ENTRY_SIZE, entry, sizeof(entry))) {
            return false;
        }
        uint64_t start = partition_load_u64(entry + 16);
        if (memcmp(entry, "PART", 4) == 0 && content_agrees(reader, start)) {
            *offset = start;
            return true;
        }
    }
    return false;
}

/* A container that says where its data begins is believed if something begins there. */
static bool find_data(const struct image_reader *reader, enum image_container container, bool table, uint64_t *offset)
{
    bool nrg = container == IMAGE_NRG;
    if (table && (nrg ? find_in_nrg_table(reader, offset) : find_in_sdi_table(reader, offset))) {
        return true;
    }
    *offset = nrg ? NRG_OFFSET : SDI_OFFSET;
    return content_agrees(reader, *offset);
}

/* A name alone is a hint: it is followed if the image itself is nothing, and what the name says agrees. */
static void follow_name(struct looking *looking)
{
    static const struct {
        const char *extension;
        enum image_container container;
    } hints[] = {{".nrg", IMAGE_NRG}, {".sdi", IMAGE_SDI}};
    for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
        uint64_t offset;
        if (name_ends_with(looking->options, hints[i].extension) && !content_agrees(looking->reader, 0) &&
            find_data(looking->reader, hints[i].container, false, &offset)) {
            looking->look->container = hints[i].container;
            looking->look->offset = offset;
        }
    }
}

/* A CUE sheet is text, and small. */
static bool is_cue_sheet(const struct image_reader *reader)
{
    static const char *const words[] = {"FILE ", "REM ", "CATALOG ", "PERFORMER ", "TITLE ", "\xEF\xBB\xBF\x46ILE "};
    char text[16];
    if (reader->length == 0 || reader->length >= SHEET_MAXIMUM || !read_at(reader, 0, text, sizeof(text))) {
        return false;
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (memcmp(text, words[i], strlen(words[i])) == 0) {
            return true;
        }
    }
    return false;
}

static void look_at_container(struct looking *looking)
{
    const struct image_reader *reader = looking->reader;
    struct look *look = looking->look;
    look->container = looking->options->raw ? IMAGE_RAW : signature_container(reader);
    if (look->container == IMAGE_RAW && !looking->options->raw) {
        if (is_cue_sheet(reader)) {
            look->container = IMAGE_CD_SHEET;
        } else if (!looking->options->offset_given) {
            follow_name(looking);
        }
    } else if (look->container == IMAGE_NRG || look->container == IMAGE_SDI) {
        /* Without data that can be served it is an audio CD, or damaged. */
        look->served = looking->options->offset_given || find_data(reader, look->container, true, &look->offset);
        look->offset = look->served ? look->offset : 0;
        return;
    }
    look->served = image_container_served(look->container);
}

/* ---- partitions ---- */

static bool list_partition(void *context, const struct partition *partition)
{
    const struct looking *looking = context;
    struct look *look = looking->look;
    if (look->partition_count < LOOK_PARTITIONS) {
        struct look_partition *listed = &look->partitions[look->partition_count];
        *listed = (struct look_partition){.entry = *partition};
        if (!partition->damaged) {
            listed->volume =
                volume_identify(looking->reader, look->offset + partition->start_bytes, partition->length_bytes);
        }
    }
    look->partition_count++;
    return true;
}

/*
 * What is odd, but no damage: partitions that overlap, or stand in an MBR beside a GPT, are as somebody has made them; an
 * entry without a type is unused; a boot signature without a table is boot code, as on floppies; and a VHD's footer is no
 * part of the disk.
 */
static bool is_odd_only(enum partition_result kind)
{
    return kind == PARTITION_HYBRID || kind == PARTITION_OVERLAP || kind == PARTITION_UNTYPED ||
           kind == PARTITION_NOT_A_TABLE || kind == PARTITION_NO_FOOTER;
}

const struct partition_problem *look_damage(const struct look *look)
{
    for (size_t i = 0; i < look->problem_count; i++) {
        if (!is_odd_only(look->problems[i].kind)) {
            return &look->problems[i];
        }
    }
    return NULL;
}

static void add_problem(void *context, const struct partition_problem *problem)
{
    const struct looking *looking = context;
    struct look *look = looking->look;
    if (look->problem_count < LOOK_PROBLEMS) {
        look->problems[look->problem_count++] = *problem;
    } else if (!is_odd_only(problem->kind) && look_damage(look) == NULL) {
        look->problems[LOOK_PROBLEMS - 1] = *problem; /* what is odd does not hide damage */
    }
}

static size_t listed_partitions(const struct look *look)
{
    return look->partition_count < LOOK_PARTITIONS ? look->partition_count : LOOK_PARTITIONS;
}

static bool overlap(const struct partition *a, const struct partition *b)
{
    return a->start_bytes < b->start_bytes + b->length_bytes && b->start_bytes < a->start_bytes + a->length_bytes;
}

static void find_overlaps(struct looking *looking)
{
    struct look *look = looking->look;
    for (size_t i = 1; i < listed_partitions(look); i++) {
        struct look_partition *later = &look->partitions[i];
        for (size_t j = 0; j < i && !later->overlaps && !later->entry.damaged; j++) {
            later->overlaps = !look->partitions[j].entry.damaged && overlap(&look->partitions[j].entry, &later->entry);
        }
        if (later->overlaps) {
            struct partition_problem problem = {
                .kind = PARTITION_OVERLAP, .number = later->entry.number, .offset = later->entry.start_bytes};
            add_problem(looking, &problem);
        }
    }
}

static size_t recognised_partitions(const struct look *look)
{
    size_t count = 0;
    for (size_t i = 0; i < listed_partitions(look); i++) {
        count += look->partitions[i].volume != VOLUME_UNKNOWN;
    }
    return count;
}

static void list_partitions(struct looking *looking, uint32_t sector_size)
{
    struct look *look = looking->look;
    struct partition_image disk = {.read = looking->reader->read,
                                   .context = looking->reader->context,
                                   .offset = look->offset,
                                   .size = looking->reader->length == 0 ? 0 : look->offset + look->length,
                                   .sector_size = sector_size,
                                   .problem = add_problem,
                                   .problem_context = looking};
    look->partition_count = 0;
    look->problem_count = 0;
    look->table_sector_size = partition_sector_size(&disk);
    look->table_result = partition_scan(&disk, list_partition, looking);
}

static bool gpt_is_listed(const struct look *look)
{
    return look->partition_count != 0 && look->partitions[0].entry.gpt;
}

static bool has_problem(const struct look *look, enum partition_result kind)
{
    for (size_t i = 0; i < look->problem_count; i++) {
        if (look->problems[i].kind == kind) {
            return true;
        }
    }
    return false;
}

/*
 * The boot sector of a file system ends like a table, and the rest may look like an empty or an absurd one, or say that the
 * file system is a partition of itself.
 */
static bool is_boot_sector_only(const struct look *look)
{
    switch (look->volume) {
    case VOLUME_UNKNOWN:
        return false;
    case VOLUME_FAT:
    case VOLUME_FAT32:
    case VOLUME_EXFAT:
    case VOLUME_NTFS:
    case VOLUME_REFS:
    case VOLUME_BITLOCKER:
        return look->table_result != PARTITION_OK || look->partition_count == 0 ||
               (look->partition_count == 1 && look->partitions[0].entry.start_bytes == 0);
    default: /* a GPT that nothing leads to is older than the file system */
        return (look->partition_count == 0 && look->problem_count == 0) ||
               ((look->partition_count == 0 || gpt_is_listed(look)) && has_problem(look, PARTITION_UNPROTECTED));
    }
}

/* A table counts in sectors of 512 bytes, unless file systems begin only where 4096 puts them. */
static void look_at_partitions(struct looking *looking)
{
    struct look *look = looking->look;
    list_partitions(looking, looking->options->sector_size);
    if (looking->options->sector_size == 0 && look->table_sector_size == PARTITION_MINIMUM_SECTOR &&
        look->partition_count != 0 && recognised_partitions(look) == 0) {
        list_partitions(looking, PARTITION_MAXIMUM_SECTOR);
        if (recognised_partitions(look) == 0) {
            list_partitions(looking, 0);
        }
    }
    find_overlaps(looking);
    bool none = look->table_result == PARTITION_NO_TABLE || look->table_result == PARTITION_READ_FAILED ||
                look->table_result == PARTITION_INVALID_PARAMETER;
    if (none ? look->volume != VOLUME_UNKNOWN : is_boot_sector_only(look)) {
        look->table_result = PARTITION_NO_TABLE;
        look->partition_count = 0;
        look->problem_count = 0;
        none = true;
    }
    bool gpt = gpt_is_listed(look) || (look->partition_count == 0 && look->table_result == PARTITION_GPT_DAMAGED);
    look->table = none ? LOOK_NO_TABLE : gpt ? LOOK_GPT : LOOK_MBR;
}

/* ---- the disk ---- */

bool look_ends_like_vhd(const struct image_reader *reader, uint64_t *offset)
{
    unsigned char cookie[IMAGE_VHD_COOKIE_LENGTH];
    *offset = reader->length != 0 ? (reader->length - 1) / 512 * 512 : 0; /* data end with a sector */
    return reader->length != 0 && read_at(reader, *offset, cookie, sizeof(cookie)) &&
           memcmp(cookie, IMAGE_VHD_COOKIE, sizeof(cookie)) == 0;
}

/* A fixed VHD that was cut, or copied in part, is raw. */
static void look_for_footer(struct looking *looking)
{
    struct partition_problem problem = {.kind = PARTITION_NO_FOOTER};
    if (looking->look->container == IMAGE_RAW && !looking->options->raw && !looking->options->offset_given &&
        (look_ends_like_vhd(looking->reader, &problem.offset) || name_ends_with(looking->options, ".vhd"))) {
        add_problem(looking, &problem);
    }
}

static void look_at_disk(struct looking *looking)
{
    unsigned char sector[GEOMETRY_BPB_SIZE];
    struct look *look = looking->look;
    bool cd = look->volume == VOLUME_ISO9660 || (look->volume == VOLUME_UDF && !looking->options->ram);
    bool nothing = look->volume == VOLUME_UNKNOWN && look->table == LOOK_NO_TABLE;
    bool named_cd = nothing && (name_ends_with(looking->options, ".iso") || name_ends_with(looking->options, ".nrg"));
    look->kind = cd || named_cd ? DISK_KIND_CD : DISK_KIND_AUTOMATIC;
    look->geometry = (struct disk_geometry){.size_bytes = look->length};
    if (look->table != LOOK_NO_TABLE && look->kind == DISK_KIND_AUTOMATIC) {
        look->kind = DISK_KIND_HARD_DISK;
        look->geometry.bytes_per_sector = look->table_sector_size;
    } else if (read_at(looking->reader, look->offset, sector, sizeof(sector))) {
        geometry_probe_bpb(&look->geometry, &look->kind, sector);
    }
    geometry_complete(&look->geometry, &look->kind);
    look->read_only = look->kind == DISK_KIND_CD || look_damage(look) != NULL;
    look->certainty = nothing && look->container == IMAGE_RAW ? LOOK_GUESS
                      : look->problem_count != 0              ? LOOK_LIKELY
                                                              : LOOK_SURE;
}

bool look_at_image(const struct image_reader *reader, const struct look_options *options, struct look *look)
{
    unsigned char byte;
    struct looking looking = {.reader = reader, .options = options, .look = look};
    *look = (struct look){.offset = options->offset_given ? options->offset : 0};
    if (!read_at(reader, 0, &byte, 1) || reader->length > INT64_MAX) {
        return false;
    }
    look_at_container(&looking);
    if (options->offset_given) {
        look->offset = options->offset;
    }
    uint64_t end = look->container == IMAGE_VHD_FIXED ? image_vhd_fixed_length(reader->length) : reader->length;
    if (look->offset >= end) {
        return false;
    }
    look->length = end - look->offset;
    if (!look->served) {
        look->certainty = LOOK_SURE;
        look->read_only = true;
        return true;
    }
    look->volume = volume_identify(reader, look->offset, look->length);
    look_at_partitions(&looking);
    look_for_footer(&looking);
    look_at_disk(&looking);
    return true;
}

const struct look_partition *look_find_partition(const struct look *look, uint32_t number)
{
    for (size_t i = 0; i < listed_partitions(look); i++) {
        if (look->partitions[i].entry.number == number) {
            return &look->partitions[i];
        }
    }
    return NULL;
}

/* Whether it is a problem of the partition, or of what lies within it and is not listed, as the rest of a chain, or a GPT's. */
static bool concerns(const struct look *look, const struct partition_problem *problem,
                     const struct partition *partition)
{
    bool within =
        problem->offset >= partition->start_bytes && problem->offset < partition->start_bytes + partition->length_bytes;
    return problem->number == partition->number || (within && !is_odd_only(problem->kind)) ||
           (problem->kind == PARTITION_UNPROTECTED && look->table == LOOK_MBR);
}

/* Whether nothing is wrong with a partition, as far as problems and partitions are listed. */
static bool is_sound(const struct look *look, const struct look_partition *partition)
{
    bool sound =
        !partition->entry.damaged && look->problem_count < LOOK_PROBLEMS && look->partition_count <= LOOK_PARTITIONS;
    for (size_t i = 0; i < look->problem_count && sound; i++) {
        sound = !concerns(look, &look->problems[i], &partition->entry);
    }
    for (size_t i = 0; i < listed_partitions(look) && sound; i++) {
        const struct look_partition *other = &look->partitions[i];
        sound = other == partition || !overlap(&other->entry, &partition->entry);
    }
    return sound;
}

bool look_protects(const struct look *look, uint32_t partition)
{
    const struct look_partition *chosen = look_find_partition(look, partition);
    return look_damage(look) != NULL && (chosen == NULL || !is_sound(look, chosen));
}

const char *look_table_word(enum look_table table)
{
    return table == LOOK_MBR ? "mbr" : table == LOOK_GPT ? "gpt" : NULL;
}

const char *look_certainty_word(enum look_certainty certainty)
{
    return certainty == LOOK_SURE ? "sure" : certainty == LOOK_LIKELY ? "likely" : "guess";
}
