/* SPDX-License-Identifier: MIT */
/* Parents of differencing VHDs: their names, which are hostile, and whether they are what they should be. */

#include "core/image/vhd_internal.h"

/* The kinds of names, best first: a locator's whole relative name, then the last parts of all names. */
enum naming {
    RELATIVE,
    RELATIVE_LAST,
    ABSOLUTE_LAST,
    HEADER_LAST,
    NAMINGS,
};

/*
 * "." and ".." as a part lead elsewhere, ':' names a drive or a stream, and two separators in a row a server. Separators become
 * '/'.
 */
static bool clean(uint16_t *name)
{
    unsigned begin = 0;
    unsigned i = 0;
    for (;; i++) {
        name[i] = name[i] == '\\' ? '/' : name[i];
        if (name[i] == '/' || name[i] == 0) {
            unsigned length = i - begin;
            if (length == 0 || (length <= 2 && name[begin] == '.' && name[i - 1] == '.')) {
                return false;
            }
            begin = i + 1;
        }
        if (name[i] == 0) {
            return true;
        }
        if (name[i] < ' ' || name[i] == ':') {
            return false;
        }
    }
}

bool vhd_name_allowed(const uint16_t *name)
{
    uint16_t copy[VHD_PARENT_NAME];
    unsigned length = 0;
    while (length < VHD_PARENT_NAME && name[length] != 0) {
        copy[length] = name[length];
        length++;
    }
    if (length == VHD_PARENT_NAME) {
        return false;
    }
    copy[length] = 0;
    return clean(copy);
}

static unsigned last_part(const uint16_t *name)
{
    unsigned begin = 0;
    for (unsigned i = 0; name[i] != 0; i++) {
        begin = name[i] == '/' || name[i] == '\\' ? i + 1 : begin;
    }
    return begin;
}

static unsigned skip_here(const uint16_t *name)
{
    unsigned begin = 0;
    while (name[begin] == '.' && (name[begin + 1] == '/' || name[begin + 1] == '\\')) {
        begin += 2;
    }
    return begin;
}

static void cut_front(uint16_t *name, unsigned count)
{
    unsigned i = 0;
    do {
        name[i] = name[i + count];
    } while (name[i++] != 0);
}

static bool locator_name(const struct vhd *vhd, const struct vhd_locator *locator, uint16_t name[VHD_PARENT_NAME])
{
    uint8_t bytes[VHD_LOCATOR_BYTES];
    if (locator->length == 0 || locator->length % 2 != 0 || locator->length > VHD_LOCATOR_BYTES - 2 ||
        ballast_failed(vhd_file_read(vhd, locator->range.offset, bytes, locator->length))) {
        return false;
    }
    for (unsigned i = 0; i < locator->length / 2; i++) {
        name[i] = (uint16_t)(bytes[(size_t)2 * i] | bytes[(size_t)2 * i + 1] << 8);
    }
    name[locator->length / 2] = 0;
    return true;
}

static bool candidate(const struct vhd *vhd, enum naming naming, unsigned index, uint16_t name[VHD_PARENT_NAME])
{
    const struct vhd_locator *locator = &vhd->header.locators[index];
    uint32_t platform = naming == ABSOLUTE_LAST ? VHD_LOCATOR_W2KU : VHD_LOCATOR_W2RU;
    if (naming == HEADER_LAST) {
        vhd_header_name(&vhd->header, name);
        if (index != 0) {
            return false;
        }
    } else if (locator->platform != platform || !locator_name(vhd, locator, name)) {
        return false;
    }
    cut_front(name, naming == RELATIVE ? skip_here(name) : last_part(name));
    return clean(name);
}

/* Puts a name in the directory of another one; false if that becomes too long. */
static bool join(const uint16_t *other, uint16_t name[VHD_PARENT_NAME])
{
    unsigned directory = last_part(other);
    unsigned length = 0;
    while (name[length] != 0) {
        length++;
    }
    if (directory + length >= VHD_PARENT_NAME) {
        return false;
    }
    for (unsigned i = length + 1; i != 0; i--) {
        name[directory + i - 1] = name[i - 1];
    }
    platform_copy(name, other, directory * sizeof(*name));
    return true;
}

