/* SPDX-License-Identifier: MIT */
/*
 * Random partition tables, made by sfdisk and then damaged: what `sfdisk --dump` still lists, the look lists with the same
 * start and length, or a problem names it. sfdisk_compare DIRECTORY RUNS|SECONDSs [SEED]
 */

#include "tests/look/look_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#define SECTOR    512u
#define GPT_ENTRY 128u
#define LISTED    512u
#define REGIONS   512u
#define DAMAGES   40u /* of each table */
#define PATH_SIZE 512

struct listed {
    unsigned number;
    uint64_t start;
    uint64_t length;
    unsigned type;
};

static uint64_t state;
static char path[PATH_SIZE];
static uint64_t image_sectors;
static uint64_t regions[REGIONS]; /* sectors that the tables are in */
static unsigned region_count;
static struct listed listed[LISTED];
static unsigned listed_count;
static bool listed_gpt;
static struct look look;

static uint64_t random_below(uint64_t limit)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return limit == 0 ? 0 : (state * 0x2545F4914F6CDD1Dull >> 16) % limit;
}

/* ---- tables ---- */

/* Consecutive partitions with gaps. */
static void put_partitions(FILE *script, const char *extra, uint64_t first, uint64_t last, unsigned count)
{
    uint64_t room = (last - first) / (count != 0 ? count : 1);
    for (unsigned i = 0; i < count && room > 4200; i++) {
        uint64_t gap = 2048 + random_below(2) * random_below(room / 4);
        uint64_t length = 1 + random_below(room - gap - 1);
        fprintf(script, "start=%llu, size=%llu%s\n", (unsigned long long)(first + i * room + gap),
                (unsigned long long)length, extra);
    }
}

static void put_dos(FILE *script)
{
    static const char *const containers[] = {"5", "f", "85"};
    unsigned primaries = 1 + (unsigned)random_below(3);
    uint64_t middle = image_sectors / 2;
    fprintf(script, "label: dos\n");
    put_partitions(script, random_below(2) != 0 ? ", type=7" : ", type=83", 0, middle, primaries);
    if (random_below(4) != 0) {
        fprintf(script, "start=%llu, size=%llu, type=%s\n", (unsigned long long)middle,
                (unsigned long long)(image_sectors - middle), containers[random_below(3)]);
        put_partitions(script, ", type=83", middle, image_sectors, (unsigned)random_below(7));
    }
}

static bool make_table(void)
{
    char command[PATH_SIZE + 64];
    image_sectors = 65536 + random_below(65536);
    (void)unlink(path);
    int file = open(path, O_RDWR | O_CREAT, 0600);
    if (file < 0 || ftruncate(file, (off_t)(image_sectors * SECTOR)) != 0) {
        return false;
    }
    (void)close(file);
    (void)snprintf(command, sizeof(command), "sfdisk --quiet --no-reread --no-tell-kernel '%s' 2>/dev/null", path);
    FILE *script = popen(command, "w");
    if (script == NULL) {
        return false;
    }
    bool gpt = random_below(2) != 0;
    if (gpt) {
        fprintf(script, "label: gpt\n");
        put_partitions(script, ", type=L, name=x", 0, image_sectors - 2048, 1 + (unsigned)random_below(9));
    } else {
        put_dos(script);
    }
    return pclose(script) == 0;
}

/* Hybrid: more entries beside the one that protects the GPT. */
static void make_hybrid(int file)
{
    unsigned char entry[16] = {0, 0, 2, 0, 7, 0xFF, 0xFF, 0xFF};
    uint32_t start = (uint32_t)(2048 + random_below(4096));
    uint32_t length = (uint32_t)(1 + random_below(20000));
    memcpy(entry + 8, &start, 4);
    memcpy(entry + 12, &length, 4);
    (void)!pwrite(file, entry, sizeof(entry), 446 + 16);
}

static void find_regions(int file)
{
    unsigned char sector[SECTOR];
    static const unsigned char zeros[SECTOR];
    region_count = 0;
    for (off_t at = lseek(file, 0, SEEK_DATA); at >= 0 && region_count < REGIONS;) {
        if (pread(file, sector, SECTOR, at / SECTOR * SECTOR) != SECTOR) {
            break;
        }
        if (memcmp(sector, zeros, SECTOR) != 0) {
            regions[region_count++] = (uint64_t)at / SECTOR;
        }
        at = lseek(file, at / SECTOR * SECTOR + SECTOR, SEEK_DATA);
    }
}

/* ---- damage ---- */

static void damage_bytes(int file, uint64_t at, unsigned length)
{
    static const unsigned char favourites[] = {0x00, 0x01, 0x05, 0x0F, 0x7F, 0x80, 0x85, 0xEE, 0xFF, 0x55, 0xAA};
    unsigned char bytes[SECTOR] = {0};
    unsigned kind = (unsigned)random_below(4);
    (void)!pread(file, bytes, length, (off_t)at);
    for (unsigned i = 0; i < length; i++) {
        unsigned flipped = bytes[i] ^ 1u << random_below(8);
        unsigned favourite = favourites[random_below(sizeof(favourites))];
        unsigned value = kind == 0 ? (unsigned)random_below(256) : kind == 1 ? favourite : kind == 2 ? flipped : 0;
        bytes[i] = (unsigned char)value;
    }
    (void)!pwrite(file, bytes, length, (off_t)at);
}

