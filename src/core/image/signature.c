/* SPDX-License-Identifier: MIT */
/* Signatures of image files; signature.h has the contract. Any IRQL that the reader allows; 1 KiB of stack. */

#include "core/image/signature.h"

#define HEAD               512u
#define TAIL               512u
#define VHD_CHECKSUM       64u
#define VHD_SIZE           48u
#define VHD_TYPE           60u
#define VHD_TYPE_FIXED     2u
#define CD_SYNC_SIZE       12u
#define CD_SUBCHANNELS     96u
#define ISO9660_OFFSET     0x8000u
#define ISO9660_SECTOR     2048u
#define UDF_ANCHOR_SECTOR  256u
#define VOLUME_DESCRIPTORS 64u /* that are looked at */
#define UDF_TAG_SIZE       16u
#define UDF_ANCHOR_TAG     2u
#define UIF_TRAILER        64u

struct signature {
    enum image_container container;
    uint16_t offset;
    uint8_t length;
    char bytes[20];
};

#define SIGNATURE(container, offset, text)        \
    {                                             \
        container, offset, sizeof(text) - 1, text \
    }

/* In the first HEAD bytes. */
static const struct signature signatures[] = {
    SIGNATURE(IMAGE_VHD, 0, IMAGE_VHD_COOKIE),
    SIGNATURE(IMAGE_VHDX, 0, "vhdxfile"),
    SIGNATURE(IMAGE_VMDK, 0, "KDMV"),
    SIGNATURE(IMAGE_VMDK, 0, "COWD"),
    SIGNATURE(IMAGE_VMDK, 0, "# Disk DescriptorFil"),
    SIGNATURE(IMAGE_VMDK, 0, "# Disk descriptor fi"),
    SIGNATURE(IMAGE_VDI, 64, "\x7F\x10\xDA\xBE"),
    SIGNATURE(IMAGE_QCOW, 0, "QFI\xFB"),
    SIGNATURE(IMAGE_QCOW, 0, "QED\0"),
    SIGNATURE(IMAGE_PARALLELS, 0, "WithoutFreeSpace"),
    SIGNATURE(IMAGE_PARALLELS, 0, "WithouFreSpacExt"),
    SIGNATURE(IMAGE_EWF, 0, "EVF\x09\x0D\x0A\xFF"),
    SIGNATURE(IMAGE_EWF, 0, "LVF\x09\x0D\x0A\xFF"),
    SIGNATURE(IMAGE_EWF, 0, "EVF2\r\n\x81"),
    SIGNATURE(IMAGE_EWF, 0, "LEF2\r\n\x81"),
    SIGNATURE(IMAGE_AFF, 0, "AFF10\r\n"),
    SIGNATURE(IMAGE_SDI, 0, "$SDI"),
    SIGNATURE(IMAGE_CSO, 0, "CISO"),
    SIGNATURE(IMAGE_CSO, 0, "ZISO"),
    SIGNATURE(IMAGE_CSO, 0, "JISO"),
    SIGNATURE(IMAGE_CSO, 0, "DAX\0"),
    SIGNATURE(IMAGE_DAA, 0, "DAA\0\0\0\0\0"),
    SIGNATURE(IMAGE_ISZ, 0, "IsZ!"),
    SIGNATURE(IMAGE_WIM, 0, "MSWIM\0\0\0"),
    SIGNATURE(IMAGE_CD_SHEET, 0, "MEDIA DESCRIPTOR"),
    SIGNATURE(IMAGE_CD_SHEET, 0, "[CloneCD]"),
    SIGNATURE(IMAGE_COMPRESSED, 0,
              "\xFD"
              "7zXZ\0"),
    SIGNATURE(IMAGE_COMPRESSED, 0, "\x28\xB5\x2F\xFD"),
    SIGNATURE(IMAGE_COMPRESSED, 0, "\x04\x22\x4D\x18"),
    SIGNATURE(IMAGE_ARCHIVE, 0, "PK\x03\x04"),
    SIGNATURE(IMAGE_ARCHIVE, 0, "7z\xBC\xAF\x27\x1C"),
    SIGNATURE(IMAGE_ARCHIVE, 0, "Rar!\x1A\x07"),
    SIGNATURE(IMAGE_ARCHIVE, 257, "ustar"),
};

struct container_text {
    const char *word;
    const char *name;
    const char *advice;
};

#define CONVERT "convert it to a raw image, such as by 'qemu-img convert -O raw'"
#define FOUND                                                                                                   \
    "only its data can be served, from where 'ballast image look' finds them, or else from the offset that is " \
    "given"
#define UNPACK "unpack it first"

