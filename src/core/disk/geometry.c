/* SPDX-License-Identifier: MIT */
/* Geometry detection; geometry.h has the contract. Pure functions, any IRQL. */

#include "core/disk/geometry.h"

#define GEOMETRY_MAXIMUM_TRACKS     65535u
#define GEOMETRY_MAXIMUM_SECTORS    65535u

/* What a BPB may claim: FAT and NTFS use sectors of 512 to 4096 bytes. */
#define BPB_MAXIMUM_SECTOR          4096u
#define BPB_SECTORS_PER_TRACK       64u  /* below */
#define BPB_HEADS                   256u /* below */
#define BPB_OFFSET_SECTOR_SIZE      11u
#define BPB_OFFSET_TOTAL            19u
#define BPB_OFFSET_MEDIA            21u
#define BPB_OFFSET_SECTORS          24u
#define BPB_OFFSET_HEADS            26u

#define HARD_DISK_SECTORS_PER_TRACK 63u
#define CD_BYTES_PER_SECTOR         2048u

struct floppy_format {
    uint32_t size_kib;
    uint8_t media_type; /* MEDIA_TYPE */
    uint8_t heads;
    uint8_t sectors_per_track;
};

/* Standard formats; the size of each is cylinders * heads * sectors * 512. */
static const struct floppy_format floppy_formats[] = {
    {160, 10, 1, 8},     /* F5_160_512, 40 cylinders */
    {180, 9, 1, 9},      /* F5_180_512, 40 */
    {320, 7, 2, 8},      /* F5_320_512, 40 */
    {360, 6, 2, 9},      /* F5_360_512, 40 */
    {640, 15, 2, 8},     /* F5_640_512, 80 */
    {720, 5, 2, 9},      /* F3_720_512, 80 */
    {820, 5, 2, 10},     /* F3_720_512, 82 */
    {1200, 1, 2, 15},    /* F5_1Pt2_512, 80 */
    {1440, 2, 2, 18},    /* F3_1Pt44_512, 80 */
    {1680, 2, 2, 21},    /* F3_1Pt44_512, 80 */
    {1722, 2, 2, 21},    /* F3_1Pt44_512, 82 */
    {2880, 3, 2, 36},    /* F3_2Pt88_512, 80 */
    {123264, 13, 8, 32}, /* F3_120M_512, LS-120, 963 */
    {234752, 13, 32, 56} /* F3_120M_512, LS-240, 262 */
};

static const struct floppy_format *find_floppy(uint64_t size_bytes)
{
    for (size_t i = 0; i < sizeof(floppy_formats) / sizeof(floppy_formats[0]); i++) {
        if (size_bytes == floppy_formats[i].size_kib * 1024ull) {
            return &floppy_formats[i];
        }
    }
    return NULL;
}

/* What drives could be made to write. */
#define FLOPPY_TRACKS_LEAST  38u
#define FLOPPY_TRACKS_MOST   86u
#define FLOPPY_SECTORS_LEAST 5u
#define FLOPPY_SECTORS_MOST  36u
#define FLOPPY_MEDIA_LEAST   0xF0u /* and not F1h ... F7h */

/* MEDIA_TYPE of floppies that no standard has: by their track. */
static uint32_t floppy_media_type(uint32_t bytes_per_sector, uint32_t sectors_per_track)
{
    if (bytes_per_sector == 1024) {
        return 19; /* F5_1Pt23_1024: PC-98 */
    }
    return sectors_per_track >= 36   ? 3u /* F3_2Pt88_512 */
           : sectors_per_track >= 17 ? 2u /* F3_1Pt44_512 */
           : sectors_per_track >= 13 ? 1u /* F5_1Pt2_512 */
                                     : 5u /* F3_720_512 */;
}

/*
 * 0, or the media type of a floppy whose BPB says all of its size and has a floppy's shape: 82 and 83 tracks, more sectors
 * a track than usual, PC-98, Atari.
 */
static uint32_t floppy_by_bpb(uint64_t size_bytes, const unsigned char *sector, uint32_t bytes_per_sector,
                              uint32_t sectors_per_track, uint32_t heads)
{
    uint32_t total = sector[BPB_OFFSET_TOTAL] | (uint32_t)sector[BPB_OFFSET_TOTAL + 1] << 8;
    uint32_t media = sector[BPB_OFFSET_MEDIA];
    if ((bytes_per_sector != 512 && bytes_per_sector != 1024) || heads < 1 || heads > 2 ||
        sectors_per_track < FLOPPY_SECTORS_LEAST || sectors_per_track > FLOPPY_SECTORS_MOST ||
        media < FLOPPY_MEDIA_LEAST || (media > FLOPPY_MEDIA_LEAST && media < 0xF8) ||
        (uint64_t)total * bytes_per_sector != size_bytes || total % (sectors_per_track * heads) != 0) {
        return MEDIA_TYPE_UNKNOWN;
    }
    uint32_t tracks = total / (sectors_per_track * heads);
    return tracks >= FLOPPY_TRACKS_LEAST && tracks <= FLOPPY_TRACKS_MOST
               ? floppy_media_type(bytes_per_sector, sectors_per_track)
               : MEDIA_TYPE_UNKNOWN;
}