static void damage(int file)
{
    unsigned count = 1 + (unsigned)random_below(4);
    for (unsigned i = 0; i < count && region_count != 0; i++) {
        /* Half of it where entries of an MBR are. */
        uint64_t sector = regions[random_below(random_below(2) != 0 && region_count > 8 ? 8 : region_count)];
        unsigned length = 1 + (unsigned)random_below(random_below(4) != 0 ? 8 : 64);
        uint64_t within = random_below(2) != 0 ? 446 + random_below(66) : random_below(SECTOR - 64);
        length = within + length > SECTOR ? (unsigned)(SECTOR - within) : length;
        damage_bytes(file, sector * SECTOR + within, length);
    }
    if (random_below(10) == 0) {
        (void)!ftruncate(file, (off_t)(random_below(image_sectors) * SECTOR + random_below(2) * 100));
    }
    if (random_below(10) == 0 && region_count > 1) { /* a sector in the place of another */
        unsigned char sector[SECTOR];
        (void)!pread(file, sector, SECTOR, (off_t)(regions[random_below(region_count)] * SECTOR));
        (void)!pwrite(file, sector, SECTOR, (off_t)(regions[random_below(region_count)] * SECTOR));
    }
}

/* ---- comparing ---- */

static bool read_dump(void)
{
    char command[PATH_SIZE + 64];
    char line[512];
    listed_count = 0;
    listed_gpt = false;
    (void)snprintf(command, sizeof(command), "sfdisk --dump '%s' 2>/dev/null", path);
    FILE *dump = popen(command, "r");
    if (dump == NULL) {
        return false;
    }
    while (fgets(line, sizeof(line), dump) != NULL) {
        struct listed row = {.number = 0};
        unsigned long long start;
        unsigned long long length;
        const char *name = strstr(line, path);
        if (strncmp(line, "label: gpt", 10) == 0) {
            listed_gpt = true;
        }
        if (name == line && listed_count < LISTED &&
            sscanf(line + strlen(path), "%u : start=%llu, size=%llu, type=%x", &row.number, &start, &length,
                   &row.type) >= 3) {
            row.start = start * SECTOR;
            row.length = length * SECTOR;
            listed[listed_count++] = row;
        }
    }
    (void)pclose(dump);
    return true;
}

static bool is_listed(const struct listed *row)
{
    for (size_t i = 0; i < look.partition_count && i < LOOK_PARTITIONS; i++) {
        if (look.partitions[i].entry.start_bytes == row->start &&
            look.partitions[i].entry.length_bytes == row->length) {
            return true;
        }
    }
    return false;
}

static bool is_chain(enum partition_result kind)
{
    return kind == PARTITION_CHAIN_UNREADABLE || kind == PARTITION_CHAIN_DAMAGED || kind == PARTITION_CYCLIC_CHAIN ||
           kind == PARTITION_LONG_CHAIN;
}

static bool is_container(const struct listed *row)
{
    return row->type == 0x05 || row->type == 0x0F || row->type == 0x85;
}

/* sfdisk follows a chain that leads back, again and again. */
static bool is_repeated(unsigned index)
{
    for (unsigned i = 0; i < index; i++) {
        if (listed[i].start == listed[index].start && listed[i].length == listed[index].length) {
            return true;
        }
    }
    return false;
}

/* A chain ends where it is damaged: of what it links, only the rest is lost. */
static bool is_behind_listed(const struct listed *row)
{
    for (unsigned i = 0; i < listed_count; i++) {
        if (listed[i].number > row->number && !is_repeated(i) && is_listed(&listed[i])) {
            return false;
        }
    }
    return row->number > 4;
}

/* The entry of a GPT, in the array behind the first header or in front of the second. */
static bool is_entry_of(const struct listed *row, uint64_t offset)
{
    uint64_t entry = (uint64_t)(row->number - 1) * GPT_ENTRY;
    return offset == 2 * SECTOR + entry || offset == (image_sectors - 33) * SECTOR + entry;
}

/* A container beside a GPT is named; what is in it goes with it. */
static bool is_in_container(const struct listed *row, uint64_t start)
{
    for (unsigned i = 0; i < listed_count; i++) {
        if (is_container(&listed[i]) && listed[i].start == start) {
            return row->number > 4;
        }
    }
    return false;
}