static const struct container_text texts[IMAGE_CONTAINERS] = {
    [IMAGE_RAW] = {"raw", "raw image", "it can be served as it is"},
    [IMAGE_VHD_FIXED] = {"vhd_fixed", "fixed VHD disk", "it can be served as it is"},
    [IMAGE_NRG] = {"nrg", "Nero CD image", FOUND},
    [IMAGE_SDI] = {"sdi", "SDI image", FOUND},
    [IMAGE_VHD] = {"vhd", "dynamic or differencing VHD disk",
                   "convert it to a raw image or a fixed VHD, by 'ballast image convert'"},
    [IMAGE_VHDX] = {"vhdx", "VHDX disk", CONVERT},
    [IMAGE_VMDK] = {"vmdk", "VMDK disk", CONVERT},
    [IMAGE_VDI] = {"vdi", "VDI disk", CONVERT},
    [IMAGE_QCOW] = {"qcow", "QCOW disk", CONVERT},
    [IMAGE_PARALLELS] = {"parallels", "Parallels disk", CONVERT},
    [IMAGE_EWF] = {"ewf", "EWF (E01) image", "export it as a raw image, such as by 'ewfexport'"},
    [IMAGE_AFF] = {"aff", "AFF image", "export it as a raw image, such as by 'affconvert -r'"},
    [IMAGE_DMG] = {"dmg", "Apple disk image (DMG)", "convert it to a raw image, such as by 'dmg2img'"},
    [IMAGE_CD_SECTORS] = {"cd_sectors", "CD image with raw sectors of 2352 bytes (BIN, MDF, CloneCD)",
                          "convert it to ISO, such as by 'bchunk' or 'iat'"},
    [IMAGE_CD_SHEET] = {"cd_sheet", "description of a CD image (CUE, CCD, MDS), without its data",
                        "open the image file that it describes"},
    [IMAGE_CSO] = {"cso", "compressed CD image (CSO)", "decompress it to ISO, such as by 'ciso'"},
    [IMAGE_DAA] = {"daa", "PowerISO image (DAA)", "convert it to ISO"},
    [IMAGE_ISZ] = {"isz", "compressed CD image (ISZ)", "convert it to ISO"},
    [IMAGE_UIF] = {"uif", "MagicISO image (UIF)", "convert it to ISO"},
    [IMAGE_WIM] = {"wim", "Windows image (WIM)", "apply it, such as by 'dism'"},
    [IMAGE_COMPRESSED] = {"compressed", "compressed file", UNPACK},
    [IMAGE_ARCHIVE] = {"archive", "archive", UNPACK},
};

static bool same(const unsigned char *bytes, const void *expected, size_t length)
{
    const unsigned char *other = expected;
    size_t i = 0;
    while (i < length && bytes[i] == other[i]) {
        i++;
    }
    return i == length;
}

static uint32_t big_u32(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static bool read_at(const struct image_reader *reader, uint64_t offset, void *buffer, uint32_t length)
{
    return offset <= INT64_MAX - (uint64_t)length &&
           (reader->length == 0 || (reader->length >= length && offset <= reader->length - length)) &&
           reader->read(reader->context, offset, buffer, length);
}

/* ---- containers ---- */

/* Stores whose signatures are shorter, or not alone. */
static bool is_compressed(const unsigned char *head)
{
    static const unsigned char bzip2_block[] = {0x31, 0x41, 0x59, 0x26, 0x53, 0x59};
    bool gzip = head[0] == 0x1F && head[1] == 0x8B && head[2] == 8 && (head[3] & 0xE0) == 0;
    bool bzip2 = head[0] == 'B' && head[1] == 'Z' && head[2] == 'h' && head[3] >= '1' && head[3] <= '9' &&
                 same(head + 4, bzip2_block, sizeof(bzip2_block));
    return gzip || bzip2;
}

static enum image_container container_of_head(const unsigned char *head)
{
    for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++) {
        if (same(head + signatures[i].offset, signatures[i].bytes, signatures[i].length)) {
            return signatures[i].container;
        }
    }
    return is_compressed(head) ? IMAGE_COMPRESSED : IMAGE_RAW;
}

/* The one's complement of the sum of all bytes but the checksum's. */
static bool footer_is_sound(const unsigned char *footer)
{
    uint32_t sum = 0;
    for (unsigned i = 0; i < TAIL; i++) {
        sum += i >= VHD_CHECKSUM && i < VHD_CHECKSUM + 4 ? 0 : footer[i];
    }
    return ~sum == big_u32(footer + VHD_CHECKSUM);
}

/* A fixed VHD ends with a footer that fits the file. Others begin with a copy of it, which may have been lost. */
static enum image_container container_of_footer(const unsigned char *footer, uint64_t length)
{
    if (!same(footer, IMAGE_VHD_COOKIE, IMAGE_VHD_COOKIE_LENGTH) || !footer_is_sound(footer)) {
        return IMAGE_RAW;
    }
    uint64_t size = (uint64_t)big_u32(footer + VHD_SIZE) << 32 | big_u32(footer + VHD_SIZE + 4);
    bool fixed = big_u32(footer + VHD_TYPE) == VHD_TYPE_FIXED;
    return !fixed ? IMAGE_VHD : size <= image_vhd_fixed_length(length) ? IMAGE_VHD_FIXED : IMAGE_RAW;
}

