/* SPDX-License-Identifier: MIT */
/* The disk driver's behaviour table: what the driver decides by looking at an image. */

#include "core/disk/storage_abi.h"
#include "tests/behaviour/disk_table.h"

#include <string.h>

#define UNRECOGNIZED_MEDIA 0xC0000014u
#define KIND_AND_MODE      (IMDISK_DEVICE_TYPE_MASK | IMDISK_OPTION_READ_ONLY)
#define CD                 (IMDISK_DEVICE_TYPE_CD | IMDISK_OPTION_READ_ONLY)

struct content {
    uint64_t offset;
    const char *bytes;
    size_t length;
};

static void make_image(const char *name, const struct content *content, size_t count)
{
    static const unsigned char zeros[4096];
    CHECK(target_image_create(name, MIB));
    for (uint64_t offset = 0; offset < MIB; offset += sizeof(zeros)) {
        CHECK(target_image_write(name, offset, zeros, sizeof(zeros)));
    }
    for (size_t i = 0; i < count; i++) {
        CHECK(target_image_write(name, content[i].offset, content[i].bytes, content[i].length));
    }
}

static void make_udf(const char *name)
{
    /* Descriptors, and the anchor with its tag's checksum. */
    static const struct content udf[] = {{0x8000, "\0BEA01\1", 7},
                                         {0x8800, "\0NSR03\1", 7},
                                         {0x9000, "\0TEA01\1", 7},
                                         {524288, "\2\0\3\0\6\0\0\0\0\0\0\0\0\1\0\0", 16}};
    make_image(name, udf, 4);
}

/* The flags of a new disk on the image, as the reply has them; 0 if it cannot be created. */
static uint32_t flags_of(uint32_t flags, const char *image)
{
    struct buffer buffer;
    struct create create = {.number = AUTOMATIC, .flags = flags, .image = image};
    if (!CHECK_EQUAL(create_with(&create, &buffer), SUCCESS)) {
        return 0;
    }
    uint32_t reply = data_of(&buffer)->flags;
    remove_disk(data_of(&buffer)->device_number);
    return reply;
}

/* What holds a disk in another format is refused, and stays as it is. */
void containers_are_refused(void)
{
    static const struct content containers[] = {
        {0, "conectix", 8},
        {0, "vhdxfile", 8},
        {0, "KDMV", 4},
        {64, "\x7F\x10\xDA\xBE", 4},
        {0, "QFI\xFB", 4},
        {0, "EVF\x09\x0D\x0A\xFF", 8},
        {0, "CISO", 4},
        {0, "\x1F\x8B\x08", 4},
        {MIB - 512, "koly\0\0\0\4", 8},
    };
    for (size_t i = 0; i < sizeof(containers) / sizeof(containers[0]); i++) {
        char found[8] = {0};
        test_note("row %u", (unsigned)i);
        make_image("container", &containers[i], 1);
        CHECK_EQUAL(create_status((struct create){.number = AUTOMATIC, .image = "container"}), UNRECOGNIZED_MEDIA);
        CHECK_EQUAL(create_status((struct create){
                        .number = AUTOMATIC, .flags = IMDISK_TYPE_VM, .size = MIB, .image = "container"}),
                    UNRECOGNIZED_MEDIA);
        CHECK_EQUAL(create_status((struct create){.number = AUTOMATIC, .size = 2 * MIB, .image = "container"}),
                    UNRECOGNIZED_MEDIA);
        CHECK_EQUAL(target_image_size("container"), MIB);
        CHECK(target_image_read("container", containers[i].offset, found, containers[i].length));
        CHECK_BYTES(found, containers[i].bytes, containers[i].length);
        /* Who asks for it, gets it: as it is, as a raw device, and with a place where the disk begins. */
        remove_disk(
            create_disk((struct create){.number = AUTOMATIC, .flags = BALLAST_OPTION_AS_IS, .image = "container"}));
        remove_disk(
            create_disk((struct create){.number = AUTOMATIC, .flags = IMDISK_DEVICE_TYPE_RAW, .image = "container"}));
        remove_disk(create_disk((struct create){.number = AUTOMATIC, .offset = 4096, .image = "container"}));
    }
    target_image_delete("container");
}

