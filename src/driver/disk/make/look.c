/* SPDX-License-Identifier: MIT */
/* The look at the image of a new disk; look.h has the contract. */

#include "driver/disk/make/look.h"
#include "core/disk/swap.h"
#include "core/image/signature.h"

#define LOOK_TAG    PLATFORM_TAG('B', 'd', 'B', 'f')

/* Reads of at most HEAD bytes are widened to whole sectors of the host, of at most half of LOOK_BUFFER each. */
#define LOOK_HEAD   512u
#define LOOK_BUFFER 8192u

struct looking {
    struct image *image;
    unsigned char *buffer;
    bool swap; /* the bytes of each pair change places */
};

/* Devices are read in whole sectors, files up to their end. */
static bool read_image(void *context, uint64_t offset, void *buffer, uint32_t length)
{
    struct looking *looking = context;
    uint32_t sector = image_sector(looking->image);
    uint64_t begin = offset - offset % sector;
    uint64_t end = (offset + length + sector - 1) / sector * sector;
    if (end > image_length(looking->image)) {
        end = image_length(looking->image);
    }
    if (end < offset + length || end - begin > LOOK_BUFFER ||
        !NT_SUCCESS(image_read(looking->image, begin, looking->buffer, (ULONG)(end - begin)))) {
        return false;
    }
    if (looking->swap) { /* sectors are of whole pairs */
        swap_pairs(looking->buffer, (size_t)(end - begin));
    }
    RtlCopyMemory(buffer, looking->buffer + (offset - begin), length);
    return true;
}

/* What begins like a hard disk or a floppy is no CD, whatever its name. */
static bool begins_like_disk(const struct image_reader *reader, uint64_t offset)
{
    unsigned char sector[LOOK_HEAD];
    struct disk_geometry geometry = {.size_bytes = 0};
    enum disk_kind kind = DISK_KIND_HARD_DISK;
    if (!reader->read(reader->context, offset, sector, sizeof(sector))) {
        return false;
    }
    geometry_probe_bpb(&geometry, &kind, sector);
    return geometry.bytes_per_sector != 0 || (sector[510] == 0x55 && sector[511] == 0xAA);
}

NTSTATUS disk_look(struct image *image, const struct disk_parameters *parameters, struct disk_image_look *look)
{
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    struct looking looking = {.image = image, .swap = parameters->byte_swap};
    struct image_reader reader = {.read = read_image, .context = &looking, .length = image_length(image)};
    RtlZeroMemory(look, sizeof(*look));
    looking.buffer = platform_allocate(PLATFORM_POOL_NONPAGED, LOOK_BUFFER, LOOK_TAG);
    if (looking.buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    enum image_container container = signature_container(&reader);
    look->refused = !image_container_served(container);
    look->read_only = container == IMAGE_NRG || container == IMAGE_SDI; /* their data begin elsewhere */
    /* What was looked at before may begin with anything. */
    bool again = (parameters->flags & BALLAST_OPTION_AS_IS) != 0;
    look->data_bytes = again || container == IMAGE_VHD_FIXED ? signature_vhd_fixed_length(&reader) : 0;
    look->cd = signature_is_iso9660(&reader, parameters->image_offset) ||
               (!parameters->in_memory && signature_is_udf(&reader, parameters->image_offset));
    look->other = begins_like_disk(&reader, parameters->image_offset);
    platform_free(looking.buffer, LOOK_BUFFER, LOOK_TAG);
    return STATUS_SUCCESS;
}
