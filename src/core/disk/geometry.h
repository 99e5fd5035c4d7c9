/* SPDX-License-Identifier: MIT */
/*
 * Disk geometry: what a disk tells file systems about its shape, derived from what the creator gave, from the BIOS
 * parameter block (BPB) of the image, from the table of standard floppy formats, and from defaults, in this order.
 */
#ifndef CORE_DISK_GEOMETRY_H
#define CORE_DISK_GEOMETRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* MEDIA_TYPE values of the Windows headers that this driver uses besides those of the floppy table. */
#define MEDIA_TYPE_UNKNOWN   0u
#define MEDIA_TYPE_REMOVABLE 11u
#define MEDIA_TYPE_FIXED     12u

enum disk_kind {
    DISK_KIND_AUTOMATIC,
    DISK_KIND_HARD_DISK,
    DISK_KIND_FLOPPY,
    DISK_KIND_CD,
    DISK_KIND_RAW,
};

/* Zero in a member means "not known yet". */
struct disk_geometry {
    uint64_t size_bytes;
    uint32_t media_type;
    uint32_t tracks_per_cylinder;
    uint32_t sectors_per_track;
    uint32_t bytes_per_sector;
};

#define GEOMETRY_MINIMUM_SECTOR 512u
#define GEOMETRY_MAXIMUM_SECTOR 65536u
#define GEOMETRY_BPB_SIZE       512u /* bytes of the image that geometry_probe_bpb looks at */

/* Whether what a creator gave is usable: sector size 0 or a power of two in range, tracks and sectors at most 65535. */
bool geometry_valid(const struct disk_geometry *geometry);

/* Whether the probe could add anything. */
bool geometry_incomplete(const struct disk_geometry *geometry);

/*
 * Fills members that are still zero from the first sector of the image when it holds a plausible BPB. A floppy-sized
 * image with a BPB, or one whose BPB has a floppy's shape, becomes a floppy if its kind is automatic.
 */
void geometry_probe_bpb(struct disk_geometry *geometry, enum disk_kind *kind,
                        const unsigned char sector[GEOMETRY_BPB_SIZE]);

/* Fills all members that are still zero. An automatic kind becomes a floppy or a hard disk. size_bytes must be set. */
void geometry_complete(struct disk_geometry *geometry, enum disk_kind *kind);

/* Whole cylinders of the disk, rounded down as Windows expects. All members must be set. */
uint64_t geometry_cylinders(const struct disk_geometry *geometry);

#endif
