/* SPDX-License-Identifier: MIT */
/* An open VHD: opening, reading, closing; vhd.h has the contract. */

#include "core/image/vhd_internal.h"

static const struct {
    const char *word;
    const char *text;
} problems[VHD_PROBLEMS] = {
    [VHD_NO_PROBLEM] = {"none", "nothing is wrong"},
    [VHD_READ_FAILED] = {"read_failed", "the file cannot be read"},
    [VHD_NO_MEMORY] = {"no_memory", "there is not enough memory"},
    [VHD_NO_FOOTER] = {"no_footer", "neither a footer nor its copy is intact"},
    [VHD_BAD_FOOTER] = {"bad_footer", "the footer is of an unknown version or type"},
    [VHD_BAD_SIZE] = {"bad_size", "the size of the disk is impossible"},
    [VHD_DATA_BEYOND_END] = {"data_beyond_end", "the file is shorter than its disk"},
    [VHD_BAD_HEADER] = {"bad_header", "the header of the dynamic disk is damaged"},
    [VHD_BAD_BLOCK_SIZE] = {"bad_block_size", "the size of blocks is impossible"},
    [VHD_BAD_TABLE] = {"bad_table", "the table of blocks is too short, or lies where it cannot"},
    [VHD_BAD_LOCATOR] = {"bad_locator", "a name of the parent lies where it cannot"},
    [VHD_BLOCK_BEYOND_END] = {"block_beyond_end", "a block reaches beyond the end of the file"},
    [VHD_BLOCKS_OVERLAP] = {"blocks_overlap", "a block overlaps another one, or the headers"},
    [VHD_PARENT_MISSING] = {"parent_missing", "the parent is not found"},
    [VHD_PARENT_DAMAGED] = {"parent_damaged", "the parent cannot be opened"},
    [VHD_PARENT_IS_OTHER] = {"parent_is_other", "the parent is another disk than this one was made of"},
    [VHD_PARENT_CHANGED] = {"parent_changed", "the parent has been changed since this disk was made of it"},
    [VHD_CYCLIC_PARENTS] = {"cyclic_parents", "the disk is a parent of itself"},
    [VHD_TOO_MANY_PARENTS] = {"too_many_parents", "the chain of parents is too long"},
    [VHD_FOOTER_DAMAGED] = {"footer_damaged", "the footer is damaged or missing, and its copy is intact"},
    [VHD_COPY_DAMAGED] = {"copy_damaged", "the copy of the footer is damaged, and the footer is intact"},
    [VHD_COPY_DIFFERS] = {"copy_differs", "the copy of the footer is an older one"},
    [VHD_UNUSED_SPACE] = {"unused_space", "there is space in the file that no block uses"},
};

const char *vhd_problem_text(enum vhd_problem problem)
{
    return problems[problem].text;
}

const char *vhd_problem_word(enum vhd_problem problem)
{
    return problems[problem].word;
}

/* ---- opening ---- */

/*
 * The footer, unless it is damaged; then its copy. A copy of another disk than the footer's is believed, as most programs
 * look there first: where a cut has left a file of any length, what is at its end may be data.
 */