static enum image_container container_of_tail(const struct image_reader *reader, unsigned char tail[TAIL])
{
    if (reader->length < TAIL || !read_at(reader, reader->length - TAIL, tail, TAIL)) {
        return IMAGE_RAW;
    }
    if (same(tail, "koly\0\0\0\4", 8)) {
        return IMAGE_DMG;
    }
    if (same(tail + TAIL - 8, "NERO", 4) || same(tail + TAIL - 12, "NER5", 4)) {
        return IMAGE_NRG;
    }
    if (same(tail + TAIL - UIF_TRAILER, "bbis", 4)) {
        return IMAGE_UIF;
    }
    return container_of_footer(tail, reader->length);
}

/* Each raw sector of a CD's data track begins with the same bytes; with subchannels it is longer. */
static bool is_cd_sectors(const struct image_reader *reader, const unsigned char *head)
{
    static const unsigned char sync[CD_SYNC_SIZE] = {0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0};
    unsigned char second[CD_SYNC_SIZE];
    if (!same(head, sync, CD_SYNC_SIZE)) {
        return false;
    }
    return (read_at(reader, IMAGE_CD_RAW_SECTOR, second, CD_SYNC_SIZE) && same(second, sync, CD_SYNC_SIZE)) ||
           (read_at(reader, IMAGE_CD_RAW_SECTOR + CD_SUBCHANNELS, second, CD_SYNC_SIZE) &&
            same(second, sync, CD_SYNC_SIZE));
}

enum image_container signature_container(const struct image_reader *reader)
{
    unsigned char sector[HEAD] = {0};
    uint32_t head = reader->length != 0 && reader->length < HEAD ? (uint32_t)reader->length : HEAD;
    if (!read_at(reader, 0, sector, head)) {
        return IMAGE_RAW;
    }
    enum image_container container = container_of_head(sector);
    if (container == IMAGE_RAW && is_cd_sectors(reader, sector)) {
        container = IMAGE_CD_SECTORS;
    }
    return container != IMAGE_RAW ? container : container_of_tail(reader, sector);
}

uint64_t signature_vhd_fixed_length(const struct image_reader *reader)
{
    unsigned char tail[TAIL];
    bool fixed = reader->length >= TAIL && read_at(reader, reader->length - TAIL, tail, TAIL) &&
                 container_of_footer(tail, reader->length) == IMAGE_VHD_FIXED;
    return fixed ? image_vhd_fixed_length(reader->length) : 0;
}

bool image_container_served(enum image_container container)
{
    return container <= IMAGE_SDI;
}

const char *image_container_name(enum image_container container)
{
    return texts[container].name;
}

const char *image_container_advice(enum image_container container)
{
    return texts[container].advice;
}

const char *image_container_word(enum image_container container)
{
    return texts[container].word;
}

/* ---- file systems of CDs ---- */

bool signature_is_iso9660(const struct image_reader *reader, uint64_t offset)
{
    unsigned char found[7];
    return offset <= INT64_MAX - ISO9660_OFFSET - sizeof(found) &&
           read_at(reader, offset + ISO9660_OFFSET, found, sizeof(found)) && same(found, "\1CD001\1", sizeof(found));
}

/* A volume descriptor says UDF, and its anchor is where it is with sectors of 2048 bytes. */
bool signature_is_udf(const struct image_reader *reader, uint64_t offset)
{
    unsigned char found[UDF_TAG_SIZE];
    uint64_t anchor = offset + (uint64_t)UDF_ANCHOR_SECTOR * IMAGE_CD_SECTOR;
    bool described = false;
    if (offset > INT64_MAX - (1u << 20)) {
        return false;
    }
    for (unsigned i = 0; i < VOLUME_DESCRIPTORS && !described; i++) {
        if (!read_at(reader, offset + ISO9660_OFFSET + (uint64_t)i * ISO9660_SECTOR, found, 7)) {
            return false;
        }
        described = same(found + 1, "NSR02", 5) || same(found + 1, "NSR03", 5);
        if (found[1] == 0 || same(found + 1, "TEA01", 5)) {
            break;
        }
    }
    if (!described || !read_at(reader, anchor, found, sizeof(found))) {
        return false;
    }
    unsigned sum = 0;
    for (unsigned i = 0; i < UDF_TAG_SIZE; i++) {
        sum += i != 4 ? found[i] : 0;
    }
    return (found[0] | found[1] << 8) == UDF_ANCHOR_TAG && (sum & 0xFF) == found[4] && found[12] == 0 &&
           found[13] == UDF_ANCHOR_SECTOR >> 8 && found[14] == 0 && found[15] == 0;
}
