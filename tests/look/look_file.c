/* SPDX-License-Identifier: MIT */
/* look_file FILE...: what the look at an image says, a line each, and a line for each partition and problem. */

#include "core/image/look.h"
#include "tests/look/look_file.h"

#include <stdio.h>
#include <string.h>

static const char *const kinds[] = {"automatic", "hd", "floppy", "cd", "raw"};

static void print(const struct look *look)
{
    printf("%s", image_container_word(look->container));
    if (!look->served) {
        printf(" refused\n");
        return;
    }
    printf(" %llu+%llu %s %u/%u/%u %s %s %s %s\n", (unsigned long long)look->offset, (unsigned long long)look->length,
           kinds[look->kind], look->geometry.bytes_per_sector, look->geometry.sectors_per_track,
           look->geometry.tracks_per_cylinder, look->read_only ? "ro" : "rw", volume_kind_word(look->volume),
           look->table != LOOK_NO_TABLE ? look_table_word(look->table) : "-", look_certainty_word(look->certainty));
    for (size_t i = 0; i < look->partition_count && i < LOOK_PARTITIONS; i++) {
        const struct look_partition *partition = &look->partitions[i];
        printf("  %u: %llu+%llu %02x %s%s\n", partition->entry.number, (unsigned long long)partition->entry.start_bytes,
               (unsigned long long)partition->entry.length_bytes, partition->entry.type,
               volume_kind_word(partition->volume), partition->entry.damaged ? " damaged" : "");
    }
    for (size_t i = 0; i < look->problem_count; i++) {
        printf("  %u @%llu: %s\n", look->problems[i].number, (unsigned long long)look->problems[i].offset,
               partition_result_text(look->problems[i].kind));
    }
}

int main(int argc, char **argv)
{
    static struct look look;
    int failures = 0;
    for (int i = 1; i < argc; i++) {
        struct look_options options = {.raw = false};
        if (look_at_file(argv[i], &options, &look)) {
            print(&look);
        } else {
            printf("unreadable\n");
            failures++;
        }
    }
    return failures != 0;
}
