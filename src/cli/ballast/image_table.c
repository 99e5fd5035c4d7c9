/* SPDX-License-Identifier: MIT */
/* The partitions of an image, as text and JSON. */

#include "cli/ballast/image.h"

#include <stdio.h>

#include "cli/ballast/console.h"
#include "core/image/mbr.h"

#define GUID_TEXT 40

size_t image_listed(const struct look *look)
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

static void json_partition(const struct look_partition *partition)
{
    const struct partition *entry = &partition->entry;
    json_open(NULL, '{');
    json_number("number", entry->number);
    json_number("start_bytes", entry->start_bytes);
    json_number("length_bytes", entry->length_bytes);
    if (entry->gpt) {
        char guid[GUID_TEXT];
        uint16_t name[PARTITION_GPT_NAME + 1] = {0};
        guid_text(entry->type_guid, guid);
        platform_copy(name, entry->name, sizeof(entry->name));
        json_text("type", guid);
        json_text("name", utf8_of_utf16(name));
    } else {
        char type[4];
        (void)snprintf(type, sizeof(type), "%02x", entry->type);
        json_text("type", type);
        json_null("name");
    }
    json_text_or_null("file_system", partition->volume != VOLUME_UNKNOWN ? volume_kind_word(partition->volume) : NULL);
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

void image_json_table(const struct look *look)
{
    json_text_or_null("table", look_table_word(look->table));
    json_number("table_sector_bytes", look->table_sector_size);
    json_number("partition_count", look->partition_count);
    json_open("partitions", '[');
    for (size_t i = 0; i < image_listed(look); i++) {
        json_partition(&look->partitions[i]);
    }
    json_close(']');
    json_open("problems", '[');
    for (size_t i = 0; i < look->problem_count; i++) {
        json_problem(&look->problems[i]);
    }
    json_close(']');
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

void image_print_table(const struct look *look)
{
    if (look->table != LOOK_NO_TABLE) {
        print("Partitions:   %zu, %s, sectors of %u bytes\n", look->partition_count,
              look->table == LOOK_GPT ? "GPT" : "MBR", look->table_sector_size);
    }
    if (image_listed(look) != 0) {
        print("  NUMBER           START        SIZE  FILE SYSTEM  TYPE\n");
    }
    for (size_t i = 0; i < image_listed(look); i++) {
        print_partition(&look->partitions[i]);
    }
    if (image_listed(look) < look->partition_count) {
        print("  ... and %zu more\n", look->partition_count - image_listed(look));
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
