/* SPDX-License-Identifier: MIT */
/* Sources of new disks; source.h has the contract. */

#include "driver/disk/make/source.h"
#include "core/disk/ram.h"
#include "core/disk/swap.h"
#include "driver/disk/device/driver.h"
#include "driver/disk/device/image.h"
#include "driver/disk/make/look.h"

#define CREATE_TAG_BUFFER PLATFORM_TAG('B', 'd', 'B', 'f')

/* How much of an image is loaded at a time, between looks at whether anybody still wants it. */
#define LOAD_BLOCK        (1u << 20)

/* What is read to find a BPB: a multiple of all sector sizes, and less than the smallest image. */
#define PROBE_LENGTH      4096u

static NTSTATUS open_as_client(const struct source_request *request, const struct image_options *options,
                               struct image **image)
{
    NTSTATUS status = disk_client_impersonate(request->client);
    if (NT_SUCCESS(status)) {
        status = image_open(options, image);
        disk_client_revert(request->client);
    }
    return status;
}

static NTSTATUS load_block(const struct source_request *request, struct image *image,
                           const struct disk_parameters *parameters, struct source *store, uint64_t disk_offset,
                           unsigned char *buffer, ULONG length)
{
    if ((request->irp != NULL && request->irp->Cancel) || __atomic_load_n(&disk_driver.unloading, __ATOMIC_RELAXED)) {
        return STATUS_CANCELLED;
    }
    NTSTATUS status = image_read(image, parameters->image_offset + disk_offset, buffer, length);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    if (parameters->byte_swap) { /* once, so that no layer is needed; blocks are of whole pairs */
        swap_pairs(buffer, length);
    }
    return store->operations->write(store, disk_offset, buffer, length);
}

