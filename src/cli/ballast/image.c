/* SPDX-License-Identifier: MIT */
/* ballast image look: what an image is, before a disk is made of it. */

#include "cli/ballast/disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/image/mbr.h"
#include "lib/look.h"

#define GUID_TEXT 40

static const char *device_text(enum disk_kind kind)
{
    static const char *const words[] = {"auto", "hd", "floppy", "cd", "raw"};
    return words[kind];
}

static size_t listed(const struct look *look)
{
    return look->partition_count < LOOK_PARTITIONS ? look->partition_count : LOOK_PARTITIONS;
}

/* The GUID as people write it: its first three groups have their lowest byte first. */
static void guid_text(const uint8_t guid[16], char text[GUID_TEXT])
{
    (void)snprintf(text, GUID_TEXT, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", guid[3],
                   guid[2], guid[1], guid[0], guid[5], guid[4], guid[7], guid[6], guid[8], guid[9], guid[10], guid[11],
                   guid[12], guid[13], guid[14], guid[15]);
}

/* ---- JSON ---- */

static void json_text_or_null(const char *name, const char *text)
{
    if (text != NULL) {
        json_text(name, text);
    } else {
        json_null(name);
    }
}

static void json_file_system(enum volume_kind volume)
{
    json_text_or_null("file_system", volume != VOLUME_UNKNOWN ? volume_kind_word(volume) : NULL);
}

static void json_partition(const struct look_partition *partition)
{
    const struct partition *entry = &partition->entry;
    json_open(NULL, '{');
    json_number("number", entry->number);
    json_number("start_bytes", entry->start_bytes);
    json_number("length_bytes", entry->length_bytes);
    if (entry->gpt) {
        char guid[GUID_TEXT];
        wchar_t name[PARTITION_GPT_NAME + 1] = {0};
        guid_text(entry->type_guid, guid);
        memcpy(name, entry->name, sizeof(entry->name));
        json_text("type", guid);
        json_text("name", utf8(name));
    } else {
        char type[4];
        (void)snprintf(type, sizeof(type), "%02x", entry->type);
        json_text("type", type);
        json_null("name");
    }
    json_file_system(partition->volume);
    json_bool("active", entry->active);
    json_bool("intact", !entry->damaged);
    json_close('}');
}

static void json_problem(const struct partition_problem *problem)
{
    json_open(NULL, '{');
    if (problem->number != 0) {
        json_number("partition", problem->number);
    } else {
        json_null("partition");
    }
    json_number("offset_bytes", problem->offset);
    json_text("text", partition_result_text(problem->kind));
    json_close('}');
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
    json_text_or_null("table", look_table_word(look->table));
    json_number("table_sector_bytes", look->table_sector_size);
    json_number("partition_count", look->partition_count);
    json_open("partitions", '[');
    for (size_t i = 0; i < listed(look); i++) {
        json_partition(&look->partitions[i]);
    }
    json_close(']');
    json_open("problems", '[');
    for (size_t i = 0; i < look->problem_count; i++) {
        json_problem(&look->problems[i]);
    }
    json_close(']');
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

static void print_partition(const struct look_partition *partition)
{
    const struct partition *entry = &partition->entry;
    const char *type = entry->gpt && entry->type == PARTITION_TYPE_PROTECTIVE ? "-" : mbr_type_name(entry->type);
    print("  %6u  %14llu  %10s  %-11s  %s%s\n", entry->number, (unsigned long long)entry->start_bytes,
          size_text(entry->length_bytes),
          partition->volume != VOLUME_UNKNOWN ? volume_kind_name(partition->volume) : "-", type,
          entry->damaged ? "  (damaged)" : "");
}

static void print_table(const struct look *look)
{
    if (look->table != LOOK_NO_TABLE) {
        print("Partitions:   %zu, %s, sectors of %u bytes\n", look->partition_count,
              look->table == LOOK_GPT ? "GPT" : "MBR", look->table_sector_size);
    }
    if (listed(look) != 0) {
        print("  NUMBER           START        SIZE  FILE SYSTEM  TYPE\n");
    }
    for (size_t i = 0; i < listed(look); i++) {
        print_partition(&look->partitions[i]);
    }
    if (listed(look) < look->partition_count) {
        print("  ... and %zu more\n", look->partition_count - listed(look));
    }
    for (size_t i = 0; i < look->problem_count; i++) {
        const struct partition_problem *problem = &look->problems[i];
        if (problem->number != 0) {
            print("Problem:      partition %u: %s\n", problem->number, partition_result_text(problem->kind));
        } else {
            print("Problem:      at %llu: %s\n", (unsigned long long)problem->offset,
                  partition_result_text(problem->kind));
        }
    }
}

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
    print_table(look);
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

static ballast_result image_look(const struct arguments *arguments)
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

void image_note_partitions(const wchar_t *path)
{
    struct look_options options = {.raw = false};
    struct look *look = allocate();
    if (look != NULL && look_at_path(path, &options, look, NULL) == BALLAST_OK && look->table != LOOK_NO_TABLE &&
        look->kind != DISK_KIND_CD && listed(look) != 0) {
        print_note("note: the image has partitions, and the disk is the whole of it; --partition N takes one:");
        for (size_t i = 0; i < listed(look); i++) {
            const struct look_partition *partition = &look->partitions[i];
            print_note("%s %u (%s, %s)", i != 0 ? "," : "", partition->entry.number,
                       partition->entry.damaged ? "damaged" : volume_kind_name(partition->volume),
                       size_text(partition->entry.length_bytes));
        }
        print_note("\n");
    }
    free(look);
}

static const struct option look_options[] = {
    {L"offset", L"SIZE", "where in the image the disk begins"},
    {L"raw", NULL, "the image is no container, whatever it looks like"},
    {NULL, NULL, NULL},
};

const struct command image_command = {
    L"image",     L"look",   "FILE", 1, 1, "Say what an image is, and list its partitions", "Nothing is changed.\n",
    look_options, image_look};