static bool is_power_of_two(uint32_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

static uint32_t load_u16(const unsigned char *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8;
}

static void set_if_zero(uint32_t *member, uint32_t value)
{
    if (*member == 0) {
        *member = value;
    }
}

bool geometry_valid(const struct disk_geometry *geometry)
{
    uint32_t sector = geometry->bytes_per_sector;
    bool sector_valid = sector == 0 || (is_power_of_two(sector) && sector >= GEOMETRY_MINIMUM_SECTOR &&
                                        sector <= GEOMETRY_MAXIMUM_SECTOR);
    return sector_valid && geometry->sectors_per_track <= GEOMETRY_MAXIMUM_SECTORS &&
           geometry->tracks_per_cylinder <= GEOMETRY_MAXIMUM_TRACKS;
}

bool geometry_incomplete(const struct disk_geometry *geometry)
{
    return geometry->bytes_per_sector == 0 || geometry->sectors_per_track == 0 || geometry->tracks_per_cylinder == 0;
}

void geometry_probe_bpb(struct disk_geometry *geometry, enum disk_kind *kind,
                        const unsigned char sector[GEOMETRY_BPB_SIZE])
{
    uint32_t bytes_per_sector = load_u16(sector + BPB_OFFSET_SECTOR_SIZE);
    uint32_t sectors_per_track = load_u16(sector + BPB_OFFSET_SECTORS);
    uint32_t heads = load_u16(sector + BPB_OFFSET_HEADS);
    if (!is_power_of_two(bytes_per_sector) || bytes_per_sector < GEOMETRY_MINIMUM_SECTOR ||
        bytes_per_sector > BPB_MAXIMUM_SECTOR || sectors_per_track >= BPB_SECTORS_PER_TRACK || heads >= BPB_HEADS) {
        return;
    }
    set_if_zero(&geometry->bytes_per_sector, bytes_per_sector);
    set_if_zero(&geometry->sectors_per_track, sectors_per_track);
    set_if_zero(&geometry->tracks_per_cylinder, heads);

    const struct floppy_format *floppy = find_floppy(geometry->size_bytes);
    uint32_t media_type = floppy != NULL
                              ? floppy->media_type
                              : floppy_by_bpb(geometry->size_bytes, sector, bytes_per_sector, sectors_per_track, heads);
    if (media_type != MEDIA_TYPE_UNKNOWN && geometry->media_type == MEDIA_TYPE_UNKNOWN &&
        (*kind == DISK_KIND_AUTOMATIC || *kind == DISK_KIND_FLOPPY)) {
        *kind = DISK_KIND_FLOPPY;
        geometry->media_type = media_type;
    }
}

static void complete_floppy(struct disk_geometry *geometry)
{
    const struct floppy_format *floppy = find_floppy(geometry->size_bytes);
    if (floppy != NULL && geometry->bytes_per_sector == 0 && geometry->sectors_per_track == 0 &&
        geometry->tracks_per_cylinder == 0 && geometry->media_type == MEDIA_TYPE_UNKNOWN) {
        geometry->media_type = floppy->media_type;
        geometry->tracks_per_cylinder = floppy->heads;
        geometry->sectors_per_track = floppy->sectors_per_track;
        geometry->bytes_per_sector = GEOMETRY_MINIMUM_SECTOR;
    }
}

static void complete_cd(struct disk_geometry *geometry)
{
    set_if_zero(&geometry->bytes_per_sector, CD_BYTES_PER_SECTOR);
    uint64_t sectors = geometry->size_bytes / geometry->bytes_per_sector;
    set_if_zero(&geometry->sectors_per_track, sectors % 32 == 0 ? 32 : 1);
    uint64_t tracks = sectors / geometry->sectors_per_track;
    set_if_zero(&geometry->tracks_per_cylinder, tracks % 64 == 0 ? 64 : 1);
    set_if_zero(&geometry->media_type, MEDIA_TYPE_REMOVABLE);
}

static void complete_hard_disk(struct disk_geometry *geometry)
{
    set_if_zero(&geometry->bytes_per_sector, GEOMETRY_MINIMUM_SECTOR);
    set_if_zero(&geometry->sectors_per_track, HARD_DISK_SECTORS_PER_TRACK);
    if (geometry->tracks_per_cylinder == 0) {
        uint64_t tracks = geometry->size_bytes / geometry->bytes_per_sector / geometry->sectors_per_track;
        uint32_t heads = 1;
        if (tracks >= 130560) { /* 512 cylinders of 255 heads: beyond, BIOSes use 255 */
            heads = 255;
        } else {
            for (; tracks > 128 && heads < 128; tracks /= 2) {
                heads *= 2;
            }
        }
        geometry->tracks_per_cylinder = heads;
    }
    set_if_zero(&geometry->media_type, MEDIA_TYPE_FIXED);
}

void geometry_complete(struct disk_geometry *geometry, enum disk_kind *kind)
{
    if (*kind == DISK_KIND_AUTOMATIC) {
        *kind = find_floppy(geometry->size_bytes) != NULL ? DISK_KIND_FLOPPY : DISK_KIND_HARD_DISK;
    }
    if (*kind == DISK_KIND_FLOPPY) {
        complete_floppy(geometry);
    }
    if (*kind == DISK_KIND_CD) {
        complete_cd(geometry);
    } else {
        complete_hard_disk(geometry);
    }
}

uint64_t geometry_cylinders(const struct disk_geometry *geometry)
{
    return geometry->size_bytes /
           ((uint64_t)geometry->bytes_per_sector * geometry->sectors_per_track * geometry->tracks_per_cylinder);
}
