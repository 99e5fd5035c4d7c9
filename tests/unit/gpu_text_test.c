/* SPDX-License-Identifier: MIT */
#include "core/ai/gpu.h"
#include "tests/harness/test.h"

#include <stdlib.h>
#include <string.h>

static bool parse_id(const char *text, uint32_t *vendor, uint32_t *device)
{
    size_t length = strlen(text);
    uint16_t *exact = malloc(length * sizeof(*exact) + 1);
    (void)test_widen(text, exact);
    bool parsed = gpu_parse_matching_id(exact, length, vendor, device);
    free(exact);
    return parsed;
}

static void ids_are_parsed(void)
{
    static const struct {
        const char *text;
        uint32_t vendor;
        uint32_t device;
    } rows[] = {
        {"PCI\\VEN_10DE&DEV_2204", 0x10DE, 0x2204},
        {"pci\\ven_10de&dev_22aF&SUBSYS_38801462&REV_A1", 0x10DE, 0x22AF},
        {"PCI\\VEN_0000&DEV_0000", 0, 0},
        {"", 1, 1},
        {"PCI\\VEN_10DE", 1, 1},
        {"PCI\\VEN_10DE&DEV_220", 1, 1},
        {"PCI\\VEN_10DE&DEV_22045", 1, 1},
        {"PCI\\VEN_10DG&DEV_2204", 1, 1},
        {"PCI\\VEN_10 E&DEV_2204", 1, 1},
        {"USB\\VEN_10DE&DEV_2204", 1, 1},
        {" PCI\\VEN_10DE&DEV_2204", 1, 1},
        {"ROOT\\BasicRender", 1, 1},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint32_t vendor = 1, device = 1;
        test_note("'%s'", rows[i].text);
        CHECK_EQUAL(parse_id(rows[i].text, &vendor, &device), rows[i].vendor != 1);
        CHECK_EQUAL(vendor, rows[i].vendor);
        CHECK_EQUAL(device, rows[i].device);
    }
    const char *whole = rows[1].text;
    for (size_t length = 0; length < strlen(whole); length++) {
        char cut[64];
        uint32_t vendor, device;
        memcpy(cut, whole, length);
        cut[length] = 0;
        CHECK_EQUAL(parse_id(cut, &vendor, &device), length == 21 || length > 21);
    }
    uint32_t vendor, device;
    CHECK(gpu_parse_matching_id(u"PCI\\VEN_10DE&DEV_2204\0x", 23, &vendor, &device)); /* a REG_SZ has its zero */
}

static void memory_sizes_are_parsed(void)
{
    static const unsigned char zeros[8];
    static const unsigned char bytes[] = {0, 0, 0, 0x80, 2, 0, 0, 0x80};
    uint64_t size = 1;
    CHECK(gpu_parse_memory_size(bytes, 4, &size));
    CHECK_EQUAL(size, 0x80000000);
    CHECK(!gpu_parse_memory_size(bytes, 8, &size)); /* beyond 2^63 */
    CHECK(!gpu_parse_memory_size(zeros, 8, &size));
    CHECK(!gpu_parse_memory_size(zeros, 4, &size));
    CHECK(!gpu_parse_memory_size(bytes, 0, &size));
    CHECK(!gpu_parse_memory_size(bytes, 5, &size));
    CHECK_EQUAL(size, 0x80000000);
    static const unsigned char large[] = {0, 0, 0, 0x80, 2, 0, 0, 0};
    CHECK(gpu_parse_memory_size(large, 8, &size));
    CHECK_EQUAL(size, 0x280000000);
}

static void text_is_cut_and_cleaned(void)
{
    uint16_t to[8];
    memset(to, 0xFF, sizeof(to));
    gpu_copy_text(to, 8, u"a\x1B\x202E\xD83D\x9Bz", 6);
    CHECK_BYTES(to, u"a????z\0", 16);
    gpu_copy_text(to, 8, u"123456789", 9);
    CHECK_BYTES(to, u"1234567", 16);
    gpu_copy_text(to, 8, u"ab\0cd", 5);
    CHECK_BYTES(to, u"ab\0\0\0\0\0", 16);
    gpu_copy_text(to, 8, NULL, 0);
    CHECK_EQUAL(to[0], 0);
}

