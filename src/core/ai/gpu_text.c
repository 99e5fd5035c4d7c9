/* SPDX-License-Identifier: MIT */
/* What the registry says of adapters, as text and bytes; gpu.h has the contract. */

#include "core/ai/gpu.h"
#include "core/base/platform.h"
#include "core/base/upcase.h"

bool gpu_printable(uint16_t unit)
{
    bool control = unit < 0x20 || (unit >= 0x7F && unit < 0xA0);
    bool surrogate = unit >= 0xD800 && unit <= 0xDFFF;
    bool line_or_direction = unit >= 0x2028 && unit <= 0x202E; /* separators and overrides of the direction */
    return !control && !surrogate && !line_or_direction && unit < 0xFFFE;
}

void gpu_copy_text(uint16_t *to, size_t capacity, const uint16_t *text, size_t characters)
{
    size_t length = 0;
    for (; length + 1 < capacity && length < characters && text[length] != 0; length++) {
        to[length] = gpu_printable(text[length]) ? text[length] : '?';
    }
    platform_zero(to + length, (capacity - length) * sizeof(*to));
}

bool gpu_parse_memory_size(const void *data, size_t length, uint64_t *bytes)
{
    const unsigned char *byte = data;
    uint64_t value = 0;
    if (length != 4 && length != 8) {
        return false;
    }
    for (size_t i = length; i-- != 0;) {
        value = value << 8 | byte[i];
    }
    if (value == 0 || value > INT64_MAX) {
        return false;
    }
    *bytes = value;
    return true;
}

#define VENDOR_MICROSOFT 0x1414u
#define DEVICE_GPU_PV    0x008Eu

struct id_cursor {
    const uint16_t *text;
    size_t characters;
};

static bool take_text(struct id_cursor *cursor, const char *expected)
{
    for (; *expected != 0; expected++, cursor->text++, cursor->characters--) {
        if (cursor->characters == 0 || upcase(*cursor->text) != (uint16_t)*expected) {
            return false;
        }
    }
    return true;
}

/* Four hexadecimal digits. */
static bool take_id(struct id_cursor *cursor, uint32_t *id)
{
    *id = 0;
    for (int digits = 0; digits < 4; digits++, cursor->text++, cursor->characters--) {
        if (cursor->characters == 0) {
            return false;
        }
        uint16_t digit = upcase(*cursor->text);
        if (digit >= '0' && digit <= '9') {
            *id = *id << 4 | (uint32_t)(digit - '0');
        } else if (digit >= 'A' && digit <= 'F') {
            *id = *id << 4 | (uint32_t)(digit - 'A' + 10);
        } else {
            return false;
        }
    }
    return true;
}

bool gpu_parse_matching_id(const uint16_t *text, size_t characters, uint32_t *vendor_id, uint32_t *device_id)
{
    struct id_cursor cursor = {text, characters};
    uint32_t vendor, device;
    if (!take_text(&cursor, "PCI\\VEN_") || !take_id(&cursor, &vendor) || !take_text(&cursor, "&DEV_") ||
        !take_id(&cursor, &device)) {
        return false;
    }
    if (cursor.characters != 0 && *cursor.text != 0 && *cursor.text != '&') {
        return false;
    }
    *vendor_id = vendor;
    *device_id = device;
    return true;
}

static bool begins(const uint16_t *text, size_t characters, const char *expected)
{
    struct id_cursor cursor = {text, characters};
    return take_text(&cursor, expected);
}

static bool contains(const uint16_t *text, size_t characters, const char *expected)
{
    for (size_t i = 0; i < characters; i++) {
        if (begins(text + i, characters - i, expected)) {
            return true;
        }
    }
    return false;
}

/* Hypervisors' adapters: VMware, VirtualBox, QEMU and its relatives, Xen. */
static bool is_hypervisor(uint32_t vendor)
{
    return vendor == 0x15AD || vendor == 0x80EE || vendor == 0x1234 || vendor == 0x1B36 || vendor == 0x1AF4 ||
           vendor == 0x5853;
}

uint32_t gpu_kind(const uint16_t *text, size_t characters)
{
    uint32_t vendor, device;
    size_t length = 0;
    while (length < characters && text[length] != 0) {
        length++;
    }
    if (gpu_parse_matching_id(text, length, &vendor, &device)) {
        if (vendor == VENDOR_MICROSOFT) {
            return device == DEVICE_GPU_PV ? BALLAST_AI_KIND_GPU_PV : BALLAST_AI_KIND_SOFTWARE;
        }
        return is_hypervisor(vendor) ? BALLAST_AI_KIND_VIRTUAL : BALLAST_AI_KIND_HARDWARE;
    }
    if (length == 0) {
        return BALLAST_AI_KIND_UNKNOWN;
    }
    /* BasicDisplay, BasicRender; and what BasicDisplay takes by the class of displays alone, having no other driver: it only draws. */
    if (begins(text, length, "ROOT\\BASIC") || begins(text, length, "PCI\\CC_03")) {
        return BALLAST_AI_KIND_SOFTWARE;
    }
    if (contains(text, length, "RDPIDD") || contains(text, length, "REMOTEDISPLAY") ||
        begins(text, length, "TERMINPUT_BUS")) {
        return BALLAST_AI_KIND_REMOTE;
    }
    /* Those of systems on a chip are no PCI devices. */
    return begins(text, length, "ACPI\\") || begins(text, length, "PCI\\") ? BALLAST_AI_KIND_HARDWARE
                                                                           : BALLAST_AI_KIND_VIRTUAL;
}
