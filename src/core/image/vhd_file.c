/* SPDX-License-Identifier: MIT */
/* One file of a VHD as a source: opening it, without its parents, and closing it. */

#include "core/image/vhd_internal.h"

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

static const struct source_operations operations = {
    .read = vhd_read,
    .write = vhd_write,
    .trim = vhd_trim,
    .flush = vhd_flush,
    .resize = vhd_resize,
    .extent = vhd_extent,
    .usage = vhd_usage,
    .destroy = vhd_destroy,
};

/*
 * The footer, unless it is damaged; then its copy. A copy of another disk than the footer's is believed, as most programs
 * look there first: where a cut has left a file of any length, what is at its end may be data. A fixed disk has none: what
 * its file begins with is what somebody has written to the disk.
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
    bool sound = at_end == VHD_NO_PROBLEM;
    bool fixed = sound && vhd->footer.kind == VHD_FIXED;
    bool copied = at_begin == VHD_NO_PROBLEM && copy.kind != VHD_FIXED && !fixed;
    if (copied && (!sound || __builtin_memcmp(copy.id, vhd->footer.id, sizeof(copy.id)) != 0)) {
        vhd->footer = copy;
        vhd->footer_damaged = true;
    } else if (!sound) {
        return at_end != VHD_NO_FOOTER || at_begin == VHD_NO_PROBLEM ? at_end : at_begin;
    } else if (!fixed) {
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
    *vhd = (struct vhd){.source = {.operations = &operations, .below = file->source, .blocks = true},
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