static enum vhd_problem find_footer(struct vhd *vhd, const struct vhd_file *file)
{
    uint8_t bytes[VHD_FOOTER_SIZE];
    struct vhd_footer copy;
    enum vhd_problem at_end = VHD_NO_FOOTER;
    enum vhd_problem at_begin = VHD_NO_FOOTER;
    if (file->length < VHD_FOOTER_SIZE) {
        return VHD_NO_FOOTER;
    }
    if (ballast_failed(
            file->source->operations->read(file->source, file->length - VHD_FOOTER_SIZE, bytes, VHD_FOOTER_SIZE))) {
        return VHD_READ_FAILED;
    }
    at_end = vhd_parse_footer(bytes, &vhd->footer);
    if (ballast_failed(file->source->operations->read(file->source, 0, bytes, VHD_FOOTER_SIZE))) {
        return VHD_READ_FAILED;
    }
    at_begin = vhd_parse_footer(bytes, &copy);
    bool copied = at_begin == VHD_NO_PROBLEM && copy.kind != VHD_FIXED;
    bool sound = at_end == VHD_NO_PROBLEM;
    if (copied && (!sound || __builtin_memcmp(copy.id, vhd->footer.id, sizeof(copy.id)) != 0)) {
        vhd->footer = copy;
        vhd->footer_damaged = true;
    } else if (!sound) {
        return at_end != VHD_NO_FOOTER || at_begin == VHD_NO_PROBLEM ? at_end : at_begin;
    } else if (vhd->footer.kind != VHD_FIXED) {
        vhd->copy_damaged = !copied;
        vhd->copy_differs = copied && __builtin_memcmp(copy.bytes, vhd->footer.bytes, VHD_FOOTER_SIZE) != 0;
    }
    return VHD_NO_PROBLEM;
}

static enum vhd_problem open_dynamic(struct vhd *vhd)
{
    uint8_t bytes[VHD_HEADER_SIZE];
    uint64_t limit = vhd->footer_damaged ? vhd->length : vhd->length - VHD_FOOTER_SIZE;
    if (vhd->footer.header < VHD_FOOTER_SIZE || vhd->footer.header % VHD_SECTOR != 0 || vhd->footer.header > limit ||
        limit - vhd->footer.header < VHD_HEADER_SIZE) {
        return VHD_BAD_HEADER;
    }
    if (ballast_failed(vhd_file_read(vhd, vhd->footer.header, bytes, VHD_HEADER_SIZE))) {
        return VHD_READ_FAILED;
    }
    enum vhd_problem problem = vhd_parse_header(bytes, vhd->footer.size, &vhd->header);
    return problem != VHD_NO_PROBLEM ? problem : vhd_table_load(vhd, limit);
}

enum vhd_problem vhd_open_file(const struct vhd_file *file, bool writable, struct vhd **opened)
{
    struct vhd *vhd = platform_allocate(PLATFORM_POOL_PAGED, sizeof(*vhd), VHD_TAG);
    if (vhd == NULL) {
        return VHD_NO_MEMORY;
    }
    *vhd = (struct vhd){.source = {.operations = &vhd_operations, .below = file->source, .blocks = true},
                        .length = file->length,
                        .writable = writable};
    enum vhd_problem problem = find_footer(vhd, file);
    vhd->footer_due = vhd->footer_damaged;
    if (problem == VHD_NO_PROBLEM && vhd->footer.kind != VHD_FIXED) {
        problem = open_dynamic(vhd);
    } else if (problem == VHD_NO_PROBLEM && vhd->footer.size > file->length - VHD_FOOTER_SIZE) {
        problem = VHD_DATA_BEYOND_END;
    }
    if (problem == VHD_NO_PROBLEM) {
        *opened = vhd;
    } else {
        vhd_table_free(vhd);
        platform_free(vhd, sizeof(*vhd), VHD_TAG);
    }
    return problem;
}

struct source *vhd_detach(struct vhd *vhd)
{
    struct source *below = vhd->source.below;
    if (vhd->parent != NULL) {
        vhd->parent->source.operations->destroy(&vhd->parent->source);
    }
    vhd_table_free(vhd);
    platform_free(vhd, sizeof(*vhd), VHD_TAG);
    return below;
}

static void vhd_destroy(struct source *source)
{
    struct source *below = vhd_detach((struct vhd *)source);
    below->operations->destroy(below);
}

