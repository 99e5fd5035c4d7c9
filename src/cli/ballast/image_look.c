/* SPDX-License-Identifier: MIT */
/* ballast image look: what an image is, before a disk is made of it. */

#include "cli/ballast/disk.h"
#include "cli/ballast/image.h"

#include <stdlib.h>

#include "lib/disk_image.h"
#include "lib/look.h"

static const char *device_text(enum disk_kind kind)
{
    static const char *const words[] = {"auto", "hd", "floppy", "cd", "raw"};
    return words[kind];
}

/* ---- JSON ---- */

static void json_file_system(enum volume_kind volume)
{
    json_text_or_null("file_system", volume != VOLUME_UNKNOWN ? volume_kind_word(volume) : NULL);
}

static void json_disk(const struct look *look)
{
    json_number("offset_bytes", look->offset);
    json_number("length_bytes", look->length);
    json_text("certainty", look_certainty_word(look->certainty));
    json_text("device", device_text(look->kind));
    json_bool("read_only", look->read_only);
    json_number("bytes_per_sector", look->geometry.bytes_per_sector);
    json_number("sectors_per_track", look->geometry.sectors_per_track);
    json_number("tracks_per_cylinder", look->geometry.tracks_per_cylinder);
    json_file_system(look->volume);
    image_json_table(look);
}

static void print_json(const wchar_t *path, const struct look *look)
{
    json_open(NULL, '{');
    json_text("image", utf8(path));
    json_text("container", image_container_word(look->container));
    json_bool("served", look->served);
    json_text_or_null("advice", look->served ? NULL : image_container_advice(look->container));
    if (look->served) {
        json_disk(look);
    }
    json_close('}');
    json_end();
}

/* ---- text ---- */

static void print_look(const wchar_t *path, const struct look *look)
{
    print("Image:        %s\n", utf8(path));
    print("Container:    %s%s\n", image_container_name(look->container), look->served ? "" : ", not served");
    if (!look->served) {
        print("Advice:       %s\n", image_container_advice(look->container));
        return;
    }
    print("Data:         %llu bytes (%s) from offset %llu on\n", (unsigned long long)look->length,
          size_text(look->length), (unsigned long long)look->offset);
    print("Device:       %s%s; %u bytes per sector, %u sectors per track, %u tracks per cylinder\n",
          device_text(look->kind), look->read_only ? ", read-only" : "", look->geometry.bytes_per_sector,
          look->geometry.sectors_per_track, look->geometry.tracks_per_cylinder);
    print("File system:  %s\n", look->volume != VOLUME_UNKNOWN ? volume_kind_name(look->volume) : "-");
    print("Certainty:    %s\n", look_certainty_word(look->certainty));
    image_print_table(look);
}

/* ---- commands ---- */

static struct look *allocate(void)
{
    struct look *look = malloc(sizeof(*look));
    if (look == NULL) {
        print_error("error: out of memory\n");
    }
    return look;
}

ballast_result image_look(const struct arguments *arguments)
{
    struct look_options options = {.raw = option_given(arguments, L"raw")};
    ballast_error error;
    if (!option_size(arguments, L"offset", &options.offset)) {
        return BALLAST_INVALID_ARGUMENT;
    }
    options.offset_given = options.offset != 0;
    struct look *look = allocate();
    if (look == NULL) {
        return BALLAST_FAILED;
    }
    ballast_result result = look_at_path(arguments->positions[0], &options, look, &error);
    if (result != BALLAST_OK) {
        (void)fail(result, &error);
    } else if (arguments->json) {
        print_json(arguments->positions[0], look);
    } else {
        print_look(arguments->positions[0], look);
    }
    free(look);
    return result;
}

static void note_partitions(const struct look *look)
{
    print_note("note: the image has partitions, and the disk is the whole of it; --partition N takes one:");
    for (size_t i = 0; i < image_listed(look); i++) {
        const struct look_partition *partition = &look->partitions[i];
        print_note("%s %u (%s, %s)", i != 0 ? "," : "", partition->entry.number,
                   partition->entry.damaged ? "damaged" : volume_kind_name(partition->volume),
                   size_text(partition->entry.length_bytes));
    }
    print_note("\n");
}

static void note_problems(const struct look *look)
{
    for (size_t i = 0; i < look->problem_count; i++) {
        const struct partition_problem *problem = &look->problems[i];
        if (problem->number != 0) {
            print_note("note: partition %u: %s\n", problem->number, partition_result_text(problem->kind));
        } else {
            print_note("note: %s\n", partition_result_text(problem->kind));
        }
    }
}

void image_note_table(const ballast_disk_options *options)
{
    struct look_options how = disk_image_look_options(options);
    bool said = (options->flags & (BALLAST_DISK_READ_ONLY | BALLAST_DISK_WRITABLE)) != 0;
    bool whole = options->partition == 0;
    bool cd = options->device == BALLAST_DEVICE_CD;
    struct look *look = allocate();
    if (look == NULL || look_at_path(options->image, &how, look, NULL) != BALLAST_OK) {
        free(look);
        return;
    }
    cd = cd || (options->device == BALLAST_DEVICE_AUTOMATIC && look->kind == DISK_KIND_CD);
    if (!whole || !cd) { /* a table on a CD is for those who boot it from a disk */
        note_problems(look);
        if (options->type == BALLAST_DISK_FILE && !said && look_protects(look, options->partition)) {
            print_note("note: the disk is read-only, because the partition table is damaged; --writable lets it be "
                       "written\n");
        }
        if (whole && options->image_offset == 0 && look->table != LOOK_NO_TABLE && image_listed(look) != 0) {
            note_partitions(look);
        }
    }
    free(look);
}

const struct option image_look_options[] = {
    {L"offset", L"SIZE", "where in the image the disk begins"},
    {L"raw", NULL, "the image is no container, whatever it looks like"},
    {NULL, NULL, NULL},
};