/* Copies the image into memory, as far as both reach. The rest of a larger disk is zeros. */
static NTSTATUS load(const struct source_request *request, struct image *image,
                     const struct disk_parameters *parameters, struct source *store)
{
    uint64_t available = 0;
    if (image_length(image) > parameters->image_offset) {
        available = image_length(image) - parameters->image_offset;
    }
    if (available > parameters->geometry.size_bytes) {
        available = parameters->geometry.size_bytes;
    }
    unsigned char *buffer = platform_allocate(PLATFORM_POOL_PAGED, LOAD_BLOCK, CREATE_TAG_BUFFER);
    if (buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    NTSTATUS status = STATUS_SUCCESS;
    for (uint64_t done = 0; done < available && NT_SUCCESS(status); done += LOAD_BLOCK) {
        ULONG length = available - done < LOAD_BLOCK ? (ULONG)(available - done) : LOAD_BLOCK;
        status = load_block(request, image, parameters, store, done, buffer, length);
    }
    platform_free(buffer, LOAD_BLOCK, CREATE_TAG_BUFFER);
    return status;
}

/* The image may be NULL. It stays the caller's. */
static NTSTATUS create_memory(const struct source_request *request, struct image *image,
                              const struct disk_parameters *parameters, struct source **source)
{
    NTSTATUS status = ram_create(parameters->locked_memory ? PLATFORM_POOL_NONPAGED : PLATFORM_POOL_PAGED, source);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = ram_use_reserve(*source, &disk_driver.reserve);
    if (NT_SUCCESS(status) && image != NULL) {
        status = load(request, image, parameters, *source);
    }
    if (!NT_SUCCESS(status)) {
        (*source)->operations->destroy(*source);
    }
    return status;
}

static struct image_options image_options(const struct disk_parameters *parameters)
{
    bool read_only = (parameters->flags & IMDISK_OPTION_READ_ONLY) != 0 || parameters->in_memory;
    return (struct image_options){
        .name = parameters->image_name,
        .name_length = parameters->image_name_length,
        .read_only = read_only,
        .share_write = read_only || (parameters->flags & IMDISK_OPTION_SHARED_IMAGE) != 0,
        .buffered = parameters->in_memory || (parameters->flags & IMDISK_SUBTYPE_MASK) == IMDISK_FILE_BUFFERED_IO,
        .create = !read_only && parameters->requested_size != 0,
        .sparse = !read_only && (parameters->flags & IMDISK_OPTION_SPARSE_FILE) != 0,
    };
}

/* Through the host's cache, any size and offset can be reached. */
static NTSTATUS reopen_buffered(const struct source_request *request, struct image_options *options,
                                struct image **image)
{
    image_close(*image);
    *image = NULL;
    options->buffered = true;
    return open_as_client(request, options, image);
}

/* The geometry, from the image's BPB if it has one. An image that ends before has none. */
static NTSTATUS probe(struct image *image, struct disk_parameters *parameters)
{
    unsigned char *buffer = platform_allocate(PLATFORM_POOL_NONPAGED, PROBE_LENGTH, CREATE_TAG_BUFFER);
    if (buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    NTSTATUS status = image_read(image, parameters->image_offset, buffer, PROBE_LENGTH);
    if (parameters->byte_swap && NT_SUCCESS(status)) {
        swap_pairs(buffer, PROBE_LENGTH);
    }
    if (NT_SUCCESS(status) || status == STATUS_END_OF_FILE) {
        disk_parameters_resolve_geometry(parameters, NT_SUCCESS(status) ? buffer : NULL);
        status = STATUS_SUCCESS;
    }
    platform_free(buffer, PROBE_LENGTH, CREATE_TAG_BUFFER);
    return status;
}

/*
 * Looks at the image through a handle that only reads, since what it finds says whether the disk may write. What does not
 * exist yet will be created, or be missed when it is opened.
 */
static NTSTATUS look_at_image(const struct source_request *request, struct disk_parameters *parameters)
{
    struct image *image = NULL;
    struct disk_image_look look;
    struct image_options options = image_options(parameters);
    if (!disk_parameters_wants_look(parameters)) {
        return STATUS_SUCCESS;
    }
    options.read_only = true;
    options.share_write = true;
    options.buffered = true;
    options.create = false;
    options.sparse = false;
    NTSTATUS status = open_as_client(request, &options, &image);
    if (status == STATUS_OBJECT_NAME_NOT_FOUND) {
        return STATUS_SUCCESS;
    }
    if (NT_SUCCESS(status)) {
        status = disk_look(image, parameters, &look);
        image_close(image);
    }
    return NT_SUCCESS(status) ? disk_parameters_looked(parameters, &look) : status;
}

/* Opens the image and learns from it what the parameters lack. *image is the caller's even after a failure. */
static NTSTATUS open_image(const struct source_request *request, struct disk_parameters *parameters,
                           struct image **image)
{
    uint64_t required = 0;
    NTSTATUS status = look_at_image(request, parameters);
    struct image_options options = image_options(parameters);
    if (NT_SUCCESS(status)) {
        status = open_as_client(request, &options, image);
    }
    if (NT_SUCCESS(status)) {
        status = disk_parameters_resolve_size(parameters, image_length(*image), &required);
    }
    if (NT_SUCCESS(status) && required > image_length(*image)) {
        status = image_extend(*image, required);
    }
    if (NT_SUCCESS(status) && !options.buffered &&
        !image_multiple_of_sector(*image, parameters->image_offset | parameters->geometry.size_bytes)) {
        status = reopen_buffered(request, &options, image);
    }
    if (NT_SUCCESS(status)) {
        status = probe(*image, parameters);
    }
    if (NT_SUCCESS(status) && !options.buffered &&
        !image_multiple_of_sector(*image, parameters->geometry.bytes_per_sector)) {
        status = reopen_buffered(request, &options, image);
    }
    return status;
}

/* Takes the image over, even when it fails. */
static NTSTATUS create_file_source(struct image *image, const struct disk_parameters *parameters,
                                   struct source **source)
{
    struct source *base = image_source(image, parameters->image_offset);
    if (!parameters->byte_swap) {
        *source = base;
        return STATUS_SUCCESS;
    }
    NTSTATUS status = swap_create(base, parameters->geometry.size_bytes, source);
    if (!NT_SUCCESS(status)) {
        base->operations->destroy(base);
    }
    return status;
}

NTSTATUS disk_source_create(const struct source_request *request, struct disk_parameters *parameters,
                            struct source **source)
{
    struct image *image = NULL;
    NTSTATUS status;
    if (parameters->image_name_length != 0) {
        status = open_image(request, parameters, &image);
    } else {
        uint64_t unused;
        status = disk_parameters_resolve_size(parameters, 0, &unused);
        disk_parameters_resolve_geometry(parameters, NULL);
    }
    if (!NT_SUCCESS(status)) {
        goto out;
    }
    if (parameters->in_memory) {
        status = create_memory(request, image, parameters, source);
    } else {
        status = create_file_source(image, parameters, source);
        image = NULL;
    }

out:
    if (image != NULL) {
        image_close(image);
    }
    return status;
}