static void kinds(void)
{
    static const struct {
        const char *id;
        uint32_t kind;
    } rows[] = {
        {"", BALLAST_AI_KIND_UNKNOWN},
        {"PCI\\VEN_10DE&DEV_2684&SUBSYS_1", BALLAST_AI_KIND_HARDWARE},
        {"pci\\ven_1002&dev_744c", BALLAST_AI_KIND_HARDWARE},
        {"ACPI\\QCOM0C36", BALLAST_AI_KIND_HARDWARE},
        {"PCI\\CC_0300", BALLAST_AI_KIND_SOFTWARE}, /* the id of a class: only the basic display driver's */
        {"pci\\cc_030000", BALLAST_AI_KIND_SOFTWARE},
        {"PCI\\CC_0302", BALLAST_AI_KIND_SOFTWARE},
        {"PCI\\CC_1200", BALLAST_AI_KIND_HARDWARE}, /* an accelerator's, which no basic display driver takes */
        {"PCI\\CC_04", BALLAST_AI_KIND_HARDWARE},
        {"PCI\\VEN_10DE&CC_0300", BALLAST_AI_KIND_HARDWARE}, /* a maker's driver for all that he makes */
        {"PCI\\VEN_1414&DEV_008C", BALLAST_AI_KIND_SOFTWARE},
        {"PCI\\VEN_1414&DEV_5353", BALLAST_AI_KIND_SOFTWARE},
        {"PCI\\VEN_1414&DEV_008E", BALLAST_AI_KIND_GPU_PV},
        {"ROOT\\BasicRender", BALLAST_AI_KIND_SOFTWARE},
        {"root\\basicdisplay", BALLAST_AI_KIND_SOFTWARE},
        {"rdpidd_indirectdisplay", BALLAST_AI_KIND_REMOTE},
        {"SWD\\RemoteDisplayEnum\\RdpIdd", BALLAST_AI_KIND_REMOTE},
        {"PCI\\VEN_15AD&DEV_0405", BALLAST_AI_KIND_VIRTUAL},
        {"PCI\\VEN_1AF4&DEV_1050", BALLAST_AI_KIND_VIRTUAL},
        {"PCI\\VEN_80EE&DEV_BEEF", BALLAST_AI_KIND_VIRTUAL},
        {"PCI\\VEN_1234&DEV_1111", BALLAST_AI_KIND_VIRTUAL},
        {"PCI\\VEN_1B36&DEV_0100", BALLAST_AI_KIND_VIRTUAL},
        {"PCI\\VEN_5853&DEV_C147", BALLAST_AI_KIND_VIRTUAL},
        {"TERMINPUT_BUS\\UMB", BALLAST_AI_KIND_REMOTE},
        {"SWD\\RemoteDisplayEnum\\Other", BALLAST_AI_KIND_REMOTE},
        {"VMBUS\\{da0a7802-e377-4aac-8e77-0558eb1073f8}", BALLAST_AI_KIND_VIRTUAL},
        {"ROOT\\MyVirtualMonitor", BALLAST_AI_KIND_VIRTUAL},
        {"USB\\VID_17E9&PID_6000", BALLAST_AI_KIND_VIRTUAL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint16_t wide[64] = {0};
        size_t length = strlen(rows[i].id);
        for (size_t j = 0; j < length; j++) {
            wide[j] = (unsigned char)rows[i].id[j];
        }
        test_note("%s", rows[i].id);
        CHECK_EQUAL(gpu_kind(wide, length), rows[i].kind);
        CHECK_EQUAL(gpu_kind(wide, 64), rows[i].kind); /* a zero ends it */
    }
}

TEST_MAIN({"kinds", kinds}, {"ids_are_parsed", ids_are_parsed}, {"memory_sizes_are_parsed", memory_sizes_are_parsed},
          {"text_is_cut_and_cleaned", text_is_cut_and_cleaned})