/* Whether a problem says that this partition, or the table it is in and which is not listed, is damaged. */
static bool names(const struct partition_problem *problem, const struct listed *row)
{
    switch (problem->kind) {
    case PARTITION_NOT_A_TABLE:
        return !listed_gpt && look.table == LOOK_NO_TABLE;
    case PARTITION_BAD_PROTECTION: /* sfdisk takes it for an MBR; we, for the GPT that is there */
        return !listed_gpt && look.table == LOOK_GPT;
    case PARTITION_UNPROTECTED:
        return !listed_gpt && look.table == LOOK_GPT && problem->offset == 0;
    case PARTITION_HYBRID: /* as is what protects it */
        return !listed_gpt && (problem->offset == row->start || is_in_container(row, problem->offset));
    case PARTITION_GPT_DAMAGED:
        return listed_gpt ? look.partition_count == 0 || !look.partitions[0].entry.gpt
                          : row->type == PARTITION_TYPE_PROTECTIVE;
    case PARTITION_OUT_OF_RANGE:
        return listed_gpt && is_entry_of(row, problem->offset);
    case PARTITION_BAD_FLAG: /* by its boot record, which logical partitions are behind */
        return !listed_gpt && problem->number != 0 &&
               (row->number <= 4 ? problem->offset == 0 : problem->offset != 0 && problem->offset <= row->start);
    case PARTITION_UNTYPED:
        return !listed_gpt && row->type == 0 && problem->offset == row->start;
    default:
        return is_chain(problem->kind) && !listed_gpt && is_behind_listed(row);
    }
}

static bool is_named(const struct listed *row)
{
    for (size_t i = 0; i < look.problem_count; i++) {
        if (names(&look.problems[i], row)) {
            return true;
        }
    }
    return false;
}

/* Containers, entries that are only marked as something, and what protects a GPT that is listed. */
static bool is_no_partition(const struct listed *row)
{
    return !listed_gpt && (is_container(row) || (row->type == 0 && row->length == 0) ||
                           (row->type == PARTITION_TYPE_PROTECTIVE && look.table == LOOK_GPT));
}

/* False, and the partition is printed, if one that sfdisk lists is lost in silence. */
static bool compare(void)
{
    struct look_options options = {.raw = true};
    bool looked = look_at_file(path, &options, &look);
    for (unsigned i = 0; i < listed_count; i++) {
        const struct listed *row = &listed[i];
        if (is_no_partition(row) || (looked && (is_listed(row) || is_named(row)))) {
            continue;
        }
        printf("# %s: partition %u (%llu+%llu, type %x of %s) is neither listed nor named\n", path, row->number,
               (unsigned long long)row->start, (unsigned long long)row->length, row->type, listed_gpt ? "gpt" : "dos");
        return false;
    }
    return true;
}

/* ---- the runs ---- */

static void keep(const char *directory, unsigned run)
{
    char command[3 * PATH_SIZE];
    (void)snprintf(command, sizeof(command), "cp --sparse=always '%s' '%s/finding-%u.img'", path, directory, run);
    if (system(command) == 0) {
        printf("# kept as %s/finding-%u.img\n", directory, run);
    }
}

/* One table, whole and then damaged again and again. Returns how many comparisons failed. */
static unsigned run_table(const char *directory, unsigned run, unsigned long *comparisons, unsigned long *partitions)
{
    unsigned failures = 0;
    if (!make_table()) {
        return 0;
    }
    int file = open(path, O_RDWR);
    unsigned char saved[REGIONS][SECTOR];
    if (file < 0) {
        return 1;
    }
    if (random_below(8) == 0) {
        make_hybrid(file);
    }
    find_regions(file);
    for (unsigned i = 0; i < region_count; i++) {
        (void)!pread(file, saved[i], SECTOR, (off_t)(regions[i] * SECTOR));
    }
    for (unsigned i = 0; i <= DAMAGES && failures == 0; i++) {
        if (i != 0) {
            damage(file);
        }
        if (!read_dump() || !compare()) {
            failures++;
            keep(directory, run);
        }
        (*comparisons)++;
        *partitions += listed_count;
        (void)!ftruncate(file, (off_t)(image_sectors * SECTOR));
        for (unsigned j = 0; j < region_count; j++) {
            (void)!pwrite(file, saved[j], SECTOR, (off_t)(regions[j] * SECTOR));
        }
    }
    (void)close(file);
    return failures;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: sfdisk_compare DIRECTORY RUNS|SECONDSs [SEED]\n");
        return 2;
    }
    bool timed = strchr(argv[2], 's') != NULL;
    unsigned long limit = strtoul(argv[2], NULL, 10);
    unsigned seed = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 1;
    unsigned long comparisons = 0;
    unsigned long partitions = 0;
    unsigned failures = 0;
    time_t began = time(NULL);
    (void)snprintf(path, sizeof(path), "%s/compare.img", argv[1]);
    for (unsigned run = seed; timed ? (unsigned long)(time(NULL) - began) < limit : run < seed + limit; run++) {
        state = run * 0x9E3779B97F4A7C15ull + 1;
        failures += run_table(argv[1], run, &comparisons, &partitions);
        (void)fflush(stdout);
    }
    (void)unlink(path);
    printf("# note: %lu tables compared, in which sfdisk lists %lu partitions\n", comparisons, partitions);
    printf("%s 1 - what sfdisk lists is listed or named\n1..1\n", failures == 0 && partitions != 0 ? "ok" : "not ok");
    return failures != 0 || partitions == 0;
}