static enum vhd_problem verify(const struct vhd *vhd, const struct vhd *parent, const struct vhd_file *file,
                               const struct vhd_options *options)
{
    if (__builtin_memcmp(vhd->header.parent_id, parent->footer.id, sizeof(parent->footer.id)) != 0) {
        return VHD_PARENT_IS_OTHER;
    }
    /* When the file was written last. A footer's time stays as its data change, and has to do where that is not known. */
    uint32_t time = file->modified != 0 ? file->modified : parent->footer.time;
    return time == vhd->header.parent_time || options->any_time ? VHD_NO_PROBLEM : VHD_PARENT_CHANGED;
}

static enum vhd_problem open_candidate(struct vhd *vhd, const struct vhd_options *options, const uint16_t *name)
{
    struct vhd_file file;
    struct vhd *parent;
    ballast_status status = options->opener->open(options->opener->context, name, &file);
    if (ballast_failed(status)) {
        return status == BALLAST_OBJECT_NAME_NOT_FOUND ? VHD_PARENT_MISSING : VHD_PARENT_DAMAGED;
    }
    enum vhd_problem problem = vhd_open_file(&file, false, &parent);
    if (problem != VHD_NO_PROBLEM) {
        file.source->operations->destroy(file.source);
        return problem == VHD_NO_MEMORY ? problem : VHD_PARENT_DAMAGED;
    }
    problem = verify(vhd, parent, &file, options);
    if (problem != VHD_NO_PROBLEM) {
        parent->source.operations->destroy(&parent->source);
        return problem;
    }
    platform_copy(vhd->parent_name, name, sizeof(vhd->parent_name));
    vhd->parent = parent;
    return VHD_NO_PROBLEM;
}

/* `from` is the name that the disk itself was opened by. The problem is that of the best name that leads anywhere. */
static enum vhd_problem find_parent(struct vhd *vhd, const struct vhd_options *options, const uint16_t *from)
{
    enum vhd_problem first = VHD_PARENT_MISSING;
    uint16_t name[VHD_PARENT_NAME] = {0};
    for (unsigned naming = 0; naming < NAMINGS; naming++) {
        for (unsigned i = 0; i < VHD_LOCATORS; i++) {
            if (!candidate(vhd, (enum naming)naming, i, name) || !join(from, name)) {
                continue;
            }
            enum vhd_problem problem = open_candidate(vhd, options, name);
            if (problem == VHD_NO_PROBLEM) {
                return VHD_NO_PROBLEM;
            }
            first = first == VHD_PARENT_MISSING ? problem : first;
        }
    }
    return first;
}

enum vhd_problem vhd_parents_open(struct vhd *leaf, const struct vhd_options *options)
{
    static const uint16_t here[1];
    const uint16_t *from = here;
    unsigned depth = 1;
    struct vhd *vhd = leaf;
    if (options->opener == NULL) {
        return VHD_PARENT_MISSING;
    }
    while (vhd->footer.kind == VHD_DIFFERENCING) {
        for (const struct vhd *other = leaf;; other = other->parent) {
            if (__builtin_memcmp(other->footer.id, vhd->header.parent_id, sizeof(other->footer.id)) == 0) {
                return VHD_CYCLIC_PARENTS;
            }
            if (other == vhd) {
                break;
            }
        }
        if (depth++ == VHD_MAXIMUM_DEPTH) {
            return VHD_TOO_MANY_PARENTS;
        }
        enum vhd_problem problem = find_parent(vhd, options, from);
        if (problem != VHD_NO_PROBLEM) {
            return problem;
        }
        from = vhd->parent_name;
        vhd = vhd->parent;
    }
    return VHD_NO_PROBLEM;
}
