/* SPDX-License-Identifier: MIT */
/* Opening and describing VHDs; vhd.h has the contract. */

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
    [VHD_BAD_TABLE] = {"bad_table", "the table of blocks is too short or too long, or lies where it cannot"},
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