ballast_status vhd_open(const struct vhd_file *file, const struct vhd_options *options, struct vhd **opened,
                        enum vhd_problem *problem)
{
    struct vhd *vhd = NULL;
    *problem = vhd_open_file(file, options->writable, &vhd);
    if (*problem == VHD_NO_PROBLEM && vhd->footer.kind == VHD_DIFFERENCING) {
        *problem = vhd_parents_open(vhd, options);
        if (*problem != VHD_NO_PROBLEM) {
            (void)vhd_detach(vhd);
        }
    }
    switch (*problem) {
    case VHD_NO_PROBLEM:
        *opened = vhd;
        return BALLAST_SUCCESS;
    case VHD_NO_MEMORY:
        return BALLAST_INSUFFICIENT_RESOURCES;
    case VHD_READ_FAILED:
        return BALLAST_IO_DEVICE_ERROR;
    case VHD_PARENT_MISSING:
        return BALLAST_OBJECT_NAME_NOT_FOUND;
    default:
        return BALLAST_UNRECOGNIZED_MEDIA;
    }
}

struct source *vhd_source(struct vhd *vhd)
{
    return &vhd->source;
}

/* ---- asking ---- */

void vhd_information(const struct vhd *vhd, struct vhd_information *information)
{
    *information = (struct vhd_information){
        .kind = vhd->footer.kind,
        .size = vhd->footer.size,
        .data_end = vhd->footer.size,
        .time = vhd->footer.time,
    };
    platform_copy(information->id, vhd->footer.id, sizeof(information->id));
    platform_copy(information->creator, vhd->footer.bytes + 28, 4);
    if (vhd->table != NULL) {
        information->block_size = vhd->header.block_size;
        information->blocks = vhd->blocks;
        information->data_end = vhd->data_end;
        for (uint32_t i = 0; i < vhd->blocks; i++) {
            information->allocated += vhd->table[i] != VHD_UNUSED;
        }
    }
    if (vhd->footer.kind == VHD_DIFFERENCING) {
        platform_copy(information->parent_id, vhd->header.parent_id, sizeof(information->parent_id));
        platform_copy(information->parent, vhd->parent_name, sizeof(information->parent));
    }
    for (const struct vhd *above = vhd->parent; above != NULL; above = above->parent) {
        information->depth++;
    }
}

void vhd_check(const struct vhd *vhd, void (*tell)(void *context, enum vhd_problem problem), void *context)
{
    uint64_t used = vhd->table != NULL ? vhd_round(vhd->data_end, VHD_SECTOR) : vhd->footer.size;
    if (vhd->footer_damaged) {
        tell(context, VHD_FOOTER_DAMAGED);
    }
    if (vhd->copy_damaged) {
        tell(context, VHD_COPY_DAMAGED);
    }
    if (vhd->copy_differs) {
        tell(context, VHD_COPY_DIFFERS);
    }
    if (vhd->length - (vhd->footer_damaged ? 0 : VHD_FOOTER_SIZE) > used) {
        tell(context, VHD_UNUSED_SPACE);
    }
}

/* ---- reading ---- */

ballast_status vhd_read_below(struct vhd *vhd, uint64_t offset, unsigned char *bytes, size_t length)
{
    ballast_status status = BALLAST_SUCCESS;
    size_t there = 0;
    if (vhd->parent != NULL && offset < vhd->parent->footer.size) {
        uint64_t left = vhd->parent->footer.size - offset;
        there = left < length ? (size_t)left : length;
        status = vhd->parent->source.operations->read(&vhd->parent->source, offset, bytes, there);
    }
    platform_zero(bytes + there, length - there);
    return status;
}