void cds_are_found_by_content(void)
{
    static const struct content iso = {0x8000, "\1CD001\1", 7};
    static const struct content other = {510, "\x55\xAA", 2};
    static const char *const names[] = {"a.img", "a.cdr", "a.iso", "a.bin"};
    for (size_t i = 0; i < 4; i++) {
        test_note("%s", names[i]);
        make_image(names[i], &iso, 1);
        CHECK_EQUAL(flags_of(0, names[i]) & KIND_AND_MODE, CD);
        CHECK_EQUAL(flags_of(IMDISK_TYPE_VM, names[i]) & KIND_AND_MODE, CD);
        CHECK_EQUAL(flags_of(IMDISK_DEVICE_TYPE_HD, names[i]) & KIND_AND_MODE, IMDISK_DEVICE_TYPE_HD);
        make_udf(names[i]);
        CHECK_EQUAL(flags_of(0, names[i]) & KIND_AND_MODE, CD);
        CHECK_EQUAL(flags_of(IMDISK_DEVICE_TYPE_HD, names[i]) & KIND_AND_MODE, IMDISK_DEVICE_TYPE_HD);
        make_image(names[i], &other, 1); /* a hard disk's */
        CHECK_EQUAL(flags_of(0, names[i]) & KIND_AND_MODE, IMDISK_DEVICE_TYPE_HD);
        make_image(names[i], NULL, 0); /* nothing: the name is all there is, as for ImDisk */
        CHECK_EQUAL(flags_of(0, names[i]) & KIND_AND_MODE, i < 2 ? IMDISK_DEVICE_TYPE_HD : CD);
        target_image_delete(names[i]);
    }
    /* A RAM disk that was formatted with UDF and saved can be written again. */
    make_udf("ram.img");
    CHECK_EQUAL(flags_of(IMDISK_TYPE_VM, "ram.img") & KIND_AND_MODE, IMDISK_DEVICE_TYPE_HD);
    target_image_delete("ram.img");
    /* A new image has no content yet. */
    remove_disk(create_disk((struct create){.number = AUTOMATIC, .size = MIB, .image = "new.iso"}));
    CHECK_EQUAL(target_image_size("new.iso"), MIB);
    target_image_delete("new.iso");
}

static void make_fixed_vhd(const char *name)
{
    unsigned char footer[512] = {0};
    uint32_t sum = 0;
    memcpy(footer, "conectix", 8);
    footer[53] = 0xF; /* its size: MIB - 512 */
    footer[54] = 0xFE;
    footer[63] = 2;
    for (unsigned i = 0; i < sizeof(footer); i++) {
        sum += footer[i];
    }
    sum = ~sum;
    for (unsigned i = 0; i < 4; i++) {
        footer[64 + i] = (unsigned char)(sum >> (24 - 8 * i));
    }
    make_image(name, &(struct content){MIB - 512, (const char *)footer, sizeof(footer)}, 1);
}

void a_fixed_vhd_is_its_data(void)
{
    struct ballast_disk_resize resize = {{sizeof(resize), 1, 0}, MIB};
    uint64_t length = 0;
    make_fixed_vhd("fixed.vhd");
    uint32_t number = create_disk((struct create){.number = AUTOMATIC, .image = "fixed.vhd"});
    struct target_handle *disk = open_disk(number);
    CHECK_EQUAL(target_ioctl(disk, IOCTL_DISK_GET_LENGTH_INFO, NULL, 0, &length, 8, NULL), SUCCESS);
    CHECK_EQUAL(length, MIB - 512);
    /* It cannot grow over its footer. */
    CHECK_EQUAL(target_ioctl(disk, BALLAST_IOCTL_DISK_RESIZE, &resize, sizeof(resize), NULL, 0, NULL),
                INVALID_PARAMETER);
    target_close(disk);
    remove_disk(number);
    CHECK_EQUAL(create_status((struct create){.number = AUTOMATIC, .size = MIB, .image = "fixed.vhd"}),
                INVALID_PARAMETER);
    number = create_disk((struct create){.number = AUTOMATIC, .size = MIB / 2, .image = "fixed.vhd"});
    remove_disk(number);
    CHECK_EQUAL(target_image_size("fixed.vhd"), MIB);
    number = create_disk((struct create){.number = AUTOMATIC, .flags = BALLAST_OPTION_AS_IS, .image = "fixed.vhd"});
    disk = open_disk(number);
    CHECK_EQUAL(target_ioctl(disk, IOCTL_DISK_GET_LENGTH_INFO, NULL, 0, &length, 8, NULL), SUCCESS);
    CHECK_EQUAL(length, MIB);
    target_close(disk);
    remove_disk(number);
    target_image_delete("fixed.vhd");
}