/* From a block that has some of its sectors: runs of sectors that it has, and that it has not. */
static ballast_status read_partial(struct vhd *vhd, uint32_t block, uint32_t within, unsigned char *bytes,
                                   uint32_t length)
{
    struct vhd_slot *slot;
    ballast_status status = vhd_slot_load(vhd, block, &slot);
    uint64_t data = vhd_block_start(vhd, block) + vhd->bitmap_size;
    uint64_t disk = (uint64_t)block * vhd->header.block_size;
    uint32_t end = within + length;
    while (within < end && !ballast_failed(status)) {
        bool here = vhd_bit(slot->bits, within / VHD_SECTOR);
        uint32_t next = (within / VHD_SECTOR + 1) * VHD_SECTOR;
        while (next < end && vhd_bit(slot->bits, next / VHD_SECTOR) == here) {
            next += VHD_SECTOR;
        }
        uint32_t part = (next < end ? next : end) - within;
        status =
            here ? vhd_file_read(vhd, data + within, bytes, part) : vhd_read_below(vhd, disk + within, bytes, part);
        within += part;
        bytes += part;
    }
    return status;
}

static ballast_status vhd_read(struct source *source, uint64_t offset, void *buffer, size_t length)
{
    struct vhd *vhd = (struct vhd *)source;
    unsigned char *bytes = buffer;
    ballast_status status = BALLAST_SUCCESS;
    if (vhd->table == NULL) {
        return vhd_file_read(vhd, offset, buffer, length);
    }
    while (length != 0 && !ballast_failed(status)) {
        uint32_t block = (uint32_t)(offset / vhd->header.block_size);
        uint32_t within = (uint32_t)(offset % vhd->header.block_size);
        uint32_t left = vhd->header.block_size - within;
        uint32_t part = length < left ? (uint32_t)length : left;
        if (vhd->table[block] == VHD_UNUSED) {
            status = vhd_read_below(vhd, offset, bytes, part);
        } else if (vhd_bit(vhd->full, block)) {
            status = vhd_file_read(vhd, vhd_block_start(vhd, block) + vhd->bitmap_size + within, bytes, part);
        } else {
            status = read_partial(vhd, block, within, bytes, part);
        }
        offset += part;
        bytes += part;
        length -= part;
    }
    return status;
}

static uint64_t extent_below(struct source *below, uint64_t offset, uint64_t length, bool *data)
{
    *data = true;
    return below->operations->extent != NULL ? below->operations->extent(below, offset, length, data) : length;
}

static uint64_t vhd_extent(struct source *source, uint64_t offset, uint64_t length, bool *data)
{
    struct vhd *vhd = (struct vhd *)source;
    if (vhd->table == NULL) {
        return extent_below(source->below, offset, length, data);
    }
    uint32_t first = (uint32_t)(offset / vhd->header.block_size);
    uint32_t next = first;
    bool here = vhd->table[first] != VHD_UNUSED;
    uint64_t end = offset;
    do {
        next++;
        end = (uint64_t)next * vhd->header.block_size;
    } while (end < offset + length && (vhd->table[next] != VHD_UNUSED) == here);
    uint64_t run = end - offset < length ? end - offset : length;
    *data = here;
    if (!here && vhd->parent != NULL && offset < vhd->parent->footer.size) {
        uint64_t left = vhd->parent->footer.size - offset;
        return vhd_extent(&vhd->parent->source, offset, left < run ? left : run, data);
    }
    return run;
}

/* ---- the rest of a source ---- */

static ballast_status vhd_trim(struct source *source, uint64_t offset, uint64_t length)
{
    struct vhd *vhd = (struct vhd *)source;
    /* Blocks are not given back: the file would have to be made anew, which converting it does. */
    return vhd->table != NULL ? BALLAST_SUCCESS : source->below->operations->trim(source->below, offset, length);
}

static ballast_status vhd_flush(struct source *source)
{
    return vhd_commit((struct vhd *)source);
}

static bool vhd_usage(struct source *source, struct source_usage *usage)
{
    return source->below->operations->usage(source->below, usage);
}

const struct source_operations vhd_operations = {
    .read = vhd_read,
    .write = vhd_write,
    .trim = vhd_trim,
    .flush = vhd_flush,
    .resize = vhd_resize,
    .extent = vhd_extent,
    .usage = vhd_usage,
    .destroy = vhd_destroy,
};