/* Whoever may write a raw disk could plant a header: what was decided is in the reply, which is what is stored. */
void what_was_decided_is_not_decided_again(void)
{
    struct buffer buffer;
    struct create create = {.number = AUTOMATIC, .image = "raw.img"};
    uint64_t length = 0;
    make_image("raw.img", NULL, 0);
    CHECK_EQUAL(create_with(&create, &buffer), SUCCESS);
    uint32_t stored = data_of(&buffer)->flags;
    int64_t size = data_of(&buffer)->size_bytes;
    CHECK(stored & BALLAST_OPTION_AS_IS);
    uint32_t number = data_of(&buffer)->device_number;
    struct target_handle *disk = open_number(number, TARGET_QUERY);
    CHECK_EQUAL(target_ioctl(disk, IMDISK_IOCTL_QUERY_DEVICE, NULL, 0, buffer.bytes, sizeof(buffer.bytes), NULL),
                SUCCESS);
    CHECK_EQUAL(data_of(&buffer)->flags & BALLAST_OPTION_AS_IS, 0); /* the clients of today do not know it */
    target_close(disk);
    remove_disk(number);
    make_fixed_vhd("raw.img");
    CHECK(target_image_write("raw.img", 0, "vhdxfile", 8));
    CHECK(target_image_write("raw.img", 0x8000, "\1CD001\1", 7));
    create = (struct create){.number = AUTOMATIC, .flags = stored, .size = size, .image = "raw.img"};
    CHECK_EQUAL(create_with(&create, &buffer), SUCCESS);
    CHECK_EQUAL(data_of(&buffer)->flags & KIND_AND_MODE, IMDISK_DEVICE_TYPE_HD);
    disk = open_disk(data_of(&buffer)->device_number);
    CHECK_EQUAL(target_ioctl(disk, IOCTL_DISK_GET_LENGTH_INFO, NULL, 0, &length, 8, NULL), SUCCESS);
    CHECK_EQUAL(length, MIB);
    target_close(disk);
    remove_disk(data_of(&buffer)->device_number);
    target_image_delete("raw.img");
}

static uint32_t resize_to(uint32_t number, uint64_t size)
{
    struct ballast_disk_resize request = {{sizeof(request), 1, 0}, size};
    struct target_handle *disk = open_disk(number);
    uint32_t status = target_ioctl(disk, BALLAST_IOCTL_DISK_RESIZE, &request, sizeof(request), NULL, 0, NULL);
    target_close(disk);
    return status;
}

/* What lies behind a stored disk is not its user's: a footer there still ends it. One within it says nothing. */
void a_stored_vhd_keeps_its_footer(void)
{
    struct buffer buffer;
    struct create create = {.number = AUTOMATIC, .image = "fixed.vhd"};
    make_fixed_vhd("fixed.vhd");
    CHECK_EQUAL(create_with(&create, &buffer), SUCCESS);
    uint32_t stored = data_of(&buffer)->flags;
    remove_disk(data_of(&buffer)->device_number);
    CHECK(target_image_write("fixed.vhd", 0, "vhdxfile", 8));
    for (uint64_t size = MIB / 2; size < MIB; size += MIB / 2 - 512) {
        uint32_t number = create_disk(
            (struct create){.number = AUTOMATIC, .flags = stored, .size = (int64_t)size, .image = "fixed.vhd"});
        CHECK_EQUAL(resize_to(number, MIB), INVALID_PARAMETER);
        CHECK_EQUAL(resize_to(number, MIB - 512), SUCCESS);
        remove_disk(number);
    }
    uint32_t number =
        create_disk((struct create){.number = AUTOMATIC, .flags = stored, .size = MIB, .image = "fixed.vhd"});
    CHECK_EQUAL(resize_to(number, 2 * MIB), SUCCESS);
    remove_disk(number);
    CHECK_EQUAL(target_image_size("fixed.vhd"), 2 * MIB);
    target_image_delete("fixed.vhd");
}
